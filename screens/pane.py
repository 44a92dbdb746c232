"""A pane: a summary and a table of one kind of thing. The panes differ in what their rows are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.cells import Cell, Line, Tone, wrap
from screens.columns import Column
from screens.head import devices_of, trouble
from screens.infra_messages import BlastRequested, struck
from screens.messages import DetailRequested
from screens.scene import Scene
from screens.status import GLYPHS
from screens.surroundings import Surroundings
from screens.tables import TableScreen
from store.estate import DeviceKind
from store.records import DeviceHealth


class Pane(TableScreen):
    """Subclasses name the columns and the devices, and give rows and counts."""

    PLACE = Place.PANE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.PANE)]
    COLUMNS: ClassVar[tuple[Column, ...]] = ()
    DEVICES: ClassVar[tuple[DeviceKind, ...]] = ()
    PANE: ClassVar[str] = ""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, self.PANE, self.COLUMNS)

    # --------------------------------------------------------------------------------------- for the subclasses

    def summary(self, scene: Scene, width: int) -> tuple[Line, ...]:
        """How many of each state."""
        raise NotImplementedError

    def rows_by_device(self, scene: Scene) -> Counter[str]:
        """How many rows each device has here."""
        return Counter()

    # ----------------------------------------------------------------------------------------------------------

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        devices = devices_of(scene, self.DEVICES, self.rows_by_device(scene))
        return (*trouble(scene, devices, width), *self.summary(scene, width), *self.view_lines(scene))

    def do_blast(self) -> None:
        """What falls with what the selected row runs on."""
        wanted = self.opens(self.table.selected) if self.table.selected is not None else None
        node = struck((wanted.kind, wanted.key)) if isinstance(wanted, DetailRequested) else None
        if node is None:
            self.say("Nothing is known to run on this row.")
        else:
            self.post_message(BlastRequested(*node, asked_by=self))

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        return empty_lines(self.NOUN, self.DEVICES, scene, self.width - 1)


def empty_lines(noun: str, kinds: Sequence[DeviceKind], scene: Scene, width: int) -> tuple[Line, ...]:
    """Why a table has no rows: none there, not read yet, or could not be read. Three different texts."""
    devices = [device for device in scene.index.devices.values() if device.kind in kinds]
    unread = [d for d in devices if d.health in (DeviceHealth.FAILING, DeviceHealth.NEVER)]
    if not devices:
        text, tone = f"No {noun}: no device that could report them is configured.", Tone.DIM
    elif not unread:
        text, tone = f"No {noun}: every device was read and reports none.", Tone.DIM
    elif all(device.health is DeviceHealth.NEVER for device in unread):
        names = ", ".join(device.name for device in unread)
        text, tone = f"{GLYPHS[Tone.UNKNOWN]} No {noun} are known yet: not read so far: {names}.", Tone.UNKNOWN
    else:
        names = ", ".join(device.name for device in unread)
        text = f"{GLYPHS[Tone.BAD]} {noun} could not be read, and none are known from before: {names}."
        tone = Tone.BAD
    return tuple((Cell(line, tone),) for line in wrap(text, max(10, width)))
