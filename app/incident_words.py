"""Incidents as the command line prints them, and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from app.output import columns, printable, stamp
from store.incident_records import Incident, Moment, lessons
from store.incident_words import by, words

SCHEMA_VERSION = 1


def list_lines(found: Sequence[Incident]) -> list[str]:
    if not found:
        return ["No incident."]
    rows = [["NUMBER", "STATE", "SEVERITY", "SITE", "DECLARED", "COMMANDER", "SCRIBE", "TITLE"]]
    for each in found:
        people = [each.commander or "-", each.scribe or "-"]
        rows.append(
            [each.name, each.state, each.severity, each.site or "-", stamp(each.declared_at) or "", *people, each.title]
        )
    return list(map(printable, columns(rows)))


def show_lines(each: Incident, runs: Sequence[str], timeline: Sequence[Moment]) -> list[str]:
    """All of one."""
    lines = [
        f"{each.name}: {each.title}",
        f"  {each.state}, {each.severity}, {each.component}" + (f" at {each.site}" if each.site else ""),
        f"  declared {stamp(each.declared_at)} by {each.by}" + (f", from {each.alert}" if each.alert else ""),
        f"  commander: {each.commander or 'nobody'}; scribe: {each.scribe or 'nobody'}",
    ]
    if each.resolved_at is not None:
        lines.append(f"  resolved {stamp(each.resolved_at)}: {each.resolution}")
    lines += [f"  run {run}: its evidence by drdeck report {run}" for run in runs]
    lines += [f"  lesson: {one.text} ({one.owner}, until {one.due})" for one in lessons(timeline)]
    lines += ["", "Timeline:"]
    lines += [f"  {stamp(one.at)}  {words(one)}" + (f"  ({by(one)})" if by(one) else "") for one in timeline]
    return list(map(printable, lines))


def as_json(each: Incident, runs: Sequence[str] = (), timeline: Sequence[Moment] | None = None) -> dict[str, object]:
    content: dict[str, object] = {
        "schema_version": SCHEMA_VERSION,
        "number": each.id,
        "name": each.name,
        "title": each.title,
        "state": each.state,
        "severity": each.severity,
        "component": each.component,
        "site": each.site or None,
        "by": each.by,
        "declared_at": stamp(each.declared_at),
        "commander": each.commander or None,
        "scribe": each.scribe or None,
        "alert": each.alert,
        "resolved_at": stamp(each.resolved_at),
        "resolution": each.resolution or None,
        "runs": list(runs),
    }
    if timeline is not None:
        content["lessons"] = [
            {"text": one.text, "owner": one.owner, "due": one.due.isoformat()} for one in lessons(timeline)
        ]
        content["timeline"] = [
            {"at": stamp(one.at), "seq": one.seq, "run": one.run, "kind": one.kind, "by": by(one), "words": words(one)}
            for one in timeline
        ]
    return content
