"""Kills at every point of every step of every verb on remote copy groups: ``make long`` prints how many.

A run is begun by a process that is killed for real (SIGKILL), and resumed by another. Afterwards the referee must have
seen no violation, every verb must have been sent as often as in a run that nobody killed, and no journal entry that was
acknowledged may be missing.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.recovery.runner import MANY
from backends.lab.faults import FaultKind
from store import journal
from store.rcg_verbs import RcgVerb
from store.runs import Plan, Run, RunState
from tests.faults.kill_child import POINTS
from tests.faults.trials import CASES, SENT, Case, Range, ready

HUNG_S = 300.0


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
class Shooting(Range):
    """What the trials of kills need besides."""

    zygote: Zygote

    def order(self, run: Run, step: str | None = None, point: str | None = None) -> dict[str, Any]:
        """What the process is told; every second run keeps its sessions, as those over many groups do."""
        return {
            "many": MANY if int(run.id[-1], 16) % 2 else 0,
            "config": str(self.estate.config),
            "store": str(self.path),
            "run": run.id,
            "step": step,
            "point": point,
        }


@contextmanager
def shooting_range(directory: Path) -> Iterator[Shooting]:
    zygote = Zygote()
    try:
        with ready(directory) as at:
            yield Shooting(at.estate, at.store, at.ledger, at.operations, zygote)
    finally:
        zygote.close()


def trial(at: Shooting, case: Case, rng: random.Random, kills: int = 1) -> str | None:
    """One run, killed ``kills`` times at random points of random steps and then left alone. Returns what is wrong
    afterwards, None: nothing."""
    run, plan, name = at.plan(case)
    before, acknowledged = at.requests(), []
    try:
        for _ in range(kills):
            step = rng.choice([step for step in plan.steps if step.id not in plan.undoes])
            point = rng.choice(POINTS) if step.call else rng.choice(("after result",))
            acknowledged += _shoot(at, run, step.id, step.kind, point)
        at.zygote.begin(at.order(run))
        end = at.zygote.ended()
        acknowledged += end["acknowledged"]
        return _wrong(at, case, run, plan, name, before, acknowledged)
    finally:
        if case.disaster:
            with at.estate.world.turn():
                at.estate.world.set_dark("paris", False)
        at.estate.expire_sessions()


def _shoot(at: Shooting, run: Run, step: str, kind: str, point: str) -> list[str]:
    """Act for the run until it is killed at the point, or ends because the step was through already."""
    if point != "call left":
        at.zygote.begin(at.order(run, step, point))
        return list(at.zygote.ended()["acknowledged"])
    device = run.plan.step(step).device
    counter = at.estate.world.devices[device].counters.requests
    fault = at.estate.world.faults.add(device, FaultKind.SLOW, SENT[kind], seconds=1.0)
    done = counter[SENT[kind]]
    pid = at.zygote.begin(at.order(run))
    ended: list[dict[str, Any]] = []
    waiter = threading.Thread(target=lambda: ended.append(at.zygote.ended()))
    waiter.start()
    while counter[SENT[kind]] == done and not ended:
        time.sleep(0.002)
    if not ended:
        os.kill(pid, signal.SIGKILL)
    waiter.join()
    at.estate.world.faults.remove(fault.id)
    return list(ended[0]["acknowledged"])


def _wrong(
    at: Shooting, case: Case, run: Run, plan: Plan, name: str, before: Counter[str], acknowledged: list[str]
) -> str | None:
    found = at.ledger.run(run.id)
    if found.state is not RunState.SUCCEEDED:
        reasons = [f"{step.id} {step.state}: {step.reason}" for step in found.steps]
        return f"{case.name}: {found.state}: {reasons}"
    expected = Counter(SENT[step.kind] for step in plan.steps if step.call and step.id not in plan.undoes)
    sent = at.requests() - before
    if sent != expected:
        return f"{case.name}: sent {dict(sent)}, expected {dict(expected)}"
    if case.verb is RcgVerb.FAILOVER:
        at.estate.switch_on("lyon", name)
    if at.estate.world.referee.violations:
        violations = list(at.estate.world.referee.violations)
        at.estate.world.referee.violations.clear()
        return f"{case.name}: {violations}"
    verdict = journal.verify(at.path)
    if verdict.broken is not None:
        return f"{case.name}: journal broken at {verdict.broken}: {verdict.why}"
    kept = set(range(1, verdict.entries + 1))
    missing = [line for line in acknowledged if int(line.split()[0]) not in kept]
    return f"{case.name}: acknowledged and missing: {missing}" if missing else None


def campaign(seed: int, trials: int, directory: Path) -> tuple[Counter[str], list[str]]:
    """So many trials; returns how many of each case there were, and what was wrong."""
    rng, counts, wrong = random.Random(seed), Counter[str](), []
    done = 0
    while done < trials:
        with tempfile.TemporaryDirectory(dir=directory) as folder, shooting_range(Path(folder)) as at:
            for _ in range(min(2 * len(CASES), trials - done)):
                case = CASES[done % len(CASES)]
                found = trial(at, case, rng)
                done += 1
                counts[case.name] += 1
                if found is not None:
                    wrong.append(found)
                    print(found, flush=True)
                if done % 100 == 0:
                    print(f"{done} killed, {len(wrong)} went wrong", flush=True)
    return counts, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=2_000)
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        counts, wrong = campaign(arguments.seed, arguments.kills, Path(folder))
    for name, count in sorted(counts.items()):
        print(f"{count:>6} kills: {name}")
    took = time.monotonic() - began
    print(f"seed {arguments.seed}: {counts.total()} kills in {took:.0f} s, {len(wrong)} runs went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
