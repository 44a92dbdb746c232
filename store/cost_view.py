"""What recovery costs, as the screens show it: each figure with the inputs that it was made of."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from store.record import Record

if TYPE_CHECKING:
    from decimal import Decimal


class CostOf(StrEnum):
    """What a figure is about."""

    SITE = "site"
    APPLICATION = "application"
    DRILL = "drill"


class CostLine(Record, frozen=True):
    """A part of a figure. ``inputs`` say what was counted, by which rate; ``amount`` None: no data, ``why`` says what
    is lacking."""

    label: str
    inputs: str
    amount: Decimal | None
    why: str = ""


class CostItem(Record, frozen=True):
    """What a site or an application costs a month, or what one drill cost. ``about`` says more of it; ``budget`` is
    what it may cost, None: nothing is agreed; ``at`` is when a drill began (UTC)."""

    of: CostOf
    name: str
    about: str
    lines: tuple[CostLine, ...]
    budget: Decimal | None = None
    at: datetime | None = None

    @property
    def key(self) -> str:
        return f"{self.of} {self.name}"

    @property
    def known(self) -> Decimal | None:
        """The sum of what is known; None: nothing is."""
        amounts = [line.amount for line in self.lines if line.amount is not None]
        return sum(amounts[1:], amounts[0]) if amounts else None

    @property
    def lacking(self) -> tuple[CostLine, ...]:
        """The lines of which there is no data: the sum is so much too small."""
        return tuple(line for line in self.lines if line.amount is None)


def over_budget(item: CostItem) -> bool | None:
    """Whether it costs more than was agreed. None: nothing was, or too little is known: what is lacking may be what
    brings it over, and never brings it below."""
    if item.budget is None or item.known is None:
        return None
    if item.known > item.budget:
        return True
    return None if item.lacking else False


class Cost(Record, frozen=True):
    """All of it as of ``at`` (UTC); ``currency`` as the configuration calls it."""

    at: datetime
    currency: str | None
    items: tuple[CostItem, ...]

    def item(self, key: str) -> CostItem | None:
        return next((item for item in self.items if item.key == key), None)


class CostView(Struct):
    """What the screens show; ``now`` None: it was not looked at yet, or, with ``trouble``, could not be."""

    version: int = 0
    now: Cost | None = None
    trouble: str | None = None

    def take(self, found: Cost) -> None:
        self.now, self.trouble = found, None
        self.version += 1

    def fail(self, trouble: str) -> None:
        self.trouble = trouble
        self.version += 1
