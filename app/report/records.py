"""What a report says of a run. Plain records: times UTC, spans in seconds; None is *not recorded*."""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct

from store.runs import Fact, Guard, RunState, StepState


class Planned(Struct, frozen=True):
    """The plan as it was agreed to. ``digest`` is the SHA-256 of its JSON text in the journal; ``file`` and ``version``
    are of the file that it was drawn up from, where it was. ``typed`` are the words that were typed."""

    name: str
    verb: str
    digest: str
    made_at: datetime
    targets: tuple[str, ...]
    guards: tuple[Guard, ...]
    typed: tuple[str, ...]
    loss: str
    loss_s: float | None
    lasting: tuple[str, ...]
    notes: tuple[str, ...]
    p50_s: float | None
    p95_s: float | None
    file: str | None = None
    version: str | None = None


class Person(Struct, frozen=True):
    """Somebody who took part, as the console knew them, and what they did."""

    name: str
    roles: tuple[str, ...]


class Objective(Struct, frozen=True):
    """What was to be kept to, and what came of it. ``what`` is RTO or RPO, ``of`` what it was measured on; ``words``
    say how, or why there is nothing. ``missed``: the run ended before there was anything to measure."""

    what: str
    of: str
    target_s: float | None
    actual_s: float | None
    words: str
    missed: bool = False

    @property
    def kept(self) -> bool | None:
        """None: it cannot be said."""
        if self.target_s is None:
            return None
        if self.actual_s is None:
            return False if self.missed else None
        return self.actual_s <= self.target_s


class ApplicationTold(Struct, frozen=True):
    """What a run of a recovery plan came to for one application. ``ready_s`` and ``up_s`` count from the declaration;
    ``p50_s`` and ``p95_s`` are what was foreseen for it to be up, from the beginning of the run on. ``lost_s`` is what
    was lost at most, ``lost_words`` how that is known, or why it is not. ``deviations``: how many are about its
    steps."""

    name: str
    group: str
    members: tuple[str, ...]
    rto_s: float | None
    ready_s: float | None
    up_s: float | None
    up_at: datetime | None
    rto_kept: bool | None
    p50_s: float | None
    p95_s: float | None
    rpo_s: float | None
    lost_s: float | None
    lost_words: str
    rpo_kept: bool | None
    deviations: int


class Try(Struct, frozen=True):
    """One time that a step was sent, or was about to be. ``before`` is what was seen just before."""

    at: datetime
    call: str
    before: tuple[Fact, ...]
    answer: str | None = None
    took_s: float | None = None


class StepTold(Struct, frozen=True):
    """A step. ``due_at`` is when the last one was settled that it waits for: of a step that only looks nothing else is
    known of its beginning. ``before`` is what was seen before it was first sent, ``after`` what was seen last."""

    id: str
    kind: str
    title: str
    device: str
    call: str
    state: StepState
    due_at: datetime | None
    began_at: datetime | None
    ended_at: datetime | None
    tries: tuple[Try, ...]
    before: tuple[Fact, ...]
    after: tuple[Fact, ...]
    reason: str | None
    usual_s: float | None

    @property
    def from_at(self) -> datetime | None:
        """Since when it was under way."""
        return self.began_at or self.due_at

    @property
    def took_s(self) -> float | None:
        begin, end = self.from_at, self.ended_at
        return None if begin is None or end is None else (end - begin).total_seconds()


class Deviation(Struct, frozen=True):
    """Something that did not go as planned, or that a person decided on the way. ``application``: the one of a recovery
    plan that its step belongs to."""

    at: datetime
    what: str
    step: str | None
    words: str
    by: str | None = None
    application: str | None = None


class Unchecked(Struct, frozen=True):
    """A check that was not made, and why."""

    what: str
    reason: str


class Note(Struct, frozen=True):
    """What somebody wrote down about the run."""

    at: datetime
    by: str
    text: str


class Lesson(Struct, frozen=True):
    """What is to become better, who sees to it, until when."""

    at: datetime
    by: str
    text: str
    owner: str
    due: date


class Other(Struct, frozen=True):
    """An entry of the journal that nothing else here tells of; ``body`` JSON text."""

    at: datetime
    kind: str
    body: str


class Chained(Struct, frozen=True):
    """Where the run lies in the journal: its first and last entry, the head, and whether the report leads to it."""

    first: int
    last: int
    head_seq: int
    head_at: datetime
    head: str
    whole: bool


class Facts(Struct, frozen=True):
    """A whole report. ``declared_at`` is when the run was proposed, ``decided_at`` when it was agreed to.
    ``twin``: it ran on a copy of an estate as it was then; ``incident``: the number of what it was run for."""

    run: str
    product: str
    scenario: str
    state: RunState
    ending: str | None
    plan: Planned
    people: tuple[Person, ...]
    declared_at: datetime
    decided_at: datetime | None
    began_at: datetime | None
    ended_at: datetime | None
    objectives: tuple[Objective, ...]
    applications: tuple[ApplicationTold, ...]
    steps: tuple[StepTold, ...]
    deviations: tuple[Deviation, ...]
    unchecked: tuple[Unchecked, ...]
    notes: tuple[Note, ...]
    lessons: tuple[Lesson, ...]
    others: tuple[Other, ...]
    journal: Chained
    twin: datetime | None = None
    incident: int | None = None
