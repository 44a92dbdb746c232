"""What is wrong by capacity and cost: a recovery plan that does not fit, and what costs more than was agreed. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from store.alert_records import AlertKind, Raised
from store.capacity_view import Capacity, PlanOutlook
from store.cost_view import Cost, CostItem, CostOf, over_budget
from store.notices import Severity


def of_capacity(found: Capacity, target: dict[str, str]) -> Iterable[Raised]:
    """``target`` is the site that each plan recovers at, by the plan's name."""
    for plan in found.plans:
        if plan.fits is False:
            yield _no_room(plan, target.get(plan.plan, ""))


def _no_room(plan: PlanOutlook, site: str) -> Raised:
    why = f": {plan.why[0]}" if plan.why else ""
    return Raised(
        key=f"plan:{plan.plan}:no-room",
        kind=AlertKind.NO_ROOM,
        severity=Severity.MAJOR,
        site=site,
        target=plan.plan,
        subject=f"plan {plan.plan} does not fit",
        what=f"Beside all other plans, {plan.plan} does not fit at its recovery site{why}.",
        next="See what is lacking: %, or drdeck capacity.",
    )


def of_cost(found: Cost) -> Iterable[Raised]:
    for item in found.items:
        if item.of is not CostOf.DRILL and over_budget(item):
            yield _over(item, found.currency or "")


def _over(item: CostItem, currency: str) -> Raised:
    return Raised(
        key=f"cost:{item.key}",
        kind=AlertKind.OVER_BUDGET,
        severity=Severity.WARNING,
        site=item.name if item.of is CostOf.SITE else "",
        target=item.name,
        subject=f"{item.of} {item.name} costs more than its budget",
        what=f"{item.known:,.2f} {currency} a month, of {item.budget:,.2f} {currency}.".replace("  ", " "),
        next="See what it is made of: $, or drdeck cost.",
    )
