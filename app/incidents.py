"""What people do about incidents: the command line and the console go the same way.

All raise :class:`app.permits.RefusedError` where it takes a role, which is kept in the journal too,
:class:`store.incidents.IncidentError` with what else stands against it, ValueError with what was expected, and
:class:`store.errors.StoreError`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from app.permits import Act, Permits
from app.recovery.operations import who
from app.refusing import permitted
from store.alert_groups import AlertGroup
from store.incident_records import Incident, IncidentState
from store.incidents import IncidentStore
from store.notices import Severity


def declare(
    permits: Permits,
    store: IncidentStore,
    title: str,
    severity: str,
    component: str,
    site: str = "",
    roles: tuple[str, str] = ("", ""),
    alert: str | None = None,
) -> Incident:
    """A new one. ``roles`` are commander and scribe; ``alert`` is the group of alerts that it is declared from."""
    permitted(permits, store.path, Act.INCIDENT, (site,))
    commander, scribe = (name.strip() for name in roles)
    return store.declare(
        Incident(
            0, said(title, "title"), severity_of(severity), said(component, "component"), site, who(),
            datetime.now(UTC), commander=commander, scribe=scribe, alert=alert,
        )
    )  # fmt: skip


def of_alert(group: AlertGroup) -> tuple[str, str, str, str]:
    """What an incident is called that is declared from a group of alerts: title, severity, component, site."""
    lead = group.lead.fact
    return lead.subject, group.severity, lead.target, group.site


def change(permits: Permits, store: IncidentStore, number: int, **wanted: str | None) -> Incident:
    """Title, severity, component, commander or scribe; ``state`` only from open to mitigated and back."""
    permitted(permits, store.path, Act.INCIDENT, (store.incident(number).site,))
    given: dict[str, object] = {name: value for name, value in wanted.items() if value is not None}
    for name in ("title", "component"):
        if name in given:
            given[name] = said(str(given[name]), name)
    if "severity" in given:
        given["severity"] = severity_of(str(given["severity"]))
    if "state" in given:
        given["state"] = IncidentState(str(given["state"]))
    return store.change(number, who(), **given)


def close(permits: Permits, store: IncidentStore, number: int, resolution: str) -> Incident:
    """It is over; ``resolution`` says how."""
    permitted(permits, store.path, Act.INCIDENT, (store.incident(number).site,))
    resolved = IncidentState.RESOLVED
    return store.change(number, who(), state=resolved, resolution=said(resolution, "resolution"))


def note(permits: Permits, store: IncidentStore, number: int, text: str) -> None:
    permitted(permits, store.path, Act.INCIDENT, (store.incident(number).site,))
    store.note(number, said(text, "text"), who())


def lesson(permits: Permits, store: IncidentStore, number: int, text: str, owner: str, due: date) -> None:
    permitted(permits, store.path, Act.INCIDENT, (store.incident(number).site,))
    store.lesson(number, said(text, "text"), said(owner, "owner"), due, who())


def link(permits: Permits, store: IncidentStore, number: int, run_id: str) -> None:
    """A run that was begun without it carries its number."""
    permitted(permits, store.path, Act.INCIDENT, (store.incident(number).site,))
    store.link(number, run_id, who())


def severity_of(word: str) -> Severity:
    try:
        return Severity(word)
    except ValueError:
        raise ValueError(f"severity {word}: expected one of {', '.join(Severity)}") from None


def said(text: str, what: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError(f"{what}: expected one, in printable characters; it is kept in the journal")
    return text.strip()
