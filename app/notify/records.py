"""What the configuration says of how operators are told: ``[[notifications]]``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from app.secrets import Reference
from store.notices import Event, EventKind, Severity

WINDOW_S, LIMIT_S = 300.0, 30.0
LOCAL_SOCKET = Path("/dev/log")


class ChannelKind(StrEnum):
    """The ways to tell somebody. Slack and Teams are webhooks whose body has their shape."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    SLACK = "slack"
    TEAMS = "teams"
    SYSLOG = "syslog"
    BELL = "bell"


class MailSecurity(StrEnum):
    """How a mail server is spoken to. ``PLAIN`` is for one on this machine."""

    STARTTLS = "starttls"
    TLS = "tls"
    PLAIN = "plain"


class SyslogTransport(StrEnum):
    """How a syslog message goes out. ``LOCAL`` is the socket of this machine's own syslog."""

    LOCAL = "local"
    UDP = "udp"
    TCP = "tcp"


MAIL_PORT = {MailSecurity.STARTTLS: 587, MailSecurity.TLS: 465, MailSecurity.PLAIN: 25}
SYSLOG_PORT = 514

_RULES = ("name", "kind", "events", "severity", "sites")
_SENDING = (*_RULES, "window")
_TLS = ("verify", "ca_file")
CHANNEL_KEYS: Mapping[ChannelKind, tuple[str, ...]] = {
    ChannelKind.EMAIL: (*_SENDING, "host", "port", "security", "user", "password", "from", "to", *_TLS),
    ChannelKind.WEBHOOK: (*_SENDING, "url", "secret", *_TLS),
    ChannelKind.SLACK: (*_SENDING, "url", *_TLS),
    ChannelKind.TEAMS: (*_SENDING, "url", *_TLS),
    ChannelKind.SYSLOG: (*_SENDING, "transport", "host", "port", "socket", "facility"),
    ChannelKind.BELL: _RULES,
}


class Mail(Struct, frozen=True):
    """A mail server and who writes to whom."""

    host: str
    port: int
    security: MailSecurity
    sender: str
    recipients: tuple[str, ...]
    user: str | None = None
    password: Reference | None = None


class Webhook(Struct, frozen=True):
    """``url`` is a secret: whoever has it may write there. ``secret`` signs; only Slack and Teams have none."""

    url: Reference
    secret: Reference | None = None


class Syslog(Struct, frozen=True):
    """``host`` and ``port`` of a collector, or ``socket``, where the transport is local."""

    transport: SyslogTransport
    facility: str
    host: str = ""
    port: int = SYSLOG_PORT
    socket: Path = LOCAL_SOCKET


class ChannelSettings(Struct, frozen=True):
    """One channel: by ``way`` (None: the terminal's bell), for ``kinds`` at least as grave as ``severity`` at ``sites``
    (empty: everywhere). ``window_s`` is how long, after a message, further events of the same kind, severity and site
    are gathered for the next one, in seconds."""

    name: str
    kind: ChannelKind
    way: Mail | Webhook | Syslog | None
    kinds: frozenset[EventKind] = frozenset(EventKind)
    severity: Severity = Severity.NOTICE
    sites: tuple[str, ...] = ()
    window_s: float = WINDOW_S
    verify: bool = True
    ca_file: Path | None = None

    def takes(self, event: Event) -> bool:
        """Whether an event is for this channel: it names it, or else it is of what the channel is for. What belongs to
        no site in particular is for every site."""
        if event.channel:
            return event.channel == self.name
        here = not self.sites or not event.site or event.site in self.sites
        return here and event.kind in self.kinds and event.severity.reaches(self.severity)

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every secret that the channel needs."""
        match self.way:
            case Mail():
                found = [self.way.password]
            case Webhook():
                found = [self.way.url, self.way.secret]
            case _:
                found = []
        return tuple(reference for reference in found if reference is not None)

    @property
    def where(self) -> str:
        """Where it leads, in words that are no secret."""
        match self.way:
            case Mail(host, port, security, _, recipients):
                return f"{', '.join(recipients)} by {host}:{port} ({security})"
            case Webhook(url, secret):
                signed = "" if secret is None else ", signed"
                return f"the address in {url}{signed}"
            case Syslog(SyslogTransport.LOCAL):
                return f"{self.way.socket}"
            case Syslog():
                return f"{self.way.host}:{self.way.port} ({self.way.transport})"
            case _:
                return "every console's terminal"
