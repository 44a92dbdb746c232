"""Plans and runs in words for the command line, and as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.output import columns, stamp
from store import plan_runs
from store.drills import about, order, owing
from store.outcomes import Outcome, outcomes, run_clocks
from store.place import Place
from store.recorded import to_text
from store.run_ahead import ahead
from store.run_clocks import REACHED, Clock
from store.run_view import ALIVE
from store.runs import Guard, Plan, Run, RunState, StepState

if TYPE_CHECKING:
    from store.ledger import Ledger

SCHEMA_VERSION = 1


def plan_lines(plan: Plan) -> list[str]:
    """The whole plan, as a person reads it before agreeing."""
    lines = [f"Plan: {plan.name}", ""]
    rows = [["", "STEP", "ON", "WHAT", "SENT"]]
    undoes = plan.undoes
    for step in plan.steps:
        mark = "!" if step.destructive else "<" if step.id in undoes else ""
        rows.append([mark, step.id, step.device, step.title, step.call or "(only waits)"])
    lines += columns(rows) if plan.steps else ["No steps."]
    lines += ["", "Guards:"]
    many = len({guard.about for guard in plan.guards}) > 1
    lines += [f"  {_mark(g)} {_about(g) if many else ''}{g.words}: {g.evidence}{_age(g)}" for g in plan.guards]
    if plan.loss:
        lines += ["", f"Data lost at most: {_bound(plan.loss_s)}{plan.loss}"]
    if plan.p50_s is not None and plan.p95_s is not None:
        lines += [f"Expected time: {span(plan.p50_s)}, 19 times out of 20 within {span(plan.p95_s)}"]
    lines += [f"Note: {text}" for text in plan.notes]
    lines += [f"Cannot be undone: {text}" for text in plan.lasting]
    if plan.confirm:
        lines += ["", "To be typed:", *(f"  {words}" for words in plan.confirm)]
    if plan.way_back:
        lines += ["", "The documented way back, to be done by a person:", *(f"  {text}" for text in plan.way_back)]
    return lines


def _mark(guard: Guard) -> str:
    return "ok     " if guard.holds else "REFUSED"


def _about(guard: Guard) -> str:
    """What it is about, where its words do not say so themselves."""
    return f"{guard.about}: " if guard.about and guard.about not in guard.words else ""


def _age(guard: Guard) -> str:
    if guard.seen_at is None:
        return ""
    return f" ({max(0, int((datetime.now(UTC) - guard.seen_at).total_seconds()))} s ago)"


def _bound(loss_s: float | None) -> str:
    return "" if not loss_s else f"{span(loss_s)}: "


def span(seconds: float) -> str:
    """``4 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 >= 60 else "")


def run_lines(run: Run, rto_s: float | None = None) -> list[str]:
    """A run with its steps and what can be done next. ``rto_s`` is what a recovery may take."""
    lines = [f"Run {run.id}: {run.plan.name}: {run.state}" + (f": {run.note}" if run.note else "")]
    lines.append(f"Proposed by {run.by} at {stamp(run.created_at)}" + (f", held by {run.holder}" if run.holder else ""))
    lines += [] if run.incident is None else [f"For INC-{run.incident}: drdeck incident show {run.incident}"]
    lines += approval_lines(run)
    lines += clock_lines(run, plan_runs.target_s(run.plan.verb, rto_s))
    lines += [*application_lines(run), *ahead_lines(run, datetime.now(UTC))]
    rows = [["STEP", "STATE", "TIME", "ON", "WHAT", "WHY"]]
    for planned, step in zip(run.plan.steps, run.steps, strict=True):
        if planned.id in run.plan.undoes and step.state is StepState.PENDING:
            continue
        took = (step.ended_at - step.began_at).total_seconds() if step.began_at and step.ended_at else None
        time = "" if took is None else span(took)
        rows.append([step.id, step.state, time, planned.device, planned.title, step.reason or step.answer or ""])
    return [*lines, *columns(rows), *next_keys(run)]


def approval_lines(run: Run) -> list[str]:
    """Who has to approve it, or did; or that nobody was asked."""
    asked = run.approval
    if asked is None:
        return []
    if asked.glass is not None:
        return [f"BREAK-GLASS: {asked.by} ran alone what another person has to approve: {asked.glass}"]
    if asked.by is not None:
        return [f"Approved by {asked.by}; digest of what it does: {asked.digest}"]
    if run.awaited is None:
        return []
    lines = [
        f"Waits for the approval of another person than {' or '.join(asked.people)}, until {stamp(asked.until)}:",
        f"  drdeck runs approve {run.id}                          looks anew, and begins it",
        f"  drdeck runs approve {run.id} --break-glass REASON     alone: told to all, and kept",
        f"Digest of what it does: {asked.digest}",
    ]
    if datetime.now(UTC) > asked.until:
        lines[0] = f"Nobody approved it until {stamp(asked.until)}: it has to be proposed anew."
        del lines[1:3]
    return lines


def clock_lines(run: Run, rto_s: float | None) -> list[str]:
    """How long it took until LPARs could be activated, and until they were up; nothing of a run that activates none."""
    found = run_clocks(run)
    if found is None:
        return []
    words = [
        f"{name} {'not yet' if clock.at is None else f'after {span(clock.seconds or 0.0)}'}"
        for name, clock in (("Ready to activate", found.ready), ("application up", found.up))
    ]
    target = "" if rto_s is None else f" (RTO {span(rto_s)})"
    return [f"{', '.join(words)}{target}"]


def application_lines(run: Run) -> list[str]:
    """Both clocks and the loss of each application of a recovery plan, against its targets."""
    found = outcomes(run)
    if not found:
        return []
    rows = [["  APPLICATION", "READY", "UP", "RTO", "FORESEEN", "LOST AT MOST", "RPO"]]
    for each in found:
        application = each.application
        late = {None: "", True: " kept", False: " NOT KEPT"}
        lost = "not known" if each.lost_s is None else span(each.lost_s)
        rows.append(
            [
                f"  {application.name}",
                _clock(each.ready),
                _clock(each.up),
                "-" if application.rto_s is None else f"{span(application.rto_s)}{late[each.rto_kept]}",
                "-" if application.p50_s is None else span(application.p50_s),
                lost if each.up.at is not None else "-",
                "-" if application.rpo_s is None else f"{span(application.rpo_s)}{late[each.rpo_kept]}",
            ]
        )
    return columns(rows)


def _clock(clock: Clock) -> str:
    if clock.at is not None:
        return span(clock.seconds or 0.0)
    return "not reached" if clock.over else "not yet"


def ahead_lines(run: Run, now: datetime) -> list[str]:
    """The critical path of a run of a recovery plan that goes on: how long what is left takes, and what that is."""
    if run.plan.recovery is None or run.state not in ALIVE:
        return []
    left = ahead(run, now)
    titles = [step.title for step in map(run.plan.step, left.path) if step.kind != REACHED]
    return [f"Critical path, {span(left.left_s)} left: {', then '.join(titles)}"] if titles else []


def next_keys(run: Run) -> list[str]:
    """What an operator can do with a run that has not ended."""
    if run.state not in (RunState.WAITING, RunState.INTERRUPTED, RunState.PAUSED):
        return []
    stuck = [step for step in run.steps if step.state in (StepState.FAILED, StepState.UNKNOWN)]
    lines = [
        *(f"Still to be done, also where it is aborted: {step.id} {step.title}" for step in run.open),
        "",
        "Next:",
        f"  drdeck runs resume {run.id}            look again and go on (tries what failed once more)",
    ]
    for step in stuck:
        lines.append(f"  drdeck runs resume {run.id} --skip {step.id} --reason TEXT       go on without it")
        lines.append(f"  drdeck runs resume {run.id} --mark-done {step.id} --reason TEXT  you saw that it is done")
    ends = ", but end what must not last" if run.plan.closings else ""
    lines.append(f"  drdeck runs abort {run.id} --reason TEXT       begin nothing more{ends}")
    lines += [f"{'':<10}and take back what it did: {undo.title}" for undo in run.to_take_back]
    return lines


def owed_lines(run: Run, ledger: Ledger) -> list[str]:
    """That a drill is not cleaned up, and how it is."""
    if not run.plan.verb.endswith("drill") or run.id not in owing(ledger.runs()):
        return []
    return ["", f"{about(run)}: drdeck {order(run)}"]


def plan_as_json(plan: Plan) -> dict[str, Any]:
    return {"schema_version": SCHEMA_VERSION, "refused": bool(plan.refused), "plan": json.loads(to_text(plan))}


def ways_back(run: Run, store: Place) -> list[str]:
    """The documented way back of the groups of a run that does not go on by itself, as the store last saw them."""
    from store.estate import RemoteCopyGroup
    from store.firstlook import first_look
    from store.rcg_way_back import way_back

    stuck = any(step.state in (StepState.FAILED, StepState.UNKNOWN) for step in run.steps)
    look = first_look(store) if stuck or run.state in (RunState.FAILED, RunState.ABORTED) else None
    if look is None:
        return []
    views: dict[str, dict[bool, tuple[RemoteCopyGroup, str]]] = {}
    for entry in look.view().entries("rcg"):
        if isinstance(entry.obj, RemoteCopyGroup) and not entry.gone:
            natural = entry.obj.name == entry.obj.natural_name
            views.setdefault(f"rcg:{entry.obj.pair_key}", {})[natural] = (entry.obj, entry.device)
    found: dict[str, None] = {}
    for target in run.plan.targets:
        sides = views.get(target, {})
        if len(sides) == 2:
            (here, on_p), (there, on_s) = sides[True], sides[False]
            found.update(dict.fromkeys(way_back(here, there, on_p, on_s)))
    if not found:
        return []
    return ["", "The documented way back as last seen, to be done by a person:", *(f"  {text}" for text in found)]


def run_as_json(run: Run) -> dict[str, Any]:
    """A run as JSON: times UTC, null where there is none yet. ``clocks`` are seconds since it was proposed."""
    found = run_clocks(run)
    told = None
    if found is not None:
        times = {"ready_to_activate_s": found.ready, "application_up_s": found.up}
        told = {name: clock.seconds if clock.at is not None else None for name, clock in times.items()}
    content = {"schema_version": SCHEMA_VERSION, **json.loads(to_text(run)), "clocks": told}
    return {**content, **outcomes_as_json(run)}


def outcomes_as_json(run: Run) -> dict[str, Any]:
    """What each application of a recovery plan came to."""
    return {"applications": [_outcome_as_json(each) for each in outcomes(run)]}


def _outcome_as_json(each: Outcome) -> dict[str, Any]:
    """Seconds since the run was proposed; null where it was not reached, is not known, or no target is set."""
    application = each.application
    return {
        "application": application.name,
        "ready_to_activate_s": each.ready.seconds if each.ready.at is not None else None,
        "application_up_s": each.up.seconds if each.up.at is not None else None,
        "rto_s": application.rto_s,
        "rto_kept": each.rto_kept,
        "foreseen_p50_s": application.p50_s,
        "foreseen_p95_s": application.p95_s,
        "lost_s": each.lost_s,
        "lost_words": each.lost_words,
        "rpo_s": application.rpo_s,
        "rpo_kept": each.rpo_kept,
    }
