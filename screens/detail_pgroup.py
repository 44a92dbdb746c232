"""The detail of a protection group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.detail import Detail
from screens.facts_pgroup import parts
from screens.pairing import pgroup_pair
from screens.pgroup_offers import asked
from screens.scene import Scene
from screens.side_by_side import Part
from store.estate import ProtectionGroup
from store.records import Entry


class PgroupDetail(Detail):
    PLACE = Place.PGROUP
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.PGROUP)]
    PANE = "pgroups"
    KIND = "pgroup"
    FURTHER = "Snapshots"

    def heading(self, scene: Scene) -> str:
        group = scene.entry("pgroup", self.key).obj
        return f"Protection group {group.name} on {group.array}" if isinstance(group, ProtectionGroup) else self.key

    def parts(self, scene: Scene) -> Sequence[Part]:
        return parts(scene, scene.entry("pgroup", self.key))

    def sources(self, scene: Scene) -> Sequence[Entry]:
        entry = scene.view.get("pgroup", self.key)
        if entry is None:
            return ()
        pair = pgroup_pair(scene, entry)
        return pair.replicas if pair.source is None else (pair.source, *pair.replicas)

    def do_act(self) -> None:
        self.post_message(asked(self.around.scene(), (self.key,)))

    def do_pgroup(self, word: str) -> None:
        self.post_message(asked(self.around.scene(), (self.key,)).chosen(word))
