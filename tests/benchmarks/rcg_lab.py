"""The arrays of the failover bench, in a process of their own: ``python -m tests.benchmarks.rcg_lab DIRECTORY COUNT``.

It makes COUNT synchronous groups in an instant, sets the latencies to realistic, and prints their names as one JSON
list: ``config.toml`` is then in DIRECTORY. ``dark`` on its standard input takes the site of the primaries away, and is
answered by a line; at the end of its input it prints what the referee holds against the console, as JSON, and ends.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from backends.lab.timing import REALISTIC
from store.estate import RcgMode
from tests.faults.rcg_estate import rcg_estate


def main() -> None:
    with rcg_estate(Path(sys.argv[1])) as estate:
        names = [estate.group(RcgMode.SYNC) for _ in range(int(sys.argv[2]))]
        estate.world.timing = REALISTIC
        print(json.dumps(names), flush=True)
        for line in sys.stdin:
            with estate.world.turn():
                estate.world.set_dark("paris", line.strip() == "dark")
            print("done", flush=True)
        print(json.dumps([str(violation) for violation in estate.world.referee.violations]), flush=True)


if __name__ == "__main__":
    main()
