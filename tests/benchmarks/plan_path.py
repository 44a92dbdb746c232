"""The critical path of a plan run: what the lab's latencies allow a perfect client, out of the plan alone."""

from __future__ import annotations

import heapq
import json
from collections import defaultdict
from collections.abc import Mapping

from app.recovery import schedule
from backends.lab.timing import Timing
from store.runs import Plan, PlannedStep

Span = tuple[float, float]


def critical_path(plan: Plan, timing: Timing, sessions: Mapping[str, int]) -> float:
    """Seconds that a perfect client needs on average from the first step to the last; ``sessions`` are the most calls
    to a device at a time.

    The perfect client is logged in everywhere, computes and writes in no time, and knows when an effect can be seen. A
    step is the call of its verb, which takes a session of its device, the time that the device works, and one look;
    that look is also what the next step begins on, and takes no session, because many share it. Calls take as long as
    they do on average. A step begins once all are through that the plan has it wait for, its waves among them; where a
    device has fewer sessions than steps that could be sent, those go first behind which the longest way is left.
    """
    steps = schedule.order(plan)
    behind: dict[str, list[PlannedStep]] = defaultdict(list)
    for step in steps:
        for other in {*step.needs, *step.after}:
            behind[other].append(step)
    left: dict[str, float] = {}
    for step in reversed(steps):
        left[step.id] = _alone(step, timing) + max((left[each.id] for each in behind[step.id]), default=0.0)
    waits = {step.id: len({*step.needs, *step.after}) for step in steps}
    free = {device: [0.0] * sessions.get(device, len(steps)) for device in {step.device for step in steps}}
    ready = [(0.0, -left[step.id], step.id, step) for step in steps if not waits[step.id]]
    heapq.heapify(ready)
    begins: dict[str, float] = defaultdict(float)
    last = 0.0
    while ready:
        at, _, _, step = heapq.heappop(ready)
        if step.call:
            slots = free[step.device]
            if slots[0] > at:  # not yet: whoever is more urgent by then goes first
                heapq.heappush(ready, (slots[0], -left[step.id], step.id, step))
                continue
            heapq.heapreplace(slots, at + _call(step, timing))
        end = at + _alone(step, timing)
        last = max(last, end)
        for other in behind[step.id]:
            begins[other.id] = max(begins[other.id], end)
            waits[other.id] -= 1
            if not waits[other.id]:
                heapq.heappush(ready, (begins[other.id], -left[other.id], other.id, other))
    return last


def _alone(step: PlannedStep, timing: Timing) -> float:
    """Seconds of one step that waits for no session."""
    call = _call(step, timing) if step.call else 0.0
    return call + _work(step, timing) + _look(step, timing)


def _call(step: PlannedStep, timing: Timing) -> float:
    return _mean(timing.ssh_call if step.kind.startswith("lpar.") else timing.https_call)


def _look(step: PlannedStep, timing: Timing) -> float:
    """One call: the slower door of a 3PAR, because what gates the roles of a group is read through both."""
    if step.kind.startswith("plan.") or (step.kind == "vlun.none" and '"lenient":true' in step.params):
        return 0.0  # nothing is looked at
    return _mean(timing.ssh_call if step.kind.startswith(("lpar.", "rcg.")) else timing.https_call)


def _work(step: PlannedStep, timing: Timing) -> float:
    """Seconds that the device works on it."""
    params = json.loads(step.params)
    match step.kind:
        case "lpar.stop":
            return timing.lpar_shutdown_s if params["how"] == "shutdown" else timing.lpar_osshutdown_s
        case "lpar.activate":
            return timing.lpar_starting_s + timing.lpar_firmware_s
        case "lpar.up":
            return timing.lpar_rmc_s
        case "rcg.failover":
            return timing.rcg_verb_s
        case "vm.stop":
            return timing.vm_task_s if params["hard"] else timing.vm_shutdown_s
        case "vm.up":
            return timing.vm_boot_s
        case "vm.carry":
            return 2 * timing.vm_task_s  # until the leases of the export and of the import are ready
        case "vm.freeze" | "vm.thaw" | "vm.cards" | "vm.mark" | "vm.complete" | "vm.start":
            return timing.vm_task_s
    return 0.0


def _mean(span: Span) -> float:
    return sum(span) / 2
