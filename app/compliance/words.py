"""The compliance view as lines, and as JSON."""

from __future__ import annotations

import json
from typing import Any

from app.output import columns, stamp
from app.runs_words import span
from store.compliance import Compliance, Drilled

SCHEMA_VERSION = 1


def lines(found: Compliance) -> list[str]:
    rows = [["PLAN", "STATE", "LAST DRILL", "RUN", "REACHED"]]
    rows += [[d.plan, d.state, stamp(d.at) or "none ever passed", d.run or "", reached(d)] for d in found.drills]
    out = ["Drills:", *(f"  {line}" for line in columns(rows))] if found.drills else ["Drills: there is no plan"]
    out += ["", f"Gaps (a drill counts for {found.days} days):" if found.gaps else "Gaps: none"]
    for gap in found.gaps:
        out += [f"  {gap.about}: {gap.why}", f"      {gap.next}"]
    out += ["", "Open lessons:" if found.lessons else "Open lessons: none"]
    today = found.at.date()
    for each in found.lessons:
        late = ", LATE" if each.late(today) else ""
        out.append(f"  {each.number} of {each.about}: {each.text} ({each.owner}, due {each.due}{late})")
    marks = {True: "shown", False: "NOT SHOWN", None: "for others"}
    asked = [["ASKED BY", "WHAT", "", "WHAT THERE IS"]]
    asked += [[each.source, each.asks, marks[each.held], each.shown] for each in found.asked]
    return [*out, "", "Requirements:", *(f"  {line}" for line in columns(asked))]


def reached(drill: Drilled) -> str:
    """``erp 12 min of 30 min, dns 1 min``"""
    return ", ".join(
        f"{name} {span(seconds)}" + ("" if target is None else f" of {span(target)}")
        for name, seconds, target in drill.reached
    )


def as_json(found: Compliance) -> dict[str, Any]:
    from msgspec.json import encode

    return {"schema_version": SCHEMA_VERSION, **json.loads(encode(found))}
