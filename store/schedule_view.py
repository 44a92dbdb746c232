"""The schedules of a store in memory, as the screens show them: fed by whoever watches the table.

Written by one thread and read by others: what is read is replaced, never changed.
"""

from __future__ import annotations

from collections.abc import Mapping

from store.schedules import Schedule, ScheduleRun


class ScheduleView:
    """``version`` grows with each change; ``read`` says whether the table was ever read; ``trouble`` says why it could
    not be the last time; ``why_not`` why this console runs no schedule, empty: it does."""

    def __init__(self) -> None:
        self.version = 0
        self.read = False
        self.trouble: str | None = None
        self.why_not = ""
        self._schedules: tuple[Schedule, ...] = ()
        self._runs: Mapping[int, tuple[ScheduleRun, ...]] = {}

    def take(self, schedules: tuple[Schedule, ...], runs: Mapping[int, tuple[ScheduleRun, ...]]) -> bool:
        """Take over the table as it is now, the runs of each schedule newest first; says whether it is another."""
        if self.read and (schedules, runs) == (self._schedules, self._runs):
            return False
        self._schedules, self._runs, self.read = schedules, dict(runs), True
        self.version += 1
        return True

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """All of them, by name."""
        return self._schedules

    def get(self, schedule: int) -> Schedule | None:
        return next((each for each in self._schedules if each.id == schedule), None)

    def runs(self, schedule: int) -> tuple[ScheduleRun, ...]:
        """What became of the newest times of a schedule, newest first."""
        return self._runs.get(schedule, ())
