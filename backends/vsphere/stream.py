"""The bytes of one disk from a door to another, or to a file and back: read, hashed and written side by side, never
kept as a whole.

A connection that is cut while reading is made anew, and goes on with the byte at which it ended; what was written is
not written again. One that is cut while writing cannot go on: the interface documents no way to say from which byte
(vSphere Web Services API, HttpNfcLease), so this disk, and no other, is sent again from its beginning.

Read, hash and write are a thread each, and so many buffers of a fixed size go round between them.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from msgspec import Struct, field

from backends.outcome import DeviceError, Failure, Sent
from backends.vsphere import failures
from backends.vsphere.connection import NotConnectedError
from backends.vsphere.session import Session

CHUNK = 1 << 20
AHEAD = 16
HERE = "this machine"
"""What a failure of a file is told of, in place of a device."""
TRIES, REST_S = 5, 1.0
"""So many times in a row, without a byte between them, a cut connection is made anew; the rest between two grows. A
write that is cut is begun again so many times."""
_EARLY_S = 5.0
_AGAIN = (Failure.LOST, Failure.TIMEOUT, Failure.UNREACHABLE, Failure.BUSY)


class StoppedError(Exception):
    """Somebody wants no more of it."""


class Count(Struct):
    """What crossed so far, for whoever watches from another thread. Bytes; ``again``: those of writes that were cut."""

    done: int = 0
    again: int = 0
    cuts: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


class End(Struct, frozen=True):
    """One end: a session, the URL of the disk there and the thumbprint of its certificate, if it was given one."""

    session: Session
    url: str
    thumbprint: str = ""


class Crossed(Struct, frozen=True):
    """A disk that crossed whole: its bytes and their SHA-1 and SHA-256."""

    size: int
    sha1: str
    sha256: str


class Part(Struct):
    """A buffer, how much of it is filled, and the size of the whole disk, where the server says it."""

    buffer: bytearray
    filled: int
    total: int | None

    @property
    def view(self) -> memoryview:
        return memoryview(self.buffer)[: self.filled]


Buffers = Callable[[], bytearray]
"""The next buffer to fill."""


def reading(end: End, count: Count, buffer: Buffers) -> Iterator[Part]:
    """The bytes of a disk. Raises :class:`DeviceError` once it cannot go on, and :class:`StoppedError`."""
    place, in_vain, held = 0, 0, None
    while True:
        began = place
        try:
            connection, answer, total = _opened(end, place)
            with contextlib.closing(connection):
                while True:
                    held = held if held is not None else buffer()
                    if count.stop.is_set():
                        raise StoppedError
                    if not (filled := answer.readinto(held)):
                        break
                    place += filled
                    made, held = held, None
                    yield Part(made, filled, total)
                if total is not None and place < total:
                    raise http.client.IncompleteRead(b"", total - place)
                return
        except (OSError, http.client.HTTPException, NotConnectedError, DeviceError) as error:
            failed = failures.of_exception(end.session.device, "GET disk", error)
            in_vain = 1 if place > began else in_vain + 1
            if in_vain > TRIES or failed.failure in (Failure.UNTRUSTED, Failure.REFUSED):
                raise failed from None
            count.cuts += 1
            if count.stop.wait(REST_S * in_vain):
                raise StoppedError from None


def _opened(end: End, place: int) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse, int | None]:
    """A connection whose answer begins with the byte at ``place``; the size of the whole, if told."""
    connection, path = end.session.disk_door(end.url, end.thumbprint)
    try:
        connection.request("GET", path, headers={"Range": f"bytes={place}-"} if place else {})
        answer = connection.getresponse()
        if answer.status not in (200, 206):
            raise failures.of_status(end.session.device, "GET disk", answer.status, answer.reason)
        length = answer.length
        if answer.status == 206:
            told = answer.headers.get("Content-Range", "")
            if not told.startswith(f"bytes {place}-"):
                text = f"asked for the bytes from {place}, got {told[:60]!r}"
                raise DeviceError(end.session.device, "GET disk", Failure.BAD_ANSWER, Sent.REFUSED, text)
            return connection, answer, None if length is None else place + length
        left = place  # this server knows no ranges: what is known already is read once more, and not written
        while left and (part := answer.read(min(CHUNK, left))):
            left -= len(part)
        return connection, answer, length
    except BaseException:
        connection.close()
        raise


def cross(source: End, target: End, method: str, count: Count) -> Crossed:
    """Carry a disk over. Raises :class:`DeviceError` and :class:`StoppedError`."""
    return _sent(lambda buffer: reading(source, count, buffer), target, method, count)


def sent(path: Path, target: End, method: str, count: Count) -> Crossed:
    """Send a file as a disk. Raises :class:`DeviceError` and :class:`StoppedError`."""
    return _sent(lambda buffer: _held(path, count, buffer), target, method, count)


def _sent(fill: Callable[[Buffers], Iterator[Part]], target: End, method: str, count: Count) -> Crossed:
    for tries in range(TRIES + 1):
        before = count.done
        try:
            with _ahead(fill) as (parts, sums):
                return sums.of(_write(parts, target, method, count))
        except _WriteCutError as cut:
            if tries == TRIES or cut.error.failure not in _AGAIN:
                raise cut.error from None
        count.cuts += 1
        count.again += count.done - before
        count.done = before
        if count.stop.wait(REST_S * (tries + 1)):
            raise StoppedError
    raise AssertionError("unreachable")


def saved(source: End, path: Path, count: Count) -> Crossed:
    """Keep a disk as a new file, which is on the disk when this returns. Raises :class:`DeviceError`, which says of the
    file what is wrong with it, and :class:`StoppedError`."""
    size = 0
    with _ahead(lambda buffer: reading(source, count, buffer)) as (parts, sums):
        with of_file("write", path), path.open("xb") as file:
            for part in parts:
                file.write(part.view)
                size += part.filled
                count.done += part.filled
            file.flush()
            os.fsync(file.fileno())
        return sums.of(size)


def hashed(path: Path, count: Count) -> Crossed:
    """Read a file from the disk itself, not from what the system still has of it. Raises :class:`DeviceError` and
    :class:`StoppedError`."""
    size = 0
    with _ahead(lambda buffer: _held(path, count, buffer)) as (parts, sums):
        for part in parts:
            size += part.filled
            count.done += part.filled
        return sums.of(size)


def _held(path: Path, count: Count, buffer: Buffers) -> Iterator[Part]:
    with of_file("read", path), os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb", buffering=0) as file:
        if hasattr(os, "posix_fadvise"):  # not every system has it
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        total = os.fstat(file.fileno()).st_size
        while filled := file.readinto(held := buffer()):
            if count.stop.is_set():
                raise StoppedError
            yield Part(held, filled, total)


@contextmanager
def of_file(call: str, path: Path) -> Iterator[None]:
    """Within, what the system says of a file is a :class:`DeviceError` of this machine."""
    try:
        yield
    except OSError as error:
        text = f"{error.filename or path}: {error.strerror or type(error).__name__}"
        raise DeviceError(HERE, call, Failure.REFUSED, Sent.REFUSED, text) from None


class Sums:
    """The checksums of a disk while it crosses."""

    def __init__(self) -> None:
        self._sha1, self._sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()

    def add(self, part: memoryview) -> None:
        self._sha1.update(part)
        self._sha256.update(part)

    def of(self, size: int) -> Crossed:
        return Crossed(size, self._sha1.hexdigest(), self._sha256.hexdigest())


class _WriteCutError(Exception):
    """The writing end failed, or refused, as ``error`` says."""

    def __init__(self, error: DeviceError) -> None:
        super().__init__(str(error))
        self.error = error


@contextmanager
def _ahead(fill: Callable[[Buffers], Iterator[Part]]) -> Iterator[tuple[Generator[Part], Sums]]:
    """The parts that ``fill`` makes, read and hashed a little ahead on threads of their own, which end when this does;
    and their checksums, which are of all once there are no more. A part is good until the next one is asked for."""
    belt = _Belt(fill)
    for work, name in ((belt.read, "read a disk"), (belt.hash, "hash a disk")):
        threading.Thread(target=work, name=name, daemon=True).start()
    try:
        yield belt.parts(), belt.sums
    finally:
        belt.give_up()


class _Belt:
    """Buffers that go round: filled by one thread, hashed by the next, and given to whoever asks for parts."""

    def __init__(self, fill: Callable[[Buffers], Iterator[Part]]) -> None:
        self.sums = Sums()
        self._fill = fill
        self._given_up = False
        self._free: SimpleQueue[bytearray | None] = SimpleQueue()
        self._filled: SimpleQueue[Part | BaseException | None] = SimpleQueue()
        self._hashed: SimpleQueue[Part | BaseException | None] = SimpleQueue()
        for _ in range(AHEAD):
            self._free.put(bytearray(CHUNK))

    def give_up(self) -> None:
        self._given_up = True
        self._free.put(None)
        self._filled.put(None)

    def _buffer(self) -> bytearray:
        found = self._free.get()
        if found is None or self._given_up:
            raise StoppedError
        return found

    def read(self) -> None:
        try:
            for part in self._fill(self._buffer):
                self._filled.put(part)
            self._filled.put(None)
        except BaseException as error:
            self._filled.put(error)

    def hash(self) -> None:
        while isinstance(part := self._filled.get(), Part):
            self.sums.add(part.view)
            self._hashed.put(part)
        self._hashed.put(part)

    def parts(self) -> Generator[Part]:
        while (part := self._hashed.get()) is not None:
            if isinstance(part, BaseException):
                raise part
            yield part
            self._free.put(part.buffer)


def _write(parts: Iterator[Part], target: End, method: str, count: Count) -> int:
    """Send all parts; returns the bytes. Raises :class:`_WriteCutError` for what the target has to do with."""
    size = 0
    writer: _Writer | None = None
    try:
        for part in parts:
            if writer is None:
                writer = _Writer(target, method, part.total)
            writer.send(part.view)
            size += part.filled
            count.done += part.filled
        if writer is None:
            writer = _Writer(target, method, 0)
        writer.end()
        return size
    except (OSError, http.client.HTTPException, NotConnectedError) as error:
        failed = failures.of_exception(target.session.device, f"{method} disk", error)
        raise _WriteCutError(failed) from None
    finally:
        if writer is not None:
            writer.close()


class _Writer:
    """A disk on its way to a server: ``total`` bytes, or chunks where nobody knows how many."""

    def __init__(self, target: End, method: str, total: int | None) -> None:
        self._device, self._call, self._chunked = target.session.device, f"{method} disk", total is None
        self._connection, path = target.session.disk_door(target.url, target.thumbprint)
        self._connection.putrequest(method, path)
        self._connection.putheader("Content-Type", "application/x-vnd.vmware-streamVmdk")
        self._connection.putheader("Overwrite", "t")
        if total is None:
            self._connection.putheader("Transfer-Encoding", "chunked")
        else:
            self._connection.putheader("Content-Length", str(total))
        self._connection.endheaders()

    def send(self, part: memoryview) -> None:
        try:
            if self._chunked:
                self._connection.send(b"%x\r\n" % len(part))
            self._connection.send(part)
            if self._chunked:
                self._connection.send(b"\r\n")
        except OSError:
            self._refused_early()
            raise

    def _refused_early(self) -> None:
        """Raise what the server said, if it was that which ended the connection: it need not wait for all of a disk."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            if self._connection.sock is not None:
                self._connection.sock.settimeout(_EARLY_S)
                self._answered()

    def end(self) -> None:
        if self._chunked:
            self._connection.send(b"0\r\n\r\n")
        self._answered()

    def _answered(self) -> None:
        answer = self._connection.getresponse()
        answer.read()
        if answer.status not in (200, 201, 204):
            raise _WriteCutError(failures.of_status(self._device, self._call, answer.status, answer.reason))

    def close(self) -> None:
        self._connection.close()


class Beside:
    """Work on a thread, while whoever began it does something else now and then."""

    def __init__(self, work: Callable[[], list[Crossed]]) -> None:
        self.made: list[Crossed] = []
        self.error: BaseException | None = None
        self._done = threading.Event()

        def run() -> None:
            try:
                self.made = work()
            except BaseException as error:
                self.error = error
            finally:
                self._done.set()

        threading.Thread(target=run, name="carry the disks", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        """Whether it has ended."""
        return self._done.wait(seconds)
