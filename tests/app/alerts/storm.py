"""A site goes dark: what is wrong then, again with every look, as an estate of many thousand objects tells it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from app.alerts.fold import Look
from store.alert_records import AlertKind, Raised, Rule
from store.notices import Severity
from tests.app.alerts.facts import device, silence_of

EVENTS, LOOKS = 50_000, 6
DEVICES = 40


def facts(sign: int, count: int) -> Iterator[Raised]:
    """So many signs of what is wrong, all of them new: devices, LPARs, copies at both sites, and the silence itself."""
    yield silence_of("paris")
    kinds = (AlertKind.NOT_READY, AlertKind.RPO_LATE, AlertKind.RULE)
    for number in range(count - 1):
        if number < DEVICES:
            yield device(f"dev-{number}", "paris", str(sign))
            continue
        kind, site = kinds[number % 3], "lyon" if number % 5 == 0 else "paris"
        yield Raised(
            f"{kind}:{number}", kind, Severity.MAJOR, site, f"obj-{number}", f"obj-{number} is not as it should be",
            f"obj-{number} is not as it should be.", "look", token=str(sign), under=(site, "paris"),
        )  # fmt: skip


class Storm:
    """A source that tells :data:`EVENTS` signs in :data:`LOOKS` looks, one every ten seconds of its minute."""

    name = "runs"

    def __init__(self, events: int = EVENTS) -> None:
        self.events, self.looks = events, 0

    def look(self, rules: Sequence[Rule], now: datetime) -> Look:
        self.looks = min(self.looks + 1, LOOKS)  # then it says the same again
        left = self.events // LOOKS + (self.events % LOOKS if self.looks == LOOKS else 0)
        return Look(self.name, tuple(facts(self.looks, left)))
