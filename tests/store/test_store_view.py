"""The view: what a pane reads, from any thread, without a database."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import datetime

import pytest
from msgspec.structs import replace

from store import estate as e
from store.records import Change, DeviceHealth, DeviceStatus, Entry, Event
from store.view import EVENTS_IN_MEMORY, EstateView, Sighting
from tests.store.estates import at, lpar, status


def entry(obj: e.Lpar, device: str, seen: float, changed: float = 0, gone: bool = False) -> Entry:
    return Entry("lpar", obj.key, obj, device, at(0), at(seen), at(changed), gone)


def event(number: int) -> Event:
    return Event(number, at(number), "lpar", "k", "l", "hmc1", "state", "Running", "Error")


def answering(name: str, last_ok: float, health: DeviceHealth = DeviceHealth.OK) -> DeviceStatus:
    return status(name, health=health, last_ok=at(last_ok))


def test_what_goes_in_by_hand_comes_out() -> None:
    first, second = entry(lpar(1), "hmc1", 5), entry(lpar(2), "hmc1", 5, gone=True)
    view = EstateView.of([first, second], [answering("hmc1", 5)], [event(2), event(1)])
    assert view.entries("lpar") == (first, second)
    assert view.get("lpar", first.key) == first
    assert view.device("hmc1") == answering("hmc1", 5)
    assert [found.id for found in view.events()] == [2, 1]


def test_an_unknown_kind_object_or_device_is_empty_or_none() -> None:
    view = EstateView.of()
    assert view.entries("lpar") == ()
    assert view.get("lpar", "k") is None
    assert view.device("hmc1") is None
    assert view.devices() == ()
    assert view.events() == ()


def test_the_same_tuple_is_handed_out_until_something_of_the_kind_changes() -> None:
    view = EstateView.of([entry(lpar(1), "hmc1", 5)], [answering("hmc1", 5)])
    before, version = view.entries("lpar"), view.version
    assert view.entries("lpar") is before
    view.record("fa1", status=status("fa1"))
    assert view.entries("lpar") is before
    assert view.version > version
    view.record("hmc1", put={("lpar", lpar(2).key): Sighting(lpar(2), at(9), at(9))})
    assert len(view.entries("lpar")) == 2


def test_objects_in_the_latest_reading_are_as_fresh_as_the_reading() -> None:
    view = EstateView()
    view.record("hmc1", put={("lpar", lpar(1).key): Sighting(lpar(1), at(0), at(0))}, status=answering("hmc1", 0))
    assert [found.seen_at for found in view.entries("lpar")] == [at(0)]
    view.record("hmc1", status=answering("hmc1", 60))
    assert [found.seen_at for found in view.entries("lpar")] == [at(60)]
    view.record("hmc1", status=replace(answering("hmc1", 60), health=DeviceHealth.FAILING))
    assert [found.seen_at for found in view.entries("lpar")] == [at(60)]


def dual(
    first: Sighting, second: Sighting, last_ok: tuple[float, float], healths: tuple[DeviceHealth, DeviceHealth]
) -> EstateView:
    view = EstateView()
    for name, sighting, seconds, health in zip(("hmc1", "hmc2"), (first, second), last_ok, healths, strict=True):
        view.record(name, put={("lpar", lpar(1).key): sighting}, status=answering(name, seconds, health))
    return view


OK, FAILING = DeviceHealth.OK, DeviceHealth.FAILING
DOWN = e.LparState.NOT_ACTIVATED


def test_of_two_hmcs_that_agree_the_fresher_is_shown() -> None:
    both = Sighting(lpar(1), at(0), at(0))
    view = dual(both, both, (30, 20), (OK, OK))
    assert view.entries("lpar") == (entry(lpar(1), "hmc1", 30),)
    view.record("hmc2", status=answering("hmc2", 50))
    assert view.entries("lpar") == (entry(lpar(1), "hmc2", 50),)


def test_two_hmcs_that_disagree_do_not_make_a_row_flap_with_every_sweep() -> None:
    news = Sighting(lpar(1, DOWN), at(0), at(10))
    view = dual(Sighting(lpar(1), at(0), at(0)), news, (30, 20), (OK, OK))
    shown = []
    for second in range(40, 100, 10):
        name = "hmc1" if second % 20 else "hmc2"
        view.record(name, status=answering(name, second))
        shown.extend(found.obj for found in view.entries("lpar"))
    assert set(shown) == {lpar(1, DOWN)}


def test_an_hmc_that_answers_outweighs_one_that_does_not() -> None:
    stale = Sighting(lpar(1, DOWN), at(0), at(90))
    view = dual(Sighting(lpar(1), at(0), at(0)), stale, (100, 95), (OK, FAILING))
    assert view.entries("lpar") == (entry(lpar(1), "hmc1", 100),)


def test_gone_on_one_hmc_is_not_gone_while_the_other_reports_it() -> None:
    gone = Sighting(lpar(1), at(0), at(40), seen_at=at(10), gone=True)
    view = dual(gone, Sighting(lpar(1), at(0), at(0)), (60, 30), (OK, OK))
    assert [found.gone for found in view.entries("lpar")] == [False]


def test_gone_on_the_hmc_that_answers_outweighs_the_memory_of_one_that_does_not() -> None:
    gone = Sighting(lpar(1), at(0), at(40), seen_at=at(10), gone=True)
    view = dual(gone, Sighting(lpar(1), at(0), at(0)), (60, 30), (OK, FAILING))
    assert [found.gone for found in view.entries("lpar")] == [True]
    assert view.get("lpar", lpar(1).key) == view.entries("lpar")[0]


def test_with_both_hmcs_silent_the_later_memory_is_shown() -> None:
    view = dual(Sighting(lpar(1), at(0), at(0)), Sighting(lpar(1, DOWN), at(0), at(20)), (30, 20), (FAILING, FAILING))
    assert [(found.obj, found.device) for found in view.entries("lpar")] == [(lpar(1), "hmc1")]


def test_devices_come_in_the_order_of_the_settings_and_dropped_ones_take_their_objects_with_them() -> None:
    view = EstateView.of([entry(lpar(1), "old", 5)], [answering("old", 5), answering("b", 1), answering("a", 1)])
    view.keep_only(["a", "b"])
    assert [found.name for found in view.devices()] == ["a", "b"]
    assert view.entries("lpar") == ()
    assert view.get("lpar", lpar(1).key) is None


def test_events_after_one_are_only_the_later_ones_and_the_list_is_bounded() -> None:
    view = EstateView.of(events=[event(number) for number in range(1, EVENTS_IN_MEMORY + 11)])
    assert [found.id for found in view.events(limit=3)] == [5010, 5009, 5008]
    assert [found.id for found in view.events(after_id=5008)] == [5010, 5009]
    assert len(view.events(limit=10_000)) == EVENTS_IN_MEMORY


def test_subscribers_are_told_until_they_leave_and_one_that_fails_harms_no_other() -> None:
    view = EstateView.of()
    told: list[Change] = []

    def failing(change: Change) -> None:
        raise RuntimeError("no screen")

    view.subscribe(failing)
    leave = view.subscribe(told.append)
    view.tell(Change("hmc1"))
    leave()
    leave()
    view.tell(Change("hmc2"))
    assert told == [Change("hmc1")]


def test_readers_on_other_threads_never_see_half_a_change() -> None:
    view = EstateView()
    objects = [lpar(number) for number in range(50)]
    failures: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            entries = view.entries("lpar")
            if entries and (len(entries) != 50 or len({found.obj.mem_mb for found in entries}) != 1):
                failures.append(entries)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for sweep in range(150):
        put = {("lpar", o.key): Sighting(replace(o, mem_mb=sweep), at(0), at(sweep)) for o in objects}
        view.record("hmc1", put=put, status=answering("hmc1", sweep))
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []


@pytest.mark.parametrize("module", ["store.view", "store.records", "store.estate", "store.database", "store.errors"])
def test_what_the_first_frame_needs_imports_no_orm(module: str) -> None:
    heavy = ("sqlalchemy", "pydantic", "alembic", "textual", "rich")
    code = f"import sys, {module}; print([m for m in {heavy!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_time_before_any_reading_is_that_of_the_last_change() -> None:
    view = EstateView()
    view.record("hmc1", put={("lpar", lpar(1).key): Sighting(lpar(1), at(0), at(3))})
    seen: list[datetime] = [found.seen_at for found in view.entries("lpar")]
    assert seen == [at(3)]
