"""From the HMC's tables to the estate: managed systems, and LPARs with everything that was said about each.

Every command prints one row per adapter, profile or LPAR; rows are gathered by LPAR, never overwritten. A row that
cannot be read becomes a problem. When it is the row of an LPAR itself, that LPAR is *unread*, not gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from backends import parse
from backends.hmc import ports, profiles
from backends.hmc.records import Row, Table
from backends.outcome import ParseError
from store.estate import (
    AdapterType,
    EthAdapter,
    FcAdapter,
    Lpar,
    LparProfile,
    LparState,
    ManagedSystem,
    NpivMapping,
    Problem,
    ScsiAdapter,
    SystemState,
    Unread,
)
from store.turns import paced

SYSTEM_FIELDS = ("name", "type_model", "serial_num", "state", "max_lpars", "virtual_fc_capable")
LPAR_FIELDS = (
    *("name", "lpar_id", "lpar_env", "state", "os_version", "default_profile", "curr_profile"),
    *("rmc_state", "rmc_ipaddr", "auto_start", "uuid"),
)
PROFILE_FIELDS = (
    *("name", "lpar_name", "lpar_id", "min_mem", "desired_mem", "max_mem", "proc_mode", "desired_procs"),
    *("desired_proc_units", "min_procs", "max_procs", "min_proc_units", "max_proc_units", "sharing_mode"),
    *("uncap_weight", "max_virtual_slots", "boot_mode", "auto_start"),
    *("virtual_fc_adapters", "virtual_eth_adapters", "virtual_scsi_adapters"),
    *("vnic_adapters", "sriov_eth_logical_ports"),
)
PROFILE_OPTIONAL = ("vnic_adapters", "sriov_eth_logical_ports")
"""What an old HMC does not know."""
_REMOTE = ("remote_lpar_id", "remote_lpar_name", "remote_slot_num")
FC_FIELDS = ("lpar_name", "lpar_id", "slot_num", "adapter_type", "is_required", *_REMOTE, "wwpns")
SCSI_FIELDS = ("lpar_name", "lpar_id", "slot_num", "adapter_type", "is_required", *_REMOTE)
ETH_FIELDS = (
    *("lpar_name", "lpar_id", "slot_num", "is_required", "is_trunk", "trunk_priority", "ieee_virtual_eth"),
    *("port_vlan_id", "vswitch", "addl_vlan_ids", "mac_addr"),
)
SYSTEM_MEM_FIELDS = ("installed_sys_mem", "curr_avail_sys_mem")
SYSTEM_PROC_FIELDS = ("installed_sys_proc_units", "curr_avail_sys_proc_units")
LPAR_MEM_FIELDS = ("lpar_name", "lpar_id", "curr_mem")
LPAR_PROC_FIELDS = ("lpar_name", "lpar_id", "curr_proc_units", "curr_procs")
REFCODE_FIELDS = ("lpar_name", "lpar_id", "time_stamp", "refcode")

NO_VIRTUAL_FC = "HSCLA4C0"
"""What an HMC answers where a system has no virtual Fibre Channel: it has no such adapters, and that is no failure."""

_T = TypeVar("_T")


class Answers(Struct):
    """The tables of one managed system. ``npiv`` by the name of the VIOS."""

    lpars: Table = field(default_factory=Table)
    profiles: Table = field(default_factory=Table)
    fc: Table = field(default_factory=Table)
    eth: Table = field(default_factory=Table)
    scsi: Table = field(default_factory=Table)
    vnics: Table = field(default_factory=Table)
    logical_ports: Table = field(default_factory=Table)
    system_mem: Table = field(default_factory=Table)
    system_proc: Table = field(default_factory=Table)
    lpar_mem: Table = field(default_factory=Table)
    lpar_proc: Table = field(default_factory=Table)
    refcodes: Table = field(default_factory=Table)
    npiv: dict[str, tuple[NpivMapping, ...]] = field(default_factory=dict)


class Gathered(Struct):
    """What has been read of the HMC so far."""

    systems: list[ManagedSystem] = field(default_factory=list)
    lpars: list[Lpar] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    def by_lpar(self, table: Table, where: str, read: Callable[[Row], _T]) -> PerLpar[_T]:
        """``read`` of every row, by LPAR id; what cannot be read becomes a problem, and its LPAR is marked."""
        self.problems.extend(table.problems)
        found: PerLpar[_T] = PerLpar(everyone=bool(table.problems))
        for row in paced(table.rows):
            number: int | None = None
            try:
                number = row.number("lpar_id")
                found.rows[number].append(read(row))
            except ParseError as error:
                self.problems.append(Problem(where, row.line, error.expected))
                if number is None:
                    found.everyone = True
                else:
                    found.marked.add(number)
        return found


class PerLpar(Struct, Generic[_T]):
    """What one table said about each LPAR, by id. ``marked``: LPARs with a row that could not be read; ``everyone``:
    a row could not be read that may be anybody's."""

    rows: dict[int, list[_T]] = field(default_factory=lambda: defaultdict(list))
    marked: set[int] = field(default_factory=set)
    everyone: bool = False

    def of(self, lpar_id: int) -> tuple[_T, ...]:
        return tuple(self.rows.get(lpar_id, ()))

    def first(self, lpar_id: int) -> _T | None:
        """Where there is one row an LPAR."""
        return next(iter(self.rows.get(lpar_id, ())), None)

    def incomplete(self, lpar_id: int) -> bool:
        return self.everyone or lpar_id in self.marked


def managed_system(row: Row) -> ManagedSystem:
    """A row of ``lssyscfg -r sys``. Raises :class:`ParseError`."""
    return ManagedSystem(
        name=row.text("name"),
        type_model=row.text("type_model"),
        serial=row.text("serial_num"),
        state=_word(SystemState, row, "state", "a state of a managed system"),
        max_lpars=row.optional_number("max_lpars"),
        virtual_fc_capable=row.optional_flag("virtual_fc_capable"),
    )


def lpar(system: ManagedSystem, row: Row) -> Lpar:
    """A row of ``lssyscfg -r lpar``, without adapters and profiles. Raises :class:`ParseError`."""
    return Lpar(
        system=system.name,
        system_key=system.key,
        name=row.text("name"),
        lpar_id=row.number("lpar_id"),
        uuid=row.optional("uuid"),
        env=row.text("lpar_env"),
        state=_word(LparState, row, "state", "a state of an LPAR"),
        os_version=row.optional("os_version"),
        default_profile=row.optional("default_profile"),
        curr_profile=row.optional("curr_profile"),
        rmc_state=row.optional("rmc_state"),
        rmc_ipaddr=row.optional("rmc_ipaddr"),
        auto_start=row.optional_flag("auto_start"),
    )


def profile(row: Row) -> LparProfile:
    """A row of ``lssyscfg -r prof``. Raises :class:`ParseError`."""
    return LparProfile(
        name=row.text("name"),
        min_mem_mb=row.number("min_mem"),
        desired_mem_mb=row.number("desired_mem"),
        max_mem_mb=row.number("max_mem"),
        proc_mode=row.text("proc_mode"),
        desired_procs=row.number("desired_procs"),
        desired_proc_units=row.optional_decimal("desired_proc_units"),
        max_virtual_slots=row.number("max_virtual_slots"),
        boot_mode=row.text("boot_mode"),
        auto_start=row.flag("auto_start"),
        fc=_adapters(row, "virtual_fc_adapters", profiles.fc_adapter),
        eth=_adapters(row, "virtual_eth_adapters", profiles.eth_adapter),
        scsi=_adapters(row, "virtual_scsi_adapters", profiles.scsi_adapter),
        min_procs=row.optional_number("min_procs"),
        max_procs=row.optional_number("max_procs"),
        min_proc_units=row.optional_decimal("min_proc_units"),
        max_proc_units=row.optional_decimal("max_proc_units"),
        sharing_mode=row.optional("sharing_mode"),
        uncap_weight=row.optional_number("uncap_weight"),
        ports=(
            *_adapters(row, "vnic_adapters", ports.profile_vnic),
            *_adapters(row, "sriov_eth_logical_ports", ports.profile_logical_port),
        ),
    )


def fc(row: Row) -> FcAdapter:
    """A row of ``lshwres … --rsubtype fc``. A server row has no WWPNs. Raises :class:`ParseError`."""
    kind = _word(AdapterType, row, "adapter_type", "client or server")
    wwpns = row.list_of("wwpns") if kind is AdapterType.CLIENT else ()
    return FcAdapter(
        slot=row.number("slot_num"),
        adapter_type=kind,
        remote_lpar_id=_remote(row, "remote_lpar_id"),
        remote_lpar_name=row.optional("remote_lpar_name"),
        remote_slot=_remote(row, "remote_slot_num"),
        wwpns=profiles.wwpn_pair(kind, wwpns, row.line),
        required=row.flag("is_required"),
    )


def scsi(row: Row) -> ScsiAdapter:
    """A row of ``lshwres … --rsubtype scsi``. Raises :class:`ParseError`."""
    return ScsiAdapter(
        slot=row.number("slot_num"),
        adapter_type=_word(AdapterType, row, "adapter_type", "client or server"),
        remote_lpar_id=_remote(row, "remote_lpar_id"),
        remote_lpar_name=row.optional("remote_lpar_name"),
        remote_slot=_remote(row, "remote_slot_num"),
        required=row.flag("is_required"),
    )


def eth(row: Row) -> EthAdapter:
    """A row of ``lshwres … --rsubtype eth``. Raises :class:`ParseError`."""
    trunk = row.optional_number("trunk_priority") if row.flag("is_trunk") else None
    if trunk is None and row.flag("is_trunk"):
        raise ParseError("a trunk priority of a trunk adapter", row.line)
    try:
        mac = parse.mac(row.text("mac_addr"))
    except ParseError as error:
        raise ParseError(error.expected, row.line) from None
    return EthAdapter(
        slot=row.number("slot_num"),
        mac=mac,
        port_vlan_id=profiles.vlan(row.raw("port_vlan_id"), row.line),
        vswitch=row.text("vswitch"),
        ieee=row.flag("ieee_virtual_eth"),
        addl_vlan_ids=tuple(profiles.vlan(v, row.line) for v in row.list_of("addl_vlan_ids")),
        trunk_priority=trunk,
        required=row.flag("is_required"),
    )


def _adapters(row: Row, name: str, read: Callable[[str], _T]) -> tuple[_T, ...]:
    if name in PROFILE_OPTIONAL and name not in row.fields:
        return ()
    try:
        return tuple(read(text) for text in row.list_of(name))
    except ParseError as error:
        raise ParseError(f"{error.expected} in {name}", row.line) from None


def _remote(row: Row, name: str) -> int | None:
    return None if row.raw(name) == "any" else row.optional_number(name)


def _word(words: Callable[[str], _T], row: Row, name: str, expected: str) -> _T:
    try:
        return words(row.raw(name))
    except ValueError as error:
        if isinstance(error, ParseError):
            raise
        raise ParseError(expected, row.line) from None


# --------------------------------------------------------------------------------------------------------- assembling


def read_systems(table: Table, where: str, into: Gathered) -> list[ManagedSystem]:
    """The managed systems. One whose row cannot be read is unread, and so are its LPARs."""
    found: dict[str, ManagedSystem] = {}
    into.problems.extend(table.problems)
    if table.problems:
        why = f"a row of {where} could not be read"
        into.unread += [Unread("system", "", why), Unread("lpar", "", why)]
    for row in table.rows:
        try:
            system = managed_system(row)
            if system.key in found:
                raise ParseError("each managed system once", row.line)
            found[system.key] = system
        except ParseError as error:
            into.problems.append(Problem(where, row.line, error.expected))
            key = f"{row.fields['type_model']}*{row.fields['serial_num']}"
            why = f"{where}: expected {error.expected}"
            into.unread += [Unread("system", key, why), Unread("lpar", f"{key}/", why)]
    return list(found.values())


def read_lpars(system: ManagedSystem, table: Table, where: str, into: Gathered) -> list[Lpar]:
    """The LPARs of one system, still bare. One whose row cannot be read is unread."""
    found: list[Lpar] = []
    names: set[str] = set()
    ids: set[int] = set()
    into.problems.extend(table.problems)
    if table.problems:
        into.unread.append(Unread("lpar", f"{system.key}/", f"a row of {where} could not be read"))
    for row in table.rows:
        try:
            one = lpar(system, row)
            if one.name in names or one.lpar_id in ids:
                raise ParseError("each LPAR name and id once", row.line)
        except ParseError as error:
            into.problems.append(Problem(where, row.line, error.expected))
            key = f"{system.key}/{row.fields['name']}"
            into.unread.append(Unread("lpar", key, f"{where}: expected {error.expected}"))
            continue
        names.add(one.name)
        ids.add(one.lpar_id)
        found.append(one)
    return found


def assemble(system: ManagedSystem, bare: Iterable[Lpar], answers: Answers, into: Gathered) -> None:
    """Join what was said about each LPAR of one system, by LPAR id, and the system's own memory and processors."""
    at = f"of {system.name}"
    fcs = into.by_lpar(answers.fc, f"virtual FC adapters {at}", fc)
    eths = into.by_lpar(answers.eth, f"virtual Ethernet adapters {at}", eth)
    scsis = into.by_lpar(answers.scsi, f"virtual SCSI adapters {at}", scsi)
    vnics = into.by_lpar(answers.vnics, f"vNICs {at}", ports.vnic)
    logical = into.by_lpar(answers.logical_ports, f"SR-IOV logical ports {at}", ports.logical_port)
    profs = into.by_lpar(answers.profiles, f"profiles {at}", profile)
    mem = into.by_lpar(answers.lpar_mem, f"memory {at}", lambda row: row.optional_number("curr_mem"))
    proc = into.by_lpar(answers.lpar_proc, f"processors {at}", _processors)
    codes = into.by_lpar(answers.refcodes, f"reference codes {at}", _refcode)
    both = PerLpar[Any](marked=vnics.marked | logical.marked, everyone=vnics.everyone or logical.everyone)
    parts: list[tuple[str, PerLpar[Any]]] = [("fc", fcs), ("eth", eths), ("scsi", scsis), ("ports", both)]
    parts += [("profiles", profs), ("mem", mem), ("proc", proc), ("refcode", codes)]
    into.systems.append(with_capacity(system, answers, into))
    for one in bare:
        number = one.lpar_id
        units, procs = proc.first(number) or (None, None)
        into.lpars.append(
            replace(
                one,
                mem_mb=mem.first(number),
                proc_units=units,
                procs=procs,
                refcode=codes.first(number),
                fc=tuple(sorted(fcs.of(number), key=_slot)),
                eth=tuple(sorted(eths.of(number), key=_slot)),
                scsi=tuple(sorted(scsis.of(number), key=_slot)),
                profiles=profs.of(number),
                npiv=answers.npiv.get(one.name, ()),
                unread=tuple(name for name, part in parts if part.incomplete(number)),
                ports=(*vnics.of(number), *logical.of(number)),
            )
        )


def with_capacity(system: ManagedSystem, answers: Answers, into: Gathered) -> ManagedSystem:
    """``system`` with its memory and processors, as far as the HMC told them."""
    for table, where in ((answers.system_mem, "memory"), (answers.system_proc, "processors")):
        into.problems.extend(table.problems)
        for row in table.rows:
            try:
                if where == "memory":
                    system = replace(
                        system,
                        installed_mem_mb=row.optional_number("installed_sys_mem"),
                        available_mem_mb=row.optional_number("curr_avail_sys_mem"),
                    )
                else:
                    system = replace(
                        system,
                        installed_proc_units=row.optional_decimal("installed_sys_proc_units"),
                        available_proc_units=row.optional_decimal("curr_avail_sys_proc_units"),
                    )
            except ParseError as error:
                into.problems.append(Problem(f"{where} of {system.name}", row.line, error.expected))
    return system


def _slot(adapter: FcAdapter | EthAdapter | ScsiAdapter) -> int:
    return adapter.slot


def _processors(row: Row) -> tuple[float | None, int | None]:
    return row.optional_decimal("curr_proc_units"), row.optional_number("curr_procs")


def _refcode(row: Row) -> str | None:
    """The newest code with its time; an LPAR whose operating system runs shows none."""
    code = row.optional("refcode")
    return None if code is None else f"{code} {row.text('time_stamp')}"
