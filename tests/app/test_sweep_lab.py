"""Every fault of the lab against every driver, through settings, sweep and store: what the operator is told, and that
it goes away again while nothing else is disturbed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.connect import Connector
from app.settings import Settings, load
from app.sweep import Sweeper
from backends.lab.configuration import write_config
from backends.lab.faults import FaultKind
from backends.lab.lab import Lab
from backends.outcome import Failure
from store.database import open_store
from store.records import DeviceHealth, DeviceStatus
from tests.backends.lab.running_lab import demo_lab

DEVICES = ("hmc-paris", "fa-paris", "3par-paris", "vc-paris")
HTTPS_ONLY = ("fa-paris", "3par-paris", "vc-paris")

F = FaultKind
WRONG_ANSWER = {Failure.BAD_ANSWER, Failure.LOST, Failure.BUSY, Failure.REFUSED}
EVERYWHERE: dict[FaultKind, set[Failure]] = {
    F.UNREACHABLE: {Failure.UNREACHABLE},
    F.HANG: {Failure.TIMEOUT},
    F.SLOW: {Failure.TIMEOUT},
    F.REFUSES_LOGIN: {Failure.LOGIN_REFUSED},
    F.DROP_BEFORE: {Failure.LOST, Failure.UNREACHABLE},
    F.DROP_AFTER: {Failure.LOST, Failure.UNREACHABLE},
    F.TRUNCATED: {Failure.BAD_ANSWER, Failure.LOST},
    F.SESSION_LIMIT: {Failure.SESSION_LIMIT},
}
HTTPS: dict[FaultKind, set[Failure]] = {
    F.HTML: {Failure.BAD_ANSWER},
    F.HTTP_401: {Failure.LOGIN_REFUSED},
    F.HTTP_403: {Failure.REFUSED, Failure.LOGIN_REFUSED},
    F.HTTP_409: WRONG_ANSWER | {Failure.LOGIN_REFUSED},
    F.HTTP_429: WRONG_ANSWER | {Failure.LOGIN_REFUSED},
    F.HTTP_500: WRONG_ANSWER,
    F.HTTP_503: {Failure.BUSY},
    F.HTTP_504_AFTER: {Failure.TIMEOUT, Failure.BUSY},
    F.EXPIRED_CERT: {Failure.UNTRUSTED},
}
CASES = [(device, kind, told) for kind, told in EVERYWHERE.items() for device in DEVICES]
CASES += [(device, kind, told) for kind, told in HTTPS.items() for device in HTTPS_ONLY]
CASES += [("hmc-paris", F.CHANGED_KEY, {Failure.UNTRUSTED})]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with demo_lab(tmp_path_factory.mktemp("lab"), real_time=True) as lab:
        yield lab


@pytest.fixture(scope="module")
def settings(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load(write_config(lab, tmp_path_factory.mktemp("config"), 60))


class Console:
    """Sweep and store of a console, with limits short enough for a test."""

    def __init__(self, settings: Settings, path: Path) -> None:
        devices = tuple(replace(d, connect_timeout_s=2.0, call_timeout_s=1.5, timeout_s=30.0) for d in settings.devices)
        self.settings = replace(settings, devices=devices)
        self.store = open_store(path / "store.sqlite")
        self.sweeper = Sweeper(devices, Connector(self.settings), self.store)

    def sweep(self, device: str) -> DeviceStatus:
        return self.sweeper.sweep(device)


@pytest.fixture
def console(settings: Settings, tmp_path: Path) -> Iterator[Console]:
    console = Console(settings, tmp_path)
    yield console
    console.sweeper.stop()
    console.store.close()


@pytest.fixture(autouse=True)
def no_faults(lab: Lab) -> Iterator[None]:
    yield
    lab.world.faults.clear()


@pytest.mark.parametrize(("device", "kind", "told"), CASES, ids=[f"{d}-{k}" for d, k, _ in CASES])
def test_a_fault_is_told_in_its_own_word_and_goes_away_again(
    lab: Lab, console: Console, device: str, kind: FaultKind, told: set[Failure]
) -> None:
    fault = lab.world.faults.add(device, kind, seconds=4.0 if kind is F.SLOW else None)
    status = console.sweep(device)
    if device == "3par-paris" and kind in HTTPS:  # its command line still answers: the WSAPI's half is missing
        assert status.health is DeviceHealth.PARTIAL, status
        assert any("WSAPI" in problem.where for problem in status.problems), status.problems
    else:
        assert status.health is DeviceHealth.FAILING, status
        assert status.failure in told, (status.failure, status.text)
        assert status.text
    assert status.next_try is not None
    lab.world.faults.remove(fault.id)
    again = console.sweep(device)
    assert (again.health, again.failure) == (DeviceHealth.OK, None), again


@pytest.mark.parametrize("device", DEVICES)
def test_a_skewed_clock_is_measured(lab: Lab, console: Console, device: str) -> None:
    lab.world.faults.add(device, F.CLOCK_SKEWED, seconds=600.0)
    status = console.sweep(device)
    assert status.health is DeviceHealth.OK
    assert status.clock_skew_s == pytest.approx(600, abs=3)


@pytest.mark.parametrize("device", DEVICES)
def test_a_device_that_dies_in_mid_sweep_keeps_its_last_known_rows(lab: Lab, console: Console, device: str) -> None:
    console.sweep(device)
    before = {(e.kind, e.key): e.obj for kind in ("lpar", "pgroup", "rcg", "vm") for e in _rows(console, kind, device)}
    assert before
    verb = {"hmc-paris": "lshwres*", "fa-paris": "GET /hosts*", "3par-paris": "GET*", "vc-paris": "*Updates*"}[device]
    lab.world.faults.add(device, F.DROP_BEFORE, verb=verb)
    assert console.sweep(device).health is not DeviceHealth.OK
    after = {(e.kind, e.key): e.obj for kind in ("lpar", "pgroup", "rcg", "vm") for e in _rows(console, kind, device)}
    assert after.keys() == before.keys()
    assert not any(e.gone for kind in ("lpar", "pgroup", "rcg", "vm") for e in _rows(console, kind, device))


def test_one_dead_device_delays_no_other(lab: Lab, console: Console) -> None:
    lab.world.faults.add("hmc-paris", F.HANG)
    done = console.sweeper.sweep_once(20.0)
    assert done["hmc-paris"].failure == Failure.TIMEOUT
    others = [status for name, status in done.items() if name != "hmc-paris"]
    assert {status.health for status in others} == {DeviceHealth.OK}
    slowest_other = max(status.sweep_s or 0 for status in others)
    assert slowest_other < (done["hmc-paris"].sweep_s or 0)


def _rows(console: Console, kind: str, device: str) -> list:  # type: ignore[type-arg]
    return [entry for entry in console.store.view.entries(kind) if entry.device == device]
