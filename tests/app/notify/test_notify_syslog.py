"""Messages to syslog, over each transport."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from app.notify.deliver import deliver
from app.notify.failures import SendError
from app.notify.records import ChannelKind, ChannelSettings, Syslog, SyslogTransport
from store.notices import Severity
from tests.app.notify.samples import event, message, notice
from tests.app.notify.servers import datagrams, free_port, syslog_tcp

HEAD = re.compile(
    rb"<(\d+)>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([!-~]{1,255}) (drdeck) (\d+) ([!-~]{1,32}) - "
    rb"\xef\xbb\xbf(.*)",
    re.DOTALL,
)
"""``HEADER SP STRUCTURED-DATA SP MSG`` of RFC 5424, section 6, as drdeck fills it."""


def channel(way: Syslog) -> ChannelSettings:
    return ChannelSettings("log", ChannelKind.SYSLOG, way)


def test_a_message_over_tcp_is_counted_in_octets(tmp_path: Path) -> None:
    with syslog_tcp() as (port, got):
        deliver(message(), channel(Syslog(SyslogTransport.TCP, "local3", "127.0.0.1", port)))
        while not got:
            time.sleep(0.01)
    count, _, content = got[0].partition(b" ")
    assert int(count) == len(content)
    found = HEAD.fullmatch(content)
    assert found is not None
    assert found[1] == str(19 * 8 + 4).encode()
    assert (found[2], found[6]) == (b"2026-03-01T03:00:20.000Z", b"device-failing")
    assert "[drdeck] WARNING paris: k1 cannot be read | What happened: k1" in found[7].decode()
    assert b"\n" not in content


@pytest.mark.parametrize(
    ("severity", "number"),
    [(Severity.INFO, 6), (Severity.NOTICE, 5), (Severity.WARNING, 4), (Severity.CRITICAL, 2)],
)
def test_a_message_over_udp_is_one_datagram_whose_priority_says_how_grave_it_is(
    severity: Severity, number: int
) -> None:
    with datagrams() as (port, door):
        of = notice(of=event(severity=severity))
        deliver(message(of), channel(Syslog(SyslogTransport.UDP, "daemon", "127.0.0.1", port)))
        content = door.recv(65536)
    found = HEAD.fullmatch(content)
    assert found is not None
    assert found[1] == str(3 * 8 + number).encode()


def test_a_message_to_this_machine_goes_to_the_socket_and_is_cut_with_a_mark_where_it_is_too_long(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log"
    with datagrams(path) as (_, door):
        of = notice(of=event(what="é" * 4000))
        deliver(message(of), channel(Syslog(SyslogTransport.LOCAL, "user", socket=path)))
        content = door.recv(65536)
    assert len(content) <= 2048
    assert content.decode().endswith("é…")


def test_nobody_there_is_told_as_that(tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(SendError, match=f"127.0.0.1:{port} refuses connections"):
        deliver(message(), channel(Syslog(SyslogTransport.TCP, "user", "127.0.0.1", port)))
    with pytest.raises(SendError, match="gone cannot be reached: No such file or directory"):
        deliver(message(), channel(Syslog(SyslogTransport.LOCAL, "user", socket=tmp_path / "gone")))
