"""Managed objects by id, with revisions: what a server's inventory is made of."""

from __future__ import annotations

import hashlib
import uuid as uuids
from typing import TypeVar

from backends.lab.vsphere.records import Folder, Managed
from backends.lab.world import World

M = TypeVar("M", bound=Managed)


class Objects:
    """``objects`` finds any managed object by id.

    ``rev`` rises with every change, and each record keeps the revision of its last one, so that a door can tell
    cheaply what changed since a client last asked.
    """

    def __init__(self, world: World, name: str, *, plain_ids: bool) -> None:
        self.world = world
        self.name = name
        self.objects: dict[str, Managed] = {}
        self.rev = 0
        self._plain_ids = plain_ids
        self._counts: dict[str, int] = {}

    def touch(self, *records: Managed) -> None:
        """These records changed."""
        self.rev += 1
        for record in records:
            record.rev = self.rev

    def new_id(self, prefix: str) -> str:
        """The next managed object id of a kind: ``vm-1001`` (a standalone host numbers its machines plainly)."""
        while True:
            number = self._counts[prefix] = self._counts.get(prefix, 1000) + 1
            joint = "" if prefix.startswith(("group-", "domain-")) else "-"
            made = str(number) if self._plain_ids and prefix == "vm" else f"{prefix}{joint}{number}"
            if made not in self.objects:
                return made

    def new_uuid(self, what: str) -> str:
        """A UUID that is the same for the same seed and the same order of building."""
        digest = hashlib.sha256(f"{self.world.seed}/{self.name}/{what}".encode()).digest()
        return str(uuids.UUID(bytes=digest[:16], version=4))

    def find(self, moid: str, kind: type[M]) -> M | None:
        """The object with this id, if it is there and of this kind."""
        found = self.objects.get(moid)
        return found if isinstance(found, kind) else None

    def keep(self, record: M) -> M:
        """Enter an object that stands in no folder."""
        self.objects[record.moid] = record
        self.touch(record)
        return record

    def put(self, folder: Folder, record: M) -> M:
        """Enter an object into a folder."""
        record.parent = folder
        folder.children.append(record)
        self.touch(folder)
        return self.keep(record)

    def remove(self, record: Managed) -> None:
        """Take an object out of the inventory."""
        del self.objects[record.moid]
        parent = record.parent
        if isinstance(parent, Folder) and record in parent.children:
            parent.children.remove(record)
            self.touch(parent)
        self.touch(record)
