"""``python -m tests.benchmarks.alerts``: a site goes dark and 50,000 signs of it come within a minute. How long they
take, how long the thread of the screen is held up meanwhile, and in how many groups they end. Prints each figure beside
its bound."""

from __future__ import annotations

import gc
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

from app.alerts.watch import Engine
from app.console import GC_THRESHOLD
from store.alert_view import AlertView
from store.alerts import AlertStore
from store.outbox import Outbox
from tests.app.alerts.facts import STEPS, Time
from tests.app.alerts.storm import EVENTS, LOOKS, Storm

MOST_GROUPS, MOST_HELD_MS, MOST_MS = 20, 100.0, 1000.0
"""The bounds: groups, how long the screen may be held up, and what 1,000 signs may take (a minute holds 50 of them)."""

TICK_S, SWITCH_S = 0.002, 0.0005


def held_up(stop: threading.Event) -> list[float]:
    """How late, in seconds, a thread was woken that wants to run every :data:`TICK_S`, as that of the screen."""
    late: list[float] = []
    while not stop.is_set():
        wanted = time.perf_counter() + TICK_S
        time.sleep(TICK_S)
        late.append(time.perf_counter() - wanted)
    return late


def main() -> int:
    sys.setswitchinterval(SWITCH_S)  # this and the next as the console does
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLD)
    clock, stop = Time(), threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        with closing(AlertStore(path, clock)) as store, closing(Outbox(path, clock)) as outbox:
            view = AlertView()
            engine = Engine(store, outbox, view, [Storm()], STEPS, "bench", clock, due=lambda: lambda: True)
            idle = threading.Timer(2.0, stop.set)
            idle.start()
            before = sorted(held_up(stop))
            stop.clear()
            took: list[float] = []

            def rounds() -> None:
                for _ in range(LOOKS):
                    began = time.perf_counter()
                    engine.round()
                    took.append(time.perf_counter() - began)
                    clock.goes_on(seconds=10)
                stop.set()

            worker = threading.Thread(target=rounds)
            worker.start()
            late = held_up(stop)
            worker.join()
            groups, notices = view.seen.groups, len(outbox.notices())
    late.sort()
    each_ms = sum(took) / EVENTS * 1e6
    rows = (
        ("signs of what is wrong", f"{EVENTS}", ""),
        ("groups that they end in", f"{len(groups)}", f"{MOST_GROUPS}"),
        ("the first of them", groups[0].key, "paris/site-silent"),
        ("messages posted", f"{notices}", ""),
        ("1,000 signs, folded and kept", f"{each_ms:.1f} ms", f"{MOST_MS:.0f} ms"),
        ("the longest round", f"{max(took) * 1000:.0f} ms", "10,000 ms"),
        ("the same thread before, p99", f"{before[int(len(before) * 0.99)] * 1000:.1f} ms", ""),
        ("the same thread before, longest", f"{before[-1] * 1000:.1f} ms", ""),
        ("screen's thread held up, p99", f"{late[int(len(late) * 0.99)] * 1000:.1f} ms", ""),
        ("screen's thread held up, longest", f"{late[-1] * 1000:.1f} ms", f"{MOST_HELD_MS:.0f} ms"),
    )
    for what, measured, bound in rows:
        print(f"{what:<36} {measured:>20} {bound:>20}")
    good = len(groups) <= MOST_GROUPS and groups[0].root and each_ms <= MOST_MS and late[-1] * 1000 <= MOST_HELD_MS
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
