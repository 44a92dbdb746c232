"""A recovery site filled by hand, with plans that come back there: what the tests of capacity and cost look at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from app.cost_records import Rates, SiteCost
from app.plans.records import Application, Member, MemberKind, RecoveryPlan
from app.pra_records import Pra, SystemMap
from app.replication_records import Replication
from app.settings import Settings, nothing
from app.settings_records import DeviceSettings
from store.estate import (
    AdapterType,
    Datastore,
    DeviceKind,
    EstateObject,
    EsxiHost,
    FcAdapter,
    FlashArray,
    Host,
    Lpar,
    LparProfile,
    LparState,
    ManagedSystem,
    NpivMapping,
    PowerState,
    Site,
    SiteRole,
    SystemState,
    VirtualMachine,
    VmReplica,
    Volume,
)
from store.records import DeviceStatus
from store.view import EstateView
from tests.screens.estate import device, entry

NOW = datetime(2026, 3, 1, 3, 0, 0, tzinfo=UTC)
MIB, GIB = 1 << 20, 1 << 30
SITES = (Site("oslo", SiteRole.PROD), Site("bergen", SiteRole.DR))
SYSTEM = "9105-22A*B1"
RATES = Rates(
    currency="EUR",
    processing_unit_month=Decimal("100"),
    vcpu_month=Decimal("10"),
    memory_gib_month=Decimal("2.5"),
    storage_gib_month=Decimal("0.05"),
    person_hour=Decimal("90"),
    drill_people=2,
    sites=(SiteCost("bergen", Decimal("1000"), Decimal("2000")),),
)


def settings(folder: Path, **more: object) -> Settings:
    made = nothing(folder / "config.toml")
    devices = (
        DeviceSettings("hmc-oslo", DeviceKind.HMC, "oslo", "h", 22),
        DeviceSettings("hmc-bergen", DeviceKind.HMC, "bergen", "h", 22),
        DeviceSettings("fa-bergen", DeviceKind.FLASHARRAY, "bergen", "h", 443),
        DeviceSettings("vc-oslo", DeviceKind.VSPHERE, "oslo", "h", 443),
        DeviceSettings("vc-bergen", DeviceKind.VSPHERE, "bergen", "h", 443),
    )
    pra = Pra("oslo", "bergen", systems=(SystemMap("P-OSL", "P-BER", memory=0.5),))
    one = Replication("web01", "web01", "vc-oslo", "vc-bergen", "ds-bergen")
    return replace(made, sites=SITES, devices=devices, pra=pra, replications=(one,), **more)  # type: ignore[arg-type]


def profile(memory_gib: int = 64, units: float = 2.0, fc: int = 2) -> LparProfile:
    adapters = [FcAdapter(31 + n, AdapterType.CLIENT, 1, "vios1", 131 + n, ("c0" * 8,) * 2) for n in range(fc)]
    memory = memory_gib * 1024
    shape = ("normal", memory // 2, memory, memory * 2, "shared", 4, units)
    return LparProfile(*shape, 200, "norm", False, fc=tuple(adapters), min_procs=1, max_procs=8)


def lpar(name: str, *, home: bool = False, state: LparState = LparState.NOT_ACTIVATED, gib: int = 64) -> Lpar:
    system, key = ("P-OSL", "9105-22A*O1") if home else ("P-BER", SYSTEM)
    profiles = (profile(gib),)
    return Lpar(system, key, name, 5, None, "aixlinux", state, None, "normal", None, None, None, profiles=profiles)


def vios(*mapped: int) -> Lpar:
    """A VIOS at the recovery site; to these slots of it a port is mapped."""
    npiv = tuple(NpivMapping(f"vfchost{n}", 5, "erp", "LOGGED_IN", "fcs0", slot=n) for n in mapped)
    return Lpar("P-BER", SYSTEM, "vios1", 1, None, "vioserver", LparState.RUNNING, None, None, None, "active", None,
                npiv=npiv)  # fmt: skip


def system(free_gib: int = 100, free_units: float = 8.0) -> ManagedSystem:
    return ManagedSystem(
        "P-BER", "9105-22A", "B1", SystemState.OPERATING, installed_mem_mb=256 * 1024, available_mem_mb=free_gib * 1024,
        installed_proc_units=16.0, available_proc_units=free_units,
    )  # fmt: skip


def array(used_gib: int = 400) -> tuple[EstateObject, ...]:
    """An array at the recovery site, with a host and a volume of 100 GiB for erp and for crm."""
    made: list[EstateObject] = [FlashArray("fa-b", "fa-bergen", "Purity", "6.6", 1000 * GIB, used_gib * GIB)]
    for name in ("erp", "crm"):
        made.append(Host("fa-bergen", "fa-b", name))
        made.append(Volume("fa-bergen", "fa-b", f"v-{name}", f"{name}_vol", 100 * GIB, hosts=((name, 1),)))
    return tuple(made)


def machines(*, copied: bool = True, power: PowerState = PowerState.OFF) -> tuple[EstateObject, ...]:
    """A VM at home, its copy, and a host with a datastore at the recovery site."""
    replica = VmReplica("uuid-web01", "web01", 1, NOW - timedelta(minutes=5), True, 900)
    found: list[EstateObject] = [
        EsxiHost("vc-b", "host-1", "esx1", "connected", "poweredOn", memory_mb=64 * 1024, cpu_cores=16),
        Datastore("vc-b", "ds-1", "ds-bergen", "VMFS", 500 * GIB, 300 * GIB),
    ]
    if copied:
        found.append(
            VirtualMachine("vc-b", "vm-9", "web01_replica", "uuid-copy", power, "connected", host="esx1", cpus=4,
                           memory_mb=8 * 1024, committed_bytes=40 * GIB, replica=replica)
        )  # fmt: skip
    return tuple(found)


WEB01 = VirtualMachine("vc-o", "vm-1", "web01", "uuid-web01", PowerState.ON, "connected", cpus=4, memory_mb=8 * 1024,
                       committed_bytes=40 * GIB)  # fmt: skip

KINDS = {"hmc": DeviceKind.HMC, "fa": DeviceKind.FLASHARRAY, "vc": DeviceKind.VSPHERE}


def statuses(*names: str) -> list[DeviceStatus]:
    return [device(name, KINDS[name.split("-")[0]], name.split("-")[1]) for name in names]


def view(*bergen: EstateObject, oslo: tuple[EstateObject, ...] = ()) -> EstateView:
    """Each object as its device of the site tells it."""
    entries = [entry(obj, f"{_teller(obj)}-bergen") for obj in bergen]
    entries += [entry(obj, f"{_teller(obj)}-oslo") for obj in oslo]
    return EstateView.of(entries, statuses("hmc-oslo", "hmc-bergen", "fa-bergen", "vc-oslo", "vc-bergen"))


def _teller(obj: EstateObject) -> str:
    if isinstance(obj, ManagedSystem | Lpar):
        return "hmc"
    return "fa" if isinstance(obj, FlashArray | Host | Volume) else "vc"


def plan(name: str, *members: tuple[MemberKind, str], application: str = "") -> RecoveryPlan:
    made = tuple(Member(kind, each, 1) for kind, each in members)
    return RecoveryPlan(name, Path(f"{name}.toml"), "0", "oslo", "bergen", (), (Application(application or name, "g", 1,
                        made),))  # fmt: skip
