"""``drdeck notify``: a real message through each channel, an exit code that tells the truth, and what waits."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cli import main
from backends.lab.tls import Identities
from store.notices import Delivery
from store.outbox import Batch, Outbox
from tests.app.notify.conftest import SIGNS, TOKEN
from tests.app.notify.samples import FAILOVER, event
from tests.app.notify.servers import PASSWORD, USER, free_port, mail_server, web_server
from tests.app.test_pra_settings import HEAD
from tests.terminal import Terminal, drdeck

Files = Callable[..., list[str]]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Writes a configuration with these channels; returns the options that name it and its store."""
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    monkeypatch.setenv("HOOK_SECRET", SIGNS)

    def made(*tables: str) -> list[str]:
        (tmp_path / "config.toml").write_text(HEAD + "".join(f"\n[[notifications]]\n{table}\n" for table in tables))
        return ["--config", str(tmp_path / "config.toml"), "--store", str(tmp_path / "store.sqlite")]

    return made


def mail(port: int, ca: Path, *more: str) -> str:
    lines = ('name = "ops"', 'kind = "email"', 'host = "127.0.0.1"', f"port = {port}", f'user = "{USER}"')
    who = ('from = "drdeck@example.com"', 'to = ["ops@example.com", "boss@example.com"]', f'ca_file = "{ca}"')
    return "\n".join([*lines, 'password = "env:MAIL_PASSWORD"', *who, *more])


def hook(port: int, ca: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> str:
    monkeypatch.setenv("HOOK_URL", f"https://127.0.0.1:{port}/{TOKEN}")
    lines = ('name = "incidents"', 'kind = "webhook"', 'url = "env:HOOK_URL"', 'secret = "env:HOOK_SECRET"')
    return "\n".join([*lines, f'ca_file = "{ca}"', *more])


def test_every_channel_takes_a_real_message_and_the_exit_code_says_so(
    files: Files, believed: Identities, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ca = believed.ca_file
    with mail_server(believed.of("mail").tls) as box, web_server(believed.of("hook").tls) as web:
        options = files(mail(box.port, ca), hook(web.port, ca, monkeypatch))
        assert main(["notify", "test", *options]) == 0
        assert main(["notify", "test", "incidents", "--json", *options]) == 0
    out = capsys.readouterr().out
    assert f"ops        email    sent    ops@example.com, boss@example.com by 127.0.0.1:{box.port} (starttls)" in out
    assert "incidents  webhook  sent    the address in env:HOOK_URL, signed" in out
    assert box.mails[0]["Subject"] == "[drdeck] TEST test message through ops"
    assert "Nothing happened. Messages of drdeck reach you this way." in box.mails[0].get_content()
    assert [(got.json["test"], got.json["kind"]) for got in web.posted] == [(True, "test")] * 2
    assert web.posted[0].json["events"][0]["kind"] == "test"
    assert web.posted[0].json["id"] != web.posted[1].json["id"]
    for secret in (PASSWORD, TOKEN, SIGNS):
        assert secret not in out


def test_a_channel_that_takes_nothing_is_told_with_its_reason_and_fails_the_command(
    files: Files, believed: Identities, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    port, ca = free_port(), believed.ca_file
    with web_server(believed.of("hook").tls) as web:
        options = files(mail(port, ca), hook(web.port, ca, monkeypatch))
        assert main(["notify", "test", *options]) == 1
        assert main(["notify", "test", "--json", *options]) == 1
    assert len(web.posted) == 2
    out, _, content = capsys.readouterr().out.partition("{")
    assert f"ops        email    NOT SENT: 127.0.0.1:{port} refuses connections" in out
    assert "incidents  webhook  sent" in out
    rows = json.loads("{" + content)["channels"]
    assert [(row["name"], row["taken"]) for row in rows] == [("ops", False), ("incidents", True)]
    assert rows[0]["text"] == f"127.0.0.1:{port} refuses connections"


def test_a_recipient_that_is_refused_fails_the_command_though_the_others_were_told(
    files: Files, believed: Identities, capsys: pytest.CaptureFixture[str]
) -> None:
    with mail_server(believed.of("mail").tls) as box:
        box.refuses = {"boss@example.com"}
        assert main(["notify", "test", *files(mail(box.port, believed.ca_file))]) == 1
    assert "sent: refused: boss@example.com: 550 5.1.1 no such user" in capsys.readouterr().out
    assert len(box.mails) == 1


def test_a_certificate_that_is_not_verified_is_shown(
    files: Files, believed: Identities, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with web_server(believed.of("hook").tls_expired) as web:
        options = files(hook(web.port, believed.ca_file, monkeypatch, "verify = false"))
        assert main(["notify", "test", *options]) == 0
    assert main(["notify", "list", *options]) == 0
    assert capsys.readouterr().out.count("its certificate is not verified: verify = false") == 2


def test_no_channel_or_none_of_that_name_is_wrong_usage(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["notify", "test", *files()]) == 2
    assert "No channel is configured: add [[notifications]] to" in capsys.readouterr().err
    assert main(["notify", "test", "boss", *files('name = "b"\nkind = "bell"')]) == 2
    assert capsys.readouterr().err == "No channel is called boss. There are: b\n"


def test_the_bell_rings_on_a_terminal_and_fails_where_there_is_none(
    files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = files('name = "b"\nkind = "bell"')
    assert main(["notify", "test", *options]) == 1
    assert "NOT SENT: there is no terminal here" in capsys.readouterr().out
    with Terminal(drdeck("notify", "test", *options)) as screen:
        screen.wait_for("sent: this terminal's bell")
        assert b"\x07" in screen.raw


def test_a_secret_that_is_not_there_is_told_by_its_reference(
    files: Files, believed: Identities, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = files(hook(1, believed.ca_file, monkeypatch))
    monkeypatch.delenv("HOOK_URL")
    assert main(["notify", "test", *options]) == 1
    assert "NOT SENT: env:HOOK_URL: the environment variable is not set" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------------------------- the list


def test_nothing_that_was_ever_to_be_sent_is_said(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["notify", "list", *files()]) == 0
    out = capsys.readouterr().out
    assert "No channel is configured" in out
    assert "Nothing was to be sent yet." in out


def test_the_list_says_of_each_event_what_became_of_it_on_each_channel(
    files: Files, believed: Identities, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = files(mail(587, believed.ca_file))
    now = datetime.now(UTC)
    with closing(Outbox(tmp_path / "store.sqlite")) as outbox:
        outbox.post([FAILOVER, event("fa-1"), event("fa-2"), event("fa-3")])
        outbox.post([event("fa-3")])
        outbox.route(lambda notice: ["ops"])
        batches = outbox.claim("ops", "console", 0, lambda waiting, last: [_alone(each) for each in waiting])
        outbox.sent("ops", batches[0])
        outbox.failed("ops", batches[1], "no way", now + timedelta(hours=1), unsure=False)
        outbox.failed("ops", batches[2], "too late", None, unsure=False)
        outbox.post([event("not looked at")])
    assert main(["notify", "list", *options]) == 0
    out = capsys.readouterr().out
    assert "1 events wait for a console or scheduler" in out
    third, second, first, failover = (line.split("  ") for line in out.splitlines()[-4:])
    assert "being sent by console" in "  ".join(third)
    assert "fa-3 cannot be read (2 times)" in "  ".join(third)
    assert "given up" in second
    assert second[-1] == "too late"
    assert first[-1].startswith("next try ")
    assert first[-1].endswith("; no way")
    assert failover[-1].startswith("sent 20")
    assert main(["notify", "list", "--json", "--most", "2", *options]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["schema_version"] == 1
    assert [(each["state"], each["key"]) for each in content["deliveries"]] == [
        ("waiting", "fa-3"),
        ("given up", "fa-2"),
    ]
    assert [each["key"] for each in content["unrouted"]] == ["not looked at"]
    assert content["channels"][0]["verified"] is True


def _alone(each: Delivery) -> Batch:
    return Batch(f"b{each.notice.id}", (each,))


def test_help_loads_neither_orm_nor_web_library() -> None:
    code = (
        "import sys; from app.cli import main\n"
        "main(['notify', 'test', '--help'])\n"
        "print(*sorted({n.partition('.')[0] for n in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stderr.splitlines()[-1].split())
    assert not loaded & {"sqlalchemy", "requests", "smtplib", "textual"}
