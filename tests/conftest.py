"""What every test has in common: a home of its own, and nothing of the user's settings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.terminal import private_home


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Configuration, state and logs of the program under test go to a folder of this run."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in private_home(tmp_path_factory.mktemp("home")).items():
            patch.setenv(name, value)
        for name in ("NO_COLOR", "DRDECK_CONFIG", "TEXTUAL_THEME"):
            patch.delenv(name, raising=False)
        yield
