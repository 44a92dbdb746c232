"""Small plots: what a block stands for, that nothing known is hidden, and that they fit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screens.cells import Tone, line_text, line_width
from screens.plots import BLOCKS, Curve, Segment, Span, Strip, Track, bars, draw, marks, minute, peaks
from screens.side_by_side import LABEL_WIDTH, lay_out
from screens.status import ASCII
from tests.screens.estate import NOW, ago

BEGIN = ago(3600)


def tooth(begin_s: float, end_s: float, first: float, last: float) -> Segment:
    return Segment(ago(begin_s), ago(end_s), first, last)


def span(begin_s: float, end_s: float, word: str, tone: Tone) -> Span:
    return Span(ago(begin_s), ago(end_s), word, tone)


def text(plot: Curve | Strip, width: int = 80) -> list[str]:
    return [line_text(line) for line in draw(plot, width, LABEL_WIDTH)]


def test_each_part_shows_the_highest_value_in_it() -> None:
    assert peaks([tooth(3600, 1800, 0, 100), tooth(1800, 0, 10, 30)], BEGIN, NOW, 4) == [50, 100, 20, 30]


def test_a_peak_that_lasts_a_moment_is_not_lost_between_two_parts() -> None:
    found = peaks([tooth(3600, 1801, 0, 10), tooth(1801, 1800, 10, 900), tooth(1800, 0, 0, 10)], BEGIN, NOW, 4)
    assert max(value for value in found if value is not None) == 900


def test_what_is_not_known_is_blank_and_zero_is_not() -> None:
    assert bars([None, 0.0, 8.0], 8.0) == [f" {BLOCKS[0]}{BLOCKS[-1]}"]


def test_two_lines_give_sixteen_steps() -> None:
    assert bars([8.0, 9.0, 16.0], 16.0, 2) == [" ▁█", "███"]


def test_a_short_outage_is_never_hidden_by_a_long_state() -> None:
    spans = [span(3600, 1000, "Running", Tone.OK), span(1000, 999, "Error", Tone.BAD), span(999, 0, "Running", Tone.OK)]
    assert marks(spans, BEGIN, NOW, 10).count(Tone.BAD) == 1


def test_a_curve_tells_its_numbers_in_words() -> None:
    curve = Curve("RPO at fa-b", BEGIN, NOW, (tooth(3600, 1800, 60, 1860), tooth(1800, 0, 60, 1860)), 1800, "late at")
    lines = text(curve)
    assert lines[0].startswith("RPO at fa-b       ")
    assert lines[2].split() == ["1h00m", "ago", "now"]
    assert lines[3].strip() == "highest 31m, 30m ago; now 31m; ✗ late at 30m reached"
    assert any(cell.tone is Tone.BAD for line in draw(curve, 80, LABEL_WIDTH) for cell in line)


def test_a_curve_below_its_target_says_so() -> None:
    curve = Curve("RPO", BEGIN, NOW, (tooth(3600, 0, 0, 600),), 1800, "late at")
    assert text(curve)[3].strip() == "highest 10m; now 10m; ● late at 30m not reached"
    assert not any(cell.tone is Tone.BAD for line in draw(curve, 80, LABEL_WIDTH) for cell in line)


def test_a_curve_of_nothing_says_not_known() -> None:
    assert text(Curve("RPO", BEGIN, NOW, ()))[0].strip().endswith("not known")


def test_a_strip_shows_shapes_blanks_and_words() -> None:
    spans = (span(1800, 900, "Running", Tone.OK), span(900, 0, "Not Activated", Tone.OFF))
    lines = text(Strip(BEGIN, NOW, (Track("oslo", spans, ("one change", "not known before 02:30 UTC")),)), 38)
    assert lines[0] == f"{'oslo':<17} {' ' * 10}{'●' * 5}{'○' * 5}"
    assert " ".join(lines[2:]).split() == ["one", "change;", "not", "known", "before", "02:30", "UTC"]


def test_several_tracks_share_the_time_and_name_their_words() -> None:
    tracks = (Track("oslo", (), ("no change seen",)), Track("bergen", (), ("no change seen",)))
    lines = text(Strip(BEGIN, NOW, tracks))
    assert [line.strip() for line in lines[3:]] == ["oslo: no change seen", "bergen: no change seen"]


def test_in_ascii_a_fuller_block_is_another_character() -> None:
    translated = BLOCKS.translate(ASCII)
    assert translated.isascii()
    assert len(set(translated)) == len(BLOCKS)


def test_a_moment_of_another_day_tells_its_day() -> None:
    assert minute(NOW, ago(600)) == "02:50 UTC"
    assert minute(NOW, ago(86_400)) == "02-28 03:00 UTC"


@pytest.mark.parametrize("sources", [False, True])
def test_the_layout_of_a_detail_draws_plots_with_their_source(sources: bool) -> None:
    curve = Curve("RPO", BEGIN, NOW, (tooth(3600, 0, 0, 600),), source="GET /x")
    lines = [line_text(line).strip() for line in lay_out([curve], 80, sources)]
    assert ("GET /x" in lines) is sources


# ------------------------------------------------------------------------------------------------- for any series

VALUES = st.one_of(st.none(), st.floats(0, 1e9))
SEGMENTS = st.lists(
    st.tuples(st.floats(0, 5000), st.floats(0, 5000), st.floats(0, 1e6), st.floats(0, 1e6)).map(
        lambda t: Segment(ago(max(t[:2])), ago(min(t[:2])), t[2], t[3])
    ),
    max_size=8,
)


@given(st.lists(VALUES, max_size=40), st.floats(0, 1e9), st.integers(1, 3))
def test_bars_are_as_many_and_as_high_as_asked_and_blank_only_where_not_known(
    values: list[float | None], top: float, lines: int
) -> None:
    rows = bars(values, top, lines)
    assert [len(row) for row in rows] == [len(values)] * lines
    for place, value in enumerate(values):
        column = "".join(row[place] for row in rows)
        assert (column.strip() == "") == (value is None)
        assert set(column) <= {*BLOCKS, " "}


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=2), st.integers(1, 3))
def test_a_higher_value_is_never_drawn_lower(values: list[float], lines: int) -> None:
    low, high = sorted(values)
    rows = bars([low, high], max(high, 1.0), lines)
    heights = [sum((" " + BLOCKS).index(row[place]) for row in rows) for place in (0, 1)]
    assert heights[0] <= heights[1]


@given(SEGMENTS, st.integers(1, 60))
def test_the_highest_of_all_is_the_highest_that_is_drawn(segments: list[Segment], cells: int) -> None:
    inside = [one for one in segments if one.begin >= BEGIN and one.end > one.begin]
    found = [value for value in peaks(inside, BEGIN, NOW, cells) if value is not None]
    assert len(peaks(inside, BEGIN, NOW, cells)) == cells
    if inside:
        highest = max(max(one.first, one.last) for one in inside)
        assert max(found) == pytest.approx(highest, rel=1e-6, abs=1e-3)
    else:
        assert found == []


@given(SEGMENTS, st.integers(30, 250), st.one_of(st.none(), st.floats(1, 1e5)))
def test_a_curve_is_never_wider_than_its_room(segments: list[Segment], width: int, target: float | None) -> None:
    curve = Curve("a label that is long", BEGIN, NOW, tuple(segments), target, "late at", ("some words " * 9,))
    assert max(line_width(line) for line in draw(curve, width, LABEL_WIDTH)) <= width


@given(
    st.lists(st.tuples(st.floats(0, 5000), st.floats(0, 5000)), max_size=6),
    st.integers(30, 250),
)
def test_a_strip_is_never_wider_than_its_room(moments: list[tuple[float, float]], width: int) -> None:
    spans = tuple(Span(ago(max(m)), ago(min(m)), "x", Tone.OK) for m in moments)
    strip = Strip(NOW - timedelta(hours=1), NOW, (Track("a label that is long", spans, ("words " * 20,)),))
    assert max(line_width(line) for line in draw(strip, width, LABEL_WIDTH)) <= width
