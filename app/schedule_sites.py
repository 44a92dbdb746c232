"""At which sites a schedule does its work: where what it is about was last seen."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from app.permits import Permits
from app.replication_records import Replication
from store.view import EstateView

_KINDS = {"vm-snapshot": ("vm",), "vm-backup": ("vm",), "pg-snapshot": ("pgroup",), "rcg-sync": ("rcg",)}
REPLICATE = "replicate"


def sites(
    permits: Permits, view: EstateView | None, replications: Iterable[Replication], kind: str, target: str
) -> tuple[str, ...]:
    """The sites; none where that is not known, or where it is about all of them: a role at every site is needed then.
    ``view`` None: nothing is known of the estate."""
    if kind == REPLICATE:
        found = [one for one in replications if one.name == target]
        return permits.at(device for one in found for device in (one.source, one.destination))
    if view is None or kind not in _KINDS:
        return ()
    devices: list[str] = []
    for name in target.split(","):
        named = [
            entry.device
            for word in _KINDS[kind]
            for entry in view.entries(word)
            if not entry.gone and any(fnmatchcase(known, name) for known in _names(entry.peek()))
        ]
        if not named:
            return ()
        devices += named
    return permits.at(devices)


def _names(thing: object) -> tuple[str, ...]:
    """By which a schedule may call it."""
    found = (getattr(thing, name, None) for name in ("name", "natural_name", "instance_uuid", "key"))
    return tuple(each for each in found if isinstance(each, str))
