"""The page of the wall about a run: its clock in large digits against its target, how far it is, what it waits for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from screens.ages import exact
from screens.cells import Cell, Line, Tone
from screens.rows_runs import progress
from screens.run_words import RECOVERING, STUCK
from screens.scene import Scene
from screens.status import status
from screens.step_kinds import heaps, sentence
from screens.wall_board import plan_said
from screens.wall_letters import Said, afar, beside, label, sentences, word
from store import plan_runs
from store.outcomes import Outcome, last_clock, outcomes, run_clocks
from store.run_clocks import Clock
from store.runs import ENDED, Run, StepState

DIGITS_HIGH = 10
"""The rows that a clock may take where there is room."""


NAMED = 4
"""So many steps under way are named; more are counted by kind."""


def watch_text(seconds: float) -> str:
    """``05:09``, ``1:05:09``: as on a stop watch, whole seconds."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    text = f"{rest // 60:02d}:{rest % 60:02d}"
    return f"{hours}:{text}" if hours else text


def run_lines(
    run: Run, scene: Scene, target_s: float | None, width: int, height: int, *, ascii_only: bool = False
) -> list[Line]:
    """All of the page."""
    large, state = afar(width, height), status(run.state)
    name_high = 5 if height >= 30 else 3
    lines = word(run.plan.name, Tone.HEADING, width, name_high, ascii_only=ascii_only)
    lines.append((Cell(f"{state.text}   run {run.id}   {_devices(run)}"[:width], state.tone),))
    if large:
        lines += label(state.word, state.tone, width, large=True, ascii_only=ascii_only)
    target_s = plan_runs.target_s(run.plan.verb, target_s)
    faces = _faces(run, scene, target_s)
    column = (width - 2 * (len(faces) - 1)) // len(faces)
    high = min(DIGITS_HIGH, max(3, (height - len(lines)) // 3))
    blocks = [_drawn(face, column, high, large, ascii_only) for face in faces]
    lines += [(), *beside(blocks, column), (), *_progress(run, width, large, ascii_only), ()]
    return [*lines, *sentences(list(_said(run, scene)), width, max(1, height - len(lines)), ascii_only=ascii_only)][
        :height
    ]


def _devices(run: Run) -> str:
    return ", ".join(dict.fromkeys(step.device for step in run.plan.steps))


class Face(Struct, frozen=True):
    """A clock. ``seconds`` None: it will not be reached; ``late``: beyond its target, where it has one, which is that
    ``of`` an application."""

    label: str
    seconds: float | None
    tone: Tone
    target_s: float | None
    late: bool = False
    of: str = ""


def _faces(run: Run, scene: Scene, target_s: float | None) -> list[Face]:
    since = ((run.ended_at or scene.now) - run.created_at).total_seconds()
    if outcomes(run):
        return plan_faces(run, since)
    found = run_clocks(run)
    if found is not None:
        both = (("READY TO ACTIVATE", found.ready), ("APPLICATION UP", found.up))
        return [_face(words, clock, since, target_s) for words, clock in both]
    recovers = run.plan.verb in RECOVERING
    late = recovers and target_s is not None and since > target_s
    target_s = target_s if recovers else None
    return [Face("SINCE DECLARED", since, Tone.BAD if late else status(run.state).tone, target_s, late)]


def plan_faces(run: Run, since: float) -> list[Face]:
    """Both clocks of all applications together, the second against the target of the one that is nearest to it, or the
    furthest beyond it."""
    found = outcomes(run)
    faces = [_face("READY TO ACTIVATE", last_clock([each.ready for each in found]), since, None)]
    up = sum(each.up.at is not None for each in found)
    face = _face(f"{up}/{len(found)} UP", last_clock([each.up for each in found]), since, None)
    nearest = _nearest(found, since)
    if nearest is None:
        return [*faces, face]
    target_s, name, late = nearest
    tone = Tone.BAD if late and face.seconds is not None else face.tone
    return [*faces, replace(face, tone=tone, target_s=target_s, late=late, of=name)]


def _nearest(found: Sequence[Outcome], since: float) -> tuple[float, str, bool] | None:
    """The target that is nearest, of those that the clock still runs against where there are some; whose it is, and
    whether it is passed."""
    left = [
        (target - (since if each.up.seconds is None else each.up.seconds), target, each)
        for each in found
        if (target := each.application.rto_s) is not None
    ]
    going = [one for one in left if one[2].up.at is None and not one[2].up.over]
    if not left:
        return None
    seconds, target, each = min(going or left, key=lambda one: one[0])
    return target, each.application.name, seconds < 0


def _face(words: str, clock: Clock, since: float, target_s: float | None) -> Face:
    if clock.over:
        return Face(f"{words}: NOT REACHED", None, Tone.OFF, target_s)
    seconds = since if clock.seconds is None else clock.seconds
    late = target_s is not None and seconds > target_s
    tone = Tone.BAD if late else Tone.BUSY if clock.at is None else Tone.OK
    return Face(words if clock.at is None else f"{words} AFTER", seconds, tone, target_s, late)


def _drawn(face: Face, width: int, height: int, large: bool, ascii_only: bool) -> list[Line]:
    lines = label(face.label, Tone.HEADING, width, large=large, ascii_only=ascii_only)
    text = "--:--" if face.seconds is None else watch_text(face.seconds)
    lines += word(text, face.tone, width, height, ascii_only=ascii_only)
    if face.target_s is None:
        return lines
    words = f"{'LATE, ' if face.late else ''}TARGET {exact(face.target_s)}{f' {face.of}' if face.of else ''}"
    tone = Tone.BAD if face.late else Tone.DIM
    return [*lines, *([()] if large else []), *label(words, tone, width, large=large, ascii_only=ascii_only)]


def _progress(run: Run, width: int, large: bool, ascii_only: bool) -> list[Line]:
    """A bar, and how many steps are settled."""
    settled, total = progress(run)
    text = f"{settled} of {total} steps"
    if run.plan.p50_s is not None:
        text += f", expected {exact(run.plan.p50_s)}"
    full = width * settled // max(1, total)
    bar = (Cell("█" * full, Tone.BUSY), Cell("·" * (width - full), Tone.DIM))
    return [bar, *label(text, Tone.PLAIN, width, large=large, ascii_only=ascii_only)]


def _said(run: Run, scene: Scene) -> Iterator[Said]:
    """What waits for somebody first; of a recovery plan how its groups stand; then what is under way."""
    if run.note:
        yield Said(run.note, status(run.state).tone)
    for step in run.steps:
        if step.state in STUCK and run.state not in ENDED:
            title = run.plan.step(step.id).title
            yield Said(f"Decide: {title}: {step.reason or step.state}", status(step.state).tone)
    if run.plan.recovery is not None:
        yield from plan_said(run, scene.now)
    under_way = [run.plan.step(step.id) for step in run.steps if step.state is StepState.RUNNING]
    if len(under_way) <= NAMED:
        yield from (Said(f"{step.title} ({step.device})", Tone.BUSY) for step in under_way)
        return
    for heap in heaps(under_way):
        yield Said(f"{heap.count} x {sentence(heap.kind)} ({heap.device})", Tone.BUSY)
