"""Which facts of an object are worth a line of history when they change, and how the line reads.

Progress, ages, reference codes, counters and space are left out: they change without anybody having done anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from store import estate as e
from store.record import Record

FEW = 6
"""Members of a set that a line names; of a larger set it names how many there are and what came and went."""

Value = str | frozenset[str] | None
Facts = dict[str, Value]
_T = TypeVar("_T")


class Difference(Record, frozen=True):
    """One fact that changed, in display form. None: there was, or is, nothing."""

    field: str
    before: str | None
    after: str | None


def label(obj: e.EstateObject) -> str:
    """What the screens call the object."""
    return obj.name


def facts(obj: e.EstateObject) -> Facts:
    """The facts of an object whose change is told, by their name."""
    return _FACTS[e.KIND_OF[type(obj)]](obj)


def differences(before: e.EstateObject, after: e.EstateObject) -> tuple[Difference, ...]:
    """What an operator wants to know of the way from ``before`` to ``after``; both of one kind."""
    old, new = facts(before), facts(after)
    return tuple(
        Difference(name, *_words(old.get(name), new.get(name)))
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
        and not _routine(before, after, name)
        and not (_uncertain(before, name) or _uncertain(after, name))
    )


def _words(before: Value, after: Value) -> tuple[str | None, str | None]:
    if isinstance(before, str) or isinstance(after, str):
        return _joined(before), _joined(after)
    old, new = before or frozenset(), after or frozenset()
    if max(len(old), len(new)) <= FEW:
        return _joined(before), _joined(after)
    moves = [f"+{name}" for name in sorted(new - old)] + [f"-{name}" for name in sorted(old - new)]
    return str(len(old)), f"{len(new)}: {' '.join(moves)}"


def _joined(value: Value) -> str | None:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) if value else "none"
    return None if value is None else str(value)


def _routine(before: e.EstateObject, after: e.EstateObject, name: str) -> bool:
    """A periodic group turns from Synced to Syncing and back in every period: that is its work, not news."""
    if name != "sync" or not isinstance(before, e.RemoteCopyGroup) or not isinstance(after, e.RemoteCopyGroup):
        return False
    at_work = {e.SyncStatus.SYNCED, e.SyncStatus.SYNCING}
    volumes = {volume.sync_status for group in (before, after) for volume in group.volumes}
    return e.RcgMode.SYNC not in (before.mode, after.mode) and volumes <= at_work


def _uncertain(obj: e.EstateObject, name: str) -> bool:
    """Adapters of which a row could not be read did not vanish, and do not appear when it can be read again."""
    if not isinstance(obj, e.Lpar) or not obj.unread:
        return False
    if " of profile " in name:
        return "profiles" in obj.unread
    parts = {"WWPNs": {"fc"}, "MACs": {"eth", "ports"}}.get(name, set())
    return bool(parts.intersection(obj.unread))


# ---------------------------------------------------------------------------------------------------------- per kind


def _flag(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _system(obj: e.ManagedSystem) -> Facts:
    return {"name": obj.name, "state": obj.state}


def _lpar(obj: e.Lpar) -> Facts:
    found: Facts = {
        "state": obj.state,
        "LPAR id": str(obj.lpar_id),
        "RMC": obj.rmc_state,
        "profile": obj.curr_profile,
        "default profile": obj.default_profile,
        "WWPNs": frozenset(obj.wwpns),
        "MACs": frozenset(obj.macs),
        "could not be read": ", ".join(obj.unread) or None,
    }
    for profile in obj.profiles:
        found[f"WWPNs of profile {profile.name}"] = frozenset(w for adapter in profile.fc for w in adapter.wwpns)
        found[f"MACs of profile {profile.name}"] = frozenset(profile.macs)
    for mapping in obj.npiv:
        found[f"NPIV {mapping.vfchost}"] = mapping.status
    return found


def _flasharray(obj: e.FlashArray) -> Facts:
    found: Facts = {"name": obj.name, "version": obj.version}
    found.update((f"connection to {link.remote}", link.status) for link in obj.connections)
    found.update(
        (f"alert {alert.id}", f"{alert.severity}: {alert.summary}") for alert in obj.alerts if alert.state != "closed"
    )
    return found


def _schedule(schedule: e.PgroupSchedule | None) -> str | None:
    if schedule is None:
        return None
    if not schedule.enabled:
        return "disabled"
    return "enabled" if schedule.frequency_s is None else f"every {schedule.frequency_s} s"


def _pgroup(obj: e.ProtectionGroup) -> Facts:
    found: Facts = {
        "destroyed": _flag(obj.destroyed),
        "volumes": frozenset(obj.volumes),
        "hosts": frozenset(obj.hosts),
        "host groups": frozenset(obj.host_groups),
        "replication": _schedule(obj.replication),
        "snapshots": _schedule(obj.snapshot),
        "retention lock": obj.retention_lock,
        "source": obj.source,
    }
    for target in obj.targets:
        found[f"target {target.name}"] = "allowed" if target.allowed else "not allowed"
        if target.status is not None:
            found[f"replication to {target.name}"] = target.status
    return found


def _volume(obj: e.Volume) -> Facts:
    return {
        "name": obj.name,
        "destroyed": _flag(obj.destroyed),
        "size": f"{obj.provisioned} bytes",
        "copied from": obj.source,
        "pod": obj.pod,
        "connected to": frozenset(host for host, _ in obj.hosts),
    }


def _host(obj: e.Host) -> Facts:
    return {"WWPNs": frozenset(obj.wwns), "host group": obj.host_group, "connectivity": obj.connectivity}


def _pod(obj: e.Pod) -> Facts:
    found: Facts = {"name": obj.name, "destroyed": _flag(obj.destroyed), "promotion": obj.promotion_status}
    found.update((f"array {name}", status) for name, status in obj.arrays)
    for link in obj.links:
        paused = ", paused" if link.paused else ""
        found[f"{link.direction} link to {link.remote_pod or link.remote}"] = f"{link.status}{paused}"
    return found


def _storage(obj: e.StorageSystem) -> Facts:
    found: Facts = {"name": obj.name, "version": obj.os_version, "remote copy": obj.rcopy_status}
    found.update((f"target {target.name}", target.status) for target in obj.targets)
    found.update((f"link {link.target} {link.node} {link.address}", link.status) for link in obj.links)
    return found


def _rcg(obj: e.RemoteCopyGroup) -> Facts:
    found: Facts = {
        "role": obj.role,
        "status": obj.status,
        "sync": _sync(obj.volumes),
        "mode": obj.mode,
        "name": obj.name,
        "target": obj.target,
        "remote group": obj.remote_group,
        "policies": frozenset(obj.policies),
        "volumes": frozenset(volume.local for volume in obj.volumes),
    }
    found.update((f"hosts of {volume.local}", frozenset(volume.exported_to)) for volume in obj.volumes)
    return found


def _sync(volumes: Iterable[e.RemoteCopyVolume]) -> str | None:
    """One word when all volumes agree; otherwise how many are in which state, the most first."""
    counted = Counter(volume.sync_status for volume in volumes)
    if len(counted) <= 1:
        return next(iter(counted), None)
    return ", ".join(f"{count} {status}" for status, count in sorted(counted.items(), key=lambda i: (-i[1], i[0])))


def _vcenter(obj: e.VCenter) -> Facts:
    return {"name": obj.name, "version": f"{obj.version} build {obj.build}"}


def _esxi(obj: e.EsxiHost) -> Facts:
    return {
        "name": obj.name,
        "connection": obj.connection_state,
        "power": obj.power_state,
        "maintenance": _flag(obj.in_maintenance),
    }


def _datastore(obj: e.Datastore) -> Facts:
    return {"name": obj.name, "accessible": _flag(obj.accessible)}


def _vm(obj: e.VirtualMachine) -> Facts:
    return {
        "name": obj.name,
        "power": obj.power_state,
        "connection": obj.connection_state,
        "host": obj.host,
        "needs consolidation": _flag(obj.consolidation_needed),
        "replica of": None if obj.replica is None else obj.replica.source_name,
    }


def _checked(cls: type[_T], told: Callable[[_T], Facts]) -> Callable[[e.EstateObject], Facts]:
    def of(obj: e.EstateObject) -> Facts:
        if not isinstance(obj, cls):
            raise TypeError(f"expected {cls.__name__}, got {type(obj).__name__}")
        return told(obj)

    return of


_FACTS: Mapping[str, Callable[[e.EstateObject], Facts]] = {
    "system": _checked(e.ManagedSystem, _system),
    "lpar": _checked(e.Lpar, _lpar),
    "flasharray": _checked(e.FlashArray, _flasharray),
    "pgroup": _checked(e.ProtectionGroup, _pgroup),
    "volume": _checked(e.Volume, _volume),
    "host": _checked(e.Host, _host),
    "pod": _checked(e.Pod, _pod),
    "storage": _checked(e.StorageSystem, _storage),
    "rcg": _checked(e.RemoteCopyGroup, _rcg),
    "vcenter": _checked(e.VCenter, _vcenter),
    "esxi": _checked(e.EsxiHost, _esxi),
    "datastore": _checked(e.Datastore, _datastore),
    "vm": _checked(e.VirtualMachine, _vm),
}
