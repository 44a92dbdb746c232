"""``mksyscfg``, ``chsyscfg`` and ``rmsyscfg``: LPARs and profiles made, changed and removed."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from typing import TypeVar

from msgspec.structs import replace

from backends.lab.hmc import adapters, columns, ports
from backends.lab.hmc.adapters import Adapter, VirtualFc
from backends.lab.hmc.listing import split_list
from backends.lab.hmc.messages import RefusedError
from backends.lab.hmc.model import LabLpar, PowerSystem, Profile, rename_lpar
from backends.lab.hmc.options import Options, parse
from backends.lab.hmc.ports import LogicalPort, Vnic
from backends.lab.hmc.state import new_lpar
from store.estate import LparState, SystemState

FindSystem = Callable[[Options], PowerSystem]
_A = TypeVar("_A", bound=Adapter | Vnic | LogicalPort)

_NAME = re.compile(r"[^()<>*$&?|\[\]'\"`,]{1,47}")
_WHOLE = ("min_mem", "desired_mem", "max_mem", "min_procs", "desired_procs", "max_procs", "uncap_weight")
_UNITS = ("min_proc_units", "desired_proc_units", "max_proc_units")
_WORDS: dict[str, tuple[str, ...]] = {
    "proc_mode": ("ded", "shared"),
    "sharing_mode": (
        *("keep_idle_procs", "share_idle_procs", "share_idle_procs_active", "share_idle_procs_always"),
        *("cap", "uncap"),
    ),
    "boot_mode": ("norm", "sms", "dd", "ds", "of", "null"),
}
_LISTS = {
    "virtual_fc_adapters": "fc",
    "virtual_scsi_adapters": "scsi",
    "virtual_eth_adapters": "eth",
    "vnic_adapters": "vnic",
    "sriov_eth_logical_ports": "port",
}
_IGNORED = ("all_resources", "mem_mode", "mem_expansion", "electronic_err_reporting", "virtual_serial_adapters")


def chosen_lpar(system: PowerSystem, options: Options, by_name: str = "-n") -> LabLpar:
    """The LPAR that ``-n`` (or ``-p``) or ``--id`` names."""
    name, number = options.get(by_name), options.number("--id")
    if name is not None and number is None:
        return system.lpar(name)
    if number is not None and name is None:
        return system.lpar_by_id(number)
    raise RefusedError("parameter", f"{by_name}, --id")


def mksyscfg(find: FindSystem, words: list[str]) -> str:
    """``-r lpar -i …``, ``-r prof -i …``, or ``-r prof -o save -p LPAR -n PROFILE``."""
    options = parse(words, ("-r", "-m", "-i", "-f", "-o", "-p", "--id", "-n"), ("--force",))
    kind = options.one_of("-r", "lpar", "prof")
    system = find(options)
    if kind == "prof" and options.get("-o"):
        return _save(system, options)
    for record in records_of(options.need("-i")):
        if kind == "lpar":
            _make_lpar(system, record)
        else:
            _make_profile(system, record)
    return ""


def chsyscfg(find: FindSystem, words: list[str]) -> str:
    """``-r prof -i "name=…,lpar_name=…,attribute=…"`` (also ``+=``, ``-=``) or ``-r lpar -i "name=…,new_name=…"``."""
    options = parse(words, ("-r", "-m", "-i", "-f"), ("--force",))
    kind = options.one_of("-r", "lpar", "prof")
    system = find(options)
    for record in records_of(options.need("-i")):
        if kind == "prof":
            lpar = _lpar_of(system, record, "lpar_name", "lpar_id")
            profile = lpar.profile(_take(record, "name"))
            changed = deepcopy(profile)
            _apply(lpar, changed, record)
            lpar.profiles[lpar.profiles.index(profile)] = changed
            if lpar.running.profile is profile and not lpar.on:
                lpar.running.profile = changed
        else:
            _change_lpar(system, record)
    return ""


def rmsyscfg(find: FindSystem, words: list[str]) -> str:
    """``-r lpar -n LPAR`` (refused unless Not Activated) or ``-r prof -n PROFILE -p LPAR``."""
    options = parse(words, ("-r", "-m", "-n", "-p", "--id"))
    kind = options.one_of("-r", "lpar", "prof")
    system = find(options)
    if kind == "prof":
        lpar = chosen_lpar(system, options, "-p")
        profile = lpar.profile(options.need("-n"))
        if profile.name in (lpar.default_profile, lpar.curr_profile):
            raise RefusedError("profile-in-use", profile.name, lpar.name)
        lpar.profiles.remove(profile)
        return ""
    lpar = chosen_lpar(system, options)
    if lpar.state is not LparState.NOT_ACTIVATED:
        raise RefusedError("lpar-active", lpar.name)
    system.lpars.remove(lpar)
    system.world.writers.pop(lpar.writer.key, None)
    return ""


# ---------------------------------------------------------------------------------------------------------------- input


def records_of(text: str) -> list[dict[str, str]]:
    """The records of ``-i``, one a line: attribute (with its ``+`` or ``-``) → value."""
    found = []
    for line in text.strip("\n").split("\n"):
        record: dict[str, str] = {}
        for part in split_list(line, "-i"):
            name, equals, value = part.partition("=")
            if not equals or name in record:
                raise RefusedError("attribute", name)
            record[name] = value
        found.append(record)
    return found


def _take(record: dict[str, str], name: str) -> str:
    if not record.get(name):
        raise RefusedError("missing-attribute", name)
    return record.pop(name)


def _new_name(record: dict[str, str], name: str) -> str:
    value = _take(record, name)
    if not _NAME.fullmatch(value):
        raise RefusedError("value", name, value)
    return value


def _lpar_of(system: PowerSystem, record: dict[str, str], name: str, number: str) -> LabLpar:
    if name in record:
        return system.lpar(record.pop(name))
    return system.lpar_by_id(_whole(number, _take(record, number)))


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise RefusedError("value", name, text)
    return int(text)


def _flag(name: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise RefusedError("value", name, text)
    return text == "1"


# --------------------------------------------------------------------------------------------------------------- verbs


def _make_lpar(system: PowerSystem, record: dict[str, str]) -> None:
    if system.state not in (SystemState.OPERATING, SystemState.STANDBY):
        raise RefusedError("not-operating")
    name = _new_name(record, "name")
    profile_name = _new_name(record, "profile_name")
    env = _take(record, "lpar_env")
    if env not in ("aixlinux", "os400", "vioserver"):
        raise RefusedError("value", "lpar_env", env)
    number = _whole("lpar_id", record.pop("lpar_id")) if "lpar_id" in record else None
    profile = Profile(profile_name, 0, 0, 0)
    for required in ("min_mem", "desired_mem", "max_mem"):
        if required not in record:
            raise RefusedError("missing-attribute", required)
    lpar = new_lpar(system, name, env, profile, lpar_id=number)
    try:
        _apply(lpar, profile, record)
    except RefusedError:
        system.lpars.remove(lpar)
        system.world.writers.pop(lpar.writer.key, None)
        raise


def _make_profile(system: PowerSystem, record: dict[str, str]) -> None:
    lpar = _lpar_of(system, record, "lpar_name", "lpar_id")
    name = _new_name(record, "name")
    if any(p.name == name for p in lpar.profiles):
        raise RefusedError("profile-exists", name, lpar.name)
    profile = Profile(name, 0, 0, 0)
    _apply(lpar, profile, record)
    lpar.profiles.append(profile)


def _save(system: PowerSystem, options: Options) -> str:
    """The current configuration as a profile."""
    options.one_of("-o", "save")
    lpar = chosen_lpar(system, options, "-p")
    name = options.need("-n")
    known = next((p for p in lpar.profiles if p.name == name), None)
    if known is not None and "--force" not in options.flags:
        raise RefusedError("profile-exists", name, lpar.name)
    running = lpar.running
    if running.profile is None:
        raise RefusedError("not-on", lpar.name)
    saved = replace(
        deepcopy(running.profile),
        name=name,
        desired_mem=running.mem,
        desired_procs=running.procs,
        fc=list(running.fc.values()),
        scsi=list(running.scsi.values()),
        eth=list(running.eth.values()),
        vnics=list(running.vnics.values()),
        ports=list(running.ports.values()),
    )
    if known is not None:
        lpar.profiles[lpar.profiles.index(known)] = saved
    else:
        lpar.profiles.append(saved)
    return ""


def _change_lpar(system: PowerSystem, record: dict[str, str]) -> None:
    lpar = _lpar_of(system, record, "name", "lpar_id")
    for name, value in record.items():
        if name == "new_name":
            if any(other.name == value for other in system.lpars):
                raise RefusedError("lpar-exists", value)
            if not _NAME.fullmatch(value):
                raise RefusedError("value", name, value)
            rename_lpar(lpar, value)
        elif name == "default_profile":
            lpar.default_profile = lpar.profile(value).name
        elif name == "description":
            lpar.description = value
        elif name in ("lpar_avail_priority", "work_group_id", "sync_curr_profile", "allow_perf_collection"):
            lpar.extra[name] = value
        else:
            raise RefusedError("attribute", name)


# ------------------------------------------------------------------------------------------------------------- profiles


def _apply(lpar: LabLpar, profile: Profile, record: dict[str, str]) -> None:
    """Set the attributes of ``record`` in ``profile`` and check what came of it."""
    for key, value in record.items():
        name = key.rstrip("+-")
        if name in _LISTS:
            _set_adapters(lpar, profile, key, value)
        elif key != name:
            raise RefusedError("attribute", key)
        else:
            _set(profile, name, value)
    _check(profile)


def _set(profile: Profile, name: str, value: str) -> None:
    if name in _WHOLE or name == "max_virtual_slots":
        setattr(profile, name, _whole(name, value))
    elif name in _UNITS:
        if not re.fullmatch(r"[0-9]+(\.[0-9]{1,2})?", value):
            raise RefusedError("value", name, value)
        setattr(profile, name, float(value))
    elif name in _WORDS:
        if value not in _WORDS[name]:
            raise RefusedError("value", name, value)
        setattr(profile, name, value)
    elif name == "auto_start":
        profile.auto_start = _flag(name, value)
    elif name == "new_name":
        profile.name = value
    elif name in columns.KEPT_PROFILE_ATTRIBUTES:
        profile.extra[name] = value
    elif name not in _IGNORED:
        raise RefusedError("attribute", name)


def _set_adapters(lpar: LabLpar, profile: Profile, key: str, value: str) -> None:
    kind = _LISTS[key.rstrip("+-")]
    texts = [] if value in ("none", "") else split_list(value, "-i")
    if kind == "fc":
        fcs = [_with_pair(lpar, adapters.parse_fc(text)) for text in texts]
        profile.fc = _combined(profile.fc, fcs, key)
    elif kind == "scsi":
        profile.scsi = _combined(profile.scsi, [adapters.parse_scsi(text) for text in texts], key)
    elif kind == "eth":
        profile.eth = _combined(profile.eth, [adapters.parse_eth(text) for text in texts], key)
    elif kind == "vnic":
        profile.vnics = _combined(profile.vnics, [ports.parse_vnic(text) for text in texts], key)
    else:
        profile.ports = _combined(profile.ports, _logical_ports(lpar, texts), key)


def _logical_ports(lpar: LabLpar, texts: list[str]) -> list[LogicalPort]:
    found: list[LogicalPort] = []
    for text in texts:
        found.append(ports.parse_port(text, {*lpar.system.ports_taken(), *(port.number for port in found)}))
    return found


def _with_pair(lpar: LabLpar, adapter: VirtualFc) -> VirtualFc:
    if adapter.server or adapter.wwpns:
        return adapter
    return replace(adapter, wwpns=lpar.system.new_pair())


def _combined(old: list[_A], given: list[_A], key: str) -> list[_A]:
    if key.endswith("+"):
        return [*old, *given]
    if key.endswith("-"):
        gone = {a.slot for a in given}
        return [a for a in old if a.slot not in gone]
    return given


def _check(profile: Profile) -> None:
    if not 0 < profile.min_mem <= profile.desired_mem <= profile.max_mem:
        raise RefusedError("value", "desired_mem", profile.desired_mem)
    if not 0 < profile.min_procs <= profile.desired_procs <= profile.max_procs:
        raise RefusedError("value", "desired_procs", profile.desired_procs)
    if profile.proc_mode == "shared":
        if not 0 < profile.min_proc_units <= profile.desired_proc_units <= profile.max_proc_units:
            raise RefusedError("value", "desired_proc_units", profile.desired_proc_units)
        if profile.sharing_mode not in ("cap", "uncap"):
            profile.sharing_mode = "uncap"
    elif profile.sharing_mode in ("cap", "uncap"):
        profile.sharing_mode = "keep_idle_procs"
    slots = [a.slot for a in (*profile.adapters, *profile.vnics)]
    if (vnic := next((v for v in profile.vnics if slots.count(v.slot) > 1), None)) is not None:
        raise RefusedError("value", "vnic_adapters", vnic.text())
    for adapter in profile.adapters:
        name = f"virtual_{type(adapter).__name__.removeprefix('Virtual').lower()}_adapters"
        if slots.count(adapter.slot) > 1 or not 2 <= adapter.slot < profile.max_virtual_slots:
            raise RefusedError("value", name, adapter.text())
