"""A running vSphere door for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.lab.vsphere.vs_estate import Estate, Wire, running


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vs-identities")


@pytest.fixture
def estate(identities: Path) -> Iterator[Estate]:
    with running(identities) as estate:
        yield estate


@pytest.fixture
def wire(estate: Estate) -> Wire:
    return Wire(estate)
