"""What a journal entry of a run tells operators, in words. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

from app.notify.keys import RUNS
from store import plan_runs, replications
from store.approvals import ASKED, GLASS
from store.drills import DRILL, DRILLS, about, lpars, order
from store.notices import Event, EventKind, Severity
from store.runs import Entry, Plan, PlannedStep, Run, RunState, StepRecord, StepState

FAILOVERS = frozenset(
    {"failover", "switchover", "failback", "promote", replications.FAILOVER, replications.FAILBACK, replications.UNDO}
    | set(plan_runs.MOVING)
)
"""Verbs of plans after which production runs, or can run, at the other side."""

PROMPT = "plan.ask"
_AWAY = frozenset({"failover", "promote", replications.FAILOVER, *plan_runs.VERBS})

TELLING = frozenset({ASKED, GLASS, "lease taken", "result", "run"})
"""The kinds of entries that may tell something; of ``result`` only what failed or is unknown."""

MOST_TARGETS = 5
"""So many targets of a run are named, and the others counted."""

_TROUBLE = {StepState.FAILED: EventKind.STEP_FAILED, StepState.UNKNOWN: EventKind.STEP_UNKNOWN}


def wanted(entry: Entry) -> bool:
    """Whether an entry may make an event, so that its run has to be read."""
    if entry.kind == "result":
        return json.loads(entry.body).get("state") in _TROUBLE
    return entry.kind in TELLING and bool(entry.run)


def events_of(entry: Entry, run: Run, sites: Mapping[str, str]) -> tuple[Event, ...]:
    """The events that an entry makes; ``sites`` are those of the devices by name."""
    body = json.loads(entry.body)
    match entry.kind:
        case "lease taken":
            return (_began(run, sites),)
        case kind if kind == GLASS:
            return (_glass(run, body, sites),)
        case kind if kind == ASKED:
            return (_asked(run, body, sites),)
        case "result":
            return (_step(entry, run, body, sites),)
        case "run" if body["state"] == RunState.WAITING:
            return (_waits(entry, run, body.get("note"), sites),)
        case "run" if body["state"] in (RunState.SUCCEEDED, RunState.FAILED, RunState.ABORTED):
            return _ended(run, RunState(body["state"]), body.get("note"), sites)
        case _:
            return ()


def interrupted(run: Run, sites: Mapping[str, str]) -> Event:
    """Whoever acted for a run is gone."""
    stuck = ", ".join(f"{step.id} {planned.title}" for planned, step in _steps(run, StepState.RUNNING))
    return _event(
        run,
        sites,
        EventKind.RUN_INTERRUPTED,
        Severity.CRITICAL,
        f"{run.plan.name} was interrupted",
        f"Nobody acts any more for run {run.id}, {run.plan.name}. Under way then: {stuck or 'nothing'}.",
        "It stands half-way. What was under way may or may not have happened; going on looks at it first.",
        f"Go on: {RUNS}, Enter, R, or drdeck runs resume {run.id}. Begin nothing more: drdeck runs abort {run.id}.",
        f"interrupted:{run.seq}",
    )


def is_failover(plan: Plan) -> bool:
    """Whether the plan moves production. The restore of a remote copy group does, that of a protection group not; and
    not the promotion of a pod for a drill, for which that word is typed."""
    if any(words.startswith(f"{DRILL} ") for words in plan.confirm):
        return False
    return plan.verb in FAILOVERS or (plan.verb == "restore" and any(each.startswith("rcg:") for each in plan.targets))


def _began(run: Run, sites: Mapping[str, str]) -> Event:
    plan = run.plan
    devices = ", ".join(sorted({step.device for step in plan.steps if step.device}))
    drill = plan.verb in DRILLS
    means = "Production goes on meanwhile." if drill else plan.loss or "It changes what is named here."
    return _event(
        run,
        sites,
        EventKind.FAILOVER_BEGUN if is_failover(plan) else EventKind.RUN_BEGAN,
        Severity.WARNING if is_failover(plan) else Severity.NOTICE,
        f"{plan.name} began",
        f"Run {run.id}, {plan.name}, began: {len(plan.steps)} steps on {devices}, proposed by {run.by}.",
        means,
        f"Follow it: {_show(run)}.",
        "began",
    )


def _glass(run: Run, body: Mapping[str, object], sites: Mapping[str, str]) -> Event:
    return _event(
        run,
        sites,
        EventKind.BREAK_GLASS,
        Severity.CRITICAL,
        f"BREAK-GLASS: {run.plan.name} by {body['by']} alone",
        f"{body['by']} approved run {run.id}, {run.plan.name}, alone, proposed by {run.by}. Reason: {body['reason']}",
        "Another person has to approve such a run, and nobody did. " + (run.plan.loss or "It may begin now."),
        f"Call them, and follow it: {_show(run)}. Stop it: A on it, or drdeck runs abort {run.id}.",
        "glass",
    )


def _asked(run: Run, body: Mapping[str, object], sites: Mapping[str, str]) -> Event:
    return _event(
        run,
        sites,
        EventKind.APPROVAL_ASKED,
        Severity.WARNING,
        f"{run.plan.name} waits for approval",
        f"{body['by']} proposed run {run.id}, {run.plan.name}, and another person has to approve it.",
        f"Nothing is sent before that. It can be approved until {str(body['until'])[:16].replace('T', ' ')} UTC.",
        f"See what it does, and approve it: {RUNS}, Enter on it, V, or drdeck runs approve {run.id}.",
        f"asked:{run.seq}",
    )


def _waits(entry: Entry, run: Run, note: str | None, sites: Mapping[str, str]) -> Event:
    stuck = [f"{step.id} {planned.title}: {step.state}" for planned, step in _steps(run, *_TROUBLE)]
    why = (
        "; ".join([*stuck[:5], *([f"and {len(stuck) - 5} more"] if len(stuck) > 5 else [])]) or note or "it was paused"
    )
    return _event(
        run,
        sites,
        EventKind.RUN_WAITS,
        Severity.CRITICAL if run.plan.destructive else Severity.WARNING,
        f"{run.plan.name} waits for the operator",
        f"Run {run.id}, {run.plan.name}, waits: {why}.",
        "What depends on this is not begun before somebody decides.",
        f"Decide: {RUNS}, Enter on it, then t to try again, x to skip, m to mark done, A to abort; or {_show(run)}.",
        f"waits:{entry.seq}",
    )


def _step(entry: Entry, run: Run, body: Mapping[str, object], sites: Mapping[str, str]) -> Event:
    step, state = run.plan.step(str(body["step"])), StepState(str(body["state"]))
    unknown = state is StepState.UNKNOWN
    why = f": {body['reason']}" if body.get("reason") else ""
    if step.kind == PROMPT:
        return _prompt(run, step, entry, sites)
    return Event(
        kind=_TROUBLE[state],
        severity=Severity.WARNING,
        site=sites.get(step.device, ""),
        target=f"{step.device or run.plan.name}, run {run.id}",
        subject=f"{run.plan.name}: step {step.id} {'is unknown' if unknown else 'failed'}",
        what=f"Step {step.id} of run {run.id}, {step.title}, on {step.device or 'no device'} {state}{why}",
        means="Whether the device did it only a look can tell; nothing is sent a second time before."
        if unknown
        else "The device did not do it, or not in time; what needs this step is not begun.",
        next=f"See the facts: {_show(run)}.",
        key=f"run:{run.id}:step:{entry.seq}",
    )


def _prompt(run: Run, step: PlannedStep, entry: Entry, sites: Mapping[str, str]) -> Event:
    """Nothing went wrong: a person is asked to do something."""
    return _event(
        run,
        sites,
        EventKind.RUN_WAITS,
        Severity.CRITICAL,
        f"{run.plan.name} asks for a person: {step.title}",
        f"Step {step.id} of run {run.id} is done by a person: {step.title}.",
        "What comes after it is not begun before somebody marks it done.",
        f"Do it, then m on it in {RUNS}, or drdeck runs resume {run.id} --mark-done {step.id} --reason TEXT.",
        f"step:{entry.seq}",
    )


def _ended(run: Run, state: RunState, note: str | None, sites: Mapping[str, str]) -> tuple[Event, ...]:
    found = [_end(run, state, note, sites)]
    if run.plan.verb in DRILLS and run.began_at is not None and (lpars(run) or run.plan.verb != DRILL):
        clean_up = order(run)
        found.append(
            _event(
                run,
                sites,
                EventKind.DRILL_OWES_CLEANUP,
                Severity.WARNING,
                f"{run.plan.name} owes its clean-up",
                f"The drill of run {run.id}, {run.plan.name}, is over and what it started is still there.",
                f"{about(run)}.",
                f"Clean up: drdeck {clean_up}, or :do {clean_up} in the console.",
                "owes",
            )
        )
    return tuple(found)


def _end(run: Run, state: RunState, note: str | None, sites: Mapping[str, str]) -> Event:
    plan, failover = run.plan, is_failover(run.plan)
    why = f": {note}" if note else ""
    match state:
        case RunState.SUCCEEDED:
            kind = EventKind.FAILOVER_DONE if failover else EventKind.RUN_SUCCEEDED
            severity, word = Severity.NOTICE, "SUCCEEDED" if failover else "succeeded"
            means = "Production can run at the side that it moved to." if failover else "All of its steps are done."
            if plan.verb in _AWAY:
                means = "The other side can be written now. Nothing is protected there before it is reprotected."
        case RunState.FAILED:
            kind = EventKind.FAILOVER_FAILED if failover else EventKind.RUN_FAILED
            severity, word = Severity.CRITICAL, "FAILED" if failover else "failed"
            means = "It will not go on. What was done of it stands, or was taken back, as its steps say."
        case _:
            kind = EventKind.FAILOVER_FAILED if failover else EventKind.RUN_ABORTED
            severity = Severity.CRITICAL if failover else Severity.WARNING
            word, means = "was aborted", "Nothing more is begun. What was done before stands, as its steps say."
    done = sum(step.state not in (StepState.PENDING, StepState.RUNNING, *_TROUBLE) for step in run.steps)
    what = f"Run {run.id}, {plan.name}, {word.lower()}{why}; {done} of {len(run.steps)} steps are settled."
    return _event(run, sites, kind, severity, f"{plan.name} {word}", what, means, f"See it: {_show(run)}.", "ended")


def _event(
    run: Run,
    sites: Mapping[str, str],
    kind: EventKind,
    severity: Severity,
    subject: str,
    what: str,
    means: str,
    next_: str,
    key: str,
) -> Event:
    """An event of a whole run: it is at a site where all its devices are."""
    found = sorted({sites.get(step.device, "") for step in run.plan.steps if step.device})
    known = [site for site in found if site]
    between = f" between {' and '.join(known)}" if len(known) > 1 else ""
    left = len(run.plan.targets) - MOST_TARGETS
    targets = ", ".join([*run.plan.targets[:MOST_TARGETS], *([f"{left} more"] if left > 0 else [])])
    target = f"{targets or run.plan.name}{between}, run {run.id}"
    site = found[0] if len(found) == 1 else ""
    return Event(kind, severity, site, target, subject, what, means, next_, f"run:{run.id}:{key}")


def _steps(run: Run, *states: StepState) -> list[tuple[PlannedStep, StepRecord]]:
    return [(planned, step) for planned, step in zip(run.plan.steps, run.steps, strict=True) if step.state in states]


def _show(run: Run) -> str:
    return f"{RUNS}, Enter on it, or drdeck runs show {run.id}"
