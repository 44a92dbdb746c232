"""``[cost]`` of the configuration, checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from app import values
from app.config_table import Document, Table
from app.cost_records import COST_KEYS, COST_SITE_KEYS, Rates, SiteCost

CURRENCY = values.text("a currency, such as EUR", 8)
MOST_PEOPLE = 1000


def cost(document: Document, content: Mapping[str, object], sites: Collection[str]) -> Rates:
    """The rates. ``sites`` are the names of ``[[sites]]``."""
    table = document.table(content.get("cost", {}), ("cost",), "cost")
    table.only((*COST_KEYS, "sites"))
    found = document.tables(table.values.get("sites", []), (*table.where, "sites"), "cost.sites")

    def rate(key: str) -> Decimal | None:
        return table.maybe(key, values.MONEY)

    return Rates(
        currency=table.maybe("currency", CURRENCY),
        processing_unit_month=rate("processing_unit_month"),
        vcpu_month=rate("vcpu_month"),
        memory_gib_month=rate("memory_gib_month"),
        storage_gib_month=rate("storage_gib_month"),
        person_hour=rate("person_hour"),
        drill_people=table.maybe("drill_people", values.whole(1, MOST_PEOPLE)),
        sites=_sites(found, sites),
    )


def _sites(tables: list[Table], known: Collection[str]) -> tuple[SiteCost, ...]:
    made: dict[str, SiteCost] = {}
    for table in tables:
        table.only(COST_SITE_KEYS)
        name = table.need("name", values.name("a site's name"), "")
        site = SiteCost(name, table.maybe("month", values.MONEY), table.maybe("budget", values.MONEY))
        if name and name not in known:
            table.complain("name", f"a site: {', '.join(known) or 'one that [[sites]] names'}", f'"{name}"')
        elif name in made:
            table.complain("name", "each site once", f'"{name}"')
        made[name] = site
    return tuple(made.values())
