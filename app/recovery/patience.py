"""The ledger of whoever acts for a run: while the server of the store is away it waits, and the run is frozen with it.

Nothing is sent meanwhile: no intent can be written. What a device says to a call that was under way is kept here, and
is written once the server is back, if the lease is this console's still. A store in a file is never away.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from store.errors import StoreAwayError
from store.ledger import Ledger
from store.runs import Decision, Entry, Fact, Lease, Run, RunState, StepRecord, StepState

T = TypeVar("T")

AGAIN_S, SLICE_S = 1.0, 0.1
"""How long after a try the server is tried again, and how soon it is noticed that nobody wants it any more."""


def frozen(error: StoreAwayError) -> str:
    """What people are told of runs that wait for the server."""
    return f"FROZEN: {error.message}. Nothing more is sent until it answers again; it is tried by itself"


class PatientLedger:
    """What a runner asks of a ledger, about the run ``run_id``. All of it waits for the server but :meth:`intend`, and
    raises :class:`StoreAwayError` only once ``stopped`` says that this console is to do nothing more."""

    def __init__(self, ledger: Ledger, run_id: str, stopped: Callable[[], bool]) -> None:
        self._ledger = ledger
        self._run = run_id
        self._stopped = stopped
        self._away = threading.Event()
        self._probing = threading.Lock()

    # ------------------------------------------------------------------------------------------------------- reading

    def run(self, run_id: str) -> Run:
        return self._read(lambda: self._ledger.run(run_id))

    def step(self, run_id: str, step_id: str) -> StepRecord:
        return self._read(lambda: self._ledger.step(run_id, step_id))

    def standing(self, run_id: str) -> tuple[RunState, int]:
        return self._read(lambda: self._ledger.standing(run_id))

    def journal(self, run_id: str) -> tuple[Entry, ...]:
        return self._read(lambda: self._ledger.journal(run_id))

    def decisions(self, run_id: str, after: int) -> tuple[Decision, ...]:
        return self._read(lambda: self._ledger.decisions(run_id, after))

    # ------------------------------------------------------------------------------------------------------- writing

    def intend(self, lease: Lease, step_id: str, call: str, facts: Sequence[Fact]) -> None:
        """Does not wait: what was seen just before would be old. Raises :class:`StoreAwayError` where the call must
        not be sent, whether the intent is in the store or not."""
        self._ledger.intend(lease, step_id, call, facts)

    def answered(self, lease: Lease, step_id: str, answer: str, took_s: float) -> None:
        self._write(lambda: self._ledger.answered(lease, step_id, answer, took_s))

    def progress(self, lease: Lease, step_id: str, facts: Sequence[Fact]) -> None:
        self._write(lambda: self._ledger.progress(lease, step_id, facts))

    def settle(
        self,
        lease: Lease,
        step_id: str,
        state: StepState,
        facts: Sequence[Fact],
        reason: str | None = None,
        waited_s: float | None = None,
    ) -> None:
        self._write(lambda: self._ledger.settle(lease, step_id, state, facts, reason, waited_s))

    def anew(self, lease: Lease, step_id: str, reason: str) -> None:
        self._write(lambda: self._ledger.anew(lease, step_id, reason))

    def turn(self, lease: Lease, state: RunState, note: str | None = None) -> None:
        self._write(lambda: self._ledger.turn(lease, state, note))

    # ------------------------------------------------------------------------------------------------------- waiting

    def _read(self, work: Callable[[], T]) -> T:
        while True:
            try:
                return work()
            except StoreAwayError:
                self._wait()

    def _write(self, work: Callable[[], None]) -> None:
        """Once, whatever breaks: what may be in the store already is asked for before it is written again. Where a
        standby took over that does not know, it may be there twice, which does no harm."""
        open_: str | None = None
        while True:
            try:
                if open_ is not None and self._ledger.landed(open_):
                    return
                open_ = None
                work()
                return
            except StoreAwayError as error:
                open_ = error.transaction or open_
                self._wait()

    def _wait(self) -> None:
        """Until the server answers. One thread asks for all that wait. Raises what that one was told once ``stopped``
        says so."""
        self._away.set()
        while True:
            self._rest()
            if not self._away.is_set():
                return
            if not self._probing.acquire(timeout=SLICE_S):
                continue
            try:
                self._ledger.standing(self._run)
                self._away.clear()
                return
            except StoreAwayError:
                if self._stopped():
                    raise
            finally:
                self._probing.release()

    def _rest(self) -> None:
        until = time.monotonic() + AGAIN_S
        while time.monotonic() < until and self._away.is_set() and not self._stopped():
            time.sleep(SLICE_S)
