"""The watch of an open console: it looks by itself, leaves the groups to another that watches, and ends in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.machinery import Machinery
from app.settings import load
from store.auto import AutoStore
from store.auto_records import AutoState, Says, Standing
from store.run_view import RunView
from tests.faults.auto_doors import DoorWorld
from tests.faults.auto_world import EPOCH


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("service")
    world = DoorWorld([1], 3, folder)
    world.clock_s.advance(time.time() - EPOCH)
    path = folder / "config.toml"
    with path.open("a") as file:
        file.write(
            f'\n[auto]\ngateway = "{world.auto.gateway}"\n[[auto.groups]]\nname = "g0"\nmode = "automatic"\n'
            f'source = "vc-p"\nreplica = "vc-l"\nvms = ["vm0a"]\nlink = "3par-l"\npath = "{world.groups[0].path}"\n'
            'path_from = "127.0.0.2"\n'
        )
    yield path
    world.close()


class Opened:
    """A machinery with its runs begun, and what it said."""

    def __init__(self, config: Path, store: Path, *, cached: bool = False) -> None:
        self.said: list[str] = []
        self.heard = threading.Event()
        self.machinery = Machinery(load(config), store)
        self.machinery.open()
        self.machinery.begin_runs(RunView(), lambda: None, self._say, read_only=False, cached=cached)

    def _say(self, text: str) -> None:
        self.said.append(text)
        self.heard.set()

    def close(self) -> None:
        self.machinery.close()


def until(found: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not found():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def standing(path: Path) -> Standing | None:
    with closing(AutoStore(path)) as store:
        return store.standing("g0")


def test_an_open_console_watches_by_itself_and_gives_the_claim_back(config: Path, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    opened = Opened(config, path)
    until(lambda: standing(path) is not None)
    opened.close()
    found = standing(path)
    assert found.state is AutoState.SHADOW
    assert {tally.last.says for tally in found.tallies} == {Says.UP}
    with closing(AutoStore(path)) as store:
        assert store.watcher() is None


def test_where_another_one_watches_it_says_so_once_and_writes_nothing(config: Path, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with closing(AutoStore(path)) as store:
        store.claim("drdeck auto watch on jump1")
    opened = Opened(config, path)
    assert opened.heard.wait(60)
    opened.close()
    assert opened.said == ["the groups are watched by drdeck auto watch on jump1: not by this console"]
    assert standing(path) is None


def test_a_console_that_asks_no_device_watches_nothing(config: Path, tmp_path: Path) -> None:
    opened = Opened(config, tmp_path / "store.sqlite", cached=True)
    opened.close()
    assert "automatic failover" not in [thread.name for thread in threading.enumerate()]
    assert standing(tmp_path / "store.sqlite") is None
    assert opened.said == []
