"""A message to syslog as RFC 5424 writes it: over UDP, over TCP with octet counting (RFC 6587), or to this machine."""

from __future__ import annotations

import os
import socket
from datetime import UTC

from app.notify.failures import SendError, network
from app.notify.message import Message
from app.notify.records import LIMIT_S, ChannelSettings, Syslog, SyslogTransport
from app.notify.settings import FACILITIES
from app.output import printable
from store.notices import Severity

_SEVERITIES = {Severity.INFO: 6, Severity.NOTICE: 5, Severity.WARNING: 4, Severity.MAJOR: 3, Severity.CRITICAL: 2}
_LONGEST_DATAGRAM = 2048
"""Every receiver should take so many octets (RFC 5424, 6.1); more may be cut anywhere, or lost."""


def send(message: Message, channel: ChannelSettings, way: Syslog) -> None:
    """Send the message; syslog says nothing back. Raises :class:`SendError`."""
    content = written(message, way)
    reason = ""
    where = str(way.socket) if way.transport is SyslogTransport.LOCAL else f"{way.host}:{way.port}"
    try:
        match way.transport:
            case SyslogTransport.TCP:
                with socket.create_connection((way.host, way.port), LIMIT_S) as door:
                    door.sendall(f"{len(content)} ".encode() + content)
            case SyslogTransport.UDP:
                family, kind, protocol, _, address = socket.getaddrinfo(way.host, way.port, type=socket.SOCK_DGRAM)[0]
                with socket.socket(family, kind, protocol) as door:
                    door.sendto(_short(content), address)
            case _:
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
                    door.settimeout(LIMIT_S)
                    door.connect(str(way.socket))
                    door.send(_short(content))
        return
    except OSError as error:
        reason = network(error, where)
    raise SendError(reason)


def written(message: Message, way: Syslog) -> bytes:
    """``<PRI>1 TIME HOST drdeck PROCID MSGID - TEXT`` with the kind of the event as MSGID and all of it on one line."""
    priority = FACILITIES[way.facility] * 8 + _SEVERITIES[message.severity]
    host = socket.gethostname().encode("ascii", "replace").decode() or "-"
    time = message.sent_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = " | ".join(" ".join(line.split()) for line in message.text.splitlines() if line)
    head = f"<{priority}>1 {time} {host[:255]} drdeck {os.getpid()} {message.word[:32]} - "
    return head.encode() + b"\xef\xbb\xbf" + printable(f"{message.subject} | {told}").encode()


def _short(content: bytes) -> bytes:
    """What fits into a datagram that everybody takes, with a mark where it was cut."""
    if len(content) <= _LONGEST_DATAGRAM:
        return content
    end = "…".encode()
    return content[: _LONGEST_DATAGRAM - len(end)].decode("utf-8", "ignore").encode() + end
