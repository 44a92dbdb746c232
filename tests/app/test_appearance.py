"""The look changes while the console runs, and what is refused says why."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from app.appearance import slow_line_text
from app.console import Console
from app.looks import Look
from app.terminal import LineProvedSlow
from screens.clipboard import Way
from screens.widgets.entry import Entry
from tests.screens.estate import SITES, calm
from tests.screens.piloting import Driven, piloted


def console(look: Look) -> Console:
    view = calm().view()
    return Console(lambda: view, lambda say: None, lambda name: None, sites=SITES, look=look)


@piloted
async def test_a_slow_link_sends_sixteen_colours_jumps_and_gathers_and_all_of_it_ends_again() -> None:
    app = console(Look(theme="light"))
    async with app.run_test():
        assert (app.theme, app.appearance.slow_link, app.appearance.gather_s) == ("light", False, 0.2)
        app.appearance.set_slow_link(True)
        assert (app.theme, app.appearance.slow_link, app.appearance.gather_s) == ("ansi-light", True, 1.0)
        assert app.appearance.set_theme("dark") == (
            "dark is refused: on a slow link sixteen colours are sent at most. End that first with :slow off"
        )
        assert app.appearance.set_theme("ansi-dark") is None
        assert app.theme == "ansi-dark"
        app.appearance.set_slow_link(False)
        assert (app.theme, app.appearance.slow_link, app.appearance.gather_s) == ("ansi-dark", False, 0.2)
        assert app.appearance.set_theme("dark") is None
        assert app.theme == "dark"


@piloted
async def test_it_starts_with_the_look_that_was_chosen() -> None:
    app = console(Look(theme="dark", slow_link=True, drill=True))
    async with app.run_test(size=(100, 30)) as pilot:
        driven = Driven(app, pilot, clock=None)  # type: ignore[arg-type]
        await driven.wait_for(lambda: "[1 Overview]" in driven.text, "no pane is shown")
        assert (app.theme, app.around.jump_scroll, app.around.drill) == ("ansi-dark", True, True)


@piloted
async def test_under_no_color_every_other_theme_is_refused_and_nothing_changes() -> None:
    app = console(Look(theme="dark", no_colour=True))
    async with app.run_test():
        assert app.theme == "monochrome"
        for name in ("dark", "ansi-dark", "light"):
            assert app.appearance.set_theme(name) == (
                f"{name} is refused: NO_COLOR is set, so no colour is sent. Unset it and start drdeck again"
            )
        assert app.appearance.set_theme("monochrome") is None
        app.appearance.set_slow_link(True)
        assert app.theme == "monochrome"


@piloted
async def test_a_line_that_proves_slow_is_said_with_what_to_do() -> None:
    app = console(Look())
    async with app.run_test(size=(100, 30)) as pilot:
        driven = Driven(app, pilot, clock=None)  # type: ignore[arg-type]
        await driven.wait_for(lambda: "[1 Overview]" in driven.text, "no pane is shown")
        app.post_message(LineProvedSlow(31_250.0))
        await driven.wait_for(lambda: "This line is slow (about 31 kB/s)" in driven.text, "nothing is said")
        assert ":slow on (or --slow-link) sends less" in " ".join(driven.text.split())


@piloted
async def test_who_has_a_slow_link_already_is_not_offered_it() -> None:
    app = console(Look(slow_link=True))
    async with app.run_test(size=(100, 30)) as pilot:
        driven = Driven(app, pilot, clock=None)  # type: ignore[arg-type]
        await driven.wait_for(lambda: "[1 Overview]" in driven.text, "no pane is shown")
        app.post_message(LineProvedSlow(31_250.0))
        await pilot.pause()
        assert app.around.notice is None


@pytest.mark.parametrize(("bytes_s", "shown"), [(63_999, "64 kB/s"), (1_000, "1 kB/s"), (437.6, "438 B/s")])
def test_the_rate_is_said_in_a_unit_that_fits(bytes_s: float, shown: str) -> None:
    assert f"(about {shown})" in slow_line_text(bytes_s)


@piloted
async def test_what_is_too_long_to_copy_is_saved_in_the_state_folder() -> None:
    app = console(Look(clipboard=Way.OSC52))
    async with app.run_test():
        assert app.copy("erp-db", "1 name") == "Copied 1 name (6 bytes)"
        said = app.copy("x" * 100_000, "9,000 names")
        before, _, path = said.partition(": saved to ")
        assert before == "Too long for the clipboard"
        assert Path(path).parent.name == "drdeck"
        assert Path(path).stat().st_mode & stat.S_IRWXG == 0
        assert len(Path(path).read_text()) == 100_000


class Asking(ModalScreen[None]):
    def compose(self) -> ComposeResult:
        yield Static("Fail over?")
        yield Entry()


@pytest.mark.parametrize("theme", ["dark", "ansi-dark", "monochrome"])
@piloted
async def test_a_dialog_hides_what_is_below_it_and_its_cursor_stands_still_in_reverse(theme: str) -> None:
    app = console(Look(theme=theme))
    async with app.run_test(size=(80, 24)) as pilot:
        driven = Driven(app, pilot, clock=None)  # type: ignore[arg-type]
        await driven.wait_for(lambda: "[1 Overview]" in driven.text, "no pane is shown")
        await app.push_screen(Asking())
        await driven.settle()
        assert "Overview" not in driven.text
        assert app.screen.styles.background.a == 1 or app.screen.styles.background.ansi is not None
        entry = app.screen.query_one(Input)
        assert entry.has_focus
        assert entry.cursor_blink is False
        assert entry.get_component_rich_style("input--cursor").reverse


@piloted
async def test_nothing_is_animated() -> None:
    app = console(Look())
    async with app.run_test():
        assert app.animation_level == "none"
