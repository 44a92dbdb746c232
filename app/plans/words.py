"""A recovery plan in words, in the order in which it comes back."""

from __future__ import annotations

from app.plans import order
from app.plans.records import (
    Application,
    Command,
    HttpProbe,
    MemberKind,
    PlanStep,
    PlanWhen,
    RecoveryPlan,
    TcpProbe,
    When,
)
from app.runs_words import span

_KINDS = {
    MemberKind.LPAR: "LPARs",
    MemberKind.PGROUP: "protection groups",
    MemberKind.RCG: "remote copy groups",
    MemberKind.VM: "VMs",
}


def plan_lines(plan: RecoveryPlan) -> list[str]:
    """The whole plan, as a person reads it."""
    waves = plan.waves
    lines = [
        f"Plan {plan.name}: from {plan.source} to {plan.target}   ({plan.path})",
        f"At a time: {waves.lpars} LPARs, {waves.rcgs} remote copy groups, {waves.vms} VMs",
    ]
    lines += [f"Port group {here} is {there} there" for here, there in plan.networks.items()]
    lines += _steps("First", plan.at(PlanWhen.FIRST), "")
    group = None
    for application in order.applications(plan):
        if application.group and application.group != group:
            group = application.group
            after = next((g.after for g in plan.groups if g.name == group), ())
            lines += ["", f"Group {group}" + (f", after {', '.join(after)}" if after else "")]
        lines += _application(application)
    return [*lines, *_steps("Last", plan.at(PlanWhen.LAST), "")]


def _application(application: Application) -> list[str]:
    targets = [
        f"{word} {span(seconds)}"
        for word, seconds in (("RTO", application.rto_s), ("RPO", application.rpo_s))
        if seconds is not None
    ]
    after = f", after {', '.join(application.after)}" if application.after else ""
    lines = [f"  {application.name}{after}" + (f"   ({', '.join(targets)})" if targets else "")]
    lines += _steps("before it is stopped (planned only)", application.at(When.BEFORE_STOP), "    ")
    for kind in MemberKind:
        members = application.of(kind)
        if members:
            names = [f"{m.system}/{m.name}" if m.system else m.name for m in members]
            lines.append(f"    {_KINDS[kind]}: {', '.join(names)}")
    for name, others in application.inside.items():
        lines.append(f"    {name} after {', '.join(others)}")
    lines += _steps("before it is started", application.at(When.BEFORE_START), "    ")
    return [*lines, *_steps("once it is up", application.at(When.AFTER_START), "    ")]


def _steps(when: str, steps: tuple[PlanStep, ...], indent: str) -> list[str]:
    return [f"{indent}{when}: {step.name} ({_does(step)})" for step in steps]


def _does(step: PlanStep) -> str:
    match step.does:
        case Command(argv, on, timeout_s):
            return f"{' '.join(argv)}, on {on or 'this machine'}, at most {span(timeout_s)}"
        case TcpProbe(_, _, timeout_s) | HttpProbe(_, timeout_s):
            return f"a probe, at most {span(timeout_s)}"
        case _:
            return "a person says so"
