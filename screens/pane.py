"""A pane: a summary and a table of one kind of thing. The panes differ in what their rows are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.events import ScreenResume
from textual.widget import Widget

from screens.actions import Place, bindings
from screens.base import EstateScreen
from screens.cells import Cell, Line, Tone, wrap
from screens.columns import Column, Row
from screens.head import devices_of, trouble
from screens.messages import DetailRequested
from screens.scene import Scene
from screens.status import GLYPHS
from screens.surroundings import Surroundings
from screens.widgets.table import Table
from store.estate import DeviceKind
from store.records import DeviceHealth


class Pane(EstateScreen):
    """Subclasses name the columns and the devices, and give keys, rows and counts."""

    PLACE = Place.PANE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.PANE)]
    COLUMNS: ClassVar[tuple[Column, ...]] = ()
    DEVICES: ClassVar[tuple[DeviceKind, ...]] = ()
    NOUN: ClassVar[str] = ""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.table = Table(self.COLUMNS, id="table", ascii_only=around.ascii_only)
        self._scene = around.scene()

    def body(self) -> Sequence[Widget]:
        return (self.table,)

    # --------------------------------------------------------------------------------------- for the subclasses

    def keys(self, scene: Scene) -> Sequence[str]:
        """The keys of the rows, in order."""
        raise NotImplementedError

    def row(self, key: str, scene: Scene) -> Row:
        """The cells of a row."""
        raise NotImplementedError

    def summary(self, scene: Scene, width: int) -> tuple[Line, ...]:
        """How many of each state."""
        raise NotImplementedError

    def rows_by_device(self, scene: Scene) -> Counter[str]:
        """How many rows each device has here."""
        raise NotImplementedError

    def opens(self, key: str) -> tuple[str, str] | None:
        """Kind and key of what a row opens."""
        raise NotImplementedError

    # ----------------------------------------------------------------------------------------------------------

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        devices = devices_of(scene, self.DEVICES, self.rows_by_device(scene))
        return (*trouble(scene, devices, width), *self.summary(scene, width))

    def draw(self, scene: Scene) -> None:
        self._scene = scene
        self.table.show(tuple(self.keys(scene)), self._row, self.empty_lines(scene))

    def tick_body(self, scene: Scene) -> None:
        self._scene = scene
        self.table.tick()

    def _row(self, key: str) -> Row:
        return self.row(key, self._scene)

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        return empty_lines(self.NOUN, self.DEVICES, scene, self.width - 1)

    def on_screen_resume(self, event: ScreenResume) -> None:
        self.table.remeasure()
        super().on_screen_resume(event)

    @property
    def row_selected(self) -> bool:
        return self.table.selected is not None

    def move(self, how: str) -> None:
        self.table.move(how)

    def do_open(self) -> None:
        if self.table.selected is not None:
            self._open(self.table.selected)

    def on_table_opened(self, message: Table.Opened) -> None:
        self._open(message.key)

    def _open(self, key: str) -> None:
        target = self.opens(key)
        if target is None:
            self.say("This row has nothing to open: its object is not known any more.")
        else:
            self.post_message(DetailRequested(*target))


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
