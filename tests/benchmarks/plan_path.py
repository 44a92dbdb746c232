"""The critical path of a plan run: what the lab's latencies allow a perfect client, out of the plan alone."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping

from app.recovery.timeline import Course, Lasts
from backends.lab.timing import Timing
from store.runs import Plan, PlannedStep

Span = tuple[float, float]
Takes = Callable[[Span], float]


def critical_path(plan: Plan, timing: Timing, sessions: Mapping[str, int]) -> float:
    """Seconds that a perfect client needs on average from the first step to the last; ``sessions`` are the most calls
    to a device at a time.

    The perfect client is logged in everywhere, computes and writes in no time, and knows when an effect can be seen. A
    step is the call of its verb, which takes a session of its device, the time that the device works, and one look;
    that look is also what the next step begins on, and takes no session, because many share it. Calls take as long as
    they do on average. A step begins once all are through that the plan has it wait for, its waves among them; where a
    device has fewer sessions than steps that could be sent, those go first behind which the longest way is left.
    """
    course = Course(plan)
    lasts = {step.id: _lasts(step, timing, _mean) for step in course.steps}
    return max(course.ends(lasts, sessions).values())


def once(
    course: Course, timing: Timing, sessions: Mapping[str, int], rng: random.Random
) -> tuple[float, dict[str, Lasts]]:
    """A run of that client at latencies that are drawn call by call, with a vCenter's tasks keeping their session until
    they have ended: how long it takes, and each of its steps."""
    lasts = {step.id: _kept(step, _lasts(step, timing, lambda span: rng.uniform(*span))) for step in course.steps}
    return max(course.ends(lasts, sessions).values()), lasts


def _kept(step: PlannedStep, lasts: Lasts) -> Lasts:
    return Lasts(lasts.holds + lasts.more) if step.call and step.kind.startswith("vm.") else lasts


def _lasts(step: PlannedStep, timing: Timing, takes: Takes) -> Lasts:
    call = takes(timing.ssh_call if step.kind.startswith("lpar.") else timing.https_call) if step.call else 0.0
    return Lasts(call, _work(step, timing) + _look(step, timing, takes))


def _look(step: PlannedStep, timing: Timing, takes: Takes) -> float:
    """One call: the slower door of a 3PAR, because what gates the roles of a group is read through both."""
    if step.kind.startswith("plan.") or (step.kind == "vlun.none" and '"lenient":true' in step.params):
        return 0.0  # nothing is looked at
    return takes(timing.ssh_call if step.kind.startswith(("lpar.", "rcg.")) else timing.https_call)


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
