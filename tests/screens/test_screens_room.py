"""The screens of the operations room: who has the worst alert and who is told next, taking it, an incident from it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from screens.cells import line_text
from screens.wall_pages import ALERTS, page_lines
from store.alerts import AlertStore
from store.incidents import IncidentStore
from tests.people import person
from tests.screens.estate import troubled
from tests.screens.kept_room import kept_room
from tests.screens.piloting import Driven, driven, piloted
from tests.screens.test_screens_snapshots import PlainText

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")


@asynccontextmanager
async def shown(
    folder: Path, size: tuple[int, int] = (120, 40), *, read_only: bool = False, filled: bool = True
) -> AsyncIterator[tuple[Driven, Path]]:
    with kept_room(folder, filled=filled) as (begin, path):
        async with driven(troubled().view(), size, read_only=read_only, begin_room=begin) as console:
            yield console, path


@SIZES
@piloted
async def test_the_screens_read_so(
    size: tuple[int, int], snapshot: SnapshotAssertion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alerts, the worst of them, taking it, the rules, the incidents, one of them."""
    person("daemon", monkeypatch)
    pages = {
        "alerts": ["L"],
        "alert": ["enter"],
        "taking": ["a"],
        "rules": ["escape", "escape", "R"],
        "incidents": ["F"],
        "incident": ["enter"],
        "overview": ["1"],
    }
    async with shown(tmp_path, size) as (console, _):
        for name, keys in pages.items():
            await console.press(*keys)
            assert console.text == snapshot(name=name, extension_class=PlainText)
            assert max(len(line) for line in console.text.splitlines()) <= size[0], name


@piloted
async def test_who_owns_the_worst_alert_and_when_it_escalates_next_is_answered_by_keys_at_80x24(
    tmp_path: Path,
) -> None:
    async with shown(tmp_path, (80, 24)) as (console, _):
        assert "oslo is silent, nobody's for 10m, head of operations told in 5m: L" in console.line("ALERT:")
        await console.press("L")
        first = console.line("oslo is silent")
        assert "nobody" in console.text
        await console.press("enter")
        assert "nobody" in console.line("Owner")
        assert "head of operations by mail, in 5m" in console.line("Told next")
        assert first


@piloted
async def test_what_is_critical_is_taken_by_typing_its_name_and_what_was_said_stands_in_the_store(
    tmp_path: Path,
) -> None:
    async with shown(tmp_path) as (console, path):
        await console.press("L", "a", "tab", "tab")
        await console.type("power")
        await console.press("ctrl+y")
        assert "type oslo/site-silent: it is critical" in console.text
        await console.press("tab")
        await console.type("oslo/site-silent")
        await console.press("ctrl+y")
        await console.wait_for(lambda: "nobody's for" not in console.text, "it is still nobody's")
        with closing(AlertStore(path)) as store:
            taken = [each for each in store.alerts() if each.alert.key == "site:oslo"]
        assert taken[0].ack is not None
        assert taken[0].ack.reason == "power"


@piloted
async def test_an_incident_is_declared_from_an_alert_and_runs_carry_its_number_while_it_is_worked_on(
    tmp_path: Path,
) -> None:
    async with shown(tmp_path) as (console, path):
        await console.press("L", "D", "ctrl+y")
        await console.wait_for(lambda: console.console.around.incidents.get(2) is not None, "it was not declared")
        with closing(IncidentStore(path)) as store:
            made = store.incident(2)
        assert (made.title, made.alert, made.site) == ("oslo is silent", "oslo/site-silent", "oslo")
        await console.press("F", "o")
        await console.wait_for(lambda: "WORKING ON INC-2" in console.text, "it is not said")
        await console.press("o")
        await console.wait_for(lambda: "WORKING ON" not in console.text, "it is still said")


@piloted
async def test_a_console_that_only_looks_changes_nothing_and_no_alerts_are_no_unread_ones(tmp_path: Path) -> None:
    async with shown(tmp_path, read_only=True, filled=False) as (console, _):
        await console.press("L")
        assert "No alert is open" in console.text
        assert "Nobody looks at devices and copies or at runs and schedules now" in console.text
        await console.press("R", "N")
        assert "this console is read-only" in console.text
        console.console.around.alerts.read = False
        console.screen.redraw()
        await console.press("escape")
        assert "being read" in console.text


@piloted
async def test_the_wall_says_of_each_group_who_has_it(tmp_path: Path) -> None:
    async with shown(tmp_path) as (console, _):
        around = console.console.around
        around.index.work(5)
        text = "\n".join(line_text(line) for line in page_lines(ALERTS, around, around.scene(), 110, 33))
        assert "oslo is silent: nobody has it, next told in 5m mail" in text
        assert "bert has it" in text
