"""How LPARs stand, kept current: after changes, after a while, when asked; and what it never does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.connect import Connector
from app.recovery.operations import Operations
from app.recovery.pra.watch import Pace, ReadinessWatch
from app.settings import load
from app.settings_records import Settings
from app.sweep import Sweeper
from backends.lab.faults import FaultKind
from backends.lab.flasharray.objects import Tag
from store.database import Store, open_store
from store.estate import Lpar
from store.ledger import Ledger
from store.readiness import Standing
from store.readiness_view import ReadinessView
from tests.faults.lpar_estate import LparEstate, lpar_estate

LIMIT_S = 30.0
EAGER = Pace(soon=0.02, least=0.02, later=0.02, latest=3600, share=0, first=60, poll=0.02)
LAZY = replace(EAGER, later=3600)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LparEstate]:
    with lpar_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(autouse=True)
def no_trouble_is_left(estate: LparEstate) -> Iterator[None]:
    yield
    estate.world.faults.clear()


@dataclass
class Watched:
    """A watch and what it shows. ``changes`` counts how often it told of one; ``busy``: a run acts."""

    watch: ReadinessWatch
    view: ReadinessView
    store: Store
    sweeper: Sweeper
    changes: list[None] = field(default_factory=list)
    busy: bool = False

    def sweep(self, *names: str) -> None:
        for name in names or [device.name for device in self.sweeper.devices]:
            self.sweeper.sweep(name)

    @property
    def standing(self) -> Standing:
        now = self.view.now
        assert now.at is not None
        return now.standing("lp000", now.at)

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not holds():
            assert time.monotonic() < deadline, (self.view.now.unread, self.view.now.trouble)
            time.sleep(0.01)

    def looked_again(self) -> None:
        """Wait until it was checked once more."""
        before = self.view.now.at
        self.until(lambda: self.view.checking is None and self.view.now.at not in (None, before))

    def stays(self) -> None:
        """For a while it is not checked."""
        before = self.view.now.at
        time.sleep(0.4)
        assert self.view.checking is None
        assert self.view.now.at == before


@contextmanager
def watched(
    estate: LparEstate, path: Path, pace: Pace = EAGER, settings: Settings | None = None, why_not: str = ""
) -> Iterator[Watched]:
    settings = settings or load(estate.config)
    with closing(open_store(path / "watched.sqlite")) as store, closing(Ledger(path / "watched.sqlite")) as ledger:
        view, made = ReadinessView(), []
        operations = Operations(settings, store, ledger)
        watch = ReadinessWatch(
            operations, view, lambda: made[0].changes.append(None), busy=lambda: made[0].busy, pace=pace
        )
        sweeper = Sweeper(settings.devices, Connector(settings), store)
        made.append(Watched(watch, view, store, sweeper))
        watch.start(why_not)
        try:
            yield made[0]
        finally:
            watch.close(5)
            sweeper.stop()


@contextmanager
def untagged(estate: LparEstate) -> Iterator[None]:
    """A copy of lp000 lost its pairing tag, until the block ends."""
    tags: list[Tag] = estate.array("lyon").disk("lp000_rootvg").tags
    kept = list(tags)
    with estate.world.turn():
        tags.clear()
    try:
        yield
    finally:
        with estate.world.turn():
            tags.extend(kept)


@contextmanager
def drifted(estate: LparEstate) -> Iterator[None]:
    """The definition of lp000 at lyon is not as it is to be, which every reading shows, until the block ends."""
    profile = estate.lpar("lyon", "lp000").profiles[0]
    with estate.world.turn():
        was, profile.desired_mem = profile.desired_mem, 4096
    try:
        yield
    finally:
        with estate.world.turn():
            profile.desired_mem = was


def asked(estate: LparEstate, device: str) -> int:
    """How often a device was logged in to, or asked for something."""
    requests = estate.world.devices[device].counters.requests
    return sum(count for verb, count in requests.items() if not verb.endswith("/logout"))


def test_the_first_check_waits_for_the_first_readings(estate: LparEstate, tmp_path: Path) -> None:
    with watched(estate, tmp_path) as at:
        at.stays()
        at.sweep()
        at.until(lambda: at.view.now.at is not None)
        assert at.standing is Standing.READY
        assert at.view.covered is not None
        assert (at.view.covered.nominal, at.view.covered.recovery) == ("paris", "lyon")
        assert at.view.covered.drill == "VLAN 999 of ETHERNET0"
        assert len(at.changes) >= 2


def test_the_first_check_does_not_wait_for_readings_that_never_come(estate: LparEstate, tmp_path: Path) -> None:
    with watched(estate, tmp_path, replace(EAGER, first=0.05)) as at:
        at.until(lambda: at.view.now.at is not None)


def test_a_drift_that_a_sweep_sees_is_checked_soon(estate: LparEstate, tmp_path: Path) -> None:
    with watched(estate, tmp_path) as at:
        at.sweep()
        at.until(lambda: at.view.now.at is not None and at.standing is Standing.READY)
        with drifted(estate):
            at.sweep("hmc-lyon")
            at.until(lambda: at.standing is Standing.NOT_READY)
            assert "desired_mem" in at.view.now.found["lp000"].stops[0].evidence
        at.sweep("hmc-lyon")
        at.until(lambda: at.standing is Standing.READY)


def test_what_no_sweep_sees_is_found_when_it_is_asked_for(estate: LparEstate, tmp_path: Path) -> None:
    told = threading.Event()
    with watched(estate, tmp_path, LAZY) as at:
        at.sweep()
        at.until(lambda: at.view.now.at is not None and at.view.checking is None)
        with untagged(estate):
            at.stays()
            at.watch.ask(told.set)
            assert told.wait(LIMIT_S)
            assert at.standing is Standing.NOT_READY
            assert at.view.now.found["lp000"].stops[0].id == "fa.paired"


def test_it_is_checked_again_after_a_while_in_any_case(estate: LparEstate, tmp_path: Path) -> None:
    with watched(estate, tmp_path, replace(LAZY, latest=0.1)) as at:
        at.sweep()
        at.until(lambda: at.view.now.at is not None)
        at.looked_again()
        at.looked_again()


def test_its_own_readings_do_not_make_it_check_again(estate: LparEstate, tmp_path: Path) -> None:
    with watched(estate, tmp_path, LAZY) as at:
        at.sweep()
        at.until(lambda: at.view.now.at is not None and at.view.checking is None)
        with drifted(estate):
            at.watch.ask()
            at.until(lambda: at.standing is Standing.NOT_READY)
            at.stays()


def test_after_something_was_done_both_sites_are_read_again(estate: LparEstate, tmp_path: Path) -> None:
    with watched(estate, tmp_path, LAZY) as at:
        at.sweep()
        at.until(lambda: at.view.now.at is not None and at.view.checking is None)
        with drifted(estate):
            at.stays()
            at.watch.soon()
            at.until(lambda: at.standing is Standing.NOT_READY)
            (there,) = [
                entry.obj
                for entry in at.store.view.entries("lpar")
                if entry.device == "hmc-lyon" and isinstance(entry.obj, Lpar) and entry.obj.name == "lp000"
            ]
            assert there.profiles[0].desired_mem_mb == 4096, "the panes know it too"


def test_while_a_run_acts_no_change_makes_it_check(estate: LparEstate, tmp_path: Path) -> None:
    with watched(estate, tmp_path, LAZY) as at:
        at.sweep()
        at.until(lambda: at.view.now.at is not None and at.view.checking is None)
        at.busy = True
        with drifted(estate):
            at.sweep("hmc-lyon")
            at.stays()
            at.busy = False
            at.until(lambda: at.standing is Standing.NOT_READY)


def test_a_device_that_the_sweep_cannot_read_is_not_asked_and_counts_as_not_read(
    estate: LparEstate, tmp_path: Path
) -> None:
    with watched(estate, tmp_path, LAZY) as at:
        at.sweep()
        at.until(lambda: at.view.now.at is not None and at.standing is Standing.READY)
        fault = estate.world.faults.add("fa-paris", FaultKind.HTTP_503, "GET /arrays")
        at.sweep("fa-paris")
        tried = asked(estate, "fa-paris")
        at.until(lambda: at.standing is Standing.NOT_KNOWN)
        assert asked(estate, "fa-paris") == tried
        since = at.view.now.unread["fa-paris"].since
        at.watch.ask()
        at.looked_again()
        assert at.view.now.unread["fa-paris"].since == since
        estate.world.faults.remove(fault.id)
        at.sweep("fa-paris")
        at.until(lambda: at.standing is Standing.READY)
        assert not at.view.now.unread


def test_a_login_that_a_check_was_refused_is_not_tried_with_each_of_them(estate: LparEstate, tmp_path: Path) -> None:
    with watched(estate, tmp_path, LAZY) as at:
        at.sweep()  # it stays logged in
        at.until(lambda: at.view.now.at is not None and at.view.checking is None)
        estate.world.faults.add("fa-lyon", FaultKind.REFUSES_LOGIN)
        at.watch.ask()
        at.until(lambda: "fa-lyon" in at.view.now.unread)
        tried = asked(estate, "fa-lyon")
        with drifted(estate):
            at.sweep("hmc-lyon")
            at.looked_again()
        assert asked(estate, "fa-lyon") == tried, "an account could be locked"
        estate.world.faults.clear()
        at.watch.ask()
        at.until(lambda: not at.view.now.unread)


def test_with_production_silent_what_was_known_of_its_lpars_is_kept_and_not_believed(
    estate: LparEstate, tmp_path: Path
) -> None:
    with watched(estate, tmp_path, LAZY) as at:
        at.sweep()
        at.until(lambda: at.view.now.at is not None and at.standing is Standing.READY)
        estate.world.faults.add("hmc-paris", FaultKind.UNREACHABLE)
        at.sweep("hmc-paris")
        at.until(lambda: at.standing is Standing.NOT_KNOWN)
        assert at.view.now.found["lp000"].ready is True
        estate.world.faults.clear()
        at.sweep("hmc-paris")
        at.until(lambda: at.standing is Standing.READY)


def test_a_check_that_fails_says_why_and_since_when_and_goes_on(
    estate: LparEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watched(estate, tmp_path, LAZY) as at:
        at.sweep()
        at.until(lambda: at.view.now.at is not None and at.view.checking is None)
        with monkeypatch.context() as broken:
            broken.setattr("app.recovery.pra.operate.checked", lambda *_: 1 / 0)
            at.watch.ask()
            at.until(lambda: at.view.now.trouble is not None)
        trouble = at.view.now.trouble
        assert trouble is not None
        assert trouble.why == "a defect, ZeroDivisionError"
        assert at.standing is Standing.READY, "as it was last"
        at.watch.ask()
        at.until(lambda: at.view.now.trouble is None)


@pytest.mark.parametrize("why", ["no pra", "no array", "cached"])
def test_where_nothing_can_be_checked_no_device_is_asked_and_the_view_says_why(
    estate: LparEstate, tmp_path: Path, why: str
) -> None:
    settings = load(estate.config)
    words = {"no pra": "see [pra]", "no array": "no flasharray at lyon is configured", "cached": "with --cached"}
    if why == "no pra":
        settings = replace(settings, pra=None)
    elif why == "no array":
        settings = replace(settings, devices=tuple(d for d in settings.devices if d.name != "fa-lyon"))
    with watched(estate, tmp_path, replace(EAGER, first=0), settings, "with --cached" if why == "cached" else "") as at:
        assert words[why] in at.view.why_not
        assert (at.view.covered is not None) == (why == "cached")
        at.stays()
        assert at.view.now.at is None


def test_it_ends_while_a_device_hangs(estate: LparEstate, tmp_path: Path) -> None:
    with watched(estate, tmp_path, replace(EAGER, first=0)) as at:
        at.until(lambda: at.view.now.at is not None and at.view.checking is None)
        estate.world.faults.add("hmc-paris", FaultKind.SLOW, seconds=600)
        at.watch.ask()
        at.until(lambda: at.view.checking is not None)
        time.sleep(0.2)
        at.watch.close(LIMIT_S)
        assert not at.watch._thread.is_alive()
        at.changes.clear()
        assert at.view.now.trouble is None, "nobody is told what failed because the console ended"
