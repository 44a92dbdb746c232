"""Automatic failover in the file: who watches, how each group stands, and what was decided. A change that matters is
one transaction with its journal entry, on the disk before the call returns.

What the watcher writes is refused once another one has the claim. What decides whether a failover begins is looked at
once more in the transaction that begins it. Every method may be called from any thread; all raise
:class:`store.errors.StoreError` where the file fails.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from store import auto_rows as rows
from store import engine, journal
from store.auto_records import (
    Answer,
    Arming,
    AutoState,
    Claim,
    Condition,
    EventState,
    FailoverEvent,
    Part,
    Says,
    ShadowDecision,
    Standing,
    Window,
)
from store.errors import StoreError, explain
from store.place import Place
from store.recorded import from_text, to_text
from store.times import from_text as moment
from store.times import to_text as stamp

if TYPE_CHECKING:
    from sqlalchemy import Connection

CLAIM_S = 150.0
"""How long the claim of a watcher lasts without being renewed: two of its rounds, and some time."""

ANSWERS_KEPT_D = 30


_VETOED = frozenset({AutoState.ARMED, AutoState.SUSPECT, AutoState.CONFIRMED})
"""In these something may come of an outage."""


class ClaimError(Exception):
    """Somebody else watches the groups of this store. The text says who."""


class HeldError(Exception):
    """What was asked for must not be done now. The text says why."""


class AutoStore:
    """The automatic failover of one store. ``clock`` gives the time in UTC."""

    def __init__(self, path: Place, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """The store at ``path``, made and upgraded as by :func:`store.database.open_store`."""
        self.path = path
        self._lock = threading.RLock()
        self._connection: Connection = engine.open_place(path)
        engine.durable(self._connection)  # as with runs, what was decided must survive a power loss
        self._clock = engine.clock(self._connection, clock)

    def close(self) -> None:
        """Never raises."""
        with self._lock, suppress(Exception):
            engine.close(self._connection)

    # -------------------------------------------------------------------------------------------------- who watches

    def claim(self, holder: str) -> Claim:
        """Be the one who watches, first or still, for another :data:`CLAIM_S`. Raises :class:`ClaimError`."""
        now = self._clock()
        with self._transaction() as (run, _):
            row = run("SELECT holder, epoch, until FROM auto_claim WHERE name = 'watch'").first()
            other, epoch, until = (None, 0, now) if row is None else (row[0], row[1], moment(row[2]))
            if other != holder and until > now:
                raise ClaimError(f"the groups are watched by {other} until {until:%H:%M:%S} UTC, unless it goes on")
            found = Claim(holder, epoch + (other != holder), now + timedelta(seconds=CLAIM_S))
            run(
                "INSERT INTO auto_claim (name, holder, epoch, until) VALUES ('watch', ?, ?, ?) ON CONFLICT (name) "
                "DO UPDATE SET holder = excluded.holder, epoch = excluded.epoch, until = excluded.until",
                (found.holder, found.epoch, stamp(found.until)),
            )
        return found

    def unclaim(self, claim: Claim) -> None:
        """Let another one watch at once."""
        with self._transaction() as (run, _):
            values = (stamp(self._clock()), claim.holder, claim.epoch)
            run("UPDATE auto_claim SET until = ? WHERE name = 'watch' AND holder = ? AND epoch = ?", values)

    def watcher(self) -> Claim | None:
        """Who watches now."""
        seen = self._read("SELECT holder, epoch, until FROM auto_claim WHERE until > ?", (stamp(self._clock()),))
        return Claim(seen[0][0], seen[0][1], moment(seen[0][2])) if seen else None

    # --------------------------------------------------------------------------------------------- what was decided

    def standing(self, group: str) -> Standing | None:
        seen = self._read("SELECT standing FROM auto_group WHERE name = ?", (group,))
        return from_text(Standing, seen[0][0]) if seen else None

    def save(
        self,
        claim: Claim,
        standing: Standing,
        answers: Sequence[Answer] = (),
        event: FailoverEvent | None = None,
        shadow: ShadowDecision | None = None,
        conditions: Sequence[Condition] = (),
    ) -> None:
        """Keep one round about a group. Where its state changed, the journal gets it with its ``conditions``. Raises
        :class:`ClaimError` for a watcher that is none any more, and changes nothing that is latched."""
        with self._transaction() as (run, append):
            self._check(run, claim)
            before = rows.state_of(run, standing.group)
            if before is AutoState.FIRING and standing.state is not AutoState.FIRING:
                raise HeldError(f"{standing.group} is being failed over: only that run may say what came of it")
            self._keep(run, standing.group, answers)
            rows.put(run, standing)
            if event is not None:
                rows.put_event(run, event)
            if shadow is not None:
                rows.put_shadow(run, shadow)
            if before is not standing.state:
                append("auto state", {"group": standing.group, "from": before, "to": standing.state,
                                      "why": standing.note, "conditions": rows.shown(conditions)})  # fmt: skip

    def begin(
        self,
        claim: Claim,
        standing: Standing,
        event: FailoverEvent,
        conditions: Sequence[Condition],
        targets: tuple[str, ...],
        brake: tuple[int, float],
        answers: Sequence[Answer] = (),
        sites: tuple[str, ...] = (),
    ) -> None:
        """Write down that the failover of a confirmed group begins, before anything is done. ``brake``: so many in so
        many seconds; ``sites`` are those besides that of the outage whose maintenance holds it. Ends the arming. Raises
        :class:`HeldError` where it must not begin, :class:`ClaimError`."""
        now = self._clock()
        with self._transaction() as (run, append):
            self._check(run, claim)
            self._may_begin(run, event, (sites, targets), brake, now)
            self._keep(run, standing.group, answers)
            firing = replace(standing, state=AutoState.FIRING)
            rows.put(run, firing)
            rows.put_event(run, replace(event, state=EventState.FIRING, fired_at=now))
            rows.end_arming(run, standing.group, now, "drdeck", f"fired: {event.id}")
            append("auto firing", {"group": standing.group, "event": event.id, "epoch": claim.epoch,
                                   "conditions": rows.shown(conditions)})  # fmt: skip

    def finish(self, event: FailoverEvent, note: str) -> None:
        """Say what came of a failover that was begun; its group stays latched. Needs no claim: the watch may have gone
        on elsewhere meanwhile."""
        with self._transaction() as (run, append):
            row = run("SELECT standing FROM auto_group WHERE name = ?", (event.group,)).first()
            standing = Standing(event.group) if row is None else from_text(Standing, row[0])
            if standing.state is AutoState.FIRING:
                rows.put(run, replace(standing, state=AutoState.FIRED, note=note))
            rows.put_event(run, event)
            append("auto fired", {"group": event.group, "event": event.id, "state": event.state, "result": note})

    @staticmethod
    def _keep(run: rows.Execute, group: str, answers: Sequence[Answer]) -> None:
        for one in answers:
            values = (group, one.part, one.says, one.evidence, stamp(one.at))
            run('INSERT INTO auto_answer ("group", part, says, evidence, at) VALUES (?, ?, ?, ?, ?)', values)

    def _may_begin(
        self,
        run: rows.Execute,
        event: FailoverEvent,
        about: tuple[tuple[str, ...], tuple[str, ...]],
        brake: tuple[int, float],
        now: datetime,
    ) -> None:
        sites, targets = (event.site, *about[0]), about[1]
        state = rows.state_of(run, event.group)
        if state is not AutoState.CONFIRMED:
            raise HeldError(f"{event.group} is {state or 'not watched'}, not confirmed")
        kept = rows.kept_event(run, event.id)
        if kept is not None and (kept.vetoed_by is not None or kept.fired_at is not None):
            raise HeldError(f"{kept.vetoed_by} vetoed it" if kept.vetoed_by else "this outage was acted on already")
        arming = rows.arming_of(run, event.group)
        if arming is None or not arming.valid(now):
            raise HeldError(f"{event.group} is not armed any more")
        windows = [w for w in rows.windows_of(run, now) if w.open(now) and w.touches(sites, targets)]
        if windows:
            raise HeldError(f"maintenance window {windows[0].id} is open: {windows[0].reason}")
        if (count := rows.fired_since(run, now - timedelta(seconds=brake[1]))) >= brake[0]:
            raise HeldError(f"{count} groups failed over by themselves lately: that is the most; now a person decides")
        if (other := rows.acted_on(run, targets, now)) is not None:
            raise HeldError(other)

    # -------------------------------------------------------------------------------------------------- the history

    def events(self, group: str | None = None, most: int = 100) -> tuple[FailoverEvent, ...]:
        """The newest first."""
        where, values = ("", ()) if group is None else ('WHERE "group" = ?', (group,))
        sql = f"SELECT facts FROM failover_event {where} ORDER BY first_down DESC, id DESC LIMIT ?"
        return tuple(from_text(FailoverEvent, row[0]) for row in self._read(sql, (*values, most)))

    def event(self, event_id: str) -> FailoverEvent | None:
        seen = self._read("SELECT facts FROM failover_event WHERE id = ?", (event_id,))
        return from_text(FailoverEvent, seen[0][0]) if seen else None

    def record(self, event: FailoverEvent) -> None:
        """Keep a failover or a test that people began, or what became of it."""
        with self._transaction() as (run, _):
            rows.put_event(run, event)

    def veto(self, group: str, by: str) -> FailoverEvent:
        """Nothing is done about the outage that is under way. Raises :class:`HeldError` where there is none to veto."""
        now = self._clock()
        with self._transaction() as (run, append):
            row = run("SELECT standing FROM auto_group WHERE name = ?", (group,)).first()
            standing = None if row is None else from_text(Standing, row[0])
            if standing is None or standing.event is None or standing.state not in _VETOED:
                state = "not watched" if standing is None else standing.state
                raise HeldError(f"{group} is {state}: there is nothing to veto")
            kept = rows.kept_event(run, standing.event)
            if kept is None:
                raise HeldError(f"the outage of {group} is not kept yet: say it again in a minute")
            vetoed = replace(kept, vetoed_by=by, vetoed_at=now)
            rows.put_event(run, vetoed)
            append("auto veto", {"group": group, "event": kept.id, "by": by})
        return vetoed

    def fired_since(self, since: datetime) -> int:
        """How many groups began to fail over by themselves since then."""
        with self._lock:
            return rows.fired_since(self._run, since)

    def acted_on(self, targets: tuple[str, ...]) -> str | None:
        """Which run acts on one of the targets now, in words."""
        with self._lock:
            return rows.acted_on(self._run, targets, self._clock())

    def shadows(self, group: str | None = None, most: int = 100) -> tuple[ShadowDecision, ...]:
        """The newest first."""
        where, values = ("", ()) if group is None else ('WHERE "group" = ?', (group,))
        seen = self._read(f"SELECT facts FROM auto_shadow {where}", values)
        found = [from_text(ShadowDecision, row[0]) for row in seen]
        return tuple(sorted(found, key=lambda one: (one.first_down, one.id), reverse=True)[:most])

    def judge(self, decision: ShadowDecision, by: str) -> None:
        """Keep what somebody thinks of a shadow decision: ``decision`` with its judgement."""
        with self._transaction() as (run, append):
            rows.put_shadow(run, replace(decision, judged_by=by, judged_at=self._clock()))
            append("auto judged", {"decision": decision.id, "judgement": decision.judgement, "by": by,
                                   "note": decision.note})  # fmt: skip

    def answers(self, group: str, since: datetime) -> tuple[Answer, ...]:
        """What the witnesses of a group answered since then, oldest first."""
        sql = 'SELECT part, says, evidence, at FROM auto_answer WHERE "group" = ? AND at >= ? ORDER BY at, id'
        seen = self._read(sql, (group, stamp(since)))
        return tuple(Answer(Part(p), Says(s), evidence, moment(at)) for p, s, evidence, at in seen)

    def prune(self) -> None:
        """Forget the answers of long ago."""
        with self._transaction() as (run, _):
            run("DELETE FROM auto_answer WHERE at < ?", (stamp(self._clock() - timedelta(days=ANSWERS_KEPT_D)),))

    # ---------------------------------------------------------------------------------------------------- who armed

    def arming(self, group: str) -> Arming | None:
        """The newest, ended or not."""
        with self._lock:
            return rows.arming_of(self._run, group)

    def ask_arming(self, group: str, bound_s: float, by: str) -> Arming:
        """One person wants to arm a group; another one has to approve. Ends what was asked before."""
        now = self._clock()
        with self._transaction() as (run, append):
            rows.end_arming(run, group, now, by, "asked anew")
            made = Arming(0, group, bound_s, by, now)
            sql = 'INSERT INTO auto_arming ("group", facts) VALUES (?, ?) RETURNING id'
            number = int(run(sql, (group, to_text(made))).scalar())
            made = replace(made, id=number)
            run("UPDATE auto_arming SET facts = ? WHERE id = ?", (to_text(made), number))
            append("auto arming asked", {"group": group, "bound_s": bound_s, "by": by})
        return made

    def approve_arming(self, arming: Arming, by: str, until: datetime) -> Arming:
        """The second person agrees. Raises :class:`HeldError` where it was approved, ended or replaced meanwhile."""
        now = self._clock()
        with self._transaction() as (run, append):
            kept = rows.arming_of(run, arming.group)
            if kept != arming or kept.ended_at is not None or kept.approved_at is not None:
                raise HeldError(f"what was asked for {arming.group} has changed meanwhile: look again")
            approved = replace(kept, approved_by=by, approved_at=now, until=until)
            run("UPDATE auto_arming SET facts = ? WHERE id = ?", (to_text(approved), approved.id))
            append("auto armed", {"group": arming.group, "bound_s": arming.bound_s, "by": [arming.asked_by, by],
                                  "until": stamp(until)})  # fmt: skip
        return approved

    def disarm(self, group: str, by: str, why: str) -> bool:
        """Whether there was something to disarm."""
        with self._transaction() as (run, append):
            ended = rows.end_arming(run, group, self._clock(), by, why)
            if ended:
                append("auto disarmed", {"group": group, "by": by, "why": why})
        return ended

    # ------------------------------------------------------------------------------------------------------ windows

    def windows(self, ended: bool = False) -> tuple[Window, ...]:
        """Maintenance windows that are not over, or all, by their begin."""
        now = self._clock()
        with self._lock:
            found = rows.windows_of(self._run, None if ended else now)
        return tuple(sorted(found, key=lambda window: (window.begins, window.id)))

    def add_window(self, window: Window) -> Window:
        """Keep a window under a number of its own. Raises :class:`HeldError` for one that ends before it begins."""
        if window.ends <= max(window.begins, self._clock()):
            raise HeldError("a maintenance window ends after it began, and not in the past")
        with self._transaction() as (run, append):
            values = (window.site, stamp(window.ends), to_text(window))
            sql = "INSERT INTO maintenance_window (site, ends, facts) VALUES (?, ?, ?) RETURNING id"
            number = int(run(sql, values).scalar())
            made = replace(window, id=number)
            run("UPDATE maintenance_window SET facts = ? WHERE id = ?", (to_text(made), number))
            append("maintenance", {"window": number, "site": made.site, "target": made.target, "by": made.by,
                                   "begins": stamp(made.begins), "ends": stamp(made.ends),
                                   "reason": made.reason})  # fmt: skip
        return made

    def end_window(self, number: int, by: str) -> Window:
        """End a window before its time. Raises :class:`HeldError` where it is over or not there."""
        now = self._clock()
        with self._transaction() as (run, append):
            row = run("SELECT facts FROM maintenance_window WHERE id = ?", (number,)).first()
            window = None if row is None else from_text(Window, row[0])
            if window is None or window.ended_at is not None or window.ends <= now:
                raise HeldError(f"maintenance window {number} is {'not there' if window is None else 'over'}")
            ended = replace(window, ended_at=now, ended_by=by)
            run("UPDATE maintenance_window SET ends = ?, facts = ? WHERE id = ?", (stamp(now), to_text(ended), number))
            append("maintenance ended", {"window": number, "by": by})
        return ended

    # ---------------------------------------------------------------------------------------------------- underneath

    def _check(self, run: rows.Execute, claim: Claim) -> None:
        row = run("SELECT holder, epoch, until FROM auto_claim WHERE name = 'watch'").first()
        if row is None or (row[0], row[1]) != (claim.holder, claim.epoch) or moment(row[2]) <= self._clock():
            raise ClaimError(f"the claim of {claim.holder} (epoch {claim.epoch}) is over")

    def _read(self, sql: str, values: tuple[object, ...] = ()) -> Sequence[Any]:
        with self._lock:
            return list(self._run(sql, values).fetchall())

    def _run(self, sql: str, values: tuple[object, ...] = ()) -> Any:
        """What a statement that changes nothing gives, outside of a transaction."""
        try:
            return engine.run(self._connection, sql, values)
        except Exception as error:
            raise explain(error, self.path) from error

    @contextmanager
    def _transaction(self) -> Iterator[tuple[rows.Execute, Callable[[str, dict[str, object]], None]]]:
        written: list[tuple[int, bytes]] = []
        run = self._connection.exec_driver_sql

        def append(kind: str, body: dict[str, object]) -> None:
            text = json.dumps(body, separators=(",", ":"))
            written.append(journal.append(run, stamp(self._clock()), "", kind, text))

        with self._lock:
            try:
                with engine.transaction(self._connection):
                    yield run, append
            except (ClaimError, HeldError, StoreError):
                raise
            except Exception as error:
                raise explain(error, self.path) from error
            if written:
                journal.note_head(self.path, *written[-1])
