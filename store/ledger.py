"""Runs and their journal in the file: every change of a run is one transaction with its journal entry, on the disk
before the call returns. Whoever acts for a run holds a lease, whose epoch is checked in that same transaction.

Every method may be called from any thread. All raise :class:`store.errors.StoreError` where the file fails.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from store import approvals, engine, journal
from store.errors import StoreError, explain
from store.ledger_rows import ANEW, EVERY, STEP, as_json, encoded, kept, maybe_moment, pairs, step_of
from store.place import Place
from store.recorded import from_text, to_text
from store.runs import ENDED, Approval, Choice, Decision, Entry, Fact, Lease, Plan, Run, RunState, StepRecord, StepState
from store.segment import Link
from store.times import from_text as moment
from store.times import to_text as stamp

if TYPE_CHECKING:
    from sqlalchemy import Connection

LEASE_S = 30.0
"""How long a lease lasts without being renewed: a console that is silent for so long may be taken for gone."""

_HELD = (RunState.RUNNING, RunState.WAITING, RunState.PAUSED)


class LeaseError(Exception):
    """The lease is not to be had, or is not held any more. The text says who acts on the target."""


class RunError(Exception):
    """There is no such run, or it is not in a state for this. The text says which."""


class Ledger:
    """The runs of one store. ``clock`` gives the time in UTC."""

    def __init__(self, path: Place, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """The store at ``path``, made and upgraded as by :func:`store.database.open_store`."""
        self.path = path
        self._lock = threading.Lock()
        self._plans: dict[str, Plan] = {}
        self._connection: Connection = engine.open_place(path)
        engine.durable(self._connection)  # unlike the sweeps, what a run did must survive a power loss
        self._clock = engine.clock(self._connection, clock)
        # A reader does not wait for a writer that waits for the disk.
        self._reading = threading.Lock()
        self._reader = engine.create_connection(path)

    def close(self) -> None:
        """Never raises."""
        for lock, connection in ((self._lock, self._connection), (self._reading, self._reader)):
            with lock, suppress(Exception):
                engine.close(connection)

    # -------------------------------------------------------------------------------------------------------- a run

    def propose(self, run_id: str, plan: Plan, by: str, incident: int | None = None) -> Run:
        """Keep a plan as a run in state *proposed*; it acts on nothing yet. ``incident``: the number of what it is for.
        Raises :class:`RunError` where that is not there, or resolved."""
        now = self._clock()
        body = {"by": by, "plan": as_json(plan), **({} if incident is None else {"incident": incident})}
        with self._writing(run_id, "proposed", body) as (run, seq):
            if incident is not None:
                state = run("SELECT state FROM incident WHERE id = ?", (incident,)).scalar()
                if state in (None, "resolved"):
                    raise RunError(f"Incident {incident} is {state or 'not there'}: nothing is run for it")
            values = (run_id, to_text(plan), RunState.PROPOSED, by, stamp(now), seq, incident)
            run("INSERT INTO run (id, plan, state, by, created_at, seq, incident) VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            for step in plan.steps:
                row = (run_id, step.id, step.kind, StepState.PENDING)
                run("INSERT INTO step (run, id, kind, state, attempts, facts) VALUES (?, ?, ?, ?, 0, '[]')", row)
        return self.run(run_id)

    def ask_approval(self, run_id: str, by: str, words: Sequence[str], asked: Approval) -> None:
        """Whoever proposed it agreed to it by typing ``words``; now another person has to. Raises :class:`RunError`."""
        told = {"digest": asked.digest, "order": asked.order, "until": stamp(asked.until), "people": asked.people}
        body = {"by": by, "words": list(words), **told}
        with self._writing(run_id, approvals.ASKED, body) as (run, seq):
            self._expect(run_id, RunState.PROPOSED)
            if run("SELECT approval FROM run WHERE id = ?", (run_id,)).scalar() is not None:
                raise RunError(f"Run {run_id} waits for another person's approval already")
            run("UPDATE run SET approval = ?, seq = ? WHERE id = ?", (to_text(asked), seq, run_id))

    def approve(
        self, run_id: str, by: str, words: Sequence[str], people: Sequence[str] = (), glass: str | None = None
    ) -> None:
        """Somebody, who is these ``people``, agreed to exactly this plan; ``words`` are what was typed. ``glass``: why
        whoever proposed it does what is another person's. Raises :class:`RunError`."""
        with self._transaction() as (run, append):
            self._expect(run_id, RunState.PROPOSED)
            text = run("SELECT approval FROM run WHERE id = ?", (run_id,)).scalar()
            if text is not None:
                asked = from_text(Approval, text)
                if (against := approvals.against(asked, people, self._clock(), glass)) is not None:
                    raise RunError(f"Run {run_id} is not approved: {against}")
                text = to_text(replace(asked, by=by, glass=glass))
                if glass is not None:
                    append(run_id, approvals.GLASS, {"by": by, "reason": glass})
            seq = append(run_id, "approved", {"by": by, "words": list(words)})
            run("UPDATE run SET state = ?, approval = ?, seq = ? WHERE id = ?", (RunState.APPROVED, text, seq, run_id))

    def take(self, run_id: str, holder: str) -> Lease:
        """Take the lease of the run's targets and set it running, first or again. Raises :class:`LeaseError` where
        another run acts on one of them or was interrupted there, :class:`RunError` for a run that has ended or that
        nobody approved."""
        found = self.run(run_id)
        if found.state in ENDED or found.state is RunState.PROPOSED:
            raise RunError(f"Run {run_id} is {found.state}: it cannot be run")
        now, targets = self._clock(), found.plan.targets
        epochs: list[int] = []
        body = {"holder": holder, "targets": list(targets), "epochs": epochs}
        until = stamp(now + timedelta(seconds=LEASE_S))
        with self._transaction() as (run, append):
            for target in targets:
                epochs.append(self._free_epoch(run, target, run_id, holder, now) + 1)
                run(
                    "INSERT INTO lease (target, epoch, holder, run, until) VALUES (?, ?, ?, ?, ?) ON CONFLICT (target) "
                    "DO UPDATE SET epoch = excluded.epoch, holder = excluded.holder, run = excluded.run, "
                    "until = excluded.until",
                    (target, epochs[-1], holder, run_id, until),
                )
            seq = append(run_id, "lease taken", body)
            state = (RunState.RUNNING, stamp(now), seq, run_id)
            run("UPDATE run SET state = ?, began_at = coalesce(began_at, ?), seq = ? WHERE id = ?", state)
        return Lease(run_id, targets, tuple(epochs), holder)

    def renew(self, lease: Lease) -> None:
        """Keep the lease for another :data:`LEASE_S`. Raises :class:`LeaseError` once somebody else took it."""
        until = stamp(self._clock() + timedelta(seconds=LEASE_S))
        with self._transaction() as (run, _):
            self._check(run, lease)
            for target in lease.targets:
                run("UPDATE lease SET until = ? WHERE target = ?", (until, target))

    def release(self, lease: Lease) -> None:
        """Give the targets free, where the lease is still held: another console need not wait for its end."""
        now = stamp(self._clock())
        with self._transaction() as (run, _):
            for target, epoch in zip(lease.targets, lease.epochs, strict=True):
                run("UPDATE lease SET until = ? WHERE target = ? AND epoch = ?", (now, target, epoch))

    # ------------------------------------------------------------------------------------------ under the lease

    def intend(self, lease: Lease, step_id: str, call: str, facts: Sequence[Fact]) -> None:
        """Write down what is about to be sent, before it is. ``facts`` are what was seen just before."""
        now, facts = self._clock(), kept(facts)
        body = {"step": step_id, "call": call, "facts": pairs(facts), "epochs": list(lease.epochs)}
        with self._writing(lease.run, "intent", body, lease) as (run, seq):
            run(
                "UPDATE step SET state = ?, attempts = attempts + 1, began_at = coalesce(began_at, ?), "
                "ended_at = NULL, facts = ?, reason = NULL, answer = NULL WHERE run = ? AND id = ?",
                (StepState.RUNNING, stamp(now), to_text(facts), lease.run, step_id),
            )
            self._touched(run, lease.run, seq)

    def answered(self, lease: Lease, step_id: str, answer: str, took_s: float) -> None:
        """Keep what the device said to a call, whatever that was."""
        answer = encoded(answer)
        body = {"step": step_id, "answer": answer, "took_s": round(took_s, 3)}
        with self._writing(lease.run, "answer", body, lease) as (run, seq):
            values = (answer, took_s, lease.run, step_id)
            run("UPDATE step SET answer = ?, took_s = ? WHERE run = ? AND id = ?", values)
            self._touched(run, lease.run, seq)

    def progress(self, lease: Lease, step_id: str, facts: Sequence[Fact]) -> None:
        """Keep how far a step is whose call is still under way."""
        facts = kept(facts)
        with self._writing(lease.run, "progress", {"step": step_id, "facts": pairs(facts)}, lease) as (run, seq):
            run("UPDATE step SET facts = ? WHERE run = ? AND id = ?", (to_text(facts), lease.run, step_id))
            self._touched(run, lease.run, seq)

    def settle(
        self,
        lease: Lease,
        step_id: str,
        state: StepState,
        facts: Sequence[Fact],
        reason: str | None = None,
        took_s: float | None = None,
    ) -> None:
        """Write down what became of a step; a step may also be set back to *pending*, to be tried again. ``took_s``:
        how long all of it took, in seconds, but that it waited for a session."""
        facts, reason = kept(facts), None if reason is None else encoded(reason)
        body: dict[str, object] = {"step": step_id, "state": state, "facts": pairs(facts), "reason": reason}
        if took_s is not None:
            body["took_s"] = round(took_s, 3)
        with self._writing(lease.run, "result", body, lease) as (run, seq):
            ended = None if state in (StepState.PENDING, StepState.UNKNOWN) else stamp(self._clock())
            run(
                "UPDATE step SET state = ?, ended_at = ?, facts = ?, reason = ?, took_s = coalesce(?, took_s) "
                "WHERE run = ? AND id = ?",
                (state, ended, to_text(facts), reason, took_s, lease.run, step_id),
            )
            self._touched(run, lease.run, seq)

    def anew(self, lease: Lease, step_id: str, reason: str) -> None:
        """Set a step back to *pending* as if it had never been tried: what it did was taken back."""
        body = {"step": step_id, "state": StepState.PENDING, "facts": [], "reason": reason}
        with self._writing(lease.run, "result", body, lease) as (run, seq):
            run(ANEW, (StepState.PENDING, lease.run, step_id))
            self._touched(run, lease.run, seq)

    def turn(self, lease: Lease, state: RunState, note: str | None = None) -> None:
        """Change the state of the run; one that has ended gives its targets free."""
        now = self._clock()
        with self._writing(lease.run, "run", {"state": state, "note": note}, lease) as (run, seq):
            ended = stamp(now) if state in ENDED else None
            values = (state, note, ended, seq, lease.run)
            run("UPDATE run SET state = ?, note = ?, ended_at = ?, seq = ? WHERE id = ?", values)
            if ended is not None:
                run("UPDATE lease SET until = ? WHERE run = ?", (stamp(now), lease.run))

    # --------------------------------------------------------------------------------------------------- decisions

    def decide(self, run_id: str, choice: Choice, step: str | None, reason: str, by: str) -> None:
        """Somebody decided; whoever acts for the run finds it with :meth:`decisions`. Raises :class:`RunError` for a
        run that has ended, and for a step that waits for nobody."""
        body = {"choice": choice, "step": step, "reason": reason, "by": by}
        with self._writing(run_id, "decision", body) as (run, seq):
            self._expect(run_id, *(state for state in RunState if state not in ENDED))
            if step is not None:
                state = run("SELECT state FROM step WHERE run = ? AND id = ?", (run_id, step)).scalar()
                if state not in (StepState.FAILED, StepState.UNKNOWN):
                    known = "not there" if state is None else state
                    raise RunError(f"Step {step} of run {run_id} is {known}: only one that failed or is unknown waits")
            self._touched(run, run_id, seq)

    def decisions(self, run_id: str, after: int) -> tuple[Decision, ...]:
        """The decisions about a run behind the journal entry ``after``."""
        sql = "SELECT seq, body FROM journal WHERE seq > ? AND run = ? AND kind = 'decision' ORDER BY seq"
        found = []
        for seq, text in self._read(sql, (after, run_id)):
            body = json.loads(text)
            found.append(Decision(seq, Choice(body["choice"]), body["step"], body["reason"], body["by"]))
        return tuple(found)

    def drop(self, run_id: str, by: str, reason: str) -> None:
        """End a run for which nothing was ever sent. Raises :class:`RunError` for one that has begun."""
        with self._writing(run_id, "run", {"state": RunState.ABORTED, "note": reason, "by": by}) as (run, seq):
            self._expect(run_id, RunState.PROPOSED, RunState.APPROVED)
            values = (RunState.ABORTED, reason, stamp(self._clock()), seq, run_id)
            run("UPDATE run SET state = ?, note = ?, ended_at = ?, seq = ? WHERE id = ?", values)

    def remark(self, run_id: str, kind: str, body: Mapping[str, object]) -> None:
        """Keep what a person says of a run, whatever its state: :mod:`store.remarks` knows the kinds. Raises
        :class:`RunError` where there is no such run."""
        with self._writing(run_id, kind, body) as (run, seq):
            self._expect(run_id, *RunState)
            self._touched(run, run_id, seq)

    # ---------------------------------------------------------------------------------------------------- reading

    def run(self, run_id: str) -> Run:
        """Raises :class:`RunError` where there is none."""
        found = self._runs("WHERE run.id = ?", (run_id,))
        if not found:
            raise RunError(f"There is no run {run_id}")
        return found[0]

    def standing(self, run_id: str) -> tuple[RunState, int]:
        """The state of a run as it was last written, and the newest journal entry about it; the plan is not read, and
        whether its lease is held is not looked at. Raises :class:`RunError` where there is no such run."""
        rows = self._read("SELECT state, seq FROM run WHERE id = ?", (run_id,))
        if not rows:
            raise RunError(f"There is no run {run_id}")
        return RunState(rows[0][0]), rows[0][1]

    def step(self, run_id: str, step_id: str) -> StepRecord:
        """One step of a run. Raises :class:`RunError` where there is none."""
        rows = self._read(f"{STEP} WHERE run = ? AND id = ?", (run_id, step_id))
        if not rows:
            raise RunError(f"There is no step {step_id} of run {run_id}")
        return step_of(rows[0])

    def runs(self, after: int = 0, most: int = EVERY) -> tuple[Run, ...]:
        """The runs, newest first, that were touched behind the journal entry ``after``: at ``most`` so many of them."""
        return self._runs("WHERE run.seq > ? ORDER BY run.created_at DESC, run.id DESC LIMIT ?", (after, most))

    def alive(self) -> tuple[Run, ...]:
        """The runs, newest first, that have begun and not ended, however old."""
        marks = ", ".join("?" * len(_HELD))
        return self._runs(f"WHERE run.state IN ({marks}) ORDER BY run.created_at DESC, run.id DESC", _HELD)

    def runs_of(self, verb: str, most: int = EVERY) -> tuple[Run, ...]:
        """The runs of a verb, newest first."""
        begin = json.dumps({"verb": verb}, separators=(",", ":"))[:-1]  # a plan is kept with its verb in front
        where = "WHERE substr(run.plan, 1, ?) = ? ORDER BY run.created_at DESC, run.id DESC LIMIT ?"
        return self._runs(where, (len(begin), begin, most))

    def journal(self, run_id: str | None = None, after: int = 0, most: int = EVERY) -> tuple[Entry, ...]:
        """The entries behind ``after``, oldest first, at ``most`` so many; of one run, or of all."""
        sql = "SELECT seq, at, run, kind, body FROM journal WHERE seq > ?"
        rows = (
            self._read(f"{sql} ORDER BY seq LIMIT ?", (after, most))
            if run_id is None
            else self._read(f"{sql} AND run = ? ORDER BY seq LIMIT ?", (after, run_id, most))
        )
        return tuple(Entry(seq, moment(at), run, kind, body) for seq, at, run, kind, body in rows)

    def links(self, after: int, most: int) -> tuple[Link, ...]:
        """The entries behind ``after`` as they are chained, oldest first, at ``most`` so many."""
        sql = "SELECT seq, at, run, kind, body, hash FROM journal WHERE seq > ? ORDER BY seq LIMIT ?"
        rows = self._read(sql, (after, most))
        return tuple(Link(seq, at, run, kind, body, bytes(digest)) for seq, at, run, kind, body, digest in rows)

    def newest(self) -> int:
        """The number of the newest entry of the journal; 0: there is none."""
        rows = self._read("SELECT seq FROM journal_head WHERE id = 1", ())
        return int(rows[0][0]) if rows else 0

    def durations(self, kind: str, most: int = 1000) -> tuple[tuple[float, ...], ...]:
        """How long the newest steps of a kind took, in seconds, run by run: from their intent to their result at
        least, and the looks before it where that was written down."""
        sql = (
            "SELECT run, began_at, ended_at, took_s FROM step WHERE kind = ? AND state = ? AND ended_at IS NOT NULL "
            "AND (attempts = 1 OR (attempts = 0 AND took_s IS NOT NULL)) ORDER BY ended_at DESC LIMIT ?"
        )
        found: dict[str, list[float]] = {}
        for of, began, ended, took in self._read(sql, (kind, StepState.DONE, most)):
            seen = 0.0 if began is None else (moment(ended) - moment(began)).total_seconds()
            found.setdefault(of, []).append(max(seen, took or 0.0))
        return tuple(map(tuple, found.values()))

    def landed(self, transaction: str) -> bool:
        """Whether what a :class:`store.errors.StoreAwayError` left open is in the store after all."""
        with self._reading:
            try:
                return engine.landed(self._reader, transaction)
            except Exception as error:
                raise explain(error, self.path) from error

    # ------------------------------------------------------------------------------------------------- underneath

    def _runs(self, where: str, values: tuple[object, ...]) -> tuple[Run, ...]:
        now = stamp(self._clock())
        sql = (
            "SELECT run.id, plan, state, by, created_at, began_at, ended_at, note, seq, "
            "(SELECT holder FROM lease WHERE lease.run = run.id AND until > ? LIMIT 1), approval, incident FROM run "
        )
        found = []
        for run_id, plan, state, by, created, began, ended, note, seq, holder, approval, incident in self._read(
            sql + where, (now, *values)
        ):
            known = RunState(state)
            known = RunState.INTERRUPTED if known in _HELD and holder is None else known
            times = (moment(created), maybe_moment(began), maybe_moment(ended))
            planned = self._planned(run_id, plan)
            steps = self._steps(run_id, planned)
            asked = None if approval is None else from_text(Approval, approval)
            found.append(
                Run(run_id, planned, known, by, times[0], steps, *times[1:], note, seq, holder, asked, incident)
            )
        return tuple(found)

    def _planned(self, run_id: str, text: str) -> Plan:
        """The plan of a run, understood once: it never changes, and whoever watches a run asks over and over."""
        known = self._plans.get(run_id)
        if known is None:
            if len(self._plans) >= _PLANS_KEPT:
                self._plans.clear()
            known = self._plans[run_id] = from_text(Plan, text)
        return known

    def _steps(self, run_id: str, plan: Plan) -> tuple[StepRecord, ...]:
        rows = {row[0]: row for row in self._read(f"{STEP} WHERE run = ?", (run_id,))}
        return tuple(step_of(rows[step.id]) for step in plan.steps)

    def _read(self, sql: str, values: tuple[object, ...]) -> Sequence[Any]:
        with self._reading:
            try:
                return engine.read(self._reader, sql, values)
            except Exception as error:
                raise explain(error, self.path) from error

    def _expect(self, run_id: str, *states: RunState) -> None:
        row = self._connection.exec_driver_sql("SELECT state FROM run WHERE id = ?", (run_id,)).first()
        if row is None:
            raise RunError(f"There is no run {run_id}")
        if row[0] not in states:
            raise RunError(f"Run {run_id} is {row[0]}")

    def _free_epoch(self, run: _Run, target: str, run_id: str, holder: str, now: datetime) -> int:
        """The last epoch of a target that this run may act on."""
        row = run("SELECT epoch, holder, run, until FROM lease WHERE target = ?", (target,)).first()
        if row is None:
            return 0
        epoch, other_holder, other, until = row
        if moment(until) > now and other_holder != holder:
            ends = f"{moment(until):%H:%M:%S}"
            raise LeaseError(f"{target} is being acted on by run {other}, held by {other_holder} until {ends} UTC")
        if other != run_id:
            state = run("SELECT state FROM run WHERE id = ?", (other,)).scalar()
            if state not in ENDED:
                raise LeaseError(f"run {other} on {target} was interrupted: resume or abort it first")
        return int(epoch)

    def _check(self, run: _Run, lease: Lease) -> None:
        # Epochs only grow: where as many rows are this run's, with the same sum, each is the one that was taken. A run
        # over many groups holds as many targets, and each of its entries is checked.
        ours = run("SELECT count(*), sum(epoch) FROM lease WHERE run = ? AND holder = ?", (lease.run, lease.holder))
        if tuple(ours.one()) == (len(lease.targets), sum(lease.epochs) if lease.targets else None):
            return
        held: dict[str, tuple[int, str]] = {}
        for first in range(0, len(lease.targets), _AT_ONCE):
            some = lease.targets[first : first + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            rows = run(f"SELECT target, epoch, holder FROM lease WHERE target IN ({marks})", some)
            held.update((target, (epoch, holder)) for target, epoch, holder in rows)
        for target, epoch in zip(lease.targets, lease.epochs, strict=True):
            newest, holder = held.get(target, (None, "nobody"))
            if newest != epoch:
                who = holder if newest is None else f"{holder} (epoch {newest})"
                raise LeaseError(f"the lease on {target} (epoch {epoch}) is over: {who} holds it now")

    @staticmethod
    def _touched(run: _Run, run_id: str, seq: int) -> None:
        run("UPDATE run SET seq = ? WHERE id = ?", (seq, run_id))

    @contextmanager
    def _writing(
        self, run_id: str, kind: str, body: Mapping[str, object], lease: Lease | None = None
    ) -> Iterator[tuple[_Run, int]]:
        """One journal entry and the changes that go with it; under ``lease`` only while that is held."""
        with self._transaction() as (run, append):
            if lease is not None:
                self._check(run, lease)
            yield run, append(run_id, kind, body)

    @contextmanager
    def _transaction(self) -> Iterator[tuple[_Run, Callable[[str, str, Mapping[str, object]], int]]]:
        written: list[tuple[int, bytes]] = []

        def append(run_id: str, kind: str, body: Mapping[str, object]) -> int:
            written.append(self._append(run_id, kind, json.dumps(body, separators=(",", ":"))))
            return written[-1][0]

        with self._lock:
            try:
                with engine.transaction(self._connection):
                    yield self._connection.exec_driver_sql, append
            except (LeaseError, RunError, StoreError):
                raise
            except Exception as error:
                raise explain(error, self.path) from error
            if written:
                journal.note_head(self.path, *written[-1])

    def _append(self, run_id: str, kind: str, body: str) -> tuple[int, bytes]:
        return journal.append(self._connection.exec_driver_sql, stamp(self._clock()), run_id, kind, body)


_Run = Callable[..., Any]
_AT_ONCE = 500
"""Of so many values a statement may be made in every version of SQLite: https://www.sqlite.org/limits.html"""
_PLANS_KEPT = 200
