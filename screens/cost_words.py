"""Money in words. For screens and commands. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from screens.capacity_words import NO_DATA
from screens.cells import Tone
from store.cost_view import CostItem, over_budget

CENT = Decimal("0.01")


def money(amount: Decimal | None, currency: str | None) -> str:
    """Rounded to the hundredth; ``no data`` where nothing is known."""
    if amount is None:
        return NO_DATA
    told = f"{amount.quantize(CENT, ROUND_HALF_UP):,f}"
    return told if currency is None else f"{told} {currency}"


def total(item: CostItem, currency: str | None) -> tuple[str, Tone]:
    """What an item costs; where a part is not known it says that it is more."""
    if item.known is None:
        return NO_DATA, Tone.UNKNOWN
    told = money(item.known, currency)
    return (f"more than {told}", Tone.UNKNOWN) if item.lacking else (told, Tone.PLAIN)


def budget(item: CostItem, currency: str | None) -> tuple[str, Tone]:
    """How that is against what was agreed."""
    if item.budget is None:
        return "no budget", Tone.DIM
    agreed = money(item.budget, currency)
    match over_budget(item):
        case True:
            return f"over {agreed}", Tone.BAD
        case False:
            return f"within {agreed}", Tone.OK
        case _:
            return f"{NO_DATA}, of {agreed}", Tone.UNKNOWN
