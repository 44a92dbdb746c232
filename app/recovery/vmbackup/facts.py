"""What a backup says of itself, in a JSON file beside its package: whose it is, of which moment, and who made it."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path

from backends.outcome import DeviceError
from backends.vsphere.looks import Card
from backends.vsphere.package import Vouched, manifest_files, read_text, sync_folder, write_text
from backends.vsphere.stream import of_file
from store.record import Record
from store.recorded import RecordError, from_text, to_text

FILE, NEW = "drdeck-backup.json", "drdeck-backup.json.new"
FORMAT = "drdeck VM backup 1"


class FactsError(Exception):
    """A folder does not say, or not in this form, what it is. The text says what was expected."""


class Facts(Record, frozen=True):
    """``vm`` is the name on the device ``server``, ``moref`` its managed object id there. ``frozen_at``: the moment
    that its disks are of, by the clock of the console; ``verified_at``: when all of it was read again and compared,
    None: not yet. UTC. ``capacities`` in bytes, by disk. ``schedule``: its name, empty: made by hand. ``drdeck``: the
    version that made it."""

    format: str
    drdeck: str
    server: str
    vm: str
    instance_uuid: str
    moref: str
    run: str
    schedule: str
    from_snapshot: bool
    frozen_at: datetime
    exported_at: datetime
    cpus: int
    memory_mb: int
    capacities: tuple[int, ...]
    cards: tuple[Card, ...]
    descriptor: Vouched
    disks: tuple[Vouched, ...]
    manifest: Vouched
    verified_at: datetime | None = None

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(file.size or 0 for file in (self.descriptor, *self.disks, self.manifest))

    @property
    def names(self) -> tuple[str, ...]:
        """All its files, with this one."""
        return (self.descriptor.name, *(disk.name for disk in self.disks), self.manifest.name, FILE)


def write(folder: Path, facts: Facts) -> None:
    """Write them, or anew: never half. Raises :class:`DeviceError`."""
    new = folder / NEW
    with of_file("write", new):
        new.unlink(missing_ok=True)
        write_text(new, json.dumps(json.loads(to_text(facts)), indent=2) + "\n")
        new.rename(folder / FILE)
    sync_folder(folder)


def read(folder: Path) -> Facts:
    """What the folder says. Raises :class:`FactsError`."""
    try:
        text = read_text(folder / FILE)
    except DeviceError as error:
        raise FactsError(error.text) from None
    try:
        found = from_text(Facts, text)
    except RecordError as error:
        raise FactsError(f"{FILE}: {error}") from None
    if found.format != FORMAT:
        raise FactsError(f"{FILE}: expected the format {FORMAT!r}, got {found.format[:60]!r}")
    for name in found.names:
        if not name or "/" in name or name in (".", ".."):
            raise FactsError(f"{FILE}: expected names of files, got {name[:60]!r}")
    return found


def agreed(folder: Path, facts: Facts) -> None:
    """Hold the facts against the manifest and the sizes of the files, without reading the disks. Raises
    :class:`FactsError` that names what is wrong."""
    try:
        text = read_text(folder / facts.manifest.name)
        said = {file.name: file.digest for file in manifest_files(text)}
        with of_file("read", folder):
            sizes = {file.name: (folder / file.name).lstat().st_size for file in (facts.descriptor, *facts.disks)}
    except DeviceError as error:
        raise FactsError(error.text) from None
    except ValueError as error:  # ParseError is one
        raise FactsError(f"{facts.manifest.name}: {error}") from None
    if said != {file.name: file.digest for file in (facts.descriptor, *facts.disks)}:
        raise FactsError(f"{facts.manifest.name} is damaged: it is not the manifest that was written")
    for file in (facts.descriptor, *facts.disks):
        if sizes[file.name] != file.size:
            raise FactsError(f"{file.name} is damaged: {sizes[file.name]} bytes, {file.size} were written")


@cache
def program() -> str:
    """The version of drdeck that runs."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("drdeck")
    except PackageNotFoundError:
        return "not installed"
