"""The look of the console: the flag first, then the settings, then what the terminal says it is; NO_COLOR always."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from app import cli_words
from app.appearance import title
from app.looks import Flags, choose, many_colours, refusal, unusable, worn
from app.settings_records import Settings, ThemeName
from screens.clipboard import Way
from screens.themes import PALETTES
from store.estate import Site, SiteRole

SETTINGS = Settings(Path("config.toml"), False, False, Path("s"), Path("k"), (), ())
XTERM = {"TERM": "xterm-256color"}


def theme(flag: str | None, setting: str, environment: dict[str, str]) -> str:
    settings = replace(SETTINGS, theme=ThemeName(setting))
    return choose(Flags(theme=flag), settings, environment, "utf-8").theme


@pytest.mark.parametrize(
    ("flag", "setting", "environment", "expected"),
    [
        ("light", "high-contrast", XTERM, "light"),
        (None, "high-contrast", XTERM, "high-contrast"),
        (None, "high-contrast", {"TERM": "linux"}, "high-contrast"),
        ("auto", "high-contrast", XTERM, "dark"),
        (None, "auto", XTERM, "dark"),
        (None, "auto", {"TERM": "xterm", "COLORTERM": "truecolor"}, "dark"),
        (None, "auto", {"TERM": "xterm"}, "ansi-dark"),
        (None, "auto", {"TERM": "linux"}, "ansi-dark"),
        (None, "auto", {"TERM": "linux", "COLORTERM": "truecolor"}, "ansi-dark"),
        (None, "auto", {"TERM": "vt220"}, "ansi-dark"),
        (None, "auto", {}, "ansi-dark"),
        (None, "auto", {**XTERM, "NO_COLOR": "1"}, "monochrome"),
        (None, "auto", {**XTERM, "NO_COLOR": ""}, "dark"),
    ],
)
def test_the_flag_goes_before_the_settings_and_they_before_the_terminal(
    flag: str | None, setting: str, environment: dict[str, str], expected: str
) -> None:
    assert theme(flag, setting, environment) == expected


@pytest.mark.parametrize(
    "term", ["xterm", "xterm-256color", "screen", "tmux-256color", "xterm-kitty", "rxvt-16color", ""]
)
@pytest.mark.parametrize("colorterm", ["", "truecolor", "24bit", "yes"])
def test_it_agrees_with_the_toolkit_on_how_many_colours_there_are(term: str, colorterm: str) -> None:
    environment = {"TERM": term, "COLORTERM": colorterm}
    console = Console(force_terminal=True, _environ=environment)
    assert many_colours(environment) is (console.color_system in ("256", "truecolor"))


@pytest.mark.parametrize("name", PALETTES)
def test_no_color_wins_over_every_theme(name: str) -> None:
    look = choose(Flags(theme=name), SETTINGS, {**XTERM, "NO_COLOR": "1"}, "utf-8")
    assert worn(look.theme, slow_link=look.slow_link, no_colour=look.no_colour) == "monochrome"
    reason = refusal(name, slow_link=False, no_colour=True)
    assert (reason is None) is (name == "monochrome")
    assert reason is None or "NO_COLOR is set" in reason


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ("dark", "ansi-dark"),
        ("high-contrast", "ansi-dark"),
        ("colour-blind", "ansi-dark"),
        ("light", "ansi-light"),
        ("ansi-light", "ansi-light"),
        ("monochrome", "monochrome"),
    ],
)
def test_a_slow_link_wears_sixteen_colours_on_the_same_ground(chosen: str, shown: str) -> None:
    assert worn(chosen, slow_link=True, no_colour=False) == shown
    reason = refusal(chosen, slow_link=True, no_colour=False)
    assert (reason is None) is (chosen == shown)
    assert reason is None or ":slow off" in reason


def test_ascii_is_taken_where_it_is_asked_for_or_the_locale_has_nothing_else() -> None:
    assert not choose(Flags(), SETTINGS, XTERM, "utf-8").ascii_only
    assert choose(Flags(ascii_only=True), SETTINGS, XTERM, "utf-8").ascii_only
    assert choose(Flags(), replace(SETTINGS, ascii_only=True), XTERM, "UTF-8").ascii_only
    assert choose(Flags(), SETTINGS, XTERM, "iso8859-1").ascii_only
    assert choose(Flags(), SETTINGS, XTERM, "").ascii_only


def test_a_text_console_has_neither_title_nor_clipboard() -> None:
    look = choose(Flags(), SETTINGS, {"TERM": "linux"}, "utf-8")
    assert not look.titled
    assert look.clipboard is Way.OFF
    assert choose(Flags(), SETTINGS, XTERM, "utf-8").titled


@pytest.mark.parametrize("term", ["dumb", "unknown", "DUMB"])
def test_a_terminal_that_cannot_place_text_is_refused_with_what_to_do(term: str) -> None:
    assert (unusable({"TERM": term}) or "").startswith(f"TERM is {term}: ")
    assert unusable(XTERM) is None


def test_the_command_line_offers_every_theme_and_carries_every_flag() -> None:
    assert list(cli_words.THEMES) == list(ThemeName)
    every = ["--theme", "light", "--ascii", "--no-mouse", "--slow-link", "--drill"]
    expected = Flags(theme="light", ascii_only=True, mouse=False, slow_link=True, drill=True)
    assert Flags.of(cli_words.parser().parse_args(every)) == expected
    assert Flags.of(cli_words.parser().parse_args(["demo", *every])) == expected
    assert Flags.of(cli_words.parser().parse_args([*every, "demo"])) == expected
    assert Flags.of(cli_words.parser().parse_args([])) == Flags.of(argparse.Namespace()) == Flags()


@pytest.mark.parametrize(
    ("lab", "drill", "expected"),
    [
        (False, False, "drdeck LIVE paris lyon"),
        (False, True, "drdeck DRILL paris lyon"),
        (True, False, "drdeck LAB paris lyon"),
        (True, True, "drdeck LAB DRILL paris lyon"),
    ],
)
def test_the_title_carries_mode_and_sites(lab: bool, drill: bool, expected: str) -> None:
    sites = (Site("paris", SiteRole.PROD), Site("lyon", SiteRole.DR))
    assert title((site.name for site in sites), lab=lab, drill=drill) == expected
