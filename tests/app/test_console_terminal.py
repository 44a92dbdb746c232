"""The console on real terminals: without colours, slow, stopped and continued, dragged to other sizes, and lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terminal import QUESTION, Terminal, drdeck, private_home

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

# A console on an estate of 300 LPARs in memory: its pages are full, and no device is asked.
LARGE = """
from app import looks
from app.console import Console
from tests.screens.estate import SITES, large
view = large(300).view()
look = looks.Look(theme="high-contrast")
console = Console(lambda: view, lambda say: None, lambda device: None, sites=SITES, look=look)
console.run()
print("ended with", console.return_code)
"""


def colours(raw: bytes) -> set[str]:
    """The codes that set a colour, of all that was sent: the names of SGR 30 to 38, 40 to 48 and 90 to 107."""
    codes = {code for sent in re.findall(rb"\x1b\[([\d;:]*)m", raw) for code in re.split(rb"[;:]", sent) if code}
    return {code.decode() for code in codes if int(code) in {*range(30, 39), *range(40, 49), *range(90, 108)}}


def titles(raw: bytes) -> list[str]:
    return [found.decode() for found in re.findall(rb"\x1b\]2;([^\x07]*)\x07", raw)]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {**private_home(tmp_path), "HMC_PASSWORD": "not-a-secret", "COLORTERM": "truecolor"}


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    return drdeck("--config", str(config), "--store", str(tmp_path / "store.sqlite"))


def until(holds: Callable[[], bool], message: str) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, message
        time.sleep(0.02)


def state(pid: int) -> str:
    """The letter that the system has for what a process does: T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("flags", [[], ["--theme", "light"], ["--theme", "ansi-dark", "--slow-link"]], ids=str)
def test_with_no_color_set_no_colour_is_sent_whatever_the_theme(
    command: list[str], home: dict[str, str], flags: list[str]
) -> None:
    with Terminal([*command, *flags], 80, 24, {**home, "NO_COLOR": "1"}) as terminal:
        terminal.wait_for("[1 Overview]", "could not be read")
        for key in ("2", "6", "enter", "esc", "?", "q"):
            terminal.press(key)
        terminal.wait_for("[6 Devices]")
        terminal.press("ctrl+q")
        assert terminal.ended() == 0
        assert colours(bytes(terminal.raw)) == set()
        assert b"\x1b[1;7m" in terminal.raw, "the present tab is told apart all the same"


def test_an_empty_no_color_means_nothing(command: list[str], home: dict[str, str]) -> None:
    """And so the scan of the test above finds colours where they are."""
    script = 'NO_COLOR= exec "$@"'
    with Terminal(["sh", "-c", script, "sh", *command], 80, 24, home) as terminal:
        terminal.wait_for("[1 Overview]")
        assert {"38", "48"} <= colours(bytes(terminal.raw))


def test_a_text_console_gets_its_own_sixteen_colours_and_no_title(command: list[str], home: dict[str, str]) -> None:
    with Terminal(command, 80, 24, {**home, "TERM": "linux"}) as terminal:
        terminal.wait_for("[1 Overview]", "could not be read")
        assert colours(bytes(terminal.raw)) <= {str(code) for code in (*range(31, 37), *range(91, 97))}
        assert "91" in colours(bytes(terminal.raw))
        assert not titles(bytes(terminal.raw))


def test_a_terminal_that_cannot_place_text_is_refused(command: list[str], home: dict[str, str]) -> None:
    with Terminal(command, 80, 24, {**home, "TERM": "dumb"}) as terminal:
        assert terminal.ended() == 2
        until(lambda: "TERM is dumb" in terminal.text, "not said")


def test_in_ascii_no_other_character_is_sent_though_the_locale_has_them(
    command: list[str], home: dict[str, str]
) -> None:
    with Terminal([*command, "--ascii"], 80, 24, {**home, "LC_ALL": "C.UTF-8"}) as terminal:
        terminal.wait_for("[1 Overview]", "# LIVE", "could not be read")
        terminal.press("6")
        terminal.wait_for("[6 Devices]")
        assert bytes(terminal.raw).isascii()


def test_the_title_says_mode_and_sites_and_is_given_back(command: list[str], home: dict[str, str]) -> None:
    with Terminal([*command, "--drill"], 80, 24, home) as terminal:
        terminal.wait_for("[1 Overview]")
        assert titles(bytes(terminal.raw)) == ["drdeck DRILL oslo"]
        assert b"\x1b[22;2t\x1b]2;" in terminal.raw
        terminal.press("ctrl+q")
        assert terminal.ended() == 0
        assert titles(bytes(terminal.raw)) == ["drdeck DRILL oslo", ""]
        assert terminal.raw.rindex(b"\x1b[23;2t") > terminal.raw.rindex(b"\x1b]2;\x07")


def test_without_the_mouse_the_terminal_keeps_it(command: list[str], home: dict[str, str]) -> None:
    with Terminal([*command, "--no-mouse"], 80, 24, home) as terminal:
        terminal.wait_for("[1 Overview]")
        assert b"\x1b[?1000h" not in terminal.raw


# ------------------------------------------------------------------------------------------------------ slow lines


def paging(terminal: Terminal) -> None:
    terminal.wait_for("[1 Overview]")
    terminal.press("2")
    terminal.wait_for("[2 LPARs]", "lpar00000")
    terminal.press("j", "pagedown", "pagedown", "pagedown")


def test_a_slow_line_is_found_and_a_way_out_offered_once(home: dict[str, str]) -> None:
    with Terminal([sys.executable, "-c", LARGE], 120, 40, home, line_bytes_s=40_000, answers=True) as terminal:
        paging(terminal)
        terminal.wait_for("This line is slow (about", "kB/s", ":slow on (or --slow-link) sends less")
        asked = terminal.raw.count(QUESTION)
        terminal.press("pagedown", "pagedown", "ctrl+q")
        assert terminal.ended() == 0
        assert terminal.raw.count(QUESTION) == asked


def test_on_a_fast_line_nothing_is_offered_and_no_answer_is_taken_for_a_key(home: dict[str, str]) -> None:
    with Terminal([sys.executable, "-c", LARGE], 120, 40, home, answers=True) as terminal:
        paging(terminal)
        terminal.press("g")
        terminal.wait_for("lpar00000")
        terminal.press("7")
        terminal.wait_for("[7 Events]")
        assert 2 <= terminal.raw.count(QUESTION) <= 3
        assert "slow" not in terminal.text


def test_from_a_terminal_that_answers_nothing_nothing_is_concluded(home: dict[str, str]) -> None:
    with Terminal([sys.executable, "-c", LARGE], 120, 40, home, line_bytes_s=40_000) as terminal:
        paging(terminal)
        terminal.press("7")
        terminal.wait_for("[7 Events]")
        assert terminal.raw.count(QUESTION) == 2
        assert "slow" not in terminal.text
        terminal.press("ctrl+q")
        assert terminal.ended() == 0


# --------------------------------------------------------------------------------------------- stopped, resized, lost


def test_stopped_with_ctrl_z_and_continued_with_fg_the_screen_is_whole_again(
    command: list[str], home: dict[str, str]
) -> None:
    shell = ["bash", "--norc", "--noprofile", "-i"]
    with Terminal(shell, 80, 24, {**home, "PS1": "shell> "}, controlling=True) as terminal:
        terminal.wait_for("shell>")
        terminal.press(" ".join(command) + "\r")
        terminal.wait_for("[1 Overview]", "could not be read")
        before = terminal.text.splitlines()
        terminal.press("ctrl+z")
        terminal.wait_for("Stopped", "shell>")
        assert terminal.raw.rindex(b"\x1b[?1049l") > terminal.raw.rindex(b"\x1b[?1049h"), (
            "the shell's own screen is back"
        )
        terminal.press("clear; stty -a | grep -o .icanon; echo done\r")
        terminal.wait_for(" icanon\ndone")
        terminal.press("fg\r")
        terminal.wait_for("[1 Overview]", "could not be read", "? Keys")
        assert terminal.text.splitlines()[1] == before[1]
        terminal.press("2")
        terminal.wait_for("[2 LPARs]")
        terminal.press("ctrl+q")
        terminal.wait_for("shell>")
        terminal.press("echo code $?\r")
        terminal.wait_for("code 0")
        terminal.press("exit\r")
        assert terminal.ended() == 0


def test_where_no_shell_could_bring_it_back_it_says_so_and_goes_on(command: list[str], home: dict[str, str]) -> None:
    with Terminal(command, 80, 24, home, controlling=True) as terminal:
        terminal.wait_for("[1 Overview]")
        terminal.press("ctrl+z")
        terminal.wait_for("No shell waits for this console")
        assert state(terminal.process.pid) != "T"
        terminal.press("2")
        terminal.wait_for("[2 LPARs]")


def test_a_storm_of_resizes_ends_in_a_whole_screen(command: list[str], home: dict[str, str]) -> None:
    with Terminal(command, 80, 24, home, controlling=True) as terminal:
        terminal.wait_for("[1 Overview]", "could not be read")
        for number in range(120):
            terminal.resize(20 + number % 90, 4 + number % 30)
        terminal.resize(2, 1)
        terminal.resize(100, 30)
        terminal.wait_for("[1 Overview]", "7 Events", "oslo prod", "? Keys")
        assert terminal.text.splitlines()[-1].startswith("Enter Open")
        terminal.press("ctrl+q")
        assert terminal.ended() == 0


def ended(terminal: Terminal, tmp_path: Path, code: int) -> None:
    """It ended with this code, its store is whole and closed, and no defect was recorded."""
    assert terminal.ended() == code
    assert b"Traceback" not in terminal.raw
    assert not list(tmp_path.rglob("crash.log"))
    assert not (tmp_path / "store.sqlite-wal").exists()
    check = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('pragma integrity_check').fetchone()[0])"
    done = subprocess.run([sys.executable, "-c", check, str(tmp_path / "store.sqlite")], capture_output=True, text=True)
    assert done.stdout == "ok\n"


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_cleanly(
    command: list[str], home: dict[str, str], tmp_path: Path, sent: signal.Signals, code: int
) -> None:
    with Terminal(command, 80, 24, home) as terminal:
        terminal.wait_for("[1 Overview]", "could not be read")
        os.kill(terminal.process.pid, sent)
        os.kill(terminal.process.pid, signal.SIGHUP if sent is signal.SIGHUP else 0)
        ended(terminal, tmp_path, code)
        assert bytes(terminal.raw).rstrip().endswith((b"\x1b[?1004l", b"\x1b[?1006l")), "the terminal is given back"


@pytest.mark.parametrize("controlling", [True, False], ids=["with a hang-up signal", "without"])
def test_a_terminal_that_goes_away_ends_it_cleanly(
    command: list[str], home: dict[str, str], tmp_path: Path, controlling: bool
) -> None:
    with Terminal(command, 80, 24, home, controlling=controlling) as terminal:
        terminal.wait_for("[1 Overview]", "could not be read")
        terminal.hang_up()
        ended(terminal, tmp_path, 129)


def test_a_terminal_that_goes_away_ends_it_though_hang_ups_are_ignored(
    command: list[str], home: dict[str, str], tmp_path: Path
) -> None:
    script = "trap '' HUP; exec \"$@\""
    with Terminal(["sh", "-c", script, "sh", *command], 80, 24, home, controlling=True) as terminal:
        terminal.wait_for("[1 Overview]", "could not be read")
        terminal.hang_up()
        ended(terminal, tmp_path, 129)


def test_a_stopped_console_whose_terminal_goes_away_ends_too(
    command: list[str], home: dict[str, str], tmp_path: Path
) -> None:
    shell = ["bash", "--norc", "--noprofile", "-i"]
    with Terminal(shell, 80, 24, {**home, "PS1": "shell> "}, controlling=True) as terminal:
        terminal.wait_for("shell>")
        terminal.press(" ".join(command) + "\r")
        terminal.wait_for("[1 Overview]", "could not be read")
        terminal.press("ctrl+z")
        terminal.wait_for("Stopped", "shell>")
        terminal.press("echo job $(jobs -p) .\r")
        shown = terminal.wait_for("job ")
        until(lambda: re.search(r"job (\d+) \.", terminal.text) is not None, shown)
        pid = int(re.findall(r"job (\d+) \.", terminal.text)[0])
        terminal.hang_up()
        until(lambda: not Path(f"/proc/{pid}").exists() or state(pid) == "Z", "it lives on")
        assert not list(tmp_path.rglob("crash.log"))
