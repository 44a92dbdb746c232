"""Below a managed system its LPARs; below an LPAR its virtual adapters; below a VIOS its NPIV maps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from screens import sources as src
from screens.cells import Cell, Tone
from screens.columns import Column, Measure
from screens.conditions import HostMatch
from screens.host_match import LparHosts, lpar_hosts
from screens.host_words import why
from screens.levels.model import Level, LevelRow, Ref, faded, why_none
from screens.once import Once
from screens.pairing import active_profile, lpar_pair
from screens.rows_lpars import COLUMNS as LPAR_COLUMNS
from screens.rows_lpars import order
from screens.rows_lpars import row as lpar_row
from screens.scene import Scene
from screens.side_by_side import Note
from screens.status import DIFFERS, EMPTY, GLYPHS, status
from screens.valued import number
from store.estate import AdapterType, EthAdapter, FcAdapter, Lpar, LparState, ManagedSystem, NpivMapping
from store.records import Entry

ADAPTER_COLUMNS = (
    Column("Adapter", source=f"{src.LSHWRES_FC}; {src.LSHWRES_ETH}"),
    Column("WWPNs or MAC", field="address", source=f"{src.LSHWRES_FC}; {src.LSHWRES_ETH}"),
    Column("In the profile", field="profile", source=src.LSSYSCFG_PROF),
    Column("Host or other site", field="host", source=f"{src.GET_HOSTS}; {src.LSHWRES_ETH} of the other site"),
    Column("Through", rank=1, cut=12, source=f"{src.LSHWRES_FC}; {src.LSMAP}; {src.LSHWRES_ETH}"),
)

MAP_COLUMNS = (
    Column("vfchost", source=src.LSMAP),
    Column("Client LPAR", cut=12, field="client", source=src.LSMAP),
    Column("Id", rank=2, right=True, measure=Measure.NUMBER, source=src.LSMAP),
    Column("Status", source=src.LSMAP),
    Column("Port", source=src.LSMAP),
    Column("Client adapter", rank=1, source=src.LSMAP),
)


def _by_system(entries: Iterable[Entry]) -> dict[str, tuple[Entry, ...]]:
    found: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: order(entry.key)):
        if isinstance(entry.obj, Lpar):
            found.setdefault(entry.obj.system_key, []).append(entry)
    return {system: tuple(lpars) for system, lpars in found.items()}


_LPARS = Once("lpar", _by_system)


def system_lpars(scene: Scene, ref: Ref) -> Level:
    """The LPARs of a managed system, as the LPAR pane shows them."""
    entry = scene.entry("system", ref.key)
    system = entry.obj
    if not isinstance(system, ManagedSystem):
        raise LookupError(f"{ref.key} is no managed system")
    lpars = _LPARS.of(scene).get(ref.key, ())
    rows = tuple(
        LevelRow(lpar.key, lpar_row(lpar, scene), Ref("lpar.adapters", lpar.key), ("lpar", lpar.key)) for lpar in lpars
    )
    notes = (Note(f"The system is {system.state.value}.", status(system.state).tone),)
    empty = why_none(scene, "LPARs", entry, f"{system.name} was read and has no LPARs.")
    return Level(f"system {system.name}", "LPARs", LPAR_COLUMNS, rows, empty, notes, (entry,))


def lpar_adapters(scene: Scene, ref: Ref) -> Level:
    """The virtual adapters of an LPAR, Fibre Channel first; of a VIOS its NPIV maps."""
    entry = scene.entry("lpar", ref.key)
    lpar = entry.obj
    if not isinstance(lpar, Lpar):
        raise LookupError(f"{ref.key} is no LPAR")
    if lpar.env == "vioserver":
        return _maps(scene, entry, lpar)
    hosts = lpar_hosts(scene, entry)
    rows = (*_fc_rows(scene, entry, lpar, hosts), *_eth_rows(scene, entry, lpar), *_port_rows(scene, entry, lpar))
    other = lpar_pair(scene, entry)
    return Level(
        f"LPAR {lpar.name}",
        "virtual adapters",
        ADAPTER_COLUMNS,
        rows,
        why_none(scene, "virtual adapters", entry, f"{lpar.name} has no virtual Fibre Channel or Ethernet adapters."),
        (*_unread(lpar), *why(scene, entry)),
        tuple(
            dict.fromkeys(
                (entry, other.left, *((other.right,) if other.right else ()), *(f.entry for f in hosts.found))
            )
        ),
        ("lpar", ref.key),
    )


def _unread(lpar: Lpar) -> Iterator[Note]:
    parts = [name for name in lpar.unread if name in ("fc", "eth", "profiles")]
    if parts:
        yield Note(f"A row of {', '.join(parts)} could not be read: there is more than is shown.", Tone.WARN)


# ---------------------------------------------------------------------------------------------- Fibre Channel


def _fc_rows(scene: Scene, entry: Entry, lpar: Lpar, hosts: LparHosts) -> Iterator[LevelRow]:
    profile = active_profile(lpar)
    running = {a.slot: a for a in lpar.fc if a.adapter_type is AdapterType.CLIENT}
    given = {a.slot: a for a in profile.fc if a.adapter_type is AdapterType.CLIENT} if profile is not None else {}
    for slot in sorted({*running, *given}):
        now, then = running.get(slot), given.get(slot)
        adapter = now or then
        if adapter is None:
            continue
        wwpns = " ".join(adapter.wwpns)
        cells = (
            Cell(f"FC {slot}"),
            Cell(wwpns) if wwpns else EMPTY,
            _against(lpar, wwpns if now else None, " ".join(then.wwpns) if then else None, "fc"),
            _fc_host(adapter, hosts),
            _through(scene, lpar, adapter),
        )
        yield LevelRow(f"fc {slot}", faded(scene, cells, entry), Ref("lpar.hosts", entry.key, str(slot)))


def _against(lpar: Lpar, running: str | None, given: str | None, part: str) -> Cell:
    """What the profile of the next activation says of a slot, against what runs. None: the slot is not there."""
    if running is None:
        if part in lpar.unread:
            return _not_read()
        if lpar.state is LparState.NOT_ACTIVATED:
            return Cell(f"{GLYPHS[Tone.OFF]} there only", Tone.OFF)
        return Cell(f"{DIFFERS} not running", Tone.WARN)
    if given is None:
        if "profiles" in lpar.unread:
            return _not_read()
        return Cell(f"{DIFFERS} not in it", Tone.BAD)
    if running == given:
        return Cell(f"{GLYPHS[Tone.OK]} as running", Tone.OK)
    return Cell(f"{DIFFERS} {given or 'none'}", Tone.BAD, f"{DIFFERS} differs")


def _not_read() -> Cell:
    return status(HostMatch.UNREAD).cell()


def _fc_host(adapter: FcAdapter, hosts: LparHosts) -> Cell:
    """Which host holds the pair: both WWPNs have to be on it."""
    pair = frozenset(adapter.wwpns)
    if not pair:
        return EMPTY
    having = [found for found in hosts.found if pair & frozenset(found.host.wwns)]
    names = ", ".join(dict.fromkeys(found.host.name for found in having))
    if hosts.match is HostMatch.UNREAD:
        unread = status(HostMatch.UNREAD)
        return Cell(f"{unread.text}: {names}" if names else unread.text, unread.tone, unread.text)
    if not having:
        tone = status(HostMatch.DIFFERS if hosts.found else HostMatch.NONE).tone
        return Cell(f"{GLYPHS[tone]} on no host", tone)
    if any(found.match is HostMatch.OTHER for found in having):
        state = status(HostMatch.OTHER)
        return Cell(f"{state.glyph} {names}: another's", state.tone, state.text)
    lacking = sorted(pair - frozenset(w for found in having for w in found.host.wwns))
    if lacking:
        state = status(HostMatch.DIFFERS)
        return Cell(
            f"{state.glyph} {names} lacks {' '.join(lacking)}", state.tone, f"{state.glyph} lacks {len(lacking)}"
        )
    return Cell(f"{GLYPHS[Tone.OK]} {names}", Tone.OK, f"{GLYPHS[Tone.OK]} on its host")


def _through(scene: Scene, lpar: Lpar, adapter: FcAdapter) -> Cell:
    """The VIOS at the other end, and there the vfchost with its port and whether it is logged in."""
    name = adapter.remote_lpar_name
    if name is None:
        return Cell("any VIOS") if adapter.remote_lpar_id is None else Cell(f"LPAR id {adapter.remote_lpar_id}")
    vios = scene.view.get("lpar", f"{lpar.system_key}/{name}")
    maps = _maps_of(vios, lpar.lpar_id)
    if len(maps) == 1:
        mapping = maps[0]
        path = f"{name} {mapping.vfchost} {mapping.fc_port or 'no port'}"
        if mapping.status == "LOGGED_IN" or lpar.state is not LparState.RUNNING:
            return Cell(path, short=name)
        return Cell(f"{GLYPHS[Tone.WARN]} {mapping.status} {path}", Tone.WARN)
    several = f" {' or '.join(m.vfchost for m in maps)}" if maps else ""
    return Cell(f"{name}{several}", short=name)


def _maps_of(vios: Entry | None, lpar_id: int) -> list[NpivMapping]:
    if vios is None or not isinstance(vios.obj, Lpar):
        return []
    return [mapping for mapping in vios.obj.npiv if mapping.client_lpar_id == lpar_id]


# ---------------------------------------------------------------------------------------------------- Ethernet


def _eth_rows(scene: Scene, entry: Entry, lpar: Lpar) -> Iterator[LevelRow]:
    profile = active_profile(lpar)
    running = {adapter.slot: adapter for adapter in lpar.eth}
    given = {adapter.slot: adapter for adapter in profile.eth} if profile is not None else {}
    pair = lpar_pair(scene, entry)
    other = pair.right if pair.left.key == entry.key else pair.left
    for slot in sorted({*running, *given}):
        now, then = running.get(slot), given.get(slot)
        adapter = now or then
        if adapter is None:
            continue
        cells = (
            Cell(f"Eth {slot}"),
            Cell(adapter.mac) if adapter.mac else Cell("the HMC chooses", Tone.WARN),
            _eth_against(lpar, now, then),
            _other_mac(scene, adapter, slot, other),
            Cell(f"VLAN {adapter.port_vlan_id} {adapter.vswitch}"),
        )
        detail = ("lpar", other.key) if other is not None else None
        yield LevelRow(f"eth {slot}", faded(scene, cells, entry), detail=detail)


def _port_rows(scene: Scene, entry: Entry, lpar: Lpar) -> Iterator[LevelRow]:
    """vNICs and SR-IOV logical ports. At the other site any adapter may carry their MACs."""
    profile = active_profile(lpar)
    running = {port.label: port for port in lpar.ports}
    given = {port.label: port for port in profile.ports} if profile is not None else {}
    pair = lpar_pair(scene, entry)
    other = pair.right if pair.left.key == entry.key else pair.left
    for label, port in sorted({**given, **running}.items()):
        now, then = running.get(label), given.get(label)
        if now is not None and then is not None and then.mac is None:
            against = Cell(f"{GLYPHS[Tone.WARN]} HMC chooses", Tone.WARN)
        else:
            against = _against(lpar, (now.mac or "") if now else None, (then.mac or "") if then else None, "ports")
        cells = (
            Cell(label),
            Cell(port.mac) if port.mac else Cell("none of its own", Tone.DIM),
            against,
            _mac_there(scene, port.mac, other),
            Cell(f"VLAN {port.port_vlan_id}") if port.port_vlan_id else EMPTY,
        )
        detail = ("lpar", other.key) if other is not None else None
        yield LevelRow(label, faded(scene, cells, entry), detail=detail)


def _mac_there(scene: Scene, mac: str | None, other: Entry | None) -> Cell:
    if other is None or not isinstance(other.obj, Lpar):
        return Cell("no other LPAR", Tone.DIM)
    if mac is None:
        return EMPTY
    profile, site = active_profile(other.obj), scene.site(other) or "?"
    if mac in (*other.obj.macs, *(profile.macs if profile is not None else ())):
        return Cell(f"{GLYPHS[Tone.OK]} kept at {site}", Tone.OK, f"{GLYPHS[Tone.OK]} kept there")
    return Cell(f"{DIFFERS} nowhere at {site}", Tone.WARN, f"{DIFFERS} nowhere")


def _eth_against(lpar: Lpar, now: EthAdapter | None, then: EthAdapter | None) -> Cell:
    if now is not None and then is not None:
        if then.mac is None:
            return Cell(f"{GLYPHS[Tone.WARN]} HMC chooses", Tone.WARN)
        if then.mac == now.mac and (then.port_vlan_id, then.vswitch) != (now.port_vlan_id, now.vswitch):
            return Cell(f"{DIFFERS} VLAN {then.port_vlan_id} {then.vswitch}", Tone.BAD, f"{DIFFERS} differs")
    return _against(lpar, (now.mac or "") if now else None, (then.mac or "") if then else None, "eth")


def _other_mac(scene: Scene, adapter: EthAdapter, slot: int, other: Entry | None) -> Cell:
    """The MAC of the same slot of the LPAR at the other site: the network knows the service by it."""
    if other is None or not isinstance(other.obj, Lpar):
        return Cell("no other LPAR", Tone.DIM)
    profile = active_profile(other.obj)
    there = [*other.obj.eth, *(profile.eth if profile is not None else ())]
    found = next((one for one in there if one.slot == slot), None)
    site = scene.site(other) or "?"
    if found is None:
        return Cell(f"{DIFFERS} no such slot at {site}", Tone.WARN, f"{DIFFERS} no such slot")
    if found.mac is None:
        glyph = GLYPHS[Tone.WARN]
        return Cell(f"{glyph} HMC chooses at {site}", Tone.WARN, f"{glyph} HMC chooses")
    if found.mac == adapter.mac:
        return Cell(f"{GLYPHS[Tone.OK]} same at {site}", Tone.OK, f"{GLYPHS[Tone.OK]} same there")
    return Cell(f"{DIFFERS} {found.mac} at {site}", Tone.WARN, f"{DIFFERS} {found.mac}")


# -------------------------------------------------------------------------------------------------------- VIOS


def _maps(scene: Scene, entry: Entry, vios: Lpar) -> Level:
    clients = {
        lpar.obj.lpar_id: lpar.key for lpar in _LPARS.of(scene).get(vios.system_key, ()) if isinstance(lpar.obj, Lpar)
    }
    rows = []
    for mapping in vios.npiv:
        key = clients.get(mapping.client_lpar_id) if mapping.client_lpar_id is not None else None
        logged_in = mapping.status == "LOGGED_IN"
        tone = Tone.OK if logged_in else Tone.WARN
        cells = (
            Cell(mapping.vfchost),
            Cell(mapping.client_lpar_name or (key.rpartition("/")[2] if key else "no client")),
            number(mapping.client_lpar_id),
            Cell(f"{GLYPHS[tone]} {mapping.status}", tone),
            Cell(mapping.fc_port) if mapping.fc_port else Cell("no port", Tone.WARN),
            Cell(mapping.client_adapter) if mapping.client_adapter else EMPTY,
        )
        opens = Ref("lpar.adapters", key) if key is not None else None
        rows.append(
            LevelRow(
                mapping.vfchost,
                faded(scene, cells, entry),
                opens,
                ("lpar", key) if key is not None else None,
            )
        )
    told = vios.state is LparState.RUNNING and vios.rmc_state == "active"
    none = f"{vios.name} was asked and has no NPIV maps."
    if not told:
        none = f"{vios.name} was not asked for its NPIV maps: that takes Running and an active RMC connection."
    return Level(
        f"VIOS {vios.name}",
        "NPIV maps",
        MAP_COLUMNS,
        tuple(rows),
        why_none(scene, "NPIV maps", entry, none),
        (),
        (entry,),
        ("lpar", entry.key),
    )
