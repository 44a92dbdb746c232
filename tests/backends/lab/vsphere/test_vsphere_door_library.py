"""The vendor's own library, unmodified, on the SOAP door: inventory, pages, changes, tasks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyVim.connect import SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import SoapAdapter, VmomiSupport, vim, vmodl

from backends.lab.vsphere.properties import Properties, all_paths, compile_path, val_xml
from backends.lab.vsphere.service import Service
from backends.lab.vsphere.soap import VERSIONS, type_name, value_xml, version_of
from backends.lab.vsphere.views_vm import VM_LEAVES, extra_config_xml
from tests.backends.lab.vsphere.vs_estate import PASSWORD, USER, Estate, connected, running

PC = vmodl.query.PropertyCollector


@pytest.fixture
def service(estate: Estate) -> Iterator[Any]:
    with connected(estate) as service:
        yield service


def view_of(service: Any, *types: Any) -> Any:
    content = service.content
    return content.viewManager.CreateContainerView(content.rootFolder, list(types), True)


def spec_of(view: Any, kind: Any, *paths: str) -> Any:
    walk = PC.TraversalSpec(name="members", type=vim.view.ContainerView, path="view", skip=False)
    return PC.FilterSpec(
        propSet=[PC.PropertySpec(type=kind, pathSet=list(paths))],
        objectSet=[PC.ObjectSpec(obj=view, skip=True, selectSet=[walk])],
    )


def vm_named(service: Any, name: str) -> Any:
    return service.content.searchIndex.FindChild(service.content.rootFolder.childEntity[0].vmFolder, name)


def test_it_logs_in_says_who_it_is_and_logs_out(estate: Estate) -> None:
    with connected(estate) as service:
        assert service.content.about.apiType == "VirtualCenter"
        assert service.content.sessionManager.currentSession.userName == USER
        assert estate.device.counters.sessions == 1
    assert (estate.device.counters.logouts, estate.device.counters.sessions) == (1, 0)


def test_a_wrong_password_is_invalid_login(estate: Estate) -> None:
    with pytest.raises(vim.fault.InvalidLogin):
        SmartConnect(host="127.0.0.1", port=estate.port, user=USER, pwd="x", sslContext=estate.context())


def test_the_same_library_without_a_ca_is_refused_by_its_own_check(estate: Estate, tmp_path: Path) -> None:
    import ssl

    with pytest.raises(ssl.SSLCertVerificationError):
        SmartConnect(
            host="127.0.0.1", port=estate.port, user=USER, pwd=PASSWORD, sslContext=ssl.create_default_context()
        )


def test_a_container_view_lists_all_of_a_type_and_walks_the_whole_tree(service: Any, estate: Estate) -> None:
    assert len(view_of(service, vim.VirtualMachine).view) == 6
    assert {one.name for one in view_of(service, vim.HostSystem).view} == {"esx1.example", "esx2.example"}
    everything = {type(one).__name__ for one in view_of(service).view}
    assert {
        "vim.Datacenter",
        "vim.Folder",
        "vim.ClusterComputeResource",
        "vim.ResourcePool",
        "vim.Network",
    } <= everything
    folder = service.content.rootFolder.childEntity[0].vmFolder
    flat = service.content.viewManager.CreateContainerView(folder, [vim.VirtualMachine], False)
    assert len(flat.view) == 6
    flat.DestroyView()
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        _ = flat.view


def test_max_objects_really_pages_and_the_pages_hold_everything_once(service: Any) -> None:
    collector = service.content.propertyCollector
    spec = spec_of(view_of(service, vim.VirtualMachine), vim.VirtualMachine, "name")
    sizes, names = [], []
    page = collector.RetrievePropertiesEx([spec], PC.RetrieveOptions(maxObjects=4))
    while page:
        sizes.append(len(page.objects))
        names += [one.propSet[0].val for one in page.objects]
        page = collector.ContinueRetrievePropertiesEx(page.token) if page.token else None
    assert sizes == [4, 2]
    assert sorted(names) == [f"vm{n}" for n in range(6)]
    page = collector.RetrievePropertiesEx([spec], PC.RetrieveOptions(maxObjects=1))
    collector.CancelRetrievePropertiesEx(page.token)
    with pytest.raises(vmodl.fault.InvalidArgument):
        collector.ContinueRetrievePropertiesEx(page.token)


def test_traversal_specs_by_name_walk_folders_recursively(service: Any) -> None:
    """The walk that published samples use: folder to folder and datacenter to folder, by named selections."""
    again = [PC.SelectionSpec(name=name) for name in ("folders", "dc2vm")]
    folders = PC.TraversalSpec(name="folders", type=vim.Folder, path="childEntity", skip=False, selectSet=again)
    datacenters = PC.TraversalSpec(
        name="dc2vm", type=vim.Datacenter, path="vmFolder", skip=False, selectSet=[PC.SelectionSpec(name="folders")]
    )
    spec = PC.FilterSpec(
        propSet=[PC.PropertySpec(type=vim.VirtualMachine, pathSet=["name"])],
        objectSet=[PC.ObjectSpec(obj=service.content.rootFolder, skip=False, selectSet=[folders, datacenters])],
    )
    found = service.content.propertyCollector.RetrieveContents([spec])
    assert sorted(one.propSet[0].val for one in found) == [f"vm{n}" for n in range(6)]


def test_nested_and_keyed_paths_are_read(service: Any) -> None:
    view = view_of(service, vim.VirtualMachine)
    paths = (
        "config.hardware.device[4000].macAddress", "config.hardware.device[2000].backing.fileName",
        'config.extraConfig["svga.present"].value', "config.hardware.device[9999]",
    )  # fmt: skip
    found = service.content.propertyCollector.RetrieveContents([spec_of(view, vim.VirtualMachine, *paths)])
    got = {one.name: one.val for one in found[0].propSet}
    assert got["config.hardware.device[2000].backing.fileName"] == "[ds01] vm0/vm0.vmdk"
    assert got["config.hardware.device[4000].macAddress"].startswith("00:50:56:")
    assert got['config.extraConfig["svga.present"].value'] == "TRUE"
    assert "config.hardware.device[9999]" not in got


def test_all_properties_of_every_kind_of_object_are_written_and_read_back(service: Any, estate: Estate) -> None:
    WaitForTask(vm_named(service, "vm0").CreateSnapshot_Task("s", "", False, False))
    objects = [*view_of(service).view, *service.content.taskManager.recentTask]
    objects += [host.configManager.storageSystem for host in view_of(service, vim.HostSystem).view]
    for one in objects:
        spec = PC.FilterSpec(propSet=[PC.PropertySpec(type=type(one), all=True)], objectSet=[PC.ObjectSpec(obj=one)])
        (read,) = service.content.propertyCollector.RetrieveContents([spec])
        assert read.obj == one
        assert not read.missingSet
        for prop in read.propSet:
            fetched = getattr(one, prop.name)
            if prop.name not in ("timestamp", "serverClock", "info", "summary"):
                assert SoapAdapter.Serialize(fetched) == SoapAdapter.Serialize(prop.val), prop.name


def test_the_quick_leaves_are_what_the_vendor_s_serializer_writes(estate: Estate) -> None:
    service = Service(estate.world, estate.device, estate.state)
    properties: Properties = service.properties
    version = version_of("")
    vm = estate.vms[0]
    vm.home.extra["ä<&>\"'"] = "]]> & < '"
    vm.name = vm.home.name = "a<b&c>"
    for text in (*VM_LEAVES, "config.extraConfig", "name"):
        path = compile_path("VirtualMachine", text)
        slow = properties.long_way(vm, path)
        quick = extra_config_xml(vm) if text == "config.extraConfig" else val_xml(
            properties.value(vm, path), path.declared, version
        )  # fmt: skip
        if slow is not None and path.declared is VmomiSupport.long:
            slow = VmomiSupport.long(slow)
        if isinstance(slow, str) and issubclass(path.declared, VmomiSupport.Enum):
            slow = path.declared(slow)
        if slow is not None and isinstance(slow, list):
            slow = path.declared(slow)
        expected = None if slow is None else value_xml("val", slow, object, version)
        if expected and slow.__class__.__mro__[1] is VmomiSupport.ManagedObject:
            assert quick and SoapAdapter.Deserialize(_rooted(quick)) == SoapAdapter.Deserialize(_rooted(expected))
            continue
        assert quick == expected, text


def _rooted(xml: str) -> str:
    return xml.replace(
        "<val ", '<val xmlns="urn:vim25" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema" ', 1,
    )  # fmt: skip


@pytest.mark.parametrize("version", [VERSIONS[0], "7.0.3.0", "6.7", "6.0", "5.0"])
def test_clients_of_older_versions_are_served(estate: Estate, version: str) -> None:
    named = VmomiSupport.GetVersionFromVersionUri(f"urn:vim25/{version}")
    service = SmartConnect(
        host="127.0.0.1", port=estate.port, user=USER, pwd=PASSWORD, sslContext=estate.context(),
        preferredApiVersions=[named],
    )  # fmt: skip
    vm = vm_named(service, "vm0")
    assert vm.runtime.powerState == "poweredOn"
    assert vm.config.hardware.numCPU == 2
    assert vm.summary.storage.committed > 0
    service.content.sessionManager.Logout()


# ------------------------------------------------------------------------------------------------------------ changes


def test_wait_for_updates_tells_what_entered_changed_and_left(service: Any, estate: Estate) -> None:
    collector = service.content.propertyCollector.CreatePropertyCollector()
    view = view_of(service, vim.VirtualMachine)
    collector.CreateFilter(spec_of(view, vim.VirtualMachine, "name", "runtime.powerState", "guest.ipAddress"), False)
    options = PC.WaitOptions(maxWaitSeconds=1, maxObjectUpdates=4)
    first = collector.WaitForUpdatesEx("", options)
    assert (len(first.filterSet[0].objectSet), first.truncated) == (4, True)
    second = collector.WaitForUpdatesEx(first.version, options)
    assert (len(second.filterSet[0].objectSet), bool(second.truncated)) == (2, False)
    assert collector.WaitForUpdatesEx(second.version, PC.WaitOptions(maxWaitSeconds=0)) is None
    WaitForTask(vm_named(service, "vm0").PowerOffVM_Task())
    third = collector.WaitForUpdatesEx(second.version, options)
    (change,) = third.filterSet[0].objectSet
    assert (change.kind, {one.name: one.val for one in change.changeSet}) == (
        "modify", {"runtime.powerState": "poweredOff", "guest.ipAddress": None},
    )  # fmt: skip
    again = collector.WaitForUpdatesEx(second.version, options)
    assert again.version == third.version, "an answer that was lost is given again"
    vm_named(service, "vm1").UnregisterVM()
    fourth = collector.WaitForUpdatesEx(third.version, options)
    assert [(one.kind, one.obj._moId) for one in fourth.filterSet[0].objectSet] == [("leave", "vm-1002")]
    collector.DestroyPropertyCollector()


def test_a_change_wakes_a_client_that_waits(service: Any, estate: Estate) -> None:
    collector = service.content.propertyCollector
    view = view_of(service, vim.VirtualMachine)
    made = collector.CreateFilter(spec_of(view, vim.VirtualMachine, "name"), False)
    version = collector.WaitForUpdatesEx("", None).version
    answers: list[Any] = []
    waiting = threading.Thread(
        target=lambda: answers.append(collector.WaitForUpdatesEx(version, PC.WaitOptions(maxWaitSeconds=15)))
    )
    waiting.start()
    with estate.world.turn():
        estate.state.rename("vm3", "renamed")
    waiting.join(20)
    assert answers[0].filterSet[0].objectSet[0].changeSet[0].val == "renamed"
    made.DestroyPropertyFilter()


def test_a_wait_can_be_cancelled(service: Any, estate: Estate) -> None:
    collector = service.content.propertyCollector.CreatePropertyCollector()
    seen: list[object] = []

    def wait() -> None:
        try:
            collector.WaitForUpdatesEx("", PC.WaitOptions(maxWaitSeconds=15))
        except vmodl.fault.RequestCanceled as fault:
            seen.append(fault)

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not seen and waiting.is_alive():
        collector.CancelWaitForUpdates()
        waiting.join(0.1)
    assert len(seen) == 1


# -------------------------------------------------------------------------------------------------------------- verbs


def test_power_goes_on_and_off_and_tools_come_up_after_the_boot(service: Any, estate: Estate) -> None:
    vm = vm_named(service, "vm1")
    WaitForTask(vm.PowerOnVM_Task())
    assert vm.runtime.powerState == "poweredOn"
    estate.until(lambda: vm.guest.toolsRunningStatus == "guestToolsRunning")
    assert vm.guest.ipAddress == "192.0.2.2"
    with pytest.raises(vim.fault.InvalidPowerState) as caught:
        WaitForTask(vm.PowerOnVM_Task())
    assert caught.value.existingState == "poweredOn"
    vm.ShutdownGuest()
    estate.until(lambda: vm.runtime.powerState == "poweredOff")
    with pytest.raises(vim.fault.InvalidPowerState):
        vm.ShutdownGuest()
    WaitForTask(vm.PowerOnVM_Task())
    WaitForTask(vm.SuspendVM_Task())
    assert vm.runtime.powerState == "suspended"
    WaitForTask(vm.PowerOnVM_Task())
    WaitForTask(vm.PowerOffVM_Task())
    assert estate.world.referee.violations == []


def test_a_guest_without_running_tools_cannot_be_asked(service: Any, estate: Estate) -> None:
    estate.vms[0].tools_running = False
    with pytest.raises(vim.fault.ToolsUnavailable):
        vm_named(service, "vm0").ShutdownGuest()


def test_a_task_shows_progress_and_the_machine_does_one_at_a_time(identities: Path) -> None:
    with running(identities, speed=0) as estate, connected(estate) as service:
        vm = vm_named(service, "vm0")
        task = vm.CreateSnapshot_Task("s", "", False, False)
        assert (task.info.state, task.info.progress) == ("running", 0)
        estate.pass_time(0.06)
        assert task.info.progress == 50
        second = vm.PowerOffVM_Task()
        assert isinstance(second.info.error, vim.fault.TaskInProgress)
        estate.pass_time(0.1)
        assert (task.info.state, task.info.progress) == ("success", 100)
        assert task.info.entity == vm
        assert vm.recentTask[-1] == second


def test_snapshots_make_a_tree_hold_their_moment_and_give_it_back(service: Any, estate: Estate) -> None:
    vm, record = vm_named(service, "vm0"), estate.vms[0]
    estate.pass_time(30)
    WaitForTask(vm.CreateSnapshot_Task("first", "one", False, True))
    held = estate.state.objects["snapshot-1001"].images[2000].generation  # type: ignore[attr-defined]
    assert held >= 30
    WaitForTask(vm.CreateSnapshot_Task("second", "two", False, False))
    tree = vm.snapshot.rootSnapshotList[0]
    assert (tree.name, tree.quiesced, tree.childSnapshotList[0].name) == ("first", True, "second")
    assert vm.snapshot.currentSnapshot == tree.childSnapshotList[0].snapshot
    estate.pass_time(30)
    WaitForTask(tree.snapshot.RevertToSnapshot_Task())
    assert vm.runtime.powerState == "poweredOff"
    assert record.home.disks[0].volume.stored.generation == held
    WaitForTask(tree.snapshot.RemoveSnapshot_Task(False))
    assert [one.name for one in vm.snapshot.rootSnapshotList] == ["second"]
    WaitForTask(vm.RemoveAllSnapshots_Task(False))
    assert vm.snapshot is None
    assert vm.runtime.consolidationNeeded
    WaitForTask(vm.ConsolidateVMDisks_Task())
    assert not vm.runtime.consolidationNeeded


def test_a_clone_has_an_identity_of_its_own_and_runs_beside_its_source_at_the_referee_s_word(
    service: Any, estate: Estate
) -> None:
    estate.pass_time(10)
    vm = vm_named(service, "vm0")
    spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(), powerOn=False, template=False)
    task = vm.CloneVM_Task(vm.parent, "copy", spec)
    WaitForTask(task)
    copy = task.info.result
    assert copy.name == "copy"
    assert copy.config.instanceUuid != vm.config.instanceUuid
    assert copy.config.hardware.device[-1].macAddress != vm.config.hardware.device[-1].macAddress
    with pytest.raises(vim.fault.DuplicateName):
        WaitForTask(vm.CloneVM_Task(vm.parent, "copy", spec))
    WaitForTask(copy.PowerOnVM_Task())
    assert [one.rule for one in estate.world.referee.violations] == ["two live writers of one volume set"]


def test_reconfigure_sets_mac_network_and_extra_config_or_nothing(service: Any, estate: Estate) -> None:
    vm = vm_named(service, "vm1")
    before = vm.config.changeVersion
    card = next(one for one in vm.config.hardware.device if isinstance(one, vim.vm.device.VirtualEthernetCard))
    card.addressType, card.macAddress = "manual", "00:50:56:01:02:03"
    card.backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(
        deviceName="DRILL", network=vim.Network(estate.drill.moid)
    )
    change = vim.vm.device.VirtualDeviceSpec(operation="edit", device=card)
    extra = [vim.option.OptionValue(key="drdeck.replica.complete", value="true")]
    WaitForTask(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change], extraConfig=extra, numCPUs=4)))
    read = next(one for one in vm.config.hardware.device if isinstance(one, vim.vm.device.VirtualEthernetCard))
    assert (read.macAddress, read.addressType, read.backing.network.name) == ("00:50:56:01:02:03", "manual", "DRILL")
    assert "drdeck.replica.complete" in {one.key for one in vm.config.extraConfig}
    assert (vm.config.hardware.numCPU, vm.config.changeVersion != before) == (4, True)
    assert estate.vms[1].writer.nics[0].segment is estate.world.segments["drill"]
    bad = vim.vm.device.VirtualDeviceSpec(operation="edit", device=vim.vm.device.VirtualVmxnet3(key=4711))
    with pytest.raises(vim.fault.InvalidDeviceSpec):
        WaitForTask(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[bad], numCPUs=8)))
    assert vm.config.hardware.numCPU == 4
    with pytest.raises(vim.fault.ConcurrentAccess):
        WaitForTask(vm.ReconfigVM_Task(vim.vm.ConfigSpec(changeVersion=before, numCPUs=8)))
    with pytest.raises(vim.fault.InvalidPowerState):
        WaitForTask(vm_named(service, "vm0").ReconfigVM_Task(vim.vm.ConfigSpec(numCPUs=8)))


def test_the_production_mac_on_a_running_copy_is_seen_by_the_referee_only_on_the_same_network(
    service: Any, estate: Estate
) -> None:
    mac = estate.vms[0].home.nics[0].mac
    colons = ":".join(mac[i : i + 2] for i in range(0, 12, 2))
    vm = vm_named(service, "vm1")
    for network, expected in ((estate.drill, 0), (estate.network, 1)):
        card = vim.vm.device.VirtualVmxnet3(
            key=4000, addressType="manual", macAddress=colons,
            backing=vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(network=vim.Network(network.moid)),
        )  # fmt: skip
        change = vim.vm.device.VirtualDeviceSpec(operation="edit", device=card)
        WaitForTask(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change])))
        WaitForTask(vm.PowerOnVM_Task())
        assert len(estate.world.referee.violations) == expected
        WaitForTask(vm.PowerOffVM_Task())


def test_a_machine_leaves_the_inventory_its_files_stay_and_it_comes_back(service: Any, estate: Estate) -> None:
    vm = vm_named(service, "vm1")
    identity, folder = vm.config.instanceUuid, vm.parent
    path = vm.config.files.vmPathName
    vm.UnregisterVM()
    with pytest.raises(vmodl.fault.ManagedObjectNotFound):
        _ = vm.name
    pool = view_of(service, vim.ResourcePool).view[0]
    task = folder.RegisterVM_Task(path, None, False, pool, None)
    WaitForTask(task)
    again = task.info.result
    assert (again.name, again.config.instanceUuid) == ("vm1", identity)
    with pytest.raises(vim.fault.AlreadyExists):
        WaitForTask(folder.RegisterVM_Task(path, "other", False, pool, None))
    with pytest.raises(vim.fault.NotFound):
        WaitForTask(folder.RegisterVM_Task("[ds01] nothing/here.vmx", None, False, pool, None))
    WaitForTask(again.Rename_Task("newname"))
    WaitForTask(again.Destroy_Task())
    with pytest.raises(vim.fault.NotFound):
        WaitForTask(folder.RegisterVM_Task(path, None, False, pool, None))
    with pytest.raises(vim.fault.InvalidPowerState):
        WaitForTask(vm_named(service, "vm0").Destroy_Task())


def test_the_search_index_finds_by_path_uuid_address_and_name(service: Any, estate: Estate) -> None:
    index, vm = service.content.searchIndex, vm_named(service, "vm0")
    assert index.FindByInventoryPath("DC/vm/vm0") == vm
    assert index.FindByInventoryPath("/DC/host/cluster/esx1.example") == vim.HostSystem("host-1001")
    assert index.FindByInventoryPath("DC/vm/none") is None
    assert index.FindByUuid(None, vm.config.instanceUuid, True, True) == vm
    assert index.FindByUuid(None, vm.config.uuid, True) == vm
    assert index.FindByIp(None, "192.0.2.1", True) == vm
    assert index.FindByDnsName(None, "vm0", True) == vm
    assert index.FindByDatastorePath(service.content.rootFolder.childEntity[0], "[ds01] vm0/vm0.vmx") == vm


def test_folders_are_made_once(service: Any) -> None:
    folder = service.content.rootFolder.childEntity[0].vmFolder
    made = folder.CreateFolder("replicas")
    assert (made.name, made.parent, made.childType) == ("replicas", folder, folder.childType)
    with pytest.raises(vim.fault.DuplicateName):
        folder.CreateFolder("replicas")


def test_a_standalone_host_says_no_instance_uuid_and_cannot_clone(identities: Path) -> None:
    with running(identities, api_type="HostAgent") as estate, connected(estate) as service:
        assert service.content.about.apiType == "HostAgent"
        assert service.content.about.instanceUuid is None
        vm = view_of(service, vim.VirtualMachine).view[0]
        assert vm._moId == "1001"
        spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(), powerOn=False, template=False)
        with pytest.raises(vmodl.fault.NotSupported):
            WaitForTask(vm.CloneVM_Task(vm.parent, "copy", spec))
        WaitForTask(vm.PowerOffVM_Task())


def test_every_type_the_door_serves_is_one_of_the_vendor_s(estate: Estate) -> None:
    for record in estate.state.objects.values():
        assert all_paths(type_name(record))
