"""Sweeps of the lab, measured: ``make bench``. Every figure stands beside its bound; ratios are of one run.

The lab runs in a process of its own, as real devices do. A figure that fails its bound makes the exit status 1.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.connect import Connector
from app.settings import Settings, load
from app.sweep import Sweeper
from backends.lab.control import ControlError, ask
from store.database import Store, open_store
from store.estate import KINDS
from store.records import DeviceHealth

LIMIT_S = 300.0


@contextmanager
def lab(preset: str, latency: str) -> Iterator[Path]:
    """A lab in a process of its own; yields its directory."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        command = [sys.executable, "-m", "app", "lab", "--until-eof", "--preset", preset, "--latency", latency]
        process = subprocess.Popen(
            [*command, "--dir", name], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_for(directory)
            yield directory
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=30)


def _wait_for(directory: Path) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            ask(directory, "status")
            return
        except ControlError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Console:
    """The sweep and the store of a console, without its screen."""

    def __init__(self, directory: Path) -> None:
        self.settings: Settings = load(directory / "config.toml")
        self.store: Store = open_store(self.settings.store)
        self.sweeper = Sweeper(self.settings.devices, Connector(self.settings), self.store)

    def sweep(self) -> tuple[float, dict[str, float]]:
        """Seconds for all devices together, and for each."""
        began = time.monotonic()
        done = self.sweeper.sweep_once(LIMIT_S)
        took = time.monotonic() - began
        failed = [status for status in done.values() if status.health is not DeviceHealth.OK]
        bad = [f"{s.name}: {s.failure}: {s.text} {s.problems[:3]}" for s in failed]
        if bad:
            raise SystemExit("\n".join(bad))
        return took, {name: status.sweep_s or 0.0 for name, status in done.items()}

    def contents(self) -> tuple[bytes, ...]:
        """The store's files, to the byte."""
        path = self.settings.store
        files = [path, path.with_name(path.name + "-wal")]
        return tuple(file.read_bytes() for file in files if file.exists())

    def close(self) -> None:
        self.sweeper.stop()
        self.store.close()


def large() -> list[bool]:
    """First sweep, second sweep, and a sweep in which nothing changed."""
    with lab("large", "instant") as directory:
        console = Console(directory)
        first, _ = console.sweep()
        counts = Counter({kind: len(console.store.view.entries(kind)) for kind in KINDS})
        print("large estate: " + ", ".join(f"{count} {kind}" for kind, count in counts.items() if count))
        again, _ = console.sweep()
        ask(directory, "speed", speed=0)
        console.sweep()
        before = console.contents()
        quiet, _ = console.sweep()
        written = sum(map(len, console.contents())) - sum(map(len, before))
        same = console.contents() == before
        console.close()
    return [
        figure("first sweep of the large estate: read, compared, stored", first, 20.0, "s"),
        figure("second sweep", again, 20.0, "s"),
        figure("sweep in which nothing changed", quiet, 20.0, "s"),
        figure("bytes it wrote to the store", float(written if same or written else 1), 0.0, ""),
    ]


def together(runs: int = 5) -> list[bool]:
    """A sweep of all devices against its slowest, at realistic latency."""
    with lab("demo", "realistic") as directory:
        console = Console(directory)
        console.sweep()
        ratios = []
        for _ in range(runs):
            took, each = console.sweep()
            ratios.append(took / max(each.values()))
        count = len(console.settings.devices)
        console.close()
    return [figure(f"sweep of {count} devices / its slowest (median of {runs})", statistics.median(ratios), 1.15, "x")]


def figure(what: str, value: float, bound: float, unit: str) -> bool:
    """Print one line; whether it is within its bound."""
    good = value <= bound
    print(f"{'ok  ' if good else 'OVER'} {what}: {value:.2f} {unit} (bound {bound:g} {unit})", flush=True)
    return good


def main() -> int:
    return 0 if all([*large(), *together()]) else 1


if __name__ == "__main__":
    sys.exit(main())
