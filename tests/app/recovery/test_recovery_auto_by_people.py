"""Failovers and drills that people began, as events: what their runs brought both sides to."""

from __future__ import annotations

import pytest

from app.recovery.auto import by_people
from app.replication_records import Replication
from store.auto_records import EventKind, EventState, FailoverEvent
from store.runs import Plan, PlannedStep, Run, RunState, StepRecord, StepState
from tests.screens.estate import NOW

ERP = Replication("erp", "erp", "vc-paris", "vc-lyon", "ds")
SITES = {"vc-paris": "paris", "vc-lyon": "lyon"}


def event(verb: str, *steps: tuple[str, str, StepState], state: RunState = RunState.SUCCEEDED) -> FailoverEvent:
    planned = tuple(PlannedStep(f"s{n}", kind, "{}", kind, device, "") for n, (kind, device, _) in enumerate(steps))
    records = tuple(StepRecord(f"s{n}", each) for n, (_, _, each) in enumerate(steps))
    run = Run("r1", Plan(verb, f"{verb} erp", ("replication:erp",), NOW, planned), state, "ana", NOW, records, NOW, NOW)
    (found,) = by_people.events([run], [ERP], [], SITES, ())
    return found


OFF, ON = "poweredOff", "poweredOn"


@pytest.mark.parametrize(
    ("steps", "powers"),
    [
        (
            (("vm.stop", "vc-paris", StepState.DONE), ("vm.start", "vc-lyon", StepState.DONE)),
            ("poweredOff", "poweredOn"),
        ),
        ((("vm.stop", "vc-paris", StepState.ALREADY), ("vm.start", "vc-lyon", StepState.FAILED)), (OFF, "")),
        ((("vm.stop", "vc-paris", StepState.UNKNOWN), ("vm.start", "vc-lyon", StepState.PENDING)), ("", "")),
        ((("vm.stop", "vc-lyon", StepState.DONE),), ("", "")),
        ((("vm.stop", "vc-paris", StepState.MARKED), ("vm.start", "vc-lyon", StepState.SKIPPED)), ("", "")),
    ],
)
def test_both_powers_are_what_devices_themselves_said(
    steps: tuple[tuple[str, str, StepState], ...], powers: tuple[str, str]
) -> None:
    found = event("vm failover", *steps)
    assert (found.source_power, found.replica_power) == powers
    assert (found.kind, found.site, found.trigger) == (EventKind.MANUAL, "paris", "ana")


def test_a_drill_that_runs_is_under_way_and_no_failover() -> None:
    assert event("vm drill", state=RunState.RUNNING).state is EventState.TESTING
    assert event("vm failover", state=RunState.RUNNING).state is EventState.FIRING
