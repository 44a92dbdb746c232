"""Which run makes way for another: a backup only reads, and may go on for hours; a failover of its machine does not
wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable

from app.recovery.vmbackup.plan import BACKUP
from store import plan_runs
from store.ledger import LeaseError, Ledger, RunError
from store.replications import FAILOVER
from store.runs import Choice, Lease, Run

PATIENCE_S, REST_S = 180.0, 1.0
"""A backup that is told to end gives its lease at the server back and takes back what it made; with its server silent
that lasts a minute or so."""


def taken(ledger: Ledger, run_id: str, holder: str, stopped: Callable[[], bool] = lambda: False) -> Lease:
    """The lease of a run's targets. Backups that are in the way of a failover are aborted, and their end is waited for.
    Raises as :meth:`Ledger.take`."""
    until, told = time.monotonic() + PATIENCE_S, set[str]()
    while True:
        try:
            return ledger.take(run_id, holder)
        except LeaseError:
            backups = _in_the_way(ledger, run_id)
            if backups is None or stopped() or time.monotonic() > until:
                raise
        for other in backups:
            if other.id not in told:
                told.add(other.id)
                _end(ledger, other, f"run {run_id} fails its machine over", holder)
        time.sleep(REST_S)


def _in_the_way(ledger: Ledger, run_id: str) -> list[Run] | None:
    """The backups that somebody acts for and that are in the way of a failover: none are left where the last one ended
    just now. None where anything else is. A backup that was interrupted is a person's to resume or abort: what it was
    doing has to be looked at."""
    mine = ledger.run(run_id)
    if mine.plan.verb not in (FAILOVER, *plan_runs.MOVING):
        return None
    wanted = set(mine.plan.targets)
    others = [run for run in ledger.alive() if run.id != run_id and not wanted.isdisjoint(run.plan.targets)]
    return others if all(run.plan.verb == BACKUP and run.holder is not None for run in others) else None


def _end(ledger: Ledger, other: Run, reason: str, by: str) -> None:
    try:
        ledger.decide(other.id, Choice.ABORT, None, reason, by)
    except RunError:  # it ended just now
        return
