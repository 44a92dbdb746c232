"""The bytes of a disk as they cross the wire in an export or import: a small VMDK that carries the lab's image.

The file starts as a stream-optimized VMDK does (magic, header, embedded descriptor). Its descriptor says in one line
which image it is, so that what is uploaded elsewhere holds the very generations that were exported. A file without that
line is a disk of unknown content.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct

from backends.lab.volumes import Image, Segment

_MAGIC = b"KDMV"
_SECTOR = 512
_MARK = b"ddb.labImage = "
_SIZE = 64 * 1024


def pack(image: Image, capacity: int) -> bytes:
    """The file of a disk of ``capacity`` bytes that holds ``image``."""
    says = {
        "origin": image.origin,
        "member": image.member,
        "history": [[segment.session, segment.generation] for segment in image.history],
        "written_at": image.written_at,
    }
    text = base64.b64encode(json.dumps(says).encode()).decode()
    sectors = capacity // _SECTOR
    descriptor = (
        "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n"
        'createType="streamOptimized"\n\n# Extent description\n'
        f'RDONLY {sectors} SPARSE "disk.vmdk"\n\n#DDB\n\n'
        f'ddb.adapterType = "lsilogic"\n{_MARK.decode()}"{text}"\n'
    ).encode()
    room = -(-len(descriptor) // _SECTOR)
    header = struct.pack(
        "<4sIIQQQQIQQQBccccH", _MAGIC, 3, 0x30001, sectors, 128, 1, room, 512, 0, 0, 1 + room, 0,
        b"\n", b" ", b"\r", b"\n", 1,
    )  # fmt: skip
    body = header.ljust(_SECTOR, b"\0") + descriptor.ljust(room * _SECTOR, b"\0")
    seed = hashlib.sha256(descriptor).digest()
    return body + (seed * ((_SIZE - len(body)) // len(seed) + 1))[: max(0, _SIZE - len(body))]


def unpack(content: bytes) -> Image | None:
    """The image in a file made by :func:`pack`; None for any other content."""
    place = content.find(_MARK) if content.startswith(_MAGIC) else -1
    if place < 0:
        return None
    line = content[place + len(_MARK) :].split(b"\n", 1)[0].strip(b'"')
    try:
        says = json.loads(base64.b64decode(line, validate=True))
        history = tuple(Segment(str(session), int(generation)) for session, generation in says["history"])
        return Image(str(says["origin"]), str(says["member"]), history, float(says["written_at"]))
    except (ValueError, KeyError, TypeError):
        return None


def sha1(content: bytes) -> str:
    """The checksum that a lease's manifest gives for a file."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
