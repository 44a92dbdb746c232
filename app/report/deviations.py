"""What did not go as planned, and what people decided on the way: out of the entries of a run alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.report.records import Deviation
from app.report.replay import Told
from store.approvals import GLASS
from store.runs import Choice, Plan, RunState, StepState

_TROUBLE = (StepState.FAILED, StepState.UNKNOWN)
_CHOICES: Mapping[Choice, str] = {
    Choice.RETRY: "tried again",
    Choice.SKIP: "skipped",
    Choice.MARK_DONE: "marked done",
    Choice.PAUSE: "paused",
    Choice.CONTINUE: "continued",
    Choice.ABORT: "aborted",
}
_STATES: Mapping[RunState, str] = {
    RunState.WAITING: "waited for the operator",
    RunState.PAUSED: "stood still",
    RunState.FAILED: "failed",
    RunState.ABORTED: "aborted",
}


def deviations(plan: Plan, entries: Sequence[Told]) -> tuple[Deviation, ...]:
    """In the order of the journal. ``entries`` are those of one run, oldest first."""
    found: list[Deviation] = []
    teller = _Teller(plan)
    for entry in entries:
        one = teller.told(entry)
        if one is not None:
            found.append(one)
    return tuple(found)


class _Teller:
    """Remembers what an entry alone does not say: which steps were in trouble, and who decided about them."""

    def __init__(self, plan: Plan) -> None:
        self._undoes = plan.undoes
        self._titles = {step.id: step.title for step in plan.steps}
        self._sent: set[str] = set()
        self._trouble: dict[str, StepState] = {}
        self._decided: set[str] = set()
        self._taken = 0

    def told(self, entry: Told) -> Deviation | None:
        match entry.kind:
            case "lease taken":
                return self._taken_up(entry)
            case "decision":
                return self._decision(entry)
            case kind if kind == GLASS:
                return Deviation(
                    entry.at, "break-glass", None, f"approved alone: {entry.body['reason']}", entry.body["by"]
                )
            case "intent":
                return self._intent(entry)
            case "result":
                return self._result(entry)
            case "run" if (state := RunState(entry.body["state"])) in _STATES:
                why = entry.body.get("note") or "see the steps"
                return Deviation(entry.at, f"the run {_STATES[state]}", None, why, entry.body.get("by"))
            case _:
                return None

    def _taken_up(self, entry: Told) -> Deviation | None:
        self._taken += 1
        if self._taken == 1:
            return None
        words = "it had been left or interrupted; each step under way was looked at before anything more was sent"
        return Deviation(entry.at, "taken up again", None, words, entry.body["holder"])

    def _decision(self, entry: Told) -> Deviation:
        body = entry.body
        step, choice = body["step"], Choice(body["choice"])
        before = ""
        if step is not None:
            self._decided.add(step)
            if step in self._trouble:
                before = f"it was {self._trouble[step]}; "
        words = f"{before}{body['reason'] or 'no reason was given'}"
        return Deviation(entry.at, f"decided: {_CHOICES.get(choice, choice)}", step, words, body["by"])

    def _intent(self, entry: Told) -> Deviation | None:
        step = entry.body["step"]
        again = step in self._sent
        self._sent.add(step)
        if again and step not in self._decided:
            words = "sent once more, after a look had shown that it was not done"
            return Deviation(entry.at, "sent again", step, words)
        self._decided.discard(step)
        if step in self._undoes:
            return Deviation(entry.at, "taken back", step, self._titles[step])
        return None

    def _result(self, entry: Told) -> Deviation | None:
        step, state, why = entry.body["step"], StepState(entry.body["state"]), entry.body["reason"] or ""
        before = self._trouble.get(step)
        if state in _TROUBLE:
            self._trouble[step] = state
            return Deviation(entry.at, f"{state}", step, why or "no reason was given")
        if state is StepState.PENDING:
            return Deviation(entry.at, "set back", step, why) if why else None
        if state is StepState.SKIPPED and before is None:
            return Deviation(entry.at, "not needed", step, why)
        if before is not None:
            del self._trouble[step]
            return Deviation(entry.at, f"no longer {before}", step, f"{state}: {why}" if why else f"{state}")
        return None
