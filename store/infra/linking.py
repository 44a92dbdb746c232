"""Which system of the infrastructure is which object that a driver discovered: by serial, else by name. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import field

from store.estate import EsxiHost, FlashArray, ManagedSystem, StorageSystem
from store.infra.records import Item, Kind, System, SystemType, ref_of
from store.infra.rules import Conflict
from store.record import Record
from store.records import Entry
from store.view import EstateView

KINDS = ("system", "flasharray", "storage", "esxi")
"""The kinds of :data:`store.estate.KINDS` that stand in racks."""

_FITS = {
    SystemType.MANAGED_SYSTEM: ("system",),
    SystemType.SERVER: ("system", "esxi"),
    SystemType.ARRAY: ("flasharray", "storage"),
    SystemType.SWITCH: (),
    SystemType.OTHER: (),
}


class Found(Record, frozen=True):
    """An object that stands somewhere, of ``kind`` and ``key`` in the estate. ``site`` is that of its device."""

    kind: str
    key: str
    name: str
    device: str
    site: str | None
    serials: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Linked(Record, frozen=True):
    """``found`` by the name of its system, ``systems`` the other way round; ``loose`` stand nowhere yet."""

    found: Mapping[str, Found] = field(default_factory=dict)
    systems: Mapping[tuple[str, str], System] = field(default_factory=dict)
    loose: tuple[Found, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def discovered(view: EstateView) -> tuple[Found, ...]:
    """Everything in the view that stands in a rack."""
    made = (_found(view, entry) for kind in KINDS for entry in view.entries(kind) if not entry.gone)
    return tuple(found for found in made if found is not None)


def _found(view: EstateView, entry: Entry) -> Found | None:
    obj, device = entry.peek(), view.device(entry.device)
    site = device.site if device is not None else None
    serials: tuple[str, ...] = ()
    names: tuple[str, ...]
    match obj:
        case ManagedSystem():
            serials, names = (obj.serial, obj.key), (obj.name,)
        case FlashArray():
            serials, names = (obj.array_id,), (obj.name, entry.device)
        case StorageSystem():
            serials, names = (obj.serial,), (obj.name, entry.device)
        case EsxiHost():
            names = (obj.name,)
        case _:
            return None
    lowered = tuple(dict.fromkeys(name.lower() for name in names))
    return Found(entry.kind, entry.key, obj.name, entry.device, site, serials, lowered)


def linked(items: Iterable[Item], found: Iterable[Found]) -> Linked:
    """The systems among ``items`` and what was discovered of them. What fits several is linked to none, and said."""
    every = tuple(found)
    serials, names = _by(every)
    of_system: dict[str, Found] = {}
    systems: dict[tuple[str, str], System] = {}
    conflicts: list[Conflict] = []
    for system in items:
        if not isinstance(system, System):
            continue
        by_serial = serials.get(system.serial or "", [])
        by_name = [one for one in names.get(system.name.lower(), []) if one.kind in _FITS[system.type]]
        here = by_serial or [one for one in by_name if not system.serial or not one.serials]
        if by_name and system.serial and not by_serial and any(one.serials for one in by_name):
            told = ", ".join(one.serials[0] for one in by_name if one.serials)
            conflicts.append(Conflict(ref_of(system), f"its serial is {system.serial} here, {told} on {system.name}"))
        if len(here) > 1:
            devices = ", ".join(sorted(one.device for one in here))
            conflicts.append(Conflict(ref_of(system), f"several devices report one of it: {devices}"))
        if len(here) != 1:
            continue
        one = here[0]
        if (one.kind, one.key) in systems:
            other = systems[one.kind, one.key].name
            conflicts.append(
                Conflict(ref_of(system), f"{one.name} of {one.device} is {other} already", (Kind.SYSTEM, other))
            )
            continue
        of_system[system.name] = one
        systems[one.kind, one.key] = system
        if one.site is not None and one.site != system.site:
            conflicts.append(Conflict(ref_of(system), f"it stands at {system.site}, and {one.device} is at {one.site}"))
    loose = tuple(one for one in every if (one.kind, one.key) not in systems)
    return Linked(of_system, systems, loose, tuple(conflicts))


def _by(every: Iterable[Found]) -> tuple[dict[str, list[Found]], dict[str, list[Found]]]:
    serials: dict[str, list[Found]] = defaultdict(list)
    names: dict[str, list[Found]] = defaultdict(list)
    for one in every:
        for serial in one.serials:
            serials[serial].append(one)
        for name in one.names:
            names[name].append(one)
    return serials, names
