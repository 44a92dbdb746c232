"""Checksums of a file that is sent, taken while it is: so that its manifest is there as soon as the last byte is."""

from __future__ import annotations

import hashlib
import threading

from backends.lab.vsphere.disks import DiskFile

KINDS = ("sha1", "sha256")
"""HttpNfcLeaseManifestEntryChecksumType."""
_BLOCK = 1 << 20


class Sums:
    """The sum of one kind, of a file that is sent from its beginning to its end, in one answer or more."""

    def __init__(self, kind: str = KINDS[0]) -> None:
        self.kind = kind
        self._sum = hashlib.new(kind)
        self._place = 0
        self._lock = threading.Lock()

    def sent(self, place: int, part: bytes) -> None:
        """``part`` of the file, from ``place`` on, is sent. What was before counts once; what leaves a gap does not."""
        with self._lock:
            if place <= self._place < place + len(part):
                self._sum.update(part[self._place - place :] if self._place > place else part)
                self._place = place + len(part)

    def of(self, file: DiskFile) -> str:
        """The sum of the whole ``file``; what was not sent yet is read for it."""
        while self._place < file.size:
            self.sent(self._place, file.read(self._place, _BLOCK))
        return self._sum.hexdigest()
