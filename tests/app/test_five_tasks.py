"""What a stranger can find out by keys alone at 80x24, from the words of the README: *Things to find out*.

In tmux where there is one; elsewhere in the tests' own terminal.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal import Terminal, drdeck, private_home
from tests.tmux import Tmux

README = (Path(__file__).parents[2] / "README.md").read_text()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return private_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def demo(home: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tmux | Terminal]:
    command = drdeck("demo", "--latency", "instant")
    folder = tmp_path_factory.mktemp("tmux")
    made = Tmux(command, 80, 24, home, folder) if shutil.which("tmux") else Terminal(command, 80, 24, home)
    with made as screen:
        screen.wait_for("LAB", "paris", "lyon", "devices ● 8 ok")
        yield screen


def written(keys: str) -> str:
    """The keys as the README writes them; that it does is part of the test."""
    assert f"`{keys}`" in README, f"the README does not say {keys}"
    return keys


def typed(screen: Tmux | Terminal, pane: str, text: str) -> None:
    screen.press(pane)
    screen.press(*written(text), "enter")


def rows(text: str) -> list[str]:
    """The lines of the table: those below its heading."""
    lines = text.splitlines()
    heading = next(number for number, line in enumerate(lines) if re.search(r"\bAge\b", line))
    return [line for line in lines[heading + 1 : -1] if line.strip()]


def test_the_lpar_whose_wwpns_differ_from_its_host(demo: Tmux | Terminal) -> None:
    typed(demo, "2", "/host:differs")
    shown = demo.wait_for("1 of 30", "✗ differs")
    assert [line.split()[0] for line in rows(shown)] == ["crm_db1"]
    demo.press("enter")
    demo.wait_for("LPAR crm_db1")
    demo.press("enter")
    demo.wait_for("lacks", "which no profile of crm_db1", "✗ lacks 1")
    demo.press("q", "q", "q", "q")


def test_which_lpars_could_not_come_back_at_the_other_site_and_why(demo: Tmux | Terminal) -> None:
    demo.press("2")
    demo.wait_for("DR at lyon", "not ready", timeout=90)
    typed(demo, "2", '/dr:"not ready"')
    shown = demo.wait_for(" of 30", "▲ not ready")
    assert {"bill_app1", "crm_db1"} <= {line.split()[0] for line in rows(shown)}
    demo.press("g", "enter")
    shown = demo.wait_for("LPAR bill_app1", "Return at lyon", "not ready because")
    assert "FA10B2EE1E02" in shown
    demo.press("q", "q", "q")


def test_the_protection_group_with_the_oldest_copy(demo: Tmux | Terminal) -> None:
    typed(demo, "3", ":sort rpo")
    shown = demo.wait_for("by RPO age")
    first = rows(shown)[0]
    assert "pg-" in first
    ages = [found[0] for line in rows(shown) if (found := re.findall(r"\b\d+(?:s|m|h\d*m?|d)\b|none", line))]
    assert ages, shown


def test_what_falls_if_rack_a7_goes(demo: Tmux | Terminal) -> None:
    demo.press(*written("I"))
    demo.wait_for("Infrastructure", "imported", "paris-lyon-1")
    demo.press("enter")
    demo.wait_for("site paris", "A7", "rack")
    demo.press(*written("/name:A7"), "enter")
    demo.wait_for("1 of ")
    demo.press(*written("b"))
    shown = demo.wait_for("rack A7 fails → 6 LPARs, 7 RCGs", "plan demo", "erp_db1", "✗ falls", timeout=90)
    assert "counted" in shown and "erp_app2" not in shown
    demo.press("q", "q", "q", "q")


def test_which_rcgs_are_reversed(demo: Tmux | Terminal) -> None:
    typed(demo, "4", "/roles:reversed")
    shown = demo.wait_for(" of 8")
    assert rows(shown) and all("Rev" in line for line in rows(shown))
    demo.press("esc")


def test_why_a_device_is_red(demo: Tmux | Terminal, home: dict[str, str]) -> None:
    lab = drdeck("lab", "fault", "add", "fa-lyon", "unreachable")
    subprocess.run(lab, env={**os.environ, **home}, check=True, capture_output=True, timeout=60)
    demo.press("6")
    demo.wait_for("fa-lyon", "could not be read", timeout=90)
    demo.press("g", *written("w"), "enter")
    shown = demo.wait_for("Device fa-lyon", "Why", "unreachable", "Next try")
    assert "In its own words" in shown
    subprocess.run(drdeck("lab", "fault", "clear"), env={**os.environ, **home}, check=True, capture_output=True)
    demo.press(*written("r"))
    demo.wait_for("Why", absent=True, timeout=90)


def test_keys_that_arrive_all_at_once_are_taken_in_their_order(demo: Tmux | Terminal) -> None:
    demo.press("2")
    demo.wait_for("[2 LPARs]")
    demo.press("/erp_db1 site:dr")
    demo.wait_for("1 of 30", "/erp_db1 site:dr")
    demo.press("enter")
    demo.wait_for("Esc Clear")
    demo.press("esc")
    demo.wait_for("Esc Clear", absent=True)


def test_what_changed_in_the_last_hour(demo: Tmux | Terminal) -> None:
    typed(demo, "7", "/age<1h")
    shown = demo.wait_for("/age<1h", "fa-lyon", "could not be")
    assert rows(shown)
    demo.press("esc")


def test_whether_everything_still_fits_at_the_dr_site_in_six_months(demo: Tmux | Terminal) -> None:
    demo.press(written("%"))
    demo.wait_for("plan demo still fits on 20", "● fits 20", timeout=120)
    demo.press("g", "j", "j", "enter")
    demo.wait_for("P10-LYO-01, lyon: memory", "All plans need    104 GiB")
    demo.press("G")
    demo.wait_for("Theil-Sen", "meant to hold 90 of 100", "a day (", "demo erp_db1")
    demo.press("q", "q")


def test_what_the_last_drill_cost(demo: Tmux | Terminal) -> None:
    demo.press(written("$"))
    demo.wait_for("The last drill: no data, none was run")
    demo.press("q", ":do lpar drill mq1", "enter")
    demo.wait_for("Proposed: drill mq1", timeout=90)
    demo.press("\t", "drill mq1", "\x19")  # Tab, and ctrl+y
    demo.wait_for("succeeded, clean-up owed", timeout=120)
    demo.press(written("$"))
    demo.wait_for("The last drill, ", " EUR", timeout=90)
    demo.press("g", "enter")
    demo.wait_for("Cost of drill", "clean-up owed", "people", "x 95.00", "GiB for")
