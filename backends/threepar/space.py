"""What each CPG of an array uses, and how far it could still grow: GET /cpgs and, for each, POST /spacereporter.

Both only ask (HPE 3PAR Web Services API Developer's Guide, "Querying available space"); the user needs the role browse.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from backends.outcome import DeviceError, Failure, ParseError, Sent
from backends.threepar.answers import Fields
from backends.threepar.objects import listed
from backends.threepar.wsapi import WsapiSession

_USES = ("UsrUsage", "SAUsage", "SDUsage")
"""User data, the administration of snapshots, and their data."""


class Opening(Protocol):
    """A driver of an array."""

    def wsapi(self) -> WsapiSession: ...


class CpgSpace(Struct, frozen=True):
    """MiB that volumes and snapshots can use: ``used_mib`` by those that there are, ``free_mib`` still to be had."""

    name: str
    used_mib: int
    free_mib: int


class CpgSpaces(Struct, frozen=True):
    """A look at all of them. Raises :class:`DeviceError`, also for an answer that is not understood."""

    def take(self, driver: Opening) -> tuple[CpgSpace, ...]:
        with driver.wsapi() as session:
            used = listed(session, "/cpgs", _used)
            return tuple(CpgSpace(name, mib, _free(session, name)) for name, mib in used)


def _used(row: Fields) -> tuple[str, int]:
    parts = [Fields(row.value.get(name)) for name in _USES]
    return row.text("name"), sum(part.number("usedMiB") for part in parts)


def _free(session: WsapiSession, cpg: str) -> int:
    call = f"POST /spacereporter {cpg}"
    try:
        return Fields(session.send("POST", "/spacereporter", {"cpg": cpg})).number("usableFreeMiB")
    except ParseError as error:
        text = f"{call}: expected {error.expected}, got {error.line[:120]!r}"
        raise DeviceError(session.device, call, Failure.BAD_ANSWER, Sent.REFUSED, text) from None
