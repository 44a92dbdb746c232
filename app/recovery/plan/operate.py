"""From the configuration to the run of a recovery plan: read its file, look at its members, draw it up."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from app.config_table import SettingsError
from app.plans import catalogue
from app.plans.reader import problem
from app.plans.records import Application, Command, Kind, RecoveryPlan
from app.recovery.draft import CannotPlanError
from app.recovery.maintenance import asked_for
from app.recovery.operations import Operations
from app.recovery.plan import cleanup, drafting
from app.recovery.plan.drafting import Drawn
from app.recovery.plan.looked import Looked, look
from store import maintenance
from store.drills import order
from store.runs import Guard, Plan, Run


def loaded(operations: Operations, name: str, without: Sequence[str] = ()) -> RecoveryPlan:
    """The plan of that name, ``without`` some of its members. Raises :class:`CannotPlanError` where there is none, or a
    name in it is none, :class:`SettingsError` with its errors."""
    try:
        plan = catalogue.load(operations.settings.plan_folder, name)
    except catalogue.NoPlanError as error:
        raise CannotPlanError(str(error)) from None
    _configured(operations, plan)
    return left_out(plan, without)


def _configured(operations: Operations, plan: RecoveryPlan) -> None:
    """That the configuration has the sites and the hosts that the file names."""
    settings, wrong = operations.settings, []
    sites = ", ".join(sorted(site.name for site in settings.sites))
    for key, name in (("from", plan.source), ("to", plan.target)):
        if name not in {site.name for site in settings.sites}:
            wrong.append(problem(plan, 1, key, f"a site of the configuration: {sites}", name))
    known = [host.name for host in settings.hosts]
    for step in plan.every_step:
        on = step.does.on if isinstance(step.does, Command) else None
        if on is not None and on not in known:
            wrong.append(problem(plan, step.line, "on", f"one of [[hosts]]: {', '.join(known) or 'there is none'}", on))
    if wrong:
        raise SettingsError(plan.path, wrong)


def left_out(plan: RecoveryPlan, without: Sequence[str]) -> RecoveryPlan:
    """The plan without some members or applications, by name: what cannot come back must not hold up the rest. Raises
    :class:`CannotPlanError` for a name that is none of them."""
    names = {member.name for _, member in plan.members} | {application.name for application in plan.applications}
    for name in without:
        if name not in names:
            raise CannotPlanError(f"{plan.name} has no application and no member {name}")
    gone = {a.name for a in plan.applications if a.name in without or all(m.name in without for m in a.members)}
    waits = {a.name: a.after for a in plan.applications}
    kept = tuple(_without(each, gone, without, waits) for each in plan.applications if each.name not in gone)
    if not kept:
        raise CannotPlanError(f"Nothing is left of {plan.name}")
    through = {group.name: group.after for group in plan.groups}
    empty = set(through) - {application.group for application in kept}
    groups = (replace(g, after=_over(g.after, empty, through)) for g in plan.groups if g.name not in empty)
    return replace(plan, applications=kept, groups=tuple(groups))


def _over(after: Sequence[str], gone: Container[str], through: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """What something comes after where others are left out: what those came after."""
    found: list[str] = []
    for name in after:
        found += _over(through.get(name, ()), gone, through) if name in gone else [name]
    return tuple(dict.fromkeys(found))


def _without(
    application: Application, gone: Container[str], without: Sequence[str], waits: Mapping[str, Sequence[str]]
) -> Application:
    inside = application.inside
    return replace(
        application,
        members=tuple(member for member in application.members if member.name not in without),
        after=_over(application.after, gone, waits),
        inside={name: _over(after, without, inside) for name, after in inside.items() if name not in without},
    )


def drawn(operations: Operations, plan: RecoveryPlan, kind: Kind, run_id: str) -> tuple[Looked, Drawn]:
    """Look, and draw up the run. Raises :class:`SettingsError` for members that are not there, with their lines."""
    seen = look(operations, plan, kind)
    if seen.problems:
        raise SettingsError(plan.path, seen.problems)
    return seen, drafting.draw(plan, kind, seen, run_id, operations.ledger.durations, operations.sessions)


def plan_run(operations: Operations, name: str, kind: Kind, without: Sequence[str], run_id: str) -> Plan:
    """The plan of a run of the recovery plan ``name``. Raises as :func:`loaded` and :func:`drawn`."""
    if kind is Kind.CLEANUP:
        if without:
            raise CannotPlanError("A clean-up takes away all that the drill made: nothing is left out")
        return cleanup.plan_cleanup(operations, name, run_id)
    plan = loaded(operations, name, without)
    made = drawn(operations, plan, kind, run_id)[1].plan
    if plan.maintenance and kind is Kind.PLANNED:
        now = datetime.now(UTC)
        found = maintenance.windows(operations.store.path, now)
        made = replace(made, guards=(*made.guards, asked_for(found, plan.source, made, now)))
    if without:
        made = replace(made, notes=(f"Left out, and staying as it is: {', '.join(without)}.", *made.notes))
    return _besides_drill(made, kind, name, cleanup.owed(operations, name))


def _besides_drill(made: Plan, kind: Kind, name: str, owed: Run | None) -> Plan:
    """With what a drill means that is not cleaned up: there is no second one. A failover is refused by what stands in
    its way alone: it may be needed now."""
    if kind is Kind.DRILL:
        evidence = "none does" if owed is None else f"{owed.id} does: drdeck {order(owed)}"
        guard = Guard(f"drill.owed {name}", "no drill of the plan owes its clean-up", owed is None, evidence)
        return replace(made, guards=(guard, *made.guards), steps=made.steps if owed is None else ())
    if owed is None:
        return made
    return replace(made, notes=(f"Its drill {owed.id} is not cleaned up: drdeck {order(owed)}", *made.notes))
