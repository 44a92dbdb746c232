"""What an array holds beside its remote copy groups: volumes and snapshots, exports, hosts, CPGs.

Read when something is to be made or unmade; the sweep does not keep them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from backends.outcome import DeviceError, Failure, Sent
from backends.threepar import answers
from backends.threepar.answers import Fields
from backends.threepar.wsapi import WsapiSession
from store.estate import Vlun

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ArrayVolume:
    """A volume or, where ``copy_of`` names its parent, a snapshot. ``size_mib`` in MiB."""

    name: str
    size_mib: int
    copy_of: str | None = None


@dataclass(frozen=True, slots=True)
class ArrayObjects:
    """All of one array, by name; exports by volume."""

    volumes: Mapping[str, ArrayVolume]
    vluns: Mapping[str, tuple[Vlun, ...]]
    hosts: frozenset[str]
    cpgs: frozenset[str]


def read(session: WsapiSession) -> ArrayObjects:
    """``GET /volumes``, ``/vluns``, ``/hosts`` and ``/cpgs``. Raises :class:`DeviceError`, also for a row that is not
    understood: whoever makes or unmakes something must not go by half a list."""
    volumes = _all(session, "/volumes", _volume)
    vluns: dict[str, set[Vlun]] = {}
    for volume, vlun in _all(session, "/vluns", answers.export):
        vluns.setdefault(volume, set()).add(vlun)
    return ArrayObjects(
        {volume.name: volume for volume in volumes},
        {name: tuple(sorted(found, key=lambda v: (v.host, v.lun or 0))) for name, found in vluns.items()},
        frozenset(_all(session, "/hosts", lambda row: row.text_or_none("name") or "")) - {""},
        frozenset(_all(session, "/cpgs", lambda row: row.text("name"))),
    )


def _all(session: WsapiSession, path: str, parse: Callable[[Fields], T]) -> list[T]:
    call = f"GET {path}"
    found, problems = answers.members(call, session.get(path), parse)
    if problems:
        first = problems[0]
        text = f"{first.where}: expected {first.expected}, got {first.line[:120]!r}"
        raise DeviceError(session.device, call, Failure.BAD_ANSWER, Sent.REFUSED, text)
    return found


def _volume(row: Fields) -> ArrayVolume:
    return ArrayVolume(row.text("name"), row.number("sizeMiB"), row.text_or_none("copyOf"))
