"""The runner: one run, from its lease to its end. A step observes, acts, observes again; what it is about to send is on
the disk before it leaves, and what became of it afterwards.

Killed at any point and started again, it looks at each intent without a result before it does anything else. Nothing is
sent twice unless a look has shown, for longer than a lost call may live, that the first one did nothing.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext

from msgspec import Struct, field

from app.recovery import kinds, precedence, schedule
from app.recovery.attempt import Attempt, End, Pace, look_ahead
from app.recovery.leftover import left_standing
from app.recovery.looks import Asked, Devices, akin
from app.recovery.patience import PatientLedger
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

AT_ONCE = 512
"""Steps under way at a time that send something, and as many that do not: most of them wait, and the session bound of
each device holds the rest back. The long wait for an operating system holds up none that sends."""

MANY, MANY_STEPS = 4, 40
"""A run over more targets, or with more steps, than this keeps its sessions to the devices from one call to the next.
What is saved by a smaller one is not worth the sessions that stay on an array, until it ends them itself, where a
console is killed."""

RECENT_S = 5.0
"""A verb may rest on a look that began so long ago, where this run has done nothing since that it would show: a fresh
one of a whole array takes as long. Destructive steps may on facts that are much older (procedures 1.1)."""


class _Under(Struct):
    """What the conductor of a run keeps in mind. ``ahead``: where not all steps can be begun, or sent, at once, those
    with the longest way behind them go first. ``seen``: when the looks began that showed what a step did, and
    ``from_s`` when this console began to act, on the monotonic clock. ``in_vain`` are the closings of an aborted run
    that came to nothing and wait for somebody."""

    lease: Lease
    states: dict[str, StepState]
    ahead: Mapping[str, float] = field(default_factory=dict)
    seen: dict[str, Mapping[Asked, float]] = field(default_factory=dict)
    from_s: float = field(default_factory=time.monotonic)
    heard: int = 0
    paused: bool = False
    aborting: Decision | None = None
    in_vain: set[str] = field(default_factory=set)
    note: str | None = None


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
        self._store = ledger
        self._devices = devices
        self._holder = holder
        self._pace = pace or Pace()
        self._tell = tell
        self._ledger: PatientLedger
        self._tempo = Tempo()
        self._lost = threading.Event()
        self._done = threading.Event()
        self._left = threading.Event()
        self._winding_up = threading.Event()

    def wind_up(self) -> None:
        """Begin nothing more but what has to be ended in any case and what that waits for, then leave."""
        self._winding_up.set()

    def leave(self) -> None:
        """Begin nothing more and return from :meth:`run`; the run stays as it is, to be resumed."""
        self._left.set()

    def run(self, run_id: str, wait_for_operator: bool = True) -> Run:
        """Take the lease and act until the run has ended, or waits for somebody and ``wait_for_operator`` is off.

        Raises :class:`LeaseError` where the lease is not to be had or was lost, :class:`store.ledger.RunError` for a
        run that cannot be run, :class:`store.errors.StoreError` where the store fails: nothing more was sent then. A
        store that is away only holds the run up.
        """
        lease = precedence.taken(self._store, run_id, self._holder, self._left.is_set)
        self._ledger = PatientLedger(self._store, run_id, lambda: self._stopped)
        found = self._ledger.run(run_id)
        under = _Under(lease, {step.id: step.state for step in found.steps}, schedule.ahead(found.plan))
        keeper = threading.Thread(target=self._keep, args=(lease,), name=f"lease of run {run_id}", daemon=True)
        keeper.start()
        try:
            with self._devices.kept() if _many(found.plan) else nullcontext():
                self._devices.look_ahead(Counter(step.device for step in found.plan.steps if step.call))
                self._heed(found, under)
                if under.aborting is None:
                    self._again(found, under)
                self._conduct(found, under, wait_for_operator)
        finally:
            self._done.set()
            keeper.join()
            self._store.release(lease)
        if self._lost.is_set():
            raise LeaseError(f"the lease of run {run_id} was lost: another console acts for it now")
        return self._ledger.run(run_id)

    def _keep(self, lease: Lease) -> None:
        while not self._done.wait(LEASE_S / 3):
            try:
                self._store.renew(lease)
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
        with (
            ThreadPoolExecutor(AT_ONCE, thread_name_prefix="step") as sending,
            ThreadPoolExecutor(AT_ONCE, thread_name_prefix="wait") as waiting,
        ):
            flying: dict[Future[End], PlannedStep] = {}

            def begin(step: PlannedStep) -> None:
                pool = sending if step.call else waiting
                flying[pool.submit(self._attempt, run, step, under)] = step

            # What has an intent and no result goes first, whatever its needs are by now.
            for step in run.plan.steps:
                if under.states[step.id] is StepState.RUNNING:
                    begin(step)
            try:
                while not self._stopped:
                    self._listen(run, under)
                    busy = {step.id for step in flying.values()}
                    for step in sorted(self._next(run, under), key=lambda step: -under.ahead.get(step.id, 0.0)):
                        if step.id not in busy:
                            begin(step)
                    if not flying and self._at_rest(run, under, wait_for_operator):
                        return
                    landed = wait(flying, self._pace.poll_s, FIRST_COMPLETED).done if flying else ()
                    for future in landed:
                        self._landed(flying.pop(future), future.result(), under)
                    if flying or self._next(run, under) or (landed and schedule.finished(run.plan, under.states)):
                        continue
                    if self._winding_up.is_set():
                        return
                    if not landed:
                        self._devices.rest()
                        self._left.wait(self._pace.poll_s)
            except BaseException:
                self._left.set()  # the other steps must not go on acting for a run that nobody conducts
                raise

    def _next(self, run: Run, under: _Under) -> tuple[PlannedStep, ...]:
        """What may begin now. A pause does not hold up what ends something that must not last."""
        if under.aborting is not None:
            return ()
        for step_id in schedule.reopened(run.plan, under.states):
            self._ledger.anew(under.lease, step_id, "done anew: what it did was ended")
            under.states[step_id] = StepState.PENDING
            under.seen.pop(step_id, None)
        ready = schedule.ready(run.plan, under.states)
        if self._winding_up.is_set():
            closings = self._ledger.run(run.id).open
            wanted = {step_id for step in closings for step_id in (step.id, *step.after)}
            return tuple(step for step in ready if step.id in wanted)
        return tuple(step for step in ready if step.closes is not None) if under.paused else ready

    @property
    def _stopped(self) -> bool:
        return self._left.is_set() or self._lost.is_set()

    def _attempt(self, run: Run, step: PlannedStep, under: _Under) -> End:
        def may_send() -> bool:
            undoing = step.closes is not None or step.id in run.plan.undoes
            return undoing or not (under.paused or under.aborting)

        if step.closes is not None and not self._ledger.step(run.id, step.closes).may_have_begun:
            return self._nothing_to_close(step, under)
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
            1.0 + under.ahead.get(step.id, 0.0),
            lambda: self._look_ahead(run.plan, step),
        ).make(step)

    def _look_ahead(self, plan: Plan, step: PlannedStep) -> None:
        """Begin the looks on which the verbs behind a step will rest, while its own effect is looked for. One for all
        that are alike."""
        behind = {(other.device, other.kind): other for other in plan.steps if step.id in other.needs and other.call}
        for other in behind.values():
            if self._devices.keeping(other.device):
                work = (self._devices, other, RECENT_S / 2)
                threading.Thread(target=look_ahead, args=work, name=f"look ahead of {other.id}", daemon=True).start()

    def _nothing_to_close(self, step: PlannedStep, under: _Under) -> End:
        reason = f"step {step.closes} was never sent: nothing that it would end was begun by this run"
        try:
            self._ledger.settle(under.lease, step.id, StepState.SKIPPED, (), reason)
        except LeaseError:
            return End(StepState.RUNNING, lost=True)
        return End(StepState.SKIPPED)

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
            reason = under.aborting.reason or "aborted by the operator"
            return self._end(run, under, RunState.ABORTED, reason, wait_for_operator)
        if schedule.finished(run.plan, under.states):
            return self._end(run, under, RunState.SUCCEEDED, None, wait_for_operator)
        failed = [s for s, state in under.states.items() if state is StepState.FAILED and s not in run.plan.undoes]
        if run.plan.rolls_back and failed:
            note = self._ledger.step(run.id, failed[0]).reason
            return self._end(run, under, RunState.FAILED, note, wait_for_operator)
        if self._troubled(under) or under.paused:
            state = RunState.PAUSED if under.paused and not self._troubled(under) else RunState.WAITING
            return self._wait(run, under, state, None, wait_for_operator)
        return False

    def _wait(self, run: Run, under: _Under, state: RunState, note: str | None, wait_for_operator: bool) -> bool:
        if self._ledger.standing(run.id)[0] is not state or note != under.note:
            self._ledger.turn(under.lease, state, note)
            under.note = note
            self._tell()
        return not wait_for_operator

    def _end(self, run: Run, under: _Under, state: RunState, note: str | None, wait_for_operator: bool) -> bool:
        """Close what must not last, take back what is to be taken back, then end, saying what was not. A console that
        leaves meanwhile leaves the rest to whoever resumes the run; so does one that cannot close something."""
        if state is not RunState.SUCCEEDED and (still := self._close(run, under)) is not None:
            note = f"{note}; still to be done: {still}"
            return self._stopped or self._wait(run, under, RunState.WAITING, note, wait_for_operator)
        if state is not RunState.SUCCEEDED and run.plan.undoes:
            left = self._roll_back(run, under)
            if self._stopped:
                return True
            if left is not None:
                note = f"{note}; not taken back: {left}"
        self._ledger.turn(under.lease, state, note)
        self._tell()
        return True

    def _close(self, run: Run, under: _Under) -> str | None:
        """End what this run began and must not last, each once until somebody has it tried again. Returns what is
        still to be done, in words."""
        for step in self._ledger.run(run.id).open:
            if step.id not in under.in_vain and not self._stopped:
                under.states[step.id] = self._attempt(run, step, under).state
                under.in_vain.add(step.id)
                self._tell()
        now = self._ledger.run(run.id)
        return "; ".join(f"{step.title}: {now.step(step.id).reason}" for step in now.open) or None

    def _roll_back(self, run: Run, under: _Under) -> str | None:
        """Unmake what this run made, the last first, and only that. Returns what could not be taken back, in words.
        One thing that cannot be holds up no other: a device refuses what does not fit, and a group that was stopped is
        started again in any case."""
        now = self._ledger.run(run.id)
        left = left_standing(now)
        for step in now.to_take_back:
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
        under.in_vain.discard(step_id)
        if decision.choice is Choice.RETRY:
            if run.plan.step(step_id).kind in kinds.ASKED:  # a person, who was told what is not known of it
                self._ledger.anew(under.lease, step_id, f"{decision.by}: {decision.reason}")
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
    undoing = step.closes is not None or step.id in plan.undoes
    if undoing or not before <= under.seen.keys():  # done at another time, or by somebody's word
        return lambda asked: now
    oldest = max(under.from_s, now - RECENT_S)
    seen = [look for other in before for look in under.seen[other].items()]
    return lambda asked: max((oldest, *(began for looked, began in seen if akin(looked, asked))))
