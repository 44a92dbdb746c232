"""Runs as the store keeps them: a plan, the states of a run and of its steps, what guards said, decisions of people.

Plain records; what they mean and how they come about is the recovery engine's.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from store.record import Record
from store.recovery import Recovery


class RunState(StrEnum):
    """``INTERRUPTED``: it was running or waiting, and the console that held it is gone."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    RUNNING = "running"
    PAUSED = "paused"
    WAITING = "waiting for the operator"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ABORTED = "aborted"
    INTERRUPTED = "interrupted"


ENDED = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.ABORTED})


class StepState(StrEnum):
    """``ALREADY``: observed as done before anything was sent. ``UNKNOWN``: only the operator can say what is true."""

    PENDING = "pending"
    RUNNING = "running"
    ALREADY = "already done"
    DONE = "done"
    SKIPPED = "skipped"
    MARKED = "marked done"
    FAILED = "failed"
    UNKNOWN = "unknown"


SETTLED = frozenset({StepState.ALREADY, StepState.DONE, StepState.SKIPPED, StepState.MARKED})
"""A step whose successors may begin."""


class Choice(StrEnum):
    """What an operator may decide about a run, or about one of its steps."""

    RETRY = "retry"
    SKIP = "skip"
    MARK_DONE = "mark done"
    PAUSE = "pause"
    CONTINUE = "continue"
    ABORT = "abort"


class Fact(Record, frozen=True):
    """Something that was seen, in words: ``status of oradb on 3par-paris`` is ``Stopped``."""

    name: str
    value: str


class Guard(Record, frozen=True):
    """What stands in front of a plan. ``id`` is its kind and, behind a space, what it is about; ``holds`` False refuses
    the plan; ``evidence`` is what was seen, at ``seen_at`` (UTC)."""

    id: str
    words: str
    holds: bool
    evidence: str
    seen_at: datetime | None = None

    @property
    def about(self) -> str:
        """What it is about, such as the name of a group."""
        return self.id.partition(" ")[2]


class PlannedStep(Record, frozen=True):
    """One step. ``kind`` and ``params`` (JSON text) alone are enough to make it again.

    ``call`` is what will be sent, as the vendor writes it; empty: nothing, it only waits. ``needs`` are the ids of the
    steps that must be settled first, ``after`` those that must only be through, well or not. ``limit_s`` bounds the
    wait for its effect, in seconds; ``p50_s`` is how long it usually takes. ``undo`` is the id of the planned step that
    takes its effect back where the run is aborted, or fails and ``rolls_back``; steps that are somebody's undo never
    run otherwise. ``unless``: such a one is not made where the step of this id may be done. ``closes`` is the id of a
    step whose effect must not outlast the run: this one ends it in any case, behind those that it is ``after``,
    also while the run is paused, and before it is aborted.
    """

    id: str
    kind: str
    params: str
    title: str
    device: str
    call: str
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    destructive: bool = False
    limit_s: float = 180.0
    undo: str | None = None
    p50_s: float | None = None
    closes: str | None = None
    unless: str | None = None


class Turns(Record, frozen=True):
    """``parts`` of a plan, each the ids of its steps, of which at most so many are under way at a time: the next one,
    in their order, begins once one of those is through, well or not."""

    most: int
    parts: tuple[tuple[str, ...], ...]


class Plan(Record, frozen=True):
    """What a run would do, in full, before anybody agreed to it.

    ``name`` is what the operator types for a destructive one; ``confirm`` all that must be typed, in order.
    ``targets`` are the keys under which no other run may act meanwhile. ``loss_s`` bounds the data lost, in seconds:
    None where nothing is lost or nothing can be said, which ``loss`` then says in words. ``lasting`` are the things
    that cannot be undone. ``way_back`` is the documented way back from a state in which this is refused.
    ``rolls_back``: where a step fails, what the run made is unmade at once, and not only where it is aborted. Times
    UTC, ``p50_s`` and ``p95_s`` in seconds. ``recovery``: what the run of a recovery plan is about. ``turns``: which of
    the steps take turns; None: none do.
    """

    verb: str
    name: str
    targets: tuple[str, ...]
    made_at: datetime
    steps: tuple[PlannedStep, ...] = ()
    guards: tuple[Guard, ...] = ()
    confirm: tuple[str, ...] = ()
    loss: str = ""
    loss_s: float | None = None
    lasting: tuple[str, ...] = ()
    way_back: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rolls_back: bool = False
    p50_s: float | None = None
    p95_s: float | None = None
    recovery: Recovery | None = None
    turns: Turns | None = None

    @property
    def refused(self) -> tuple[Guard, ...]:
        """The guards that do not hold."""
        return tuple(guard for guard in self.guards if not guard.holds)

    @property
    def destructive(self) -> bool:
        return bool(self.confirm)

    def step(self, step_id: str) -> PlannedStep:
        """Raises :class:`KeyError`."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    @property
    def undoes(self) -> frozenset[str]:
        """The ids of the steps that only take another one back."""
        return frozenset(step.undo for step in self.steps if step.undo is not None)

    @property
    def closings(self) -> tuple[PlannedStep, ...]:
        """The steps that end, in any case, what another one began."""
        return tuple(step for step in self.steps if step.closes is not None)


SECOND_PERSON = "second person: "
"""What rests on a human statement is stated by a second person, whose name is typed behind this."""

REFUSED, NO_ANSWER = "refused: ", "no answer: "
"""What is kept of a call that the device did not accept begins with one of these."""


class StepRecord(Record, frozen=True):
    """How a step fares. ``began_at`` is its first intent; ``took_s`` how long the device took for its act and,
    once it is done, all of it, but that it waited for a session, seconds;
    ``answer`` what the device said, ``reason`` why it stands as it does."""

    id: str
    state: StepState = StepState.PENDING
    attempts: int = 0
    began_at: datetime | None = None
    ended_at: datetime | None = None
    facts: tuple[Fact, ...] = ()
    answer: str | None = None
    reason: str | None = None
    took_s: float | None = None

    @property
    def accepted(self) -> bool:
        """Whether the device took the last call of this step."""
        return self.answer is not None and not self.answer.startswith((REFUSED, NO_ANSWER))

    @property
    def unanswered(self) -> bool:
        """Whether a call of this step left, or may have left, that was never answered."""
        return self.attempts > 0 and (self.answer is None or self.answer.startswith(NO_ANSWER))

    @property
    def did(self) -> bool:
        """Whether the device is known to have done it for this run."""
        if self.state is StepState.DONE:
            return True
        return self.state in (StepState.FAILED, StepState.UNKNOWN, StepState.RUNNING) and self.accepted

    @property
    def may_be_done(self) -> bool:
        """Whether its effect may be there: all but what was never sent, or refused the last time."""
        if self.state in (StepState.ALREADY, StepState.DONE, StepState.MARKED):
            return True
        return self.attempts > 0 and not (self.answer or "").startswith(REFUSED)

    @property
    def may_have_begun(self) -> bool:
        """Whether anything of this step may have happened: a call left, whatever came of it, or a person says so."""
        return self.attempts > 0 or self.state is StepState.MARKED


class Approval(Record, frozen=True):
    """That another person has to approve a run. ``order`` says in the words of the command line what was asked, so that
    the plan can be drawn up anew; ``digest`` is of what it does. It can be approved ``until`` then (UTC), by nobody of
    ``people``, the users that its proposer is. ``by`` is who did. ``glass``: nobody else was there, and why."""

    order: str
    digest: str
    until: datetime
    people: tuple[str, ...]
    by: str | None = None
    glass: str | None = None


class Run(Record, frozen=True):
    """A run with its steps, in the order of the plan. ``by`` is who proposed it, ``holder`` the console that acts for
    it now; ``seq`` the newest journal entry about it; ``approval``: another person has to approve it, or did;
    ``incident``: the number of what it was begun for."""

    id: str
    plan: Plan
    state: RunState
    by: str
    created_at: datetime
    steps: tuple[StepRecord, ...]
    began_at: datetime | None = None
    ended_at: datetime | None = None
    note: str | None = None
    seq: int = 0
    holder: str | None = None
    approval: Approval | None = None
    incident: int | None = None

    @property
    def awaited(self) -> Approval | None:
        """The approval that it waits for."""
        return self.approval if self.state is RunState.PROPOSED else None

    @property
    def glass(self) -> str | None:
        """Why it was run by one person where two are needed; None: it was not."""
        return None if self.approval is None else self.approval.glass

    def step(self, step_id: str) -> StepRecord:
        """Raises :class:`KeyError`."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    @property
    def to_take_back(self) -> tuple[PlannedStep, ...]:
        """What takes back what the run did, the last first; each once.

        Only what the device is known to have done for this run: what was *already done* is not the run's to undo, and
        what was refused, or never answered, may be somebody else's.
        """
        found: dict[str, None] = {}
        for planned, record in reversed(list(zip(self.plan.steps, self.steps, strict=True))):
            if planned.undo is None or not record.did or self.step(planned.undo).state in SETTLED:
                continue
            unless = self.plan.step(planned.undo).unless
            if unless is None or not self.step(unless).may_be_done:
                found[planned.undo] = None
        return tuple(map(self.plan.step, found))

    @property
    def open(self) -> tuple[PlannedStep, ...]:
        """The closings that are still to be done: what they end was begun by this run, or may have been."""
        return tuple(
            step
            for step in self.plan.closings
            if step.closes is not None
            and self.step(step.id).state not in SETTLED
            and self.step(step.closes).may_have_begun
        )


class Lease(Record, frozen=True):
    """The right to act for ``run`` on its targets; ``epochs`` by target in the same order."""

    run: str
    targets: tuple[str, ...]
    epochs: tuple[int, ...]
    holder: str


class Decision(Record, frozen=True):
    """What a person decided. ``step`` None: about the whole run. ``seq`` is its entry in the journal."""

    seq: int
    choice: Choice
    step: str | None
    reason: str
    by: str


class Entry(Record, frozen=True):
    """One entry of the journal; ``body`` is JSON text."""

    seq: int
    at: datetime
    run: str
    kind: str
    body: str
