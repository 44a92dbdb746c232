"""File systems on array LUNs: what a rescan finds, and how a copy of one is taken into use.

A LUN that holds a file system carries the LUN id it was made on. A replicated or cloned LUN has another id: hosts leave
it alone (*unresolved*) until it is given a new signature; its machines can then be registered from their files.
"""

from __future__ import annotations

from copy import copy

from msgspec import Struct
from msgspec.structs import replace

from backends.lab.volumes import Image, Volume
from backends.lab.vsphere.records import Datastore, EsxHost, Refusal, VmHome
from backends.lab.vsphere.state import VSphereState


class FileSystem(Struct, eq=False):
    """What a LUN says of itself. ``homes`` are its machines, shared with the datastore that is mounted from it."""

    uuid: str
    label: str
    lun_id: str
    capacity: int
    homes: dict[str, VmHome]


class VmfsRegistry:
    """The file systems of a world, by the data they are: a copied image is the same file system."""

    def __init__(self) -> None:
        self._by_data: dict[tuple[str, str], FileSystem] = {}
        self._by_lun: dict[int, FileSystem] = {}

    def format(self, state: VSphereState, name: str, lun: Volume, capacity: int) -> Datastore:
        """A new datastore ``name`` on ``lun``, whose data it then is."""
        datastore = state.add_datastore(name, capacity, lun=lun)
        if lun.stored.blank:
            lun.stored = Image(f"vmfs:{datastore.uuid}", lun.name, written_at=state.world.now)
        made = FileSystem(datastore.uuid, name, lun.serial, capacity, datastore.homes)
        self._by_data[lun.stored.origin, lun.stored.member] = made
        return datastore

    def on(self, lun: Volume, now: float) -> FileSystem | None:
        """The file system on a LUN, if one is."""
        image = lun.image(now)
        return self._by_lun.get(id(lun)) or self._by_data.get((image.origin, image.member))

    def rescan_hba(self, state: VSphereState, host: EsxHost) -> None:
        """RescanAllHba: the host sees what the arrays of its site show to its WWPNs now."""
        host.luns = state.world.visible_volumes(state.site, host.wwpns)
        seen = {id(lun) for lun in host.luns}
        for datastore in host.datastores:
            if datastore.lun is not None and datastore.accessible != (id(datastore.lun) in seen):
                datastore.accessible = id(datastore.lun) in seen
                state.touch(datastore)
        state.touch(host)

    def rescan_vmfs(self, state: VSphereState, host: EsxHost) -> None:
        """RescanVmfs: file systems on the LUN that they were made on are mounted; copies are not."""
        for lun in host.luns:
            found = self.on(lun, state.world.now)
            if found is not None and found.lun_id == lun.serial and self._mounted(state, lun) is None:
                self._mount(state, lun, found)

    def unresolved(self, state: VSphereState, host: EsxHost) -> list[tuple[Volume, FileSystem]]:
        """The LUNs of a host that hold a copy of a file system."""
        pairs = [(lun, self.on(lun, state.world.now)) for lun in host.luns]
        return [(lun, fs) for lun, fs in pairs if fs and fs.lun_id != lun.serial and not self._mounted(state, lun)]

    def resignature(self, state: VSphereState, host: EsxHost, lun_id: str) -> Datastore:
        """Give the copy on a LUN a signature of its own, and mount it as ``snap-…-<label>``."""
        for lun, found in self.unresolved(state, host):
            if lun.serial != lun_id:
                continue
            if not lun.writable:
                raise Refusal("HostConfigFault", "Unable to resignature the volume: the device is read-only.")
            new = state.new_uuid(f"resignature/{lun.serial}/{state.rev}")
            made = replace(found, uuid=new[:8] + new[9:13] + "-" + new[-12:], lun_id=lun.serial)
            made.label = f"snap-{new[:8]}-{found.label}"
            self._by_lun[id(lun)] = made
            datastore = self._mount(state, lun, made)
            for home in datastore.homes.values():
                home.moved = True
            return datastore
        raise Refusal("NotFound", "The object or item referred to could not be found.")

    def _mounted(self, state: VSphereState, lun: Volume) -> Datastore | None:
        return next((d for d in state.datastores if d.lun is lun), None)

    def _mount(self, state: VSphereState, lun: Volume, found: FileSystem) -> Datastore:
        hosts = [host for host in state.hosts if lun in host.luns]
        datastore = state.add_datastore(found.label, found.capacity, lun=lun, hosts=hosts)
        datastore.uuid = found.uuid
        for path, home in found.homes.items():
            here = copy(home)
            here.extra, here.nics = dict(home.extra), [copy(card) for card in home.nics]
            for card in here.nics:
                card.network = next((n for n in state.networks if card.network and n.name == card.network.name), None)
            here.disks = [copy(disk) for disk in home.disks]
            for disk in here.disks:
                disk.volume, disk.datastore = lun, datastore
            datastore.homes[path] = here
        return datastore
