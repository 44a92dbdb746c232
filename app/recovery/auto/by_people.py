"""Failovers and drills of machines that people began, as events beside the automatic ones. Pure: out of the runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from app.auto_records import AutoGroup
from app.replication_records import Replication
from store import plan_runs
from store.auto_records import EventKind, EventState, FailoverEvent
from store.replications import DRILL, FAILOVER, names
from store.runs import Run, RunState, StepState

_KINDS = {
    FAILOVER: EventKind.MANUAL,
    DRILL: EventKind.TEST,
    plan_runs.DRILL: EventKind.TEST,
    **dict.fromkeys(plan_runs.VERBS, EventKind.MANUAL),
}
_STATES = {
    RunState.RUNNING: EventState.FIRING,
    RunState.SUCCEEDED: EventState.COMPLETED,
    RunState.FAILED: EventState.FAILED,
    RunState.ABORTED: EventState.FAILED,
}
_SEEN = (StepState.DONE, StepState.ALREADY)


def events(
    runs: Iterable[Run],
    replications: Iterable[Replication],
    groups: Iterable[AutoGroup],
    sites: Mapping[str, str],
    known: Collection[str],
) -> tuple[FailoverEvent, ...]:
    """One for each run that failed machines over, or tried it in a drill, but for those that are ``known`` by their
    ids: the watch began them. ``sites`` are those of the devices by name. An event is about the group that has all of
    the machines, else about the replications themselves."""
    by_name, grouped = {one.name: one for one in replications}, tuple(groups)
    found = []
    for run in runs:
        kind = _KINDS.get(run.plan.verb)
        if kind is None or run.began_at is None or run.id in known:
            continue
        about = names(run)
        if not about:  # a recovery plan without machines
            continue
        group = next((each.name for each in grouped if about and _all_in(about, by_name, each)), None)
        state = _STATES.get(run.state, EventState.UNKNOWN)
        if kind is EventKind.TEST and state is EventState.FIRING:
            state = EventState.TESTING
        source = next((by_name[name].source for name in about if name in by_name), "")
        found.append(
            FailoverEvent(
                run.id,
                group or ", ".join(sorted(about)),
                sites.get(source, ""),
                kind,
                state,
                run.by,
                run.plan.name,
                run.began_at,
                run.began_at,
                run.ended_at,
                _power(run, "vm.stop", source, "poweredOff") if source else "",
                _power(run, "vm.start", "", "poweredOn"),
                run=run.id,
                result=run.note or str(run.state),
            )
        )
    return tuple(found)


def _power(run: Run, kind: str, device: str, power: str) -> str:
    """What its steps of a kind brought machines to, empty where none is done; on one device, or anywhere."""
    pairs = zip(run.plan.steps, run.steps, strict=True)
    done = (step.state in _SEEN for planned, step in pairs if planned.kind == kind and device in ("", planned.device))
    return power if any(done) else ""


def _all_in(about: tuple[str, ...], by_name: Mapping[str, Replication], group: AutoGroup) -> bool:
    return all({name, by_name[name].vm if name in by_name else name} & set(group.vms) for name in about)
