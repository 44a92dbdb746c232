"""The console on a real pseudo-terminal, measured: ``make bench``. Every figure stands beside its bound.

Times are of the machine it runs on; so each stands beside that of an empty app in the same run where that says more.
A figure that fails its bound, or could not be measured, makes the exit status 1.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks import bench_lines, bench_pane, bench_screens
from tests.benchmarks.figures import Figure, Spec, as_json, chosen, machine, markdown
from tests.benchmarks.measuring import Bench, Result, Results
from tests.benchmarks.pty_harness import ROOT, ProgramError
from tests.benchmarks.stored import many_lpars
from tests.terminal import private_home


def help_cpu(bench: Bench) -> Results:
    """User and system time of ``drdeck --help``."""
    command = [sys.executable, "-m", "app", "--help"]
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    taken = []
    for _ in range(bench.runs):
        pid = os.posix_spawn(sys.executable, command, {**os.environ, **bench.env}, file_actions=quiet)
        _, status, usage = os.wait4(pid, 0)
        if status:
            raise ProgramError(f"drdeck --help failed: status {status}")
        taken.append((usage.ru_utime + usage.ru_stime) * 1e3)
    yield Result("help.cpu", statistics.median(taken))


GROUPS: dict[str, Callable[[Bench], Results]] = {
    "help": help_cpu,
    "pane": bench_pane.pane,
    "cell": bench_pane.cell,
    "idle": bench_pane.idle,
    "load": bench_lines.load,
    "thin": bench_lines.thin,
    "dialogs": bench_screens.dialogs,
    "redraw": bench_screens.redraw,
}


def measure(bench: Bench, specs: Sequence[Spec]) -> list[Figure]:
    """Measure the figures group by group, and print each as soon as it is known."""
    figures: list[Figure] = []
    for group in dict.fromkeys(spec.group for spec in specs):
        wanted = {spec.id: spec for spec in specs if spec.group == group}
        for result in _results(group, bench, list(wanted)):
            if result.id in wanted:
                figures.append(Figure(wanted[result.id], result.value, result.note))
                print(figures[-1].line, flush=True)
    return figures


def _results(group: str, bench: Bench, ids: Sequence[str]) -> Results:
    """What a group gives; what it could not give is said to be not measured."""
    missing = list(ids)
    trouble = "no result"
    try:
        for result in GROUPS[group](bench):
            if result.id in missing:
                missing.remove(result.id)
            yield result
    except ProgramError as error:
        print(error, file=sys.stderr)
        trouble = str(error).partition("\n")[0]
    for id in missing:
        yield Result(id, None, trouble)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.screen", description=__doc__)
    parser.add_argument("--only", metavar="PATTERN", help="only the figures with this in their words or id (a regex)")
    parser.add_argument("--runs", type=int, default=5, help="how many runs the medians are of (default: 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file")
    parser.add_argument("--markdown", action="store_true", help="print the table of the README at the end")
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error("--runs: expected 1 or more")
    try:
        specs = chosen(arguments.only)
    except re.error as error:
        parser.error(f"--only: expected a regular expression: {error}")
    if not specs:
        parser.error(f"--only: no figure has {arguments.only!r} in it")
    os.chdir(ROOT)
    print(f"{machine()}; 120x40, medians of {arguments.runs}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        config, store = many_lpars(directory)
        figures = measure(Bench(arguments.runs, directory, private_home(directory), config, store), specs)
    if arguments.json is not None:
        arguments.json.write_text(as_json(figures, arguments.runs) + "\n")
    if arguments.markdown:
        print(markdown(figures))
    return 0 if all(figure.good for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
