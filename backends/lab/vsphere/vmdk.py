"""A stream-optimized VMDK of any size, made piece by piece: no more of it is in memory than what is asked for.

Only grains that hold data are in the file, as VMware's *Virtual Disk Format 5.0* lays it out: header, descriptor, then
each grain behind its marker, the grain tables, the grain directory, a footer, and the end-of-stream marker. What a
grain holds follows from a seed and its number and cannot be compressed, so that each has the same length and any byte
of the file is found by arithmetic.
"""

from __future__ import annotations

import hashlib
import random
import struct
import zlib
from collections.abc import Iterator
from functools import cached_property, lru_cache

SECTOR = 512
GRAIN = 128 * SECTOR
_PER_TABLE = 512
_MARKER = struct.Struct("<QI")
_STORED, _LAST = b"\x78\x01\x00\xff\xff\x00\x00", b"\x01\x01\x00\xfe\xff"
"""A deflate stream of two stored blocks: one of 65,535 bytes, and one of the byte that is left."""
_PACKED = len(_STORED) + GRAIN + len(_LAST) + 4
RECORD = -(-(_MARKER.size + _PACKED) // SECTOR) * SECTOR
_PAD = bytes(RECORD - _MARKER.size - _PACKED)
_TABLE, _DIRECTORY, _FOOTER = 1, 2, 3


@lru_cache(1)
def _noise() -> memoryview:
    return memoryview(random.Random(5).randbytes(17 * GRAIN))


class Vmdk:
    """The file of a disk of ``capacity`` bytes with ``data`` bytes on it, spread evenly. ``descriptor`` says more of
    it; the data follows from ``seed``. A file of data never ends inside a grain: ``data`` is rounded up."""

    def __init__(self, descriptor: bytes, capacity: int, data: int, seed: bytes) -> None:
        self._sectors = capacity // SECTOR
        self._all = max(1, -(-capacity // GRAIN))
        self._grains = min(self._all, -(-data // GRAIN))
        self._seed = seed
        room = -(-len(descriptor) // SECTOR)
        self._room, self._over = room, max(128, 1 + room)
        self._head = (self._header(at_end=None) + descriptor).ljust(self._over * SECTOR, b"\0")
        self._body = len(self._head) + self._grains * RECORD

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._body + len(self._tail)

    def read(self, place: int, count: int) -> bytes:
        """``count`` bytes from ``place`` on; fewer at the end."""
        parts: list[bytes | memoryview] = []
        end = min(self.size, place + count)
        if place < len(self._head):
            parts.append(self._head[place:end])
        skip = 0
        if place < self._body and end > len(self._head):
            first = max(0, place - len(self._head)) // RECORD
            skip = max(0, place - len(self._head)) % RECORD
            for number in range(first, -(-(min(end, self._body) - len(self._head)) // RECORD)):
                parts += self._record(number)
        made = b"".join(parts)[skip : skip + max(0, min(end, self._body) - place)] if place < self._body else b""
        return made + self._tail[max(0, place - self._body) : end - self._body] if end > self._body else made

    def _position(self, number: int) -> int:
        """Which grain of the disk the grain ``number`` of the file is."""
        return number * self._all // self._grains

    def _record(self, number: int) -> Iterator[bytes | memoryview]:
        own = hashlib.sha256(self._seed + number.to_bytes(8, "little")).digest()
        place = int.from_bytes(own[:4], "little") % (len(_noise()) - GRAIN)
        rest = _noise()[place : place + GRAIN - len(own)]
        yield _MARKER.pack(self._position(number) * 128, _PACKED) + _STORED + own
        yield rest[:-1]
        yield _LAST
        yield rest[-1:]
        yield zlib.adler32(rest, zlib.adler32(own)).to_bytes(4, "big") + _PAD

    def _header(self, at_end: int | None) -> bytes:
        """The header; ``at_end``: where the grain directory begins, in sectors, which only the footer can say."""
        where = 0xFFFF_FFFF_FFFF_FFFF if at_end is None else at_end
        packed = struct.pack(
            "<4sIIQQQQIQQQBccccH", b"KDMV", 3, 0x30001, self._sectors, 128, 1, self._room, _PER_TABLE, 0, where,
            self._over, 0, b"\n", b" ", b"\r", b"\n", 1,
        )  # fmt: skip
        return packed.ljust(SECTOR, b"\0")

    @cached_property
    def _tail(self) -> bytes:
        """Grain tables, directory, footer and the end: what can be written only once all grains have been."""
        tables: dict[int, list[int]] = {}
        for number in range(self._grains):
            table, entry = divmod(self._position(number), _PER_TABLE)
            tables.setdefault(table, [0] * _PER_TABLE)[entry] = (len(self._head) + number * RECORD) // SECTOR
        parts, place = [], self._body // SECTOR
        directory = [0] * (-(-self._all // _PER_TABLE))
        for table, entries in tables.items():
            directory[table] = place + 1
            parts.append(_metadata(_TABLE, struct.pack(f"<{_PER_TABLE}I", *entries)))
            place += len(parts[-1]) // SECTOR
        parts.append(_metadata(_DIRECTORY, struct.pack(f"<{len(directory)}I", *directory)))
        parts.append(_metadata(_FOOTER, self._header(at_end=place + 1)))
        return b"".join((*parts, bytes(SECTOR)))


def _metadata(kind: int, content: bytes) -> bytes:
    """Tables and the like behind their marker: sectors, 0 for a size, and the kind."""
    sectors = -(-len(content) // SECTOR)
    return struct.pack("<QII", sectors, 0, kind).ljust(SECTOR, b"\0") + content.ljust(sectors * SECTOR, b"\0")
