"""hpe.conf, the configuration of the 3PAR volume plugin for Docker: text in, a frozen :class:`HpeConf` out, or every
error with file, line and key. No secret leaves this module: of a password only where it stands and how it looks.

The file has a section for each backend, ``DEFAULT`` among them. As in the plugin, a section takes nothing from
``DEFAULT`` but what it lacks from ``backend_defaults``, and a replication target what it lacks from its backend.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from app import values
from app.config_table import SettingsError
from app.hpe_conf_keys import ARRAY, DEVICE, INHERITED
from app.hpe_conf_lines import NOT_SHOWN, Entry, Section, pairs, sections
from app.hpe_conf_records import Array, Backend, HpeConf, Note, Password, Replication
from app.hpe_conf_values import (
    API_URL,
    CPG_MAP,
    MODE,
    PERIOD,
    PORT,
    SAN_IP,
    SECONDS,
    TARGET_NAME,
    USER,
    WITNESS,
    Keys,
    Report,
)
from app.settings import CONNECT_TIMEOUT
from app.settings_records import DEFAULT_CLI_PORT
from app.values import UnexpectedError
from store.estate import RcgMode

SHARED = "backend_defaults"
DEFAULT_LOGIN, DEFAULT_PERIOD_S = "admin", 900  # of the plugin
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def parse(text: str, path: Path) -> HpeConf:
    """Read the text of a file; ``path`` is its name in errors. Raises :class:`SettingsError` with all its errors, and
    nothing else."""
    report = Report(path)
    read = sections(text, report.complain)
    shared = next((_entries(section, report) for section in read if section.name == SHARED), {})
    backends = []
    for section in read:
        entries = _entries(section, report)
        report.leave_out(entries, of_target=False)
        backend = None if section.name == SHARED else _backend(section, {**shared, **entries}, report)
        if backend is not None:
            backends.append(backend)
    if not backends and not report.problems:
        report.complain(0, "", "a [SECTION] with hpe3par_api_url", "none")
    if report.problems:
        raise SettingsError(path, report.problems)
    return HpeConf(tuple(backends), tuple(sorted(set(report.notes))))


def _entries(section: Section, report: Report) -> dict[str, Entry]:
    """The entries by key. Of several with the same key the plugin reads the last; they must say the same."""
    entries: dict[str, Entry] = {}
    for entry in section.entries:
        before = entries.get(entry.key)
        if before is not None and before.text != entry.text and entry.key in ARRAY | {DEVICE}:
            expected = f"one value: line {entry.line} has another, and the plugin reads only that one"
            report.complain(before.line, before.label, expected)
        entries[entry.key] = entry
    return entries


def _backend(section: Section, entries: Mapping[str, Entry], report: Report) -> Backend | None:
    """The backend that a section describes; None where it describes no array, and after a complaint."""
    if not any(entry.key in ARRAY | {DEVICE} for entry in section.entries):
        return None
    before = len(report.problems)
    device = entries.get(DEVICE)
    given = {} if device is None else {pair.key: pair for pair in pairs(device, report.complain)}
    encrypted = any(_looks_encrypted(entry) for entry in (*entries.values(), *given.values()))
    source = Keys(f"{section.label} ", section.line, entries, report)
    array = _array(source, "" if section.name == "DEFAULT" else section.name, encrypted)
    replication = None
    if device is not None:
        report.leave_out(given, of_target=True)
        inherited = {key: entry for key, entry in entries.items() if key in INHERITED}
        target = Keys(f"{device.label}.", device.line, {**inherited, **given}, report)
        replication = _replication(target, encrypted)
        if array.host and replication.target.door == array.door:
            target.complain("hpe3par_api_url", "another array than that of the section", "the same")
    return None if len(report.problems) > before else Backend(section.label, array, replication)


# ---------------------------------------------------------------------------------------------------- one array


def _array(keys: Keys, called: str, encrypted: bool) -> Array:
    host, port = keys.need("hpe3par_api_url", API_URL, ("", 0))
    user = keys.need("hpe3par_username", USER, "")
    cli_user = keys.get("san_login", USER, DEFAULT_LOGIN)
    key_file, one_password = _cli_login(keys, user == cli_user)
    return Array(
        where=keys.where,
        line=keys.entries["hpe3par_api_url"].line if keys.has("hpe3par_api_url") else keys.line,
        called=called,
        host=host,
        port=port,
        user=user,
        cli_host=keys.get("san_ip", SAN_IP, host),
        cli_port=keys.get("san_ssh_port", PORT, DEFAULT_CLI_PORT),
        cli_user=cli_user,
        key_file=key_file,
        one_password=one_password,
        connect_timeout_s=_connect_timeout(keys),
        passwords=tuple(
            Password(entry.line, entry.key, entry.label, encrypted)
            for entry in (keys.entries[key] for key in ("hpe3par_password", "san_password") if keys.has(key))
        ),
        given=tuple((key, keys.entries[key].line) for key in sorted(ARRAY) if keys.stands(key)),
        assumed=tuple(key for key in ("san_ip", "san_login") if not keys.has(key)),
    )


def _cli_login(keys: Keys, one_user: bool) -> tuple[Path | None, bool]:
    """The key file of the command line, if the plugin would use it, and whether WSAPI and command line have the same
    password."""
    for key in ("hpe3par_password", "san_password"):
        if keys.has(key) and len(keys.entries[key].parts) > 1:
            keys.complain(key, "a password on one line", NOT_SHOWN)
    key_file = keys.get("san_private_key", values.path(keys.report.folder), None)
    if not keys.has("san_password"):
        return key_file, key_file is None and one_user
    if key_file is not None:
        reason = "the plugin uses san_password where it has both; or write key_file into [devices.cli] yourself"
        keys.note("san_private_key", f"not imported: {reason}")
    same = keys.has("hpe3par_password") and keys.entries["hpe3par_password"].text == keys.entries["san_password"].text
    return None, one_user and same


def _connect_timeout(keys: Keys) -> float | None:
    seconds = keys.get("ssh_conn_timeout", SECONDS, None)
    if seconds is None:
        return None
    try:
        return CONNECT_TIMEOUT.convert(seconds)
    except UnexpectedError:
        keys.note("ssh_conn_timeout", f"not imported: {seconds} s; drdeck takes {CONNECT_TIMEOUT.expected}")
        return None


def _looks_encrypted(entry: Entry) -> bool:
    """Whether a secret has the form that the plugin's encryption prints: base64 of bytes as many as the password has.
    A password may look so by chance, so this only changes what is said."""
    text = entry.text
    if not (entry.secret and entry.key in INHERITED) or len(text) % 4 or not _BASE64.fullmatch(text):
        return False
    mixed = len(text) >= 12 and all(re.search(kind, text) for kind in ("[A-Z]", "[a-z]", "[0-9]"))
    return mixed or any(char in "=+/" for char in text)


# -------------------------------------------------------------------------------------------- replication_device


def _replication(keys: Keys, encrypted: bool) -> Replication:
    called = keys.need("backend_id", TARGET_NAME, "")
    target = _array(keys, called, encrypted)
    mode = keys.need("replication_mode", MODE, None)
    witness = keys.get("quorum_witness_ip", WITNESS, None)
    if witness is not None and mode not in (RcgMode.SYNC, None):
        expected = "replication_mode:synchronous beside it, for a quorum witness means Peer Persistence"
        keys.complain("quorum_witness_ip", expected, keys.entries["replication_mode"].text)
    return Replication(
        line=keys.line,
        target=target,
        mode=mode or RcgMode.PERIODIC,
        period_s=_period(keys, mode),
        cpgs=keys.need("cpg_map", CPG_MAP, ()),
        snap_cpgs=keys.get("snap_cpg_map", CPG_MAP, ()),
        witness=witness,
    )


def _period(keys: Keys, mode: RcgMode | None) -> int | None:
    period = keys.get("sync_period", PERIOD, None)
    if period is not None and mode is RcgMode.SYNC:
        keys.complain("sync_period", "no period with replication_mode:synchronous", str(period))
    if mode in (RcgMode.PERIODIC, RcgMode.ASYNC) and not keys.has("sync_period"):
        keys.report.notes.append(
            Note(keys.line, f"{keys.where}sync_period", f"assumed, for it is not there: {DEFAULT_PERIOD_S} seconds")
        )
        return DEFAULT_PERIOD_S
    return period
