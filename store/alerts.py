"""Alerts in the file: what is wrong, who has it, who was told, and the rules and silences of people. What a person
changes is one transaction with its journal entry.

Who folds the facts of a source holds its claim: what is written without it is refused. Every method may be called from
any thread; all raise :class:`store.errors.StoreError` where the file fails.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from sqlalchemy import bindparam, delete, func, insert, select, update

from store import engine, journal
from store.alert_records import Ack, Alert, AlertState, Episode, Rule, Silence
from store.alert_view import SOURCES
from store.auto_records import Claim
from store.errors import StoreError, explain
from store.place import Place
from store.record import Record
from store.recorded import from_text, to_text
from store.room_tables import ALERT, ALERT_EPISODE, ALERT_RULE, ALERT_SILENCE
from store.tables import CLAIM
from store.times import to_text as stamp
from store.turns import paced

if TYPE_CHECKING:
    from sqlalchemy import Connection

CLAIM_S = 30.0
"""How long the claim on a source lasts without being renewed."""

KEEP = timedelta(days=30)
"""How long alerts are kept that are resolved."""

FEW = 500
"""So many alerts are written, or asked for, by one statement."""

NAMED = 50
"""So many alerts are named in one entry of the journal; the others are counted."""

_Append = Callable[[str, Mapping[str, object]], None]


class AlertError(Exception):
    """What was asked for cannot be done. The text says why."""


class NotMineError(Exception):
    """Another program looks at these facts now."""


class Kept(Record, frozen=True):
    """An alert with who has it."""

    alert: Alert
    ack: Ack | None


class AlertStore:
    """The alerts of one store. ``clock`` gives the time in UTC."""

    def __init__(self, path: Place, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """The store at ``path``, made and upgraded as by :func:`store.database.open_store`."""
        self.path = path
        self._lock = threading.RLock()
        self._connection: Connection = engine.open_place(path)
        engine.durable(self._connection)  # what people said must survive a power loss, as with runs
        self._clock = engine.clock(self._connection, clock)

    def close(self) -> None:
        """Never raises."""
        with self._lock, suppress(Exception):
            engine.close(self._connection)

    # --------------------------------------------------------------------------------------------- whoever looks

    def claim(self, source: str, holder: str) -> Claim | None:
        """Be the one who looks at the facts of a source, first or still; None: another one does."""
        name, now = f"alerts {source}", self._clock()
        with self._transaction() as (run, _):
            row = run(select(CLAIM).where(CLAIM.c.name == name)).mappings().first()
            if row is not None and row["holder"] != holder and row["until"] > now:
                return None
            epoch = 1 if row is None else row["epoch"] + (row["holder"] != holder)
            found = Claim(holder, epoch, now + timedelta(seconds=CLAIM_S))
            values = {"holder": found.holder, "epoch": found.epoch, "until": found.until}
            if row is None:
                run(insert(CLAIM).values(name=name, **values))
            else:
                run(update(CLAIM).where(CLAIM.c.name == name).values(**values))
        return found

    def unclaim(self, source: str, claim: Claim) -> None:
        """Let another one look at once."""
        mine = (CLAIM.c.name == f"alerts {source}") & (CLAIM.c.holder == claim.holder)
        with self._transaction() as (run, _):
            run(update(CLAIM).where(mine).values(until=self._clock()))

    def watcher(self, source: str) -> str | None:
        """Who looks now."""
        wanted = (CLAIM.c.name == f"alerts {source}") & (CLAIM.c.until > self._clock())
        found = self._read(select(CLAIM.c.holder).where(wanted))
        return found[0][0] if found else None

    def watchers(self) -> tuple[tuple[str, str | None], ...]:
        """Who looks at each of :data:`store.alert_view.SOURCES` now; None: nobody."""
        return tuple((source, self.watcher(source)) for source in SOURCES)

    def save(self, source: str, claim: Claim, alerts: Sequence[Alert]) -> int:
        """Keep what the facts of a source came to; the revision that this is. Raises :class:`NotMineError` once another
        one looks."""
        with self._transaction() as (run, _):
            self._check(run, source, claim)
            revision = self._next_revision(run)
            for first in paced(range(0, len(alerts), FEW)):
                self._put(run, alerts[first : first + FEW], revision)
        return revision

    @staticmethod
    def _put(run: _Run, alerts: Sequence[Alert], revision: int) -> None:
        keys = [alert.key for alert in alerts]
        known = {row[0] for row in run(select(ALERT.c.key).where(ALERT.c.key.in_(keys)))}
        rows = [
            {
                "the_key": alert.key,
                "source": alert.source,
                "state": alert.state.value,
                "last_seen": alert.last_seen,
                "facts": to_text(alert),
                "revision": revision,
            }
            for alert in alerts
        ]
        columns: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "the_key"}
        if old := [row for row in rows if row["the_key"] in known]:
            run(update(ALERT).where(ALERT.c.key == bindparam("the_key")).values(**columns), old)
        if new := [row for row in rows if row["the_key"] not in known]:
            run(insert(ALERT).values(key=bindparam("the_key"), **columns), new)

    def save_episodes(self, source: str, claim: Claim, episodes: Iterable[Episode], over: Iterable[str]) -> None:
        """Keep how far the escalation of groups has come, and forget those that are ``over``. Raises as
        :meth:`save`."""
        with self._transaction() as (run, _):
            self._check(run, source, claim)
            for name in over:
                run(delete(ALERT_EPISODE).where(ALERT_EPISODE.c.name == name))
            for each in episodes:
                run(delete(ALERT_EPISODE).where(ALERT_EPISODE.c.name == each.group))
                run(insert(ALERT_EPISODE).values(name=each.group, facts=to_text(each)))

    def prune(self) -> None:
        """Forget what was resolved long ago."""
        old = (ALERT.c.state == AlertState.RESOLVED.value) & (ALERT.c.last_seen < self._clock() - KEEP)
        if self._read(select(ALERT.c.key).where(old).limit(1)):
            with self._transaction() as (run, _):
                run(delete(ALERT).where(old))

    # ---------------------------------------------------------------------------------------------------- looking

    @property
    def revision(self) -> int:
        """Another one whenever an alert changed."""
        return int(self._read(select(func.coalesce(func.max(ALERT.c.revision), 0)))[0][0])

    def alerts(self, after: int = 0, *, resolved: bool = True) -> tuple[Kept, ...]:
        """Those that changed since the revision ``after``; without the ``resolved`` ones where that is said."""
        wanted = select(ALERT.c.facts, ALERT.c.ack).where(ALERT.c.revision > after)
        if not resolved:
            wanted = wanted.where(ALERT.c.state != AlertState.RESOLVED.value)
        rows = self._read(wanted.order_by(ALERT.c.key))
        return tuple(Kept(from_text(Alert, facts), None if ack is None else from_text(Ack, ack)) for facts, ack in rows)

    def episodes(self) -> dict[str, Episode]:
        return {
            name: from_text(Episode, facts)
            for name, facts in self._read(select(ALERT_EPISODE.c.name, ALERT_EPISODE.c.facts))
        }

    def rules(self) -> tuple[Rule, ...]:
        """By name."""
        rows = self._read(select(ALERT_RULE.c.facts).order_by(ALERT_RULE.c.name))
        return tuple(from_text(Rule, row[0]) for row in rows)

    def silences(self, *, ended: bool = False) -> tuple[Silence, ...]:
        """Those that are not over, or all, by their numbers."""
        wanted = select(ALERT_SILENCE.c.facts).order_by(ALERT_SILENCE.c.id)
        rows = self._read(wanted if ended else wanted.where(ALERT_SILENCE.c.ends > self._clock()))
        return tuple(from_text(Silence, row[0]) for row in rows)

    # --------------------------------------------------------------------------------------------- what people do

    def acknowledge(
        self, group: str, alerts: Sequence[Alert], owner: str, until: datetime, reason: str, by: str
    ) -> int:
        """Somebody has these alerts of a group until then; says of how many that was kept: those that are as they were
        when it was asked. Raises :class:`AlertError` where none is any more."""
        now = self._clock()
        if until <= now:
            raise AlertError("an acknowledgement ends, and not in the past")
        with self._transaction() as (run, append):
            revision, kept, before = self._next_revision(run), [], []
            for alert in alerts:
                row = run(select(ALERT.c.facts, ALERT.c.ack).where(ALERT.c.key == alert.key)).first()
                there = None if row is None else from_text(Alert, row[0])
                if row is None or there is None or not there.open or there.opened_at != alert.opened_at:
                    continue
                ack = Ack(owner, by, now, until, reason, alert.opened_at or now, alert.fact.severity)
                run(update(ALERT).where(ALERT.c.key == alert.key).values(ack=to_text(ack), revision=revision))
                kept.append(alert.key)
                before += [] if row[1] is None else [from_text(Ack, row[1]).owner]
            if not kept:
                raise AlertError(f"no alert of {group} is as it was any more: look again")
            append("alert acknowledged", {"group": group, "alerts": kept[:NAMED], "count": len(kept), "by": by,
                                          "before": sorted(set(before)), "after": owner, "until": stamp(until),
                                          "reason": reason})  # fmt: skip
        return len(kept)

    def withdraw(self, group: str, alerts: Sequence[Alert], reason: str, by: str) -> int:
        """Nobody has these alerts any more. Raises :class:`AlertError` where nobody had."""
        keys = [alert.key for alert in alerts]
        with self._transaction() as (run, append):
            revision, before = self._next_revision(run), []
            for key in keys:
                text = run(select(ALERT.c.ack).where(ALERT.c.key == key)).scalar()
                if text is not None:
                    before.append((key, from_text(Ack, text).owner))
                    run(update(ALERT).where(ALERT.c.key == key).values(ack=None, revision=revision))
            if not before:
                raise AlertError(f"nobody has an alert of {group}")
            append("alert unacknowledged", {"group": group, "alerts": [key for key, _ in before[:NAMED]], "by": by,
                                            "count": len(before), "before": sorted({owner for _, owner in before}),
                                            "after": None, "reason": reason})  # fmt: skip
        return len(before)

    def add_rule(self, rule: Rule) -> Rule:
        """Keep a rule under a number of its own. Raises :class:`AlertError` where one has this name."""
        with self._transaction() as (run, append):
            if run(select(ALERT_RULE.c.id).where(ALERT_RULE.c.name == rule.name)).first() is not None:
                raise AlertError(f"a rule is called {rule.name}: remove that one first, or give another name")
            made = replace(rule, id=_inserted(run(insert(ALERT_RULE).values(name=rule.name, facts=to_text(rule)))))
            run(update(ALERT_RULE).where(ALERT_RULE.c.id == made.id).values(facts=to_text(made)))
            append("alert rule", {"rule": made.name, "by": made.by, "before": None, "after": made.words})
        return made

    def remove_rule(self, name: str, by: str) -> Rule:
        """Raises :class:`AlertError` where there is none of this name."""
        with self._transaction() as (run, append):
            text = run(select(ALERT_RULE.c.facts).where(ALERT_RULE.c.name == name)).scalar()
            if text is None:
                raise AlertError(f"no rule is called {name}")
            found = from_text(Rule, text)
            run(delete(ALERT_RULE).where(ALERT_RULE.c.name == name))
            append("alert rule", {"rule": name, "by": by, "before": found.words, "after": None})
        return found

    def add_silence(self, silence: Silence) -> Silence:
        """Keep a silence under a number of its own. Raises :class:`AlertError` for one that ends before it begins."""
        if silence.ends <= max(silence.begins, self._clock()):
            raise AlertError("a silence ends after it began, and not in the past")
        with self._transaction() as (run, append):
            made = replace(
                silence, id=_inserted(run(insert(ALERT_SILENCE).values(ends=silence.ends, facts=to_text(silence))))
            )
            run(update(ALERT_SILENCE).where(ALERT_SILENCE.c.id == made.id).values(facts=to_text(made)))
            append("alert silence", {"silence": made.id, "by": made.by, "before": None, "after": _said(made),
                                     "reason": made.reason})  # fmt: skip
        return made

    def end_silence(self, number: int, by: str) -> Silence:
        """End a silence before its time. Raises :class:`AlertError` where it is over or not there."""
        now = self._clock()
        with self._transaction() as (run, append):
            text = run(select(ALERT_SILENCE.c.facts).where(ALERT_SILENCE.c.id == number)).scalar()
            found = None if text is None else from_text(Silence, text)
            if found is None or found.ends <= now:
                raise AlertError(f"silence {number} is {'not there' if found is None else 'over'}")
            ended = replace(found, ends=now, ended_by=by)
            run(update(ALERT_SILENCE).where(ALERT_SILENCE.c.id == number).values(ends=now, facts=to_text(ended)))
            append("alert silence", {"silence": number, "by": by, "before": _said(found), "after": None})
        return ended

    # ---------------------------------------------------------------------------------------------------- underneath

    def _check(self, run: _Run, source: str, claim: Claim) -> None:
        row = run(select(CLAIM).where(CLAIM.c.name == f"alerts {source}")).mappings().first()
        if row is None or (row["holder"], row["epoch"]) != (claim.holder, claim.epoch):
            raise NotMineError(f"the claim of {claim.holder} on {source} (epoch {claim.epoch}) is over")

    @staticmethod
    def _next_revision(run: _Run) -> int:
        return int(run(select(func.coalesce(func.max(ALERT.c.revision), 0))).scalar()) + 1

    def _read(self, statement: Any) -> Sequence[Any]:
        with self._lock:
            try:
                return list(engine.execute(self._connection, statement))
            except Exception as error:
                raise explain(error, self.path) from error

    @contextmanager
    def _transaction(self) -> Iterator[tuple[_Run, _Append]]:
        written: list[tuple[int, bytes]] = []
        connection = self._connection

        def append(kind: str, body: Mapping[str, object]) -> None:
            text = json.dumps(body, separators=(",", ":"))
            written.append(journal.append(connection.exec_driver_sql, stamp(self._clock()), "", kind, text))

        with self._lock:
            try:
                with engine.transaction(connection):
                    yield connection.execute, append
            except (AlertError, NotMineError, StoreError):
                raise
            except Exception as error:
                raise explain(error, self.path) from error
            if written:
                journal.note_head(self.path, *written[-1])


_Run = Callable[..., Any]


def _inserted(result: Any) -> int:
    return int(result.inserted_primary_key[0])


def _said(silence: Silence) -> dict[str, object]:
    return {
        "site": silence.site,
        "kind": silence.kind,
        "target": silence.target,
        "begins": stamp(silence.begins),
        "ends": stamp(silence.ends),
        "window": silence.window,
    }
