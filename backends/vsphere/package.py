"""An OVF package in a folder: a descriptor, disks, and the manifest that vouches for both. Source: DMTF DSP0243, OVF,
5.1 (manifest file): ``SHA256(name)= digest``, one line for each file.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from backends.outcome import DeviceError, Failure, ParseError, Sent
from backends.vsphere.stream import HERE, Count, hashed, of_file

_LINE = re.compile(r"(SHA1|SHA256)\(([^()/\\]{1,200})\)= *([0-9a-fA-F]+)", re.ASCII)
_DIGITS = {"SHA1": 40, "SHA256": 64}
LONGEST_TEXT = 8 << 20
"""No manifest and no descriptor is longer, in bytes."""


class Vouched(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a package: ``kind`` of the checksum is SHA1 or SHA256, ``digest`` in lower case. ``size`` in bytes,
    None: not told."""

    name: str
    kind: str
    digest: str
    size: int | None = None


def manifest_text(files: Iterable[Vouched]) -> str:
    """The manifest of these files."""
    return "".join(f"{file.kind}({file.name})= {file.digest}\n" for file in files)


def manifest_files(text: str) -> tuple[Vouched, ...]:
    """What a manifest says. Raises :class:`ParseError` with the line that is none, or that names a file again."""
    found: dict[str, Vouched] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None or len(match[3]) != _DIGITS[match[1]] or match[2] in (".", ".."):
            raise ParseError("SHA256(file name)= 64 hex digits", line[:300])
        if match[2] in found:
            raise ParseError("each file once", line[:300])
        found[match[2]] = Vouched(match[2], match[1], match[3].lower())
    if not found:
        raise ParseError("a manifest that names files", text[:60])
    return tuple(found.values())


def check(folder: Path, files: Iterable[Vouched], count: Count) -> None:
    """Read every file anew and compare it. Raises :class:`DeviceError` that names the first one that is not as it was
    written, and :class:`backends.vsphere.stream.StoppedError`."""
    for file in files:
        found = hashed(folder / file.name, count)
        if file.size is not None and found.size != file.size:
            raise _bad(file, f"{found.size} bytes, {file.size} were written")
        digest = found.sha1 if file.kind == "SHA1" else found.sha256
        if digest != file.digest:
            raise _bad(file, f"its {file.kind} is {digest}, the manifest says {file.digest}")


def _bad(file: Vouched, text: str) -> DeviceError:
    return DeviceError(HERE, "verify", Failure.BAD_ANSWER, Sent.REFUSED, f"{file.name} is damaged: {text}")


def read_text(path: Path) -> str:
    """A descriptor or manifest. Raises :class:`DeviceError`."""
    with of_file("read", path), os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        content = file.read(LONGEST_TEXT + 1)
    try:
        if len(content) > LONGEST_TEXT:
            raise ValueError
        return content.decode()
    except ValueError:
        text = f"{path.name} is damaged: expected a text of UTF-8 and at most {LONGEST_TEXT >> 20} MiB"
        raise DeviceError(HERE, "read", Failure.BAD_ANSWER, Sent.REFUSED, text) from None


def write_text(path: Path, text: str) -> Vouched:
    """A new file with this text, which is on the disk when this returns. Raises :class:`DeviceError`."""
    content = text.encode()
    with of_file("write", path), path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return Vouched(path.name, "SHA256", hashlib.sha256(content).hexdigest(), len(content))


def sync_folder(path: Path) -> None:
    """What was made, renamed or removed in a folder is so after a power loss too. Raises :class:`DeviceError`."""
    with of_file("fsync", path):
        number = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
