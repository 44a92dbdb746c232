"""The driver against a running door: what a sweep sees, and what changes between sweeps."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyVmomi import vim, vmodl

from backends.lab.faults import FaultKind
from backends.lab.vsphere import changes, machines
from backends.lab.vsphere.state import GIB
from backends.outcome import DeviceError, Failure, Sent
from backends.vsphere.driver import VSphereDriver
from store.estate import Datastore, EsxiHost, PowerState, Reading, VCenter, VirtualMachine
from tests.backends.lab.vsphere.vs_estate import NAME, Estate, connected, limits, running

MARK = {
    "drdeck.replica.source": "502d3f1a-8c44-2b9e-77d0-1c2d3e4f5a6b",
    "drdeck.replica.source-name": "erp-gw",
    "drdeck.replica.generation": "7",
    "drdeck.replica.point-in-time": "2026-03-04T05:06:07Z",
    "drdeck.replica.complete": "true",
}


def machines_of(reading: Reading) -> dict[str, VirtualMachine]:
    return {one.name: one for one in reading.objects if isinstance(one, VirtualMachine)}


def test_a_sweep_sees_the_server_its_hosts_datastores_and_machines(estate: Estate, driver: VSphereDriver) -> None:
    reading = driver.read()
    assert (reading.device, reading.problems, reading.unread) == (NAME, (), ())
    (vcenter,) = [one for one in reading.objects if isinstance(one, VCenter)]
    assert (vcenter.key, vcenter.api_type, vcenter.version) == (estate.state.instance_uuid, "VirtualCenter", "8.0.3")
    hosts = [one for one in reading.objects if isinstance(one, EsxiHost)]
    assert [(one.name, one.connection_state, one.memory_mb) for one in hosts] == [
        ("esx1.example", "connected", 262_144), ("esx2.example", "connected", 262_144),
    ]  # fmt: skip
    (store,) = [one for one in reading.objects if isinstance(one, Datastore)]
    assert (store.name, store.capacity, store.free) == ("ds01", 4096 * GIB, estate.state.free(estate.datastore))
    seen = machines_of(reading)
    assert len(seen) == 6
    vm = seen["vm0"]
    assert (vm.power_state, vm.connection_state, vm.host) == (PowerState.ON, "connected", "esx1.example")
    assert (vm.instance_uuid, vm.ip_address, vm.tools) == (
        estate.vms[0].home.instance_uuid, "192.0.2.1", "guestToolsRunning",
    )  # fmt: skip
    assert seen["vm1"].power_state is PowerState.OFF
    assert abs((reading.taken_at - datetime.now(UTC)).total_seconds()) < 60


def test_the_server_s_clock_is_compared(estate: Estate, driver: VSphereDriver) -> None:
    estate.world.faults.add(NAME, FaultKind.CLOCK_SKEWED, seconds=600)
    skew = driver.read().clock_skew_s
    assert skew is not None
    assert 590 < skew < 610


def test_an_unchanged_sweep_is_the_same_and_asks_only_for_changes(estate: Estate, driver: VSphereDriver) -> None:
    first = driver.read()
    before = dict(estate.requests)
    second = driver.read()
    asked = {verb: n - before.get(verb, 0) for verb, n in estate.requests.items() if n != before.get(verb, 0)}
    assert second.objects == first.objects
    assert asked == {"CurrentTime": 1, "WaitForUpdatesEx": 1}


def test_changes_between_sweeps_are_seen(estate: Estate, driver: VSphereDriver) -> None:
    driver.read()
    with estate.world.turn():
        estate.state.stopped(estate.vms[0])
        estate.state.rename("vm1", "renamed")
        estate.state.leave(estate.vms[2])
        estate.state.add_vm("new", estate.datastore)
        estate.state.hosts[0].maintenance = True
        estate.state.touch(estate.state.hosts[0])
    reading = driver.read()
    seen = machines_of(reading)
    assert set(seen) == {"vm0", "renamed", "vm3", "vm4", "vm5", "new"}
    vm = seen["vm0"]
    assert (vm.power_state, vm.ip_address, vm.tools) == (PowerState.OFF, None, "guestToolsNotRunning")
    assert [one.in_maintenance for one in reading.objects if isinstance(one, EsxiHost)] == [True, False]


def test_a_large_inventory_comes_in_pages(identities: Path) -> None:
    with running(identities, machines=2300) as estate:
        driver = VSphereDriver(NAME, estate.access(), limits())
        assert len(machines_of(driver.read())) == 2300
        assert estate.requests["WaitForUpdatesEx"] == 3
        assert estate.requests["RetrievePropertiesEx"] == 3
        assert estate.requests["ContinueRetrievePropertiesEx"] == 2
        with estate.world.turn():
            for vm in estate.vms:
                changes.apply(estate.state, vm, changes.Changes(extra=MARK))
        assert all(vm.replica is not None for vm in machines_of(driver.read()).values())
        driver.close()


# ----------------------------------------------------------------------------------------------------------- replicas


def test_replicas_are_found_in_extra_config_that_is_read_once_per_change(estate: Estate, driver: VSphereDriver) -> None:
    with estate.world.turn():
        changes.apply(estate.state, estate.vms[1], changes.Changes(extra=MARK))
    found = machines_of(driver.read())["vm1"].replica
    assert found is not None
    assert (found.generation, found.complete, found.interval_s) == (7, True, None)
    assert estate.requests["RetrievePropertiesEx"] == 1
    driver.read()
    assert estate.requests["RetrievePropertiesEx"] == 1
    with estate.world.turn():
        changes.apply(estate.state, estate.vms[1], changes.Changes(extra={"drdeck.replica.generation": "8"}))
    found = machines_of(driver.read())["vm1"].replica
    assert found is not None
    assert found.generation == 8
    assert estate.requests["RetrievePropertiesEx"] == 2


def test_a_malformed_mark_is_a_problem_and_the_machine_shows_as_no_replica(
    estate: Estate, driver: VSphereDriver
) -> None:
    with estate.world.turn():
        bad = {**MARK, "drdeck.replica.complete": "perhaps"}
        changes.apply(estate.state, estate.vms[1], changes.Changes(extra=bad))
        changes.apply(estate.state, estate.vms[3], changes.Changes(extra=MARK))
    for reading in (driver.read(), driver.read()):
        seen = machines_of(reading)
        assert seen["vm1"].replica is None
        assert seen["vm3"].replica is not None
        (problem,) = reading.problems
        assert problem.where == "VirtualMachine vm-1002 config.extraConfig"
        assert problem.line == "drdeck.replica.complete = perhaps"
    with estate.world.turn():
        changes.apply(estate.state, estate.vms[1], changes.Changes(extra=MARK))
    assert driver.read().problems == ()


# -------------------------------------------------------------------------------------------------------- bad answers


def test_trap_13_one_machine_whose_state_does_not_fit_its_type_does_not_lose_the_others(
    estate: Estate, driver: VSphereDriver
) -> None:
    estate.vms[2].connection = ""  # an empty enum element
    reading = driver.read()
    assert set(machines_of(reading)) == {"vm0", "vm1", "vm3", "vm4", "vm5"}
    (problem,) = reading.problems
    assert problem.where == "VirtualMachine vm-1003 runtime.connectionState"
    (unread,) = reading.unread
    assert (unread.kind, unread.key_prefix) == ("vm", f"{estate.state.instance_uuid}:vm-1003")
    kind = vmodl.query.PropertyCollector
    with connected(estate) as service, pytest.raises(AttributeError):
        service.content.propertyCollector.RetrieveContents(
            [
                kind.FilterSpec(
                    propSet=[kind.PropertySpec(type=vim.VirtualMachine, pathSet=["runtime.connectionState"])],
                    objectSet=[kind.ObjectSpec(obj=vim.VirtualMachine(one.moid)) for one in estate.vms],
                )
            ]
        )


def test_a_machine_that_the_account_may_not_read_is_a_problem_and_unread(estate: Estate, driver: VSphereDriver) -> None:
    estate.vms[0].unreadable = frozenset({"summary"})
    estate.vms[1].unreadable = frozenset({"guest", "config"})
    reading = driver.read()
    seen = machines_of(reading)
    assert "vm0" not in seen
    assert seen["vm1"].ip_address is None
    assert {problem.where.split()[1] for problem in reading.problems} == {"vm-1001", "vm-1002"}
    assert all("NoPermission" in problem.line for problem in reading.problems)
    assert [one.key_prefix for one in reading.unread] == [f"{estate.state.instance_uuid}:vm-1001"]


def test_a_machine_whose_files_are_out_of_reach_keeps_the_identity_it_had(
    estate: Estate, driver: VSphereDriver
) -> None:
    driver.read()
    with estate.world.turn():
        estate.vms[0].connection = "inaccessible"
        estate.state.touch(estate.vms[0])
    vm = machines_of(driver.read())["vm0"]
    assert (vm.connection_state, vm.instance_uuid) == ("inaccessible", estate.vms[0].home.instance_uuid)
    fresh = VSphereDriver(NAME, estate.access(), limits())
    reading = fresh.read()
    assert "vm0" not in machines_of(reading)
    assert reading.unread[0].key_prefix.endswith(":vm-1001")
    fresh.close()


def test_a_standalone_host_is_named_by_its_hardware(identities: Path) -> None:
    with running(identities, api_type="HostAgent") as estate:
        driver = VSphereDriver(NAME, estate.access(), limits())
        reading = driver.read()
        (server,) = [one for one in reading.objects if isinstance(one, VCenter)]
        assert (server.key, server.api_type) == (estate.state.hosts[0].uuid, "HostAgent")
        assert all(vm.vcenter == server.key for vm in machines_of(reading).values())
        driver.close()


# ----------------------------------------------------------------------------------------------------------- sessions


def test_one_login_serves_many_sweeps_and_close_logs_out(estate: Estate, driver: VSphereDriver) -> None:
    for _ in range(3):
        driver.read()
    counters = estate.device.counters
    assert (counters.logins, counters.sessions) == (1, 1)
    driver.close()
    assert (counters.logouts, counters.sessions) == (1, 0)
    assert len(machines_of(driver.read())) == 6, "a closed driver opens again when it is asked again"


def test_an_expired_session_is_opened_again_and_nothing_is_lost(estate: Estate, driver: VSphereDriver) -> None:
    first = driver.read()
    estate.pass_time(2000)
    second = driver.read()
    assert machines_of(second).keys() == machines_of(first).keys()
    assert estate.device.counters.logins == 2


def test_a_session_that_ends_in_the_middle_of_a_sweep_is_opened_again(estate: Estate, driver: VSphereDriver) -> None:
    driver.read()
    refresh = driver._inventory.refresh
    ended: list[bool] = []

    def end_first() -> None:
        if not ended:
            ended.append(True)
            estate.pass_time(2000)
        refresh()

    driver._inventory.refresh = end_first  # type: ignore[method-assign]
    assert len(machines_of(driver.read())) == 6
    assert estate.device.counters.logins == 2


def test_a_driver_needs_no_library_until_it_is_asked() -> None:
    code = (
        "import sys, backends.vsphere.driver, backends.vsphere.verbs, backends.vsphere.tasks\n"
        "assert not [m for m in sys.modules if m.split('.')[0] in ('pyVmomi', 'pyVim', 'textual', 'rich')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_nothing_that_a_driver_shows_of_itself_holds_the_password(estate: Estate) -> None:
    driver = VSphereDriver(NAME, estate.access(), limits())
    estate.world.faults.add(NAME, FaultKind.REFUSES_LOGIN)
    with pytest.raises(DeviceError) as caught:
        driver.read()
    shown: BaseException | None = caught.value
    assert (caught.value.failure, caught.value.sent) == (Failure.LOGIN_REFUSED, Sent.REFUSED)
    while shown is not None:
        assert "s3cret" not in f"{shown!r}{shown}{shown.args}"
        frame = shown.__traceback__
        while frame is not None:
            if "tests" not in Path(frame.tb_frame.f_code.co_filename).parts:
                assert "s3cret" not in repr(frame.tb_frame.f_locals)
            frame = frame.tb_next
        shown = shown.__context__


def test_pending_questions_do_not_disturb_a_sweep(estate: Estate, driver: VSphereDriver) -> None:
    with estate.world.turn():
        estate.vms[1].home.moved = True
        machines.power_on(estate.state, estate.vms[1])
    assert len(machines_of(driver.read())) == 6
