"""Partition profiles and LPARs as records, and what Hypothesis makes of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from app.pra_records import SystemMap
from store.estate import AdapterType, EthAdapter, FcAdapter, Lpar, LparProfile, LparState

PROFILE = LparProfile(
    name="normal",
    min_mem_mb=2048,
    desired_mem_mb=8192,
    max_mem_mb=16384,
    proc_mode="shared",
    desired_procs=2,
    desired_proc_units=0.5,
    max_virtual_slots=200,
    boot_mode="norm",
    auto_start=True,
    min_procs=1,
    max_procs=4,
    min_proc_units=0.1,
    max_proc_units=2.0,
    sharing_mode="uncap",
    uncap_weight=128,
)
WHERE = SystemMap("P10-A", "P10-B", vios={"a-vios1": "b-vios1", "a-vios2": "b-vios2"})


def pair(number: int) -> tuple[str, str]:
    """A pair of WWPNs; each number another one."""
    return f"c0507601{2 * number:08x}", f"c0507601{2 * number + 1:08x}"


def mac(number: int) -> str:
    return f"FA0000{number:06X}"


def client(slot: int, vios: str, wwpns: tuple[str, ...] = (), *, remote_slot: int | None = 100) -> FcAdapter:
    """A client virtual Fibre Channel adapter."""
    return FcAdapter(slot, AdapterType.CLIENT, 1, vios, remote_slot, wwpns, required=True)


def server(slot: int, lpar_id: int | None, name: str, remote_slot: int | None) -> FcAdapter:
    return FcAdapter(slot, AdapterType.SERVER, lpar_id, name, remote_slot)


def nic(slot: int, address: str | None, vlan: int = 110, **more: Any) -> EthAdapter:
    return EthAdapter(slot, address, vlan, more.pop("vswitch", "ETHERNET0"), **more)


def lpar(name: str, *profiles: LparProfile, **more: Any) -> Lpar:
    """An LPAR of P10-A, running unless it is said otherwise, whose first profile is its default one."""
    known: dict[str, Any] = {
        "system": "P10-A",
        "system_key": "9080-HEX*78A0001",
        "lpar_id": 10,
        "env": "aixlinux",
        "state": LparState.RUNNING,
        "os_version": "AIX 7.3",
        "default_profile": profiles[0].name if profiles else None,
        "curr_profile": profiles[0].name if profiles else None,
        "rmc_state": "active",
    }
    return Lpar(name=name, uuid=None, rmc_ipaddr=None, profiles=profiles, **(known | more))


# ------------------------------------------------------------------------------------------------------- strategies

VLANS = st.integers(1, 4094)
FACTORS = st.floats(0.05, 10, allow_nan=False)


@st.composite
def profiles(draw: st.DrawFn) -> LparProfile:
    """A profile that an HMC could hold: what is least is no more than what is desired, and that no more than most."""
    mem = sorted(draw(st.lists(st.integers(1, 4096), min_size=3, max_size=3)))
    procs = sorted(draw(st.lists(st.integers(1, 64), min_size=3, max_size=3)))
    units = sorted(draw(st.lists(st.integers(5, 6400), min_size=3, max_size=3)))
    shared = draw(st.booleans())
    slots = draw(st.lists(st.integers(2, 60), unique=True, max_size=6))
    nics = slots[: len(slots) // 2]
    found = replace(
        PROFILE,
        name=draw(st.sampled_from(["normal", "default_profile"])),
        min_mem_mb=mem[0] * 256,
        desired_mem_mb=mem[1] * 256,
        max_mem_mb=mem[2] * 256,
        min_procs=procs[0],
        desired_procs=procs[1],
        max_procs=procs[2],
        boot_mode=draw(st.sampled_from(["norm", "sms", "of"])),
        auto_start=draw(st.booleans()),
        uncap_weight=draw(st.integers(0, 255)),
        eth=tuple(draw(adapters(slot)) for slot in nics),
        fc=tuple(
            client(slot, draw(st.sampled_from(["a-vios1", "a-vios2", "a-vios3"])), pair(slot), remote_slot=100 + slot)
            for slot in slots[len(nics) :]
        ),
    )
    if not shared:
        none: dict[str, Any] = dict.fromkeys(("min_proc_units", "desired_proc_units", "max_proc_units", "uncap_weight"))
        return replace(found, proc_mode="ded", sharing_mode="keep_idle_procs", **none)
    return replace(
        found,
        sharing_mode=draw(st.sampled_from(["cap", "uncap"])),
        min_proc_units=units[0] / 100,
        desired_proc_units=units[1] / 100,
        max_proc_units=units[2] / 100,
    )


@st.composite
def adapters(draw: st.DrawFn, slot: int) -> EthAdapter:
    """A virtual Ethernet adapter as a profile writes it."""
    tagged = tuple(sorted(draw(st.sets(VLANS, max_size=3))))
    return nic(
        slot,
        draw(st.sampled_from([None, mac(slot)])),
        draw(VLANS),
        vswitch=draw(st.sampled_from(["ETHERNET0", "BACKUP"])),
        ieee=bool(tagged),
        addl_vlan_ids=tagged,
        required=draw(st.booleans()),
        allowed_macs=draw(st.sampled_from(["all", "none", mac(slot)])),
        qos=draw(st.sampled_from(["none", "3"])),
    )


@st.composite
def lpars(draw: st.DrawFn) -> Lpar:
    """An LPAR that runs with MACs of its own choosing in the slots of its profile."""
    given = draw(profiles())
    eth = tuple(replace(each, mac=mac(0x1000 + each.slot)) for each in given.eth)
    return lpar("erp_db1", given, eth=eth, fc=given.fc)


@st.composite
def maps(draw: st.DrawFn) -> SystemMap:
    return replace(
        WHERE,
        memory=draw(FACTORS),
        processors=draw(FACTORS),
        vswitch=draw(st.dictionaries(st.just("ETHERNET0"), st.just("VSW-DR"))),
        vlan=draw(st.dictionaries(VLANS, VLANS, max_size=3)),
    )
