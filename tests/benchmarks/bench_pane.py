"""The LPAR pane with 10,000 stored rows: its start against an empty app's, its keys, a changed cell, and its rest."""

from __future__ import annotations

import os
import signal
import statistics
import sys

from tests.benchmarks.churn import times_told
from tests.benchmarks.measuring import QUIET_S, Bench, Keys, Result, Results
from tests.benchmarks.pty_harness import Program, ProgramError
from tests.benchmarks.pty_measures import Reaction, keep_clear_of_the_minute, press, react, start, watch
from tests.benchmarks.stored import drdeck

PAINTED = r"lpar0001\d"
"""A row in the lower half of the pane."""

RESORT = "s"
FILTER = "/"
SEARCHED = "lpar007"
A_TABLE = 2_000
"""Bytes: fewer do not paint the rows anew."""

CELLS = 5
"""Changes of one cell in each run."""

IDLE_S = 20.0

_EMPTY = [sys.executable, "-m", "tests.benchmarks.empty_app"]


def pane_command(bench: Bench) -> list[str]:
    return drdeck(bench.config, "--cached", "--pane", "lpars", store=bench.store)


def pane(bench: Bench) -> Results:
    """Start and keys, ``runs`` times after one to warm up, in turn with the empty app."""
    first, painted, rested, memory, empty_starts = [], [], [], [], []
    keys = {name: Keys.none() for name in ("empty", "arrow", "page", "sort", "filter")}
    for run in range(bench.runs + 1):
        with bench.program(_EMPTY) as program:
            empty_start = start(program, "empty").first_ms
            empty_keys = [press(program, "x") for _ in range(10)]
        with bench.program(pane_command(bench)) as program:
            begun = start(program, PAINTED)
            if run == 0:
                continue
            keys["empty"].take(empty_keys)
            empty_starts.append(empty_start)
            first.append(begun.first_ms / empty_start)
            painted.append(begun.painted_ms / empty_start)
            rested.append(begun.rest_ms)
            memory.append(program.rss_mb())
            _type(program, keys)
    empty_ms = statistics.median(empty_starts)
    for id, ratios in (("start.first", first), ("start.painted", painted)):
        ratio = statistics.median(ratios)
        yield Result(id, ratio, f"{ratio * empty_ms:.0f} ms, an empty app {empty_ms:.0f} ms")
    yield Result("start.rss", statistics.median(memory), f"at rest after {statistics.median(rested):.0f} ms")
    empty_key = keys["empty"].time("empty").value
    for name in ("arrow", "page", "sort", "filter"):
        yield keys[name].time(f"{name}.ms", empty_key)
    yield keys["arrow"].size("arrow.bytes")


def _type(program: Program, keys: dict[str, Keys]) -> None:
    keys["arrow"].take([press(program, "down") for _ in range(12)])
    keys["page"].take([press(program, "pagedown", 0.2) for _ in range(8)])
    press(program, "g")
    keys["sort"].take([press(program, RESORT, 0.3) for _ in range(4)], A_TABLE)
    press(program, FILTER, 0.3)
    letters: list[Reaction | None] = [press(program, letter, 0.3) for letter in SEARCHED]
    if letters[-1] is None or SEARCHED not in letters[-1].text:
        keys["filter"].trouble = f"{FILTER} and {SEARCHED} did not filter the rows"
    else:
        keys["filter"].take(letters)


def cell(bench: Bench) -> Results:
    """One cell of a visible row changes, as if a sweep had changed it: from when the console is told of it to the end
    of the frame."""
    found, told = Keys.none(), []
    for run in range(bench.runs):
        times = bench.directory / f"told-{run}"
        module, _, *options = pane_command(bench)[1:]
        command = [sys.executable, module, "tests.benchmarks.churn", "--times", str(times), "--", *options]
        with bench.program(command) as program:
            start(program, PAINTED)
            for _ in range(CELLS):
                reaction = react(program, lambda: os.kill(program.pid, signal.SIGUSR1), QUIET_S)
                if reaction is not None:
                    told.append((reaction.at - times_told(times)[-1].at) * 1e3)
                found.take([reaction])
    whole = found.time("cell.ms")
    if whole.value is None:
        yield whole
    else:
        yield Result("cell.ms", statistics.median(told), f"{whole.value:.0f} ms from the change itself")
    yield found.size("cell.bytes")


def idle(bench: Bench) -> Results:
    """Nobody touches it. The clock on the screen turns once a minute: not while it is watched."""
    with bench.program(pane_command(bench)) as program:
        start(program, PAINTED)
        keep_clear_of_the_minute(program, IDLE_S)
        watched = watch(program, IDLE_S)
        if not program.alive:
            raise ProgramError("the console ended by itself")
    yield Result("idle.rate", watched.bytes_s)
