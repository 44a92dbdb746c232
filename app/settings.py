"""The configuration file: TOML in, frozen :class:`Settings` out, or every error with file, line and key.

``config.example.toml`` lists every key with its default. Paths that are relative count from the file's folder.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app import paths, values
from app.access_records import Access
from app.auto_settings import auto
from app.backup_settings import backups
from app.config_table import Document, SettingProblem, SettingsError, Table
from app.cost_records import Rates
from app.metrics_settings import metrics
from app.naming_settings import naming
from app.secrets import Reference
from app.settings_login import NO_SECRET, USER, Login, reference, ssh_login
from app.settings_records import (
    CALL_TIMEOUT_S,
    CLI_KEYS,
    CONNECT_TIMEOUT_S,
    CONSOLE_KEYS,
    DEFAULT_CLI_PORT,
    DEFAULT_PORT,
    DEVICE_KEYS,
    INTERVAL_S,
    RTO_S,
    SITE_KEYS,
    TIMEOUT_S,
    CliSettings,
    DeviceSettings,
    Settings,
    ThemeName,
    usual_sessions,
)
from app.toml_lines import key_lines
from screens.clipboard import Way
from store.estate import DeviceKind, Site, SiteRole
from store.place import Place

if TYPE_CHECKING:
    from app.api_records import ApiSettings
    from app.database_records import DatabaseSettings
    from app.host_records import HostSettings
    from app.notify.records import ChannelSettings
    from app.pra_records import Pra
    from app.replication_records import Replication
    from store.alert_records import EscalationStep

__all__ = ["CliSettings", "DeviceSettings", "Settings", "SettingsError", "load"]

INTERVAL = values.duration(1, 86400)
CONNECT_TIMEOUT = values.duration(1, 120)
CALL_TIMEOUT = values.duration(1, 3600)
TIMEOUT = values.duration(5, 7200)


def load(path: Path) -> Settings:
    """Read and check the file at ``path``. Raises :class:`SettingsError` with all its errors."""
    text, content = read_toml(path, "a configuration file here: copy config.example.toml, or try drdeck demo")
    document = Document(path, key_lines(text))
    settings = _settings(document, content)
    if document.problems:
        raise SettingsError(path, document.problems)
    return settings


def read_toml(path: Path, missing: str) -> tuple[str, Mapping[str, object]]:
    """The text of a TOML file and what it holds; ``missing`` is what was expected where there is none. Raises
    :class:`SettingsError` with the line where it cannot be read."""
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise _file_error(path, missing) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _file_error(path, "UTF-8 text", line) from None
    except OSError as error:
        raise _file_error(path, f"a readable file: {error.strerror}") from None
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, text, str(error)) from None
    except RecursionError:
        raise _file_error(path, "TOML that is not nested this deeply") from None


def nothing(path: Path) -> Settings:
    """What holds where there is no configuration at ``path``: no device, and everything where it is by default."""
    folder = path.parent.absolute()
    store = paths.state_dir() / paths.STORE_NAME
    return Settings(path, False, False, store, folder / paths.KNOWN_NAME, sites=(), devices=())


def _file_error(path: Path, expected: str, line: int = 0) -> SettingsError:
    return SettingsError(path, [SettingProblem(line, 0, "", expected, "")])


def _syntax_error(path: Path, text: str, words: str) -> SettingsError:
    """``words`` are those of the parser: ``Invalid value (at line 3, column 8)`` or ``… (at end of document)``."""
    message, _, place = words.rpartition(" (at ")
    numbers = re.findall(r"\d+", place)
    line, column = (int(n) for n in numbers) if len(numbers) == 2 else (len(text.splitlines()), 0)
    hint = ": a text stands in quotes" if message == "Invalid value" else ""
    return SettingsError(path, [SettingProblem(line, column, "", f"valid TOML ({message or words}{hint})", "")])


TABLES: Mapping[str, str] = {
    **{
        name: f"[{name}]"
        for name in (
            *("console", "store", "access", "naming", "pra", "auto", "backups", "plans", "api", "alerts", "cost"),
            "metrics",
        )
    },
    **{
        name: f"[[{name}]]"
        for name in ("sites", "devices", "roles", "databases", "hosts", "replications", "notifications")
    },
}
"""The tables that the file may have, as they are written there."""


def _settings(document: Document, content: Mapping[str, object]) -> Settings:
    for key in content:
        if key not in TABLES:
            expected = f"one of {', '.join(TABLES.values())}"
            document.complain((key,), key[:60], expected, "a key that is not known")
    console = document.table(content.get("console", {}), ("console",), "console")
    console.only(CONSOLE_KEYS)
    folder = document.path.parent.absolute()
    plans = document.table(content.get("plans", {}), ("plans",), "plans")
    plans.only(("directory",))
    place, password = _store(document, content, console, folder)
    sites = _sites(document.tables(content.get("sites", []), ("sites",), "sites"))
    devices = _devices(document.tables(content.get("devices", []), ("devices",), "devices"), sites, folder)
    found = _databases(document, content, devices, folder)
    for key in ("sites", "devices"):
        if content.get(key, []) == []:
            document.complain((), key, f"at least one [[{key}]]", "none")
    notifications = _notifications(document, content, sites, folder)
    return Settings(
        path=document.path,
        read_only=console.get("read_only", values.BOOLEAN, False),
        lab=console.get("lab", values.BOOLEAN, False),
        store=place,
        known_devices=console.get("known_devices", values.path(folder), folder / paths.KNOWN_NAME),
        sites=sites,
        devices=devices,
        theme=console.get("theme", values.one_of(ThemeName), ThemeName.AUTO),
        ascii_only=console.get("ascii", values.BOOLEAN, False),
        slow_link=console.get("slow_link", values.BOOLEAN, False),
        clipboard=console.get("clipboard", values.one_of(Way), Way.AUTO),
        rto_s=console.get("rto", values.duration(1, 30 * 86400), RTO_S),
        pra=_pra(document, content, sites),
        databases=found,
        naming=naming(document, content),
        notifications=notifications,
        escalation=_escalation(document, content, notifications),
        auto=auto(document, content, devices),
        replications=_replications(document, content, devices),
        backups=backups(document, content, folder),
        hosts=_hosts(document, content, {each.name for each in devices} | {each.name for each in found}, folder),
        plans=plans.maybe("directory", values.path(folder)),
        twin=_twin(console),
        access=_access(document, content, sites),
        api=_api(document, content, folder),
        store_password=password,
        cost=_cost(document, content, sites),
        metrics=metrics(document, content, folder),
    )


def _twin(console: Table) -> datetime | None:
    if console.has("twin") and console.values.get("lab") is not True:
        console.complain("twin", "lab = true beside it: the devices of a twin are simulated")
    return console.maybe("twin", values.MOMENT)


# What reads a table that most files do not have is loaded where one has it: the first screen waits for it.


def _store(
    document: Document, content: Mapping[str, object], console: Table, folder: Path
) -> tuple[Place, Reference | None]:
    path = console.get("store", values.path(folder), paths.state_dir() / paths.STORE_NAME)
    if "store" not in content:
        return path, None
    from app.store_settings import store

    return store(document, content, console, folder)


def _access(document: Document, content: Mapping[str, object], sites: tuple[Site, ...]) -> Access:
    if "roles" not in content and "access" not in content:
        return Access()
    from app.access_settings import access

    return access(document, content, [site.name for site in sites])


def _api(document: Document, content: Mapping[str, object], folder: Path) -> ApiSettings | None:
    if "api" not in content:
        return None
    from app.api_settings import api

    return api(document, content, folder)


def _escalation(
    document: Document, content: Mapping[str, object], notifications: tuple[ChannelSettings, ...]
) -> tuple[EscalationStep, ...]:
    if "alerts" not in content:
        return ()
    from app.alert_settings import escalation

    return escalation(document, content, [channel.name for channel in notifications])


def _cost(document: Document, content: Mapping[str, object], sites: tuple[Site, ...]) -> Rates:
    if "cost" not in content:
        return Rates()
    from app.cost_settings import cost

    return cost(document, content, [site.name for site in sites])


def _pra(document: Document, content: Mapping[str, object], sites: tuple[Site, ...]) -> Pra | None:
    if "pra" not in content and len(sites) < 2:  # the roles of two sites say enough
        return None
    from app.pra_settings import pra

    return pra(document, content, sites)


def _databases(
    document: Document, content: Mapping[str, object], devices: tuple[DeviceSettings, ...], folder: Path
) -> tuple[DatabaseSettings, ...]:
    if "databases" not in content:
        return ()
    from app.database_settings import databases

    return databases(document, content, {device.name for device in devices}, folder)


def _hosts(
    document: Document, content: Mapping[str, object], taken: set[str], folder: Path
) -> tuple[HostSettings, ...]:
    if "hosts" not in content:
        return ()
    from app.host_settings import hosts

    return hosts(document, content, taken, folder)


def _notifications(
    document: Document, content: Mapping[str, object], sites: tuple[Site, ...], folder: Path
) -> tuple[ChannelSettings, ...]:
    if "notifications" not in content:
        return ()
    from app.notify.settings import notifications

    return notifications(document, content, {site.name for site in sites}, folder)


def _replications(
    document: Document, content: Mapping[str, object], devices: tuple[DeviceSettings, ...]
) -> tuple[Replication, ...]:
    if "replications" not in content:
        return ()
    from app.replication_settings import replications

    return replications(document, content, devices)


def _sites(tables: list[Table]) -> tuple[Site, ...]:
    sites: dict[str, Site] = {}
    lines: dict[str, int] = {}
    for table in tables:
        table.only(SITE_KEYS)
        site = Site(
            name=table.need("name", values.name("a site's name"), ""),
            role=table.need("role", values.one_of(SiteRole), SiteRole.PROD),
            l2_stretched=table.get("l2_stretched", values.BOOLEAN, False),
        )
        line = table.document.line((*table.where, "name"))
        if site.name in sites:
            table.complain("name", f"another name: line {lines[site.name]} has this one", f'"{site.name}"')
        elif site.name:
            sites[site.name], lines[site.name] = site, line
    return tuple(sites.values())


def _devices(tables: list[Table], sites: tuple[Site, ...], folder: Path) -> tuple[DeviceSettings, ...]:
    found: list[DeviceSettings] = []
    names: dict[str, int] = {}
    addresses: dict[str, str] = {}
    for table in tables:
        device = _device(table, folder)
        if device is None:
            continue
        if device.name in names:
            table.complain("name", f"another name: line {names[device.name]} has this one", f'"{device.name}"')
        elif device.name:
            names[device.name] = table.document.line((*table.where, "name"))
        if device.site and device.site not in {site.name for site in sites}:
            known = ", ".join(f'"{site.name}"' for site in sites) or "one that [[sites]] names"
            table.complain("site", f"a site: {known}", f'"{device.site}"')
        if device.host and addresses.setdefault(device.address, device.name) != device.name:
            expected = f"another address: device {addresses[device.address]} has this one"
            table.complain("host", expected, device.address)
        found.append(device)
    return tuple(found)


def _device(table: Table, folder: Path) -> DeviceSettings | None:
    before = len(table.document.problems)
    kind = table.need("kind", values.one_of(DeviceKind), DeviceKind.HMC)
    if len(table.document.problems) > before:
        return None  # which keys it may have depends on its kind
    table.only(DEVICE_KEYS[kind], elsewhere=_kinds_with(DEVICE_KEYS))
    name = table.need("name", values.name("a device's name"), "")
    host = table.need("host", values.HOST, "")
    login = _login(table, kind, name, folder)
    return DeviceSettings(
        name=name,
        kind=kind,
        site=table.need("site", values.text("the name of its site"), ""),
        host=host,
        port=table.get("port", values.PORT, DEFAULT_PORT[kind]),
        user=login.user,
        password=login.password,
        token=login.token,
        key_file=login.key_file,
        passphrase=login.passphrase,
        ca_file=table.maybe("ca_file", values.path(folder)),
        host_keys=table.each("host_keys", values.HOST_KEY),
        verify=table.get("verify", values.BOOLEAN, True),
        interval_s=table.get("interval", INTERVAL, INTERVAL_S),
        connect_timeout_s=table.get("connect_timeout", CONNECT_TIMEOUT, CONNECT_TIMEOUT_S),
        call_timeout_s=table.get("call_timeout", CALL_TIMEOUT, CALL_TIMEOUT_S),
        timeout_s=table.get("timeout", TIMEOUT, TIMEOUT_S),
        sessions=table.get("sessions", values.whole(1, 16), usual_sessions(kind)),
        cli=_cli(table, name, host, login, folder) if kind is DeviceKind.THREEPAR else None,
    )


def _kinds_with(keys: Mapping[DeviceKind, tuple[str, ...]]) -> dict[str, str]:
    """What to say about a key that only other kinds of device have."""
    every = {key for known in keys.values() for key in known}
    return {key: f"this key only for {' or '.join(kind for kind in DeviceKind if key in keys[kind])}" for key in every}


def _login(table: Table, kind: DeviceKind, name: str, folder: Path) -> Login:
    if kind is DeviceKind.HMC:
        return ssh_login(table, name, folder, None)
    if kind is DeviceKind.FLASHARRAY and not (table.has("user") or table.has("password")):
        return Login(token=table.need("token", reference(f"API token of {name}", folder), NO_SECRET))
    if kind is DeviceKind.FLASHARRAY and table.has("token"):
        table.complain("token", "either token, or user and password", "both")
    user = table.need("user", USER, "")
    return Login(user, table.need("password", reference(f"password of {user} on {name}", folder), NO_SECRET))


def _cli(device: Table, name: str, host: str, login: Login, folder: Path) -> CliSettings:
    label = f"{device.label}.cli"
    table = device.document.table(device.values.get("cli", {}), (*device.where, "cli"), label)
    table.only(CLI_KEYS)
    ssh = ssh_login(table, f"{name} (command line)", folder, login)
    return CliSettings(
        host=table.get("host", values.HOST, host),
        port=table.get("port", values.PORT, DEFAULT_CLI_PORT),
        user=ssh.user or "",
        password=ssh.password,
        key_file=ssh.key_file,
        passphrase=ssh.passphrase,
        host_keys=table.each("host_keys", values.HOST_KEY),
        verify=table.get("verify", values.BOOLEAN, True),
    )
