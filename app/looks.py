"""Which look the console starts with: what the operator asked for, else what the terminal is."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from screens.clipboard import Way, way
from screens.themes import DEFAULT, MONOCHROME, PALETTES

if TYPE_CHECKING:
    from app.settings_records import Settings

AUTO = "auto"


class Flags(Struct, frozen=True):
    """What the command line says of the look; ``theme`` None: nothing."""

    theme: str | None = None
    ascii_only: bool = False
    mouse: bool = True
    slow_link: bool = False
    drill: bool = False

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Flags:
        """From a parsed command line; what it does not have is as if it was not given."""
        return cls(
            theme=getattr(arguments, "theme", None),
            ascii_only=getattr(arguments, "ascii", False),
            mouse=not getattr(arguments, "no_mouse", False),
            slow_link=getattr(arguments, "slow_link", False),
            drill=getattr(arguments, "drill", False),
        )


class Look(Struct, frozen=True):
    """How the console looks and what it sends. ``theme`` is the one that was chosen; :func:`worn` tells which is shown.
    ``no_colour``: no colour may be sent. ``titled``: the terminal has a title. ``clipboard`` is never ``auto``."""

    theme: str = DEFAULT
    no_colour: bool = False
    ascii_only: bool = False
    mouse: bool = True
    slow_link: bool = False
    drill: bool = False
    titled: bool = True
    clipboard: Way = Way.OSC52


def unusable(environment: Mapping[str, str]) -> str | None:
    """Why no full screen can be shown on this terminal; None: it can."""
    term = environment.get("TERM", "")
    if term.lower() in ("dumb", "unknown"):
        return (
            f"TERM is {term}: such a terminal cannot place text on a screen. Set TERM to what yours is; for scripts "
            "there is: drdeck inventory --json"
        )
    return None


def choose(flags: Flags, settings: Settings | None, environment: Mapping[str, str], encoding: str) -> Look:
    """The look to start with. ``settings`` None: nothing is configured yet. ``encoding`` is that of the standard
    output."""
    asked = (flags.theme, settings.theme if settings is not None else None)
    named = next((name for name in asked if name not in (None, AUTO)), None)
    if flags.theme == AUTO:
        named = None
    no_colour = environment.get("NO_COLOR", "") != ""
    return Look(
        theme=named or _theme_of(environment),
        no_colour=no_colour,
        ascii_only=flags.ascii_only or (settings is not None and settings.ascii_only) or "utf" not in encoding.lower(),
        mouse=flags.mouse,
        slow_link=flags.slow_link or (settings is not None and settings.slow_link),
        drill=flags.drill,
        titled=not _text_console(environment),
        clipboard=way(settings.clipboard if settings is not None else Way.AUTO, environment),
    )


def _theme_of(environment: Mapping[str, str]) -> str:
    """The theme for a terminal of which nobody said anything."""
    if environment.get("NO_COLOR"):
        return MONOCHROME
    return DEFAULT if many_colours(environment) else "ansi-dark"


def many_colours(environment: Mapping[str, str]) -> bool:
    """Whether the terminal says that it has more than the sixteen colours of its palette."""
    if _text_console(environment):
        return False
    if environment.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return True
    return environment.get("TERM", "").strip().lower().endswith(("-256color", "-kitty"))


def _text_console(environment: Mapping[str, str]) -> bool:
    """The console of a machine, or a terminal of the old days: sixteen colours at most, no title, no clipboard."""
    return environment.get("TERM", "").startswith(("linux", "vt"))


def worn(theme: str, *, slow_link: bool, no_colour: bool) -> str:
    """The theme that is shown where ``theme`` was chosen: a slow line takes sixteen colours, NO_COLOR none."""
    if no_colour:
        return MONOCHROME
    palette = PALETTES[theme]
    if slow_link and not palette.ansi:
        return "ansi-dark" if palette.dark else "ansi-light"
    return theme


def refusal(theme: str, *, slow_link: bool, no_colour: bool) -> str | None:
    """Why ``theme`` cannot be put on now; None: it can."""
    if theme not in PALETTES:
        return f"There is no theme {theme}. There are: {', '.join(PALETTES)}"
    if worn(theme, slow_link=False, no_colour=no_colour) != theme:
        return f"{theme} is refused: NO_COLOR is set, so no colour is sent. Unset it and start drdeck again"
    if worn(theme, slow_link=slow_link, no_colour=no_colour) != theme:
        return f"{theme} is refused: on a slow link sixteen colours are sent at most. End that first with :slow off"
    return None
