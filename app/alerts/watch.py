"""Looks at the facts, keeps what they come to, has people told, and shows it: on a thread of its own.

Of each source one program looks at a time, whoever has its claim; of the escalation whoever looks at the runs, which
every program can. What is told has the same key wherever it is told from.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from app.alerts import escalation
from app.alerts.fold import FLAP, fold
from app.alerts.sources import RUNS, Due, Source
from store.alert_groups import AlertGroup, grouped
from store.alert_records import Ack, Alert, AlertState, EscalationStep
from store.alert_view import AlertsSeen, AlertView
from store.alerts import AlertStore, NotMineError
from store.auto_records import Claim
from store.errors import StoreError
from store.outbox import Outbox
from store.turns import computing, paced

_log = logging.getLogger("drdeck.alerts")
POLL_S = 2.0


class Known:
    """The alerts of a store in memory, renewed by what changed since."""

    def __init__(self, store: AlertStore) -> None:
        self._store = store
        self._revision = 0
        self.alerts: dict[str, Alert] = {}
        self.acks: dict[str, Ack] = {}

    def renew(self) -> bool:
        """Whether anything is another than before. Raises StoreError."""
        newest = self._store.revision
        if newest == self._revision:
            return False
        for kept in self._store.alerts(self._revision, resolved=self._revision > 0):
            self.alerts[kept.alert.key] = kept.alert
            if kept.ack is None:
                self.acks.pop(kept.alert.key, None)
            else:
                self.acks[kept.alert.key] = kept.ack
        self._revision = newest
        return True

    def saved(self, alerts: dict[str, Alert], revision: int) -> None:
        """What was just saved need not be read back, unless somebody else wrote meanwhile."""
        if revision == self._revision + 1:
            self.alerts |= alerts
            self._revision = revision

    def forget(self, before: datetime) -> None:
        """Drop what was resolved before then."""
        gone = [
            key
            for key, alert in self.alerts.items()
            if alert.state is AlertState.RESOLVED and (alert.resolved_at or alert.last_seen) < before
        ]
        for key in gone:
            del self.alerts[key]
            self.acks.pop(key, None)


class Engine:
    """One round after another, without a thread. ``sources`` are those that this program can look at, none: it only
    shows; ``view`` is kept current."""

    def __init__(
        self,
        store: AlertStore,
        outbox: Outbox,
        view: AlertView,
        sources: Sequence[Source],
        steps: Sequence[EscalationStep],
        holder: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        due: Callable[[], Callable[[], bool]] = Due,
    ) -> None:
        self._store, self._outbox, self._view = store, outbox, view
        self._sources = [(source, due()) for source in sources]
        self._steps, self._holder, self._clock = tuple(steps), holder, clock
        self._known = Known(store)
        self._claims: dict[str, Claim] = {}
        self._failed: dict[str, str] = {}
        view.steps = self._steps

    def round(self) -> bool:
        """Look, tell, show; says whether the view is another than before. Raises StoreError."""
        self._known.renew()
        for source, due in self._sources:
            if due():
                self._look_apart(source)
        now = self._clock()
        self._known.forget(now - 2 * FLAP)
        with computing():
            groups = grouped(self._known.alerts.values(), self._known.acks, self._store.silences(), now)
        if RUNS in self._claims:
            self._escalate(groups, now)
        return self._view.take(self._seen(groups))

    def _look_apart(self, source: Source) -> None:
        """Look, whatever becomes of the facts of other sources. Raises StoreError."""
        try:
            self._look(source)
            self._failed.pop(source.name, None)
        except StoreError:
            raise
        except Exception as error:  # its text may hold anything
            _log.exception("the facts of %s cannot be looked at", source.name)
            self._failed[source.name] = type(error).__name__

    @property
    def trouble(self) -> str | None:
        """Which facts could not be looked at, by a defect: their alerts stay as they are."""
        if not self._failed:
            return None
        named = ", ".join(f"{name} ({why})" for name, why in self._failed.items())
        return f"Alerts of these facts are old, they cannot be looked at by a defect: {named}"

    def _look(self, source: Source) -> None:
        claim = self._store.claim(source.name, self._holder)
        if claim is None:
            self._claims.pop(source.name, None)
            return
        self._claims[source.name] = claim
        now = self._clock()
        look = source.look(self._store.rules(), now)
        with computing():
            changed = fold(self._known.alerts, look, now, paced)
        if not changed:
            return
        try:
            self._known.saved(changed, self._store.save(source.name, claim, list(changed.values())))
        except NotMineError:
            self._claims.pop(source.name, None)
            return
        self._known.renew()

    def _escalate(self, groups: Sequence[AlertGroup], now: datetime) -> None:
        before = self._store.episodes()
        after, due = escalation.turn(groups, before, self._steps, now)
        if due:
            # First told, then kept: what was told before a crash is told again under the same key, which is once.
            self._outbox.post([escalation.event_of(each) for each in due], now)
        changed = [each for name, each in after.items() if before.get(name) != each]
        over = [name for name in before if name not in after]
        if changed or over:
            with suppress(NotMineError):
                self._store.save_episodes(RUNS, self._claims[RUNS], changed, over)

    def _seen(self, groups: tuple[AlertGroup, ...]) -> AlertsSeen:
        store = self._store
        return AlertsSeen(groups, store.episodes(), store.rules(), store.silences(), store.watchers())

    def tidy(self) -> None:
        """Forget what was resolved long ago. Raises StoreError."""
        if self._sources:
            self._store.prune()

    def leave(self) -> None:
        """Let other programs look at once. Never raises."""
        for source, claim in self._claims.items():
            with suppress(Exception):
                self._store.unclaim(source, claim)


class AlertWatch:
    """Rounds about every :data:`POLL_S` seconds on a thread. ``changed`` is called after each change of the view;
    ``opened`` closes what is open, at the end. ``beside`` is looked at in each round, and says whether it changed."""

    def __init__(
        self,
        engine: Engine,
        view: AlertView,
        changed: Callable[[], object],
        opened: Sequence[Callable[[], object]],
        beside: Callable[[], bool] = lambda: False,
    ) -> None:
        self._engine, self._view, self._changed, self._opened = engine, view, changed, tuple(opened)
        self._beside = beside
        self._wake, self._closed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="alerts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def look(self) -> None:
        """Something may have changed: look now."""
        self._wake.set()

    def close(self, limit_s: float) -> None:
        """End within about ``limit_s`` seconds. Never raises."""
        self._closed.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(limit_s)
        if not self._thread.is_alive():
            self._engine.leave()
        for close in self._opened:
            close()

    def _work(self) -> None:
        with suppress(StoreError):
            self._engine.tidy()
        while not self._closed.is_set():
            self._round()
            self._wake.wait(POLL_S)
            self._wake.clear()

    def _round(self) -> None:
        try:
            changed = [self._engine.round(), self._beside()]
            if any(changed) or self._view.trouble != self._engine.trouble:
                self._view.trouble = self._engine.trouble
                self._changed()
        except Exception as error:  # whatever it is: what is shown would be old, and nobody would know
            if self._closed.is_set():
                return
            said = error.message if isinstance(error, StoreError) else f"a defect, {type(error).__name__}"
            _log.exception("a round of the alerts failed")
            trouble = f"Alerts cannot be read, what is shown of them is old: {said}"
            if self._view.trouble != trouble:
                self._view.trouble = trouble
                self._changed()
