"""The figures of the screen bench: what each is called, its bound, what the peers have, and how it is told.

The peers were measured as drdeck is: at 120x40 on two cores of an AMD EPYC, over a local pseudo-terminal.
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict


class Spec(Struct, frozen=True):
    """``group`` is the measurement that gives it; ``peers`` is what others have, empty where nobody was measured."""

    id: str
    group: str
    what: str
    bound: float
    unit: str
    peers: str = ""


SPECS = (
    Spec("help.cpu", "help", "drdeck --help, CPU", 150, "ms"),
    Spec("start.first", "pane", "start: first frame / that of an empty app", 1.3, "x"),
    Spec(
        "start.painted",
        "pane",
        "start: LPAR pane with 10,000 stored rows painted / an empty app's first frame",
        2.0,
        "x",
        "posting 2.7, harlequin 3.6, dolphie 4.4",
    ),
    Spec("start.rss", "pane", "memory before the first device is asked", 90, "MB", "posting 77, harlequin 136 to 176"),
    Spec("arrow.ms", "pane", "arrow key", 3, "ms", "stock table 3.9, harlequin 4.0, posting 7.7"),
    Spec("arrow.bytes", "pane", "arrow key, bytes", 1_100, "B", "stock table 1,566, posting 827, harlequin 208"),
    Spec("page.ms", "pane", "page down", 8, "ms", "stock table 28, harlequin 14.6"),
    Spec("sort.ms", "pane", "sort 10,000 rows anew", 15, "ms", "stock table 41"),
    Spec("filter.ms", "pane", "filter of 10,000 rows, each letter", 20, "ms"),
    Spec("cell.ms", "cell", "one changed cell of 10,000 rows", 3, "ms", "stock table 31"),
    Spec("cell.bytes", "cell", "one changed cell, bytes", 300, "B", "stock table 19,315"),
    Spec("idle.rate", "idle", "idle for 20 s", 0, "B/s", "htop 389, harlequin 498, posting 645, dolphie 924,265"),
    Spec("load.arrow", "load", "arrow key during a large sweep and 500 changes a second, p95", 30, "ms"),
    Spec("load.rate", "load", "bytes during a large sweep and 500 changes a second", 20, "kB/s"),
    Spec("thin.page", "thin", "slow line, --slow-link: a page", 10, "kB", "stock table 19.3"),
    Spec(
        "thin.lag", "thin", "slow line, --slow-link: replay after 3 s of held j", 0.5, "s", "stock table 7.1, less 0.0"
    ),
    Spec("dialog.bytes", "dialogs", "opening a dialog at 80x24, the worst", 20, "kB", "posting 104.6 at 120x40"),
    Spec("redraw.hz", "redraw", "redraws by itself, the worst of all screens", 1, "Hz", "dolphie, memray 10"),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; ``value`` is None where it could not be measured, and ``note`` says why."""

    spec: Spec
    value: float | None
    note: str = ""

    @property
    def good(self) -> bool:
        return self.value is not None and self.value <= self.spec.bound

    @property
    def measured(self) -> str:
        return "not measured" if self.value is None else f"{amount(self.value)} {self.spec.unit}"

    @property
    def line(self) -> str:
        note = "" if not self.note else f": {self.note}" if self.value is None else f"; {self.note}"
        bound = f"(bound {amount(self.spec.bound)} {self.spec.unit})"
        return f"{'ok  ' if self.good else 'OVER'} {self.spec.what}: {self.measured} {bound}{note}"


def amount(value: float) -> str:
    """A number with the digits that matter."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def chosen(pattern: str | None) -> tuple[Spec, ...]:
    """The figures whose id or words the regular expression matches; all without one. Raises re.error."""
    words = re.compile(pattern or "", re.IGNORECASE)
    return tuple(spec for spec in SPECS if words.search(spec.id) or words.search(spec.what))


def machine() -> str:
    """What it was measured on, in one line."""
    processors = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = processors[0].partition(":")[2].strip() if processors else platform.machine()
    return f"{len(processors)} x {model}, Python {platform.python_version()}, Textual {version('textual')}"


def markdown(figures: Sequence[Figure]) -> str:
    """The table of the README."""
    rows = ["| what | measured | bound | others |", "|---|---:|---:|---|"]
    for figure in figures:
        spec = figure.spec
        rows.append(f"| {spec.what} | {figure.measured} | {amount(spec.bound)} {spec.unit} | {spec.peers} |")
    return "\n".join(rows)


def as_json(figures: Sequence[Figure], runs: int) -> str:
    """Everything, for comparison with another day."""
    told = [
        {**asdict(figure.spec), "value": figure.value, "good": figure.good, "note": figure.note} for figure in figures
    ]
    return json.dumps({"machine": machine(), "runs": runs, "figures": told}, indent=1)
