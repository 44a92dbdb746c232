"""The definition of an LPAR at the recovery site, and the VIOS adapters behind it. Pure.

An LPAR that is there is changed only while it is Not Activated. A new one gets slots on the mapped VIOS; its WWPNs,
where they are its own, are known once it exists, so that its host is aligned by the next look.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import chain

from msgspec.structs import replace

from app.pra_records import WwpnPolicy
from app.recovery.pra.alignment import Act, AddServer, Define, Finding, KeepServer, MapPort, Redefine
from app.recovery.pra.golden import (
    UndefinableError,
    attributes,
    differences,
    golden,
    next_profile,
    ports_to_keep,
)
from app.recovery.pra.situation import Pair, PraNow, SideNow
from store.estate import AdapterType, FcAdapter, Lpar, LparProfile, LparState, ScsiAdapter

FIRST_SLOT = 100
"""From here on slots for new server adapters are looked for, where production's own number is taken."""


@dataclass
class Slots:
    """The slots of each VIOS, how many clients each of its ports has, and how many more it takes where that is known,
    as they are and as this plan takes them."""

    taken: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    clients: dict[str, Counter[str]] = field(default_factory=dict)
    free: dict[str, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, side: SideNow) -> Slots:
        """Those of a site: what its VIOSes have, and what definitions rest on that no VIOS has yet."""
        made = cls(free={key: dict(ports) for key, ports in side.ports.items()})
        for lpar in side.lpars:
            every: list[Lpar | LparProfile] = [lpar, *lpar.profiles]
            for held in every:
                ends: list[FcAdapter | ScsiAdapter] = [*held.fc, *held.scsi]
                if lpar.env == "vioserver":
                    made.taken[lpar.key] |= {*(end.slot for end in ends), *(nic.slot for nic in held.eth)}
                for end in ends:
                    if end.adapter_type is AdapterType.CLIENT and end.remote_slot is not None:
                        made.taken[f"{lpar.system_key}/{end.remote_lpar_name}"].add(end.remote_slot)
        return made

    def take(self, vios: Lpar, wanted: int | None) -> int | None:
        """Production's slot where it is free, else the next one. None: the VIOS has no more."""
        given = next_profile(vios)
        taken, most = self.taken[vios.key], given.max_virtual_slots if given is not None else FIRST_SLOT
        first = [] if wanted is None else [wanted]
        for slot in chain(first, range(FIRST_SLOT, most), range(2, FIRST_SLOT)):
            if 2 <= slot < most and slot not in taken:
                taken.add(slot)
                return slot
        return None

    def port(self, vios: Lpar, wanted: str | None) -> str | None:
        """Production's port where the VIOS has one of that name, else the one with the fewest clients, of those that
        take one more. None: it is not known which it has, or all are :meth:`full`."""
        if vios.key not in self.clients:
            used = Counter(mapping.fc_port for mapping in vios.npiv if mapping.fc_port)
            self.clients[vios.key] = used or Counter(dict.fromkeys(self.free.get(vios.key, ()), 0))
        clients, free = self.clients[vios.key], self.free.get(vios.key)
        able = [name for name in clients if free is None or free.get(name, 0) > 0]
        if not able:
            return None
        port = wanted if wanted in able else min(able, key=lambda name: (clients[name], name))
        clients[port] += 1
        if free is not None:
            free[port] -= 1
        return port

    def full(self, vios: Lpar) -> bool:
        """Whether no port of a VIOS takes another client, as far as it says."""
        return not any(self.free.get(vios.key, {"": 1}).values())


def align_definition(now: PraNow, pair: Pair, slots: Slots) -> tuple[list[Act], list[Finding]]:
    """What makes or corrects the LPAR at the recovery site."""
    if pair.home is None:
        return [], []
    if pair.in_the_way:
        return [], [Finding("pwr.golden", _in_the_way(now, pair))]
    unread = {"fc", "eth", "profiles"} & set(pair.home.unread)
    if unread:
        return [], [Finding("pwr.golden", f"{', '.join(sorted(unread))} of {pair.name} could not be read in full")]
    if pair.partner is None and not now.recovery.whole:
        words = f"not everything at {now.recovery.site} could be read: whether {pair.name} is defined is not known"
        return [], [Finding("pwr.golden", words)]
    if pair.where is None:
        words = (
            f"{pair.name} has no definition at {now.recovery.site}, and {pair.home.system} is not in [[pra.systems]]"
        )
        return [], [Finding("pwr.golden", words)]
    try:
        wanted = golden(pair.home, pair.where, now.pra.policy(pair.name))
    except UndefinableError as error:
        return [], [Finding("pwr.golden", str(error))]
    if pair.partner is None:
        return _define(now, pair, wanted, slots)
    acts, found = _redefine(now, pair, pair.partner, wanted)
    found += [Finding("pwr.mac-kept", words) for words in ports_lacking(pair.home, pair.partner, now.recovery.site)]
    servers, lacking = _servers(now, pair, pair.partner, slots)
    return [*acts, *servers], [*found, *lacking]


def ports_lacking(home: Lpar, partner: Lpar, site: str) -> list[str]:
    """The vNICs and SR-IOV logical ports at home whose MACs nothing at the recovery site gives, in words."""
    given = next_profile(partner)
    have = given.macs if given is not None else ()
    found = []
    for port, mac in ports_to_keep(home):
        if mac is None:
            found.append(f"the MAC of {port.label} of {home.name} is not known: it was never activated")
        elif mac not in have:
            words = f"{port.label} of {home.name} has the MAC {mac}, which its definition at {site} gives nowhere"
            found.append(f"{words}: add a port with it there by hand")
    return found


def _in_the_way(now: PraNow, pair: Pair) -> str:
    """Names of host objects are those of LPARs: two of one name cannot both have one."""
    where = " and ".join(lpar.system for lpar in pair.in_the_way)
    if len(pair.in_the_way) > 1:
        return f"several LPARs at {now.recovery.site} are called {pair.name}: on {where}"
    to = pair.where.recovery if pair.where is not None else ""
    return f"{pair.name} is there already, on {where}, where [[pra.systems]] does not send it ({to})"


def _define(now: PraNow, pair: Pair, wanted: LparProfile, slots: Slots) -> tuple[list[Act], list[Finding]]:
    home, where = pair.home, pair.where
    assert home is not None and where is not None
    system = next((s for s in now.recovery.systems.values() if where.recovery in (s.name, s.key)), None)
    if system is None:
        return [], [Finding("pwr.golden", f"{where.recovery}, where {pair.name} is to be defined, is not there")]
    fcs: list[FcAdapter] = []
    production = {adapter.slot: adapter.remote_slot for adapter in (next_profile(home) or wanted).fc}
    for adapter in wanted.fc:
        vios = now.recovery.vios.get((system.key, adapter.remote_lpar_name))
        if vios is None:
            words = f"{system.name} has no VIOS {adapter.remote_lpar_name}: map it in [[pra.systems]] vios"
            return [], [Finding("pwr.vios", words)]
        slot = slots.take(vios, production.get(adapter.slot))
        if slot is None:
            return [], [
                Finding("pwr.vios", f"{vios.name} on {system.name} has no free virtual slot (max_virtual_slots)")
            ]
        fcs.append(replace(adapter, remote_lpar_id=vios.lpar_id, remote_slot=slot))
    made = replace(wanted, fc=tuple(fcs))
    device = now.recovery.hmc_of[system.key]
    return [Define(device, system.name, pair.name, made.name, home.env, attributes(made))], []


def _redefine(now: PraNow, pair: Pair, partner: Lpar, wanted: LparProfile) -> tuple[list[Act], list[Finding]]:
    given = next_profile(partner)
    if given is None:
        return [], [Finding("pwr.golden", f"{partner.name} on {partner.system} has no profile to activate")]
    if "profiles" in partner.unread:
        return [], [Finding("pwr.golden", f"the profiles of {partner.name} on {partner.system} could not all be read")]
    own = now.pra.policy(pair.name) is WwpnPolicy.OWN
    found = differences(replace(wanted, fc=_as_given(wanted, given)) if own else wanted, given)
    changed = [each for each in found if each.field != "virtual_fc_adapters"]
    notes = [
        Finding("pwr.golden", f"virtual FC of {pair.name}: {each.wanted} is to be, {each.found} is: change it by hand")
        for each in found
        if each.field == "virtual_fc_adapters"
    ]
    if not changed:
        return [], notes
    if partner.state is not LparState.NOT_ACTIVATED:
        words = ", ".join(f"{each.field} {each.found} (to be {each.wanted})" for each in changed)
        text = f"{partner.name} on {partner.system} is {partner.state} and is not changed: {words}"
        return [], [*notes, Finding("pwr.golden", text)]
    device = now.recovery.hmc_of[partner.system_key]
    values = attributes(wanted, [each.field for each in changed])
    act = Redefine(device, partner.system, partner.name, given.name, values, tuple(changed))
    return [act], notes


def _as_given(wanted: LparProfile, given: LparProfile) -> tuple[FcAdapter, ...]:
    """With WWPNs of its own, a definition needs as many client adapters as production has; which slots and which VIOS
    it uses is its own affair."""
    clients = tuple(adapter for adapter in given.fc if adapter.adapter_type is AdapterType.CLIENT)
    return clients if len(clients) == len(wanted.fc) else wanted.fc


def _servers(now: PraNow, pair: Pair, partner: Lpar, slots: Slots) -> tuple[list[Act], list[Finding]]:
    """The server adapter and the port behind each client adapter of a definition that is there."""
    given = next_profile(partner)
    system = now.recovery.systems.get(partner.system_key)
    acts: list[Act] = []
    found: list[Finding] = []
    if given is None or system is None:
        return acts, found
    for adapter in given.fc:
        if adapter.adapter_type is not AdapterType.CLIENT or adapter.remote_slot is None:
            continue
        vios = now.recovery.vios.get((system.key, adapter.remote_lpar_name))
        if vios is None or vios.state is not LparState.RUNNING or vios.rmc_state != "active":
            name = adapter.remote_lpar_name or "the VIOS"
            found.append(Finding("pwr.vios", f"{name} on {system.name} does not run with RMC: its maps are not known"))
        elif {"fc", "profiles"} & set(vios.unread):
            found.append(Finding("pwr.vios", f"{vios.name} on {system.name} could not be read in full"))
        else:
            more = _server(now, pair, vios, adapter, slots)
            acts += more[0]
            found += [Finding("pwr.vios", words) for words in more[1]]
    return acts, found


def _server(now: PraNow, pair: Pair, vios: Lpar, adapter: FcAdapter, slots: Slots) -> tuple[list[Act], list[str]]:
    """What one client adapter lacks on a VIOS that was read in full, or what is wrong with it there."""
    partner, slot = pair.partner, adapter.remote_slot
    assert partner is not None and slot is not None
    device, system = now.recovery.hmc_of[vios.system_key], vios.system
    kept = next_profile(vios)
    if kept is None:
        return [], [f"{vios.name} on {system} has no profile to keep an adapter in"]
    values = (device, system, vios.name, kept.name, slot, partner.name, partner.lpar_id, adapter.slot)
    running, written = ([each for each in held if each.slot == slot] for held in (vios.fc, kept.fc))
    if any(not _serves(each, partner, adapter) for each in (*running, *written)):
        return [], [f"slot {slot} of {vios.name} on {system} serves another adapter than that of {partner.name}"]
    if not running:
        return [AddServer(*values)], []
    acts: list[Act] = [] if written else [KeepServer(*values)]
    mapping = next((each for each in vios.npiv if each.slot == slot), None)
    if mapping is None:
        return acts, [f"{vios.name} on {system} shows no vfchost for slot {slot}"]
    if mapping.fc_port is None:
        port = slots.port(vios, _production_port(now, pair, adapter))
        if port is None:
            why = "no port takes another client" if slots.full(vios) else "which ports it has is not known: choose one"
            return acts, [f"{mapping.vfchost} of {vios.name} is not mapped, and {why}"]
        acts.append(MapPort(device, system, vios.name, slot, mapping.vfchost, port))
    return acts, []


def _serves(server: FcAdapter, client: Lpar, adapter: FcAdapter) -> bool:
    """Whether an adapter of a VIOS is the other end of a client's: one for any client is."""
    return (
        server.adapter_type is AdapterType.SERVER
        and server.remote_lpar_id in (None, client.lpar_id)
        and server.remote_slot in (None, adapter.slot)
    )


def _production_port(now: PraNow, pair: Pair, adapter: FcAdapter) -> str | None:
    """The port that production uses for the adapter in the same slot."""
    home = pair.home
    ours = next((each for each in home.fc if each.slot == adapter.slot), None) if home is not None else None
    if home is None or ours is None:
        return None
    vios = now.nominal.vios.get((home.system_key, ours.remote_lpar_name))
    return (
        next((each.fc_port for each in vios.npiv if each.slot == ours.remote_slot), None) if vios is not None else None
    )
