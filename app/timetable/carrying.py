"""A run of the engine for a schedule: planned, agreed to by the schedule, acted for, and ended where nobody is there to
decide. What would have to be typed is not done, but for words that whoever made the schedule stands for."""

from __future__ import annotations

from collections.abc import Callable

from app.rcg_command import Draw
from app.recovery.draft import CannotPlanError
from app.recovery.operations import holder, new_run_id
from app.recovery.runner import Runner
from app.recovery.step import UnseenError
from app.timetable.work import Outcome, Work
from backends.outcome import ParseError
from store.ledger import LeaseError, RunError
from store.runs import ENDED, Choice, Plan, Run, RunState, StepState
from store.schedules import Result

Settled = Callable[[Work, Run], tuple[str, ...]]
"""What a kind keeps of its run, whatever became of it; returns what is to be said of that."""


def _nothing(work: Work, run: Run) -> tuple[str, ...]:
    return ()


def _no_words(plan: Plan) -> tuple[str, ...]:
    return ()


def carry_out(
    work: Work, draw: Draw, settled: Settled = _nothing, agreed: Callable[[Plan], tuple[str, ...]] = _no_words
) -> Outcome:
    """Draw up the plan and do it. ``agreed`` are the words that whoever made the schedule stands for, of a plan that
    asks for some. Raises :class:`store.errors.StoreError`."""
    run_id, ledger = new_run_id(work.clock()), work.operations.ledger
    try:
        plan = draw(work.operations, run_id)
    except (CannotPlanError, UnseenError, ParseError) as error:
        return Outcome(Result.FAILED, (f"not planned: {error}",))
    if plan.refused:
        return Outcome(Result.REFUSED, tuple(f"{guard.words}: {guard.evidence}" for guard in plan.refused))
    words = agreed(plan)
    if missing := [word for word in plan.confirm if word not in words]:
        asked = ", ".join(missing)
        return Outcome(Result.REFUSED, (f"{plan.name} asks for words to be typed, a schedule types none: {asked}",))
    if not plan.steps:
        return Outcome(Result.SUCCEEDED, ("there was nothing to do", *plan.notes))
    ledger.propose(run_id, plan, work.by)
    work.book.doing(work.run.id, run_id)  # before it may act: what is left of it is found by this
    ledger.approve(run_id, work.by, words)
    found = attend(work, run_id, settled)
    return Outcome(found.result, (*found.notes, *plan.notes))


def attend(work: Work, run_id: str, settled: Settled = _nothing) -> Outcome:
    """Act for a run that was agreed to, or go on with one that was left."""
    ledger = work.operations.ledger
    try:
        run = ledger.run(run_id)
        if run.state is RunState.PROPOSED:
            ledger.drop(run_id, work.by, "its scheduler ended before it was agreed to")
            return Outcome(Result.FAILED, ("nothing was sent: its scheduler ended before that",))
        if not _over(run):
            run = _acted(work, run_id)
        if _stuck(run) and not work.acting.stopping:
            # Nobody is there to decide; what failed is planned anew the next time, and holds up nobody until then.
            ledger.decide(run_id, Choice.ABORT, None, "a step failed, and nobody is there to decide", work.by)
            run = _acted(work, run_id)
    except LeaseError as error:
        if ledger.run(run_id).state is RunState.APPROVED:
            ledger.drop(run_id, work.by, "another run acts on the same target")
            return Outcome(Result.REFUSED, (str(error),))
        return Outcome(Result.INTERRUPTED, (str(error),))
    except RunError as error:
        return Outcome(Result.FAILED, (str(error),))
    kept = settled(work, run)
    return Outcome(_result(run), (*kept, *_troubles(run)))


def _acted(work: Work, run_id: str) -> Run:
    runner = Runner(work.operations.ledger, work.operations.devices, holder())
    with work.acting.hold(runner):
        return runner.run(run_id, wait_for_operator=False)


def _stuck(run: Run) -> bool:
    """Whether a step failed, and nothing is under way or unknown."""
    states = {step.state for step in run.steps}
    return StepState.FAILED in states and not states & {StepState.UNKNOWN, StepState.RUNNING} and not _over(run)


def _over(run: Run) -> bool:
    return run.state in ENDED


def _result(run: Run) -> Result:
    if run.state is RunState.SUCCEEDED:
        return Result.SUCCEEDED
    if _over(run):
        return Result.FAILED
    return Result.UNKNOWN if any(step.state is StepState.UNKNOWN for step in run.steps) else Result.INTERRUPTED


def _troubles(run: Run) -> tuple[str, ...]:
    pairs = zip(run.plan.steps, run.steps, strict=True)
    found = [
        f"{planned.title}: {step.state}: {step.reason}"
        for planned, step in pairs
        if step.state in (StepState.FAILED, StepState.UNKNOWN)
    ]
    if not _over(run) and not found:
        found.append(f"run {run.id} was left, and goes on when a scheduler does")
    elif not _over(run):
        found.append(f"drdeck runs show {run.id} says what to do; the scheduler looks again before the next time")
    return tuple(found)
