"""Which FlashArray hosts belong to an LPAR, and whether they hold the WWPNs that the LPAR has.

Every WWPN that the LPAR runs with, and every one that the profile of its next activation gives it, must be on its host:
both of each pair, because the second one of a pair logs in when the LPAR is moved to another system. A WWPN on the host
that no profile of the LPAR names is too many: whoever has it reaches the LPAR's volumes.

Only arrays at the LPAR's own site count, and only FlashArrays: the hosts of 3PAR arrays are not read. A host belongs to
the LPAR when they share a WWPN; by its name, with letters of either case, only where none shares one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from screens.cells import Cell
from screens.conditions import Freshness, HostMatch
from screens.once import Once
from screens.pairing import active_profile
from screens.scene import Scene, sample_is_stale
from screens.status import EMPTY, status
from store.estate import DeviceKind, Host, Lpar
from store.records import Entry

_WORST_FIRST = (
    HostMatch.OTHER,
    HostMatch.DIFFERS,
    HostMatch.SEVERAL,
    HostMatch.UNREAD,
    HostMatch.AS_LPAR,
)


class Holder(Struct, frozen=True):
    """A host object and the WWPNs that it holds."""

    entry: Entry
    host: Host
    held: frozenset[str]


class Hosts(Struct, frozen=True):
    """The hosts that are there, by WWPN and by name (lower case)."""

    by_wwpn: dict[str, tuple[Holder, ...]]
    by_name: dict[str, tuple[Holder, ...]]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Hosts:
        wwpns: dict[str, tuple[Holder, ...]] = {}
        names: dict[str, tuple[Holder, ...]] = {}
        for entry in entries:
            host = entry.obj
            if entry.gone or not isinstance(host, Host):
                continue
            holder = Holder(entry, host, frozenset(host.wwns))
            name = host.name.casefold()
            names[name] = (*names.get(name, ()), holder)
            for wwpn in host.wwns:
                wwpns[wwpn] = (*wwpns.get(wwpn, ()), holder)
        return cls(wwpns, names)


HOSTS = Once("host", Hosts.of)


class Wwpns(Struct, frozen=True):
    """``needed``: running, or given by the profile of the next activation. ``known``: of any profile besides."""

    needed: frozenset[str]
    known: frozenset[str]


class HostFound(Struct, frozen=True):
    """A host that belongs to the LPAR. ``missing`` are the LPAR's WWPNs that it lacks (those on another host of the
    array included), ``surplus`` its own that the LPAR does not have. Both sorted."""

    entry: Entry
    host: Host
    match: HostMatch
    missing: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()


class LparHosts(Struct, frozen=True):
    """The verdict over all arrays of the site, and the hosts it rests on."""

    match: HostMatch
    found: tuple[HostFound, ...] = ()


def wwpns_of(lpar: Lpar) -> Wwpns:
    """The WWPNs that a host of the LPAR must and may hold."""
    given = active_profile(lpar)
    needed = frozenset([w for a in (*lpar.fc, *(given.fc if given is not None else ())) for w in a.wwpns])
    if len(lpar.profiles) <= 1:
        return Wwpns(needed, needed)
    return Wwpns(needed, needed.union([w for profile in lpar.profiles for a in profile.fc for w in a.wwpns]))


def uncertain(lpar: Lpar) -> bool:
    """Whether the LPAR may have WWPNs that could not be read."""
    return "fc" in lpar.unread or "profiles" in lpar.unread


def lpar_hosts(scene: Scene, entry: Entry) -> LparHosts:
    """The hosts of an LPAR. What rests on a device that is not read now is *not read*, never *none*."""
    lpar = entry.obj
    if not isinstance(lpar, Lpar) or lpar.env == "vioserver" or entry.gone:
        return LparHosts(HostMatch.NOT_APPLICABLE)
    wwpns = wwpns_of(lpar)
    if not wwpns.known:
        return LparHosts(HostMatch.UNREAD if uncertain(lpar) else HostMatch.NO_WWPNS)
    found = _found(scene, lpar, wwpns, scene.site(entry))
    if uncertain(lpar) or scene.freshness(entry) is not Freshness.FRESH:
        return LparHosts(HostMatch.UNREAD, found)
    if found:
        return LparHosts(min([one.match for one in found], key=_WORST_FIRST.index), found)
    arrays = flasharrays(scene, scene.site(entry))
    return LparHosts(HostMatch.NONE if arrays and all(arrays.values()) else HostMatch.UNREAD)


def flasharrays(scene: Scene, site: str | None) -> dict[str, bool]:
    """The FlashArrays of a site by name, and whether all their hosts were read, lately."""
    return {
        device.name: not sample_is_stale(device, scene.now)
        and not any(problem.where.startswith("GET /hosts") for problem in device.problems)
        for device in scene.index.devices.values()
        if device.kind is DeviceKind.FLASHARRAY and device.site == site
    }


def _found(scene: Scene, lpar: Lpar, wwpns: Wwpns, site: str | None) -> tuple[HostFound, ...]:
    """The hosts of each array of the site, with their verdicts, in order of array and name."""
    hosts = HOSTS.of(scene)
    own = hosts.by_name.get(lpar.name.casefold(), ())
    holders = {holder.entry.key: holder for holder in own}
    for wwpn in wwpns.known:
        for holder in hosts.by_wwpn.get(wwpn, ()):
            holders[holder.entry.key] = holder
    here = [holder for holder in holders.values() if scene.site(holder.entry) == site]
    if len(here) > 1:
        here.sort(key=lambda holder: (holder.host.array_id, holder.host.name))
    found = []
    for holder in here:
        array = holder.host.array_id
        named = next((one for one in own if one.host.array_id == array), None)
        beside = [one for one in here if one.host.array_id == array]
        missing, surplus = wwpns.needed - holder.held, holder.held - wwpns.known
        match = _match(scene, wwpns, holder, beside, named)
        found.append(HostFound(holder.entry, holder.host, match, tuple(sorted(missing)), tuple(sorted(surplus))))
    return tuple(found)


def _match(scene: Scene, wwpns: Wwpns, holder: Holder, beside: Sequence[Holder], named: Holder | None) -> HostMatch:
    """How one host stands. ``beside``: all of its array that belong to the LPAR, itself included; ``named``: the one
    among them that has the LPAR's name."""
    if scene.freshness(holder.entry) is not Freshness.FRESH:
        return HostMatch.UNREAD
    if named is None:
        # Hosts are often named otherwise than LPARs; one that bears the name of another LPAR is that one's.
        if scene.index.group("lpar", "name", holder.host.name):
            return HostMatch.OTHER
    elif holder is not named:
        return HostMatch.OTHER
    if not holder.held <= wwpns.known:
        return HostMatch.DIFFERS
    if wwpns.needed <= holder.held:
        return HostMatch.AS_LPAR
    together = frozenset[str]().union(*(one.held for one in beside)) if named is None else holder.held
    return HostMatch.SEVERAL if wwpns.needed <= together else HostMatch.DIFFERS


def host_cell(scene: Scene, entry: Entry) -> Cell:
    """The verdict for the LPAR pane; EMPTY where the question does not arise. The hosts' names help a filter."""
    hosts = lpar_hosts(scene, entry)
    if hosts.match is HostMatch.NOT_APPLICABLE:
        return EMPTY
    state = status(hosts.match)
    return Cell(state.text, state.tone, aka=" ".join(f"{one.host.name}@{one.host.array}" for one in hosts.found))
