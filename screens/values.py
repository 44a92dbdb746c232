"""The values of one row in full: each with where it comes from, which device said it and how old it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.cells import Cell, Tone
from screens.columns import Column, Row
from screens.messages import CopyRequested
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Part
from screens.surroundings import Surroundings
from screens.tables import TableScreen
from screens.text import TextScreen
from store.records import Entry


class ValuesScreen(TextScreen):
    """``asking`` is the screen whose row is shown, ``key`` that of the row."""

    PLACE = Place.VALUES
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.VALUES)]

    def __init__(self, around: Surroundings, asking: TableScreen, key: str) -> None:
        super().__init__(around)
        self._asking = asking
        self.key = key

    def title_text(self, scene: Scene) -> str:
        return f"Where the values of this row come from: {self._asking.NOUN}"

    def content(self, scene: Scene) -> Sequence[Part]:
        row = self._asking.row_at(self.key, scene)
        return value_parts(self._asking.listing.columns, row, self._asking.entries_of(self.key, scene), scene)

    def do_copy(self) -> None:
        row = self._asking.row_at(self.key, self.around.scene())
        columns = self._asking.listing.columns
        lines = [f"{column.title}: {cell.text}" for column, cell in zip(columns, row, strict=True)]
        self.post_message(CopyRequested("\n".join(lines), "the values"))


def value_parts(columns: Sequence[Column], row: Row, entries: Sequence[Entry], scene: Scene) -> list[Part]:
    """Each value whole, what more a filter finds it by, and under it its source; then who reported the row and when."""
    parts: list[Part] = []
    for column, cell in zip(columns, row, strict=True):
        parts.append(Fact(column.title, cell))
        if cell.aka:
            parts.append(Fact("", Cell(cell.aka)))
        if column.source:
            parts.append(Fact("", Cell(column.source, Tone.DIM)))
    parts.append(Heading("Reported by"))
    for entry in entries:
        parts.append(Fact(entry.device, scene.seen_cell(entry)))
        parts.append(Fact("  last changed", Cell(scene.ago(entry.changed_at))))
        parts.append(Fact("  first seen", Cell(scene.ago(entry.first_seen))))
    if not entries:
        parts.append(Fact("", Cell("the store: it is no object of a device", Tone.DIM)))
    return parts
