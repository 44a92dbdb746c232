"""A store moves from a file to a server: all of it, byte for byte, or nothing."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from store import copying, journal
from store.copying import CopyError
from store.database import open_store
from store.ledger import Ledger
from store.notices import Event, EventKind, Severity
from store.outbox import Outbox
from store.place import Server
from store.runs import Plan, PlannedStep, RunState
from store.schedule_book import ScheduleBook
from store.schedules import JobOptions
from store.segment import segment
from store.timetable import Frequency, Timetable
from tests.postgres import Postgres
from tests.store.estates import lpars, reading, status
from tests.store.places import administrator, tampered

STEP = PlannedStep("s1", "rcg.stop", "{}", "Stop", "3par-a", "stoprcopygroup oradb")
PLAN = Plan("stop", "stop oradb", ("rcg:1:oradb",), datetime(2026, 3, 1, tzinfo=UTC), (STEP,))
DAILY = Timetable(Frequency.DAILY, hour=2, zone="UTC")
EVENT = Event(EventKind.SPLIT_BRAIN, Severity.CRITICAL, "paris", "vm:1", "s", "w", "m", "n", "k")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A store with something of everything."""
    path = tmp_path / "store.sqlite"
    with closing(open_store(path)) as store:
        store.configure([status()])
        store.apply(reading(0, *lpars(3)))
    with closing(Ledger(path)) as ledger:
        ledger.propose("r1", PLAN, "ops@jump")
        ledger.approve("r1", "ops@jump", ["stärt"])
        lease = ledger.take("r1", "one")
        ledger.intend(lease, "s1", STEP.call, [])
        ledger.answered(lease, "s1", "refusé\0", 0.5)
        ledger.turn(lease, RunState.ABORTED, "enough")
    with closing(ScheduleBook(path, "jump")) as book:
        book.add("nightly", "prune", "", JobOptions(), DAILY)
    with closing(Outbox(path)) as outbox:
        outbox.post([EVENT])
    return path


@pytest.fixture
def target(postgres: Postgres) -> Server:
    return postgres.server(postgres.database())


def test_the_copy_holds_the_same_runs_and_the_same_chain_and_goes_on_with_it(source: Path, target: Server) -> None:
    before = journal.verify(source)
    found = copying.copy(source, target, "ops@jump")
    assert (found.entries, found.head) == (before.entries, before.head)
    with closing(Ledger(source)) as old, closing(Ledger(target)) as new:
        (*entries, moved) = new.journal()
        assert tuple(entries) == old.journal()
        assert (moved.kind, moved.seq) == (copying.MOVED, before.entries + 1)
        run = old.run("r1")
        assert new.run("r1") == replace(run, steps=(replace(run.steps[0], answer="refusé␀"),))
        new.propose("r2", PLAN, "ops@jump")
    assert journal.verify(target).broken is None
    old_part, new_part = segment(source, "r1", tail=0), segment(target, "r1", tail=0)
    assert old_part is not None
    assert new_part is not None
    assert old_part.links == new_part.links
    with closing(open_store(source)) as one, closing(open_store(target)) as two:
        assert one.view.entries("lpar") == two.view.entries("lpar")


def test_what_is_made_in_the_copy_gets_numbers_behind_those_that_came_along(source: Path, target: Server) -> None:
    copying.copy(source, target, "ops@jump")
    with closing(ScheduleBook(target, "jump")) as book:
        assert book.named("nightly").timetable == DAILY
        assert book.add("weekly", "prune", "", JobOptions(), replace(DAILY, hour=3)).id == book.named("nightly").id + 1
    with closing(Outbox(target)) as outbox:
        outbox.post([EVENT, replace(EVENT, key="k2")])
        assert [(notice.id, notice.count) for notice in outbox.notices()] == [(2, 1), (1, 2)]


def test_looking_first_changes_nothing(source: Path, target: Server) -> None:
    found = copying.counted(source, target)
    assert found.entries == journal.verify(source).entries
    assert (found.rows["journal"], found.rows["sighting"], found.rows["schedule"]) == (found.entries, 3, 1)
    with administrator(target) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_a_store_that_is_used_is_never_copied_over(source: Path, target: Server) -> None:
    with closing(Ledger(target)) as ledger:
        ledger.propose("r9", PLAN, "ops@jump")
    for act in (copying.counted, lambda a, b: copying.copy(a, b, "ops")):
        with pytest.raises(CopyError, match="is a store in use: there are rows in journal"):
            act(source, target)


def test_a_database_of_somebody_else_is_left_alone(source: Path, target: Server) -> None:
    with administrator(target) as connection:
        connection.execute("CREATE TABLE invoices (id int)")
    with pytest.raises(CopyError, match="none of drdeck, as invoices"):
        copying.counted(source, target)


def test_a_broken_journal_and_a_run_that_goes_on_stay_where_they_are(source: Path, target: Server) -> None:
    with closing(Ledger(source)) as ledger:
        ledger.propose("r2", PLAN, "ops@jump")
        ledger.approve("r2", "ops@jump", [])
        lease = ledger.take("r2", "one")
        with pytest.raises(CopyError, match="rcg:1:oradb is being acted on by one"):
            copying.copy(source, target, "ops")
        ledger.turn(lease, RunState.ABORTED)
    tampered(source, "UPDATE journal SET body = '{}' WHERE seq = 3")
    with pytest.raises(CopyError, match="broken at entry 3"):
        copying.copy(source, target, "ops")
    with pytest.raises(CopyError, match="There is no store"):
        copying.copy(source.with_name("other.sqlite"), target, "ops")


def test_a_copy_that_breaks_in_the_middle_leaves_an_empty_store(
    source: Path, target: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise CopyError("enough")

    with monkeypatch.context() as patch:
        patch.setattr(copying, "_compare", broken)
        with pytest.raises(CopyError, match="enough"):
            copying.copy(source, target, "ops")
    assert journal.verify(target).entries == 0
    assert copying.copy(source, target, "ops").entries == journal.verify(source).entries
