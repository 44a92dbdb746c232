"""Maintenance windows, read beside everything else: what a plan says of them, and which silences they bound."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from store import engine
from store.auto_records import Window
from store.errors import explain
from store.place import Place
from store.recorded import from_text
from store.tables import WINDOW


def windows(path: Place, now: datetime) -> tuple[Window, ...]:
    """Those that are open now or will be, by their begin, of the store at ``path``, which is open elsewhere already.
    Raises :class:`store.errors.StoreError`."""
    try:
        connection = engine.create_connection(path)
        try:
            rows = connection.execute(select(WINDOW.c.facts).where(WINDOW.c.ends > now)).fetchall()
        finally:
            engine.close(connection)
    except Exception as error:
        raise explain(error, path) from error
    found = [from_text(Window, row[0]) for row in rows]
    return tuple(sorted((each for each in found if each.over_at > now), key=lambda each: (each.begins, each.id)))


def touching(found: Collection[Window], sites: Collection[str], names: Collection[str]) -> tuple[Window, ...]:
    return tuple(window for window in found if window.touches(sites, names))


def words(window: Window, now: datetime) -> str:
    """``maintenance 3 of fa-paris at paris, open until 2026-03-01 14:00 UTC: new controller (anna@jump)``."""
    about = f"{window.target} at {window.site}" if window.target else f"all of {window.site}"
    times = f"until {window.over_at:%Y-%m-%d %H:%M} UTC"
    when = f"open {times}" if window.open(now) else f"from {window.begins:%Y-%m-%d %H:%M} {times}"
    return f"maintenance {window.id} of {about}, {when}: {window.reason} ({window.by})"
