"""A year of schedules in seconds: every due time exactly once, whatever becomes of the schedulers."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from store.schedules import Result
from tests.app.timetable.year import HOURLY, TIMETABLES, lived


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where that can be: each due time waits for the disk twice, and these are many."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as found:
        yield Path(found)


def test_a_year_of_schedules_runs_every_due_time_exactly_once(folder: Path) -> None:
    year = lived(folder, seed=1, hourly=False)
    assert year.accounted == year.due
    assert max(Counter(year.done).values()) == 1
    for result in (Result.SUCCEEDED, Result.FAILED, Result.MISSED, Result.INTERRUPTED):
        assert year.results[result] > 0, result
    assert year.restarts > 10
    assert not year.results[Result.RUNNING]
    # The clock changes and month ends of 2027 lie within it.
    assert sum(moment < datetime(2028, 1, 1, tzinfo=UTC) for moment in year.due["night-paris"]) == 365
    assert {moment.month for moment in year.due["month-end"]} == {*range(1, 13)}
    assert set(year.due) == {*TIMETABLES} - {HOURLY}


@pytest.mark.parametrize("start", [datetime(2028, 2, 20, tzinfo=UTC), datetime(2027, 10, 20, tzinfo=UTC)])
@pytest.mark.parametrize("seed", [2, 3])
def test_so_do_the_weeks_of_a_leap_day_and_of_a_clock_change(folder: Path, start: datetime, seed: int) -> None:
    year = lived(folder, seed, days=20, start=start)
    assert year.accounted == year.due
    assert max(Counter(year.done).values()) == 1
