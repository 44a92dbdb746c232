"""What somebody was refused, in the journal: who tried what, from where, and why it was refused."""

from __future__ import annotations

from store import entries
from store.place import Place

REFUSED = "refused"


def keep(path: Place, by: str, what: str, why: str, sites: tuple[str, ...] = ()) -> None:
    """One entry in the store at ``path``. Raises :class:`store.errors.StoreError`."""
    entries.keep(path, REFUSED, {"by": by, "what": what, "why": why, "sites": sites})
