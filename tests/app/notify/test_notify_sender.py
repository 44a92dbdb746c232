"""Sending what waits: once, after cuts and kills too, and one channel beside another."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.notify.bell import Bell
from app.notify.grouping import FIRST_RETRY_S, GATHER_S, GIVE_UP, NEWS
from app.notify.post import post
from app.notify.records import ChannelKind, ChannelSettings
from app.notify.sender import Sender
from backends.lab.tls import Identities
from store.notices import DeliveryState, EventKind, Severity
from store.outbox import CLAIM_S, Outbox
from tests.app.notify.conftest import SIGNS, TOKEN, MakeHook, MakeMail, Time
from tests.app.notify.samples import FAILOVER, event
from tests.app.notify.servers import WebHook, free_port, mail_server, web_server

MakeSender = Callable[..., Sender]


@pytest.fixture
def sender(outbox: Outbox, clock: Time) -> Iterator[MakeSender]:
    made: list[Sender] = []

    def make(*channels: ChannelSettings, trouble: Callable[[str], object] = lambda text: None) -> Sender:
        made.append(Sender(outbox, channels, "me", trouble, clock=clock))
        return made[-1]

    yield make
    for each in made:
        each.close(20)


@pytest.fixture
def web(believed: Identities) -> Iterator[WebHook]:
    with web_server(believed.of("hook").tls) as running:
        yield running


def settle(sender: Sender) -> None:
    """Begin what is due, and wait for its end."""
    sender.tick()
    while sender.sending:
        time.sleep(0.005)


def test_esx_15_a_failover_is_sent_at_once_and_says_how_it_ended(
    outbox: Outbox, sender: MakeSender, hook: MakeHook, web: WebHook
) -> None:
    made = sender(hook(web.port))
    assert post(outbox, FAILOVER) == 1
    settle(made)
    (got,) = web.posted
    assert (got.json["subject"], got.json["severity"]) == ("[drdeck] NOTICE failover oradb SUCCEEDED", "notice")
    (row,) = outbox.deliveries()
    assert (row.state, row.channel, row.batch) == (DeliveryState.SENT, "ops", got.json["id"])


def test_many_equal_events_make_one_message_and_those_in_the_window_after_it_another(
    outbox: Outbox, sender: MakeSender, hook: MakeHook, web: WebHook, clock: Time
) -> None:
    made = sender(hook(web.port))
    for number in range(12):
        outbox.post([event(f"fa-{number}")])
        settle(made)
    assert web.posted == []
    clock.pass_(GATHER_S)
    settle(made)
    assert [got.json["count"] for got in web.posted] == [12]
    outbox.post([event("late-1"), event("late-2")])
    clock.pass_(299)
    settle(made)
    assert len(web.posted) == 1
    clock.pass_(1)
    settle(made)
    assert [got.json["count"] for got in web.posted] == [12, 2]
    assert {each.state for each in outbox.deliveries()} == {DeliveryState.SENT}


def test_esx_06_the_same_outage_makes_one_notification(
    outbox: Outbox, sender: MakeSender, hook: MakeHook, web: WebHook, clock: Time
) -> None:
    made = sender(hook(web.port))
    for _ in range(100):
        post(outbox, event("outage of vm-1 since 03:00", kind=EventKind.AUTO_FIRED, severity=Severity.CRITICAL))
        settle(made)
        clock.pass_(60)
    assert len(web.posted) == 1


def test_while_the_network_is_down_messages_wait_and_go_out_together_once_it_is_up(
    outbox: Outbox, sender: MakeSender, hook: MakeHook, believed: Identities, clock: Time
) -> None:
    port, told = free_port(), list[str]()
    made = sender(hook(port), trouble=told.append)
    outbox.post([event("fa-1")])
    clock.pass_(GATHER_S)
    settle(made)
    (row,) = outbox.deliveries()
    assert (row.state, row.attempts, row.reason) == (DeliveryState.WAITING, 1, f"127.0.0.1:{port} refuses connections")
    assert row.next_try == clock.now + timedelta(seconds=FIRST_RETRY_S)
    for _ in range(5):
        clock.pass_(FIRST_RETRY_S - 1)
        settle(made)
        clock.pass_(3600)
        settle(made)
    assert outbox.deliveries()[0].attempts == 6  # none of them before its time
    outbox.post([event("fa-2"), replace(FAILOVER, key="later")])
    assert len(told) == 1
    assert f"ops wait, tried again at 2026-03-01T03:00:40Z: 127.0.0.1:{port} refuses connections" in told[0]
    with web_server(believed.of("hook").tls, port) as web:
        settle(made)  # the failover is tried at once, and opens the way for what waited
        clock.pass_(GATHER_S)
        settle(made)
        assert [(got.json["kind"], got.json["count"]) for got in web.posted] == [
            ("failover-done", 1),
            ("device-failing", 2),
        ]
    assert {each.state for each in outbox.deliveries()} == {DeliveryState.SENT}


def test_what_cannot_be_sent_for_days_is_given_up_with_its_reason(
    outbox: Outbox, sender: MakeSender, hook: MakeHook, clock: Time
) -> None:
    made = sender(hook(free_port()))
    outbox.post([event("fa-1")])
    outbox.route(lambda notice: ["ops"])
    clock.pass_(GIVE_UP.total_seconds() + 1)
    settle(made)
    (row,) = outbox.deliveries()
    assert (row.state, row.next_try) == (DeliveryState.GIVEN_UP, None)
    assert row.reason is not None
    assert "refuses connections" in row.reason


def test_what_nobody_looked_at_for_a_day_is_no_news(
    outbox: Outbox, sender: MakeSender, hook: MakeHook, web: WebHook, clock: Time
) -> None:
    outbox.post([event("fa-1")])
    clock.pass_(NEWS.total_seconds() + 1)
    settle(sender(hook(web.port)))
    assert (web.posted, outbox.deliveries(), outbox.unrouted()) == ([], (), ())


def test_a_message_that_waited_says_how_long(
    outbox: Outbox, sender: MakeSender, mail: MakeMail, believed: Identities, clock: Time
) -> None:
    outbox.post([event("fa-1")])
    clock.pass_(2 * 3600)
    with mail_server(believed.of("mail").tls) as box:
        settle(sender(mail(box.port)))
    assert "Sent 2 h after it happened" in box.mails[0].get_content()


def test_a_recipient_that_was_refused_stays_with_what_was_sent(
    outbox: Outbox, sender: MakeSender, mail: MakeMail, believed: Identities
) -> None:
    outbox.post([FAILOVER])
    with mail_server(believed.of("mail").tls) as box:
        box.refuses = {"boss@example.com"}
        settle(sender(mail(box.port)))
    (row,) = outbox.deliveries()
    assert (row.state, row.reason) == (DeliveryState.SENT, "refused: boss@example.com: 550 5.1.1 no such user")


def test_a_channel_that_hangs_holds_up_no_other(
    outbox: Outbox, sender: MakeSender, hook: MakeHook, mail: MakeMail, web: WebHook, believed: Identities
) -> None:
    web.hangs = threading.Event()
    with mail_server(believed.of("mail").tls) as box:
        made = sender(replace(hook(web.port), name="hangs"), mail(box.port))
        outbox.post([FAILOVER])
        made.tick()
        web.arrived.wait(20)
        while not box.mails:
            time.sleep(0.005)
        web.hangs.set()
        while made.sending:
            time.sleep(0.005)
    assert {each.state for each in outbox.deliveries()} == {DeliveryState.SENT}


def test_rules_say_who_is_told_of_what(outbox: Outbox, sender: MakeSender, hook: MakeHook, web: WebHook) -> None:
    all_of_it = hook(web.port, window_s=0)
    lyon = replace(all_of_it, name="lyon", sites=("lyon",))
    grave = replace(all_of_it, name="grave", severity=Severity.CRITICAL)
    failovers = replace(all_of_it, name="failovers", kinds=frozenset({EventKind.FAILOVER_DONE}))
    outbox.post([event("fa-1"), FAILOVER, event("split", kind=EventKind.SPLIT_BRAIN, severity=Severity.CRITICAL)])
    outbox.post([event("quiet", severity=Severity.INFO, target="device:quiet")])
    settle(sender(all_of_it, lyon, grave, failovers))
    told = {(each.notice.event.key, each.channel) for each in outbox.deliveries()}
    assert told == {
        *((key, "ops") for key in ("fa-1", FAILOVER.key, "split")),
        (FAILOVER.key, "lyon"),
        ("split", "grave"),
        (FAILOVER.key, "failovers"),
    }


def test_a_bell_rings_once_for_what_is_new_and_meant_for_it(outbox: Outbox) -> None:
    rung: list[str] = []
    outbox.post([event("before", kind=EventKind.SPLIT_BRAIN, severity=Severity.CRITICAL)])
    grave = ChannelSettings("bell", ChannelKind.BELL, None, severity=Severity.CRITICAL)
    bell = Bell(outbox, [grave], lambda: rung.append("rung"))
    bell.tick()
    outbox.post([event("quiet")])
    bell.tick()
    assert rung == []
    outbox.post([event(key, kind=EventKind.SPLIT_BRAIN, severity=Severity.CRITICAL) for key in ("a", "b")])
    bell.tick()
    bell.tick()
    assert rung == ["rung"]


# --------------------------------------------------------------------------------------------- several, stopped, killed


def processes(outbox: Outbox, believed: Identities, count: int) -> list[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.app.notify.sending_process", str(outbox.path), str(believed.ca_file)]
    return [subprocess.Popen(command, cwd=Path(__file__).parents[3]) for _ in range(count)]


def test_two_programs_on_one_store_send_nothing_twice_and_leave_nothing_out(
    outbox: Outbox, hook: MakeHook, web: WebHook, believed: Identities, clock: Time
) -> None:
    hook(web.port)
    clock.now = datetime.now(tz=clock.now.tzinfo)  # the other programs go by the clock of the machine
    sites = [f"s{number}" for number in range(40)]
    running = processes(outbox, believed, 2)
    for number in range(120):
        outbox.post([event(f"k{number}", kind=EventKind.SNAPSHOT_FAILED, site=sites[number % 40])])
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    told = Counter(each["key"] for got in web.posted for each in got.json["events"])
    assert told == Counter(f"k{number}" for number in range(120))
    assert not any(got.json["may_have_arrived_before"] for got in web.posted)
    assert {each.state for each in outbox.deliveries()} == {DeliveryState.SENT}


def test_what_a_killed_program_was_sending_goes_out_again_as_the_same_message(
    outbox: Outbox, sender: MakeSender, hook: MakeHook, web: WebHook, believed: Identities, clock: Time
) -> None:
    channel = hook(web.port, window_s=0)
    clock.now = datetime.now(tz=clock.now.tzinfo)
    outbox.post([FAILOVER])
    web.hangs = threading.Event()
    (running,) = processes(outbox, believed, 1)
    assert web.arrived.wait(60)
    running.kill()
    running.wait()
    made = sender(channel)
    settle(made)
    assert len(web.posted) == 1  # its claim has not run out yet
    web.hangs.set()
    outbox.post([replace(FAILOVER, key="another")])
    clock.pass_(CLAIM_S + 60)
    settle(made)
    first, again, new = web.posted
    assert again.json["id"] == first.json["id"] == again.headers["x-drdeck-delivery"]
    assert (first.json["may_have_arrived_before"], again.json["may_have_arrived_before"]) == (False, True)
    assert [each["key"] for each in again.json["events"]] == [FAILOVER.key]
    assert [each["key"] for each in new.json["events"]] == ["another"]
    assert {each.state for each in outbox.deliveries()} == {DeliveryState.SENT}


def test_stopping_waits_for_no_answer_and_leaves_what_was_not_begun_to_others(
    outbox: Outbox, sender: MakeSender, hook: MakeHook, web: WebHook
) -> None:
    web.hangs = threading.Event()
    made = sender(hook(web.port))
    outbox.post([FAILOVER, event("b", kind=EventKind.SPLIT_BRAIN)])
    made.tick()
    assert web.arrived.wait(20)
    made.close(0.01)  # returns, though the answer has not come
    web.hangs.set()
    while made.sending:
        time.sleep(0.005)
    second, first = outbox.deliveries()
    assert (first.state, len(web.posted)) == (DeliveryState.SENT, 1)
    assert (second.state, second.attempts, second.claimed) == (DeliveryState.WAITING, 0, None)


def test_a_claim_is_renewed_for_as_long_as_its_message_is_on_its_way(
    outbox: Outbox, sender: MakeSender, hook: MakeHook, web: WebHook, clock: Time
) -> None:
    web.hangs = threading.Event()
    made, other = sender(hook(web.port)), sender(hook(web.port))
    outbox.post([FAILOVER])
    made.tick()
    assert web.arrived.wait(20)
    for _ in range(10):
        clock.pass_(CLAIM_S / 2)
        made.tick()
        other.tick()
    web.hangs.set()
    settle(made)
    assert len(web.posted) == 1


def test_no_secret_is_in_the_store_whatever_becomes_of_a_message(
    outbox: Outbox, sender: MakeSender, hook: MakeHook, mail: MakeMail, web: WebHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    web.status, web.answer = 500, f"{TOKEN} {SIGNS}"
    made = sender(replace(hook(web.port), name="hook"), mail(free_port()), trouble=told.append)
    outbox.post([FAILOVER])
    settle(made)
    assert len(told) == 2
    with closing(Outbox(outbox.path)):
        content = b"".join(path.read_bytes() for path in outbox.path.parent.iterdir() if path.is_file())
    for secret in (TOKEN, SIGNS, os.environ["MAIL_PASSWORD"]):
        assert secret.encode() not in content
        assert secret not in "".join(told)
