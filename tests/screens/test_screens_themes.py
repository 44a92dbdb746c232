"""Every theme can be read; the one for the colour-blind by them too; none says anything by its colour alone."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem

import screens
from app.console import Console
from app.settings_records import ThemeName
from screens.cells import Tone
from screens.status import ASCII
from screens.themes import PALETTES, Palette
from screens.widgets.table import Table
from tests.screens.colour import DEUTERANOPIA, NORMAL, PROTANOPIA, Triple, contrast, distance
from tests.screens.estate import troubled
from tests.screens.piloting import driven, piloted, rendered

STATUS = (Tone.OK, Tone.BUSY, Tone.WARN, Tone.BAD, Tone.UNKNOWN, Tone.OFF)
OWN = [palette for palette in PALETTES.values() if not palette.ansi]

# What the sixteen colours are where nobody changed them: xterm's, and those of the text console of a PC.
XTERM = (
    "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff"
)
VGA = "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa 555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff"
NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]
SIXTEEN = [f"ansi_{name}" for name in NAMES] + [f"ansi_bright_{name}" for name in NAMES]


def named(palette: Palette) -> str:
    return palette.name


def test_there_are_the_themes_that_the_settings_name() -> None:
    assert [ThemeName.AUTO, *PALETTES] == list(ThemeName)


@pytest.mark.parametrize("palette", OWN, ids=named)
def test_every_tone_is_legible_on_its_ground(palette: Palette) -> None:
    least = 7.0 if palette.name == "high-contrast" else 4.5
    for tone, ink in palette.inks.items():
        assert contrast(ink.colour, palette.ground) >= least, tone


@pytest.mark.parametrize("palette", OWN, ids=named)
def test_every_tone_is_legible_where_a_terminal_has_256_colours(palette: Palette) -> None:
    def shown(colour: str) -> tuple[int, int, int]:
        return tuple(RichColor.parse(colour).downgrade(ColorSystem.EIGHT_BIT).get_truecolor())  # type: ignore[return-value]

    for tone, ink in palette.inks.items():
        assert contrast(shown(ink.colour), shown(palette.ground)) >= 4.5, tone


@pytest.mark.parametrize("sixteen", [XTERM, VGA], ids=["xterm", "vga"])
@pytest.mark.parametrize("name", ["ansi-dark", "ansi-light"])
def test_the_terminals_own_colours_are_chosen_so_that_they_are_legible(name: str, sixteen: str) -> None:
    values = dict(zip(SIXTEEN, sixteen.split(), strict=True))
    ground = "#000000" if PALETTES[name].dark else "#ffffff"
    for tone, ink in PALETTES[name].inks.items():
        if ink.colour != "ansi_default":
            assert contrast(f"#{values[ink.colour]}", ground) >= 4.5, tone


@pytest.mark.parametrize("eyes", [NORMAL, PROTANOPIA, DEUTERANOPIA], ids=["normal", "protanopia", "deuteranopia"])
def test_the_colour_blind_keep_every_two_statuses_of_their_theme_apart(eyes: tuple[Triple, Triple, Triple]) -> None:
    inks = PALETTES["colour-blind"].inks
    for one, other in itertools.combinations(STATUS, 2):
        assert distance(inks[one].colour, inks[other].colour, eyes) >= 25, (one, other)


def test_the_measure_finds_the_red_and_green_that_the_colour_blind_mix_up() -> None:
    """That the test above could fail: the usual pair of colours is far apart, and nearly one to them."""
    red, green = "#c04030", "#6f7a1e"
    assert distance(red, green, NORMAL) > 60
    assert distance(red, green, DEUTERANOPIA) < 25


def test_healthy_is_blue_for_the_colour_blind_and_wrong_is_not_red() -> None:
    red, green, blue = (int(PALETTES["colour-blind"].inks[Tone.OK].colour[i : i + 2], 16) for i in (1, 3, 5))
    assert blue > green > red
    red, green, blue = (int(PALETTES["colour-blind"].inks[Tone.BAD].colour[i : i + 2], 16) for i in (1, 3, 5))
    assert red > green > blue
    assert green > 80, "orange, not red"


def test_the_style_sheet_names_no_colour_itself() -> None:
    sheet = Path(screens.__file__).with_name("drdeck.tcss").read_text()
    sheet = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|ansi_|rgb|(?:color|background): (?!\$)", sheet)
    wanted = set(re.findall(r"\$([a-z-]+)", sheet))
    for palette in PALETTES.values():
        assert wanted <= set(palette.variables()), palette.name


def styles(console: Console) -> set[str]:
    """Every style on the screen."""
    strips = console.screen._compositor.render_strips()
    return {str(segment.style) for strip in strips for segment in strip if segment.style is not None}


def reversed_lines(console: Console) -> list[int]:
    """The lines that are drawn in reverse from their first cell to the last before the scroll bar."""
    found = []
    for y, strip in enumerate(console.screen._compositor.render_strips()):
        width = sum(segment.cell_length for segment in strip if segment.style is not None and segment.style.reverse)
        if width >= console.size.width - 1:
            found.append(y)
    return found


@pytest.mark.parametrize("name", PALETTES)
@piloted
async def test_the_words_are_the_same_in_every_theme_and_the_selected_row_is_reverse(name: str) -> None:
    async with driven(troubled().view()) as console:
        await console.press("2", "j")
        before = console.text
        assert console.console.appearance.set_theme(name) is None
        await console.settle()
        assert console.text == before
        table = console.console.screen.query_one(Table)
        assert table.selected is not None
        (line,) = reversed_lines(console.console)
        assert rendered(console.console)[line].startswith(table.selected.rpartition("/")[2])
        await console.press("j")
        assert reversed_lines(console.console) == [line + 1]


def foregrounds(console: Console) -> set[str]:
    """The colours of the texts on the screen, as a theme names them; the terminal's own text colour left out."""
    strips = console.screen._compositor.render_strips()
    found = {segment.style.color for strip in strips for segment in strip if segment.style is not None}
    return {
        colour.name if colour.number is None else SIXTEEN[colour.number]
        for colour in found
        if colour is not None and not colour.is_default
    }


def colours(name: str) -> set[str]:
    """The colours that a theme has, the terminal's own left out."""
    palette = PALETTES[name]
    return {palette.bar, palette.rail, palette.ground, *(ink.colour for ink in palette.inks.values())} - {
        "ansi_default"
    }


@pytest.mark.parametrize("keys", [["1"], ["2"], ["2", "j", "enter"], ["question_mark"]], ids="-".join)
@piloted
async def test_a_theme_that_is_put_on_while_it_runs_changes_every_cell(keys: list[str]) -> None:
    async with driven(troubled().view()) as console:
        await console.press(*keys)
        for name in ("light", "ansi-dark", "monochrome", "high-contrast", "ansi-light", "colour-blind", "dark"):
            assert console.console.appearance.set_theme(name) is None
            await console.settle()
            assert foregrounds(console.console) <= colours(name), name
            assert len(foregrounds(console.console)) >= (0 if name == "monochrome" else 2), name


@piloted
async def test_a_screen_that_was_covered_wears_the_new_theme_when_it_comes_back() -> None:
    async with driven(troubled().view()) as console:
        await console.press("2", "j", "enter")
        console.console.appearance.set_theme("light")
        await console.press("escape")
        assert foregrounds(console.console) <= colours("light")
        await console.press("3")
        assert foregrounds(console.console) <= colours("light")


@piloted
async def test_a_theme_that_is_not_there_is_refused_with_those_that_are() -> None:
    async with driven(troubled().view()) as console:
        assert console.console.appearance.set_theme("pink") == (
            "There is no theme pink. There are: dark, light, high-contrast, colour-blind, ansi-dark, ansi-light, "
            "monochrome"
        )
        assert console.console.theme == "dark"


SCREENS = [["1"], ["2"], ["3"], ["4"], ["5"], ["6"], ["7"], ["2", "question_mark"], ["4", "enter"], ["6", "j", "enter"]]


@piloted
async def test_in_ascii_nothing_else_reaches_the_terminal() -> None:
    async with driven(troubled().view(), ascii_only=True) as console:
        for keys in SCREENS:
            await console.press(*keys)
            assert console.text.isascii(), (keys, [c for c in console.text if not c.isascii()])


def test_every_shape_has_another_in_ascii() -> None:
    assert all(chr(shape).isascii() is False and drawn.isascii() for shape, drawn in ASCII.items())
