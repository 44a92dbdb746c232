"""The volumes of an LPAR and their copies at the recovery site: which array, volume, snapshot. Pure."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from app.recovery.pra.align_hosts import host_of
from app.recovery.pra.situation import ArrayNow, PraNow
from backends.flasharray.looks import VolumeSnapshot
from store.estate import Lpar, PgroupSnapshot, ProtectionGroup, Volume


class Copy(Struct, frozen=True):
    """A volume of an LPAR at home on ``home``, under ``lun``, and what there is of it at the recovery site.

    ``group`` is its protection group, ``there`` the array that this replicates to, ``newest`` the newest complete
    snapshot on it and ``part`` the volume's own in that. ``copy`` is the volume there that is its pair, by its tag or
    (``proposed``) by name and size. What is not there is None; ``why`` says what is lacking first, and ``unfit`` why
    what there is can be no copy and stands in the way of one."""

    home: ArrayNow
    volume: Volume
    lun: int | None
    group: ProtectionGroup | None = None
    there: ArrayNow | None = None
    newest: PgroupSnapshot | None = None
    part: VolumeSnapshot | None = None
    copy: Volume | None = None
    proposed: bool = False
    why: str | None = None
    unfit: str | None = None

    @property
    def tag(self) -> str:
        """What the pairing tag of the copy is to say: the id by which the target's array knows the source."""
        return (self.part.source_id if self.part is not None else None) or self.volume.id


def copies(now: PraNow, lpar: Lpar) -> tuple[Copy, ...]:
    """The volumes that ``lpar`` sees at the nominal site, in order of their LUNs."""
    found = []
    for array in now.nominal.arrays:
        host = host_of(lpar, array, now.pra, now.owners[now.nominal.site])
        if host is None:
            continue
        seen = [*array.seen_by.get(host.name, ()), *array.seen_by.get(host.host_group or "", ())]
        found += [_copy(now, array, volume, lun) for volume, lun in sorted(seen, key=lambda v: (v[1] or 0, v[0].name))]
    return tuple(found)


def _copy(now: PraNow, home: ArrayNow, volume: Volume, lun: int | None) -> Copy:
    groups = home.groups_of.get(volume.name, ())
    if len(groups) != 1:
        names = ", ".join(group.name for group in groups)
        several = f"{volume.name} is in several: {names}"
        return Copy(home, volume, lun, why=several if groups else f"{volume.name} is in no protection group")
    group = groups[0]
    arrays = [a for target in group.targets if (a := now.recovery.array(target.name)) is not None]
    if len(arrays) != 1:
        count = "more than one" if arrays else "no"
        return Copy(home, volume, lun, group, why=f"{group.name} replicates to {count} array that can be read")
    there = arrays[0]
    own = home.itself.name if home.itself is not None else ""
    away = f"{own}:{group.name}"
    replica = there.groups.get(away)
    newest = replica.newest_complete if replica is not None else None
    plain = volume.name.rpartition("::")[2]
    part = next((p for p in there.parts.get(away, ()) if p.name.rpartition(".")[2] == plain and not p.destroyed), None)
    why: str | None = None
    if newest is None:
        why = f"{there.device} has no complete snapshot of {group.name}"
    elif part is None:
        why = f"{newest.name} on {there.device} has no {volume.name}: it was not a member then"
    made = Copy(home, volume, lun, group, there, newest, part, why=why)
    return _paired(made, there, volume)


def _paired(found: Copy, there: ArrayNow, volume: Volume) -> Copy:
    """With the volume that carries the tag; else with the one of the same name."""
    ids = {volume.id, *((found.part.source_id,) if found.part is not None and found.part.source_id else ())}
    tagged = sorted(name for known in ids for name in there.tagged.get(known, ()) if name in there.volumes)
    if len(tagged) > 1:
        words = (
            f"{', '.join(tagged)} on {there.device} are both paired with {volume.name}: take the tag off all but one"
        )
        return replace(found, unfit=words)
    copy = there.volumes.get(tagged[0] if tagged else volume.name)
    if copy is None:
        gone = volume.name in there.gone
        words = f"{volume.name} on {there.device} is pending eradication: its name is taken"
        return replace(found, unfit=words if gone else None)
    if not tagged and copy.name in there.tags:
        return replace(found, unfit=f"{copy.name} on {there.device} is paired with another volume")
    if copy.provisioned < volume.provisioned:
        return replace(found, unfit=f"{copy.name} on {there.device} is smaller than its source")
    return replace(found, copy=copy, proposed=not tagged)
