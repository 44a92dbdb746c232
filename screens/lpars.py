"""The LPAR pane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from screens.cells import Line
from screens.columns import Row
from screens.head import counts_lines
from screens.messages import DetailRequested
from screens.pane import Pane
from screens.rows_lpars import COLUMNS, order, row
from screens.scene import Scene, sample_is_stale
from screens.status import status
from screens.surroundings import Surroundings
from store.estate import DeviceKind, LparState
from store.records import Entry


class LparsPane(Pane):
    PANE = "lpars"
    COLUMNS = COLUMNS
    DEVICES = (DeviceKind.HMC,)
    NOUN = "LPARs"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._ordered: tuple[str, ...] = ()
        self._keys: tuple[str, ...] = ()
        self._places: dict[str, None] = {}
        self._seen: tuple[int, int, frozenset[str]] = (0, 0, frozenset())

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        entries = {entry.key: entry for entry in scene.view.entries("lpar")}
        keys = tuple(entries)
        if keys != self._keys:
            self._keys, self._ordered = keys, tuple(sorted(keys, key=order))
            self._places = dict.fromkeys(keys)
        stale = _stale(scene)
        hosts = scene.view.facts_version("host")
        self._seen = (scene.view.facts_version("lpar"), hosts, stale)
        for key in self._ordered:
            entry = entries[key]
            yield key, (entry.told, entry.gone, entry.device in stale, hosts)

    def changed_rows(self, scene: Scene) -> set[str] | None:
        facts, hosts, stale = self._seen
        if hosts != scene.view.facts_version("host") or stale != _stale(scene):
            return None
        changed = scene.view.changed_since("lpar", facts)
        if changed is None or not changed <= self._places.keys():
            return None
        self._seen = (scene.view.facts_version("lpar"), hosts, stale)
        return changed

    def row(self, key: str, scene: Scene) -> Row:
        # What is looked at only for this row is not kept: of ten thousand LPARs that would be most of the memory.
        entry = scene.entry("lpar", key)
        return row(replace(entry, told=entry.peek()), scene)

    def summary(self, scene: Scene, width: int) -> tuple[Line, ...]:
        entries = scene.view.entries("lpar")
        states = scene.index.states("lpar")
        counts = [(status(state), states[state]) for state in LparState if states[state]]
        looked, total = scene.index.progress("lpar")
        return counts_lines(self.NOUN, counts, width, *scene.gone_and_stale(entries), uncounted=total - looked)

    def rows_by_device(self, scene: Scene) -> Counter[str]:
        return scene.index.count_by_device("lpar")

    def entries_of(self, key: str, scene: Scene) -> Sequence[Entry]:
        return (scene.entry("lpar", key),)

    def opens(self, key: str) -> DetailRequested:
        return DetailRequested("lpar", key)


def _stale(scene: Scene) -> frozenset[str]:
    """The devices whose rows are not to be believed any more."""
    return frozenset(device.name for device in scene.index.devices.values() if sample_is_stale(device, scene.now))
