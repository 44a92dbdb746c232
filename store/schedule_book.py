"""Schedules in the file. The table is the truth: whoever inserts the row of a due time does it, and nobody else can.

Every method may be called from any thread. All raise :class:`store.errors.StoreError` where the file fails.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from store import engine, journal
from store.errors import StoreError, explain
from store.place import Place
from store.recorded import to_text as recorded
from store.schedule_rows import RUN, SCHEDULE, notes_text, run_of, schedule_of
from store.schedules import JobOptions, Result, Schedule, ScheduledSnapshot, ScheduleRun, Trigger
from store.times import from_text as moment
from store.times import to_text as stamp
from store.timetable import MINUTE, Timetable, due_until, next_run

if TYPE_CHECKING:
    from sqlalchemy import Connection

ADDED, CHANGED, REMOVED = "schedule added", "schedule changed", "schedule removed"
"""What the journal calls it."""

CLAIM_S = 30.0
"""How long a scheduler may be silent about what it does before it is taken for gone."""

LATE = MINUTE
"""What begins later than this is a catch-up."""

_ACTED = f"run IS NOT NULL AND result <> '{Result.REFUSED}'"
"""A run of the engine was begun, or was to be."""


class ScheduleError(Exception):
    """There is no such schedule, or it cannot be like that. The text says which."""


class ScheduleBook:
    """The schedules of one store. ``by`` is who acts, as others see it; ``clock`` gives the time in UTC."""

    def __init__(self, path: Place, by: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """The store at ``path``, made and upgraded as by :func:`store.database.open_store`."""
        self.path = path
        self.by = by
        self._lock = threading.Lock()
        self._connection: Connection = engine.open_place(path)
        engine.durable(self._connection)  # a claim that a power loss took back would be claimed again
        self._clock = engine.clock(self._connection, clock)
        self._told: list[tuple[int, bytes]] = []

    def close(self) -> None:
        """Never raises."""
        with self._lock, suppress(Exception):
            engine.close(self._connection)

    # ---------------------------------------------------------------------------------------------------- what there is

    def schedules(self) -> tuple[Schedule, ...]:
        """All that were not removed, by name."""
        return tuple(map(schedule_of, self._read(f"{SCHEDULE} ORDER BY name")))

    def named(self, name: str) -> Schedule:
        """Raises :class:`ScheduleError` where there is none of that name."""
        rows = self._read(f"{SCHEDULE} AND name = ?", (name,))
        if not rows:
            known = ", ".join(each.name for each in self.schedules()) or "none"
            raise ScheduleError(f"No schedule is called {name}. There are: {known}")
        return schedule_of(rows[0])

    def runs(self, schedule: int | None = None, most: int = 50) -> tuple[ScheduleRun, ...]:
        """The newest of one schedule by the time at which they were due, or of all, newest first."""
        if schedule is None:
            return tuple(map(run_of, self._read(f"{RUN} ORDER BY id DESC LIMIT ?", (most,))))
        return tuple(map(run_of, self._read(f"{RUN} WHERE schedule = ? ORDER BY due DESC LIMIT ?", (schedule, most))))

    def run(self, run_id: int) -> ScheduleRun:
        """Raises :class:`ScheduleError`."""
        rows = self._read(f"{RUN} WHERE id = ?", (run_id,))
        if not rows:
            raise ScheduleError(f"There is no run {run_id} of a schedule")
        return run_of(rows[0])

    # ------------------------------------------------------------------------------------------------------ changing it

    def add(self, name: str, kind: str, target: str, options: JobOptions, timetable: Timetable) -> Schedule:
        """A new schedule. Raises :class:`ScheduleError` where the name is taken."""
        now = self._clock()
        made = Schedule(0, name, kind, target, options, timetable.checked(), self.by, now)
        due = next_run(made.timetable, now)
        made = replace(made, next_run=due)
        with self._writing() as run:
            if run("SELECT 1 FROM schedule WHERE name = ? AND removed_at IS NULL", (name,)).first():
                raise ScheduleError(f"There is a schedule {name} already")
            row = (name, kind, target, recorded(options), recorded(timetable), self.by, stamp(now), stamp(due))
            run(
                "INSERT INTO schedule (name, kind, target, options, timetable, made_by, made_at, next_run, misfires) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
                row,
            )
            self._tell(run, ADDED, None, shown(made))
        return self.named(name)

    def add_defaults(self, wanted: Iterable[tuple[str, str, Timetable]]) -> None:
        """Add each (name, kind, timetable) of whose kind no schedule was ever made: what somebody removed stays so."""
        for name, kind, timetable in wanted:
            taken = self._read("SELECT 1 FROM schedule WHERE kind = ? OR name = ?", (kind, name))
            if not taken:
                with suppress(ScheduleError):  # another console was quicker
                    self.add(name, kind, "", JobOptions(), timetable)

    def edit(
        self, name: str, target: str, options: JobOptions, timetable: Timetable, called: str | None = None
    ) -> Schedule:
        """Another target, other options, another timetable, and another name where it is to be ``called`` so. Paused
        it stays paused. Raises :class:`ScheduleError`."""
        before = self.named(name)
        found = replace(before, target=target, options=options, timetable=timetable.checked())
        due = None if found.paused else stamp(next_run(found.timetable, self._clock()))
        called = called or name
        with self._writing() as run:
            taken = "SELECT 1 FROM schedule WHERE name = ? AND removed_at IS NULL AND id <> ?"
            if run(taken, (called, found.id)).first():
                raise ScheduleError(f"There is a schedule {called} already")
            values = (called, target, recorded(options), recorded(timetable), due, found.id)
            sql = "UPDATE schedule SET name = ?, target = ?, options = ?, timetable = ?, next_run = ? WHERE id = ?"
            run(sql, values)
            if (after := replace(found, name=called)) != before:
                self._tell(run, CHANGED, shown(before), shown(after))
        return self.named(called)

    def pause(self, name: str) -> Schedule:
        """What it does now goes on; nothing more begins by itself."""
        found = self.named(name)
        with self._writing() as run:
            run("UPDATE schedule SET next_run = NULL WHERE id = ?", (found.id,))
            if not found.paused:
                self._tell(run, CHANGED, shown(found), shown(replace(found, next_run=None)))
        return self.named(name)

    def resume(self, name: str) -> Schedule:
        """Due again from now on: what lay in the pause was not missed."""
        found = self.named(name)
        if found.paused:
            due = next_run(found.timetable, self._clock())
            with self._writing() as run:
                run("UPDATE schedule SET next_run = ? WHERE id = ?", (stamp(due), found.id))
                self._tell(run, CHANGED, shown(found), shown(replace(found, next_run=due)))
        return self.named(name)

    def remove(self, name: str) -> None:
        """Its history and the snapshots that it made stay."""
        found = self.named(name)
        with self._writing() as run:
            values = (stamp(self._clock()), found.id)
            run("UPDATE schedule SET next_run = NULL, removed_at = ? WHERE id = ?", values)
            self._tell(run, REMOVED, shown(found), None)

    # --------------------------------------------------------------------------------------------------------- claiming

    def claim(self, schedule: Schedule) -> tuple[ScheduleRun, ...]:
        """Take what is due of a schedule, if anything is and nobody else took it. The next run is stored with it,
        before anything begins.

        Of several times that were missed the last one is made up for, and the others are one *missed* row. Nothing is
        begun while an earlier run of the schedule goes on: that is a *refused* row. Returns the rows made; the one that
        is *running*, if any, is for the caller to do and to :meth:`end`.
        """
        now, made = self._clock(), list[int]()
        with self._writing() as run:
            row = run(f"{SCHEDULE} AND id = ?", (schedule.id,)).first()
            found = None if row is None else schedule_of(row)
            if found is None or found.next_run is None or found.next_run > now:
                return ()
            *missed, due = due_until(found.timetable, found.next_run, now)
            values = (stamp(next_run(found.timetable, now)), found.id)
            run("UPDATE schedule SET next_run = ? WHERE id = ?", values)
            if missed:
                notes = (f"{len(missed)} not done: no scheduler ran",)
                last = missed[-1] if len(missed) > 1 else None
                put = self._put(run, found, missed[0], Trigger.DUE, Result.MISSED, notes, len(missed), last)
                made += put
                if put:
                    _misfired(run, found.id, len(missed))
            made += self._begin(run, found, due, Trigger.CATCH_UP if now - due > LATE or missed else Trigger.DUE)
        return tuple(map(self.run, made))

    def begin_now(self, schedule: Schedule) -> ScheduleRun:
        """Take a run beside the timetable, by hand: *refused* while an earlier run of the schedule goes on."""
        with self._writing() as run:
            due, made = self._clock(), list[int]()
            while not made:
                made = self._begin(run, schedule, due, Trigger.BY_HAND)
                due += timedelta(microseconds=1)
        return self.run(made[0])

    def follow_up(self, schedule: Schedule) -> ScheduleRun | None:
        """Take what an earlier run left to be done later; None: the schedule has a run that goes on."""
        with self._writing() as run:
            if self._going(run, schedule) is not None:
                return None
            due, made = self._clock(), list[int]()
            while not made:
                made = self._put(run, schedule, due, Trigger.FOLLOW_UP, Result.RUNNING)
                due += timedelta(microseconds=1)
        return self.run(made[0])

    def go_on(self, schedule: Schedule, left: ScheduleRun) -> ScheduleRun | None:
        """Take what :meth:`left` gave; None: somebody else did, or the schedule has another run that goes on."""
        with self._writing() as run:
            newest = run(f"SELECT max(id) FROM schedule_run WHERE {_ACTED} AND schedule = ?", (schedule.id,)).scalar()
            if newest != left.id or self._going(run, schedule) is not None:
                return None
            due, made = self._clock(), list[int]()
            while not made:
                made = self._put(run, schedule, due, Trigger.RESUMED, Result.RUNNING, engine_run=left.run)
                due += timedelta(microseconds=1)
        return self.run(made[0])

    def _begin(self, run: _Run, schedule: Schedule, due: datetime, trigger: Trigger) -> list[int]:
        going = self._going(run, schedule)
        if going is not None:
            notes = (f"the run of {going:%Y-%m-%d %H:%M} UTC goes on",)
            put = self._put(run, schedule, due, trigger, Result.REFUSED, notes)
            if put:
                _misfired(run, schedule.id, 1)
            return put
        return self._put(run, schedule, due, trigger, Result.RUNNING)

    def _going(self, run: _Run, schedule: Schedule) -> datetime | None:
        """The due time of the run of a schedule that somebody does now; None: nobody. One whose doer is silent for too
        long is none: :meth:`find_dead` says so of it."""
        sql = "SELECT due FROM schedule_run WHERE schedule = ? AND result = ? AND until > ?"
        found = run(sql, (schedule.id, Result.RUNNING, stamp(self._clock()))).first()
        return None if found is None else moment(found[0])

    def _put(
        self,
        run: _Run,
        schedule: Schedule,
        due: datetime,
        trigger: Trigger,
        result: Result,
        notes: tuple[str, ...] = (),
        count: int = 1,
        last_due: datetime | None = None,
        engine_run: str | None = None,
    ) -> list[int]:
        """The id of the new row; none where the time was taken before, as after a clock that was set back."""
        now = self._clock()
        running = result is Result.RUNNING
        until = stamp(now + timedelta(seconds=CLAIM_S)) if running else None
        ended, last = None if running else stamp(now), None if last_due is None else stamp(last_due)
        found = run(
            'INSERT INTO schedule_run (schedule, due, "trigger", result, by, began_at, until, ended_at, run, notes, '
            "count, last_due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (schedule, due) DO NOTHING "
            "RETURNING id",
            (schedule.id, stamp(due), trigger, result, self.by, stamp(now), until, ended, engine_run,
             notes_text(notes), count, last),
        ).fetchall()  # fmt: skip
        return [int(row[0]) for row in found]

    # ------------------------------------------------------------------------------------------------- while it is done

    def keep(self, runs: Iterable[int]) -> None:
        """Say that these are still being done."""
        until = stamp(self._clock() + timedelta(seconds=CLAIM_S))
        with self._writing() as run:
            for run_id in runs:
                values = (until, run_id, Result.RUNNING, self.by)
                run("UPDATE schedule_run SET until = ? WHERE id = ? AND result = ? AND by = ?", values)

    def doing(self, run_id: int, engine_run: str) -> None:
        """What is done is this run of the engine: stored before that one begins."""
        with self._writing() as run:
            run("UPDATE schedule_run SET run = ? WHERE id = ?", (engine_run, run_id))

    def end(self, run_id: int, result: Result, notes: Sequence[str] = ()) -> ScheduleRun:
        """Write down what became of a run that goes on; one that was given up meanwhile stays so."""
        with self._writing() as run:
            run(
                "UPDATE schedule_run SET result = ?, ended_at = ?, until = NULL, notes = ? WHERE id = ? AND result = ?",
                (result, stamp(self._clock()), notes_text(notes), run_id, Result.RUNNING),
            )
        return self.run(run_id)

    def known(self, run_id: int, result: Result, notes: Sequence[str]) -> ScheduleRun:
        """Write down what became of a run whose end was not known."""
        with self._writing() as run:
            sql = "UPDATE schedule_run SET result = ?, notes = ? WHERE id = ? AND result = ?"
            run(sql, (result, notes_text(notes), run_id, Result.UNKNOWN))
        return self.run(run_id)

    def find_dead(self) -> tuple[ScheduleRun, ...]:
        """The runs whose scheduler has been silent for too long: they are *interrupted* from now on."""
        now = self._clock()
        with self._writing() as run:
            sql = "SELECT id, by FROM schedule_run WHERE result = ? AND until <= ?"
            rows = run(sql, (Result.RUNNING, stamp(now))).fetchall()
            for run_id, by in rows:
                values = (Result.INTERRUPTED, stamp(now), notes_text((f"its scheduler is gone: {by}",)), run_id)
                run("UPDATE schedule_run SET result = ?, ended_at = ?, until = NULL, notes = ? WHERE id = ?", values)
        return tuple(self.run(int(run_id)) for run_id, _ in rows)

    def left(self) -> tuple[ScheduleRun, ...]:
        """Of each schedule the newest run, where that was interrupted, or is not known, with a run of the engine."""
        return tuple(
            map(
                run_of,
                self._read(
                    f"{RUN} WHERE id IN (SELECT max(id) FROM schedule_run WHERE {_ACTED} GROUP BY schedule) "
                    "AND result IN (?, ?) ORDER BY id",
                    (Result.INTERRUPTED, Result.UNKNOWN),
                ),
            )
        )

    def forget(self, before: datetime, least: int) -> int:
        """Delete the rows of runs that ended before, but for the newest ``least`` of each schedule and those with a run
        of the engine. Returns how many."""
        with self._writing() as run:
            found = run(
                "DELETE FROM schedule_run WHERE ended_at < ? AND run IS NULL AND id NOT IN (SELECT id FROM (SELECT id, "
                "row_number() OVER (PARTITION BY schedule ORDER BY id DESC) AS place FROM schedule_run) "
                "WHERE place <= ?)",
                (stamp(before), least),
            )
            return int(found.rowcount)

    # -------------------------------------------------------------------------------------------------------- snapshots

    def snapshots(self, schedule: int, vm: str) -> tuple[ScheduledSnapshot, ...]:
        """The completed snapshots that a schedule made of a machine and that are still there, oldest first."""
        rows = self._read(
            "SELECT schedule, vm, snapshot, name, taken_at, run FROM schedule_snapshot WHERE schedule = ? AND vm = ? "
            "ORDER BY taken_at, snapshot",
            (schedule, vm),
        )
        return tuple(
            ScheduledSnapshot(owner, of, snapshot, name, moment(taken), run)
            for owner, of, snapshot, name, taken, run in rows
        )

    def made(self, snapshot: ScheduledSnapshot) -> None:
        """A snapshot is complete, as the device says."""
        taken = stamp(snapshot.taken_at)
        values = (snapshot.schedule, snapshot.vm, snapshot.snapshot, snapshot.name, taken, snapshot.run)
        with self._writing() as run:
            run("INSERT INTO schedule_snapshot VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", values)

    def gone(self, schedule: int, vm: str, snapshot: str) -> None:
        """A snapshot is not there any more, as the device says."""
        with self._writing() as run:
            sql = "DELETE FROM schedule_snapshot WHERE schedule = ? AND vm = ? AND snapshot = ?"
            run(sql, (schedule, vm, snapshot))

    # ------------------------------------------------------------------------------------------------------- underneath

    def _read(self, sql: str, values: tuple[object, ...] = ()) -> Sequence[Any]:
        with self._lock:
            try:
                return engine.read(self._connection, sql, values)
            except Exception as error:
                raise explain(error, self.path) from error

    @contextmanager
    def _writing(self) -> Iterator[_Run]:
        with self._lock:
            self._told.clear()
            try:
                with engine.transaction(self._connection):
                    yield self._connection.exec_driver_sql
            except (ScheduleError, StoreError):
                raise
            except Exception as error:
                raise explain(error, self.path) from error
            if self._told:
                journal.note_head(self.path, *self._told[-1])

    def _tell(self, run: _Run, kind: str, before: object, after: object) -> None:
        """Have the journal say, in the transaction, who changed a schedule and how."""
        body = json.dumps({"by": self.by, "before": before, "after": after}, separators=(",", ":"))
        self._told.append(journal.append(run, stamp(self._clock()), "", kind, body))


def shown(schedule: Schedule) -> dict[str, object]:
    """A schedule as the journal keeps it."""
    return {
        "name": schedule.name,
        "kind": schedule.kind,
        "target": schedule.target,
        "paused": schedule.paused,
        "timetable": json.loads(recorded(schedule.timetable)),
        "options": json.loads(recorded(schedule.options)),
    }


_Run = Callable[..., Any]


def _misfired(run: _Run, schedule: int, count: int) -> None:
    run("UPDATE schedule SET misfires = misfires + ? WHERE id = ?", (count, schedule))
