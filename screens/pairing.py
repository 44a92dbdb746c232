"""Who is whose other side: LPARs of one name on two sites, a protection group and its replicas, a VM and its copies.

Where several objects could be the other side, all are named and none is chosen.
"""

from __future__ import annotations

from msgspec import Struct

from screens.scene import Scene
from store.estate import FcAdapter, Lpar, LparProfile, ProtectionGroup, SiteRole, VirtualMachine, VmReplica
from store.records import Entry


class LparPair(Struct, frozen=True):
    """``left`` is the LPAR of the production site (the opened one where roles do not tell), ``right`` its other side.

    ``right`` is None with no or with several ``candidates``."""

    left: Entry
    right: Entry | None
    candidates: tuple[Entry, ...] = ()


def lpar_pair(scene: Scene, entry: Entry) -> LparPair:
    """The LPAR of the same name on a managed system of another site. VIOS are infrastructure of their own system and
    pair with nothing."""
    lpar = entry.obj
    if not isinstance(lpar, Lpar) or lpar.env == "vioserver":
        return LparPair(entry, None)
    home = scene.site(entry)
    others = tuple(
        other
        for other in scene.index.group("lpar", "name", lpar.name)
        if other.key != entry.key and not other.gone and scene.site(other) != home
    )
    if len(others) != 1:
        return LparPair(entry, None, others)
    if scene.site_role(entry) is SiteRole.DR and scene.site_role(others[0]) is SiteRole.PROD:
        return LparPair(others[0], entry, others)
    return LparPair(entry, others[0], others)


def active_profile(lpar: Lpar) -> LparProfile | None:
    """The profile that the next activation uses: the default one; without a default, the current one."""
    wanted = lpar.default_profile or lpar.curr_profile
    return next((profile for profile in lpar.profiles if profile.name == wanted), None)


def profile_wwpns(profile: LparProfile) -> dict[int, tuple[str, ...]]:
    """Slot → WWPNs of the virtual Fibre Channel client adapters of a profile."""
    return _by_slot(profile.fc)


def running_wwpns(lpar: Lpar) -> dict[int, tuple[str, ...]]:
    """Slot → WWPNs of the virtual Fibre Channel client adapters that the LPAR has now."""
    return _by_slot(lpar.fc)


def _by_slot(adapters: tuple[FcAdapter, ...]) -> dict[int, tuple[str, ...]]:
    return {adapter.slot: adapter.wwpns for adapter in adapters if adapter.wwpns}


class PgroupPair(Struct, frozen=True):
    """A protection group at home and what its targets show of it. ``source`` is None where home is not known."""

    source: Entry | None
    replicas: tuple[Entry, ...]


def pgroup_pair(scene: Scene, entry: Entry) -> PgroupPair:
    """A target shows the group ``pg`` of array ``a`` as ``a:pg``."""
    group = entry.obj
    if not isinstance(group, ProtectionGroup):
        return PgroupPair(None, ())
    if group.is_local:
        return PgroupPair(entry, _replicas(scene, entry, group))
    home = group.source or group.name.partition(":")[0]
    name = group.name.partition(":")[2]
    for candidate in scene.index.group("pgroup", "name", name):
        obj = candidate.obj
        if isinstance(obj, ProtectionGroup) and obj.is_local and obj.array == home:
            return PgroupPair(candidate, _replicas(scene, candidate, obj))
    return PgroupPair(None, (entry,))


def _replicas(scene: Scene, home: Entry, group: ProtectionGroup) -> tuple[Entry, ...]:
    named = scene.index.group("pgroup", "name", f"{group.array}:{group.name}")
    return tuple(e for e in named if isinstance(e.obj, ProtectionGroup) and not e.obj.is_local and e.key != home.key)


def pgroup_source(scene: Scene, entry: Entry) -> ProtectionGroup | None:
    """The group at home, for a replica; None for a group at home and where home is not known."""
    if isinstance(entry.obj, ProtectionGroup) and entry.obj.is_local:
        return None
    source = pgroup_pair(scene, entry).source
    return source.obj if source is not None and isinstance(source.obj, ProtectionGroup) else None


class VmPair(Struct, frozen=True):
    """A source VM and its replicas, newest first. ``source`` is None where no vCenter reports it."""

    source: Entry | None
    replicas: tuple[Entry, ...]


def vm_pair(scene: Scene, entry: Entry) -> VmPair:
    """By the source's instance UUID in the replica's extra config; names play no part."""
    uuid = vm_uuid(entry)
    if not uuid:
        return VmPair(None, ())
    sources = [
        e for e in scene.index.group("vm", "uuid", uuid) if isinstance(e.obj, VirtualMachine) and not e.obj.replica
    ]
    replicas = sorted(scene.index.group("vm", "copy of", uuid), key=_point_in_time, reverse=True)
    return VmPair(sources[0] if len(sources) == 1 else None, tuple(replicas))


def vm_uuid(entry: Entry) -> str:
    """The instance UUID of the source, of the source itself and of its replicas; empty for what is no VM."""
    vm = entry.obj
    if not isinstance(vm, VirtualMachine):
        return ""
    return vm.replica.source_instance_uuid if vm.replica is not None else vm.instance_uuid


def _point_in_time(entry: Entry) -> float:
    replica = replica_of(entry)
    return replica.point_in_time.timestamp() if replica is not None else 0.0


def replica_of(entry: Entry) -> VmReplica | None:
    return entry.obj.replica if isinstance(entry.obj, VirtualMachine) else None


def newest_complete(replicas: tuple[Entry, ...]) -> Entry | None:
    """The replica that a failover would use: the newest complete one that is still there."""
    for entry in sorted(replicas, key=_point_in_time, reverse=True):
        replica = replica_of(entry)
        if replica is not None and replica.complete and not entry.gone:
            return entry
    return None
