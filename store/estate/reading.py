"""What one device said in one sweep, and the kinds of object there are."""

from __future__ import annotations

from datetime import datetime

from store.estate.flasharray import FlashArray, Host, Pod, ProtectionGroup, Volume
from store.estate.power import Lpar, ManagedSystem
from store.estate.remotecopy import RemoteCopyGroup, StorageSystem
from store.estate.vsphere import Datastore, EsxiHost, VCenter, VirtualMachine
from store.record import Record

EstateObject = (
    ManagedSystem
    | Lpar
    | FlashArray
    | ProtectionGroup
    | Volume
    | Host
    | Pod
    | StorageSystem
    | RemoteCopyGroup
    | VCenter
    | EsxiHost
    | Datastore
    | VirtualMachine
)

KINDS: dict[str, type[EstateObject]] = {
    "system": ManagedSystem,
    "lpar": Lpar,
    "flasharray": FlashArray,
    "pgroup": ProtectionGroup,
    "volume": Volume,
    "host": Host,
    "pod": Pod,
    "storage": StorageSystem,
    "rcg": RemoteCopyGroup,
    "vcenter": VCenter,
    "esxi": EsxiHost,
    "datastore": Datastore,
    "vm": VirtualMachine,
}
KIND_OF: dict[type, str] = {cls: kind for kind, cls in KINDS.items()}


class Problem(Record, frozen=True):
    """A part of a device's answer that could not be read. ``where`` names command or endpoint and line or field;
    ``line`` is the source text (never a secret); ``expected`` says what would have been right."""

    where: str
    line: str
    expected: str


class Unread(Record, frozen=True):
    """Objects that this reading could not look at: of ``kind``, the one whose key is ``key_prefix``; where that ends in
    ``/`` or ``:``, all whose key starts with it; where it is empty, all.

    They keep their last known state and the time they were last seen; they did not disappear.
    """

    kind: str
    key_prefix: str
    why: str

    def covers(self, kind: str, key: str) -> bool:
        if self.kind != kind:
            return False
        if self.key_prefix.endswith(("/", ":")) or not self.key_prefix:
            return key.startswith(self.key_prefix)
        return key == self.key_prefix


class Reading(Record, frozen=True):
    """Everything one device said in one sweep. ``taken_at`` is UTC, when the reading began: ages count from it.

    ``clock_skew_s`` is device clock minus console clock in seconds, where the device tells its time.
    """

    device: str
    taken_at: datetime
    objects: tuple[EstateObject, ...]
    problems: tuple[Problem, ...] = ()
    unread: tuple[Unread, ...] = ()
    clock_skew_s: float | None = None
