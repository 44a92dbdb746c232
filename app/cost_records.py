"""What the configuration says of costs: ``[cost]`` and ``[[cost.sites]]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from decimal import Decimal

COST_KEYS = (
    *("currency", "processing_unit_month", "vcpu_month", "memory_gib_month", "storage_gib_month"),
    *("person_hour", "drill_people"),
)
COST_SITE_KEYS = ("name", "month", "budget")


class SiteCost(Struct, frozen=True):
    """``month`` is what a site costs a month whatever is there, ``budget`` what it may cost in all."""

    name: str
    month: Decimal | None = None
    budget: Decimal | None = None


class Rates(Struct, frozen=True):
    """Amounts in ``currency``, each for one of what its name says; None: not set, and what it is for is no data."""

    currency: str | None = None
    processing_unit_month: Decimal | None = None
    vcpu_month: Decimal | None = None
    memory_gib_month: Decimal | None = None
    storage_gib_month: Decimal | None = None
    person_hour: Decimal | None = None
    drill_people: int | None = None
    sites: tuple[SiteCost, ...] = ()

    def site(self, name: str) -> SiteCost:
        return next((site for site in self.sites if site.name == name), SiteCost(name))
