"""The queue of what operators are told: posted by whoever notices something, sent by one program after another.

Every change is one transaction on the disk before the call returns. Whoever sends claims the rows first; a claim that
is not renewed runs out, so that what a killed program was sending is sent by the next one, as the same message.

Every method may be called from any thread, and raises :class:`store.errors.StoreError` where the file fails.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from store import engine
from store.errors import StoreError, explain
from store.ledger_rows import EVERY, encoded
from store.notices import ENDS, Delivery, DeliveryState, Event, EventKind, Notice
from store.outbox_rows import DELIVERY, NOTICE, delivery_of, notice_of
from store.place import Place
from store.record import Record
from store.times import from_text as moment
from store.times import to_text as stamp

if TYPE_CHECKING:
    from sqlalchemy import Connection

CLAIM_S = 60.0
"""How long a claim lasts without being renewed."""

KEEP = timedelta(days=90)
"""How long notices are kept that wait for nobody any more."""

FEW = 500
"""So many notices are kept, or routed, in one transaction."""

MANY = 10_000
"""So many waiting deliveries of a channel are looked at in one go, the oldest first."""

GroupKey = tuple[str, str, str]
"""Kind, severity and site: what makes events equal."""


class Batch(Record, frozen=True):
    """Deliveries of one channel that make one message. ``again``: a program that may have sent it never said so."""

    id: str
    deliveries: tuple[Delivery, ...]
    again: bool = False


Choose = Callable[[Sequence[Delivery], Mapping[GroupKey, datetime]], Sequence[Batch]]
"""From what waits and when each group was last told of to the messages that are due."""

When = Callable[[Sequence[Delivery], Mapping[GroupKey, datetime]], datetime | None]
"""From the same to when the next message is due."""


class Outbox:
    """The queue of one store. ``clock`` gives the time in UTC."""

    def __init__(
        self, path: Place, clock: Callable[[], datetime] = lambda: datetime.now(UTC), *, opened: bool = False
    ) -> None:
        """The store at ``path``, made and upgraded as by :func:`store.database.open_store`; ``opened``: this program
        has done that already."""
        self.path = path
        self._lock = threading.Lock()
        self._changes = 0
        with self._explained():
            self._connection: Connection = engine.create_connection(path) if opened else engine.open_place(path)
            engine.durable(self._connection)  # as of the journal: what was told to nobody must survive a power loss
        self._clock = engine.clock(self._connection, clock)

    def close(self) -> None:
        """Never raises."""
        with self._lock, suppress(Exception):
            engine.close(self._connection)

    @property
    def version(self) -> tuple[str, int]:
        """Another one whenever the store was changed, by this program or another."""
        with self._lock, self._explained():
            return engine.version(self._connection), self._changes

    # ----------------------------------------------------------------------------------------------------- posting

    def post(self, events: Sequence[Event], at: datetime | None = None) -> int:
        """Keep events that happened ``at`` a moment, by default now; says how many of them are news. Many are kept in
        parts: a run that writes its journal must not wait for long."""
        news = 0
        for first in range(0, len(events), FEW):
            with self._transaction() as run:
                news += sum(self._post(run, event, at or self._clock()) for event in events[first : first + FEW])
        return news

    @property
    def told(self) -> int:
        """The newest journal entry that was made into events."""
        rows = self._read("SELECT value FROM store_meta WHERE name = 'journal_told'")
        return int(rows[0][0]) if rows else 0

    def tell(self, events: Sequence[tuple[datetime, Event]], after: int, upto: int) -> bool:
        """Keep the events that the journal entries behind ``after`` up to ``upto`` make, unless another program has
        done that meanwhile: then False."""
        with self._transaction() as run:
            value = run("SELECT value FROM store_meta WHERE name = 'journal_told'").scalar() or 0
            if value != after:
                return False
            for at, event in events:
                self._post(run, event, at)
            run(
                "INSERT INTO store_meta (name, value) VALUES ('journal_told', ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (upto,),
            )
            return True

    def _post(self, run: _Run, event: Event, at: datetime) -> bool:
        event = replace(event, key=encoded(event.key), target=encoded(event.target))
        known = run("SELECT id FROM notice WHERE key = ?", (event.key,)).scalar()
        if known is None:
            known, ignored = self._same(run, event)
            if ignored:
                return False
        if known is not None:
            run(_AGAIN, (stamp(at), stamp(at), known))
            return False
        texts = tuple(map(encoded, (event.site, event.target, event.subject, event.what, event.means, event.next)))
        run(
            "INSERT INTO notice (key, at, last_at, count, kind, severity, site, target, subject, what, means, next, "
            "only_channel, routed) VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (event.key, stamp(at), stamp(at), event.kind, event.severity, *texts, event.channel, False),
        )
        return True

    @staticmethod
    def _same(run: _Run, event: Event) -> tuple[int | None, bool]:
        """Of kinds that alternate: the notice that this event repeats, and whether it is the end of nothing."""
        begins = ENDS.get(event.kind) or (event.kind if event.kind in ENDS.values() else None)
        if begins is None:
            return None, False
        ends = next(end for end, begin in ENDS.items() if begin is begins)
        row = run(
            "SELECT id, kind FROM notice WHERE target = ? AND kind IN (?, ?) ORDER BY id DESC LIMIT 1",
            (event.target, begins, ends),
        ).first()
        if row is None:
            return None, event.kind is ends
        return (row[0] if row[1] == event.kind else None), False

    # ----------------------------------------------------------------------------------------------------- routing

    def route(self, channels: Callable[[Notice], Collection[str]]) -> int:
        """Put every notice that is new into the queue of each of its channels; says how many were new."""
        sql, count = f"SELECT {NOTICE} FROM notice WHERE NOT routed ORDER BY id LIMIT {FEW}", 0
        insert = "INSERT INTO delivery (notice, channel, state, attempts) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING"
        while self._read(sql):
            with self._transaction() as run:
                new = [notice_of(row) for row in run(sql).fetchall()]
                rows = [(each.id, name, DeliveryState.WAITING) for each in new for name in channels(each)]
                if rows:
                    run(insert, rows)
                if new:
                    run("UPDATE notice SET routed = ? WHERE id = ?", [(True, each.id) for each in new])
                count += len(new)
        return count

    # ----------------------------------------------------------------------------------------------------- sending

    def claim(self, channel: str, holder: str, window_s: float, choose: Choose) -> tuple[Batch, ...]:
        """Claim what ``choose`` finds due, before any of it is sent. Nothing is written where nothing is due."""
        if not choose(*self._waiting(self._read, channel, window_s)):
            return ()
        until = stamp(self._clock() + timedelta(seconds=CLAIM_S))
        with self._transaction() as run:
            due = tuple(choose(*self._waiting(lambda sql, values: run(sql, values).fetchall(), channel, window_s)))
            for batch in due:
                rows = [(batch.id, holder, until, each.notice.id, channel) for each in batch.deliveries]
                sql = "UPDATE delivery SET attempts = attempts + 1, batch = ?, claimed = ?, claimed_until = ? "
                run(f"{sql} WHERE notice = ? AND channel = ?", rows)
        return due

    def _waiting(
        self, read: _Read, channel: str, window_s: float
    ) -> tuple[Sequence[Delivery], Mapping[GroupKey, datetime]]:
        """What of a channel waits and nobody is sending, and when each group of it was last sent in the window."""
        now = self._clock()
        rows = read(
            f"{_DELIVERIES} WHERE channel = ? AND state = ? AND (claimed_until IS NULL OR claimed_until <= ?) "
            f"ORDER BY notice.id LIMIT {MANY}",
            (channel, DeliveryState.WAITING, stamp(now)),
        )
        # What is being sent just now counts as sent.
        last = read(
            "SELECT kind, severity, site, max(coalesce(sent_at, ?)) FROM delivery JOIN notice "
            "ON notice.id = delivery.notice WHERE channel = ? AND (state = ? AND sent_at > ? OR state = ? "
            "AND claimed_until > ?) GROUP BY kind, severity, site",
            (
                stamp(now),
                channel,
                DeliveryState.SENT,
                stamp(now - timedelta(seconds=window_s)),
                DeliveryState.WAITING,
                stamp(now),
            ),
        )
        return [delivery_of(row) for row in rows], {(k, sev, site): moment(at) for k, sev, site, at in last}

    def renew(self, channel: str, holder: str, batches: Sequence[Batch]) -> None:
        """Keep the claim on these, where the holder still has it, for another :data:`CLAIM_S`."""
        until = stamp(self._clock() + timedelta(seconds=CLAIM_S))
        with self._transaction() as run:
            sql = "UPDATE delivery SET claimed_until = ? WHERE channel = ? AND batch = ? AND claimed = ? AND state = ?"
            for batch in batches:
                run(sql, (until, channel, batch.id, holder, DeliveryState.WAITING))

    def release(self, channel: str, batch: Batch) -> None:
        """Give up a claim of which nothing was sent."""
        with self._transaction() as run:
            run(
                "UPDATE delivery SET attempts = attempts - 1, batch = ?, claimed = NULL, claimed_until = NULL "
                "WHERE channel = ? AND batch = ? AND state = ?",
                (batch.id if batch.again else None, channel, batch.id, DeliveryState.WAITING),
            )

    def due(self, channel: str, window_s: float, when: When) -> datetime | None:
        """When there is something to claim, as ``when`` tells from what waits, or when a claim runs out; None: not
        before something is posted."""
        sql = "SELECT min(claimed_until) FROM delivery WHERE channel = ? AND state = ? AND claimed_until > ?"
        runs_out = self._read(sql, (channel, DeliveryState.WAITING, stamp(self._clock())))[0][0]
        found = [when(*self._waiting(self._read, channel, window_s)), None if runs_out is None else moment(runs_out)]
        return min((at for at in found if at is not None), default=None)

    def sent(self, channel: str, batch: Batch, reason: str | None = None) -> None:
        """The message was taken; ``reason`` says what of it was not. What waits for another try on this channel need
        wait no longer: the way is open again."""
        with self._transaction() as run:
            run(
                "UPDATE delivery SET state = ?, sent_at = ?, reason = ?, next_try = NULL, claimed = NULL, "
                "claimed_until = NULL WHERE channel = ? AND batch = ? AND state = ?",
                (DeliveryState.SENT, stamp(self._clock()), reason, channel, batch.id, DeliveryState.WAITING),
            )
            run(
                "UPDATE delivery SET next_try = NULL WHERE channel = ? AND state = ? AND next_try IS NOT NULL",
                (channel, DeliveryState.WAITING),
            )

    def failed(self, channel: str, batch: Batch, reason: str, next_try: datetime | None, *, unsure: bool) -> None:
        """The message was not taken: it waits until ``next_try``, None: it is given up. ``unsure``: it may have been
        taken, so that it keeps its id, by which the other side can tell."""
        state = DeliveryState.GIVEN_UP if next_try is None else DeliveryState.WAITING
        at = None if next_try is None else stamp(next_try)
        kept = batch.id if unsure or next_try is None else None
        with self._transaction() as run:
            run(
                "UPDATE delivery SET state = ?, next_try = ?, reason = ?, batch = ?, claimed = NULL, "
                "claimed_until = NULL WHERE channel = ? AND batch = ? AND state = ?",
                (state, at, reason, kept, channel, batch.id, DeliveryState.WAITING),
            )

    # -------------------------------------------------------------------------------------------------- looking back

    def deliveries(self, most: int = EVERY) -> tuple[Delivery, ...]:
        """What became of the notices that are for some channel, newest first."""
        return tuple(
            delivery_of(row) for row in self._read(f"{_DELIVERIES} ORDER BY notice.id DESC, channel LIMIT ?", (most,))
        )

    def unrouted(self) -> tuple[Notice, ...]:
        """The notices whose channels nobody has decided yet, oldest first."""
        return tuple(notice_of(row) for row in self._read(f"SELECT {NOTICE} FROM notice WHERE NOT routed ORDER BY id"))

    def notices(self, after: int = 0, most: int = EVERY) -> tuple[Notice, ...]:
        """The notices whose id is above ``after``, newest first."""
        sql = f"SELECT {NOTICE} FROM notice WHERE id > ? ORDER BY id DESC LIMIT ?"
        return tuple(notice_of(row) for row in self._read(sql, (after, most)))

    @property
    def waiting(self) -> int:
        """How many deliveries wait."""
        return int(self._read("SELECT count(*) FROM delivery WHERE state = ?", (DeliveryState.WAITING,))[0][0])

    def knows(self, key: str) -> bool:
        """Whether an event of this key was posted before."""
        return bool(self._read("SELECT 1 FROM notice WHERE key = ?", (key,)))

    @property
    def newest(self) -> int:
        """The id of the newest notice; 0: there is none."""
        return int(self._read("SELECT coalesce(max(id), 0) FROM notice")[0][0])

    def standing(self, kind: EventKind) -> frozenset[str]:
        """The targets of which a kind with an end was told last, and its end not."""
        ends = next(end for end, begin in ENDS.items() if begin is kind)
        newest = "SELECT max(id) FROM notice WHERE kind IN (?, ?) GROUP BY target"
        rows = self._read(f"SELECT target, kind FROM notice WHERE id IN ({newest})", (kind, ends))
        return frozenset(target for target, last in rows if last == kind)

    def tidy(self, channels: Collection[str], unknown_since: datetime) -> None:
        """Forget old notices that wait for nobody; give up what has waited since before ``unknown_since`` for a channel
        that is none of ``channels``. Nothing is written where there is nothing to do."""
        marks = ", ".join("?" * len(channels))
        lost = f"state = ? AND channel NOT IN ({marks}) AND notice IN (SELECT id FROM notice WHERE at < ?)"
        values = (DeliveryState.WAITING, *channels, stamp(unknown_since))
        old = "at < ? AND routed AND NOT EXISTS (SELECT 1 FROM delivery WHERE notice = notice.id AND state = ?)"
        faded = (stamp(self._clock() - KEEP), DeliveryState.WAITING)
        if self._read(f"SELECT 1 FROM delivery WHERE {lost} LIMIT 1", values):
            why = "the configuration has no such channel any more"
            with self._transaction() as run:
                run(f"UPDATE delivery SET state = ?, reason = ? WHERE {lost}", (DeliveryState.GIVEN_UP, why, *values))
        if self._read(f"SELECT 1 FROM notice WHERE {old} LIMIT 1", faded):
            with self._transaction() as run:
                run(f"DELETE FROM delivery WHERE notice IN (SELECT id FROM notice WHERE {old})", faded)
                run(f"DELETE FROM notice WHERE {old}", faded)

    # -------------------------------------------------------------------------------------------------- underneath

    def _read(self, sql: str, values: tuple[object, ...] = ()) -> Sequence[Any]:
        with self._lock, self._explained():
            return engine.read(self._connection, sql, values)

    @contextmanager
    def _transaction(self) -> Iterator[_Run]:
        with self._lock, self._explained(), engine.transaction(self._connection):
            yield self._connection.exec_driver_sql
            self._changes += 1

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except Exception as error:
            raise explain(error, self.path) from error


_DELIVERIES = f"SELECT {DELIVERY} FROM delivery JOIN notice ON notice.id = delivery.notice"
_AGAIN = "UPDATE notice SET count = count + 1, last_at = CASE WHEN last_at < ? THEN ? ELSE last_at END WHERE id = ?"
_Run = Callable[..., Any]
_Read = Callable[[str, tuple[object, ...]], Sequence[Any]]
