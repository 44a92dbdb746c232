"""Every pane, detail and dialog: what a dialog costs to open, and that nothing moves by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from screens.actions import PANES
from tests.benchmarks.bench_pane import PAINTED, pane_command
from tests.benchmarks.measuring import NARROW, QUIET_S, Bench, Result, Results, shown
from tests.benchmarks.pty_harness import ProgramError
from tests.benchmarks.pty_measures import Watched, press, start, watch
from tests.benchmarks.stored import demo_estate, drdeck

DIALOGS = {"help": "?", "palette": "ctrl+p", "export": "e"}
PROMPTS = {"filter": "/", "command line": ":"}
DOORS = {"what Enter opens": "enter", "detail": "d"}

A_DIALOG = 4
"""Lines that a dialog covers at least."""

WATCHED_S = 2.2


def dialogs(bench: Bench) -> Results:
    """Bytes to open each over 10,000 rows, at 80x24."""
    sizes: dict[str, int] = {}
    missing: list[str] = []
    with bench.program(pane_command(bench), NARROW) as program:
        start(program, PAINTED)
        for name, key in DIALOGS.items():
            with shown(program, key, A_DIALOG) as reaction:
                if reaction is None:
                    missing.append(f"{key} opened no {name}")
                else:
                    sizes[name] = reaction.size
    if missing:
        yield Result("dialog.bytes", None, "; ".join(missing))
        return
    worst = max(sizes, key=lambda name: sizes[name])
    yield Result("dialog.bytes", sizes[worst] / 1e3, ", ".join(f"{name} {size:,} B" for name, size in sizes.items()))


def redraw(bench: Bench) -> Results:
    """Leave every screen alone for some seconds, on an estate with some of everything."""
    folder = bench.directory / "demo"
    folder.mkdir()
    command = _cached_demo(folder)
    numbers = [str(number) for number in range(1, len(PANES) + 1)]
    walks = [(numbers[:3], False), (numbers[3:], False), (["2"], True)]
    seen: dict[str, Watched] = {}
    missing: list[str] = []
    # Side by side: the programs are meant to do nothing, and what is counted is not their speed.
    with ThreadPoolExecutor(len(walks)) as pool:
        for found, absent in pool.map(lambda walk: _walk(bench, command, *walk), walks):
            seen |= found
            missing += absent
    worst = max(seen, key=lambda name: seen[name].hz)
    noisy = f"{worst}, {seen[worst].bytes_s:.0f} B/s" if seen[worst].hz else "none moved"
    note = "; ".join([f"{len(seen)} screens, {noisy}", *missing])
    yield Result("redraw.hz", None if missing else round(seen[worst].hz, 1), note)


def _cached_demo(folder: Path) -> list[str]:
    config, store = demo_estate(folder)
    return drdeck(config, "--cached", store=store)


def _walk(
    bench: Bench, command: list[str], panes: list[str], with_dialogs: bool
) -> tuple[dict[str, Watched], list[str]]:
    """What the panes with these numbers do by themselves, and what their rows open; or the dialogs, with those that did
    not open. A program of its own."""
    openers = {**DIALOGS, **PROMPTS} if with_dialogs else DOORS
    seen: dict[str, Watched] = {}
    missing: list[str] = []
    with bench.program(command) as program:
        start(program, "paris")
        for number in panes:
            press(program, number, QUIET_S)
            pane = PANES[int(number) - 1].id
            seen[pane] = watch(program, WATCHED_S)
            for name, key in openers.items():
                with shown(program, key, 1 if name in PROMPTS else A_DIALOG) as opened:
                    if opened is not None:
                        seen[f"{name} of {pane}"] = watch(program, WATCHED_S)
                    elif with_dialogs:
                        missing.append(f"{key} opened no {name}")
        if not program.alive:
            raise ProgramError("the console ended by itself")
    return seen, missing
