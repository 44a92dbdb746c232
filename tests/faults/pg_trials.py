"""What the campaigns do to protection groups: the cases, an estate to try them on, and a run of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from app.recovery.pg.operate import plan_clone, plan_restore
from app.recovery.pg.pairing import TAG
from app.recovery.pg.request import Request, Restore
from backends.flasharray.verbs import Replicate
from backends.lab.faults import FaultKind
from backends.lab.flasharray import protection
from backends.lab.flasharray.objects import DiskSnapshot, Tag
from backends.lab.flasharray.state import GIB
from store.runs import Plan, PlannedStep, Run
from tests.faults import ranges
from tests.faults.pg_estate import PgEstate, pg_estate
from tests.faults.pg_judge import PgJudge
from tests.faults.ranges import next_run_id

SUFFIX = "s1"


@dataclass(frozen=True)
class Layout:
    """Sizes in GiB of the volumes of a group and of the one that it is cloned to; ``tags``: by the number of a target
    the source that its tag names; ``pairs``: what must come of it; ``dropped``: targets that lose their tag."""

    source: tuple[int, ...] = (100, 200)
    target: tuple[int, ...] = (100, 250)
    tags: tuple[tuple[int, int], ...] = ()
    pairs: tuple[tuple[int, int], ...] = ((0, 0), (1, 1))
    dropped: tuple[int, ...] = ()


UNTAGGED = Layout()
TAGGED = Layout(target=(200, 100), tags=((0, 1), (1, 0)), pairs=((0, 1), (1, 0)))
ANEW = Layout((100, 100), (100, 100, 100), tags=((1, 1), (2, 0)), dropped=(2,))


@dataclass(frozen=True)
class Case:
    """What is done to a group, and how it is sent to the other array. ``taken``: its snapshot is there before,
    and ``sent``, where it goes to the other array."""

    verb: str
    replicate: Replicate = Replicate.NO
    layout: Layout = UNTAGGED
    taken: bool = False
    sent: bool = True
    disaster: ClassVar[bool] = False

    @property
    def away(self) -> bool:
        return self.replicate is not Replicate.NO

    @property
    def name(self) -> str:
        sent = {Replicate.NO: "", Replicate.NOW: " on the target", Replicate.QUEUED: " on the target, queued"}
        how = {UNTAGGED: "", TAGGED: " by tag", ANEW: " anew"}[self.layout]
        old = "" if not self.taken else " of an old snapshot" if self.sent else " of one that was not sent"
        return f"{self.verb}{sent[self.replicate]}{how}{old}"


CASES = (
    Case("snapshot"),
    Case("snapshot", Replicate.NOW),
    Case("snapshot", Replicate.QUEUED),
    Case("clone"),
    Case("clone", layout=TAGGED, taken=True),
    Case("clone", layout=ANEW),
    Case("clone", Replicate.NOW),
    Case("clone", Replicate.QUEUED, TAGGED),
    Case("clone", Replicate.NOW, ANEW, taken=True),
    Case("clone", Replicate.NOW, taken=True, sent=False),
    Case("restore", taken=True),
)


@dataclass
class Range(ranges.Range[PgEstate]):
    """Two arrays with protection groups. A group ``g`` is cloned to ``g-t``."""

    cases = CASES
    kinds: ClassVar[tuple[FaultKind, ...]] = tuple(FaultKind)
    sent: ClassVar[Mapping[str, str]] = {
        "pg.snapshot": "POST /protection-group-snapshots",
        "pg.send": "POST /protection-group-snapshots/replica",
        "pg.restore": "POST /protection-groups",
        "volume.keep": "POST /volume-snapshots",
        "volume.overwrite": "POST /volumes",
        "volume.tag": "PUT /volumes/tags/batch",
        "volume.untag": "DELETE /volumes/tags",
    }

    def plan(self, case: Case, limit_s: float | None = None) -> tuple[Run, Plan, str]:
        name = self._prepared(case)
        run_id = next_run_id()
        if case.verb == "restore":
            plan = plan_restore(self.operations, Restore("fa-prd", name, SUFFIX), run_id)
        else:
            onto, to = f"{name}-t" if case.verb == "clone" else None, "fa-dr" if case.away else None
            anew = case.layout is ANEW
            asked = Request("fa-prd", name, SUFFIX, onto, to, case.replicate, ignore_tags=anew)
            plan = plan_clone(self.operations, asked, run_id)
        return self.agreed(run_id, plan, limit_s), plan, name

    def _prepared(self, case: Case) -> str:
        """The group, its snapshot where it is there before, and the group that it is cloned to, with its tags. A group
        that is sent for the first time takes a while; a tag needs one that was sent before."""
        estate, layout = self.estate, case.layout
        history = 1 if case.taken or layout.tags else 0
        name = estate.source(sizes=[size * GIB for size in layout.source], history=history)
        if case.taken:
            with estate.world.turn():
                protection.take(estate.prd, estate.prd.groups[name], SUFFIX, "now" if case.away and case.sent else None)
        if case.taken and case.away and case.sent:
            received = estate.dr.groups[f"fa-prd:{name}"].snapshots[SUFFIX].received
            estate.until(lambda: received is not None and received.completed is not None)
        if case.verb == "restore":
            held = {part.name.rpartition(".")[2]: part.image for part in self._members(name)}
            estate.until(lambda: all(estate.contents(estate.prd, name)[each] != held[each] for each in held))
            estate.switch(estate.prd, name, on=False)
        if case.verb == "clone":
            array = estate.dr if case.away else estate.prd
            estate.target(array, f"{name}-t", [size * GIB for size in layout.target])
            with estate.world.turn():
                for target, source in layout.tags:
                    identity = source_id(estate, case, name, source)
                    array.disk(f"{name}-t-{target}").tags = [Tag(TAG, identity, copyable=False)]
        return name

    def _members(self, name: str) -> list[DiskSnapshot]:
        return self.estate.prd.groups[name].snapshots[SUFFIX].members

    def judge(self, case: Case, run: Run, name: str, orderly: bool) -> PgJudge:
        return PgJudge(self.estate, case, run, name)

    def watched(self, case: Case, run: Run, name: str) -> Callable[[], str | None]:
        judge = PgJudge(self.estate, case, run, name)
        return lambda: judge.succeeded() or judge.always(self.ledger.run(run.id))

    def peer(self, case: Case, step: PlannedStep) -> str | None:
        if not case.away:
            return None
        return "fa-dr" if step.device == "fa-prd" else "fa-prd"

    def subject(self, kind: FaultKind, step: PlannedStep, device: str, name: str, first: bool) -> str | None:
        """The volume that the step is about, the first one of its group, or what it is made from."""
        array = self.estate.dr if device == "fa-dr" else self.estate.prd
        if device == "fa-prd" and (step.device == "fa-dr" or step.kind == "pg.snapshot"):
            return name
        if step.device == "fa-prd" and device == "fa-dr":  # the group as it is to arrive keeps its name
            onto = f"{name}-t-0"
            return onto if onto in array.disks else f"fa-prd:{name}" if kind is FaultKind.PENDING else None
        if kind is FaultKind.PENDING and not first:
            return f"fa-prd:{name}.{SUFFIX}" if device == "fa-dr" else f"{name}.{SUFFIX}"
        params = json.loads(step.params)
        volume: str = params.get("volume") or params.get("volumes", [f"{name}-0"])[0]
        assert volume in array.disks, volume
        return volume


def source_id(estate: PgEstate, case: Case, name: str, number: int) -> str:
    """By which id the array that is cloned on knows a volume of the group. Called within a turn."""
    if not case.away:
        return estate.prd.disk(f"{name}-{number}").id
    replica = estate.dr.groups[f"fa-prd:{name}"]
    return replica.replicas[f"fa-prd:{name}-{number}"]


@contextmanager
def ready(directory: Path, call_s: float | None = None) -> Iterator[Range]:
    """An estate with a console on it. ``call_s``: how long one call to a device may take."""
    with pg_estate(directory) as estate, ranges.console(Range, estate, directory, call_s) as at:
        yield at
