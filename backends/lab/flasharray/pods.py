"""ActiveDR: pods, the link that carries every write across with a lag, promotion and demotion.

The target pod has the volumes of its source under the same names. While it is demoted they hold what the source held
``lag_s`` ago and cannot be written; a promotion makes that their own content.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from backends.lab.flasharray.objects import Disk, Link, Pod, RefusedError
from backends.lab.volumes import Image, Segment

if TYPE_CHECKING:
    from backends.lab.flasharray.state import ArrayState
    from backends.lab.world import World

_MIB = 1024 * 1024


def add_pod(array: ArrayState, name: str, promoted: bool = True) -> Pod:
    array.check_name(name, "Pod")
    if name in array.pods:
        raise RefusedError(name, "Pod already exists.")
    pod = array.pods[name] = Pod(name, array.new_id(), array.now, promoted=promoted)
    return pod


def find(array: ArrayState, name: str, *, destroyed_too: bool = False) -> Pod:
    found = array.pods.get(name)
    if found is None:
        raise RefusedError(name, "Pod does not exist.")
    if found.destroyed and not destroyed_too:
        raise RefusedError(name, "Pod has been destroyed.")
    return found


def destroy(array: ArrayState, pod: Pod) -> None:
    """Refused while the pod has volumes or a link, as the array does."""
    if pod.link is not None:
        raise RefusedError(pod.name, "Pod cannot be destroyed while it has replica links.")
    if any(not disk.destroyed for disk in pod.disks):
        raise RefusedError(pod.name, "Pod is not empty.")

    def eradicate() -> None:
        array.pods.pop(pod.name, None)

    array.destroy(pod, eradicate)


def plain(disk: Disk) -> str:
    """The name of a volume within its pod."""
    return disk.name.rpartition("::")[2]


def link(source: tuple[ArrayState, Pod], target: tuple[ArrayState, Pod], lag_s: float = 8.0) -> Link:
    """Replicate a pod to a demoted pod of another array. The baseline takes the time that its size needs."""
    array, pod = source
    there, other = target
    if there.name not in array.peers:
        raise RefusedError(there.name, "Array is not connected.")
    if pod.link is not None or other.link is not None:
        raise RefusedError(pod.name, "Pod replica link already exists.")
    if other.promoted:
        raise RefusedError(other.name, "Remote pod must be demoted.")
    made = Link(array.new_id(), source, target, lag_s, ready_at=array.now + baseline_s(array, pod))
    pod.link = other.link = made
    mirror(made)
    return made


def baseline_s(array: ArrayState, pod: Pod) -> float:
    """How long the first copy of a pod takes, in seconds."""
    size = sum(disk.core.size for disk in pod.disks) * 0.3
    return max(0.1, size / array.world.timing.transfer_bytes_s)


def mirror(made: Link) -> None:
    """The target pod has a volume for each of the source's; while it is demoted nobody writes to them."""
    (_, pod), (there, other) = made.source, made.target
    have = {plain(disk) for disk in other.disks}
    for disk in pod.disks:
        if plain(disk) not in have:
            there.add_volume(f"{other.name}::{plain(disk)}", disk.core.size, pod=other)
    _set_writable(there, other.disks, False)


def _set_writable(array: ArrayState, disks: Iterable[Disk], writable: bool) -> None:
    for disk in disks:
        array.world.set_writable(disk.core, writable)


# --------------------------------------------------------------------------------------------------------- what arrived


def as_of(world: World, image: Image, moment: float) -> Image:
    """``image`` as it was at ``moment``: the generations that its last session wrote after that are not in it."""
    if image.written_at <= moment or not image.history:
        return image
    last = image.history[-1]
    writer = world.writers.get(last.session.rpartition("#")[0])
    period = writer.period_s if writer is not None else 1.0
    back = math.ceil((image.written_at - moment) / period)
    before = image.history[-2].generation if len(image.history) > 1 else 0
    generation = last.generation - back
    if generation <= before:
        return replace(image, history=image.history[:-1], written_at=moment)
    written = image.written_at - back * period
    return replace(image, history=(*image.history[:-1], Segment(last.session, generation)), written_at=written)


def arrived(made: Link, name: str) -> Image | None:
    """What the target of a link holds of a volume now; None before the baseline is complete."""
    array, pod = made.source
    now = array.now
    if name in made.frozen:
        return made.frozen[name]
    point = made.recovery_point(now)
    disk = next((d for d in pod.disks if plain(d) == name), None)
    if point is None or disk is None:
        return None
    return as_of(array.world, disk.core.image(now), point)


def freeze(made: Link) -> None:
    """What arrived over a link that breaks stays as it is."""
    for disk in made.source[1].disks:
        image = arrived(made, plain(disk))
        if image is not None:
            made.frozen[plain(disk)] = image


def follow_links(array: ArrayState) -> None:
    """Break or resume the links of an array with the power of the two sites."""
    for pod in array.pods.values():
        made = pod.link
        if made is None or made.source[0] is not array:
            continue
        linked = array.world.linked(array.site, made.target[0].site)
        if not linked and made.broken_at is None:
            freeze(made)
            made.broken_at = array.now
        elif linked and made.broken_at is not None and not made.paused:
            _resume(made)


def pause(made: Link, paused: bool) -> None:
    """Pause or resume a link by hand."""
    array = made.source[0]
    made.paused = paused
    linked = array.world.linked(array.site, made.target[0].site)
    if paused and made.broken_at is None:
        freeze(made)
        made.broken_at = array.now
    elif not paused and made.broken_at is not None and linked:
        _resume(made)


def _resume(made: Link) -> None:
    """Everything since the break has to go across before the recovery point moves again."""
    array = made.source[0]
    made.broken_at = None
    made.frozen.clear()
    made.ready_at = max(made.ready_at, array.now + made.lag_s / 4)
    if made.quiesced_at is not None and not made.dropped:
        made.quiesced_at = max(made.quiesced_at, made.ready_at)


# --------------------------------------------------------------------------------------------------- promote and demote


def promote(array: ArrayState, pod: Pod, *, abort_quiesce: bool = False, undo: Pod | None = None) -> None:
    """Make a pod writable with what has arrived, or with what an undo-demote pod kept (it is used up by that)."""
    made = pod.link
    if pod.promoted:
        return
    if made is not None and made.source[1] is pod:
        if made.quiesced_at is not None and array.now < made.quiesced_at and not abort_quiesce:
            raise RefusedError(pod.name, "Pod is quiescing. Use abort_quiesce to promote it.")
        made.quiesced_at, made.dropped = None, False
        if made.broken_at is None:
            made.frozen.clear()
    if undo is not None:
        if not undo.shadow:
            raise RefusedError(undo.name, "Pod is not an undo-demote pod.")
        images = dict(undo.images)
        array.pods.pop(undo.name, None)
    elif made is not None and made.target[1] is pod:
        images = {plain(d): i for d in pod.disks if (i := arrived(made, plain(d))) is not None}
        if len(images) < len(pod.disks):
            raise RefusedError(pod.name, "Pod cannot be promoted while its replica link is baselining.")
    else:
        images = {}
    for disk in pod.disks:
        if plain(disk) in images:
            disk.core.stored = images[plain(disk)]
    pod.promoted = True
    pod.settled_at = array.now + array.world.timing.rcg_verb_s
    _set_writable(array, pod.disks, True)
    if made is not None and made.target[1] is pod and not made.source[1].promoted:
        _turn_round(made)


def _turn_round(made: Link) -> None:
    """Both ends changed roles: the promoted pod is the source from now on."""
    made.source, made.target = made.target, made.source
    array = made.source[0]
    made.quiesced_at, made.dropped = None, False
    made.frozen.clear()
    made.broken_at = None
    made.ready_at = array.now + max(0.1, made.lag_s / 4)
    if not array.world.linked(array.site, made.target[0].site):
        made.broken_at = array.now


def demote(array: ArrayState, pod: Pod, *, quiesce: bool, skip_quiesce: bool) -> None:
    """Make a pod read-only. ``quiesce`` carries everything across first; ``skip_quiesce`` drops what is pending.

    What the demotion discards stays in a destroyed pod ``<name>.undo-demote`` for a day.
    """
    if not pod.promoted:
        return
    made = pod.link
    is_source = made is not None and made.source[1] is pod
    if is_source and made is not None and not (quiesce or skip_quiesce) and not made.target[1].promoted:
        raise RefusedError(pod.name, "Pod is replicating. Use quiesce or skip_quiesce to demote it.")
    _keep_undo(array, pod)
    if is_source and made is not None and skip_quiesce and not quiesce:
        freeze(made)
    _set_writable(array, pod.disks, False)
    pod.promoted = False
    pod.settled_at = array.now
    if made is None:
        return
    if is_source:
        made.quiesced_at, made.dropped = array.now + (made.lag_s if quiesce else 0.0), not quiesce
    if is_source and made.target[1].promoted:
        _turn_round(made)


def _keep_undo(array: ArrayState, pod: Pod) -> None:
    name = f"{pod.name}.undo-demote"
    array.pods.pop(name, None)
    kept = Pod(name, array.new_id(), array.now, promoted=False, shadow=True)
    kept.images = {plain(disk): disk.core.image(array.now) for disk in pod.disks}
    array.pods[name] = kept

    def eradicate() -> None:
        array.pods.pop(name, None)

    array.destroy(kept, eradicate)
