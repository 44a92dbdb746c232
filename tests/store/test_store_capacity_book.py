"""Samples of capacity in the file: kept once a minute whoever measures, the fullest of each hour and day, thinned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.capacity_book import KEEP, CapacityBook, stretch
from store.capacity_records import Grain, Measured, Resource, Sample, Series

START = datetime(2026, 3, 1, 10, 0, 20, tzinfo=UTC)
MEMORY = Series("system", "9105-22A*1", Resource.MEMORY)
RATIO = Series("flasharray", "id-1", Resource.REDUCTION)


def measured(at: datetime, used: float, series: Series = MEMORY, name: str = "P10") -> Measured:
    return Measured(series, name, "hmc", at, used, None if series is RATIO else 100.0)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[CapacityBook]:
    with closing(CapacityBook(tmp_path / "store.sqlite")) as found:
        yield found


def test_an_hour_and_a_day_keep_the_fullest_minute_and_how_many_there_were(book: CapacityBook) -> None:
    for minutes, used in ((0, 10.0), (1, 30.0), (2, 20.0), (60, 25.0)):
        assert book.keep([measured(START + timedelta(minutes=minutes), used)]) == 1
    hour = START.replace(minute=0, second=0)
    assert book.hours(START - timedelta(days=1)) == {
        MEMORY: (Sample(hour, 30.0, 100.0, 3), Sample(hour + timedelta(hours=1), 25.0, 100.0, 1))
    }
    assert book.days(START - timedelta(days=1)) == {MEMORY: (Sample(hour.replace(hour=0), 30.0, 100.0, 4),)}


def test_of_a_data_reduction_the_lowest_is_kept(book: CapacityBook) -> None:
    for minutes, ratio in ((0, 3.1), (1, 2.9), (2, 3.3)):
        book.keep([measured(START + timedelta(minutes=minutes), ratio, RATIO)])
    (day,) = book.days(START - timedelta(days=1))[RATIO]
    assert (day.used, day.total, day.count) == (2.9, None, 3)


def test_of_one_minute_only_one_measurement_is_kept_whichever_console_is_quicker(tmp_path: Path) -> None:
    with closing(CapacityBook(tmp_path / "s.sqlite")) as one, closing(CapacityBook(tmp_path / "s.sqlite")) as other:
        assert one.keep([measured(START, 10.0)]) == 1
        assert other.keep([measured(START + timedelta(seconds=5), 99.0)]) == 0
        assert other.keep([measured(START + timedelta(minutes=1), 12.0), measured(START, 3.0, RATIO)]) == 2
        ((day,),) = (samples for series, samples in one.days(START - timedelta(days=1)).items() if series == MEMORY)
        assert (day.used, day.count) == (12.0, 2)


def test_the_newest_is_told_with_the_name_that_the_system_has_now(book: CapacityBook) -> None:
    book.keep([measured(START, 10.0)])
    book.keep([measured(START + timedelta(minutes=3), 11.0, name="P10-new")])
    (newest,) = book.newest()
    assert (newest.name, newest.used, newest.at) == (
        "P10-new",
        11.0,
        stretch(Grain.MINUTE, START + timedelta(minutes=3)),
    )


def test_thinning_leaves_minutes_of_two_days_hours_of_three_months_and_days_of_three_years(book: CapacityBook) -> None:
    ages = (timedelta(minutes=5), timedelta(days=3), timedelta(days=100), KEEP[Grain.DAY] + timedelta(days=2))
    book.keep([measured(START - age, 10.0) for age in ages])
    since = START - timedelta(days=2000)
    assert book.thin(START) == 3 + 2 + 1
    assert len(book.hours(since)[MEMORY]) == 2 and len(book.days(since)[MEMORY]) == 3
    assert book.thin(START) == 0
    book.thin(START + timedelta(days=2000))
    assert book.days(since) == {} and book.newest() == (), "a series of which nothing is left is gone"


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 3 * 24 * 60), st.floats(0, 1e15)), min_size=1, max_size=12))
def test_a_day_is_never_less_than_any_minute_of_it(
    tmp_path_factory: pytest.TempPathFactory, seen: list[tuple[int, float]]
) -> None:
    path = tmp_path_factory.mktemp("book") / "s.sqlite"
    with closing(CapacityBook(path)) as book:
        first: dict[datetime, float] = {}
        for minutes, used in seen:
            at = START + timedelta(minutes=minutes)
            book.keep([measured(at, used)])
            first.setdefault(stretch(Grain.MINUTE, at), used)
        wanted: dict[datetime, float] = {}
        for at, used in first.items():
            day = stretch(Grain.DAY, at)
            wanted[day] = max(used, wanted.get(day, 0.0))
        assert {each.at: each.used for each in book.days(START - timedelta(days=1))[MEMORY]} == wanted
