"""The bytes of a disk as they cross the wire in an export or import: a stream-optimized VMDK that says what it holds.

Its descriptor names in one line the lab's image and how much of it there is, so that what is uploaded elsewhere holds
the very generations that were exported. A file without that line is a disk of unknown content.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Protocol

from msgspec import Struct

from backends.lab.volumes import Image, Segment
from backends.lab.vsphere.vmdk import SECTOR, Vmdk

_MAGIC = b"KDMV"
_MARK = b"ddb.labImage = "


class DiskFile(Protocol):
    """A file that can be read from any place. Bytes."""

    @property
    def size(self) -> int: ...
    def read(self, place: int, count: int) -> bytes: ...


class Content(Struct, frozen=True):
    """What a disk of ``capacity`` bytes holds: its image, ``data`` bytes that an export carries, and ``used`` bytes
    that it takes on a datastore, which zeroes once written do too."""

    image: Image
    capacity: int
    data: int
    used: int


def file_of(content: Content) -> Vmdk:
    """Its file. Every image has bytes of its own."""
    image = content.image
    says = {
        "origin": image.origin,
        "member": image.member,
        "history": [[segment.session, segment.generation] for segment in image.history],
        "written_at": image.written_at,
        "capacity": content.capacity,
        "data": content.data,
        "used": content.used,
    }
    text = base64.b64encode(json.dumps(says).encode()).decode()
    descriptor = (
        "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n"
        'createType="streamOptimized"\n\n# Extent description\n'
        f'RDONLY {content.capacity // SECTOR} SPARSE "disk.vmdk"\n\n#DDB\n\n'
        f'ddb.adapterType = "lsilogic"\n{_MARK.decode()}"{text}"\n'
    ).encode()
    return Vmdk(descriptor, content.capacity, content.data, hashlib.sha256(descriptor).digest())


def content_of(head: bytes) -> Content | None:
    """What a file that begins with ``head`` says of itself, if :func:`file_of` made it; None for any other."""
    place = head.find(_MARK) if head.startswith(_MAGIC) else -1
    if place < 0:
        return None
    line = head[place + len(_MARK) :].split(b"\n", 1)[0].strip(b'"')
    try:
        says = json.loads(base64.b64decode(line, validate=True))
        history = tuple(Segment(str(session), int(generation)) for session, generation in says["history"])
        image = Image(str(says["origin"]), str(says["member"]), history, float(says["written_at"]))
        return Content(image, int(says["capacity"]), int(says["data"]), int(says["used"]))
    except (ValueError, KeyError, TypeError):
        return None
