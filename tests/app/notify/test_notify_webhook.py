"""Messages by webhook, to a real server over HTTPS."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
import traceback

import pytest
from msgspec.structs import replace

from app.notify import send_webhook, signing
from app.notify.bodies import body
from app.notify.deliver import deliver
from app.notify.failures import SendError
from app.notify.records import ChannelKind
from backends.endpoint import Secret
from backends.lab.tls import Identities
from store.notices import Severity
from tests.app.notify.conftest import SIGNS, TOKEN, MakeHook
from tests.app.notify.samples import AT, FAILOVER, event, message, notice
from tests.app.notify.servers import free_port, web_server


def test_a_message_is_posted_with_a_signature_over_its_time_and_body(hook: MakeHook, believed: Identities) -> None:
    with web_server(believed.of("hook").tls) as web:
        deliver(message(), hook(web.port))
    (got,) = web.posted
    assert got.path == f"/hooks/{TOKEN}?key={TOKEN}"
    signed = f"{got.headers['x-drdeck-timestamp']}.".encode() + got.body
    wanted = hmac.new(SIGNS.encode(), signed, hashlib.sha256).hexdigest()
    assert got.headers["x-drdeck-signature"] == f"sha256={wanted}"
    assert int(got.headers["x-drdeck-timestamp"]) == int(AT.timestamp()) + 20
    assert got.headers["x-drdeck-delivery"] == got.json["id"] == "m" * 32
    assert (got.json["count"], got.json["severity"], got.json["kind"]) == (1, "warning", "device-failing")
    (told,) = got.json["events"]
    assert (told["target"], told["at"], told["next"]) == ("device:k1", "2026-03-01T03:00:00Z", "drdeck check k1")


def test_the_signature_is_another_one_for_another_time_body_or_secret() -> None:
    made = {
        signing.signature(Secret(secret), seconds, content)
        for secret in ("a", "b")
        for seconds in (1, 2)
        for content in (b"x", b"y")
    }
    assert len(made) == 8
    assert signing.signature(Secret("a"), 1, b"2.x") != signing.signature(Secret("a"), 12, b".x")


@pytest.mark.parametrize("kind", [ChannelKind.SLACK, ChannelKind.TEAMS])
def test_slack_and_teams_are_posted_their_own_shape_unsigned(
    hook: MakeHook, believed: Identities, kind: ChannelKind
) -> None:
    with web_server(believed.of("hook").tls) as web:
        deliver(message(notice(of=FAILOVER)), hook(web.port, kind))
    (got,) = web.posted
    assert "x-drdeck-signature" not in got.headers
    assert "failover oradb SUCCEEDED" in json.dumps(got.json)
    assert got.json == json.loads(body(kind, message(notice(of=FAILOVER))))


def test_the_slack_shape_is_text_with_blocks_in_which_nothing_is_a_mark_of_style() -> None:
    nasty = event(what="<!channel> & ```x``` *bold*", subject="a" * 300)
    made = json.loads(body(ChannelKind.SLACK, message(notice(of=nasty))))
    header, section = made["blocks"]
    assert header["type"] == "header"
    assert len(header["text"]["text"]) == 150
    assert section["text"]["text"].startswith("```")
    assert "&lt;!channel&gt; &amp; '''x'''" in section["text"]["text"]
    assert "<" not in made["text"]


def test_the_longest_message_fits_into_what_slack_takes() -> None:
    long = [notice(number, of=event(f"k{number}", what="x" * 5000)) for number in range(40)]
    made = json.loads(body(ChannelKind.SLACK, message(*long)))
    sections = [block["text"]["text"] for block in made["blocks"][1:]]
    assert max(map(len, sections)) <= 3000
    assert len(made["blocks"]) <= 50
    assert "and 20 more like these" in sections[-1]


def test_the_teams_shape_is_an_adaptive_card_whose_colour_says_how_grave_it_is() -> None:
    made = json.loads(body(ChannelKind.TEAMS, message(notice(of=event(severity=Severity.CRITICAL)))))
    (attachment,) = made["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    first = attachment["content"]["body"][0]["inlines"][0]
    assert (first["text"], first["color"]) == ("[drdeck] CRITICAL paris: k1 cannot be read", "Attention")


def test_more_events_than_are_listed_are_counted() -> None:
    made = json.loads(body(ChannelKind.WEBHOOK, message(*(notice(number) for number in range(1, 131)))))
    assert (made["count"], len(made["events"]), made["left_out"]) == (130, 100, 30)
    assert made["subject"] == "[drdeck] WARNING paris: 130 devices cannot be read"


# ------------------------------------------------------------------------------------------------------------- failures


def failure(hook_port: int, hook: MakeHook, **more: object) -> SendError:
    with pytest.raises(SendError) as caught:
        deliver(message(), hook(hook_port, **more))
    text = "".join(traceback.format_exception(caught.value))
    assert TOKEN not in text
    assert SIGNS not in text
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


@pytest.mark.parametrize(("status", "unsure"), [(400, False), (403, False), (429, False), (500, True), (503, True)])
def test_what_the_other_side_refuses_is_told_in_its_words_without_a_secret(
    hook: MakeHook, believed: Identities, status: int, unsure: bool
) -> None:
    with web_server(believed.of("hook").tls) as web:
        web.status, web.answer = status, f"no\nsuch hook {TOKEN} {SIGNS} /hooks/{TOKEN}?key={TOKEN}"
        error = failure(web.port, hook)
    assert error.reason.startswith(f"127.0.0.1:{web.port} answers HTTP {status}: no such hook")
    assert error.unsure is unsure


def test_no_message_follows_a_redirect(hook: MakeHook, believed: Identities) -> None:
    with web_server(believed.of("hook").tls) as web:
        web.status, web.location = 302, f"https://127.0.0.1:{web.port}/elsewhere"
        assert "HTTP 302" in failure(web.port, hook).reason
        assert len(web.posted) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused_unless_the_channel_says_otherwise(
    hook: MakeHook, believed: Identities, recwarn: pytest.WarningsRecorder
) -> None:
    with web_server(believed.of("hook").tls) as web:
        assert "is not trusted" in failure(web.port, hook, trusted=False).reason
        assert web.posted == []
        deliver(message(), hook(web.port, trusted=False, verify=False))
        assert len(web.posted) == 1
    assert not [each for each in recwarn if "Insecure" in each.category.__name__]


def test_a_certificate_that_has_expired_is_refused(hook: MakeHook, believed: Identities) -> None:
    with web_server(believed.of("hook").tls_expired) as web:
        assert "expired" in failure(web.port, hook).reason


def test_nobody_there_is_told_as_that_and_that_nothing_was_sent(hook: MakeHook) -> None:
    port = free_port()
    error = failure(port, hook)
    assert (error.reason, error.unsure) == (f"127.0.0.1:{port} refuses connections", False)


def test_an_answer_that_does_not_come_leaves_it_open_whether_it_arrived(
    hook: MakeHook, believed: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_webhook, "LIMIT_S", 0.2)
    with web_server(believed.of("hook").tls) as web:
        web.hangs = threading.Event()
        error = failure(web.port, hook)
        web.hangs.set()
    assert (error.reason, error.unsure) == (f"no answer from 127.0.0.1:{web.port} in time", True)


@pytest.mark.parametrize(
    "address",
    [
        f"http://example.com/{TOKEN}",
        f"https://user:{TOKEN}@example.com/",
        f"ftp://example.com/{TOKEN}",
        f"https:///{TOKEN}",
        f"https://example.com:99999/{TOKEN}",
        TOKEN,
    ],
)
def test_an_address_that_is_none_or_is_not_protected_is_told_by_its_reference(
    hook: MakeHook, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    channel = hook(1)
    monkeypatch.setenv("HOOK_URL", address)
    with pytest.raises(SendError, match=r"^env:HOOK_URL") as caught:
        deliver(message(), channel)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_the_library_logs_no_address_however_much_is_logged(
    hook: MakeHook, believed: Identities, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with web_server(believed.of("hook").tls) as web:
        deliver(message(), hook(web.port))
        web.status = 500
        failure(web.port, hook)
    assert TOKEN not in caplog.text
    assert SIGNS not in caplog.text


def test_settings_and_their_text_hold_only_references(hook: MakeHook) -> None:
    channel = hook(1)
    assert TOKEN not in repr(channel) + channel.where
    assert channel.where == "the address in env:HOOK_URL, signed"
    assert TOKEN not in repr(replace(channel, name="x"))
