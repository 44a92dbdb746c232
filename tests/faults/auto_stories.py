"""Random stories of outages, told to the watch on the lab, against an oracle and the referee.

``python -m tests.faults.auto_stories --seed 7 --stories 10000 --doors 40`` prints its counts. Each story: one to four
groups, some of them armed, and a dozen things that come between the console and Paris: darkness, partitions, planned
shutdowns, flapping, lying witnesses, hosts that come back and start their machines, consoles that die and are followed
by others, maintenance, vetoes. No group may fail over in a round that the oracle does not name, none may be missed, and
no violation may be the doing of a failover.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from store.auto import AutoStore
from tests.faults.auto_doors import closed, door_tale, requests
from tests.faults.auto_tale import Tale, arm, calm, late, step
from tests.faults.auto_world import AutoWorld


def tell(seed: int, template: Path, folder: Path, counts: Counter[str]) -> Tale:
    """One story in the process. Raises AssertionError where something is wrong."""
    rng = random.Random(seed)
    world = AutoWorld([rng.randint(1, 2) for _ in range(rng.choice((1, 1, 2, 3, 4)))], rng.choice((1, 2, 3, 3)))
    for each in folder.glob("store.sqlite*"):
        each.unlink()
    shutil.copyfile(template, folder / "store.sqlite")
    store = AutoStore(folder / "store.sqlite", world.now)
    try:
        tale = Tale(world, store, rng, counts)
        for group in world.groups:
            if rng.random() < 0.85:
                arm(tale, group.name)
        goes_on(tale, 30)
        counts["stories"] += 1
        return tale
    finally:
        store.close()


def tell_at_the_doors(seed: int, folder: Path, counts: Counter[str]) -> None:
    """One story on the lab's doors. Raises AssertionError where something is wrong."""
    rng = random.Random(seed)
    tale = door_tale(folder / str(seed), [rng.randint(1, 2) for _ in range(rng.choice((1, 2)))], seed, counts)
    tale.left_out = frozenset({late})
    try:
        goes_on(tale, 30)
        counts["stories at the doors"] += 1
        counts["requests to the SOAP doors"] += requests(tale)
    finally:
        closed(tale)


def goes_on(tale: Tale, rounds: int) -> None:
    """At least so many rounds with what happens between them, and the end of the story."""
    for _ in range(tale.rng.randint(1, 3)):
        step(tale)
    while len(tale.history["g0"]) < rounds:
        if tale.rng.random() < 0.25:
            tale.happens()
        if tale.rng.random() < 0.04:
            calm(tale)
        step(tale)
    tale.end()


def template_in(folder: Path) -> Path:
    """A fresh store to copy: making one anew for each story takes longer than the story."""
    path = folder / "template.sqlite"
    AutoStore(path).close()
    return path


def campaign(seed: int, stories: int, doors: int, folder: Path) -> Counter[str]:
    """Raises AssertionError with the seed of the first story that is wrong."""
    counts: Counter[str] = Counter()
    template = template_in(folder)
    for number in range(stories + doors):
        each = seed * 1_000_003 + number
        try:
            if number < stories:
                tell(each, template, folder, counts)
            else:
                tell_at_the_doors(each, folder, counts)
        except AssertionError as error:
            where = "" if number < stories else " at the doors"
            raise AssertionError(f"story {each}{where}: {error}") from error
    return counts


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stories", type=int, default=10_000)
    parser.add_argument("--doors", type=int, default=60)
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        counts = campaign(arguments.seed, arguments.stories, arguments.doors, Path(folder))
    print(f"automatic failover, seed {arguments.seed}: all stories hold, {time.monotonic() - began:.0f} s")
    for name, count in sorted(counts.items()):
        print(f"  {name}: {count}")
    return 0


def memory() -> Path | None:
    """Where files are not written to a disk: a story is not about the power of this machine."""
    shm = Path("/dev/shm")
    return shm if shm.is_dir() else None


if __name__ == "__main__":
    sys.exit(main())
