"""What the WSAPI answers, taken apart strictly: a member of the wrong type is an error that names it.

Sources: ``GET /system``, ``/remotecopy``, ``/remotecopygroups``, ``/remotecopytargets``, ``/vluns``, ``/volumes``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct

from backends.outcome import ParseError
from backends.threepar import words, zones
from store.estate import Problem, RcgMode, RcopyTarget, SyncStatus, Vlun
from store.turns import paced

T = TypeVar("T")

_LONGEST = 300
_RCOPY_MODES = {1: "None", 2: "Started", 3: "Stopped"}
_RCOPY_STATUSES = {1: "Normal", 2: "Startup", 3: "Shutdown", 4: "Enable", 5: "Disable", 6: "Invalid", 7: "Nodedup"}


class Fields:
    """A JSON object; every getter raises :class:`ParseError` naming the member. ``line`` is its text, shortened."""

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise ParseError("a JSON object", shown(value))
        self.value: dict[str, Any] = value

    @property
    def line(self) -> str:
        return shown(self.value)

    def text(self, name: str) -> str:
        value = self.value.get(name)
        if not isinstance(value, str) or not value:
            raise ParseError(f"{name}: a text", shown(value))
        return value

    def text_or_none(self, name: str) -> str | None:
        return None if self.value.get(name) in (None, "") else self.text(name)

    def number(self, name: str) -> int:
        value = self.value.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ParseError(f"{name}: a number", shown(value))
        return value

    def number_or_none(self, name: str) -> int | None:
        return None if self.value.get(name) is None else self.number(name)

    def size_or_none(self, name: str) -> int | None:
        """A capacity, which some versions write as a fraction: whole MiB."""
        value = self.value.get(name)
        if isinstance(value, float) and 0 <= value < 2**63:
            return int(value)
        return self.number_or_none(name)

    def flag_or_none(self, name: str) -> bool | None:
        value = self.value.get(name)
        if value is not None and not isinstance(value, bool):
            raise ParseError(f"{name}: true or false", shown(value))
        return value

    def many(self, name: str) -> list[Any]:
        value = self.value.get(name, [])
        if not isinstance(value, list):
            raise ParseError(f"{name}: a list", shown(value))
        return value


def shown(value: object) -> str:
    """A JSON value as one line, cut so that a problem stays readable."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        text = "a value that cannot be shown"
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def told(answer: object) -> str:
    """What an array answered to a verb, as one line: nothing, mostly."""
    return shown(answer) if answer else ""


def members(where: str, answer: object, parse: Callable[[Fields], T]) -> tuple[list[T], list[Problem]]:
    """Each member of a list; one that cannot be read is a Problem. Raises :class:`ParseError` if it is no list."""
    rows = Fields(answer).many("members")
    if "members" not in Fields(answer).value:
        raise ParseError("a list with members", shown(answer))
    found: list[T] = []
    problems: list[Problem] = []
    for row in paced(rows):
        try:
            found.append(parse(Fields(row)))
        except ParseError as error:
            problems.append(Problem(where, shown(row), f"{error.expected}, got {error.line}"))
    return found, problems


# -------------------------------------------------------------------------------------------------------------- system


class System(Struct, frozen=True):
    """Who the array is. Capacities in MiB."""

    name: str
    serial: str
    model: str
    os_version: str
    system_id: int
    time_zone: str | None = None
    total_mib: int | None = None
    free_mib: int | None = None


def system(answer: object) -> System:
    """``GET /system``."""
    row = Fields(answer)
    return System(
        row.text("name"),
        row.text("serialNumber"),
        row.text("model"),
        row.text("systemVersion"),
        row.number("id"),
        row.text_or_none("timeZone"),
        row.size_or_none("totalCapacityMiB"),
        row.size_or_none("freeCapacityMiB"),
    )


def rcopy_status(answer: object) -> str:
    """``GET /remotecopy`` in the words of ``showrcopy``: ``Started, Normal``."""
    row = Fields(answer)
    mode, status = row.number("mode"), row.number("status")
    return f"{_RCOPY_MODES.get(mode, f'mode {mode}')}, {_RCOPY_STATUSES.get(status, f'status {status}')}"


# -------------------------------------------------------------------------------------------------------------- groups


class WsVolume(Struct, frozen=True):
    """A volume of a group towards one target. Times UTC."""

    local: str
    local_id: int | None
    remote: str
    remote_id: int | None
    sync_status: SyncStatus
    last_sync: datetime | None


class WsTarget(Struct, frozen=True):
    """How a group replicates to one target. ``state`` is the bare number; ``period_s`` seconds."""

    name: str
    mode: RcgMode
    state: int
    role_reversed: bool | None
    period_s: int | None
    remote_cpg: str | None
    policies: tuple[str, ...]
    last_sync: datetime | None


class WsGroup(Struct, frozen=True):
    """A remote copy group as the WSAPI writes it."""

    id: int
    name: str
    role: int
    remote_group: str | None
    local_cpg: str | None
    targets: tuple[WsTarget, ...]
    volumes: tuple[WsVolume, ...]


def group(row: Fields) -> WsGroup:
    """A member of ``GET /remotecopygroups``, or ``GET /remotecopygroups/<name>``."""
    return WsGroup(
        row.number("id"),
        row.text("name"),
        row.number("role"),
        row.text_or_none("remoteGroupName"),
        row.text_or_none("localUserCPG"),
        tuple(_target(Fields(t)) for t in row.many("targets")),
        tuple(v for each in row.many("volumes") for v in _volumes(Fields(each))),
    )


def _target(row: Fields) -> WsTarget:
    policies = row.value.get("policies") or {}
    on = sorted(name for name in Fields(policies).value if Fields(policies).flag_or_none(name))
    return WsTarget(
        row.text("targetName" if "targetName" in row.value else "target"),
        words.mode(row.number("mode")),
        row.number("state"),
        row.flag_or_none("roleReversed"),
        row.number_or_none("syncPeriod"),
        row.text_or_none("remoteUserCPG"),
        tuple(_snake(name) for name in on),
        _time(row, "groupLastSyncTime"),
    )


def _volumes(row: Fields) -> list[WsVolume]:
    found = []
    for each in row.many("remoteVolumes"):
        remote = Fields(each)
        found.append(
            WsVolume(
                row.text("localVolumeName"),
                row.number_or_none("localVolumeId"),
                remote.text("remoteVolumeName"),
                remote.number_or_none("remoteVolumeID"),
                words.sync_state(remote.number("syncStatus")),
                _time(remote, "volumeLastSyncTime"),
            )
        )
    return found


def _time(row: Fields, name: str) -> datetime | None:
    text = row.text_or_none(name)
    return None if text is None or text == "NA" else zones.from_iso(text)


_SNAKE = {
    "autoRecover": "auto_recover",
    "autoFailover": "auto_failover",
    "overPeriodAlert": "over_per_alert",
    "pathManagement": "path_management",
    "autoSynchronize": "auto_synchronize",
}


def _snake(name: str) -> str:
    """A policy in the words of the CLI, so that either door's answer reads the same."""
    return _SNAKE.get(name, name)


# ------------------------------------------------------------------------------------------------- targets, volumes …


def target(row: Fields) -> RcopyTarget:
    """A member of ``GET /remotecopytargets``. The numbers of type and status are not documented: shown as they are."""
    policies = Fields(row.value.get("policies") or {})
    mirror = policies.flag_or_none("mirrorConfig")
    return RcopyTarget(
        row.text("name"),
        row.number("id"),
        f"type {row.value['type']}" if "type" in row.value else "",
        f"unknown ({row.value['status']})" if "status" in row.value else "unknown",
        None if mirror is None else "mirror_config" if mirror else "no_mirror_config",
    )


def export(row: Fields) -> tuple[str, Vlun]:
    """A member of ``GET /vluns``: the volume, and its export to a host, host set or port."""
    volume, lun = row.text("volumeName"), row.number_or_none("lun")
    host = row.text_or_none("hostname")
    if host is None and "portPos" in row.value:
        port = Fields(row.value["portPos"])
        host = f"port {port.number('node')}:{port.number('slot')}:{port.number('cardPort')}"
    return volume, Vlun(host or "any host", lun)


def volume(row: Fields) -> tuple[str, int, int]:
    """A member of ``GET /volumes``: name, id and size in MiB."""
    return row.text("name"), row.number("id"), row.number("sizeMiB")


def by_volume(exports: Iterable[tuple[str, Vlun]]) -> dict[str, tuple[Vlun, ...]]:
    """Exports by volume, each once, by host and LUN."""
    found: dict[str, set[Vlun]] = defaultdict(set)
    for volume, vlun in exports:
        found[volume].add(vlun)
    return {volume: tuple(sorted(vluns, key=lambda v: (v.host, v.lun or 0))) for volume, vluns in found.items()}
