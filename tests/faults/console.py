"""A console of a story: its own connection to the store, its own clock, one run at a time in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from app.connect import Connector
from app.recovery.attempt import Pace
from app.recovery.operations import Operations
from app.recovery.runner import Runner
from app.settings import load
from store.database import open_store
from store.ledger import LEASE_S, LeaseError, Ledger, RunError
from store.place import Place
from store.runs import Run, RunState

PACE = Pace(poll_s=0.02, lost_s=1.6, margin_s=2.0, busy_s=0.1, retries=3)
CALL_S, STUCK_S = 1.0, 120.0


class Clock:
    """The time, but so far ahead for the next ``early`` questions that any lease of another console is over."""

    def __init__(self) -> None:
        self.early = 0

    def __call__(self) -> datetime:
        if self.early:
            self.early -= 1
            return datetime.now(UTC) + timedelta(seconds=2 * LEASE_S)
        return datetime.now(UTC)


class Console:
    """``name`` is who holds its leases."""

    def __init__(self, name: str, config: Path, path: Place) -> None:
        settings = load(config)
        settings = replace(settings, devices=tuple(replace(d, call_timeout_s=CALL_S) for d in settings.devices))
        self._name = name
        self._clock = Clock()
        self._store = open_store(path)
        self._ledger = Ledger(path, self._clock)
        self.operations = Operations(settings, self._store, self._ledger, Connector(settings))
        self._thread: threading.Thread | None = None
        self._runner: Runner | None = None
        self._failed: list[BaseException] = []

    @property
    def busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def acts(self, run_id: str, ended: Callable[[Run], None], late: bool) -> None:
        """Act for a run until it rests. ``late``: as if whoever holds it had been silent for longer than a lease."""
        self._runner = Runner(self._ledger, self.operations.devices, self._name, PACE)
        self._thread = threading.Thread(target=self._act, args=(self._runner, run_id, ended, late), name=self._name)
        self._thread.start()

    def _act(self, runner: Runner, run_id: str, ended: Callable[[Run], None], late: bool) -> None:
        try:
            self._clock.early = 2 if late else 0  # the lease is taken by the second of them
            ended(runner.run(run_id, wait_for_operator=False))
        except (LeaseError, RunError):  # another console acts on it, or has ended it
            if self._ledger.run(run_id).state is RunState.APPROVED:
                self._ledger.drop(run_id, self._name, "its plan would be outdated")
        except BaseException as error:
            self._failed.append(error)
        finally:
            self._clock.early = 0

    def leaves(self) -> None:
        """Stop at once and leave the run as it is."""
        if self._runner is not None:
            self._runner.leave()
        self.wait()

    def wait(self) -> None:
        """Until it is through. Raises AssertionError where it never is."""
        if self._thread is not None:
            self._thread.join(STUCK_S)
            assert not self._thread.is_alive(), f"{self._name} acts for more than {STUCK_S:g} s"

    def check(self) -> None:
        """Raises what went wrong while it acted."""
        if self._failed:
            raise AssertionError(f"{self._name}: {self._failed[0]!r}") from self._failed[0]

    def close(self) -> None:
        if self._runner is not None:
            self._runner.leave()
        if self._thread is not None:
            self._thread.join(STUCK_S)
        with closing(self._store), closing(self._ledger):
            pass
