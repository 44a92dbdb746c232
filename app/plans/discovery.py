"""A plan drafted out of what is known of the estate: who shares protection groups, hosts and names. Pure.

What belongs together is guessed, and said so in the file: a person looks at every line before anything rests on it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct, field

from app.plans.records import MemberKind
from app.plans.writer import DraftApplication, DraftPlan, fitting
from app.settings_records import Settings
from store.estate import Lpar, Pod, ProtectionGroup, RemoteCopyGroup, Volume
from store.view import EstateView

INFRASTRUCTURE, DATABASES, REST = "infrastructure", "databases", "applications"
_FIRST = re.compile(r"(?i)^(?:dns|ad|dc|ldap|ntp|dhcp|mq|kafka|vault|radius|proxy|jump|mon)\d*$")
_DATABASE = re.compile(r"(?i)(?:^|[_.-])(?:db|ora|sql|pg|hana|db2|mongo)[a-z]*\d*$")
_KNOWN_PREFIX = re.compile(r"(?i)^(?:rcg|pg|pgroup|pod|vm|lpar)[_.-]")


class _Found(Struct):
    """A member with all that tells what it belongs to: its stem, and the groups and hosts that it shares."""

    kind: MemberKind
    name: str
    ties: set[str] = field(default_factory=set)


def drafted(view: EstateView, settings: Settings, source: str, target: str, taken: Collection[str]) -> DraftPlan:
    """What comes back at ``target`` when ``source`` is lost. ``taken`` are keys of members that other plans have."""
    found = [*_lpars(view, settings, source, target), *_rcgs(view, settings, source, target)]
    found += [*_vms(settings, source, target), *_pods(view, settings, source)]
    left = [one for one in found if f"{one.kind}:{one.name}" not in taken]
    made = sorted(map(_application, _together(left)), key=lambda a: (_rank(a.group), a.name))
    used = [group for group in (INFRASTRUCTURE, DATABASES, REST) if any(a.group == group for a in made)]
    notes = [
        "Drafted out of what was known of the estate. Look at every line: what belongs together, and in which order it",
        "comes back, is guessed by shared protection groups, hosts and names. Set rto and rpo of each application.",
    ]
    if len(left) < len(found):
        notes.append(f"Left out, because other plans have them: {len(found) - len(left)} members.")
    return DraftPlan(source, target, used, _told_apart(made), notes)


def _rank(group: str) -> int:
    return (INFRASTRUCTURE, DATABASES, REST).index(group)


def _told_apart(made: list[DraftApplication]) -> list[DraftApplication]:
    names: dict[str, int] = {}
    for each in made:
        names[each.name] = names.get(each.name, 0) + 1
        if names[each.name] > 1:
            each.name = fitting(f"{each.name[:58]}-{names[each.name]}")
    return made


def stem(name: str) -> str:
    """What the names of an application have in common: ``erp`` of ``erp_db1``, ``sales`` of ``rcg_sales``."""
    rest = _KNOWN_PREFIX.sub("", name)
    return (re.split(r"[_.-]", rest, maxsplit=1)[0].rstrip("0123456789") or rest).lower()


# -------------------------------------------------------------------------------------------------------- what there is


def _lpars(view: EstateView, settings: Settings, source: str, target: str) -> Iterator[_Found]:
    """The LPARs of [pra] that have a definition at the other site, and the protection groups of their volumes."""
    pra = settings.pra
    if pra is None or (pra.nominal, pra.recovery) != (source, target):
        return
    sites = {device.name: device.site for device in settings.devices}
    at: dict[str, set[str]] = {source: set(), target: set()}
    for entry in view.entries("lpar"):
        lpar = None if entry.gone else entry.peek()
        if isinstance(lpar, Lpar) and lpar.env != "vioserver" and pra.protects(lpar.name):
            at.setdefault(sites.get(entry.device, ""), set()).add(lpar.name)
    groups = dict(_groups_by_host(view, {name for name, site in sites.items() if site == source}))
    shown: set[str] = set()
    for name in sorted(at[source] & at[target]):
        mine = groups.get(pra.host_of(name), set())
        yield _Found(MemberKind.LPAR, name, {stem(name), *(f"pgroup {group}" for group in mine)})
        for group in sorted(mine - shown):
            shown.add(group)
            yield _Found(MemberKind.PGROUP, group, {f"pgroup {group}"})


def _groups_by_host(view: EstateView, devices: Collection[str]) -> Iterator[tuple[str, set[str]]]:
    """By host object of those arrays: the protection groups that its volumes are in."""
    groups: dict[str, set[str]] = {}
    found: dict[str, set[str]] = {}
    for entry in view.entries("pgroup"):
        group = None if entry.gone or entry.device not in devices else entry.peek()
        if isinstance(group, ProtectionGroup) and group.is_local and group.targets:
            for name in group.volumes:
                groups.setdefault(name, set()).add(group.name)
            for host in group.hosts:
                found.setdefault(host, set()).add(group.name)
    for entry in view.entries("volume"):
        volume = None if entry.gone or entry.device not in devices else entry.peek()
        if isinstance(volume, Volume):
            for host, _ in volume.hosts:
                found.setdefault(host, set()).update(groups.get(volume.name, ()))
    yield from found.items()


def _rcgs(view: EstateView, settings: Settings, source: str, target: str) -> Iterator[_Found]:
    sites = {device.name: device.site for device in settings.devices}
    here: dict[str, RemoteCopyGroup] = {}
    there: set[str] = set()
    for entry in view.entries("rcg"):
        group = None if entry.gone else entry.peek()
        if isinstance(group, RemoteCopyGroup):
            if group.name == group.natural_name and sites.get(entry.device) == source:
                here[group.name] = group
            elif sites.get(entry.device) == target:
                there.add(group.natural_name)
    for name in sorted(here.keys() & there):
        hosts = {host for volume in here[name].volumes for host in volume.exported_to}
        yield _Found(MemberKind.RCG, name, {stem(name), *map(stem, hosts)})


def _pods(view: EstateView, settings: Settings, source: str) -> Iterator[_Found]:
    """The pods that replicate away from the old site."""
    sites = {device.name: device.site for device in settings.devices}
    for entry in view.entries("pod"):
        pod = None if entry.gone or sites.get(entry.device) != source else entry.peek()
        if isinstance(pod, Pod) and not pod.destroyed and any(link.direction == "outbound" for link in pod.links):
            yield _Found(MemberKind.POD, pod.name, {stem(pod.name)})


def _vms(settings: Settings, source: str, target: str) -> Iterator[_Found]:
    sites = {device.name: device.site for device in settings.devices}
    for one in settings.replications:
        if (sites.get(one.source), sites.get(one.destination)) == (source, target):
            yield _Found(MemberKind.VM, one.name, {stem(one.vm)})


# ----------------------------------------------------------------------------------------------------- what is together


def _together(found: Iterable[_Found]) -> list[list[_Found]]:
    """Those that share anything, directly or over others."""
    groups: list[tuple[set[str], list[_Found]]] = []
    for one in found:
        mine = [group for group in groups if group[0] & one.ties]
        ties = one.ties.union(*(group[0] for group in mine))
        members = [member for group in mine for member in group[1]]
        groups = [group for group in groups if group not in mine]
        groups.append((ties, [*members, one]))
    return [members for _, members in groups]


def _application(members: list[_Found]) -> DraftApplication:
    stems = sorted(stem(one.name) for one in members if one.kind is not MemberKind.PGROUP)
    name = max(dict.fromkeys(stems), key=stems.count) if stems else members[0].name
    computes = [one.name for one in members if one.kind in (MemberKind.LPAR, MemberKind.VM)]
    databases = [each for each in computes if _DATABASE.search(each)]
    others = [each for each in computes if each not in databases]
    group = REST
    if all(_FIRST.match(each) for each in (computes or [name])):
        group = INFRASTRUCTURE
    elif databases or not computes:
        group = DATABASES
    shared = sorted(one.name for one in members if one.kind is MemberKind.PGROUP)
    ways = "they share" if len(computes) > 1 else "its volumes are in"
    why = f"{ways} {', '.join(shared)}" if shared else "by its name" if len(members) == 1 else "by their names"
    made = DraftApplication(fitting(name), group, why=f"Guessed: {why}.")
    for one in members:
        made.add(one.kind, one.name)
    if databases and len(set(computes)) == len(computes):
        made.inside = dict.fromkeys(others, databases)
    return made
