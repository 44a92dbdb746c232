"""The runs of a store in memory, as the screens show them: fed from the ledger by whoever watches it.

Written by one thread and read by others: what is read is replaced, never changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from store.drills import owing
from store.replications import Standing, standings
from store.runs import ENDED, Entry, Run, RunState

ALIVE = frozenset({RunState.RUNNING, RunState.PAUSED, RunState.WAITING, RunState.INTERRUPTED})
"""A run in one of these acts on the estate, or left it half-way: every screen says so."""


class RunView:
    """``version`` grows with each change; ``read`` says whether the ledger was ever read; ``trouble`` says why it could
    not be read the last time; ``owing`` are the drills that are not cleaned up, by their ids, the newest first;
    ``standings`` is how each replication of a VM stands, by its name."""

    def __init__(self) -> None:
        self.version = 0
        self.read = False
        self.trouble: str | None = None
        self.owing: Mapping[str, Run] = {}
        self.standings: Mapping[str, Standing] = {}
        self._whole = False
        self._runs: Mapping[str, Run] = {}
        self._newest_first: tuple[Run, ...] = ()
        self._logs: Mapping[str, tuple[Entry, ...]] = {}

    def take(self, runs: Iterable[Run]) -> None:
        """Take over these runs as they are now."""
        found = {**self._runs, **{run.id: run for run in runs}}
        self._newest_first = tuple(sorted(found.values(), key=lambda run: (run.created_at, run.id), reverse=True))
        if not self._whole:
            self.standings = standings(self._newest_first)
        self._runs, self.owing, self.read = found, owing(self._newest_first), True
        self.version += 1

    def take_standings(self, found: Mapping[str, Standing]) -> None:
        """Take over how each replication stands, out of all runs that there ever were: those in here are the newest."""
        self.standings, self._whole = found, True
        self.version += 1

    def take_log(self, run_id: str, entries: Sequence[Entry]) -> None:
        """Take over further journal entries of a run, the oldest first."""
        self._logs = {**self._logs, run_id: (*self._logs.get(run_id, ()), *entries)}
        self.version += 1

    @property
    def runs(self) -> tuple[Run, ...]:
        """All runs, newest first."""
        return self._newest_first

    @property
    def alive(self) -> tuple[Run, ...]:
        """The runs that act, wait or were interrupted, newest first."""
        return tuple(run for run in self._newest_first if run.state in ALIVE)

    def get(self, run_id: str) -> Run | None:
        return self._runs.get(run_id)

    def log(self, run_id: str) -> tuple[Entry, ...]:
        """The journal entries of a run that were read so far, the oldest first."""
        return self._logs.get(run_id, ())

    def on_target(self, target: str) -> Run | None:
        """The newest run on a target that has not ended and was agreed to; None: nothing is done there."""
        for run in self._newest_first:
            if target in run.plan.targets and run.state not in (*ENDED, RunState.PROPOSED):
                return run
        return None
