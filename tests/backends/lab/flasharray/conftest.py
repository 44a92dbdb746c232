from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.flasharray.fa_estate import Estate, estate


@pytest.fixture
def arrays(tmp_path: Path) -> Iterator[Estate]:
    with estate(tmp_path / "lab") as running:
        yield running
