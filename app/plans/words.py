"""A recovery plan in words, in the order in which it comes back."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict

from app.plans import order
from app.plans.records import (
    USUAL_KINDS,
    Application,
    Command,
    HttpProbe,
    MemberKind,
    PlanStep,
    PlanWhen,
    Prompt,
    RecoveryPlan,
    TcpProbe,
    When,
)
from app.runs_words import span

KINDS = {
    MemberKind.LPAR: "LPARs",
    MemberKind.PGROUP: "pgroups",
    MemberKind.POD: "pods",
    MemberKind.RCG: "RCGs",
    MemberKind.VM: "VMs",
}


def plan_lines(plan: RecoveryPlan) -> list[str]:
    """The whole plan, as a person reads it."""
    waves = plan.waves
    lines = [
        f"Plan {plan.name}: from {plan.source} to {plan.target}   ({plan.path})",
        f"At a time: {waves.lpars} LPARs, {waves.rcgs} remote copy groups, {waves.vms} VMs",
    ]
    lines += ["Run as planned only while maintenance is open there"] if plan.maintenance else []
    lines += [f"Port group {here} is {there} there" for here, there in plan.networks.items()]
    lines += [f"The host {here} of a remote copy group is {there} there" for here, there in plan.rcg_hosts.items()]
    lines += [f"In a drill {there} stands for the host {here}" for here, there in plan.drill_hosts.items()]
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
    lines += _steps("before it is stopped", application.at(When.BEFORE_STOP), "    ")
    for kind in MemberKind:
        members = application.of(kind)
        if members:
            names = [f"{m.system}/{m.name}" if m.system else m.name for m in members]
            lines.append(f"    {KINDS[kind]}: {', '.join(names)}")
    for name, others in application.inside.items():
        lines.append(f"    {name} after {', '.join(others)}")
    lines += _steps("before it is started", application.at(When.BEFORE_START), "    ")
    return [*lines, *_steps("once it is up", application.at(When.AFTER_START), "    ")]


def _steps(when: str, steps: tuple[PlanStep, ...], indent: str) -> list[str]:
    return [f"{indent}{when}{of_kinds(step)}: {step.name} ({_does(step)})" for step in steps]


def of_kinds(step: PlanStep) -> str:
    """In which kinds of run a step is done, where these are not the usual ones."""
    return "" if step.kinds == USUAL_KINDS else f" ({', '.join(step.kinds)})"


def _does(step: PlanStep) -> str:
    match step.does:
        case Command(argv, on, timeout_s):
            return f"{' '.join(argv)}, on {on or 'this machine'}, at most {span(timeout_s)}"
        case TcpProbe(_, _, timeout_s) | HttpProbe(_, timeout_s):
            return f"a probe, at most {span(timeout_s)}"
        case _:
            return "a person says so"


def plan_as_json(plan: RecoveryPlan) -> dict[str, Any]:
    """Every value of the file, in the words of its keys; seconds."""
    return {
        "name": plan.name,
        "file": str(plan.path),
        "digest": plan.digest,
        "from": plan.source,
        "to": plan.target,
        "waves": asdict(plan.waves),
        "maintenance": plan.maintenance,
        "networks": dict(plan.networks),
        "rcg_hosts": dict(plan.rcg_hosts),
        "drill_hosts": dict(plan.drill_hosts),
        "steps": [_step_as_json(step) for step in plan.steps],
        "groups": [{"name": group.name, "after": list(group.after)} for group in plan.groups],
        "applications": [_application_as_json(each) for each in order.applications(plan)],
    }


def _application_as_json(application: Application) -> dict[str, Any]:
    members = {
        str(kind): [{"name": m.name, "system": m.system, "line": m.line} for m in application.of(kind)]
        for kind in MemberKind
    }
    return {
        "name": application.name,
        "group": application.group,
        "line": application.line,
        "after": list(application.after),
        "rto_s": application.rto_s,
        "rpo_s": application.rpo_s,
        "inside": {name: list(others) for name, others in application.inside.items()},
        "steps": [_step_as_json(step) for step in application.steps],
        **members,
    }


def _step_as_json(step: PlanStep) -> dict[str, Any]:
    kinds = {Command: "command", TcpProbe: "tcp", HttpProbe: "http", Prompt: "ask"}
    told = {"when": step.when, "kinds": list(step.kinds), "name": step.name, "line": step.line}
    return told | {kinds[type(step.does)]: asdict(step.does)}
