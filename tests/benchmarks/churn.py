"""The console on an estate that changes under it: ``python -m tests.benchmarks.churn [OPTIONS] -- OPTIONS OF DRDECK``.

The changes are made in the view of the store, as a sweep makes them, on a thread of their own. SIGUSR1 changes one cell
of one of the first LPARs. SIGUSR2 begins to change ``--rate`` states a second, all of them in the first rows, and to
read every device again as soon as it has been read.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from msgspec.structs import replace

from app.cli import main as drdeck
from app.machinery import Machinery
from store.estate import Lpar, LparState
from store.records import Change, Entry
from store.view import EstateView, Sighting

ROW = 5
"""The row whose cell SIGUSR1 changes, counted in the order of names."""

BATCHES_S = 5
LATE_S = 0.5
"""Changes that are late by no more than this are made up for."""

MADE_HERE = ""
"""The device in the notice of a change that no sweep has made."""

SIGNALS = {signal.SIGUSR1, signal.SIGUSR2}
STATES = (LparState.SHUTTING_DOWN, LparState.RUNNING, LparState.ERROR, LparState.NOT_ACTIVATED)


def lpars(view: EstateView) -> list[Entry]:
    """The LPARs by name."""
    return sorted(view.entries("lpar"), key=lambda entry: (getattr(entry.obj, "name", ""), entry.key))


def change(view: EstateView, entries: Iterable[Entry], **facts: object) -> None:
    """Say of LPARs that these facts are now so."""
    refs = []
    for entry in entries:
        now = view.get("lpar", entry.key)
        if now is None or not isinstance(now.obj, Lpar):
            raise LookupError(entry.key)
        obj = replace(now.obj, **facts)  # type: ignore[arg-type]
        refs.append(("lpar", entry.key))
        view.record(now.device, put={refs[-1]: Sighting(obj, now.first_seen, datetime.now(UTC))})
    view.tell(Change(MADE_HERE, tuple(refs)))


def one_cell(view: EstateView) -> None:
    """Change the RMC state of one LPAR and nothing else."""
    entry = lpars(view)[ROW]
    change(view, [entry], rmc_state="inactive" if getattr(entry.obj, "rmc_state", None) == "active" else "active")


class Told(NamedTuple):
    """When the console was told of how many changes, all made here (``time.perf_counter``)."""

    at: float
    changes: int


def note_times(view: EstateView, file: Path) -> None:
    """Write to a file whenever the console is told of a change that was made here."""

    def note(change: Change) -> None:
        if change.device == MADE_HERE:
            with file.open("a") as lines:
                lines.write(f"{time.perf_counter()} {len(change.keys)}\n")

    view.subscribe(note)


def times_told(file: Path) -> list[Told]:
    """What :func:`note_times` has written."""
    fields = (line.split() for line in file.read_text().splitlines())
    return [Told(float(at), int(count)) for at, count in fields]


def obey(view: EstateView, sweep_now: Callable[[str | None], None], rate: int) -> None:
    """Do what the signals say, until the process ends."""
    while signal.sigwait(SIGNALS) is signal.SIGUSR1:
        one_cell(view)
    entries = lpars(view)[: rate // BATCHES_S]
    due = time.monotonic()
    for number in range(sys.maxsize):
        sweep_now(None)
        change(view, entries, state=STATES[number % len(STATES)])
        due = max(due + 1 / BATCHES_S, time.monotonic() - LATE_S)
        time.sleep(max(0.0, due - time.monotonic()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=0, help="states to change in a second")
    parser.add_argument("--times", type=Path, help="write to this file when the console is told of a change")
    parser.add_argument("options", nargs="*", help="options of drdeck, behind --")
    arguments = parser.parse_args()
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # before any thread begins: all of them take it over
    opened = Machinery.open

    def open_and_obey(machinery: Machinery) -> EstateView:
        view = opened(machinery)
        if arguments.times is not None:
            note_times(view, arguments.times)
        threading.Thread(target=obey, args=(view, machinery.sweep_now, arguments.rate), daemon=True).start()
        return view

    with patch.object(Machinery, "open", open_and_obey):
        return drdeck(arguments.options)


if __name__ == "__main__":
    sys.exit(main())
