"""What was uploaded, kept so that every byte of it can be given back, and takes no room where that is not needed.

A file is kept in blocks. One that is what the lab itself would have made of the image that the file names is kept as
that; one of zeroes as a hole; any other is written to a file on disk that is gone with the process. So a byte that was
changed on its way is kept, and makes the disk one of unknown content.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from typing import IO

from backends.lab.volumes import Image
from backends.lab.vsphere import disks
from backends.lab.vsphere.disks import Content

BLOCK = 1 << 20
_ZEROES = bytes(BLOCK)
_OWN, _HOLE = -1, -2


class Upload:
    """A file that arrives. Its blocks, of :data:`BLOCK` bytes but for the last one, are added in order."""

    def __init__(self) -> None:
        self.size = 0
        self.content: Content | None = None
        self._made: disks.DiskFile | None = None
        self._blocks: list[int] = []
        self._file: IO[bytes] | None = None
        self._stored = 0
        self._sha256 = hashlib.sha256()

    def add(self, block: bytes) -> None:
        if not self._blocks:
            self.content = disks.content_of(block)
            self._made = disks.file_of(self.content) if self.content is not None else None
        self._sha256.update(block)
        if self._made is not None and block == self._made.read(self.size, len(block)):
            self._blocks.append(_OWN)
        elif block == _ZEROES[: len(block)]:
            self._blocks.append(_HOLE)
        else:
            self._blocks.append(self._store(block))
        self.size += len(block)

    def _store(self, block: bytes) -> int:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this does
        place = self._stored
        os.pwrite(self._file.fileno(), block, place)
        self._stored += len(block)
        return place

    @property
    def expected(self) -> int:
        """How large it will be, as far as it says so."""
        return self._made.size if self._made is not None else self.size

    @property
    def stored(self) -> int:
        """Bytes of it that are on disk."""
        return self._stored

    @property
    def sha256(self) -> str:
        """Of all that arrived."""
        return self._sha256.hexdigest()

    @property
    def whole(self) -> bool:
        """Whether it is, to the last byte, what the lab makes of the image that it names."""
        return self._made is not None and self.size == self._made.size and set(self._blocks) == {_OWN}

    def image(self, member: str) -> Image:
        """What a disk holds that is filled with it."""
        if self.whole and self.content is not None:
            return self.content.image
        return Image(f"upload:{self.sha256}", member)

    def read(self, place: int, count: int) -> bytes:
        parts = []
        end = min(self.size, place + count)
        while place < end:
            number, within = divmod(place, BLOCK)
            many = min(BLOCK - within, end - place)
            parts.append(self._part(self._blocks[number], place, within, many))
            place += many
        return b"".join(parts)

    def _part(self, kept: int, place: int, within: int, many: int) -> bytes:
        if kept == _HOLE:
            return bytes(many)
        if kept == _OWN:
            assert self._made is not None
            return self._made.read(place, many)
        assert self._file is not None
        return os.pread(self._file.fileno(), many, kept + within)
