"""The screens of automatic failover: how groups stand, why, what there was, and what every screen says of it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from app.auto_records import Auto
from app.console import Console
from app.looks import Look
from screens.auto_words import banner_lines
from screens.base import EstateScreen
from screens.cells import line_text
from store.auto import AutoStore
from store.auto_view import AutoSeen, AutoView, Stand, WatchedGroup
from tests.screens.estate import NOW, SITES, Clock, troubled
from tests.screens.kept_auto import AUTO, kept_auto
from tests.screens.piloting import Driven, driven, piloted, pressed, settled
from tests.screens.test_screens_snapshots import PlainText

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")


@asynccontextmanager
async def shown(
    folder: Path, size: tuple[int, int] = (120, 40), *, read_only: bool = False, auto: Auto = AUTO
) -> AsyncIterator[tuple[Driven, AutoStore]]:
    with kept_auto(folder, auto) as (begin, store):
        async with driven(troubled().view(), size, read_only=read_only, begin_auto=begin) as console:
            yield console, store


KEYS = {
    "auto": ["5", "A"],
    "auto_group": ["5", "A", "enter"],
    "auto_group_shadow": ["5", "A", "j", "enter"],
    "auto_acts": ["5", "A", "a"],
    "auto_history": ["5", "A", "h"],
    "auto_event": ["5", "A", "h", "enter"],
    "auto_decision": ["5", "A", "h", "j", "enter"],
    "auto_arming": ["5", "A", "j", "j", "a", "enter"],
    "auto_maintenance": ["5", "A", "a", "j", "j", "j", "j", "enter"],
    "auto_veto": ["5", "A", "v"],
    "maintenance": ["M"],
}


@SIZES
@pytest.mark.parametrize("screen", KEYS)
@piloted
async def test_the_screen_reads_so(
    screen: str, size: tuple[int, int], snapshot: SnapshotAssertion, tmp_path: Path
) -> None:
    async with shown(tmp_path, size) as (console, _):
        await console.press(*KEYS[screen])
        assert console.text == snapshot.use_extension(PlainText)
        assert max(len(line) for line in console.text.splitlines()) <= size[0]


@piloted
async def test_every_screen_says_that_an_outage_is_counted_and_what_is_armed(tmp_path: Path) -> None:
    async with shown(tmp_path) as (console, _):
        for pane in ("1", "4", "9"):
            await console.press(pane)
            line = console.line("OUTAGE COUNTED")
            assert "crm (armed), api, link silent for 2m 10s of 5m" in line
            assert "AUTOMATIC FAILOVER ARMED: crm" in console.text
        console.clock.forward(200)
        console.screen.tick()
        await console.settle()
        assert "✗ OUTAGE COUNTED: crm (armed), api, link silent for 5m 30s of 5m" in console.text


def test_the_storm_brake_is_said_and_silence_where_there_is_nothing() -> None:
    view = AutoView()
    assert banner_lines(view, NOW, 80) == ()
    group = WatchedGroup("crm", True, "vc-oslo", "vc-bergen", "oslo", "bergen", ("crm01",), 300.0, 3, 60.0)
    view.take(AutoSeen((Stand(group),), fired=2, most=3))
    assert banner_lines(view, NOW, 80) == ()
    view.take(AutoSeen((Stand(group),), fired=3, most=3))
    (line,) = banner_lines(view, NOW, 80)
    assert line_text(line) == "▲ STORM BRAKE holds: 3 of 3 groups in the last hour: 5, then A"


@piloted
async def test_a_store_of_which_nothing_is_configured_says_where_to_begin(tmp_path: Path) -> None:
    async with shown(tmp_path, (80, 24), auto=Auto()) as (console, _):
        await console.press("5", "A")
        assert "names no group that may fail over by itself" in console.text
        await console.press("h")
        assert "No outage of a group that was armed" in console.text


@piloted
async def test_a_veto_is_kept_and_shown_with_who_said_it(tmp_path: Path) -> None:
    async with shown(tmp_path) as (console, store):
        await console.press("5", "A", "v")
        assert "Veto the automatic failover of crm" in console.text
        await console.press("enter")
        assert [event.vetoed_by for event in store.events("crm")] == [None], "Enter must not"
        await console.press("v", "ctrl+y")
        await console.wait_for(lambda: "Nothing is done by itself about crm-2026" in console.text, "it is not said")
        (event,) = store.events("crm")
        assert event.vetoed_by is not None
        await console.press("enter")
        await console.wait_for(lambda: f"Vetoed            by {event.vetoed_by}" in console.text, "it is not shown")
        await console.press("v")
        assert "Veto is not right" in console.text


@piloted
async def test_disarming_asks_for_a_reason_and_ends_what_stands_on_every_screen(tmp_path: Path) -> None:
    async with shown(tmp_path) as (console, store):
        await console.press("5", "A", "a", *"jjj", "enter")
        assert "Disarm crm" in console.text
        await console.press("tab")
        await console.type("works tonight")
        await console.press("ctrl+y")
        await console.wait_for(lambda: "crm is disarmed." in console.text, "it is not said")
        arming = store.arming("crm")
        assert arming is not None
        assert arming.why == "works tonight"
        await console.wait_for(lambda: "FAILOVER ARMED" not in console.text, "it still says armed")


@piloted
async def test_maintenance_begins_and_ends_from_the_menu(tmp_path: Path) -> None:
    async with shown(tmp_path) as (console, store):
        await console.press("5", "A", "a", *"jjjj", "enter")
        assert "Begin maintenance" in console.text
        assert "reason: expected one" in console.text
        await console.press("tab", "tab", "tab", "ctrl+u")
        await console.type("+90m")
        await console.press("tab")
        await console.type("patching")
        assert "Nothing of crm fails over by itself from 2026-03-01 03:00:00 UTC" in console.text
        await console.press("ctrl+y")
        await console.wait_for(lambda: "Maintenance 3 until 03-01 04:30 UTC." in console.text, "it is not said")
        await console.wait_for(lambda: "until 04:30:00" in console.text, "not shown")
        await console.press("a", *"jjjjj", "enter", "ctrl+y")
        await console.wait_for(lambda: "Maintenance 3 is over." in console.text, "it is not said")
        assert [window.id for window in store.windows()] == [1, 2]


@piloted
async def test_what_would_have_been_done_is_judged(tmp_path: Path) -> None:
    async with shown(tmp_path) as (console, store):
        await console.press("5", "A", "j", "a", "G", "enter")
        assert "would have failed over, because" in console.text
        await console.press("ctrl+y")
        await console.wait_for(lambda: "erp-20260227T110000: wrong." in console.text, "it is not said")
        assert [str(each.judgement) for each in store.shadows("erp")] == ["wrong"]


@piloted
async def test_a_read_only_console_shows_all_and_decides_nothing(tmp_path: Path) -> None:
    async with shown(tmp_path, read_only=True) as (console, _):
        await console.press("5", "A", "v")
        assert "Veto is refused: this console is read-only." in console.text
        await console.press("a")
        assert "Act is refused: this console is read-only." in console.text


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="pictures are kept for one version of Python")
def test_the_screen_looks_so(
    snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    view = troubled().view()
    with kept_auto(tmp_path) as (begin, _):
        app = Console(
            lambda: view, lambda say: None, lambda name: None, None, None, None, begin, sites=SITES, lab=True,
            clock=Clock(), look=Look(theme="dark"),
        )  # fmt: skip

        async def before(pilot: Pilot[int]) -> None:
            while not (app.screen_stack and isinstance(app.screen, EstateScreen) and app.around.auto.read):
                await pilot.pause(0.02)
            for key in KEYS["auto_group"]:
                await pressed(pilot, key)
            await settled(pilot)

        assert snap_compare(app, terminal_size=(100, 30), run_before=before)


@piloted
async def test_maintenance_is_planned_for_a_device_and_ended_from_its_own_screen(tmp_path: Path) -> None:
    async with shown(tmp_path) as (console, store):
        await console.press("M", "N", "tab")
        await console.type("fa-bergen")
        assert "expected a group, a machine, a device or a system of oslo" in console.text
        await console.press("shift+tab", *["backspace"] * len("oslo"))
        await console.type("bergen")
        await console.press("tab", "tab", "tab", "tab")
        await console.type("firmware")
        await console.press("ctrl+y")
        await console.wait_for(lambda: len(store.windows()) == 3, "it was not kept")
        made = max(store.windows(), key=lambda window: window.id)
        assert (made.site, made.target, made.reason) == ("bergen", "fa-bergen", "firmware")
        await console.wait_for(lambda: "fa-bergen" in console.text, "it is not shown")
        await console.press("g", "j", "X", "ctrl+y")
        await console.wait_for(lambda: len(store.windows()) == 2, "it did not end")
