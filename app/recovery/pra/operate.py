"""From the configuration to the plans of the PRA: look at both sites, then plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase

from msgspec.structs import replace

from app.pra_records import Pra
from app.recovery import prediction, witnesses
from app.recovery.draft import CannotPlanError
from app.recovery.operations import Operations
from app.recovery.pra import align_plan, drill_plan, failover_plan, gather, readiness, reprotect_plan
from app.recovery.pra.align import align
from app.recovery.pra.alignment import AddServer, Aligned, Define
from app.recovery.pra.failover_draft import Asked
from app.recovery.pra.members import members
from app.recovery.pra.power_steps import ActivateLpar
from app.recovery.pra.situation import PraNow
from app.recovery.witnesses import Witness
from store.drills import DRILLS
from store.readiness import Readiness
from store.recorded import from_text
from store.runs import Plan, Run, StepState


def configured(operations: Operations) -> Pra:
    """What the configuration says of the PRA. Raises :class:`CannotPlanError`."""
    pra = operations.settings.pra
    if pra is None:
        raise CannotPlanError("The configuration does not say which site is nominal and which takes over: see [pra]")
    return pra


def look(operations: Operations, pra: Pra, without: Mapping[str, str] | None = None) -> PraNow:
    """Both sites as they are now. What cannot be read is there without a reading; the devices ``without`` are not asked
    (:func:`gather.look`)."""
    every = (*operations.settings.devices, *operations.settings.guests)
    return gather.look(operations.devices, every, pra, without)


def plan_align(operations: Operations, now: PraNow, run_id: str) -> tuple[Plan, tuple[Aligned, ...]]:
    """The plan that aligns, without a step where all is as it is to be, and what was found of each LPAR."""
    aligned = align(now)
    plan = align_plan.plan(now, aligned, run_id)
    return prediction.predicted(plan, operations.ledger.durations), aligned


def plan_align_of(operations: Operations, names: Sequence[str], run_id: str) -> Plan:
    """The plan that aligns those LPARs, by name or pattern; what a person must see to is told in its notes. Raises
    :class:`CannotPlanError`, also where nothing is to be done."""
    now = look(operations, configured(operations))
    aligned = [each for each in align(now) if any(fnmatchcase(each.lpar, name) for name in names)]
    if not aligned:
        raise CannotPlanError(f"No protected LPAR at {now.nominal.site} is called {' or '.join(names)}")
    by_hand = tuple(dict.fromkeys(finding.words for each in aligned for finding in each.findings))
    plan = align_plan.plan(now, aligned, run_id)
    if not plan.steps:
        rest = f" A person must see to this: {'; '.join(by_hand)}." if by_hand else ""
        raise CannotPlanError(f"There is nothing to add at {now.recovery.site}.{rest}")
    more = any(isinstance(act, Define | AddServer) for each in aligned for act in each.acts)
    again = ("What rests on what this makes (WWPNs, ports) is added by aligning once more.",) if more else ()
    notes = (*plan.notes, *(f"A person must see to this: {words}." for words in by_hand), *again)
    return prediction.predicted(replace(plan, notes=notes), operations.ledger.durations)


def plan_failover(
    operations: Operations, names: Sequence[str], asked: Asked, run_id: str, *, back: bool = False
) -> Plan:
    """The plan that brings LPARs, by name or pattern, up at the recovery site or, with ``back``, home again. Raises
    :class:`CannotPlanError`."""
    pra = configured(operations)
    pra = pra.reversed() if back else pra
    now = look(operations, pra)
    found = members(now, names)
    seen: tuple[Witness, ...] = ()
    if asked.disaster and any(member.home is None for member in found):
        seen = witnesses.asked(operations.devices, operations.settings.devices, pra.nominal, "")
    plan = failover_plan.plan("failback" if back else "failover", now, found, asked, seen, run_id)
    return prediction.predicted(plan, operations.ledger.durations)


def checked(
    operations: Operations, without: Mapping[str, str] | None = None, drills: Mapping[str, datetime] | None = None
) -> tuple[PraNow, tuple[Readiness, ...]]:
    """Both sites as they are now, and how each protected LPAR stands. The devices ``without`` are not asked; ``drills``
    says when each LPAR last came up in one, where that is known. Raises :class:`CannotPlanError`."""
    now = look(operations, configured(operations), without)
    return now, readiness.check(now, drilled(operations.ledger.runs()) if drills is None else drills)


def drilled(runs: Iterable[Run]) -> dict[str, datetime]:
    """When each LPAR last came up in a drill (UTC)."""
    found: dict[str, datetime] = {}
    for run in runs:
        for planned, step in zip(run.plan.steps, run.steps, strict=True) if run.plan.verb in DRILLS else ():
            if planned.kind == "lpar.activate" and step.state is StepState.DONE and step.ended_at is not None:
                name = from_text(ActivateLpar, planned.params).lpar
                found[name] = max(step.ended_at, found.get(name, step.ended_at))
    return found


def plan_drill(operations: Operations, names: Sequence[str], wave: int, run_id: str) -> Plan:
    """The plan of a drill of LPARs, by name or pattern. Raises :class:`CannotPlanError`."""
    now = look(operations, configured(operations))
    plan = drill_plan.plan(now, members(now, names), wave, run_id)
    return prediction.predicted(plan, operations.ledger.durations)


def plan_cleanup(operations: Operations, drill: str, run_id: str) -> Plan:
    """The plan that cleans up after the drill whose run is ``drill``. Raises :class:`CannotPlanError` and
    :class:`store.ledger.RunError`."""
    now = look(operations, configured(operations))
    plan = drill_plan.cleanup(now, operations.ledger.run(drill), run_id)
    return prediction.predicted(plan, operations.ledger.durations)


def plan_reprotect(operations: Operations, names: Sequence[str], run_id: str) -> Plan:
    """The plan that replicates LPARs which run at the recovery site back home. Raises :class:`CannotPlanError`."""
    now = look(operations, configured(operations))
    plan = reprotect_plan.plan(now, members(now, names), run_id)
    return prediction.predicted(plan, operations.ledger.durations)
