"""Runs and their journal: every change is written with its entry, under a lease whose epoch is checked with it."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from msgspec.structs import replace

from store import journal
from store.engine import Read
from store.errors import StoreError
from store.ledger import LEASE_S, LeaseError, Ledger, RunError
from store.place import Place, Server
from store.runs import Approval, Choice, Fact, Guard, Plan, PlannedStep, RunState, StepState
from tests.store.places import administrator, tampered

AT = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
STEP = PlannedStep("s1", "rcg.stop", '{"array":"a"}', "Stop", "3par-a", "stoprcopygroup -f oradb", undo="s2")
PLAN = Plan(
    "stop",
    "stop oradb",
    ("rcg:1:oradb",),
    AT,
    (STEP, PlannedStep("s2", "rcg.start", "{}", "Start", "3par-a", "startrcopygroup oradb")),
    (Guard("rcg.role", "the pair is normal", True, "normal", AT),),
    ("stop oradb",),
)


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def ledger(place: Place, clock: Time) -> Iterator[Ledger]:
    with closing(Ledger(place, clock)) as opened:
        yield opened


def agreed(ledger: Ledger, run_id: str = "r1") -> None:
    ledger.propose(run_id, PLAN, "ops@jump")
    ledger.approve(run_id, "ops@jump", ["stop oradb"])


def test_a_run_is_read_back_exactly_as_it_was_proposed(ledger: Ledger) -> None:
    agreed(ledger)
    run = ledger.run("r1")
    assert (run.plan, run.state, run.by, run.created_at) == (PLAN, RunState.APPROVED, "ops@jump", AT)
    assert [step.state for step in run.steps] == [StepState.PENDING, StepState.PENDING]


def test_the_newest_runs_are_read_first_and_one_that_is_alive_is_found_however_old(ledger: Ledger, clock: Time) -> None:
    agreed(ledger, "old")
    lease = ledger.take("old", "one")
    for number in range(3):
        clock.pass_(60)
        ledger.propose(f"r{number}", PLAN, "ops@jump")
    assert [run.id for run in ledger.runs(most=2)] == ["r2", "r1"]
    assert [run.id for run in ledger.runs()] == ["r2", "r1", "r0", "old"]
    assert [(run.id, run.state) for run in ledger.alive()] == [("old", RunState.INTERRUPTED)]
    ledger.turn(lease, RunState.SUCCEEDED)
    assert ledger.alive() == ()


def test_nothing_runs_that_nobody_approved_and_nothing_is_approved_twice(ledger: Ledger) -> None:
    ledger.propose("r1", PLAN, "ops@jump")
    with pytest.raises(RunError, match="proposed"):
        ledger.take("r1", "one")
    ledger.approve("r1", "ops@jump", [])
    with pytest.raises(RunError, match="approved"):
        ledger.approve("r1", "ops@jump", [])
    with pytest.raises(RunError, match="no run r2"):
        ledger.run("r2")


def asked(ledger: Ledger, clock: Time, run_id: str = "r1") -> Approval:
    """A run that anna proposed, and that another person has to approve."""
    ledger.propose(run_id, PLAN, "anna@here")
    wanted = Approval("rcg failover oradb", "abc", clock() + timedelta(minutes=30), ("anna", "root"))
    ledger.ask_approval(run_id, "anna@here", ("failover oradb",), wanted)
    return wanted


def test_whoever_proposed_a_run_that_two_agree_to_cannot_approve_it(ledger: Ledger, clock: Time) -> None:
    wanted = asked(ledger, clock)
    assert ledger.run("r1").awaited == wanted
    for people in (("anna",), ("ROOT",), ("bert", "anna"), ()):
        with pytest.raises(RunError, match="another person has to approve it"):
            ledger.approve("r1", "x@here", (), people)
    with pytest.raises(RunError, match="already"):
        ledger.ask_approval("r1", "bert@here", (), replace(wanted, people=("bert",)))
    with pytest.raises(RunError, match="is proposed"):
        ledger.take("r1", "here")
    with pytest.raises(RunError, match="a reason is needed"):
        ledger.approve("r1", "anna@here", (), ("anna",), " ")
    ledger.approve("r1", "bert@here", ("failover oradb",), ("bert",))
    run = ledger.run("r1")
    assert (run.state, run.awaited, run.glass) == (RunState.APPROVED, None, None)
    assert run.approval == replace(wanted, by="bert@here")
    assert [entry.kind for entry in ledger.journal("r1")] == ["proposed", "approval asked", "approved"]


def test_an_approval_comes_in_time_or_not_at_all_and_the_glass_leaves_its_own_entry(
    ledger: Ledger, clock: Time
) -> None:
    asked(ledger, clock)
    asked(ledger, clock, "r2")
    ledger.approve("r2", "anna@here", (), ("anna",), "nobody answers")
    kinds = [entry.kind for entry in ledger.journal("r2")]
    assert kinds == ["proposed", "approval asked", "break-glass", "approved"]
    assert ledger.run("r2").glass == "nobody answers"
    clock.pass_(1801)
    for glass in (None, "nobody answers"):
        with pytest.raises(RunError, match="propose it anew"):
            ledger.approve("r1", "bert@here", (), ("bert",), glass)
    assert ledger.run("r1").state is RunState.PROPOSED


def test_a_step_keeps_its_first_intent_its_attempts_its_answer_and_its_facts(ledger: Ledger, clock: Time) -> None:
    agreed(ledger)
    lease = ledger.take("r1", "one")
    ledger.intend(lease, "s1", STEP.call, [Fact("status", "Started")])
    clock.pass_(2)
    ledger.answered(lease, "s1", "accepted", 1.5)
    clock.pass_(2)
    ledger.settle(lease, "s1", StepState.DONE, [Fact("status", "Stopped")], "the group is Stopped")
    step = ledger.run("r1").step("s1")
    assert (step.state, step.attempts, step.answer, step.took_s) == (StepState.DONE, 1, "accepted", 1.5)
    assert (step.began_at, step.ended_at) == (AT, AT + timedelta(seconds=4))
    assert step.facts == (Fact("status", "Stopped"),)
    assert ledger.durations("rcg.stop") == ((4.0,),)
    assert [entry.kind for entry in ledger.journal("r1")] == [
        "proposed",
        "approved",
        "lease taken",
        "intent",
        "answer",
        "result",
    ]


def test_what_a_device_says_in_another_encoding_is_kept_with_marks_in_it(ledger: Ledger) -> None:
    agreed(ledger)
    lease = ledger.take("r1", "one")
    latin = b"refus\xe9".decode("utf-8", "surrogateescape")
    ledger.intend(lease, "s1", STEP.call, (Fact("status", latin),))
    ledger.answered(lease, "s1", latin, 0.5)
    ledger.settle(lease, "s1", StepState.FAILED, (Fact(latin, "x"),), latin)
    found = ledger.run("r1").step("s1")
    assert (found.answer, found.reason, found.facts) == ("refus?", "refus?", (Fact("refus?", "x"),))
    assert journal.verify(ledger.path).broken is None


def test_a_second_console_sees_the_run_and_cannot_start_another_on_its_target(place: Place, clock: Time) -> None:
    with closing(Ledger(place, clock)) as one, closing(Ledger(place, clock)) as two:
        agreed(one, "r1")
        one.take("r1", "one")
        assert (two.run("r1").state, two.run("r1").holder) == (RunState.RUNNING, "one")
        agreed(two, "r2")
        with pytest.raises(LeaseError, match=r"run r1, held by one until 03:00:30 UTC"):
            two.take("r2", "two")
        with pytest.raises(LeaseError, match="held by one"):
            two.take("r1", "two")


def test_a_console_that_was_silent_beyond_its_lease_finds_its_epoch_old(place: Place, clock: Time) -> None:
    with closing(Ledger(place, clock)) as one, closing(Ledger(place, clock)) as two:
        agreed(one)
        old = one.take("r1", "one")
        clock.pass_(LEASE_S + 1)
        assert two.run("r1").state is RunState.INTERRUPTED
        new = two.take("r1", "two")
        assert new.epochs[0] == old.epochs[0] + 1
        entries = len(one.journal())
        for act in (
            lambda: one.intend(old, "s1", STEP.call, []),
            lambda: one.settle(old, "s1", StepState.DONE, []),
            lambda: one.turn(old, RunState.SUCCEEDED),
            lambda: one.renew(old),
        ):
            with pytest.raises(LeaseError, match="two"):
                act()
        assert len(one.journal()) == entries
        two.intend(new, "s1", STEP.call, [])


def test_every_target_of_a_lease_is_checked_with_each_entry(place: Place, clock: Time) -> None:
    with closing(Ledger(place, clock)) as one, closing(Ledger(place, clock)) as two:
        many = replace(PLAN, targets=tuple(f"rcg:1:g{number}" for number in range(100)))
        one.propose("r1", many, "ops@jump")
        one.approve("r1", "ops@jump", [])
        lease = one.take("r1", "one")
        one.intend(lease, "s1", STEP.call, [])
        entries = len(one.journal())
        with administrator(place) as connection:
            connection.execute("UPDATE lease SET epoch = 2, holder = 'two' WHERE target = 'rcg:1:g70'")
        with pytest.raises(LeaseError, match=r"rcg:1:g70 \(epoch 1\) is over: two \(epoch 2\) holds it"):
            one.intend(lease, "s1", STEP.call, [])
        with administrator(place) as connection:
            connection.execute("DELETE FROM lease WHERE target = 'rcg:1:g70'")
        with pytest.raises(LeaseError, match="nobody holds it now"):
            two.settle(lease, "s1", StepState.DONE, [])
        assert len(one.journal()) == entries


def test_whoever_reads_does_not_wait_for_a_writer_and_sees_nothing_half_written(place: Place) -> None:
    seen: list[RunState] = []

    def clock() -> datetime:  # the ledger asks for the time within its transactions too
        if reading.is_set():
            seen.append(ledger.standing("r1")[0])
        return AT

    reading = threading.Event()
    with closing(Ledger(place, clock)) as ledger:
        ledger.propose("r1", PLAN, "ops@jump")
        reading.set()
        writer = threading.Thread(target=ledger.approve, args=("r1", "ops@jump", ["stop oradb"]), daemon=True)
        writer.start()
        writer.join(20)
        assert not writer.is_alive()
        reading.clear()
        assert set(seen) == {RunState.PROPOSED}
        assert ledger.standing("r1") == (RunState.APPROVED, ledger.run("r1").seq)
        with pytest.raises(RunError, match="no run r2"):
            ledger.standing("r2")


def test_a_lease_that_is_renewed_or_that_nobody_else_took_holds_on(ledger: Ledger, clock: Time) -> None:
    agreed(ledger)
    lease = ledger.take("r1", "one")
    clock.pass_(LEASE_S - 1)
    ledger.renew(lease)
    clock.pass_(LEASE_S - 1)
    assert ledger.run("r1").state is RunState.RUNNING
    clock.pass_(2)
    ledger.intend(lease, "s1", STEP.call, [])


def test_an_interrupted_run_must_be_resumed_or_aborted_before_another_acts_on_its_target(
    ledger: Ledger, clock: Time
) -> None:
    agreed(ledger, "r1")
    ledger.take("r1", "one")
    clock.pass_(LEASE_S + 1)
    agreed(ledger, "r2")
    with pytest.raises(LeaseError, match=r"r1 .* was interrupted"):
        ledger.take("r2", "two")
    ledger.turn(ledger.take("r1", "two"), RunState.ABORTED, "enough")
    ledger.take("r2", "two")
    with pytest.raises(RunError, match="aborted"):
        ledger.take("r1", "one")


def test_decisions_are_found_by_whoever_acts_and_an_ended_run_takes_none(ledger: Ledger) -> None:
    agreed(ledger)
    lease = ledger.take("r1", "one")
    with pytest.raises(RunError, match="s1 of run r1 is pending"):
        ledger.decide("r1", Choice.SKIP, "s1", "not needed", "ops@jump")
    ledger.settle(lease, "s1", StepState.FAILED, [])
    ledger.decide("r1", Choice.SKIP, "s1", "not needed", "ops@jump")
    found = ledger.decisions("r1", 0)
    assert [(d.choice, d.step, d.reason, d.by) for d in found] == [(Choice.SKIP, "s1", "not needed", "ops@jump")]
    assert ledger.decisions("r1", found[-1].seq) == ()
    ledger.turn(lease, RunState.SUCCEEDED)
    with pytest.raises(RunError, match="succeeded"):
        ledger.decide("r1", Choice.ABORT, None, "", "ops@jump")


def test_only_a_run_that_never_began_can_be_dropped(ledger: Ledger) -> None:
    agreed(ledger)
    ledger.drop("r1", "ops@jump", "not tonight")
    assert (ledger.run("r1").state, ledger.run("r1").note) == (RunState.ABORTED, "not tonight")
    agreed(ledger, "r2")
    ledger.take("r2", "one")
    with pytest.raises(RunError, match="running"):
        ledger.drop("r2", "ops@jump", "")


# ------------------------------------------------------------------------------------------------------- the chain


def filled(ledger: Ledger) -> Place:
    agreed(ledger)
    lease = ledger.take("r1", "one")
    for _ in range(5):
        ledger.intend(lease, "s1", STEP.call, [Fact("status", "Stärted")])
    ledger.close()
    return ledger.path


def test_an_untouched_journal_is_whole(ledger: Ledger) -> None:
    verdict = journal.verify(filled(ledger))
    assert (verdict.broken, verdict.entries) == (None, 8)


def test_an_entry_that_is_written_while_the_journal_is_read_is_no_damage(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, follow = filled(ledger), journal._follow

    def meanwhile(run: Read, entries: str) -> journal.Verdict:
        found = follow(run, entries)
        with closing(Ledger(path)) as other:
            agreed(other, "r2")
        return found

    monkeypatch.setattr(journal, "_follow", meanwhile)
    verdict = journal.verify(path)
    assert (verdict.entries, verdict.broken) == (8, None), verdict.why


@pytest.mark.parametrize("column", ["at", "run", "kind", "body", "hash"])
def test_one_changed_byte_of_any_column_is_found_at_its_entry(ledger: Ledger, column: str) -> None:
    path = filled(ledger)
    zeros = "decode(repeat('00', 32), 'hex')" if isinstance(path, Server) else "zeroblob(32)"
    new = zeros if column == "hash" else f"substr({column}, 1, 3) || 'X' || substr({column}, 5)"
    tampered(path, f"UPDATE journal SET {column} = {new} WHERE seq = 4")
    verdict = journal.verify(path)
    assert (verdict.broken, verdict.entries) == (4, 3)


def test_a_missing_entry_a_swapped_one_and_an_inserted_one_are_found(ledger: Ledger) -> None:
    path = filled(ledger)
    tampered(path, "DELETE FROM journal WHERE seq = 3")
    assert (journal.verify(path).broken, journal.verify(path).entries) == (4, 2)


@pytest.mark.parametrize("cut", [1, 3, 8])
def test_a_cut_tail_is_found_by_the_note_in_the_store_and_by_the_file_beside_it(ledger: Ledger, cut: int) -> None:
    path = filled(ledger)
    head = journal.head_file(path)
    assert head.stat().st_mode & 0o777 == 0o600
    tampered(path, f"DELETE FROM journal WHERE seq > {8 - cut}")
    assert "the store noted that there were 8" in (journal.verify(path).why or "")
    older = f"UPDATE journal_head SET seq = {8 - cut}, hash = (SELECT hash FROM journal WHERE seq = {8 - cut})"
    tampered(path, "DELETE FROM journal_head" if cut == 8 else older)
    verdict = journal.verify(path)
    assert (verdict.broken, verdict.entries) == (9 - cut, 8 - cut)
    assert head.name in (verdict.why or "")
    head.unlink()
    assert journal.verify(path).broken is None  # nothing is left that knows better


def test_the_file_beside_the_store_may_be_behind_but_not_another(ledger: Ledger) -> None:
    path = filled(ledger)
    head = journal.head_file(path)
    with administrator(path) as connection:
        (digest,) = connection.execute("SELECT hash FROM journal WHERE seq = 5").fetchone()
    head.write_text(f"5 {bytes(digest).hex()}\n")
    assert journal.verify(path).broken is None
    head.write_text(f"5 {'0' * 64}\n")
    assert journal.verify(path).broken == 5
    head.write_text("nonsense")
    assert "does not hold" in (journal.verify(path).why or "")


def test_the_file_itself_lets_no_program_change_or_delete_an_entry(ledger: Ledger) -> None:
    path = filled(ledger)
    with administrator(path) as connection:
        for statement in ("DELETE FROM journal", "UPDATE journal SET body = '{}'"):
            with pytest.raises((sqlite3.IntegrityError, psycopg.errors.RaiseException), match="only grows"):
                connection.execute(statement)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_what_cannot_be_written_is_an_error_and_leaves_no_half(ledger: Ledger) -> None:
    agreed(ledger)
    lease = ledger.take("r1", "one")
    entries = len(ledger.journal())
    with closing(sqlite3.connect(ledger.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        ledger._connection.exec_driver_sql("PRAGMA busy_timeout = 50")
        with pytest.raises(StoreError, match="locked"):
            ledger.intend(lease, "s1", STEP.call, [])
        other.rollback()
    assert len(ledger.journal()) == entries
    assert ledger.run("r1").step("s1").state is StepState.PENDING


def test_the_journal_holds_the_whole_plan_and_the_words_that_were_typed(ledger: Ledger) -> None:
    agreed(ledger)
    proposed, approved = (json.loads(entry.body) for entry in ledger.journal("r1"))
    assert proposed["plan"]["steps"][0]["call"] == "stoprcopygroup -f oradb"
    assert approved["words"] == ["stop oradb"]


def test_how_far_a_call_is_stands_on_its_step_and_in_the_journal_and_wakes_whoever_watches(ledger: Ledger) -> None:
    agreed(ledger)
    lease = ledger.take("r1", "one")
    ledger.intend(lease, "s1", "call", ())
    before = ledger.run("r1").seq
    ledger.progress(lease, "s1", (Fact("progress", "40 %"),))
    (run,) = ledger.runs(after=before)
    assert run.step("s1").facts == (Fact("progress", "40 %"),)
    assert run.step("s1").state is StepState.RUNNING
    assert ledger.journal("r1")[-1].kind == "progress"
    ledger.release(lease)
    ledger.take("r1", "two")
    with pytest.raises(LeaseError):
        ledger.progress(lease, "s1", ())


def test_the_runs_of_one_verb_are_found_among_all(ledger: Ledger, clock: Time) -> None:
    for number, verb in enumerate(("stop", "vm pause", "vm pause now", "vm pause")):
        clock.pass_(60)
        ledger.propose(f"r{number}", replace(PLAN, verb=verb), "ops@jump")
    assert [run.id for run in ledger.runs_of("vm pause")] == ["r3", "r1"]
    assert [run.id for run in ledger.runs_of("vm pause", 1)] == ["r3"]
