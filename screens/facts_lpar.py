"""What the detail of an LPAR says: production and DR side by side, running adapters against the profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from screens import readiness
from screens import sources as src
from screens.ages import size
from screens.cells import Cell, Tone
from screens.conditions import HostMatch
from screens.host_match import lpar_hosts
from screens.host_words import why
from screens.origins import origin
from screens.pairing import LparPair, active_profile, lpar_pair, profile_wwpns, running_wwpns
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part, both, text_cell
from screens.state_history import state_track, strip, tones_of
from screens.status import DIFFERS, EMPTY, GLYPHS, rmc, status
from store.estate import EthAdapter, Lpar, LparProfile, LparState, NicPort
from store.records import Entry

MIB = 1024 * 1024


def parts(scene: Scene, entry: Entry) -> list[Part]:
    """The parts of the detail, top to bottom. Raises TypeError for an entry that is no LPAR."""
    pair = lpar_pair(scene, entry)
    left = _lpar(pair.left)
    right = _lpar(pair.right) if pair.right is not None else None
    return [
        *_notes(scene, pair),
        origin(scene, pair.left, pair.right),
        *_identity(scene, pair, left, right),
        *readiness.parts(scene, pair.left, left),
        *_definition(left, right),
        *_fibre_channel(left, right),
        *_hosts(scene, pair, left),
        *_ethernet(left, right),
        *_history(scene, pair),
        *_npiv(left),
    ]


def _lpar(entry: Entry) -> Lpar:
    if not isinstance(entry.obj, Lpar):
        raise TypeError(f"not an LPAR: {entry.key}")
    return entry.obj


def _notes(scene: Scene, pair: LparPair) -> Iterator[Part]:
    left = _lpar(pair.left)
    if pair.right is None and len(pair.candidates) > 1:
        places = ", ".join(f"{scene.site(entry)} {_lpar(entry).system}" for entry in pair.candidates)
        yield Note(f"Several LPARs of this name on other sites; none is taken as the other side: {places}.", Tone.WARN)
    elif pair.right is None and left.env != "vioserver":
        yield Note("No LPAR of this name is known on another site.", Tone.WARN)
    for lpar in (left, _lpar(pair.right) if pair.right is not None else None):
        if lpar is not None and lpar.unread:
            names = ", ".join(lpar.unread)
            yield Note(f"{lpar.system}: a row of {names} could not be read: there is more than is shown.", Tone.WARN)


def _identity(scene: Scene, pair: LparPair, left: Lpar, right: Lpar | None) -> Iterator[Part]:
    yield both("Site", scene.site_cell, pair.left, pair.right, source=src.SETTINGS)
    yield both("Managed system", lambda lpar: Cell(lpar.system), left, right, source=src.LSSYSCFG_SYS)
    yield both("State", lambda lpar: status(lpar.state).cell(), left, right, source=src.LSSYSCFG_LPAR)
    yield both("Seen", scene.seen_cell, pair.left, pair.right, source=src.SEEN)
    yield both("Id", lambda lpar: Cell(str(lpar.lpar_id)), left, right, source=src.LSSYSCFG_LPAR)
    yield both("Environment", lambda lpar: Cell(lpar.env), left, right, compare=True, source=src.LSSYSCFG_LPAR)
    yield both("Operating system", lambda lpar: text_cell(lpar.os_version), left, right, source=src.LSSYSCFG_LPAR)
    yield both("RMC", _rmc, left, right, source=src.LSSYSCFG_LPAR)
    yield both("Reference code", lambda lpar: text_cell(lpar.refcode), left, right, source=src.LSREFCODE)


def _rmc(lpar: Lpar) -> Cell:
    cell = rmc(lpar.rmc_state, lpar.state)
    return cell if lpar.rmc_ipaddr is None else Cell(f"{cell.text} {lpar.rmc_ipaddr}", cell.tone)


def _definition(left: Lpar, right: Lpar | None) -> Iterator[Part]:
    yield Heading("Profile of the next activation")
    yield both("Profile", _profile_name, left, right, source=src.LSSYSCFG_LPAR)
    yield both("Running with", lambda lpar: text_cell(lpar.curr_profile), left, right, source=src.LSSYSCFG_LPAR)
    facts: tuple[tuple[str, Callable[[LparProfile], Cell]], ...] = (
        ("Mem min/want/max", _memory),
        ("Processors", _processors),
        ("Virtual slots", lambda profile: Cell(str(profile.max_virtual_slots))),
        ("Boot mode", lambda profile: Cell(profile.boot_mode)),
    )
    for label, make in facts:
        yield both(label, _of_profile(make), left, right, compare=True, source=src.LSSYSCFG_PROF)
    yield both(
        "Auto start", _of_profile(lambda profile: text_cell(profile.auto_start)), left, right, source=src.LSSYSCFG_PROF
    )


def _of_profile(make: Callable[[LparProfile], Cell]) -> Callable[[Lpar], Cell]:
    def of(lpar: Lpar) -> Cell:
        profile = active_profile(lpar)
        return EMPTY if profile is None else make(profile)

    return of


def _profile_name(lpar: Lpar) -> Cell:
    profile = active_profile(lpar)
    if profile is not None:
        return Cell(profile.name)
    wanted = lpar.default_profile or lpar.curr_profile
    return Cell("none" if wanted is None else f"{wanted} was not read", Tone.WARN)


def _memory(profile: LparProfile) -> Cell:
    amounts = (profile.min_mem_mb, profile.desired_mem_mb, profile.max_mem_mb)
    return Cell(" / ".join(size(amount, MIB) for amount in amounts))


def _processors(profile: LparProfile) -> Cell:
    units = "" if profile.desired_proc_units is None else f", {profile.desired_proc_units:g} units"
    return Cell(f"{profile.desired_procs} {profile.proc_mode}{units}")


def _fibre_channel(left: Lpar, right: Lpar | None) -> Iterator[Part]:
    yield Heading("Virtual Fibre Channel: WWPNs running and in the profile")
    slots = {slot for lpar in (left, right) if lpar is not None for slot in _fc_slots(lpar)}
    if not slots:
        yield Note("None on either side." if right is not None else "None.", Tone.DIM)
    for slot in sorted(slots):
        yield both(f"Slot {slot} running", _running_fc(slot), left, right, source=src.LSHWRES_FC)
        yield both(f"Slot {slot} profile", _profile_fc(slot), left, right, source=src.LSSYSCFG_PROF)


def _fc_slots(lpar: Lpar) -> set[int]:
    profile = active_profile(lpar)
    return {*running_wwpns(lpar), *(profile_wwpns(profile) if profile is not None else ())}


def _running_fc(slot: int) -> Callable[[Lpar], Cell]:
    return lambda lpar: text_cell(" ".join(running_wwpns(lpar).get(slot, ())))


def _profile_fc(slot: int) -> Callable[[Lpar], Cell]:
    def of(lpar: Lpar) -> Cell:
        profile = active_profile(lpar)
        there = () if profile is None else profile_wwpns(profile).get(slot, ())
        return against_running(" ".join(running_wwpns(lpar).get(slot, ())), " ".join(there))

    return of


def against_running(running: str, profile: str) -> Cell:
    """What a profile says, against what runs: the next activation takes the profile's."""
    if not profile:
        return EMPTY if not running else Cell(f"{DIFFERS} not in the profile", Tone.BAD)
    if not running:
        return Cell(profile)
    return Cell("as running", Tone.OK) if running == profile else Cell(f"{DIFFERS} {profile}", Tone.BAD)


def _hosts(scene: Scene, pair: LparPair, left: Lpar) -> Iterator[Part]:
    """Whether the arrays' hosts hold the WWPNs: what is missing there cannot be reached when the LPAR is started."""
    if left.env == "vioserver":
        return
    yield Heading("FlashArray hosts, against the WWPNs above")
    source = src.derived(f"{src.GET_HOSTS}, against {src.LSHWRES_FC} and {src.LSSYSCFG_PROF}")
    yield both("Host", lambda entry: _host(scene, entry), pair.left, pair.right, source=source)
    yield from dict.fromkeys(note for one in (pair.left, pair.right) if one is not None for note in why(scene, one))


def _host(scene: Scene, entry: Entry) -> Cell:
    hosts = lpar_hosts(scene, entry)
    if hosts.match is HostMatch.NOT_APPLICABLE:
        return EMPTY
    names = ", ".join(f"{one.host.name} on {one.host.array}" for one in hosts.found)
    return status(hosts.match).cell(names)


def _history(scene: Scene, pair: LparPair) -> Iterator[Part]:
    tracks = []
    for entry in (pair.left, pair.right):
        if entry is not None:
            state, label = _lpar(entry).state.value, f"{scene.site(entry) or '?'} {_lpar(entry).system}"
            tracks.append(state_track(scene, entry, "state", state, tones_of(LparState), label))
    yield Heading("State over the last 24 hours")
    yield strip(scene, tracks)


def _ethernet(left: Lpar, right: Lpar | None) -> Iterator[Part]:
    yield Heading("Virtual Ethernet: MACs running and in the profile")
    slots = {slot for lpar in (left, right) if lpar is not None for slot in _eth_slots(lpar)}
    if not slots:
        yield Note("None on either side." if right is not None else "None.", Tone.DIM)
    for slot in sorted(slots):
        given = _profile_mac(partial(_eth_of, slot=slot), partial(_eth_of, slot=slot))
        yield both(f"Slot {slot} running", _running_eth(slot), left, right, source=src.LSHWRES_ETH)
        yield both(f"Slot {slot} profile", given, left, right, source=src.LSSYSCFG_PROF)
    for label in sorted({label for lpar in (left, right) if lpar is not None for label in _port_labels(lpar)}):
        given = _profile_mac(partial(_port_of, label=label), partial(_port_of, label=label))
        yield both(f"{label} running", _running_port(label), left, right, source=src.LSHWRES_PORTS)
        yield both(f"{label} profile", given, left, right, source=src.LSSYSCFG_PROF)
    if right is not None:
        yield _macs_kept(left, right)


def _eth_slots(lpar: Lpar) -> set[int]:
    profile = active_profile(lpar)
    return {adapter.slot for adapter in (*lpar.eth, *(profile.eth if profile is not None else ()))}


def _eth_of(held: Lpar | LparProfile, slot: int) -> EthAdapter | None:
    return next((adapter for adapter in held.eth if adapter.slot == slot), None)


def _running_eth(slot: int) -> Callable[[Lpar], Cell]:
    def of(lpar: Lpar) -> Cell:
        adapter = _eth_of(lpar, slot)
        if adapter is None:
            return EMPTY
        return Cell(f"{adapter.mac or 'no MAC'} VLAN {adapter.port_vlan_id} {adapter.vswitch}")

    return of


def _profile_mac(
    running: Callable[[Lpar], EthAdapter | NicPort | None], given: Callable[[LparProfile], EthAdapter | NicPort | None]
) -> Callable[[Lpar], Cell]:
    def of(lpar: Lpar) -> Cell:
        profile, now = active_profile(lpar), running(lpar)
        then = given(profile) if profile is not None else None
        if then is not None and then.mac is None:
            return Cell(f"{GLYPHS[Tone.WARN]} the HMC chooses a MAC", Tone.WARN)
        mac = then.mac if then is not None else None
        return against_running(now.mac or "" if now is not None else "", mac or "")

    return of


def _port_labels(lpar: Lpar) -> set[str]:
    profile = active_profile(lpar)
    return {port.label for port in (*lpar.ports, *(profile.ports if profile is not None else ()))}


def _port_of(held: Lpar | LparProfile, label: str) -> NicPort | None:
    return next((port for port in held.ports if port.label == label), None)


def _running_port(label: str) -> Callable[[Lpar], Cell]:
    def of(lpar: Lpar) -> Cell:
        port = _port_of(lpar, label)
        return Cell(f"{port.mac or 'no MAC'} VLAN {port.port_vlan_id}") if port is not None else EMPTY

    return of


def _macs_kept(left: Lpar, right: Lpar) -> Fact:
    """The MACs that the left side has against those that the right side's profile will give: firewalls know them."""
    profile = active_profile(right)
    own = active_profile(left)
    has = sorted(set(left.macs) or set(own.macs if own is not None else ()))
    gives = sorted(set(profile.macs if profile is not None else ()))
    mine = text_cell(" ".join(has))
    source = src.derived(f"{src.LSHWRES_ETH}, against {src.LSSYSCFG_PROF} of the other side")
    if profile is None:
        return Fact("MACs kept", mine, EMPTY, source=source)
    if has == gives:
        return Fact("MACs kept", mine, Cell("the same in the profile", Tone.OK), source=source)
    return Fact("MACs kept", mine, text_cell(" ".join(gives)), differs=True, source=source)


def _npiv(lpar: Lpar) -> Iterator[Part]:
    if lpar.env != "vioserver":
        return
    yield Heading("NPIV maps of this VIOS")
    if not lpar.npiv:
        yield Note("None are known.", Tone.DIM)
    for mapping in lpar.npiv:
        client = mapping.client_lpar_name or "no client"
        words = f"{client}  {mapping.status}  {mapping.fc_port or 'no port'}"
        tone = Tone.PLAIN if mapping.status == "LOGGED_IN" else Tone.WARN
        yield Fact(mapping.vfchost, Cell(words, tone), source=src.LSMAP)
