"""How things stand, in sentences that an officer reads: what is not known, what is late, what has been failed over,
what would be lost. Pure; every sentence names what it speaks of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from screens.ages import age
from screens.cells import Cell, Line, Tone, wrap
from screens.conditions import CopyHealth
from screens.copies import pgroup_health
from screens.losses import losses, worst_loss
from screens.pairing import pgroup_source, replica_of, vm_pair
from screens.rcg_sides import decide, pairs
from screens.rows_replicas import health_of
from screens.scene import Scene, sample_is_stale
from screens.status import GLYPHS
from store.estate import PowerState, ProtectionGroup, VirtualMachine
from store.rcg_roles import Activity, Which
from store.readiness import Standing
from store.records import DeviceHealth
from store.runs import Run

NAMED = 3
"""How many things a sentence names; the others are counted."""


class Sentence(Struct, frozen=True):
    """One thing to know; ``pane`` is the number key of where to look."""

    text: str
    tone: Tone
    pane: str


def briefing(scene: Scene, bare: Sequence[str] = (), owed: Iterable[Run] = ()) -> list[Sentence]:
    """The sentences, the worst first. Nothing at all is known before a device was ever read: then that is said.
    ``bare`` are the names of VMs that are to be replicated and have no copy yet, ``owed`` the drills that are not
    cleaned up."""
    if not any(device.last_ok for device in scene.index.devices.values()):
        return [Sentence("Nothing is known yet: no device has been read.", Tone.UNKNOWN, "6")]
    found = [*_devices(scene), *_copies(scene), *_returns(scene), *_rcgs(scene), *_twins(scene), *_worst(scene)]
    if bare:
        found.append(Sentence(f"No copy yet of VMs that are to be replicated: {named(sorted(bare))}", Tone.BAD, "5"))
    found += [Sentence(owed_words(drill, scene), Tone.WARN, "8") for drill in owed]
    order = (Tone.BAD, Tone.UNKNOWN, Tone.WARN, Tone.OK)
    return sorted(found, key=lambda sentence: order.index(sentence.tone))


def owed_words(drill: Run, scene: Scene) -> str:
    """That the clean-up of a drill is owed, and since when."""
    return f"Clean-up is owed after {drill.plan.name}, since its end {scene.ago(drill.ended_at or drill.created_at)}"


def briefing_lines(sentences: Sequence[Sentence], width: int, most: int) -> list[Line]:
    """The sentences in at most ``most`` lines, the worst first; what does not fit is counted, never cut off."""
    lines: list[Line] = []
    for number, sentence in enumerate(sentences):
        wrapped = wrap(f"{sentence.text} ({sentence.pane})", max(10, width - 2))
        left = len(sentences) - number - 1
        if lines and len(lines) + len(wrapped) + (1 if left else 0) > most:
            rest = left + 1
            lines.append((Cell(f"  and {rest} more to say: the panes tell it", Tone.DIM),))
            break
        first, *more = wrapped
        lines.append((Cell(f"{GLYPHS[sentence.tone]} {first}", sentence.tone),))
        lines += [(Cell(f"  {text}", sentence.tone),) for text in more]
    return lines


def named(names: Sequence[str]) -> str:
    """``a, b and c``, or ``a, b, c and 4 more``."""
    if len(names) > NAMED + 1:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _devices(scene: Scene) -> Iterator[Sentence]:
    devices = list(scene.index.devices.values())
    failing = [d.name for d in devices if d.health is DeviceHealth.FAILING]
    never = [d.name for d in devices if d.health is DeviceHealth.NEVER]
    partly = [d.name for d in devices if d.health is DeviceHealth.PARTIAL]
    if failing:
        many = f"{len(failing)} of {len(devices)} devices"
        text = f"{many} cannot be read, so what they hold is unknown: {named(failing)}"
        yield Sentence(text, Tone.BAD, "6")
    if never:
        yield Sentence(f"{named(never)} {'was' if len(never) == 1 else 'were'} never read", Tone.UNKNOWN, "6")
    if partly:
        yield Sentence(f"Only partly understood: the answers of {named(partly)}", Tone.WARN, "6")
    old = [d for d in devices if d.health in (DeviceHealth.OK, DeviceHealth.PARTIAL) and sample_is_stale(d, scene.now)]
    if old:
        oldest = age(scene.now, min(d.last_ok for d in old if d.last_ok is not None))
        text = f"Not read lately, so what is shown may not be so now: {named([d.name for d in old])}"
        yield Sentence(f"{text}, up to {oldest} old", Tone.WARN, "6")
    if not (failing or never or partly or old):
        yield Sentence(f"All {len(devices)} devices are read.", Tone.OK, "6")


_LATE = (CopyHealth.LATE, CopyHealth.NO_COPY, CopyHealth.NOT_ALLOWED, CopyHealth.DESTROYED)


def _copies(scene: Scene) -> Iterator[Sentence]:
    late = []
    for entry in scene.view.entries("pgroup"):
        group = entry.obj
        if isinstance(group, ProtectionGroup) and group.is_local and not entry.gone:
            health = pgroup_health(group, scene.now, pgroup_source(scene, entry))
            late += [f"{group.name} ({health})"] if health in _LATE else []
    if late:
        noun = "protection group is" if len(late) == 1 else "protection groups are"
        yield Sentence(f"{len(late)} {noun} not protected as planned: {named(sorted(late))}", Tone.BAD, "3")
    old = []
    for uuid in scene.index.groups("vm", "copy of"):
        for entry in scene.index.group("vm", "copy of", uuid):
            replica, health = replica_of(entry), health_of(entry, scene)
            if replica is not None and not entry.gone and health in _LATE:
                old.append(replica.source_name)
    if old:
        yield Sentence(f"VM replicas that are late: {named(sorted(set(old)))}", Tone.BAD, "5")


def _returns(scene: Scene) -> Iterator[Sentence]:
    """Which LPARs could not come back at the other site now, as it was checked last."""
    covered, checked = scene.readiness.covered, scene.readiness.now
    if covered is None or not checked.found:
        return
    by: dict[Standing, list[str]] = {}
    for name in sorted(checked.found):
        by.setdefault(checked.standing(name, scene.now), []).append(name)
    total, seen = len(checked.found), "" if checked.at is None else f", checked {age(scene.now, checked.at)} ago"
    back = f"come back at {covered.recovery}{seen}"
    if bad := by.get(Standing.NOT_READY):
        verb = "is" if len(bad) == 1 else "are"
        yield Sentence(
            f"{len(bad)} of {total} protected LPARs {verb} not ready to {back}: {named(bad)}", Tone.WARN, "2"
        )
    if unknown := by.get(Standing.NOT_KNOWN):
        of = f"Of {len(unknown)} of {total} protected LPARs it is not known whether they could"
        yield Sentence(f"{of} {back}: {named(unknown)}", Tone.UNKNOWN, "2")
    if len(by.get(Standing.READY, ())) == total:
        yield Sentence(f"All {total} protected LPARs are ready to {back}", Tone.OK, "2")


def _rcgs(scene: Scene) -> Iterator[Sentence]:
    every = pairs(scene)
    over, unknown = [], []
    for pair in every:
        verdict = decide(pair)
        if verdict.activity is Activity.UNKNOWN:
            unknown.append(pair.name)
        elif verdict.active is Which.PEER:
            over.append(pair.name)
    if over:
        noun = "remote copy groups serves" if len(over) == 1 else "remote copy groups serve"
        yield Sentence(f"{len(over)} of {len(every)} {noun} from the other side: {named(over)}", Tone.WARN, "4")
    if unknown:
        yield Sentence(f"Which side is active is unknown of {named(unknown)}", Tone.UNKNOWN, "4")


def _twins(scene: Scene) -> Iterator[Sentence]:
    found = []
    for uuid in scene.index.groups("vm", "copy of"):
        for entry in scene.index.group("vm", "copy of", uuid):
            source = vm_pair(scene, entry).source
            if source is not None and _on(source.obj) and _on(entry.obj) and not (source.gone or entry.gone):
                found.append(source.obj.name if isinstance(source.obj, VirtualMachine) else source.key)
    if found:
        yield Sentence(f"Powered on at both sites at once: {named(sorted(set(found)))}", Tone.BAD, "5")


def _on(obj: object) -> bool:
    return isinstance(obj, VirtualMachine) and obj.power_state is PowerState.ON


def _worst(scene: Scene) -> Iterator[Sentence]:
    worst = worst_loss(loss for _, loss in losses(scene))
    if worst is None:
        return
    if worst.since is None:
        text = f"Nothing bounds what a failover of {worst.name} would lose now: no copy of it is complete and in sync"
        yield Sentence(text, Tone.BAD, "3")
        return
    unread = any(sample_is_stale(device, scene.now) for device in scene.index.devices.values())
    seen = ", as last seen" if unread else ""
    text = f"Of what is replicated, a failover now would lose at most {age(scene.now, worst.since)}"
    yield Sentence(f"{text} ({worst.name}){seen}", Tone.OK, "3")
