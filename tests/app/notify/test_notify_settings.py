"""``[[notifications]]``: what is accepted, and what each kind of mistake is told with its line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.notify.records import ChannelKind, ChannelSettings, Mail, MailSecurity, Syslog, SyslogTransport, Webhook
from app.settings import SettingsError, load
from store.notices import EventKind, Severity
from tests.app.notify.samples import FAILOVER, event
from tests.app.test_pra_settings import FIRST, HEAD

MAIL = (
    "[[notifications]]",
    'name = "ops"',
    'kind = "email"',
    'host = "smtp.example.com"',
    'from = "drdeck@example.com"',
    'to = ["ops@example.com"]',
)
HOOK = (
    "[[notifications]]",
    'name = "hook"',
    'kind = "webhook"',
    'url = "env:HOOK_URL"',
    'secret = "file:hook.secret"',
)
SYSLOG = ("[[notifications]]", 'name = "log"', 'kind = "syslog"')


def channels(folder: Path, *lines: str) -> tuple[ChannelSettings, ...]:
    path = folder / "config.toml"
    path.write_text(HEAD + "\n".join([*lines, ""]))
    return load(path).notifications


def complaint(folder: Path, *lines: str) -> str:
    """The one line of the error, its line counted from the table."""
    with pytest.raises(SettingsError) as caught:
        channels(folder, *lines)
    (text,) = str(caught.value).splitlines()
    line, _, words = text.replace(f"{folder}/config.toml:", "").partition(": ")
    return f"{int(line) - FIRST + 1}: {words}"


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    mail, hook, log = channels(tmp_path, *MAIL, *HOOK, *SYSLOG)
    assert mail.way == Mail("smtp.example.com", 587, MailSecurity.STARTTLS, "drdeck@example.com", ("ops@example.com",))
    assert (mail.kinds, mail.severity, mail.sites) == (frozenset(EventKind), Severity.NOTICE, ())
    assert (mail.window_s, mail.verify, mail.ca_file) == (300, True, None)
    assert isinstance(hook.way, Webhook)
    assert [str(reference) for reference in hook.references] == ["env:HOOK_URL", f"file:{tmp_path}/hook.secret"]
    assert log.way == Syslog(SyslogTransport.LOCAL, "daemon")
    assert log.where == "/dev/log"
    assert mail.where == "ops@example.com by smtp.example.com:587 (starttls)"


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465)])
def test_each_way_to_a_mail_server_has_its_own_port(tmp_path: Path, security: str, port: int) -> None:
    (mail,) = channels(tmp_path, *MAIL, f'security = "{security}"')
    assert isinstance(mail.way, Mail)
    assert mail.way.port == port


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_slack_and_teams_need_no_secret_but_their_address(tmp_path: Path, kind: str) -> None:
    (found,) = channels(tmp_path, "[[notifications]]", 'name = "chat"', f'kind = "{kind}"', 'url = "env:URL"')
    assert isinstance(found.way, Webhook)
    assert (found.kind, found.way.secret) == (ChannelKind(kind), None)


def test_rules_name_kinds_by_patterns_a_least_severity_and_sites(tmp_path: Path) -> None:
    rules = ('events = ["failover-*", "split-brain"]', 'severity = "warning"', 'sites = ["paris"]')
    (found,) = channels(tmp_path, *MAIL, *rules)
    assert found.kinds == {
        EventKind.FAILOVER_BEGUN,
        EventKind.FAILOVER_DONE,
        EventKind.FAILOVER_FAILED,
        EventKind.SPLIT_BRAIN,
    }
    split = event(kind=EventKind.SPLIT_BRAIN)
    assert found.takes(split)
    assert not found.takes(event())
    assert not found.takes(FAILOVER)
    assert not found.takes(event(kind=EventKind.SPLIT_BRAIN, site="lyon"))
    assert found.takes(event(kind=EventKind.SPLIT_BRAIN, site=""))


def test_a_channel_that_checks_no_certificate_keeps_that(tmp_path: Path) -> None:
    (found,) = channels(tmp_path, *HOOK, "verify = false")
    assert not found.verify


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((*MAIL, 'security = "plain"'), '7: notifications[ops].security: expected "starttls" or "tls": "plain" only'),
        ((*MAIL, 'user = "u"'), "7: notifications[ops].user: expected user and password, or neither: password is not"),
        ((*MAIL, 'password = "env:P"'), "7: notifications[ops].password: expected user and password, or neither: user"),
        ((*MAIL[:5], "to = []"), "6: notifications[ops].to: expected a list of recipients"),
        ((*MAIL[:5],), "1: notifications[ops].to: expected a list of recipients"),
        ((*MAIL[:5], 'to = ["Ops <ops@example.com>"]'), "6: notifications[ops].to[1]: expected an e-mail address"),
        ((*MAIL[:5], 'to = ["ops@example.com, x@y"]'), "6: notifications[ops].to[1]: expected an e-mail address"),
        ((*MAIL, 'secret = "env:S"'), "7: notifications[ops].secret: expected this key only for webhook, found"),
        ((*MAIL, 'transport = "tcp"'), "7: notifications[ops].transport: expected this key only for syslog, found"),
        ((*MAIL, 'events = ["failover"]'), "7: notifications[ops].events[1]: expected a kind of event, or a pattern"),
        ((*MAIL, "events = []"), "7: notifications[ops].events: expected at least one kind of event"),
        ((*MAIL, 'severity = "high"'), '7: notifications[ops].severity: expected "info" or "notice" or "warning"'),
        (
            (*MAIL, 'sites = ["rome"]'),
            '7: notifications[ops].sites[1]: expected one of the sites lyon, paris, found "rome"',
        ),
        ((*MAIL, 'window = "2d"'), "7: notifications[ops].window: expected seconds, or text such as"),
        ((*MAIL, *MAIL), "8: notifications[ops].name: expected another name: line"),
        (HOOK[:4], "1: notifications[hook].secret: expected a reference to a secret"),
        ((*HOOK[:4], 'secret = "prompt"'), "5: notifications[hook].secret: expected another reference than prompt"),
        ((*SYSLOG, 'transport = "udp"'), "1: notifications[log].host: expected a host name or IP address"),
        (
            (*SYSLOG, 'host = "h"'),
            '4: notifications[log].host: expected this key only where transport is "udp" or "tcp"',
        ),
        (
            (*SYSLOG, 'transport = "udp"', 'host = "h"', 'socket = "/dev/log"'),
            '6: notifications[log].socket: expected this key only where transport is "local"',
        ),
        ((*SYSLOG, 'facility = "kern"'), '4: notifications[log].facility: expected "user" or "daemon" or "local0"'),
        (
            ("[[notifications]]", 'name = "x"', 'kind = "sms"'),
            '3: notifications[x].kind: expected "email" or "webhook"',
        ),
        (("[[notifications]]", 'name = "x"', 'kind = "bell"', "verify = true"), "4: notifications[x].verify: expected"),
    ],
)
def test_each_mistake_is_told_with_its_line_and_key(tmp_path: Path, lines: tuple[str, ...], told: str) -> None:
    assert complaint(tmp_path, *lines).startswith(told)


def test_an_address_or_a_password_in_the_file_is_refused_and_never_repeated(tmp_path: Path) -> None:
    for line in ('url = "https://hooks.example.com/T0KEN"', 'url = "T0KEN"'):
        text = complaint(tmp_path, *HOOK[:3], line, HOOK[4])
        assert text.startswith("4: notifications[hook].url: expected a reference and never the secret itself")
        assert "T0KEN" not in text
