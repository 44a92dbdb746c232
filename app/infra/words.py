"""Infrastructure and radii as commands print them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from app.output import columns, printable, stamp
from store.infra.differences import Change, Difference
from store.infra.radius import Bound, Radius, storage_word
from store.infra.records import Item, words
from store.infra.rules import Conflict

SIGNS = {Change.ADDED: "+", Change.CHANGED: "~", Change.GONE: "-"}
_IN_KEY = ("name", "site", "vid")
FEW = 200
"""So many differences are printed one by one; all of them with --json."""


def preview(source: str, found: Sequence[Difference]) -> list[str]:
    """What an import would change, item by item."""
    counts = Counter(one.change for one in found)
    told = ", ".join(f"{counts[change]} {change}" for change in Change if counts[change])
    lines = [printable(f"{source}: {told or 'nothing differs from what is stored'}")]
    lines += [printable(difference(one)) for one in found[:FEW]]
    return [*lines, f"… and {len(found) - FEW} more"] if len(found) > FEW else lines


def difference(one: Difference) -> str:
    """``~ system fa-paris: watts 1200 → 1400``; of one that is added what is told of it."""
    head = f"{SIGNS[one.change]} {one.kind} {one.key}"
    match one.change:
        case Change.CHANGED:
            told = [f"{name} {_or(before)} → {_or(after)}" for name, before, after in one.fields]
        case Change.ADDED:
            told = [f"{name} {after}" for name, _, after in one.fields if after and name not in _IN_KEY]
        case Change.GONE:
            told = []
    return f"{head}: {', '.join(told)}" if told else head


def _or(value: str | None) -> str:
    return "nothing" if value is None else value


def conflict(one: Conflict) -> str:
    return printable(f"{one.about[0]} {one.about[1]}: {one.text}")


def difference_json(one: Difference) -> dict[str, Any]:
    fields = [{"field": name, "before": before, "after": after} for name, before, after in one.fields]
    return {"change": one.change, "kind": one.kind, "key": one.key, "fields": fields}


def conflict_json(one: Conflict) -> dict[str, Any]:
    return {"kind": one.about[0], "key": one.about[1], "text": one.text, "only_if_another_fails": one.only_if}


def told(item: Item) -> str:
    """All that is told of an item besides its key."""
    return ", ".join(f"{name} {value}" for name, value in words(item).items() if value and name not in _IN_KEY)


def item_json(item: Item, source: str) -> dict[str, Any]:
    return {"source": source, "key": item.key, **words(item)}


# ------------------------------------------------------------------------------------------------------------ radii


def radius_lines(found: Radius) -> list[str]:
    """The summary, what falls, the plans, and what is not known."""
    lines = [found.summary]
    if found.hits:
        rows = [["WHAT", "NAME", "SITE", "EFFECT", "LOSS", "STORAGE", "PLAN", "BECAUSE"]]
        for hit in found.hits:
            loss = "-" if hit.bound is None else hit.bound.words
            plan = f"{hit.plan}: {hit.application}" if hit.plan is not None else "none"
            storage = "-" if hit.bound is None else storage_word(hit.storage)
            rows.append([hit.node[0], hit.name, hit.site or "-", hit.effect, loss, storage, plan, hit.because])
        lines += ["", *columns(rows)]
    for each in found.plans:
        parts = ", ".join(f"{name} ({bound.words})" for name, bound in each.applications)
        lines += ["", printable(f"plan {each.name}, from {each.source} to {each.target}: {parts}")]
        lines += [printable(f"  but {text}") for text in each.against]
    if found.unplanned:
        lines += ["", f"in no plan: {found.unplanned}"]
    return [*lines, *(["", *map(printable, found.notes)] if found.notes else [])]


def radius_json(found: Radius) -> dict[str, Any]:
    return {
        "struck": {"kind": found.struck[0], "key": found.struck[1], "title": found.title},
        "at": stamp(found.at),
        "summary": found.summary,
        "unplanned": found.unplanned,
        "bound": bound_json(found.bound),
        "hits": [
            {
                "kind": hit.node[0],
                "key": hit.node[1],
                "name": hit.name,
                "site": hit.site,
                "effect": hit.effect,
                "because": hit.because,
                "bound": bound_json(hit.bound),
                "storage_stays": hit.storage,
                "plan": hit.plan,
                "application": hit.application,
            }
            for hit in found.hits
        ],
        "plans": [
            {
                "name": plan.name,
                "from": plan.source,
                "to": plan.target,
                "bound": bound_json(plan.bound),
                "applications": [{"name": name, "bound": bound_json(bound)} for name, bound in plan.applications],
                "against": list(plan.against),
            }
            for plan in found.plans
        ],
        "notes": list(found.notes),
    }


def bound_json(bound: Bound | None) -> dict[str, Any] | None:
    """None: nothing of it is lost."""
    return None if bound is None else {"kind": bound.kind, "seconds": bound.seconds}


def sources_lines(rows: Iterable[tuple[str, datetime, str, int]], now: datetime) -> list[str]:
    """Each source with its age."""
    from screens.ages import age

    table = [[name, f"{age(now, at)} ago", by, str(count)] for name, at, by, count in rows]
    return columns([["SOURCE", "IMPORTED", "BY", "ITEMS"], *table])
