"""The text of a file that an operator brings from another program: UTF-8, also where a tool once read it as a Windows
code page and kept it so (``Ã©`` for ``é``).

A line is taken back only where that leads to the very same line again and to letters of western languages; one that
looks spoilt and cannot be taken back is an error, never a guess.
"""

from __future__ import annotations

import re

from msgspec import Struct

PAGES = ("cp1252", "cp1254")
_LATER = "".join(sorted({bytes([n]).decode(page, "ignore") for page in PAGES for n in range(0x80, 0xC0)}))
_SPOILT = re.compile(rf"[ÂÃÄÅ][\x80-\x9f{re.escape(_LATER)}]|â[\x80€]")
_WESTERN = re.compile(r"[\x00-\x7f\xa0-\u024f\u2010-\u203a\u20ac\u2122]*")


class SpoiltTextError(ValueError):
    """The bytes are no text that can be used. The text of the error says what was expected, never what was found: it
    may be a secret."""

    def __init__(self, line: int, expected: str) -> None:
        super().__init__(expected)
        self.line = line
        self.expected = expected


class OperatorText(Struct, frozen=True):
    """``repaired`` are the numbers of the lines that were taken back."""

    text: str
    repaired: tuple[int, ...] = ()


def decoded(data: bytes) -> OperatorText:
    """Raises :class:`SpoiltTextError`."""
    line = 0
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
    if line:  # outside of the handler: an exception keeps the one it was raised beside, and that one the bytes
        raise SpoiltTextError(line, "UTF-8 text")
    lines, repaired = text.split("\n"), []
    for number, found in enumerate(lines, start=1):
        back = _taken_back(found)
        if back is not None:
            lines[number - 1] = back
            repaired.append(number)
        elif _SPOILT.search(found):
            raise SpoiltTextError(number, "UTF-8 text: this line was read as another encoding once, not wholly")
    return OperatorText("\n".join(lines), tuple(repaired))


def _taken_back(line: str) -> str | None:
    """The line as it was before it was read as a code page; None: it was not, or not wholly."""
    if line.isascii():
        return None
    for page in PAGES:
        try:
            back = line.encode(page).decode("utf-8")
        except UnicodeError:
            continue
        if back.encode("utf-8").decode(page, "replace") == line and _WESTERN.fullmatch(back):
            return back
    return None
