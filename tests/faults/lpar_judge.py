"""What the lab's world truly holds of an LPAR, and what it must hold after a run on it. Nothing here asks the engine,
the store or a device's doors.
"""

from __future__ import annotations

from collections.abc import Iterator

from backends.lab.flasharray.objects import Disk
from backends.lab.volumes import Image
from store.estate import LparState
from store.runs import Run
from tests.faults.lpar_estate import LparEstate

_ON = {"failover": "lyon", "disaster": "lyon", "reprotect": "lyon", "failback": "paris", "cleanup": "paris"}


class LparJudge:
    """Judges one run, from before it begins. ``group``: its protection group, where that is not called after it."""

    def __init__(self, estate: LparEstate, verb: str, run: Run, name: str, group: str = "") -> None:
        self._estate = estate
        self._group = group or f"pg-{name}"
        self._verb = verb
        self._run = run
        self._name = name
        self._kept = f"drdeck-{run.id}"
        self._to = "paris" if verb == "failback" else "lyon"
        with estate.world.turn() as now:
            self._before = {disk.name: disk.core.image(now) for disk in self._disks(self._to)}
            self._losses = len(estate.world.referee.losses)

    def _disks(self, site: str) -> list[Disk]:
        """The volumes of the LPAR on a site's array, without those of a drill."""
        names = (f"{self._name}_rootvg", f"{self._name}_datavg")
        return [disk for name, disk in self._estate.array(site).disks.items() if name in names and not disk.destroyed]

    def _drills(self) -> list[Disk]:
        every = self._estate.array("lyon").disks.values()
        return [d for d in every if d.name.startswith(f"{self._name}_") and "-drill-" in d.name and not d.destroyed]

    def _state(self, site: str) -> LparState:
        return self._estate.lpar(site, self._name).state

    def always(self, found: Run) -> str | None:
        with self._estate.world.turn() as now:
            wrong = [*self._twice(), *self._unkept(now), *self._lost(found)]
        return "; ".join(wrong) or None

    def _twice(self) -> Iterator[str]:
        """It runs on one side only, but for a drill."""
        if self._verb not in ("drill", "cleanup"):
            on = [site for site in ("paris", "lyon") if self._state(site) is LparState.RUNNING]
            if len(on) > 1:
                yield f"{self._name} runs on both sides"

    def _unkept(self, now: float) -> Iterator[str]:
        """What was overwritten is in a safety snapshot."""
        if self._verb not in ("failover", "disaster", "failback"):
            return
        array = self._estate.array(self._to)
        for disk in self._disks(self._to):
            was = self._before.get(disk.name)
            kept = array.snapshots.get(f"{disk.name}.{self._kept}")
            if was is not None and not _grew(was, disk.core.image(now)) and (kept is None or kept.image != was):
                yield f"{disk.name} was overwritten and no safety snapshot holds what it held"

    def _lost(self, found: Run) -> Iterator[str]:
        """No more than was agreed to."""
        bound = found.plan.loss_s
        for loss in self._estate.world.referee.losses[self._losses :]:
            if loss.origin == self._name and not loss.drill and bound is not None and loss.seconds > bound:
                yield f"{loss.seconds} s were lost, {bound} s were agreed to"

    def succeeded(self) -> str | None:
        with self._estate.world.turn():
            wrong = list(self._lacking())
        return "; ".join(wrong) or None

    def _lacking(self) -> Iterator[str]:
        if self._verb == "drill":
            for site in ("paris", "lyon"):
                if self._state(site) is not LparState.RUNNING:
                    yield f"{self._name} does not run at {site}"
            if len(self._drills()) != 2:
                yield f"the drill has {len(self._drills())} volumes"
            return
        on = _ON[self._verb]
        off = "lyon" if on == "paris" else "paris"
        if self._state(on) is not LparState.RUNNING:
            yield f"{self._name} does not run at {on}"
        if self._state(off) is not LparState.NOT_ACTIVATED:
            yield f"{self._name} is {self._state(off)} at {off}"
        if self._verb == "cleanup" and self._drills():
            yield f"left of the drill: {[disk.name for disk in self._drills()]}"
        if self._verb == "cleanup":
            array = self._estate.array("lyon")
            unseen = [disk.name for disk in self._disks("lyon") if not array.attachments_of(disk)]
            if unseen:
                yield f"not connected again: {unseen}"
        if self._verb == "reprotect" and f"fa-lyon:{self._group}" not in self._estate.array("paris").groups:
            yield "it is not replicated home"

    def lost(self) -> str | None:
        return None

    def taken_back(self) -> str | None:
        return "nothing is taken back of LPARs"


def _grew(was: Image, now: Image) -> bool:
    """Whether it holds all that it held, and perhaps more: it was not overwritten."""
    return now.history[: len(was.history) - 1] == was.history[:-1] and now.last_common(was) == was.generation
