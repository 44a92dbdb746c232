"""A hundred LPARs back at the recovery site, against the bounds and their critical path: ``make bench``.

The lab runs in a process of its own, at realistic latencies and in real time. A figure over its bound makes the exit
status 1.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from app.connect import Connector
from app.pra_command import MOST_PASSES
from app.recovery.operations import Operations, new_run_id
from app.recovery.pra.failover_draft import Asked
from app.recovery.pra.operate import configured, look, plan_align, plan_failover
from app.recovery.runner import Runner
from app.settings import load
from app.settings_records import SESSIONS
from backends.lab.timing import REALISTIC, Timing
from store.database import open_store
from store.ledger import Ledger
from store.runs import Plan, Run, RunState
from tests.benchmarks.sweep import figure

LPARS = 100
READY_S, RUNNING_S, BOUND = 90.0, 300.0, 1.1


def critical_path(plan: Plan, timing: Timing, wave: int, sessions: int) -> float:
    """Seconds that a perfect client needs on average from the start until all LPARs run, at most ``wave`` of them being
    activated and ``sessions`` calls to a device at a time.

    Out of the plan and the latencies alone. The verbs of a device pass its sessions; a chain is the safety snapshot,
    the overwrite and the activation of one LPAR with one look after each, and the time that firmware takes; so many
    waves follow one another.
    """
    https, ssh = _mean(timing.https_call), _mean(timing.ssh_call)
    verbs = Counter(step.kind for step in plan.steps if step.call)
    stop = ssh * math.ceil(verbs["lpar.stop"] / sessions) + (timing.lpar_shutdown_s if verbs["lpar.stop"] else 0.0)
    storage = 2 * https + 2 * https + https * verbs["volume.overwrite"] / sessions
    boot = timing.lpar_starting_s + timing.lpar_firmware_s
    waves = math.ceil(verbs["lpar.activate"] / wave)
    a_wave = ssh * math.ceil(min(wave, verbs["lpar.activate"]) / sessions) + ssh + boot
    return stop + storage + waves * a_wave


def _mean(span: tuple[float, float]) -> float:
    return sum(span) / 2


@dataclass(frozen=True, slots=True)
class Estate:
    """The lab's process: where its configuration is, and its LPARs."""

    directory: Path
    names: tuple[str, ...]
    orders: IO[str]
    answers: IO[str]

    def go_dark(self) -> None:
        self.orders.write("dark\n")
        self.orders.flush()
        assert self.answers.readline() == "done\n"


@contextmanager
def estate(count: int, *more: str) -> Iterator[Estate]:
    """The lab; with ``bare`` nothing is prepared at lyon. Raises SystemExit at the end where its referee saw
    a violation, or not all LPARs run."""
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "tests.benchmarks.lpar_lab", name, str(count), *more]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin is not None and process.stdout is not None
        try:
            yield Estate(Path(name), tuple(json.loads(process.stdout.readline())), process.stdin, process.stdout)
        except BaseException:
            process.kill()
            raise
        finally:
            process.stdin.close()
            said = json.loads(process.stdout.readline() or "{}")
            process.wait(timeout=30)
        if said.get("violations") or said.get("running") != count:
            raise SystemExit(f"the lab: {said}")


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds from the agreement: until the first activation could be sent for the last LPAR, until all run, until all
    answer; and what the latencies allow until all run."""

    ready_s: float
    running_s: float
    up_s: float
    path_s: float


def failed_over(count: int, asked: Asked, *, dark: bool) -> Measured:
    """Fail ``count`` LPARs over. Raises SystemExit where it fails."""
    with estate(count) as lab:
        store = lab.directory / "run.sqlite"
        settings = load(lab.directory / "config.toml")
        with closing(open_store(store)) as opened, closing(Ledger(store)) as ledger:
            operations = Operations(settings, opened, ledger, Connector(settings))
            run_id = new_run_id()
            if dark:
                lab.go_dark()
            declared = datetime.now().astimezone()
            plan = plan_failover(operations, lab.names, asked, run_id)
            if plan.refused:
                raise SystemExit(f"the plan is refused: {plan.refused[0]}")
            planned = (datetime.now().astimezone() - declared).total_seconds()
            run = _done(operations, ledger, plan, run_id)
    print(f"planned in {planned:.1f} s", file=sys.stderr)
    path = critical_path(plan, REALISTIC, asked.wave, SESSIONS)
    ends = {kind: _last(run, kind) for kind in ("volume.overwrite", "lpar.activate", "lpar.up")}
    return Measured(*(planned + ends[kind] for kind in ends), planned + path)


def unprepared(count: int) -> float:
    """Seconds until ``count`` LPARs run at the recovery site where nothing was prepared for them: all that aligning
    does, then a failover for which production is stopped at once."""
    with estate(count, "bare") as lab:
        settings = load(lab.directory / "config.toml")
        store = lab.directory / "run.sqlite"
        with closing(open_store(store)) as opened, closing(Ledger(store)) as ledger:
            operations = Operations(settings, opened, ledger, Connector(settings))
            began = datetime.now().astimezone()
            for _ in range(MOST_PASSES):
                run_id = new_run_id()
                plan, _aligned = plan_align(operations, look(operations, configured(operations)), run_id)
                if not plan.steps:
                    break
                _done(operations, ledger, plan, run_id)
            run_id = new_run_id()
            plan = plan_failover(operations, lab.names, Asked(disaster=True), run_id)
            if plan.refused:
                raise SystemExit(f"the plan is refused: {plan.refused[0]}")
            run = _done(operations, ledger, plan, run_id)
    assert run.began_at is not None
    return (run.began_at - began).total_seconds() + _last(run, "lpar.activate")


def _done(operations: Operations, ledger: Ledger, plan: Plan, run_id: str) -> Run:
    operations.agree(run_id, plan, plan.confirm)
    run = Runner(ledger, operations.devices, "bench").run(run_id, wait_for_operator=False)
    if run.state is not RunState.SUCCEEDED:
        raise SystemExit(f"{plan.name} is {run.state}: {[step.reason for step in run.steps if step.reason][:3]}")
    return run


def _last(run: Run, kind: str) -> float:
    """Seconds from the beginning of the run to the end of its last step of a kind."""
    assert run.began_at is not None
    pairs = zip(run.plan.steps, run.steps, strict=True)
    ended = [step.ended_at for planned, step in pairs if planned.kind == kind and step.ended_at is not None]
    return (max(ended) - run.began_at).total_seconds()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lpars", type=int, default=LPARS)
    parser.add_argument("--wave", type=int, default=Asked().wave)
    parser.add_argument("--prepared-only", action="store_true", help="leave out those that nothing was prepared for")
    args = parser.parse_args()
    found = failed_over(args.lpars, Asked(disaster=True, wave=args.wave), dark=True)
    what = f"{args.lpars} LPARs of a dark site, pre-staged"
    good = figure(f"{what}: ready to activate", found.ready_s, READY_S, "s")
    good = figure(f"{what}: all running", found.running_s, RUNNING_S, "s") and good
    ratio = found.running_s / found.path_s
    words = f"{what}: {found.running_s:.1f} s / {found.path_s:.1f} s that the latencies allow"
    good = figure(words, ratio, BOUND, "x") and good
    print(f"     {what}: all answer after {found.up_s:.1f} s")
    if not args.prepared_only:
        print(
            f"     {args.lpars} LPARs that nothing was prepared for: all running after {unprepared(args.lpars):.1f} s"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
