"""What can be done to a remote copy group: one record per verb, with the one request or the one command that does it.

A verb is data until a driver performs it, so that a plan can show and a journal keep exactly what will be sent. Names
are checked when the record is made (:class:`ParseError`): neither door quotes them.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from backends.outcome import ParseError
from backends.threepar.words import name

Body = dict[str, object]


class Door(StrEnum):
    """Through which of its doors a verb reaches the array."""

    WSAPI = "wsapi"
    CLI = "cli"


class Request(Struct, frozen=True):
    """A WSAPI request: ``path`` below ``/api/v1``."""

    method: str
    path: str
    body: Body | None = None


class Verb(Protocol):
    """Something that can be performed on an array. None: this door cannot do it, or must not be used for it."""

    def request(self) -> Request | None: ...

    def command(self) -> str | None: ...


def sent_over(door: Door, verb: Verb, wsapi: Callable[[str, str, Body | None], str], cli: Callable[[str], str]) -> str:
    """Hand ``verb`` to the sender of ``door``. Raises :class:`ValueError` if that door does not have it."""
    if door is Door.WSAPI:
        request = verb.request()
        if request is not None:
            return wsapi(request.method, request.path, request.body)
    else:
        command = verb.command()
        if command is not None:
            return cli(command)
    raise ValueError(f"{type(verb).__name__} is not sent through the {door}")


def _on_target(target: str | None) -> str:
    return f"-t {target} " if target else ""


def _with_target(body: Body, target: str | None) -> Body:
    return body | ({"targetName": target} if target else {})


# --------------------------------------------------------------------------------------------- start, stop, synchronize


class StartGroup(Struct, frozen=True):
    """``startrcopygroup``. Done when the group is Started; its volumes are then Syncing until Synced."""

    group: str
    target: str | None = None

    def __post_init__(self) -> None:
        check_group(self.group, self.target)

    def request(self) -> Request:
        return Request("PUT", f"/remotecopygroups/{self.group}", _with_target({"action": 3}, self.target))

    def command(self) -> str:
        return f"startrcopygroup {_on_target(self.target)}{self.group}"


class StopGroup(Struct, frozen=True):
    """``stoprcopygroup -f``. Done when the group is Stopped on both arrays."""

    group: str
    target: str | None = None

    def __post_init__(self) -> None:
        check_group(self.group, self.target)

    def request(self) -> Request:
        return Request("PUT", f"/remotecopygroups/{self.group}", _with_target({"action": 4}, self.target))

    def command(self) -> str:
        return f"stoprcopygroup -f {_on_target(self.target)}{self.group}"


class SyncGroup(Struct, frozen=True):
    """``syncrcopy``, on the CLI with ``-w``. Done when every LastSyncTime is later than the moment it was sent."""

    group: str
    target: str | None = None

    def __post_init__(self) -> None:
        check_group(self.group, self.target)

    def request(self) -> Request:
        return Request("PUT", f"/remotecopygroups/{self.group}", _with_target({"action": 5}, self.target))

    def command(self) -> str:
        return f"syncrcopy -w {_on_target(self.target)}{self.group}"


# --------------------------------------------------------------------------------------------------------- role changes


class RoleVerb(StrEnum):
    """The role changes, by their CLI names."""

    REVERSE = "reverse"
    FAILOVER = "failover"
    SWITCHOVER = "switchover"
    RECOVER = "recover"
    RESTORE = "restore"
    OVERRIDE = "override"


_ACTIONS = {
    RoleVerb.REVERSE: 6,
    RoleVerb.FAILOVER: 7,
    RoleVerb.SWITCHOVER: 8,
    RoleVerb.RECOVER: 9,
    RoleVerb.RESTORE: 10,
    RoleVerb.OVERRIDE: 11,
}
_F, _R, _S, _V = RoleVerb.FAILOVER, RoleVerb.RECOVER, RoleVerb.RESTORE, RoleVerb.REVERSE
#: option → (WSAPI member, CLI flag, the verbs that take it); a member of None exists only on the CLI.
_OPTIONS: dict[str, tuple[str | None, str, frozenset[RoleVerb]]] = {
    "skip_start": ("skipStart", "-nostart", frozenset({_F, _R, _S})),
    "skip_sync": ("skipSync", "-nosync", frozenset({_F, _R, _S})),
    "discard_new_data": ("discardNewData", "-discard", frozenset({_F})),
    "skip_promote": ("skipPromote", "-nopromote", frozenset({_F, _V})),
    "no_snapshot": ("noSnapshot", "-nosnap", frozenset({_F, _V, _S})),
    "stop_groups": ("stopGroups", "-stopgroups", frozenset({_V})),
    "local": ("localGroupsDirection", "-local", frozenset({_V})),
    "natural": (None, "-natural", frozenset({_V})),
    "current": (None, "-current", frozenset({_V})),
}


class ChangeRole(Struct, frozen=True):
    """``setrcopygroup <verb> -f -waittask``, or the WSAPI's action, which returns when it is accepted.

    Every option changes what is kept: none is ever set unless the plan says so. The WSAPI's *reverse* changes the
    current direction only; a reverse of both directions, or of the natural one, exists on the CLI alone.
    """

    verb: RoleVerb
    group: str
    target: str | None = None
    options: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        check_group(self.group, self.target)
        for option in sorted(self.options):
            if option not in _OPTIONS or self.verb not in _OPTIONS[option][2]:
                raise ParseError(f"an option that {self.verb} takes", option)
        if {"natural", "current"} <= self.options:
            raise ParseError("natural or current, not both", "natural, current")

    def request(self) -> Request | None:
        if self.verb is RoleVerb.REVERSE and "current" not in self.options:
            return None
        body: Body = {"action": _ACTIONS[self.verb]}
        for option in sorted(self.options):
            member = _OPTIONS[option][0]
            if member is not None:
                body[member] = True
        return Request("POST", f"/remotecopygroups/{self.group}", _with_target(body, self.target))

    def command(self) -> str:
        flags = "".join(f"{_OPTIONS[o][1]} " for o in _OPTIONS if o in self.options)
        return f"setrcopygroup {self.verb} -f -waittask {flags}{_on_target(self.target)}{self.group}"


def check_group(group: str, target: str | None) -> None:
    name(group, "group")
    if target is not None:
        name(target, "target")
