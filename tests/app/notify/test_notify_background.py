"""Telling operators in the background: beside a run of the command line, and in a real console."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from msgspec.structs import replace

from app.cli import main
from app.notify.notifier import Notifier, notifier
from app.notify.post import post
from app.notify.sender import Sender
from app.settings_records import Settings
from backends.lab.faults import FaultKind
from backends.lab.tls import Identities
from store.errors import StoreError
from store.estate import RcgMode
from store.ledger import Ledger
from store.notices import DeliveryState, EventKind, Severity
from store.outbox import Outbox
from tests.app.notify.conftest import SIGNS, TOKEN, MakeHook
from tests.app.notify.samples import FAILOVER, event
from tests.app.notify.servers import WebHook, free_port, web_server
from tests.app.test_console_terminal import CONFIG
from tests.faults.rcg_estate import RcgEstate, rcg_estate
from tests.terminal import Terminal, drdeck, private_home


@pytest.fixture
def web(believed: Identities) -> Iterator[WebHook]:
    with web_server(believed.of("hook").tls) as running:
        yield running


def table(ca: Path, name: str = "incidents", *more: str) -> str:
    lines = (f'name = "{name}"', 'kind = "webhook"', 'url = "env:HOOK_URL"', 'secret = "env:HOOK_SECRET"')
    return "\n".join(["", "[[notifications]]", *lines, f'ca_file = "{ca}"', *more, ""])


def until(holds: Callable[[], object], limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# ----------------------------------------------------------------------------------------------------------- the thread


def test_without_a_channel_there_is_nothing_to_do(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / "store.sqlite")) as ledger:
        assert notifier(cast(Settings, SimpleNamespace(notifications=())), ledger) is None


def test_a_source_that_fails_holds_up_no_other_and_is_told_of_once(
    tmp_path: Path, hook: MakeHook, web: WebHook
) -> None:
    told: list[str] = []
    looked = threading.Semaphore(0)

    def broken() -> None:
        raise StoreError("The disk of the store is full", "Free some space")

    def defect() -> None:
        looked.release()
        raise ValueError(TOKEN)

    outbox = Outbox(tmp_path / "store.sqlite")
    running = Notifier(outbox, Sender(outbox, [hook(web.port)], "me"), [broken, defect], told.append)
    running.start()
    post(outbox, FAILOVER)
    until(lambda: web.posted)
    for _ in range(3):
        assert looked.acquire(timeout=20)
    running.close(20)
    assert told == [
        "Notifications: The disk of the store is full. Free some space",
        "Notifications: a defect, ValueError",
    ]


def test_a_program_that_ends_sends_all_that_waits_and_says_what_it_could_not(
    tmp_path: Path, hook: MakeHook, web: WebHook
) -> None:
    outbox = Outbox(tmp_path / "store.sqlite")
    outbox.post([event("fa-1"), event("fa-2"), FAILOVER])
    channels = [hook(web.port), replace(hook(web.port), name="nobody", sites=("lyon",))]
    running = Notifier(outbox, Sender(outbox, channels, "me"), [])
    running.start()
    assert running.drain(20) == 0
    assert sorted(got.json["kind"] for got in web.posted) == ["device-failing", "failover-done", "failover-done"]
    again = Outbox(tmp_path / "store.sqlite")
    again.post([event("fa-3")])
    down = Notifier(again, Sender(again, [hook(free_port())], "me"), [])
    down.start()
    assert down.drain(20) == 1


# ---------------------------------------------------------------------------------------------- beside the command line


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcgEstate]:
    with rcg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def told_config(estate: RcgEstate, tmp_path: Path, believed: Identities, hook: MakeHook, web: WebHook) -> list[str]:
    """The options of a configuration of the lab whose operators are told."""
    hook(web.port)
    path = estate.config.with_name("told.toml")
    path.write_text(estate.config.read_text() + table(believed.ca_file))
    return ["--config", str(path), "--store", str(tmp_path / "store.sqlite")]


def test_esx_15_a_failover_on_the_command_line_is_told_before_the_command_ends(
    estate: RcgEstate, told_config: list[str], web: WebHook, capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.group(RcgMode.SYNC)
    assert main(["rcg", "failover", name, "--execute", "--confirm", f"failover {name}", *told_config]) == 0
    assert [(got.json["kind"], got.json["severity"]) for got in web.posted] == [
        ("failover-begun", "warning"),
        ("failover-done", "notice"),
    ]
    assert f"failover {name} SUCCEEDED" in web.posted[1].json["subject"]
    assert main(["notify", "list", *told_config]) == 0
    out = capsys.readouterr().out
    assert out.count("  sent  ") == 2
    for secret in (TOKEN, SIGNS):
        assert secret not in out


def test_a_run_that_stops_on_the_command_line_is_told_with_what_to_do(
    estate: RcgEstate, told_config: list[str], web: WebHook
) -> None:
    name = estate.group(RcgMode.SYNC)
    fault = estate.world.faults.add("3par-p", FaultKind.HTTP_409, "PUT /remotecopygroups")
    try:
        assert main(["rcg", "stop", name, "--execute", "--confirm", f"stop {name}", *told_config]) == 3
    finally:
        estate.world.faults.remove(fault.id)
    told = {got.json["kind"]: got.json["events"][0] for got in web.posted}
    assert set(told) == {"run-began", "step-failed", "run-waits"}
    assert f"stop {name} waits for the operator" in told["run-waits"]["subject"]
    assert "drdeck runs show " in told["run-waits"]["next"]


def test_what_cannot_be_sent_by_a_command_waits_and_is_said(
    estate: RcgEstate, told_config: list[str], hook: MakeHook, capsys: pytest.CaptureFixture[str]
) -> None:
    hook(free_port())
    name = estate.group(RcgMode.SYNC)
    assert main(["rcg", "stop", name, "--execute", "--confirm", f"stop {name}", *told_config]) == 0
    error = capsys.readouterr().err
    assert "2 notifications wait in the store: drdeck notify list" in error
    assert TOKEN not in error


# ---------------------------------------------------------------------------------------------------------- the console


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {**private_home(tmp_path), "HMC_PASSWORD": "not-a-secret"}


def written(tmp_path: Path, *tables: str) -> tuple[list[str], Path]:
    config, store = tmp_path / "config.toml", tmp_path / "store.sqlite"
    config.write_text(CONFIG + "".join(tables))
    return drdeck("--config", str(config), "--store", str(store)), store


SPLIT = event("split 1", kind=EventKind.SPLIT_BRAIN, severity=Severity.CRITICAL, site="oslo")


def test_an_open_console_sends_what_is_posted_and_rings_and_is_left_at_once(
    tmp_path: Path, home: dict[str, str], believed: Identities, hook: MakeHook, web: WebHook
) -> None:
    hook(web.port)
    bell = '\n[[notifications]]\nname = "bell"\nkind = "bell"\nseverity = "critical"\n'
    command, path = written(tmp_path, table(believed.ca_file), bell)
    with Terminal(command, env=home, answers=True) as screen, closing(Outbox(path)) as outbox:
        screen.wait_for("Overview")
        # Bells ring from when the console listens.
        until(lambda: post(outbox, replace(SPLIT, key=f"{len(web.posted)}")) == 0 and web.posted)
        heard = screen.raw.count(b"\x07")
        until(lambda: (post(outbox, replace(SPLIT, key=f"{time.monotonic_ns()}")), b"\x07" in screen.raw[heard:])[1])
        web.hangs = threading.Event()
        web.arrived.clear()
        post(outbox, replace(SPLIT, key="hangs"))
        assert web.arrived.wait(60)
        screen.press("ctrl+q")
        assert screen.ended() == 0
        web.hangs.set()
    assert web.posted[0].json["kind"] == "split-brain"
    assert web.posted[0].headers["x-drdeck-signature"].startswith("sha256=")
    assert TOKEN.encode() not in screen.raw


def test_a_console_says_that_messages_cannot_be_sent_and_the_next_one_sends_them_after_a_kill(
    tmp_path: Path, home: dict[str, str], believed: Identities, hook: MakeHook
) -> None:
    port = free_port()
    hook(port)
    command, path = written(tmp_path, table(believed.ca_file))
    with closing(Outbox(path)) as outbox:
        post(outbox, SPLIT)
        with Terminal(command, env=home, answers=True) as screen:
            screen.wait_for("Notifications by incidents wait")
            assert TOKEN.encode() not in screen.raw
            screen.process.send_signal(signal.SIGKILL)
            screen.process.wait()
        (row,) = outbox.deliveries()
        assert (row.state, row.reason) == (DeliveryState.WAITING, f"127.0.0.1:{port} refuses connections")
        post(outbox, replace(SPLIT, key="another"))  # it is tried at once, and opens the way for what waits
        with web_server(believed.of("hook").tls, port) as web, Terminal(command, env=home, answers=True) as screen:
            until(lambda: len(web.posted) == 2)
            screen.press("ctrl+q")
            assert screen.ended() == 0
        assert [(row.state, row.attempts) for row in outbox.deliveries()] == [
            (DeliveryState.SENT, 1),
            (DeliveryState.SENT, 2),
        ]
