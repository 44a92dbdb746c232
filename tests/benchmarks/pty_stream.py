"""What a full-screen program writes to its terminal, taken apart: its text, its frames, and what it asks. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

FRAME_GAP_S = 0.008
"""Output without a synchronised block is one frame for as long as no gap in it is longer."""

_ESCAPE = re.compile(
    rb"\x1b(?:"
    rb"\[[0-?]*[ -/]*[@-~]"  # CSI
    rb"|\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC
    rb"|[PX^_][^\x1b]*\x1b\\"  # DCS, SOS, PM, APC
    rb"|[ -/]+[0-~]"  # a character set
    rb"|[0-OQ-WYZ\\`-~]"  # two bytes
    rb")"
)
_PRIVATE = re.compile(rb"\x1b\[[<=>][0-?]*[ -/]*[@-~]|\x1b\[[0-?]*[ -/]+[@-~]")
_BLOCK = re.compile(rb"\x1b\[\?2026h.*?\x1b\[\?2026l", re.DOTALL)
_QUESTION = re.compile(rb"\x1b\[(?P<attributes>0?c)|\x1b\[(?P<report>[56]n)|\x1b\[\?(?P<mode>\d+)\$p"
                       rb"|\x1b\](?P<colour>1[01]);\?(?:\x07|\x1b\\)")  # fmt: skip
_CUT = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[PX^_][^\x1b]*\x1b?|[ -/]*)\Z"  # an escape sequence
    rb"|(?:[\xc2-\xf4]|[\xe0-\xf4][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{2})\Z"  # a character of UTF-8
)


class Chunk(NamedTuple):
    """What one read gave, and when (``time.perf_counter``)."""

    at: float
    data: bytes


class Frame(NamedTuple):
    """Output that a terminal shows at once. ``at`` is when its last byte came."""

    at: float
    data: bytes

    @property
    def text(self) -> str:
        return plain(self.data)


def plain(data: bytes) -> str:
    """The characters in ``data`` without escape sequences and control characters."""
    return re.sub(r"[\x00-\x1f\x7f]", "", _ESCAPE.sub(b"", data).decode("utf-8", "replace"))


def printable(data: bytes) -> bytes:
    """``data`` without the private sequences that a simple terminal would print."""
    return _PRIVATE.sub(b"", data)


class Whole:
    """Holds back an escape sequence or a character that a read has cut in two, until the rest of it has come."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, data: bytes) -> bytes:
        """What is complete of everything taken so far and not yet given."""
        data = self._rest + data
        cut = _CUT.search(data)
        end = len(data) if cut is None else cut.start()
        self._rest = data[end:]
        return data[:end]


def frames(chunks: Sequence[Chunk]) -> list[Frame]:
    """The frames of ``chunks`` in order, every byte in one of them: synchronised blocks, and between them runs of
    output without a gap."""
    if not chunks:
        return []
    ends = list(accumulate(len(chunk.data) for chunk in chunks))
    whole = b"".join(chunk.data for chunk in chunks)
    found: list[Frame] = []
    position = 0
    for block in _BLOCK.finditer(whole):
        found += _runs(chunks, ends, position, block.start())
        found.append(Frame(chunks[bisect_left(ends, block.end())].at, block.group()))
        position = block.end()
    return [*found, *_runs(chunks, ends, position, len(whole))]


def _runs(chunks: Sequence[Chunk], ends: Sequence[int], start: int, end: int) -> Iterator[Frame]:
    run, at = b"", 0.0
    for chunk, chunk_end in zip(chunks, ends, strict=True):
        chunk_start = chunk_end - len(chunk.data)
        part = chunk.data[max(0, start - chunk_start) : max(0, end - chunk_start)]
        if not part:
            continue
        if run and chunk.at - at > FRAME_GAP_S:
            yield Frame(at, run)
            run = b""
        run, at = run + part, chunk.at
    if run:
        yield Frame(at, run)


def drawn(chunks: Sequence[Chunk]) -> list[Frame]:
    """The frames that show something: not only a mode set or a cursor moved."""
    return [frame for frame in frames(chunks) if frame.text.strip()]


def answer(data: bytes) -> bytes:
    """What a modern terminal answers to the questions in ``data``: it knows synchronised output (2026) and no other
    mode, stands at the top left, and is light grey on dark grey. The kitty keyboard is asked for in vain."""
    replies = []
    for question in _QUESTION.finditer(data):
        if question["attributes"] is not None:
            replies.append(b"\x1b[?62;22c")
        elif question["report"] is not None:
            replies.append(b"\x1b[1;1R" if question["report"] == b"6n" else b"\x1b[0n")
        elif question["mode"] is not None:
            replies.append(b"\x1b[?%b;%d$y" % (question["mode"], 2 if question["mode"] == b"2026" else 0))
        else:
            grey = b"d0d0/d0d0/d0d0" if question["colour"] == b"10" else b"1e1e/1e1e/1e1e"
            replies.append(b"\x1b]%b;rgb:%b\x1b\\" % (question["colour"], grey))
    return b"".join(replies)
