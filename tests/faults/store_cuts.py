"""Cuts of the wire between a console and the server of its store, at any byte: ``make long`` tells how many, and what
became of what was written.

An entry is acknowledged once the call that writes it has returned. Every one of these is in the journal exactly once;
what was said not to be written is not in it; what was left open turns out as the server says once it is back; and the
chain is one line, though another console writes on all the while.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from store import journal, postgres
from store.errors import StoreAwayError
from store.ledger import Ledger
from store.place import Server
from store.runs import Plan
from tests.faults.cutting_proxy import CuttingProxy, proxy
from tests.postgres import Postgres, running

FURTHEST = 3_000
"""Bytes up or down: one entry takes some 1,200 up and 800 down, and a new connection comes first after a cut."""


def campaign(server: Server, near: Server, wire: CuttingProxy, seed: int, cuts: int) -> Counter[str]:
    """``near`` is the store at ``server`` by way of the wire. Raises AssertionError with what was lost."""
    draw, counts = random.Random(seed), Counter[str]()
    over = threading.Event()
    acknowledged: list[str] = []
    with closing(Ledger(server)) as beside, closing(Ledger(near)) as ledger:
        console = _Console(ledger, wire, counts)
        beside.propose("r", Plan("stop", "stop x", (), datetime.now(UTC)), "ops")
        neighbour = threading.Thread(target=_writes_on, args=(beside, over, acknowledged))
        neighbour.start()
        try:
            for number in range(cuts):
                console.trial(draw, f"cut {number}")
        finally:
            over.set()
            neighbour.join()
        found = Counter(json.loads(entry.body).get("text") for entry in beside.journal("r"))
    verdict = journal.verify(server)
    assert verdict.broken is None, verdict.why
    lost = [text for text in (*acknowledged, *console.acknowledged) if found[text] != 1]
    assert not lost, f"acknowledged, and not there once: {lost[:5]}"
    there = [text for text in console.denied if found[text]]
    assert not there, f"said not to be written, and there: {there[:5]}"
    counts["entries in one chain"] = verdict.entries
    counts["acknowledged entries lost"] = 0
    return counts


def _writes_on(ledger: Ledger, over: threading.Event, acknowledged: list[str]) -> None:
    number = 0
    while not over.wait(0.01):
        ledger.remark("r", "note", {"by": "neighbour", "text": f"beside {number}"})
        acknowledged.append(f"beside {number}")
        number += 1


class _Console:
    """Who writes over the wire, and what it was told of each entry."""

    def __init__(self, ledger: Ledger, wire: CuttingProxy, counts: Counter[str]) -> None:
        self._ledger = ledger
        self._wire = wire
        self._counts = counts
        self.acknowledged: list[str] = []
        self.denied: list[str] = []

    def trial(self, draw: random.Random, name: str) -> None:
        """Entries until the wire was cut, and until one went through behind it. Sometimes nobody answers for a while
        after the cut."""
        before, number, last = self._wire.cuts, 0, False
        silent = draw.random() < 0.3
        self._wire.cut_after(draw.randint(1, FURTHEST), up=draw.random() < 0.5, dark=silent)
        while self._wire.cuts == before or not last:
            last = self._write(f"{name} entry {number}")
            number += 1
            if self._wire.cuts > before:
                self._wire.dark(False)
        self._counts["cuts"] += 1

    def _write(self, text: str) -> bool:
        try:
            self._ledger.remark("r", "note", {"by": "ops", "text": text})
        except StoreAwayError as error:
            if error.transaction is None:
                self.denied.append(text)
                self._counts["said not to be written"] += 1
                return False
            self._counts["left open, and asked for later"] += 1
            (self.acknowledged if self._landed(error.transaction) else self.denied).append(text)
            return True
        self.acknowledged.append(text)
        self._counts["acknowledged"] += 1
        return True

    def _landed(self, transaction: str) -> bool:
        self._wire.dark(False)
        while True:
            with suppress(StoreAwayError):
                return self._ledger.landed(transaction)


def on(server: Postgres, seed: int, cuts: int) -> Counter[str]:
    """A campaign on a store of its own."""
    postgres.LANDED_S, before = 0.05, postgres.LANDED_S
    try:
        with server.store() as store, proxy(server.port) as wire:
            name = Path(store.url.partition("?")[0]).name
            return campaign(store, server.server(name, wire.port), wire, seed, cuts)
    finally:
        postgres.LANDED_S = before


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cuts", type=int, default=2_000)
    arguments = parser.parse_args()
    began = time.monotonic()
    with running() as server:
        counts = on(server, arguments.seed, arguments.cuts)
    for name, count in sorted(counts.items()):
        print(f"{count:>6} {name}")
    print(f"seed {arguments.seed}: {counts['cuts']} cuts in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
