"""Two consoles on one store, and a console that is killed: one truth, one history, a sound file."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from sqlite3 import connect

import pytest

from store import estate as e
from store.database import Looked, Store, open_store
from store.firstlook import first_look
from store.place import Place, Server
from store.postgres import ESTATE
from store.records import DeviceHealth
from tests.store.estates import at, lpar, lpars, reading, status
from tests.store.places import administrator

DOWN = e.LparState.NOT_ACTIVATED
ROOT = Path(__file__).resolve().parents[2]

WRITER = """
import sys
from pathlib import Path
from store.database import open_store
from store.estate import LparState
from tests.store.estates import lpar, reading, status

path, device, sweeps = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
store = open_store(path, 60_000)
store.configure([status("a"), status("b")])
for sweep in range(sweeps):
    state = LparState.RUNNING if sweep % 2 else LparState.NOT_ACTIVATED
    offset = 0 if device == "a" else 1000
    store.apply(reading(sweep + 1, *(lpar(offset + n, state) for n in range(40)), device=device))
    if store.view.trouble:
        sys.exit(store.view.trouble)
    if sweep == 2:
        print("under way", flush=True)
store.close()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def pair(place: Place) -> Iterator[tuple[Store, Store]]:
    """Two consoles on one store that both know three LPARs of one HMC."""
    first = open_store(place)
    first.configure([status()])
    first.apply(reading(0, *lpars(3)))
    second = open_store(place)
    second.configure([status()])
    yield first, second
    first.close()
    second.close()


def sound(path: Path) -> bool:
    with closing(connect(path)) as raw:
        return raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def writer(path: Path, device: str, sweeps: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), device, str(sweeps)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_change_that_both_consoles_see_is_written_and_told_once(pair: tuple[Store, Store]) -> None:
    first, second = pair
    first.apply(reading(30, lpar(0, DOWN), lpar(1), lpar(2)))
    change = second.apply(reading(31, lpar(0, DOWN), lpar(1), lpar(2)))
    assert change.keys == ()
    assert first.view.events() == second.view.events()
    assert [found.after for found in second.view.events()] == ["Not Activated"]
    assert second.view.get("lpar", lpar(0).key).obj == lpar(0, DOWN)  # type: ignore[union-attr]


def test_what_one_console_saw_shows_on_the_other_with_its_age(pair: tuple[Store, Store]) -> None:
    first, second = pair
    told: list[str] = []
    second.view.subscribe(lambda change: told.append(change.device))
    first.apply(reading(30, lpar(0, DOWN), lpar(1), lpar(2)))
    second.report(status(health=DeviceHealth.FAILING, failure="unreachable", text="no route to host"))
    shown = second.view.get("lpar", lpar(0).key)
    assert shown is not None
    assert (shown.obj, shown.seen_at) == (lpar(0, DOWN), at(30))
    assert told == ["hmc1", "hmc1"]


def test_a_console_that_follows_takes_over_how_devices_fare_and_keeps_what_they_are(pair: tuple[Store, Store]) -> None:
    first, second = pair
    second.configure([status(site="oslo")])
    told: list[str] = []
    second.view.subscribe(lambda change: told.append(change.device))
    first.apply(reading(30, lpar(0, DOWN), lpar(1), lpar(2)))
    first.report(status(health=DeviceHealth.FAILING, failure="unreachable", text="no route to host"))
    second.follow()
    found = second.view.device("hmc1")
    assert found is not None
    assert (found.health, found.text, found.site) == (DeviceHealth.FAILING, "no route to host", "oslo")
    assert second.view.get("lpar", lpar(0).key).obj == lpar(0, DOWN)  # type: ignore[union-attr]
    assert told == ["hmc1"]
    second.follow()
    assert told == ["hmc1"], "there was nothing new"


def test_what_is_written_between_the_first_look_and_the_opening_counts(pair: tuple[Store, Store]) -> None:
    first, _ = pair
    look = first_look(first.path)
    assert look is not None
    view = look.view()
    first.report(status(health=DeviceHealth.FAILING, failure="unreachable", text="no route to host"))
    with closing(open_store(first.path, looked=Looked(look, view))) as third:
        assert third.view.device("hmc1").health is DeviceHealth.FAILING  # type: ignore[union-attr]


def test_a_reading_older_than_what_the_other_console_stored_changes_nothing(pair: tuple[Store, Store]) -> None:
    first, second = pair
    first.apply(reading(30, lpar(0, DOWN), lpar(1), lpar(2)))
    assert second.apply(reading(25, *lpars(3))).keys == ()
    assert second.view.get("lpar", lpar(0).key).obj == lpar(0, DOWN)  # type: ignore[union-attr]
    assert len(second.view.events()) == 1
    second.apply(reading(60, *lpars(3)))
    assert [found.after for found in second.view.events()] == ["Running", "Not Activated"]


def test_a_sign_of_life_of_the_other_console_never_makes_an_age_smaller_than_it_is(pair: tuple[Store, Store]) -> None:
    first, second = pair
    second.apply(reading(40, *lpars(3)))
    first.apply(reading(30, lpar(0, DOWN), lpar(1), lpar(2)))
    second.flush()
    shown = second.view.get("lpar", lpar(0).key)
    assert shown is not None
    assert (shown.obj, shown.seen_at) == (lpar(0, DOWN), at(30))
    second.close()
    first.close()
    third = open_store(second.path)
    assert third.view.get("lpar", lpar(0).key).seen_at == at(30)  # type: ignore[union-attr]
    third.close()


def test_the_freshest_reading_of_either_console_is_what_is_stored(pair: tuple[Store, Store]) -> None:
    first, second = pair
    first.apply(reading(30, *lpars(3)))
    second.apply(reading(40, *lpars(3)))
    second.flush()
    first.flush()
    first.close()
    second.close()
    third = open_store(first.path)
    assert {found.seen_at for found in third.view.entries("lpar")} == {at(40)}
    third.close()


def test_events_that_waited_for_the_disk_get_numbers_behind_those_of_the_other_console(
    pair: tuple[Store, Store],
) -> None:
    first, second = pair
    with unable_to_save(second):
        second.apply(reading(30, lpar(0), lpar(1, DOWN), lpar(2)))
        assert second.view.trouble
    first.apply(reading(31, lpar(0, DOWN), lpar(1), lpar(2)))
    second.apply(reading(60, lpar(0, DOWN), lpar(1, DOWN), lpar(2)))
    assert second.view.trouble is None
    ids = [found.id for found in second.view.events()]
    assert ids == sorted(set(ids), reverse=True)
    second.close()
    third = open_store(first.path)
    assert third.view.events() == second.view.events()
    third.close()


def test_what_the_other_console_writes_in_the_last_instant_counts(
    pair: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair
    begin = second._keeper.begin

    def late() -> None:
        monkeypatch.setattr(second._keeper, "begin", begin)
        first.apply(reading(31, lpar(0, DOWN), lpar(1), lpar(2)))
        begin()

    monkeypatch.setattr(second._keeper, "begin", late)
    assert second.apply(reading(32, lpar(0, DOWN), lpar(1), lpar(2))).keys == ()
    assert [found.after for found in second.view.events()] == ["Not Activated"]


@contextmanager
def unable_to_save(store: Store) -> Iterator[None]:
    """Another program writes all the while."""
    on_server = isinstance(store.path, Server)
    wait = "SET lock_timeout = 50" if on_server else "PRAGMA busy_timeout = 50"
    store._keeper._connection.exec_driver_sql(wait)
    with administrator(store.path) as other:
        other.execute("BEGIN" if on_server else "BEGIN IMMEDIATE")
        if on_server:
            other.execute(f"SELECT pg_advisory_xact_lock({ESTATE})")
        yield
        other.execute("ROLLBACK")


def test_an_age_that_waited_for_the_disk_does_not_rejuvenate_what_the_other_console_saw(
    pair: tuple[Store, Store],
) -> None:
    first, second = pair
    with unable_to_save(second):
        second.apply(reading(40, lpar(0), lpar(1, DOWN), lpar(2)))
    first.apply(reading(30, lpar(0, DOWN), lpar(1), lpar(2)))
    second.report(status("hmc2", health=DeviceHealth.FAILING, failure="unreachable", text="no route to host"))
    assert second.view.trouble is None
    third = open_store(first.path)
    shown = {found.key[-1]: (found.obj, found.seen_at) for found in third.view.entries("lpar")}
    assert shown["0"] == (lpar(0, DOWN), at(30))
    assert shown["1"] == (lpar(1, DOWN), at(30))
    third.close()


def test_facts_that_waited_for_the_disk_give_way_to_later_ones_of_the_other_console(pair: tuple[Store, Store]) -> None:
    first, second = pair
    error = e.LparState.ERROR
    with unable_to_save(second):
        second.apply(reading(40, lpar(0), lpar(1, DOWN), lpar(2)))
    first.apply(reading(50, lpar(0), lpar(1, error), lpar(2)))
    second.report(status("hmc2", health=DeviceHealth.FAILING, failure="unreachable", text="no route to host"))
    third = open_store(first.path)
    for each in (second, third):
        assert each.view.get("lpar", lpar(1).key).obj == lpar(1, error)  # type: ignore[union-attr]
    third.close()


def test_two_processes_that_write_at_once_lose_nothing(path: Path) -> None:
    open_store(path).close()
    sweeps = 25
    writers = [writer(path, device, sweeps) for device in "ab"]
    for each in writers:
        _, errors = each.communicate(timeout=120)
        assert each.returncode == 0, errors
    assert sound(path)
    store = open_store(path)
    assert len(store.view.entries("lpar")) == 80
    events = [(found.device, found.key) for found in store.view.events(5000)]
    assert len(events) == 2 * 40 * (sweeps - 1)
    store.close()


def test_a_console_killed_while_it_writes_leaves_a_sound_store_with_whole_readings(path: Path) -> None:
    open_store(path).close()
    for attempt in range(4):
        victim = writer(path, "a", 100_000)
        assert victim.stdout is not None
        assert victim.stdout.readline() == "under way\n"
        with suppress(subprocess.TimeoutExpired):
            victim.wait(0.03 * attempt)
        victim.send_signal(signal.SIGKILL)
        victim.communicate(timeout=60)
        assert sound(path)
        store = open_store(path)
        found = store.view.entries("lpar")
        assert len(found) == 40
        assert len({entry.obj.state for entry in found if isinstance(entry.obj, e.Lpar)}) == 1
        assert len({entry.seen_at for entry in found}) == 1
        store.close()
