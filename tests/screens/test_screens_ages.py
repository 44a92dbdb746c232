"""Ages get coarser as they grow, are wrong by less than a step, and say when they lie ahead."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screens import ages
from tests.screens.estate import NOW


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "<10s"),
        (9.9, "<10s"),
        (10, "10s"),
        (19, "10s"),
        (59, "50s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h00m"),
        (2 * 3600 - 1, "1h59m"),
        (10 * 3600, "10h"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (400 * 86400, "400d"),
    ],
)
def test_an_age_is_rounded_down_and_gets_coarser(seconds: float, text: str) -> None:
    assert ages.age(NOW, NOW - timedelta(seconds=seconds)) == text


def test_a_moment_in_the_future_is_said_to_be_ahead() -> None:
    assert ages.age(NOW, NOW + timedelta(minutes=3)) == "3m ahead"
    assert ages.age(NOW, NOW + timedelta(seconds=0.4)) == "<10s"


def test_a_time_to_come_is_said_as_such_and_one_that_has_come_is_now() -> None:
    assert ages.until(NOW, NOW + timedelta(seconds=25)) == "in 20s"
    assert ages.until(NOW, NOW - timedelta(seconds=1)) == "now"


@given(st.one_of(*(st.floats(min_value=0, max_value=most) for most in (60, 3600, 36_000, 172_800, 1e9))))
def test_an_age_never_overstates_and_understates_by_less_than_its_step(seconds: float) -> None:
    text = ages.span(seconds)
    if text == "<10s":
        assert seconds < 10
        return
    parts = re.findall(r"(\d+)([smhd])", text)
    assert "".join(number + unit for number, unit in parts) == text
    size = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    said = sum(int(number) * size[unit] for number, unit in parts)
    finest = parts[-1][1]
    assert said <= seconds < said + (10 if finest == "s" else size[finest])


@given(st.integers(min_value=1, max_value=10_000_000))
def test_a_configured_time_is_written_in_full(seconds: int) -> None:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    assert sum(int(part[:-1]) * units[part[-1]] for part in ages.exact(seconds).split()) == seconds


def test_sizes_are_binary_and_short() -> None:
    assert ages.size(512) == "512 B"
    assert ages.size(1536 * 1024**2) == "1.5 GiB"
    assert ages.size(65_536, 1024**2) == "64 GiB"
    assert ages.size(3 * 1024**5) == "3.0 PiB"


def test_moments_are_written_in_utc() -> None:
    then = datetime(2026, 2, 28, 23, 59, 7, tzinfo=UTC)
    assert ages.moment(then) == "2026-02-28 23:59:07 UTC"
    assert ages.moment_short(NOW, then) == "02-28 23:59"
    assert ages.moment_short(NOW, NOW - timedelta(minutes=1)) == "02:59:00"
    assert ages.clock(NOW) == "03:00 UTC"
    assert ages.time_of_day(7 * 3600 + 300) == "07:05"
