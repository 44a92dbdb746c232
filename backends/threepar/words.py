"""The words of the CLI and the numbers of the WSAPI. What is not documented is *unknown*: never started or synced."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TypeVar

from backends.outcome import ParseError
from store.estate import RcgMode, RcgRole, RcgStatus, SyncStatus

MIN_PERIOD_S = 300
MAX_PERIOD_S = 31_622_400

_STATES = {
    1: RcgStatus.NEW,
    2: RcgStatus.STARTING,
    3: RcgStatus.STARTED,
    4: RcgStatus.RESTART,
    5: RcgStatus.STOPPED,
    6: RcgStatus.BACKUP,
    7: RcgStatus.FAILSAFE,
    9: RcgStatus.LOGGING,
}
_SYNC_STATES = {
    1: SyncStatus.NEW,
    2: SyncStatus.SYNCING,
    3: SyncStatus.SYNCED,
    4: SyncStatus.DELETE,
    5: SyncStatus.STOPPED,
    6: SyncStatus.PROMOTE,
    7: SyncStatus.STALE,
    8: SyncStatus.WAIT_PROMOTE,
}
_MODES = {1: RcgMode.SYNC, 2: RcgMode.PERIODIC, 3: RcgMode.PERIODIC, 4: RcgMode.ASYNC}
_ROLES = {
    (1, False): RcgRole.PRIMARY,
    (1, True): RcgRole.PRIMARY_REV,
    (2, False): RcgRole.SECONDARY,
    (2, True): RcgRole.SECONDARY_REV,
}
#: Only these numbers are evidenced by captures; a CLI word that contradicts one of them is not explained by our table.
EVIDENCED_STATES = {3: RcgStatus.STARTED, 5: RcgStatus.STOPPED}

_PERIOD = re.compile(r"(\d{1,8})([smhd])", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SYNCING = re.compile(r"Syncing \((\d{1,3})%\)", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,30}", re.ASCII)
_PEER = re.compile(r"(.+)\.r(\d{1,10})", re.ASCII)

W = TypeVar("W", bound=StrEnum)


def word(kind: type[W], text: str, what: str) -> W:
    """``text`` as a member of ``kind``. Raises :class:`ParseError` with all the words."""
    try:
        return kind(text)
    except ValueError:
        raise ParseError(f"{what}: one of {', '.join(kind)}", text) from None


def state(number: int) -> RcgStatus:
    """``targets[].state`` of the WSAPI."""
    return _STATES.get(number, RcgStatus.UNKNOWN)


def sync_state(number: int) -> SyncStatus:
    """``remoteVolumes[].syncStatus`` of the WSAPI."""
    return _SYNC_STATES.get(number, SyncStatus.UNKNOWN)


def mode(number: int) -> RcgMode:
    """``targets[].mode`` of the WSAPI. Raises :class:`ParseError`."""
    if number not in _MODES:
        raise ParseError("mode 1 (sync), 2 or 3 (periodic) or 4 (async)", str(number))
    return _MODES[number]


def role(number: int, reverse: bool) -> RcgRole:
    """``role`` and ``targets[].roleReversed`` of the WSAPI as the CLI's word."""
    return _ROLES.get((number, reverse), RcgRole.UNKNOWN)


def sync_word(text: str) -> tuple[SyncStatus, int | None]:
    """``Synced``, or ``Syncing (37%)`` with its percent. Raises :class:`ParseError`."""
    running = _SYNCING.fullmatch(text)
    if running is not None and int(running[1]) <= 100:
        return SyncStatus.SYNCING, int(running[1])
    if text == SyncStatus.UNKNOWN.value or text not in list(SyncStatus):
        raise ParseError(f"SyncStatus: one of {', '.join(SyncStatus)}", text)
    return SyncStatus(text), None


def period(text: str) -> int:
    """``5m`` → 300 seconds. Raises :class:`ParseError`."""
    match = _PERIOD.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise ParseError("a period like 5m, 1h or 90s", text)
    return int(match[1]) * _UNITS[match[2]]


def sync_period(value: object) -> int:
    """``sync_period`` of a setting: seconds, 300 … 31 622 400. Raises :class:`ParseError` with key, value and range."""
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,10}", text, re.ASCII):
        raise ParseError(f"sync_period: a number of seconds from {MIN_PERIOD_S} to {MAX_PERIOD_S}", text)
    if not MIN_PERIOD_S <= int(text) <= MAX_PERIOD_S:
        raise ParseError(f"sync_period: from {MIN_PERIOD_S} to {MAX_PERIOD_S} seconds", text)
    return int(text)


def name(text: str, what: str) -> str:
    """The name of an object, checked before it is sent. Raises :class:`ParseError` with the reason."""
    if not _NAME.fullmatch(text):
        raise ParseError(f"a {what} name of 1 to 31 letters, digits, points, hyphens and underscores", text)
    return text


def natural(group: str, own_id: int, remote_group: str | None) -> tuple[str, int]:
    """The name and system id of the array where a group was created: ``oradb.r121649`` → (``oradb``, 121649)."""
    if remote_group == f"{group}.r{own_id}":
        return group, own_id
    match = _PEER.fullmatch(group)
    if match is not None and int(match[2]) != own_id and remote_group in (None, match[1]):
        return match[1], int(match[2])
    return group, own_id
