"""Looking at remote copy groups for a plan: every array at once, and witnesses where a site is said to be dark."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from app.recovery import witnesses
from app.recovery.draft import CannotPlanError
from app.recovery.looks import Devices
from app.recovery.rcg.situation import SideNow, Situation
from app.recovery.step import UnseenError
from app.recovery.witnesses import Witness
from app.settings_records import DeviceSettings
from backends.threepar.objects import ArrayObjects
from store.estate import DeviceKind, Reading, RemoteCopyGroup, StorageSystem
from store.records import Entry

T = TypeVar("T")


class GroupError(CannotPlanError):
    """No group, or more than one, goes by a name. The text says which there are."""


class Array(Struct, frozen=True):
    """One array as just looked at; ``known`` are its groups as the store last saw them, with their times."""

    device: DeviceSettings
    reading: Reading | None
    unseen: UnseenError | None
    objects: ArrayObjects | None
    no_objects: UnseenError | None
    known: tuple[Entry, ...] = ()

    @property
    def system(self) -> StorageSystem | None:
        objects = self.reading.objects if self.reading is not None else ()
        return next((obj for obj in objects if isinstance(obj, StorageSystem)), None)

    @property
    def groups(self) -> tuple[RemoteCopyGroup, ...]:
        """As just read; where the array could not be read, as last known."""
        if self.reading is not None:
            return tuple(obj for obj in self.reading.objects if isinstance(obj, RemoteCopyGroup))
        return tuple(e.obj for e in self.known if isinstance(e.obj, RemoteCopyGroup))


def arrays(
    devices: Devices, configured: Iterable[DeviceSettings], known: Callable[[str], tuple[Entry, ...]]
) -> list[Array]:
    """All 3PAR arrays, looked at side by side. ``known`` gives the store's groups of a device."""
    wanted = [device for device in configured if device.kind is DeviceKind.THREEPAR]
    since = time.monotonic()

    def look(device: DeviceSettings) -> Array:
        reading, unseen = _try(lambda: devices.reading(device.name, since))
        objects, no_objects = (None, unseen) if reading is None else _try(lambda: devices.objects(device.name, since))
        return Array(device, reading, unseen, objects, no_objects, known(device.name))

    with ThreadPoolExecutor(max(1, len(wanted))) as pool:
        return list(pool.map(look, wanted))


def _try(take: Callable[[], T]) -> tuple[T | None, UnseenError | None]:
    try:
        return take(), None
    except UnseenError as error:
        return None, error


def situation(found: Sequence[Array], name: str, now: datetime | None = None) -> Situation:
    """The pair whose group is called ``name`` where it was made (or that has this pair key). Raises
    :class:`GroupError`."""
    matching = {
        group.pair_key: group
        for array in found
        for group in array.groups
        if name in (group.natural_name, group.pair_key, group.name)
    }
    if not matching:
        there = sorted({group.natural_name for array in found for group in array.groups})
        silent = [array.device.name for array in found if array.reading is None]
        read = [array.reading for array in found if array.reading is not None]
        silent += [f"{reading.device} in part ({reading.unread[0].why})" for reading in read if reading.unread]
        more = f"; not read: {', '.join(silent)}" if silent else ""
        raise GroupError(f"No remote copy group is called {name}. There are: {', '.join(there) or 'none'}{more}")
    if len(matching) > 1:
        raise GroupError(f"More than one group is called {name}: say which, as {' or '.join(sorted(matching))}")
    key, any_view = next(iter(matching.items()))
    natural = _side(found, key, any_view.natural_name)
    peer = _side(found, key, f"{any_view.natural_name}.r{any_view.natural_system_id}")
    natural, peer = _named(found, natural, peer), _named(found, peer, natural)
    return Situation(any_view.natural_name, f"rcg:{key}", natural, peer, now or datetime.now(UTC))


def new_pair(found: Sequence[Array], name: str, on: str, to: str | None, now: datetime | None = None) -> Situation:
    """The pair of a group that does not exist yet: to be made on the device ``on`` and replicated to ``to``, which may
    be left out where only one other array is configured. Raises :class:`GroupError`."""
    here = next((array for array in found if array.device.name == on), None)
    others = [array for array in found if array.device.name != on and to in (None, array.device.name)]
    if here is None or len(others) != 1:
        names = ", ".join(array.device.name for array in found) or "none"
        raise GroupError(f"Name the array to make {name} on, and the other one (--on, --to). There are: {names}")
    if here.system is None:
        raise GroupError(f"{on} cannot be read: {here.unseen}")
    key = f"rcg:{here.system.system_id}:{name}"
    return Situation(name, key, _of(here, None), _of(others[0], None), now or datetime.now(UTC))


def _side(found: Sequence[Array], key: str, name: str) -> SideNow | None:
    for array in found:
        for group in array.groups:
            if (group.pair_key, group.name) == (key, name):
                return _of(array, group)
    return None


def _of(array: Array, group: RemoteCopyGroup | None) -> SideNow:
    reading = array.reading
    last = next((e for e in array.known if group is not None and e.key == group.key), None)
    read = reading is not None
    unclear: tuple[str, ...] = ()
    if reading is not None and group is not None:
        unclear = tuple(f"{p.where}: expected {p.expected}" for p in reading.problems if group.name in p.line)
    no_wsapi = reading is not None and any(p.where == "WSAPI" for p in reading.problems)
    return SideNow(
        device=array.device.name,
        site=array.device.site,
        read=read,
        group=group if read else None,
        last=last.obj if last is not None and isinstance(last.obj, RemoteCopyGroup) else None,
        last_seen=last.seen_at if last is not None else None,
        system=array.system,
        objects=array.objects,
        failure=str(array.unseen or ""),
        silent=array.unseen is not None and array.unseen.silent,
        objects_failure=str(array.no_objects or ""),
        taken_at=reading.taken_at if reading is not None else None,
        skew_s=reading.clock_skew_s if reading is not None else None,
        door="cli" if no_wsapi else "wsapi",
        unclear=unclear,
    )


def _named(found: Sequence[Array], side: SideNow | None, other: SideNow | None) -> SideNow:
    """A side; one that no array tells of is on the array that is left, where only one is."""
    if side is not None:
        return side
    left = [array for array in found if other is None or array.device.name != other.device]
    return _of(left[0], None) if len(left) == 1 else SideNow("", "", read=False)


def witnessed(devices: Devices, configured: Iterable[DeviceSettings], at: Situation) -> Situation:
    """The situation with what others say of the natural primary's site: the replication links as the peer sees them,
    and every other device of that site."""
    return told(at, witnesses.asked(devices, configured, at.natural.site, at.natural.device))


def told(at: Situation, every: Iterable[Witness]) -> Situation:
    """The same where the devices of that site were asked before; what the array itself said is left out."""
    others = (each for each in every if each.who != at.natural.device)
    return replace(at, witnesses=(*_links(at), *others))


def _links(at: Situation) -> Iterable[Witness]:
    group, system = at.peer.group, at.peer.system
    if group is None or system is None:
        return
    links = [link for link in system.links if link.target == group.target]
    if links:
        up = [link for link in links if link.status == "Up"]
        yield Witness(f"links of {at.peer.device}", not up, f"{len(up)} of {len(links)} Up")
