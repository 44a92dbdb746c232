"""The inventory of one simulated vCenter Server or standalone ESXi host, and how to build it.

Build an estate with the ``add_…`` methods; what then happens to machines is in :mod:`backends.lab.vsphere.machines`.
Everything here is called inside a turn of the world (building one before it runs needs none).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from backends.lab.volumes import BLANK, Image, L2Segment, Nic, Volume, Writer, WriterKind
from backends.lab.vsphere.disks import DiskFile
from backends.lab.vsphere.objects import Objects
from backends.lab.vsphere.records import (
    Cluster,
    Datacenter,
    Datastore,
    Disk,
    EsxHost,
    Folder,
    Lease,
    Network,
    NicCard,
    ResourcePool,
    Task,
    Vm,
    VmHome,
)
from backends.lab.world import LabSite, World
from store.estate import PowerState

if TYPE_CHECKING:
    from backends.lab.vsphere.vmfs import VmfsRegistry

GIB = 1024**3
DISK_KEY = 2000
NIC_KEY = 4000
_RECENT_TASKS = 200


class VSphereState(Objects):
    """One server's inventory. ``api_type`` is VirtualCenter or HostAgent (a standalone host, one fixed datacenter).

    Objects get a new ``moid`` unless one is given. Servers of one world that see copies of each other's LUNs share one
    ``vmfs``.
    """

    def __init__(
        self,
        world: World,
        name: str,
        site: str,
        *,
        api_type: str = "VirtualCenter",
        version: str = "8.0.3",
        build: str = "24022515",
        vmfs: VmfsRegistry | None = None,
    ) -> None:
        super().__init__(world, name, plain_ids=api_type == "HostAgent")
        self.site = site
        self.api_type = api_type
        self.version = version
        self.build = build
        self.vmfs = vmfs
        self.instance_uuid = self.new_uuid("instance")
        self.tasks: list[Task] = []
        self.leases: list[Lease] = []
        self.lease_s = 300
        self.edition = "esx.enterprisePlus.cpuPackage"
        self.uploads: dict[str, DiskFile] = {}  # disks of unknown content, by the origin of their images
        root = "ha-folder-root" if self.is_host else "group-d1"
        self.root = self.keep(Folder(root, "ha-folder-root" if self.is_host else "Datacenters"))
        self.root.child_types = ("Folder", "Datacenter")
        self.datacenters: list[Datacenter] = []
        self.hosts: list[EsxHost] = []
        self.datastores: list[Datastore] = []
        self.networks: list[Network] = []
        self.vms: dict[str, Vm] = {}
        world.watch_sites(self._site_changed)
        if self.is_host:
            self.add_datacenter("ha-datacenter")

    @property
    def is_host(self) -> bool:
        return self.api_type == "HostAgent"

    def _site_changed(self, site: LabSite, now: float) -> None:
        """A site that went dark took its hosts and their machines down; once it is back those start that are to start
        with their host."""
        from backends.lab.vsphere import autostart

        if site.name != self.site:
            return
        if not site.dark:
            for host in self.hosts:
                autostart.power_on(self, host)
        for vm in self.vms.values():
            if vm.power is PowerState.ON:
                vm.power, vm.tools_running, vm.booted, vm.boot = PowerState.OFF, False, None, vm.boot + 1
                self.touch(vm)

    # ------------------------------------------------------------------------------------------------- inventory

    def add_datacenter(self, name: str) -> Datacenter:
        """A datacenter with its four folders."""
        fixed = self.is_host
        datacenter = Datacenter("ha-datacenter" if fixed else self.new_id("datacenter"), name)
        self.put(self.root, datacenter)
        for what, attribute, types in (
            ("vm", "vm_folder", ("Folder", "VirtualMachine", "VirtualApp")),
            ("host", "host_folder", ("Folder", "ComputeResource")),
            ("datastore", "datastore_folder", ("Folder", "Datastore", "StoragePod")),
            ("network", "network_folder", ("Folder", "Network", "DistributedVirtualSwitch")),
        ):
            folder = Folder(f"ha-folder-{what}" if fixed else self.new_id(f"group-{what[0]}"), what, datacenter)
            folder.child_types = types
            setattr(datacenter, attribute, self.keep(folder))
        self.datacenters.append(datacenter)
        return datacenter

    def add_folder(self, name: str, parent: Folder) -> Folder:
        """A folder of the same child types inside another."""
        folder = Folder(self.new_id("group-" + (parent.child_types[-1:] or ("d",))[0][0].lower()), name)
        folder.child_types = parent.child_types
        return self.put(parent, folder)

    def add_cluster(self, name: str, datacenter: Datacenter | None = None, *, clustered: bool = True) -> Cluster:
        """A cluster (or, not ``clustered``, the compute resource of one host) with its root resource pool."""
        folder = (datacenter or self.datacenters[0]).host_folder
        assert folder is not None
        fixed = self.is_host
        moid = "ha-compute-res" if fixed else self.new_id("domain-c" if clustered else "domain-s")
        cluster = self.put(folder, Cluster(moid, name, clustered=clustered))
        pool = ResourcePool("ha-root-pool" if fixed else self.new_id("resgroup"), "Resources", cluster, owner=cluster)
        cluster.pool = self.keep(pool)
        return cluster

    def add_pool(self, name: str, parent: ResourcePool) -> ResourcePool:
        """A resource pool inside another."""
        pool = self.keep(ResourcePool(self.new_id("resgroup"), name, parent, owner=parent.owner))
        parent.pools.append(pool)
        self.touch(parent)
        return pool

    def add_host(
        self,
        name: str,
        cluster: Cluster | None = None,
        *,
        memory: int = 256 * GIB,
        cores: int = 32,
        wwpns: tuple[str, ...] = (),
        moid: str | None = None,
    ) -> EsxHost:
        """An ESXi host; without a ``cluster`` it gets a compute resource of its own. It sees all datastores so far."""
        owner = cluster or self.add_cluster(name, clustered=False)
        moid = moid or ("ha-host" if self.is_host else self.new_id("host"))
        host = EsxHost(moid, name, owner, cluster=owner, uuid=self.new_uuid(f"host/{name}"), wwpns=wwpns)
        host.memory, host.cores = memory, cores
        host.datastores, host.networks = list(self.datastores), list(self.networks)
        owner.hosts.append(host)
        self.hosts.append(host)
        self.touch(owner)
        return self.keep(host)

    def add_network(self, name: str, segment: L2Segment | None, datacenter: Datacenter | None = None) -> Network:
        """A port group on a layer-2 network of the world (None: an internal one that reaches nothing), on all hosts."""
        folder = (datacenter or self.datacenters[0]).network_folder
        assert folder is not None
        moid = f"HaNetwork-{name}" if self.is_host else self.new_id("network")
        network = self.put(folder, Network(moid, name, segment=segment))
        self.networks.append(network)
        for host in self.hosts:
            host.networks.append(network)
            self.touch(host)
        return network

    def add_datastore(
        self,
        name: str,
        capacity: int,
        *,
        type: str = "VMFS",
        used: int = 0,
        lun: Volume | None = None,
        datacenter: Datacenter | None = None,
        hosts: Sequence[EsxHost] | None = None,
        moid: str | None = None,
    ) -> Datastore:
        """A datastore on all hosts (or ``hosts``). ``lun``: the array volume that holds it and all that is on it."""
        folder = (datacenter or self.datacenters[0]).datastore_folder
        assert folder is not None
        identity = self.new_uuid(f"datastore/{name}")
        moid = moid or (identity if self.is_host else self.new_id("datastore"))
        datastore = self.put(folder, Datastore(moid, name, type=type, capacity=capacity, used=used, lun=lun))
        datastore.uuid = identity[:8] + identity[9:13] + "-" + identity[-12:]
        datastore.lun_id = lun.serial if lun else ""
        self.datastores.append(datastore)
        for host in self.hosts if hosts is None else hosts:
            host.datastores.append(datastore)
            self.touch(host)
        return datastore

    def free(self, datastore: Datastore) -> int:
        """Free bytes of a datastore."""
        return max(0, self._left(datastore))

    def overfull(self, datastore: Datastore) -> bool:
        """Whether more was written to it than there is room for."""
        return self._left(datastore) < 0

    def _left(self, datastore: Datastore) -> int:
        on_it = sum(d.bytes_used for home in datastore.homes.values() for d in home.disks if d.datastore is datastore)
        return datastore.capacity - datastore.used - on_it

    # -------------------------------------------------------------------------------------------------- machines

    def add_vm(
        self,
        name: str,
        datastore: Datastore,
        *,
        host: EsxHost | None = None,
        folder: Folder | None = None,
        pool: ResourcePool | None = None,
        cpus: int = 2,
        memory_mb: int = 4096,
        disks: Iterable[int] = (40 * GIB,),
        images: Sequence[Image] = (),
        networks: Iterable[Network | None] = (),
        macs: Sequence[str] = (),
        guest: tuple[str, str] = ("rhel9_64Guest", "Red Hat Enterprise Linux 9 (64-bit)"),
        tools: bool = True,
        ip: str | None = None,
        extra: Mapping[str, str] | None = None,
        instance_uuid: str | None = None,
        period_s: float = 1.0,
        running: bool = False,
        moid: str | None = None,
    ) -> Vm:
        """A machine, powered off or (``running``) up since long with Tools running.

        ``disks`` are capacities in bytes, ``images`` what they hold; a card on each of ``networks`` gets the MAC of
        ``macs`` at its place, else a generated one. ``period_s``: how often its workload writes a generation.
        """
        moid = moid or self.new_id("vm")
        home = self._home(moid, name, guest, ip, {"svga.present": "TRUE", "nvram": f"{name}.nvram", **(extra or {})})
        home.instance_uuid = instance_uuid or home.instance_uuid
        home.cpus, home.memory_mb, home.tools = cpus, memory_mb, tools
        for number, size in enumerate(disks):
            image = images[number] if number < len(images) else BLANK
            home.disks.append(self.new_disk(home, datastore, moid, size, image))
        home.nics = [self._card(number, network, macs) for number, network in enumerate(networks)]
        vm = self.register(home, datastore, moid=moid, host=host, folder=folder, pool=pool, period_s=period_s)
        if running:
            self.started(vm)
            vm.tools_running = tools
        return vm

    def _home(self, moid: str, name: str, guest: tuple[str, str], ip: str | None, extra: dict[str, str]) -> VmHome:
        return VmHome(
            path=f"{name}/{name}.vmx",
            name=name,
            uuid=self.new_uuid(f"bios/{moid}"),
            instance_uuid=self.new_uuid(f"vm/{moid}"),
            guest_id=guest[0],
            guest_name=guest[1],
            cpus=1,
            memory_mb=1024,
            tools=True,
            ip=ip,
            disks=[],
            nics=[],
            extra=extra,
        )

    def _card(self, number: int, network: Network | None, macs: Sequence[str]) -> NicCard:
        given = macs[number] if number < len(macs) else None
        label = f"Network adapter {number + 1}"
        return NicCard(
            NIC_KEY + number, label, given or self.new_mac(), network, True, "manual" if given else "assigned"
        )

    def register(
        self,
        home: VmHome,
        datastore: Datastore,
        *,
        moid: str | None = None,
        host: EsxHost | None = None,
        folder: Folder | None = None,
        pool: ResourcePool | None = None,
        period_s: float = 1.0,
    ) -> Vm:
        """Put a machine whose files exist into the inventory, powered off."""
        place = folder or self.datacenters[0].vm_folder
        assert place is not None
        where = host or next((h for h in self.hosts if datastore in h.datastores), None)
        owner = pool or (where.cluster.pool if where and where.cluster else None)
        identity = moid or self.new_id("vm")
        writer = Writer(f"{self.name}:{identity}", WriterKind.VM, self.site, period_s)
        if datastore.lun is not None:
            writer.cluster = f"{self.site}/{datastore.uuid}"  # machines share the LUN below them on purpose
        self.world.add_writer(writer)
        vm = Vm(identity, home.name, home=home, datastore=datastore, host=where, pool=owner, writer=writer)
        vm.changed = self.world.now
        datastore.homes[home.path] = home
        self.vms[identity] = vm
        self.put(place, vm)
        self.touch(datastore, *([where] if where else []))
        self.sync_nics(vm)
        return vm

    def leave(self, vm: Vm) -> None:
        """Take a machine out of the inventory, its snapshots and its writer with it; its files stay."""
        pending = list(vm.roots)
        while pending:
            snapshot = pending.pop()
            pending += snapshot.below
            del self.objects[snapshot.moid]
        del self.vms[vm.moid]
        self.world.writers.pop(vm.writer.key, None)
        for host in self.hosts:
            host.autostart.pop(vm.moid, None)
        self.remove(vm)
        self.touch(vm.datastore, *([vm.host] if vm.host else []))

    def new_disk(self, home: VmHome, datastore: Datastore, owner: str, size: int, image: Image = BLANK) -> Disk:
        """One more disk in a machine's directory, as a volume of the pseudo array ``datastore:<server>/<name>``."""
        number = len(home.disks)
        suffix = "" if number == 0 else f"_{number}"
        directory = home.path.rsplit("/", 1)[0]
        path = f"{directory}/{home.name}{suffix}.vmdk"
        volume = datastore.lun
        if volume is None:
            volume = Volume(f"datastore:{self.name}/{datastore.name}", f"{owner}/{number}", size, stored=image)
        used = size * 2 // 5
        return Disk(DISK_KEY + number, f"Hard disk {number + 1}", volume, path, datastore, size, used)

    def new_mac(self) -> str:
        """A MAC as vCenter generates them (00:50:56:80–bf:…), unique in this inventory."""
        number = self._counts["mac"] = self._counts.get("mac", 0) + 1
        server = hashlib.sha256(self.name.encode()).digest()[0] & 0x3F
        return f"005056{0x80 | server:02X}{number >> 8 & 0xFF:02X}{number & 0xFF:02X}"

    def sync_nics(self, vm: Vm) -> None:
        """Tell the world which MACs the machine has on which network."""
        cards = tuple(
            Nic(card.mac, card.network.segment if card.connected and card.network else None) for card in vm.home.nics
        )
        self.world.set_nics(vm.writer, cards)

    def started(self, vm: Vm) -> None:
        """The machine runs from now on: its workload writes, its MACs are on their networks."""
        volumes = list(dict.fromkeys(disk.volume for disk in vm.home.disks))
        vm.power, vm.booted, vm.tools_running = PowerState.ON, self.world.now, False
        vm.boot += 1
        self.world.power_on(vm.writer, volumes)
        self.touch(vm)

    def stopped(self, vm: Vm, power: PowerState = PowerState.OFF) -> None:
        """The machine no longer runs."""
        vm.power, vm.booted, vm.tools_running, vm.question = power, None, False, None
        vm.boot += 1
        self.world.power_off(vm.writer)
        self.touch(vm)

    def changed(self, vm: Vm) -> None:
        """The machine's configuration changed."""
        vm.change_version += 1
        vm.changed = self.world.now
        self.touch(vm)

    def rename(self, old: str, new: str) -> None:
        """Give the machine called ``old`` another name."""
        for vm in self.vms.values():
            if vm.name == old:
                vm.name = vm.home.name = new
                self.changed(vm)

    def keep_task(self, task: Task) -> Task:
        """Enter a task; the oldest finished ones are forgotten."""
        self.tasks.append(self.keep(task))
        while len(self.tasks) > _RECENT_TASKS and self.tasks[0].state in ("success", "error"):
            forgotten = self.tasks.pop(0)
            self.objects.pop(forgotten.moid, None)
        return task
