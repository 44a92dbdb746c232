"""Steps that define an LPAR, and the VIOS adapters behind it. Sources: procedures 3.1; ``mksyscfg``, ``chsyscfg``,
``chhwres``, ``vfcmap``.

``hmc`` is the device that the verb goes to, ``system`` what its ``-m`` takes. What was written is read back field by
field: a verb that the HMC took is done when the definition says what it is to say.
"""

from __future__ import annotations

from app.recovery.step import Hands, Seen, Sight, Verdict, facts
from backends.hmc import profiles
from backends.hmc.looks import FcOf, LparsOf, MapsOf, ProfilesOf
from backends.hmc.verbs import AddServerAdapter, Attributes, ChangeProfile, Create, MapVfc, Verb
from store.estate import AdapterType, FcAdapter, Lpar, LparProfile, LparState
from store.record import Record


class OnHmc:
    """For records with an ``hmc`` that send one verb to it."""

    __slots__ = ()
    hmc: str

    @property
    def device(self) -> str:
        return self.hmc

    def verb(self) -> Verb:
        raise NotImplementedError

    def call(self) -> str:
        return self.verb().command()

    def act(self, hands: Hands) -> str:
        return hands.perform(self.hmc, self.verb(), "")


def lpar_now(sight: Sight, hmc: str, system: str, name: str) -> Lpar | None:
    found: Lpar | None = sight.look(hmc, LparsOf(system)).get(name)
    return found


def profile_now(sight: Sight, hmc: str, system: str, lpar: str, name: str) -> LparProfile | None:
    found: tuple[LparProfile, ...] = sight.look(hmc, ProfilesOf(system)).get(lpar, ())
    return next((profile for profile in found if profile.name == name), None)


class DefineLpar(OnHmc, Record, frozen=True):
    """``mksyscfg -r lpar``: done when the LPAR is listed with the profile."""

    hmc: str
    system: str
    lpar: str
    profile: str
    env: str
    attributes: Attributes

    def verb(self) -> Create:
        return Create(self.system, self.lpar, self.profile, self.env, self.attributes)

    def observe(self, sight: Sight) -> Seen:
        found = lpar_now(sight, self.hmc, self.system, self.lpar)
        if found is None:
            return Seen(Verdict.READY, facts({self.lpar: "not defined"}), f"{self.system} has no LPAR {self.lpar}")
        profile = profile_now(sight, self.hmc, self.system, self.lpar, self.profile)
        told = facts({self.lpar: f"{found.state}, profile {self.profile} {'there' if profile else 'not there'}"})
        if profile is None:
            return Seen(Verdict.REFUSED, told, f"{self.lpar} is there without the profile {self.profile}")
        wrong = differing(profile, self.attributes)
        if wrong:
            return Seen(Verdict.REFUSED, told, f"{self.lpar} is there, and differs in {', '.join(wrong)}")
        return Seen(Verdict.DONE, told, "it is defined as planned")


class RedefineLpar(OnHmc, Record, frozen=True):
    """``chsyscfg -r prof``: done when the profile, read back, says what it is to say. Not while it is activated."""

    hmc: str
    system: str
    lpar: str
    profile: str
    attributes: Attributes

    def verb(self) -> ChangeProfile:
        return ChangeProfile(self.system, self.lpar, self.profile, self.attributes)

    def observe(self, sight: Sight) -> Seen:
        found = lpar_now(sight, self.hmc, self.system, self.lpar)
        profile = profile_now(sight, self.hmc, self.system, self.lpar, self.profile)
        if found is None or profile is None:
            return Seen(Verdict.REFUSED, facts({self.lpar: "not there"}), f"no profile {self.profile} of {self.lpar}")
        wrong = differing(profile, self.attributes)
        told = facts({self.lpar: str(found.state), "differs in": ", ".join(wrong) or "nothing"})
        if not wrong:
            return Seen(Verdict.DONE, told, "the profile says so")
        if found.state is not LparState.NOT_ACTIVATED:
            return Seen(Verdict.REFUSED, told, f"{self.lpar} is {found.state}: a profile in use is not changed")
        return Seen(Verdict.READY, told, f"it differs in {', '.join(wrong)}")


def differing(profile: LparProfile, attributes: Attributes) -> list[str]:
    """The attributes that a profile does not have as they were written. A client adapter that was written without
    WWPNs has got a pair of its own."""
    from app.recovery.pra.golden import attributes as written

    found = dict(written(profile))
    wrong = []
    for name, wanted in attributes:
        have = found.get(name)
        if name == "virtual_fc_adapters" and isinstance(wanted, tuple) and isinstance(have, tuple):
            same = sorted(map(_blank, wanted)) == sorted(map(_blank, have)) and _kept(wanted) <= set(have)
        elif isinstance(wanted, tuple) and isinstance(have, tuple):
            same = sorted(wanted) == sorted(have)
        else:
            same = wanted == have
        if not same:
            wrong.append(name)
    return wrong


def _blank(text: str) -> str:
    """A client adapter without its WWPNs."""
    fields = text.split("/")
    return "/".join((*fields[:5], "", *fields[6:]))


def _kept(texts: tuple[str, ...]) -> set[str]:
    return {text for text in texts if text.split("/")[5]}


def _serves(found: FcAdapter, client_id: int, client_slot: int) -> bool:
    """Whether an adapter of a VIOS is the other end of a client's, or one for any client."""
    ours = found.adapter_type is AdapterType.SERVER and found.remote_lpar_id in (None, client_id)
    return ours and found.remote_slot in (None, client_slot)


class AddServer(OnHmc, Record, frozen=True):
    """``chhwres -o a``: a server adapter on a running VIOS."""

    hmc: str
    system: str
    vios: str
    slot: int
    client: str
    client_id: int
    client_slot: int

    def verb(self) -> AddServerAdapter:
        return AddServerAdapter(self.system, self.vios, self.slot, self.client, self.client_slot)

    def observe(self, sight: Sight) -> Seen:
        vios = lpar_now(sight, self.hmc, self.system, self.vios)
        adapters = sight.look(self.hmc, FcOf(self.system)).get(self.vios, ())
        found = next((each for each in adapters if each.slot == self.slot), None)
        if found is None:
            told = facts({f"slot {self.slot} of {self.vios}": "empty"})
            if vios is None or vios.state is not LparState.RUNNING:
                return Seen(Verdict.REFUSED, told, f"{self.vios} does not run")
            return Seen(Verdict.READY, told, "the slot is empty")
        told = facts({f"slot {self.slot} of {self.vios}": f"{found.adapter_type} for LPAR {found.remote_lpar_id}"})
        if _serves(found, self.client_id, self.client_slot):
            return Seen(Verdict.DONE, told, f"it serves {self.client}")
        return Seen(Verdict.REFUSED, told, f"slot {self.slot} of {self.vios} is taken")


class KeepServer(OnHmc, Record, frozen=True):
    """``chsyscfg -r prof virtual_fc_adapters+=``: the same in the profile of the VIOS, so that its next activation has
    it too."""

    hmc: str
    system: str
    vios: str
    profile: str
    slot: int
    client: str
    client_id: int
    client_slot: int

    def verb(self) -> ChangeProfile:
        text = f"{self.slot}/server/{self.client_id}/{self.client}/{self.client_slot}//0"
        return ChangeProfile(self.system, self.vios, self.profile, (("virtual_fc_adapters+", (text,)),))

    def observe(self, sight: Sight) -> Seen:
        profile = profile_now(sight, self.hmc, self.system, self.vios, self.profile)
        if profile is None:
            return Seen(Verdict.REFUSED, facts({self.vios: "not there"}), f"no profile {self.profile} of {self.vios}")
        found = next((each for each in profile.fc if each.slot == self.slot), None)
        told = facts({f"slot {self.slot} in {self.profile}": "empty" if found is None else profiles.fc_text(found)})
        if found is None:
            return Seen(Verdict.READY, told, "the profile does not have it yet")
        if _serves(found, self.client_id, self.client_slot):
            return Seen(Verdict.DONE, told, "the profile has it")
        return Seen(Verdict.REFUSED, told, f"slot {self.slot} in {self.profile} is taken")


class MapPort(OnHmc, Record, frozen=True):
    """``vfcmap``: a ``vfchost`` to a physical port."""

    hmc: str
    system: str
    vios: str
    slot: int
    vfchost: str
    port: str

    def verb(self) -> MapVfc:
        return MapVfc(self.system, self.vios, self.vfchost, self.port)

    def observe(self, sight: Sight) -> Seen:
        maps = sight.look(self.hmc, MapsOf(self.system, self.vios))
        found = next((each for each in maps if each.vfchost == self.vfchost), None)
        if found is None or found.slot not in (None, self.slot):
            told = facts({self.vfchost: "not there" if found is None else f"slot {found.slot}"})
            return Seen(Verdict.REFUSED, told, f"{self.vfchost} of {self.vios} is not the adapter in slot {self.slot}")
        told = facts({f"port of {self.vfchost}": found.fc_port or "none"})
        if found.fc_port is None:
            return Seen(Verdict.READY, told, "it is mapped to no port")
        if found.fc_port == self.port:
            return Seen(Verdict.DONE, told, f"it is mapped to {self.port}")
        return Seen(Verdict.REFUSED, told, f"it is mapped to {found.fc_port}: it is left alone")
