"""What an array holds beside its remote copy groups: volumes and snapshots, exports, hosts, CPGs.

Read when something is to be made or unmade; the sweep does not keep them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from msgspec import Struct

from backends.outcome import DeviceError, Failure, ParseError, Sent
from backends.threepar import answers
from backends.threepar.answers import Fields
from backends.threepar.wsapi import WsapiSession
from store.estate import Problem, Vlun

T = TypeVar("T")


class ArrayVolume(Struct, frozen=True):
    """A volume or, where ``copy_of`` names its parent, a snapshot. ``size_mib`` in MiB."""

    name: str
    size_mib: int
    copy_of: str | None = None


class ArrayObjects(Struct, frozen=True):
    """All of one array, by name; exports by volume."""

    volumes: Mapping[str, ArrayVolume]
    vluns: Mapping[str, tuple[Vlun, ...]]
    hosts: frozenset[str]
    cpgs: frozenset[str]


def read(session: WsapiSession) -> ArrayObjects:
    """All of them. Raises :class:`DeviceError`, also for a row that is not understood: whoever makes or unmakes
    something must not go by half a list."""
    return ArrayObjects(volumes(session), vluns(session), hosts(session), cpgs(session))


def volumes(session: WsapiSession) -> dict[str, ArrayVolume]:
    return {volume.name: volume for volume in listed(session, "/volumes", _volume)}


def vluns(session: WsapiSession) -> dict[str, tuple[Vlun, ...]]:
    return answers.by_volume(listed(session, "/vluns", answers.export))


def hosts(session: WsapiSession) -> frozenset[str]:
    return frozenset(listed(session, "/hosts", lambda row: row.text_or_none("name") or "")) - {""}


def cpgs(session: WsapiSession) -> frozenset[str]:
    return frozenset(listed(session, "/cpgs", lambda row: row.text("name")))


PARTS: Mapping[str, Callable[[WsapiSession], object]] = {
    "volumes": volumes,
    "vluns": vluns,
    "hosts": hosts,
    "cpgs": cpgs,
}
"""What reads each field of :class:`ArrayObjects`, by its name."""


def listed(session: WsapiSession, path: str, parse: Callable[[Fields], T]) -> list[T]:
    """Every member of the list at ``path``. Raises :class:`DeviceError` where one is not understood, or it is none."""
    call = f"GET {path}"
    try:
        found, problems = answers.members(call, session.get(path), parse)
    except ParseError as error:
        found, problems = [], [Problem(call, error.line, error.expected)]
    if problems:
        first = problems[0]
        text = f"{first.where}: expected {first.expected}, got {first.line[:120]!r}"
        raise DeviceError(session.device, call, Failure.BAD_ANSWER, Sent.REFUSED, text)
    return found


def _volume(row: Fields) -> ArrayVolume:
    return ArrayVolume(row.text("name"), row.number("sizeMiB"), row.text_or_none("copyOf"))
