"""What a lab would have measured before it was started: a simulated estate has a simulated past. Pure.

For labs alone, whose every screen says so; of a real system nothing is ever made up.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import timedelta

from msgspec.structs import replace

from store.capacity_records import Measured

DAYS = 240
GROWTH = 0.35
"""How much of what is used now came in that time, at most."""


def past(measured: Measured) -> Iterator[Measured]:
    """One measurement for each day before, the same at every start; it ends at what is measured now."""
    if measured.total is None:
        return
    series = measured.series
    chance = random.Random(f"{series.kind} {measured.name} {series.resource}")
    grown = chance.uniform(0.05, GROWTH)
    whole = measured.used == int(measured.used) and measured.used < 10_000
    for day in range(DAYS, 0, -1):
        week = 0.01 * math.sin(math.tau * day / 7)
        used = measured.used * (1 - grown * day / DAYS + week + chance.gauss(0, 0.006))
        used = min(measured.total, max(0.0, used))
        yield replace(measured, at=measured.at - timedelta(days=day), used=float(round(used)) if whole else used)
