"""The Devices pane: what is read, and what could not be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from screens.cells import Cell, Line, Tone
from screens.columns import Row
from screens.head import counts_lines
from screens.messages import DetailRequested
from screens.pane import Pane
from screens.rows_devices import COLUMNS, row
from screens.scene import LOOK_AGAIN_S, Scene
from screens.status import status
from store.records import DeviceHealth


class DevicesPane(Pane):
    PANE = "devices"
    COLUMNS = COLUMNS
    NOUN = "devices"

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        period = int(scene.now.timestamp() // LOOK_AGAIN_S)
        return [(name, (device, period)) for name, device in scene.index.devices.items()]

    def row(self, key: str, scene: Scene) -> Row:
        return row(scene.index.devices[key], scene)

    def summary(self, scene: Scene, width: int) -> tuple[Line, ...]:
        healths = Counter(device.health for device in scene.index.devices.values())
        return counts_lines(self.NOUN, [(status(h), healths[h]) for h in DeviceHealth if healths[h]], width)

    def opens(self, key: str) -> DetailRequested:
        return DetailRequested("device", key)

    @property
    def device_to_sweep(self) -> str | None:
        return self.table.selected

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        return ((Cell("No devices: the settings name none. See config.example.toml.", Tone.DIM),),)
