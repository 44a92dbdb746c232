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
from screens.replications import Replications, alone, health, named_alone, sources, without_copy
from screens.rows_replicas import COLUMNS, health_of, order, row, row_alone
from screens.run_messages import ActsAsked, CheckAsked
from screens.scene import Scene, stamp
from screens.status import status
from screens.surroundings import Surroundings
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

    SCOPE = "site"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._replications: Replications | None = None
        self._of_runs = -1
        self._sources: dict[str, Entry] = {}

    def _entries(self, scene: Scene) -> list[Entry]:
        index = scene.index
        return [entry for uuid in index.groups("vm", "copy of") for entry in index.group("vm", "copy of", uuid)]

    def _known(self) -> Replications:
        """Those of the configuration, made anew where a run changed how one stands."""
        runs = self.around.runs
        if self._replications is None or self._of_runs != runs.version:
            self._replications, self._of_runs = Replications(self.around.replicated, runs.standings), runs.version
        return self._replications

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        known, found = self._known(), list[tuple[tuple[str, float, str], str, object]]()
        for entry in self._entries(scene):
            source = vm_pair(scene, entry).source
            entries = (entry,) if source is None else (entry, source)
            turn = self._of_runs if known.of_entry(entry) is not None else 0
            ready = word_of(scene, entry)
            found.append((order(entry), entry.key, (*stamp(scene, *entries, timed=True), turn, ready)))
        lone = without_copy(scene, known)
        self._sources = sources(scene, lone)
        for one in lone:
            name, at = one.replicated.name, self._sources.get(one.replicated.name)
            ready = scene.vm_readiness.now.words.get(name)
            told = (*stamp(scene, *(() if at is None else (at,)), timed=True), self._of_runs, ready)
            found.append(((name, 0.0, ""), alone(name), told))
        for _, key, stamped in sorted(found, key=lambda one: one[0]):
            yield key, stamped

    def row(self, key: str, scene: Scene) -> Row:
        name, known = named_alone(key), self._known()
        if name is None:
            entry = scene.entry("vm", key)
            return row(entry, scene, known.of_entry(entry))
        one = known.get(name)
        if one is None:
            raise LookupError(f"replication {name} is not known")
        return row_alone(one, self._sources.get(name), scene)

    def runs_changed(self) -> None:
        self.redraw()

    def summary(self, scene: Scene, width: int) -> tuple[Line, ...]:
        entries, known = self._entries(scene), self._known()
        states = Counter(health_of(entry, scene, known.of_entry(entry)) for entry in entries if not entry.gone)
        lone = without_copy(scene, known)
        states.update(health(one, None, CopyHealth.NO_COPY_YET, scene.now) for one in lone)
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
        if (name := named_alone(key)) is not None:
            at = self._sources.get(name)
            return () if at is None else (at,)
        entry = scene.entry("vm", key)
        source = vm_pair(scene, entry).source
        return (entry,) if source is None else (entry, source)

    def do_act(self) -> None:
        self.post_message(self._acts())

    def do_vm(self, word: str) -> None:
        self.post_message(self._acts().chosen(word))

    def _acts(self) -> ActsAsked:
        return asked(self.around.scene(), self._chosen(), self.around.replicated, self.around.runs.standings)

    def do_check(self) -> None:
        marks = self.listing.marks
        lone = [name for key in marks if (name := named_alone(key)) is not None]
        self.post_message(CheckAsked((*names_of(self.around.scene(), marks), *lone), vms=True))

    def opens(self, key: str) -> DetailRequested | None:
        if (name := named_alone(key)) is None:
            return DetailRequested("vm", key)
        at = self._sources.get(name)
        return None if at is None else DetailRequested("vm", at.key)

    def nothing_further(self, key: str) -> str:
        return "There is no copy of it yet, and its server does not show the machine: a says what can be done."
