"""Messages by e-mail, to a real server."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.notify import send_mail
from app.notify.deliver import deliver
from app.notify.failures import SendError
from app.notify.records import Mail, MailSecurity
from backends.lab.tls import Identities
from store.notices import Severity
from tests.app.notify.conftest import MakeMail
from tests.app.notify.samples import FAILOVER, event, message, notice
from tests.app.notify.servers import PASSWORD, USER, free_port, mail_server, scripted_mail_server

# The server's library does not know that its whole door is behind TLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.mark.parametrize("security", [MailSecurity.STARTTLS, MailSecurity.TLS])
def test_a_message_goes_over_tls_with_a_login_to_every_recipient(
    mail: MakeMail, believed: Identities, security: MailSecurity
) -> None:
    with mail_server(believed.of("mail").tls, implicit=security is MailSecurity.TLS) as box:
        assert deliver(message(), mail(box.port, security)) is None
    assert box.recipients == [["ops@example.com", "boss@example.com"]]
    assert (box.over_tls, box.logged_in) == ([True], [True])
    (got,) = box.mails
    assert got["Subject"] == "[drdeck] WARNING paris: k1 cannot be read"
    assert (got["From"], got["To"]) == ("drdeck@example.com", "ops@example.com, boss@example.com")
    assert got["Message-ID"] == f"<{'m' * 32}@example.com>"
    assert got["Auto-Submitted"] == "auto-generated"
    text = got.get_content()
    for words in (
        "What happened:",
        "k1 (flasharray",
        "Where:",
        "device:k1 at paris",
        "What it means:",
        "drdeck check k1",
    ):
        assert words in text


def test_a_server_on_this_machine_may_be_spoken_to_in_plain(mail: MakeMail) -> None:
    with mail_server(None) as box:
        assert deliver(message(), mail(box.port, MailSecurity.PLAIN, login=False)) is None
    assert box.over_tls == [False]


def test_esx_15_a_failover_that_succeeded_says_so_in_its_subject(mail: MakeMail) -> None:
    with mail_server(None) as box:
        deliver(message(notice(of=FAILOVER)), mail(box.port, MailSecurity.PLAIN, login=False))
    assert box.mails[0]["Subject"] == "[drdeck] NOTICE failover oradb SUCCEEDED"
    assert box.mails[0]["Importance"] is None


def test_what_is_no_ascii_and_what_would_be_a_header_arrive_as_text(mail: MakeMail) -> None:
    nasty = event(subject="Büro\r\nBcc: all@example.com", what="ends\n.\nnot here — “é”", severity=Severity.CRITICAL)
    with mail_server(None) as box:
        deliver(message(notice(of=nasty)), mail(box.port, MailSecurity.PLAIN, login=False))
    (got,) = box.mails
    assert got["Bcc"] is None
    assert got["Subject"] == r"[drdeck] CRITICAL paris: Büro\r\nBcc: all@example.com"
    assert got["Importance"] == "high"
    assert r"ends\n.\nnot here — “é”" in got.get_content()


def test_a_recipient_that_is_refused_is_named_and_the_others_are_told(mail: MakeMail, believed: Identities) -> None:
    with mail_server(believed.of("mail").tls) as box:
        box.refuses = {"boss@example.com"}
        assert deliver(message(), mail(box.port)) == "refused: boss@example.com: 550 5.1.1 no such user"
        assert box.recipients == [["ops@example.com"]]
        box.refuses.add("ops@example.com")
        with pytest.raises(SendError, match=r"refuses every recipient: ops@example.com: 550 .*; boss@") as caught:
            deliver(message(), mail(box.port))
    assert not caught.value.unsure


def test_a_server_that_refuses_the_message_says_why(mail: MakeMail, believed: Identities) -> None:
    with mail_server(believed.of("mail").tls) as box:
        box.answer = f"554 5.6.0 no thanks, {PASSWORD}"
        with pytest.raises(SendError) as caught:
            deliver(message(), mail(box.port))
    assert caught.value.reason == f"127.0.0.1:{box.port} refuses the message: 554 5.6.0 no thanks, •••"
    assert not caught.value.unsure


def test_a_server_without_starttls_is_not_sent_anything_in_plain(mail: MakeMail) -> None:
    with mail_server(None) as box, pytest.raises(SendError, match="does not offer STARTTLS"):
        deliver(message(), mail(box.port))
    assert box.mails == []


@pytest.mark.parametrize("security", [MailSecurity.STARTTLS, MailSecurity.TLS])
def test_a_certificate_that_nobody_vouches_for_is_refused_unless_the_channel_says_otherwise(
    mail: MakeMail, believed: Identities, security: MailSecurity
) -> None:
    with mail_server(believed.of("mail").tls, implicit=security is MailSecurity.TLS) as box:
        with pytest.raises(SendError, match=r"certificate of 127.0.0.1:[0-9]+ is not trusted"):
            deliver(message(), mail(box.port, security, trusted=False))
        assert box.mails == []
        assert deliver(message(), mail(box.port, security, trusted=False, verify=False)) is None


def test_nobody_there_is_told_as_that(mail: MakeMail) -> None:
    port = free_port()
    with pytest.raises(SendError, match=f"^127.0.0.1:{port} refuses connections$"):
        deliver(message(), mail(port))


def test_a_login_that_is_refused_shows_neither_password_nor_what_the_server_repeats_of_it(
    mail: MakeMail, believed: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "wr0ng-s3cret")
    with mail_server(believed.of("mail").tls) as box, pytest.raises(SendError) as caught:
        deliver(message(), mail(box.port))
    assert caught.value.reason == f"127.0.0.1:{box.port} refuses the login of {USER} (SMTP 535)"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "wr0ng" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("answers", "reason", "unsure"),
    [
        (["421 4.3.2 closing down"], "refuses: 421 4.3.2 closing down", False),
        ([], "ended the connection", False),
        (["220 hi", "250 ok", "451 4.7.1 later"], "refuses the sender drdeck@example.com: 451 4.7.1 later", False),
        (["220 hi", "250 ok", "250 ok", "250 ok"], "ended the connection", False),
        (
            ["220 hi", "250 ok", "250 ok", "250 ok", "250 ok", "452 4.3.1 full"],
            "refuses: 452 4.3.1 full, while it was handed the message",
            False,
        ),
        (
            ["220 hi", "250 ok", "250 ok", "250 ok", "250 ok", "354 go on"],
            "ended the connection, while it was handed the message",
            True,
        ),
    ],
)
def test_wherever_a_server_gives_up_it_is_told_whether_the_message_may_have_arrived(
    mail: MakeMail, answers: list[str], reason: str, unsure: bool
) -> None:
    with scripted_mail_server(*answers) as port, pytest.raises(SendError) as caught:
        deliver(message(), mail(port, MailSecurity.PLAIN, login=False))
    assert (caught.value.reason, caught.value.unsure) == (f"127.0.0.1:{port} {reason}", unsure)


def test_a_ca_file_that_cannot_be_used_and_a_name_that_nobody_knows_are_told_as_that(
    mail: MakeMail, tmp_path: Path
) -> None:
    channel = replace(mail(1, MailSecurity.TLS), ca_file=tmp_path / "gone.pem")
    with pytest.raises(SendError, match=r"^ca_file .*gone.pem cannot be used: No such file"):
        deliver(message(), channel)
    way = mail(1, MailSecurity.PLAIN, login=False).way
    assert isinstance(way, Mail)
    with pytest.raises(SendError, match=r"^the name of no-such-host.invalid:1 is not known here$"):
        deliver(message(), replace(channel, way=replace(way, host="no-such-host.invalid")))


def test_a_secret_that_cannot_be_had_is_told_by_the_name_of_its_reference(
    mail: MakeMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAIL_PASSWORD")
    with pytest.raises(SendError, match=r"^env:MAIL_PASSWORD: the environment variable is not set$"):
        deliver(message(), mail(1))


def test_a_message_that_has_to_be_sent_again_keeps_its_id(mail: MakeMail) -> None:
    way = mail(1).way
    assert isinstance(way, Mail)
    first, again = send_mail.written(message(), way), send_mail.written(message(again=True), way)
    assert first["Message-ID"] == again["Message-ID"]
    assert "may have reached you before" in again.get_content()
