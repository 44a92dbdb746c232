"""The LPARs that a failover is about, as the recovery site itself shows them: what would be overwritten, and from what.

Nothing here needs the nominal site: with that dark, definitions, hosts, tags and snapshots at the other one tell all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from app.recovery.draft import CannotPlanError
from app.recovery.pra.align_hosts import host_of
from app.recovery.pra.situation import ArrayNow, PraNow
from backends.flasharray.looks import VolumeSnapshot
from store.estate import Host, Lpar, PgroupSnapshot, ProtectionGroup, Volume


class Disk(Struct, frozen=True):
    """A volume that an LPAR sees at the recovery site, with its LUN. ``group`` is the replica group that its tag leads
    to, ``newest`` its newest complete snapshot there, ``part`` the volume's own in that; None: it leads nowhere."""

    array: ArrayNow
    volume: Volume
    lun: int | None
    group: ProtectionGroup | None
    newest: PgroupSnapshot | None
    part: VolumeSnapshot | None

    @property
    def plain(self) -> str:
        """The volume's part of the names of its snapshots."""
        return self.part.name.rpartition(".")[2] if self.part is not None else ""


class Member(Struct, frozen=True):
    """An LPAR of a failover: its definition at the recovery site with its host objects and disks, and how it is at
    ``home``. ``home`` None: the nominal site does not show it."""

    name: str
    lpar: Lpar
    hosts: tuple[tuple[ArrayNow, Host], ...]
    disks: tuple[Disk, ...]
    home: Lpar | None


def members(now: PraNow, names: Sequence[str]) -> tuple[Member, ...]:
    """The members by name or pattern, in order of their names. Raises :class:`CannotPlanError` for a name that is no
    LPAR there, or several."""
    there = [lpar for lpar in now.recovery.lpars if lpar.env != "vioserver"]
    by_name: dict[str, list[Lpar]] = defaultdict(list)
    for lpar in there:
        by_name[lpar.name].append(lpar)
    found: dict[str, Lpar] = {}
    for name in names:
        fitting = by_name.get(name) or [lpar for lpar in there if fnmatchcase(lpar.name, name)]
        if not fitting:
            raise CannotPlanError(f"No LPAR at {now.recovery.site} is called {name}{_unread(now)}")
        for lpar in fitting:
            if found.setdefault(lpar.name, lpar) is not lpar:
                raise CannotPlanError(f"More than one LPAR at {now.recovery.site} is called {lpar.name}")
    excluded = sorted(name for name in found if not now.pra.protects(name))
    if excluded:
        raise CannotPlanError(f"{', '.join(excluded)}: not protected, by [pra] lpars and exclude")
    return tuple(_member(now, found[name]) for name in sorted(found))


def _unread(now: PraNow) -> str:
    silent = [hmc.device for hmc in now.recovery.hmcs if hmc.reading is None]
    read = [hmc.reading for hmc in now.recovery.hmcs if hmc.reading is not None]
    silent += [f"{reading.device} in part ({reading.unread[0].why})" for reading in read if reading.unread]
    return f"; not read: {', '.join(silent)}" if silent else ""


def _member(now: PraNow, lpar: Lpar) -> Member:
    owners = now.owners[now.recovery.site]
    arrays = [array for array in now.recovery.arrays if array.reading is not None]
    hosts = [(array, host) for array in arrays if (host := host_of(lpar, array, now.pra, owners)) is not None]
    disks = [disk for array, host in hosts for disk in _disks(array, host)]
    homes = now.nominal.named(lpar.name)
    return Member(lpar.name, lpar, tuple(hosts), tuple(disks), homes[0] if len(homes) == 1 else None)


def _disks(array: ArrayNow, host: Host) -> Iterable[Disk]:
    seen = [*array.seen_by.get(host.name, ()), *array.seen_by.get(host.host_group or "", ())]
    for volume, lun in sorted(seen, key=lambda v: (v[1] or 0, v[0].name)):
        found = array.part_of.get(array.tags.get(volume.name, ""))
        group = array.groups.get(found[0]) if found is not None else None
        newest = group.newest_complete if group is not None else None
        yield Disk(array, volume, lun, group, newest, found[1] if found is not None else None)
