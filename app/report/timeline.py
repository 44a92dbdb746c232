"""The timeline of a run, drawn as SVG: a bar for each application and step, and lines for its declaration, decision,
start and end, and for the RTO target of an application.

It needs no colour: what went well is filled, what did not is hatched, what is not over is hollow; each bar says its
state in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from html import escape

from msgspec import Struct

from app.output import printable
from app.report.records import ApplicationTold, Facts, StepTold
from app.runs_words import span
from store.runs import SETTLED, StepState

ROWS = 120
"""A run with more steps has one bar for each kind of step."""

_WIDTH, _LEFT, _TOP, _ROW, _CHARS = 1000, 330, 44, 20, 48
_TICKS = 5


class Bar(Struct, frozen=True):
    """``look`` is a class of the style sheet: well, ill or open; ``target``: until when it was to be over."""

    label: str
    words: str
    look: str
    begin: datetime
    end: datetime
    target: datetime | None = None


def bars(facts: Facts) -> tuple[Bar, ...]:
    """One for each application of a recovery plan; then one for each step that was begun, in the order of the plan, of
    many steps one for each kind."""
    return (*(_application(facts, each) for each in facts.applications if facts.began_at is not None), *_steps(facts))


def _application(facts: Facts, each: ApplicationTold) -> Bar:
    """From the declaration until it was up."""
    end = each.up_at or facts.ended_at or facts.journal.head_at
    up = each.up_s is not None
    words = f"up after {_brief(each.up_s)}" if each.up_s is not None else "not up"
    words += "" if each.rto_kept is None else f", RTO {'kept' if each.rto_kept else 'NOT KEPT'}"
    ill = each.rto_kept is False or (not up and facts.ended_at is not None)
    target = None if each.rto_s is None else facts.declared_at + timedelta(seconds=each.rto_s)
    label = f"Application {each.name}"
    return Bar(
        label, words, "ill" if ill else "well" if up else "open", facts.declared_at, max(end, facts.declared_at), target
    )


def _steps(facts: Facts) -> tuple[Bar, ...]:
    begun = [each for each in facts.steps if each.from_at is not None or each.ended_at is not None]
    until = facts.ended_at or facts.journal.head_at
    if len(begun) <= ROWS:
        return tuple(_bar(f"{each.id} {each.title}", [each], until) for each in begun)
    kinds: dict[str, list[StepTold]] = {}
    for each in begun:
        kinds.setdefault(each.kind, []).append(each)
    return tuple(_bar(f"{kind}: {len(found)} steps", found, until) for kind, found in kinds.items())


def _bar(label: str, steps: Sequence[StepTold], until: datetime) -> Bar:
    states = {each.state for each in steps}
    begin = min(each.from_at or each.ended_at or until for each in steps)
    end = max(each.ended_at or until for each in steps)
    look = "ill" if states & {StepState.FAILED, StepState.UNKNOWN} else "well" if states <= SETTLED else "open"
    words = f"{', '.join(sorted(states))}, {_brief((end - begin).total_seconds())}"
    return Bar(label, words, look, begin, end)


def _brief(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else span(seconds)


def svg(facts: Facts) -> str:
    """The drawing; a sentence where nothing was begun."""
    found = bars(facts)
    if not found:
        return "<p>Nothing was begun.</p>"
    first = min(facts.declared_at, *(bar.begin for bar in found))
    last = max(facts.ended_at or first, *(bar.end for bar in found), first + timedelta(seconds=1))
    scale = (_WIDTH - _LEFT - 130) / (last - first).total_seconds()

    def x(at: datetime) -> float:
        return round(_LEFT + (at - first).total_seconds() * scale, 1)

    height = _TOP + _ROW * len(found) + 12
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Timeline of the run">',
        '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="6" height="6" class="ground"/><line x1="0" y1="0" x2="0" y2="6" class="ink"/></pattern></defs>',
        *_ticks(first, last, x, height),
        *_marks(facts, x, height),
    ]
    for place, bar in enumerate(found):
        y = _TOP + place * _ROW
        parts += _drawn(bar, y, x(bar.begin), x(bar.end))
        if bar.target is not None and bar.target <= last:
            at = x(bar.target)
            parts.append(f'<line x1="{at}" y1="{y}" x2="{at}" y2="{y + _ROW - 1}" class="ink"/>')
    return "\n".join([*parts, "</svg>"])


def _ticks(first: datetime, last: datetime, x: Callable[[datetime], float], height: int) -> list[str]:
    """Times after the declaration, along the top."""
    parts = []
    for number in range(_TICKS + 1):
        at = first + (last - first) * number / _TICKS
        words = _brief((at - first).total_seconds())
        parts.append(f'<line x1="{x(at)}" y1="28" x2="{x(at)}" y2="{height}" class="tick"/>')
        parts.append(f'<text x="{x(at)}" y="24" class="small" text-anchor="middle">{words}</text>')
    return parts


def _marks(facts: Facts, x: Callable[[datetime], float], height: int) -> list[str]:
    """What happened to the run as a whole, as lines with a letter: the caption says what each means."""
    marks = (("A", facts.decided_at), ("S", facts.began_at), ("E", facts.ended_at))
    parts = []
    for letter, at in marks:
        if at is not None:
            parts.append(f'<line x1="{x(at)}" y1="34" x2="{x(at)}" y2="{height}" class="mark"/>')
            parts.append(
                f'<text x="{round(x(at) + (11 if letter == "S" else 2), 1)}" y="40" class="small">{letter}</text>'
            )
    return parts


def _drawn(bar: Bar, y: int, begin: float, end: float) -> list[str]:
    width = max(2.0, round(end - begin, 1))
    label = printable(bar.label)
    cut = label if len(label) <= _CHARS else f"{label[: _CHARS - 1]}…"
    return [
        f'<text x="4" y="{y + 14}">{escape(cut)}</text>',
        f'<rect x="{begin}" y="{y + 3}" width="{width}" height="{_ROW - 7}" class="{bar.look}"/>',
        f'<text x="{round(begin + width + 5, 1)}" y="{y + 14}" class="small">{escape(printable(bar.words))}</text>',
    ]
