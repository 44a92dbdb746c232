"""Adding sites and devices to a configuration that exists, or making one: all of it or nothing, and never over anything
that is there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from app.config_table import SettingsError
from app.config_writer import ConfigWriteError, config_text
from app.settings import load
from app.settings_records import DeviceSettings, Settings
from store.estate import Site


def full_text(sites: Sequence[Site], devices: Sequence[DeviceSettings], comments: str) -> str:
    """A whole configuration, with ``comments`` (lines of TOML) behind it."""
    return f"{config_text(sites, devices)}\n{comments}"


def add(path: Path, sites: Sequence[Site], devices: Sequence[DeviceSettings], comments: str) -> bool:
    """Add these to the configuration at ``path``, mode 0600; True if the file was made. What is in it stays as it is,
    byte for byte; a site of the same name is used. The whole text is loaded once before it takes its name.

    Raises :class:`ConfigWriteError`, also for a device whose name or address is there already, and
    :class:`SettingsError` where the present configuration cannot be read. Then nothing was changed.
    """
    try:
        if not os.path.lexists(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _written(path, full_text(sites, devices, comments).encode()) as temporary:
                settings = _read_back(temporary)
                _compare((settings.sites, settings.devices), (tuple(sites), tuple(devices)))
                _name(temporary, path)
            return True
        _extend(path.resolve(), sites, devices, comments)
        return False
    except OSError as error:
        raise ConfigWriteError(
            f"{path} could not be written: {error.strerror or type(error).__name__}. Put that right (is its folder "
            "writable for you, is there room?) and run this again"
        ) from None


def _extend(path: Path, sites: Sequence[Site], devices: Sequence[DeviceSettings], comments: str) -> None:
    state = _state(path)
    settings = load(path)
    if state[-1] != os.geteuid():
        raise ConfigWriteError(f"{path} belongs to another user: run this as that user. Nothing was written")
    _refuse_taken(path, settings, devices)
    known = {site.name for site in settings.sites}
    new = [site for site in sites if site.name not in known]
    old = path.read_bytes()
    addition = full_text(new, devices, comments).removeprefix(config_text((), ()))
    separator = b"" if old.endswith(b"\n") else b"\n"
    with _written(path, old + separator + addition.encode()) as temporary:
        expected = replace(settings, sites=(*settings.sites, *new), devices=(*settings.devices, *devices))
        # Which LPARs come back where may follow from the sites alone, and then from one that is added.
        _compare(replace(_read_back(temporary), path=path, pra=None), replace(expected, path=path, pra=None))
        if _state(path) != state:
            raise ConfigWriteError(f"{path} was changed meanwhile and left as it is. Run this again to add to it")
        temporary.replace(path)


def _name(temporary: Path, path: Path) -> None:
    """Give the file its name. A link, because unlike a rename it refuses where the name is taken."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise ConfigWriteError(
            f"{path} appeared meanwhile and was left as it is. Run this again to add to it"
        ) from None


def _refuse_taken(path: Path, settings: Settings, devices: Sequence[DeviceSettings]) -> None:
    names = {device.name for device in settings.devices}
    addresses = {device.address: device.name for device in settings.devices}
    taken = [f"a device {device.name}" for device in devices if device.name in names]
    taken += [f"a database {device.name}" for device in devices if settings.host(device.name) is not None]
    taken += [
        f"{device.address} as device {addresses[device.address]}"
        for device in devices
        if device.address in addresses and device.name not in names
    ]
    if taken:
        raise ConfigWriteError(
            f"{path} has already {', '.join(taken)}. Nothing was written: run this without --write and take over "
            "what you want by hand"
        )


def _state(path: Path) -> tuple[int, ...]:
    """What changes when somebody else writes the file; its owner last."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_uid


@contextmanager
def _written(path: Path, data: bytes) -> Iterator[Path]:
    """A file beside ``path`` with these bytes on the disk; it is gone afterwards."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _read_back(temporary: Path) -> Settings:
    try:
        return load(temporary)
    except SettingsError as error:
        wrong = "; ".join(f"{problem.key}: expected {problem.expected}" for problem in error.problems)
        raise ConfigWriteError(f"Nothing was written: drdeck could not read it back ({wrong}). Correct that") from None


def _compare(found: object, expected: object) -> None:
    if found != expected:
        raise ConfigWriteError("Nothing was written: it would read back differently, which is a defect of drdeck")
