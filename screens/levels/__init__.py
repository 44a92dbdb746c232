"""The way down from an object to what belongs to it: LPAR, adapters, hosts, volumes, groups, snapshots, transfers.

A level is a table; :func:`level` makes the one that a :class:`Ref` names, :func:`first_level` says where the way down
from an object begins. All pure: the same scene gives the same level.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from screens.levels import blast, devices, flasharray, hosts, infra, pods, power, rack, remotecopy, vsphere
from screens.levels.model import Detail, Level, LevelRow, Ref, forgotten, seen_words
from screens.scene import Scene

__all__ = ["Detail", "Level", "LevelRow", "Ref", "first_level", "level"]

_LEVELS: dict[str, Callable[[Scene, Ref], Level]] = {
    "system.lpars": power.system_lpars,
    "lpar.adapters": power.lpar_adapters,
    "lpar.hosts": hosts.lpar_hosts_level,
    "host.volumes": hosts.host_volumes,
    "volume.pgroups": flasharray.volume_pgroups,
    "pgroup.snapshots": flasharray.pgroup_snapshots,
    "snapshot.transfers": flasharray.snapshot_transfers,
    "pod.links": pods.pod_links,
    "flasharray.connections": flasharray.array_connections,
    "rcg.volumes": remotecopy.rcg_volumes,
    "rcg.hosts": remotecopy.rcg_hosts,
    "storage.links": remotecopy.storage_links,
    "vm.replicas": vsphere.vm_replicas,
    "esxi.vms": vsphere.esxi_vms,
    "device.kinds": devices.device_kinds,
    "device.objects": devices.device_objects,
    "infra.places": infra.places,
    "infra.site": infra.site_level,
    "infra.rack": rack.rack_level,
    "infra.table": infra.table_level,
    "infra.blast": blast.blast,
}

_FIRST = {
    "system": "system.lpars",
    "lpar": "lpar.adapters",
    "host": "host.volumes",
    "volume": "volume.pgroups",
    "pgroup": "pgroup.snapshots",
    "pod": "pod.links",
    "flasharray": "flasharray.connections",
    "rcg_pair": "rcg.volumes",
    "storage": "storage.links",
    "vm": "vm.replicas",
    "esxi": "esxi.vms",
    "device": "device.kinds",
}


def level(scene: Scene, ref: Ref) -> Level:
    """The level that ``ref`` names. Of an object that is not known any more it is an empty one that says so. Raises
    ``KeyError`` for a kind of level that there is not."""
    make = _LEVELS[ref.kind]
    try:
        made = make(scene, ref)
    except LookupError as error:
        if isinstance(error, KeyError | IndexError):
            raise
        return forgotten(ref)
    return made if made.seen else replace(made, seen=seen_words(scene, made.sources))


def first_level(kind: str, key: str) -> Ref | None:
    """Where the way down from an object begins: the kinds of ``store.estate.KINDS``, ``device`` and ``rcg_pair``; None
    where nothing belongs to it."""
    first = _FIRST.get(kind)
    return None if first is None else Ref(first, key)
