"""Failovers of a hundred remote copy groups against their critical path: ``make bench``.

The lab runs in a process of its own, as real arrays do. A figure that fails its bound makes the exit status 1.
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
from pathlib import Path
from typing import IO

from msgspec.structs import replace

from app.connect import Connector
from app.recovery.operations import Operations, new_run_id
from app.recovery.rcg.options import Options
from app.recovery.runner import Runner
from app.settings import load
from app.settings_records import THREEPAR_SESSIONS
from backends.lab.timing import REALISTIC, Timing
from store.database import open_store
from store.ledger import Ledger
from store.rcg_verbs import RcgVerb
from store.runs import Plan, PlannedStep, RunState
from tests.benchmarks.sweep import figure

GROUPS = 100
BOUND = 1.1
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """What the lab's latencies allow, in seconds. ``chain_s``: one group alone; ``rounds``: how many groups must follow
    one another; ``busy_s``: the least in which the busiest array can take all verbs over its sessions."""

    chain_s: float
    rounds: int
    busy_s: float

    @property
    def seconds(self) -> float:
        return max(self.chain_s * self.rounds, self.busy_s)


def critical_path(plan: Plan, timing: Timing, wave: int, sessions: int) -> CriticalPath:
    """The time that a perfect client needs on average for ``plan``, at most ``wave`` groups and ``sessions`` calls to
    an array at a time. It comes from the plan and the latencies alone: nothing of it is measured.

    The perfect client is logged in everywhere, computes and writes in no time, and knows when an effect can be seen.
    For a step it makes the verb's call, waits for as long as the array works, and takes one look; that look is also
    what the next step begins on. A look is as few calls as can show the effect, all at once: both doors of an array,
    because what gates a verb is read through both (the command line is the slower one, so it alone counts); for a stop
    those of both arrays, because it is done when both are Stopped; one list of the WSAPI for exports and snapshots.
    Steps of a group that stand side by side are made at once; the slowest of *k* calls between *a* and *b* takes
    ``a + (b - a) * k / (k + 1)`` on average.

    Groups are alike. At most ``wave`` at a time, so ``ceil(groups / wave)`` must follow one another somewhere, whether
    waves join or flow. The session bound holds no chain up by itself, for looks are shared by all groups and verbs
    could be spread evenly; but all verbs of an array have to pass its sessions, and that may take longer than the
    chains. The larger of the two is a lower bound of both.
    """
    groups = Counter(step.id.partition(".")[0] for step in plan.steps)
    first = next(iter(groups))
    chain = _chain([step for step in plan.steps if step.id.partition(".")[0] == first], timing)
    verbs = Counter(step.device for step in plan.steps if step.call)
    busy = max(verbs.values()) * _slowest(timing.https_call, 1) / sessions
    return CriticalPath(chain, math.ceil(len(groups) / wave), busy)


def _chain(steps: list[PlannedStep], timing: Timing) -> float:
    """The longest way through the steps of one group."""
    beside = Counter(step.needs for step in steps)
    ends: dict[str, float] = {}
    for step in steps:
        began = max((ends[need] for need in step.needs), default=0.0)
        ends[step.id] = began + _step(step, beside[step.needs], timing)
    return max(ends.values())


def _step(step: PlannedStep, beside: int, timing: Timing) -> float:
    verb = _slowest(timing.https_call, beside) if step.call else 0.0
    match step.kind:
        case "rcg.stop":
            return verb + _slowest(timing.ssh_call, 2)
        case "rcg.failover":
            return verb + timing.rcg_verb_s + _slowest(timing.ssh_call, 1)
        case "vlun.none" if '"lenient":true' in step.params:
            return 0.0  # the array is dark, and nothing is waited for
        case "vlun.remove" | "vlun.create" | "vlun.none" | "sv.create":
            return verb + _slowest(timing.https_call, 1)
    raise ValueError(f"a failover has no step {step.kind}")


def _slowest(span: Span, count: int) -> float:
    low, high = span
    return low + (high - low) * count / (count + 1)


# ---------------------------------------------------------------------------------------------------------- measuring


@dataclass(frozen=True, slots=True)
class Arrays:
    """The lab's process: where its configuration is, and its groups."""

    directory: Path
    names: tuple[str, ...]
    orders: IO[str]
    answers: IO[str]

    def go_dark(self) -> None:
        self.orders.write("dark\n")
        self.orders.flush()
        assert self.answers.readline() == "done\n"


@contextmanager
def arrays(count: int) -> Iterator[Arrays]:
    """The lab with ``count`` groups. Raises SystemExit at the end where its referee saw a violation."""
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "tests.benchmarks.rcg_lab", name, str(count)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin is not None and process.stdout is not None
        try:
            yield Arrays(Path(name), tuple(json.loads(process.stdout.readline())), process.stdin, process.stdout)
        except BaseException:
            process.kill()
            raise
        finally:
            process.stdin.close()
            violations = json.loads(process.stdout.readline() or "[]")
            process.wait(timeout=30)
        if violations:
            raise SystemExit(f"the referee: {violations}")


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds from the lease to the end of the run, and what the latencies allow."""

    took_s: float
    path: CriticalPath

    @property
    def ratio(self) -> float:
        return self.took_s / self.path.seconds


def failed_over(count: int, options: Options, sessions: int = THREEPAR_SESSIONS) -> Measured:
    """Fail ``count`` new groups over; ``sessions`` bounds the calls to an array. Raises SystemExit where it fails."""
    with arrays(count) as lab:
        store = lab.directory / "run.sqlite"
        settings = load(lab.directory / "config.toml")
        settings = replace(settings, devices=tuple(replace(each, sessions=sessions) for each in settings.devices))
        with closing(open_store(store)) as opened, closing(Ledger(store)) as ledger:
            operations = Operations(settings, opened, ledger, Connector(settings))
            run_id = new_run_id()
            if options.disaster:
                operations.plan_rcg(RcgVerb.FAILOVER, lab.names, Options(), run_id)  # what it knows of the dark side
                lab.go_dark()
            plan = operations.plan_rcg(RcgVerb.FAILOVER, lab.names, options, run_id)
            if plan.refused:
                raise SystemExit(f"the plan is refused: {plan.refused[0]}")
            operations.agree(run_id, plan, plan.confirm)
            run = Runner(ledger, operations.devices, "bench").run(run_id, wait_for_operator=False)
    if run.state is not RunState.SUCCEEDED or run.ended_at is None or run.began_at is None:
        raise SystemExit(f"the failover is {run.state}: {[step.reason for step in run.steps if step.reason][:3]}")
    path = critical_path(plan, REALISTIC, options.wave, sessions)
    return Measured((run.ended_at - run.began_at).total_seconds(), path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=GROUPS)
    parser.add_argument("--wave", type=int, action="append", help="groups at a time (default: 16, and all of them)")
    parser.add_argument(
        "--sessions", type=int, default=THREEPAR_SESSIONS, help="to an array at a time (default: %(default)s)"
    )
    parser.add_argument("--only", choices=("planned", "disaster"))
    args = parser.parse_args()
    good = True
    for wave in args.wave or [Options().wave, args.groups]:
        for kind in ("planned", "disaster"):
            if args.only in (None, kind):
                found = failed_over(args.groups, Options(disaster=kind == "disaster", wave=wave), args.sessions)
                what = (
                    f"{kind} failover of {args.groups} groups, {wave} at a time: {found.took_s:.1f} s / "
                    f"{found.path.seconds:.1f} s that the latencies allow"
                )
                good = figure(what, found.ratio, BOUND, "x") and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
