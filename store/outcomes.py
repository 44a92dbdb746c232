"""What a run of a recovery plan came to for each of its applications, out of its steps alone: both clocks against the
RTO target, and what was lost at most against the RPO target. Board, wall, command line and evidence all ask here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from store.record import Record
from store.recovery import RunApplication
from store.run_clocks import ACTIVATING, Clock, Clocks, clocks, ready_at, ready_clock, settled_clock
from store.runs import PlannedStep, Run, StepRecord, StepState


class Outcome(Record, frozen=True):
    """``lost_s`` is what was lost at most, in seconds; None: it is not up, or that cannot be said. ``lost_words``: how
    that is known, or why it is not. ``begun``: the run was."""

    application: RunApplication
    ready: Clock
    up: Clock
    lost_s: float | None
    lost_words: str
    begun: bool

    @property
    def rto_kept(self) -> bool | None:
        """None: there is no target, or the clock goes on, or it never began to count. One that never came up did not
        keep it."""
        target = self.application.rto_s
        if target is None or not self.begun or (self.up.at is None and not self.up.over):
            return None
        return self.up.at is not None and self.up.seconds is not None and self.up.seconds <= target

    @property
    def rpo_kept(self) -> bool | None:
        """None: there is no target, or what was lost is not known."""
        target = self.application.rpo_s
        return None if target is None or self.lost_s is None else self.lost_s <= target


def outcomes(run: Run) -> tuple[Outcome, ...]:
    """By application, in the order in which they come back; none of a run that brings up none of a recovery plan."""
    recovery = run.plan.recovery
    if recovery is None:
        return ()
    ready = ready_at(run)
    planned = {step.id: step for step in run.plan.steps}
    records = {record.id: record for record in run.steps}
    ups = [(each, each.up) for each in recovery.applications if each.up is not None]
    return tuple(_outcome(run, each, up, ready, planned, records) for each, up in ups)


def _outcome(
    run: Run,
    application: RunApplication,
    settled_by: str,
    ready: Mapping[str, datetime | None],
    planned: Mapping[str, PlannedStep],
    records: Mapping[str, StepRecord],
) -> Outcome:
    steps = [step for member in application.members for step in member.steps]
    last = [step for step in steps if planned[step].kind in ACTIVATING]
    last = last or [step for member in application.members for step in member.up] or [settled_by]
    up = settled_clock(run, [records[settled_by]])
    lost_s, words = _lost(application, up, [(planned[step], records[step]) for step in steps], run.plan.loss)
    return Outcome(application, ready_clock(run, ready, last), up, lost_s, words, run.began_at is not None)


def _lost(
    application: RunApplication, up: Clock, steps: Iterable[tuple[PlannedStep, StepRecord]], loss: str
) -> tuple[float | None, str]:
    """The plan bounds it before the run, and says in ``loss`` why; that holds where everything was done that the plan
    rests on."""
    if up.at is None:
        return None, "it did not come up" if up.over else "it is not up yet"
    if application.loss_s is None:
        return None, "the plan could not bound it"
    for step, record in steps:
        by_person = record.state is StepState.MARKED or (record.state is StepState.SKIPPED and step.closes is None)
        if by_person and step.kind not in ACTIVATING:
            return None, f"the bound of the plan may not hold: {step.id} {step.title} was {record.state} by a person"
    if application.loss_s == 0:
        return 0.0, loss if loss.startswith("nothing") else "nothing, as the plan bounded it before the run"
    return application.loss_s, "at most, as the plan bounded it before the run"


def last_clock(clocks: Sequence[Clock]) -> Clock:
    """The clock of all of them together."""
    going = [clock for clock in clocks if clock.at is None]
    if going:
        return next((clock for clock in going if clock.over), going[0])
    return max(clocks, key=lambda clock: clock.seconds or 0.0)


def run_clocks(run: Run) -> Clocks | None:
    """Both clocks of a run: of all applications of a recovery plan together, else of the LPARs and VMs that it brings
    up. None: it brings nothing up."""
    found = outcomes(run)
    if not found:
        return clocks(run)
    return Clocks(last_clock([each.ready for each in found]), last_clock([each.up for each in found]))
