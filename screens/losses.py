"""What would be lost if a site went dark now: for each protected object the moment since which data is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec import Struct

from screens.copies import worst_copy
from screens.pairing import newest_complete, replica_of, vm_pair
from screens.rcg_sides import in_sync, pairs, point_in_time
from screens.scene import Scene
from store.estate import ProtectionGroup, RcgMode, VirtualMachine


class Loss(Struct, frozen=True):
    """What would be lost with an object now: everything since ``since``; None: no complete copy, no bound at all."""

    name: str
    since: datetime | None


def worst_loss(losses: Iterable[Loss]) -> Loss | None:
    """The loss that hurts most: one without any bound, else the oldest."""
    worst: Loss | None = None
    for loss in losses:
        if worst is None or _hurts(loss) > _hurts(worst):
            worst = loss
    return worst


def _hurts(loss: Loss) -> tuple[bool, float]:
    return (loss.since is None, -loss.since.timestamp() if loss.since is not None else 0.0)


def losses(scene: Scene) -> Iterator[tuple[str | None, Loss]]:
    """For each protected object the site where its data is made, and its loss now."""
    for entry in scene.view.entries("pgroup"):
        group = entry.obj
        if isinstance(group, ProtectionGroup) and group.is_local and group.targets and not entry.gone:
            copy = worst_copy(group)
            yield scene.site(entry), Loss(group.name, copy.newest.created if copy and copy.newest else None)
    for pair in pairs(scene):
        home = pair.natural.entry
        group_now = pair.any_group
        if home is None or group_now is None or in_sync(pair):
            continue
        yield scene.site(home), Loss(pair.name, point_in_time(pair) if group_now.mode is not RcgMode.SYNC else None)
    for uuid in scene.index.groups("vm", "copy of"):
        for entry in scene.index.group("vm", "uuid", uuid):
            vm = entry.obj
            if isinstance(vm, VirtualMachine) and vm.replica is None and not entry.gone:
                newest = newest_complete(vm_pair(scene, entry).replicas)
                replica = replica_of(newest) if newest is not None else None
                yield scene.site(entry), Loss(vm.name, replica.point_in_time if replica is not None else None)
