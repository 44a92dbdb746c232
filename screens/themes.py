"""The themes: how each tone is written on which ground. The style sheet knows only the variables that are made here.

No theme tells a status by its colour alone: shape and word come from :mod:`screens.status` and are the same in each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from screens.cells import Tone

if TYPE_CHECKING:
    from textual.theme import Theme

DEFAULT = "dark"
MONOCHROME = "monochrome"


class Ink(Struct, frozen=True):
    """How a tone is written: a colour of the style sheet, and its text styles ("bold dim") or "none"."""

    colour: str
    style: str = "none"


class Palette(Struct, frozen=True):
    """A theme. ``ground`` is the background; ``bar`` and ``rail`` are the thumb of a scroll bar and what it moves on.

    ``ansi``: the colours are the terminal's own sixteen, so the background is the terminal's too."""

    name: str
    ground: str
    inks: Mapping[Tone, Ink]
    bar: str
    rail: str
    dark: bool = True
    ansi: bool = False

    def variables(self) -> dict[str, str]:
        """The variables of the style sheet."""
        made = {"ground": self.ground, "bar": self.bar, "rail": self.rail}
        for tone, ink in self.inks.items():
            made[f"tone-{tone}"] = ink.colour
            made[f"tone-{tone}-style"] = ink.style
        return made

    def theme(self) -> Theme:
        """The palette as the toolkit wants it: its own widgets (input lines, buttons) take the same few colours."""
        from textual.theme import Theme

        plain = self.inks[Tone.PLAIN].colour
        return Theme(
            name=self.name,
            primary=self.inks[Tone.BUSY].colour,
            secondary=self.inks[Tone.DIM].colour,
            accent=self.inks[Tone.BUSY].colour,
            success=self.inks[Tone.OK].colour,
            warning=self.inks[Tone.WARN].colour,
            error=self.inks[Tone.BAD].colour,
            foreground=plain,
            background=self.ground,
            surface=self.ground,
            panel=self.ground,
            dark=self.dark,
            ansi=self.ansi,
            variables={
                **self.variables(),
                "ansi-background": self.ground,
                "ansi-foreground": plain,
                "border": plain,
                "border-blurred": self.inks[Tone.DIM].colour,
                "scrollbar": self.bar,
                "scrollbar-hover": self.bar,
                "scrollbar-active": self.bar,
                "scrollbar-background": self.rail,
                "scrollbar-background-hover": self.rail,
                "scrollbar-background-active": self.rail,
                "scrollbar-corner-color": self.rail,
                "input-cursor-background": self.ground,
                "input-cursor-foreground": plain,
                "input-cursor-text-style": "reverse",
            },
        )


def _inks(plain: str, dim: str, *, ok: str, busy: str, warn: str, bad: str, unknown: str, off: str) -> dict[Tone, Ink]:
    """The inks of a theme, each written as a colour and, behind it, text styles: ``"#ff8a65 bold"``."""
    written = {
        Tone.PLAIN: plain,
        Tone.DIM: dim,
        Tone.HEADING: f"{plain} bold",
        Tone.CURRENT: f"{plain} bold reverse",
        Tone.OK: ok,
        Tone.BUSY: busy,
        Tone.WARN: warn,
        Tone.BAD: bad,
        Tone.UNKNOWN: unknown,
        Tone.OFF: off,
    }
    inks = {}
    for tone, text in written.items():
        colour, _, style = text.partition(" ")
        inks[tone] = Ink(colour, style or "none")
    return inks


_DARK = _inks(
    plain="#d8dce0",
    dim="#98a1aa",
    ok="#2fc99a",
    busy="#6cbcf0",
    warn="#f0b429",
    bad="#ff8a65 bold",
    unknown="#d9a0d0",
    off="#98a1aa",
)

_LIGHT = _inks(
    plain="#1b1f23",
    dim="#565d64",
    ok="#007a50",
    busy="#1f54da",
    warn="#8f5300",
    bad="#a3101c bold",
    unknown="#87399a",
    off="#565d64",
)

_HIGH_CONTRAST = _inks(
    plain="#ffffff",
    dim="#c8ccd0",
    ok="#4dff9a",
    busy="#6cb0ff",
    warn="#ffe416",
    bad="#ff8a85 bold",
    unknown="#e6b8ff",
    off="#c8ccd0",
)

# Blue for healthy against orange for wrong: the pair that both kinds of red-green blindness keep apart.
_COLOUR_BLIND = _inks(
    plain="#d8dce0",
    dim="#98a1aa",
    ok="#3d8bff",
    busy="#e6f8ee",
    warn="#ffe833",
    bad="#d9660f bold",
    unknown="#c3b5ff",
    off="#82878c",
)

# Grey is written as dim: the eighth of the sixteen colours is the background of some palettes.
_ANSI_DARK = _inks(
    plain="ansi_default",
    dim="ansi_default dim",
    ok="ansi_green",
    busy="ansi_cyan",
    warn="ansi_bright_yellow",
    bad="ansi_bright_red bold",
    unknown="ansi_bright_magenta",
    off="ansi_default dim",
)

# Of the sixteen only blue, red and magenta can be read on white: green, cyan and yellow are too pale there.
_ANSI_LIGHT = _inks(
    plain="ansi_default",
    dim="ansi_default dim",
    ok="ansi_blue",
    busy="ansi_blue",
    warn="ansi_magenta bold",
    bad="ansi_red bold",
    unknown="ansi_magenta",
    off="ansi_default dim",
)

_MONOCHROME = _inks(
    plain="ansi_default",
    dim="ansi_default dim",
    ok="ansi_default",
    busy="ansi_default",
    warn="ansi_default bold",
    bad="ansi_default bold underline",
    unknown="ansi_default underline",
    off="ansi_default dim",
)

_ALL = (
    Palette(DEFAULT, "#101214", _DARK, bar="#5c6670", rail="#181b1e"),
    Palette("light", "#fbfbfa", _LIGHT, bar="#8a929a", rail="#eceeef", dark=False),
    Palette("high-contrast", "#000000", _HIGH_CONTRAST, bar="#ffffff", rail="#000000"),
    Palette("colour-blind", "#101214", _COLOUR_BLIND, bar="#5c6670", rail="#181b1e"),
    Palette("ansi-dark", "ansi_default", _ANSI_DARK, bar="ansi_default", rail="ansi_default", ansi=True),
    Palette("ansi-light", "ansi_default", _ANSI_LIGHT, bar="ansi_default", rail="ansi_default", dark=False, ansi=True),
    Palette(MONOCHROME, "ansi_default", _MONOCHROME, bar="ansi_default", rail="ansi_default", ansi=True),
)

PALETTES: dict[str, Palette] = {palette.name: palette for palette in _ALL}
"""Every theme by its name."""
