"""The detail of a remote copy group: both arrays' views of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.detail import Detail
from screens.facts_rcg import parts
from screens.rcg_offers import asked, order_text
from screens.rcg_sides import pair_of
from screens.rows_rcgs import side_entries
from screens.run_messages import OrderGiven
from screens.scene import Scene
from screens.side_by_side import Part
from store.records import Entry


class RcgDetail(Detail):
    """``key`` is the ``pair_key`` of a ``store.estate.RemoteCopyGroup``."""

    PLACE = Place.RCG
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.RCG)]
    PANE = "rcgs"
    KIND = "rcg_pair"
    FURTHER = "Volumes"

    def heading(self, scene: Scene) -> str:
        return f"Remote copy group {pair_of(scene, self.key).name}"

    def parts(self, scene: Scene) -> Sequence[Part]:
        return parts(scene, pair_of(scene, self.key), self.around.samples.of_rcg(self.key))

    def sources(self, scene: Scene) -> Sequence[Entry]:
        return side_entries(pair_of(scene, self.key))

    def do_act(self) -> None:
        self.post_message(asked([pair_of(self.around.scene(), self.key)]))

    def do_rcg(self, word: str) -> None:
        self.post_message(OrderGiven(order_text(word, [pair_of(self.around.scene(), self.key)])))
