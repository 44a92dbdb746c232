"""The 3PAR arrays of a twin: their targets and links, and each remote copy group of which both sides are known."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backends.lab.threepar.array import Identity
from backends.lab.threepar.objects import Connection, Host, LinkKind, Target, VirtualVolume, Vlun, Wire
from backends.lab.threepar.provision import POLICIES
from backends.lab.threepar.rcg import Group, Side
from backends.lab.threepar.replication import Copy, Member
from backends.lab.threepar.roles import ROLE_PAIRS
from backends.lab.threepar.state import ALLETRA_10_5, PRIMERA_4_5, THREEPAR_3_3_1, ThreePar
from backends.lab.twin.records import Account, Original, Told, moment, secret_of
from backends.lab.volumes import BLANK, Image, Segment, Volume
from backends.lab.world import Device, World
from store.estate import (
    DeviceKind,
    RcgRole,
    RcgStatus,
    RcopyLink,
    RemoteCopyGroup,
    RemoteCopyVolume,
    StorageSystem,
    SyncStatus,
)

_CPG = "SSD_r6"
_PRIMARY = (RcgRole.PRIMARY, RcgRole.PRIMARY_REV)
_NATURAL = (RcgRole.PRIMARY, RcgRole.SECONDARY_REV)
_ONCE_EQUAL = (SyncStatus.SYNCED, SyncStatus.STOPPED, SyncStatus.STALE, SyncStatus.SYNCING)
View = tuple[Told, ThreePar, RemoteCopyGroup]


def build(world: World, original: Original, account: Account) -> None:
    """Every array, then the pairs."""
    arrays: dict[str, ThreePar] = {}
    pairs: dict[str, list[View]] = {}
    systems: list[tuple[Told, StorageSystem]] = []
    for told in original.told(DeviceKind.THREEPAR):
        for system in told.of(StorageSystem):
            arrays[system.serial] = _array(world, told, system, account)
            systems.append((told, system))
        for group in told.of(RemoteCopyGroup):
            pairs.setdefault(group.pair_key, []).append((told, arrays[group.array_serial], group))
    whole = [views for views in pairs.values() if _is_pair(views, account)]
    for views in whole:
        _connect(systems, views, account)
    for views in whole:
        _pair(world, views, account)
    _hosts_on_both_sides(whole, account)
    for told, system in systems:
        array = arrays[system.serial]
        for target in system.targets:
            if target.name not in array.targets:
                account.leave(told.name, f"target {target.name}", "no group tells which array it is")
        if system.total_capacity_mib is not None and system.free_capacity_mib is not None:
            array.other_mib = system.total_capacity_mib - system.free_capacity_mib - array.used_mib


def _array(world: World, told: Told, system: StorageSystem, account: Account) -> ThreePar:
    account.copy(told.name, system)
    account.invent(told.name, "capacity of an array", system.total_capacity_mib is None)
    alike = {"3": THREEPAR_3_3_1, "4": PRIMERA_4_5}.get(system.os_version[:1], ALLETRA_10_5)
    zone = system.time_zone or "UTC"
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        account.leave(told.name, f"time zone {zone}", "this machine does not know it: UTC instead")
        zone = "UTC"
    device = Device(told.name, DeviceKind.THREEPAR, told.site, None, {"3paradm": secret_of(told.name)})
    who = Identity(
        system.serial,
        system.system_id,
        system.model,
        system.os_version,
        zone,
        alike.build,
        alike.api_minor,
        system.total_capacity_mib or 94_371_840,
        system.name,
    )
    array = ThreePar(world, device, who)
    device.state, device.rename = array, array.rename
    world.add_device(device)
    world.add_fabric(told.site, array)
    return array


def _is_pair(views: list[View], account: Account) -> bool:
    """Whether the lab can hold a group: two sides, roles that fit each other, words that are known."""
    told, _, group = views[0]
    why = ""
    if len(views) != 2:
        why = f"it was read on {len(views)} of its two arrays"
    elif (group.role, views[1][2].role) not in ROLE_PAIRS:
        why = f"its roles {group.role} and {views[1][2].role} do not make a pair"
    elif any(each.status in (RcgStatus.UNKNOWN, RcgStatus.STARTING) for _, _, each in views):
        why = f"its state {group.status} on one side, {views[1][2].status} on the other, cannot be made"
    elif any(v.sync_status is SyncStatus.UNKNOWN for _, _, each in views for v in each.volumes):
        why = "the state of one of its volumes is not known"
    elif all(array.who.system_id != group.natural_system_id for _, array, _ in views):
        why = "neither array is the one that it was made on"
    elif {(v.local, v.remote) for v in group.volumes} != {(v.remote, v.local) for v in views[1][2].volumes}:
        why = "the two arrays name other volumes"
    if why:
        account.leave(told.name, f"RCG {group.name}", why)
    return not why


# -------------------------------------------------------------------------------------------------------- connections


def _connect(systems: list[tuple[Told, StorageSystem]], views: list[View], account: Account) -> None:
    """The targets that a group goes over, at both ends, if they are not there yet."""
    (told, one, here), (_, other, there) = views
    if here.target in one.targets or there.target in other.targets:
        return
    told_of = {system.serial: system for _, system in systems}
    ends = ((one, here, told_of[one.who.serial]), (other, there, told_of[other.who.serial]))
    out = [[link for link in system.links if link.target == group.target] for _, group, system in ends]
    wires = [_wire(*pair) for pair in zip(*out, strict=False)]
    if not wires:
        wires = [Wire(("0:3:1", "0:3:1"), ("192.0.2.10", "198.51.100.10"))]
        account.invent(told.name, "link to another array")
    connection = Connection(one.world, (one, other), wires)
    for end, (array, group, system) in enumerate(ends):
        known = next((target for target in system.targets if target.name == group.target), None)
        number = array.taken("target", known.id) if known is not None else array.next_id("target")
        kind = LinkKind.FC if known is not None and known.type == "FC" else LinkKind.IP
        mirror = known is None or known.policy != "no_mirror_config"
        array.targets[group.target] = Target(number, group.target, connection, end, kind, mirror)
    connection.settle(one.world.now)
    one.world.watch_sites(lambda _site, now: connection.settle(now))


def _wire(one: RcopyLink, other: RcopyLink) -> Wire:
    """A link as both of its ends tell it: each names its own port and the address of the other one."""
    return Wire((one.node, other.node), (other.address, one.address), up="Up" in (one.status, other.status))


# -------------------------------------------------------------------------------------------------------------- groups


def _pair(world: World, views: list[View], account: Account) -> None:
    natural_first = sorted(views, key=lambda view: view[1].who.system_id != view[2].natural_system_id)
    sides = []
    for end, (told, array, group) in enumerate(natural_first):
        if group.target not in array.targets:
            account.leave(told.name, f"RCG {group.name}", f"target {group.target} goes to another array too")
            return
        number = array.taken("group", group.id)
        natural, primary = group.role in _NATURAL, group.role in _PRIMARY
        target = array.targets[group.target]
        side = Side(array, end, number, group.name, target, group.local_cpg or "", natural, primary, group.status)
        sides.append(side)
    (told, _, first), (_, _, second) = natural_first
    made = Group(world, (sides[0], sides[1]), first.mode, first.period_s, set(first.policies) & set(POLICIES))
    for policy in sorted(set(first.policies) - set(POLICIES)):
        account.leave(told.name, f"policy {policy} of {first.name}", "the lab does not know it")
    for (device, array, group), side in zip(natural_first, sides, strict=True):
        array.groups[side.name] = made, side
        account.copy(device.name, group)
    others = {volume.local: volume for volume in second.volumes}
    for volume in first.volumes:
        made.members.append(_member(made, natural_first, (volume, others[volume.remote]), account))
    made.write_protect()
    source = next((side.end for side in sides if side.primary and side.status is RcgStatus.STARTED), None)
    if source is not None:
        made.replicator.take_up(source, world.now)


def _member(
    made: Group, views: list[View], told: tuple[RemoteCopyVolume, RemoteCopyVolume], account: Account
) -> Member:
    copies = []
    complete = all(each.sync_status in _ONCE_EQUAL for each in told)
    image = Image(f"RCG {views[0][2].pair_key}", told[0].local, (Segment("installed", 1000),))
    for (device, array, group), volume, side in zip(views, told, made.sides, strict=True):
        held = image if complete or side.primary else BLANK
        copy = Copy(_volume(device, array, group, volume, held, account), volume.sync_status)
        copy.last_sync = None if volume.last_sync is None else moment(volume.last_sync)
        copy.volume.group = made
        copies.append(copy)
    stale = any(each.sync_status is SyncStatus.STALE for each in told)
    return Member((copies[0], copies[1]), complete, stale)


def _volume(
    device: Told, array: ThreePar, group: RemoteCopyGroup, told: RemoteCopyVolume, image: Image, account: Account
) -> VirtualVolume:
    account.invent(device.name, "content of a replicated volume")
    account.invent(device.name, "size of a replicated volume", told.size_mib is None)
    account.invent(device.name, "CPG of a replicated volume", group.local_cpg is None)
    cpg = group.local_cpg or _CPG
    if cpg not in array.cpgs:
        array.add_cpg(cpg)
    number = array.next_id("volume") if told.local_id is None else array.taken("volume", told.local_id)
    disk = Volume(array.name, told.local, (told.size_mib or 1024) << 20, array.wwn(number), stored=image)
    volume = array.volumes[told.local] = VirtualVolume(number, disk, cpg, cpg, array.world.now)
    for vlun in told.vluns:
        if vlun.host.startswith("port ") or vlun.host == "any host":
            account.leave(device.name, f"export of {told.local} to {vlun.host}", "the lab exports to hosts alone")
            continue
        _host(
            device,
            array,
            vlun.host,
            "host without WWNs: no inventory tells those of a 3PAR, and nothing runs on it",
            account,
        )
        array.vluns.append(Vlun(_lun(array, vlun.host, vlun.lun), volume, array.hosts[vlun.host]))
        account.invent(device.name, "LUN of an export", vlun.lun is None)
    return volume


def _host(device: Told, array: ThreePar, name: str, what: str, account: Account) -> None:
    if name not in array.hosts:
        account.invent(device.name, what)
        array.hosts[name] = Host(array.next_id("host"), name)


def _hosts_on_both_sides(pairs: list[list[View]], account: Account) -> None:
    """Who has an export on one side may be wanted on the other, where no inventory tells of a host without exports."""
    for views in pairs:
        names = {vlun.host for _, _, group in views for volume in group.volumes for vlun in volume.vluns}
        for told, array, _ in views:
            for name in sorted(names):
                if any(name in each.hosts for _, each, _ in views):
                    what = "host of the same name as on the other array: whether there is one is not told"
                    _host(told, array, name, what, account)


def _lun(array: ThreePar, host: str, told: int | None) -> int:
    used = {vlun.lun for vlun in array.vluns if vlun.host.name == host}
    return told if told is not None else next(lun for lun in range(16384) if lun not in used)
