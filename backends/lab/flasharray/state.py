"""One simulated FlashArray: its objects, how they are made, and what its site's SAN sees of it.

Every method is called inside a turn of the world and raises :class:`RefusedError` with the array's words.
"""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence

from backends.lab.flasharray import pods
from backends.lab.flasharray.objects import (
    ERADICATION_S,
    Alert,
    Attachment,
    Disk,
    DiskSnapshot,
    Flight,
    Group,
    HostObject,
    Pod,
    RefusedError,
    Thing,
)
from backends.lab.volumes import BLANK, Image, Volume
from backends.lab.world import Device, World
from store.estate import DeviceKind

GIB = 1024**3
_PLAIN = re.compile(r"(?=.*[A-Za-z_-])[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")


class ArrayState:
    """The state of one array. ``name`` is the array's own name, which replicas on other arrays carry as a prefix."""

    def __init__(self, world: World, name: str, site: str, capacity: int = 100 * 1024 * GIB) -> None:
        self.world = world
        self.name = name
        self.site = site
        self.capacity = capacity
        self._random = random.Random(f"{world.seed}:{name}")
        self.id = self.new_id()
        self.disks: dict[str, Disk] = {}
        self.snapshots: dict[str, DiskSnapshot] = {}
        self.hosts: dict[str, HostObject] = {}
        self.host_groups: dict[str, None] = {}
        self.attachments: list[Attachment] = []
        self.groups: dict[str, Group] = {}
        self.pods: dict[str, Pod] = {}
        self.alerts: list[Alert] = []
        self.peers: dict[str, ArrayState] = {}
        self.flights: list[Flight] = []
        self.expire_sessions: Callable[[], None] = lambda: None  # ends them all, once its door was made
        self._by_wwn: dict[str, HostObject] = {}
        self._by_host: dict[str, list[Attachment]] = {}
        self._by_host_group: dict[str, list[Attachment]] = {}
        self._by_disk: dict[str, list[Attachment]] = {}
        self._serials = 0
        world.add_fabric(site, self)

    # ------------------------------------------------------------------------------------------------------ common

    @property
    def now(self) -> float:
        return self.world.now

    def new_id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def new_serial(self) -> str:
        self._serials += 1
        return f"{self.id.replace('-', '')[:14].upper()}{self._serials:010X}"

    def take_over(self, array_id: str, serials: Iterable[str]) -> None:
        """Be the array with this id, which gave these serial numbers: none is given twice."""
        self.id = array_id
        prefix = array_id.replace("-", "")[:14].upper()
        given = [serial[14:] for serial in serials if re.fullmatch(f"{re.escape(prefix)}[0-9A-F]{{10}}", serial)]
        self._serials = max([0, *(int(number, 16) for number in given)])

    def check_name(self, name: str, what: str) -> None:
        """Refuse a name that Purity would not take."""
        plain = name.rpartition("::")[2].rpartition("/")[2]
        if not _PLAIN.fullmatch(plain):
            raise RefusedError(name, f"{what} name is invalid. Names must begin and end with a letter or number.")

    def destroy(self, thing: Thing, eradicate: Callable[[], None]) -> None:
        """Put an object into pending eradication; ``eradicate`` runs after 24 hours unless it is recovered."""
        if thing.destroyed:
            return
        thing.destroyed_at = self.now
        thing.eradication = self.world.after(ERADICATION_S, lambda _now: eradicate())

    def recover(self, thing: Thing) -> None:
        """Bring an object back from pending eradication."""
        thing.destroyed_at = None
        if thing.eradication is not None:
            thing.eradication.cancelled = True
            thing.eradication = None

    # ----------------------------------------------------------------------------------------------------- volumes

    def disk(self, name: str, *, destroyed_too: bool = False) -> Disk:
        """The volume of that name."""
        found = self.disks.get(name)
        if found is None:
            raise RefusedError(name, "Volume does not exist.")
        if found.destroyed and not destroyed_too:
            raise RefusedError(name, "Volume has been destroyed.")
        return found

    def add_volume(self, name: str, size: int, image: Image = BLANK, pod: Pod | None = None) -> Disk:
        """Make a volume of ``size`` bytes, in the pod of its name. A name pending eradication is still taken."""
        self.check_name(name, "Volume")
        owner, inside, _ = name.rpartition("::")
        if inside and pod is None:
            pod = self.pods.get(owner)
            if pod is None or pod.destroyed:
                raise RefusedError(owner, "Pod does not exist.")
            if not pod.promoted:
                raise RefusedError(owner, "Pod is demoted.")
        if name in self.disks:
            state = " It has been destroyed and is pending eradication." if self.disks[name].destroyed else ""
            raise RefusedError(name, f"Volume already exists.{state}")
        if size <= 0 or size % 512:
            raise RefusedError(name, "Volume size must be a positive multiple of 512.")
        core = Volume(self.name, name, size, self.new_serial(), stored=image)
        disk = self.disks[name] = Disk(name, self.new_id(), self.now, core=core, pod=pod)
        if pod is not None:
            pod.disks.append(disk)
            if pod.link is not None and pod.link.source[1] is pod:
                pods.mirror(pod.link)
        return disk

    def overwrite(self, disk: Disk, source: Disk | DiskSnapshot, why: str) -> None:
        """``disk`` takes size and content of ``source``; the referee judges what that does to a running host."""
        image = source.core.image(self.now) if isinstance(source, Disk) else source.image
        disk.core.size = source.core.size if isinstance(source, Disk) else source.size
        disk.source = (source.id, source.name) if isinstance(source, Disk) else source.source
        self.world.replace_image(disk.core, image, why)

    def destroy_volume(self, disk: Disk) -> None:
        """Refused while it is connected, as the array does."""
        if self.attachments_of(disk):
            raise RefusedError(disk.name, "Volume cannot be deleted due to existing connections.")
        self.destroy(disk, lambda: self.eradicate_volume(disk))
        for group in self.groups.values():
            if disk in group.disks:
                group.disks.remove(disk)

    def eradicate_volume(self, disk: Disk) -> None:
        if not disk.destroyed:
            raise RefusedError(disk.name, "Volume must be destroyed before it is eradicated.")
        self.disks.pop(disk.name, None)
        if disk.pod is not None and disk in disk.pod.disks:
            disk.pod.disks.remove(disk)

    def rename_volume(self, disk: Disk, name: str) -> None:
        self.check_name(name, "Volume")
        if name in self.disks:
            raise RefusedError(name, "Volume already exists.")
        self.disks = {(name if key == disk.name else key): value for key, value in self.disks.items()}
        disk.name = disk.core.name = name

    def snapshot_volume(self, disk: Disk, suffix: str) -> DiskSnapshot:
        name = f"{disk.name}.{suffix}"
        if name in self.snapshots:
            raise RefusedError(name, "Volume snapshot already exists.")
        snapshot = self.snapshots[name] = self.capture(disk, name, suffix)
        return snapshot

    def capture(self, disk: Disk, name: str, suffix: str) -> DiskSnapshot:
        """A volume snapshot of this moment, not yet filed under any list."""
        return DiskSnapshot(
            name,
            self.new_id(),
            self.now,
            suffix=suffix,
            serial=self.new_serial(),
            size=disk.core.size,
            image=disk.core.image(self.now),
            source=(disk.id, disk.name),
        )

    def snapshot(self, name: str) -> DiskSnapshot:
        """The volume snapshot of that name, not destroyed."""
        found = self.snapshots.get(name)
        if found is None:
            raise RefusedError(name, "No such volume or snapshot.")
        if found.destroyed or (found.group is not None and found.group.destroyed):
            raise RefusedError(name, "Volume snapshot has been destroyed.")
        return found

    def forget_snapshot(self, name: str) -> None:
        self.snapshots.pop(name, None)

    # ------------------------------------------------------------------------------------------------------- hosts

    def host(self, name: str) -> HostObject:
        found = self.hosts.get(name)
        if found is None:
            raise RefusedError(name, "Host does not exist.")
        return found

    def add_host(
        self, name: str, wwns: Iterable[str] = (), personality: str | None = None, group: str | None = None
    ) -> HostObject:
        """Make a host; WWNs in any of their two forms. All or nothing."""
        self.check_name(name, "Host")
        if name in self.hosts:
            raise RefusedError(name, "Host already exists.")
        new = [self.free_wwn(wwn, name) for wwn in wwns]
        if group is not None and group not in self.host_groups:
            raise RefusedError(group, "Host group does not exist.")
        host = self.hosts[name] = HostObject(name, [], personality, group)
        self.set_wwns(host, new)
        return host

    def free_wwn(self, wwn: str, host: str) -> str:
        """``wwn`` as the array stores it, if no other host has it."""
        plain = wwn.replace(":", "").upper()
        if not re.fullmatch(r"[0-9A-F]{16}", plain):
            raise RefusedError(host, f"Invalid WWN {wwn}.")
        owner = self._by_wwn.get(plain)
        if owner is not None and owner.name != host:
            raise RefusedError(host, f"The specified WWN is already in use by host {owner.name}.")
        return plain

    def set_wwns(self, host: HostObject, wwns: Sequence[str]) -> None:
        """Give ``host`` exactly these WWNs; running writers see the difference at once."""
        before = set(host.wwns)
        for wwn in before:
            self._by_wwn.pop(wwn, None)
        host.wwns = list(dict.fromkeys(wwns))
        for wwn in host.wwns:
            self._by_wwn[wwn] = host
        self._rescan(before ^ set(host.wwns))

    def rename_host(self, host: HostObject, name: str) -> None:
        self.check_name(name, "Host")
        if name in self.hosts:
            raise RefusedError(name, "Host already exists.")
        self.hosts.pop(host.name, None)
        made = self._by_host.pop(host.name, [])
        host.name = name
        self.hosts[name] = host
        for attachment in made:
            attachment.host = name
        self._by_host[name] = made

    def delete_host(self, host: HostObject) -> None:
        if self._by_host.get(host.name):
            raise RefusedError(host.name, "Host cannot be deleted due to existing connections.")
        self.set_wwns(host, ())
        del self.hosts[host.name]

    def add_host_group(self, name: str) -> str:
        self.check_name(name, "Host group")
        if name in self.host_groups:
            raise RefusedError(name, "Host group already exists.")
        self.host_groups[name] = None
        return name

    def set_host_group(self, host: HostObject, group: str | None) -> None:
        if group is not None and group not in self.host_groups:
            raise RefusedError(group, "Host group does not exist.")
        if group is not None and host.group not in (None, group):
            raise RefusedError(host.name, "Host already belongs to a host group.")
        host.group = group
        self._rescan(host.wwns)

    # ------------------------------------------------------------------------------------------------- connections

    def attach(
        self, disk: Disk, host: str | None = None, group: str | None = None, lun: int | None = None
    ) -> Attachment:
        """Connect a volume to a host or host group; the running writers with its WWNs see it at once."""
        where = self._by_host if host is not None else self._by_host_group
        name = host if host is not None else group or ""
        if host is not None:
            self.host(host)
        elif group not in self.host_groups:
            raise RefusedError(group, "Host group does not exist.")
        used = {a.lun for a in where.get(name, ())}
        if any(a.disk is disk for a in where.get(name, ())):
            raise RefusedError(disk.name, "Connection already exists.")
        if lun is None:
            order = range(1, 4096) if host is not None else range(254, 0, -1)
            lun = next(n for n in order if n not in used)
        elif not 1 <= lun <= 4095:
            raise RefusedError(disk.name, "LUN must be between 1 and 4095.")
        elif lun in used:
            raise RefusedError(disk.name, f"LUN {lun} is already in use.")
        made = Attachment(disk, lun, host, group)
        self.attachments.append(made)
        where.setdefault(name, []).append(made)
        self._by_disk.setdefault(disk.id, []).append(made)
        self._rescan(self._wwns_of(made))
        return made

    def detach(self, made: Attachment) -> None:
        self.attachments.remove(made)
        where = self._by_host if made.host is not None else self._by_host_group
        where[made.host or made.group or ""].remove(made)
        self._by_disk[made.disk.id].remove(made)
        self._rescan(self._wwns_of(made))

    def attachments_of(self, disk: Disk) -> list[Attachment]:
        return self._by_disk.get(disk.id, [])

    def connections_of(self, host: HostObject) -> list[Attachment]:
        """What a host sees: its own connections and those of its host group."""
        return [*self._by_host.get(host.name, ()), *self.connections_of_group(host.group or "")]

    def connections_of_group(self, name: str) -> list[Attachment]:
        return self._by_host_group.get(name, [])

    def hosts_of(self, made: Attachment) -> list[HostObject]:
        """The hosts that see a volume through a connection."""
        if made.host is not None:
            return [self.hosts[made.host]]
        return [h for h in self.hosts.values() if h.group == made.group]

    def _wwns_of(self, made: Attachment) -> list[str]:
        return [wwn for host in self.hosts_of(made) for wwn in host.wwns]

    def _rescan(self, wwns: Collection[str]) -> None:
        if wwns:
            self.world.rescan([wwn.lower() for wwn in wwns])

    def volumes_seen_by(self, wwpns: Collection[str]) -> list[Volume]:
        """What the hosts with these WWPNs see, in LUN order: the array's side of the fabric."""
        hosts = {h.name: h for w in wwpns if (h := self._by_wwn.get(w.upper())) is not None}
        found: dict[int, Attachment] = {}
        for host in hosts.values():
            for made in self.connections_of(host):
                found[id(made)] = made
        return [made.disk.core for made in sorted(found.values(), key=lambda a: (a.lun, a.disk.name))]

    # ------------------------------------------------------------------------------------------------------ alerts

    def add_alert(self, severity: str, category: str, code: int, component: tuple[str, str], summary: str) -> Alert:
        """Open an alert. ``severity`` info, warning, critical; ``category`` array, hardware, software."""
        number = str(10_000 + len(self.alerts) + 1)
        alert = Alert(number, self.new_id().replace("-", ""), severity, category, code, component, summary, self.now)
        self.alerts.append(alert)
        return alert

    # -------------------------------------------------------------------------------------------------- the device

    def group(self, name: str, *, destroyed_too: bool = False) -> Group:
        found = self.groups.get(name)
        if found is None:
            raise RefusedError(name, "Protection group does not exist.")
        if found.destroyed and not destroyed_too:
            raise RefusedError(name, "Protection group has been destroyed.")
        return found


def add_array(
    world: World, name: str, site: str, token: str, user: str = "pureuser", capacity: int = 100 * 1024 * GIB
) -> ArrayState:
    """Put an array into the world as a device. ``token`` is the API token of ``user``, and its password in REST 1.x."""
    from backends.lab.flasharray import protection

    state = ArrayState(world, name, site, capacity)
    device = Device(name, DeviceKind.FLASHARRAY, site, state, users={user: token})
    device.rename = lambda old, new: protection.rename(state, old, new)
    device.set_pending = lambda what, pending: protection.set_pending(state, what, pending)
    world.add_device(device)
    protection.watch(state)
    return state


def link_arrays(one: ArrayState, other: ArrayState) -> None:
    """Make an asynchronous replication connection between two arrays."""
    one.peers[other.name] = other
    other.peers[one.name] = one
