"""What runs, devices and LPARs tell: each thing once, whichever program looks, and nothing that is not known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

from app.notify import keys, run_events, sources
from app.notify.estate_events import HOLD
from app.notify.grouping import batches
from app.notify.message import KIND_WORDS, message
from app.notify.sources import DeviceSource, ReadinessSource, ReplicaSource, RunSource
from app.settings_records import Settings
from screens.actions import PANES
from store.estate import DeviceKind, PowerState, VirtualMachine, VmReplica
from store.ledger import LEASE_S, Ledger
from store.notices import AT_ONCE, Delivery, DeliveryState, Event, EventKind, Severity
from store.outbox import Batch, Outbox
from store.readiness import Check, Covered, Readiness, Verdict
from store.readiness import Severity as Grave
from store.readiness_view import ReadinessView
from store.records import DeviceHealth, DeviceStatus
from store.runs import Approval, Lease, Plan, PlannedStep, RunState, StepState
from store.view import EstateView, Sighting
from tests.app.notify.conftest import Time
from tests.app.notify.samples import AT

STEPS = (
    PlannedStep("s1", "rcg.stop", "{}", "Stop oradb", "3par-paris", "stoprcopygroup -f oradb"),
    PlannedStep("s2", "rcg.failover", "{}", "Fail oradb over", "3par-lyon", "setrcopygroup failover oradb"),
)
PLAN = Plan(
    "failover", "failover oradb", ("rcg:1:oradb",), AT, STEPS, confirm=("failover oradb",), loss="at most 4 min"
)
SETTINGS = cast(
    Settings,
    SimpleNamespace(
        devices=[SimpleNamespace(name="3par-paris", site="paris"), SimpleNamespace(name="3par-lyon", site="lyon")]
    ),
)


@pytest.fixture
def ledger(outbox: Outbox, clock: Time) -> Iterator[Ledger]:
    with closing(Ledger(outbox.path, clock)) as opened:
        yield opened


def source(outbox: Outbox, ledger: Ledger, clock: Time) -> RunSource:
    return RunSource(outbox, ledger, SETTINGS, clock)


def begun(ledger: Ledger, plan: Plan = PLAN, run_id: str = "r1") -> Lease:
    ledger.propose(run_id, plan, "ops@jump")
    ledger.approve(run_id, "ops@jump", plan.confirm)
    return ledger.take(run_id, "this console")


def told(outbox: Outbox, after: int = 0) -> list[Event]:
    """The oldest first."""
    return [notice.event for notice in reversed(outbox.notices(after))]


# ----------------------------------------------------------------------------------------------------------------- runs


def test_what_waits_for_another_person_is_told_and_one_alone_at_once_as_the_gravest(
    outbox: Outbox, ledger: Ledger, clock: Time
) -> None:
    ledger.propose("r1", PLAN, "anna@jump")
    asked = Approval("rcg failover oradb", "abc", clock() + timedelta(minutes=30), ("anna",))
    ledger.ask_approval("r1", "anna@jump", PLAN.confirm, asked)
    ledger.approve("r1", "anna@jump", PLAN.confirm, ("anna",), "nobody answers")
    source(outbox, ledger, clock).look()
    first, last = told(outbox)
    assert (first.kind, first.severity) == (EventKind.APPROVAL_ASKED, Severity.WARNING)
    assert "drdeck runs approve r1" in first.next
    assert (last.kind, last.severity) == (EventKind.BREAK_GLASS, Severity.CRITICAL)
    assert last.subject == "BREAK-GLASS: failover oradb by anna@jump alone"
    assert last.what.endswith("Reason: nobody answers")
    assert last.kind in AT_ONCE


def test_esx_15_a_failover_is_told_from_its_beginning_to_its_end(outbox: Outbox, ledger: Ledger, clock: Time) -> None:
    lease = begun(ledger)
    for step in STEPS:
        ledger.settle(lease, step.id, StepState.DONE, ())
    ledger.turn(lease, RunState.SUCCEEDED)
    source(outbox, ledger, clock).look()
    first, last = told(outbox)
    assert (first.kind, first.severity, first.subject) == (
        EventKind.FAILOVER_BEGUN,
        Severity.WARNING,
        "failover oradb began",
    )
    assert first.what == "Run r1, failover oradb, began: 2 steps on 3par-lyon, 3par-paris, proposed by ops@jump."
    assert first.means == "at most 4 min"
    assert (last.kind, last.severity, last.subject) == (
        EventKind.FAILOVER_DONE,
        Severity.NOTICE,
        "failover oradb SUCCEEDED",
    )
    assert "2 of 2 steps are settled" in last.what
    assert "drdeck runs show r1" in last.next
    assert (last.site, last.target) == ("", "rcg:1:oradb between lyon and paris, run r1")


@pytest.mark.parametrize(
    ("state", "kind", "severity", "word"),
    [
        (RunState.FAILED, EventKind.FAILOVER_FAILED, Severity.CRITICAL, "FAILED"),
        (RunState.ABORTED, EventKind.FAILOVER_FAILED, Severity.CRITICAL, "was aborted"),
    ],
)
def test_a_failover_that_came_to_nothing_is_critical_and_says_why(
    outbox: Outbox, ledger: Ledger, clock: Time, state: RunState, kind: EventKind, severity: Severity, word: str
) -> None:
    ledger.turn(begun(ledger), state, "the group was not Stopped")
    source(outbox, ledger, clock).look()
    last = told(outbox)[-1]
    assert (last.kind, last.severity, last.subject) == (kind, severity, f"failover oradb {word}")
    assert "the group was not Stopped; 0 of 2 steps are settled" in last.what


def test_another_run_is_told_in_its_own_kinds(outbox: Outbox, ledger: Ledger, clock: Time) -> None:
    plan = replace(PLAN, verb="sync", name="sync oradb", confirm=(), steps=STEPS[:1])
    ledger.turn(begun(ledger, plan), RunState.SUCCEEDED)
    source(outbox, ledger, clock).look()
    assert [(each.kind, each.severity, each.site) for each in told(outbox)] == [
        (EventKind.RUN_BEGAN, Severity.NOTICE, "paris"),
        (EventKind.RUN_SUCCEEDED, Severity.NOTICE, "paris"),
    ]


@pytest.mark.parametrize(
    ("verb", "target", "is_one"),
    [
        ("failover", "lpar:erp", True),
        ("switchover", "rcg:1:oradb", True),
        ("restore", "rcg:1:oradb", True),
        ("restore", "pgroup:fa:pg", False),
        ("drill", "lpar:erp", False),
        ("promote", "pod:p", True),
        ("vm failover", "replication:erp", True),
        ("vm failback", "replication:erp", True),
        ("vm undo", "replication:erp", True),
        ("vm replicate", "replication:erp", False),
        ("vm drill", "replication:erp", False),
    ],
)
def test_what_moves_production_is_a_failover(verb: str, target: str, is_one: bool) -> None:
    assert run_events.is_failover(replace(PLAN, verb=verb, targets=(target,))) is is_one


def test_a_run_on_many_targets_names_some_and_counts_the_others(outbox: Outbox, ledger: Ledger, clock: Time) -> None:
    begun(ledger, replace(PLAN, targets=tuple(f"lpar:l{number}" for number in range(8)), steps=STEPS[:1]))
    source(outbox, ledger, clock).look()
    assert told(outbox)[0].target == "lpar:l0, lpar:l1, lpar:l2, lpar:l3, lpar:l4, 3 more, run r1"


def test_a_pod_that_is_promoted_for_a_drill_moves_nothing() -> None:
    plan = replace(PLAN, verb="promote", targets=("pod:p",))
    assert run_events.is_failover(replace(plan, confirm=("promote p",)))
    assert not run_events.is_failover(replace(plan, confirm=("drill p", "hosts of p on fa are isolated")))


def test_the_keys_that_messages_name_lead_to_these_panes() -> None:
    for name in (keys.LPARS, keys.REPLICAS, keys.DEVICES, keys.EVENTS, keys.RUNS):
        found = re.fullmatch(r"([\w ]+) \((\d)\)", name)
        assert found is not None
        assert PANES[int(found[2]) - 1].title == found[1]


def test_a_step_that_failed_and_one_that_is_unknown_are_told_and_what_waits_for_them(
    outbox: Outbox, ledger: Ledger, clock: Time
) -> None:
    look = source(outbox, ledger, clock)
    lease = begun(ledger)
    look.look()
    ledger.settle(lease, "s1", StepState.FAILED, (), "the array refused")
    ledger.settle(lease, "s2", StepState.UNKNOWN, (), "no answer")
    ledger.turn(lease, RunState.WAITING)
    look.look()
    failed, unknown, waits = told(outbox, after=1)
    assert (failed.kind, failed.site, failed.subject) == (
        EventKind.STEP_FAILED,
        "paris",
        "failover oradb: step s1 failed",
    )
    assert "Stop oradb, on 3par-paris failed: the array refused" in failed.what
    assert (unknown.kind, unknown.site) == (EventKind.STEP_UNKNOWN, "lyon")
    assert "only a look can tell" in unknown.means
    assert unknown.target == "3par-lyon, run r1"
    assert (waits.kind, waits.severity) == (EventKind.RUN_WAITS, Severity.CRITICAL)
    assert "waits: s1 Stop oradb: failed; s2 Fail oradb over: unknown" in waits.what
    assert "t to try again" in waits.next


def test_each_entry_is_told_once_whoever_looks_and_after_a_restart(outbox: Outbox, ledger: Ledger, clock: Time) -> None:
    lease = begun(ledger)
    with closing(Outbox(outbox.path, clock)) as other:
        one, two = source(outbox, ledger, clock), source(other, ledger, clock)
        for look in (one, two, source(outbox, ledger, clock)):
            look.look()
        ledger.turn(lease, RunState.SUCCEEDED)
        for look in (two, one):
            look.look()
    assert [notice.count for notice in outbox.notices()] == [1, 1]


def test_a_run_that_is_gone_on_with_did_not_begin_a_second_time(outbox: Outbox, ledger: Ledger, clock: Time) -> None:
    ledger.release(begun(ledger))
    ledger.take("r1", "another console")
    source(outbox, ledger, clock).look()
    assert [each.kind for each in told(outbox)] == [EventKind.FAILOVER_BEGUN]


def test_a_run_whose_console_is_gone_is_told_of_once(outbox: Outbox, ledger: Ledger, clock: Time) -> None:
    lease = begun(ledger)
    ledger.intend(lease, "s1", "stoprcopygroup -f oradb", ())
    source(outbox, ledger, clock).look()
    clock.pass_(LEASE_S + 1)
    for _ in range(3):
        source(outbox, ledger, clock).look()
    (gone,) = told(outbox, after=1)
    assert (gone.kind, gone.severity) == (EventKind.RUN_INTERRUPTED, Severity.CRITICAL)
    assert "Under way then: s1 Stop oradb" in gone.what
    assert "drdeck runs resume r1" in gone.next


def test_a_run_that_waits_without_a_console_is_not_told_of_twice(outbox: Outbox, ledger: Ledger, clock: Time) -> None:
    ledger.turn(begun(ledger), RunState.WAITING)
    clock.pass_(LEASE_S + 1)
    source(outbox, ledger, clock).look()
    assert [each.kind for each in told(outbox)] == [EventKind.FAILOVER_BEGUN, EventKind.RUN_WAITS]


def test_a_drill_that_has_ended_owes_its_clean_up_with_the_order_that_does_it(
    outbox: Outbox, ledger: Ledger, clock: Time
) -> None:
    plan = replace(PLAN, verb="drill", name="drill erp", targets=("lpar:erp",))
    ledger.turn(begun(ledger, plan), RunState.SUCCEEDED)
    source(outbox, ledger, clock).look()
    first, _, owes = told(outbox)
    assert first.means == "Production goes on meanwhile."
    assert (owes.kind, owes.subject) == (EventKind.DRILL_OWES_CLEANUP, "drill erp owes its clean-up")
    assert "drdeck lpar cleanup r1" in owes.next


def test_a_long_journal_is_read_in_parts_and_nothing_of_it_is_left_out(
    outbox: Outbox, ledger: Ledger, clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MANY", 3)
    for number in range(4):
        ledger.turn(begun(ledger, run_id=f"r{number}"), RunState.SUCCEEDED)
    source(outbox, ledger, clock).look()
    assert outbox.told == len(ledger.journal())
    assert [each.kind for each in told(outbox)] == [EventKind.FAILOVER_BEGUN, EventKind.FAILOVER_DONE] * 4


def test_a_run_of_days_ago_is_no_news(outbox: Outbox, ledger: Ledger, clock: Time) -> None:
    ledger.turn(begun(ledger), RunState.SUCCEEDED)
    clock.pass_(25 * 3600)
    source(outbox, ledger, clock).look()
    assert told(outbox) == []
    assert outbox.told == len(ledger.journal())


def test_an_event_of_a_run_says_when_it_happened_not_when_it_was_read(
    outbox: Outbox, ledger: Ledger, clock: Time
) -> None:
    begun(ledger)
    clock.pass_(7200)
    source(outbox, ledger, clock).look()
    (notice,) = outbox.notices()[-1:]
    assert notice.at == AT
    text = message(Batch("b", (Delivery(notice, "ops", DeliveryState.WAITING),)), clock.now, lab=False).text
    assert "When:          2026-03-01T03:00:00Z" in text
    assert "Sent 2 h after it happened" in text


# -------------------------------------------------------------------------------------------------------------- devices


def status(health: DeviceHealth, since: datetime | None = AT, name: str = "fa-paris", **more: Any) -> DeviceStatus:
    made = DeviceStatus(name, DeviceKind.FLASHARRAY, "paris", "fa.example.com:443", health, since, last_ok=AT)
    return replace(made, **more)


def view(*statuses: DeviceStatus) -> EstateView:
    made = EstateView()
    for each in statuses:
        made.record(each.name, status=each)
    return made


FAILING = status(DeviceHealth.FAILING, failure="no answer in time", text="after 10 s")


def test_a_device_that_cannot_be_read_for_longer_than_a_moment_is_told_of_and_then_its_return(
    outbox: Outbox, clock: Time
) -> None:
    estate = view(FAILING)
    look = DeviceSource(outbox, estate, clock)
    look.look()
    clock.pass_(HOLD.total_seconds() - 1)
    look.look()
    assert told(outbox) == []
    clock.pass_(1)
    look.look()
    look.look()
    (failing,) = told(outbox)
    assert (failing.kind, failing.site, failing.subject) == (
        EventKind.DEVICE_FAILING,
        "paris",
        "fa-paris cannot be read",
    )
    assert "since 2026-03-01T03:00:00Z: no answer in time: after 10 s" in failing.what
    assert "unreachable is unknown, not down" in failing.means
    assert "drdeck check fa-paris" in failing.next
    estate.record("fa-paris", status=status(DeviceHealth.OK, clock.now))
    look.look()
    assert [each.kind for each in told(outbox)] == [EventKind.DEVICE_FAILING, EventKind.DEVICE_BACK]


def test_a_blip_is_not_told_of(outbox: Outbox, clock: Time) -> None:
    estate = view(FAILING)
    look = DeviceSource(outbox, estate, clock)
    look.look()
    estate.record("fa-paris", status=status(DeviceHealth.PARTIAL, clock.now))
    clock.pass_(3600)
    look.look()
    assert told(outbox) == []


def test_after_a_restart_a_device_that_still_fails_is_not_told_of_again_and_one_that_came_back_is(
    outbox: Outbox, clock: Time
) -> None:
    clock.pass_(3600)
    DeviceSource(outbox, view(FAILING), clock).look()
    DeviceSource(outbox, view(FAILING), clock).look()
    assert [each.kind for each in told(outbox)] == [EventKind.DEVICE_FAILING]
    DeviceSource(outbox, view(status(DeviceHealth.OK)), clock).look()
    assert [each.kind for each in told(outbox)] == [EventKind.DEVICE_FAILING, EventKind.DEVICE_BACK]


def test_two_consoles_of_which_one_cannot_reach_a_device_do_not_contradict_each_other_for_ever(
    outbox: Outbox, clock: Time
) -> None:
    clock.pass_(3600)
    cut_off = DeviceSource(outbox, view(FAILING), clock)
    fine = DeviceSource(outbox, view(status(DeviceHealth.OK)), clock)
    for _ in range(20):
        cut_off.look()
        fine.look()
    assert [each.kind for each in told(outbox)] == [EventKind.DEVICE_FAILING]


def test_a_device_that_was_never_read_says_nothing(outbox: Outbox, clock: Time) -> None:
    clock.pass_(3600)
    DeviceSource(outbox, view(status(DeviceHealth.NEVER, None)), clock).look()
    assert told(outbox) == []


# ---------------------------------------------------------------------------------------------------------------- LPARs

GOOD = Check("fa.member", Grave.HARD, Verdict.HOLDS, "2 volumes")
BAD = Check("pwr.golden", Grave.BLOCK, Verdict.FAILS, "desired_mem is 8192, to be 16384", "Run drdeck lpar align erp.")
UNREAD = Check("dev.read", Grave.BLOCK, Verdict.UNKNOWN, "fa-lyon: no answer in time")


def checked(view: ReadinessView, at: datetime, **lpars: Check) -> None:
    view.take([Readiness(name, at, (check,)) for name, check in lpars.items()], at)


@pytest.fixture
def readiness() -> ReadinessView:
    made = ReadinessView()
    made.cover(Covered("paris", "lyon"))
    return made


def test_an_lpar_that_turns_not_ready_is_told_of_with_the_check_and_what_to_do_and_then_that_it_is_ready(
    outbox: Outbox, readiness: ReadinessView, clock: Time
) -> None:
    look = ReadinessSource(outbox, readiness, clock)
    look.look()
    for check in (GOOD, BAD, BAD, GOOD, GOOD):
        checked(readiness, clock.now, erp=check)
        look.look()
        clock.pass_(60)
    bad, good = told(outbox)
    assert (bad.kind, bad.site, bad.subject) == (EventKind.LPAR_NOT_READY, "paris", "erp is not ready")
    assert bad.what == "erp does not pass pwr.golden: desired_mem is 8192, to be 16384"
    assert bad.next.startswith("Run drdeck lpar align erp. All checks: drdeck lpar check erp")
    assert (good.kind, good.severity) == (EventKind.LPAR_READY, Severity.NOTICE)


def test_what_could_not_be_read_is_no_lpar_that_is_not_ready_and_none_that_is_ready_again(
    outbox: Outbox, readiness: ReadinessView, clock: Time
) -> None:
    look = ReadinessSource(outbox, readiness, clock)
    for check in (GOOD, UNREAD, GOOD, BAD, UNREAD, BAD):
        checked(readiness, clock.now, erp=check)
        look.look()
        clock.pass_(60)
    assert [each.kind for each in told(outbox)] == [EventKind.LPAR_NOT_READY]


def test_what_was_checked_too_long_ago_says_nothing(outbox: Outbox, readiness: ReadinessView, clock: Time) -> None:
    checked(readiness, clock.now - timedelta(hours=1), erp=BAD)
    ReadinessSource(outbox, readiness, clock).look()
    assert told(outbox) == []


def test_after_a_restart_only_what_is_another_way_now_is_told(
    outbox: Outbox, readiness: ReadinessView, clock: Time
) -> None:
    checked(readiness, clock.now, erp=BAD, web=BAD, db=GOOD)
    ReadinessSource(outbox, readiness, clock).look()
    checked(readiness, clock.now, erp=BAD, web=GOOD, db=GOOD)
    ReadinessSource(outbox, readiness, clock).look()
    assert [(each.kind, each.target) for each in told(outbox)] == [
        (EventKind.LPAR_NOT_READY, "lpar:erp"),
        (EventKind.LPAR_NOT_READY, "lpar:web"),
        (EventKind.LPAR_READY, "lpar:web"),
    ]


def test_thousands_of_lpars_make_one_message(outbox: Outbox, readiness: ReadinessView, clock: Time) -> None:
    checked(readiness, clock.now, **{f"lp{number}": BAD for number in range(2_000)})
    ReadinessSource(outbox, readiness, clock).look()
    outbox.route(lambda notice: ["ops"])
    clock.pass_(60)
    (batch,) = outbox.claim("ops", "me", 300, lambda waiting, last: batches(waiting, last, clock.now, 300))
    made = message(batch, clock.now, lab=True)
    assert made.subject == "[drdeck lab] WARNING paris: 2000 LPARs are not ready"
    assert len(made.text) < 20_000
    assert "and 1980 more like these: drdeck notify list" in made.text
    assert "this is an exercise" in made.text


def replicas(*copies: VirtualMachine) -> EstateView:
    found = EstateView()
    seen = [Sighting(copy, AT, AT, AT) for copy in copies]
    found.record("vc-lyon", put={("vm", copy.key): each for copy, each in zip(copies, seen, strict=True)})
    return found


def copy(generation: int, point: datetime, *, complete: bool = True, power: PowerState = PowerState.OFF) -> Any:
    mark = VmReplica("uuid-erp", "erp", generation, point, complete, 900)
    moid = f"vm-{generation}"
    return VirtualMachine("vc", moid, f"erp_{generation}", f"uuid-{generation}", power, "connected", replica=mark)


def test_a_replica_that_is_older_than_two_intervals_is_told_of_and_then_that_it_is_on_time(
    outbox: Outbox, clock: Time
) -> None:
    old = copy(1, clock() - timedelta(minutes=31))
    late = replicas(old, copy(2, clock() - timedelta(minutes=5), complete=False))
    ReplicaSource(outbox, late, SETTINGS, clock).look()
    ReplicaSource(outbox, late, SETTINGS, clock).look()
    (event,) = told(outbox)
    assert (event.kind, event.target) == (EventKind.REPLICATION_LATE, "vm:uuid-erp")
    assert "one is due every 15 min" in event.what
    ReplicaSource(outbox, replicas(old, copy(2, clock() - timedelta(minutes=5))), SETTINGS, clock).look()
    assert [each.kind for each in told(outbox)] == [EventKind.REPLICATION_LATE, EventKind.REPLICATION_ON_TIME]


def test_a_replica_that_serves_is_not_late(outbox: Outbox, clock: Time) -> None:
    serving = copy(1, clock() - timedelta(hours=9), power=PowerState.ON)
    ReplicaSource(outbox, replicas(serving), SETTINGS, clock).look()
    assert told(outbox) == []


def test_every_kind_of_event_has_words_for_many() -> None:
    assert set(KIND_WORDS) == set(EventKind)
