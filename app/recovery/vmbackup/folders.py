"""The folders of backups: ``<root>/<server>/<machine>/<moment>``, and what becomes of one that is not whole.

What is being written is called ``<moment>.<run>.partial``, and renamed once all of it is there and was verified; what
is being deleted ``<moment>.deleting``. A partial one belongs to the run in its name: that run, or a later one once it
has ended, deletes it, and nobody while a process holds its lock, which ends with the process. Only files that a backup
has are ever deleted, and no symbolic link is followed below the root.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from app.recovery.vmbackup import facts as about
from app.recovery.vmbackup.facts import Facts, FactsError
from backends.outcome import DeviceError, Failure, Sent
from backends.vsphere.package import sync_folder
from backends.vsphere.stream import HERE, of_file
from store.record import Record

LOCK = "drdeck-backup.lock"
_STAMP = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_PARTIAL = re.compile(r"(\d{8}T\d{6}Z)\.([A-Za-z0-9-]{1,60})\.partial", re.ASCII)
_DELETING = re.compile(r"(\d{8}T\d{6}Z)\.deleting", re.ASCII)
_OWN = re.compile(r"[A-Za-z0-9._-]{1,80}(-disk[0-9]{1,4}\.vmdk|\.ovf|\.mf)", re.ASCII)


def safe(name: str) -> str:
    """A machine's name as one of files: what may not stand in one is ``_``."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:60].lstrip(".") or "vm"


def stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


class BackupFolder(Record, frozen=True):
    """Where a backup is, or will be: ``vm`` is the name of the folder of its machine, ``run`` the run that makes it."""

    root: str
    server: str
    vm: str
    stamp: str
    run: str

    @property
    def relative(self) -> str:
        return f"{self.server}/{self.vm}/{self.stamp}"

    @property
    def above(self) -> Path:
        return Path(self.root) / self.server / self.vm

    @property
    def final(self) -> Path:
        return self.above / self.stamp

    @property
    def partial(self) -> Path:
        return self.above / f"{self.stamp}.{self.run}.partial"

    @property
    def deleting(self) -> Path:
        return self.above / f"{self.stamp}.deleting"


# -------------------------------------------------------------------------------------------------------------- looking


def facts_in(path: Path) -> Facts | None:
    """What a folder says of itself; None: it is not there, or says nothing that can be understood."""
    try:
        return about.read(path) if is_folder(path) else None
    except FactsError:
        return None


def is_folder(path: Path) -> bool:
    """Whether a folder is there, and is no symbolic link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def there(path: Path) -> bool:
    """Whether anything has that name."""
    return os.path.lexists(path)


def busy(path: Path) -> bool:
    """Whether a process holds the lock of a partial folder."""
    try:
        number = os.open(path / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(number)
    return False


def foreign(path: Path, names: Collection[str] | None = None) -> list[str]:
    """What is in the folder and none of these files; without ``names``: none that a partial backup has."""
    found = []
    with os.scandir(path) as entries:
        for entry in entries:
            mine = _is_own(entry.name) if names is None else entry.name in names
            if not (mine and entry.is_file(follow_symlinks=False)):
                found.append(entry.name)
    return sorted(found)


def _is_own(name: str) -> bool:
    return name in (about.FILE, about.NEW, LOCK) or _OWN.fullmatch(name) is not None


def trouble(root: Path | None) -> str:
    """Why no backup can be kept there; empty: one can."""
    if root is None:
        return "the configuration names none: [backups] directory"
    if not root.is_dir():
        return f"{root} is not there, or is no directory: is its file system mounted?"
    return "" if os.access(root, os.R_OK | os.W_OK | os.X_OK) else f"{root} cannot be written by this user"


def free(root: Path) -> int:
    """Bytes that are free there for this user. Raises :class:`OSError`."""
    return shutil.disk_usage(root).free


class Kept(Struct, frozen=True):
    """A complete backup; ``facts`` None: it does not say what it is, and ``trouble`` why."""

    folder: BackupFolder
    facts: Facts | None
    trouble: str = ""


class Left(Struct, frozen=True):
    """What is no complete backup; ``folder.run`` is empty for one that is being ``deleted``. ``busy``: a process writes
    it now."""

    folder: BackupFolder
    path: str
    deleted: bool
    busy: bool


def scan(root: Path) -> tuple[tuple[Kept, ...], tuple[Left, ...]]:
    """All that is under the root, by server, machine and moment. Raises :class:`OSError` for a root that cannot be
    read."""
    kept: list[Kept] = []
    left: list[Left] = []
    for server in _folders(root):
        for vm in _folders(root / server):
            for name in _folders(root / server / vm):
                _one(BackupFolder(str(root), server, vm, name, ""), kept, left)
    return tuple(kept), tuple(left)


def _folders(path: Path) -> list[str]:
    with os.scandir(path) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))


def _one(at: BackupFolder, kept: list[Kept], left: list[Left]) -> None:
    path = at.final
    if _STAMP.fullmatch(at.stamp):
        try:
            found = about.read(path)
            kept.append(Kept(BackupFolder(at.root, at.server, at.vm, at.stamp, found.run), found))
        except FactsError as error:
            kept.append(Kept(at, None, str(error)))
    elif (partial := _PARTIAL.fullmatch(at.stamp)) is not None:
        mine = BackupFolder(at.root, at.server, at.vm, partial[1], partial[2])
        left.append(Left(mine, f"{at.server}/{at.vm}/{at.stamp}", False, busy(path)))
    elif (deleting := _DELETING.fullmatch(at.stamp)) is not None:
        mine = BackupFolder(at.root, at.server, at.vm, deleting[1], "")
        left.append(Left(mine, f"{at.server}/{at.vm}/{at.stamp}", True, False))


def left_in(root: Path, server: str, moref: str) -> tuple[Left, ...]:
    """What is not whole of one machine, by its id: its name may have changed."""
    above = root / server
    if not is_folder(above):
        return ()
    found: list[Left] = []
    for vm in _folders(above):
        if vm.endswith(f"-{moref}"):
            for name in _folders(above / vm):
                _one(BackupFolder(str(root), server, vm, name, ""), [], found)
    return tuple(found)


# ------------------------------------------------------------------------------------------------------------- changing


@contextmanager
def writing(at: BackupFolder) -> Iterator[Path]:
    """The partial folder, empty, for this process alone. Raises :class:`DeviceError`."""
    path = at.partial
    with of_file("mkdir", path):
        for above in (at.above.parent, at.above, path):
            above.mkdir(mode=0o700, exist_ok=True)
            if not is_folder(above):
                raise _refused("mkdir", f"{above} is a symbolic link, or no directory")
    with locked(path, create=True):
        _empty(path)
        for above in (at.above, at.above.parent, at.above.parent.parent):
            sync_folder(above)
        yield path


@contextmanager
def locked(path: Path, *, create: bool = False) -> Iterator[None]:
    """Within, no other process writes or deletes the partial folder. Raises :class:`DeviceError`."""
    flags = os.O_RDWR | os.O_NOFOLLOW | (os.O_CREAT if create else 0)
    with of_file("lock", path):
        number = os.open(path / LOCK, flags, 0o600)
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _refused("lock", f"another process writes {path}") from None
        yield
    finally:
        os.close(number)


def settle(at: BackupFolder) -> None:
    """The partial folder is whole: give it its name, for good. Raises :class:`DeviceError`."""
    with of_file("rename", at.partial):
        (at.partial / LOCK).unlink(missing_ok=True)
        sync_folder(at.partial)
        at.partial.rename(at.final)
    sync_folder(at.above)


def clear(path: Path) -> None:
    """Delete a partial folder. Raises :class:`DeviceError`, also where it holds anything else, and nothing is deleted
    then."""
    with locked(path, create=True):
        discard(path)


def discard(path: Path) -> None:
    """The same by whoever holds its lock."""
    _empty(path)
    with of_file("delete", path):
        (path / LOCK).unlink(missing_ok=True)
        path.rmdir()
    sync_folder(path.parent)


def _empty(path: Path) -> None:
    with of_file("delete", path):
        if strange := foreign(path):
            raise _refused("delete", f"{path} holds what no backup does: {', '.join(strange[:5])}")
        for each in path.iterdir():
            if each.name != LOCK:
                each.unlink()


def delete(at: BackupFolder, names: Collection[str]) -> None:
    """Delete a complete backup that has these files and no others. Raises :class:`DeviceError`."""
    if there(at.final):
        with of_file("rename", at.final):
            at.final.rename(at.deleting)
        sync_folder(at.above)
    path = at.deleting
    with of_file("delete", path):
        if strange := foreign(path, names):
            raise _refused("delete", f"{path} holds what is not of this backup: {', '.join(strange[:5])}")
        for name in sorted(names, key=lambda name: name == about.FILE):  # what names its owner goes last
            (path / name).unlink(missing_ok=True)
        path.rmdir()
    sync_folder(at.above)


def _refused(call: str, text: str) -> DeviceError:
    return DeviceError(HERE, call, Failure.REFUSED, Sent.REFUSED, text)
