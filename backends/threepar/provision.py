"""Making and unmaking what is replicated: groups, their members and settings, volumes and their exports.

Each verb is a record like those of :mod:`backends.threepar.verbs`.
"""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

from backends.outcome import ParseError
from backends.threepar.verbs import Body, Request, check_group
from backends.threepar.words import name, sync_period
from store.estate import RcgMode

_MAX_LUN = 16383
_POLICIES = {
    "auto_recover": "autoRecover",
    "auto_failover": "autoFailover",
    "over_per_alert": "overPeriodAlert",
    "path_management": "pathManagement",
}
_MODE_NUMBERS = {RcgMode.SYNC: 1, RcgMode.PERIODIC: 3, RcgMode.ASYNC: 4}


class CreateGroup(Struct, frozen=True):
    """``creatercopygroup``. The CPGs are where volumes and snapshots made with the admit go."""

    group: str
    target: str
    mode: RcgMode
    local_cpg: str | None = None
    remote_cpg: str | None = None
    local_snap_cpg: str | None = None
    remote_snap_cpg: str | None = None

    def __post_init__(self) -> None:
        check_group(self.group, self.target)
        for pair in ((self.local_cpg, self.remote_cpg), (self.local_snap_cpg, self.remote_snap_cpg)):
            for cpg in pair:
                if cpg is not None:
                    name(cpg, "CPG")
            if (pair[0] is None) != (pair[1] is None):
                raise ParseError("a CPG on both arrays, or on none", str(pair[0] or pair[1]))

    def request(self) -> Request:
        target: Body = {"targetName": self.target, "mode": _MODE_NUMBERS[self.mode]}
        body: Body = {"name": self.group}
        for here, there, local, remote in (
            ("localUserCPG", "userCPG", self.local_cpg, self.remote_cpg),
            ("localSnapCPG", "snapCPG", self.local_snap_cpg, self.remote_snap_cpg),
        ):
            if local is not None:
                body[here], target[there] = local, remote
        return Request("POST", "/remotecopygroups", body | {"targets": [target]})

    def command(self) -> str:
        flags = ""
        for flag, local, remote in (
            ("-usr_cpg", self.local_cpg, self.remote_cpg),
            ("-snp_cpg", self.local_snap_cpg, self.remote_snap_cpg),
        ):
            if local is not None:
                flags += f"{flag} {local} {self.target}:{remote} "
        return f"creatercopygroup {flags}{self.group} {self.target}:{self.mode.lower()}"


class RemoveGroup(Struct, frozen=True):
    """``removercopygroup -f``: the volumes stay on both arrays."""

    group: str
    keep_snapshots: bool = False

    def __post_init__(self) -> None:
        check_group(self.group, None)

    def request(self) -> Request:
        keep = "true" if self.keep_snapshots else "false"
        return Request("DELETE", f"/remotecopygroups/{self.group}?keepSnap={keep}")

    def command(self) -> str:
        return f"removercopygroup -f {'-keepsnap ' if self.keep_snapshots else ''}{self.group}"


class SetPeriod(Struct, frozen=True):
    """``setrcopygroup period``: seconds between synchronizations, 300 … 31 622 400."""

    group: str
    target: str
    period_s: int

    def __post_init__(self) -> None:
        check_group(self.group, self.target)
        sync_period(self.period_s)

    def request(self) -> Request:
        target = {"targetName": self.target, "syncPeriod": self.period_s}
        return Request("PUT", f"/remotecopygroups/{self.group}", {"targets": [target]})

    def command(self) -> str:
        return f"setrcopygroup period {self.period_s}s {self.target} {self.group}"


class SetPolicy(Struct, frozen=True):
    """``setrcopygroup pol``: auto_recover, auto_failover, over_per_alert or path_management, on or off."""

    group: str
    target: str
    policy: str
    on: bool

    def __post_init__(self) -> None:
        check_group(self.group, self.target)
        if self.policy not in _POLICIES:
            raise ParseError(f"a policy: one of {', '.join(_POLICIES)}", self.policy)

    def request(self) -> Request:
        target = {"targetName": self.target, "policies": {_POLICIES[self.policy]: self.on}}
        return Request("PUT", f"/remotecopygroups/{self.group}", {"targets": [target]})

    def command(self) -> str:
        return f"setrcopygroup pol {'' if self.on else 'no_'}{self.policy} {self.group}"


class AdmitVolume(Struct, frozen=True):
    """Add a volume pair to a stopped group. Only through the WSAPI: ``admitrcopyvv`` may never answer over exec."""

    group: str
    volume: str
    target: str
    secondary: str
    create_secondary: bool = False
    skip_initial_sync: bool = False

    def __post_init__(self) -> None:
        check_group(self.group, self.target)
        name(self.volume, "volume")
        name(self.secondary, "volume")

    def request(self) -> Request:
        body: Body = {
            "volumeName": self.volume,
            "targets": [{"targetName": self.target, "secVolumeName": self.secondary}],
        }
        if self.create_secondary:
            body["volumeAutoCreation"] = True
        if self.skip_initial_sync:
            body["skipInitialSync"] = True
        return Request("POST", f"/remotecopygroups/{self.group}/volumes", body)

    def command(self) -> None:
        return None


class DismissVolume(Struct, frozen=True):
    """``dismissrcopyvv -f``: take a volume pair out of a stopped group; the secondary goes only when told."""

    group: str
    volume: str
    keep_snapshots: bool = False
    remove_secondary: bool = False

    def __post_init__(self) -> None:
        check_group(self.group, None)
        name(self.volume, "volume")
        if self.keep_snapshots and self.remove_secondary:
            raise ParseError("keep_snapshots or remove_secondary, not both", self.volume)

    def request(self) -> Request:
        query = "?keepSnap=true" if self.keep_snapshots else ""
        query = "?removeSecondaryVolume=true" if self.remove_secondary else query
        return Request("DELETE", f"/remotecopygroups/{self.group}/volumes/{self.volume}{query}")

    def command(self) -> str:
        flag = "-keepsnap " if self.keep_snapshots else "-removevv " if self.remove_secondary else ""
        return f"dismissrcopyvv -f {flag}{self.volume} {self.group}"


# ------------------------------------------------------------------------------------------------- volumes and exports


class CreateVlun(Struct, frozen=True):
    """``createvlun``: export a volume to a host (or ``set:hosts``) under a planned LUN."""

    volume: str
    lun: int
    host: str

    def __post_init__(self) -> None:
        _check_export(self.volume, self.lun, self.host)

    def request(self) -> Request:
        return Request("POST", "/vluns", {"volumeName": self.volume, "lun": self.lun, "hostname": self.host})

    def command(self) -> str:
        return f"createvlun {self.volume} {self.lun} {self.host}"


class RemoveVlun(Struct, frozen=True):
    """``removevlun -f``: the host no longer sees the volume."""

    volume: str
    lun: int
    host: str

    def __post_init__(self) -> None:
        _check_export(self.volume, self.lun, self.host)

    def request(self) -> Request:
        return Request("DELETE", f"/vluns/{self.volume},{self.lun},{self.host}")

    def command(self) -> str:
        return f"removevlun -f {self.volume} {self.lun} {self.host}"


class Provisioning(StrEnum):
    """How a volume takes its space. ``DEDUP`` is *tdvv* on a 3PAR and *reduce* from Primera on."""

    THIN = "thin"
    DEDUP = "dedup"
    FULL = "full"


class CreateVolume(Struct, frozen=True):
    """``createvv``: a volume of ``size_mib`` MiB. ``reduce``: the array is a Primera or newer, whose word it is."""

    volume: str
    cpg: str
    size_mib: int
    provisioning: Provisioning = Provisioning.THIN
    compression: bool = False
    snap_cpg: str | None = None
    reduce: bool = False

    def __post_init__(self) -> None:
        name(self.volume, "volume")
        name(self.cpg, "CPG")
        if self.snap_cpg is not None:
            name(self.snap_cpg, "CPG")
        if self.size_mib <= 0:
            raise ParseError("a size in MiB above 0", str(self.size_mib))

    def request(self) -> Request:
        body: Body = {"name": self.volume, "cpg": self.cpg, "sizeMiB": self.size_mib}
        if self.provisioning is not Provisioning.FULL:
            body[self._kind] = True
        if self.compression:
            body["compression"] = True
        if self.snap_cpg is not None:
            body["snapCPG"] = self.snap_cpg
        return Request("POST", "/volumes", body)

    def command(self) -> str:
        kind = "" if self.provisioning is Provisioning.FULL else f"-{self._kind} "
        more = "-compr " if self.compression else ""
        snap = f"-snp_cpg {self.snap_cpg} " if self.snap_cpg is not None else ""
        return f"createvv {kind}{more}{snap}{self.cpg} {self.volume} {self.size_mib}"

    @property
    def _kind(self) -> str:
        if self.provisioning is Provisioning.THIN:
            return "tpvv"
        return "reduce" if self.reduce else "tdvv"


class DeleteVolume(Struct, frozen=True):
    """``removevv -f``."""

    volume: str

    def __post_init__(self) -> None:
        name(self.volume, "volume")

    def request(self) -> Request:
        return Request("DELETE", f"/volumes/{self.volume}")

    def command(self) -> str:
        return f"removevv -f {self.volume}"


class CreateSnapshot(Struct, frozen=True):
    """``createsv``: a virtual copy of one volume as it is now."""

    snapshot: str
    volume: str
    read_only: bool = True

    def __post_init__(self) -> None:
        name(self.snapshot, "snapshot")
        name(self.volume, "volume")

    def request(self) -> Request:
        inner = {"name": self.snapshot, "readOnly": self.read_only}
        return Request("POST", f"/volumes/{self.volume}", {"action": "createSnapshot", "parameters": inner})

    def command(self) -> str:
        return f"createsv {'-ro ' if self.read_only else ''}{self.snapshot} {self.volume}"


class CreateSnapshotSet(Struct, frozen=True):
    """``creategroupsv``: virtual copies of several volumes, all of one moment, that can be written to. ``pairs`` are
    volume and snapshot. Only through the CLI."""

    pairs: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        if not self.pairs:
            raise ParseError("at least one volume", "")
        for volume, snapshot in self.pairs:
            name(volume, "volume")
            name(snapshot, "snapshot")

    def request(self) -> None:
        return None

    def command(self) -> str:
        return f"creategroupsv {' '.join(f'{volume}:{snapshot}' for volume, snapshot in self.pairs)}"


def _check_export(volume: str, lun: int, host: str) -> None:
    name(volume, "volume")
    name(re.sub(r"^set:", "", host), "host")
    if not 0 <= lun <= _MAX_LUN:
        raise ParseError(f"a LUN from 0 to {_MAX_LUN}", str(lun))
