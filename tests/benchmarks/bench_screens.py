"""Every pane, detail and dialog: what a dialog costs to open, and that nothing moves by itself."""

from __future__ import annotations

from screens.actions import PANES
from tests.benchmarks.bench_pane import PAINTED, pane_command
from tests.benchmarks.measuring import NARROW, Bench, Result, Results, changed_lines, shown
from tests.benchmarks.pty_measures import Watched, press, start, watch
from tests.benchmarks.stored import demo_estate, drdeck

DIALOGS = {"help": "?", "palette": "ctrl+p", "export": "e"}
PROMPTS = {"filter": "/", "command line": ":"}

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
            lines = program.lines
            with shown(program, least_lines=A_DIALOG):
                reaction = press(program, key, 0.4)
                if reaction is None or changed_lines(lines, program.lines) < A_DIALOG:
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
    config, store = demo_estate(folder)
    seen: dict[str, Watched] = {}
    missing: list[str] = []
    with bench.program(drdeck(config, "--cached", store=store)) as program:
        start(program, "paris")
        program.settle(1.0)
        for number, name in enumerate((pane.id for pane in PANES), start=1):
            program.send(str(number))
            program.settle(0.4)
            seen[name] = watch(program, WATCHED_S)
            with shown(program, "enter", least_lines=A_DIALOG) as opened:
                if opened:
                    seen[f"what Enter opens in {name}"] = watch(program, WATCHED_S)
        program.send("2")
        program.settle(0.4)
        for name, key in {**DIALOGS, **PROMPTS}.items():
            least = A_DIALOG if name in DIALOGS else 1
            with shown(program, key, least_lines=least) as opened:
                if opened:
                    seen[name] = watch(program, WATCHED_S)
                else:
                    missing.append(f"{key} opened no {name}")
    worst = max(seen, key=lambda name: seen[name].hz)
    noisy = f"{worst}, {seen[worst].bytes_s:.0f} B/s" if seen[worst].hz else "none moved"
    note = "; ".join([f"{len(seen)} screens, {noisy}", *missing])
    yield Result("redraw.hz", None if missing else round(seen[worst].hz, 1), note)
