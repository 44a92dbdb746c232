"""The definition of an LPAR at the recovery site, and the VIOS adapters behind it. Pure.

An LPAR that is there is changed only while it is Not Activated. A new one gets slots on the mapped VIOS; its WWPNs,
where they are its own, are known once it exists, so that its host is aligned by the next look.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

from app.pra_records import WwpnPolicy
from app.recovery.pra.alignment import Act, AddServer, Define, Finding, MapPort, Redefine
from app.recovery.pra.golden import UndefinableError, attributes, differences, golden, next_profile
from app.recovery.pra.situation import Pair, PraNow, SideNow
from store.estate import AdapterType, FcAdapter, Lpar, LparProfile, LparState, ManagedSystem

FIRST_SLOT = 100
"""From here on slots for new server adapters are looked for, where production's own number is taken."""


@dataclass
class Slots:
    """The slots of each VIOS, and how many clients each of its ports has, as they are and as this plan takes them."""

    taken: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    clients: dict[str, Counter[str]] = field(default_factory=dict)

    def take(self, vios: Lpar, wanted: int | None) -> int:
        if vios.key not in self.taken:
            given = next_profile(vios)
            every = [vios.fc, vios.eth, vios.scsi, *((given.fc, given.eth, given.scsi) if given is not None else ())]
            self.taken[vios.key] = {adapter.slot for adapters in every for adapter in adapters}
        taken = self.taken[vios.key]
        slot = wanted if wanted is not None and wanted not in taken else FIRST_SLOT
        while slot in taken:
            slot += 1
        taken.add(slot)
        return slot

    def port(self, vios: Lpar, wanted: str | None) -> str | None:
        """Production's port where the VIOS has one of that name, else the one with the fewest clients. None: it is not
        known which it has."""
        if vios.key not in self.clients:
            self.clients[vios.key] = Counter(mapping.fc_port for mapping in vios.npiv if mapping.fc_port)
        clients = self.clients[vios.key]
        if not clients:
            return None
        port = (
            wanted if wanted is not None and wanted in clients else min(clients, key=lambda name: (clients[name], name))
        )
        clients[port] += 1
        return port


def align_definition(now: PraNow, pair: Pair, slots: Slots) -> tuple[list[Act], list[Finding]]:
    """What makes or corrects the LPAR at the recovery site."""
    if pair.home is None:
        return [], []
    if pair.several:
        words = f"several LPARs at {now.recovery.site} are called {pair.name}: map its system in [[pra.systems]]"
        return [], [Finding("pwr.golden", words)]
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
    servers, lacking = _servers(now, pair, pair.partner, slots)
    return [*acts, *servers], [*found, *lacking]


def _define(now: PraNow, pair: Pair, wanted: LparProfile, slots: Slots) -> tuple[list[Act], list[Finding]]:
    home, where = pair.home, pair.where
    assert home is not None and where is not None
    system = next((s for s in now.recovery.systems.values() if where.recovery in (s.name, s.key)), None)
    if system is None:
        return [], [Finding("pwr.golden", f"{where.recovery}, where {pair.name} is to be defined, is not there")]
    fcs: list[FcAdapter] = []
    production = {adapter.slot: adapter.remote_slot for adapter in (next_profile(home) or wanted).fc}
    for adapter in wanted.fc:
        vios = _vios(now.recovery, system, adapter.remote_lpar_name)
        if vios is None:
            words = f"{system.name} has no VIOS {adapter.remote_lpar_name}: map it in [[pra.systems]] vios"
            return [], [Finding("pwr.vios", words)]
        slot = slots.take(vios, production.get(adapter.slot))
        fcs.append(replace(adapter, remote_lpar_id=vios.lpar_id, remote_slot=slot))
    made = replace(wanted, fc=tuple(fcs))
    device = now.recovery.hmc_of[system.key]
    return [Define(device, system.name, pair.name, made.name, home.env, attributes(made))], []


def _vios(side: SideNow, system: ManagedSystem, name: str | None) -> Lpar | None:
    return next((v for v in side.lpars if v.system_key == system.key and v.env == "vioserver" and v.name == name), None)


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
    if given is None or system is None:
        return [], []
    device = now.recovery.hmc_of[system.key]
    acts: list[Act] = []
    found: list[Finding] = []
    for adapter in given.fc:
        if adapter.adapter_type is not AdapterType.CLIENT or adapter.remote_slot is None:
            continue
        vios = _vios(now.recovery, system, adapter.remote_lpar_name)
        if vios is None or vios.state is not LparState.RUNNING or vios.rmc_state != "active":
            name = adapter.remote_lpar_name or "the VIOS"
            found.append(Finding("pwr.vios", f"{name} on {system.name} does not run with RMC: its maps are not known"))
            continue
        server = next((each for each in vios.fc if each.slot == adapter.remote_slot), None)
        if server is None:
            profile = vios.curr_profile or vios.default_profile or ""
            values = (adapter.remote_slot, partner.name, partner.lpar_id, adapter.slot)
            acts.append(AddServer(device, system.name, vios.name, profile, *values))
            continue
        if server.remote_lpar_id not in (None, partner.lpar_id):
            words = f"slot {server.slot} of {vios.name} on {system.name} serves another LPAR than {partner.name}"
            found.append(Finding("pwr.vios", words))
            continue
        mapping = next((each for each in vios.npiv if each.slot == server.slot), None)
        if mapping is not None and mapping.fc_port is None:
            port = slots.port(vios, _production_port(now, pair, adapter))
            if port is None:
                found.append(Finding("pwr.vios", f"{mapping.vfchost} of {vios.name} is not mapped: choose a port"))
            else:
                acts.append(MapPort(device, system.name, vios.name, server.slot, mapping.vfchost, port))
        elif mapping is None:
            found.append(Finding("pwr.vios", f"{vios.name} on {system.name} shows no vfchost for slot {server.slot}"))
    return acts, found


def _production_port(now: PraNow, pair: Pair, adapter: FcAdapter) -> str | None:
    """The port that production uses for the adapter in the same slot."""
    home = pair.home
    ours = next((each for each in home.fc if each.slot == adapter.slot), None) if home is not None else None
    if home is None or ours is None:
        return None
    for vios in now.nominal.lpars:
        if vios.system_key == home.system_key and vios.name == ours.remote_lpar_name:
            return next((each.fc_port for each in vios.npiv if each.slot == ours.remote_slot), None)
    return None
