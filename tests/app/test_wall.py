"""The wall on a real store that another console keeps: what that one writes appears, and nothing is written here."""

from __future__ import annotations

import asyncio
import re
import shlex
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from app.cli import main
from app.looks import Look
from app.machinery import Machinery
from app.settings import load
from app.sweep import never_read
from app.wall import Wall, late_s
from screens.wall import WallScreen
from store.database import Store, open_store
from store.estate import Reading
from store.ledger import Ledger
from store.records import DeviceHealth
from store.runs import RunState
from tests.app.report.reported import OPS, PLAN
from tests.app.test_report_command import CONFIG
from tests.screens.piloting import piloted


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is followed more closely than a wall has to."""
    monkeypatch.setattr("app.wall.FOLLOW_S", 0.05)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(f'[console]\nstore = "{tmp_path}/drdeck.sqlite"\n{CONFIG}')
    return path


@dataclass
class Watched:
    """A wall, and the console that keeps its store."""

    wall: Wall
    pilot: Pilot[int]
    other: Store
    ledger: Ledger

    @property
    def text(self) -> str:
        strips = self.wall.screen._compositor.render_strips()
        return "\n".join("".join(part.text for part in strip).rstrip() for strip in strips)

    async def wait_for(self, *words: str, said: Callable[[str], bool] = lambda text: True) -> None:
        deadline = time.monotonic() + 20
        while not (all(word in self.text for word in words) and said(self.text)):
            assert time.monotonic() < deadline, f"{words} not shown:\n{self.text}"
            await self.pilot.pause(0.05)


@asynccontextmanager
async def watched(config: Path, ago_s: float = 0.0) -> AsyncIterator[Watched]:
    settings = load(config)
    with closing(open_store(settings.store)) as other, closing(Ledger(settings.store)) as ledger:
        read(other, config, ago_s)
        machinery = Machinery(settings, settings.store)
        wall = Wall(settings, machinery, Look())
        try:
            async with wall.run_test(size=(100, 30)) as pilot:
                found = Watched(wall, pilot, other, ledger)
                await found.wait_for("SITES")
                yield found
        finally:
            machinery.close()


def read(other: Store, config: Path, ago_s: float = 0.0) -> None:
    """Another console read the only device, so long ago, and saved that."""
    (device,) = load(config).devices
    other.configure([never_read(device)])
    other.apply(Reading(device.name, datetime.now(UTC) - timedelta(seconds=ago_s), ()))
    other.flush()


def fail(other: Store, config: Path) -> None:
    """Another console could not read it."""
    (device,) = load(config).devices
    failing = replace(never_read(device), health=DeviceHealth.FAILING, failure="timeout", text="no answer")
    other.report(failing)


@piloted
async def test_what_another_console_writes_of_its_devices_is_shown(config: Path) -> None:
    async with watched(config) as found:
        await found.wait_for("READ", said=lambda text: "Nobody" not in text and "SILENT" not in text)
        fail(found.other, config)
        await found.wait_for("1 failing")
        await found.pilot.press("right")
        await found.wait_for("3par-oslo")


@piloted
async def test_a_run_that_another_console_begins_comes_to_the_front_with_its_clock(config: Path) -> None:
    async with watched(config) as found:
        found.ledger.propose("r1", PLAN, OPS)
        found.ledger.approve("r1", OPS, ())
        lease = found.ledger.take("r1", OPS)
        await found.wait_for("[FAILOVER ORADB]", "SINCE DECLARED", "run r1")
        found.ledger.turn(lease, RunState.SUCCEEDED)
        await found.wait_for("[SITES]", said=lambda text: "FAILOVER ORADB" not in text)


@piloted
async def test_that_nobody_keeps_the_store_is_said(config: Path) -> None:
    async with watched(config, ago_s=3600) as found:
        await found.wait_for("Nobody is reading the devices, or none of them answers: what is shown is 1h00m old.")
        read(found.other, config)
        await found.wait_for("1 ok", said=lambda text: "Nobody" not in text)


@piloted
async def test_no_key_but_those_of_the_wall_does_anything_and_q_leaves(config: Path) -> None:
    async with watched(config) as found:
        entries = len(found.ledger.journal())
        await found.pilot.press("a", "8", "enter", "E", "colon", "ctrl+y", "r")
        assert isinstance(found.wall.screen, WallScreen)
        assert len(found.ledger.journal()) == entries
        await found.pilot.press("q")
    assert found.wall.return_code == 0


def test_how_old_a_reading_may_be_follows_from_the_sweeps(config: Path) -> None:
    settings = load(config)
    (device,) = settings.devices
    assert late_s(replace(settings, devices=(replace(device, interval_s=5),))) == 180
    assert late_s(replace(settings, devices=(replace(device, interval_s=600), replace(device, interval_s=300)))) == 960


def test_without_a_store_or_a_terminal_the_command_says_what_to_do(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["wall", "--config", str(config)]) == 2
    assert "Run drdeck in a terminal" in capsys.readouterr().err
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual.drivers.web_driver:WebDriver")
    assert main(["wall", "--config", str(config)]) == 1
    assert "There is no store" in capsys.readouterr().err
    assert not (config.parent / "drdeck.sqlite").exists()
    assert main(["wall", "--config", str(config), "--serve", "--port", "0"]) == 2
    assert "expected a port" in capsys.readouterr().err


def test_a_browser_on_this_machine_gets_the_wall_and_nothing_from_elsewhere(config: Path) -> None:
    with closing(open_store(config.parent / "drdeck.sqlite")) as other:
        read(other, config)
    asyncio.run(asyncio.wait_for(_browse(config, _free_port()), 60))


def test_a_port_that_somebody_has_is_said(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_store(config.parent / "drdeck.sqlite").close()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["wall", "--config", str(config), "--serve", "--port", port]) == 1
    assert capsys.readouterr().err.startswith(f"Choose another --port: {port} cannot be had: ")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


async def _browse(config: Path, port: int) -> None:
    command = shlex.join([sys.executable, "-m", "app", "wall", "--serve", "--port", str(port), "--config", str(config)])
    process = await asyncio.create_subprocess_shell(f"exec {command}", stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert (await process.stdout.readline()).decode().startswith(f"The wall is at http://127.0.0.1:{port}")
        async with aiohttp.ClientSession() as browser:
            page = await _page(browser, f"http://127.0.0.1:{port}/")
            assert "drdeck wall" in page
            assert not re.findall(r"https?://(?!127\.0\.0\.1|www\.w3\.org)", page)
            for name, value in (("Origin", "http://evil.example"), ("Host", "evil.example")):
                async with browser.get(f"http://127.0.0.1:{port}/ws", headers={name: value}) as refused:
                    assert refused.status == 403
            async with browser.ws_connect(f"http://127.0.0.1:{port}/ws?width=100&height=30") as socket_:
                shown = b""
                while b"WORST RPO" not in shown:
                    shown += await socket_.receive_bytes()
    finally:
        process.terminate()
        await process.wait()


async def _page(browser: aiohttp.ClientSession, url: str) -> str:
    """The page, as soon as somebody listens."""
    while True:
        try:
            async with browser.get(url) as answer:
                assert answer.status == 200
                return await answer.text()
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.05)
