"""Writing a configuration: records in, TOML text out, and that text into a file that was not there before."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from app.config_table import SettingsError
from app.secrets import Reference, Source
from app.settings import load
from app.settings_records import (
    CALL_TIMEOUT_S,
    CONNECT_TIMEOUT_S,
    DEFAULT_CLI_PORT,
    DEFAULT_PORT,
    INTERVAL_S,
    TIMEOUT_S,
    CliSettings,
    DeviceSettings,
    usual_sessions,
)
from store.estate import DeviceKind, Site

# No line is wider than 79 characters: the first run shows them on a terminal of 80.
_HEADER = """\
# The configuration of drdeck. config.example.toml lists every key there is,
# with its default.
#
# Secrets are never written here. Every password, token and passphrase is a
# reference to where it is: env:NAME, file:/path, keyring:service/user,
# command:PROGRAM ARGUMENTS, or prompt.
#
# Paths: ~ is your home folder; relative ones count from the folder of this
# file.
"""

_ABOUT = {
    DeviceKind.HMC: "# IBM HMC, command line over SSH. The user needs the role hmcviewer.",
    DeviceKind.FLASHARRAY: "# Pure FlashArray, REST 2.26 or later. A token of a read-only user is enough.",
    DeviceKind.THREEPAR: "# HPE 3PAR, Primera or Alletra: WSAPI, and SSH. The user needs the role browse.",
    DeviceKind.VSPHERE: "# VMware vCenter Server, or an ESXi host. The user needs the role Read-only.",
}

_SHORT = {'"': '\\"', "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


class ConfigWriteError(Exception):
    """The configuration could not be written; the text says why and what to do. Nothing was changed."""


def config_text(sites: Iterable[Site], devices: Iterable[DeviceSettings]) -> str:
    """A configuration of these sites and devices: :func:`app.settings.load` reads the same records back. Keys that have
    their default value are left out; the port is told in a comment."""
    blocks = [_HEADER]
    blocks += ["\n".join(_site(site)) + "\n" for site in sites]
    blocks += ["\n".join(_device(device)) + "\n" for device in devices]
    return "\n".join(blocks)


def write_new(path: Path, sites: Sequence[Site], devices: Sequence[DeviceSettings]) -> None:
    """Write the configuration to a file that does not exist yet, in one step, mode 0600; its folder is made with mode
    0700. The text is loaded once before it gets its name. Raises :class:`ConfigWriteError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(config_text(sites, devices))
                file.flush()
                os.fsync(file.fileno())
            _read_back(temporary, sites, devices)
            _name(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigWriteError(
            f"{path} could not be written: {error.strerror or type(error).__name__}. Put that right (is its folder "
            "writable for you, is there room?) and write again"
        ) from None


def _name(temporary: Path, path: Path) -> None:
    """Give the file its name. A link, because unlike a rename it refuses where the name is taken."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise ConfigWriteError(
            f"{path} exists by now and was left as it is. Look at it: if it is what you want, leave here and run "
            "drdeck; if not, move it away and write again"
        ) from None


def _read_back(temporary: Path, sites: Sequence[Site], devices: Sequence[DeviceSettings]) -> None:
    try:
        settings = load(temporary)
    except SettingsError as error:
        wrong = "; ".join(f"{problem.key}: expected {problem.expected}" for problem in error.problems)
        raise ConfigWriteError(f"Nothing was written: drdeck could not read it back ({wrong}). Correct that") from None
    if settings.sites != tuple(sites) or settings.devices != tuple(devices):
        raise ConfigWriteError("Nothing was written: it would read back differently, which is a defect of drdeck")


def quoted(text: str) -> str:
    """A TOML text; whatever a terminal or an editor would not show stands as an escape."""
    return '"' + "".join(_SHORT.get(char) or (char if char.isprintable() else _escape(char)) for char in text) + '"'


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _site(site: Site) -> list[str]:
    lines = ["[[sites]]", f"name = {quoted(site.name)}", f"role = {quoted(site.role)}"]
    if site.l2_stretched:
        lines.append("l2_stretched = true        # one layer-2 network spans it and its partner")
    return lines


def _device(device: DeviceSettings) -> list[str]:
    lines = [
        _ABOUT[device.kind],
        "[[devices]]",
        f"name = {quoted(device.name)}",
        f"kind = {quoted(device.kind)}",
        f"site = {quoted(device.site)}",
        f"host = {quoted(device.host)}",
        _port(device.port, DEFAULT_PORT[device.kind]),
    ]
    if device.user is not None:
        lines.append(f"user = {quoted(device.user)}")
    lines += _secret("password", device.password) + _secret("token", device.token)
    lines += _path("key_file", device.key_file) + _secret("passphrase", device.passphrase)
    lines += _path("ca_file", device.ca_file) + _identity(device.host_keys, device.verify)
    for key, seconds, default in (
        ("interval", device.interval_s, INTERVAL_S),
        ("connect_timeout", device.connect_timeout_s, CONNECT_TIMEOUT_S),
        ("call_timeout", device.call_timeout_s, CALL_TIMEOUT_S),
        ("timeout", device.timeout_s, TIMEOUT_S),
    ):
        if seconds != default:
            lines.append(f"{key} = {float(seconds)!r}")
    if device.sessions != usual_sessions(device.kind):
        lines.append(f"sessions = {device.sessions}")
    return lines + (_cli(device, device.cli) if device.cli is not None else [])


def _cli(device: DeviceSettings, cli: CliSettings) -> list[str]:
    """The command line of a 3PAR; nothing where all of it is as :func:`app.settings.load` supposes."""
    lines = [f"host = {quoted(cli.host)}"] if cli.host != device.host else []
    if cli.port != DEFAULT_CLI_PORT:
        lines.append(_port(cli.port, DEFAULT_CLI_PORT))
    if cli.user != device.user:
        lines.append(f"user = {quoted(cli.user)}")
    if cli.password != device.password:
        lines += _secret("password", cli.password)
    lines += _path("key_file", cli.key_file) + _secret("passphrase", cli.passphrase)
    lines += _identity(cli.host_keys, cli.verify)
    return ["[devices.cli]              # the SSH command line of the device above", *lines] if lines else []


def _port(port: int, default: int) -> str:
    return f"# port = {default}" if port == default else f"port = {port}"


def _secret(key: str, reference: Reference | None) -> list[str]:
    if reference is None:
        return []
    prompt = reference.source is Source.PROMPT
    return [f"{key} = {quoted('prompt' if prompt else f'{reference.source}:{reference.target}')}"]


def _path(key: str, path: Path | None) -> list[str]:
    return [] if path is None else [f"{key} = {quoted(str(path))}"]


def _identity(host_keys: Sequence[str], verify: bool) -> list[str]:
    lines = [f"host_keys = [{', '.join(quoted(key) for key in host_keys)}]"] if host_keys else []
    return lines if verify else [*lines, "verify = false             # anybody may answer in its place"]
