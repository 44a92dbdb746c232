"""The LPARs of two sites with the arrays behind them, as just read: what every plan and check of the PRA goes by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from msgspec import Struct

from app.pra_records import Pra, SystemMap
from app.recovery.pra.golden import next_profile
from backends.flasharray.looks import VolumeSnapshot
from store.estate import FlashArray, Host, Lpar, LparState, ManagedSystem, ProtectionGroup, Reading, Volume

T = TypeVar("T")


class HmcNow(Struct, frozen=True):
    """One HMC. ``reading`` None: it could not be read, ``failure`` says how; ``silent``: it gave no sign of life.
    ``ports``: how many more clients each port on a fabric takes, by the key of a VIOS that was asked: one with an
    adapter that has no port, or with none at all."""

    device: str
    reading: Reading | None
    failure: str = ""
    silent: bool = False
    ports: Mapping[str, Mapping[str, int]] = {}

    @property
    def taken_at(self) -> datetime | None:
        return None if self.reading is None else self.reading.taken_at


class ArrayNow(Struct, frozen=True, dict=True):
    """One FlashArray, likewise. ``tags`` are the pairing tags by volume, ``paths`` how many of its ports each
    WWPN is logged in to now; ``parts`` the volume snapshots of the newest complete snapshot of each group that came
    from elsewhere, by group."""

    device: str
    reading: Reading | None
    failure: str = ""
    silent: bool = False
    tags: Mapping[str, str] = {}
    paths: Mapping[str, int] = {}
    parts: Mapping[str, tuple[VolumeSnapshot, ...]] = {}

    @property
    def taken_at(self) -> datetime | None:
        return None if self.reading is None else self.reading.taken_at

    @property
    def logged_in(self) -> frozenset[str]:
        return frozenset(self.paths)

    @property
    def whole(self) -> bool:
        """Whether all of its hosts and volumes are known, so that what is not among them is not there."""
        unread = self.reading.unread if self.reading is not None else ()
        return self.reading is not None and not any(each.kind in ("host", "volume") for each in unread)

    @cached_property
    def itself(self) -> FlashArray | None:
        return next(iter(self._of(FlashArray)), None)

    @cached_property
    def hosts(self) -> Mapping[str, Host]:
        return {host.name: host for host in self._of(Host)}

    @cached_property
    def by_wwpn(self) -> Mapping[str, Host]:
        return {wwpn: host for host in self.hosts.values() for wwpn in host.wwns}

    @cached_property
    def volumes(self) -> Mapping[str, Volume]:
        return {volume.name: volume for volume in self._of(Volume) if not volume.destroyed}

    @cached_property
    def gone(self) -> frozenset[str]:
        """The names of volumes that are pending eradication: nothing else can be called so."""
        return frozenset(volume.name for volume in self._of(Volume) if volume.destroyed)

    @cached_property
    def groups(self) -> Mapping[str, ProtectionGroup]:
        return {group.name: group for group in self._of(ProtectionGroup) if not group.destroyed}

    @cached_property
    def seen_by(self) -> Mapping[str, tuple[tuple[Volume, int | None], ...]]:
        """By host or host group: the volumes connected to it, with their LUNs, in LUN order."""
        found: dict[str, list[tuple[Volume, int | None]]] = defaultdict(list)
        for volume in self.volumes.values():
            for name, lun in volume.hosts:
                found[name].append((volume, lun))
        return {name: tuple(sorted(each, key=lambda v: (v[1] or 0, v[0].name))) for name, each in found.items()}

    @cached_property
    def tagged(self) -> Mapping[str, tuple[str, ...]]:
        """By what a pairing tag says: the volumes that carry it."""
        found: dict[str, list[str]] = defaultdict(list)
        for name, source in self.tags.items():
            found[source].append(name)
        return {source: tuple(names) for source, names in found.items()}

    @cached_property
    def part_of(self) -> Mapping[str, tuple[str, VolumeSnapshot]]:
        """By the source of a volume snapshot, as pairing tags name it: its group, and the snapshot."""
        found: dict[str, tuple[str, VolumeSnapshot]] = {}
        for group, parts in self.parts.items():
            for part in parts:
                if part.source_id:
                    found.setdefault(part.source_id, (group, part))
        return found

    @cached_property
    def groups_of(self) -> Mapping[str, tuple[ProtectionGroup, ...]]:
        """By volume: the groups of this array that it is a member of, by itself or through its hosts."""
        found: dict[str, list[ProtectionGroup]] = defaultdict(list)
        for group in self.groups.values():
            if not group.is_local:
                continue
            names = set(group.volumes)
            for host in (*group.hosts, *group.host_groups):
                names |= {volume.name for volume, _ in self.seen_by.get(host, ())}
            for name in names:
                found[name].append(group)
        return {name: tuple(groups) for name, groups in found.items()}

    def _of(self, kind: type[T]) -> Iterable[T]:
        objects = self.reading.objects if self.reading is not None else ()
        return (each for each in objects if isinstance(each, kind))


class SideNow(Struct, frozen=True, dict=True):
    """One site: its HMCs and its arrays."""

    site: str
    hmcs: tuple[HmcNow, ...]
    arrays: tuple[ArrayNow, ...]

    @property
    def whole(self) -> bool:
        """Whether all of its LPARs are known."""
        return all(hmc.reading is not None and not hmc.reading.unread for hmc in self.hmcs)

    @cached_property
    def systems(self) -> Mapping[str, ManagedSystem]:
        """By type-model*serial. Two HMCs may know the same system."""
        return {s.key: s for hmc in self.hmcs for s in _objects(hmc) if isinstance(s, ManagedSystem)}

    @cached_property
    def lpars(self) -> tuple[Lpar, ...]:
        """All LPARs, VIOS too, each once, in order of name and system."""
        found = {lpar.key: lpar for hmc in self.hmcs for lpar in _objects(hmc) if isinstance(lpar, Lpar)}
        return tuple(sorted(found.values(), key=lambda lpar: (lpar.name, lpar.system_key)))

    @cached_property
    def hmc_of(self) -> Mapping[str, str]:
        """By type-model*serial of a system: the device through which it is reached."""
        return {s.key: hmc.device for hmc in self.hmcs for s in _objects(hmc) if isinstance(s, ManagedSystem)}

    @cached_property
    def ports(self) -> Mapping[str, Mapping[str, int]]:
        """As of :class:`HmcNow`, of all its HMCs."""
        return {key: ports for hmc in self.hmcs for key, ports in hmc.ports.items()}

    @cached_property
    def vios(self) -> Mapping[tuple[str, str | None], Lpar]:
        """The VIOSes by type-model*serial of their system and by name."""
        return {(lpar.system_key, lpar.name): lpar for lpar in self.lpars if lpar.env == "vioserver"}

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[Lpar, ...]]:
        found: dict[str, list[Lpar]] = defaultdict(list)
        for lpar in self.lpars:
            if lpar.env != "vioserver":
                found[lpar.name].append(lpar)
        return {name: tuple(lpars) for name, lpars in found.items()}

    def named(self, name: str) -> tuple[Lpar, ...]:
        return self._by_name.get(name, ())

    def array(self, own_name: str) -> ArrayNow | None:
        """The array that calls itself so."""
        return next((a for a in self.arrays if a.itself is not None and a.itself.name == own_name), None)


def _objects(hmc: HmcNow) -> Iterable[object]:
    return hmc.reading.objects if hmc.reading is not None else ()


class Pair(Struct, frozen=True):
    """A protected LPAR. ``home`` None: the nominal site does not show it now. ``partner`` is its definition at the
    recovery site, None: there is none, or LPARs of that name stand ``in_the_way``: several, or one on another system
    than that which it goes to. ``where`` says what becomes of its system."""

    name: str
    home: Lpar | None
    partner: Lpar | None
    where: SystemMap | None
    in_the_way: tuple[Lpar, ...] = ()


class Owners(Struct, frozen=True):
    """What is the LPARs' of a site, protected or not: what their host objects are called, and whose each WWPN is."""

    hosts: frozenset[str]
    wwpns: Mapping[str, str]


class PraNow(Struct, frozen=True, dict=True):
    """Both sites at one moment (UTC). ``only`` are managed systems, by name or type-model*serial: the plan is for their
    LPARs alone, and goes by all others all the same."""

    pra: Pra
    now: datetime
    nominal: SideNow
    recovery: SideNow
    only: tuple[str, ...] = ()

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """The protected LPARs of the nominal site; on the way home those that run there. What is excluded, or is a
        VIOS, is none."""
        homes = [lpar for lpar in self.nominal.lpars if lpar.env != "vioserver" and self.pra.protects(lpar.name)]
        if self.pra.reverse:
            homes = [lpar for lpar in homes if lpar.state is not LparState.NOT_ACTIVATED]
        return tuple(self._pair(lpar) for lpar in homes if self.is_asked(lpar))

    def is_asked(self, lpar: Lpar) -> bool:
        """Whether the plan is for the LPARs of its system."""
        return not self.only or lpar.system in self.only or lpar.system_key in self.only

    @cached_property
    def owners(self) -> Mapping[str, Owners]:
        """By site."""
        return {side.site: self._owners(side) for side in (self.nominal, self.recovery)}

    def _owners(self, side: SideNow) -> Owners:
        hosts = frozenset(self.pra.host_of(lpar.name) for lpar in side.lpars)
        return Owners(hosts, {wwpn: lpar.name for lpar in side.lpars for wwpn in wwpns(lpar)})

    def _pair(self, home: Lpar) -> Pair:
        where = self.pra.system(home.system) or self.pra.system(home.system_key)
        found = self.recovery.named(home.name)
        if len(found) > 1 or (
            found and where is not None and where.recovery not in (found[0].system, found[0].system_key)
        ):
            return Pair(home.name, home, None, where, found)
        partner = found[0] if found else None
        if where is None and partner is not None:
            where = SystemMap(home.system, partner.system)
        return Pair(home.name, home, partner, where)


def wwpns(lpar: Lpar) -> tuple[str, ...]:
    """The WWPNs that a host object of the LPAR must hold: those that it runs with, and those that its next activation
    gives it, both of each pair. In the order of its adapters."""
    given = next_profile(lpar)
    adapters = (*lpar.fc, *(given.fc if given is not None else ()))
    return tuple(dict.fromkeys(wwpn for adapter in adapters for wwpn in adapter.wwpns))
