"""Every fault of the lab at every step of every verb on remote copy groups and on protection groups: ``make long``
prints how many, and how the runs fared.

A fault is switched on when a step begins: on its verb, on what is looked at to see its effect, on the other array's
looks or on the whole device; once or for a moment, or until the run rests. A run must end right, or stop and say why,
and go on rightly once the fault is gone. What is right is judged by the lab's world, never by what the engine says.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.recovery.attempt import Pace
from app.recovery.runner import Runner
from backends.lab.faults import REFUSALS, Fault, FaultKind
from store import journal
from store.runs import SETTLED, Plan, PlannedStep, Run, RunState, StepState
from tests.faults import lpar_trials, pg_trials, trials
from tests.faults.ranges import Range, already, sending

PACE = Pace(poll_s=0.02, lost_s=1.6, margin_s=2.0, busy_s=0.1, retries=3)
CALL_S, LIMIT_S, STUCK_S = 1.0, 4.0, 90.0
"""How long a call may take; how long a step waits for its effect; after which time a run counts as stuck."""

FAMILIES: Mapping[str, Callable[[Path, float], AbstractContextManager[Range[Any]]]] = {
    "rcg": trials.ready,
    "pg": pg_trials.ready,
    "lpar": lpar_trials.ready,
}
STATES = (
    FaultKind.UNREACHABLE,
    FaultKind.EXPIRED_CERT,
    FaultKind.CHANGED_KEY,
    FaultKind.SESSION_LIMIT,
    FaultKind.CLOCK_SKEWED,
    FaultKind.RENAMED,
    FaultKind.PENDING,
)
"""What a device is in, not what happens to a request of it."""
HTTP_ONLY = (*REFUSALS, FaultKind.HTTP_504_AFTER, FaultKind.HTML)
LOOKS = ("GET *", "show*", "ls*", "Retrieve*")
"""What looks are called, of all technologies."""
SECONDS = {FaultKind.SLOW: (0.3, 1.4), FaultKind.CLOCK_SKEWED: (-600.0, 600.0)}


class Place(StrEnum):
    VERB = "its verb"
    LOOKS = "its looks"
    PEER = "the other array"
    DEVICE = "the whole device"
    LISTS = "its lists"
    COMPARISON = "the comparison after a lost answer"


@dataclass(frozen=True)
class Trouble:
    """What goes wrong, where and for how long: once (or for a moment), or until the run rests. ``orderly``: the owner
    of the server stops it first; otherwise it writes until its volumes are taken away, one after the other."""

    kind: FaultKind
    place: Place
    lasting: bool
    seconds: float | None = None
    orderly: bool = True

    def __str__(self) -> str:
        return f"{self.kind} on {self.place}, {'lasting' if self.lasting else 'once'}"


def places(at: Range[Any], case: Any, step: PlannedStep, kind: FaultKind) -> tuple[Place, ...]:
    """Where a fault of this kind can hit this step."""
    peer = () if at.peer(case, step) is None else (Place.PEER,)
    if kind in STATES or kind is FaultKind.REFUSES_LOGIN:
        return (Place.DEVICE, *peer)
    if kind in HTTP_ONLY and not at.sent_by(step).split(" ")[0].isupper():
        return (Place.LOOKS, Place.DEVICE, *peer)
    lists = (Place.LISTS,) if step.kind.startswith(("pg.", "volume.")) else ()  # behind what each session begins with
    compared = (Place.COMPARISON,) if step.kind in ("volume.overwrite", "pg.restore") else ()
    return (Place.VERB, Place.LOOKS, Place.DEVICE, *peer, *lists, *compared)


class Trap:
    """Switches a fault on when a step begins. :meth:`spring` may be called from any thread, as often as one likes."""

    def __init__(self, at: Range[Any], case: Any, run: Run, name: str, step: PlannedStep, trouble: Trouble) -> None:
        self._at = at
        self._peer = at.peer(case, step)
        self._run = run.id
        self._name = name
        self._step = step
        self._trouble = trouble
        self._lock = threading.Lock()
        self._faults: list[Fault] | None = None
        self._timer: threading.Timer | None = None

    @property
    def sprung(self) -> bool:
        return self._faults is not None

    def spring(self) -> None:
        with self._lock:
            if self._faults is not None:
                return
            found = self._at.ledger.run(self._run)
            if any(found.step(need).state not in SETTLED for need in self._step.needs):
                return
            self._faults = [self._add(device, verb) for device, verb in self._targets()]
            if self._trouble.place is Place.COMPARISON:
                verb = self._at.sent_by(self._step)
                lost = self._at.estate.world.faults.add(self._step.device, FaultKind.DROP_AFTER, verb, count=1)
                self._faults.append(lost)
        if not self._trouble.lasting and (self._trouble.kind in STATES or self._trouble.kind is FaultKind.HANG):
            self._timer = threading.Timer(0.4 if self._trouble.kind in STATES else CALL_S + 0.4, self.remove)
            self._timer.start()

    def remove(self) -> None:
        for fault in self._faults or ():
            self._at.estate.world.faults.remove(fault.id)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        self.remove()
        self._at.estate.expire_sessions()

    def _targets(self) -> list[tuple[str, str]]:
        device, place, verb = self._step.device, self._trouble.place, self._at.sent_by(self._step)
        if place is Place.VERB:
            return [(device, verb)]
        if place is Place.LISTS:
            return [(device, "GET /[!a]*")]
        if place is Place.COMPARISON:
            return [(device, "GET /volumes/diff")]
        if place is Place.PEER and self._peer is not None:
            device = self._peer
        whole = place is Place.DEVICE or self._trouble.kind in STATES or self._trouble.kind is FaultKind.REFUSES_LOGIN
        return [(device, "*")] if whole else [(device, look) for look in LOOKS]

    def _add(self, device: str, verb: str) -> Fault:
        kind = self._trouble.kind
        countable = kind not in STATES and kind is not FaultKind.HANG  # a hang lasts as long as its fault
        subject = None
        if kind in (FaultKind.RENAMED, FaultKind.PENDING):
            subject = self._at.subject(kind, self._step, device, self._name, self._trouble.orderly)
        return self._at.estate.world.faults.add(
            device,
            kind,
            verb,
            seconds=self._trouble.seconds,
            count=1 if countable and not self._trouble.lasting else None,
            subject=subject,
        )


@dataclass
class Trial:
    """One run with one fault, and what became of it. ``wrong`` None: as it must be."""

    case: Any
    step: str
    trouble: Trouble
    outcome: str = ""
    wrong: str | None = None

    def __str__(self) -> str:
        return f"{self.case.name}: {self.step}: {self.trouble}: {self.outcome}: {self.wrong or 'right'}"


def trial(at: Range[Any], case: Any, number: int, trouble: Trouble) -> Trial:
    """A run of the case with a fault at its ``number``-th step that sends something."""
    run, plan, name = at.plan(case, LIMIT_S)
    return befallen(at, case, (run, plan, name), sending(plan)[number], trouble)


def befallen(at: Range[Any], case: Any, planned: tuple[Run, Plan, str], step: PlannedStep, trouble: Trouble) -> Trial:
    """A run, with its plan and the name of what it is about, that has a fault at a step."""
    run, plan, name = planned
    found = Trial(case, f"{step.id} {step.kind}", trouble)
    trap = Trap(at, case, run, name, run.plan.step(step.id), trouble)
    course = _Course(at, case, run, plan, name, trouble.orderly)
    try:
        found.outcome, found.wrong = course.under(trap)
        if found.wrong is None and not trap.sprung:
            found.wrong = "the fault was never switched on"
    finally:
        trap.end()
        at.rest()
    return found


class _Course:
    """A run from its begin to its end, and the judge of it."""

    def __init__(self, at: Range[Any], case: Any, run: Run, plan: Plan, name: str, orderly: bool) -> None:
        self._at = at
        self._run = run
        self._plan = plan
        self._name = name
        self._done = at.done()
        self._judge = at.judge(case, run, name, orderly)

    def under(self, trap: Trap) -> tuple[str, str | None]:
        """Act under the fault, and once more without it where it must be. Returns the outcome and what is wrong."""
        trap.spring()
        found, stuck = self._act(trap)
        while not stuck and self._at.answers(found, self._name):
            found, stuck = self._act(trap)
        trap.end()
        if stuck:
            return "stuck", f"no end within {STUCK_S:g} s: {_steps(found)}"
        wrong = self._always(found) or self._rested(found)
        if wrong is not None or found.state is RunState.SUCCEEDED:
            return str(found.state), wrong or self._succeeded(found)
        if found.state is RunState.FAILED:
            return self._taken_back(found)
        again, stuck = self._act(None)
        while not stuck and self._at.answers(again, self._name):
            again, stuck = self._act(None)
        if stuck or again.state is not RunState.SUCCEEDED:
            return f"waited, then {again.state}", f"with the fault gone: {again.state}: {_steps(again)}"
        return "waited, then succeeded", self._always(again) or self._succeeded(again)

    def _act(self, trap: Trap | None) -> tuple[Run, bool]:
        ledger = self._at.ledger
        tell = (lambda: None) if trap is None else trap.spring
        runner = Runner(ledger, self._at.operations.devices, "the campaign", PACE, tell)
        late = threading.Event()

        def leave() -> None:
            late.set()
            runner.leave()

        guard = threading.Timer(STUCK_S, leave)
        guard.start()
        try:
            return runner.run(self._run.id, wait_for_operator=False), late.is_set()
        finally:
            guard.cancel()

    def _rested(self, found: Run) -> str | None:
        """What is wrong with a run that this console is through with."""
        if found.state in (RunState.SUCCEEDED, RunState.FAILED):
            return None if found.state is RunState.SUCCEEDED or found.note else "failed, and does not say why"
        stuck = [step for step in found.steps if step.state in (StepState.FAILED, StepState.UNKNOWN)]
        if found.holder is not None or not stuck:
            return f"{found.state} (holder {found.holder}), and no step is stuck: {_steps(found)}"
        silent = [step.id for step in stuck if not step.reason]
        return f"stuck without a reason: {silent}" if silent else None

    def _always(self, found: Run) -> str | None:
        """What must hold whatever happened."""
        violations = list(self._at.estate.world.referee.violations)
        if violations:
            self._at.estate.world.referee.violations.clear()
            return f"the referee saw {violations}"
        verdict = journal.verify(self._at.path)
        if verdict.broken is not None:
            return f"journal broken at {verdict.broken}: {verdict.why}"
        once = Counter(self._at.sent_by(step) for step in self._plan.steps if step.call)
        twice = self._at.done() - self._done - once
        for verb in self._at.repeats:
            del twice[verb]
        return f"carried out more than once: {dict(twice)}" if twice else self._judge.always(found)

    def _succeeded(self, found: Run) -> str | None:
        """What is not true of a run that says it succeeded."""
        if wrong := self._judge.succeeded():
            return f"says it succeeded, but {wrong}"
        sent = (step for step in sending(self._plan) if step.id not in already(found))
        expected = Counter(self._at.sent_by(step) for step in sent)
        done = self._at.done() - self._done
        for verb in self._at.repeats:
            del done[verb], expected[verb]
        if done != expected:
            return f"says it succeeded, but {dict(done)} was carried out, not {dict(expected)}"
        return self._judge.lost() or self._always(found)

    def _taken_back(self, found: Run) -> tuple[str, str | None]:
        """A run that rolls back left the world as it was, or says what it left."""
        if not found.plan.rolls_back:
            return "failed", f"a run that does not roll back has ended: {found.note}"
        if "not taken back" in (found.note or ""):
            return "failed, not all taken back", None
        wrong = self._judge.taken_back()
        return "failed, taken back", f"taken back, it says, but {wrong}" if wrong else None


def _steps(found: Run) -> str:
    return "; ".join(f"{s.id} {s.state}: {s.reason}" for s in found.steps if s.state is not StepState.PENDING)


# ------------------------------------------------------------------------------------------------------- the campaign


def troubles(at: Range[Any], case: Any, step: PlannedStep, rng: random.Random) -> Iterator[Trouble]:
    """One of every kind of fault at a step; the seed draws where and for how long."""
    for kind in at.kinds:
        place = rng.choice(places(at, case, step, kind))
        seconds = rng.choice(SECONDS[kind]) if kind in SECONDS else None
        yield Trouble(kind, place, rng.random() < 0.5, seconds, rng.random() < 0.5)


def everything(at: Range[Any], rng: random.Random) -> list[tuple[Any, int, Trouble]]:
    """Every case, every step of it that sends something, every kind of fault, in an order that the seed draws."""
    found = []
    for case in at.cases:
        _, plan, _ = at.plan(case)
        at.rest()
        for number, step in enumerate(sending(plan)):
            found += [(case, number, trouble) for trouble in troubles(at, case, step, rng)]
    rng.shuffle(found)
    return found


def campaign(seed: int, most: int | None, only: str, directory: Path, of: str = "rcg") -> list[Trial]:
    """All of it, or the first ``most`` trials, of the cases with ``only`` in their names. ``of``: see
    :data:`FAMILIES`."""
    ready = FAMILIES[of]
    rng, found = random.Random(seed), list[Trial]()
    with tempfile.TemporaryDirectory(dir=directory) as folder, ready(Path(folder), CALL_S) as at:
        todo = [each for each in everything(at, rng) if only in each[0].name][:most]
        print(f"{len(todo)} trials on {of}", flush=True)
    while todo:
        with tempfile.TemporaryDirectory(dir=directory) as folder, ready(Path(folder), CALL_S) as at:
            for case, number, trouble in todo[:40]:
                began = time.monotonic()
                found.append(trial(at, case, number, trouble))
                took = time.monotonic() - began
                if found[-1].wrong is not None or took > 30:
                    print(f"{found[-1]} ({took:.0f} s)", flush=True)
        todo = todo[40:]
        print(f"{len(found)} through, {sum(each.wrong is not None for each in found)} wrong", flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=int, help="the first so many; all of them otherwise")
    parser.add_argument("--only", default="", help="the cases with this in their names")
    parser.add_argument("--of", choices=[*FAMILIES], help="on these alone; on all otherwise")
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = [
            each
            for of in ([arguments.of] if arguments.of else FAMILIES)
            for each in campaign(arguments.seed, arguments.trials, arguments.only, Path(folder), of)
        ]
    for count in (
        Counter(each.case.name for each in found),
        Counter(str(each.trouble.kind) for each in found),
        Counter(str(each.trouble.place) for each in found),
        Counter(each.outcome for each in found),
    ):
        for name, number in sorted(count.items()):
            print(f"{number:>6} {name}")
        print()
    wrong = sum(each.wrong is not None for each in found)
    took = time.monotonic() - began
    print(f"seed {arguments.seed}: {len(found)} runs with a fault in {took:.0f} s, {wrong} went wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
