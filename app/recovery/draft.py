"""A plan while it is being drawn up: guards and steps, in order; and one plan out of the drafts of its members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct, field

from app.recovery import kinds
from app.recovery.step import Step
from store.runs import SECOND_PERSON, Guard, Plan, PlannedStep

USUAL_S = 180.0
"""How long an act may take until its effect is seen, where nothing else is said."""


class CannotPlanError(Exception):
    """What was asked for means nothing that there is, or more than one thing. The text says what there is."""


class Member(Protocol):
    """What a draft is about, as it stands: ``keys`` are those of its leases, ``now`` when it was looked at (UTC)."""

    @property
    def name(self) -> str: ...
    @property
    def keys(self) -> tuple[str, ...]: ...
    @property
    def now(self) -> datetime: ...


class Looked(Protocol):
    """Something that was looked at, and when (UTC)."""

    @property
    def taken_at(self) -> datetime | None: ...


M = TypeVar("M", bound=Member)


class Draft(Struct, Generic[M]):
    """``prefix`` makes the ids of the steps differ from those of other members of the same run; ``run_tag`` goes into
    the names of snapshots. ``after`` are the ids of the steps before whose end, good or bad, none is begun."""

    at: M
    prefix: str
    run_tag: str
    after: tuple[str, ...] = ()
    guards: list[Guard] = field(default_factory=list)
    steps: list[PlannedStep] = field(default_factory=list)
    undoes: list[PlannedStep] = field(default_factory=list)
    confirm: list[str] = field(default_factory=list)
    lasting: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    loss: str = ""
    loss_s: float | None = None

    def guard(self, guard_id: str, words: str, holds: bool, evidence: str, looked: Looked | None = None) -> bool:
        seen = looked.taken_at if looked is not None else None
        self.guards.append(Guard(f"{guard_id} {self.at.name}", words, holds, evidence, seen))
        return holds

    @property
    def refused(self) -> bool:
        return any(not guard.holds for guard in self.guards)

    def add(
        self,
        step: Step,
        title: str,
        *,
        needs: Sequence[str] | None = None,
        after: Sequence[str] = (),
        destructive: bool = False,
        limit_s: float = USUAL_S,
        undo: str | None = None,
        closes: str | None = None,
    ) -> str:
        """Add a step, behind all that were added unless ``needs`` says otherwise, and once those ``after`` which it is
        to come are through, well or not; it ends what ``closes`` began, whatever becomes of the run. Returns its id."""
        kind, params = kinds.stored(step)
        step_id = f"{self.prefix}{len(self.steps) + 1}"
        waits = self.join if needs is None else tuple(needs)
        self.steps.append(
            PlannedStep(
                step_id,
                kind,
                params,
                title,
                step.device,
                step.call(),
                needs=waits,
                after=tuple(after) or (() if waits else self.after),
                destructive=destructive,
                limit_s=limit_s,
                undo=undo,
                closes=closes,
            )
        )
        return step_id

    def undo(self, step: Step, title: str) -> str:
        """A step that only takes another one back; returns its id, for that one's ``undo``."""
        kind, params = kinds.stored(step)
        step_id = f"{self.prefix}u{len(self.steps) + 1}"
        self.undoes.append(PlannedStep(step_id, kind, params, title, step.device, step.call()))
        return step_id

    def add_all(self, steps: Sequence[tuple[Step, str]], *, destructive: bool, limit_s: float = USUAL_S) -> None:
        """Add steps that may run at the same time."""
        waits = self.join
        for step, title in steps:
            self.add(step, title, needs=waits, destructive=destructive, limit_s=limit_s)

    @property
    def join(self) -> tuple[str, ...]:
        """The steps that no other waits for yet: what must be settled before all that went before is."""
        waited = {need for step in self.steps for need in step.needs}
        return tuple(step.id for step in self.steps if step.id not in waited)


def merged(
    verb: str,
    drafts: Sequence[Draft[M]],
    way_back: Callable[[M], tuple[str, ...]] = lambda at: (),
    *,
    rolls_back: bool = False,
    noun: str = "groups",
) -> Plan:
    """One plan out of the drafts of its members, which are so many ``noun``. ``way_back`` is asked for those that are
    refused."""
    count = len(drafts)
    name = f"{verb} {drafts[0].at.name}" if count == 1 else f"{verb} {count} {noun}"
    bounds = [draft.loss_s for draft in drafts]
    known = [bound for bound in bounds if bound is not None]
    losses = list(dict.fromkeys(draft.loss for draft in drafts if draft.loss))
    return Plan(
        verb=str(verb),
        name=name,
        targets=once(key for draft in drafts for key in draft.at.keys),
        made_at=min((draft.at.now for draft in drafts), default=datetime.now(UTC)),
        steps=tuple(step for draft in drafts for step in (*draft.steps, *draft.undoes)),
        guards=tuple(guard for draft in drafts for guard in draft.guards),
        confirm=tuple(drafts[0].confirm) if count == 1 else agreed(name, drafts),
        loss="; ".join(losses[:3]) + ("; …" if len(losses) > 3 else ""),
        loss_s=max(known) if known and len(known) == count else None,
        lasting=once(text for draft in drafts for text in draft.lasting),
        way_back=once(text for draft in drafts if draft.refused for text in way_back(draft.at)),
        notes=once(text for draft in drafts for text in draft.notes),
        rolls_back=rolls_back,
    )


def once(texts: Iterable[str]) -> tuple[str, ...]:
    """Each text once, where it comes first."""
    return tuple(dict.fromkeys(texts))


def agreed(name: str, drafts: Sequence[Draft[Any]]) -> tuple[str, ...]:
    """What must be typed for several at a time: the name of the whole, the largest loss, the sum of volumes."""
    words = [word for draft in drafts for word in draft.confirm]
    if not words:
        return ()
    losses = [int(word.split()[1]) for word in words if word.startswith("lose ")]
    counts = [int(word.split()[1]) for word in words if word.startswith("overwrite ")]
    rest = [w for w in words if w.startswith(("site ", "host ", "hosts ", SECOND_PERSON, "discard "))]
    found = [name]
    if losses:
        found.append(f"lose {max(losses)} min")
    if counts:
        found.append(f"overwrite {sum(counts)} volumes")
    return tuple(dict.fromkeys([*found, *rest]))
