"""``drdeck check``: every device read once, each failure with what to do, and an exit code that a script can use."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app import check
from app.cli import main
from app.settings import DeviceSettings, load
from backends.lab.faults import FaultKind
from backends.outcome import DeviceError, Failure, Sent
from store.estate import KIND_OF, DeviceKind, Problem, Reading, Unread
from tests.app.lab_estate import LabEstate, lab_estate


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabEstate]:
    with lab_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


def run(estate: LabEstate, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["check", "--config", str(estate.config), *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def as_json(estate: LabEstate, capsys: pytest.CaptureFixture[str], *names: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = run(estate, capsys, "--json", *names)
    content = json.loads(out)
    assert content["schema_version"] == 1
    return code, {device["name"]: device for device in content["devices"]}


def test_a_healthy_estate_is_all_ok(estate: LabEstate, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(estate, capsys)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["DEVICE", "KIND", "SITE", "ADDRESS", "RESULT", "CLOCK", "TIME", "READ"]
    assert lines[-1].startswith("Roles: none in ")
    assert [line.split()[0] for line in lines[1:-2]] == list(estate.lab.world.devices)
    assert all(line.split()[4] == "ok" for line in lines[1:-2])
    assert "2 managed systems, 16 LPARs" in lines[1]


def test_only_the_devices_named_are_read(estate: LabEstate, capsys: pytest.CaptureFixture[str]) -> None:
    before = estate.device("fa-lyon").counters.requests.total()
    code, found = as_json(estate, capsys, "hmc-lyon", "fa-paris")
    assert code == 0
    assert list(found) == ["fa-paris", "hmc-lyon"]
    assert estate.device("fa-lyon").counters.requests.total() == before


def test_sessions_are_closed_afterwards(estate: LabEstate, capsys: pytest.CaptureFixture[str]) -> None:
    run(estate, capsys)
    deadline = threading.Event()
    for _ in range(100):
        if all(device.counters.sessions == 0 for device in estate.lab.world.devices.values()):
            return
        deadline.wait(0.1)
    raise AssertionError({name: device.counters.sessions for name, device in estate.lab.world.devices.items()})


@pytest.mark.parametrize(
    ("kind", "device", "result", "advice"),
    [
        (FaultKind.UNREACHABLE, "hmc-paris", Failure.UNREACHABLE, "Try from this machine: nc -vz 127.0.0.1"),
        (FaultKind.UNREACHABLE, "fa-paris", Failure.UNREACHABLE, "Try from this machine: nc -vz 127.0.0.1"),
        (FaultKind.REFUSES_LOGIN, "hmc-paris", Failure.LOGIN_REFUSED, "Check user and secret of hmc-paris in"),
        (FaultKind.REFUSES_LOGIN, "vc-paris", Failure.LOGIN_REFUSED, "Check user and secret of vc-paris in"),
        (FaultKind.CHANGED_KEY, "hmc-paris", Failure.UNTRUSTED, "drdeck trust hmc-paris"),
        (FaultKind.EXPIRED_CERT, "fa-paris", Failure.UNTRUSTED, "drdeck trust fa-paris"),
        (FaultKind.HTML, "fa-paris", Failure.BAD_ANSWER, "a FlashArray of a supported version, and not a proxy"),
        (
            FaultKind.HTTP_500,
            "fa-paris",
            Failure.BAD_ANSWER,
            "reports an error of its own: look at the alerts and logs",
        ),
    ],
)
def test_all_03_each_failure_says_what_to_do_and_the_others_are_still_read(
    estate: LabEstate,
    capsys: pytest.CaptureFixture[str],
    kind: FaultKind,
    device: str,
    result: Failure,
    advice: str,
) -> None:
    with estate.fault(device, kind):
        code, out, err = run(estate, capsys, device, "hmc-lyon")
        _, found = as_json(estate, capsys, device, "hmc-lyon")
    assert code == 1
    assert err.splitlines()[0] == f"Could not be read: {device}. What to do stands under each, behind the arrow."
    assert f" {result} " in out
    assert found[device]["result"] == result.value
    assert advice in found[device]["advice"][0]
    assert f"    -> {found[device]['advice'][0]}" in out
    assert found["hmc-lyon"]["result"] == "ok"


def test_a_clock_that_is_off_is_told_with_its_direction(estate: LabEstate, capsys: pytest.CaptureFixture[str]) -> None:
    with estate.fault("hmc-paris", FaultKind.CLOCK_SKEWED, seconds=600):
        code, found = as_json(estate, capsys, "hmc-paris")
    assert code == 0
    assert abs(abs(found["hmc-paris"]["clock_skew_s"]) - 600) < 5
    where = "ahead of" if found["hmc-paris"]["clock_skew_s"] > 0 else "behind"
    assert f"s {where} this machine's: set both by NTP" in found["hmc-paris"]["advice"][0]


def test_a_missing_secret_is_a_failure_of_its_device_alone(
    estate: LabEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = estate.config_in(tmp_path, devices=("hmc-paris", "hmc-lyon"))
    config.write_text(config.read_text().replace("hmc-paris.secret", "hmc-paris.gone"))
    code = main(["check", "--config", str(config)])
    said = capsys.readouterr()
    assert code == 1
    assert "secret not available" in said.out
    assert f"-> Make the secret that {config} names for hmc-paris available on this machine" in said.out
    assert said.err.startswith("Could not be read: hmc-paris.")


def test_checks_that_are_off_are_shown(estate: LabEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = estate.config_in(tmp_path, without=("host_keys",), devices=("hmc-paris",))
    config.write_text(config.read_text().replace('kind = "hmc"', 'kind = "hmc"\nverify = false'))
    assert main(["check", "--config", str(config)]) == 0
    assert "-> Its identity is not checked (verify = false)" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------ with drivers in memory


class _Driver:
    """Answers with a reading, an error, or not before it is released."""

    def __init__(self, answer: Reading | Exception | threading.Event) -> None:
        self._answer = answer
        self.closed = False

    def read(self) -> Reading:
        if isinstance(self._answer, Exception):
            raise self._answer
        if isinstance(self._answer, threading.Event):
            self._answer.wait(30)
            raise DeviceError("slow", "read", Failure.LOST, Sent.UNKNOWN, "too late")
        return self._answer

    def close(self) -> None:
        self.closed = True


def settings_of(name: str, timeout_s: float = 30.0) -> DeviceSettings:
    return DeviceSettings(name, DeviceKind.HMC, "paris", f"{name}.example.com", 22, "u", timeout_s=timeout_s)


def test_a_device_that_hangs_is_given_up_after_its_own_time_and_holds_up_no_other() -> None:
    release = threading.Event()
    quick = _Driver(Reading("quick", datetime.now(UTC), ()))
    drivers = {"slow": _Driver(release), "quick": quick}
    try:
        slow, other = check.read_all([settings_of("slow", 0.2), settings_of("quick")], lambda name: drivers[name])
    finally:
        release.set()
    assert slow.error is not None
    assert (slow.error.failure, slow.error.sent) == (Failure.TIMEOUT, Sent.UNKNOWN)
    assert other.word == "ok"
    assert quick.closed


def test_an_error_that_no_driver_knows_is_a_failure_that_shows_no_values() -> None:
    secret = "hunter2"
    (result,) = check.read_all([settings_of("odd")], lambda _: _Driver(KeyError(secret)))
    assert result.error is not None
    assert result.error.failure is Failure.BAD_ANSWER
    assert secret not in str(result.error)


@pytest.mark.parametrize(
    ("code", "text", "line"),
    [
        ("HSCL8012", "HSCL8012 The partition named x was not found.", "HSCL8012 The partition named x was not found."),
        ("HTTP 403", "not permitted", "HTTP 403: not permitted"),
        (None, "Connection refused", "Connection refused"),
    ],
)
def test_pra_09_the_words_of_a_device_and_its_code_are_shown(
    estate: LabEstate, code: str | None, text: str, line: str
) -> None:
    refused = DeviceError("dev", "lssyscfg -r sys", Failure.REFUSED, Sent.REFUSED, text, code)
    (result,) = check.read_all([settings_of("dev")], lambda _: _Driver(refused))
    told = check.advice(result, load(estate.config))
    assert told[0] == f"lssyscfg -r sys: {line}"
    assert told[1].startswith("-> It answered and refused")


def test_what_could_not_be_read_in_part_is_listed_and_cannot_disturb_the_terminal(
    estate: LabEstate,
) -> None:
    reading = Reading(
        "dev",
        datetime.now(UTC),
        (),
        (Problem("lssyscfg -r lpar line 3", "erp\x1b[2J,xx", "a WWPN of 16 hex digits"),),
        (Unread("lpar", "9080*1/", "timed out"),),
    )
    (result,) = check.read_all([settings_of("dev")], lambda _: _Driver(reading))
    assert result.word == "partly read"
    told = check.advice(result, load(estate.config))
    assert told[0] == "LPARs 9080*1/ could not be read: timed out"
    assert told[1] == "lssyscfg -r lpar line 3: expected a WWPN of 16 hex digits, got 'erp\\x1b[2J,xx'"
    assert told[2].startswith("-> The other rows are good")


def test_every_failure_there_is_has_its_advice_and_every_kind_its_words() -> None:
    assert set(check.FIXES) == set(Failure)
    assert set(check.WORDS) == set(KIND_OF.values())
    assert set(check.KINDS) == set(DeviceKind)
