"""The remote copy group pane: one row for a group, both arrays in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.cells import Line
from screens.columns import Row
from screens.head import counts_lines
from screens.messages import DetailRequested
from screens.pane import Pane
from screens.rcg_offers import asked, order_text
from screens.rcg_sides import RcgPair, decide, pair_of, pairs
from screens.rows_rcgs import COLUMNS, row, serving, side_entries
from screens.run_messages import OrderGiven
from screens.scene import Scene, stamp
from store.estate import DeviceKind
from store.records import Entry


class RcgsPane(Pane):
    PLACE = Place.RCGS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.RCGS)]
    PANE = "rcgs"
    COLUMNS = COLUMNS
    DEVICES = (DeviceKind.THREEPAR,)
    NOUN = "remote copy groups"

    SCOPE = "rcg"

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        for pair in pairs(scene):
            yield pair.pair_key, stamp(scene, *side_entries(pair), timed=True)

    def row(self, key: str, scene: Scene) -> Row:
        return row(pair_of(scene, key), scene)

    def summary(self, scene: Scene, width: int) -> tuple[Line, ...]:
        counts = Counter(serving(decide(pair)) for pair in pairs(scene))
        return counts_lines(self.NOUN, sorted(counts.items(), key=lambda item: item[0].word), width)

    def rows_by_device(self, scene: Scene) -> Counter[str]:
        return scene.index.count_by_device("rcg")

    def entries_of(self, key: str, scene: Scene) -> Sequence[Entry]:
        return side_entries(pair_of(scene, key))

    def do_act(self) -> None:
        self.post_message(asked(self._chosen_pairs()))

    def do_rcg(self, word: str) -> None:
        self.post_message(OrderGiven(order_text(word, self._chosen_pairs())))

    def _chosen_pairs(self) -> list[RcgPair]:
        scene = self.around.scene()
        return [pair_of(scene, key) for key in self._chosen()]

    def opens(self, key: str) -> DetailRequested:
        return DetailRequested("rcg_pair", key)
