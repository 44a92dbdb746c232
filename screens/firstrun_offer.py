"""The first screen without a configuration: what drdeck is, that nothing is configured, and the two ways on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from screens.cells import EMPTY_LINE, Line, Tone
from screens.firstrun_base import MOVES, QUIT, FirstRunScreen, Key, bindings, paragraph
from screens.firstrun_messages import DemoChosen, GuideChosen
from screens.widgets.lines import Lines


class OfferScreen(FirstRunScreen):
    """``path`` is where the configuration would be."""

    KEYS = (
        Key(("d",), "Demo", "demo"),
        Key(("c",), "Configuration, step by step", "guide"),
        Key(("q", "escape"), "Leave", "quit"),
        QUIT,
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(*KEYS, *MOVES)

    def __init__(self, path: str, ascii_only: bool) -> None:
        super().__init__(ascii_only)
        self._path = path
        self.lines = Lines(id="lines", ascii_only=ascii_only)

    def body(self) -> Sequence[Widget]:
        return (self.lines,)

    def title_lines(self, width: int) -> Sequence[Line]:
        return paragraph("Nothing is configured yet", width, Tone.HEADING)

    def draw(self, width: int) -> None:
        self.lines.show(offer_lines(self._path, width - 1))

    def do_move(self, how: str) -> None:
        self.lines.move(how)

    def do_demo(self) -> None:
        self.post_message(DemoChosen())

    def do_guide(self) -> None:
        self.post_message(GuideChosen())


def offer_lines(path: str, width: int) -> list[Line]:
    """The words of the offer."""
    lines = paragraph(
        "drdeck shows, live and side by side, what disaster recovery protects: IBM Power LPARs (HMC), Pure FlashArray "
        "protection groups, HPE 3PAR remote copy groups, VMware replicas. This release only reads: it changes nothing "
        "on any device.",
        width,
    )
    lines += [EMPTY_LINE, *paragraph("It needs to know which devices there are. That stands in this file:", width)]
    lines += paragraph(f"  {path}", width)
    for key, name, words in (
        ("d", "The demo", "a simulated estate of two sites on this machine. Nothing to prepare, nothing real."),
        (
            "c",
            "A configuration, step by step",
            "sites, then devices; each device is checked as it is entered. The file is shown before it is written.",
        ),
    ):
        lines += [EMPTY_LINE, *paragraph(f"[{key}] {name}", width, Tone.HEADING), *paragraph(f"    {words}", width)]
    lines.append(EMPTY_LINE)
    lines += paragraph(
        "By hand: copy config.example.toml there and edit it; it explains every key. Another place: --config FILE or "
        "$DRDECK_CONFIG.",
        width,
        Tone.DIM,
    )
    return lines
