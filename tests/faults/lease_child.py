"""A console that acts for one run after the other and may be stopped: ``python -m tests.faults.lease_child``.

A line on its standard input is a run. It takes the lease, says ``took``, and goes through steps, each an intent, an
answer and a result, until it is refused; then it tries every kind of entry, and says which of them were refused.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from store import ledger as ledger_module
from store import postgres_link
from store.errors import StoreAwayError
from store.ledger import LeaseError, Ledger
from store.place import Server
from store.runs import Lease, RunState, StepState

LEASE_S, IDLE_S = 0.06, 0.3


def hurried() -> None:
    """Leases and silences in transactions as short as a trial may take."""
    ledger_module.LEASE_S, postgres_link.IDLE_S = LEASE_S, IDLE_S


Act = tuple[str, Callable[[Ledger, Lease], None]]

ROUND: tuple[Act, ...] = (
    ("intent", lambda ledger, lease: ledger.intend(lease, "s1", "child", ())),
    ("answer", lambda ledger, lease: ledger.answered(lease, "s1", "child", 0.0)),
    ("result", lambda ledger, lease: ledger.settle(lease, "s1", StepState.PENDING, ())),
    ("lease", lambda ledger, lease: ledger.renew(lease)),
)
OTHERS: tuple[Act, ...] = (
    *ROUND,
    ("progress", lambda ledger, lease: ledger.progress(lease, "s1", ())),
    ("end", lambda ledger, lease: ledger.turn(lease, RunState.SUCCEEDED)),
)


def refused_at(ledger: Ledger, lease: Lease) -> str:
    """Act until it is refused; says at what."""
    while True:
        for name, act in ROUND:
            if refused(ledger, lease, act):
                return name


def refused(ledger: Ledger, lease: Lease, act: Callable[[Ledger, Lease], None]) -> bool:
    while True:
        try:
            act(ledger, lease)
        except LeaseError:
            return True
        except StoreAwayError:  # stopped within a transaction: the server has ended it
            continue
        return False


def taken(ledger: Ledger, run: str) -> Lease:
    while True:
        with suppress(StoreAwayError):  # a machine that is busy is silent for too long too
            return ledger.take(run, "child")


def main(url: str, password: str, beside: str) -> None:
    hurried()
    ledger = Ledger(Server(url, lambda: password, Path(beside)))
    print("ready", flush=True)
    for line in sys.stdin:
        run = line.strip()
        lease = taken(ledger, run)
        print("took", flush=True)
        first = refused_at(ledger, lease)
        print(json.dumps([first, *(name for name, act in OTHERS if refused(ledger, lease, act))]), flush=True)


if __name__ == "__main__":
    main(*json.loads(sys.stdin.readline()))
