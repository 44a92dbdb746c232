"""What the driver keeps between sweeps is what a driver that starts afresh would see, whatever happened in between."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from backends.lab.vsphere import changes, machines
from backends.lab.vsphere.records import Vm
from backends.outcome import DeviceError, Failure
from backends.vsphere import answers
from backends.vsphere.driver import VSphereDriver
from backends.vsphere.inventory import Inventory
from backends.vsphere.session import Session
from store.estate import EstateObject, PowerState, VirtualMachine
from tests.backends.lab.vsphere.vs_estate import NAME, Estate, limits, running
from tests.faults.fuzz_vsphere import UPDATES

OPERATIONS = (
    "power", "rename", "add", "leave", "mark", "unmark", "hide", "show", "connection", "snapshot", "host", "full",
)  # fmt: skip
MARK = {
    "drdeck.replica.source": "502d3f1a-8c44-2b9e-77d0-1c2d3e4f5a6b",
    "drdeck.replica.source-name": "erp-gw",
    "drdeck.replica.generation": "7",
    "drdeck.replica.point-in-time": "2026-03-04T05:06:07Z",
}


def operate(estate: Estate, operation: str, vm: Vm, pick: int) -> None:
    """Change something behind the driver's back."""
    state = estate.state
    match operation:
        case "power":
            (state.stopped if vm.power is PowerState.ON else state.started)(vm)
        case "rename":
            state.rename(vm.name, f"name{pick}")
        case "add":
            state.add_vm(f"new{pick}", estate.datastore, running=pick % 2 == 0)
        case "leave" if vm.power is PowerState.OFF and len(state.vms) > 1:
            state.leave(vm)
        case "mark":
            done = ("true", "false", "broken")[pick % 3]
            changes.apply(state, vm, changes.Changes(extra={**MARK, "drdeck.replica.complete": done}))
        case "unmark":
            changes.apply(state, vm, changes.Changes(extra=dict.fromkeys((*MARK, "drdeck.replica.complete"), "")))
        case "hide":
            vm.unreadable = frozenset({("guest", "runtime", "config")[pick % 3]})
            state.touch(vm)
        case "show":
            vm.unreadable = frozenset()
            state.touch(vm)
        case "connection":
            vm.connection = ("connected", "disconnected", "orphaned", "bogus")[pick % 4]
            state.touch(vm)
        case "snapshot":
            machines.create_snapshot(state, vm, "s", "", memory=False, quiesce=False)
        case "host":
            host = state.hosts[pick % 2]
            host.maintenance = not host.maintenance
            state.touch(host)
        case "full":
            estate.datastore.used += pick
            state.touch(estate.datastore)


@example(steps=[[("mark", 110)], [("hide", 152)]])
@example(steps=[[("add", 0), ("mark", 468)], [("hide", 188)]])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 999)), max_size=6), min_size=1, max_size=5
    )
)
def test_sweeps_of_changes_see_what_a_first_sweep_would_see(
    identities: Path, steps: list[list[tuple[str, int]]]
) -> None:
    with running(identities, speed=0) as estate:
        kept = VSphereDriver(NAME, estate.access(), limits())
        kept.read()
        for step in steps:
            with estate.world.turn():
                for operation, pick in step:
                    vms = list(estate.state.vms.values())
                    operate(estate, operation, vms[pick % len(vms)], pick)
            estate.pass_time(1)
            fresh = VSphereDriver(NAME, estate.access(), limits())
            seen, expected = kept.read(), fresh.read()
            fresh.close()
            # Of what is hidden now, the driver that knew it before has more to tell than one that never saw it.
            away = [vm for vm in estate.state.vms.values() if vm.unreadable or vm.connection == "orphaned"]
            hidden = tuple(f"VirtualMachine {vm.moid} " for vm in away)
            unknown = {vm.moid for vm in away}

            def plain(one: EstateObject, unknown: set[str] = unknown) -> EstateObject:
                return replace(one, replica=None) if isinstance(one, VirtualMachine) and one.moid in unknown else one

            known = {one.key: plain(one) for one in seen.objects}
            assert all(known.get(one.key) == plain(one) for one in expected.objects)
            extra = [one for one in seen.objects if one.key not in {other.key for other in expected.objects}]
            assert all(isinstance(one, VirtualMachine) and one.connection_state == "orphaned" for one in extra)
            told = [{p for p in reading.problems if not p.where.startswith(hidden)} for reading in (seen, expected)]
            assert told[0] == told[1]
        kept.close()


def applied(text: str) -> Inventory:
    inventory = Inventory(Session(NAME, None, limits()))  # type: ignore[arg-type]
    found = answers.updates(text)
    assert found is not None
    for row in found.rows:
        inventory._apply(row)
    return inventory


def test_what_was_not_asked_for_is_an_error_and_never_mixed_in() -> None:
    for text in (
        UPDATES.replace('type="Datastore"', 'type="Network"'),
        UPDATES.replace("<name>summary.accessible</name>", "<name>summary.colour</name>"),
        UPDATES.replace("<name>summary.accessible</name>", "<name>summary</name>"),
    ):
        with pytest.raises(DeviceError) as caught:
            applied(text)
        assert caught.value.failure is Failure.BAD_ANSWER


def test_an_object_that_vanished_around_a_property_takes_its_value_along() -> None:
    start = UPDATES.index("<objectSet><kind>leave")
    gone = (
        '<objectSet><kind>modify</kind><obj type="VirtualMachine">vm-7</obj>'
        "<changeSet><name>guest</name><op>indirectRemove</op></changeSet></objectSet>"
    )
    (facts,) = applied(UPDATES[:start] + gone + UPDATES[start:]).facts("VirtualMachine")
    assert facts.values["guest.ipAddress"] is None
    assert facts.values["guest.toolsRunningStatus"] is None
    assert facts.values["name"] is not None


def test_a_machine_whose_configuration_cannot_be_read_is_not_passed_for_one_that_is_no_replica(
    identities: Path,
) -> None:
    with running(identities, speed=0) as estate:
        vm = next(iter(estate.state.vms.values()))
        with estate.world.turn():
            vm.unreadable = frozenset({"config"})
            estate.state.touch(vm)
        driver = VSphereDriver(NAME, estate.access(), limits())
        problems = driver.read().problems
        driver.close()
    assert [p.where for p in problems] == [f"VirtualMachine {vm.moid} config.extraConfig"]
