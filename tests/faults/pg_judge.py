"""What the lab's world truly holds of protection groups, and what it must hold after a run on them. Nothing here asks
the engine, the store or a device's doors: the world's own objects are looked at.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from app.recovery.pg.pairing import TAG
from backends.lab.flasharray.objects import Disk, DiskSnapshot, GroupSnapshot
from backends.lab.flasharray.state import ArrayState
from backends.lab.volumes import Image
from store.runs import Run, StepState
from tests.faults.pg_estate import PgEstate

if TYPE_CHECKING:
    from tests.faults.pg_trials import Case


@dataclass(frozen=True)
class Held:
    """What a volume holds."""

    image: Image
    size: int
    tag: str | None


class PgJudge:
    """Judges one run of a case, from before it begins."""

    def __init__(self, estate: PgEstate, case: Case, run: Run, name: str) -> None:
        from tests.faults.pg_trials import SUFFIX, source_id

        self._estate = estate
        self._case = case
        self._name = name
        self._kept = f"drdeck-{run.id}"
        self._array = estate.dr if case.away else estate.prd
        self._home = f"{name}.{SUFFIX}"
        self._whole = f"fa-prd:{self._home}" if case.away else self._home
        self._written = name if case.verb == "restore" else f"{name}-t" if case.verb == "clone" else None
        self._sources = {}
        if self._written is not None:
            pairs = case.layout.pairs if case.verb == "clone" else tuple((n, n) for n in range(len(case.layout.source)))
            self._sources = {f"{self._written}-{target}": f"{name}-{source}" for source, target in pairs}
        with estate.world.turn() as now:
            self._before = dict(self._targets(now))
            self._bystanders = dict(self._others(now))
            self._snapshots = set(self._all_snapshots())
        self._source_id: Callable[[int], str] = partial(source_id, estate, case, name)

    # ------------------------------------------------------------------------------------------------ what there is

    def _disks(self) -> list[Disk]:
        return [] if self._written is None else self._array.groups[self._written].disks

    def _targets(self, now: float) -> Iterator[tuple[str, Held]]:
        for disk in self._disks():
            yield disk.name, _held(disk, now)

    def _others(self, now: float) -> Iterator[tuple[tuple[str, str], Held]]:
        """Every other volume that no server writes to."""
        mine = {(self._array.name, disk.name) for disk in self._disks()}
        for array in (self._estate.prd, self._estate.dr):
            for disk in array.disks.values():
                if (array.name, disk.name) not in mine and not disk.core.writers:
                    yield (array.name, disk.name), _held(disk, now)

    def _all_snapshots(self) -> Iterator[tuple[str, str]]:
        for array in (self._estate.prd, self._estate.dr):
            for name, snapshot in array.snapshots.items():
                if not snapshot.destroyed:
                    yield array.name, name

    def _snapshot(self, array: ArrayState, name: str) -> GroupSnapshot | None:
        group, _, suffix = name.rpartition(".")
        found = array.groups[group].snapshots.get(suffix) if group in array.groups else None
        return None if found is None or found.destroyed else found

    def _part(self, target: str) -> DiskSnapshot | None:
        """What a target is to be overwritten with."""
        source = self._sources.get(target)
        return None if source is None else self._array.snapshots.get(f"{self._whole}.{source}")

    def _new_snapshots(self) -> set[tuple[str, str]]:
        """Those that the run is to make, on whichever array."""
        found = {(self._array.name, f"{target}.{self._kept}") for target in self._sources}
        members = [f"{self._name}-{number}" for number in range(len(self._case.layout.source))]
        if not self._case.taken:
            found |= {("fa-prd", f"{self._home}.{member}") for member in members}
        if self._case.away and not (self._case.taken and self._case.sent):
            found |= {("fa-dr", f"{self._whole}.{member}") for member in members}
        return found

    def _wanted_tag(self, target: str) -> str | None:
        if self._case.verb != "clone":
            return self._before[target].tag
        number = int(target.rpartition("-")[2])
        if number in self._case.layout.dropped:
            return None
        source = self._sources.get(target)
        if source is None:
            return self._before[target].tag
        # Of a group that was never sent the target array knew no ids when the tag was planned: it is that at home.
        away = self._case.away and (self._case.taken or bool(self._case.layout.tags))
        index = int(source.rpartition("-")[2])
        return self._source_id(index) if away or not self._case.away else self._estate.prd.disk(source).id

    # -------------------------------------------------------------------------------------------------- what is wrong

    def always(self, found: Run) -> str | None:
        with self._estate.world.turn() as now:
            wrong = [*self._torn(now), *self._strayed(now), *self._claimed(found, now)]
        return "; ".join(wrong) or None

    def _torn(self, now: float) -> Iterator[str]:
        """Every target holds all of what it held, or all of what it is to hold, and then what it held is kept."""
        for name, held in self._targets(now):
            before, part = self._before[name], self._part(name)
            if held.tag not in (before.tag, self._wanted_tag(name)):
                yield f"{name} carries the tag {held.tag}"
            if (held.image, held.size) == (before.image, before.size):
                continue
            if part is None or (held.image, held.size) != (part.image, part.size):
                yield f"{name} holds neither what it held nor {self._whole}"
            kept = self._array.snapshots.get(f"{name}.{self._kept}")
            if kept is None or (kept.image, kept.size) != (before.image, before.size):
                yield f"{name} was overwritten and no safety snapshot holds what it held"

    def _strayed(self, now: float) -> Iterator[str]:
        """Nothing else was changed or made."""
        others = dict(self._others(now))
        for key, held in self._bystanders.items():
            if key in others and others[key] != held:
                yield f"{key} is not part of it and was changed"
        strange = set(self._all_snapshots()) - self._snapshots - self._new_snapshots()
        if strange:
            yield f"snapshots that nobody asked for: {sorted(strange)}"
        if gone := self._snapshots - set(self._all_snapshots()):
            yield f"snapshots that are not there any more: {sorted(gone)}"

    def _claimed(self, found: Run, now: float) -> Iterator[str]:
        """What a step says is done is done."""
        for planned, record in zip(found.plan.steps, found.steps, strict=True):
            if record.state in (StepState.DONE, StepState.ALREADY):
                params = json.loads(planned.params)
                if not self._true(planned.kind, params, now):
                    yield f"{planned.id} {planned.kind} says it is done: {record.reason}"

    def _true(self, kind: str, params: dict[str, Any], now: float) -> bool:
        targets = dict(self._targets(now))
        match kind:
            case "pg.snapshot":
                return self._snapshot(self._estate.prd, self._home) is not None
            case "pg.send":
                return self._snapshot(self._estate.dr, self._whole) is not None
            case "pg.arrived":
                there = self._snapshot(self._estate.dr, self._whole)
                return there is not None and there.received is not None and there.received.completed is not None
            case "volume.keep":
                return all(f"{each}.{self._kept}" in self._array.snapshots for each in params["volumes"])
            case "volume.overwrite":
                return self._is_copy(targets, params["volume"])
            case "pg.restore":
                return all(self._is_copy(targets, each) for each in targets)
            case "volume.tag":
                return targets[params["volume"]].tag == str(params["value"])
            case "volume.untag":
                return targets[params["volume"]].tag is None
        raise AssertionError(kind)

    def _is_copy(self, targets: dict[str, Held], name: str) -> bool:
        part = self._part(name)
        return part is not None and (targets[name].image, targets[name].size) == (part.image, part.size)

    def succeeded(self) -> str | None:
        with self._estate.world.turn() as now:
            wrong = list(self._lacking(now))
        return "; ".join(wrong) or None

    def _lacking(self, now: float) -> Iterator[str]:
        places = [(self._estate.prd, self._home)]
        if self._case.away:
            places.append((self._estate.dr, self._whole))
        for array, name in places:
            snapshot = self._snapshot(array, name)
            if snapshot is None:
                yield f"there is no {name}"
            elif snapshot.received is not None and snapshot.received.completed is None:
                yield f"{name} has not arrived"
        if missing := self._new_snapshots() - set(self._all_snapshots()):
            yield f"not made: {sorted(missing)}"
        targets = dict(self._targets(now))
        for target, source in self._sources.items():
            if not self._is_copy(targets, target):
                yield f"{target} is not {self._whole}.{source}"
        for target, held in targets.items():
            if held.tag != self._wanted_tag(target):
                yield f"{target} carries the tag {held.tag}, not {self._wanted_tag(target)}"
            if target not in self._sources and held.image != self._before[target].image:
                yield f"{target} was overwritten"

    def lost(self) -> str | None:
        return None

    def taken_back(self) -> str | None:
        return "nothing is taken back on these arrays"


def _held(disk: Disk, now: float) -> Held:
    tag = next((tag.value for tag in disk.tags if (tag.key, tag.namespace) == (TAG, "default")), None)
    return Held(disk.core.image(now), disk.core.size, tag)
