"""What a simulated vCenter or ESXi host holds: plain records, each with the managed object id that clients see.

Sizes are bytes unless the name says MB, times are virtual seconds since 1970. A record changes only through
:class:`backends.lab.vsphere.state.VSphereState`, which counts its revisions: ``rev`` is the state's revision at the
record's last change, and what clients are told of changes depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from backends.lab.volumes import Image, L2Segment, Volume, Writer
from backends.lab.vsphere.disks import DiskFile
from backends.lab.vsphere.sums import Sums
from backends.lab.vsphere.vmdk import GRAIN
from store.estate import PowerState


@dataclass(slots=True, eq=False)
class Managed:
    """A managed object. ``KIND`` is its type's name on the wire."""

    KIND: ClassVar[str] = "ManagedObject"
    moid: str
    name: str
    parent: Managed | None = None
    rev: int = 0


@dataclass(slots=True, eq=False)
class Manager(Managed):
    """An object of the service itself: SessionManager, SearchIndex … ``of``: the host that it belongs to, if to one."""

    kind: str = ""
    of: EsxHost | None = None


@dataclass(slots=True, eq=False)
class Folder(Managed):
    """``child_types``: what it may hold, as ``childType`` says (``VirtualMachine``, ``Folder`` …)."""

    KIND: ClassVar[str] = "Folder"
    child_types: tuple[str, ...] = ()
    children: list[Managed] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Datacenter(Managed):
    KIND: ClassVar[str] = "Datacenter"
    vm_folder: Folder | None = None
    host_folder: Folder | None = None
    datastore_folder: Folder | None = None
    network_folder: Folder | None = None


@dataclass(slots=True, eq=False)
class Cluster(Managed):
    """A compute resource. ``clustered``: a ClusterComputeResource; else the ComputeResource of one host."""

    KIND: ClassVar[str] = "ComputeResource"
    clustered: bool = True
    pool: ResourcePool | None = None
    hosts: list[EsxHost] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class ResourcePool(Managed):
    KIND: ClassVar[str] = "ResourcePool"
    owner: Cluster | None = None
    pools: list[ResourcePool] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AutoStartEntry:
    """How a machine starts and stops with its host, in the words of AutoStartPowerInfo. Seconds; -1: the default."""

    start_order: int
    start_delay: int
    wait_for_heartbeat: str
    start_action: str
    stop_delay: int
    stop_action: str


def _autostart_defaults() -> dict[str, bool | int | str]:
    return {"enabled": False, "startDelay": 120, "stopDelay": 120, "waitForHeartbeat": False, "stopAction": "powerOff"}


@dataclass(slots=True, eq=False)
class EsxHost(Managed):
    """An ESXi host. ``wwpns`` of its HBAs reach the arrays of its site; ``luns`` are what the last rescan saw; ``das``
    is what HA says of it, empty where HA is off. ``autostart``: what starts with it, by the machine's id, and the
    AutoStartDefaults."""

    KIND: ClassVar[str] = "HostSystem"
    cluster: Cluster | None = None
    uuid: str = ""
    memory: int = 0
    cores: int = 0
    connection: str = "connected"
    powered: bool = True
    maintenance: bool = False
    das: str = ""
    wwpns: tuple[str, ...] = ()
    luns: list[Volume] = field(default_factory=list)
    datastores: list[Datastore] = field(default_factory=list)
    networks: list[Network] = field(default_factory=list)
    autostart: dict[str, AutoStartEntry] = field(default_factory=dict)
    autostart_defaults: dict[str, bool | int | str] = field(default_factory=_autostart_defaults)


@dataclass(slots=True, eq=False)
class Network(Managed):
    """A standard port group, mapped to a layer-2 network of the world."""

    KIND: ClassVar[str] = "Network"
    segment: L2Segment | None = None


@dataclass(slots=True, eq=False)
class Datastore(Managed):
    """A datastore. ``used`` counts what is not a file of a known machine; ``lun`` backs it on an array, where one does.

    ``uuid`` and ``lun_id`` are what its file system says of itself: a LUN with another id is a copy of it.
    ``homes`` are the machine definitions in its directories, registered or not, by path of the ``.vmx`` file.
    """

    KIND: ClassVar[str] = "Datastore"
    type: str = "VMFS"
    uuid: str = ""
    capacity: int = 0
    used: int = 0
    accessible: bool = True
    lun: Volume | None = None
    lun_id: str = ""
    homes: dict[str, VmHome] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Disk:
    """A virtual disk. ``volume`` holds what is on it; ``bytes_used`` is what it takes on its datastore, ``data`` how
    much of that is not zeroes: so much an export carries."""

    key: int
    label: str
    volume: Volume
    path: str
    datastore: Datastore
    capacity: int
    bytes_used: int
    data: int = GRAIN
    independent: bool = False


@dataclass(slots=True, eq=False)
class NicCard:
    """A virtual network card. ``mac`` is 12 upper-case hex digits; ``address_type`` assigned, generated or manual."""

    key: int
    label: str
    mac: str
    network: Network | None
    connected: bool = True
    address_type: str = "assigned"


@dataclass(slots=True, eq=False)
class Snapshot(Managed):
    """A snapshot with the images that the disks held at ``created``, by disk key, and the settings of then: ``extra``
    config and network cards."""

    KIND: ClassVar[str] = "VirtualMachineSnapshot"
    vm: Vm | None = None
    id: int = 0
    description: str = ""
    created: float = 0.0
    power: PowerState = PowerState.OFF
    quiesced: bool = False
    memory: bool = False
    images: dict[int, Image] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    nics: list[NicCard] = field(default_factory=list)
    above: Snapshot | None = None
    below: list[Snapshot] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Question:
    """What a machine waits for an answer to. ``choices`` are (key, label)."""

    id: str
    text: str
    choices: tuple[tuple[str, str], ...]
    default: int = 0


@dataclass(slots=True, eq=False)
class VmHome:
    """A machine as its files describe it: what survives its removal from the inventory."""

    path: str
    name: str
    uuid: str
    instance_uuid: str
    guest_id: str
    guest_name: str
    cpus: int
    memory_mb: int
    tools: bool
    ip: str | None
    disks: list[Disk]
    nics: list[NicCard]
    extra: dict[str, str]
    annotation: str = ""
    moved: bool = False


@dataclass(slots=True, eq=False)
class Vm(Managed):
    """A virtual machine in the inventory; ``home`` is what its files say, the rest is the inventory's own.

    ``unreadable``: properties (``config``) that the accounts of this server have no permission to read.
    """

    KIND: ClassVar[str] = "VirtualMachine"
    home: VmHome = field(kw_only=True)
    datastore: Datastore = field(kw_only=True)
    writer: Writer = field(kw_only=True)
    host: EsxHost | None = None
    pool: ResourcePool | None = None
    power: PowerState = PowerState.OFF
    connection: str = "connected"
    booted: float | None = None
    tools_running: bool = False
    boot: int = 0
    template: bool = False
    change_version: int = 1
    changed: float = 0.0
    consolidate: bool = False
    roots: list[Snapshot] = field(default_factory=list)
    current: Snapshot | None = None
    snapshots_made: int = 0
    question: Question | None = None
    unreadable: frozenset[str] = frozenset()
    busy: str | None = None
    recent: list[Task] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Task(Managed):
    """A task. ``operation`` is its descriptionId (``VirtualMachine.powerOn``).

    ``state`` is queued, running, success or error. ``fault`` and ``result`` are set at the end; ``result`` is a
    record or nothing.
    """

    KIND: ClassVar[str] = "Task"
    operation: str = ""
    entity: Managed | None = None
    user: str = ""
    state: str = "queued"
    queued: float = 0.0
    started: float | None = None
    completed: float | None = None
    progress: int | None = None
    fault: Refusal | None = None
    result: Managed | None = None


@dataclass(slots=True, eq=False)
class LeaseFile:
    """One disk of a lease: the file's ``content`` (None until uploaded), the disk's identity for an import, and for an
    export the checksum of what was sent."""

    key: str
    import_key: str
    disk: Disk
    image: Image
    content: DiskFile | None = None
    token: str = ""
    sums: Sums = field(default_factory=Sums)


@dataclass(slots=True, eq=False)
class Lease(Managed):
    """An export or import in progress. ``state``: initializing, ready, done, error. ``vm`` is what is copied."""

    KIND: ClassVar[str] = "HttpNfcLease"
    vm: Vm | None = None
    upload: bool = False
    state: str = "initializing"
    percent: int = 0
    timeout_s: int = 300
    expires: float = 0.0
    files: list[LeaseFile] = field(default_factory=list)
    fault: Refusal | None = None


class Refusal(Exception):  # noqa: N818 - the vendor says fault, which the lab's own faults are called
    """A request refused by a fault of the vendor's: its type's name, the message, and the fields of the fault.

    A field's value is plain, or a record where the fault names an object.
    """

    def __init__(self, fault: str, text: str, **fields: object) -> None:
        super().__init__(text)
        self.fault = fault
        self.text = text
        self.fields = fields
