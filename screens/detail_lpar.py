"""The detail of an LPAR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.detail import Detail
from screens.facts_lpar import parts
from screens.lpar_offers import asked
from screens.pairing import lpar_pair
from screens.run_messages import ActsAsked, CheckAsked
from screens.scene import Scene
from screens.side_by_side import Part
from store.estate import Lpar
from store.records import Entry


class LparDetail(Detail):
    PLACE = Place.LPAR
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.LPAR)]
    PANE = "lpars"
    KIND = "lpar"
    FURTHER = "Adapters"

    def heading(self, scene: Scene) -> str:
        lpar = scene.entry("lpar", self.key).obj
        return f"LPAR {lpar.name}" if isinstance(lpar, Lpar) else self.key

    def parts(self, scene: Scene) -> Sequence[Part]:
        return parts(scene, scene.entry("lpar", self.key))

    def sources(self, scene: Scene) -> Sequence[Entry]:
        entry = scene.view.get("lpar", self.key)
        if entry is None:
            return ()
        pair = lpar_pair(scene, entry)
        return (pair.left,) if pair.right is None else (pair.left, pair.right)

    def do_act(self) -> None:
        self.post_message(self._acts())

    def do_lpar(self, word: str) -> None:
        self.post_message(self._acts().chosen(word))

    def _acts(self) -> ActsAsked:
        return asked(self.around.scene(), (self.key,), self.around.runs.owing)

    def do_check(self) -> None:
        self.post_message(CheckAsked((self.key.partition("/")[2],)))
