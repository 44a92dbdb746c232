"""What runs on managed systems, arrays and ESXi hosts, what that needs, and which copies there are of it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeVar

from msgspec import Struct, field

from store.estate import (
    EsxiHost,
    Host,
    Lpar,
    LparState,
    Pod,
    ProtectionGroup,
    RcgMode,
    RcgRole,
    RcgStatus,
    RemoteCopyGroup,
    SyncStatus,
    VirtualMachine,
    Volume,
)
from store.infra.falling import Node
from store.infra.graph import Copy, Graph, Served
from store.rcg_roles import TABLE, Which, role_code
from store.records import Entry
from store.turns import paced
from store.view import EstateView

T = TypeVar("T")
VIOS = "vioserver"


class _Storage(Struct):
    """Who sees what: ``hosts`` by WWPN and ``volumes`` by array and host; ``kept`` is what a volume is copied with,
    ``exports`` who of a site sees the volumes of an RCG, by the name of a host."""

    hosts: dict[str, list[Host]] = field(default_factory=lambda: defaultdict(list))
    volumes: dict[tuple[str, str], list[Volume]] = field(default_factory=lambda: defaultdict(list))
    kept: dict[tuple[str, str], list[Node]] = field(default_factory=lambda: defaultdict(list))
    stretched: dict[tuple[str, str], tuple[Node, ...]] = field(default_factory=dict)
    pods: dict[tuple[str, str], Node] = field(default_factory=dict)
    exports: dict[tuple[str | None, str], list[tuple[Node, Node]]] = field(default_factory=lambda: defaultdict(list))


def add_workloads(graph: Graph, view: EstateView) -> None:
    """Add protection groups, pods, RCGs, LPARs and VMs of the view."""
    storage = _Storage()
    arrays = {name: node for node, name in graph.names.items() if node[0] == "array"}
    for _, pod in _all(view, "pod", Pod):
        _add_pod(graph, storage, pod, arrays)
    for _, group in _all(view, "pgroup", ProtectionGroup):
        _add_pgroup(graph, storage, group, arrays)
    for _, volume in _all(view, "volume", Volume):
        for seen_by, _lun in volume.hosts:
            storage.volumes[volume.array_id, seen_by].append(volume)
    for _, host in _all(view, "host", Host):
        for wwn in host.wwns:
            storage.hosts[wwn].append(host)
    _add_rcgs(graph, storage, view)
    for entry, lpar in _all(view, "lpar", Lpar):
        if lpar.env != VIOS:
            _add_lpar(graph, storage, lpar, _site(view, entry))
    _add_vms(graph, view)


def _all(view: EstateView, kind: str, record: type[T]) -> Iterator[tuple[Entry, T]]:
    for entry in paced(view.entries(kind)):
        found = None if entry.gone else entry.peek()
        if isinstance(found, record):
            yield entry, found


def _site(view: EstateView, entry: Entry) -> str | None:
    device = view.device(entry.device)
    return device.site if device is not None else None


# ---------------------------------------------------------------------------------------------------- FlashArray


def _add_pod(graph: Graph, storage: _Storage, pod: Pod, arrays: dict[str, Node]) -> None:
    if pod.destroyed:
        return
    node, array = ("pod", pod.key), ("array", pod.array_id)
    over = tuple(arrays.get(name, ("array", name)) for name, _ in pod.arrays)
    graph.need(node, *(over or (array,)))
    storage.pods[pod.array_id, pod.name] = node
    if len(over) > 1:
        storage.stretched[pod.array_id, pod.name] = over
    site = graph.sites.get(array)
    copies = []
    for link in pod.links:
        if link.direction == "outbound":
            place = arrays.get(link.remote or "")
            where = f"{link.remote_pod or 'its pod'} on {link.remote or 'an array'}"
            there = graph.sites.get(place) if place is not None else None
            copies.append(Copy(place, where, link.recovery_point, over=graph.over(site, there)))
    serving = pod.promotion_status != "demoted"
    graph.served[node] = Served(pod.name, site, serving, tuple(copies), bare=serving and not copies)


def _add_pgroup(graph: Graph, storage: _Storage, group: ProtectionGroup, arrays: dict[str, Node]) -> None:
    if group.destroyed:
        return
    node, array = ("pgroup", group.key), ("array", group.array_id)
    over = storage.stretched.get((group.array_id, group.pod or ""), (array,))
    graph.need(node, *over)
    site = graph.sites.get(array)
    copies = []
    for target in group.targets if group.is_local else ():
        done = [s.created for s in group.snapshots if s.target == target.name and s.complete and not s.destroyed]
        place = arrays.get(target.name)
        there = graph.sites.get(place) if place is not None else None
        copies.append(Copy(place, target.name, max(done, default=None), over=graph.over(site, there)))
    if group.is_local and copies:
        for volume in group.volumes:
            storage.kept[group.array_id, volume].append(node)
        for host in (*group.hosts, *group.host_groups):
            storage.kept[group.array_id, f"host {host}"].append(node)
    graph.served[node] = Served(group.name, site, group.is_local, tuple(copies), bare=group.is_local and not copies)


# ------------------------------------------------------------------------------------------------------------- 3PAR


def _add_rcgs(graph: Graph, storage: _Storage, view: EstateView) -> None:
    pairs: dict[str, list[RemoteCopyGroup]] = defaultdict(list)
    for _, group in _all(view, "rcg", RemoteCopyGroup):
        pairs[group.pair_key].append(group)
    for key, groups in pairs.items():
        naturals = [group for group in groups if group.name == group.natural_name]
        peers = [group for group in groups if group.name != group.natural_name]
        natural, peer = naturals[0] if naturals else None, peers[0] if peers else None
        serving = None if len(naturals) > 1 or len(peers) > 1 else _serving(natural, peer)
        _add_rcg(graph, storage, ("rcg", key), [one for one in (natural, peer) if one is not None], serving)


def _serving(natural: RemoteCopyGroup | None, peer: RemoteCopyGroup | None) -> RemoteCopyGroup | None:
    """The side that serves the hosts by the decision table; None: not known."""
    codes = [None if one is None else role_code(one.role, one.role_reversed) for one in (natural, peer)]
    if any(one is not None and code is None for one, code in zip((natural, peer), codes, strict=True)):
        return None
    verdict = TABLE.get((codes[0], codes[1]))
    if verdict is None or verdict.active is None:
        return None
    return natural if verdict.active is Which.NATURAL else peer


def _add_rcg(
    graph: Graph, storage: _Storage, node: Node, groups: Sequence[RemoteCopyGroup], serving: RemoteCopyGroup | None
) -> None:
    name = groups[0].natural_name
    if serving is None:
        for group in groups:
            graph.need(node, ("array", group.array_serial), sure=False, why="nobody knows which array serves it")
        graph.served[node] = Served(name, None, known=False)
        return
    here: Node = ("array", serving.array_serial)
    graph.need(node, here)
    others = [group for group in groups if group is not serving]
    site = graph.sites.get(here)
    copies = []
    for other in others:
        there: Node = ("array", other.array_serial)
        over = graph.over(site, graph.sites.get(there))
        kept = serving.role in (RcgRole.PRIMARY, RcgRole.PRIMARY_REV) and serving.status is RcgStatus.STARTED
        synced = all(volume.sync_status is SyncStatus.SYNCED for volume in serving.volumes)
        live = serving.mode is RcgMode.SYNC and kept and synced and other.role is not serving.role
        at = None if serving.mode is RcgMode.SYNC else (other.oldest_sync or serving.oldest_sync)
        copies.append(Copy(there, other.array, at, live, serving.mode is not RcgMode.SYNC, over))
    graph.served[node] = Served(name, site, True, tuple(copies), bare=not copies)
    for group in groups:
        array: Node = ("array", group.array_serial)
        for volume in group.volumes:
            for host in volume.exported_to:
                known = storage.exports[graph.sites.get(array), host.removeprefix("set:").lower()]
                if (array, node) not in known:
                    known.append((array, node))


# ------------------------------------------------------------------------------------------------------------ LPARs


def _add_lpar(graph: Graph, storage: _Storage, lpar: Lpar, site: str | None) -> None:
    node, system = ("lpar", lpar.key), ("power", lpar.system_key)
    if system in graph.names:
        graph.need(node, system)
    elif site is not None:
        graph.need(node, ("site", site))
    rests: set[Node] = set()
    volumes = _volumes(storage, lpar)
    bare = _rest_on(graph, storage, node, volumes, rests)
    for array, group in storage.exports.get((site, lpar.name.lower()), ()):
        why = f"a host of its name sees volumes of {graph.served[group].name}"
        graph.need(node, array, sure=False, why=why)
        rests.add(group)
    _vlans(graph, node, lpar, site)
    serving = lpar.state is not LparState.NOT_ACTIVATED
    graph.served[node] = Served(lpar.name, site, serving, (), frozenset(rests), bare, bool(volumes or rests))


def _volumes(storage: _Storage, lpar: Lpar) -> list[tuple[Host, Volume]]:
    """What the LPAR sees, by its WWPNs and those of its profiles."""
    profiles = (wwpn for profile in lpar.profiles for adapter in profile.fc for wwpn in adapter.wwpns)
    found: dict[str, tuple[Host, Volume]] = {}
    for wwpn in dict.fromkeys((*lpar.wwpns, *profiles)):
        for host in storage.hosts.get(wwpn, ()):
            for name in (host.name, host.host_group):
                for volume in storage.volumes.get((host.array_id, name or ""), ()):
                    if not volume.destroyed:
                        found[volume.key] = (host, volume)
    return list(found.values())


def _rest_on(
    graph: Graph, storage: _Storage, node: Node, volumes: Sequence[tuple[Host, Volume]], rests: set[Node]
) -> bool:
    """Adds the needs of the volumes, and what they come back from. Whether one is copied nowhere."""
    bare = False
    needed = set()
    for host, volume in volumes:
        array: Node = ("array", volume.array_id)
        over = storage.stretched.get((volume.array_id, volume.pod or ""), (array,))
        needed.add(tuple(sorted(over)))
        groups = list(storage.kept.get((volume.array_id, volume.name), ()))
        for name in (host.name, host.host_group):
            groups += storage.kept.get((volume.array_id, f"host {name}"), ())
        if volume.pod is not None and not groups:
            pod = storage.pods.get((volume.array_id, volume.pod))
            groups = [] if pod is None else [pod]
        bare = bare or not groups
        rests.update(groups)
    for over in sorted(needed):
        graph.need(node, *over)
    return bare


def _vlans(graph: Graph, node: Node, lpar: Lpar, site: str | None) -> None:
    ids = {vid for adapter in lpar.eth for vid in (adapter.port_vlan_id, *adapter.addl_vlan_ids) if vid}
    ids |= {port.port_vlan_id for port in lpar.ports if port.port_vlan_id}
    nodes: list[Node] = [("vlan", f"{site}/{vid}") for vid in sorted(ids)]
    graph.need(node, *nodes)
    for vlan in nodes if len(nodes) > 1 else ():
        if vlan in graph.vlans:
            graph.need(node, vlan, sure=False, why=f"loses {graph.names[vlan]}, and keeps another network")


# -------------------------------------------------------------------------------------------------------------- VMs


def _add_vms(graph: Graph, view: EstateView) -> None:
    hosts = {(host.vcenter, host.name): host.key for _, host in _all(view, "esxi", EsxiHost)}
    copies: dict[str, list[Copy]] = defaultdict(list)
    sites: dict[str, str | None] = {}
    machines = [(entry, vm) for entry, vm in _all(view, "vm", VirtualMachine)]
    for entry, vm in machines:
        if vm.replica is None:
            sites[vm.instance_uuid] = _site(view, entry)
    for entry, vm in machines:
        if vm.replica is not None:
            here = _site(view, entry)
            over = graph.over(sites.get(vm.replica.source_instance_uuid), here)
            at = vm.replica.point_in_time if vm.replica.complete else None
            copies[vm.replica.source_instance_uuid].append(Copy(("vm", vm.key), f"{vm.name} at {here}", at, over=over))
    for entry, vm in machines:
        node, site = ("vm", vm.key), _site(view, entry)
        host = hosts.get((vm.vcenter, vm.host or ""))
        if host is not None:
            graph.need(node, ("esxi", host))
        elif site is not None:
            graph.need(node, ("site", site))
        own = tuple(copies.get(vm.instance_uuid, ())) if vm.replica is None else ()
        serving = vm.replica is None
        graph.served[node] = Served(vm.name, site, serving, own, bare=serving and not own)
