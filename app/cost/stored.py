"""How much each member of a plan keeps at the other site, out of the store's view. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.plans.records import Member, MemberKind, RecoveryPlan
from app.settings_records import Settings
from store.estate import Host, Pod, RemoteCopyGroup, VirtualMachine, Volume
from store.view import EstateView

MIB = 1 << 20


class Stored:
    """The copies at the site ``plan.target`` by member; bytes as if they were full, of VMs what their files take."""

    def __init__(self, settings: Settings, view: EstateView) -> None:
        self._settings = settings
        self._view = view
        self._site: Mapping[str, str] = {device.name: device.site for device in settings.devices}

    def of(self, plan: RecoveryPlan, member: Member) -> int | None:
        """None: none of it is seen there."""
        match member.kind:
            case MemberKind.LPAR:
                sizes = list(self._volumes(plan.target, member.name))
            case MemberKind.RCG:
                sizes = [size for size in self._groups(plan.target, member.name) if size is not None]
            case MemberKind.POD:
                sizes = list(self._pods(plan, member.name))
            case MemberKind.VM:
                sizes = list(self._copies(member.name))
            case MemberKind.PGROUP:
                return 0  # its volumes are those of the LPARs
        return sum(sizes) if sizes else None

    def _at(self, kind: str, site: str) -> Iterator[object]:
        for entry in self._view.entries(kind):
            if not entry.gone and self._site.get(entry.device) == site:
                yield entry.peek()

    def _volumes(self, site: str, lpar: str) -> Iterator[int]:
        pra = self._settings.pra
        name = pra.host_of(lpar) if pra is not None else lpar
        hosts = [host for host in self._at("host", site) if isinstance(host, Host) and host.name == name]
        seen = {(host.array_id, called) for host in hosts for called in (host.name, host.host_group) if called}
        for volume in self._at("volume", site) if seen else ():
            if not isinstance(volume, Volume) or volume.destroyed:
                continue
            if any((volume.array_id, called) in seen for called, _ in volume.hosts):
                yield volume.provisioned

    def _groups(self, site: str, name: str) -> Iterator[int | None]:
        for group in self._at("rcg", site):
            if isinstance(group, RemoteCopyGroup) and group.natural_name == name:
                sizes = [volume.size_mib for volume in group.volumes]
                known = [size for size in sizes if size is not None]
                yield sum(known) * MIB if len(known) == len(sizes) else None

    def _pods(self, plan: RecoveryPlan, name: str) -> Iterator[int]:
        """The pods there that replicate with the one of this name."""
        here = {
            (link.remote, link.remote_pod)
            for pod in self._at("pod", plan.source)
            if isinstance(pod, Pod) and pod.name == name
            for link in pod.links
        }
        there = {
            (pod.array_id, pod.name)
            for pod in self._at("pod", plan.target)
            if isinstance(pod, Pod) and not pod.destroyed and (pod.array, pod.name) in here
        }
        for volume in self._at("volume", plan.target) if there else ():
            if isinstance(volume, Volume) and (volume.array_id, volume.pod) in there and not volume.destroyed:
                yield volume.provisioned

    def _copies(self, name: str) -> Iterator[int]:
        """Every copy of a replicated VM, complete or not: each takes its room."""
        one = next((each for each in self._settings.replications if each.name == name), None)
        for entry in self._view.entries("vm") if one is not None else ():
            vm = None if entry.gone or one is None or entry.device != one.destination else entry.peek()
            replica = vm.replica if isinstance(vm, VirtualMachine) else None
            if isinstance(vm, VirtualMachine) and replica is not None and one is not None:
                named = one.vm in (replica.source_name, replica.source_instance_uuid)
                yield from (vm.committed_bytes or 0,) if named else ()
