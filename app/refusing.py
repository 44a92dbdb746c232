"""The door of :mod:`app.permits`, for what is kept also where it is refused: who tried what, from where."""

from __future__ import annotations

from collections.abc import Iterable

from app.permits import Act, Permits, RefusedError
from app.recovery.operations import who
from store import refusals
from store.place import Place


def permitted(permits: Permits, store: Place, act: Act, sites: Iterable[str] = ()) -> None:
    """Raises :class:`app.permits.RefusedError` where it takes a role, once that stands in the journal of the store."""
    at = tuple(site for site in sites if site)
    try:
        permits.check(act, at)
    except RefusedError as error:
        if not error.kept:
            refusals.keep(store, who(), str(act), str(error), at)
            error.kept = True
        raise
