"""What an LPAR's definition at the recovery site is to be: its profile at home, through the map of its system. Pure.

Sources: ``lssyscfg -r prof`` of both HMCs; procedures 3.1 and 3.4. The MAC to keep is the one that runs.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from app.pra_records import SystemMap, WwpnPolicy
from backends.hmc import profiles
from backends.hmc.verbs import Attributes
from store.estate import AdapterType, EthAdapter, FcAdapter, Lpar, LparProfile, NicPort

BLOCK_MB = 256
"""Memory comes in whole blocks of this size, the smallest that a system can have."""

LEAST_UNITS = 5
"""Hundredths of a processing unit that each virtual processor needs at least."""


class UndefinableError(Exception):
    """An LPAR cannot be defined at the other site as it stands at home. The text says why."""


class Difference(Struct, frozen=True):
    """A field of a definition, as the HMC calls it: what it is to be and what it is."""

    field: str
    wanted: str
    found: str


def next_profile(lpar: Lpar) -> LparProfile | None:
    """The profile that the next activation uses: the default one; without a default, the current one."""
    wanted = lpar.default_profile or lpar.curr_profile
    return next((profile for profile in lpar.profiles if profile.name == wanted), None)


def golden(lpar: Lpar, where: SystemMap, policy: WwpnPolicy) -> LparProfile:
    """The profile for the recovery site. Client FC adapters point to the mapped VIOS, by name, with no slot there yet;
    they have WWPNs only where the policy is to keep them. Raises :class:`UndefinableError`."""
    home = next_profile(lpar)
    if home is None:
        raise UndefinableError(f"{lpar.name} has no profile that its next activation would use")
    counts = (home.min_procs, home.desired_procs, home.max_procs)
    shares = (home.min_proc_units, home.desired_proc_units, home.max_proc_units)
    procs = [_procs(count, where.processors) for count in counts]
    units = _in_order([_units(share, count, where.processors) for share, count in zip(shares, counts, strict=True)])
    return replace(
        home,
        min_mem_mb=_memory(home.min_mem_mb, where.memory),
        desired_mem_mb=_memory(home.desired_mem_mb, where.memory),
        max_mem_mb=_memory(home.max_mem_mb, where.memory),
        min_procs=procs[0],
        desired_procs=procs[1] or 1,
        max_procs=procs[2],
        min_proc_units=units[0],
        desired_proc_units=units[1],
        max_proc_units=units[2],
        boot_mode="norm",
        auto_start=False,
        eth=tuple(_eth(lpar, adapter, where) for adapter in home.eth),
        fc=tuple(_fc(adapter, where, policy) for adapter in home.fc if adapter.adapter_type is AdapterType.CLIENT),
        scsi=(),
        ports=(),
    )


def ports_to_keep(lpar: Lpar) -> tuple[tuple[NicPort, str | None], ...]:
    """The vNICs and SR-IOV logical ports that an LPAR has at home, each with the MAC that the network knows it by: the
    one that runs, else the profile's; None where the HMC chooses it and it never ran. What stands behind such a port is
    another site's own, so that no map makes one of the other."""
    home = next_profile(lpar)
    running = {port.label: port for port in lpar.ports}
    every = {**{port.label: port for port in (home.ports if home is not None else ())}, **running}
    written = {port.label: port.mac for port in (home.ports if home is not None else ())}
    return tuple((port, port.mac or written.get(label)) for label, port in sorted(every.items()))


def _memory(mb: int, factor: float) -> int:
    return max(BLOCK_MB, math.ceil(round(mb * factor / BLOCK_MB, 6)) * BLOCK_MB)


def _procs(count: int | None, factor: float) -> int | None:
    return None if count is None else max(1, math.ceil(round(count * factor, 6)))


def _units(units: float | None, procs: int | None, factor: float) -> float | None:
    """In hundredths, and no less than so many virtual processors must have, as they have it at home."""
    if units is None:
        return None
    bound = units * 100 >= LEAST_UNITS * (procs or 1)
    least = LEAST_UNITS * ((_procs(procs, factor) or 1) if bound else 1)
    return max(least, math.ceil(round(units * factor * 100, 6))) / 100


def _in_order(units: list[float | None]) -> list[float | None]:
    """No share below the one before it: what the virtual processors need may raise one and leave the next."""
    given = itertools.accumulate((share or 0.0 for share in units), max)
    return [None if share is None else least for share, least in zip(units, given, strict=True)]


def _eth(lpar: Lpar, adapter: EthAdapter, where: SystemMap) -> EthAdapter:
    running = next((each.mac for each in lpar.eth if each.slot == adapter.slot), None)
    mac = running or adapter.mac
    if mac is None:
        text = f"the MAC of the adapter in slot {adapter.slot} of {lpar.name} is not known: it was never activated"
        raise UndefinableError(text)
    if not adapter.vswitch:
        text = f"the firmware of {lpar.system} keeps no MAC in a profile (slot {adapter.slot} of {lpar.name})"
        raise UndefinableError(text)
    return replace(
        adapter,
        mac=mac,
        vswitch=where.vswitch.get(adapter.vswitch, adapter.vswitch),
        port_vlan_id=where.vlan.get(adapter.port_vlan_id, adapter.port_vlan_id),
        addl_vlan_ids=tuple(where.vlan.get(vlan, vlan) for vlan in adapter.addl_vlan_ids),
    )


def _fc(adapter: FcAdapter, where: SystemMap, policy: WwpnPolicy) -> FcAdapter:
    name = adapter.remote_lpar_name or ""
    return replace(
        adapter,
        remote_lpar_id=None,
        remote_lpar_name=where.vios.get(name, name),
        remote_slot=None,
        wwpns=adapter.wwpns if policy is WwpnPolicy.SAME else (),
    )


# -------------------------------------------------------------------------------------------------------- differences

_PLAIN: tuple[tuple[str, Callable[[LparProfile], object]], ...] = (
    ("min_mem", lambda p: p.min_mem_mb),
    ("desired_mem", lambda p: p.desired_mem_mb),
    ("max_mem", lambda p: p.max_mem_mb),
    ("proc_mode", lambda p: p.proc_mode),
    ("min_procs", lambda p: p.min_procs),
    ("desired_procs", lambda p: p.desired_procs),
    ("max_procs", lambda p: p.max_procs),
    ("min_proc_units", lambda p: p.min_proc_units),
    ("desired_proc_units", lambda p: p.desired_proc_units),
    ("max_proc_units", lambda p: p.max_proc_units),
    ("sharing_mode", lambda p: p.sharing_mode),
    ("uncap_weight", lambda p: p.uncap_weight),
    ("max_virtual_slots", lambda p: p.max_virtual_slots),
    ("boot_mode", lambda p: p.boot_mode),
    ("auto_start", lambda p: int(p.auto_start)),
)


def differences(wanted: LparProfile, found: LparProfile) -> tuple[Difference, ...]:
    """Where a definition is not what it is to be, field by field. Its virtual FC adapters are compared by slot, VIOS
    and, where these are kept, WWPNs: the slot on the VIOS is the definition's own affair."""
    plain = [(name, get(wanted), get(found)) for name, get in _PLAIN]
    plain.append(("virtual_eth_adapters", _eths(wanted), _eths(found)))
    plain.append(("virtual_fc_adapters", _fcs(wanted, wanted), _fcs(found, wanted)))
    return tuple(
        Difference(name, _shown(left), _shown(right))
        for name, left, right in plain
        if left is not None and left != right
    )


def _shown(value: object) -> str:
    return "none" if value in (None, ()) else ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _eths(profile: LparProfile) -> tuple[str, ...]:
    return tuple(sorted(profiles.eth_text(adapter) for adapter in profile.eth))


def _fcs(profile: LparProfile, wanted: LparProfile) -> tuple[str, ...]:
    """The client adapters of ``profile``, with their WWPNs where ``wanted`` keeps them."""
    kept = {adapter.slot for adapter in wanted.fc if adapter.wwpns}
    clients = [adapter for adapter in profile.fc if adapter.adapter_type is AdapterType.CLIENT]
    return tuple(
        sorted(
            f"{a.slot}/{a.remote_lpar_name or 'any'}" + (f"/{','.join(a.wwpns)}" if a.slot in kept else "")
            for a in clients
        )
    )


# --------------------------------------------------------------------------------------------------------- attributes


def attributes(profile: LparProfile, only: Iterable[str] | None = None) -> Attributes:
    """A profile as ``mksyscfg`` and ``chsyscfg`` take it; ``only`` those fields. What is not known is left out."""
    chosen = None if only is None else set(only)
    found: list[tuple[str, str | tuple[str, ...]]] = []
    for name, get in _PLAIN:
        value = get(profile)
        if value is not None and (chosen is None or name in chosen):
            found.append((name, str(value)))
    lists = (
        ("virtual_eth_adapters", tuple(profiles.eth_text(adapter) for adapter in profile.eth)),
        ("virtual_fc_adapters", tuple(profiles.fc_text(adapter) for adapter in profile.fc)),
    )
    found += [(name, texts or "none") for name, texts in lists if chosen is None or name in chosen]
    return tuple(found)
