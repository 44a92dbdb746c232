"""Alerts as the command line prints them, and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.output import columns, printable, stamp
from store.alert_groups import AlertGroup
from store.alert_records import Ack, Alert, Episode, EscalationStep, Rule, Silence
from store.alert_view import SOURCES, concerned, next_step

SCHEMA_VERSION = 1
Watchers = tuple[tuple[str, str | None], ...]
SHOWN = 20
"""So many alerts of a group are listed; the others are counted."""


def owner_words(group: AlertGroup) -> str:
    """Who has it: nobody where some of it waits."""
    if group.waiting:
        return "nobody" if len(group.waiting) == len(group.alerts) else f"nobody of {len(group.waiting)}"
    return ", ".join(group.owners) or "silenced"


def next_words(group: AlertGroup, episode: Episode | None, steps: tuple[EscalationStep, ...]) -> str:
    found = next_step(group, episode, steps)
    if found is not None:
        return f"{stamp(found[0])} {found[1].target} by {found[1].channel}"
    return "all were told" if concerned(group, steps) and episode is not None else "nobody"


def group_lines(
    groups: Sequence[AlertGroup], episodes: Mapping[str, Episode], steps: tuple[EscalationStep, ...],
    watchers: Watchers,
) -> list[str]:  # fmt: skip
    unwatched = " or at ".join(SOURCES[name] for name, who in watchers if who is None)
    told = [f"Nobody looks at {unwatched} now, so this may be old: open a console."] if unwatched else []
    if not groups:
        return [*told, "No alert is open."]
    rows = [["GROUP", "SEVERITY", "ALERTS", "UNDER IT", "COUNT", "SINCE", "OWNER", "NEXT TOLD", "WHAT"]]
    for group in groups:
        told_next = next_words(group, episodes.get(group.key), steps)
        rows.append(
            [group.key, group.severity, str(len(group.alerts)), str(len(group.children)), str(group.count),
             stamp(group.first_seen) or "", owner_words(group), told_next, group.lead.fact.subject]
        )  # fmt: skip
    return [*told, *map(printable, columns(rows))]


def one_lines(
    group: AlertGroup, episode: Episode | None, steps: tuple[EscalationStep, ...], now: datetime
) -> list[str]:
    """A group with its alerts."""
    lines = [
        f"{group.key}: {group.severity}, {len(group.alerts)} alerts, {group.count} times",
        f"  first seen {stamp(group.first_seen)}, last {stamp(group.last_seen)}",
        f"  owner: {owner_words(group)}; told next: {next_words(group, episode, steps)}",
    ]
    lines += [f"  {_ack(key, ack)}" for key, ack in group.acks.items()]
    for alert in group.alerts[:SHOWN]:
        lines += ["", f"  {alert.fact.severity}: {alert.fact.subject} ({alert.key}), {alert.count} times",
                  f"    {alert.fact.what}", f"    {alert.fact.next}"]  # fmt: skip
    if len(group.alerts) > SHOWN:
        lines.append(f"  and {len(group.alerts) - SHOWN} more")
    if group.children:
        lines.append(f"  {len(group.children)} alerts are explained by it, and nobody is told of them")
    return list(map(printable, lines))


def _ack(key: str, ack: Ack) -> str:
    return f"{key}: {ack.owner} has it until {stamp(ack.until)}, said {ack.by} at {stamp(ack.at)}: {ack.reason}"


def groups_as_json(
    groups: Sequence[AlertGroup], episodes: Mapping[str, Episode], steps: tuple[EscalationStep, ...],
    watchers: Watchers,
) -> dict[str, object]:  # fmt: skip
    rows = []
    for group in groups:
        found = next_step(group, episodes.get(group.key), steps)
        rows.append(
            {
                "group": group.key,
                "site": group.site or None,
                "kind": group.kind,
                "severity": group.severity,
                "root": group.root,
                "first_seen": stamp(group.first_seen),
                "last_seen": stamp(group.last_seen),
                "count": group.count,
                "waiting": len(group.waiting),
                "silenced": group.silenced,
                "owners": list(group.owners),
                "inhibited": len(group.children),
                "next": None
                if found is None
                else {"at": stamp(found[0]), "target": found[1].target, "channel": found[1].channel},
                "alerts": [alert_as_json(alert, group.acks.get(alert.key)) for alert in group.alerts],
            }
        )
    return {"schema_version": SCHEMA_VERSION, "watched_by": dict(watchers), "groups": rows}


def alert_as_json(alert: Alert, ack: Ack | None) -> dict[str, object]:
    fact = alert.fact
    return {
        "key": alert.key,
        "state": alert.state,
        "severity": fact.severity,
        "target": fact.target,
        "subject": fact.subject,
        "what": fact.what,
        "next": fact.next,
        "count": alert.count,
        "first_seen": stamp(alert.first_seen),
        "last_seen": stamp(alert.last_seen),
        "resolved_at": stamp(alert.resolved_at),
        "acknowledged": None
        if ack is None
        else {"owner": ack.owner, "by": ack.by, "until": stamp(ack.until), "reason": ack.reason},
    }


def rule_lines(rules: Sequence[Rule]) -> list[str]:
    if not rules:
        return ["There is no rule. drdeck alerts rule add NAME METRIC > THRESHOLD makes one."]
    rows = [["NAME", "RULE", "BY", "SINCE"], *([r.name, r.words, r.by, stamp(r.at) or ""] for r in rules)]
    return list(map(printable, columns(rows)))


def rule_as_json(rule: Rule) -> dict[str, object]:
    return {
        "name": rule.name,
        "metric": rule.metric,
        "condition": rule.condition,
        "threshold": rule.threshold,
        "for_s": rule.duration_s,
        "severity": rule.severity,
        "site": rule.site,
        "by": rule.by,
        "at": stamp(rule.at),
    }


def silence_lines(silences: Sequence[Silence]) -> list[str]:
    if not silences:
        return ["No silence."]
    rows = [["NUMBER", "SITE", "KIND", "TARGET", "FROM", "UNTIL", "MAINTENANCE", "BY", "REASON"]]
    for each in silences:
        window = "" if each.window is None else str(each.window)
        scope = [each.site or "*", each.kind or "*", each.target or "*"]
        times = [stamp(each.begins) or "", stamp(each.ends) or ""]
        rows.append([str(each.id), *scope, *times, window, each.by, each.reason])
    return list(map(printable, columns(rows)))


def silence_as_json(each: Silence) -> dict[str, object]:
    return {
        "number": each.id,
        "site": each.site,
        "kind": each.kind,
        "target": each.target,
        "from": stamp(each.begins),
        "until": stamp(each.ends),
        "maintenance": each.window,
        "by": each.by,
        "reason": each.reason,
    }
