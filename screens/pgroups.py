"""The protection group pane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.cells import Line
from screens.columns import Row
from screens.conditions import CopyHealth
from screens.copies import pgroup_health
from screens.head import counts_lines
from screens.messages import DetailRequested
from screens.pairing import pgroup_source
from screens.pane import Pane
from screens.pgroup_offers import asked
from screens.rows_pgroups import COLUMNS, order, row
from screens.run_messages import ActsAsked
from screens.scene import Scene, stamp
from screens.status import status
from store.estate import DeviceKind, ProtectionGroup
from store.records import Entry


class PgroupsPane(Pane):
    PLACE = Place.PGROUPS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.PGROUPS)]
    PANE = "pgroups"
    COLUMNS = COLUMNS
    DEVICES = (DeviceKind.FLASHARRAY,)
    NOUN = "protection groups"

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        for entry in sorted(scene.view.entries("pgroup"), key=order):
            yield entry.key, stamp(scene, entry, timed=True)

    def row(self, key: str, scene: Scene) -> Row:
        return row(scene.entry("pgroup", key), scene)

    def summary(self, scene: Scene, width: int) -> tuple[Line, ...]:
        entries = scene.view.entries("pgroup")
        states = Counter(
            pgroup_health(entry.obj, scene.now, pgroup_source(scene, entry))
            for entry in entries
            if isinstance(entry.obj, ProtectionGroup) and not entry.gone
        )
        counts = [(status(state), states[state]) for state in CopyHealth if states[state]]
        return counts_lines(self.NOUN, counts, width, *scene.gone_and_stale(scene.view.alike("pgroup")))

    def rows_by_device(self, scene: Scene) -> Counter[str]:
        return scene.index.count_by_device("pgroup")

    def entries_of(self, key: str, scene: Scene) -> Sequence[Entry]:
        return (scene.entry("pgroup", key),)

    def do_act(self) -> None:
        self.post_message(self._acts())

    def do_pgroup(self, word: str) -> None:
        self.post_message(self._acts().chosen(word))

    def _acts(self) -> ActsAsked:
        return asked(self.around.scene(), self._chosen())

    def opens(self, key: str) -> DetailRequested:
        return DetailRequested("pgroup", key)
