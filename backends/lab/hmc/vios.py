"""``viosvrcmd``: the few VIOS commands that say how virtual Fibre Channel reaches the SAN."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from backends.lab.hmc.change import FindSystem, chosen_lpar
from backends.lab.hmc.messages import RefusedError, message
from backends.lab.hmc.model import LabLpar, NpivMap
from backends.lab.hmc.options import parse
from store.estate import LparState

_LOGGED_IN = (LparState.OPEN_FIRMWARE, LparState.RUNNING)
_PORTS_A_NPIV_PORT = 64
_WWPNS_A_PORT = 2048


def viosvrcmd(find: FindSystem, language: str, words: list[str]) -> str:
    """``-m SYSTEM -p VIOS|--id N -c "command"``."""
    options = parse(words, ("-m", "-p", "--id", "-c"), ("--admin",))
    vios = chosen_lpar(find(options), options, "-p")
    command = options.need("-c")
    if not vios.is_vios:
        raise RefusedError("parameter", "-p")
    if vios.state is not LparState.RUNNING or vios.rmc != "active":
        raise RefusedError("vios", message("vios-rmc", language, vios.name))
    try:
        given = shlex.split(command)
    except ValueError as error:
        raise RefusedError("vios", f"rksh: {error}") from None
    if given[:1] == ["ioscli"]:
        given = given[1:]
    run = _COMMANDS.get(given[0] if given else "")
    if run is None:
        raise RefusedError("vios", f"rksh: {given[0] if given else ''}:  not found.")
    return run(vios, given[1:])


def _lsmap(vios: LabLpar, words: list[str]) -> str:
    chosen, fields, delimiter, npiv = "", [], "", False
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "-npiv":
            npiv = True
        elif word == "-vadapter" and left:
            chosen = left.pop(0)
        elif word in ("-fmt", "-fmt2") and left:
            delimiter = left.pop(0)
        elif word == "-field":
            while left and not left[0].startswith("-"):
                fields.append(left.pop(0).lower())
        elif word != "-all":
            raise RefusedError("vios", f'Option flag "{word}" is not valid.')
    if not npiv:
        return ""
    maps = [m for m in vios.maps.values() if not chosen or m.vfchost == chosen]
    if chosen and not maps:
        raise RefusedError("vios", f"Device {chosen} is not a Server Virtual Adapter (SVA) ...")
    if delimiter:
        return "".join(_formatted(vios, mapping, fields, delimiter) for mapping in maps)
    return "\n".join(_block(vios, mapping) for mapping in maps)


def _facts(vios: LabLpar, mapping: NpivMap) -> dict[str, str]:
    """The fields of ``lsmap -npiv`` by their ``-field`` names, in their order."""
    server = vios.running.fc.get(mapping.slot)
    peer = server.peer if server is not None else None
    client = next((p for p in vios.system.lpars if peer and p.lpar_id == peer.lpar_id), None)
    on = client is not None and client.state in _LOGGED_IN and mapping.port is not None
    running = client is not None and client.state is LparState.RUNNING
    base = f"U{vios.system.type_model.replace('-', '.')}.{vios.system.serial}"
    known = on and client is not None and peer is not None
    unused = "4<NOT_LOGGED>" if mapping.port else "1<NOT_MAPPED,NOT_CONNECTED>"
    return {
        "name": mapping.vfchost,
        "physloc": f"{base}-V{vios.lpar_id}-C{mapping.slot}",
        "clntid": str(peer.lpar_id) if peer and peer.lpar_id is not None else "",
        "clntname": client.name if running and client is not None else "",
        "clntos": _os_name(client) if running and client is not None else "",
        "status": "LOGGED_IN" if on else "NOT_LOGGED_IN",
        "fc": mapping.port or "",
        "fcphysloc": f"U78D4.001.{vios.system.serial}-P1-C{1 + len(mapping.vfchost) % 4}-T1" if mapping.port else "",
        "ports": "3" if on else "0",
        "flags": "a<LOGGED_IN,STRIP_MERGE>" if on else unused,
        "vfcclient": f"fcs{_client_index(client, peer.slot)}" if running and client and peer else "",
        "vfcclientdrc": f"{base}-V{client.lpar_id}-C{peer.slot}" if known and client and peer else "",
    }


def _client_index(client: LabLpar, slot: int | None) -> int:
    return sorted(a.slot for a in client.running.fc.values()).index(slot) if slot in client.running.fc else 0


def _os_name(client: LabLpar) -> str:
    word = client.os_version.split(" ")[0]
    return "IBM i" if client.env == "os400" else word if word in ("AIX", "Linux") else ""


def _block(vios: LabLpar, mapping: NpivMap) -> str:
    facts = _facts(vios, mapping)
    columns = ((13, "name"), (34, "physloc"), (6, "clntid"), (14, "clntname"), (7, "clntos"))
    titles = {"name": "Name", "physloc": "Physloc", "clntid": "ClntID", "clntname": "ClntName", "clntos": "ClntOS"}
    cells = [facts[n].rjust(w) if n == "clntid" else facts[n].ljust(w) for w, n in columns]
    lines = [
        " ".join(titles[name].ljust(width) for width, name in columns).rstrip(),
        " ".join("-" * width for width, _ in columns),
        " ".join(cells),
        "",
        f"Status:{facts['status']}",
        f"{'FC name:' + facts['fc']:<32}FC loc code:{facts['fcphysloc']}",
        f"Ports logged in:{facts['ports']}",
        f"Flags:{facts['flags']}",
        f"{'VFC client name:' + facts['vfcclient']:<32}VFC client DRC:{facts['vfcclientdrc']}",
        "",
    ]
    return "\n".join(lines)


def _formatted(vios: LabLpar, mapping: NpivMap, fields: list[str], delimiter: str) -> str:
    facts = _facts(vios, mapping)
    wanted = fields or list(facts)
    unknown = [name for name in wanted if name not in facts]
    if unknown:
        raise RefusedError("vios", f"{unknown[0]} is not a valid field name.")
    return delimiter.join(facts[name] or " " for name in wanted) + "\n"


def _lsnports(vios: LabLpar, words: list[str]) -> str:
    used = {port: sum(m.port == port for m in vios.maps.values()) for port in vios.ports}
    rows = [
        (
            port,
            f"U78D4.001.{vios.system.serial}-P1-C1-T{n}",
            "1",
            str(_PORTS_A_NPIV_PORT),
            str(_PORTS_A_NPIV_PORT - used[port]),
            str(_WWPNS_A_PORT),
            str(_WWPNS_A_PORT - 2 * used[port]),
        )
        for n, port in enumerate(vios.ports, 1)
    ]
    if words[:1] == ["-fmt"] and len(words) == 2:
        return "".join(words[1].join(row) + "\n" for row in rows)
    head = ("name", "physloc", "fabric", "tports", "aports", "swwpns", "awwpns")
    widths = (16, 34, 6, 6, 6, 6, 6)
    return "".join(" ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() + "\n" for r in (head, *rows))


def _vfcmap(vios: LabLpar, words: list[str]) -> str:
    if len(words) not in (3, 4) or words[0] != "-vadapter" or words[2] != "-fcp":
        raise RefusedError("vios", "usage: vfcmap -vadapter vfchostN -fcp fcsM")
    mapping = next((m for m in vios.maps.values() if m.vfchost == words[1]), None)
    if mapping is None:
        raise RefusedError("vios", f"Device {words[1]} is not found.")
    port = words[3] if len(words) == 4 else ""
    if port and port not in vios.ports:
        raise RefusedError("vios", f"Device {port} is not found.")
    mapping.port = port or None
    return ""


_COMMANDS: dict[str, Callable[[LabLpar, list[str]], str]] = {
    "lsmap": _lsmap,
    "lsnports": _lsnports,
    "vfcmap": _vfcmap,
    "ioslevel": lambda vios, _words: vios.os_version.removeprefix("VIOS ") + "\n",
}
