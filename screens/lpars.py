"""The LPAR pane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from screens.cells import Line
from screens.columns import Row
from screens.head import counts_lines
from screens.pane import Pane
from screens.rows_lpars import COLUMNS, order, row
from screens.scene import Scene
from screens.status import status
from store.estate import DeviceKind, Lpar, LparState


class LparsPane(Pane):
    PANE = "lpars"
    COLUMNS = COLUMNS
    DEVICES = (DeviceKind.HMC,)
    NOUN = "LPARs"

    def keys(self, scene: Scene) -> Sequence[str]:
        return [entry.key for entry in sorted(scene.view.entries("lpar"), key=order)]

    def row(self, key: str, scene: Scene) -> Row:
        return row(scene.entry("lpar", key), scene)

    def summary(self, scene: Scene, width: int) -> tuple[Line, ...]:
        entries = scene.view.entries("lpar")
        states = Counter(entry.obj.state for entry in entries if isinstance(entry.obj, Lpar) and not entry.gone)
        counts = [(status(state), states[state]) for state in LparState if states[state]]
        return counts_lines(self.NOUN, counts, width, *scene.gone_and_stale(entries))

    def rows_by_device(self, scene: Scene) -> Counter[str]:
        return scene.index.count_by_device("lpar")

    def opens(self, key: str) -> tuple[str, str]:
        return ("lpar", key)
