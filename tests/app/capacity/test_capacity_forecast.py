"""The forecast: a line that outliers do not bend, an interval that holds what comes, and nothing of too little."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.capacity.forecast import crossing, trend
from app.capacity.headroom import MONTHS, days
from store.trends import Crossing, Lacking, Point, Trend, needed_days
from tests.app.capacity.histories import LEAST, SHAPES, TODAY, run

AHEAD = 183


def points(values: list[float], gap: int = 0) -> list[Point]:
    return [Point(TODAY - timedelta(days=len(values) - n + gap), value) for n, value in enumerate(values)]


def line(values: list[float], ahead: int = AHEAD) -> Trend:
    found = trend(points(values), ahead)
    assert isinstance(found, Trend)
    return found


def test_the_interval_holds_the_known_end_of_200_histories() -> None:
    every = list(run(seed=1, count=200))
    for told in ([each.holds for each in every], [each.day for each in every]):
        assert sum(told) >= LEAST * len(every)
    for shape in SHAPES:
        mine = [each.holds for each in every if each.shape == shape]
        assert sum(mine) >= LEAST * len(mine), shape
    dated = [each.dated for each in every if each.holds]
    assert sum(dated) >= LEAST * len(dated), "the day on which a limit is passed is within its interval"
    assert sorted(each.width for each in every)[100] < 0.25, "an interval that says everything says nothing"


@given(st.floats(-5, 5), st.floats(0, 1000), st.integers(61, 400))
def test_a_straight_line_goes_straight_on(slope: float, level: float, length: int) -> None:
    found = line([level + slope * n for n in range(length)])
    day = TODAY + timedelta(days=AHEAD)
    wanted = level + slope * (length + AHEAD)
    assert found.at(day) == pytest.approx(wanted, abs=1e-6)
    assert found.low(day) <= wanted + 1e-6 and found.high(day) >= wanted - 1e-6


def test_a_fifth_of_the_days_may_be_wrong_without_bending_the_line() -> None:
    values = [100.0 + n for n in range(200)]
    for n in range(3, 200, 5):
        values[n] += 500
    assert line(values).slope == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(("months", "need"), [(3, 31), (6, 61), (9, 92), (12, 122)])
def test_a_longer_look_ahead_takes_more_days_of_samples_and_says_how_many(months: int, need: int) -> None:
    ahead = days(months)
    assert needed_days(ahead) == need
    assert trend(points([1.0] * (need - 1)), ahead) == Lacking(need - 1, need)
    assert isinstance(trend(points([1.0] * need), ahead), Trend)
    assert trend([], ahead) == Lacking(0, need)


def test_two_days_far_apart_are_no_history() -> None:
    known = [Point(TODAY - timedelta(days=300), 1.0), Point(TODAY, 2.0)]
    assert trend(known, AHEAD) == Lacking(2, 61)


def test_the_months_of_a_look_ahead_are_rounded_up() -> None:
    assert [days(months) for months in MONTHS] == [92, 122, 153, 183, 214, 244, 274, 305, 335, 366]


def test_a_limit_is_passed_on_the_first_day_beyond_it() -> None:
    found = line([float(n) for n in range(100)])
    at = crossing(found, 110.0, TODAY, TODAY + timedelta(days=AHEAD))
    assert at.expected == TODAY + timedelta(days=11), "on day 10 it is full, on day 11 beyond"
    assert at.earliest is not None and at.latest is not None
    assert at.earliest <= at.expected <= at.latest
    assert crossing(found, 1e9, TODAY, TODAY + timedelta(days=AHEAD)) == Crossing(None, None, None)
    assert crossing(found, -1.0, TODAY, date(2026, 12, 31)).expected == TODAY, "it is passed already"
