"""Who belongs to whom, kept as the view changes: every object is looked at once, and again only when its facts change.

Looking at an object may mean to decode it. Of a large estate that takes a second or two, so :meth:`Index.work` does it
a little at a time between two keys; who asks for a group before that waits for the rest of that one kind.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from store.estate import (
    KINDS,
    EstateObject,
    Host,
    Lpar,
    ManagedSystem,
    ProtectionGroup,
    RemoteCopyGroup,
    StorageSystem,
    VirtualMachine,
)
from store.events import label
from store.records import DeviceStatus, Entry
from store.stored import Told, UnreadableFactsError
from store.view import EstateView

Group = tuple[str, str]
"""What objects of a kind can have in common: a relation and a value, as ``("name", "erp")``."""


class Glance(Struct, frozen=True):
    """What is remembered of one object. ``state`` is the state that its kind is counted by, None where that depends on
    the time; ``groups`` are those it belongs to."""

    told: Told
    name: str
    state: StrEnum | None = None
    groups: tuple[Group, ...] = ()
    gone: bool = False


def glance(told: Told, obj: EstateObject) -> Glance:
    """Look at an object."""
    match obj:
        case Lpar():
            return Glance(told, obj.name, obj.state, (("name", obj.name),))
        case ManagedSystem():
            return Glance(told, obj.name, obj.state)
        case ProtectionGroup():
            return Glance(told, obj.name, None, (("name", obj.name),))
        case Host():
            return Glance(told, obj.name, None, (("name", obj.name), *(("wwn", wwn) for wwn in obj.wwns)))
        case RemoteCopyGroup():
            return Glance(told, obj.natural_name, obj.role, (("pair", obj.pair_key),))
        case VirtualMachine():
            copy = (("copy of", obj.replica.source_instance_uuid),) if obj.replica is not None else ()
            return Glance(told, obj.name, obj.power_state, (("uuid", obj.instance_uuid), *copy))
        case StorageSystem():
            return Glance(told, obj.name, None, (("id", str(obj.system_id)),))
        case _:
            return Glance(told, label(obj))


class _Kind(Struct):
    """What is known of one kind. ``todo`` are the keys that must be looked at (again)."""

    version: int = -1
    glances: dict[str, Glance] = field(default_factory=dict)
    states: Counter[StrEnum] = field(default_factory=Counter)
    members: dict[Group, tuple[str, ...]] = field(default_factory=dict)
    todo: dict[str, None] = field(default_factory=dict)


class Index:
    """One for a console. ``version`` is that of the view it was renewed for."""

    def __init__(self, view: EstateView) -> None:
        self.view = view
        self._kinds = {kind: _Kind() for kind in KINDS}
        self._by_device: dict[str, tuple[tuple[Entry, ...], Counter[str]]] = {}
        self.version = -1
        self.devices: dict[str, DeviceStatus] = {}
        self.renew()

    def renew(self) -> None:
        """Take over that the view changed. Looks at nothing yet."""
        if self.version == self.view.version:
            return
        self.version = self.view.version
        self.devices = {device.name: device for device in self.view.devices()}

    def work(self, seconds: float) -> bool:
        """Look at objects for about so many seconds; True when all have been looked at."""
        end = time.perf_counter() + seconds
        for kind in self._kinds:
            self._renew_kind(kind)
            if not self._look(kind, end):
                return False
        return True

    def progress(self, kind: str) -> tuple[int, int]:
        """How many objects of the kind have been looked at, and how many there are."""
        found = self._renew_kind(kind)
        unseen = len(found.todo.keys() - found.glances.keys()) if found.glances else len(found.todo)
        return len(found.glances), len(found.glances) + unseen

    def glances(self, kind: str) -> dict[str, Glance]:
        """What is known so far, by key, of the objects of the kind."""
        return self._renew_kind(kind).glances

    def states(self, kind: str) -> Counter[StrEnum]:
        """How many objects of the kind are in each state, of those that have been looked at and are not gone."""
        return self._renew_kind(kind).states

    def group(self, kind: str, relation: str, value: str) -> tuple[Entry, ...]:
        """The objects of the kind that have this in common."""
        keys = self._complete(kind).members.get((relation, value), ())
        return tuple(entry for key in keys if (entry := self.view.get(kind, key)) is not None)

    def groups(self, kind: str, relation: str) -> list[str]:
        """Every value of a relation that objects of the kind have."""
        return [value for name, value in self._complete(kind).members if name == relation]

    def of_device(self, kind: str, device: str) -> tuple[Entry, ...]:
        """The objects of the kind that a device reports."""
        return tuple(entry for entry in self.view.entries(kind) if entry.device == device)

    def count_by_device(self, kind: str) -> Counter[str]:
        """How many objects of the kind each device reports."""
        entries = self.view.entries(kind)
        cached = self._by_device.get(kind)
        if cached is None or cached[0] is not entries:
            cached = self._by_device[kind] = entries, Counter([entry.device for entry in entries])
        return cached[1]

    # ---------------------------------------------------------------------------------------------------- the looks

    def _complete(self, kind: str) -> _Kind:
        found = self._renew_kind(kind)
        self._look(kind, None)
        return found

    def _renew_kind(self, kind: str) -> _Kind:
        """Note which objects of the kind must be looked at, if its facts changed."""
        found = self._kinds[kind]
        version = self.view.facts_version(kind)
        if found.version == version:
            return found
        changed = self.view.changed_since(kind, found.version) if found.version >= 0 else None
        if changed is not None:
            for key in changed:
                known, entry = found.glances.get(key), self.view.get(kind, key)
                if entry is None or known is None or known.told is not entry.told or known.gone is not entry.gone:
                    found.todo[key] = None
            found.version = version
            return found
        found.version = version
        entries = self.view.entries(kind)
        for entry in reversed(entries):  # what is noted last is looked at first
            known = found.glances.get(entry.key)
            if known is None or known.told is not entry.told or known.gone is not entry.gone:
                found.todo[entry.key] = None
        if len(found.glances) + len(found.todo) > len(entries):
            present = {entry.key for entry in entries}
            for key in [key for key in found.glances if key not in present]:
                self._forget(found, key)
        return found

    def _look(self, kind: str, end: float | None) -> bool:
        found = self._kinds[kind]
        while found.todo:
            key, _ = found.todo.popitem()
            self._forget(found, key)
            entry = self.view.get(kind, key)
            if entry is not None:
                self._remember(found, key, entry)
            if end is not None and time.perf_counter() >= end:
                return not found.todo
        return True

    def _remember(self, found: _Kind, key: str, entry: Entry) -> None:
        try:
            seen = replace(glance(entry.told, entry.peek()), gone=entry.gone)
        except UnreadableFactsError:
            # The store drops such an object, and says so, as soon as it has checked its facts.
            seen = Glance(entry.told, key)
        found.glances[key] = seen
        if seen.state is not None and not seen.gone:
            found.states[seen.state] += 1
        for group in seen.groups:
            others = found.members.get(group, ())
            if key not in others:
                found.members[group] = (*others, key)

    def _forget(self, found: _Kind, key: str) -> None:
        known = found.glances.pop(key, None)
        if known is not None and known.state is not None and not known.gone:
            found.states[known.state] -= 1
        for group in known.groups if known is not None else ():
            others = tuple([other for other in found.members.get(group, ()) if other != key])
            if others:
                found.members[group] = others
            else:
                found.members.pop(group, None)


def names(index: Index, kind: str) -> Iterator[tuple[str, str]]:
    """Key and name of the objects of a kind that have been looked at."""
    return ((key, seen.name) for key, seen in index.glances(kind).items())
