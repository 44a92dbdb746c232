"""What the state of devices and LPARs tells operators, in words. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from app.notify.keys import DEVICES, EVENTS, LPARS
from app.output import stamp
from store.notices import Event, EventKind, Severity
from store.readiness import Standing
from store.readiness_view import Checked
from store.records import DeviceHealth, DeviceStatus

HOLD = timedelta(seconds=90)
"""A device that could not be read once is tried again soon: only what lasts longer is worth a message."""


def device_target(name: str) -> str:
    return f"device:{name}"


def lpar_target(name: str) -> str:
    return f"lpar:{name}"


def failing(statuses: Iterable[DeviceStatus], now: datetime) -> dict[str, bool]:
    """Of each device whether it cannot be read, for long enough; those of which nothing is certain are left out."""
    found = {}
    for status in statuses:
        if status.health is DeviceHealth.FAILING:
            if status.since is not None and now - status.since >= HOLD:
                found[status.name] = True
        elif status.health is not DeviceHealth.NEVER:
            found[status.name] = False
    return found


def device_event(status: DeviceStatus) -> Event:
    """That a device cannot be read, or is read again."""
    where = f"{status.name} ({status.kind}, {status.address})"
    see = f"See it: {DEVICES}, Enter on {status.name}"
    if status.health is DeviceHealth.FAILING:
        why = ": ".join(text for text in (status.failure, status.text) if text)
        return Event(
            kind=EventKind.DEVICE_FAILING,
            severity=Severity.WARNING,
            site=status.site,
            target=device_target(status.name),
            subject=f"{status.name} cannot be read",
            what=f"{where} cannot be read since {stamp(status.since)}: {why or 'no reason was given'}",
            means=f"What it holds is not known since {stamp(status.last_ok) or 'ever'}. It may be up: unreachable is "
            "unknown, not down.",
            next=f"Ask it from here: drdeck check {status.name}. {see}.",
            key=f"device-failing:{status.name}:{stamp(status.since)}",
        )
    return Event(
        kind=EventKind.DEVICE_BACK,
        severity=Severity.NOTICE,
        site=status.site,
        target=device_target(status.name),
        subject=f"{status.name} is read again",
        what=f"{where} answers again since {stamp(status.since)}.",
        means="What is shown of it is current again.",
        next=f"Look what changed meanwhile: {EVENTS}. {see}.",
        key=f"device-back:{status.name}:{stamp(status.since)}",
    )


def standings(checked: Checked, now: datetime) -> Mapping[str, bool]:
    """Of each LPAR whether it is not ready; those of which it is not known are left out."""
    if checked.at is None or checked.old(now):
        return {}
    known = {Standing.READY: False, Standing.NOT_READY: True}
    return {name: known[word.standing] for name, word in checked.words.items() if word.standing in known}


def lpar_event(name: str, checked: Checked, site: str) -> Event:
    """That an LPAR is not ready to come back at the other site, or is ready again."""
    word = checked.words[name]
    key, at = ("lpar-not-ready" if word.standing is Standing.NOT_READY else "lpar-ready"), stamp(checked.at)
    see = f"All checks: drdeck lpar check {name}, or {LPARS}, Enter on {name}."
    if word.standing is Standing.NOT_READY:
        first = word.first
        return Event(
            kind=EventKind.LPAR_NOT_READY,
            severity=Severity.WARNING,
            site=site,
            target=lpar_target(name),
            subject=f"{name} is not ready",
            what=f"{name} does not pass {first.id}: {first.evidence}" if first else f"{name} does not pass its checks.",
            means="It could not come back at the other site now.",
            next=f"{first.fix.rstrip('.')}. {see}" if first and first.fix else see,
            key=f"{key}:{name}:{at}",
        )
    return Event(
        kind=EventKind.LPAR_READY,
        severity=Severity.NOTICE,
        site=site,
        target=lpar_target(name),
        subject=f"{name} is ready again",
        what=f"{name} passes every check that would stop it, seen {at}.",
        means="It could come back at the other site now.",
        next=see,
        key=f"{key}:{name}:{at}",
    )


def turned(now: Mapping[str, bool], before: Mapping[str, bool], told: Collection[str]) -> list[str]:
    """Of which things to tell: those whose trouble began or ended as this program saw it; of those that it sees for
    the first time, those of which something else was ``told`` last."""
    return [name for name, bad in now.items() if bad is not before.get(name, name in told)]
