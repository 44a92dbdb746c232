"""The storage of a failover of LPARs: a last snapshot where production answers, safety snapshots, every volume
overwritten."""

from __future__ import annotations

from collections.abc import Mapping

from app.recovery.pg.steps import KeepVolumes, Overwrite, TakeSnapshot, WaitArrived
from app.recovery.pra.failover_draft import Drawing
from app.recovery.pra.members import Disk
from app.recovery.pra.situation import ArrayNow
from backends.flasharray.records import origin
from backends.flasharray.verbs import Replicate

ARRIVE_S = 1800.0

AT_ONCE = 50
"""Volumes in one request for safety snapshots."""


def copy(drawing: Drawing) -> None:
    """A last snapshot where production answers, safety snapshots, and each volume overwritten."""
    chosen: dict[tuple[str, str], str] = {}
    for disk in (disk for member in drawing.members for disk in member.disks):
        assert disk.group is not None and disk.newest is not None
        at = (disk.array.device, disk.group.name)
        if at not in chosen:
            chosen[at] = disk.newest.name if drawing.asked.disaster else _last(drawing, disk)
    kept = f"drdeck-{drawing.draft.run_tag}"
    saved = _saved(drawing, kept)
    for member in drawing.members:
        for disk in member.disks:
            assert disk.group is not None and disk.part is not None
            snapshot = f"{chosen[disk.array.device, disk.group.name]}.{disk.plain}"
            arrived = drawing.arrived.get((disk.array.device, disk.group.name), ())
            needs = (*drawing.fenced.get(member.name, ()), *saved[member.name], *arrived)
            step = Overwrite(disk.array.device, disk.volume.name, snapshot, _size(drawing, disk), kept)
            title = f"Overwrite {disk.volume.name} of {member.name} with {snapshot}"
            done = drawing.draft.add(step, title, needs=needs, destructive=True)
            drawing.copied[member.name] = (*drawing.copied.get(member.name, ()), done)


def _size(drawing: Drawing, disk: Disk) -> int:
    """Bytes of the volume in the chosen snapshot: as in the newest one, or as production is now for one to be taken."""
    assert disk.part is not None
    if drawing.asked.disaster:
        return disk.part.size
    home = drawing.now.nominal.array(origin(disk.part.name)[0] or "")
    found = next((v for v in home.volumes.values() if v.name.endswith(disk.plain)), None) if home is not None else None
    exact = home.volumes.get(disk.plain) if home is not None else None
    volume = exact or found
    return volume.provisioned if volume is not None else disk.part.size


def _last(drawing: Drawing, disk: Disk) -> str:
    """Take and send a snapshot of the group once all of its LPARs are stopped. Returns its name on the target."""
    assert disk.group is not None
    source, group = origin(disk.group.name)
    home = drawing.now.nominal.array(source or "")
    at = (disk.array.device, disk.group.name)
    suffix = f"drdeck-{drawing.draft.run_tag}"
    stopped = [
        step
        for member in drawing.members
        if any((d.array.device, d.group.name) == at for d in member.disks if d.group is not None)
        for step in drawing.fenced.get(member.name, ())
    ]
    device = home.device if home is not None else ""
    parts = tuple(f"{group}.{suffix}.{part.rpartition('::')[2]}" for part in _volumes_of(home, group))
    take = TakeSnapshot(device, group, suffix, Replicate.NOW, parts)
    taken = drawing.draft.add(take, f"Take {group}.{suffix} and replicate it", needs=tuple(stopped), limit_s=60.0)
    name = f"{disk.group.name}.{suffix}"
    wait = WaitArrived(disk.array.device, name)
    arrived = drawing.draft.add(
        wait, f"Wait until {disk.array.device} holds all of {name}", needs=(taken,), limit_s=ARRIVE_S
    )
    drawing.arrived[at] = (arrived,)
    return name


def _volumes_of(home: ArrayNow | None, group: str) -> list[str]:
    if home is None:
        return []
    return [name for name, groups in home.groups_of.items() if any(each.name == group for each in groups)]


def _saved(drawing: Drawing, kept: str) -> Mapping[str, tuple[str, ...]]:
    """Safety snapshots of all that is overwritten, whole LPARs together in few requests. Returns the steps by LPAR.

    They are taken once nothing can be written any more to what they save: nobody runs on these volumes, so at once."""
    found: dict[str, list[str]] = {member.name: [] for member in drawing.members}
    batches: dict[str, list[list[tuple[str, list[str]]]]] = {}
    for member in drawing.members:
        by_array: dict[str, list[str]] = {}
        for disk in member.disks:
            by_array.setdefault(disk.array.device, []).append(disk.volume.name)
        for device, volumes in by_array.items():
            open_ones = batches.setdefault(device, [[]])
            if open_ones[-1] and sum(len(v) for _, v in open_ones[-1]) + len(volumes) > AT_ONCE:
                open_ones.append([])
            open_ones[-1].append((member.name, volumes))
    for device, every in batches.items():
        for batch in (batch for batch in every if batch):
            every_one = tuple(volume for _, some in batch for volume in some)
            shown = f"{every_one[0]}.{kept}" + (f" and {len(every_one) - 1} more" if len(every_one) > 1 else "")
            step = KeepVolumes(device, every_one, kept)
            done = drawing.draft.add(step, f"Keep what is overwritten as {shown}", needs=(), limit_s=60.0)
            for name, _ in batch:
                found[name].append(done)
    return {name: tuple(steps) for name, steps in found.items()}
