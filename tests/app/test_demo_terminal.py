"""The demo as an operator meets it: a real terminal of 80x24, keys alone, faults from a second process."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from tests.terminal import Terminal, drdeck, private_home

PANES = {
    "2": "erp_db1",
    "3": "pg-erp",
    "4": "rcg_sales",
    "5": "web01",
    "6": "hmc-paris",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return private_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def demo(home: dict[str, str]) -> Iterator[Terminal]:
    with Terminal(drdeck("demo", "--latency", "instant"), 80, 24, home) as terminal:
        terminal.wait_for("LAB", "paris", "lyon")
        yield terminal


def lab(home: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        drdeck("lab", *arguments), env={**os.environ, **home}, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


@pytest.mark.parametrize(("key", "name"), PANES.items())
def test_each_pane_is_one_key_away_and_shows_its_objects(demo: Terminal, key: str, name: str) -> None:
    demo.press(key)
    demo.wait_for(name)


def test_enter_opens_a_detail_and_escape_goes_back_to_the_same_row(demo: Terminal) -> None:
    demo.press("2")
    demo.wait_for("erp_db1")
    demo.press("enter")
    demo.wait_for("LPAR bill_app1", "Managed system", "P10-LYO-01", "P10-PAR-01")
    demo.press("esc")
    demo.wait_for("erp_db1", "erp_app1")


def test_a_fault_from_a_second_terminal_appears_and_goes_away_again(demo: Terminal, home: dict[str, str]) -> None:
    demo.press("6")
    demo.wait_for("hmc-paris")
    lab(home, "fault", "add", "hmc-paris", "unreachable")
    demo.wait_for("unreachable")
    demo.press("2")
    demo.wait_for("hmc-paris", "erp_db1")
    lab(home, "fault", "clear")
    demo.press("6")
    demo.wait_for("unreachable", absent=True, timeout=90)


def test_what_somebody_else_does_on_a_device_appears_by_itself_and_stands_in_the_events(
    demo: Terminal, home: dict[str, str]
) -> None:
    demo.press("2", "G")
    demo.wait_for("tsm1")
    found = json.loads(lab(home, "status"))
    port = next(d["ports"]["ssh"] for d in found["devices"] if d["name"] == "hmc-paris")
    secret = Path(home["XDG_STATE_HOME"]) / "drdeck" / "lab" / "hmc-paris.secret"
    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect("127.0.0.1", port, "hscroot", secret.read_text(), look_for_keys=False, allow_agent=False)
        _, out, _ = client.exec_command("chsysstate -r lpar -m P10-PAR-02 -o shutdown -n tsm1 --immed")
        assert out.channel.recv_exit_status() == 0
    demo.wait_for("11 Not Activated")
    demo.press("7")
    demo.wait_for("tsm1", "Running → Not Activ")  # the rest is cut where other events are wide


def test_quitting_ends_the_lab_with_the_console(home: dict[str, str], tmp_path: Path) -> None:
    own = private_home(tmp_path)
    with Terminal(drdeck("demo", "--latency", "instant"), 80, 24, own) as terminal:
        terminal.wait_for("paris", "lyon")
        terminal.press("ctrl+q")
        assert terminal.process.wait(timeout=30) == 0
    ended = subprocess.run(drdeck("lab", "status"), env={**own, "PATH": ""}, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "no lab runs" in ended.stderr
