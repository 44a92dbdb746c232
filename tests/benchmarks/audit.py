"""The journal, measured: ``make bench``. Appending an entry that is on the disk before the call returns, and following
a chain of half a million entries.

A figure that fails its bound makes the exit status 1.
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from store import journal
from store.ledger import Ledger
from store.runs import Fact, Plan, PlannedStep
from store.times import to_text as stamp
from tests.benchmarks.sweep import figure

APPENDS, ENTRIES = 2_000, 500_000
STEP = PlannedStep("s1", "rcg.stop", '{"array":"3par-a"}', "Stop", "3par-a", "stoprcopygroup -f oradb")
FACTS = (Fact("oradb on 3par-a", "Primary, Started, 2 Synced"), Fact("oradb.r1001 on 3par-b", "Secondary, Started"))


def append_p99_ms(store: Path) -> float:
    """The 99th percentile of writing down an intent: its entry, the step, the lease check and the flush to the disk."""
    plan = Plan("stop", "stop oradb", ("rcg:1001:oradb",), datetime.now(UTC), (STEP,))
    with closing(Ledger(store)) as ledger:
        ledger.propose("r1", plan, "bench")
        ledger.approve("r1", "bench", ())
        lease = ledger.take("r1", "bench")
        taken = []
        for _ in range(APPENDS):
            began = time.perf_counter()
            ledger.intend(lease, "s1", STEP.call, FACTS)
            taken.append((time.perf_counter() - began) * 1e3)
    return sorted(taken)[APPENDS * 99 // 100]


def fill(store: Path, entries: int) -> None:
    """Make a store whose journal holds as many entries, chained as the ledger chains them, like those of real runs."""
    Ledger(store).close()
    last = journal.FIRST
    with closing(sqlite3.connect(store)) as connection:

        def rows() -> Iterator[tuple[int, str, str, str, str, bytes]]:
            nonlocal last
            at, facts = stamp(datetime.now(UTC)), '[["oradb on 3par-a","Primary, Started, 2 Synced"]]'
            for seq in range(1, entries + 1):
                step, run = f"g{seq % 100}.{seq % 9}", f"1126-0312-{seq // 2700:04x}"
                body = f'{{"step":"{step}","call":"stoprcopygroup -f g{seq % 100}","facts":{facts},"epochs":[1]}}'
                last = journal.chained(last, seq, at, run, "intent", body)
                yield seq, at, run, "intent", body, last

        with connection:
            connection.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)", rows())
            connection.execute("INSERT INTO journal_head (id, seq, hash) VALUES (1, ?, ?)", (entries, last))
    journal.note_head(store, entries, last)


def verify_s(store: Path, entries: int) -> float:
    """Seconds to follow the whole chain. Raises SystemExit where it is not found whole."""
    began = time.perf_counter()
    found = journal.verify(store)
    took = time.perf_counter() - began
    if found.broken is not None or found.entries != entries:
        raise SystemExit(f"the journal of the bench is broken: {found}")
    return took


def main(runs: int = 3) -> int:
    with tempfile.TemporaryDirectory() as name:
        p99 = statistics.median(append_p99_ms(Path(name) / f"append-{number}.sqlite") for number in range(runs))
        store = Path(name) / "verify.sqlite"
        fill(store, ENTRIES)
        taken = statistics.median(verify_s(store, ENTRIES) for _ in range(runs))
    good = [
        figure(f"an entry of the journal appended, on the disk, p99 (median of {runs})", p99, 5.0, "ms"),
        figure(f"{ENTRIES:,} entries of the journal verified (median of {runs})", taken, 2.0, "s"),
    ]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
