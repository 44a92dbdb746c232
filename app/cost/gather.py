"""All that cost is told from: rates, the files of the plans, the estate as last seen, and the runs of drills."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.capacity.needs import needs
from app.capacity.supply import measured
from app.cost import sums
from app.cost.stored import Stored
from app.plans import catalogue
from app.plans.records import Application, Member, MemberKind, RecoveryPlan
from app.settings_records import Settings
from store.capacity_records import Series
from store.capacity_view import Need
from store.cost_view import Cost
from store.drills import DRILL, DRILLING, VM_DRILL
from store.ledger import Ledger
from store.runs import Run
from store.view import EstateView

MOST_DRILLS = 50


def look(settings: Settings, view: EstateView, ledger: Ledger, now: datetime | None = None) -> Cost:
    """What recovery costs as things are now. No device is asked. Raises :class:`store.errors.StoreError`."""
    at = now or datetime.now(UTC)
    rates = settings.cost
    plans = [each.plan for each in catalogue.listed(settings.plan_folder) if each.plan is not None]
    needed = needs(plans, settings, view, running=True)
    site_of = {device.name: device.site for device in settings.devices}
    runs = [run for verb in DRILLING for run in ledger.runs_of(verb)]
    drills = sums.drills(rates, runs, _of_machines(settings, view, runs), at)
    items = [
        *(item for _, item in zip(range(MOST_DRILLS), drills, strict=False)),
        *sums.sites(rates, plans, needed, measured(view), site_of),
        *sums.applications(rates, plans, needed, _stored(settings, view, plans)),
    ]
    return Cost(at, rates.currency, tuple(items))


def _stored(settings: Settings, view: EstateView, plans: Iterable[RecoveryPlan]) -> dict[tuple[str, str], int | None]:
    """Bytes by plan and application; None where a member's are not known."""
    stored = Stored(settings, view)
    found: dict[tuple[str, str], int | None] = {}
    for plan in plans:
        for application in plan.applications:
            sizes = [stored.of(plan, member) for member in application.members]
            known = [size for size in sizes if size is not None]
            found[plan.name, application.name] = sum(known) if len(known) == len(sizes) else None
    return found


def _of_machines(settings: Settings, view: EstateView, runs: Sequence[Run]) -> dict[str, list[tuple[Series, Need]]]:
    """What each machine of a drill takes at the other site, by its name: as a plan of them all would."""
    names: dict[MemberKind, dict[str, None]] = {MemberKind.LPAR: {}, MemberKind.VM: {}}
    for run in runs:
        kind = {DRILL: MemberKind.LPAR, VM_DRILL: MemberKind.VM}.get(run.plan.verb)
        if kind is not None:
            names[kind].update(dict.fromkeys(target.partition(":")[2] for target in run.plan.targets))
    found: dict[str, list[tuple[Series, Need]]] = defaultdict(list)
    pra = settings.pra
    if not any(names.values()):
        return found
    members = tuple(Member(kind, name, 0) for kind, each in names.items() for name in each)
    source, target = (pra.nominal, pra.recovery) if pra is not None else ("", "")
    plan = RecoveryPlan("drill", Path(), "", source, target, (), (Application("drill", "", 0, members),))
    for series, each in needs([plan], settings, view, running=True).by_series.items():
        for need in each:
            found[need.member].append((series, need))
    return found
