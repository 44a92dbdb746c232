"""What is said of a run above its steps and in the banner: its state, its clock, and what the operator can do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from screens.ages import exact
from screens.cells import Cell, Line, Tone, wrap
from screens.rcg_sides import pair_of
from screens.rows_runs import clock_text, progress
from screens.scene import Scene
from screens.status import GLYPHS, standing, status
from store import plan_runs
from store.drills import about, order
from store.outcomes import run_clocks
from store.rcg_way_back import way_back
from store.run_clocks import Clock
from store.run_view import ALIVE
from store.runs import ENDED, Run, RunState, StepState

RECOVERING = ("failover", "switchover", "reverse", "restore", "undo", "promote", *plan_runs.RECOVERING)
"""The verbs that bring a service back somewhere: their clock has a target."""

STUCK = (StepState.FAILED, StepState.UNKNOWN)
MORE_SHOWN = 2
"""How many steps that wait for the operator get a sentence; the others are counted."""


def title_line(run: Run, *, owes: bool = False) -> Line:
    """The run, its plan and how it stands. ``owes``: it is a drill that is not cleaned up."""
    state = standing(run, owes=owes)
    note = f": {run.note}" if run.note else ""
    incident = "" if run.incident is None else f" for INC-{run.incident}"
    return (Cell(f"Run {run.id}{incident}: {run.plan.name}  ", Tone.HEADING), Cell(f"{state.text}{note}", state.tone))


def clock_lines(run: Run, scene: Scene, target_s: float | None) -> tuple[Line, ...]:
    """The clock of a run; of one that activates LPARs the two that its target is about, and the run itself below."""
    found, target_s = run_clocks(run), plan_runs.target_s(run.plan.verb, target_s)
    if found is None:
        return (clock_line(run, scene, target_s),)
    since = max(0.0, (scene.now - run.created_at).total_seconds())
    ready = _two_clocks("Ready to activate", found.ready, since, target_s)
    words = "Application up" if run.plan.recovery is None else "Applications up"
    up = _two_clocks(words, found.up, since, target_s)
    return ((ready, Cell("   "), up), tuple(_progress(run, run.ended_at or scene.now, "")))


def _two_clocks(words: str, clock: Clock, since: float, target_s: float | None) -> Cell:
    seconds = since if clock.seconds is None else clock.seconds
    late = target_s is not None and seconds > target_s
    of = "" if target_s is None else f" of {exact(target_s)}"
    if clock.over:
        return Cell(f"{GLYPHS[Tone.OFF]} {words}: not reached", Tone.OFF)
    tone = Tone.BAD if late else Tone.BUSY if clock.at is None else Tone.OK
    return Cell(f"{GLYPHS[tone]} {words} {'after ' if clock.at is not None else ''}{clock_text(seconds)}{of}", tone)


def clock_line(run: Run, scene: Scene, target_s: float | None) -> Line:
    """The clock of the recovery since it was declared, against its target; the run itself against what is expected."""
    end, target_s = run.ended_at or scene.now, plan_runs.target_s(run.plan.verb, target_s)
    since = max(0.0, (end - run.created_at).total_seconds())
    late = target_s is not None and since > target_s
    recovers = run.plan.verb in RECOVERING
    late = late and recovers
    of = f" of {exact(target_s)}" if target_s is not None and recovers else ""
    word = f"{'RTO clock' if recovers else 'Clock'}{' stopped at' if run.state in ENDED else ''}"
    return (Cell(f"{word} {clock_text(since)}{of}", Tone.BAD if late else Tone.HEADING), *_progress(run, end, "   "))


def _progress(run: Run, end: datetime, gap: str) -> list[Cell]:
    """How many steps are settled, how long the run has been going, and how long it should take."""
    settled, total = progress(run)
    cells = [Cell(f"{gap}{settled} of {total} steps")]
    if run.began_at is not None:
        running = max(0.0, (end - run.began_at).total_seconds())
        over = run.plan.p95_s is not None and running > run.plan.p95_s
        cells.append(Cell(f"   running {clock_text(running)}", Tone.WARN if over else Tone.PLAIN))
    if run.plan.p50_s is not None and run.plan.p95_s is not None:
        cells.append(Cell(f", expected {clock_text(run.plan.p50_s)}, P95 {clock_text(run.plan.p95_s)}"))
    return cells


def _sentence(text: str, tone: Tone, width: int) -> Iterator[Line]:
    lead = f"{GLYPHS[tone]} " if tone in GLYPHS else ""
    for number, line in enumerate(wrap(text, max(10, width - len(lead)))):
        yield (Cell((lead if number == 0 else " " * len(lead)) + line, tone),)


def approval_lines(run: Run, scene: Scene, width: int, approvers: str) -> tuple[Line, ...]:
    """That another person has to approve it, and who can (``approvers``); or that nobody did."""
    asked = run.approval
    if asked is None:
        return ()
    if asked.glass is not None:
        text = f"BREAK-GLASS: {asked.by} approved it alone: {asked.glass}"
        return tuple(_sentence(text, Tone.BAD, width))
    if asked.by is not None:
        return tuple(_sentence(f"Approved by {asked.by}.", Tone.PLAIN, width))
    if run.awaited is None:
        return ()
    if scene.now > asked.until:
        return tuple(_sentence("Nobody approved it in time: it has to be proposed anew.", Tone.WARN, width))
    left = clock_text((asked.until - scene.now).total_seconds())
    who = f"Another person than {' or '.join(asked.people)} has to approve it within {left}"
    text = f"{who}; {approvers}. V looks anew and approves it, B begins it alone and tells everybody."
    return tuple(_sentence(text, Tone.WARN, width))


def next_lines(run: Run, scene: Scene, mine: bool, width: int, *, owes: bool = False) -> tuple[Line, ...]:
    """Who acts for the run, what waits for the operator, and the documented way back. ``owes``: it is a drill that is
    not cleaned up."""
    lines: list[Line] = []
    if owes:
        lines += _sentence(f"{about(run)}: :cleanup here, elsewhere :do {order(run)}", Tone.WARN, width)
    if run.state is RunState.INTERRUPTED:
        text = "Whoever acted for it is gone: R looks again at all that was under way and goes on; A aborts."
        lines += _sentence(text, Tone.BAD, width)
    elif run.state in ALIVE and not mine:
        lines += _sentence(f"Another console acts for it: {run.holder}.", Tone.WARN, width)
    stuck = [step for step in run.steps if step.state in STUCK]
    if run.state in (RunState.INTERRUPTED, RunState.WAITING, RunState.PAUSED):
        for closing in run.open:
            text = f"Still to be done, also where it is aborted: {closing.id} {closing.title}."
            lines += _sentence(text, Tone.WARN, width)
    for step in stuck[:MORE_SHOWN]:
        tone = status(step.state).tone
        lines += _sentence(f"{step.id} {run.plan.step(step.id).title}: {step.reason or 'no reason'}", tone, width)
    if len(stuck) > MORE_SHOWN:
        lines += _sentence(f"{len(stuck) - MORE_SHOWN} more steps wait for a decision.", Tone.WARN, width)
    if stuck and run.state not in ENDED:
        back = "; ".join(dict.fromkeys(undo.title for undo in run.to_take_back))
        aborts = f"A aborts the run and takes back what it did: {back}" if back else "A aborts the run"
        text = f"Select the step: t tries it again, x goes on without it, m marks it done, {aborts}."
        lines += _sentence(text, Tone.HEADING, width)
    if stuck or run.state in (RunState.FAILED, RunState.ABORTED):
        lines += _way_back(run, scene, width)
    return tuple(lines)


def _way_back(run: Run, scene: Scene, width: int) -> Iterator[Line]:
    """What the procedures say of the pairs that the run is about, as they were last seen."""
    found: dict[str, None] = {}
    for target in run.plan.targets:
        pair = pair_of(scene, target.removeprefix("rcg:"))
        sides = [(side.told, side.entry) for side in pair.sides]
        (natural, at), (peer, there) = sides
        if natural is not None and peer is not None and at is not None and there is not None:
            found.update(dict.fromkeys(way_back(natural, peer, at.device, there.device)))
    for text in list(found)[:3]:
        yield from _sentence(f"The documented way back, by a person: {text}", Tone.PLAIN, width)


_ALL = ("resume", "pause", "abort", "approve", "glass", "decide.retry", "decide.skip", "decide.done")


def refused_acts(run: Run | None, step: StepState | None, mine: bool, *, owes: bool = False) -> Mapping[str, str]:
    """Why something cannot be decided now, by the id of the action. ``owes``: it is a drill that is not cleaned up."""
    found: dict[str, str] = {} if owes else {"cleanup": "This run is no drill that owes its clean-up."}
    if run is None or run.state in ENDED:
        over = "The run is not known any more." if run is None else f"The run is {run.state}: nothing is to be decided."
        return found | dict.fromkeys(_ALL, over)
    if run.awaited is None:
        found |= dict.fromkeys(("approve", "glass"), f"The run is {run.state}: it waits for nobody's approval.")
    if run.state in (RunState.PROPOSED, RunState.APPROVED):
        found |= dict.fromkeys(("resume", "pause"), f"The run is {run.state}: nothing of it has begun.")
    elif mine or run.state is not RunState.INTERRUPTED:
        found["resume"] = "It is being acted for: p goes on after a pause, t tries a step again."
    else:
        found["pause"] = "Nobody acts for it: there is nothing to pause."
        found["decide.retry"] = "Nobody acts for it: R goes on, and tries it again."
    if step not in STUCK:
        words = "nothing is selected" if step is None else f"this step is {step}"
        found |= dict.fromkeys(
            ("decide.retry", "decide.skip", "decide.done"), f"Only a step that failed or is unknown waits: {words}."
        )
    return found


def banner_lines(
    runs: tuple[Run, ...],
    looking: tuple[str, datetime] | None,
    scene: Scene,
    width: int,
    trouble: str | None = None,
) -> tuple[Line, ...]:
    """What is being planned, and one line for what runs or was interrupted anywhere: the most urgent in full, the
    others counted. ``trouble`` says why the runs are not known as they are now."""
    lines: list[Line] = [] if trouble is None else list(_sentence(trouble, Tone.BAD, width))
    if looking is not None:
        text, begun = looking
        since = clock_text(max(0.0, (scene.now - begun).total_seconds()))
        where = "both sites" if text.startswith(("lpar", "plan")) else "the arrays"
        lines.append((Cell(f"{GLYPHS[Tone.BUSY]} Looking at {where}, {since}, to plan: {text}"[:width], Tone.BUSY),))
    if runs:
        first = min(runs, key=lambda run: _URGENCY.index(run.state))
        state = status(first.state)
        since = clock_text(max(0.0, (scene.now - first.created_at).total_seconds()))
        settled, total = progress(first)
        more = f", and {len(runs) - 1} more" if len(runs) > 1 else ""
        alone = next((run for run in runs if run.glass is not None), None)
        if alone is not None:
            text = f"BREAK-GLASS: {alone.plan.name}, by one person alone: {alone.glass}"
            lines.append((Cell(f"{GLYPHS[Tone.BAD]} {text}"[:width], Tone.BAD),))
        text = f"RUN {first.plan.name} {state.word}, {settled} of {total} steps, {since}{more}: Runs (8)"
        lines.append((Cell(f"{state.glyph} {text}"[:width], state.tone),))
    return tuple(lines)


_URGENCY = (RunState.INTERRUPTED, RunState.WAITING, RunState.PAUSED, RunState.RUNNING)
