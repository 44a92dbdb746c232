"""Schedules that act on arrays and LPARs, each through what an operator uses by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from app.pgroup_command import placed
from app.recovery.draft import CannotPlanError
from app.recovery.operations import Operations
from app.recovery.pg.operate import plan_clone
from app.recovery.pg.request import Request
from app.recovery.pra.operate import checked, configured, look, plan_align
from app.recovery.rcg.options import Options
from app.recovery.vm.operate import ready
from app.timetable.carrying import attend, carry_out
from app.timetable.work import Outcome, Work
from backends.flasharray import names
from backends.flasharray.verbs import Replicate
from store.rcg_verbs import RcgVerb
from store.readiness import Readiness
from store.runs import Plan
from store.schedules import Result

MOST_PASSES = 6
"""What one pass of an alignment makes is seen by the next, as with ``drdeck pra --apply``."""


def resume(work: Work) -> Outcome:
    """Go on with a run that was left."""
    assert work.run.run is not None
    return attend(work, work.run.run)


def pg_snapshot(work: Work) -> Outcome:
    """A snapshot of a protection group, replicated if that was asked for. The array's own retention deletes them."""
    suffix = f"drdeck-{work.schedule.id}-{work.run.due:%Y%m%d-%H%M%S}-{work.run.id}"  # two may begin in one second

    def draw(operations: Operations, run_id: str) -> Plan:
        how = Replicate.NOW if work.schedule.options.replicate else Replicate.NO
        request = Request(array="", group=work.schedule.target, suffix=suffix, replicate=how)
        return plan_clone(operations, placed(operations, request, None, None), run_id)

    return carry_out(work, draw)


def pg_target(target: str) -> None:
    """Raises :class:`ValueError` for what is no name of a protection group."""
    names.group_snapshot(f"{target}.drdeck-1")


def rcg_sync(work: Work) -> Outcome:
    """One transfer of a remote copy group now."""
    groups = work.schedule.target.split(",")
    return carry_out(work, lambda operations, run_id: operations.plan_rcg(RcgVerb.SYNC, groups, Options(), run_id))


def align(work: Work) -> Outcome:
    """Make the recovery site ready for the LPARs, in passes until nothing more is to be done."""
    said: list[str] = []
    findings: tuple[str, ...] = ()

    def draw(operations: Operations, run_id: str) -> Plan:
        nonlocal findings
        now = look(operations, configured(operations))
        plan, aligned = plan_align(operations, now, run_id)
        if not aligned:
            raise CannotPlanError("no LPAR was found that is to be protected")
        findings = tuple(dict.fromkeys(finding.words for each in aligned for finding in each.findings))
        return replace(plan, notes=())

    for _ in range(MOST_PASSES):
        found = carry_out(work, draw)
        said += [note for note in found.notes if note not in said]
        if found.result is not Result.SUCCEEDED or "there was nothing to do" in found.notes:
            break
    said += [f"a person must see to this: {words}" for words in findings]
    warned = findings and found.result is Result.SUCCEEDED
    return Outcome(Result.WARNED if warned else found.result, tuple(said))


def readiness(work: Work) -> Outcome:
    """How each protected LPAR and each replicated VM stands."""
    settings, bad = work.operations.settings, False
    said: list[str] = []
    kinds: list[tuple[str, Callable[[], Sequence[Readiness]]]] = []
    if settings.pra is not None or not settings.replications:
        kinds.append(("protected LPARs", lambda: checked(work.operations)[1]))
    if settings.replications:
        kinds.append(("replicated VMs", lambda: ready(work.operations, ["*"])[1]))
    for noun, look_at in kinds:
        try:
            every = look_at()
        except CannotPlanError as error:
            return Outcome(Result.FAILED, (*said, str(error)))
        good = [each for each in every if each.ready]
        said.append(f"{len(good)} of {len(every)} {noun} are ready")
        bad |= len(good) < len(every)
        for each in every:
            if not each.ready:
                words = "not known whether it is ready" if each.ready is None else "not ready"
                said.append(f"{each.name}: {words}: {'; '.join(one.evidence for one in each.because)}")
    return Outcome(Result.WARNED if bad else Result.SUCCEEDED, tuple(said))
