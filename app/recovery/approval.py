"""The approval of a run by another person: what waits is looked at anew, shown, and begun where it is the same.

Minutes lie between a proposal and its approval; destructive steps are begun on facts of the last one (procedures 1.1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from app.recovery.maintenance import noted
from app.recovery.operations import Operations, changed, digest, outdated, typed
from store.approvals import against
from store.ledger import RunError
from store.runs import Approval, Plan, Run

Draw = Callable[[Operations, str], Plan]


class Waiting(Struct, frozen=True):
    """A run that waits for another person. ``plan`` is what it does, as another look shows; ``glass``: whoever approves
    it does so alone, and why. ``draw`` looks once more."""

    run: Run
    plan: Plan
    draw: Draw
    glass: str | None = None

    @property
    def digest(self) -> str:
        return digest(self.plan)


def awaited(run: Run) -> Approval:
    """What a run waits for. Raises :class:`store.ledger.RunError` where it waits for no approval."""
    found = run.awaited
    if found is None:
        raise RunError(f"Run {run.id} is {run.state}: it waits for nobody's approval")
    return found


def look(operations: Operations, run_id: str, understood: Callable[[str], Draw], glass: str | None = None) -> Waiting:
    """Look anew at what waits for this person to approve it. Where it is not the same any more the run is ended.
    ``understood`` makes of an order what draws up its plan. Raises :class:`store.ledger.RunError`,
    :class:`app.permits.RefusedError`, and what drawing up a plan raises."""
    run = operations.ledger.run(run_id)
    asked = awaited(run)
    operations.may_approve(run, glass)
    now = datetime.now(UTC)
    if (reason := against(asked, operations.permits.person.names, now, glass)) is not None:
        if now > asked.until:
            operations.drop(run_id, f"not approved: {reason}")
        raise RunError(f"Run {run_id} is not approved: {reason}")
    draw = understood(asked.order)
    plan = noted(draw(operations, run_id), operations.permits, operations.store)
    if plan.refused:
        first = plan.refused[0]
        _end(operations, run_id, f"{first.words}: {first.evidence}")
    if digest(plan) != asked.digest:
        _end(operations, run_id, "other steps would be needed now")
    return Waiting(run, plan if glass is None else aloud(plan), draw, glass)


def aloud(plan: Plan) -> Plan:
    """The plan with what is typed besides by whoever does alone what another person has to approve."""
    return replace(plan, confirm=(*plan.confirm, f"break glass {plan.name}"))


def _end(operations: Operations, run_id: str, reason: str) -> None:
    operations.drop(run_id, f"not approved: {reason}")
    raise RunError(f"Run {run_id} was ended, it has to be proposed anew: {reason}")


def approve(operations: Operations, waiting: Waiting, words: Sequence[str]) -> None:
    """Agree to what waits by typing ``words``: the run may begin. Raises :class:`store.ledger.RunError`, which says
    what was not typed, and as :func:`look`."""
    if (reason := typed(waiting.plan, words).words) is not None:
        raise RunError(reason)
    if outdated(waiting.plan):
        anew = waiting.draw(operations, waiting.run.id)
        anew = anew if waiting.glass is None else aloud(anew)
        if (reason := changed(waiting.plan, anew, words)) is not None:
            _end(operations, waiting.run.id, reason)
    operations.approve(waiting.run, words, waiting.glass)
