"""Automatic failover at one console: watched for the screens, its conditions looked at, and decided about by people.

Every method may be called from any thread; those that decide wait for the store, and those about arming for devices.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from app.auto_records import Auto, AutoGroup, AutoMode
from app.recovery.auto import acts, history
from app.recovery.auto.watch import rules_of
from app.recovery.operations import Operations
from store.auto import AutoStore, HeldError
from store.auto_records import Arming, FailoverEvent, Judgement, ShadowDecision, Window
from store.auto_view import AutoSeen, AutoView, Checked, Stand, WatchedGroup
from store.errors import StoreError
from store.readiness import Check
from store.run_view import RunView
from store.runs import Run

T = TypeVar("T")

POLL_S = 2.0
"""How often it is looked what the watch and others did."""

CHECK_S = 300.0
"""How often the conditions for being armed are looked at."""


def shown(auto: Auto, group: AutoGroup) -> WatchedGroup:
    """A group as screens know it."""
    rules, automatic = rules_of(auto, group), group.mode is AutoMode.AUTOMATIC
    sides = (group.source, group.replica, group.source_site, group.replica_site)
    return WatchedGroup(group.name, automatic, *sides, group.vms, rules.threshold_s, rules.probes, rules.veto_s)


class ConsoleAuto:
    """``view`` is kept current, and ``changed`` called after each change of it; ``runs`` are those of this console.
    ``why_not``: nothing can be decided here. ``unchecked``: no device is asked here."""

    def __init__(
        self,
        operations: Operations,
        runs: RunView,
        view: AutoView,
        changed: Callable[[], object],
        why_not: str = "",
        unchecked: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._operations = operations
        self._auto, self._permits = operations.settings.auto, operations.permits
        self._store = AutoStore(operations.ledger.path, clock)
        self._clock = clock
        self._runs, self._begun = runs, list[Run]()
        self._view = view
        self._changed = changed
        view.why_not, view.unchecked = why_not, unchecked
        self._known: object = None
        self._wake, self._check, self._closed = threading.Event(), threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._watch, name="show automatic failover", daemon=True)]
        if not unchecked and any(group.mode is AutoMode.AUTOMATIC for group in self._auto.groups):
            self._threads.append(threading.Thread(target=self._check_all, name="conditions for arming", daemon=True))

    def start(self) -> None:
        """Begin to watch the tables and, where a group is watched, to look at its conditions."""
        for thread in self._threads:
            thread.start()

    def close(self, limit_s: float) -> None:
        """Never raises."""
        self._closed.set()
        self._wake.set()
        self._check.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(limit_s)
        self._store.close()

    # ---------------------------------------------------------------------------------------------------- watching

    def _watch(self) -> None:
        while not self._closed.is_set():
            try:
                if self._view.take(self._look()) or self._view.trouble is not None:
                    self._view.trouble = None
                    self._changed()
            except Exception as error:  # whatever it is: what is shown would be old, and nobody would know
                said = error.brief if isinstance(error, StoreError) else f"a defect, {type(error).__name__}"
                trouble = f"Automatic failover cannot be read, what is shown of it is old: {said}"
                if self._view.trouble != trouble and not self._closed.is_set():
                    self._view.trouble = trouble
                    self._changed()
            self._wake.wait(POLL_S)
            self._wake.clear()

    def _look(self) -> AutoSeen:
        """The tables as they are now. Raises StoreError."""
        shadows = self._store.shadows()
        by_id = {each.id: each for each in shadows}
        groups = self._auto.groups
        since = self._clock() - timedelta(seconds=rules_of(self._auto, groups[0]).brake_s if groups else 0.0)
        return AutoSeen(
            tuple(self._stand(group, by_id) for group in groups),
            self._store.watcher(),
            self._store.windows(),
            history.events(self._operations.settings, self._store, self._by_people()),
            shadows,
            self._store.fired_since(since),
            self._auto.most_per_hour,
        )

    def _stand(self, group: AutoGroup, decided: dict[str, ShadowDecision]) -> Stand:
        standing = self._store.standing(group.name)
        event = None if standing is None else standing.event
        return Stand(
            shown(self._auto, group),
            standing,
            self._store.arming(group.name),
            None if event is None else self._store.event(event),
            None if event is None else decided.get(event),
        )

    def _by_people(self) -> list[Run]:
        """The runs that people began, read again only when one of them changed."""
        now = [(run.id, run.seq) for run in self._runs.runs if run.plan.verb in history.VERBS]
        if self._known != now:
            self._begun, self._known = history.runs(self._operations.ledger), now
        return self._begun

    # -------------------------------------------------------------------------------------------------- conditions

    def check(self) -> None:
        """Look at the conditions now; the view says when that is done."""
        self._view.checking = True
        self._check.set()

    def _check_all(self) -> None:
        while not self._closed.is_set():
            for group in self._auto.groups:
                if group.mode is AutoMode.AUTOMATIC and not self._closed.is_set():
                    self._checked(group)
            self._view.checking = False
            self._changed()
            self._check.wait(CHECK_S)
            self._check.clear()

    def _checked(self, group: AutoGroup) -> None:
        try:
            found = self._checks_of(group, None)
        except StoreError:  # the other thread says so
            return
        self._view.take_checks(group.name, Checked(found, self._clock()))

    def _looked(self, group: AutoGroup, bound_s: float | None) -> tuple[Check, ...]:
        found = self._checks_of(group, bound_s)
        self._view.take_checks(group.name, Checked(found, self._clock()))
        return found

    def _checks_of(self, group: AutoGroup, bound_s: float | None) -> tuple[Check, ...]:
        from app.recovery.auto import wiring  # all that plans a failover of machines

        return wiring.checks(self._store, wiring.recovery(self._operations), group, bound_s)

    # ------------------------------------------------------------------------------------------- what people decide

    def ask(self, group: str, bound_s: float) -> Arming:
        """As :func:`app.recovery.auto.acts.ask`. Looks at devices."""
        self._may()
        return self._then(acts.ask(self._permits, self._store, self._group(group), bound_s, self._looked))

    def approve(self, group: str) -> Arming:
        """As :func:`app.recovery.auto.acts.approve`. Looks at devices."""
        self._may()
        return self._then(acts.approve(self._permits, self._store, self._group(group), self._looked))

    def disarm(self, group: str, why: str) -> str:
        """As :func:`app.recovery.auto.acts.disarm`; says what was done."""
        acts.disarm(self._permits, self._store, group, why)
        return self._then(f"{group} is disarmed.")

    def veto(self, group: str) -> FailoverEvent:
        """As :func:`app.recovery.auto.acts.veto`."""
        return self._then(acts.veto(self._permits, self._store, group))

    def judge(self, decision: str, judgement: Judgement) -> ShadowDecision:
        """As :func:`app.recovery.auto.acts.judge`."""
        return self._then(acts.judge(self._permits, self._store, decision, judgement))

    def add_window(self, window: Window) -> Window:
        """Raises :class:`store.auto.HeldError`."""
        return self._then(acts.add_window(self._permits, self._store, window))

    def end_window(self, number: int) -> Window:
        """Raises :class:`store.auto.HeldError`."""
        return self._then(acts.end_window(self._permits, self._store, number))

    def _group(self, name: str) -> AutoGroup:
        found = next((group for group in self._auto.groups if group.name == name), None)
        if found is None:
            raise HeldError(f"the configuration has no group {name} any more")
        return found

    def _may(self) -> None:
        if self._view.why_not or self._view.unchecked:
            raise HeldError(self._view.why_not or self._view.unchecked)

    def _then(self, done: T) -> T:
        self._wake.set()
        return done
