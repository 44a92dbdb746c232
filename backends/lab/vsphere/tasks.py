"""Tasks: work that takes time, shows progress and ends in a result or a fault."""

from __future__ import annotations

from collections.abc import Callable

from backends.lab.vsphere.records import Managed, Refusal, Task, Vm
from backends.lab.vsphere.state import VSphereState

_STEPS = (25, 50, 75, 95)
_ASK_AGAIN_S = 0.5


class NotYet(Exception):  # noqa: N818 - no error: the task goes on
    """The work of a task cannot end yet."""


def run(
    state: VSphereState,
    operation: str,
    entity: Managed,
    seconds: float,
    work: Callable[[], Managed | None],
    *,
    check: Callable[[], None] | None = None,
    user: str = "",
) -> Task:
    """Start a task on ``entity`` that does ``work`` after ``seconds``; its result is what ``work`` returns.

    ``check`` runs first: a :class:`Refusal` from it (or from ``work``) ends the task in error, as vCenter does it; only
    a call that is no task raises its fault itself. ``work`` raises :class:`NotYet` while it waits for somebody's
    answer. A machine does one task at a time.
    """
    now = state.world.now
    name = operation.split(".")[-1]
    task = Task(state.new_id("task"), name, operation=operation, entity=entity, user=user, queued=now)
    state.keep_task(task)
    vm = entity if isinstance(entity, Vm) else None
    if vm is not None:
        vm.recent = [*vm.recent[-4:], task]
        state.touch(vm)
    try:
        if vm is not None:
            must_be_idle(state, vm)
        if check is not None:
            check()
    except Refusal as refusal:
        _end(state, task, refusal, None)
        return task
    task.state, task.started, task.progress = "running", now, 0
    if vm is not None:
        vm.busy = task.moid
    for percent in _STEPS:
        state.world.after(seconds * percent / 100, lambda _now, p=percent: _progress(state, task, p))  # type: ignore[misc]
    state.world.after(seconds, lambda _now: _finish(state, task, vm, work))
    return task


def must_be_idle(state: VSphereState, vm: Vm) -> None:
    """Refuse while another task or a lease holds the machine."""
    if vm.busy is None:
        return
    other = state.objects.get(vm.busy)
    if isinstance(other, Task):
        text = "Another task is already in progress."
        raise Refusal("TaskInProgress", text, task=other)
    raise Refusal("InvalidState", "The operation is not allowed in the current state.")


def _progress(state: VSphereState, task: Task, percent: int) -> None:
    if task.state == "running":
        task.progress = percent
        state.touch(task)


def _finish(state: VSphereState, task: Task, vm: Vm | None, work: Callable[[], Managed | None]) -> None:
    if state.world.sites[state.site].dark:
        lost = Refusal("HostCommunication", "Unable to communicate with the remote host, since it is disconnected.")
        _end(state, task, lost, None, vm)
        return
    try:
        result = work()
    except NotYet:
        state.world.after(_ASK_AGAIN_S, lambda _now: _finish(state, task, vm, work))
    except Refusal as refusal:
        _end(state, task, refusal, None, vm)
    else:
        _end(state, task, None, result, vm)


def _end(
    state: VSphereState, task: Task, fault: Refusal | None, result: Managed | None, busy: Vm | None = None
) -> None:
    if busy is not None:
        busy.busy = None
    task.state = "error" if fault else "success"
    task.fault, task.result = fault, result
    task.started = task.started if task.started is not None else state.world.now
    task.completed = state.world.now
    task.progress = None if fault else 100
    state.touch(task)
