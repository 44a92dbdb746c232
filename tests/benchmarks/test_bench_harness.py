"""The harness of the bench: what it makes of a stream of bytes, and that it runs a program and ends it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.benchmarks.figures import SPECS, Figure, chosen, markdown
from tests.benchmarks.measuring import changed_lines
from tests.benchmarks.pty_harness import Program, ProgramError
from tests.benchmarks.pty_measures import Reaction, middle, press, redraws_hz
from tests.benchmarks.pty_stream import Chunk, Frame, Whole, answer, drawn, frames, plain
from tests.benchmarks.screen import GROUPS

ECHO = """
import sys, termios, tty
tty.setraw(0)
print("\\x1b[?2026$p", end="", flush=True)
reply = ""
while not reply.endswith("y"):
    reply += sys.stdin.read(1)
print("asked:", repr(reply), end="", flush=True)
while (key := sys.stdin.read(1)) != "\\x11":
    print("\\x1b[?2026h\\x1b[5;1H" + key * 3 + "\\x1b[?2026l", end="", flush=True)
"""

PIECES = st.sampled_from(
    [
        "\x1b[?2026h",
        "\x1b[?2026l",
        "\x1b[1;31m",
        "\x1b]0;title\x07",
        "\x1b]11;?\x1b\\",
        "\x1b(B",
        "\x1b7",
        "lpar",
        "é●",
        " ",
    ]
)


def test_a_program_is_answered_typed_to_and_ended() -> None:
    with Program([sys.executable, "-c", ECHO], (40, 10)) as program:
        program.wait_for(r"asked: '\\x1b\[\?2026;2\$y'")
        reaction = press(program, "k")
        assert reaction is not None and (reaction.text, reaction.frames) == ("kkk", 1)
        assert program.lines[4] == "kkk"
        assert program.rss_mb() > 1
        folder = Path(f"/proc/{program.pid}")
        assert folder.exists()
    assert not folder.exists(), "the process is left behind"


def test_what_is_never_shown_is_an_error_that_tells_what_is() -> None:
    with (
        Program([sys.executable, "-c", "print('something else')"]) as program,
        pytest.raises(ProgramError, match="something else"),
    ):
        program.wait_for("words")


def test_a_thin_line_delivers_late_and_loses_nothing() -> None:
    with Program([sys.executable, "-c", "print('x' * 4000, 'end')"], line_bps=256_000) as program:
        program.wait_for("end")
        assert program.last_at - program.began >= 4000 * 8 / 256_000
        assert b"".join(chunk.data for chunk in program.chunks).count(b"x") == 4000


@given(st.lists(st.tuples(PIECES, st.sampled_from([0.001, 0.02])), max_size=30), st.data())
def test_every_byte_is_in_one_frame_and_a_synchronised_block_is_one(
    pieces: list[tuple[str, float]], data: st.DataObject
) -> None:
    chunks, at = [], 0.0
    for piece, pause in pieces:
        at += pause
        cut = data.draw(st.integers(0, len(piece.encode())))
        chunks += [Chunk(at, piece.encode()[:cut]), Chunk(at, piece.encode()[cut:])]
    found = frames(chunks)
    whole = b"".join(chunk.data for chunk in chunks)
    assert b"".join(frame.data for frame in found) == whole
    assert [frame.at for frame in found] == sorted(frame.at for frame in found)
    for frame in found:
        if frame.data.startswith(b"\x1b[?2026h") and b"\x1b[?2026l" in frame.data:
            assert frame.data.index(b"\x1b[?2026l") == len(frame.data) - 8
    assert all(frame.text.strip() for frame in drawn(chunks))


@given(st.lists(PIECES, max_size=20), st.integers(1, 7))
def test_text_and_answers_are_the_same_however_the_reads_cut_the_stream(pieces: list[str], step: int) -> None:
    whole = "".join(pieces).encode()
    reads = [whole[start : start + step] for start in range(0, len(whole), step)]
    held = Whole()
    parts = [held.take(read) for read in reads]
    assert "".join(map(plain, parts)) == plain(whole)
    assert b"".join(map(answer, parts)) == answer(whole)


def test_a_gap_parts_two_frames() -> None:
    chunks = [Chunk(1.000, b"one "), Chunk(1.007, b"more"), Chunk(1.016, b"two")]
    assert frames(chunks) == [Frame(1.007, b"one more"), Frame(1.016, b"two")]


def test_only_what_a_terminal_knows_is_answered() -> None:
    assert answer(b"\x1b[?2026$p\x1b[?2048$p") == b"\x1b[?2026;2$y\x1b[?2048;0$y"
    assert answer(b"\x1b[c\x1b[6n") == b"\x1b[?62;22c\x1b[1;1R"
    assert answer(b"\x1b]11;?\x07") == b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\"
    assert answer(b"\x1b[?u\x1b[>1u\x1b[2Jplain") == b""


def test_redraws_are_as_frequent_as_the_time_between_them_says() -> None:
    def at(*times: float) -> float:
        return redraws_hz([Frame(time, b"x") for time in times], seconds=4.0)

    assert at() == 0
    assert at(1.0) == 0.25
    assert at(1.0, 1.1, 2.0, 3.0) == 1.0, "two parts of one redraw are one"
    assert at(1.0, 1.25, 1.5) == 4
    assert at(*(number / 16 for number in range(32))) > 5, "what never pauses is no single redraw"


def test_keys_without_a_reaction_are_no_figure() -> None:
    seen = Reaction(2.0, 1.0, 300, 1, "text", 9.0)
    assert middle([seen, None, seen]) == (2.0, 300)
    with pytest.raises(ProgramError, match="2 of 3"):
        middle([seen, None, None])
    with pytest.raises(ProgramError, match="1 of 1"):
        middle([seen], least_size=2_000)


def test_ages_that_grow_are_no_new_screen() -> None:
    before = ["erp-db   ● Running   <10s", "web01   ● Running   1h02m"]
    assert changed_lines(before, ["erp-db ● Running  10s", "web01   ● Running   1h03m"]) == 0
    assert changed_lines(before, ["erp-db   ● Running   <10s", "web01   ✗ Error   1h02m"]) == 1


def test_a_figure_over_its_bound_or_not_measured_is_not_good() -> None:
    (spec,) = chosen("^arrow.ms$")
    assert Figure(spec, 3.0).line == "ok   arrow key: 3 ms (bound 3 ms)"
    assert Figure(spec, 3.01).line.startswith("OVER")
    gone = Figure(spec, None, "the screen did not react")
    assert not gone.good
    assert gone.line == "OVER arrow key: not measured (bound 3 ms): the screen did not react"
    assert markdown([Figure(replace(spec, peers="less 0.2"), 2.5)]).endswith(
        "| arrow key | 2.50 ms | 3 ms | less 0.2 |"
    )


def test_every_figure_is_of_a_group_and_named_once() -> None:
    assert {spec.group for spec in SPECS} == set(GROUPS)
    assert len({spec.id for spec in SPECS}) == len(SPECS)
