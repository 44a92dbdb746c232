"""Kills at every point of every step of every verb on remote copy groups, protection groups, LPARs and replicated VMs:
``make long`` prints how many.

A run is begun by a process that is killed for real (SIGKILL), and resumed by another. Afterwards the referee must have
seen no violation, every verb must have been sent as often as in a run that nobody killed, and no journal entry that was
acknowledged may be missing; of a protection group every volume must hold what it should.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.recovery.runner import MANY
from backends.lab.faults import FaultKind
from store import journal
from store.runs import SETTLED, Plan, PlannedStep, Run, RunState
from tests.faults import lpar_trials, pg_trials, plan_trials, trials, vm_trials
from tests.faults.kill_child import POINTS
from tests.faults.ranges import Range, already, sending

HUNG_S = 300.0
FAMILIES: Mapping[str, Callable[[Path], AbstractContextManager[Range[Any]]]] = {
    "rcg": trials.ready,
    "pg": pg_trials.ready,
    "lpar": lpar_trials.ready,
    "vm": vm_trials.ready,
    "plan": plan_trials.ready,
}


class Zygote:
    """The process that forks those that are killed."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.faults.kill_child"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def begin(self, order: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self._child = int(self._answer()["pid"])
        return self._child

    def ended(self) -> dict[str, Any]:
        """How the child ended. One that does not within :data:`HUNG_S` is killed, and counts as wrong."""
        hung = threading.Timer(HUNG_S, lambda: os.kill(self._child, signal.SIGKILL))
        hung.start()
        try:
            return self._answer()
        finally:
            hung.cancel()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


@dataclass
class Shooting:
    """What the trials of kills need besides. ``missed`` counts processes that ended before they came to where they were
    to be killed: somebody else had done the step."""

    at: Range[Any]
    zygote: Zygote
    missed: int = 0

    @property
    def estate(self) -> Any:
        return self.at.estate

    def order(self, run: Run, step: str | None = None, point: str | None = None) -> dict[str, Any]:
        """What the process is told; every second run keeps its sessions, as those over many groups do."""
        return {
            "many": MANY if int(run.id[-1], 16) % 2 else 0,
            "config": str(self.estate.config),
            "store": str(self.at.path),
            "run": run.id,
            "step": step,
            "point": point,
        }


@contextmanager
def shooting_range(directory: Path, of: str = "rcg") -> Iterator[Shooting]:
    """``of``: see :data:`FAMILIES`."""
    zygote = Zygote()
    try:
        with FAMILIES[of](directory) as at:
            yield Shooting(at, zygote)
    finally:
        zygote.close()


class Deck(random.Random):
    """Draws each point of each step of a case once before it draws one of them again."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._left: dict[str, list[tuple[str, str]]] = {}
        self.drawn: set[tuple[str, str, str]] = set()

    def aim(self, case: Any, steps: list[PlannedStep]) -> tuple[PlannedStep, str]:
        left = self._left.setdefault(case.name, [])
        if not left:
            left += [(step.id, point) for step in steps for point in (POINTS if step.call else POINTS[-1:])]
            self.shuffle(left)
        step_id, point = left.pop()
        self.drawn.add((case.name, step_id, point))
        return next(step for step in steps if step.id == step_id), point


def _aim(at: Shooting, rng: random.Random, case: Any, steps: list[PlannedStep]) -> tuple[PlannedStep, str]:
    if isinstance(rng, Deck):
        return rng.aim(case, steps)
    step = rng.choice(steps)
    watched = POINTS if at.at.reaches(step) else tuple(point for point in POINTS if point != "call left")
    return step, rng.choice(watched) if step.call else rng.choice(POINTS[-1:])


def trial(at: Shooting, case: Any, rng: random.Random, kills: int = 1) -> str | None:
    """One run, killed ``kills`` times at random points of random steps and then left alone. Returns what is wrong
    afterwards, None: nothing."""
    run, plan, name = at.at.plan(case)
    before, acknowledged = at.at.requests(), []
    untrue = at.at.watched(case, run, name)
    try:
        found = at.at.ledger.run(run.id)
        for _ in range(kills):
            left = [s for s in plan.steps if s.id not in plan.undoes and found.step(s.id).state not in SETTLED]
            if not left:
                break
            step, point = _aim(at, rng, case, left)
            acknowledged += _shoot(at, run, step.id, step.kind, point)
            while at.at.answers(found := at.at.ledger.run(run.id), name):  # it may not have come to that step yet
                acknowledged += _shoot(at, run, step.id, step.kind, point)
        while found.state is not RunState.SUCCEEDED:  # else it was not killed, but ended
            at.zygote.begin(at.order(run))
            acknowledged += at.zygote.ended()["acknowledged"]
            found = at.at.ledger.run(run.id)
            if not at.at.answers(found, name):
                break
        return _wrong(at, case, run, plan, untrue, before, acknowledged)
    finally:
        at.at.rest()


def _shoot(at: Shooting, run: Run, step: str, kind: str, point: str) -> list[str]:
    """Act for the run until it is killed at the point, or ends because the step was through already."""
    if point != "call left":
        at.zygote.begin(at.order(run, step, point))
        end = at.zygote.ended()
        at.missed += not end["killed"]
        return list(end["acknowledged"])
    device, verb = run.plan.step(step).device, at.at.sent_by(run.plan.step(step))
    counter = at.estate.world.devices[device].counters.requests
    fault = at.estate.world.faults.add(device, FaultKind.SLOW, verb, seconds=1.0)
    done = counter[verb]
    pid = at.zygote.begin(at.order(run))
    ended: list[dict[str, Any]] = []
    waiter = threading.Thread(target=lambda: ended.append(at.zygote.ended()))
    waiter.start()
    while counter[verb] == done and not ended:
        time.sleep(0.002)
    if not ended:
        os.kill(pid, signal.SIGKILL)
    waiter.join()
    at.estate.world.faults.remove(fault.id)
    at.missed += not ended[0]["killed"]
    return list(ended[0]["acknowledged"])


def _wrong(
    at: Shooting,
    case: Any,
    run: Run,
    plan: Plan,
    untrue: Callable[[], str | None],
    before: Counter[str],
    acknowledged: list[str],
) -> str | None:
    found = at.at.ledger.run(run.id)
    if found.state is not RunState.SUCCEEDED:
        reasons = [f"{step.id} {step.state}: {step.reason}" for step in found.steps]
        return f"{case.name}: {found.state}: {reasons}"
    expected = Counter(at.at.sent_by(step) for step in sending(plan) if step.id not in already(found))
    sent = at.at.requests() - before
    for verb in at.at.repeats:
        del sent[verb], expected[verb]
    if sent != expected:
        return f"{case.name}: sent {dict(sent)}, expected {dict(expected)}"
    if (wrong := untrue()) is not None:
        return f"{case.name}: says it succeeded, but {wrong}"
    if at.estate.world.referee.violations:
        violations = list(at.estate.world.referee.violations)
        at.estate.world.referee.violations.clear()
        return f"{case.name}: {violations}"
    verdict = journal.verify(at.at.path)
    if verdict.broken is not None:
        return f"{case.name}: journal broken at {verdict.broken}: {verdict.why}"
    kept = set(range(1, verdict.entries + 1))
    missing = [line for line in acknowledged if int(line.split()[0]) not in kept]
    return f"{case.name}: acknowledged and missing: {missing}" if missing else None


@dataclass
class Result:
    """How many of each case there were, what was wrong, how many were missed, and at how many points of how many
    steps of all cases, where these were drawn one by one."""

    counts: Counter[str]
    wrong: list[str]
    missed: int = 0
    points: int = 0


def campaign(seed: int, trials: int, directory: Path, of: str = "rcg") -> Result:
    """So many trials of a family."""
    rng = random.Random(seed) if of == "rcg" else Deck(seed)
    found, done = Result(Counter(), []), 0
    while done < trials:
        with tempfile.TemporaryDirectory(dir=directory) as folder, shooting_range(Path(folder), of) as at:
            cases = at.at.cases
            for _ in range(min(2 * len(cases), trials - done)):
                case = cases[done % len(cases)]
                wrong = trial(at, case, rng)
                done += 1
                found.counts[f"{of}: {case.name}"] += 1
                if wrong is not None:
                    found.wrong.append(wrong)
                    print(wrong, flush=True)
                if done % 100 == 0:
                    print(f"{done} killed, {len(found.wrong)} went wrong", flush=True)
            found.missed += at.missed
    found.points = len(rng.drawn) if isinstance(rng, Deck) else 0
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=2_000, help="of runs on remote copy groups")
    parser.add_argument("--pg-kills", type=int, default=600, help="of runs on protection groups")
    parser.add_argument("--lpar-kills", type=int, default=400, help="of runs on LPARs")
    parser.add_argument("--vm-kills", type=int, default=200, help="of runs on replicated VMs")
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        orders = (
            ("rcg", arguments.kills),
            ("pg", arguments.pg_kills),
            ("lpar", arguments.lpar_kills),
            ("vm", arguments.vm_kills),
        )
        found = [campaign(arguments.seed, trials, Path(folder), of) for of, trials in orders]
    for each in found:
        for name, count in sorted(each.counts.items()):
            print(f"{count:>6} kills: {name}")
        if each.points:
            print(f"       at {each.points} different points of all steps")
    took, wrong = time.monotonic() - began, sum(len(each.wrong) for each in found)
    kills, missed = sum(each.counts.total() for each in found), sum(each.missed for each in found)
    early = f" ({missed} ended before the point)" if missed else ""
    print(f"seed {arguments.seed}: {kills} kills{early} in {took:.0f} s, {wrong} runs went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
