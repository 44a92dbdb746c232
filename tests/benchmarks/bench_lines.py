"""The console where it is hard: during a sweep of a large estate that changes all the time, and on a slow line."""

from __future__ import annotations

import os
import signal
import statistics
import sys
import time

from tests.benchmarks.bench_pane import PAINTED, pane_command
from tests.benchmarks.churn import times_told
from tests.benchmarks.measuring import Bench, Keys, Result, Results
from tests.benchmarks.pty_harness import Program, ProgramError
from tests.benchmarks.pty_measures import cursor_moves, hold, p95, press, start, watch
from tests.benchmarks.sweep import Console, lab

CHANGES_S = 500
PRESSES = 50
PRESS_EVERY_S = 0.25
WATCHED_S = 3.0

LINE_BPS = 256_000
HELD_S, HELD_HZ = 3.0, 30.0


def load(bench: Bench) -> Results:
    """The large lab is swept without a pause, and the first rows of the LPAR pane change all the time."""
    times = bench.directory / "told-load"
    with lab("large", "instant") as directory:
        filled = Console(directory)
        filled.sweep()
        filled.close()
        churn = ["-m", "tests.benchmarks.churn", "--rate", str(CHANGES_S), "--times", str(times), "--"]
        options = ["--config", str(directory / "config.toml"), "--pane", "lpars"]
        with bench.program([sys.executable, *churn, *options]) as program:
            program.wait_shown(r"[\d,]{4,} LPARs")
            program.settle(0.5, limit_s=3.0)
            os.kill(program.pid, signal.SIGUSR2)
            program.read_for(2.0)
            began = time.perf_counter()
            rates = [watch(program, WATCHED_S).bytes_s / 1e3 for _ in range(bench.runs)]
            pressed = _press_up_and_down(program)
            ended = time.perf_counter()
            if not program.alive:
                raise ProgramError("the console ended by itself")
            moves = cursor_moves(program, pressed)
    told = [told.changes for told in times_told(times) if began < told.at <= ended]
    made = sum(told) / (ended - began)
    yield Result("load.arrow", p95(moves), f"median {statistics.median(moves):.1f} ms of {len(moves)}")
    slow = made < 0.9 * CHANGES_S
    note = f"{made:.0f} changes a second came through" + (f", {statistics.median(rates):.1f} kB/s" if slow else "")
    yield Result("load.rate", None if slow else statistics.median(rates), note)


def _press_up_and_down(program: Program) -> list[float]:
    """Move the cursor now and then, for as long as it stays on the first page; when each key was pressed."""
    pressed = []
    for number in range(PRESSES):
        pressed.append(time.perf_counter())
        program.send("down" if number % 40 < 20 else "up")
        program.read_for(PRESS_EVERY_S)
    program.read_for(1.0)
    return pressed


def thin(bench: Bench) -> Results:
    """A line of 256 kbit/s, and the profile for it."""
    pages, lags = Keys.none(), []
    for _ in range(bench.runs):
        with bench.program([*pane_command(bench), "--slow-link"], line_bps=LINE_BPS) as program:
            start(program, PAINTED)
            pages.take([press(program, "pagedown", 0.2) for _ in range(4)])
            lags.append(hold(program, "j", HELD_S, HELD_HZ).lag_s)
    page = pages.size("thin.page")
    yield page if page.value is None else Result(page.id, page.value / 1e3, f"{statistics.median(pages.ms):.0f} ms")
    yield Result("thin.lag", statistics.median(lags))
