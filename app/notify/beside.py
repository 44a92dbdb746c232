"""Telling operators beside a run that the command line acts for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.notify.notifier import notifier

if TYPE_CHECKING:
    from app.recovery.operations import Operations

DRAIN_S = 10.0
"""How long the messages of a run that is over may hold up the command's end; what is left then waits in the store."""


@contextmanager
def telling(operations: Operations) -> Iterator[None]:
    """Tell of the runs of the store meanwhile, where the configuration says how; at the end all that waits is sent."""
    made = notifier(operations.settings, operations.ledger, trouble=lambda text: print(f"{text}.", file=sys.stderr))
    if made is None:
        yield
        return
    made.start()
    try:
        yield
    finally:
        if left := made.drain(DRAIN_S):
            print(f"{left} notifications wait in the store: drdeck notify list", file=sys.stderr)
