"""A recovery plan of 100 LPARs, 40 remote copy groups, 20 protection groups and 200 VMs against its critical path:
``make bench``.

The lab runs in a process of its own, at realistic latencies and in real time. A figure over its bound makes the exit
status 1.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.connect import Connector
from app.plans.records import Kind
from app.recovery.operations import MOST_AGE_S, Operations, new_run_id
from app.recovery.plan import operate
from app.recovery.runner import Runner
from app.settings import load
from backends.lab.timing import REALISTIC
from store.database import open_store
from store.ledger import Ledger
from store.runs import Plan, Run, RunState
from tests.benchmarks.plan_path import critical_path
from tests.benchmarks.sweep import figure

APPLICATIONS, BOUND = 20, 1.1


@dataclass(frozen=True, slots=True)
class Estate:
    """The lab's process: where its configuration is."""

    directory: Path
    orders: IO[str]
    answers: IO[str]

    def go_dark(self) -> None:
        self.orders.write("dark\n")
        self.orders.flush()
        assert self.answers.readline() == "done\n"


@contextmanager
def estate(applications: int) -> Iterator[Estate]:
    """The lab. Raises SystemExit at the end where its referee saw a violation."""
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "tests.benchmarks.plan_lab", name, str(applications)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin is not None and process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield Estate(Path(name), process.stdin, process.stdout)
        except BaseException:
            process.kill()
            raise
        finally:
            process.stdin.close()
            said = json.loads(process.stdout.readline() or "{}")
            process.wait(timeout=60)
        if said.get("violations") != []:
            raise SystemExit(f"the lab: {said}")


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds: until the plan was drawn up, from the lease to the end of the run, what the latencies allow for that,
    and what this process computed meanwhile."""

    planned_s: float
    took_s: float
    path_s: float
    cpu_s: float
    plan: Plan
    run: Run


def came_back(applications: int, kind: Kind, *, dark: bool = False) -> Measured:
    """Run the plan. Raises SystemExit where it fails."""
    with estate(applications) as lab:
        settings = load(lab.directory / "config.toml")
        with closing(open_store(settings.store)) as store, closing(Ledger(settings.store)) as ledger:
            operations = Operations(settings, store, ledger, Connector(settings))
            if dark:
                operate.plan_run(operations, "big", kind, (), new_run_id())  # what it knows of the dark side
                lab.go_dark()
            began, run_id = time.monotonic(), new_run_id()
            plan = operate.plan_run(operations, "big", kind, (), run_id)
            planned = time.monotonic() - began
            if plan.refused:
                raise SystemExit(f"the plan is refused: {plan.refused[0]}")
            operations.agree(run_id, plan, [word.replace("NAME", "ana") for word in plan.confirm])
            before = _cpu_s()
            run = Runner(ledger, operations.devices, "bench").run(run_id, wait_for_operator=False)
            cpu = _cpu_s() - before
    if run.state is not RunState.SUCCEEDED or run.ended_at is None or run.began_at is None:
        raise SystemExit(f"{plan.name} is {run.state}: {[s.reason for s in run.steps if s.state != 'done'][:3]}")
    path = critical_path(plan, REALISTIC, {device.name: device.sessions for device in settings.devices})
    return Measured(planned, (run.ended_at - run.began_at).total_seconds(), path, cpu, plan, run)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--applications", type=int, default=APPLICATIONS, help="of 5 LPARs, 2 groups and 10 VMs each")
    parser.add_argument("--only", choices=("planned", "disaster", "dark"))
    parser.add_argument("--steps", type=Path, help="write when each step began and ended to this file")
    args = parser.parse_args()
    good = True
    for what, kind in (("planned", Kind.PLANNED), ("disaster", Kind.DISASTER), ("dark", Kind.DISASTER)):
        if args.only not in (None, what):
            continue
        found = came_back(args.applications, kind, dark=what == "dark")
        words = f"{kind} run{' of a dark site' * (what == 'dark')} of {len(found.plan.steps)} steps"
        good = figure(f"{words}: planned", found.planned_s, MOST_AGE_S, "s") and good
        more = f"{words}: {found.took_s:.1f} s / {found.path_s:.1f} s that the latencies allow"
        good = figure(more, found.took_s / found.path_s, BOUND, "x") and good
        print(f"     {words}: {found.cpu_s:.1f} s of the processor, predicted {found.plan.p50_s} s", flush=True)
        if args.steps is not None:
            _write(args.steps, found.run)
    return 0 if good else 1


def _write(path: Path, run: Run) -> None:
    """Id, kind, device, seconds of begin and end of every step."""
    assert run.began_at is not None
    with path.open("w") as file:
        for planned, step in zip(run.plan.steps, run.steps, strict=True):
            moments = [
                None if at is None else (at - run.began_at).total_seconds() for at in (step.began_at, step.ended_at)
            ]
            file.write(
                json.dumps([planned.id, planned.kind, planned.device, *moments, step.took_s, planned.needs]) + "\n"
            )


if __name__ == "__main__":
    sys.exit(main())
