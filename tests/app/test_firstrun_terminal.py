"""The first run as an operator meets it: a real terminal of 80x24, an empty home, keys alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from app.cli import main
from tests.terminal import Terminal, drdeck, private_home

OFFER = "Nothing is configured yet"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return private_home(tmp_path)


def test_an_empty_home_is_offered_the_demo_and_d_opens_it(home: dict[str, str]) -> None:
    with Terminal(drdeck(), 80, 24, home) as terminal:
        shown = terminal.wait_for(OFFER, "It needs to know which devices there are", "d Demo", "q Leave")
        assert len(shown.splitlines()) <= 24
        terminal.press("d")
        terminal.wait_for("LAB", "paris", "lyon")
        terminal.press("ctrl+q")
        assert terminal.process.wait(timeout=30) == 0
    ended = subprocess.run(
        drdeck("lab", "status"), env={**home, "PATH": ""}, capture_output=True, text=True, timeout=60
    )
    assert "no lab runs" in ended.stderr


def test_read_only_holds_in_the_demo_that_was_opened_so(home: dict[str, str]) -> None:
    with Terminal(drdeck("--read-only"), 80, 24, home) as terminal:
        terminal.wait_for(OFFER)
        terminal.press("d")
        terminal.wait_for("LAB", "READ-ONLY")
        terminal.press("ctrl+q")
        assert terminal.process.wait(timeout=30) == 0


@pytest.mark.parametrize("key", ["q", "esc", "ctrl+q"])
def test_the_offer_is_left_without_a_trace(home: dict[str, str], tmp_path: Path, key: str) -> None:
    with Terminal(drdeck(), 80, 24, home) as terminal:
        terminal.wait_for(OFFER)
        terminal.press(key)
        assert terminal.process.wait(timeout=30) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_configuration_is_written_by_keys_and_the_console_opens_on_it(home: dict[str, str], tmp_path: Path) -> None:
    with Terminal(drdeck(), 80, 24, home) as terminal:
        terminal.wait_for(OFFER)
        terminal.press("c")
        terminal.wait_for("A site")
        terminal.press("oslo", "\x13")
        terminal.wait_for("Sites and devices", "oslo")
        terminal.press("1")
        terminal.wait_for("A device: an HMC")
        terminal.press("hmc-oslo", "\t", "\t", "127.0.0.1", "\t", "\x15", "1", "\t", "me", "\t", "prompt", "\x13")
        terminal.wait_for("Type the password of me on hmc-oslo")
        terminal.press("hunter2", "enter")
        terminal.wait_for("unreachable", "not reached: Connection refused")
        terminal.press("k")
        terminal.wait_for("Not well yet:", "hmc-oslo (Enter opens one to correct it)")
        terminal.press("w")
        terminal.wait_for("The file as it will be written")
        terminal.press("w")
        terminal.wait_for("LIVE", "oslo")  # and the password is not asked for again
        terminal.press("6")
        terminal.wait_for("hmc-oslo", "unreachable")
        assert "hunter2" not in terminal.text
        terminal.press("ctrl+q")
        assert terminal.process.wait(timeout=30) == 0
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert tmp_path / "config" / "drdeck" / "config.toml" in kept
    assert not any(b"hunter2" in path.read_bytes() for path in kept)
    with Terminal(drdeck(), 80, 24, home) as terminal:
        terminal.wait_for("password of me on hmc-oslo:")  # there is a configuration now, so nothing is offered


@pytest.mark.parametrize("named", [["--config", "missing.toml"], []])
def test_a_configuration_that_is_named_and_missing_is_an_error_and_no_offer(
    home: dict[str, str], tmp_path: Path, named: list[str]
) -> None:
    environment = home if named else {**home, "DRDECK_CONFIG": str(tmp_path / "missing.toml")}
    with Terminal(drdeck(*named), 200, 24, environment) as terminal:
        assert terminal.process.wait(timeout=30) == 2
        assert "missing.toml" in terminal.wait_for("expected a configuration file here")
        assert OFFER not in terminal.text


def test_a_link_that_leads_nowhere_is_an_error_and_no_offer(home: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "config" / "drdeck"
    folder.mkdir(parents=True)
    (folder / "config.toml").symlink_to(tmp_path / "gone")
    with Terminal(drdeck(), 200, 24, home) as terminal:
        assert terminal.process.wait(timeout=30) == 2
        terminal.wait_for("expected a configuration file here")


def test_without_a_terminal_the_error_stays(
    home: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in home.items():
        monkeypatch.setenv(name, value)
    assert main([]) == 2
    assert "expected a configuration file here" in capsys.readouterr().err
