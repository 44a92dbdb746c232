"""What is predicted of plan runs against a hundred seeded ones: ``make bench``.

Each after a few runs that the console has seen before: small plans over all four technologies that are run on the lab,
where everything takes another time in each run; and the plan of 100 LPARs, 40 remote copy groups, 20 protection groups
and 200 VMs on a virtual clock, with latencies that are drawn call by call. The P95 must hold for 90 of 100, and the P50
must be within 20 % of their median.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from msgspec.structs import asdict, replace

from app.connect import Connector
from app.plans.records import Kind
from app.recovery import prediction
from app.recovery.operations import Operations, new_run_id
from app.recovery.plan import operate
from app.recovery.runner import Runner
from app.recovery.timeline import Course
from app.settings import load
from backends.lab.timing import REALISTIC, Timing
from store.database import open_store
from store.ledger import Ledger
from store.runs import Plan, RunState
from tests.benchmarks.plan_path import once
from tests.benchmarks.plans import APPLICATIONS, estate
from tests.benchmarks.sweep import figure
from tests.faults import plan_trials
from tests.faults.kill_child import hurry
from tests.faults.plan_estate import TIMING
from tests.faults.plan_trials import Case

RUNS, SEEN = 100, 3
"""Of how many runs the prediction is judged; how many the console has seen before the first of them."""
MET, NEAR = 0.90, 0.20
JITTER = 0.15
"""What takes its time takes by so much more or less in each run: the standard deviation of its logarithm."""
A_LAB = 10


@dataclass(frozen=True, slots=True)
class Foretold:
    """What was predicted of a run and what it took, in seconds."""

    p50_s: float
    p95_s: float
    took_s: float


# ------------------------------------------------------------------------------------------------------- on the lab


def jittered(timing: Timing, rng: random.Random) -> Timing:
    """The same lab on another day."""
    changed = {
        name: value * rng.lognormvariate(0.0, JITTER)
        for name, value in asdict(timing).items()
        if name.endswith("_s") and not name.endswith("bytes_s")
    }
    return replace(timing, **changed)


def on_the_lab(seed: int, runs: int, directory: Path) -> list[Foretold]:
    """So many runs of one small plan, with new members each, on one lab, the store of which remembers them."""
    hurry()
    found = []
    slow = replace(TIMING, lpar_firmware_s=1.0, lpar_rmc_s=1.5, rcg_verb_s=0.5, vm_boot_s=1.5, vm_task_s=0.2)
    case = Case(Kind.PLANNED, seed=seed)
    with tempfile.TemporaryDirectory(dir=directory) as folder, plan_trials.ready(Path(folder)) as at:
        for number in range(SEEN + runs):
            at.estate.world.timing = jittered(slow, random.Random(f"{seed} {number}"))
            run, plan, _ = at.plan(case)
            ended = Runner(at.ledger, at.operations.devices, "bench").run(run.id, wait_for_operator=False)
            while ended.state is not RunState.SUCCEEDED and at.answers(ended, next(iter(at.drawn))):
                ended = Runner(at.ledger, at.operations.devices, "bench").run(run.id, wait_for_operator=False)
            assert ended.state is RunState.SUCCEEDED, [step.reason for step in ended.steps if step.reason]
            assert ended.ended_at is not None and ended.began_at is not None
            assert plan.p50_s is not None and plan.p95_s is not None
            took = (ended.ended_at - ended.began_at).total_seconds()
            found.append(Foretold(plan.p50_s, plan.p95_s, took))
            at.rest()
    return found[SEEN:]


# ------------------------------------------------------------------------------------------------ on a virtual clock


def big_plan(kind: Kind) -> tuple[Plan, Mapping[str, int]]:
    """The plan of the bench, drawn up on its lab, and the sessions of its devices."""
    with estate(APPLICATIONS) as lab:
        settings = load(lab.directory / "config.toml")
        with closing(open_store(settings.store)) as store, closing(Ledger(settings.store)) as ledger:
            operations = Operations(settings, store, ledger, Connector(settings))
            plan = operate.plan_run(operations, "big", kind, (), new_run_id())
            return plan, operations.sessions


def on_the_clock(plan: Plan, sessions: Mapping[str, int], seed: int, runs: int) -> list[Foretold]:
    """So many runs of the plan, each on another day; what is predicted of them is drawn up anew after each ten."""
    course, by_id = Course(plan), {step.id: step for step in plan.steps}
    seen: dict[str, dict[int, list[float]]] = defaultdict(dict)
    foretold, found = plan, []
    for number in range(SEEN + runs):
        if (number - SEEN) % 10 == 0:
            foretold = prediction.foreseen(plan, lambda kind: list(seen[kind].values()), {}, sessions, seed)[0]
        rng = random.Random(f"{seed} {number}")
        took, lasts = once(course, jittered(REALISTIC, rng), sessions, rng)
        for step_id, each in lasts.items():
            seen[by_id[step_id].kind].setdefault(number, []).append(each.holds + each.more)
        if number >= SEEN and foretold.p50_s is not None and foretold.p95_s is not None:
            found.append(Foretold(foretold.p50_s, foretold.p95_s, took))
    return found


# ---------------------------------------------------------------------------------------------------------- judging


def judged(what: str, found: Sequence[Foretold]) -> bool:
    """Print both figures. Returns whether they hold."""
    met = sum(each.took_s <= each.p95_s for each in found) / len(found)
    median = statistics.median(each.took_s for each in found)
    off = abs(statistics.median(each.p50_s for each in found) - median) / median
    spread = f"{min(each.took_s for each in found):.1f} to {max(each.took_s for each in found):.1f} s"
    print(f"     {what}: {len(found)} runs took {spread}, in the median {median:.1f} s", flush=True)
    good = figure(f"{what}: longer than the predicted P95", 100 * (1 - met), 100 * (1 - MET), "%")
    return figure(f"{what}: the predicted P50 beside the median", 100 * off, 100 * NEAR, "%") and good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only", choices=("lab", "clock"))
    args = parser.parse_args()
    good = True
    if args.only in (None, "clock"):
        for kind in Kind:
            plan, sessions = big_plan(kind)
            good = judged(f"{kind} run of the big plan", on_the_clock(plan, sessions, args.seed, args.runs)) and good
    if args.only in (None, "lab"):
        with (
            tempfile.TemporaryDirectory() as folder,
            ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool,
        ):
            labs = [
                pool.submit(on_the_lab, args.seed * 1000 + first, min(A_LAB, args.runs - first), Path(folder))
                for first in range(0, args.runs, A_LAB)
            ]
            every = [lab.result() for lab in labs]
        # Each lab has a plan of its own: what is compared is how far each run is from what was said of it.
        scaled = [
            Foretold(each.p50_s / middle, each.p95_s / middle, each.took_s / middle)
            for found in every
            for middle in [statistics.median(each.took_s for each in found)]
            for each in found
        ]
        good = judged("small plans on the lab, over the median of each", scaled) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
