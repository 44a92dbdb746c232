"""Runs of recovery plans that a seed draws, over all four technologies: planned, in a disaster, with the site dark,
reprotected and home again. ``make long`` prints how many, and how they fared.

Each is a plan of its own with new members. It is killed for real once to three times at random points of random steps
and resumed, or a fault of the lab is switched on at one of its steps. At the end the referee must have seen nothing,
every verb must have taken effect exactly once, every application must have lost no more than was agreed to, in the
order of the plan, and no journal entry may be missing. What is true is judged by the lab's world.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tests.faults import plan_trials
from tests.faults.kill_child import hurry
from tests.faults.kills import shooting_range, trial
from tests.faults.plan_trials import CASES, Case, NotReadyError
from tests.faults.ranges import sending
from tests.faults.step_faults import SECONDS, Trial, Trouble, befallen, places

A_LAB = 6
"""So many runs are made on one lab: with the members of all of them every look takes longer."""
CALL_S, LIMIT_S = 2.0, 8.0
"""How long a call may take; how long a step waits for its effect: an import that was cut off is left alone for less."""
NOT_READY = "not ready"
FAULTS_OF_TEN = 4
"""Of ten runs on labs so many are with a fault, the others are killed."""


@dataclass
class Counted:
    """What became of some runs: how many of each kind, and what went wrong."""

    runs: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    unready: list[str] = field(default_factory=list)
    kills: int = 0
    missed: int = 0

    def add(self, other: Counted) -> None:
        for name in ("runs", "troubles", "outcomes", "wrong", "unready"):
            getattr(self, name).__iadd__(getattr(other, name))
        self.kills += other.kills
        self.missed += other.missed


def killed(seeds: Sequence[int], directory: Path) -> Counted:
    """A run for each seed, killed once to three times."""
    found = Counted()
    hurry()
    with tempfile.TemporaryDirectory(dir=directory) as folder, shooting_range(Path(folder), "plan") as at:
        for seed in seeds:
            rng = random.Random(seed)
            case, kills = replace(rng.choice(CASES), seed=seed), rng.randint(1, 3)
            wrong = _tried(found, lambda case=case, rng=rng, kills=kills: trial(at, case, rng, kills))
            if wrong is NOT_READY:
                continue
            found.runs[f"{case.name}, killed"] += 1
            found.kills += kills
            found.wrong += [] if wrong is None else [f"seed {seed}: {wrong}"]
        found.missed = at.missed
    return found


def faulted(seeds: Sequence[int], directory: Path) -> Counted:
    """A run for each seed, with a fault at one of its steps."""
    found = Counted()
    hurry()
    with tempfile.TemporaryDirectory(dir=directory) as folder, plan_trials.ready(Path(folder), CALL_S) as at:
        for seed in seeds:
            rng = random.Random(seed)
            case = replace(rng.choice(CASES), seed=seed)
            made: list[Trial] = []
            wrong = _tried(found, lambda case=case, rng=rng, made=made: made.append(_under_a_fault(at, case, rng)))
            if wrong is NOT_READY:
                continue
            found.runs[f"{case.name}, with a fault"] += 1
            for each in made:
                found.troubles[str(each.trouble.kind)] += 1
                found.outcomes[each.outcome] += 1
                wrong = None if each.wrong is None else str(each)
            found.wrong += [] if wrong is None else [f"seed {seed}: {wrong}"]
    return found


def _tried(found: Counted, do: Any) -> Any:
    """What it gives, or how the trial itself went wrong: the others go on."""
    try:
        return do()
    except NotReadyError as error:
        found.unready.append(str(error))
        return NOT_READY
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _under_a_fault(at: plan_trials.Range, case: Case, rng: random.Random) -> Trial:
    planned = at.plan(case, LIMIT_S)
    step = rng.choice([step for step in sending(planned[1]) if at.reaches(step)])
    kind = rng.choice(at.kinds)
    place = rng.choice(places(at, case, step, kind))
    seconds = rng.choice(SECONDS[kind]) if kind in SECONDS else None
    return befallen(at, case, planned, step, Trouble(kind, place, rng.random() < 0.5, seconds))


def campaign(seed: int, runs: int, directory: Path, workers: int) -> Counted:
    """So many runs, on a few labs side by side. The seed and the number of a run are the seed of that run."""
    seeds = [seed * 1_000_000 + number for number in range(runs)]
    work = [seeds[first : first + A_LAB] for first in range(0, runs, A_LAB)]
    found, began, printed = Counted(), time.monotonic(), 0
    # A lab is made in a fresh process, which forks nothing with threads in it.
    with ProcessPoolExecutor(workers, get_context("spawn"), max_tasks_per_child=20) as pool:
        todo = [
            pool.submit(faulted if number % 10 < FAULTS_OF_TEN else killed, some, directory)
            for number, some in enumerate(work)
        ]
        for each in as_completed(todo):
            new = each.result()
            found.add(new)
            for wrong in new.wrong:
                print(wrong, flush=True)
            if found.runs.total() >= printed + 100:
                printed = found.runs.total()
                rate = printed / (time.monotonic() - began)
                print(f"{printed} runs, {len(found.wrong)} went wrong, {rate * 60:.0f} a minute", flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=3 * (os.cpu_count() or 1), help="labs side by side")
    parser.add_argument("--only", type=int, help="this one run alone, by the seed that was printed with it")
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.only is None:
            found = campaign(arguments.seed, arguments.runs, Path(folder), arguments.workers)
        else:
            number = arguments.only % 1_000_000 // A_LAB
            found = (faulted if number % 10 < FAULTS_OF_TEN else killed)([arguments.only], Path(folder))
            print(*found.wrong, sep="\n")
    for count in (found.runs, found.troubles, found.outcomes):
        for name, number in sorted(count.items()):
            print(f"{number:>6} {name}")
        print()
    took, total = time.monotonic() - began, found.runs.total()
    early = f" ({found.missed} came too late)" if found.missed else ""
    if found.unready:
        print(f"{len(found.unready)} could not be begun, as: {found.unready[0][:300]}")
    print(
        f"seed {arguments.seed}: {total} runs of plans, {found.kills} kills{early}, in {took:.0f} s "
        f"({total / took * 60:.0f} a minute), {len(found.wrong)} went wrong"
    )
    return 1 if found.wrong or len(found.unready) > total / 10 else 0


if __name__ == "__main__":
    sys.exit(main())
