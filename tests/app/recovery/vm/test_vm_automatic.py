"""An automatic failover is the one that people have: its plan, what a drill of it rehearsed, and its run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.auto_records import AutoGroup, Endpoint
from app.recovery.auto import by_people, wiring
from app.recovery.auto.port import NoPlanError, Result
from app.recovery.auto.vm_plans import VmPlans
from app.recovery.operations import Operations
from app.recovery.vm import operate, rehearsal
from app.recovery.vm.failover_plan import Asked
from app.replication_records import Probe
from backends.vsphere import acts, stream, tasks, transfer
from store.auto_records import EventKind, EventState
from store.estate import PowerState
from store.replications import target
from store.runs import RunState
from tests.app.recovery.vm.test_vm_runs import done, operating, passed
from tests.faults.vm_estate import VmEstate, vm_estate


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_POLL_S", 0.02)
    monkeypatch.setattr(acts, "_POLL_S", 0.02)
    monkeypatch.setattr(transfer, "POLL_S", 0.02)
    monkeypatch.setattr(stream, "REST_S", 0.05)


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[VmEstate]:
    with vm_estate(tmp_path) as ready:
        yield ready
        assert ready.world.referee.violations == []


def group(*vms: str) -> AutoGroup:
    path = Endpoint("198.51.100.9", 22)
    return AutoGroup("shop", "vc-paris", "vc-lyon", "paris", "lyon", vms, "3par-lyon", path, "203.0.113.7")


def drilled(operations: Operations, name: str) -> None:
    done(operations, lambda ops, run_id: operate.plan_drill(ops, [name], run_id))


def test_a_drill_that_passed_is_known_with_what_it_rehearsed_until_the_configuration_says_otherwise(
    estate: VmEstate, tmp_path: Path
) -> None:
    one, other = estate.fresh(), estate.fresh()
    shop = group(one, other)
    with operating(estate, tmp_path / "s.sqlite") as operations:
        plans = VmPlans(operations)
        assert plans.drill(shop) is None
        for name in (one, other):
            done(operations, passed(name))
        drilled(operations, one)
        assert plans.drill(shop) is None, "one of them never passed"
        drilled(operations, other)
        found = plans.drill(shop)
        assert found is not None
        assert found.digest == plans.digest(shop)
        ends = [run.ended_at for run in operations.ledger.runs() if run.plan.verb == "vm drill"]
        assert found.at == min(end for end in ends if end is not None)
        assert plans.targets(shop) == (target(one), target(other))
    estate.config.write_text(estate.config.read_text().replace('networks = { PROD = "PROD-L" }', "networks = {}", 1))
    with operating(estate, tmp_path / "s.sqlite") as operations:
        plans = VmPlans(operations)
        found = plans.drill(shop)
        assert found is not None
        assert found.digest != plans.digest(shop)


def test_a_dark_site_is_failed_over_from_with_the_plan_of_people_and_can_be_undone_by_them(
    estate: VmEstate, tmp_path: Path
) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        done(operations, passed(name))
        recovery = wiring.recovery(operations)
        estate.set_dark(True)
        drawn = recovery.plan_disaster(group(name))
        began: list[str] = []
        outcome = recovery.run(group(name), drawn, None, began.append)
        assert (outcome.result, began) == (Result.DONE, [drawn.run_id]), outcome.words
        (replica,) = estate.replicas(name)
        assert replica.power is PowerState.ON
        assert operations.ledger.run(drawn.run_id).state is RunState.SUCCEEDED
        assert operate.standing(operations.ledger)[name].failed_over == drawn.run_id
        with pytest.raises(NoPlanError):
            recovery.plan_disaster(group(name))


def test_what_people_failed_over_or_drilled_is_an_event_beside_what_the_watch_began(
    estate: VmEstate, tmp_path: Path
) -> None:
    one, other = estate.fresh(), estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        for name in (one, other):
            done(operations, passed(name))
        drilled(operations, other)
        done(operations, lambda ops, run_id: operate.plan_failover(ops, [one], Asked(), run_id))
        runs, replications = operations.ledger.runs(), operations.settings.replications
        sites = {"vc-paris": "paris", "vc-lyon": "lyon"}
        found = by_people.events(runs, replications, [group(one)], sites, ())
        assert {(each.kind, each.state, each.group, each.site) for each in found} == {
            (EventKind.MANUAL, EventState.COMPLETED, "shop", "paris"),
            (EventKind.TEST, EventState.COMPLETED, other, "paris"),
        }
        assert all(each.run == each.id and each.trigger and each.ended_at for each in found)
        automatic = {each.id for each in found if each.kind is EventKind.MANUAL}
        (left,) = by_people.events(runs, replications, [group(one)], sites, automatic)
        assert left.kind is EventKind.TEST


def test_a_group_with_a_machine_that_nothing_replicates_has_no_plan(estate: VmEstate, tmp_path: Path) -> None:
    name = estate.fresh()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        plans = VmPlans(operations)
        with pytest.raises(NoPlanError, match=r"no \[\[replications\]\] replicates web01 from vc-paris to vc-lyon"):
            plans.draw(group(name, "web01"), "0301-0300-a1b2")
        assert (plans.digest(group("web01")), plans.drill(group("web01")), plans.targets(group("web01"))) == (
            None,
            None,
            (),
        )


def test_a_replication_that_is_only_called_as_another_machine_is_not_taken_for_that_one(
    estate: VmEstate, tmp_path: Path
) -> None:
    """What fails over by itself must be the machine that is named, and no other."""
    estate.fresh()
    (one,) = estate.made
    uuid = "50123456-789a-bcde-f012-3456789abcde"
    with operating(estate, tmp_path / "s.sqlite") as operations:
        for vm, known in (("web01", False), (uuid, True)):
            made = replace(one, name="db01", vm=vm)
            operations.settings = replace(operations.settings, replications=(made,))
            assert (VmPlans(operations).targets(group("db01")) != ()) is known


def test_another_size_or_other_cards_of_the_machine_are_another_failover_and_a_new_generation_is_not(
    estate: VmEstate, tmp_path: Path
) -> None:
    name = estate.fresh()
    shop = group(name)
    with operating(estate, tmp_path / "s.sqlite") as operations:
        plans = VmPlans(operations)
        assert plans.digest(shop) is None, "there is no copy to start"
        done(operations, passed(name))
        drilled(operations, name)
        rehearsed = plans.drill(shop)
        assert rehearsed is not None
        done(operations, passed(name))
        assert plans.digest(shop) == rehearsed.digest
        source = estate.paris.vm(name)
        with estate.world.turn():
            source.home.memory_mb *= 2
            estate.paris.state.touch(source)
        done(operations, passed(name))
        larger = plans.digest(shop)
        assert larger not in (None, rehearsed.digest)
        estate.set_dark(True)
        assert plans.digest(shop) == larger, "the source is not asked for it"


def test_whatever_makes_it_another_failover_gives_another_digest(estate: VmEstate) -> None:
    estate.fresh()
    (one,) = estate.made
    others = [
        replace(one, vm="x"),
        replace(one, destination="x"),
        replace(one, datastore="x"),
        replace(one, host="x"),
        replace(one, networks={"PROD": "x"}),
        replace(one, probe=Probe("10.0.0.1", 22)),
    ]
    assert len({rehearsal.digest(each, None) for each in (one, *others)}) == len(others) + 1
    assert rehearsal.digest(replace(one, interval_s=300.0, keep=5), None) == rehearsal.digest(one, None)
