"""Remote copy through the WSAPI: what POST, PUT and DELETE on groups, their volumes and targets do."""

from __future__ import annotations

from msgspec.structs import replace

from backends.lab.threepar.array import ThreePar
from backends.lab.threepar.cli_verbs import apply_role_verb
from backends.lab.threepar.provision import (
    NewGroup,
    admit,
    create_group,
    dismiss,
    remove_group,
    set_period,
    set_policy,
    target_of,
)
from backends.lab.threepar.rcg import Group, Options, Side
from backends.lab.threepar.refusals import ArrayError, Why
from backends.lab.threepar.wsapi_body import Body
from backends.lab.threepar.wsapi_view import POLICY_NAMES
from store.estate import RcgMode

_MODES = {1: RcgMode.SYNC, 2: RcgMode.PERIODIC, 3: RcgMode.PERIODIC, 4: RcgMode.ASYNC}
_VERBS = {6: "reverse", 7: "failover", 8: "switchover", 9: "recover", 10: "restore", 11: "override"}
_FITS = {
    "skipStart": {7, 9, 10},
    "skipSync": {7, 9, 10},
    "discardNewData": {7},
    "skipPromote": {6, 7},
    "noSnapshot": {6, 7, 10},
    "stopGroups": {6},
    "localGroupsDirection": {6},
}


def create(array: ThreePar, body: Body) -> str:
    """``POST /remotecopygroups``. Returns the name."""
    body = body.only("name", "targets", "localUserCPG", "localSnapCPG", "domain")
    name = body.text("name")
    targets = body.objects("targets")
    if not targets:
        raise ArrayError(Why.INV_INPUT_MISSING_REQUIRED, "targets")
    target = targets[0].only("targetName", "mode", "userCPG", "snapCPG", "roleReversed", "groupLastSyncTime")
    mode = target.number("mode")
    if mode not in _MODES:
        raise ArrayError(Why.INV_INPUT_BAD_ENUM_VALUE, "mode")
    local, remote = body.text("localUserCPG", ""), target.text("userCPG", "")
    create_group(array, NewGroup(name, target.text("targetName"), _MODES[mode], local, remote))
    return name


def modify(array: ThreePar, name: str, body: Body, now: float) -> None:
    """``PUT /remotecopygroups/<name>``: start, stop, synchronize, admit, dismiss (old style), or change settings."""
    group, side = array.group(name)
    action = body.number("action", 0)
    if action:
        target_of(group, side, body.text_or_none("targetName"))
    if action == 0:
        _settings(group, side, body, now)
    elif action == 1:
        add_volume(array, name, Body({k: v for k, v in body.members.items() if k != "action"}))
    elif action == 2:
        dismiss(group, side, body.text("volumeName"), keep_snapshots=body.flag("keepSnap"))
    elif action == 3:
        _start(group, side, body, now)
    elif action == 4:
        body.only("action", "noSnapshot", "targetName")
        group.stop(side, now)
    elif action == 5:
        body.only("action", "noResyncSnapshot", "targetName", "fullSync")
        group.sync(side, now)
    else:
        raise ArrayError(Why.INV_INPUT_BAD_ENUM_VALUE, "action")


def _start(group: Group, side: Side, body: Body, now: float) -> None:
    body = body.only("action", "skipInitialSync", "targetName", "startingSnapshots")
    if body.flag("skipInitialSync"):
        for member in group.members:
            member.complete = True
    group.start(side, now)


def _settings(group: Group, side: Side, body: Body, now: float) -> None:
    body = body.only("localUserCPG", "localSnapCPG", "targets", "unsetUserCPG", "unsetSnapCPG")
    if body.has("localUserCPG"):
        side.local_cpg = body.text("localUserCPG")
    for target in body.objects("targets"):
        known = ("targetName", "remoteUserCPG", "remoteSnapCPG", "syncPeriod", "rmSyncPeriod", "mode", "policies")
        each = target.only(*known, "snapFrequency", "rmSnapFrequency")
        target_of(group, side, each.text_or_none("targetName"))
        if each.has("syncPeriod"):
            set_period(group, side, each.number("syncPeriod"), now)
        if each.flag("rmSyncPeriod"):
            set_period(group, side, None, now)
        policies = each.inner("policies")
        for name in policies.members:
            if name not in POLICY_NAMES:
                raise ArrayError(Why.INV_INPUT, f"policy {name}")
            set_policy(group, POLICY_NAMES[name], policies.flag(name))


def act(array: ThreePar, name: str, body: Body, now: float) -> None:
    """``POST /remotecopygroups/<name>``: the role changes, actions 6 to 11."""
    group, side = array.group(name)
    body = body.only("action", "targetName", *_FITS)
    action = body.number("action")
    if action not in _VERBS:
        raise ArrayError(Why.INV_INPUT_BAD_ENUM_VALUE, "action")
    target_of(group, side, body.text_or_none("targetName"))
    for option, actions in _FITS.items():
        if body.flag(option) and action not in actions:
            raise ArrayError(Why.INV_INPUT_PARAM_CONFLICT, f"action,{option}")
    options = Options(
        skip_start=body.flag("skipStart"),
        skip_sync=body.flag("skipSync"),
        skip_promote=body.flag("skipPromote"),
        discard_new_data=body.flag("discardNewData"),
        no_snapshot=body.flag("noSnapshot"),
        stop_groups=body.flag("stopGroups"),
        local=body.flag("localGroupsDirection"),
    )
    if _VERBS[action] == "reverse":
        options = replace(options, current=True)  # the WSAPI changes the current direction only
    apply_role_verb(group, side, _VERBS[action], options, now)


def remove(array: ThreePar, name: str) -> None:
    """``DELETE /remotecopygroups/<name>``."""
    remove_group(*array.group(name))


def add_volume(array: ThreePar, name: str, body: Body) -> None:
    """``POST /remotecopygroups/<name>/volumes``."""
    group, side = array.group(name)
    body = body.only(
        "volumeName", "targets", "snapshotName", "volumeAutoCreation", "skipInitialSync", "differentSecondaryWWN"
    )
    volume = body.text("volumeName")
    array.volume(volume)
    targets = body.objects("targets")
    if not targets:
        raise ArrayError(Why.INV_INPUT_MISSING_REQUIRED, "targets")
    target_of(group, side, targets[0].text_or_none("targetName"))
    twin = targets[0].text("secVolumeName", volume)
    create_it, skip = body.flag("volumeAutoCreation"), body.flag("skipInitialSync")
    admit(group, side, volume, twin, create=create_it, skip_initial_sync=skip)


def drop_volume(array: ThreePar, name: str, volume: str, keep: bool, remove_secondary: bool) -> None:
    """``DELETE /remotecopygroups/<name>/volumes/<volume>``."""
    group, side = array.group(name)
    dismiss(group, side, volume, keep_snapshots=keep, remove_secondary=remove_secondary)


def modify_target(array: ThreePar, name: str, body: Body) -> None:
    """``PUT /remotecopytargets/<name>``: the ``mirrorConfig`` policy."""
    target = array.target(name)
    target.mirror_config = body.only("policies").inner("policies").only("mirrorConfig").flag("mirrorConfig")
