"""What a twin is made of, and the account of how it was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from msgspec import Struct, field

from backends.lab.volumes import L2Segment
from backends.lab.world import World
from store.estate import KIND_OF, DeviceKind, EstateObject, Site

T = TypeVar("T", bound=EstateObject)


class Told(Struct, frozen=True):
    """A device of the original, and what the store last knew of it."""

    name: str
    kind: DeviceKind
    site: str
    objects: tuple[EstateObject, ...]

    def of(self, kind: type[T]) -> list[T]:
        """The objects of one kind, in the order in which they were told."""
        return [obj for obj in self.objects if isinstance(obj, kind)]


class PortGroups(Struct, frozen=True):
    """What a configuration names on a server: its port groups, those of them that are isolated, the one of each VM,
    resource pools and folders. No inventory tells them."""

    names: tuple[str, ...] = ()
    isolated: frozenset[str] = frozenset()
    of_vm: Mapping[str, str] = field(default_factory=dict)
    pools: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


class Original(Struct, frozen=True):
    """An estate as last known. ``taken_at`` (UTC) is its oldest reading; ``port_groups`` by server."""

    sites: tuple[Site, ...]
    devices: tuple[Told, ...]
    taken_at: datetime
    port_groups: Mapping[str, PortGroups] = field(default_factory=dict)

    def told(self, kind: DeviceKind) -> list[Told]:
        return [device for device in self.devices if device.kind is kind]


class Account(Struct):
    """What was copied (by device and kind of object), what was invented (how often), and what could not be copied:
    each (device, object, why). ``noted`` is what the referee says of the estate as it is."""

    copied: Counter[tuple[str, str]] = field(default_factory=Counter)
    invented: Counter[tuple[str, str]] = field(default_factory=Counter)
    left_out: list[tuple[str, str, str]] = field(default_factory=list)
    noted: list[tuple[str, str, str]] = field(default_factory=list)

    def copy(self, device: str, obj: EstateObject) -> None:
        self.copied[device, KIND_OF[type(obj)]] += 1

    def invent(self, device: str, what: str, times: int = 1) -> None:
        if times:
            self.invented[device, what] += times

    def leave(self, device: str, what: str, why: str) -> None:
        self.left_out.append((device, what, why))


def secret_of(device: str) -> str:
    """The password or token of a twin's device: the lab's own, good on loopback alone."""
    return f"twin-of-{device}"


def segment(world: World, name: str, *, site: str, isolated: bool = False) -> L2Segment:
    """The network of that name: one for all sites where the layer-2 networks are stretched, else one for each."""
    full = name if world.sites[site].l2_stretched and not isolated else f"{site} {name}"
    return world.segments.get(full) or world.add_segment(full, isolated)


def moment(when: datetime) -> float:
    """As the lab counts: seconds since 1970."""
    return when.timestamp()


def by_key(objects: Iterable[T]) -> dict[str, T]:
    return {obj.key: obj for obj in objects}
