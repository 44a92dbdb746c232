from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.notify.records import ChannelKind, ChannelSettings, Mail, MailSecurity, Webhook
from app.secrets import Reference, Source
from backends.lab.tls import Identities
from store.outbox import Outbox
from tests.app.notify.samples import AT
from tests.app.notify.servers import PASSWORD, USER

TOKEN, SIGNS = "T0KEN-in-the-path", "the secret that signs"


class Time:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def outbox(tmp_path: Path, clock: Time) -> Iterator[Outbox]:
    with closing(Outbox(tmp_path / "store.sqlite", clock)) as opened:
        yield opened


@pytest.fixture(scope="session")
def believed(tmp_path_factory: pytest.TempPathFactory) -> Identities:
    """A CA, and what it issued for receivers on loopback."""
    return Identities(tmp_path_factory.mktemp("ca"))


MakeMail = Callable[..., ChannelSettings]
MakeHook = Callable[..., ChannelSettings]


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch, believed: Identities) -> MakeMail:
    """A channel to a mail server on a port."""
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)

    def made(
        port: int,
        security: MailSecurity = MailSecurity.STARTTLS,
        to: tuple[str, ...] = ("ops@example.com", "boss@example.com"),
        *,
        login: bool = True,
        verify: bool = True,
        trusted: bool = True,
        window_s: float = 300.0,
    ) -> ChannelSettings:
        user, password = (USER, Reference(Source.ENV, "MAIL_PASSWORD")) if login else (None, None)
        way = Mail("127.0.0.1", port, security, "drdeck@example.com", to, user, password)
        ca = believed.ca_file if trusted else None
        return ChannelSettings("ops", ChannelKind.EMAIL, way, verify=verify, ca_file=ca, window_s=window_s)

    return made


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch, believed: Identities) -> MakeHook:
    """A channel to a web server on a port."""
    monkeypatch.setenv("HOOK_SECRET", SIGNS)

    def made(
        port: int,
        kind: ChannelKind = ChannelKind.WEBHOOK,
        *,
        verify: bool = True,
        trusted: bool = True,
        window_s: float = 300.0,
        scheme: str = "https",
    ) -> ChannelSettings:
        monkeypatch.setenv("HOOK_URL", f"{scheme}://127.0.0.1:{port}/hooks/{TOKEN}?key={TOKEN}")
        secret = Reference(Source.ENV, "HOOK_SECRET") if kind is ChannelKind.WEBHOOK else None
        ca = believed.ca_file if trusted else None
        way = Webhook(Reference(Source.ENV, "HOOK_URL"), secret)
        return ChannelSettings("ops", kind, way, verify=verify, ca_file=ca, window_s=window_s)

    return made
