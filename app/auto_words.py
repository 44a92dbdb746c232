"""How automatic failover stands and what it decided, in words for the command line and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from app.auto_records import AutoGroup
from app.output import columns, printable, stamp
from store.auto_records import AutoState, Claim, EventKind, FailoverEvent, ShadowDecision, Standing, Window
from store.readiness import Check, Verdict
from store.recorded import to_text

if TYPE_CHECKING:
    from store.auto import AutoStore

SCHEMA_VERSION = 1
_SHADOWS = 3


class Stand(Struct, frozen=True):
    """How one group stands. ``checks`` are the conditions for being armed; empty: no device was asked."""

    group: AutoGroup
    standing: Standing
    checks: tuple[Check, ...]
    shadows: tuple[ShadowDecision, ...]

    @classmethod
    def of(cls, store: AutoStore, group: AutoGroup, checks: tuple[Check, ...]) -> Stand:
        manual = Standing(group.name, AutoState.OFF, note="the configuration says manual")
        never = Standing(group.name, AutoState.SHADOW, note="never looked at yet")
        standing = store.standing(group.name) or (manual if group.mode == "manual" else never)
        return cls(group, standing, checks, store.shadows(group.name, _SHADOWS))


def status_lines(found: Sequence[Stand], watcher: Claim | None, now: datetime) -> list[str]:
    if not found:
        return ["The configuration names no group that may fail over by itself: see [[auto.groups]]."]
    lines = [f"Watched by {watcher.holder}" if watcher else "Nobody watches: let drdeck auto watch run."]
    for each in found:
        standing = each.standing
        age = "" if standing.at is None else f", looked at {_age(now, standing.at)} ago"
        lines += ["", f"{each.group.name}: {standing.state}{age}"]
        lines += [f"  {standing.note}"] if standing.note else []
        lines += [f"  {line}" for line in columns(_witnesses(standing, now))]
        lines += [f"  {_check(check)}" for check in each.checks]
        lines += [f"  shadow {one.id}{_judged(one)}: {one.words}" for one in each.shadows]
    return [printable(line) for line in lines]


def _witnesses(standing: Standing, now: datetime) -> list[list[str]]:
    rows = []
    for tally in standing.tallies:
        last = tally.last
        said = "not asked yet" if last is None else f"{last.says}, {_age(now, last.at)} ago"
        row = f"silent on {tally.misses} probes since {tally.first_down:%H:%M:%S} UTC" if tally.first_down else ""
        rows.append([tally.part, said, row, "" if last is None else last.evidence])
    return rows


def _check(check: Check) -> str:
    mark = {Verdict.HOLDS: "ok      ", Verdict.FAILS: "NOT MET ", Verdict.UNKNOWN: "UNKNOWN "}[check.verdict]
    return f"{mark}{check.id}: {check.evidence}{f' -> {check.fix}' if check.fix else ''}"


def _judged(one: ShadowDecision) -> str:
    if not one.would:
        return ""
    return f" (judged {one.judgement} by {one.judged_by})" if one.judgement else " (to be judged)"


def _age(now: datetime, at: datetime) -> str:
    seconds = max(0, int((now - at).total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def status_as_json(found: Sequence[Stand], watcher: Claim | None, now: datetime) -> dict[str, Any]:
    groups = [
        {
            "standing": _plain(each.standing),
            "mode": each.group.mode,
            "source": each.group.source,
            "replica": each.group.replica,
            "vms": list(each.group.vms),
            "checks": [_plain(check) for check in each.checks],
            "shadow": [_plain(one) for one in each.shadows],
        }
        for each in found
    ]
    watching = None if watcher is None else _plain(watcher)
    return {"schema_version": SCHEMA_VERSION, "taken_at": stamp(now), "watched_by": watching, "groups": groups}


def history_lines(events: Sequence[FailoverEvent], shadows: Sequence[ShadowDecision]) -> list[str]:
    rows = [["EVENT", "TYPE", "STATE", "FIRST DOWN", "FIRED", "ENDED", "SOURCE", "REPLICA", "RESULT"]]
    for event in events:
        down = event.first_down if event.kind is EventKind.AUTOMATIC else None
        times = [stamp(at) or "" for at in (down, event.fired_at, event.ended_at)]
        result = event.result or event.reason
        powers = [event.source_power, event.replica_power]
        rows.append([event.id, event.kind, event.state, *times, *powers, result])
    lines = columns(rows) if events else ["No outage of a group that was armed, no failover and no drill of machines."]
    lines += ["", "In shadow:"] if shadows else []
    return lines + [printable(f"{one.id}{_judged(one)}: {one.words}") for one in shadows]


def history_as_json(events: Sequence[FailoverEvent], shadows: Sequence[ShadowDecision]) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "events": [_plain(event) for event in events],
        "shadow": [{**_plain(one), "words": one.words} for one in shadows],
    }


def window_lines(windows: Sequence[Window]) -> list[str]:
    if not windows:
        return ["No maintenance window is open or planned."]
    rows = [["WINDOW", "SITE", "TARGET", "FROM", "UNTIL", "ENDED", "ZONE", "BY", "REASON"]]
    for one in windows:
        times = [stamp(at) or "" for at in (one.begins, one.ends, one.ended_at)]
        rows.append([str(one.id), one.site, one.target or "(all)", *times, one.zone, one.by, one.reason])
    return columns(rows)


def windows_as_json(windows: Sequence[Window]) -> dict[str, Any]:
    return {"schema_version": SCHEMA_VERSION, "windows": [_plain(one) for one in windows]}


def _plain(record: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(to_text(record))
    return found
