"""What stands in the rows and journal entries of runs, and how it is read back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from store.recorded import many_from_text, to_text
from store.runs import Fact, Plan, StepRecord, StepState
from store.times import from_text as moment

EVERY = 2**62
"""As many rows as there are: a limit that is no number is not the same everywhere."""

STEP = "SELECT id, state, attempts, began_at, ended_at, facts, answer, reason, took_s FROM step"
ANEW = (
    "UPDATE step SET state = ?, attempts = 0, began_at = NULL, ended_at = NULL, facts = '[]', reason = NULL, "
    "answer = NULL, took_s = NULL WHERE run = ? AND id = ?"
)


def step_of(row: Any) -> StepRecord:
    """The record of a row of :data:`STEP`."""
    step_id, state, attempts, began, ended, facts, answer, reason, took = row
    times = (maybe_moment(began), maybe_moment(ended))
    return StepRecord(step_id, StepState(state), attempts, *times, many_from_text(Fact, facts), answer, reason, took)


def maybe_moment(text: str | None) -> datetime | None:
    return None if text is None else moment(text)


def kept(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts as the file can hold them."""
    return tuple(Fact(encoded(fact.name), encoded(fact.value)) for fact in facts)


def encoded(text: str) -> str:
    """What a device said, as text that the store can hold: what it wrote in another encoding becomes marks."""
    return text.encode("utf-8", "replace").decode()


def pairs(facts: Sequence[Fact]) -> list[list[str]]:
    return [[fact.name, fact.value] for fact in facts]


def as_json(plan: Plan) -> object:
    return json.loads(to_text(plan))
