"""What each member of a plan rests on, as a digest: out of the store's last view, so that no device is asked. Pure.

Only what people change, or what breaks: definitions, addresses, sizes, which volume is whose, schedules, the roles of
a remote copy group. What changes from day to day, as ages do, is none of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Protocol, TypeVar

from app.plans.records import Member, MemberKind, RecoveryPlan
from app.settings_records import Settings
from store.estate import Host, Lpar, Pod, ProtectionGroup, RemoteCopyGroup, VirtualMachine, Volume
from store.view import EstateView


class Named(Protocol):
    """Something of the estate that has a name."""

    @property
    def name(self) -> str: ...


T = TypeVar("T")
N = TypeVar("N", bound=Named)


def facts(plan: RecoveryPlan, settings: Settings, view: EstateView) -> dict[str, str]:
    """By member, in words of its own, the digest of what it rests on now."""
    known = _Known(settings, view)
    found = {}
    for _, member in plan.members:
        kept = sorted(map(repr, known.of(member)))
        found[f"{member.kind} {member.name}"] = hashlib.sha256("\n".join(kept).encode()).hexdigest()[:16]
    hosts = [(host.name, host.host, host.port, host.user) for host in settings.hosts if host.name in plan.hosts]
    for name, *rest in hosts:
        found[f"host {name}"] = hashlib.sha256(repr(rest).encode()).hexdigest()[:16]
    return found


class _Known:
    """The estate by the names that members have."""

    def __init__(self, settings: Settings, view: EstateView) -> None:
        self._settings = settings
        self._lpars = _by_name(view, "lpar", Lpar)
        self._hosts = _by_name(view, "host", Host)
        self._pods = _by_name(view, "pod", Pod)
        self._machines = _by_name(view, "vm", VirtualMachine)
        self._volumes: dict[str, list[Volume]] = {}
        for volume in _all(view, "volume", Volume):
            for host, _ in volume.hosts:
                self._volumes.setdefault(host, []).append(volume)
        self._groups = list(_all(view, "pgroup", ProtectionGroup))
        self._rcgs: dict[str, list[RemoteCopyGroup]] = {}
        for group in _all(view, "rcg", RemoteCopyGroup):
            self._rcgs.setdefault(group.natural_name, []).append(group)

    def of(self, member: Member) -> Iterator[object]:
        match member.kind:
            case MemberKind.LPAR:
                yield from self._lpar(member.name)
            case MemberKind.PGROUP:
                yield from (_pgroup(each) for each in self._groups if each.name.rpartition(":")[2] == member.name)
            case MemberKind.POD:
                for pod in self._pods.get(member.name, ()):
                    links = tuple((each.direction, each.remote, each.remote_pod, each.paused) for each in pod.links)
                    yield pod.array_id, pod.destroyed, pod.promotion_status, pod.arrays, links
            case MemberKind.RCG:
                yield from map(_rcg, self._rcgs.get(member.name, ()))
            case MemberKind.VM:
                yield from self._vm(member.name)

    def _lpar(self, name: str) -> Iterator[object]:
        pra = self._settings.pra
        yield repr(pra)
        for lpar in self._lpars.get(name, ()):
            yield lpar.system_key, lpar.env, lpar.default_profile, lpar.profiles
        host_name = pra.host_of(name) if pra is not None else name
        for host in self._hosts.get(host_name, ()):
            yield host.array_id, host.wwns, host.host_group
        volumes = self._volumes.get(host_name, ())
        for volume in volumes:
            yield volume.array_id, volume.id, volume.name, volume.provisioned, volume.hosts
        mine = {volume.name for volume in volumes}
        yield from (_pgroup(each) for each in self._groups if mine & set(each.volumes))

    def _vm(self, name: str) -> Iterator[object]:
        for one in self._settings.replications:
            if one.name == name:
                yield repr(one)
                for vm in self._machines.get(one.vm, ()):
                    yield vm.vcenter, vm.instance_uuid, vm.cpus, vm.memory_mb


def _pgroup(group: ProtectionGroup) -> object:
    targets = tuple((target.name, target.allowed) for target in group.targets)
    return group.array_id, group.name, group.volumes, group.hosts, group.host_groups, targets, group.replication


def _rcg(group: RemoteCopyGroup) -> object:
    volumes = tuple((v.local, v.remote, v.size_mib, v.vluns) for v in group.volumes)
    standing = (group.status, group.role)
    return group.array_serial, group.name, group.target, group.mode, group.period_s, group.policies, volumes, standing


def _all(view: EstateView, kind: str, record: type[T]) -> Iterator[T]:
    for entry in view.entries(kind):
        found = None if entry.gone else entry.peek()
        if isinstance(found, record):
            yield found


def _by_name(view: EstateView, kind: str, record: type[N]) -> Mapping[str, list[N]]:
    found: dict[str, list[N]] = {}
    for obj in _all(view, kind, record):
        found.setdefault(obj.name, []).append(obj)
    return found
