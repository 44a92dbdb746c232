"""The operations room of one console: alerts and incidents watched for the screens, and what people do about them.

Every method may be called from any thread; those that change something wait for the store. They raise as
:mod:`app.alerts.acts` and :mod:`app.incidents` do.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, TypeVar

from app import incidents
from app.alerts import acts
from app.alerts.begin import watching
from store.alert_groups import AlertGroup
from store.alert_records import Rule, Silence
from store.alert_view import AlertView
from store.alerts import AlertStore
from store.incident_records import Incident, IncidentState, IncidentView
from store.incidents import IncidentStore

if TYPE_CHECKING:
    from app.recovery.operations import Operations
    from store.readiness_view import ReadinessView
    from store.view import EstateView

T = TypeVar("T")
SHOWN, TOLD = 50, 10
"""So many incidents are shown, and of so many that are resolved the timeline is kept too."""


class Room:
    """``views`` are kept current, and ``changed`` called after each change of one. Unless it ``acts`` it only shows;
    ``estate`` is that of a program that reads the devices, ``readiness`` of one that checks LPARs."""

    def __init__(
        self,
        operations: Operations,
        views: tuple[AlertView, IncidentView],
        changed: Callable[[], object],
        *,
        acts: bool,
        estate: EstateView | None = None,
        readiness: ReadinessView | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._operations, self._permits = operations, operations.permits
        path = operations.ledger.path
        self._alerts, self._incidents = AlertStore(path, clock), IncidentStore(path, clock)
        self._view, self._shown = views
        self._head = -1
        self._watch = watching(
            operations, self._view, changed, acts=acts, estate=estate, readiness=readiness, beside=self._look,
            clock=clock,
        )  # fmt: skip

    def start(self) -> None:
        self._watch.start()

    def close(self, limit_s: float) -> None:
        """Never raises."""
        self._watch.close(limit_s)
        self._alerts.close()
        self._incidents.close()

    def _look(self) -> bool:
        """The incidents as they are now, read only once something was written. Raises StoreError."""
        head = self._incidents.head
        if head == self._head:
            return False
        found = self._incidents.incidents(most=SHOWN)
        over = [each for each in found if each.state is IncidentState.RESOLVED][TOLD:]
        told = {each.id: self._incidents.timeline(each) for each in found if each not in over}
        runs = {each.id: self._incidents.runs(each.id) for each in found}
        self._head = head
        return self._shown.take(found, runs, told)

    # ------------------------------------------------------------------------------------------------------ alerts

    def take(self, group: AlertGroup, owner: str, ends: datetime, reason: str, typed: str | None) -> int:
        return self._then(acts.acknowledge(self._permits, self._alerts, group, owner, ends, reason, typed))

    def let_go(self, group: AlertGroup, reason: str) -> int:
        return self._then(acts.withdraw(self._permits, self._alerts, group, reason))

    def silence(self, site: str | None, kind: str | None, ends: datetime, reason: str, now: datetime) -> Silence:
        return self._then(acts.silence(self._permits, self._alerts, (site, kind, None), (now, ends), reason))

    def add_rule(self, rule: Rule) -> Rule:
        return self._then(acts.add_rule(self._permits, self._alerts, rule))

    def remove_rule(self, name: str) -> Rule:
        return self._then(acts.remove_rule(self._permits, self._alerts, name))

    # --------------------------------------------------------------------------------------------------- incidents

    def declare(
        self, title: str, severity: str, component: str, site: str, roles: tuple[str, str], alert: str | None
    ) -> Incident:
        declared = incidents.declare(self._permits, self._incidents, title, severity, component, site, roles, alert)
        return self._then(declared)

    def lead(self, number: int, commander: str, scribe: str) -> Incident:
        return self._then(incidents.change(self._permits, self._incidents, number, commander=commander, scribe=scribe))

    def mitigated(self, number: int, state: IncidentState) -> Incident:
        return self._then(incidents.change(self._permits, self._incidents, number, state=state))

    def note(self, number: int, text: str) -> str:
        incidents.note(self._permits, self._incidents, number, text)
        return self._then("It is in the timeline.")

    def lesson(self, number: int, text: str, owner: str, due: date) -> str:
        incidents.lesson(self._permits, self._incidents, number, text, owner, due)
        return self._then(f"{owner} sees to it.")

    def close_incident(self, number: int, resolution: str) -> Incident:
        if self._operations.incident == number:
            self.work_on(None)
        return self._then(incidents.close(self._permits, self._incidents, number, resolution))

    def work_on(self, number: int | None) -> None:
        """What is run from this console carries this number from now on."""
        self._operations.incident = self._shown.working_on = number

    def _then(self, done: T) -> T:
        self._watch.look()
        return done
