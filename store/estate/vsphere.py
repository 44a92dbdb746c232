"""VMware vSphere: machines, their replicas, hosts and datastores, in the API's words."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from store.record import Record


class PowerState(StrEnum):
    """``runtime.powerState`` of a virtual machine."""

    ON = "poweredOn"
    OFF = "poweredOff"
    SUSPENDED = "suspended"


class VCenter(Record, frozen=True):
    """A vCenter Server or a standalone ESXi host (``api_type`` VirtualCenter or HostAgent)."""

    instance_uuid: str
    name: str
    version: str
    build: str
    api_type: str

    @property
    def key(self) -> str:
        return self.instance_uuid


class EsxiHost(Record, frozen=True):
    """An ESXi host. ``connection_state``: connected, disconnected, notResponding."""

    vcenter: str
    moid: str
    name: str
    connection_state: str
    power_state: str
    in_maintenance: bool = False
    memory_mb: int | None = None
    cpu_cores: int | None = None

    @property
    def key(self) -> str:
        return f"{self.vcenter}:{self.moid}"


class Datastore(Record, frozen=True):
    """A datastore. Bytes."""

    vcenter: str
    moid: str
    name: str
    type: str
    capacity: int
    free: int
    accessible: bool = True

    @property
    def key(self) -> str:
        return f"{self.vcenter}:{self.moid}"


class VirtualMachine(Record, frozen=True):
    """A virtual machine. ``moid`` is its managed object id; ``vcenter`` the instance UUID of the server that owns it.

    ``replica`` is set when the machine's extra config says that it is a replica (see :class:`VmReplica`).
    """

    vcenter: str
    moid: str
    name: str
    instance_uuid: str
    power_state: PowerState
    connection_state: str
    host: str | None = None
    guest: str | None = None
    tools: str | None = None
    ip_address: str | None = None
    cpus: int | None = None
    memory_mb: int | None = None
    committed_bytes: int | None = None
    consolidation_needed: bool | None = None
    replica: VmReplica | None = None

    @property
    def key(self) -> str:
        return f"{self.vcenter}:{self.moid}"


class VmReplica(Record, frozen=True):
    """What a replica's extra config says of it: whose copy it is, of which moment, and whether the copy is complete.

    ``point_in_time`` is when the source's disk images were frozen, not when the copy ended: that was ``took_s`` later.
    """

    source_instance_uuid: str
    source_name: str
    generation: int
    point_in_time: datetime
    complete: bool
    interval_s: int | None = None
    took_s: int | None = None
