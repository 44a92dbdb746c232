"""The FlashArrays of a twin: volumes, hosts, connections, pods and their links, and the arrays' own connections."""

from __future__ import annotations

import re
from functools import partial

from backends.lab.flasharray import pods, protection
from backends.lab.flasharray.objects import Alert, Disk, Link, Pod, RefusedError
from backends.lab.flasharray.state import ArrayState, link_arrays
from backends.lab.twin import pgroups
from backends.lab.twin.records import Account, Original, Told, moment, secret_of
from backends.lab.volumes import Image, Segment, Volume
from backends.lab.world import Device, World
from store import estate
from store.estate import DeviceKind, FlashArray

_ALERT = re.compile(r"\((\w+):([^)]*)\): (.*)", re.DOTALL)
_BLOCK = 512
Arrays = dict[str, tuple[Told, ArrayState]]


def build(world: World, original: Original, account: Account) -> None:
    """Every array with all that is on it, then what goes from one to the other."""
    arrays: Arrays = {}
    for told in original.told(DeviceKind.FLASHARRAY):
        for array in told.of(FlashArray):
            arrays[array.name] = told, _array(world, told, array, account)
    for told, state in arrays.values():
        _connect(arrays, told, state, account)
    for told, state in arrays.values():
        _links(arrays, told, state, account)
    pgroups.build(arrays, account)


def _array(world: World, told: Told, array: FlashArray, account: Account) -> ArrayState:
    account.copy(told.name, array)
    account.invent(told.name, "capacity of an array", array.capacity is None)
    state = ArrayState(world, array.name, told.site, array.capacity or 100 * 1024**4)
    state.take_over(array.array_id, [volume.serial or "" for volume in told.of(estate.Volume)])
    device = Device(told.name, DeviceKind.FLASHARRAY, told.site, state, users={"pureuser": secret_of(told.name)})
    device.rename = lambda old, new: protection.rename(state, old, new)
    device.set_pending = lambda what, pending: protection.set_pending(state, what, pending)
    world.add_device(device)
    protection.watch(state)
    for alert in array.alerts:
        found = _ALERT.fullmatch(alert.summary)
        kind, component, text = found.groups() if found else ("", "", alert.summary)
        created = moment(alert.created) if alert.created is not None else world.now
        state.alerts.append(
            Alert(alert.id, alert.id, alert.severity, alert.category, 0, (kind, component), text, created)
        )
    _hosts(told, state, account)
    _pods(told, state, account)
    for volume in told.of(estate.Volume):
        _volume(told, state, volume, account)
    return state


def _hosts(told: Told, state: ArrayState, account: Account) -> None:
    hosts = told.of(estate.Host)
    groups = {host.host_group for host in hosts if host.host_group}
    groups |= {name for volume in told.of(estate.Volume) for name, _ in volume.hosts} - {host.name for host in hosts}
    groups |= {name for group in told.of(estate.ProtectionGroup) if group.is_local for name in group.host_groups}
    for name in sorted(groups):
        state.host_groups[name] = None
    for host in hosts:
        try:
            state.add_host(host.name, host.wwns, host.personality, host.host_group)
            account.copy(told.name, host)
        except RefusedError as error:
            account.leave(told.name, f"host {host.name}", error.message)


def _pods(told: Told, state: ArrayState, account: Account) -> None:
    for pod in told.of(estate.Pod):
        made = Pod(pod.name, pod.id, state.now, promoted=pod.promotion_status != "demoted")
        made.shadow = pod.destroyed and pod.name.endswith(".undo-demote")
        state.pods[pod.name] = made
        account.copy(told.name, pod)
        if len(pod.arrays) > 1:
            account.leave(told.name, f"pod {pod.name}", "it is stretched over arrays: here it is on this one alone")
        if pod.destroyed:
            state.destroy(made, partial(_forget_pod, state, pod.name))
            account.invent(told.name, "a day until a destroyed pod or volume is eradicated")


def _forget_pod(state: ArrayState, name: str) -> None:
    state.pods.pop(name, None)


def _volume(told: Told, state: ArrayState, volume: estate.Volume, account: Account) -> None:
    if volume.provisioned <= 0 or volume.provisioned % _BLOCK:
        account.leave(told.name, f"volume {volume.name}", f"{volume.provisioned} bytes are no size of a volume")
        return
    pod = state.pods.get(volume.pod or "")
    plain = volume.name.rpartition("::")[2]
    hosts = sorted(name for name, _ in volume.hosts)
    image = Image(hosts[0] if hosts else plain, plain, (Segment("installed", 1000),))
    core = Volume(state.name, volume.name, volume.provisioned, volume.serial or state.new_serial(), stored=image)
    source = None if volume.source is None else ("", volume.source)
    disk = state.disks[volume.name] = Disk(volume.name, volume.id, state.now, core=core, source=source, pod=pod)
    account.copy(told.name, volume)
    account.invent(told.name, "content of a volume")
    if pod is not None:
        pod.disks.append(disk)
        core.writable = pod.promoted
    for name, lun in volume.hosts:
        host, group = (name, None) if name in state.hosts else (None, name)
        try:
            state.attach(disk, host, group, lun)
        except RefusedError as error:
            account.leave(told.name, f"connection of {volume.name} to {name}", error.message)
    if volume.destroyed:
        state.destroy(disk, lambda: state.eradicate_volume(disk))
        account.invent(told.name, "a day until a destroyed pod or volume is eradicated")


def _connect(arrays: Arrays, told: Told, state: ArrayState, account: Account) -> None:
    for connection in (each for array in told.of(FlashArray) for each in array.connections):
        if connection.remote not in arrays:
            account.leave(told.name, f"connection to {connection.remote}", "that array is not in the twin")
        elif connection.type != "async-replication":
            account.leave(
                told.name, f"connection to {connection.remote}", f"the lab has none of type {connection.type}"
            )
        else:
            link_arrays(state, arrays[connection.remote][1])


def _links(arrays: Arrays, told: Told, state: ArrayState, account: Account) -> None:
    """The replica links of its pods, each from the end that it goes out of."""
    for pod in told.of(estate.Pod):
        for link in pod.links:
            there = arrays.get(link.remote or "")
            other = there[1].pods.get(link.remote_pod or "") if there is not None else None
            if there is None or other is None:
                account.leave(told.name, f"replica link of pod {pod.name}", "its other end is not in the twin")
            elif link.direction == "outbound":
                here = state.pods[pod.name]
                made = _link(state, (state, here), (there[1], other), link)
                here.link = other.link = made
                account.invent(told.name, "lag of a replica link", link.lag_s is None)


def _link(
    state: ArrayState, source: tuple[ArrayState, Pod], target: tuple[ArrayState, Pod], told: estate.PodReplicaLink
) -> Link:
    lag = 8.0 if told.lag_s is None else told.lag_s
    ready = state.now if told.status != "baselining" else state.now + pods.baseline_s(*source)
    made = Link(state.new_id(), source, target, lag, ready, paused=told.paused)
    if told.status in ("quiescing", "quiesced"):
        made.quiesced_at = state.now
    if told.paused or told.status in ("paused", "unhealthy"):
        made.paused = True
        made.broken_at = state.now if told.recovery_point is None else moment(told.recovery_point) + lag
        pods.freeze(made)
    return made
