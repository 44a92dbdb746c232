"""A plan for one group while it is being drawn up: guards and steps, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.recovery import kinds
from app.recovery.rcg.situation import SideNow, Situation, way_back
from app.recovery.step import Step
from store.runs import Guard, PlannedStep

ROLE_S, STOP_S, START_S, RESTORE_S = 180.0, 120.0, 180.0, 300.0
SYNC_S = 900.0
"""How long each may take until its effect is seen (procedures 4.4, 4.5)."""


@dataclass(slots=True)
class Draft:
    """``prefix`` makes the ids of the steps differ from those of other groups in the same run; ``run_tag`` goes into
    the names of snapshots. ``after`` are the ids of the steps before whose
    end, good or bad, none is begun."""

    at: Situation
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

    def guard(self, guard_id: str, words: str, holds: bool, evidence: str, side: SideNow | None = None) -> bool:
        seen = side.taken_at if side is not None else None
        self.guards.append(Guard(f"{guard_id} {self.at.name}", words, holds, evidence, seen))
        return holds

    @property
    def refused(self) -> bool:
        return any(not guard.holds for guard in self.guards)

    @property
    def way_back(self) -> tuple[str, ...]:
        return way_back(self.at) if self.refused else ()

    def add(
        self,
        step: Step,
        title: str,
        *,
        needs: Sequence[str] | None = None,
        destructive: bool = False,
        limit_s: float = ROLE_S,
        undo: str | None = None,
    ) -> str:
        """Add a step, behind all that were added unless ``needs`` says otherwise; returns its id."""
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
                after=() if waits else self.after,
                destructive=destructive,
                limit_s=limit_s,
                undo=undo,
            )
        )
        return step_id

    def undo(self, step: Step, title: str) -> str:
        """A step that only takes another one back; returns its id, for that one's ``undo``."""
        kind, params = kinds.stored(step)
        step_id = f"{self.prefix}u{len(self.steps) + 1}"
        self.undoes.append(PlannedStep(step_id, kind, params, title, step.device, step.call()))
        return step_id

    def add_all(self, steps: Sequence[tuple[Step, str]], *, destructive: bool, limit_s: float = ROLE_S) -> None:
        """Add steps that may run at the same time."""
        waits = self.join
        for step, title in steps:
            self.add(step, title, needs=waits, destructive=destructive, limit_s=limit_s)

    @property
    def join(self) -> tuple[str, ...]:
        """The steps that no other waits for yet: what must be settled before all that went before is."""
        waited = {need for step in self.steps for need in step.needs}
        return tuple(step.id for step in self.steps if step.id not in waited)
