"""The estate at one moment, as the screens derive everything from it: the view, the time, and who stands where.

A scene is cheap to make: the indexes behind it are kept until the view's version changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from screens.ages import age, moment_short
from screens.cells import Cell, Tone
from screens.conditions import Freshness
from screens.status import EMPTY, Status, status
from store.estate import Lpar, ProtectionGroup, RemoteCopyGroup, Site, SiteRole, StorageSystem, VirtualMachine
from store.records import DeviceHealth, DeviceStatus, Entry
from store.view import EstateView

STALE_AFTER = timedelta(minutes=5)
STALE_AT_LEAST = timedelta(minutes=1)
MISSED_SWEEPS = 3


class Index:
    """Who belongs to whom, for one version of the view. Each part is made when it is first asked for."""

    def __init__(self, view: EstateView) -> None:
        self.version = view.version
        self._view = view
        self._parts: dict[str, dict[str, tuple[Entry, ...]]] = {}
        self.devices: dict[str, DeviceStatus] = {device.name: device for device in view.devices()}

    def _part(self, kind: str, name: str, key: Callable[[Entry], str | None]) -> dict[str, tuple[Entry, ...]]:
        if name not in self._parts:
            groups: dict[str, list[Entry]] = {}
            for entry in self._view.entries(kind):
                group = key(entry)
                if group is not None:
                    groups.setdefault(group, []).append(entry)
            self._parts[name] = {group: tuple(members) for group, members in groups.items()}
        return self._parts[name]

    def lpars_named(self, name: str) -> tuple[Entry, ...]:
        def key(entry: Entry) -> str | None:
            return entry.obj.name if isinstance(entry.obj, Lpar) else None

        return self._part("lpar", "lpar by name", key).get(name, ())

    def pgroups_named(self, name: str) -> tuple[Entry, ...]:
        def key(entry: Entry) -> str | None:
            return entry.obj.name if isinstance(entry.obj, ProtectionGroup) else None

        return self._part("pgroup", "pgroup by name", key).get(name, ())

    def rcg_pairs(self) -> dict[str, tuple[Entry, ...]]:
        def key(entry: Entry) -> str | None:
            return entry.obj.pair_key if isinstance(entry.obj, RemoteCopyGroup) else None

        return self._part("rcg", "rcg by pair", key)

    def vms_with_uuid(self, instance_uuid: str) -> tuple[Entry, ...]:
        def key(entry: Entry) -> str | None:
            return entry.obj.instance_uuid if isinstance(entry.obj, VirtualMachine) else None

        return self._part("vm", "vm by uuid", key).get(instance_uuid, ())

    def replicas_of(self, instance_uuid: str) -> tuple[Entry, ...]:
        def key(entry: Entry) -> str | None:
            replica = entry.obj.replica if isinstance(entry.obj, VirtualMachine) else None
            return replica.source_instance_uuid if replica is not None else None

        return self._part("vm", "replica by source", key).get(instance_uuid, ())

    def of_device(self, kind: str, device: str) -> tuple[Entry, ...]:
        return self._part(kind, f"{kind} by device", lambda entry: entry.device).get(device, ())

    def storage_with_id(self, system_id: int) -> tuple[Entry, ...]:
        def key(entry: Entry) -> str | None:
            return str(entry.obj.system_id) if isinstance(entry.obj, StorageSystem) else None

        return self._part("storage", "storage by id", key).get(str(system_id), ())


@dataclass(frozen=True, slots=True)
class Scene:
    """The estate at ``now`` (UTC). ``sites`` are those of the settings, in their order."""

    view: EstateView
    index: Index
    now: datetime
    sites: tuple[Site, ...]

    def entry(self, kind: str, key: str) -> Entry:
        """One object. Raises ``LookupError`` where the store never knew it."""
        entry = self.view.get(kind, key)
        if entry is None:
            raise LookupError(f"{kind} {key} is not in the store")
        return entry

    def device(self, name: str) -> DeviceStatus | None:
        return self.index.devices.get(name)

    def site(self, entry: Entry) -> str | None:
        """The name of the site that the entry's device stands at; None where the device is not configured any more."""
        device = self.device(entry.device)
        return device.site if device is not None else None

    def site_role(self, entry: Entry) -> SiteRole | None:
        name = self.site(entry)
        return next((site.role for site in self.sites if site.name == name), None)

    def freshness(self, entry: Entry) -> Freshness:
        return freshness(entry, self.device(entry.device), self.now)

    def gone_and_stale(self, entries: Iterable[Entry]) -> tuple[int, int]:
        """How many of the entries are gone, and how many of the others are stale."""
        found = [self.freshness(entry) for entry in entries]
        return found.count(Freshness.GONE), found.count(Freshness.STALE)

    def worst_freshness(self, *entries: Entry) -> Freshness:
        """How far what is made of these entries can be believed."""
        found = {self.freshness(entry) for entry in entries}
        return next((fresh for fresh in (Freshness.GONE, Freshness.STALE) if fresh in found), Freshness.FRESH)

    def age_cell(self, *entries: Entry) -> Cell:
        """How old a row made of these entries is: as old as the oldest; marked by shape, word and age where it can no
        longer be believed to be so now."""
        return age_cell(self.worst_freshness(*entries), age(self.now, min(entry.seen_at for entry in entries)))

    def seen_cell(self, entry: Entry) -> Cell:
        """How long ago the entry was last seen, and by whom; marked like :meth:`age_cell`."""
        text = f"{age(self.now, entry.seen_at)} ago by {entry.device}"
        fresh = self.freshness(entry)
        return Cell(text) if fresh is Freshness.FRESH else status(fresh).cell(text)

    def ago(self, then: datetime) -> str:
        """A moment with its age: ``5m ago, 02:55:00 UTC``."""
        return f"{age(self.now, then)} ago, {moment_short(self.now, then)} UTC"

    def state_cell(self, entry: Entry, state: Status) -> Cell:
        """A state of the entry: of one that is gone it says *was*, because it is not so now."""
        return Cell(f"was {state.word}", Tone.DIM) if entry.gone else state.cell()

    def faded(self, row: tuple[Cell, ...], *entries: Entry) -> tuple[Cell, ...]:
        """The row, dimmed where it cannot be believed to be so now; its last cell, the age, says why."""
        if self.worst_freshness(*entries) is Freshness.FRESH:
            return row
        calm = (Tone.PLAIN, Tone.OK, Tone.BUSY, Tone.OFF)
        return (*(replace(cell, tone=Tone.DIM) if cell.tone in calm else cell for cell in row[:-1]), row[-1])

    def site_cell(self, entry: Entry) -> Cell:
        name = self.site(entry)
        return EMPTY if name is None else Cell(name)


def age_cell(fresh: Freshness, text: str) -> Cell:
    if fresh is Freshness.FRESH:
        return Cell(text)
    return status(fresh).cell(text)


def stale_after(device: DeviceStatus) -> timedelta:
    """How old a reading of ``device`` may grow before it counts as stale: three of its sweeps, at least a minute; five
    minutes where its interval is not known."""
    if device.last_ok is None or device.next_try is None or device.next_try <= device.last_ok:
        return STALE_AFTER
    return max(STALE_AT_LEAST, MISSED_SWEEPS * (device.next_try - device.last_ok))


def freshness(entry: Entry, device: DeviceStatus | None, now: datetime) -> Freshness:
    """Whether the entry can be believed to be so now. A device that fails makes every row of it stale at once."""
    if entry.gone:
        return Freshness.GONE
    if device is None or device.health in (DeviceHealth.FAILING, DeviceHealth.NEVER):
        return Freshness.STALE
    return Freshness.STALE if now - entry.seen_at > stale_after(device) else Freshness.FRESH


def sample_is_stale(device: DeviceStatus, now: datetime) -> bool:
    """Whether the last good reading of ``device`` is not to be believed any more: too old, or it fails since."""
    if device.last_ok is None or device.health in (DeviceHealth.FAILING, DeviceHealth.NEVER):
        return True
    return now - device.last_ok > stale_after(device)
