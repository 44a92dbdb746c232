"""The lines of the board of a running plan, and how each stands at a moment: its priority groups, in each the
applications, in each its members. Pure, for the board and for the wall."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from screens.conditions import BoardState
from screens.run_words import STUCK
from store.outcomes import Outcome, last_clock, outcomes
from store.recovery import Recovery, RunApplication, RunMember
from store.run_ahead import Ahead, ahead, under_way_since
from store.run_clocks import REACHED, Clock
from store.runs import ENDED, SETTLED, Plan, PlannedStep, Run, StepRecord, StepState

ASK = "plan.ask"
"""The kind of step that a person does."""

_WORDS = {"lpars": "LPAR", "pgroups": "pgroup", "pods": "pod", "rcgs": "RCG", "vms": "VM"}


class Item(Struct, frozen=True):
    """A line of the board. ``level`` 0 is a group, 1 an application, 2 what belongs to one. ``steps`` are those that it
    stands for; it is up once those of ``up`` are settled. ``applications`` are those of a group, or itself."""

    key: str
    level: int
    name: str
    steps: tuple[str, ...]
    up: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    member: RunMember | None = None


def items(plan: Plan) -> tuple[Item, ...]:
    """All lines, in the order in which they come back; none of a run that is not one of a recovery plan."""
    recovery = plan.recovery
    if recovery is None:
        return ()
    found: list[Item] = []
    if recovery.own:
        found.append(Item("plan", 1, "steps of the plan", recovery.own))
    for name in dict.fromkeys(application.group for application in recovery.applications):
        those = [application for application in recovery.applications if application.group == name]
        if name:
            found.append(_group(name, those))
        for application in those:
            found += _application(application)
    shared = _shared(plan, recovery, found)
    return (*found, *([Item("shared", 1, "shared steps", shared)] if shared else []))


def _group(name: str, those: Iterable[RunApplication]) -> Item:
    every = list(those)
    steps = tuple(step for application in every for step in application.steps)
    ups = tuple(application.up for application in every if application.up is not None)
    return Item(f"group:{name}", 0, f"Group {name}", steps, ups, tuple(application.name for application in every))


def _application(application: RunApplication) -> Iterable[Item]:
    name = application.name
    up = () if application.up is None else (application.up,)
    yield Item(f"app:{name}", 1, name, tuple(application.steps), up, (name,))
    for member in application.members:
        key = f"member:{name}/{member.kind}:{member.name}"
        words = f"{_WORDS.get(member.kind, member.kind)} {member.name}"
        yield Item(key, 2, words, member.steps, member.up, member=member)
    if application.own:
        yield Item(f"own:{name}", 2, "its own steps", application.own)


def _shared(plan: Plan, recovery: Recovery, found: Iterable[Item]) -> tuple[str, ...]:
    """What belongs to no application, but for points that are reached and steps that only take others back."""
    owned = {step for item in found for step in item.steps} | plan.undoes
    return tuple(step.id for step in plan.steps if step.id not in owned and step.kind != REACHED)


class Board(Struct, frozen=True):
    """A run at a moment. ``since``: by step that is under way since when; ``owner``: by step what it belongs to, the
    smallest line that it is in; ``offset_s`` is what passed between the declaration and the beginning."""

    run: Run
    now: datetime
    steps: Mapping[str, PlannedStep]
    records: Mapping[str, StepRecord]
    outcomes: Mapping[str, Outcome]
    ahead: Ahead
    since: Mapping[str, datetime]
    owner: Mapping[str, Item]
    ups: Mapping[str, str]
    critical: frozenset[str]
    offset_s: float

    @property
    def since_s(self) -> float:
        """The seconds since the declaration, until the run ended."""
        return max(0.0, ((self.run.ended_at or self.now) - self.run.created_at).total_seconds())

    def outcome(self, item: Item) -> Outcome | None:
        """What an application came to; None of anything else, and where the run brings nothing up."""
        return self.outcomes.get(item.applications[0]) if item.level == 1 and item.applications else None

    def stuck(self, item: Item) -> tuple[str, ...]:
        """The steps of a line that wait for a person; none once the run has ended."""
        if self.run.state in ENDED:
            return ()
        return tuple(step for step in item.steps if self.records[step].state in STUCK)

    def state(self, item: Item) -> BoardState:
        """How a line stands."""
        states = [self.records[step].state for step in item.steps]
        stuck = self.stuck(item)
        if not states:
            return BoardState.NOTHING
        if stuck:
            asked = all(self.asks(step) for step in stuck)
            return BoardState.ASKS if asked else BoardState.DECIDE
        if all(self.records[step].state in SETTLED for step in item.up or item.steps):
            return BoardState.UP if item.up else BoardState.DONE
        if self.run.state in ENDED:
            return BoardState.NOT_BEGUN if self.run.began_at is None else BoardState.MISSED
        if any(step in self.since for step in item.steps):
            return BoardState.RUNNING
        return BoardState.WAITS if any(state in SETTLED for state in states) else BoardState.NOT_BEGUN

    def asks(self, step: str) -> bool:
        """Whether a step is one that a person does, and waits for that."""
        return self.steps[step].kind == ASK and self.records[step].state is StepState.UNKNOWN

    def clocks(self, item: Item) -> tuple[Clock, Clock] | None:
        """Both clocks of an application, or of all of a group; None of anything else, and of what is not brought up."""
        found = [self.outcomes[name] for name in item.applications if name in self.outcomes]
        if not found:
            return None
        return last_clock([each.ready for each in found]), last_clock([each.up for each in found])


def board(run: Run, now: datetime, lines: Iterable[Item]) -> Board:
    """The run as it stands. ``lines`` are its :func:`items`."""
    steps = {step.id: step for step in run.plan.steps}
    records = {record.id: record for record in run.steps}
    undoes = run.plan.undoes
    acting = run.state not in ENDED and run.began_at is not None
    since: dict[str, datetime] = {}
    for step in run.plan.steps if acting else ():
        began = under_way_since(run, step, records) if step.id not in undoes else None
        if began is not None and step.kind != REACHED:
            since[step.id] = began
    owner = {step: item for item in sorted(lines, key=lambda each: each.level) for step in item.steps}
    to_come = ahead(run, now)
    ended = run.state in ENDED
    offset = 0.0 if run.began_at is None else (run.began_at - run.created_at).total_seconds()
    found = outcomes(run)
    return Board(
        run=run,
        now=now,
        steps=steps,
        records=records,
        outcomes={each.application.name: each for each in found},
        ahead=to_come,
        since=since,
        owner=owner,
        ups={each.application.up or "": each.application.name for each in found},
        critical=frozenset() if ended else frozenset(to_come.path),
        offset_s=max(0.0, offset),
    )
