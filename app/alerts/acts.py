"""What people decide about alerts: the command line and the console go the same way.

All raise :class:`app.permits.RefusedError` where it takes a role, which is kept in the journal too,
:class:`store.alerts.AlertError` with what else stands against it, ValueError with what was expected, and
:class:`store.errors.StoreError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.permits import Act, Permits
from app.recovery.auto.windows import moment
from app.recovery.operations import who
from app.refusing import permitted
from store.alert_groups import AlertGroup, grouped
from store.alert_records import AlertKind, Rule, Silence
from store.alerts import AlertError, AlertStore
from store.auto_records import Window
from store.notices import Severity

MOST_ACK = timedelta(days=7)
MOST_SILENCE = timedelta(days=1)
"""A silence is longer only within maintenance, which ends too."""


def groups(store: AlertStore, now: datetime) -> tuple[AlertGroup, ...]:
    """The groups that are open, out of the store. Raises StoreError."""
    kept = store.alerts(resolved=False)
    acks = {each.alert.key: each.ack for each in kept if each.ack is not None}
    return grouped([each.alert for each in kept], acks, store.silences(), now)


def group(found: Sequence[AlertGroup], key: str) -> AlertGroup:
    """The group of that key."""
    for each in found:
        if each.key == key:
            return each
    raise AlertError(f"no group of alerts {key} is open")


def needs_person(about: AlertGroup) -> bool:
    """Whether some of it is critical, so that only a person at a terminal takes it."""
    return any(alert.fact.severity is Severity.CRITICAL for alert in about.alerts)


def until(text: str, now: datetime, most: timedelta, what: str = "until") -> datetime:
    """An end as people write it, at most so far away."""
    ends = moment(text, now, what)
    if not now < ends <= now + most:
        raise ValueError(f"{what} {text}: expected a time behind now, and at most {most.days}d away")
    return ends


def acknowledge(
    permits: Permits,
    store: AlertStore,
    about: AlertGroup,
    owner: str,
    ends: datetime,
    reason: str,
    typed: str | None = None,
) -> int:
    """``owner`` has all alerts of the group that are open now. What is critical is taken by a person alone: ``typed``
    is the key of the group as they typed it. Says how many alerts that is."""
    permitted(permits, store.path, Act.ACKNOWLEDGE, (about.site,))
    if needs_person(about) and typed != about.key:
        raise AlertError(f"{about.key} is critical: a person takes it at a terminal, and types {about.key}")
    _said(owner, "owner")
    return store.acknowledge(about.key, about.alerts, owner.strip(), ends, _said(reason, "reason"), who())


def withdraw(permits: Permits, store: AlertStore, about: AlertGroup, reason: str) -> int:
    """Nobody has it any more: the escalation begins anew."""
    permitted(permits, store.path, Act.ACKNOWLEDGE, (about.site,))
    return store.withdraw(about.key, about.alerts, _said(reason, "reason"), who())


def silence(
    permits: Permits,
    store: AlertStore,
    scope: tuple[str | None, str | None, str | None],
    times: tuple[datetime, datetime | None],
    reason: str,
    window: Window | None = None,
) -> Silence:
    """Of ``scope``, a site, a kind and a pattern of targets, at least one of them, nobody is told between these times.
    Within maintenance it ends with that, at the latest."""
    site, word, target = scope
    begins, ends = times
    if window is not None:
        over = window.ends if window.ended_at is None else min(window.ends, window.ended_at)
        if site not in (None, window.site):
            raise ValueError(f"maintenance {window.id} is at {window.site}, not at {site}")
        site, ends = window.site, min(over, ends or over)
        begins = max(begins, window.begins)
    if site is None and word is None and target is None:
        raise ValueError("what is silenced: expected a site, a kind or a target")
    if ends is None:
        raise ValueError("until: expected an end, or maintenance that it ends with")
    if window is None and ends - begins > MOST_SILENCE:
        raise ValueError("until: expected at most 1d; longer only within maintenance: drdeck maintenance add")
    permitted(permits, store.path, Act.SILENCE, (site or "",))
    kind = None if word is None else kind_of(word)
    number = None if window is None else window.id
    made = Silence(0, site, kind, target, begins, ends, _said(reason, "reason"), who(), number)
    return store.add_silence(made)


def kind_of(word: str) -> AlertKind:
    try:
        return AlertKind(word)
    except ValueError:
        raise ValueError(f"kind {word}: expected one of {', '.join(AlertKind)}") from None


def end_silence(permits: Permits, store: AlertStore, number: int) -> Silence:
    """Before its time."""
    sites = [each.site or "" for each in store.silences(ended=True) if each.id == number]
    permitted(permits, store.path, Act.SILENCE, sites)
    return store.end_silence(number, who())


def add_rule(permits: Permits, store: AlertStore, rule: Rule) -> Rule:
    """It counts from the next look on."""
    permitted(permits, store.path, Act.RULE, (rule.site or "",))
    return store.add_rule(rule)


def remove_rule(permits: Permits, store: AlertStore, name: str) -> Rule:
    """What it raised is resolved with the next look."""
    sites = [each.site or "" for each in store.rules() if each.name == name]
    permitted(permits, store.path, Act.RULE, sites)
    return store.remove_rule(name, who())


def _said(text: str, what: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError(f"{what}: expected one, in printable characters; it is kept in the journal")
    return text.strip()
