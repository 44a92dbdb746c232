"""What can be done to replicated VMs as they are now, and why the rest is not right. Pure.

It is said from what the store last saw of both servers and from the newest runs; the plan looks anew and refuses by
itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from msgspec import Struct, field

from screens.actions_acts import VM_WORDS
from screens.briefing import named
from screens.offers import Offer
from screens.pairing import replica_of, vm_pair
from screens.replications import Known, named_alone, sources
from screens.run_messages import ActsAsked
from screens.scene import Scene
from store.estate import PowerState, VirtualMachine
from store.records import DeviceHealth, Entry
from store.replications import Replicated, Standing

ONE = ("replicate", "undo", "failback")
ON, OFF = PowerState.ON, PowerState.OFF
_ANSWERS = (DeviceHealth.OK, DeviceHealth.PARTIAL)


class Member(Struct, frozen=True):
    """A VM. ``home``: the power of the source, None where no server shows it; ``answers``: its server can be read;
    ``there``: a copy of it runs; ``complete``: there is a complete copy; ``wrong``: nothing can be done to it.
    ``uuid``: the instance UUID of the source, empty where no server shows it."""

    name: str
    replicated: Replicated | None = None
    home: PowerState | None = None
    answers: bool = False
    there: bool = False
    complete: bool = False
    standing: Standing = field(default_factory=Standing)
    wrong: str = ""
    uuid: str = ""


def asked(scene: Scene, keys: Sequence[str], known: Sequence[Replicated], stand: Mapping[str, Standing]) -> ActsAsked:
    """The menu for the VMs with these keys, sources or copies, or the names of replications of which no copy is there.
    ``known`` are those that the configuration names, ``stand`` says how they stand."""
    found: dict[str, Member] = {}
    alone = {one.name: one for one in known}
    for key in keys:
        name = named_alone(key)
        try:
            if name is not None:
                one = alone[name]
                source = sources(scene, [Known(one)]).get(name)
                member = _of(scene, one, source, (), stand.get(name))
            else:
                member = _member(scene, scene.entry("vm", key), known, stand)
        except LookupError:
            member = Member(name or key, wrong="it is not known any more")
        found[member.name] = member
    members = [found[name] for name in sorted(found)]
    return ActsAsked(_about(members), offers(members))


def _member(scene: Scene, entry: Entry, known: Sequence[Replicated], stand: Mapping[str, Standing]) -> Member:
    pair = vm_pair(scene, entry)
    replica, vm = replica_of(entry), _vm(entry)
    uuid = replica.source_instance_uuid if replica is not None else vm.instance_uuid
    name = replica.source_name if replica is not None else vm.name
    copied_to = {entry.device} if replica is not None else {one.device for one in pair.replicas}
    mine = [one for one in known if one.vm in (uuid, name) and (one.destination in copied_to or not copied_to)]
    if len(mine) != 1:
        how = "no [[replications]] names it" if not mine else "more than one [[replications]] names it: use :do vm …"
        return Member(name, wrong=how)
    return _of(scene, mine[0], pair.source, pair.replicas, stand.get(mine[0].name))


def _of(
    scene: Scene, one: Replicated, source: Entry | None, replicas: Sequence[Entry], standing: Standing | None
) -> Member:
    device = scene.device(one.source)
    copies = [other for other in replicas if other.device == one.destination and not other.gone]
    said = [replica_of(other) for other in copies]
    return Member(
        one.name,
        one,
        _power(source),
        device is not None and device.health in _ANSWERS,
        any(_vm(other).power_state is ON for other in copies),
        any(each is not None and each.complete for each in said),
        standing or Standing(),
        uuid=_vm(source).instance_uuid if source is not None and not source.gone else "",
    )


def _power(source: Entry | None) -> PowerState | None:
    """None: no server shows it, or the one that does has lost sight of its host."""
    if source is None or source.gone or _vm(source).connection_state != "connected":
        return None
    return _vm(source).power_state


def _vm(entry: Entry) -> VirtualMachine:
    if not isinstance(entry.obj, VirtualMachine):
        raise LookupError(f"{entry.key} is no VM")
    return entry.obj


def _about(members: Sequence[Member]) -> str:
    if len(members) != 1:
        return f"{len(members)} VMs: {named([member.name for member in members])}"
    (one,) = members
    if one.replicated is None:
        return one.name
    home = f"{one.home} on {one.replicated.source}" if one.home is not None else f"not seen on {one.replicated.source}"
    return f"{one.name}, {home}, {'runs' if one.there else 'off'} on {one.replicated.destination}"


def offers(members: Sequence[Member]) -> tuple[Offer, ...]:
    """Every act on all of them, with why it is not right."""
    return tuple(
        Offer(word, name, words, order_text(word, members), _of_all(members, partial(why_not, word), word))
        for word, name, words in VM_WORDS
    )


def order_text(word: str, members: Sequence[Member]) -> str | None:
    """What the command line would be told: ``vm failover web01 --disaster``; None: there is nothing to ask for."""
    if any(member.wrong for member in members) or (word in ONE and len(members) > 1):
        return None
    if word == "cleanup":
        owed = {f"vm cleanup {drill}" for member in members for drill in member.standing.owed}
        owed |= {order for member in members for order in member.standing.of_plans}
        return owed.pop() if len(owed) == 1 else None
    if word == "backup":
        return f"vm backup {' '.join(member.uuid for member in members)}" if all(m.uuid for m in members) else None
    names = " ".join(member.name for member in members)
    return f"vm failover {names} --disaster" if word == "disaster" else f"vm {word} {names}"


def _of_all(members: Sequence[Member], why: Callable[[Member], str | None], word: str) -> str | None:
    if word in ONE and len(members) > 1:
        return "it is done to one VM at a time"
    reasons = [(member.name, reason) for member in members if (reason := why(member)) is not None]
    if not reasons:
        return None
    name, reason = reasons[0]
    if len(members) == 1:
        return reason
    return f"{name}: {reason}{f', and {len(reasons) - 1} more' if len(reasons) > 1 else ''}"


def why_not(word: str, one: Member) -> str | None:
    """Why an act is not right for a VM; None: it is."""
    if one.wrong:
        return one.wrong
    assert one.replicated is not None
    match word:
        case "cleanup":
            owes = one.standing.owed or one.standing.of_plans
            return None if owes else "no drill of it owes a clean-up"
        case "pause":
            return f"it is paused by run {one.standing.paused}" if one.standing.paused is not None else None
        case "resume":
            return None if one.standing.held is not None else "it is neither paused nor failed over"
        case "backup":
            return _unseen(one, one.replicated)
        case "undo" | "failback":
            return _back(word, one, one.replicated)
    if one.there:
        return f"it runs on {one.replicated.destination} already"
    return _away(word, one, one.replicated)


def _away(word: str, one: Member, replicated: Replicated) -> str | None:
    """Of what begins while the source serves."""
    if word == "drill" and not replicated.drill:
        return "[[replications]] names no isolated port group for it"
    if word in ("drill", "disaster") and not one.complete:
        return f"{replicated.destination} has no complete copy of it"
    if word == "replicate" and one.standing.held is not None:
        return one.standing.held
    if word == "disaster" and one.answers and one.home is ON:
        return f"{replicated.source} answers: a planned failover loses nothing"
    if word in ("replicate", "failover") and not one.answers:
        return f"{replicated.source} cannot be read"
    return None


def _unseen(one: Member, replicated: Replicated) -> str | None:
    """Why the source cannot be read."""
    if not one.answers:
        return f"{replicated.source} cannot be read"
    return None if one.uuid else f"{replicated.source} shows no such VM"


def _back(word: str, one: Member, replicated: Replicated) -> str | None:
    """Of what follows a failover."""
    if one.home is ON:
        return f"it runs on {replicated.source}"
    if not one.there and one.standing.failed_over is None:
        return "it is not failed over"
    return None if one.answers else f"{replicated.source} cannot be read"
