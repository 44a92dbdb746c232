"""The VM replica pane: one row for each replica."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.cells import Line
from screens.columns import Row
from screens.conditions import CopyHealth
from screens.head import counts_lines
from screens.messages import DetailRequested
from screens.pairing import vm_pair
from screens.pane import Pane
from screens.rows_replicas import COLUMNS, health_of, order, row
from screens.run_messages import ActsAsked, CheckAsked
from screens.scene import Scene, stamp
from screens.status import status
from screens.vm_offers import asked
from screens.vm_readiness import names_of, summary_lines, word_of
from store.estate import DeviceKind
from store.records import Entry
from store.view import alike


class ReplicasPane(Pane):
    PLACE = Place.REPLICAS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.REPLICAS)]
    PANE = "replicas"
    COLUMNS = COLUMNS
    DEVICES = (DeviceKind.VSPHERE,)
    NOUN = "VM replicas"

    SCOPE = "sites"

    def _entries(self, scene: Scene) -> list[Entry]:
        index = scene.index
        return [entry for uuid in index.groups("vm", "copy of") for entry in index.group("vm", "copy of", uuid)]

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        for entry in sorted(self._entries(scene), key=order):
            source = vm_pair(scene, entry).source
            entries = (entry,) if source is None else (entry, source)
            yield entry.key, (*stamp(scene, *entries, timed=True), word_of(scene, entry))

    def row(self, key: str, scene: Scene) -> Row:
        return row(scene.entry("vm", key), scene)

    def summary(self, scene: Scene, width: int) -> tuple[Line, ...]:
        entries = self._entries(scene)
        states = Counter(health_of(entry, scene) for entry in entries if not entry.gone)
        counts = [(status(state), states[state]) for state in CopyHealth if states[state]]
        counted = counts_lines(self.NOUN, counts, width, *scene.gone_and_stale(alike(entries)))
        return (*counted, *summary_lines(scene, width))

    def rows_by_device(self, scene: Scene) -> Counter[str]:
        counts: Counter[str] = Counter()
        for entry in self._entries(scene):
            source = vm_pair(scene, entry).source
            counts.update({entry.device, source.device if source is not None else entry.device})
        return counts

    def entries_of(self, key: str, scene: Scene) -> Sequence[Entry]:
        entry = scene.entry("vm", key)
        source = vm_pair(scene, entry).source
        return (entry,) if source is None else (entry, source)

    def do_act(self) -> None:
        self.post_message(self._acts())

    def do_vm(self, word: str) -> None:
        self.post_message(self._acts().chosen(word))

    def _acts(self) -> ActsAsked:
        return asked(self.around.scene(), self._chosen(), self.around.replicated, self.around.runs.runs)

    def do_check(self) -> None:
        self.post_message(CheckAsked(names_of(self.around.scene(), self.listing.marks), vms=True))

    def opens(self, key: str) -> DetailRequested:
        return DetailRequested("vm", key)
