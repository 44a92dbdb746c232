"""Large letters as lines of cells: a word as large as there is room, and sentences that wrap. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from msgspec import Struct

from screens.big_letters import SMALL_HIGH, big, small, small_width
from screens.cells import Cell, Line, Tone, fit, line_width, width_of, wrap
from screens.status import GLYPHS

ROOM_WIDE, ROOM_HIGH = 120, 34
"""On fewer columns or rows nobody stands far away: what is not the most important is text as anywhere else."""

LEAST_HIGH = 10
"""The rows that sentences in letters want at least."""


class Said(Struct, frozen=True):
    """A sentence with its tone."""

    text: str
    tone: Tone = Tone.PLAIN


def word(text: str, tone: Tone, width: int, height: int, *, ascii_only: bool = False) -> list[Line]:
    """A word as large as it fits; as plain text where it does not, or has characters that cannot be drawn."""
    rows = big(text, width, height, ascii_only=ascii_only)
    return drawn(rows, tone) if rows else [(Cell(fit(text, min(width, width_of(text))), tone),)]


def afar(width: int, height: int) -> bool:
    """Whether there is room enough that somebody may stand far away."""
    return width >= ROOM_WIDE and height >= ROOM_HIGH


def label(text: str, tone: Tone, width: int, *, large: bool, ascii_only: bool = False) -> list[Line]:
    """A few words in the smallest letters where they are to be ``large`` and fit, else as plain text."""
    rows = small(text, ascii_only=ascii_only) if large else []
    if rows and len(rows[0]) <= width:
        return drawn(rows, tone)
    return [(Cell(fit(text, min(width, width_of(text))), tone),)]


def drawn(rows: Sequence[str], tone: Tone) -> list[Line]:
    """Rows of blocks: only these take the tone, so that no theme underlines what is between them."""
    return [
        tuple(
            Cell("".join(run), Tone.PLAIN if blank else tone)
            for blank, run in ((blank, list(found)) for blank, found in groupby(row, key=" ".__eq__))
        )
        for row in rows
    ]


def sentences(said: Sequence[Said], width: int, height: int, *, ascii_only: bool = False) -> list[Line]:
    """The sentences one below the other, in letters to be read from afar where there is room for that; what does not
    fit is counted."""
    if width < ROOM_WIDE or height < LEAST_HIGH:
        return _listed([_plain(one, width) for one in said], height)
    return _listed([_large(one, width, ascii_only) for one in said], height)


def _plain(one: Said, width: int) -> list[Line]:
    lead = f"{GLYPHS[one.tone]} " if one.tone in GLYPHS else ""
    first, *more = wrap(one.text, max(10, width - len(lead)))
    return [(Cell(lead + first, one.tone),), *((Cell(" " * len(lead) + text, one.tone),) for text in more)]


def _large(one: Said, width: int, ascii_only: bool) -> list[Line]:
    """Behind the glyph of the tone; a sentence that cannot be drawn stands as text."""
    lead = f"{GLYPHS[one.tone]} " if one.tone in GLYPHS else ""
    lines: list[Line] = []
    for text in _wrapped(one.text, width - len(lead)):
        rows = small(text, ascii_only=ascii_only)
        if not rows or len(rows[0]) > width - len(lead):  # a name is never cut: then rather small than not whole
            return _plain(one, width)
        for line in drawn(rows, one.tone):
            lines.append((Cell(lead if not lines else " " * len(lead), one.tone), *line))
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    """The words in lines of small letters that fit, but for a word that alone is too long."""
    lines: list[str] = []
    for each in text.split():
        longer = f"{lines[-1]} {each}" if lines else each
        if lines and 0 < small_width(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(each)
    return lines


def _listed(blocks: Sequence[Sequence[Line]], height: int) -> list[Line]:
    gap = 1 if any(len(block) >= SMALL_HIGH for block in blocks) else 0
    lines: list[Line] = []
    for number, block in enumerate(blocks):
        left = len(blocks) - number
        if lines and len(lines) + gap + len(block) + (left > 1) > height:
            lines.append((Cell(f"and {left} more: the console tells them", Tone.DIM),))
            break
        lines += [*([()] * gap if lines else []), *block]
    return lines[:height]


def centred(lines: Sequence[Line], width: int) -> list[Line]:
    """Each line in the middle."""
    return [(Cell(" " * max(0, (width - line_width(line)) // 2)), *line) for line in lines]


def beside(blocks: Sequence[Sequence[Line]], width: int, gap: int = 2) -> list[Line]:
    """Blocks next to each other, each in a column of so many cells; what is wider must not be."""
    high = max((len(block) for block in blocks), default=0)
    lines = []
    for row in range(high):
        line: list[Cell] = []
        for block in blocks:
            part = block[row] if row < len(block) else ()
            line += [*part, Cell(" " * (width + gap - line_width(part)))]
        lines.append(tuple(line[:-1]))
    return lines
