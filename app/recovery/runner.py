"""The runner: one run, from its lease to its end. A step observes, acts, observes again; what it is about to send is on
the disk before it leaves, and what became of it afterwards.

Killed at any point and started again, it looks at each intent without a result before it does anything else. Nothing is
sent twice unless a look has shown, for longer than a lost call may live, that the first one did nothing.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass, field

from app.recovery import schedule
from app.recovery.attempt import Attempt, End, Pace
from app.recovery.looks import Asked, Devices, akin
from app.recovery.tempo import Tempo
from store.errors import StoreError
from store.ledger import LEASE_S, LeaseError, Ledger
from store.runs import (
    SETTLED,
    Choice,
    Decision,
    Lease,
    Plan,
    PlannedStep,
    Run,
    RunState,
    StepState,
)

AT_ONCE = 64
"""Steps under way at a time: most of them wait, and the session bound of each device holds the rest back."""

MANY, MANY_STEPS = 4, 40
"""A run over more targets, or with more steps, than this keeps its sessions to the devices from one call to the next.
What is saved by a smaller one is not worth the sessions that stay on an array, until it ends them itself, where a
console is killed."""

RECENT_S = 5.0
"""A verb may rest on a look that began so long ago, where this run has done nothing since that it would show: a fresh
one of a whole array takes as long. Destructive steps may on facts that are much older (procedures 1.1)."""


@dataclass(slots=True)
class _Under:
    """What the conductor of a run keeps in mind. ``seen``: when the looks began that showed what a step did, and
    ``from_s`` when this console began to act, on the monotonic clock."""

    lease: Lease
    states: dict[str, StepState]
    seen: dict[str, Mapping[Asked, float]] = field(default_factory=dict)
    from_s: float = field(default_factory=time.monotonic)
    heard: int = 0
    paused: bool = False
    aborting: Decision | None = None


class Runner:
    """Acts for one run. ``tell`` is called after each change, from any thread."""

    def __init__(
        self,
        ledger: Ledger,
        devices: Devices,
        holder: str,
        pace: Pace | None = None,
        tell: Callable[[], None] = lambda: None,
    ) -> None:
        self._ledger = ledger
        self._devices = devices
        self._holder = holder
        self._pace = pace or Pace()
        self._tell = tell
        self._tempo = Tempo()
        self._lost = threading.Event()
        self._done = threading.Event()
        self._left = threading.Event()

    def leave(self) -> None:
        """Begin nothing more and return from :meth:`run`; the run stays as it is, to be resumed."""
        self._left.set()

    def run(self, run_id: str, wait_for_operator: bool = True) -> Run:
        """Take the lease and act until the run has ended, or waits for somebody and ``wait_for_operator`` is off.

        Raises :class:`LeaseError` where the lease is not to be had or was lost, :class:`store.ledger.RunError` for a
        run that cannot be run, :class:`store.errors.StoreError` where the store fails: nothing more was sent then.
        """
        lease = self._ledger.take(run_id, self._holder)
        found = self._ledger.run(run_id)
        under = _Under(lease, {step.id: step.state for step in found.steps})
        keeper = threading.Thread(target=self._keep, args=(lease,), name=f"lease of run {run_id}", daemon=True)
        keeper.start()
        try:
            with self._devices.kept() if _many(found.plan) else nullcontext():
                self._heed(found, under)
                if under.aborting is None:
                    self._again(found, under)
                self._conduct(found, under, wait_for_operator)
        finally:
            self._done.set()
            keeper.join()
            self._ledger.release(lease)
        if self._lost.is_set():
            raise LeaseError(f"the lease of run {run_id} was lost: another console acts for it now")
        return self._ledger.run(run_id)

    def _keep(self, lease: Lease) -> None:
        while not self._done.wait(LEASE_S / 3):
            try:
                self._ledger.renew(lease)
            except LeaseError:
                self._lost.set()
                return
            except StoreError:
                continue  # the next write to the journal will say so, and nothing is sent without one

    def _again(self, run: Run, under: _Under) -> None:
        """A resumed run tries again what had failed or was unknown: somebody asked for it to go on."""
        for step in run.steps:
            if under.states[step.id] in (StepState.FAILED, StepState.UNKNOWN):
                self._set(under, step.id, StepState.PENDING)

    def _set(self, under: _Under, step_id: str, state: StepState) -> None:
        self._ledger.settle(under.lease, step_id, state, ())
        under.states[step_id] = state
        self._tell()

    # -------------------------------------------------------------------------------------------------- conducting

    def _conduct(self, run: Run, under: _Under, wait_for_operator: bool) -> None:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="step") as pool:
            flying: dict[Future[End], PlannedStep] = {}
            # What has an intent and no result goes first, whatever its needs are by now.
            for step in run.plan.steps:
                if under.states[step.id] is StepState.RUNNING:
                    flying[pool.submit(self._attempt, run, step, under)] = step
            try:
                while not self._stopped:
                    self._listen(run, under)
                    if not (under.paused or under.aborting):
                        busy = {step.id for step in flying.values()}
                        for step in schedule.ready(run.plan, under.states):
                            if step.id not in busy:
                                flying[pool.submit(self._attempt, run, step, under)] = step
                    if not flying and self._at_rest(run, under, wait_for_operator):
                        return
                    for future in wait(flying, self._pace.poll_s, FIRST_COMPLETED).done if flying else ():
                        self._landed(flying.pop(future), future.result(), under)
                    if not flying and not schedule.ready(run.plan, under.states):
                        self._devices.rest()
                        self._left.wait(self._pace.poll_s)
            except BaseException:
                self._left.set()  # the other steps must not go on acting for a run that nobody conducts
                raise

    @property
    def _stopped(self) -> bool:
        return self._left.is_set() or self._lost.is_set()

    def _attempt(self, run: Run, step: PlannedStep, under: _Under) -> End:
        def may_send() -> bool:
            undoing = step.id in run.plan.undoes
            return undoing or not (under.paused or under.aborting)

        return Attempt(
            self._ledger,
            self._devices,
            self._pace,
            under.lease,
            lambda: self._stopped,
            may_send,
            self._tell,
            self._tempo,
            _recent(run.plan, step, under),
        ).make(step)

    def _landed(self, step: PlannedStep, end: End, under: _Under) -> None:
        if end.lost:
            self._lost.set()
        under.states[step.id] = end.state
        under.seen[step.id] = end.begun
        self._tell()

    @staticmethod
    def _troubled(under: _Under) -> bool:
        return any(state in (StepState.FAILED, StepState.UNKNOWN) for state in under.states.values())

    def _at_rest(self, run: Run, under: _Under, wait_for_operator: bool) -> bool:
        """With nothing under way: end the run, roll it back, or wait for the operator. True: this console is done."""
        if under.aborting is not None:
            return self._end(run, under, RunState.ABORTED, under.aborting.reason or "aborted by the operator")
        if schedule.finished(run.plan, under.states):
            return self._end(run, under, RunState.SUCCEEDED, None)
        failed = [s for s, state in under.states.items() if state is StepState.FAILED and s not in run.plan.undoes]
        if run.plan.rolls_back and failed:
            return self._end(run, under, RunState.FAILED, self._ledger.step(run.id, failed[0]).reason)
        if self._troubled(under) or under.paused:
            state = RunState.PAUSED if under.paused and not self._troubled(under) else RunState.WAITING
            if self._ledger.standing(run.id)[0] is not state:
                self._ledger.turn(under.lease, state)
                self._tell()
            return not wait_for_operator
        return False

    def _end(self, run: Run, under: _Under, state: RunState, note: str | None) -> bool:
        """Take back what is to be taken back, then end, saying what was not. A console that leaves meanwhile leaves the
        rest to whoever resumes the run."""
        if state is not RunState.SUCCEEDED and run.plan.rolls_back:
            left = self._roll_back(run, under)
            if self._stopped:
                return True
            if left is not None:
                note = f"{note}; not taken back: {left}"
        self._ledger.turn(under.lease, state, note)
        self._tell()
        return True

    def _roll_back(self, run: Run, under: _Under) -> str | None:
        """Unmake what this run made, the last first, and only that. Returns what could not be taken back, in words.
        One thing that cannot be holds up no other: a device refuses what does not fit, and a group that was stopped is
        started again in any case."""
        now = self._ledger.run(run.id)
        left = []
        for planned, record in zip(now.plan.steps, now.steps, strict=True):
            if planned.undo is not None and record.state not in SETTLED and record.unanswered:
                left.append(f"nobody knows whether this was done: {planned.title}")
            if planned.undo is None and planned.destructive and record.state is StepState.DONE:
                left.append(f"{planned.title}: it is done for good")
        for step in schedule.to_undo(now):
            end = self._attempt(run, step, under)
            under.states[step.id] = end.state
            self._tell()
            if self._stopped:
                break
            if end.state not in SETTLED:
                left.append(f"{step.title}: {self._ledger.step(run.id, step.id).reason}")
        return "; ".join(left) or None

    # --------------------------------------------------------------------------------------------------- listening

    def _heed(self, run: Run, under: _Under) -> None:
        """Do what was decided while nobody acted for the run. What was said of a step before the last thing that
        happened to it was heard then, or was said of another state of it; resuming ends a pause."""
        last: dict[str, int] = {}
        for entry in self._ledger.journal(run.id):
            if entry.kind in ("intent", "answer", "result"):
                last[json.loads(entry.body)["step"]] = entry.seq
        for decision in self._ledger.decisions(run.id, 0):
            under.heard = decision.seq
            if decision.step is None or decision.seq > last.get(decision.step, 0):
                self._obey(run, under, decision)
        under.paused = False

    def _listen(self, run: Run, under: _Under) -> None:
        """Do what people decided since the last time, here or at another console."""
        newest = self._ledger.standing(run.id)[1]
        if newest > under.heard:
            for decision in self._ledger.decisions(run.id, under.heard):
                newest = max(newest, decision.seq)
                self._obey(run, under, decision)
            under.heard = newest

    def _obey(self, run: Run, under: _Under, decision: Decision) -> None:
        match decision.choice:
            case Choice.PAUSE:
                under.paused = True
            case Choice.CONTINUE:
                under.paused = False
                self._running(run, under)
            case Choice.ABORT:
                under.aborting = decision
            case Choice.RETRY | Choice.SKIP | Choice.MARK_DONE if decision.step in under.states:
                self._decided(run, under, decision, decision.step)

    def _decided(self, run: Run, under: _Under, decision: Decision, step_id: str) -> None:
        """A step that waits for the operator is tried again, or settled by what a person said; no other is touched."""
        if under.states[step_id] not in (StepState.FAILED, StepState.UNKNOWN):
            return
        under.seen.pop(step_id, None)  # whoever decides may have done something that no look has shown yet
        if decision.choice is Choice.RETRY:
            self._set(under, step_id, StepState.PENDING)
        else:
            state = StepState.SKIPPED if decision.choice is Choice.SKIP else StepState.MARKED
            self._ledger.settle(under.lease, step_id, state, (), f"{decision.by}: {decision.reason}")
            under.states[step_id] = state
        self._running(run, under)

    def _running(self, run: Run, under: _Under) -> None:
        if not self._troubled(under) and self._ledger.standing(run.id)[0] is not RunState.RUNNING:
            self._ledger.turn(under.lease, RunState.RUNNING)
        self._tell()


def _many(plan: Plan) -> bool:
    return len(plan.targets) > MANY or len(plan.steps) > MANY_STEPS


def _recent(plan: Plan, step: PlannedStep, under: _Under) -> Callable[[Asked], float]:
    """From when on looks show all that a step rests on: what was done before it, as those steps saw it themselves.

    Each step looks at what it changes; so a look at something else, or at another device, misses nothing of it.
    """
    now = time.monotonic()
    before = schedule.before(plan, step)
    if step.id in plan.undoes or not before <= under.seen.keys():  # done at another time, or by somebody's word
        return lambda asked: now
    oldest = max(under.from_s, now - RECENT_S)
    seen = [look for other in before for look in under.seen[other].items()]
    return lambda asked: max((oldest, *(began for looked, began in seen if akin(looked, asked))))
