"""What a report says of a run, out of the journal's segment and what the configuration asks for. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from app.report.applications import applications, with_applications
from app.report.deviations import deviations
from app.report.objectives import objectives
from app.report.people import people
from app.report.records import Chained, Facts, Lesson, Note, Other, Planned, StepTold, Unchecked
from app.report.replay import Replayed, Told, replayed
from app.report.scenario import scenario
from store.approvals import ASKED, GLASS
from store.incident_records import LINKED
from store.remarks import LESSON, NOTE
from store.runs import Plan, PlannedStep, Run, StepRecord, StepState
from store.segment import Segment
from store.times import from_text as moment

_KNOWN = frozenset(
    {"proposed", ASKED, GLASS, "approved", "lease taken", "intent", "answer", "progress", "result", "decision", "run"}
) | {NOTE, LESSON, LINKED}
_UNCHECKED = (StepState.SKIPPED, StepState.MARKED)


def told(segment: Segment) -> tuple[Told, ...]:
    """The entries about the run itself, decoded."""
    return tuple(Told(link.seq, moment(link.at), link.kind, json.loads(link.body)) for link in segment.own)


def facts(segment: Segment, product: str, rto_s: float | None = None, twin: datetime | None = None) -> Facts:
    """``product`` names the program and its version, ``rto_s`` is what a recovery may take, in seconds; ``twin`` says
    of when the copy of an estate is that it ran on. Raises :class:`app.report.replay.ReplayError` where the journal
    does not tell of a run."""
    entries = told(segment)
    known = replayed(segment.run, entries)
    run = known.run
    deviated = with_applications(run.plan, deviations(run.plan, entries))
    approved = next((entry for entry in entries if entry.kind == "approved"), None)
    typed = () if approved is None else tuple(approved.body["words"])
    return Facts(
        run=run.id,
        product=product,
        scenario=scenario(run.plan.verb, typed),
        state=run.state,
        ending=run.note,
        plan=_planned(run.plan, entries[0].body["plan"], typed),
        people=people(entries),
        declared_at=run.created_at,
        decided_at=None if approved is None else approved.at,
        began_at=run.began_at,
        ended_at=run.ended_at,
        objectives=objectives(run, rto_s),
        applications=applications(run, deviated),
        steps=_steps(known),
        deviations=deviated,
        unchecked=_unchecked(run),
        notes=tuple(Note(e.at, e.body["by"], e.body["text"]) for e in entries if e.kind == NOTE),
        lessons=tuple(_lesson(entry) for entry in entries if entry.kind == LESSON),
        others=tuple(Other(e.at, e.kind, json.dumps(e.body)) for e in entries if e.kind not in _KNOWN),
        journal=_chained(segment),
        twin=twin,
        incident=_incident(entries),
    )


def _incident(entries: Sequence[Told]) -> int | None:
    """Of the proposal, or of the entry by which it was linked later."""
    found = [entry.body.get("incident") for entry in entries if entry.kind in ("proposed", LINKED)]
    return next((number for number in found if isinstance(number, int)), None)


def _planned(plan: Plan, body: Mapping[str, object], typed: Sequence[str]) -> Planned:
    text = json.dumps(body, separators=(",", ":"))
    return Planned(
        name=plan.name,
        verb=plan.verb,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        made_at=plan.made_at,
        targets=plan.targets,
        guards=plan.guards,
        typed=tuple(typed),
        loss=plan.loss,
        loss_s=plan.loss_s,
        lasting=plan.lasting,
        notes=plan.notes,
        p50_s=plan.p50_s,
        p95_s=plan.p95_s,
        file=None if plan.recovery is None else plan.recovery.path,
        version=None if plan.recovery is None else f"SHA-256 {plan.recovery.digest}",
    )


def _steps(known: Replayed) -> tuple[StepTold, ...]:
    """All but those that would have taken another one back and had nothing to take back."""
    run, undoes = known.run, known.run.plan.undoes
    ended = {record.id: record.ended_at for record in run.steps}
    turns = _turns(run, ended)
    return tuple(
        _step(planned, record, known, _due(planned, record, turns.get(planned.id, run.began_at), ended))
        for planned, record in zip(run.plan.steps, run.steps, strict=True)
        if planned.id not in undoes or record.state is not StepState.PENDING
    )


def _step(planned: PlannedStep, record: StepRecord, known: Replayed, due_at: datetime | None) -> StepTold:
    tries = known.tries.get(planned.id, ())
    return StepTold(
        id=planned.id,
        kind=planned.kind,
        title=planned.title,
        device=planned.device,
        call=planned.call,
        state=record.state,
        due_at=due_at,
        began_at=record.began_at,
        ended_at=record.ended_at,
        tries=tries,
        before=tries[0].before if tries else (),
        after=record.facts,
        reason=record.reason,
        usual_s=planned.p50_s,
    )


def _turns(run: Run, ended: Mapping[str, datetime | None]) -> dict[str, datetime | None]:
    """When it was the turn of a step, of those that had to wait for theirs: as many parts were through before as had
    to be."""
    turns = run.plan.turns
    if turns is None:
        return {}
    ends = [[at for step in part if (at := ended[step]) is not None] for part in turns.parts]
    through = sorted(max(known) for known, part in zip(ends, turns.parts, strict=True) if len(known) == len(part))
    late = turns.parts[turns.most :]
    found = dict(zip(late, through, strict=False))
    return {step: found.get(part) for part in late for step in part}


def _due(
    planned: PlannedStep, record: StepRecord, began_at: datetime | None, ended: Mapping[str, datetime | None]
) -> datetime | None:
    """None where what it waits for is not over, and where nothing ever became of it. ``ended`` by the ids of steps."""
    if began_at is None or (record.ended_at is None and not record.attempts):
        return None
    latest = began_at
    for step_id in (*planned.needs, *planned.after):
        at = ended[step_id]
        if at is None:
            return None
        latest = max(latest, at)
    return latest


def _unchecked(run: Run) -> tuple[Unchecked, ...]:
    """Guards that could not look, and steps that only look and that somebody went on without."""
    guards = [Unchecked(guard.words, guard.evidence) for guard in run.plan.guards if "not checked" in guard.evidence]
    steps = [
        Unchecked(f"{planned.id} {planned.title}", record.reason or "no reason was given")
        for planned, record in zip(run.plan.steps, run.steps, strict=True)
        if (not planned.call and record.state in _UNCHECKED) or "not checked" in (record.reason or "")
    ]
    return (*guards, *steps)


def _lesson(entry: Told) -> Lesson:
    body = entry.body
    return Lesson(entry.at, body["by"], body["text"], body["owner"], date.fromisoformat(body["due"]))


def _chained(segment: Segment) -> Chained:
    own = segment.own
    return Chained(
        first=own[0].seq,
        last=own[-1].seq,
        head_seq=segment.head_seq,
        head_at=moment(segment.head_at),
        head=segment.head.hex(),
        whole=segment.whole,
    )
