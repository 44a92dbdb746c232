"""The objects of an array as the WSAPI writes them in JSON."""

from __future__ import annotations

from typing import Any

from backends.lab.threepar.array import ThreePar
from backends.lab.threepar.cli_rcopy import group_last_sync, stamp
from backends.lab.threepar.objects import Cpg, Host, LinkKind, Target, Task, TaskStatus, VirtualVolume, Vlun, Wire
from backends.lab.threepar.rcg import Group, Side
from backends.lab.threepar.replication import Member
from store.estate import RcgMode, RcgStatus, SyncStatus

Json = dict[str, Any]

MODES = {RcgMode.SYNC: 1, RcgMode.PERIODIC: 3, RcgMode.ASYNC: 4}
STATES = {
    RcgStatus.NEW: 1,
    RcgStatus.STARTING: 2,
    RcgStatus.STARTED: 3,
    RcgStatus.RESTART: 4,
    RcgStatus.STOPPED: 5,
    RcgStatus.BACKUP: 6,
    RcgStatus.FAILSAFE: 7,
    RcgStatus.UNKNOWN: 8,
    RcgStatus.LOGGING: 9,
}
SYNC_STATES = {
    SyncStatus.NEW: 1,
    SyncStatus.SYNCING: 2,
    SyncStatus.SYNCED: 3,
    SyncStatus.DELETE: 4,
    SyncStatus.STOPPED: 5,
    SyncStatus.PROMOTE: 6,
    SyncStatus.STALE: 7,
    SyncStatus.WAIT_PROMOTE: 8,
    SyncStatus.NOT_SYNCED: 9,
}
POLICY_NAMES = {
    "autoRecover": "auto_recover",
    "autoFailover": "auto_failover",
    "pathManagement": "path_management",
    "overPeriodAlert": "over_per_alert",
    "autoSynchronize": "auto_synchronize",
    "multiTargetPeerPersistence": "multiTargetPeerPersistence",
    "activeActive": "activeActive",
}
_PROVISIONING = {"full": 1, "tpvv": 2, "snp": 3, "deco": 6}


def members(items: list[Json]) -> Json:
    return {"total": len(items), "members": items}


def api(array: ThreePar) -> Json:
    return {"major": 1, "minor": array.who.api_minor, "revision": 0, "build": array.who.build}


def system(array: ThreePar) -> Json:
    who = array.who
    return {
        "id": who.system_id,
        "name": array.name,
        "systemVersion": who.os_version,
        "IPv4Addr": "192.0.2.1",
        "model": who.model,
        "serialNumber": who.serial,
        "totalNodes": 2,
        "masterNode": 0,
        "onlineNodes": [0, 1],
        "clusterNodes": [0, 1],
        "chunkletSizeMiB": 1024,
        "totalCapacityMiB": who.total_mib,
        "allocatedCapacityMiB": array.used_mib,
        "freeCapacityMiB": who.total_mib - array.used_mib,
        "failedCapacityMiB": 0,
        "location": array.site,
        "owner": "",
        "contact": "",
        "comment": "",
        "timeZone": who.time_zone,
        "licenseInfo": {"licenses": [{"name": "Remote Copy"}, {"name": "Virtual Copy"}, {"name": "Thin Provisioning"}]},
    }


def configuration(array: ThreePar) -> Json:
    return {
        "httpState": "Disabled",
        "httpPort": 8008,
        "httpsState": "Enabled",
        "httpsPort": array.device.ports.get("https", 443),
        "version": f"1.{array.who.api_minor}.0",
        "sessionsInUse": array.device.counters.sessions,
        "systemResourceUsage": 24,
    }


def capacity(array: ThreePar) -> Json:
    total, used = array.who.total_mib, array.used_mib
    volumes = {"totalVolumesMiB": used, "nonCPGsMiB": 0, "CPGsMiB": used, "CPGUserMiB": used, "CPGUserUsedMiB": used}
    one = {
        "totalMiB": total,
        "allocated": {"totalAllocatedMiB": used, "volumes": volumes},
        "freeMiB": total - used,
        "freeInitializedMiB": total - used,
        "freeUninitializedMiB": 0,
        "unavailableCapacityMiB": 0,
        "failedCapacityMiB": 0,
    }
    return {"allCapacity": one, "SSDCapacity": one}


def cpg(array: ThreePar, pool: Cpg) -> Json:
    used = [v for v in array.volumes.values() if v.cpg == pool.name]
    size = sum(v.size_mib // 2 for v in used)
    usage = {"totalMiB": size, "rawTotalMiB": size * 2, "usedMiB": size, "rawUsedMiB": size * 2}
    return {
        "id": pool.id,
        "name": pool.name,
        "numFPVVs": sum(1 for v in used if v.prov == "full"),
        "numTPVVs": sum(1 for v in used if v.prov == "tpvv"),
        "numTDVVs": 0,
        "UsrUsage": usage,
        "SAUsage": dict.fromkeys(usage, 0),
        "SDUsage": dict.fromkeys(usage, 0),
        "state": 1,
        "failedStates": [],
        "degradedStates": [],
        "additionalStates": [],
    }


def volume(array: ThreePar, vv: VirtualVolume) -> Json:
    space = {"reservedMiB": vv.size_mib // 2, "rawReservedMiB": vv.size_mib, "usedMiB": vv.size_mib // 2, "freeMiB": 0}
    created = array.local_time(vv.created)
    body: Json = {
        "id": vv.id,
        "name": vv.name,
        "provisioningType": _PROVISIONING[vv.prov],
        "copyType": 3 if vv.copy_of else 1,
        "baseId": vv.copy_of.id if vv.copy_of else vv.id,
        "readOnly": vv.read_only,
        "state": 1,
        "failedStates": [],
        "degradedStates": [],
        "additionalStates": [],
        "userSpace": space,
        "sizeMiB": vv.size_mib,
        "wwn": vv.disk.serial,
        "creationTimeSec": int(array.told(vv.created)),
        "creationTime8601": created.isoformat(timespec="seconds"),
        "policies": {"staleSS": True, "oneHost": False, "zeroDetect": False, "system": False, "caching": True},
        "userCPG": vv.cpg,
        "snapCPG": vv.snap_cpg,
        "uuid": f"{vv.disk.serial[:8]}-{vv.disk.serial[8:12]}-{vv.disk.serial[12:16]}-{vv.disk.serial[16:20]}-"
        f"{vv.disk.serial[20:32]}".lower(),
    }
    if vv.copy_of is not None:
        body["copyOf"] = vv.copy_of.name
        body["parentId"] = vv.copy_of.id
    if vv.comment:
        body["comment"] = vv.comment
    return body


def _position(nsp: str) -> Json:
    node, slot, port = (int(part) for part in nsp.split(":"))
    return {"node": node, "slot": slot, "cardPort": port}


def host(array: ThreePar, each: Host) -> Json:
    logged_in = array.logged_in(each)
    paths = []
    for index, wwn in enumerate(each.wwns):
        path: Json = {"wwn": wwn, "hostSpeed": 16 if logged_in else 0}
        if logged_in:
            path["portPos"] = _position(array.ports[index % len(array.ports)])
        paths.append(path)
    return {
        "id": each.id,
        "name": each.name,
        "persona": each.persona,
        "FCPaths": paths,
        "iSCSIPaths": [{"name": iqn} for iqn in each.iscsi_names],
        "initiatorChapEnabled": False,
        "targetChapEnabled": False,
    }


def vluns(array: ThreePar, only: list[Vlun] | None = None) -> list[Json]:
    """Every export: one active entry for each path that is logged in, then the template."""
    out = []
    for vlun in array.vluns if only is None else only:
        base: Json = {
            "lun": vlun.lun,
            "volumeName": vlun.volume.name,
            "hostname": vlun.host.name,
            "type": 3,
            "volumeWWN": vlun.volume.disk.serial,
            "multipathing": 2,
            "failedPathPol": 1,
            "failedPathInterval": 0,
            "hostDeviceName": "",
        }
        if array.logged_in(vlun.host):
            for index, wwn in enumerate(vlun.host.wwns):
                port = _position(array.ports[index % len(array.ports)])
                out.append(base | {"remoteName": wwn, "portPos": port, "active": True})
        out.append(base | {"active": False})
    return out


def port(array: ThreePar, nsp: str, index: int) -> Json:
    tail = f"{array.who.system_id:06X}"[-6:]
    return {
        "portPos": _position(nsp),
        "mode": 2,
        "linkState": 4,
        "nodeWWN": f"2FF70002AC{tail}",
        "portWWN": f"2{index}110002AC{tail}",
        "type": 1,
        "protocol": 1,
        "label": "",
        "device": [],
        "partnerPos": _position(array.ports[1 - index]),
        "failoverState": 1,
    }


def task(array: ThreePar, each: Task) -> Json:
    body: Json = {
        "id": each.id,
        "type": int(each.type),
        "name": each.name,
        "status": int(each.status),
        "startTime": stamp(array, each.started),
        "finishTime": "-" if each.finished is None else stamp(array, each.finished),
        "priority": 2,
        "user": each.user,
        "detailedStatus": "\n".join(f"{stamp(array, when)} {text}" for when, text in each.log),
    }
    if each.status is TaskStatus.ACTIVE:
        body |= {"completedPhases": 0, "totalPhases": 1, "completedSteps": 0, "totalSteps": 1}
    return body


# ------------------------------------------------------------------------------------------------------- remote copy


def target(each: Target) -> Json:
    return {
        "id": each.id,
        "name": each.name,
        "type": 1 if each.kind is LinkKind.IP else 2,
        "status": 2 if each.connection.up else 3,
        "systemName": each.peer.name,
        "policies": {"mirrorConfig": each.mirror_config},
        "remoteCopyLinks": [link_name(each, wire) for wire in each.connection.wires],
    }


def link_name(each: Target, wire: Wire) -> str:
    return f"{each.name}_{wire.nodes[each.end].replace(':', '_')}"


def link(each: Target, wire: Wire) -> Json:
    return {
        "name": link_name(each, wire),
        "targetName": each.name,
        "localPort": _position(wire.nodes[each.end]),
        "remoteAddress": wire.addresses[1 - each.end],
        "status": 1 if each.connection.wire_up(wire) else 2,
    }


def group(array: ThreePar, pair: Group, side: Side) -> Json:
    """One remote copy group as ``array`` sees it."""
    pair.carry(array.world.now)
    other = pair.other(side)
    tgt: Json = {
        "targetName": side.target.name,
        "mode": MODES[pair.mode],
        "state": STATES[side.status],
        "roleReversed": side.reversed,
        "remoteUserCPG": other.local_cpg,
        "policies": {name: policy in pair.policies for name, policy in POLICY_NAMES.items()},
    }
    last = group_last_sync(pair, side)
    if last is not None:
        tgt["groupLastSyncTime"] = array.local_time(last).isoformat(timespec="seconds")
    if pair.mode is RcgMode.PERIODIC and pair.period_s is not None:
        tgt["syncPeriod"] = pair.period_s
    return {
        "id": side.id,
        "name": side.name,
        "role": 1 if side.primary else 2,
        "remoteGroupName": other.name,
        "localUserCPG": side.local_cpg,
        "targets": [tgt],
        "volumes": [group_volume(array, side, member) for member in pair.members],
    }


def group_volume(array: ThreePar, side: Side, member: Member) -> Json:
    """A volume of a group as one side sees it."""
    here, there = member.copies[side.end], member.copies[1 - side.end]
    remote: Json = {
        "targetName": side.target.name,
        "remoteVolumeName": there.volume.name,
        "remoteVolumeID": there.volume.id,
        "syncStatus": SYNC_STATES[here.status],
    }
    if here.last_sync is not None:
        remote["volumeLastSyncTime"] = array.local_time(here.last_sync).isoformat(timespec="seconds")
        remote["volumeLastSyncTimeSec"] = int(array.told(here.last_sync))
    return {"localVolumeName": here.volume.name, "localVolumeId": here.volume.id, "remoteVolumes": [remote]}
