from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.app.api.served import Served, prepared, served


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The API on the demo estate."""
    with served(*prepared(tmp_path_factory.mktemp("api"))) as found:
        yield found
