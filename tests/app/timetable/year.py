"""A year of schedules on a virtual clock: two schedulers on one store that are stopped, killed and started again.

``python -m tests.app.timetable.year`` lives through some of them, the hourly schedule included.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from app.timetable.keeper import Timekeeper
from app.timetable.work import Outcome, Work
from store.schedule_book import CLAIM_S
from store.schedules import Result, ScheduleRun, Trigger
from store.timetable import Frequency, Timetable, due_until, next_run
from tests.app.timetable.virtual import START, Killed, Schedulers, schedulers

HOURLY = "hourly-paris"
TIMETABLES = {
    HOURLY: Timetable(Frequency.HOURLY, minute=5, zone="Europe/Paris"),
    "six-hours": Timetable(Frequency.HOURLY, minute=0, every_h=6, zone="Europe/Paris"),
    "night-paris": Timetable(Frequency.DAILY, hour=2, minute=30, zone="Europe/Paris"),
    "night-york": Timetable(Frequency.DAILY, hour=2, minute=30, zone="America/New_York"),
    "lord-howe": Timetable(Frequency.DAILY, hour=2, minute=15, zone="Australia/Lord_Howe"),
    "weekly": Timetable(Frequency.WEEKLY, weekday=6, hour=2, minute=30, zone="Europe/Paris"),
    "month-end": Timetable(Frequency.MONTHLY, day=31, hour=23, minute=59, zone="America/St_Johns"),
    "leap-day": Timetable(Frequency.MONTHLY, day=29, hour=0, minute=0, zone="Asia/Kathmandu"),
}


@dataclass(frozen=True)
class Year:
    """What happened: ``due`` and ``accounted`` are, by schedule, the times at which it was due and those that its rows
    account for; ``done`` what was performed, ``results`` how often each result came about."""

    due: dict[str, list[datetime]]
    accounted: dict[str, list[datetime]]
    done: list[tuple[str, datetime]]
    results: Counter[Result]
    restarts: int


def lived(folder: Path, seed: int, days: int = 365, start: datetime = START, *, hourly: bool = True) -> Year:
    """Live through it. Three of four times are those of the hourly schedule."""
    chance = random.Random(seed)
    with schedulers(folder) as world:
        world.clock.now = start
        world.act = lambda work: _work(world, work, chance)
        made = {name: world.add(name, timetable) for name, timetable in TIMETABLES.items() if hourly or name != HOURLY}
        end = start + timedelta(days=days)
        keepers = [world.new("a"), world.new("b")]
        restarts = 0
        while (coming := world.next()) < end:
            world.clock.now = max(world.clock.now, coming) + timedelta(seconds=chance.random() * 4)
            if chance.random() < 0.004:  # nobody is there for a while
                world.clock.pass_(hours=chance.expovariate(1 / 30))
            for number in chance.sample((0, 1), 2):
                if chance.random() < 0.02:
                    keepers[number] = world.new("ab"[number])
                    restarts += 1
                with suppress(Killed):
                    keepers[number].tick()
                    continue
                keepers[number] = world.new("ab"[number])
                restarts += 1
        _come_to_rest(world, keepers)
        runs = {name: world.book.runs(schedule.id, -1) for name, schedule in made.items()}
        ends = {each.name: each.next_run for each in world.book.schedules()}
        due = {}
        for name in made:
            timetable = TIMETABLES[name]
            every = due_until(timetable, next_run(timetable, start), world.clock.now)
            due[name] = [moment for moment in every if moment < (ends[name] or end)]
        accounted = {name: sorted(t for run in runs[name] for t in _times(TIMETABLES[name], run)) for name in made}
        return Year(due, accounted, world.done, Counter(r.result for rs in runs.values() for r in rs), restarts)


def _work(world: Schedulers, work: Work, chance: random.Random) -> Outcome:
    """Most is done in no time; some takes hours, and in the middle of some its scheduler is killed."""
    if chance.random() < 0.003:
        raise Killed
    if chance.random() < 0.02:
        world.clock.pass_(minutes=chance.random() * 200)
    return Outcome(Result.SUCCEEDED if chance.random() < 0.95 else Result.FAILED)


def _come_to_rest(world: Schedulers, keepers: list[Timekeeper]) -> None:
    world.clock.pass_(seconds=CLAIM_S + 1)
    for keeper in keepers:
        keeper.look_after()


def _times(timetable: Timetable, run: ScheduleRun) -> list[datetime]:
    """The due times that a row accounts for."""
    if run.trigger in (Trigger.BY_HAND, Trigger.RESUMED):
        return []
    found = list(due_until(timetable, run.due, run.last_due or run.due))
    assert len(found) == run.count
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--years", type=int, default=10)
    chosen = options.parse_args()
    began, wrong, times = time.monotonic(), 0, 0
    for seed in range(chosen.seed, chosen.seed + chosen.years):
        with tempfile.TemporaryDirectory() as folder:
            year = lived(Path(folder), seed)
        twice = max(Counter(year.done).values()) > 1
        good = year.accounted == year.due and not twice
        wrong += not good
        times += sum(map(len, year.due.values()))
        print(f"seed {seed}: {'exactly once' if good else 'WRONG'}, {dict(year.results)}, {year.restarts} restarts")
    print(f"{chosen.years} years, {times} due times, {wrong} wrong, {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
