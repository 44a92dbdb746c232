"""Volumes, hosts, exports and pools through the WSAPI: what POST, PUT and DELETE on them do."""

from __future__ import annotations

import re

from backends.lab.threepar.array import ThreePar
from backends.lab.threepar.objects import Task
from backends.lab.threepar.refusals import ArrayError, Why
from backends.lab.threepar.wsapi_body import Body

_VOLUME = (
    "name",
    "cpg",
    "sizeMiB",
    "id",
    "comment",
    "policies",
    "snapCPG",
    "tpvv",
    "tdvv",
    "reduce",
    "compression",
    "ssSpcAllocWarningPct",
    "ssSpcAllocLimitPct",
    "usrSpcAllocWarningPct",
    "usrSpcAllocLimitPct",
    "expirationHours",
    "retentionHours",
    "objectKeyValues",
)


def create_volume(array: ThreePar, body: Body) -> str:
    """``POST /volumes``. Primera and newer want one of ``tpvv`` and ``reduce``."""
    body = body.only(*_VOLUME)
    newer = array.who.build >= 40000128
    if newer and not body.flag("tpvv") and not body.flag("reduce"):
        raise ArrayError(Why.INV_INPUT_ONE_REQUIRED, "tpvv,reduce")
    reduced = body.flag("reduce" if newer else "tdvv")
    prov = "tpvv" if body.flag("tpvv") else "deco" if reduced else "full"
    snap_cpg = body.text_or_none("snapCPG")
    name, cpg, size = body.text("name"), body.text("cpg"), body.number("sizeMiB")
    array.add_volume(name, size, cpg, snap_cpg, prov, body.text("comment", ""))
    return name


def act_on_volume(array: ThreePar, name: str, body: Body) -> str:
    """``POST /volumes/<name>``: a snapshot of it. Returns the snapshot's name."""
    body = body.only("action", "parameters")
    if body.text("action") != "createSnapshot":
        raise ArrayError(Why.NOT_IMPLEMENTED)
    inner = body.inner("parameters").only(
        "name", "id", "comment", "readOnly", "expirationHours", "retentionHours", "addToSet"
    )
    snapshot = inner.text("name")
    array.snapshot(snapshot, name, read_only=inner.flag("readOnly"), comment=inner.text("comment", ""))
    return snapshot


def modify_volume(array: ThreePar, name: str, body: Body) -> Task | None:
    """``PUT /volumes/<name>``: grow (3), promote a snapshot (4), rename, comment."""
    array.volume(name)
    action = body.number("action", 0)
    if action == 3:
        array.grow_volume(name, body.only("action", "sizeMiB").number("sizeMiB"))
        return None
    if action == 4:
        return array.promote(name)
    if action:
        raise ArrayError(Why.NOT_IMPLEMENTED)
    if body.has("comment"):
        array.volume(name).comment = body.text("comment")
    if body.has("newName"):
        array.rename_volume(name, body.text("newName"))
    return None


def create_host(array: ThreePar, body: Body) -> str:
    """``POST /hosts``."""
    body = body.only("name", "FCWWNs", "iSCSINames", "persona", "domain", "forceTearDown", "descriptors", "port")
    if body.has("FCWWNs") and body.has("iSCSINames"):
        raise ArrayError(Why.INV_INPUT_PARAM_CONFLICT, "FCWWNs,iSCSINames")
    array.add_host(body.text("name"), body.texts("FCWWNs"), body.texts("iSCSINames"), body.number("persona", 2))
    return body.text("name")


def modify_host(array: ThreePar, name: str, body: Body) -> None:
    """``PUT /hosts/<name>``: add (1) or remove (2) paths, or rename."""
    host = array.host(name)
    wwns = tuple(w.replace(":", "").upper() for w in body.texts("FCWWNs"))
    operation = body.number("pathOperation", 0)
    if operation == 1:
        for wwn in wwns:
            if any(wwn in other.wwns for other in array.hosts.values()):
                raise ArrayError(Why.EXISTENT_PATH, name)
        host.wwns += wwns
    elif operation == 2:
        host.wwns = tuple(w for w in host.wwns if w not in wwns)
    elif body.has("newName"):
        array.rename_host(name, body.text("newName"))
    else:
        raise ArrayError(Why.INV_INPUT_ONE_REQUIRED, "newName,pathOperation")
    array.world.rescan({*host.fabric_names, *(w.lower() for w in wwns)})


def create_vlun(array: ThreePar, body: Body) -> str:
    """``POST /vluns``. Returns ``volume,lun,host`` for the location."""
    body = body.only(
        "volumeName", "lun", "hostname", "portPos", "noVcn", "overrideLowerPriority", "autoLun", "maxAutoLun"
    )
    volume = body.text("volumeName")
    if not body.has("hostname"):
        raise ArrayError(Why.INV_INPUT_MISSING_REQUIRED, "hostname")
    auto = body.flag("autoLun")
    lun = None if auto else body.number("lun")
    host = body.text("hostname")
    vlun = array.export(volume, host, lun)
    return f"{volume},{vlun.lun},{host}"


def remove_vlun(array: ThreePar, spec: str) -> None:
    """``DELETE /vluns/<volume>,<lun>[,<host>[,<port>]]``."""
    parts = spec.split(",")
    if len(parts) < 2 or not re.fullmatch(r"\d{1,9}", parts[1]):
        raise ArrayError(Why.INV_INPUT_MISSING_REQUIRED, "volumeName,lun")
    array.unexport(parts[0], int(parts[1]), (parts[2] or None) if len(parts) > 2 else None)
