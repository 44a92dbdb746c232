from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.pra_estate import BuildPra, Guest, PraEstate, pra_estate


@pytest.fixture(scope="session")
def pra_identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pra")


@pytest.fixture
def build(tmp_path: Path, pra_identities: Path) -> Iterator[BuildPra]:
    """Makes the estate of the PRA that a test is about; it is stopped at the end."""
    with ExitStack() as stack:

        def built(guests: Sequence[Guest], **more: Any) -> PraEstate:
            return stack.enter_context(pra_estate(tmp_path, guests, identities=pra_identities, **more))

        yield built
