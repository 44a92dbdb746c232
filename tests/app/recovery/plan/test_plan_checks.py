"""What is checked of a whole plan beside its members: pure, out of a look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.plans.records import Kind, MemberKind
from app.recovery.draft import Draft
from app.recovery.plan import checks
from app.recovery.plan.drafting import PlanAt
from app.recovery.plan.looked import Looked
from app.recovery.plan.operate import left_out
from app.recovery.plan.parts import Drafted
from store.plan_records import PlanCheck, PlanState, state
from store.readiness import Check, Severity, Verdict
from tests.app.recovery.plan.woven import application, plan_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class At:
    name: str
    keys: tuple[str, ...]
    now: datetime = NOW


def test_two_replications_of_one_vm_are_not_both_started() -> None:
    plan = plan_of((application("a", (MemberKind.VM, "one"), (MemberKind.VM, "two")),))
    drafts: Any = {name: Draft(At(name, (f"replication:{name}", "vm:1234")), "v", "r") for name in ("one", "two")}
    own: Draft[PlanAt] = Draft(PlanAt("p", NOW), "p", "r")
    checks.guard(plan, Kind.PLANNED, Looked(NOW, {}, {}, None, {}, ()), Drafted({}, drafts, None), own)
    assert [guard.evidence for guard in own.guards if not guard.holds] == ["one and two are both about vm:1234"]


def test_what_comes_after_what_is_left_out_comes_after_what_that_came_after() -> None:
    plan = plan_of((
        application("a", (MemberKind.VM, "v1")),
        application("b", (MemberKind.VM, "v2"), (MemberKind.RCG, "r"), after=("a",)),
        application("c", (MemberKind.VM, "v3"), after=("b",)),
    ))  # fmt: skip
    assert [a.after for a in left_out(plan, ("b",)).applications] == [(), ("a",)]
    assert [a.name for a in left_out(plan, ("v2", "r")).applications] == ["a", "c"]
    assert [m.name for _, m in left_out(plan, ("v2",)).members] == ["v1", "r", "v3"]


def test_a_plan_that_was_never_checked_or_did_not_pass_is_not_called_changed() -> None:
    def checked(*found: Check) -> PlanCheck:
        return PlanCheck("p", "d1", (("vms a", "1"),), NOW, "ana", found, ())

    bad = Check("plan.rpo", Severity.BLOCK, Verdict.FAILS, "too old")
    warning = Check("plan.rto", Severity.WARN, Verdict.FAILS, "slow")
    assert state(None, "d1", {}) == (PlanState.UNCHECKED, ())
    assert state(checked(bad), "d2", {}) == (PlanState.FAILED, ())
    assert state(checked(warning), "d1", {"vms a": "1"}) == (PlanState.VERIFIED, ())
    assert state(checked(), "d2", {"vms a": "2", "vms b": "1"}) == (PlanState.CHANGED, ("its file", "vms a", "vms b"))
