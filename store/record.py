"""What a record of the store is: plain, typed and never changed. msgspec makes it faster than a dataclass is made."""

from __future__ import annotations

from msgspec import Struct


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """As JSON text (:mod:`store.recorded`, :mod:`store.codec`) it has its own fields and no others."""
