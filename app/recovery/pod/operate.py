"""From what is asked of a pod to a plan: look at every array, choose, draw up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from app.recovery import prediction
from app.recovery.draft import merged
from app.recovery.operations import Operations
from app.recovery.pod import gather, plans
from app.recovery.pod.request import Asked
from app.recovery.pod.situation import PodDraft
from app.recovery.pod.steps import DISASTER, Promote
from backends.flasharray.records import Owner
from store.estate import FlashArray
from store.recorded import from_text
from store.runs import Plan, Run, StepState


def plan_pod(operations: Operations, asked: Asked, run_id: str) -> Plan:
    """Look, and draw up the plan. Raises :class:`app.recovery.draft.CannotPlanError` where no pod, or more than one,
    could be meant, and :class:`app.recovery.step.UnseenError` where the array that has it cannot be read."""
    devices, configured = operations.devices, operations.settings.devices
    found = gather.arrays(devices, configured, known(operations))
    here = gather.chosen(found, asked)
    at = gather.situation(devices, found, here, asked.pod)
    at = replace(at, failed_over=failed_over(operations.ledger.runs(), here.device, asked.pod))
    if asked.disaster and at.there is not None and at.there.silent:
        at = gather.witnessed(devices, configured, at)
    draft = PodDraft(at, "s", run_id)
    plans.draw(draft, asked)
    return prediction.predicted(merged(asked.word, [draft]), operations.ledger.durations)


def known(operations: Operations) -> Mapping[str, Owner]:
    """What each array calls itself, as the store last saw it, by device."""
    found = {}
    for entry in operations.store.view.entries("flasharray"):
        if isinstance(entry.obj, FlashArray):
            found[entry.device] = Owner(entry.obj.name, entry.obj.array_id)
    return found


def failed_over(runs: Iterable[Run], device: str, pod: str) -> str | None:
    """Which run promoted the pod in a disaster, in words, if that was the last one that promoted it."""
    newest: tuple[Run, Promote] | None = None
    for run in runs:
        for planned, step in zip(run.plan.steps, run.steps, strict=True):
            if planned.kind != "pod.promote" or step.state is not StepState.DONE:
                continue
            made = from_text(Promote, planned.params)
            later = newest is None or run.created_at > newest[0].created_at
            if (made.array, made.pod) == (device, pod) and later:
                newest = (run, made)
    if newest is None or newest[1].how != DISASTER:
        return None
    return f"Run {newest[0].id} promoted it in a disaster, on {newest[0].created_at:%Y-%m-%d %H:%M} UTC"
