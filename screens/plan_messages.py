"""What screens tell the App about recovery plans. Past tense: the App decides what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass

from screens.run_messages import AboutRuns


class AboutPlans(AboutRuns):
    """All of them."""


class PlansRequested(AboutPlans):
    """The operator asked for the recovery plans."""


@dataclass
class PlanRequested(AboutPlans):
    """The operator opened a recovery plan."""

    plan: str
    asked_by: object = None


class PlansRead(AboutPlans):
    """The files of the plans were read, and what is shown of them is new."""
