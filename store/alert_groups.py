"""Alerts in groups, as people look at them and are told: by site and kind, what a silent site explains under its
silence. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from store.alert_records import Ack, Alert, AlertKind, Silence
from store.notices import Severity
from store.record import Record

NOWHERE = "-"
_GRAVE = {severity: place for place, severity in enumerate(Severity)}


class AlertGroup(Record, frozen=True):
    """Open alerts of one kind at one site, the gravest first. ``children`` are those that this silence explains: nobody
    is told of them. ``waiting`` are nobody's, and no silence covers them; ``acks`` are those that hold, by alert."""

    key: str
    site: str
    kind: AlertKind
    alerts: tuple[Alert, ...]
    children: tuple[Alert, ...]
    waiting: tuple[Alert, ...]
    acks: Mapping[str, Ack]
    silenced: int

    @property
    def lead(self) -> Alert:
        return self.alerts[0]

    @property
    def named(self) -> str:
        """What is wrong with the gravest, and of how many more the group tells: 2,480 LPARs never read as one."""
        others = len(self.alerts) - 1
        return f"{self.lead.fact.subject}{f' and {others} more' if others else ''}"

    @property
    def severity(self) -> Severity:
        return self.lead.fact.severity

    @property
    def root(self) -> bool:
        return self.lead.fact.root

    @property
    def first_seen(self) -> datetime:
        return min(alert.first_seen for alert in self.alerts)

    @property
    def last_seen(self) -> datetime:
        return max(alert.last_seen for alert in self.alerts)

    @property
    def count(self) -> int:
        """How many signs there were of its own alerts."""
        return sum(alert.count for alert in self.alerts)

    @property
    def owners(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(ack.owner for ack in self.acks.values()))

    @property
    def gravest_waiting(self) -> Severity | None:
        return max((alert.fact.severity for alert in self.waiting), key=_GRAVE.__getitem__, default=None)


def group_key(alert: Alert) -> str:
    return f"{alert.fact.site or NOWHERE}/{alert.fact.kind}"


def grouped(
    alerts: Iterable[Alert], acks: Mapping[str, Ack], silences: Sequence[Silence], now: datetime
) -> tuple[AlertGroup, ...]:
    """The groups of the alerts that are open: those that wait for somebody first, then the gravest, of equal ones the
    silence of a site, then the oldest."""
    opened = [alert for alert in alerts if alert.open]
    roots: dict[str, str] = {alert.fact.site: group_key(alert) for alert in opened if alert.fact.root}
    own: dict[str, list[Alert]] = {}
    children: dict[str, list[Alert]] = {}
    for alert in opened:
        under = None if alert.fact.root else next((roots[site] for site in alert.fact.under if site in roots), None)
        if under is None:
            own.setdefault(group_key(alert), []).append(alert)
        else:
            children.setdefault(under, []).append(alert)
    holding = [silence for silence in silences if silence.begins <= now < silence.ends]
    found = [_group(key, own[key], children.get(key, ()), acks, holding, now) for key in own]
    return tuple(sorted(found, key=_rank))


def _group(
    key: str,
    alerts: list[Alert],
    children: Sequence[Alert],
    acks: Mapping[str, Ack],
    silences: Sequence[Silence],
    now: datetime,
) -> AlertGroup:
    alerts.sort(key=_gravest)
    held = {a.key: ack for a in alerts if (ack := acks.get(a.key)) is not None and ack.holds(a, now)}
    silent = {a.key for a in alerts if a.key not in held and any(silence.covers(a, now) for silence in silences)}
    waiting = tuple(a for a in alerts if a.key not in held and a.key not in silent)
    lead = alerts[0].fact
    below = tuple(sorted(children, key=_gravest))
    return AlertGroup(key, lead.site, lead.kind, tuple(alerts), below, waiting, held, len(silent))


def _gravest(alert: Alert) -> tuple[int, datetime, str]:
    return (-_GRAVE[alert.fact.severity], alert.opened_at or alert.first_seen, alert.key)


def _rank(group: AlertGroup) -> tuple[bool, int, bool, datetime, str]:
    gravest = group.gravest_waiting or group.severity
    return (not group.waiting, -_GRAVE[gravest], not group.root, group.first_seen, group.key)
