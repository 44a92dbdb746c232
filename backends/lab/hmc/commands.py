"""The HMC's listing commands and its verbs on LPARs, as functions of the state."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from backends.lab.hmc import change, columns, dynamic, hardware, power, vios
from backends.lab.hmc.adapters import VirtualEth
from backends.lab.hmc.listing import Columns, filters, render
from backends.lab.hmc.messages import RefusedError, message
from backends.lab.hmc.model import Hmc, LabLpar, PowerSystem
from backends.lab.hmc.options import Options, parse
from store.estate import SystemState

_LIST = ("-r", "-m", "-e", "--filter", "-F")
_LPAR_FILTERS = ("lpar_names", "lpar_ids")


class Session:
    """One HMC as one command sees it: ``language`` of its messages, ``skew`` of its clock in seconds."""

    def __init__(self, hmc: Hmc, language: str, skew: float) -> None:
        self.hmc = hmc
        self.language = language
        self.skew = skew

    def run(self, name: str, words: list[str]) -> str | None:
        """What the command prints, or None for one that the restricted shell does not know.

        Raises :class:`RefusedError`.
        """
        command = _COMMANDS.get(name)
        if command is None:
            return None
        if "--help" in words:
            return f"{name}: see the manual page of this command\n"
        return command(self, words)

    def render(self, table: Columns, objects: Iterable[object], options: Options) -> str:
        return render(self.hmc, table, objects, options.form, self.language)

    def system(self, options: Options) -> PowerSystem:
        """The system that ``-m`` names, if its HMC can talk to it."""
        system = self.hmc.system(options.need("-m"))
        if system.state is SystemState.NO_CONNECTION:
            raise RefusedError("no-connection")
        return system


# ------------------------------------------------------------------------------------------------------------- lssyscfg


def _lssyscfg(session: Session, words: list[str]) -> str:
    options = parse(words, _LIST, ("--header", "--osrefresh", "--lastvalidcfg"))
    kind = options.one_of("-r", "lpar", "prof", "sys", "sysprof", "frame", "cage")
    if kind in ("frame", "cage", "sysprof"):
        return message("no-results", session.language) + "\n"
    if kind == "sys":
        name = options.get("-m")
        systems = session.hmc.systems if name is None else [session.hmc.system(name)]
        return session.render(columns.system_columns(session.skew), systems, options)
    system = session.system(options)
    chosen = filters(options.get("--filter") or "", (*_LPAR_FILTERS, "profile_names", "work_groups"))
    lpars = _lpars(system, chosen)
    if kind == "lpar":
        if "profile_names" in chosen:
            raise RefusedError("filter", "profile_names")
        return session.render(columns.LPARS if session.hmc.version >= 9 else columns.LPARS_OF_OLD_HMC, lpars, options)
    wanted = chosen.get("profile_names")
    found = [columns.ProfileOf(p, q) for p in lpars for q in p.profiles if wanted is None or q.name in wanted]
    return session.render(columns.PROFILES if session.hmc.version >= 8 else columns.PROFILES_OF_OLD_HMC, found, options)


def _lpars(system: PowerSystem, chosen: dict[str, tuple[str, ...]]) -> list[LabLpar]:
    """The LPARs that ``lpar_names`` or ``lpar_ids`` choose, in the order of the list; all without either."""
    names, ids = chosen.get("lpar_names"), chosen.get("lpar_ids")
    if names is not None and ids is not None:
        raise RefusedError("filter", "lpar_ids")
    if names is not None:
        return [system.lpar(name) for name in names]
    if ids is not None:
        return [_by_id(system, text) for text in ids]
    return list(system.lpars)


def _by_id(system: PowerSystem, text: str) -> LabLpar:
    if not (text.isascii() and text.isdigit()):
        raise RefusedError("filter", "lpar_ids")
    return system.lpar_by_id(int(text))


# -------------------------------------------------------------------------------------------------------------- lshwres


def _lshwres(session: Session, words: list[str]) -> str:
    options = parse(words, (*_LIST, "--rsubtype", "--level", "-R"), ("--header", "--maxmem"))
    kind = options.one_of("-r", "virtualio", "mem", "proc", "io", "sriov", "mempool", "hea", "procpool", "adv")
    system = session.system(options)
    if kind == "virtualio":
        return _virtual_io(session, system, options)
    if kind in ("mem", "proc"):
        level = options.one_of("--level", "sys", "lpar", "pool")
        if level == "pool":
            return message("no-results", session.language) + "\n"
        if level == "sys":
            table = hardware.MEM_SYSTEM if kind == "mem" else hardware.PROC_SYSTEM
            return session.render(table, [system], options)
        table = hardware.MEM_LPAR if kind == "mem" else hardware.PROC_LPAR
        chosen = filters(options.get("--filter") or "", _LPAR_FILTERS)
        return session.render(table, _lpars(system, chosen), options)
    if kind == "sriov":
        if session.hmc.version < 8:
            raise RefusedError("parameter", "-r")
        return _sriov(session, system, options)
    return message("no-results", session.language) + "\n"


def _sriov(session: Session, system: PowerSystem, options: Options) -> str:
    """Configured Ethernet logical ports; of the rest of SR-IOV the lab has nothing."""
    subtype = options.one_of("--rsubtype", "adapter", "logport", "physport", "recovery")
    if subtype != "logport" or options.get("--level") is None:
        return message("no-results", session.language) + "\n"
    chosen = filters(options.get("--filter") or "", (*_LPAR_FILTERS, "adapter_ids", "logical_port_ids"))
    if options.one_of("--level", "eth", "roce", "fc") != "eth":
        return message("no-results", session.language) + "\n"
    found = [
        port
        for port in hardware.logical_ports(system, _lpars(system, chosen))
        if str(port.adapter_id) in chosen.get("adapter_ids", (str(port.adapter_id),))
        and port.logical_port_id in chosen.get("logical_port_ids", (port.logical_port_id,))
    ]
    return session.render(hardware.LOGICAL_PORTS, found, options)


_ADAPTER_TABLES = {"fc": hardware.FC, "scsi": hardware.SCSI, "eth": hardware.ETH, "vnic": hardware.VNICS}


def _virtual_io(session: Session, system: PowerSystem, options: Options) -> str:
    subtypes = ("fc", "scsi", "eth", "serial", "slot", "vnic", "vnicbkdev", "vswitch", "vnetwork", "hca", "virtualio")
    known = subtypes if session.hmc.version >= 8 else tuple(name for name in subtypes if not name.startswith("vnic"))
    subtype = options.one_of("--rsubtype", *known)
    if subtype == "fc" and not system.virtual_fc:
        raise RefusedError("no-virtual-fc")
    if subtype == "vswitch":
        return session.render(hardware.VSWITCHES, hardware.vswitches(system), options)
    if subtype not in _ADAPTER_TABLES:
        return message("no-results", session.language) + "\n"
    if options.get("--level") is None and subtype == "vnic":
        options.values["--level"] = "lpar"  # a vNIC is always an LPAR's
    if options.one_of("--level", "lpar", "sys") == "sys":
        return message("no-results", session.language) + "\n"
    chosen = filters(options.get("--filter") or "", (*_LPAR_FILTERS, "slots", "vlans", "vswitches"))
    found = [o for o in hardware.adapters(_lpars(system, chosen), subtype) if _chosen(o, chosen)]
    return session.render(_ADAPTER_TABLES[subtype], found, options)


def _chosen(owned: hardware.Owned, chosen: dict[str, tuple[str, ...]]) -> bool:
    adapter = owned.adapter
    if "slots" in chosen and str(adapter.slot) not in chosen["slots"]:
        return False
    if isinstance(adapter, VirtualEth):
        vlans = {str(v) for v in (adapter.vlan, *adapter.vlans)}
        if "vlans" in chosen and not vlans & set(chosen["vlans"]):
            return False
        return "vswitches" not in chosen or adapter.vswitch in chosen["vswitches"]
    return True


# ------------------------------------------------------------------------------------------------ lsrefcode, lslparmigr


def _lsrefcode(session: Session, words: list[str]) -> str:
    options = parse(words, ("-r", "-m", "-n", "-s", "--filter", "-F"), ("--header",))
    kind = options.one_of("-r", "lpar", "sys")
    system = session.system(options)
    count = options.number("-n") or 1
    table = hardware.refcode_columns(session.skew, of_lpars=kind == "lpar")
    if kind == "sys":
        return session.render(table, hardware.refcodes(system, count), options)
    lpars = _lpars(system, filters(options.get("--filter") or "", _LPAR_FILTERS))
    return session.render(table, [r for lpar in lpars for r in hardware.refcodes(lpar, count)], options)


def _lslparmigr(session: Session, words: list[str]) -> str:
    options = parse(words, ("-r", "-m", "-t", "--ip", "-u", "--filter", "-F"), ("--header",))
    kind = options.one_of("-r", "lpar", "sys", "manager", "msp", "procpool", "virtualio", "mgtdev")
    system = session.system(options)
    if kind == "sys":
        return session.render(columns.MIGRATION_SYSTEM, [system], options)
    if kind != "lpar":
        return message("no-results", session.language) + "\n"
    lpars = _lpars(system, filters(options.get("--filter") or "", _LPAR_FILTERS))
    return session.render(columns.MIGRATION_LPARS, [lpar for lpar in lpars if not lpar.is_vios], options)


# ---------------------------------------------------------------------------------------------------------------- lshmc


def _lshmc(session: Session, words: list[str]) -> str:
    options = parse(words, ("-F",), ("-v", "-V", "-n", "-b", "-r", "-h", "-l", "--header"))
    hmc = session.hmc
    if "-V" in options.flags:
        version = f"Version: {hmc.version}\n Release: {hmc.release}\n Service Pack: 1060"
        return f'"version= {version}\nHMC Build level 2409100231\n","base_version=V{hmc.version}R{hmc.release}\n"\n'
    if "-v" in options.flags:
        lines = ("*FC ????????", "*VC 20.0", f"*N2 {hmc.name}", "*TM Virtual", "*SE 0000000", "*MN IBM", "*RL 0")
        return '"vpd=' + "\n".join(lines) + '\n"\n'
    if "-n" in options.flags:
        return f"hostname={hmc.name},domain=lab.invalid,ipaddr=127.0.0.1,gateway=none,nameserver=none\n"
    if "-b" in options.flags:
        return "bios=\n"
    if "-r" in options.flags:
        return "ssh=enable,sshprotocol=,remotewebui=enable,xntp=enable\n"
    raise RefusedError("parameter", "-v, -V, -n, -b, -r")


# ----------------------------------------------------------------------------------------------------------- chsysstate


def _chsysstate(session: Session, words: list[str]) -> str:
    valued = ("-r", "-m", "-o", "-n", "--id", "-f", "-b", "-k", "-i")
    options = parse(words, valued, ("--immed", "--restart", "--force", "--novsi"))
    if options.one_of("-r", "lpar", "sys") == "sys":
        return _system_state(session, options)
    system = session.system(options)
    operation = options.one_of("-o", "on", "shutdown", "osshutdown", "dumprestart")
    lpar = change.chosen_lpar(system, options)
    if operation == "on":
        boot_mode = options.one_of("-b", "norm", "sms", "of", "dd", "ds") if options.get("-b") else None
        power.activate(lpar, options.get("-f"), boot_mode)
    elif operation == "dumprestart":
        power.shut_down(lpar, "shutdown", immediately=True, restart=True)
    else:
        immediately, restart = "--immed" in options.flags, "--restart" in options.flags
        power.shut_down(lpar, operation, immediately=immediately, restart=restart)
    return ""


def _system_state(session: Session, options: Options) -> str:
    system = session.system(options)
    operation = options.one_of("-o", "on", "onstandby", "onstartpolicy", "off", "rebuild")
    if operation == "off":
        if any(lpar.on for lpar in system.lpars) and "--immed" not in options.flags:
            raise RefusedError("parameter", "--immed")
        for lpar in system.lpars:
            power.power_lost(lpar)
        system.state = SystemState.POWER_OFF
    elif operation in ("on", "onstartpolicy"):
        system.state = SystemState.OPERATING
    elif operation == "onstandby":
        system.state = SystemState.STANDBY
    return ""


_COMMANDS: dict[str, Callable[[Session, list[str]], str]] = {
    "lssyscfg": _lssyscfg,
    "lshwres": _lshwres,
    "lsrefcode": _lsrefcode,
    "lslparmigr": _lslparmigr,
    "lshmc": _lshmc,
    "chsysstate": _chsysstate,
    "mksyscfg": lambda session, words: change.mksyscfg(session.system, words),
    "chsyscfg": lambda session, words: change.chsyscfg(session.system, words),
    "chhwres": lambda session, words: dynamic.chhwres(session.system, words),
    "rmsyscfg": lambda session, words: change.rmsyscfg(session.system, words),
    "viosvrcmd": lambda session, words: vios.viosvrcmd(session.system, session.language, words),
}
