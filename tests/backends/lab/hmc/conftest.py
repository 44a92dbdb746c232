from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.hmc.hmc_estate import Estate, estate


@pytest.fixture(scope="session")
def hmc_identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hmc")


@pytest.fixture
def hmc(hmc_identities: Path) -> Iterator[Estate]:
    with estate(hmc_identities) as running:
        yield running
