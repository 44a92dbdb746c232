"""The read API beside a console: ``python -m tests.benchmarks.api``.

A store of 10,000 LPARs, a console on its LPAR pane in a pseudo-terminal, ``drdeck api`` on the same store, and readers
in a process of their own that ask for pages, health and what they know already. The keys of the console are timed
before and meanwhile, all on the same cores.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.pty_harness import Program
from tests.benchmarks.pty_measures import press, start
from tests.benchmarks.stored import drdeck, many_lpars
from tests.terminal import private_home

WANTED_RATE, MOST_SLOWER = 500, 1.5
READERS, SECONDS, PRESSES = 4, 10.0, 40
TOKEN = "a-token-of-the-bench"
PATHS = ("/lpars?most=100", "/health", "/devices", "/lpars?site=oslo&state=Running&most=20", "/runs", "/audit?most=50")
PAINTED = r"lpar0001\d"


def read(port: int, rate: float, seconds: float) -> None:
    """Ask, paced, over :data:`READERS` connections; prints how many answers of each status there were."""
    end, counts, lock = time.monotonic() + seconds, Counter[int](), threading.Lock()

    def one() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        tags: dict[str, str] = {}
        number, due = 0, time.monotonic()
        while (now := time.monotonic()) < end:
            if now < due:
                time.sleep(due - now)
            due += READERS / rate
            path = PATHS[number % len(PATHS)]
            known = {"If-None-Match": tags[path]} if path in tags and number % 2 else {}
            connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}", **known})
            answer = connection.getresponse()
            answer.read()
            tags[path] = answer.headers["ETag"]
            number += 1
            with lock:
                counts[answer.status] += 1

    threads = [threading.Thread(target=one) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(" ".join(f"{status}:{count}" for status, count in sorted(counts.items())))


@contextmanager
def served(config: Path, store: Path, env: dict[str, str]) -> Iterator[int]:
    """The port of the API."""
    command = drdeck(config, "api", "--port", "0", store=store)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**env, "BENCH_READER": TOKEN}) as process:
        assert process.stdout is not None
        found = re.search(r":(\d+)/", process.stdout.readline())
        try:
            if found is None:
                raise RuntimeError("the API did not begin")
            yield int(found[1])
        finally:
            process.terminate()
            process.wait(30)


def arrows(program: Program) -> list[float]:
    """Milliseconds of each press of an arrow key."""
    reactions = [press(program, "down" if number % 2 else "up", 0.03) for number in range(PRESSES)]
    return sorted(reaction.ms for reaction in reactions if reaction is not None)


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--read", type=int, metavar="PORT", help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.read is not None:
        read(given.read, WANTED_RATE * 1.1, SECONDS)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        env = {**os.environ, **private_home(directory)}
        config, store = many_lpars(directory)
        with config.open("a") as file:
            file.write('\n[[api.readers]]\nname = "bench"\ntoken = "env:BENCH_READER"\n')
        with served(config, store, env) as port:
            pane = drdeck(config, "--cached", "--pane", "lpars", store=store)
            with Program(pane, (120, 40), private_home(directory)) as program:
                start(program, PAINTED)
                quiet = arrows(program)
                command = [sys.executable, "-m", "tests.benchmarks.api", "--read", str(port)]
                with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as readers:
                    time.sleep(1.0)
                    busy = arrows(program)
                    told, _ = readers.communicate(timeout=60)
    counts = {int(status): int(count) for status, count in (each.split(":") for each in told.split())}
    rate, failed = sum(counts.values()) / SECONDS, sum(n for status, n in counts.items() if status not in (200, 304))
    slower = statistics.median(busy) / statistics.median(quiet)
    rows = (
        ("answers a second", f"{rate:.0f}", f"{WANTED_RATE}"),
        ("of them neither 200 nor 304", f"{failed}", "0"),
        ("arrow key alone, median", f"{statistics.median(quiet):.1f} ms", ""),
        ("arrow key meanwhile, median", f"{statistics.median(busy):.1f} ms", ""),
        ("meanwhile / alone", f"{slower:.2f} x", f"{MOST_SLOWER} x"),
        ("arrow key meanwhile, p95", f"{busy[int(len(busy) * 0.95)]:.1f} ms", ""),
    )
    for what, measured, bound in rows:
        print(f"{what:<36} {measured:>14} {bound:>10}")
    return 0 if rate >= WANTED_RATE and not failed and slower <= MOST_SLOWER else 1


if __name__ == "__main__":
    sys.exit(main())
