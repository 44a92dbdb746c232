"""``drdeck capacity`` and ``drdeck cost``: whether the recovery plans fit, until when, and what recovery costs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.settings import Settings
    from store.capacity_view import Capacity, Headroom
    from store.cost_view import Cost, CostItem
    from store.place import Place
    from store.trends import Crossing, Lacking, Trend

OK, FAILED, PARTLY = 0, 1, 3
USUAL_MONTHS, LEAST_MONTHS, MOST_MONTHS = 6, 3, 12

CAPACITY = """\
What each system of the recovery sites has, what of it is used, what all recovery plans together need, and what is left.
No device is asked: it is told from what was last seen, with its age, and from samples that consoles (every minute) and
drdeck scheduler (every hour) keep. The forecast is the median slope of the used days, with an interval; where there are
too few days of samples it says how many it has of how many it takes.

--json prints one object: schema_version (1), at, until, plans, rows (with the needs of each member; method, interval
and inputs of each forecast), unplaced, data_reduction. Bytes, processing units or virtual processors, N_Port IDs.

exit codes: 0 all plans fit, as far as it is known; 1 one does not fit; 3 of one it is not known.
"""

COST = """\
What recovery costs by the rates of [cost]: the drills, newest first; each site and each application a month. What has
no rate is "no data". --json prints one object: schema_version (1), at, currency, and items with their lines, inputs,
budget and over_budget (null: not known). Amounts are texts.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``capacity`` and ``cost``."""
    for name, about, more in (
        ("capacity", "whether all recovery plans together fit at the recovery sites, and until when", CAPACITY),
        ("cost", "what recovery costs: each drill, site and application", COST),
    ):
        command = commands.add_parser(
            name, help=about, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name == "capacity":
            told = f"how far ahead to look, in months from {LEAST_MONTHS} to {MOST_MONTHS} (default: {USUAL_MONTHS})"
            command.add_argument("--months", type=int, choices=range(LEAST_MONTHS, MOST_MONTHS + 1), metavar="N",
                                 default=USUAL_MONTHS, help=told)  # fmt: skip
        command.add_argument("--json", action="store_true", help="print JSON")
        for option in ("--config", "--store"):
            command.add_argument(
                option, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=f"the {option[2:]} to use"
            )


def capacity(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """``drdeck capacity``. Returns the exit code. Raises :class:`store.errors.StoreError`."""
    from app.capacity.gather import look
    from app.capacity.headroom import days
    from app.sweep import never_read
    from store.capacity_book import CapacityBook
    from store.database import open_store

    store = open_store(store_path)
    try:
        store.configure(never_read(device) for device in settings.devices)
        with closing(CapacityBook(store_path)) as book:
            found = look(settings, store.view, book, days(arguments.months))
    finally:
        store.close()
    print(json.dumps(_capacity_json(found), indent=2) if arguments.json else "\n".join(capacity_lines(found)))
    if any(plan.fits is False for plan in found.plans):
        return FAILED
    return PARTLY if found.unread or any(plan.fits is None for plan in found.plans) else OK


def capacity_lines(found: Capacity) -> Iterator[str]:
    """The answer first, then each resource, then what could not be counted."""
    from app.output import columns
    from screens import capacity_words as words
    from screens.ages import age

    for plan in found.plans:
        yield words.plan_line(plan, found)[0]
    if not found.plans:
        yield "There is no recovery plan: nothing is needed."
    yield from (f"plan {name} cannot be used and is not counted" for name in found.unread)
    yield ""
    rows = [["SYSTEM", "SITE", "RESOURCE", "TOTAL", "USED", "PLANS NEED", "LEFT", f"UNTIL {found.until}", "AGE"]]
    for row in found.rows:
        series = row.measured.series
        numbers = [words.amount(series, value) for value in (row.total, row.measured.used, row.needed, row.left)]
        until, seen = words.until(row, found.until)[0], age(found.at, row.measured.at)
        rows.append([row.measured.name, row.site, row.resource.value, *numbers, until, seen])
    yield from columns(rows) if found.rows else ["no data: no system of a recovery site says what it has and uses"]
    yield from (words.reduction_line(each) for each in found.reductions)
    if found.unplaced:
        yield ""
        yield from (f"not counted: {each.member} of plan {each.plan}: {each.why}" for each in found.unplaced)


def _capacity_json(found: Capacity) -> dict[str, Any]:
    from app.output import stamp
    from screens import capacity_words as words

    return {
        "schema_version": 1,
        "at": stamp(found.at),
        "until": str(found.until),
        "plans": [
            {
                "name": plan.plan,
                "fits": plan.fits,
                "no_longer_fits": _crossing_json(plan.full),
                "by": plan.where or None,
                "samples": None if plan.lacking is None else _lacking_json(plan.lacking),
                "not_known": plan.why,
                "words": words.plan_line(plan, found)[0],
            }
            for plan in found.plans
        ],
        "rows": [_row_json(row) for row in found.rows],
        "unplaced": [
            {"plan": u.plan, "application": u.application, "member": u.member, "why": u.why} for u in found.unplaced
        ],
        "plans_that_cannot_be_used": found.unread,
        "data_reduction": [
            {"system": each.name, "ratio": each.used, "seen_at": stamp(each.at)} for each in found.reductions
        ],
    }


def _row_json(row: Headroom) -> dict[str, Any]:
    from app.output import stamp

    needs = [
        {"plan": n.plan, "application": n.application, "member": n.member, "amount": n.amount, "counted": n.words}
        for n in row.needs
    ]
    return {
        "system": row.measured.name,
        "kind": row.measured.series.kind,
        "site": row.site,
        "resource": row.resource.value,
        "total": row.total,
        "used": row.measured.used,
        "seen_at": stamp(row.measured.at),
        "needed": row.needed,
        "left": row.left,
        "fits": row.fits,
        "needs": needs,
        "forecast": _trend_json(row.line),
        "full": _crossing_json(row.full),
    }


def _trend_json(line: Trend | Lacking) -> dict[str, Any]:
    from store.trends import COVERS, METHOD, Lacking

    if isinstance(line, Lacking):
        return {"method": METHOD, "samples": _lacking_json(line)}
    return {
        "method": METHOD,
        "covers": COVERS,
        "slope_a_day": line.slope,
        "slope_interval": [line.slope_low, line.slope_high],
        "level": line.level,
        "level_at": str(line.middle),
        "residuals": [line.below, line.above],
        "samples": {"days": line.samples, "points": line.points, "first": str(line.first), "last": str(line.last)},
    }


def _lacking_json(line: Lacking) -> dict[str, int]:
    return {"days": line.have, "needed": line.need}


def _crossing_json(full: Crossing | None) -> dict[str, str | None] | None:
    if full is None:
        return None
    ends = {"expected": full.expected, "earliest": full.earliest, "latest": full.latest}
    return {name: None if day is None else str(day) for name, day in ends.items()}


def cost(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """``drdeck cost``. Returns the exit code. Raises :class:`store.errors.StoreError`."""
    from app.cost.gather import look
    from app.sweep import never_read
    from store.database import open_store
    from store.ledger import Ledger

    store = open_store(store_path)
    try:
        store.configure(never_read(device) for device in settings.devices)
        with closing(Ledger(store_path)) as ledger:
            found = look(settings, store.view, ledger)
    finally:
        store.close()
    print(json.dumps(_cost_json(found), indent=2) if arguments.json else "\n".join(cost_lines(found)))
    return OK


def cost_lines(found: Cost) -> Iterable[str]:
    """The last drill first, then each item with its lines."""
    from app.output import columns, stamp
    from screens import cost_words as words
    from screens.capacity_words import NO_DATA
    from store.cost_view import CostOf

    last = next((item for item in found.items if item.of is CostOf.DRILL), None)
    told = f"{NO_DATA}, none was run" if last is None else words.total(last, found.currency)[0]
    yield f"the last drill{'' if last is None else f' ({last.name}, {stamp(last.at)})'}: {told}"
    for item in found.items:
        agreed = "" if item.budget is None else f"; budget: {words.budget(item, found.currency)[0]}"
        yield ""
        yield f"{item.key}: {words.total(item, found.currency)[0]}{agreed}  ({item.about})"
        made = [
            [f"  {line.label}", words.money(line.amount, found.currency), line.inputs if not line.why else line.why]
            for line in item.lines
        ]
        yield from columns(made)


def _cost_json(found: Cost) -> dict[str, Any]:
    from app.output import stamp

    return {
        "schema_version": 1,
        "at": stamp(found.at),
        "currency": found.currency,
        "items": [_item_json(item) for item in found.items],
    }


def _item_json(item: CostItem) -> dict[str, Any]:
    from app.output import stamp
    from store.cost_view import over_budget

    lines = [
        {"of": each.label, "inputs": each.inputs, "amount": _text(each.amount), "lacking": each.why or None}
        for each in item.lines
    ]
    return {
        "of": item.of.value,
        "name": item.name,
        "about": item.about,
        "began": stamp(item.at),
        "known": _text(item.known),
        "complete": not item.lacking,
        "budget": _text(item.budget),
        "over_budget": over_budget(item),
        "lines": lines,
    }


def _text(amount: object) -> str | None:
    return None if amount is None else f"{amount:.4f}"
