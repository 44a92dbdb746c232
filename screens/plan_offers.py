"""What can be done with a recovery plan, and why the rest is not right. Pure.

It is said from the plan's file and the runs of it; what is planned looks at every member anew, and refuses by itself.
"""

from __future__ import annotations

from screens.actions_acts import PLAN_WORDS
from screens.offers import Offer
from screens.run_messages import ActsAsked
from store.plan_history import PlanHistory
from store.plan_records import PlanState
from store.plan_view import PlanShown


def asked(plan: PlanShown, known: PlanHistory) -> ActsAsked:
    """The menu of what can be done with a plan."""
    return ActsAsked(f"the plan {plan.name}", offers(plan, known))


def offers(plan: PlanShown, known: PlanHistory) -> tuple[Offer, ...]:
    """Every kind of run, with why it is not right and what speaks against it."""
    return tuple(
        Offer(
            word,
            name,
            words,
            f"plan run {plan.name} --kind {word}",
            _why_not(word, plan, known),
            hint=_hint(word, plan, known),
        )
        for word, name, words in PLAN_WORDS
    )


def _why_not(word: str, plan: PlanShown, known: PlanHistory) -> str | None:
    if word == "cleanup":
        return None if known.owed is not None else "no drill of it owes a clean-up"
    if plan.state is PlanState.UNUSABLE:
        return "its file cannot be used"
    if word == "drill" and known.owed is not None:
        return f"the drill {known.owed.id} is not cleaned up"
    return None


def _hint(word: str, plan: PlanShown, known: PlanHistory) -> str | None:
    if word in ("planned", "disaster", "drill") and known.away is not None:
        return f"it was failed over by run {known.away.id}"
    if word in ("reprotect", "failback") and known.away is None:
        return "no run says that it was failed over"
    if word == "failback" and known.back is None:
        return "no run says that it was reprotected"
    if word == "reprotect" and known.back is not None:
        return f"it was reprotected by run {known.back.id}"
    return None
