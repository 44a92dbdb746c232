"""A run as its journal tells it: the entries one after another, without the rows that the store keeps beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from app.report.records import Try
from store.recorded import from_text
from store.runs import Fact, Plan, Run, RunState, StepRecord, StepState


class Told(Struct, frozen=True):
    """An entry of the journal; ``body`` as it was decoded."""

    seq: int
    at: datetime
    kind: str
    body: Mapping[str, Any]


class ReplayError(ValueError):
    """The journal does not tell of a run: it has no plan, or speaks of a step that is not in it."""


class Replayed(Struct, frozen=True):
    """``tries`` by the id of the step, the oldest first. The run has no holder: leases end without an entry."""

    run: Run
    tries: Mapping[str, tuple[Try, ...]]


_AGAIN = (StepState.PENDING, StepState.UNKNOWN)
"""A step in one of these has not ended."""


def replayed(run_id: str, entries: Sequence[Told]) -> Replayed:
    """Follow the entries about one run, oldest first. Raises :class:`ReplayError`."""
    if not entries or entries[0].kind != "proposed":
        raise ReplayError(f"the journal of run {run_id} does not begin with its plan")
    first = entries[0]
    plan = from_text(Plan, json.dumps(first.body["plan"]))
    steps = tuple(StepRecord(step.id) for step in plan.steps)
    run = Run(run_id, plan, RunState.PROPOSED, first.body["by"], first.at, steps, seq=first.seq)
    records, tries = {step.id: step for step in steps}, dict[str, list[Try]]()
    for entry in entries[1:]:
        run = _of_run(run, entry)
        if (step_id := entry.body.get("step")) is not None and entry.kind != "decision":
            if step_id not in records:
                raise ReplayError(f"entry {entry.seq} speaks of a step {step_id} that is not in the plan")
            records[step_id] = _of_step(records[step_id], entry)
            _tried(tries.setdefault(step_id, []), entry)
    made = replace(run, steps=tuple(records.values()))
    return Replayed(made, {step_id: tuple(found) for step_id, found in tries.items()})


def _of_run(run: Run, entry: Told) -> Run:
    run = replace(run, seq=entry.seq)
    match entry.kind:
        case "approved":
            return replace(run, state=RunState.APPROVED)
        case "lease taken":
            return replace(run, state=RunState.RUNNING, began_at=run.began_at or entry.at)
        case "run":
            state = RunState(entry.body["state"])
            ended = entry.at if state in (RunState.SUCCEEDED, RunState.FAILED, RunState.ABORTED) else None
            return replace(run, state=state, note=entry.body.get("note"), ended_at=ended)
        case _:
            return run


def _of_step(step: StepRecord, entry: Told) -> StepRecord:
    body = entry.body
    match entry.kind:
        case "intent":
            return replace(
                step,
                state=StepState.RUNNING,
                attempts=step.attempts + 1,
                began_at=step.began_at or entry.at,
                ended_at=None,
                facts=facts_of(body["facts"]),
                answer=None,
                reason=None,
            )
        case "answer":
            return replace(step, answer=body["answer"], took_s=body["took_s"])
        case "progress":
            return replace(step, facts=facts_of(body["facts"]))
        case "result":
            state = StepState(body["state"])
            ended = None if state in _AGAIN else entry.at
            return replace(step, state=state, ended_at=ended, facts=facts_of(body["facts"]), reason=body["reason"])
        case _:
            return step


def _tried(tries: list[Try], entry: Told) -> None:
    if entry.kind == "intent":
        tries.append(Try(entry.at, entry.body["call"], facts_of(entry.body["facts"])))
    elif entry.kind == "answer" and tries:
        tries[-1] = replace(tries[-1], answer=entry.body["answer"], took_s=entry.body["took_s"])


def facts_of(pairs: Iterable[Sequence[str]]) -> tuple[Fact, ...]:
    """Facts as an entry holds them."""
    return tuple(Fact(name, value) for name, value in pairs)
