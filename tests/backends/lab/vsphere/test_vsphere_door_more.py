"""The less common calls of the SOAP door, with the vendor's own library: devices, creation, questions, sessions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pyVim.task import WaitForTask
from pyVmomi import vim, vmodl

from backends.lab.vsphere.state import GIB
from store.estate import PowerState
from tests.backends.lab.vsphere.vs_estate import Estate, connected

PC = vmodl.query.PropertyCollector


@pytest.fixture
def service(estate: Estate) -> Iterator[Any]:
    with connected(estate) as service:
        yield service


def vm_named(service: Any, name: str) -> Any:
    return service.content.searchIndex.FindByInventoryPath(f"DC/vm/{name}")


def device(operation: str, made: Any) -> Any:
    return vim.vm.device.VirtualDeviceSpec(operation=operation, device=made)


def nics(vm: Any) -> list[Any]:
    return [one for one in vm.config.hardware.device if isinstance(one, vim.vm.device.VirtualEthernetCard)]


def disks(vm: Any) -> list[Any]:
    return [one for one in vm.config.hardware.device if isinstance(one, vim.vm.device.VirtualDisk)]


def change(vm: Any, *specs: Any, **more: Any) -> None:
    WaitForTask(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=list(specs), **more)))


def test_cards_are_added_edited_and_removed(service: Any, estate: Estate) -> None:
    vm = vm_named(service, "vm1")
    backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName="DRILL")
    change(vm, device("add", vim.vm.device.VirtualVmxnet3(key=-1, backing=backing, addressType="generated")))
    first, second = nics(vm)
    assert (second.key, second.backing.network._moId) == (4001, estate.drill.moid)
    assert second.macAddress != first.macAddress
    second.addressType, second.macAddress = "manual", "00:50:56:00:00:01"
    change(vm, device("edit", second))
    assert nics(vm)[1].macAddress == "00:50:56:00:00:01"
    change(vm, device("edit", vim.vm.device.VirtualVmxnet3(key=4001, addressType="generated")))
    assert nics(vm)[1].macAddress != "00:50:56:00:00:01"
    change(vm, device("remove", first))
    assert [one.key for one in nics(vm)] == [4001]
    for bad in ("00:50:56:00:00", "01:00:5e:00:00:01"):
        card = vim.vm.device.VirtualVmxnet3(key=4001, addressType="manual", macAddress=bad)
        with pytest.raises(vim.fault.InvalidDeviceSpec):
            change(vm, device("edit", card))
    nowhere = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName="NOWHERE")
    with pytest.raises(vim.fault.InvalidDeviceBacking):
        change(vm, device("edit", vim.vm.device.VirtualVmxnet3(key=4001, backing=nowhere)))


def test_the_mac_of_a_running_machine_cannot_be_changed(service: Any) -> None:
    vm = vm_named(service, "vm0")
    card = vim.vm.device.VirtualVmxnet3(key=4000, addressType="manual", macAddress="00:50:56:00:00:01")
    with pytest.raises(vim.fault.InvalidPowerState):
        change(vm, device("edit", card))


def test_disks_are_added_grown_and_removed_and_never_shrink(service: Any, estate: Estate) -> None:
    vm = vm_named(service, "vm0")
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(diskMode="persistent")
    made = vim.vm.device.VirtualDisk(key=-1, backing=backing, capacityInKB=1 << 20)
    change(vm, device("add", made))
    assert [one.capacityInBytes for one in disks(vm)] == [40 * GIB, GIB]
    assert len(estate.vms[0].writer.volumes) == 2, "a running machine writes to it at once"
    grown = vim.vm.device.VirtualDisk(key=2001, capacityInBytes=2 * GIB, capacityInKB=2 << 20)
    change(vm, device("edit", grown))
    assert disks(vm)[1].capacityInBytes == 2 * GIB
    with pytest.raises(vim.fault.InvalidDeviceSpec):
        change(vm, device("edit", made.__class__(key=2001, capacityInBytes=GIB, capacityInKB=1 << 20)))
    with pytest.raises(vim.fault.InvalidPowerState):
        change(vm, device("remove", grown))
    WaitForTask(vm.PowerOffVM_Task())
    change(vm, device("remove", grown), name="other", annotation="note", guestId="sles15_64Guest")
    assert (len(disks(vm)), vm.name, vm.config.annotation) == (1, "other", "note")


def test_a_machine_is_created_from_a_specification(service: Any, estate: Estate) -> None:
    folder = vm_named(service, "vm0").parent
    pool = vm_named(service, "vm0").resourcePool
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(diskMode="persistent", fileName="[ds01]")
    spec = vim.vm.ConfigSpec(
        name="made", numCPUs=3, memoryMB=2048, guestId="debian12_64Guest",
        files=vim.vm.FileInfo(vmPathName="[ds01]"),
        deviceChange=[
            device("add", vim.vm.device.VirtualDisk(key=-1, backing=backing, capacityInKB=1 << 20)),
            device("add", vim.vm.device.ParaVirtualSCSIController(key=-2, busNumber=0, sharedBus="noSharing")),
        ],
    )  # fmt: skip
    task = folder.CreateVM_Task(spec, pool, None)
    WaitForTask(task)
    made = task.info.result
    assert (made.name, made.config.hardware.numCPU, len(disks(made))) == ("made", 3, 1)
    assert made.runtime.powerState == "poweredOff"
    with pytest.raises(vim.fault.DuplicateName):
        WaitForTask(folder.CreateVM_Task(spec, pool, None))
    spec.name, spec.files.vmPathName = "more", "[none]"
    with pytest.raises(vim.fault.InvalidDatastore):
        folder.CreateVM_Task(spec, pool, None)


def test_a_copied_machine_gets_new_addresses_a_cancelled_start_ends_its_task(service: Any, estate: Estate) -> None:
    vm, record = vm_named(service, "vm1"), estate.vms[1]
    record.home.moved = True
    mac, uuid = record.home.nics[0].mac, record.home.uuid
    task = vm.PowerOnVM_Task()
    vm.AnswerVM(vm.runtime.question.id, "0")
    with pytest.raises(vmodl.fault.RequestCanceled):
        WaitForTask(task)
    task = vm.PowerOnVM_Task()
    vm.AnswerVM(vm.runtime.question.id, "2")
    WaitForTask(task)
    assert record.home.nics[0].mac != mac
    assert record.home.uuid != uuid


def test_a_start_is_refused_where_it_cannot_be(service: Any, estate: Estate) -> None:
    vm, record = vm_named(service, "vm1"), estate.vms[1]
    assert record.host is not None
    record.host.connection = "notResponding"
    with pytest.raises(vmodl.fault.HostNotConnected):
        WaitForTask(vm.PowerOnVM_Task())
    record.host.connection, record.host.maintenance = "connected", True
    with pytest.raises(vim.fault.InvalidState):
        WaitForTask(vm.PowerOnVM_Task())
    record.host.maintenance = False
    estate.datastore.accessible = False
    with pytest.raises(vim.fault.CannotAccessFile):
        WaitForTask(vm.PowerOnVM_Task())
    estate.datastore.accessible = True
    kept, record.home.disks[0].volume = record.home.disks[0].volume, estate.vms[0].home.disks[0].volume
    with pytest.raises(vim.fault.FileLocked):
        WaitForTask(vm.PowerOnVM_Task())
    record.home.disks[0].volume = kept
    vm.MarkAsTemplate()
    with pytest.raises(vmodl.fault.NotSupported):
        WaitForTask(vm.PowerOnVM_Task())
    assert vm.resourcePool is None


def test_a_guest_reboots_and_a_machine_resets(service: Any, estate: Estate) -> None:
    vm, record = vm_named(service, "vm0"), estate.vms[0]
    boots = record.writer.boots
    vm.RebootGuest()
    estate.until(lambda: record.writer.boots == boots + 1)
    WaitForTask(vm.ResetVM_Task())
    assert (record.writer.boots, record.power) == (boots + 2, PowerState.ON)


def test_snapshots_are_renamed_and_the_current_one_reverted_to(service: Any, estate: Estate) -> None:
    vm = vm_named(service, "vm0")
    with pytest.raises(vim.fault.NotFound):
        vm.RevertToCurrentSnapshot_Task()
    WaitForTask(vm.CreateSnapshotEx_Task("a", "", True, None))
    vm.snapshot.currentSnapshot.RenameSnapshot("b", "told")
    tree = vm.snapshot.rootSnapshotList[0]
    assert (tree.name, tree.description, tree.state, tree.quiesced) == ("b", "told", "poweredOn", False)
    assert vm.rootSnapshot[0].vm == vm
    WaitForTask(vm.RevertToCurrentSnapshot_Task())
    assert vm.runtime.powerState == "poweredOn", "a snapshot with memory runs on"


def test_a_task_that_its_site_s_darkness_overtakes_ends_in_error(estate: Estate) -> None:
    with connected(estate) as service:
        estate.world.clock.set_speed(0)
        vm_named(service, "vm1").PowerOnVM_Task()
        with estate.world.turn():
            estate.world.set_dark("paris", True)
        estate.pass_time(1)
        with estate.world.turn():
            estate.world.set_dark("paris", False)
        task = estate.state.tasks[-1]
        assert (task.state, task.fault.fault if task.fault else "") == ("error", "HostCommunication")
        assert estate.vms[1].power is PowerState.OFF
        assert estate.vms[1].busy is None


def test_tasks_cannot_be_cancelled_and_old_ones_are_forgotten(service: Any, estate: Estate) -> None:
    vm = vm_named(service, "vm0")
    task = vm.PowerOnVM_Task()
    with pytest.raises(vmodl.fault.NotSupported):
        task.CancelTask()
    for _ in range(220):
        vm.PowerOnVM_Task()
    assert len(estate.state.tasks) == 200
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        _ = task.info
    assert len(vm.recentTask) == 5


def test_a_list_view_holds_what_it_was_given(service: Any) -> None:
    listed = [vm_named(service, "vm0"), vm_named(service, "vm1")]
    view = service.content.viewManager.CreateListView(listed)
    assert list(view.view) == listed
    listed[1].Destroy_Task()
    spec = PC.FilterSpec(
        propSet=[PC.PropertySpec(type=vim.VirtualMachine, pathSet=["name"])],
        objectSet=[
            PC.ObjectSpec(
                obj=view, skip=True,
                selectSet=[PC.TraversalSpec(type=vim.view.ListView, path="view", skip=False)],
            )
        ],
    )  # fmt: skip
    assert service.content.propertyCollector.RetrieveContents([spec])[0].propSet[0].val == "vm0"


def test_an_administrator_ends_another_session(service: Any, estate: Estate) -> None:
    manager = service.content.sessionManager
    with connected(estate) as other:
        key = other.content.sessionManager.currentSession.key
        assert key in {one.key for one in manager.sessionList}
        assert manager.SessionIsActive(key, other.content.sessionManager.currentSession.userName)
        manager.TerminateSession([key])
        assert not manager.SessionIsActive(key, "x")
        with pytest.raises(vim.fault.NotAuthenticated):
            other.CurrentTime()
    with pytest.raises(vim.fault.NotFound):
        manager.TerminateSession(["none"])


def test_older_calls_for_updates_are_served(service: Any) -> None:
    collector = service.content.propertyCollector.CreatePropertyCollector()
    vm = vm_named(service, "vm0")
    spec = PC.FilterSpec(
        propSet=[PC.PropertySpec(type=vim.VirtualMachine, pathSet=["name"])], objectSet=[PC.ObjectSpec(obj=vm)]
    )
    made = collector.CreateFilter(spec, True)
    assert (made.partialUpdates, made.spec.objectSet[0].obj) == (True, vm)
    assert collector.filter == [made]
    first = collector.WaitForUpdates("")
    assert collector.CheckForUpdates(first.version) is None
    with pytest.raises(vmodl.query.InvalidCollectorVersion):
        collector.CheckForUpdates("999")


def test_a_missing_start_object_is_a_fault_unless_it_is_to_be_left_out(service: Any) -> None:
    gone = vim.VirtualMachine("vm-99999", service._stub)
    spec = PC.FilterSpec(
        propSet=[PC.PropertySpec(type=vim.VirtualMachine, pathSet=["name"])],
        objectSet=[PC.ObjectSpec(obj=gone), PC.ObjectSpec(obj=vm_named(service, "vm0"))],
    )
    collector = service.content.propertyCollector
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        collector.RetrieveContents([spec])
    spec.reportMissingObjectsInResults = True
    assert len(collector.RetrieveContents([spec])) == 1
    unknown = PC.ObjectSpec(obj=vm_named(service, "vm0"), selectSet=[PC.SelectionSpec(name="none")])
    with pytest.raises(vmodl.fault.InvalidArgument):
        collector.RetrieveContents([PC.FilterSpec(propSet=spec.propSet, objectSet=[unknown])])
    with pytest.raises(vmodl.fault.InvalidArgument):
        collector.RetrievePropertiesEx([spec], PC.RetrieveOptions(maxObjects=0))
