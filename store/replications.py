"""How a replication stands, out of its runs alone: paused, failed over, owing the clean-up of a drill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct, field

from store import plan_runs
from store.drills import VM_CLEANUP, VM_DRILL, order, subject
from store.record import Record
from store.runs import ENDED, SETTLED, PlannedStep, Run, RunState, StepRecord

REPLICATE, FAILOVER, UNDO, FAILBACK = "vm replicate", "vm failover", "vm undo", "vm failback"
DRILL, CLEANUP, PAUSE, RESUME = VM_DRILL, VM_CLEANUP, "vm pause", "vm resume"
_ABOUT, _SAID = "replication:", "replication said:"


def target(name: str) -> str:
    """The key under which runs act on a replication, one at a time."""
    return f"{_ABOUT}{name}"


def said(name: str) -> str:
    """The key of what is only written down about one: a pass under way does not keep anybody from pausing it."""
    return f"{_SAID}{name}"


def names(run: Run) -> tuple[str, ...]:
    """The replications that a run is about."""
    found = [one for one in run.plan.targets if one.startswith((_ABOUT, _SAID))]
    return tuple(dict.fromkeys(one.removeprefix(_SAID).removeprefix(_ABOUT) for one in found))


class Replicated(Record, frozen=True):
    """A VM that the configuration replicates, as screens know it: ``vm`` is its name or instance UUID on the device
    ``source``; ``interval_s`` how often a copy is made, in seconds; ``drill``: an isolated port group is named."""

    name: str
    vm: str
    source: str
    destination: str
    interval_s: float
    drill: bool


class Pass(Record, frozen=True):
    """A replication pass that ended. ``took_s``: seconds."""

    run: str
    began_at: datetime
    took_s: float
    done: bool


class Standing(Record, frozen=True):
    """``paused`` and ``failed_over`` are the runs that made it so, by their ids; ``owed`` the drills that are not
    cleaned up, ``of_plans`` what cleans up after those of recovery plans, as orders. ``passes``: the newest first.
    ``under_way``: a run that acts on it, or was interrupted."""

    paused: str | None = None
    failed_over: str | None = None
    owed: tuple[str, ...] = ()
    passes: tuple[Pass, ...] = ()
    under_way: Run | None = None
    of_plans: tuple[str, ...] = ()

    @property
    def held(self) -> str | None:
        """Why no pass may run; None: one may."""
        if self.failed_over is not None:
            return f"it was failed over by run {self.failed_over}"
        return f"it was paused by run {self.paused}" if self.paused is not None else None

    @property
    def took(self) -> tuple[float, ...]:
        """How long its passes took, in seconds, of those that were done."""
        return tuple(one.took_s for one in self.passes if one.done)


class _Found(Struct):
    paused: str | None = None
    failed_over: str | None = None
    owed: list[str] = field(default_factory=list)
    of_plans: dict[str, str] = field(default_factory=dict)
    passes: list[Pass] = field(default_factory=list)
    under_way: Run | None = None


def standings(runs: Iterable[Run]) -> Mapping[str, Standing]:
    """How each replication stands that a run was ever about. ``runs`` in any order."""
    found: dict[str, _Found] = {}
    for run in sorted(runs, key=lambda run: (run.created_at, run.id)):
        about = run.plan.verb.startswith("vm ") or run.plan.verb in plan_runs.EVERY
        if about and run.began_at is not None:
            for name in names(run):
                _take(found.setdefault(name, _Found()), run, name)
    return {
        name: Standing(
            one.paused,
            one.failed_over,
            tuple(one.owed),
            tuple(reversed(one.passes)),
            one.under_way,
            tuple(dict.fromkeys(one.of_plans.values())),
        )
        for name, one in found.items()
    }


_HERE = ("vm.stop", "vm.mark")


def _mine(run: Run, name: str) -> list[tuple[PlannedStep, StepRecord]]:
    """The steps of a run that are about one of its replications, but for those that only take others back."""
    about = names(run)
    number = about.index(name) + 1
    alone = "s" if len(about) == 1 else f"g{number}."
    prefix = f"{plan_runs.VMS}{number}." if run.plan.verb in plan_runs.EVERY else alone
    pairs = zip(run.plan.steps, run.steps, strict=True)
    return [(p, r) for p, r in pairs if p.id.startswith(prefix) and p.id not in run.plan.undoes]


def _took_over(run: Run, name: str) -> bool:
    """Whether a failover began for a replication and was not taken back: its copy was never started, its source runs
    again where it was stopped, and no mark says otherwise."""
    mine = _mine(run, name)
    if run.state not in ENDED or any(p.kind == "vm.start" and r.may_be_done for p, r in mine):
        return any(record.may_have_begun for _, record in mine)
    changed = [p.undo for p, r in mine if p.kind in _HERE and r.may_have_begun]
    return any(undo is None or run.step(undo).state not in SETTLED for undo in changed)


def _came_home(run: Run, name: str) -> bool:
    """Whether a failback of several is through for this one, whatever became of the others."""
    mine = _mine(run, name)
    return run.state in ENDED and bool(mine) and all(record.state in SETTLED for _, record in mine)


def _take(found: _Found, run: Run, name: str) -> None:
    verb, done = run.plan.verb, run.state is RunState.SUCCEEDED
    if run.state not in ENDED and verb not in (PAUSE, RESUME):
        found.under_way = run
    if verb == REPLICATE and run.began_at is not None and run.ended_at is not None:
        found.passes.append(Pass(run.id, run.began_at, (run.ended_at - run.began_at).total_seconds(), done))
    elif verb == PAUSE and done:
        found.paused = run.id
    elif verb == RESUME and done:
        found.paused = found.failed_over = None
    elif verb in (FAILOVER, *plan_runs.VERBS) and _took_over(run, name):
        found.failed_over = run.id
    elif (verb in (UNDO, FAILBACK) and done) or (verb == plan_runs.FAILBACK and _came_home(run, name)):
        found.failed_over = None
    elif verb == DRILL and run.state in ENDED:
        found.owed.append(run.id)
    elif verb == CLEANUP and done:
        found.owed = [drill for drill in found.owed if run.plan.name != f"{CLEANUP} {subject(drill)}"]
    elif verb == plan_runs.DRILL and run.state in ENDED:
        found.of_plans[f"{plan_runs.CLEANUP} {subject(run.id)}"] = order(run)
    elif verb == plan_runs.CLEANUP and done:
        found.of_plans.pop(run.plan.name, None)
