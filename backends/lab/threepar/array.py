"""One array: its objects by name, what it shows to the SAN, and the plain operations on volumes, hosts and exports."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from backends.lab.referee import Rule
from backends.lab.threepar.objects import (
    MIB,
    Connection,
    Cpg,
    Host,
    Target,
    Task,
    TaskStatus,
    TaskType,
    VirtualVolume,
    Vlun,
)
from backends.lab.threepar.rcg import Group, Side
from backends.lab.threepar.refusals import ArrayError, Why
from backends.lab.threepar.wsapi_sessions import Sessions
from backends.lab.volumes import Volume
from backends.lab.world import Device, World

NAME = re.compile(r"[A-Za-z0-9._-]+")
MAX_NAME = 31
MAX_LUN = 16383


class Identity(Struct, frozen=True):
    """Who the array is. ``system_id`` is decimal and names the peer groups; ``build`` is what ``GET /api`` tells.
    Without ``name`` it is called as its device is."""

    serial: str
    system_id: int
    model: str
    os_version: str
    time_zone: str
    build: int
    api_minor: int
    total_mib: int
    name: str = ""


class ThreePar:
    """One array. All methods are called inside a turn of the world. Raises :class:`ArrayError` as the array would."""

    def __init__(self, world: World, device: Device, who: Identity) -> None:
        self.world = world
        self.device = device
        self.who = who
        self.cpgs: dict[str, Cpg] = {}
        self.volumes: dict[str, VirtualVolume] = {}
        self.hosts: dict[str, Host] = {}
        self.vluns: list[Vlun] = []
        self.targets: dict[str, Target] = {}
        self.groups: dict[str, tuple[Group, Side]] = {}
        self.tasks: dict[int, Task] = {}
        self.ports = ("0:1:1", "1:1:1")
        self.strict_modes = False
        self.other_mib = 0  # in use beside its volumes
        self.sessions: Sessions | None = None  # the WSAPI's, once its door was made
        self._ids: dict[str, int] = {"task": 1000}

    @property
    def name(self) -> str:
        return self.who.name or self.device.name

    @property
    def site(self) -> str:
        return self.device.site

    def next_id(self, kind: str) -> int:
        self._ids[kind] = self._ids.get(kind, 0) + 1
        return self._ids[kind]

    def taken(self, kind: str, number: int) -> int:
        """``number`` is in use as an id of its kind: none up to it is given any more. Returns it."""
        self._ids[kind] = max(self._ids.get(kind, 0), number)
        return number

    def wwn(self, number: int) -> str:
        """The WWN of the volume with this id."""
        return f"60002AC000000000{number:08X}{self.who.system_id:08X}"[:32]

    def local_time(self, when: float) -> datetime:
        """``when`` by the array's own clock, right or wrong, in its own time zone."""
        return datetime.fromtimestamp(self.told(when), ZoneInfo(self.who.time_zone))

    def told(self, when: float) -> float:
        """``when``, virtual seconds since 1970, as the array's own clock counts them."""
        return when + self.world.clock_error(self.device)

    # -------------------------------------------------------------------------------------------------- pools, tasks

    def add_cpg(self, name: str) -> Cpg:
        self._new_name(name, self.cpgs, Why.EXISTENT_CPG)
        cpg = self.cpgs[name] = Cpg(self.next_id("cpg") - 1, name)
        return cpg

    def new_task(self, kind: TaskType, name: str, now: float) -> Task:
        task = Task(self.next_id("task"), kind, name, "3paradm", now)
        task.note(now, f"Created     task for {name}.")
        self.tasks[task.id] = task
        finished = [t for t in self.tasks.values() if t.status is not TaskStatus.ACTIVE]
        for old in finished[:-200]:
            del self.tasks[old.id]
        return task

    @property
    def used_mib(self) -> int:
        return self.other_mib + sum(v.size_mib for v in self.volumes.values() if v.copy_of is None) // 2

    # ------------------------------------------------------------------------------------------------------- volumes

    def add_volume(
        self, name: str, size_mib: int, cpg: str, snap_cpg: str | None = None, prov: str = "tpvv", comment: str = ""
    ) -> VirtualVolume:
        """A new empty base volume."""
        self._new_name(name, self.volumes, Why.EXISTENT_VOL)
        for pool in (cpg, snap_cpg or cpg):
            if pool not in self.cpgs:
                raise ArrayError(Why.NON_EXISTENT_CPG)
        if not 256 <= size_mib <= 67108864:
            raise ArrayError(Why.INV_INPUT_EXCEEDS_RANGE, "sizeMiB")
        number = self.next_id("volume")
        disk = Volume(self.name, name, size_mib * MIB, self.wwn(number))
        volume = VirtualVolume(number, disk, cpg, snap_cpg or cpg, self.world.now, prov, comment)
        self.volumes[name] = volume
        return volume

    def volume(self, name: str) -> VirtualVolume:
        if name not in self.volumes:
            raise ArrayError(Why.NON_EXISTENT_VOL)
        return self.volumes[name]

    def remove_volume(self, name: str) -> None:
        volume = self.volume(name)
        if volume.group is not None:
            raise ArrayError(Why.IN_REMOTE_COPY, name)
        if any(v.volume is volume for v in self.vluns):
            raise ArrayError(Why.EXPORTED_VLUN, name)
        if any(v.copy_of is volume for v in self.volumes.values()):
            raise ArrayError(Why.HAS_CHILD, name)
        del self.volumes[name]

    def rename_volume(self, old: str, new: str) -> None:
        volume = self.volume(old)
        self._new_name(new, self.volumes, Why.EXISTENT_VOL)
        volume.disk.name = new
        self.volumes[new] = self.volumes.pop(old)

    def grow_volume(self, name: str, more_mib: int) -> None:
        volume = self.volume(name)
        if volume.group is not None:
            raise ArrayError(Why.IN_REMOTE_COPY, name)
        if more_mib <= 0:
            raise ArrayError(Why.INV_INPUT_EXCEEDS_RANGE, "sizeMiB")
        volume.disk.size += more_mib * MIB

    def snapshot(self, name: str, of: str, *, read_only: bool = False, comment: str = "") -> VirtualVolume:
        """A virtual copy of what the volume holds now. One taken of a volume in mid-copy is noted by the referee."""
        parent = self.volume(of)
        self._new_name(name, self.volumes, Why.EXISTENT_VOL)
        now = self.world.now
        if parent.group is not None:
            parent.group.carry(now)
            if parent.group.in_mid_copy(parent):
                detail = f"snapshot {name} taken while {of} is being synchronized"
                self.world.referee.note(now, Rule.INCOMPLETE_COPY, f"{self.name}:{of}", detail)
        number = self.next_id("volume")
        disk = Volume(self.name, name, parent.disk.size, self.wwn(number), not read_only)
        disk.stored = parent.disk.image(now)
        copy = VirtualVolume(number, disk, parent.cpg, parent.snap_cpg, now, "snp", comment, parent, read_only)
        self.volumes[name] = copy
        return copy

    def snapshot_set(self, pairs: Sequence[tuple[str, str]], *, read_only: bool, comment: str = "") -> None:
        """Virtual copies of several volumes (volume and name of each), all of one moment, all or none."""
        names = [name for _, name in pairs]
        for volume, name in pairs:
            self.volume(volume)
            self._new_name(name, {*self.volumes, *(each for each in names if names.count(each) > 1)}, Why.EXISTENT_VOL)
        for volume, name in pairs:
            self.snapshot(name, volume, read_only=read_only, comment=comment)

    def promote(self, name: str) -> Task:
        """Copy a snapshot back over its parent."""
        copy = self.volume(name)
        if copy.copy_of is None:
            raise ArrayError(Why.VV_NOT_SNAPSHOT, name)
        parent, now = copy.copy_of, self.world.now
        if parent.group is not None:
            raise ArrayError(Why.IN_REMOTE_COPY, parent.name)
        if any(v.volume is parent for v in self.vluns):
            raise ArrayError(Why.EXPORTED_VLUN, parent.name)
        self.world.replace_image(parent.disk, copy.disk.image(now), f"promote of {name}")
        task = self.new_task(TaskType.PROMOTE_SV, f"{name}->{parent.name}", now)
        task.end(now, TaskStatus.DONE, "Completed promote.")
        return task

    def _new_name(self, name: str, taken: Collection[str], exists: Why) -> None:
        if not NAME.fullmatch(name):
            raise ArrayError(Why.INV_INPUT_ILLEGAL_CHAR, name)
        if len(name) > MAX_NAME:
            raise ArrayError(Why.INV_INPUT_EXCEEDS_LENGTH, name)
        if name in taken:
            raise ArrayError(exists)

    # ----------------------------------------------------------------------------------------------- hosts, exports

    def add_host(
        self, name: str, wwns: Collection[str] = (), iscsi_names: Collection[str] = (), persona: int = 2
    ) -> Host:
        """``wwns``: 16 hex digits each, either case."""
        self._new_name(name, self.hosts, Why.EXISTENT_HOST)
        upper = tuple(wwn.replace(":", "").upper() for wwn in wwns)
        for wwn in upper:
            if not re.fullmatch(r"[0-9A-F]{16}", wwn):
                raise ArrayError(Why.INV_INPUT, f"WWN {wwn}")
            self._free_path(wwn)
        for iqn in iscsi_names:
            self._free_path(iqn)
        host = self.hosts[name] = Host(self.next_id("host"), name, upper, tuple(iscsi_names), persona)
        return host

    def host(self, name: str) -> Host:
        if name not in self.hosts:
            raise ArrayError(Why.NON_EXISTENT_HOST)
        return self.hosts[name]

    def rename_host(self, old: str, new: str) -> None:
        host = self.host(old)
        self._new_name(new, self.hosts, Why.EXISTENT_HOST)
        host.name = new
        self.hosts[new] = self.hosts.pop(old)

    def remove_host(self, name: str) -> None:
        host = self.host(name)
        if any(v.host is host for v in self.vluns):
            raise ArrayError(Why.EXPORTED_VLUN, name)
        del self.hosts[name]

    def export(self, volume_name: str, host_name: str, lun: int | None = None) -> Vlun:
        """Export under ``lun``, or under the lowest free one."""
        volume, host = self.volume(volume_name), self.host(host_name)
        taken = {v.lun for v in self.vluns if v.host is host}
        if lun is None:
            lun = next(n for n in range(MAX_LUN + 1) if n not in taken)
        if not 0 <= lun <= MAX_LUN:
            raise ArrayError(Why.INV_INPUT_EXCEEDS_RANGE, "lun")
        if lun in taken or any(v.volume is volume and v.host is host for v in self.vluns):
            raise ArrayError(Why.EXISTENT_VLUN)
        vlun = Vlun(lun, volume, host)
        self.vluns.append(vlun)
        self.world.rescan(host.fabric_names)
        return vlun

    def unexport(self, volume_name: str, lun: int, host_name: str | None) -> None:
        volume = self.volume(volume_name)
        if host_name is not None:
            self.host(host_name)
        found = [
            v
            for v in self.vluns
            if v.volume is volume and v.lun == lun and (host_name is None or v.host.name == host_name)
        ]
        if not found:
            raise ArrayError(Why.NON_EXISTENT_VLUN)
        for vlun in found:
            self.vluns.remove(vlun)
            self.world.rescan(vlun.host.fabric_names)

    def logged_in(self, host: Host) -> bool:
        """Whether something runs with the host's WWNs, so that its VLUNs are active."""
        return bool(self.world.running_with(host.fabric_names))

    def volumes_seen_by(self, wwpns: Collection[str]) -> list[Volume]:
        """The SAN's view: the disks exported to hosts with any of these WWPNs, in LUN order."""
        wanted = set(wwpns)
        mine = {id(h) for h in self.hosts.values() if wanted.intersection(h.fabric_names)}
        return [v.volume.disk for v in sorted(self.vluns, key=lambda v: v.lun) if id(v.host) in mine]

    def _free_path(self, path: str) -> None:
        for host in self.hosts.values():
            if path in host.wwns or path in host.iscsi_names:
                raise ArrayError(Why.EXISTENT_PATH, host.name)

    # --------------------------------------------------------------------------------------------------- remote copy

    def target(self, name: str) -> Target:
        if name not in self.targets:
            raise ArrayError(Why.NON_EXISTENT_RCOPY_TARGET)
        return self.targets[name]

    def group(self, name: str) -> tuple[Group, Side]:
        if name not in self.groups:
            raise ArrayError(Why.NON_EXISTENT_RCOPY_GROUP)
        return self.groups[name]

    def groups_with(self, connection: Connection) -> Iterator[Group]:
        """The groups that replicate over ``connection``."""
        for group, side in list(self.groups.values()):
            if side.target.connection is connection:
                yield group

    def rename(self, old: str, new: str) -> None:
        """Give a group or a volume another name behind everybody's back."""
        if old in self.groups:
            group, side = self.groups.pop(old)
            side.name = new
            self.groups[new] = (group, side)
        elif old in self.volumes and new not in self.volumes:
            self.rename_volume(old, new)
