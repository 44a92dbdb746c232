"""Two consoles on one PostgreSQL, of which one is stopped (SIGSTOP) at any moment of a step and beyond its lease: the
other one takes over, and on waking (SIGCONT) the first is refused whatever it writes. ``make long`` tells how many.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from store import journal
from store import ledger as ledger_module
from store.errors import StoreAwayError
from store.ledger import LeaseError, Ledger
from store.place import Server
from store.runs import Lease, Plan, PlannedStep, RunState, StepState
from tests.faults.lease_child import LEASE_S, OTHERS
from tests.postgres import Postgres, running

LONGEST_S = 0.02
"""A stop comes so soon at most after the lease was taken: some dozen entries fit in."""
AFTERWARDS = [name for name, _ in OTHERS]
PLAN = Plan(
    "stop",
    "stop x",
    ("rcg:1:x",),
    datetime(2026, 3, 1, tzinfo=UTC),
    (PlannedStep("s1", "k", "{}", "Stop", "d", "stop"),),
)


@contextmanager
def child(server: Server) -> Iterator[subprocess.Popen[str]]:
    """The other console, as a process of its own that is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.lease_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        given = [server.url, server.password() if server.password else "", str(server.beside)]
        _tell(process, json.dumps(given))
        assert _heard(process) == "ready"
        yield process
    finally:
        process.kill()
        process.wait()


def _tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def _heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def campaign(server: Server, seed: int, stops: int) -> Counter[str]:
    """Raises AssertionError where the console that was stopped was not refused."""
    draw, counts = random.Random(seed), Counter[str]()
    ledger_module.LEASE_S, before = LEASE_S, ledger_module.LEASE_S
    try:
        with closing(Ledger(server)) as ledger, child(server) as process:
            for number in range(stops):
                _trial(ledger, process, draw, f"r{number}", counts)
    finally:
        ledger_module.LEASE_S = before
    verdict = journal.verify(server)
    assert verdict.broken is None, verdict.why
    counts["entries in one chain"] = verdict.entries
    return counts


def _trial(ledger: Ledger, process: subprocess.Popen[str], draw: random.Random, run: str, counts: Counter[str]) -> None:
    ledger.propose(run, PLAN, "ops")
    ledger.approve(run, "ops", ())
    _tell(process, run)
    assert _heard(process) == "took"
    time.sleep(draw.random() * LONGEST_S)
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    try:
        lease = _taken(ledger, run)
        taken = ledger.journal(run)[-1]
        assert taken.kind == "lease taken"
        ledger.intend(lease, "s1", "parent", ())
    finally:
        process.send_signal(signal.SIGCONT)
    refused = json.loads(_heard(process))
    entries = ledger.journal(run, taken.seq)
    assert refused[1:] == AFTERWARDS, f"{run}: only {refused} were refused"
    assert [entry.kind for entry in entries] == ["intent"], f"{run}: {[entry.kind for entry in entries]}"
    assert "child" not in entries[0].body
    ledger.settle(lease, "s1", StepState.DONE, ())
    ledger.turn(lease, RunState.SUCCEEDED)
    counts["stopped beyond its lease"] += 1
    counts["refused on waking"] += 1
    counts[f"first refused at: {refused[0]}"] += 1


def _taken(ledger: Ledger, run: str) -> Lease:
    """The lease, once it has run out. A console that was stopped within a transaction is in the way until the server
    ends that."""
    while True:
        with suppress(LeaseError, StoreAwayError):
            return ledger.take(run, "parent")
        time.sleep(0.005)


def on(server: Postgres, seed: int, stops: int) -> Counter[str]:
    """A campaign on a store of its own."""
    with server.store() as store:
        return campaign(store, seed, stops)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stops", type=int, default=1_000)
    arguments = parser.parse_args()
    began = time.monotonic()
    with running() as server:
        counts = on(server, arguments.seed, arguments.stops)
    for name, count in sorted(counts.items()):
        print(f"{count:>6} {name}")
    words = f"{counts['refused on waking']} of {counts['stopped beyond its lease']} refused on waking"
    print(f"seed {arguments.seed}: {words} in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
