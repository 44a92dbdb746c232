"""The columns of ``drdeck inventory``: for each kind what a row holds, of the facts alone. Times UTC, sizes and ages in
the unit that the column's name ends with; None where the device does not say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from msgspec import Struct

from app.output import stamp
from screens.copies import worst_copy
from store.estate import (
    DeviceKind,
    EthAdapter,
    FcAdapter,
    Lpar,
    LparProfile,
    PgroupSnapshot,
    ProtectionGroup,
    RemoteCopyGroup,
    SyncStatus,
    VirtualMachine,
    VmReplica,
)

T = TypeVar("T")
Value = str | int | float | bool | list[str] | None
Columns = Mapping[str, Callable[[T], Value]]


def _copy(group: ProtectionGroup) -> PgroupSnapshot | None:
    """The newest complete copy at the target that is worst off, as the panes count it: never the best of several."""
    worst = worst_copy(group)
    return None if worst is None else worst.newest


PROVENANCE = ("key", "device", "site", "seen_at", "age_s", "freshness")
"""The last columns of every row: which device reported it, when, and whether that is ``current`` or ``last known``."""


class Sheet(Struct, Generic[T], frozen=True):
    """One kind of row: the store's ``kind``, the device kind that tells of it, how each column is read from an object,
    the columns of the short table, those it is sorted by, and which objects belong here.

    ``moments`` are columns of a point in time; each has a column of its age in whole seconds beside it.
    """

    kind: str
    device: DeviceKind
    columns: Columns[T]
    moments: Mapping[str, Callable[[T], datetime | None]]
    table: tuple[str, ...]
    order: tuple[str, ...]
    wanted: Callable[[T], bool]

    @property
    def names(self) -> tuple[str, ...]:
        """All columns, in their order."""
        return (*self.columns, *(name for at in self.moments for name in (at, f"{at}_age_s")), *PROVENANCE)

    def row(self, obj: T, now: datetime) -> dict[str, Value]:
        """The facts of one object; without the provenance."""
        found = {name: read(obj) for name, read in self.columns.items()}
        for name, read in self.moments.items():
            at = read(obj)
            found[name] = stamp(at)
            found[f"{name}_age_s"] = None if at is None else max(0, int((now - at).total_seconds()))
        return found


def _profile(lpar: Lpar) -> LparProfile | None:
    """What the LPAR gets when it is activated next: one that is not active has its addresses nowhere else."""
    return next((profile for profile in lpar.profiles if profile.name == lpar.default_profile), None)


def _fc(lpar: Lpar) -> tuple[FcAdapter, ...]:
    profile = _profile(lpar)
    return () if profile is None else profile.fc


def _eth(lpar: Lpar) -> tuple[EthAdapter, ...]:
    profile = _profile(lpar)
    return () if profile is None else profile.eth


LPARS: Sheet[Lpar] = Sheet(
    kind="lpar",
    device=DeviceKind.HMC,
    columns={
        "name": lambda lpar: lpar.name,
        "system": lambda lpar: lpar.system,
        "system_key": lambda lpar: lpar.system_key,
        "lpar_id": lambda lpar: lpar.lpar_id,
        "uuid": lambda lpar: lpar.uuid,
        "state": lambda lpar: lpar.state.value,
        "env": lambda lpar: lpar.env,
        "os_version": lambda lpar: lpar.os_version,
        "rmc_state": lambda lpar: lpar.rmc_state,
        "default_profile": lambda lpar: lpar.default_profile,
        "mem_mb": lambda lpar: lpar.mem_mb,
        "proc_units": lambda lpar: lpar.proc_units,
        "procs": lambda lpar: lpar.procs,
        "wwpns": lambda lpar: list(lpar.wwpns),
        "macs": lambda lpar: list(lpar.macs),
        "profile_wwpns": lambda lpar: [wwpn for adapter in _fc(lpar) for wwpn in adapter.wwpns],
        "profile_macs": lambda lpar: [adapter.mac for adapter in _eth(lpar) if adapter.mac is not None],
    },
    moments={},
    table=("name", "system", "site", "state", "env", "rmc_state", "freshness", "age_s", "wwpns", "macs"),
    order=("name", "system"),
    wanted=lambda lpar: True,
)

PGROUPS: Sheet[ProtectionGroup] = Sheet(
    kind="pgroup",
    device=DeviceKind.FLASHARRAY,
    columns={
        "name": lambda group: group.name,
        "array": lambda group: group.array,
        "array_id": lambda group: group.array_id,
        "is_local": lambda group: group.is_local,
        "source": lambda group: group.source,
        "pod": lambda group: group.pod,
        "destroyed": lambda group: group.destroyed,
        "targets": lambda group: [target.name for target in group.targets],
        "volumes": lambda group: list(group.volumes),
        "hosts": lambda group: list(group.hosts),
        "host_groups": lambda group: list(group.host_groups),
        "replication_enabled": lambda group: None if group.replication is None else group.replication.enabled,
        "replication_every_s": lambda group: None if group.replication is None else group.replication.frequency_s,
        "snapshot_count": lambda group: group.snapshot_count,
        "newest_complete": lambda group: None if (copy := _copy(group)) is None else copy.name,
    },
    # The moment that a failover would return to is that of the snapshot's creation, not of the transfer's end.
    moments={"recovery_point": lambda group: None if (copy := _copy(group)) is None else copy.created},
    table=("name", "array", "site", "targets", "newest_complete", "recovery_point_age_s", "freshness", "age_s"),
    order=("name", "array"),
    wanted=lambda group: True,
)

RCGS: Sheet[RemoteCopyGroup] = Sheet(
    kind="rcg",
    device=DeviceKind.THREEPAR,
    columns={
        "name": lambda group: group.name,
        "array": lambda group: group.array,
        "array_serial": lambda group: group.array_serial,
        "natural_name": lambda group: group.natural_name,
        "natural_system_id": lambda group: group.natural_system_id,
        "target": lambda group: group.target,
        "mode": lambda group: group.mode.value,
        "role": lambda group: group.role.value,
        "status": lambda group: group.status.value,
        "period_s": lambda group: group.period_s,
        "policies": lambda group: list(group.policies),
        "volumes": lambda group: [volume.local for volume in group.volumes],
        "not_synced": lambda group: [v.local for v in group.volumes if v.sync_status is not SyncStatus.SYNCED],
    },
    moments={"oldest_sync": lambda group: group.oldest_sync},
    table=("name", "array", "site", "mode", "role", "status", "target", "not_synced", "freshness", "age_s"),
    order=("natural_name", "array"),
    wanted=lambda group: True,
)


def _replica(machine: VirtualMachine) -> VmReplica:
    if machine.replica is None:
        raise ValueError(f"{machine.key} is no replica")
    return machine.replica


REPLICAS: Sheet[VirtualMachine] = Sheet(
    kind="vm",
    device=DeviceKind.VSPHERE,
    columns={
        "name": lambda machine: machine.name,
        "vcenter": lambda machine: machine.vcenter,
        "moid": lambda machine: machine.moid,
        "instance_uuid": lambda machine: machine.instance_uuid,
        "power_state": lambda machine: machine.power_state.value,
        "connection_state": lambda machine: machine.connection_state,
        "host": lambda machine: machine.host,
        "source_name": lambda machine: _replica(machine).source_name,
        "source_instance_uuid": lambda machine: _replica(machine).source_instance_uuid,
        "generation": lambda machine: _replica(machine).generation,
        "complete": lambda machine: _replica(machine).complete,
        "interval_s": lambda machine: _replica(machine).interval_s,
    },
    moments={"point_in_time": lambda machine: _replica(machine).point_in_time},
    table=("name", "site", "power_state", "source_name", "complete", "point_in_time_age_s", "freshness", "age_s"),
    order=("name", "vcenter"),
    wanted=lambda machine: machine.replica is not None,
)

SHEETS: Mapping[str, Sheet[Any]] = {"lpars": LPARS, "pgroups": PGROUPS, "rcgs": RCGS, "replicas": REPLICAS}
