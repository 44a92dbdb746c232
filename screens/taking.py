"""What is taken away from a table: names and rows as text, each with what it is called. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from screens.columns import Column, Row
from screens.export import plain
from screens.listing import Listing


def names(rows: Sequence[Row]) -> tuple[str, str]:
    """The names of rows, a line each, and what that is called."""
    found = [row[0].text for row in rows]
    return "\n".join(found), f"{len(found)} names" if len(found) > 1 else found[0]


def rows_text(columns: Sequence[Column], rows: Sequence[Row]) -> tuple[str, str]:
    """Rows below their heading, and what that is called."""
    lines = ["\t".join(column.title for column in columns), *(plain(row) for row in rows)]
    return "\n".join(lines), f"{len(rows)} rows" if len(rows) > 1 else f"the row of {rows[0][0].text}"


def shown_words(listing: Listing, count: int, site: str | None, *, marked: bool) -> str:
    """Which rows of the table these are."""
    if marked:
        return f"{count} marked of {listing.total}"
    if listing.filtered:
        narrowed = f"site {site}, " if site else ""
        return f"{count} of {listing.total}: {narrowed}filter {listing.filter.text or 'none'}"
    return f"all {count}"
