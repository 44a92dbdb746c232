"""``[[notifications]]`` of the configuration, checked."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from app import values
from app.config_table import Document, Table
from app.notify.records import (
    CHANNEL_KEYS,
    LOCAL_SOCKET,
    MAIL_PORT,
    SYSLOG_PORT,
    WINDOW_S,
    ChannelKind,
    ChannelSettings,
    Mail,
    MailSecurity,
    Syslog,
    SyslogTransport,
    Webhook,
)
from app.secrets import Reference, Source
from app.settings_login import NO_SECRET, USER, reference
from app.values import Check, UnexpectedError
from store.notices import EventKind, Severity

FACILITIES: Mapping[str, int] = {"user": 1, "daemon": 3, **{f"local{number}": 16 + number for number in range(8)}}
"""The facilities that a program may use (RFC 5424, 6.2.1)."""

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_WINDOW = values.duration(0, 86400)
_NOBODY = "another reference than prompt: messages are sent while nobody is there to type"


def notifications(
    document: Document, content: Mapping[str, object], sites: Collection[str], folder: Path
) -> tuple[ChannelSettings, ...]:
    """What the file says; ``sites`` are the names that it gives."""
    found: dict[str, ChannelSettings] = {}
    lines: dict[str, int] = {}
    for table in document.tables(content.get("notifications", []), ("notifications",), "notifications"):
        made = _channel(table, sites, folder)
        if made is None:
            continue
        if made.name in found:
            table.complain("name", f"another name: line {lines[made.name]} has this one", f'"{made.name}"')
        elif made.name:
            found[made.name], lines[made.name] = made, document.line((*table.where, "name"))
    return tuple(found.values())


def _channel(table: Table, sites: Collection[str], folder: Path) -> ChannelSettings | None:
    before = len(table.document.problems)
    kind = table.need("kind", values.one_of(ChannelKind), ChannelKind.BELL)
    if len(table.document.problems) > before:
        return None  # which keys it may have depends on its kind
    table.only(CHANNEL_KEYS[kind], elsewhere=_kinds_with())
    name = table.need("name", values.name("a channel's name"), "")
    return ChannelSettings(
        name=name,
        kind=kind,
        way=_way(table, kind, name, folder),
        kinds=_kinds(table),
        severity=table.get("severity", values.one_of(Severity), Severity.NOTICE),
        sites=table.each("sites", _site(sites)),
        window_s=table.get("window", _WINDOW, WINDOW_S),
        verify=table.get("verify", values.BOOLEAN, True),
        ca_file=table.maybe("ca_file", values.path(folder)),
    )


def _kinds_with() -> dict[str, str]:
    """What to say about a key that only other kinds of channel have."""
    every = {key for known in CHANNEL_KEYS.values() for key in known}
    return {
        key: f"this key only for {' or '.join(kind for kind in ChannelKind if key in CHANNEL_KEYS[kind])}"
        for key in every
    }


def _way(table: Table, kind: ChannelKind, name: str, folder: Path) -> Mail | Webhook | Syslog | None:
    match kind:
        case ChannelKind.EMAIL:
            return _mail(table, name, folder)
        case ChannelKind.SYSLOG:
            return _syslog(table, folder)
        case ChannelKind.BELL:
            return None
        case ChannelKind.WEBHOOK:
            secret = table.need("secret", _secret(f"signing secret of {name}", folder), NO_SECRET)
            return Webhook(table.need("url", _secret(f"address of {name}", folder), NO_SECRET), secret)
        case _:
            return Webhook(table.need("url", _secret(f"address of {name}", folder), NO_SECRET))


def _mail(table: Table, name: str, folder: Path) -> Mail:
    host = table.need("host", values.HOST, "")
    security = table.get("security", values.one_of(MailSecurity), MailSecurity.STARTTLS)
    if security is MailSecurity.PLAIN and host and not _is_loopback(host):
        table.complain("security", '"starttls" or "tls": "plain" only for a server on this machine', '"plain"')
    user = table.maybe("user", USER)
    password = table.maybe("password", _secret(f"password of {user} on {name}", folder))
    if table.has("user") != table.has("password"):
        given, lacking = ("user", "password") if table.has("user") else ("password", "user")
        table.complain(given, f"user and password, or neither: {lacking} is not there", f"{given} alone")
    if table.values.get("to", []) == []:
        table.complain("to", f"a list of recipients, each item {_MAILBOX.expected}", "none")
    return Mail(
        host=host,
        port=table.get("port", values.PORT, MAIL_PORT[security]),
        security=security,
        sender=table.need("from", _MAILBOX, ""),
        recipients=tuple(dict.fromkeys(table.each("to", _MAILBOX))),
        user=user,
        password=password,
    )


def _syslog(table: Table, folder: Path) -> Syslog:
    transport = table.get("transport", values.one_of(SyslogTransport), SyslogTransport.LOCAL)
    remote = transport is not SyslogTransport.LOCAL
    for key in ("host", "port") if not remote else ("socket",):
        if table.has(key):
            only = '"udp" or "tcp"' if not remote else '"local"'
            table.complain(key, f"this key only where transport is {only}", "it")
    return Syslog(
        transport=transport,
        facility=table.get("facility", _FACILITY, "daemon"),
        host=table.need("host", values.HOST, "") if remote else "",
        port=table.get("port", values.PORT, SYSLOG_PORT),
        socket=table.get("socket", values.path(folder), LOCAL_SOCKET),
    )


def _kinds(table: Table) -> frozenset[EventKind]:
    if not table.has("events"):
        return frozenset(EventKind)
    patterns = table.each("events", _EVENTS)
    if table.values["events"] == []:
        table.complain("events", "at least one kind of event; without the key: all", "none")
    return frozenset(kind for kind in EventKind if any(fnmatchcase(kind, pattern) for pattern in patterns))


def _events(value: object) -> str:
    if not isinstance(value, str) or not any(fnmatchcase(kind, value) for kind in EventKind):
        raise UnexpectedError
    return value


def _facility(value: object) -> str:
    if not isinstance(value, str) or value not in FACILITIES:
        raise UnexpectedError
    return value


def _mailbox(value: object) -> str:
    if not isinstance(value, str) or len(value) > 254 or not _ADDRESS.fullmatch(value):
        raise UnexpectedError
    return value


def _site(sites: Collection[str]) -> Check[str]:
    def convert(value: object) -> str:
        if not isinstance(value, str) or value not in sites:
            raise UnexpectedError
        return value

    return Check(f"one of the sites {', '.join(sorted(sites)) or '(there are none)'}", convert)


def _secret(asked_for: str, folder: Path) -> Check[Reference]:
    checked = reference(asked_for, folder)

    def convert(value: object) -> Reference:
        found = checked.convert(value)
        if found.source is Source.PROMPT:
            raise UnexpectedError(_NOBODY)
        return found

    return Check(
        checked.expected.replace(", command:PROGRAM ARGUMENTS or prompt", " or command:PROGRAM ARGUMENTS"),
        convert,
        hidden=True,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", "localhost.")


_EVENTS = Check(f'a kind of event, or a pattern such as "failover-*"; there are {", ".join(EventKind)}', _events)
_FACILITY = Check(" or ".join(f'"{name}"' for name in FACILITIES), _facility)
_MAILBOX = Check('an e-mail address such as "ops@example.com"', _mailbox)
