"""Two sites filled by hand, with trouble in them: what the tests of the screens look at. All times hang on NOW."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from screens.index import Index
from screens.scene import Scene
from store.estate import (
    KIND_OF,
    AdapterType,
    DeviceKind,
    EstateObject,
    EsxiHost,
    EthAdapter,
    FcAdapter,
    FlashArray,
    Host,
    Lpar,
    LparProfile,
    LparState,
    ManagedSystem,
    NpivMapping,
    PgroupSchedule,
    PgroupSnapshot,
    PgroupTarget,
    PowerState,
    Problem,
    ProtectionGroup,
    RcgMode,
    RcgRole,
    RcgStatus,
    RemoteCopyGroup,
    RemoteCopyVolume,
    Site,
    SiteRole,
    StorageSystem,
    SyncStatus,
    SystemState,
    VirtualMachine,
    VmReplica,
    Volume,
)
from store.records import DeviceHealth, DeviceStatus, Entry, Event
from store.view import EstateView

NOW = datetime(2026, 3, 1, 3, 0, 0, tzinfo=UTC)
SITES = (Site("oslo", SiteRole.PROD), Site("bergen", SiteRole.DR))


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def device(
    name: str, kind: DeviceKind, site: str, health: DeviceHealth = DeviceHealth.OK, **more: object
) -> DeviceStatus:
    status = DeviceStatus(
        name,
        kind,
        site,
        f"{name}.example:443",
        health,
        since=ago(7200),
        last_ok=ago(12),
        next_try=ago(-18),
        sweep_s=1.4,
    )
    return replace(status, **more)  # type: ignore[arg-type]


def entry(obj: EstateObject, device: str, seen_s: float = 12, gone: bool = False) -> Entry:
    """An entry as the store makes it, seen ``seen_s`` seconds before NOW."""
    return Entry(KIND_OF[type(obj)], obj.key, obj, device, ago(86_400), ago(seen_s), ago(3600), gone)


def system(name: str, serial: str, state: SystemState = SystemState.OPERATING) -> ManagedSystem:
    return ManagedSystem(name, "9105-22A", serial, state)


def profile(wwpns: tuple[str, ...], mac: str | None, memory: int = 65_536) -> LparProfile:
    return LparProfile(
        "normal",
        memory // 2,
        memory,
        memory * 2,
        "shared",
        4,
        2.0,
        200,
        "norm",
        False,
        fc=(FcAdapter(31, AdapterType.CLIENT, 1, "vios1", 131, wwpns),) if wwpns else (),
        eth=(EthAdapter(4, mac, 120, "ETHERNET0"),),
    )


def lpar(
    name: str,
    system: str,
    serial: str,
    state: LparState,
    wwpns: tuple[str, ...] = ("c0507609a1b20010", "c0507609a1b20011"),
    mac: str | None = "FA1B2C3D4E04",
    in_profile: LparProfile | None = None,
    **more: object,
) -> Lpar:
    running = state is LparState.RUNNING
    base = Lpar(
        system,
        f"9105-22A*{serial}",
        name,
        12,
        None,
        "aixlinux",
        state,
        "AIX 7.3" if running else None,
        "normal",
        "normal" if running else None,
        "active" if running else "inactive",
        "10.1.0.12" if running else None,
        refcode=None if running else "00000000",
        fc=(FcAdapter(31, AdapterType.CLIENT, 1, "vios1", 131, wwpns),),
        eth=(EthAdapter(4, mac, 120, "ETHERNET0"),),
        profiles=(in_profile or profile(wwpns, mac),),
    )
    return replace(base, **more)  # type: ignore[arg-type]


def snapshot(group: str, number: int, created_s: float, target: str | None, progress: float = 1.0) -> PgroupSnapshot:
    """A snapshot made ``created_s`` before NOW; complete after 90 seconds where ``progress`` is 1."""
    done = progress >= 1
    return PgroupSnapshot(
        f"{group}.{number}",
        ago(created_s),
        target=target,
        started=ago(created_s - 2),
        completed=ago(created_s - 92) if done else None,
        progress=progress,
        data_transferred=734_003_200,
    )


def pgroup(array: str, name: str, snapshots: tuple[PgroupSnapshot, ...], **more: object) -> ProtectionGroup:
    base = ProtectionGroup(
        array,
        f"id-{array}",
        None,
        name,
        False,
        True,
        volumes=("erp-data", "erp-log"),
        targets=(PgroupTarget("fa-bergen", True),),
        replication=PgroupSchedule(True, 900),
        snapshots=snapshots,
        snapshot_count=len(snapshots),
    )
    return replace(base, **more)  # type: ignore[arg-type]


def replica_group(name: str, snapshots: tuple[PgroupSnapshot, ...]) -> ProtectionGroup:
    return pgroup(
        "fa-bergen", f"fa-oslo:{name}", snapshots, is_local=False, source="fa-oslo", targets=(), replication=None
    )


def rcg(
    array: str,
    name: str,
    role: RcgRole,
    status: RcgStatus = RcgStatus.STARTED,
    sync: SyncStatus = SyncStatus.SYNCED,
    mode: RcgMode = RcgMode.PERIODIC,
    last_s: float = 200,
    **more: object,
) -> RemoteCopyGroup:
    """One array's view; ``3par-oslo`` (system id 100) is the natural primary."""
    at_home = array == "3par-oslo"
    last = None if mode is RcgMode.SYNC else ago(last_s)
    own, other = ("", ".dr") if at_home else (".dr", "")
    volumes = tuple(
        RemoteCopyVolume(f"{name}-{number}{own}", number, f"{name}-{number}{other}", number, sync, last_sync=last)
        for number in (1, 2)
    )
    group = RemoteCopyGroup(
        array,
        f"SN-{array}",
        7,
        name if at_home else f"{name}.r100",
        name,
        100,
        "to-bergen" if at_home else "to-oslo",
        status,
        role,
        mode,
        role_reversed=role in (RcgRole.PRIMARY_REV, RcgRole.SECONDARY_REV),
        period_s=300 if mode is RcgMode.PERIODIC else None,
        volumes=volumes,
    )
    return replace(group, id=sum(map(ord, name)), **more)  # type: ignore[arg-type]


def rcg_views(name: str, natural: RcgRole, peer: RcgRole, **more: object) -> list[Entry]:
    return [
        entry(rcg("3par-oslo", name, natural, **more), "3par-oslo"),  # type: ignore[arg-type]
        entry(rcg("3par-bergen", name, peer, **more), "3par-bergen"),  # type: ignore[arg-type]
    ]


def vm(vcenter: str, name: str, power: PowerState, uuid: str | None = None, **more: object) -> VirtualMachine:
    base = VirtualMachine(
        vcenter, f"vm-{name}", name, uuid or f"uuid-{name}", power, "connected", cpus=4, memory_mb=8192, guest="RHEL 9"
    )
    return replace(base, **more)  # type: ignore[arg-type]


def vm_replica(
    source: str, generation: int, point_s: float, complete: bool = True, power: PowerState = PowerState.OFF
) -> VirtualMachine:
    copy = VmReplica(f"uuid-{source}", source, generation, ago(point_s), complete, 3600, 240 if complete else None)
    name = f"{source}_replica_{generation}"
    return vm("vc-2", name, power, replica=copy, cpus=2 if source == "crm01" else 4, committed_bytes=40 << 30)


def wwpns_of(number: int, count: int = 4) -> tuple[str, ...]:
    """WWPNs of one LPAR, two for each adapter, different for each number."""
    return tuple(f"c05076{number:06x}{index:04x}" for index in range(count))


def client(
    name: str, wwpns: tuple[str, ...], site: str = "oslo", in_profile: tuple[str, ...] | None = None, **more: object
) -> Lpar:
    """An LPAR of a site with these WWPNs, two for each adapter from slot 31 on, its profile giving the same ones."""
    system, serial = {"oslo": ("P10-OSLO-01", "7801234"), "bergen": ("P10-BERGEN-01", "7805678")}[site]
    given = _adapters(wwpns if in_profile is None else in_profile)
    base = lpar(name, system, serial, LparState.RUNNING)
    base = replace(base, fc=_adapters(wwpns), profiles=(replace(profile((), "FA1B2C3D4E04"), fc=given),))
    return replace(base, **more)  # type: ignore[arg-type]


def _adapters(wwpns: tuple[str, ...]) -> tuple[FcAdapter, ...]:
    pairs = [wwpns[start : start + 2] for start in range(0, len(wwpns), 2)]
    return tuple(
        FcAdapter(31 + place, AdapterType.CLIENT, 1 + place, f"vios{1 + place}", 131, pair)
        for place, pair in enumerate(pairs)
    )


def fa_host(name: str, wwpns: tuple[str, ...], array: str = "fa-oslo", group: str | None = None) -> Host:
    return Host(array, f"id-{array}", name, tuple(sorted(wwpns)), "aix", group, "healthy")


def volume(name: str, *hosts: tuple[str, int | None], array: str = "fa-oslo", gib: int = 100, **more: object) -> Volume:
    base = Volume(array, f"id-{array}", f"v-{name}", name, gib * 1024**3, f"SER{name.upper()}", hosts=hosts)
    return replace(base, **more)  # type: ignore[arg-type]


def drillable() -> Estate:
    """``calm`` with what an operator drills down through: erp-db and its host, volumes, group, snapshots, transfers."""
    estate = calm()
    wwpns, away, named = wwpns_of(1), wwpns_of(2), ("erp-db", "erp-app")
    estate.entries = [e for e in estate.entries if e.kind != "lpar" or e.obj.name not in named]
    add = estate.entries.append
    add(entry(client("erp-db", wwpns), "hmc-oslo"))
    add(entry(client("erp-db", away, "bergen"), "hmc-bergen"))
    add(entry(client("erp-app", wwpns_of(3)), "hmc-oslo"))
    vios = lpar("vios2", "P10-OSLO-01", "7801234", LparState.RUNNING, env="vioserver")
    maps = (NpivMapping("vfchost3", 12, "erp-db", "LOGGED_IN", "fcs1", "fcs0"),)
    add(entry(replace(vios, lpar_id=2, npiv=maps, fc=(), profiles=()), "hmc-oslo"))
    add(entry(fa_host("erp-db", (*wwpns[:3], "c0507600dead0001"), group="erp"), "fa-oslo"))
    add(entry(fa_host("erp-db", away, "fa-bergen"), "fa-bergen"))
    add(entry(fa_host("erp-app", wwpns_of(3)), "fa-oslo"))
    add(entry(volume("erp-log", ("erp-db", 2)), "fa-oslo"))
    add(entry(volume("erp-data", ("erp-db", 1), gib=400), "fa-oslo"))
    add(entry(volume("erp-shared", ("erp", 254)), "fa-oslo"))
    return estate


HMC_DOWN = {
    "health": DeviceHealth.FAILING,
    "since": ago(250),
    "last_ok": ago(270),
    "next_try": ago(-25),
    "failure": "no answer in time",
    "text": "no complete answer within 60 s",
}


@dataclass
class Estate:
    """What a view is made of; a test changes it and makes the view."""

    devices: list[DeviceStatus] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def view(self) -> EstateView:
        return EstateView.of(self.entries, self.devices, self.events)

    def scene(self, now: datetime = NOW) -> Scene:
        view = self.view()
        return Scene(view, Index(view), now, SITES)

    def set_device(self, name: str, **facts: object) -> None:
        self.devices = [replace(d, **facts) if d.name == name else d for d in self.devices]  # type: ignore[arg-type]


def devices() -> list[DeviceStatus]:
    return [
        device("hmc-oslo", DeviceKind.HMC, "oslo"),
        device("fa-oslo", DeviceKind.FLASHARRAY, "oslo"),
        device("3par-oslo", DeviceKind.THREEPAR, "oslo"),
        device("vc-oslo", DeviceKind.VSPHERE, "oslo"),
        device("hmc-bergen", DeviceKind.HMC, "bergen"),
        device("fa-bergen", DeviceKind.FLASHARRAY, "bergen"),
        device("3par-bergen", DeviceKind.THREEPAR, "bergen"),
        device("vc-bergen", DeviceKind.VSPHERE, "bergen", verified=False),
    ]


def calm() -> Estate:
    """Every device read, everything as it should be."""
    estate = Estate(devices())
    add = estate.entries.append
    add(entry(system("P10-OSLO-01", "7801234"), "hmc-oslo"))
    add(entry(system("P10-BERGEN-01", "7805678"), "hmc-bergen"))
    for name in ("erp-db", "erp-app", "web01"):
        add(entry(lpar(name, "P10-OSLO-01", "7801234", LparState.RUNNING), "hmc-oslo"))
        add(entry(lpar(name, "P10-BERGEN-01", "7805678", LparState.NOT_ACTIVATED), "hmc-bergen"))
    add(entry(FlashArray("id-fa-oslo", "fa-oslo", "Purity", "6.4.10"), "fa-oslo"))
    add(entry(FlashArray("id-fa-bergen", "fa-bergen", "Purity", "6.4.10"), "fa-bergen"))
    done = (snapshot("pg-erp", 41, 300, "fa-bergen"), snapshot("pg-erp", 40, 1200, "fa-bergen"))
    add(entry(pgroup("fa-oslo", "pg-erp", done), "fa-oslo"))
    there = tuple(replace(s, name=f"fa-oslo:{s.name}", target=None) for s in done)
    add(entry(replica_group("pg-erp", there), "fa-bergen"))
    add(entry(StorageSystem("3par-oslo", "SN-3par-oslo", "HPE 3PAR 8450", "3.3.2", 100), "3par-oslo"))
    add(entry(StorageSystem("3par-bergen", "SN-3par-bergen", "HPE 3PAR 8450", "3.3.2", 200), "3par-bergen"))
    estate.entries += rcg_views("oradb", RcgRole.PRIMARY, RcgRole.SECONDARY)
    estate.entries += rcg_views("sapdb", RcgRole.PRIMARY, RcgRole.SECONDARY, mode=RcgMode.SYNC)
    add(entry(EsxiHost("vc-1", "host-1", "esx01", "connected", "poweredOn"), "vc-oslo"))
    add(entry(vm("vc-1", "crm01", PowerState.ON), "vc-oslo"))
    add(entry(vm_replica("crm01", 8, 1500), "vc-bergen"))
    return estate


def with_own(estate: Estate) -> Estate:
    """The estate with the snapshots of pg-erp that its own array holds, as every array tells of them."""
    own = (snapshot("pg-erp", 41, 300, None), snapshot("pg-erp", 40, 1200, None))
    for place, held in enumerate(estate.entries):
        group = held.obj
        if isinstance(group, ProtectionGroup) and group.is_local and group.name == "pg-erp":
            estate.entries[place] = replace(held, told=replace(group, snapshots=(*own, *group.snapshots)))
    return estate


def troubled() -> Estate:
    """The same estate with one of everything that an operator must see."""
    estate = calm()
    estate.set_device("hmc-oslo", **HMC_DOWN)
    estate.set_device(
        "fa-oslo",
        health=DeviceHealth.PARTIAL,
        since=ago(400),
        problems=(Problem("GET /hosts item 3 wwns", "52:4A:93:71", "16 hex digits"),),
    )
    estate.entries = [replace(e, seen_at=ago(270)) if e.device == "hmc-oslo" else e for e in estate.entries]
    add = estate.entries.append
    other = profile(("c0507609a1b2ffff", "c0507609a1b2fffe"), None, 32_768)
    add(entry(lpar("batch01", "P10-OSLO-01", "7801234", LparState.ERROR, in_profile=other), "hmc-oslo", 270))
    add(entry(lpar("batch01", "P10-BERGEN-01", "7805678", LparState.OPEN_FIRMWARE), "hmc-bergen"))
    add(entry(lpar("test09", "P10-BERGEN-01", "7805678", LparState.SUSPENDED, unread=("fc",)), "hmc-bergen"))
    add(entry(lpar("old01", "P10-BERGEN-01", "7805678", LparState.RUNNING), "hmc-bergen", 7300, gone=True))
    maps = (
        NpivMapping("vfchost0", 12, "erp-db", "LOGGED_IN", "fcs0", "fcs1"),
        NpivMapping("vfchost1", 13, None, "NOT_LOGGED_IN", None),
    )
    vios = lpar("vios1", "P10-BERGEN-01", "7805678", LparState.RUNNING, env="vioserver", npiv=maps)
    add(entry(vios, "hmc-bergen"))
    moving = (snapshot("pg-web", 7, 60, "fa-bergen", 0.43), snapshot("pg-web", 6, 960, "fa-bergen"))
    add(entry(pgroup("fa-oslo", "pg-web", moving), "fa-oslo"))
    add(entry(pgroup("fa-oslo", "pg-late", (snapshot("pg-late", 3, 7300, "fa-bergen"),)), "fa-oslo"))
    add(entry(pgroup("fa-oslo", "pg-new", (snapshot("pg-new", 1, 900, "fa-bergen", 0.9),)), "fa-oslo"))
    add(entry(pgroup("fa-oslo", "pg-local", (), targets=(), replication=None), "fa-oslo"))
    off = replace(pgroup("fa-oslo", "pg-off", (snapshot("pg-off", 9, 600, "fa-bergen"),)), replication=None)
    add(entry(replace(off, replication=PgroupSchedule(False, 900)), "fa-oslo"))
    add(entry(pgroup("fa-oslo", "pg-refused", (), targets=(PgroupTarget("fa-bergen", False),)), "fa-oslo"))
    stopped = {"status": RcgStatus.STOPPED, "sync": SyncStatus.STOPPED, "last_s": 1900}
    estate.entries += rcg_views("paydb", RcgRole.PRIMARY, RcgRole.PRIMARY_REV, **stopped)
    estate.entries += rcg_views("hrdb", RcgRole.SECONDARY_REV, RcgRole.PRIMARY_REV, sync=SyncStatus.SYNCING)
    estate.entries += rcg_views("fixdb", RcgRole.PRIMARY_REV, RcgRole.SECONDARY, **stopped)
    estate.entries += rcg_views("lostdb", RcgRole.PRIMARY, RcgRole.SECONDARY)[:1]
    add(entry(vm("vc-1", "shop01", PowerState.ON), "vc-oslo"))
    add(entry(vm_replica("shop01", 4, 9000), "vc-bergen"))
    add(entry(vm_replica("shop01", 5, 5400, complete=False), "vc-bergen"))
    add(entry(vm("vc-1", "mail01", PowerState.ON), "vc-oslo"))
    add(entry(vm_replica("mail01", 2, 1200, power=PowerState.ON), "vc-bergen"))
    add(entry(vm_replica("lost01", 3, 600), "vc-bergen"))
    estate.events = [
        Event(1, ago(90_000), "lpar", "9105-22A*7801234/erp-db", "erp-db", "hmc-oslo", "state", "Starting", "Running"),
        Event(2, ago(7290), "lpar", "9105-22A*7805678/old01", "old01", "hmc-bergen", "seen", "present", "gone"),
        Event(3, ago(1900), "rcg", rcg("3par-bergen", "paydb", RcgRole.SECONDARY).key, "paydb.r100", "3par-bergen",
              "role", "Secondary", "Primary-Rev"),
        Event(4, ago(400), "device", "fa-oslo", "fa-oslo", "fa-oslo", "health", "ok", "partly read"),
        Event(5, ago(250), "device", "hmc-oslo", "hmc-oslo", "hmc-oslo", "health", "ok", "could not be read"),
        Event(6, ago(40), "vm", "vc-2:vm-mail01_replica_2", "mail01_replica_2", "vc-bergen", "power", "off", "on"),
    ]  # fmt: skip
    return estate


def large(lpars: int = 5000) -> Estate:
    """Many LPARs on one HMC, all fresh."""
    estate = Estate(devices())
    for number in range(lpars):
        state = LparState.RUNNING if number % 9 else LparState.NOT_ACTIVATED
        obj = lpar(f"lpar{number:05d}", "P10-OSLO-01", "7801234", state)
        estate.entries.append(entry(obj, "hmc-oslo"))
    return estate
