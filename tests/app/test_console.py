"""The console over a real store: the last known state first, then the devices; every way to end it is bounded."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from app.console import Console
from app.machinery import Machinery
from app.settings import load
from screens.base import EstateScreen
from store.database import open_store
from store.errors import StoreError
from store.estate import DeviceKind, Lpar, LparState, ManagedSystem, Reading, SystemState
from store.records import DeviceHealth, DeviceStatus
from store.view import EstateView
from tests.screens.estate import calm
from tests.screens.piloting import Driven
from tests.terminal import Terminal, drdeck, private_home

CONFIG = """
[[sites]]
name = "oslo"
role = "prod"

[[devices]]
name = "hmc-oslo"
kind = "hmc"
site = "oslo"
host = "127.0.0.1"
port = 1
user = "hscroot"
password = "env:HMC_PASSWORD"
host_keys = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0mC9S7o9C0r1oU3cK0v0m2o8h0m0t0m0e0m0o0m0o0"]
"""


def _lpar(name: str) -> Lpar:
    return Lpar(
        system="P10-OSLO-01",
        system_key="9105-22A*7801234",
        name=name,
        lpar_id=7,
        uuid=None,
        env="aixlinux",
        state=LparState.RUNNING,
        os_version=None,
        default_profile=None,
        curr_profile=None,
        rmc_state="active",
        rmc_ipaddr=None,
    )


def _configured(folder: Path) -> tuple[Path, Path]:
    """A configuration with one HMC that nobody answers for, and a store that knows an LPAR of it."""
    config, path = folder / "config.toml", folder / "store.sqlite"
    config.write_text(CONFIG)
    store = open_store(path)
    status = DeviceStatus("hmc-oslo", DeviceKind.HMC, "oslo", "127.0.0.1:1", DeviceHealth.NEVER)
    store.configure([status])
    system = ManagedSystem("P10-OSLO-01", "9105-22A", "7801234", SystemState.OPERATING)
    store.apply(Reading("hmc-oslo", datetime.now(UTC), (system, _lpar("kept-from-before"))), status)
    store.close()
    return config, path


@dataclass
class Steps:
    """A console of which the test holds the steps of the start in its hand."""

    may_open: threading.Event = field(default_factory=threading.Event)
    may_sweep: threading.Event = field(default_factory=threading.Event)
    fails: Exception | None = None
    says: str | None = None

    def open(self) -> EstateView:
        self.may_open.wait(20)
        if isinstance(self.fails, StoreError):
            raise self.fails
        return calm().view()

    def sweep(self, say: Callable[[str], None]) -> None:
        self.may_sweep.wait(20)
        if self.fails is not None:
            raise self.fails
        if self.says is not None:
            say(self.says)

    def console(self) -> Console:
        return Console(self.open, self.sweep, lambda name: None)


def _run(work: Callable[[], Awaitable[None]]) -> None:
    async def awaited() -> None:
        await work()

    asyncio.run(awaited())


def test_the_first_frame_waits_neither_for_the_store_nor_for_the_devices() -> None:
    steps = Steps()

    async def work() -> None:
        console = steps.console()
        async with console.run_test(size=(80, 24)) as pilot:
            driven = Driven(console, pilot, clock=None)  # type: ignore[arg-type]
            await driven.wait_for(lambda: "Opening the store" in driven.text, "nothing is shown")
            steps.may_open.set()
            await driven.wait_for(lambda: "[1 Overview]" in driven.text, "the last known state is not shown")
            await driven.press("r")
            assert "Devices are not being read yet" in driven.text
            steps.may_sweep.set()
            await driven.wait_for(console.around.sweeping, "the sweep does not begin")

    _run(work)


def test_what_is_put_off_for_a_moment_is_done_even_where_the_loop_is_held_up_for_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps, done = Steps(), asyncio.Event()
    steps.may_open.set()
    steps.may_sweep.set()

    async def work() -> None:
        console = steps.console()
        async with console.run_test(size=(80, 24)):
            ticks = itertools.count()
            clock = SimpleNamespace(get_time=lambda: next(ticks) / 10, sleep=asyncio.sleep)
            with monkeypatch.context() as patched:
                patched.setattr("textual.timer._time", clock)
                console.set_timer(0.002, done.set)
                await asyncio.wait_for(done.wait(), 10)

    _run(work)


def test_a_store_that_cannot_be_opened_ends_the_console_with_its_exit_code() -> None:
    steps = Steps(fails=StoreError("The store x is damaged", "Move it away"))
    steps.may_open.set()

    async def work() -> None:
        console = steps.console()
        async with console.run_test() as pilot:
            await Driven(console, pilot, clock=None).wait_for(lambda: console._exit, "it goes on")  # type: ignore[arg-type]
        assert console.return_code == 4
        assert console.failure is steps.fails

    _run(work)


def test_where_the_sweep_cannot_begin_the_last_known_state_is_shown_and_said_to_be_that() -> None:
    steps = Steps(fails=RuntimeError("can't start new thread"))
    steps.may_open.set()
    steps.may_sweep.set()

    async def work() -> None:
        console = steps.console()
        async with console.run_test(size=(100, 30)) as pilot:
            driven = Driven(console, pilot, clock=None)  # type: ignore[arg-type]
            await driven.wait_for(lambda: "devices are not read: can't start new thread" in driven.text, "not said")
            await driven.press("2")
            assert "last known state" in driven.text
            assert "erp-db" in driven.text

    _run(work)


def test_what_the_schedule_has_to_say_is_shown_with_its_age() -> None:
    steps = Steps(says="The clock of this machine was set by +60 s")
    steps.may_open.set()
    steps.may_sweep.set()

    async def work() -> None:
        console = steps.console()
        async with console.run_test(size=(100, 30)) as pilot:
            driven = Driven(console, pilot, clock=None)  # type: ignore[arg-type]
            await driven.wait_for(lambda: "<10s ago: The clock of this machine was set" in driven.text, "not said")

    _run(work)


def test_a_device_that_is_dark_from_the_start_leaves_the_state_of_last_time_with_its_age(tmp_path: Path) -> None:
    config, path = _configured(tmp_path)
    machinery = Machinery(load(config), path)

    async def work() -> None:
        console = Console(machinery.open, machinery.sweep, machinery.sweep_now)
        async with console.run_test(size=(100, 30)) as pilot:
            driven = Driven(console, pilot, clock=None)  # type: ignore[arg-type]
            await driven.wait_for(lambda: isinstance(console.screen, EstateScreen), "no pane is shown")
            await driven.press("2")
            assert "kept-from-before" in driven.text
            await driven.wait_for(lambda: "hmc-oslo could not be read" in driven.text, "the trouble is not shown")
            assert "▲ stale" in driven.line("kept-from-before")
            await driven.press("6", "r")
            await driven.wait_for(lambda: "Could not be read: hmc-oslo." in driven.text, "its end is not said")

    try:
        _run(work)
    finally:
        machinery.close()
    store = open_store(path)
    assert store.view.get("lpar", _lpar("kept-from-before").key) is not None
    store.close()


def test_changes_from_many_threads_at_once_all_arrive() -> None:
    view = calm().view()

    async def work() -> None:
        console = Console(lambda: view, lambda say: None, lambda name: None)
        async with console.run_test(size=(100, 40)) as pilot:
            driven = Driven(console, pilot, clock=None)  # type: ignore[arg-type]
            await driven.wait_for(lambda: isinstance(console.screen, EstateScreen), "no pane is shown")
            await driven.press("6")
            threads = [threading.Thread(target=_report, args=(view, d)) for d in view.devices()]
            for thread in threads:
                thread.start()
            await driven.wait_for(lambda: "8 could not be read" in driven.text, "not every change arrived")
            for thread in threads:
                thread.join()

    _run(work)


def _report(view: EstateView, device: DeviceStatus) -> None:
    from store.records import Change

    for number in range(50):
        health = DeviceHealth.FAILING if number == 49 else DeviceHealth.OK
        view.record(device.name, status=replace(device, health=health, failure="unreachable"))
        view.tell(Change(device.name))


def test_importing_the_console_loads_no_vendor_library_no_orm_and_no_backend() -> None:
    code = "import app.console, screens.overview, screens.lpars, sys; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    for name in ("sqlalchemy", "paramiko", "pypureclient", "hpe3parclient", "pyVmomi", "apscheduler"):
        assert name not in loaded, name
    assert not [name for name in loaded if name.split(".")[0] == "backends"]


def test_ctrl_q_leaves_a_real_terminal_as_it_was_and_ends_with_0(tmp_path: Path) -> None:
    config, path = _configured(tmp_path)
    command = drdeck("--config", str(config), "--store", str(path))
    env = {**private_home(tmp_path), "HMC_PASSWORD": "not-a-secret"}
    with Terminal(command, 80, 24, env) as terminal:
        terminal.wait_for("[1 Overview]", "LIVE")
        terminal.press("ctrl+q")
        assert terminal.process.wait(timeout=30) == 0


def test_a_damaged_store_is_told_in_plain_words_with_exit_code_4(tmp_path: Path) -> None:
    config, path = _configured(tmp_path)
    for file in tmp_path.glob("store.sqlite*"):
        file.unlink()
    path.write_bytes(b"this is no database" * 500)
    command = drdeck("--config", str(config), "--store", str(path))
    env = {**private_home(tmp_path), "HMC_PASSWORD": "not-a-secret"}
    with Terminal(command, 80, 24, env) as terminal:
        assert terminal.process.wait(timeout=60) == 4
        deadline = time.monotonic() + 10
        while "store.sqlite" not in terminal.text.replace("\n", "") and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "Traceback" not in terminal.text
        assert "store.sqlite" in terminal.text.replace("\n", "")
    assert path.stat().st_size == len(b"this is no database") * 500


def test_a_defect_of_the_console_prints_no_local_variable(tmp_path: Path) -> None:
    program = """
from datetime import UTC, datetime
from app.console import Console
from store.view import EstateView

class Breaks(Console):
    def _started(self) -> None:
        password = "hunter" + "2"
        raise RuntimeError("a defect")

console = Breaks(EstateView.of, lambda say: None, lambda device: None)
console.run()
print(f"ended with {type(console.failure).__name__}")
"""
    with Terminal([sys.executable, "-c", program], 100, 30, private_home(tmp_path)) as terminal:
        terminal.wait_for("ended with RuntimeError")
        assert "hunter2" not in terminal.text
        assert "Traceback" not in terminal.text
