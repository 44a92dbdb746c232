"""What runs of recovery plans are called: the verb tells the kind, the name tells the plan."""

from __future__ import annotations

PLANNED, DISASTER = "plan planned", "plan disaster"
VERBS = (PLANNED, DISASTER)
"""Runs that move production."""


def verb(kind: str) -> str:
    """The verb of a run of this kind."""
    return f"plan {kind}"
