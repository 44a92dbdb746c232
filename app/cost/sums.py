"""What recovery costs a month at each site and for each application, and what a drill cost: sums, each with its inputs.
Pure. A rate that is not set is no data, never a guess."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from app.capacity.needs import Needs
from app.capacity.supply import POOL
from app.cost_records import Rates
from app.plans.records import RecoveryPlan
from store.capacity_records import Measured, Resource, Series
from store.capacity_view import Need
from store.cost_view import CostItem, CostLine, CostOf
from store.drills import CLEANUP, DRILL, VM_CLEANUP, VM_DRILL, owing, subject
from store.runs import ENDED, Run

GIB = 1 << 30
HOURS_A_MONTH = Decimal("730.5")


class Amounts(Struct, frozen=True):
    """What something takes: processing units, virtual processors, and GiB of memory."""

    units: Decimal = Decimal()
    vcpu: Decimal = Decimal()
    memory_gib: Decimal = Decimal()


def amounts(found: Iterable[tuple[Series, Need]]) -> Amounts:
    """Summed. What may run on any host of a server is counted there, and not once more on its host."""
    units, vcpu, memory = Decimal(), Decimal(), Decimal()
    every = list(found)
    pooled = {(need.plan, need.member) for series, need in every if series.kind == POOL}
    for series, need in every:
        if series.kind == "esxi" and (need.plan, need.member) in pooled:
            continue
        if series.resource is Resource.MEMORY:
            memory += Decimal(need.amount) / GIB
        elif series.resource is Resource.CPU and series.kind == "system":
            units += Decimal(repr(need.amount))
        elif series.resource is Resource.CPU:
            vcpu += Decimal(repr(need.amount))
    return Amounts(units, vcpu, memory)


def line(label: str, count: Decimal | None, unit: str, rate: Decimal | None, key: str, missing: str = "") -> CostLine:
    """``count`` of ``unit``, by a rate of the configuration called ``key``."""
    if count is None:
        return CostLine(label, "", None, missing or "what it takes is not known")
    told = f"{count.to_integral():,f}" if count == count.to_integral() else f"{count:,.2f}"
    if rate is None:
        return CostLine(label, f"{told} {unit}", None, f"[cost] {key} is not set")
    return CostLine(label, f"{told} {unit} x {price(rate)}", count * rate)


def price(rate: Decimal) -> str:
    """As it was configured, with two digits behind the point at least."""
    digits = rate.as_tuple().exponent
    return f"{rate:,.2f}" if isinstance(digits, int) and digits > -2 else f"{rate:,f}"


def monthly(rates: Rates, what: Amounts, stored: Decimal | None, missing: str = "") -> Iterator[CostLine]:
    """Memory, processors and storage of a month; what it takes none of has no line."""
    if what.units:
        key = "processing_unit_month"
        yield line("Power processors", what.units, "units", rates.processing_unit_month, key)
    if what.vcpu:
        yield line("VM processors", what.vcpu, "vCPU", rates.vcpu_month, "vcpu_month")
    if what.memory_gib:
        yield line("memory", what.memory_gib, "GiB", rates.memory_gib_month, "memory_gib_month")
    yield line("storage", stored, "GiB", rates.storage_gib_month, "storage_gib_month", missing)


def sites(
    rates: Rates, plans: Sequence[RecoveryPlan], needed: Needs, measured: Iterable[Measured], site_of: Mapping[str, str]
) -> Iterator[CostItem]:
    """Of each site that something comes back at, a month: what it costs anyhow, what the plans reserve there, and all
    space that is used."""
    here = list(measured)
    for site in dict.fromkeys(plan.target for plan in plans):
        names = {plan.name for plan in plans if plan.target == site}
        mine = [(series, n) for series, each in needed.by_series.items() for n in each if n.plan in names]
        space = [m for m in here if m.series.resource is Resource.SPACE and site_of.get(m.device) == site]
        stored = Decimal(math.fsum(m.used for m in space)) / GIB if space else None
        known = rates.site(site)
        fixed = CostLine("the site itself", "as configured", known.month)
        if known.month is None:
            fixed = CostLine("the site itself", "", None, f'[[cost.sites]] month of "{site}" is not set')
        lines = (fixed, *monthly(rates, amounts(mine), stored, "no array or datastore there was read"))
        about = f"a month; reserved for {', '.join(sorted(names))}, and all space that is used there"
        yield CostItem(CostOf.SITE, site, about, lines, known.budget)


def applications(
    rates: Rates, plans: Sequence[RecoveryPlan], needed: Needs, stored: Mapping[tuple[str, str], int | None]
) -> Iterator[CostItem]:
    """Of each application, a month, at the site that it comes back at. ``stored``: bytes by plan and application, None:
    of a member nothing is known."""
    for plan in plans:
        for application in plan.applications:
            mine = [
                (series, need)
                for series, each in needed.by_series.items()
                for need in each
                if (need.plan, need.application) == (plan.name, application.name)
            ]
            size = stored[plan.name, application.name]
            gib = None if size is None else Decimal(size) / GIB
            lines = tuple(monthly(rates, amounts(mine), gib, "not every copy of it is seen there"))
            lost = [each for each in needed.unplaced if (each.plan, each.application) == (plan.name, application.name)]
            lines += tuple(CostLine(each.member, "", None, each.why) for each in lost)
            yield CostItem(CostOf.APPLICATION, f"{plan.name}/{application.name}", f"a month, at {plan.target}", lines)


def drills(
    rates: Rates, runs: Sequence[Run], needed: Mapping[str, Sequence[tuple[Series, Need]]], now: datetime
) -> Iterator[CostItem]:
    """Of each drill that began and ended, newest first: its people, and what its machines took until they were cleaned
    up; while that is owed they take it still. ``needed`` by the name of a machine."""
    owed = owing(runs)
    began = [run for run in runs if run.plan.verb in (DRILL, VM_DRILL) and run.state in ENDED and run.began_at]
    for run in sorted(began, key=lambda run: (run.created_at, run.id), reverse=True):
        if run.began_at is None or run.ended_at is None:
            continue
        verb = CLEANUP if run.plan.verb == DRILL else VM_CLEANUP
        name = f"{verb} {subject(run.id)}"
        after = [r for r in runs if r.plan.name == name and r.began_at and r.ended_at]
        spans = [(run.began_at, run.ended_at), *((r.began_at, r.ended_at) for r in after if r.began_at and r.ended_at)]
        worked = sum((_hours(first, last) for first, last in spans), Decimal())
        until = now if run.id in owed else max(last for _, last in spans)
        held = _hours(run.began_at, until)
        names = [target.partition(":")[2] for target in run.plan.targets]
        known = [need for name in names for need in needed.get(name, ())]
        lines = (_people(rates, worked), *_machines(rates, amounts(known), held, names, needed))
        state = f"{run.state}, clean-up owed: its machines still cost" if run.id in owed else str(run.state)
        yield CostItem(CostOf.DRILL, run.id, f"{run.plan.name}; {state}", lines, at=run.began_at)


def _hours(first: datetime, last: datetime) -> Decimal:
    return Decimal(max(0.0, (last - first).total_seconds())) / 3600


def _people(rates: Rates, hours: Decimal) -> CostLine:
    if rates.drill_people is None:
        return CostLine("people", f"{hours:,.3f} h", None, "[cost] drill_people is not set")
    told = f"{rates.drill_people} for {hours:,.3f} h"
    if rates.person_hour is None:
        return CostLine("people", told, None, "[cost] person_hour is not set")
    return CostLine("people", f"{told} x {price(rates.person_hour)}", rates.drill_people * hours * rates.person_hour)


def _machines(
    rates: Rates, what: Amounts, hours: Decimal, names: Sequence[str], needed: Mapping[str, object]
) -> Iterator[CostLine]:
    parts = (
        ("Power processors", what.units, "units", rates.processing_unit_month, "processing_unit_month"),
        ("VM processors", what.vcpu, "vCPU", rates.vcpu_month, "vcpu_month"),
        ("memory", what.memory_gib, "GiB", rates.memory_gib_month, "memory_gib_month"),
    )
    for label, count, unit, rate, key in parts:
        if not count:
            continue
        told = f"{count:,.2f} {unit} for {hours:,.3f} h"
        if rate is None:
            yield CostLine(label, told, None, f"[cost] {key} is not set")
        else:
            month = f"{told} x {price(rate)} / {HOURS_A_MONTH} h"
            yield CostLine(label, month, count * rate * hours / HOURS_A_MONTH)
    unknown = [name for name in names if name not in needed]
    if unknown:
        yield CostLine(", ".join(unknown), "", None, "what it takes is not known any more")
