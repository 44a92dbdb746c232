"""The bytes of one disk from a door to another, or to a file and back: read, hashed and written side by side, never
kept as a whole.

A connection that is cut while reading is made anew, and goes on with the byte at which it ended; what was written is
not written again. A write that is cut cannot go on: the server has no way to.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backends.outcome import DeviceError, Failure, Sent
from backends.vsphere import failures
from backends.vsphere.connection import NotConnectedError
from backends.vsphere.session import Session

CHUNK = 1 << 20
AHEAD = 16
HERE = "this machine"
"""What a failure of a file is told of, in place of a device."""
Part = tuple[bytes, int | None]
"""Some bytes of a disk, and how many the whole has, where that is told."""
TRIES, REST_S = 5, 1.0
"""So many times in a row, without a byte between them, a cut connection is made anew; the rest between two grows."""


class StoppedError(Exception):
    """Somebody wants no more of it."""


@dataclass(slots=True)
class Count:
    """What crossed so far, for whoever watches from another thread. Bytes."""

    done: int = 0
    cuts: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class End:
    """One end: a session, the URL of the disk there and the thumbprint of its certificate, if it was given one."""

    session: Session
    url: str
    thumbprint: str = ""


@dataclass(frozen=True, slots=True)
class Crossed:
    """A disk that crossed whole: its bytes and their SHA-1 and SHA-256."""

    size: int
    sha1: str
    sha256: str


def reading(end: End, count: Count) -> Iterator[Part]:
    """The bytes of a disk, each part with the size of the whole where the server says it. Raises :class:`DeviceError`
    once it cannot go on, and :class:`StoppedError`."""
    place, in_vain = 0, 0
    while True:
        began = place
        try:
            connection, answer, total = _opened(end, place)
            with contextlib.closing(connection):
                while part := answer.read(CHUNK):
                    if count.stop.is_set():
                        raise StoppedError
                    place += len(part)
                    yield part, total
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
    with _ahead(reading(source, count)) as parts:
        return _written(target, method, parts, count)


def saved(source: End, path: Path, count: Count) -> Crossed:
    """Keep a disk as a new file, which is on the disk when this returns. Raises :class:`DeviceError`, which says of the
    file what is wrong with it, and :class:`StoppedError`."""
    sums, size = Sums(), 0
    with _ahead(reading(source, count)) as parts, of_file("write", path), path.open("xb") as file:
        for part, _ in parts:
            file.write(part)
            sums.add(part)
            size += len(part)
            count.done += len(part)
        file.flush()
        os.fsync(file.fileno())
    return sums.of(size)


def sent(path: Path, target: End, method: str, count: Count) -> Crossed:
    """Send a file as a disk. Raises :class:`DeviceError` and :class:`StoppedError`."""
    with _ahead(_held(path, count)) as parts:
        return _written(target, method, parts, count)


def hashed(path: Path, count: Count) -> Crossed:
    """Read a file from the disk itself, not from what the system still has of it. Raises :class:`DeviceError` and
    :class:`StoppedError`."""
    sums, size = Sums(), 0
    with _ahead(_held(path, count)) as parts:
        for part, _ in parts:
            sums.add(part)
            size += len(part)
            count.done += len(part)
    return sums.of(size)


def _held(path: Path, count: Count) -> Iterator[Part]:
    with of_file("read", path), os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        if hasattr(os, "posix_fadvise"):  # not every system has it
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        total = os.fstat(file.fileno()).st_size
        while part := file.read(CHUNK):
            if count.stop.is_set():
                raise StoppedError
            yield part, total


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

    def add(self, part: bytes) -> None:
        self._sha1.update(part)
        self._sha256.update(part)

    def of(self, size: int) -> Crossed:
        return Crossed(size, self._sha1.hexdigest(), self._sha256.hexdigest())


@contextmanager
def _ahead(source: Iterator[Part]) -> Iterator[Generator[Part]]:
    """The same parts, read a little ahead on a thread of their own; it ends when this does."""
    parts: queue.Queue[Part | BaseException | None] = queue.Queue(AHEAD)
    given_up = threading.Event()

    def put(item: Part | BaseException | None) -> None:
        while not given_up.is_set():
            with contextlib.suppress(queue.Full):
                parts.put(item, timeout=0.5)
                return

    def read() -> None:
        try:
            for item in source:
                if given_up.is_set():
                    return
                put(item)
            put(None)
        except BaseException as error:
            put(error)

    def each() -> Generator[Part]:
        while (item := parts.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    threading.Thread(target=read, name="read a disk", daemon=True).start()
    try:
        yield each()
    finally:
        given_up.set()


def _written(target: End, method: str, parts: Iterator[Part], count: Count) -> Crossed:
    sums, size = Sums(), 0
    connection: http.client.HTTPConnection | None = None
    chunked = False
    try:
        for part, total in parts:
            if connection is None:
                connection, chunked = _upload(target, method, total)
            connection.send(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
            sums.add(part)
            size += len(part)
            count.done += len(part)
        if connection is None:
            connection, chunked = _upload(target, method, 0)
        if chunked:
            connection.send(b"0\r\n\r\n")
        answer = connection.getresponse()
        answer.read()
        if answer.status not in (200, 201, 204):
            raise failures.of_status(target.session.device, f"{method} disk", answer.status, answer.reason)
        return sums.of(size)
    except (OSError, http.client.HTTPException, NotConnectedError) as error:
        raise failures.of_exception(target.session.device, f"{method} disk", error) from None
    finally:
        if connection is not None:
            connection.close()


def _upload(target: End, method: str, total: int | None) -> tuple[http.client.HTTPConnection, bool]:
    connection, path = target.session.disk_door(target.url, target.thumbprint)
    connection.putrequest(method, path)
    connection.putheader("Content-Type", "application/x-vnd.vmware-streamVmdk")
    connection.putheader("Overwrite", "t")
    if total is None:
        connection.putheader("Transfer-Encoding", "chunked")
    else:
        connection.putheader("Content-Length", str(total))
    connection.endheaders()
    return connection, total is None


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
