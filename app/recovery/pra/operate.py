"""From the configuration to the plans of the PRA: look at both sites, then plan."""

from __future__ import annotations

from app.pra_records import Pra
from app.recovery import prediction
from app.recovery.draft import CannotPlanError
from app.recovery.operations import Operations
from app.recovery.pra import align_plan, gather
from app.recovery.pra.align import align
from app.recovery.pra.alignment import Aligned
from app.recovery.pra.situation import PraNow
from store.runs import Plan


def configured(operations: Operations) -> Pra:
    """What the configuration says of the PRA. Raises :class:`CannotPlanError`."""
    pra = operations.settings.pra
    if pra is None:
        raise CannotPlanError("The configuration does not say which site is nominal and which takes over: see [pra]")
    return pra


def look(operations: Operations, pra: Pra) -> PraNow:
    """Both sites as they are now. What cannot be read is there without a reading."""
    return gather.look(operations.devices, (*operations.settings.devices, *operations.settings.guests), pra)


def plan_align(operations: Operations, now: PraNow, run_id: str) -> tuple[Plan, tuple[Aligned, ...]]:
    """The plan that aligns, without a step where all is as it is to be, and what was found of each LPAR."""
    aligned = align(now)
    plan = align_plan.plan(now, aligned, run_id)
    return prediction.predicted(plan, operations.ledger.durations), aligned
