"""The JSON file of the FlashArray snapshot script that ``drdeck pgsnap`` takes over.

Keys: ``src_flash_array_host``, ``src_flash_array_api_token``, ``tgt_flash_array_host``, ``tgt_flash_array_api_token``,
``source_protection_group``, ``target_protection_group``, ``excluded_volumes`` (ids, or objects with a ``volume_id``)
and ``replicate``. Where it has no host or no token, FA_HOST, API_TOKEN, FA_HOST_TGT and API_TOKEN_TGT are used.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app import secrets, values
from app.operator_text import SpoiltTextError, decoded
from app.secrets import Reference, Source
from app.settings_records import DeviceSettings, Settings
from backends.endpoint import Secret
from store.estate import DeviceKind

_TEXTS = (
    "src_flash_array_host",
    "src_flash_array_api_token",
    "tgt_flash_array_host",
    "tgt_flash_array_api_token",
    "source_protection_group",
    "target_protection_group",
)


class FileError(ValueError):
    """The file cannot be used. The text names the file and the key, and what was expected; never a token."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the file says; empty texts are what it does not. ``unused`` are keys that nothing is done with; ``open``:
    others may read the file although it holds a token."""

    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    excluded: tuple[str, ...] = ()
    replicate: bool = False
    unused: tuple[str, ...] = ()
    open: bool = False

    def text(self, key: str) -> str | None:
        return self.texts.get(key) or None


def read(path: Path) -> Given:
    """Read the file. Raises :class:`FileError`."""
    try:
        content = json.loads(decoded(path.read_bytes()).text)
        mode = path.stat().st_mode
    except OSError as error:
        raise FileError(f"{path}: expected a readable JSON file: {error.strerror}") from None
    except SpoiltTextError as error:
        raise FileError(f"{path}, line {error.line}: expected {error.expected}") from None
    except json.JSONDecodeError as error:
        raise FileError(f"{path}, line {error.lineno}: expected JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        raise FileError(f"{path}: expected JSON without numbers and nesting beyond measure") from None
    if not isinstance(content, dict):
        raise FileError(f"{path}: expected an object of keys and values")
    texts = {}
    for key in _TEXTS:
        value = content.get(key, "")
        if not isinstance(value, str):
            raise FileError(f"{path}: {key}: expected a text")
        texts[key] = value.strip()
    known = {*_TEXTS, "excluded_volumes", "replicate"}
    unused = tuple(sorted(key for key in content if key not in known and not key.startswith("_")))
    secret = any(texts[key] for key in _TEXTS if key.endswith("token"))
    shared = secret and bool(mode & (stat.S_IRWXG | stat.S_IRWXO))
    return Given(texts, _excluded(path, content), _replicate(path, content), unused, shared)


def _excluded(path: Path, content: Mapping[str, object]) -> tuple[str, ...]:
    rows = content.get("excluded_volumes", [])
    if not isinstance(rows, list):
        raise FileError(f"{path}: excluded_volumes: expected a list")
    found = []
    for number, row in enumerate(rows, start=1):
        value = row.get("volume_id") if isinstance(row, dict) else row
        if not isinstance(value, str) or not value.strip():
            raise FileError(f'{path}: excluded_volumes, entry {number}: expected an id, or {{"volume_id": id}}')
        found.append(value.strip())
    return tuple(found)


def _replicate(path: Path, content: Mapping[str, object]) -> bool:
    value = content.get("replicate", False)
    words = {"true": True, "false": False, "": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    if not isinstance(value, bool):
        raise FileError(f"{path}: replicate: expected true or false")
    return value


def device(settings: Settings, given: Given, which: str, *, verify: bool) -> DeviceSettings | None:
    """The array that the file or the environment names as ``src`` or ``tgt``: the configured one at that address, else
    a device of its own for this command. None: neither names one. Raises :class:`FileError`."""
    host_variable, token_variable = {"src": ("FA_HOST", "API_TOKEN"), "tgt": ("FA_HOST_TGT", "API_TOKEN_TGT")}[which]
    host = given.text(f"{which}_flash_array_host") or os.environ.get(host_variable, "").strip()
    if not host:
        return None
    name, number = _address(which, host)
    for known in settings.devices:
        if known.kind is DeviceKind.FLASHARRAY and (known.host, known.port) == (name, number):
            return known
    reference = _token(given.text(f"{which}_flash_array_api_token"), host, token_variable)
    # A device may be configured under this name with another address: it is not this one.
    own = f"{name}:{number}" if any(known.name == host for known in settings.devices) else host
    return DeviceSettings(own, DeviceKind.FLASHARRAY, "", name, number, token=reference, verify=verify)


def _address(which: str, text: str) -> tuple[str, int]:
    """Host and port of ``host``, ``host:port``, an IPv6 address, or ``[address]:port``."""
    host, colon, port = text.partition(":") if text.count(":") == 1 else (text, "", "")
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        host, colon, port = host if closed else "", rest[:1], rest[1:]
    try:
        name = values.HOST.convert(host)
        number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else None
    except values.UnexpectedError:
        name, number = "", None
    if not colon and name:
        return name, 443
    if colon != ":" or number is None or not 0 < number < 65536:
        raise FileError(f"{which}_flash_array_host {text}: expected a host, or HOST:PORT") from None
    return name, number


def _token(text: str | None, host: str, variable: str) -> Reference:
    if text is not None:
        return secrets.keep(f"API token of {host}", Secret(text))
    if not os.environ.get(variable):
        raise FileError(f"no API token for {host}: neither the file nor {variable} has one")
    return Reference(Source.ENV, variable)
