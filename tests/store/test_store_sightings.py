"""What a reading changes: in the view, in the file, in the history."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from store import estate as e
from store.database import Store, open_store
from store.records import Change, DeviceHealth, Entry
from tests.store.estates import at, bytes_of, lpar, lpars, reading, status, system

DOWN = e.LparState.NOT_ACTIVATED
BAD_ROW = e.Problem("lssyscfg -r lpar -m p9-a, line 3", "lpar3,zz", "12 fields")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "store.sqlite")
    opened.configure([status("hmc1"), status("hmc2")])
    yield opened
    opened.close()


def history(store: Store) -> list[tuple[str, str, str | None, str | None]]:
    return [(found.label, found.field, found.before, found.after) for found in reversed(store.view.events())]


def lpar_of(store: Store, number: int) -> Entry:
    found = store.view.get("lpar", lpar(number).key)
    assert found is not None
    return found


def test_a_first_reading_shows_everything_and_makes_no_history(store: Store) -> None:
    change = store.apply(reading(0, *lpars(3), system()))
    assert set(change.keys) == {("lpar", lpar(n).key) for n in range(3)} | {("system", system().key)}
    assert [found.obj for found in store.view.entries("lpar")] == list(lpars(3))
    assert history(store) == []
    found = store.view.device("hmc1")
    assert found is not None
    assert (found.health, found.since, found.last_ok) == (DeviceHealth.OK, at(0), at(0))


def test_a_sweep_in_which_nothing_changed_writes_nothing(store: Store) -> None:
    store.apply(reading(0, *lpars(30)))
    before, written = bytes_of(store.path), store.total_changes
    for sweep in range(1, 6):
        assert store.apply(reading(sweep * 30, *lpars(30))) == Change("hmc1")
    assert store.total_changes == written
    assert bytes_of(store.path) == before
    assert {found.seen_at for found in store.view.entries("lpar")} == {at(150)}
    assert {found.changed_at for found in store.view.entries("lpar")} == {at(0)}


def test_the_heartbeat_saves_the_age_of_a_whole_device_in_one_row(store: Store) -> None:
    store.apply(reading(0, *lpars(30)))
    store.apply(reading(30, *lpars(30)))
    written = store.total_changes
    store.flush()
    assert store.total_changes - written == 2  # the device and the count of revisions
    store.flush()
    assert store.total_changes - written == 2


def test_only_what_changed_is_written_and_told(store: Store) -> None:
    store.apply(reading(0, *lpars(30)))
    written = store.total_changes
    change = store.apply(reading(30, *(lpar(n, DOWN) if n == 7 else lpar(n) for n in range(30))))
    assert change == Change("hmc1", (("lpar", lpar(7).key),))
    assert store.total_changes - written == 4  # the sighting, its event, the device, the count of revisions
    assert history(store) == [("lpar00007", "state", "Running", "Not Activated")]
    assert (lpar_of(store, 7).changed_at, lpar_of(store, 7).first_seen) == (at(30), at(0))
    assert lpar_of(store, 8).changed_at == at(0)


def test_what_a_complete_reading_no_longer_reports_is_gone_with_its_last_facts(store: Store) -> None:
    store.apply(reading(0, lpar(1), lpar(2)))
    store.apply(reading(30, lpar(1), lpar(2)))
    store.apply(reading(60, lpar(1)))
    found = lpar_of(store, 2)
    assert (found.gone, found.obj, found.seen_at, found.changed_at) == (True, lpar(2), at(30), at(60))
    assert history(store) == [("lpar00002", "presence", "present", "gone")]
    written = store.total_changes
    store.apply(reading(90, lpar(1)))
    assert store.total_changes == written
    assert lpar_of(store, 2) == found


def test_what_comes_back_is_told_with_what_changed_meanwhile(store: Store) -> None:
    store.apply(reading(0, lpar(1), lpar(2)))
    store.apply(reading(30, lpar(1)))
    store.apply(reading(60, lpar(1), lpar(2, DOWN)))
    found = lpar_of(store, 2)
    assert (found.gone, found.seen_at, found.first_seen, found.changed_at) == (False, at(60), at(0), at(60))
    assert history(store)[1:] == [
        ("lpar00002", "presence", "gone", "back"),
        ("lpar00002", "state", "Running", "Not Activated"),
    ]


def test_a_new_object_on_a_known_device_is_told(store: Store) -> None:
    store.apply(reading(0, lpar(1)))
    store.apply(reading(30, lpar(1), lpar(2)))
    assert history(store) == [("lpar00002", "presence", None, "appeared")]


def test_objects_that_an_incomplete_reading_left_out_do_not_appear_later(store: Store) -> None:
    store.apply(reading(0, system(), unread=(e.Unread("lpar", "9009-42A*7812345/", "no answer in time"),)))
    store.apply(reading(30, system(), lpar(1)))
    assert history(store) == [("hmc1", "health", "never read", "partly read"), ("hmc1", "health", "partly read", "ok")]


def test_what_could_not_be_looked_at_keeps_its_state_and_its_age(store: Store) -> None:
    store.apply(reading(0, system(), *lpars(3)))
    store.apply(reading(30, system(), unread=(e.Unread("lpar", "9009-42A*7812345/", "no answer in time"),)))
    assert {(found.gone, found.seen_at) for found in store.view.entries("lpar")} == {(False, at(0))}
    assert store.view.get("system", system().key).seen_at == at(30)  # type: ignore[union-attr]
    found = store.view.device("hmc1")
    assert found is not None
    assert (found.health, found.text, found.last_ok) == (DeviceHealth.PARTIAL, "no answer in time", at(30))
    written = store.total_changes
    store.apply(reading(60, system(), unread=(e.Unread("lpar", "9009-42A*7812345/", "no answer in time"),)))
    assert store.total_changes == written
    store.apply(reading(90, system(), *lpars(3)))
    assert {(found.gone, found.seen_at) for found in store.view.entries("lpar")} == {(False, at(90))}


def test_an_unread_scope_protects_only_its_own_kind_and_prefix(store: Store) -> None:
    other = lpar(9, system_key="9009-42A*0000001")
    store.apply(reading(0, system(), lpar(1), other))
    store.apply(reading(30, unread=(e.Unread("lpar", "9009-42A*7812345/", "no answer in time"),)))
    assert {found.key: found.gone for found in store.view.entries("lpar")} == {lpar(1).key: False, other.key: True}
    assert [found.gone for found in store.view.entries("system")] == [True]


def test_nothing_is_gone_while_a_part_of_the_answer_could_not_be_read(store: Store) -> None:
    store.apply(reading(0, *lpars(3)))
    store.apply(reading(30, lpar(0), problems=(BAD_ROW,)))
    assert [(found.gone, found.seen_at) for found in store.view.entries("lpar")] == [
        (False, at(30)),
        (False, at(0)),
        (False, at(0)),
    ]
    found = store.view.device("hmc1")
    assert found is not None
    assert (found.health, found.problems) == (DeviceHealth.PARTIAL, (BAD_ROW,))
    store.apply(reading(60, lpar(0)))
    assert [found.gone for found in store.view.entries("lpar")] == [False, True, True]


def test_an_object_told_twice_with_different_facts_is_a_problem_and_keeps_its_state(store: Store) -> None:
    store.apply(reading(0, lpar(1), lpar(2)))
    store.apply(reading(30, lpar(1, DOWN), lpar(1), lpar(2), lpar(2)))
    assert (lpar_of(store, 1).obj, lpar_of(store, 1).seen_at, lpar_of(store, 1).gone) == (lpar(1), at(0), False)
    assert (lpar_of(store, 2).obj, lpar_of(store, 2).seen_at) == (lpar(2), at(30))
    found = store.view.device("hmc1")
    assert found is not None
    assert found.health is DeviceHealth.PARTIAL
    assert [problem.where for problem in found.problems] == ["lpar lpar00001"]


def test_an_object_that_cannot_be_stored_is_a_problem_and_the_others_still_show(store: Store) -> None:
    store.apply(reading(0, lpar(1), lpar(2)))
    store.apply(reading(30, lpar(1, os_version="\ud800"), lpar(2, DOWN), lpar(3, os_version="\ud800")))
    assert (lpar_of(store, 1).obj, lpar_of(store, 1).seen_at) == (lpar(1), at(0))
    assert lpar_of(store, 2).obj == lpar(2, DOWN)
    assert store.view.get("lpar", lpar(3).key) is None
    found = store.view.device("hmc1")
    assert found is not None
    assert len(found.problems) == 2
    assert store.view.trouble is None


def test_bytes_that_are_no_text_in_a_failure_do_not_keep_it_from_being_stored(store: Store) -> None:
    store.report(status(health=DeviceHealth.FAILING, failure="refused", text="HSCL\udcff"))
    problem = e.Problem("lsrefcode", "bad \udcfe byte", "text")
    store.apply(reading(0, lpar(1), problems=(problem,)))
    assert store.view.trouble is None
    found = store.view.device("hmc1")
    assert found is not None
    assert found.problems[0].line == "bad \\udcfe byte"


def test_a_failure_keeps_all_facts_and_the_time_of_the_last_reading(store: Store) -> None:
    store.apply(reading(0, *lpars(2)))
    before = store.view.device("hmc1")
    assert before is not None
    store.report(status(health=DeviceHealth.FAILING, failure="unreachable", text="no route to host"))
    after = store.view.device("hmc1")
    assert after is not None
    assert (after.last_ok, after.failure, after.text) == (at(0), "unreachable", "no route to host")
    assert after.since is not None
    assert after.since > at(0)
    assert {(found.gone, found.seen_at) for found in store.view.entries("lpar")} == {(False, at(0))}
    assert history(store) == [("hmc1", "health", "ok", "could not be read: unreachable")]
    written = store.total_changes
    store.report(after)
    assert store.total_changes == written


def test_a_device_that_comes_back_says_so(store: Store) -> None:
    store.report(status(health=DeviceHealth.FAILING, failure="unreachable", text="no route to host"))
    store.report(status(health=DeviceHealth.FAILING, failure="login refused", text="Permission denied"))
    store.apply(reading(0, lpar(1)))
    assert [after for _, _, _, after in history(store)] == [
        "could not be read: unreachable",
        "could not be read: login refused",
        "ok",
    ]
    found = store.view.device("hmc1")
    assert found is not None
    assert (found.failure, found.text) == (None, None)


def test_two_hmcs_that_see_the_same_change_make_one_line_of_history(store: Store) -> None:
    store.apply(reading(0, lpar(1), device="hmc1"))
    store.apply(reading(5, lpar(1), device="hmc2"))
    store.apply(reading(30, lpar(1, DOWN), device="hmc1"))
    store.apply(reading(35, lpar(1, DOWN), device="hmc2"))
    store.apply(reading(60, device="hmc2"))
    assert history(store) == [("lpar00001", "state", "Running", "Not Activated")]
    assert not lpar_of(store, 1).gone
    store.apply(reading(65, device="hmc1"))
    assert lpar_of(store, 1).gone
    assert history(store)[1:] == [("lpar00001", "presence", "present", "gone")]


def test_a_reading_of_an_unknown_device_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="unknown device"):
        store.apply(reading(0, device="nobody"))


def test_panes_are_told_of_every_sweep_with_the_keys_that_changed(store: Store) -> None:
    told: list[Change] = []
    store.view.subscribe(told.append)
    store.apply(reading(0, lpar(1)))
    store.apply(reading(30, lpar(1)))
    store.report(status(health=DeviceHealth.FAILING, failure="unreachable"))
    assert told == [Change("hmc1", (("lpar", lpar(1).key),)), Change("hmc1"), Change("hmc1")]


@cache
def empty_store() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        open_store(path).close()
        return path.read_bytes()


class Remembering(RuleBasedStateMachine):
    """Whatever the devices say, in whatever order, with the console ended and started between: what is remembered is
    what each device said last, and no age is ever understated."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = 0
        self.crashed = False
        self.said: dict[str, dict[int, tuple[e.Lpar, int]]] = {"hmc1": {}, "hmc2": {}}
        self.gone: dict[str, set[int]] = {"hmc1": set(), "hmc2": set()}

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "store.sqlite"
        self.path.write_bytes(empty_store())
        self.open()

    def open(self) -> None:
        self.store = open_store(self.path)
        self.store.configure([status("hmc1"), status("hmc2")])

    @rule(
        device=st.sampled_from(["hmc1", "hmc2"]),
        present=st.dictionaries(st.integers(0, 5), st.sampled_from([e.LparState.RUNNING, DOWN])),
        whole=st.booleans(),
    )
    def read(self, device: str, present: dict[int, e.LparState], whole: bool) -> None:
        self.clock += 30
        objects = [lpar(number, state) for number, state in present.items()]
        self.store.apply(reading(self.clock, *objects, device=device, problems=() if whole else (BAD_ROW,)))
        for number, state in present.items():
            self.said[device][number] = lpar(number, state), self.clock
            self.gone[device].discard(number)
        if whole:
            self.gone[device] |= set(self.said[device]) - set(present)

    @rule(device=st.sampled_from(["hmc1", "hmc2"]))
    def fail(self, device: str) -> None:
        found = self.store.view.device(device)
        assert found is not None
        self.store.report(status(device, health=DeviceHealth.FAILING, failure="unreachable", text="no route"))

    @rule()
    def save(self) -> None:
        self.store.flush()

    @rule()
    def end_and_start(self) -> None:
        self.store.close()
        self.open()

    @rule()
    def die_and_start(self) -> None:
        self.crashed = True
        self.store._keeper.close()
        self.open()

    @precondition(lambda self: hasattr(self, "store"))
    @invariant()
    def what_each_device_said_is_known_with_its_age(self) -> None:
        for device, said in self.said.items():
            known = self.store.view.known(device)
            found = self.store.view.device(device)
            assert found is not None
            assert {key for _, key in known} == {lpar(number).key for number in said}
            for number, (obj, seen) in said.items():
                sighting = known["lpar", obj.key]
                assert sighting.obj == obj
                assert sighting.gone == (number in self.gone[device])
                shown = sighting.seen_at or found.last_ok
                assert shown is not None
                assert shown == at(seen) or (self.crashed and shown < at(seen))

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            with sqlite3.connect(self.path) as raw:
                assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            raw.close()
            self.folder.cleanup()


Remembering.TestCase.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)
TestRemembering = Remembering.TestCase
