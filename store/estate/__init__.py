"""The vocabulary of the estate: what a backend returns, what a screen shows, and nothing else crosses.

Every record is frozen and plain: strings, numbers, UTC datetimes, tuples, enums and other records, so that two readings
compare with ``==`` and a record survives JSON. Units stand in the field names or the docstring: bytes, seconds, MB
(IBM and VMware count memory in MiB and call it MB). ``None`` means that the device did not say.

``key`` is the identity of an object: stable across readings, unique within its kind. It is made of the identifiers
that the vendor keeps stable (serial numbers, ids), never of a display name alone where names can repeat or change.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.estate.flasharray import (
        ArrayAlert,
        ArrayConnection,
        FlashArray,
        Host,
        PgroupRetention,
        PgroupSchedule,
        PgroupSnapshot,
        PgroupTarget,
        Pod,
        PodReplicaLink,
        ProtectionGroup,
        Volume,
    )
    from store.estate.power import (
        AdapterType,
        EthAdapter,
        FcAdapter,
        Lpar,
        LparProfile,
        LparState,
        ManagedSystem,
        NicPort,
        NpivMapping,
        PortKind,
        ScsiAdapter,
        SystemState,
    )
    from store.estate.reading import KIND_OF, KINDS, EstateObject, Problem, Reading, Unread
    from store.estate.remotecopy import (
        RcgMode,
        RcgRole,
        RcgStatus,
        RcopyLink,
        RcopyTarget,
        RemoteCopyGroup,
        RemoteCopyVolume,
        StorageSystem,
        SyncStatus,
        Vlun,
    )
    from store.estate.sites import DeviceKind, Site, SiteRole
    from store.estate.vsphere import Datastore, EsxiHost, PowerState, VCenter, VirtualMachine, VmReplica

_HOMES = {
    name: module
    for module, names in {
        "flasharray": "ArrayAlert ArrayConnection FlashArray Host PgroupRetention PgroupSchedule PgroupSnapshot "
        "PgroupTarget Pod PodReplicaLink ProtectionGroup Volume",
        "power": "AdapterType EthAdapter FcAdapter Lpar LparProfile LparState ManagedSystem NicPort NpivMapping "
        "PortKind ScsiAdapter SystemState",
        "reading": "KIND_OF KINDS EstateObject Problem Reading Unread",
        "remotecopy": "RcgMode RcgRole RcgStatus RcopyLink RcopyTarget RemoteCopyGroup RemoteCopyVolume "
        "StorageSystem SyncStatus Vlun",
        "sites": "DeviceKind Site SiteRole",
        "vsphere": "Datastore EsxiHost PowerState VCenter VirtualMachine VmReplica",
    }.items()
    for name in names.split()
}


def __getattr__(name: str) -> object:
    """A record is loaded when it is first asked for: the first screen needs few of them."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


__all__ = [
    "KINDS",
    "KIND_OF",
    "AdapterType",
    "ArrayAlert",
    "ArrayConnection",
    "Datastore",
    "DeviceKind",
    "EstateObject",
    "EsxiHost",
    "EthAdapter",
    "FcAdapter",
    "FlashArray",
    "Host",
    "Lpar",
    "LparProfile",
    "LparState",
    "ManagedSystem",
    "NicPort",
    "NpivMapping",
    "PgroupRetention",
    "PgroupSchedule",
    "PgroupSnapshot",
    "PgroupTarget",
    "Pod",
    "PodReplicaLink",
    "PortKind",
    "PowerState",
    "Problem",
    "ProtectionGroup",
    "RcgMode",
    "RcgRole",
    "RcgStatus",
    "RcopyLink",
    "RcopyTarget",
    "Reading",
    "RemoteCopyGroup",
    "RemoteCopyVolume",
    "ScsiAdapter",
    "Site",
    "SiteRole",
    "StorageSystem",
    "SyncStatus",
    "SystemState",
    "Unread",
    "VCenter",
    "VirtualMachine",
    "Vlun",
    "VmReplica",
    "Volume",
]
