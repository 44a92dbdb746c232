"""What happens in a story of two consoles, and what must hold after each event: :mod:`tests.faults.stories` draws them.

The referee saw no violation; the journal verifies; no run acted on a target under an older lease than another one; what
a run says that succeeded is true in the world; and no server that its owner started where a run said that it serves
lost more than was agreed to.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from app.recovery.rcg.gather import GroupError
from app.recovery.rcg.options import Options
from backends.lab.referee import Loss
from store import journal
from store.estate import RcgMode
from store.ledger import Ledger, RunError
from store.place import Place
from store.rcg_verbs import RcgVerb
from store.runs import ENDED, Choice, Plan, Run, RunState
from tests.faults import judge
from tests.faults.console import Console
from tests.faults.judge import FAILED_OVER, NORMAL, RECOVERED, STARTED, STOPPED, Truth
from tests.faults.ranges import next_run_id
from tests.faults.rcg_estate import RcgEstate

GROUPS = ((RcgMode.SYNC, True, True), (RcgMode.PERIODIC, True, True), (RcgMode.SYNC, False, False))
"""The mode of each group, whether the arrays start it again by themselves after the links were down, and whether its
owner stops the server before it is moved."""

LIMIT_S = 3.0
_TURNS = {"rcg.failover", "rcg.restore", "rcg.reverse"}


@dataclass
class Known:
    """A run of the story: what the world was when it was planned. ``disturbed``: how often its power or its links had
    changed by then."""

    run: Run
    names: tuple[str, ...]
    before: dict[str, Truth]
    dark: bool
    disturbed: int

    @property
    def plan(self) -> Plan:
        return self.run.plan


class Tale:
    """One story on groups of its own."""

    def __init__(self, estate: RcgEstate, place: Place) -> None:
        self.estate = estate
        self.names = tuple(estate.group(mode) for mode, *_ in GROUPS)
        self.counts: Counter[str] = Counter()
        estate.carried(*self.names)
        self.auditor = Ledger(place)
        self.consoles = [Console(f"console {number}", estate.config, place) for number in (1, 2)]
        self._runs: list[Known] = []
        self._asked_before = {name: Counter(d.counters.requests) for name, d in estate.world.devices.items()}
        self._disturbed = 0
        self._serving: dict[str, str | None] = dict.fromkeys(self.names, "paris")
        self._free: set[str] = set()
        """Groups of which anything may be lost: somebody agreed to that, or wrote where nobody served."""
        for console in self.consoles:  # a group that was never seen can be failed over by nobody
            console.operations.plan_rcg(RcgVerb.STOP, self.names, Options(), next_run_id())
        with estate.world.turn():
            for name, (_, again, _) in zip(self.names, GROUPS, strict=True):
                if not again:
                    estate.paris.groups[name][0].policies.discard("auto_recover")

    @classmethod
    @contextmanager
    def begun(cls, estate: RcgEstate, place: Place) -> Iterator[Tale]:
        tale = cls(estate, place)
        try:
            with closing(tale.auditor), closing(tale.consoles[0]), closing(tale.consoles[1]):
                yield tale
        finally:
            tale._forget()

    # -------------------------------------------------------------------------------------------------------- events

    def plans(self, number: int, groups: tuple[int, ...], verb: RcgVerb | None, disaster: bool) -> None:
        console, names = self.consoles[number], tuple(self.names[group] for group in groups)
        if console.busy:
            self.counts["console is busy"] += 1
            return
        before = {name: judge.truth(self.estate, name) for name in names}
        verb = verb or _usual(before[names[0]])
        run_id, disaster = next_run_id(), disaster and verb is RcgVerb.FAILOVER
        dark, disturbed = self.estate.world.sites["paris"].dark, self._disturbed
        try:
            plan = console.operations.plan_rcg(verb, names, Options(disaster=disaster), run_id)
        except GroupError:
            self.counts[f"{verb}: not planned"] += 1
            return
        if plan.refused:
            self.counts[f"{verb}: refused"] += 1
            return
        plan = replace(plan, steps=tuple(replace(step, limit_s=LIMIT_S) for step in plan.steps))
        known = Known(console.operations.agree(run_id, plan, plan.confirm), names, before, dark, disturbed)
        self._runs.append(known)
        if verb in (RcgVerb.FAILOVER, RcgVerb.RESTORE, RcgVerb.REVERSE) and not disaster:
            self._stop_servers(groups, before)
        console.acts(run_id, partial(self._ended, known), late=False)

    def _stop_servers(self, groups: tuple[int, ...], before: dict[str, Truth]) -> None:
        for group in groups:
            name = self.names[group]
            if GROUPS[group][2]:
                self.estate.switch_off("lyon" if before[name].serves else "paris", name)
            else:
                self._free.add(name)  # its volumes are taken away one after the other: torn, as the plan says

    def resumes(self, number: int, which: int, late: bool) -> None:
        open_ = self._open()
        console = self.consoles[number]
        if not open_ or console.busy:
            return
        known = open_[which % len(open_)]
        console.acts(known.run.id, partial(self._ended, known), late)
        self.counts["resumed late" if late else "resumed"] += 1

    def asked(self, device: str, verb: str) -> None:
        """Wait until the device was asked this, for the first time in the story."""
        asked, before = self.estate.world.devices[device].counters.requests, self._asked_before[device]
        self.estate.until(lambda: asked[verb] > before[verb])

    def decides(self, which: int, choice: Choice) -> None:
        if open_ := self._open():
            known = open_[which % len(open_)]
            try:
                self.auditor.decide(known.run.id, choice, None, "the story wants it", "an operator")
                self.counts[f"said: {choice}"] += 1
            except RunError:
                self.counts["said too late"] += 1

    def leaves(self, number: int) -> None:
        self.consoles[number].leaves()

    def wait(self, number: int) -> None:
        self.consoles[number].wait()

    def mends(self) -> None:
        self.estate.world.faults.clear()
        self.estate.expire_sessions()

    def power(self, dark: bool) -> None:
        self._disturbed += 1
        with self.estate.world.turn():
            self.estate.world.set_dark("paris", dark)

    def links(self, up: bool) -> None:
        self._disturbed += 1
        with self.estate.world.turn() as now:
            next(iter(self.estate.paris.targets.values())).connection.set_wires(up, now)

    def owner(self, group: int, on: bool) -> None:
        """The owner of a group's server goes by what runs said, and starts nothing while one is under way."""
        name = self.names[group]
        site = self._serving[name]
        dark = site == "paris" and self.estate.world.sites["paris"].dark
        if site is None or dark or any(name in known.names for known in self._open()):
            return
        (self.estate.switch_on if on else self.estate.switch_off)(site, name)
        self.counts[f"server {'on' if on else 'off'} at {site}"] += 1

    def ends(self) -> None:
        """All is mended, and what has not ended is resumed once and aborted then."""
        for console in self.consoles:
            console.wait()
        self.mends()
        self.power(False)
        self.links(True)
        for known in self._open():
            for choice in (None, Choice.ABORT):
                if self.auditor.run(known.run.id).state in ENDED:
                    continue
                if choice is not None:
                    self.auditor.decide(known.run.id, choice, None, "the story ends", "an operator")
                self.consoles[0].acts(known.run.id, partial(self._ended, known), late=False)
                self.consoles[0].wait()
                self.check()
            state = self.auditor.run(known.run.id).state
            assert state in ENDED, f"run {known.run.id} ({known.plan.name}) was aborted and is {state}"
        for number in range(len(self.names)):
            self.owner(number, True)
        self.check()
        self.counts.update(f"{k.plan.verb}: {self.auditor.run(k.run.id).state}" for k in self._runs)

    def _open(self) -> list[Known]:
        return [known for known in self._runs if self.auditor.run(known.run.id).state not in ENDED]

    def _forget(self) -> None:
        """Leave the estate as if there had been no story."""
        self.mends()
        self.power(False)
        self.links(True)
        with self.estate.world.turn() as now:
            for name in self.names:
                group = self.estate.paris.groups[name][0]
                group.replicator.halt(now)
                for side in group.sides:
                    self.estate.world.power_off(self.estate.world.writers[f"{side.array.site}/{name}-srv"])
                    del side.array.groups[side.name]
                    array = side.array
                    array.vluns[:] = [v for v in array.vluns if not v.volume.name.startswith(f"{name}_")]
                    gone = [v.name for v in array.volumes.values() if v.group is group or v.copy_of in _of(group)]
                    for volume in gone:
                        del array.volumes[volume]
            self.estate.world.referee.violations.clear()

    # ------------------------------------------------------------------------------------------------- what must hold

    def check(self) -> None:
        """Raises AssertionError where something does not hold."""
        for console in self.consoles:
            console.check()
        violations = self.estate.world.referee.violations
        assert not violations, f"the referee saw {violations}"
        verdict = journal.verify(self.auditor.path)
        assert verdict.broken is None, f"journal broken at {verdict.broken}: {verdict.why}"
        self._check_epochs()
        for name in self.names:
            self._note_split(name)
            for loss in judge.losses(self.estate, name):
                self._check_loss(name, loss)

    def _check_epochs(self) -> None:
        """Nothing is intended under a lease once another one was taken on the same target."""
        newest: dict[str, int] = {}
        for entry in self.auditor.journal():
            body = json.loads(entry.body)
            if entry.kind == "lease taken":
                for target, epoch in zip(body["targets"], body["epochs"], strict=True):
                    assert epoch > newest.get(target, 0), f"entry {entry.seq} takes {target} as epoch {epoch} again"
                    newest[target] = epoch
            if entry.kind == "intent":
                for target, epoch in zip(self.auditor.run(entry.run).plan.targets, body["epochs"], strict=True):
                    assert epoch == newest[target], f"entry {entry.seq} acts as epoch {epoch} of {newest[target]}"

    def _note_split(self, name: str) -> None:
        """A server that its owner started where the group was failed over from: what it writes there is lost."""
        with self.estate.world.turn():
            group = self.estate.paris.groups[name][0]
            wrote = any(member.copies[0].volume.disk.writers for member in group.members)
        if wrote and judge.truth(self.estate, name).roles == FAILED_OVER:
            self._free.add(name)

    def _check_loss(self, name: str, loss: Loss) -> None:
        allowed = 0.0
        for known in self._runs:
            if name in known.names:
                allowed += self._agreed_loss(known, name)
        if name in self._free or not judge.beyond(loss, allowed):
            return
        raise AssertionError(f"{loss.writer} lost {loss.seconds:g} s, and {allowed:g} s were agreed to")

    def _agreed_loss(self, known: Known, name: str) -> float:
        """What a run may lose of a group, in seconds, as far as it has acted."""
        run = self.auditor.run(known.run.id)
        for planned, record in zip(run.plan.steps, run.steps, strict=True):
            if name not in planned.params or record.began_at is None:
                continue
            if planned.kind == "rcg.reverse" and run.plan.verb == RcgVerb.UNDO:
                return math.inf  # it discards, and says so
            if planned.kind == "rcg.failover" and run.plan.loss_s:
                return run.plan.loss_s
        return 0.0

    def _ended(self, known: Known, run: Run) -> None:
        """Called by the console that acted, at once; raises AssertionError where the run's word is not true."""
        if run.state not in ENDED:
            return
        if run.state is not RunState.SUCCEEDED:
            turned = any(p.kind in _TURNS and r.attempts for p, r in zip(run.plan.steps, run.steps, strict=True))
            if turned:
                self._serving.update(dict.fromkeys(known.names))
            return
        for name in known.names:
            verb = RcgVerb(run.plan.verb)
            site = judge.serves_after(verb, known.before[name])
            if site is not None:
                self._serving[name] = site
            now = judge.truth(self.estate, name)
            if self._disturbed != known.disturbed or self._overtaken(run):
                self.counts["success not judged"] += 1
                continue
            wrong = _untrue(verb, known, name, now)
            assert not wrong, f"{run.plan.name} says it succeeded, but of {name} {'; '.join(wrong)}"
            self.counts["success judged"] += 1

    def _overtaken(self, run: Run) -> bool:
        """Whether somebody acts on a target of the run already."""
        taken = [entry for entry in self.auditor.journal(None, run.seq) if entry.kind == "lease taken"]
        return any(set(json.loads(entry.body)["targets"]) & set(run.plan.targets) for entry in taken)


def _of(group: object) -> list[object]:
    return [copy.volume for member in group.members for copy in member.copies]  # type: ignore[attr-defined]


def _usual(truth: Truth) -> RcgVerb:
    """What an operator would do next."""
    if truth.roles == FAILED_OVER:
        return RcgVerb.RECOVER
    if truth.status == STOPPED:
        return RcgVerb.START
    if truth.roles == RECOVERED:
        return RcgVerb.RESTORE
    return RcgVerb.FAILOVER if truth.roles == NORMAL else RcgVerb.REVERSE


def _untrue(verb: RcgVerb, known: Known, name: str, now: Truth) -> list[str]:
    """What is not as it must be after a run that says it succeeded. Others may have acted between its plan and its
    begin: only what it was to bring about is compared."""
    wanted = judge.goal(verb, known.before[name], known.dark)
    if verb is RcgVerb.SYNC:
        return [] if now.status == STARTED else [f"status is {now.status}"]
    if verb in (RcgVerb.START, RcgVerb.STOP):
        return [] if now.status == wanted.status else [f"status is {now.status}, not {wanted.status}"]
    found = [line for line in judge.differences(now, wanted) if line.startswith(("roles", "status", "members"))]
    for is_, ought, end in ((now.here, wanted.here, "here"), (now.there, wanted.there, "there")):
        if not ought.exports and is_.exports:
            found.append(f"{end} {sorted(is_.exports)} is exported")
        if not known.dark and not ought.exports <= is_.exports:
            found.append(f"{end} {sorted(ought.exports - is_.exports)} is not exported")
        if Counter(dict(ought.kept)) - Counter(dict(is_.kept)):
            found.append(f"{end} {dict(ought.kept)} snapshots were to be kept, not {dict(is_.kept)}")
    return found
