"""What steps and plans of protection groups both ask: who may be writing to a volume, and how a snapshot stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backends.flasharray.looks import (
    Connections,
    Hosts,
    Initiators,
    SnapshotAsked,
    SnapshotMembers,
    TransferOf,
    VolumeSnapshot,
)
from backends.flasharray.records import Attachment, Transfer, origin
from store.estate import Host

Look = Callable[[Any], Any]
"""Takes a look at one array. Raises :class:`app.recovery.step.UnseenError`."""


def users(
    attachments: Mapping[str, tuple[Attachment, ...]],
    hosts: Mapping[str, Host],
    logged_in: frozenset[str],
    volume: str,
) -> Mapping[str, str]:
    """The hosts that may be writing to ``volume``, each with why. A host is proven stopped only by this: it has WWNs,
    and none of them is logged in to the array."""
    found = {}
    for each in attachments.get(volume, ()):
        host = hosts.get(each.host or "")
        name = each.host or each.host_group or "?"
        if host is None or not host.wwns:
            found[name] = "it has no WWN by which it could be told whether it runs"
        elif logged_in.intersection(host.wwns):
            found[name] = "it is logged in to the array"
    return found


def users_now(look: Look, volume: str) -> Mapping[str, str]:
    """The same of an array as it is now."""
    attachments = look(Connections())
    if volume not in attachments:
        return {}
    return users(attachments, look(Hosts()), look(Initiators()), volume)


def complete(snapshot: str, transfer: Transfer | None) -> bool:
    """Whether a group snapshot holds everything: one that came from another array, once its transfer is done."""
    return origin(snapshot)[0] is None or (transfer is not None and transfer.done)


def why_unusable(look: Look, snapshot: str) -> str | None:
    """Why nothing may be copied from a group snapshot of this array; None: it is there, and complete."""
    found = look(SnapshotAsked(snapshot))
    if found is None:
        return f"there is no snapshot {snapshot}"
    if found.destroyed:
        return f"{snapshot} is pending eradication"
    if origin(snapshot)[0] is not None and not complete(snapshot, look(TransferOf(snapshot))):
        return f"the transfer of {snapshot} is not complete"
    return None


def member(look: Look, snapshot: str, part: str) -> VolumeSnapshot | None:
    """The volume snapshot ``part`` of a group snapshot, where it is not destroyed."""
    found: tuple[VolumeSnapshot, ...] = look(SnapshotMembers(snapshot))
    return next((each for each in found if each.name == part and not each.destroyed), None)


def group_of(part: str) -> str:
    """The group snapshot of a volume snapshot in it: ``prd.s1.vol`` → ``prd.s1``."""
    return part.rpartition(".")[0]
