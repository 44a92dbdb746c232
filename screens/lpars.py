"""The LPAR pane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from msgspec.structs import replace
from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.cells import Line
from screens.columns import Row
from screens.head import counts_lines
from screens.listing import same_stamp
from screens.lpar_offers import asked
from screens.lpars_kept import Moment, Surrounding
from screens.messages import DetailRequested
from screens.pane import Pane
from screens.readiness import summary_lines
from screens.rows_lpars import COLUMNS, order, row
from screens.run_messages import ActsAsked, CheckAsked
from screens.scene import Scene
from screens.status import status
from screens.surroundings import Surroundings
from store.estate import DeviceKind, LparState
from store.records import Entry


class LparsPane(Pane):
    PLACE = Place.LPARS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.LPARS)]
    PANE = "lpars"
    COLUMNS = COLUMNS
    DEVICES = (DeviceKind.HMC,)
    NOUN = "LPARs"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._ordered: tuple[str, ...] = ()
        self._keys: tuple[str, ...] = ()
        self._places: dict[str, None] = {}
        self._lpars = 0
        self._facts = self._dr_facts = -1
        self._moment: Moment | None = None

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        entries = {entry.key: entry for entry in scene.view.entries("lpar")}
        keys = tuple(entries)
        if keys != self._keys:
            self._keys, self._ordered = keys, tuple(sorted(keys, key=order))
            self._places = dict.fromkeys(keys)
            self._lpars += 1
            self._moment = None
        self._facts, self._dr_facts = scene.view.facts_version("lpar"), scene.readiness.facts
        moment = self._at(scene)
        for key in self._ordered:
            yield key, moment.stamp(entries[key])

    def changed_rows(self, scene: Scene) -> set[str] | None:
        before = self._moment
        if before is None or before.surrounding != self._at(scene).surrounding:
            return None
        if self._dr_facts != scene.readiness.facts:
            return None
        changed = scene.view.changed_since("lpar", self._facts)
        if changed is None or not changed <= self._places.keys():
            return None
        self._facts = scene.view.facts_version("lpar")
        return changed

    def _at(self, scene: Scene) -> Moment:
        before = self._moment
        if before is None or before.scene is not scene:
            now = Surrounding.of(scene, self._lpars)
            # The same object for the same surrounding: thousands of stamps are compared by it.
            kept = before.surrounding if before is not None and before.surrounding == now else now
            self._moment = before = Moment(scene, kept)
        return before

    def row(self, key: str, scene: Scene) -> Row:
        # What is looked at only for this row is not kept: of ten thousand LPARs that would be most of the memory.
        entry = scene.entry("lpar", key)
        return row(replace(entry, told=entry.peek()), scene)

    def aged(self, kept: Row, key: str, scene: Scene) -> Row | None:
        entry = scene.view.get("lpar", key)
        if entry is None or not same_stamp(self.listing.stamp(key), self._at(scene).stamp(entry)):
            return None
        _, age = self._at(scene).age(entry)
        if age.tone is not kept[-1].tone:
            return None  # since it was looked at, the row became one that cannot be believed, or ceased to be one
        return kept if age is kept[-1] else (*kept[:-1], age)

    def moments(self, scene: Scene) -> Mapping[str, float]:
        # Each reading makes all rows younger, which is no reason to look at all of them again.
        return {entry.key: entry.seen_at.timestamp() for entry in scene.view.entries("lpar")}

    def counted(self) -> None:
        self.redraw_head()  # no row waits for it: a row asks for the rest of what it needs

    def summary(self, scene: Scene, width: int) -> tuple[Line, ...]:
        gone_and_stale = scene.gone_and_stale(scene.view.alike("lpar"))
        states = scene.index.states("lpar")
        counts = [(status(state), states[state]) for state in LparState if states[state]]
        looked, total = scene.index.progress("lpar")
        counted = counts_lines(self.NOUN, counts, width, *gone_and_stale, uncounted=total - looked)
        return (*counted, *summary_lines(scene, width))

    def rows_by_device(self, scene: Scene) -> Counter[str]:
        return scene.index.count_by_device("lpar")

    def entries_of(self, key: str, scene: Scene) -> Sequence[Entry]:
        return (scene.entry("lpar", key),)

    def do_act(self) -> None:
        self.post_message(self._acts())

    def do_lpar(self, word: str) -> None:
        self.post_message(self._acts().chosen(word))

    def _acts(self) -> ActsAsked:
        return asked(self.around.scene(), self._chosen(), self.around.runs.owing)

    def do_check(self) -> None:
        marked = [key.partition("/")[2] for key in self.listing.marks]
        self.post_message(CheckAsked(tuple(dict.fromkeys(marked))))

    def opens(self, key: str) -> DetailRequested:
        return DetailRequested("lpar", key)
