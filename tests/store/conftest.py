"""Where the stores of these tests are: in a file, and on a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.place import Place
from tests.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A place where no store is yet, or one with nothing in it."""
    if request.param == "sqlite":
        yield tmp_path / "store.sqlite"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.store() as server:
        yield server
