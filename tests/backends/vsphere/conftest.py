"""A running vSphere door and a driver on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.vsphere.driver import VSphereDriver
from backends.vsphere.session import Session
from tests.backends.lab.vsphere.vs_estate import NAME, Estate, limits, running


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vsd-identities")


@pytest.fixture
def estate(identities: Path) -> Iterator[Estate]:
    with running(identities) as estate:
        yield estate


@pytest.fixture
def driver(estate: Estate) -> Iterator[VSphereDriver]:
    driver = VSphereDriver(NAME, estate.access(), limits())
    yield driver
    driver.close()


@pytest.fixture
def session(estate: Estate) -> Iterator[Session]:
    session = Session(NAME, estate.access(), limits())
    yield session
    session.close()
