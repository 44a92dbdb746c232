"""A process that is killed: ``python -m tests.faults.kill_child`` loads everything once, and for each line on its
standard input forks a child that acts for one run and may be killed at a given point.

A line is JSON: ``config``, ``store``, ``run``, ``step`` and ``point`` (of :data:`POINTS`, or null); ``many`` is over
how many groups a run must be to keep its sessions. It answers with the child's process id, and with a second line when
the child has ended: how, and the journal entries that were acknowledged to it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import app.recovery.runner
import store.ledger
from app.connect import Connector
from app.recovery.attempt import Pace
from app.recovery.looks import Devices
from app.recovery.operations import Operations, holder
from app.recovery.runner import Runner
from app.recovery.vm import copy_steps
from app.settings import load
from backends.flasharray import transport
from backends.threepar import wsapi
from backends.vsphere import acts, tasks
from store import journal
from store.database import open_store
from store.ledger import LeaseError, Ledger
from store.runs import RunState, StepState

POINTS = ("before intent", "after intent", "call left", "device did it", "after result")
PACE = Pace(poll_s=0.02, lost_s=4.0, margin_s=2.0, busy_s=0.2, retries=20)
"""``lost_s`` is longer than the second by which a call is held back, on a busy machine too."""
LEASE_S = 0.6


def hurry() -> None:
    """Wait for less than real servers take: what the lab takes its time for is over at once."""
    copy_steps.HALF_MADE_S, acts.LOCKED_REST_S, acts._POLL_S, tasks._POLL_S = 4.0, 0.2, 0.05, 0.05


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def arm(step: str, point: str) -> None:
    """Make this process kill itself at the point of the step; ``call left`` is for whoever watches the device."""
    intend, settle, perform, between = Ledger.intend, Ledger.settle, Devices.perform, Devices.between
    at = threading.local()  # several steps may be under way, each in a thread of its own

    def intended(self: Ledger, lease: Any, step_id: str, *rest: Any) -> Any:
        if step_id == step and point == "before intent":
            die()
        found = intend(self, lease, step_id, *rest)
        at.step = step_id
        if step_id == step and point == "after intent":
            die()
        return found

    def performed(self: Devices, *rest: Any) -> str:
        mine = getattr(at, "step", "") == step
        answer = perform(self, *rest)
        if mine and point == "device did it":
            die()
        return answer

    def both(self: Devices, *rest: Any) -> str:
        mine = getattr(at, "step", "") == step
        answer = between(self, *rest)
        if mine and point == "device did it":
            die()
        return answer

    def settled(self: Ledger, lease: Any, step_id: str, state: StepState, *rest: Any) -> None:
        settle(self, lease, step_id, state, *rest)
        if step_id == step and point == "after result" and state is not StepState.RUNNING:
            die()

    Ledger.intend, Devices.perform, Ledger.settle = intended, performed, settled  # type: ignore[method-assign]
    Devices.between = both  # type: ignore[method-assign]


def act(order: dict[str, Any], acknowledged: int) -> RunState:
    """Act for the run until it has ended or waits for somebody."""
    note = journal.note_head

    def noted(path: Path, seq: int, digest: bytes) -> None:
        note(path, seq, digest)
        os.write(acknowledged, f"{seq} {digest.hex()}\n".encode())

    journal.note_head = noted
    store.ledger.LEASE_S = LEASE_S
    app.recovery.runner.MANY = order["many"]
    hurry()
    if order["point"] is not None:
        arm(order["step"], order["point"])
    settings = load(Path(order["config"]))
    ledger = Ledger(Path(order["store"]))
    operations = Operations(settings, open_store(Path(order["store"])), ledger, Connector(settings))
    runner = Runner(ledger, operations.devices, holder(), PACE)
    deadline = time.monotonic() + 20
    while True:
        try:
            return runner.run(order["run"], wait_for_operator=False).state
        except LeaseError:
            # The one that was killed has not given its lease back: it ends by itself.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def alone() -> None:
    """Wait until this thread is the only one. One that is just ending holds a lock of the TLS library: a child that is
    forked then would wait for it for ever, and hold the interpreter's lock meanwhile."""
    while len(list(Path("/proc/self/task").iterdir())) > 1:
        time.sleep(0.01)


def main() -> None:
    wsapi._library()
    transport.library()
    import paramiko  # noqa: F401

    alone()
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = 99
            try:
                os.close(reading)
                code = 0 if act(order, writing) is RunState.SUCCEEDED else 3
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(writing)
        print(json.dumps({"pid": pid}), flush=True)
        with os.fdopen(reading) as pipe:
            acknowledged = pipe.read().splitlines()
        _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status)
        code = None if killed else os.WEXITSTATUS(status)
        print(json.dumps({"killed": killed, "code": code, "acknowledged": acknowledged}), flush=True)


if __name__ == "__main__":
    main()
