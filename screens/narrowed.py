"""How a table differs from all its rows in their order, and where the next row is that needs a look. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from screens.cells import Cell, Line, Tone
from screens.listing import Listing, Order


def narrowed(listing: Listing, now_s: float) -> tuple[Line, ...]:
    """Filter, sort and marks in one line; nothing where there are none. ``now_s`` in seconds since 1970 UTC."""
    parts: list[Cell] = []
    if listing.filtered:
        shown = len(listing.shown(now_s))
        rest = "" if listing.complete else f", {listing.looked_at} looked at so far"
        parts.append(Cell(f"{shown} of {listing.total}{rest}", Tone.HEADING))
    if listing.filter.text:
        parts.append(Cell(f"/{listing.filter.text}", Tone.CURRENT))
    if listing.order is not None:
        column = listing.columns[listing.order.place]
        parts.append(Cell(f"by {column.title}{', reversed' if listing.order.reverse else ''}"))
    if listing.marks:
        parts.append(Cell(f"{len(listing.marks)} marked", Tone.HEADING))
    line: list[Cell] = []
    for part in parts:
        line += [part] if not line else [Cell("   "), part]
    return (tuple(line),) if line else ()


def next_trouble(listing: Listing, keys: Sequence[str], here: int, step: int) -> int | None:
    """The place of the next row behind ``here`` (with ``step`` 1) or before it (-1) that needs a look; None: none."""
    found = range(here + step, len(keys) if step > 0 else -1, step)
    return next((place for place in found if listing.trouble(keys[place])), None)


def next_order(listing: Listing, shown: Sequence[int]) -> Order | None:
    """By the next of the columns that are shown, by their places; None behind the last: as the rows come."""
    here = listing.order.place if listing.order is not None else -1
    return next((Order(place) for place in shown if place > here), None)
