"""Facts of one thing, or of the two sides of a pair next to each other with their differences marked. Pure layout."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace
from rich.cells import cell_len

from screens.cells import EMPTY_LINE, Cell, Line, Tone, fit, wrap
from screens.plots import Curve, Strip, draw
from screens.sources import SETTINGS
from screens.status import DIFFERS, EMPTY, GLYPHS

LABEL_WIDTH = 17
BETWEEN = " │ "

T = TypeVar("T")


class Fact(Struct, frozen=True):
    """A fact of the left side and, in a pair, of the right. ``differs`` marks the two as different where they should
    agree. ``source`` says where the fact comes from: a command, an endpoint, or what derives it."""

    label: str
    left: Cell
    right: Cell | None = None
    differs: bool = False
    source: str = ""


class Heading(Struct, frozen=True):
    """Begins a section."""

    text: str


class Note(Struct, frozen=True):
    """A sentence over the whole width, behind the glyph of its tone where it has one."""

    text: str
    tone: Tone = Tone.PLAIN


class Origin(Struct, frozen=True):
    """How old the facts that follow are and who told them, a text for each side. Shown only with the sources."""

    left: str
    right: str | None = None


Part = Fact | Heading | Note | Origin | Curve | Strip


def both(
    label: str, make: Callable[[T], Cell], left: T, right: T | None, *, compare: bool = False, source: str = ""
) -> Fact:
    """The same fact of two sides; of the left alone where there is no other side. With ``compare`` a difference is
    marked; what only one side tells is no difference."""
    of_left = make(left)
    if right is None:
        return Fact(label, of_left, source=source)
    of_right = make(right)
    known = EMPTY not in (of_left, of_right)
    return Fact(label, of_left, of_right, compare and known and of_left.text != of_right.text, source)


def text_cell(value: object) -> Cell:
    """A plain value; EMPTY where the device did not say."""
    if value is None or value == "":
        return EMPTY
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    return Cell(str(value))


def lay_out(parts: Iterable[Part], width: int, sources: bool = False) -> list[Line]:
    """The parts as lines of at most ``width`` cells. Long texts go on below themselves; nothing is cut. With
    ``sources`` a dim line below each fact says where it comes from, and who told it how long ago."""
    lines: list[Line] = []
    origin: Origin | None = None
    for part in parts:
        if isinstance(part, Heading):
            if lines:
                lines.append(EMPTY_LINE)
            lines.append((Cell(part.text, Tone.HEADING),))
        elif isinstance(part, Note):
            glyph = GLYPHS.get(part.tone)
            lead = f"{glyph} " if glyph else ""
            for number, text in enumerate(wrap(part.text, max(10, width - len(lead)))):
                lines.append((Cell((lead if number == 0 else " " * len(lead)) + text, part.tone),))
        elif isinstance(part, Origin):
            origin = part
        elif isinstance(part, Curve | Strip):
            lines += draw(part, width, LABEL_WIDTH)
            lines += _source_lines(part.source, None, width) if sources else []
        else:
            lines += _fact_lines(part, width)
            # What the settings say no device told.
            lines += _source_lines(part.source, None if part.source == SETTINGS else origin, width) if sources else []
    return lines


def _source_lines(source: str, origin: Origin | None, width: int) -> list[Line]:
    """Source and ages, below the values that they are of."""
    told = () if origin is None else (origin.left, origin.right)
    text = " · ".join(words for words in (source, *told) if words)
    room = max(10, width - LABEL_WIDTH - 1)
    return [(Cell(" " * (LABEL_WIDTH + 1)), Cell(line, Tone.DIM)) for line in wrap(text, room)] if text else []


def _fact_lines(fact: Fact, width: int) -> list[Line]:
    room = max(10, width - LABEL_WIDTH - 1)
    if cell_len(fact.label) > LABEL_WIDTH:
        named: list[Line] = [(Cell(text, Tone.DIM),) for text in wrap(fact.label, width)]
        return [*named, *_fact_lines(replace(fact, label=""), width)]
    if fact.right is None:
        return [
            (Cell(fit(fact.label if number == 0 else "", LABEL_WIDTH) + " ", Tone.DIM), Cell(text, fact.left.tone))
            for number, text in enumerate(wrap(fact.left.text, room))
        ]
    side = (room - len(BETWEEN)) // 2
    left, right = wrap(fact.left.text, side), wrap(fact.right.text, side)
    tone = Tone.WARN if fact.differs else Tone.DIM
    between = f" {DIFFERS} " if fact.differs else BETWEEN
    lines: list[Line] = []
    for number in range(max(len(left), len(right))):
        lines.append(
            (
                Cell(fit(fact.label if number == 0 else "", LABEL_WIDTH) + " ", Tone.DIM),
                Cell(fit(_at(left, number), side), _side_tone(fact.left, fact.differs)),
                Cell(between if number == 0 else BETWEEN, tone),
                Cell(_at(right, number), _side_tone(fact.right, fact.differs)),
            )
        )
    return lines


def _at(texts: Sequence[str], number: int) -> str:
    return texts[number] if number < len(texts) else ""


def _side_tone(cell: Cell, differs: bool) -> Tone:
    return Tone.WARN if differs and cell.tone is Tone.PLAIN else cell.tone
