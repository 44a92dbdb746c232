"""The body of a request while it arrives: read in blocks by whoever handles it, and never in memory as a whole."""

from __future__ import annotations

from io import BufferedIOBase


class BodyEndedError(Exception):
    """The connection ended before all of the body had come, as when the client is killed; or it is to be cut here."""


class Body:
    """The bytes that follow the header: ``length`` of them, or with None chunks (RFC 9112, 7.1).

    ``taken`` counts what was read. ``cut_at``: where the connection is to be cut, which :meth:`read` does not pass.
    """

    def __init__(self, stream: BufferedIOBase, length: int | None) -> None:
        self._stream = stream
        self.length = length
        self.taken = 0
        self.ended = length == 0
        self.cut_at: int | None = None
        self._chunk = 0

    def read(self, count: int) -> bytes:
        """The next ``count`` bytes; fewer only at the end. Raises :class:`BodyEndedError`."""
        if self.cut_at is not None and self.taken >= self.cut_at:
            raise BodyEndedError
        wanted = count if self.cut_at is None else min(count, self.cut_at - self.taken)
        part = self._plain(wanted) if self.length is not None else self._chunks(wanted)
        self.taken += len(part)
        return part

    def _plain(self, count: int) -> bytes:
        assert self.length is not None
        wanted = min(count, self.length - self.taken)
        part = self._exactly(wanted)
        self.ended = self.taken + len(part) == self.length
        return part

    def _chunks(self, count: int) -> bytes:
        parts: list[bytes] = []
        left = count
        while left and not self.ended:
            if not self._chunk:
                self._next_chunk()
                continue
            part = self._exactly(min(left, self._chunk))
            parts.append(part)
            left -= len(part)
            self._chunk -= len(part)
            if not self._chunk:
                self._stream.readline()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _next_chunk(self) -> None:
        head = self._stream.readline()
        if not head:
            raise BodyEndedError
        self._chunk = int(head.split(b";")[0].strip() or b"0", 16)
        if self._chunk == 0:
            while self._stream.readline().strip():
                pass
            self.ended = True

    def _exactly(self, count: int) -> bytes:
        part = self._stream.read(count)
        if len(part) < count:
            raise BodyEndedError
        return part

    def whole(self) -> bytes:
        """All that is left."""
        parts = []
        while not self.ended:
            parts.append(self.read(1 << 20))
        return b"".join(parts)
