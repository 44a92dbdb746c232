"""The ready ``config.toml`` of a running lab: every door with its port, pinned host key, CA and a secret in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from backends.lab.database.door import COMMANDS, PROGRAM
from backends.lab.database.state import Database
from backends.lab.lab import Lab
from backends.lab.world import CopiedVm, Device, WatchedVms
from store.estate import DeviceKind

_SECRET_KEY = {
    DeviceKind.HMC: "password",
    DeviceKind.FLASHARRAY: "token",
    DeviceKind.THREEPAR: "password",
    DeviceKind.VSPHERE: "password",
}


def write_config(
    lab: Lab,
    directory: Path,
    interval_s: int,
    *,
    store: str = "console.sqlite",
    console: Sequence[str] = (),
    tables: Sequence[str] = (),
) -> Path:
    """Write ``config.toml`` and its secret files (mode 0600) to ``directory``; returns the path of the former.
    ``console`` are lines of ``[console]``, ``tables`` those of whole tables, besides what the lab itself says. The
    recovery plans of the estate go to ``plans/``, the files of where it stands beside the configuration."""
    lines = [
        "# Written by the lab. The same file with real hosts runs on real devices: see config.example.toml.",
        "[console]",
        "lab = true",
        f"store = {_quoted(directory / store)}",
        *console,
        "",
    ]
    for site in lab.world.sites.values():
        stretched = str(site.l2_stretched).lower()
        lines += ["[[sites]]", f"name = {_quoted(site.name)}", f"role = {_quoted(site.role.value)}"]
        lines += [f"l2_stretched = {stretched}", ""]
    if lab.world.drill is not None:
        vswitch, vlan = lab.world.drill
        lines += ["[pra]", f"drill_vswitch = {_quoted(vswitch)}", f"drill_vlan = {vlan}", ""]
    for device in lab.world.devices.values():
        if isinstance(device.kind, DeviceKind):
            lines += _device(lab, device, device.kind, directory, interval_s)
    for device in lab.world.devices.values():
        if isinstance(device.state, Database):
            lines += _database(lab, device, device.state, directory)
    for copied in lab.world.copied:
        lines += _replication(copied)
    if lab.world.watched is not None:
        lines += _watched(lab, lab.world.watched)
    if lab.world.copied:
        backups = directory / "backups"
        backups.mkdir(mode=0o700, exist_ok=True)
        lines += ["[backups]", f"directory = {_quoted(backups)}", ""]
    lines += lab.world.rates.splitlines()
    lines += tables
    for name, text in lab.world.plans.items():
        folder = directory / "plans"
        folder.mkdir(exist_ok=True, mode=0o700)
        (folder / f"{name}.toml").write_text(text)
    for name, (_, text) in lab.world.infrastructure.items():
        (directory / name).write_text(text)
    path = directory / "config.toml"
    path.touch(mode=0o600)
    path.write_text("\n".join(lines))
    return path


def _login(device: Device, directory: Path) -> tuple[str, str]:
    """The user, and a reference to the secret, which is written."""
    user, secret = next(iter(device.users.items()))
    secret_file = directory / f"{device.name}.secret"
    secret_file.touch(mode=0o600)
    secret_file.write_text(secret)
    return user, _quoted(f"file:{secret_file}")


def _replication(copied: CopiedVm) -> list[str]:
    return ["[[replications]]", *(f"{key} = {_quoted(value)}" for key, value in asdict(copied).items()), ""]


def _watched(lab: Lab, watched: WatchedVms) -> list[str]:
    """The path of its own goes out by another address of loopback than all else does."""

    def at(device: str) -> str:
        return _quoted(f"127.0.0.1:{next(iter(lab.world.devices[device].ports.values()))}")

    texts = {key: getattr(watched, key) for key in ("name", "source", "replica", "link")}
    return [
        "[auto]",
        f"gateway = {at(watched.gateway)}",
        "",
        "[[auto.groups]]",
        *(f"{key} = {_quoted(text)}" for key, text in texts.items()),
        'mode = "automatic"',
        f"vms = [{', '.join(map(_quoted, watched.vms))}]",
        f"path = {at(watched.path)}",
        'path_from = "127.0.0.2"',
        "",
    ]


def _database(lab: Lab, device: Device, state: Database, directory: Path) -> list[str]:
    user, reference = _login(device, directory)
    return [
        "[[databases]]",
        f"name = {_quoted(device.name)}",
        f"groups = [{', '.join(map(_quoted, state.groups))}]",
        'host = "127.0.0.1"',
        f"port = {device.ports['ssh']}",
        f"user = {_quoted(user)}",
        f"password = {reference}",
        f"host_keys = [{_quoted(lab.identities.of(device.name).ssh_public)}]",
        *(f'{command} = "{PROGRAM} {command}"' for command in COMMANDS),
        "",
    ]


def _device(lab: Lab, device: Device, kind: DeviceKind, directory: Path, interval_s: int) -> list[str]:
    user, reference = _login(device, directory)
    key = _SECRET_KEY[kind]
    identity = lab.identities.of(device.name)
    host_keys = f"host_keys = [{_quoted(identity.ssh_public)}]"
    port = device.ports["ssh" if kind is DeviceKind.HMC else "https"]
    lines = [
        "[[devices]]",
        f"name = {_quoted(device.name)}",
        f"kind = {_quoted(kind.value)}",
        f"site = {_quoted(device.site)}",
        'host = "127.0.0.1"',
        f"port = {port}",
        f'interval = "{interval_s}s"',
        f"{key} = {reference}",
    ]
    if key == "password":
        lines.append(f"user = {_quoted(user)}")
    if kind is DeviceKind.HMC:
        lines.append(host_keys)
    else:
        lines.append(f"ca_file = {_quoted(lab.identities.ca_file)}")
    if kind is DeviceKind.THREEPAR:
        lines += [
            "[devices.cli]",
            'host = "127.0.0.1"',
            f"port = {device.ports['ssh']}",
            f"user = {_quoted(user)}",
            f"password = {reference}",
            host_keys,
        ]
    return [*lines, ""]


def _quoted(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
