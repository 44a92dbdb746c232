"""The remote copy group pane: one row for a group, both arrays in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from screens.cells import Line
from screens.columns import Row
from screens.head import counts_lines
from screens.pane import Pane
from screens.rcg_sides import decide, pair_of, pairs
from screens.rows_rcgs import COLUMNS, row, serving
from screens.scene import Scene
from store.estate import DeviceKind


class RcgsPane(Pane):
    PANE = "rcgs"
    COLUMNS = COLUMNS
    DEVICES = (DeviceKind.THREEPAR,)
    NOUN = "remote copy groups"

    def keys(self, scene: Scene) -> Sequence[str]:
        return [pair.pair_key for pair in pairs(scene)]

    def row(self, key: str, scene: Scene) -> Row:
        return row(pair_of(scene, key), scene)

    def summary(self, scene: Scene, width: int) -> tuple[Line, ...]:
        counts = Counter(serving(decide(pair)) for pair in pairs(scene))
        return counts_lines(self.NOUN, sorted(counts.items(), key=lambda item: item[0].word), width)

    def rows_by_device(self, scene: Scene) -> Counter[str]:
        return scene.index.count_by_device("rcg")

    def opens(self, key: str) -> tuple[str, str]:
        return ("rcg_pair", key)
