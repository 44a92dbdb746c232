"""Letters to be read from across a room: each pixel of a small font is drawn with blocks, as large as there is room."""

from __future__ import annotations

import unicodedata

_FONT = {
    "A": " ## /#  #/####/#  #/#  #",
    "B": "### /#  #/### /#  #/### ",
    "C": " ###/#   /#   /#   / ###",
    "D": "### /#  #/#  #/#  #/### ",
    "E": "####/#   /### /#   /####",
    "F": "####/#   /### /#   /#   ",
    "G": " ###/#   /# ##/#  #/ ###",
    "H": "#  #/#  #/####/#  #/#  #",
    "I": "###/ # / # / # /###",
    "J": "  ##/   #/   #/#  #/ ## ",
    "K": "#  #/# # /##  /# # /#  #",
    "L": "#   /#   /#   /#   /####",
    "M": "#   #/## ##/# # #/#   #/#   #",
    "N": "#   #/##  #/# # #/#  ##/#   #",
    "O": " ## /#  #/#  #/#  #/ ## ",
    "P": "### /#  #/### /#   /#   ",
    "Q": " ## /#  #/#  #/# ##/ ###",
    "R": "### /#  #/### /# # /#  #",
    "S": " ###/#   / ## /   #/### ",
    "T": "#####/  #  /  #  /  #  /  #  ",
    "U": "#  #/#  #/#  #/#  #/ ## ",
    "V": "#   #/#   #/ # # / # # /  #  ",
    "W": "#   #/#   #/# # #/## ##/#   #",
    "X": "#   #/ # # /  #  / # # /#   #",
    "Y": "#   #/ # # /  #  /  #  /  #  ",
    "Z": "####/  # / #  /#   /####",
    "0": " ## /#  #/#  #/#  #/ ## ",
    "1": " #  /##  / #  / #  /### ",
    "2": "### /   #/ ## /#   /####",
    "3": "### /   #/ ## /   #/### ",
    "4": "#  #/#  #/####/   #/   #",
    "5": "####/#   /### /   #/### ",
    "6": " ## /#   /### /#  #/ ## ",
    "7": "####/   #/  # / #  / #  ",
    "8": " ## /#  #/ ## /#  #/ ## ",
    "9": " ## /#  #/ ###/   #/ ## ",
    " ": "  /  /  /  /  ",
    ":": " /#/ /#/ ",
    ".": " / / / /#",
    ",": "  /  /  / #/# ",
    "-": "   /   /###/   /   ",
    "_": "    /    /    /    /####",
    "/": "   #/  # / #  / #  /#   ",
    "%": "#  #/  # / #  /#   /#  #",
    "+": "   / # /###/ # /   ",
    "<": "  #/ # /#  / # /  #",
    ">": "#  / # /  #/ # /#  ",
    "(": " #/# /# /# / #",
    ")": "# / #/ #/ #/# ",
    "'": "#/#/ / / ",
    "?": "### /   #/ ## /    / #  ",
    "!": "#/#/#/ /#",
    "#": " # # /#####/ # # /#####/ # # ",
    "=": "   /###/   /###/   ",
    "@": " ## /# ##/# ##/#   / ###",
    "&": " #  /# # / #  /# # / # #",
}
# All digits are of one width, so that a clock stands still but for the digit that changes.
_GLYPHS = {char: tuple(rows.split("/")) for char, rows in _FONT.items()}
_ROWS = 5

SMALL_HIGH = 3
"""The rows of the smallest letters, of half blocks; in ASCII there are none, and they are as high as the next."""

_SCALES = ((8, 4), (6, 3), (4, 2), (2, 1), (1, 1))
"""How many terminal cells a pixel takes, across and down: a cell is about twice as high as wide."""


def big(text: str, width: int, height: int, *, ascii_only: bool = False) -> list[str]:
    """The text in the largest letters that fit into so many columns and rows, one string for each row; empty where not
    even the smallest do, or where it has a character that cannot be drawn."""
    drawn = pixels(text)
    if drawn is None:
        return []
    across = len(drawn[0])
    for wide, high in _SCALES[:-1]:
        if across * wide <= width and _ROWS * high <= height:
            return [_row(row, wide) for row in drawn for _ in range(high)]
    if across > width:
        return []
    if not ascii_only and height >= SMALL_HIGH:
        return _halves(drawn)
    return [_row(row, 1) for row in drawn] if height >= _ROWS else []


def small(text: str, *, ascii_only: bool = False) -> list[str]:
    """The text in the smallest letters, however long; empty where it has a character that cannot be drawn."""
    drawn = pixels(text)
    if drawn is None:
        return []
    return [_row(row, 1) for row in drawn] if ascii_only else _halves(drawn)


def small_width(text: str) -> int:
    """The columns that :func:`small` takes; 0 where it cannot be drawn."""
    drawn = pixels(text)
    return 0 if drawn is None else len(drawn[0])


def pixels(text: str) -> tuple[str, ...] | None:
    """Five rows of ``#`` and blanks. Accents are left out, small letters are capitals; None: it cannot be drawn."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)).upper()
    glyphs = [_GLYPHS.get(char) for char in plain]
    if not glyphs or None in glyphs:
        return None
    return tuple(" ".join(glyph[row] for glyph in glyphs if glyph is not None) for row in range(_ROWS))


def _row(row: str, wide: int) -> str:
    return "".join(("█" if pixel == "#" else " ") * wide for pixel in row)


_HALVES = {("#", "#"): "█", ("#", " "): "▀", (" ", "#"): "▄", (" ", " "): " "}


def _halves(drawn: tuple[str, ...]) -> list[str]:
    rows = (*drawn, " " * len(drawn[0]))
    return ["".join(_HALVES[pair] for pair in zip(rows[y], rows[y + 1], strict=True)) for y in (0, 2, 4)]
