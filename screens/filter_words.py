"""What is said beside a filter while it is typed, and how it could go on. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from screens.cells import Cell, Line, Tone
from screens.columns import Column
from screens.filters import field_names
from screens.listing import Listing


def hint(listing: Listing, now: float) -> Line:
    """How many rows match, or why the filter cannot be understood. ``now``: seconds since 1970 UTC."""
    if listing.error is not None:
        return (Cell(listing.error, Tone.WARN),)
    counted = f"{len(listing.shown(now))} of {listing.total}"
    if not listing.complete:
        counted += " so far"
    if listing.filter.hint:
        return (Cell(f"{counted}  {listing.filter.hint}", Tone.WARN),)
    fields = " ".join(field_names(listing.columns))
    return (Cell(f"{counted}  ", Tone.HEADING), Cell(f"Enter keeps, Esc drops. Fields: {fields}", Tone.DIM))


def completions(text: str, columns: Sequence[Column], saved: Mapping[str, str]) -> Sequence[str]:
    """How a filter could go on: with a field, or as one that is ``saved`` under a name."""
    before, _, word = text.rpartition(" ")
    lead = f"{before} " if before else ""
    fields = [f"{lead}{name}:" for name in field_names(columns) if word and name.startswith(word)]
    return fields or [known for known in saved.values() if known.startswith(text)]
