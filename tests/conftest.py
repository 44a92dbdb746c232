"""What every test has in common: a home of its own, and nothing of the user's settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import Postgres, running
from tests.terminal import private_home

# Images of containers set it, and then each program that a test starts compiles itself anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes on a machine that is busy with other things says nothing.
_UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("suite", _UNTIMED, max_examples=60)
settings.register_profile("thorough", _UNTIMED, max_examples=1000)
settings.load_profile("suite")


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Configuration, state and logs of the program under test go to a folder of this run."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in private_home(tmp_path_factory.mktemp("home")).items():
            patch.setenv(name, value)
        for name in ("NO_COLOR", "DRDECK_CONFIG", "TEXTUAL_THEME"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server, for those who ask."""
    with running() as server:
        yield server
