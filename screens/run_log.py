"""The journal of a run in words, and everything known of one of its steps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import BindingType

from screens import sources as src
from screens.actions import Place, bindings
from screens.ages import exact, moment, moment_short
from screens.cells import Cell, Tone
from screens.rows_runs import clock_text
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part, text_cell
from screens.status import status
from screens.surroundings import Surroundings
from screens.text import TextScreen
from store.runs import Entry, Run


class LogScreen(TextScreen):
    """The journal of a run; with ``step`` all that is known of that step."""

    PLACE = Place.LOG
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.LOG)]
    PANE = "runs"

    def __init__(self, around: Surroundings, run_id: str, step: str | None = None) -> None:
        super().__init__(around)
        self.run_id, self.step = run_id, step

    def title_text(self, scene: Scene) -> str:
        return f"Run {self.run_id}" + (
            f", step {self.step}" if self.step is not None else ": its journal, newest first"
        )

    def content(self, scene: Scene) -> Sequence[Part]:
        run = self.around.runs.get(self.run_id)
        log = self.around.runs.log(self.run_id)
        if run is None:
            return (Note("This run is not known.", Tone.UNKNOWN),)
        return log_parts(log, scene) if self.step is None else step_parts(run, self.step, log, scene)

    def runs_changed(self) -> None:
        self.redraw()


def log_parts(log: Sequence[Entry], scene: Scene) -> list[Part]:
    """Every entry, the newest first."""
    if not log:
        return [Note("The journal of this run is being read …", Tone.DIM)]
    return [_entry(entry, scene) for entry in reversed(log)]


def _entry(entry: Entry, scene: Scene) -> Fact:
    body: Mapping[str, Any] = json.loads(entry.body)
    text, tone = entry_words(entry.kind, body)
    return Fact(f"{entry.seq:>6} {moment_short(scene.now, entry.at)}", Cell(text, tone), source=src.JOURNAL)


def entry_words(kind: str, body: Mapping[str, Any]) -> tuple[str, Tone]:
    """What an entry says, in a sentence."""
    match kind:
        case "proposed":
            return f"proposed by {body['by']}: {body['plan']['name']}", Tone.PLAIN
        case "approved":
            typed = f", who typed: {'; '.join(body['words'])}" if body["words"] else ""
            return f"agreed to by {body['by']}{typed}", Tone.HEADING
        case "approval asked":
            return (
                f"confirmed by {body['by']}; another person has to approve it until {body['until'][:16]}",
                Tone.HEADING,
            )
        case "break-glass":
            return f"BREAK-GLASS: {body['by']} approved it alone: {body['reason']}", Tone.BAD
        case "lease taken":
            return f"taken over by {body['holder']} for {', '.join(body['targets'])}", Tone.PLAIN
        case "intent":
            return f"{body['step']} is about to send: {body['call'] or 'nothing, it waits'}", Tone.HEADING
        case "answer":
            return f"{body['step']} was answered after {exact(max(0.1, body['took_s']))}: {body['answer']}", Tone.PLAIN
        case "result":
            why = f": {body['reason']}" if body["reason"] else ""
            return f"{body['step']} is {body['state']}{why}", Tone.PLAIN
        case "decision":
            about = f" {body['step']}" if body["step"] else ""
            why = f": {body['reason']}" if body["reason"] else ""
            return f"{body['by']} decided: {body['choice']}{about}{why}", Tone.WARN
        case "note":
            return f"{body['by']} noted: {body['text']}", Tone.HEADING
        case "lesson":
            return f"{body['by']} wrote a lesson for {body['owner']}, due {body['due']}: {body['text']}", Tone.HEADING
        case "run":
            return f"the run is {body['state']}" + (f": {body['note']}" if body.get("note") else ""), Tone.HEADING
        case _:
            told = (f"{name.replace('_', ' ')} {_value(value)}" for name, value in body.items() if name != "by")
            return "; ".join([kind, *told]), Tone.PLAIN


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    return value if isinstance(value, str) else json.dumps(value)


def step_parts(run: Run, step_id: str, log: Sequence[Entry], scene: Scene) -> list[Part]:
    """What the step is, how it stands, what was seen, and its journal."""
    planned, record = run.plan.step(step_id), run.step(step_id)
    parts: list[Part] = [
        Fact("Step", Cell(planned.title)),
        Fact("On", Cell(planned.device)),
        Fact("Sends", text_cell(planned.call or "nothing: it waits")),
        Fact("State", status(record.state).cell()),
        Fact("Why", text_cell(record.reason)),
        Fact("Device said", text_cell(record.answer)),
        Fact("Needs", text_cell(", ".join((*planned.needs, *planned.after)) or "nothing before it")),
        Fact("Usually takes", text_cell(None if planned.p50_s is None else clock_text(planned.p50_s))),
        Fact("Waits at most", text_cell(exact(planned.limit_s))),
        Fact("Sent", text_cell({0: None, 1: "once"}.get(record.attempts, f"{record.attempts} times"))),
        Fact("Begun", text_cell(None if record.began_at is None else moment(record.began_at))),
        Fact("Ended", text_cell(None if record.ended_at is None else moment(record.ended_at))),
    ]
    parts += _seen(record.facts)
    mine = [entry for entry in log if json.loads(entry.body).get("step") == step_id]
    if mine:
        parts += [Heading("Its journal, newest first"), *(_entry(entry, scene) for entry in reversed(mine))]
    return parts


def _seen(facts: Sequence[Any]) -> Iterator[Part]:
    if facts:
        yield Heading("Seen last")
        for fact in facts:
            yield Fact(fact.name, text_cell(fact.value))
