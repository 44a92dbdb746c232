"""Machines cross as OVF and disks over HTTPS, and file systems on replicated LUNs are taken into use."""

from __future__ import annotations

import hashlib
import http.client
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyVim.task import WaitForTask
from pyVmomi import vim, vmodl

from backends.lab.volumes import Image, Segment, Volume
from backends.lab.vsphere import disks, ovf
from backends.lab.vsphere.disks import Content
from backends.lab.vsphere.records import Refusal
from backends.lab.vsphere.state import GIB, VSphereState
from backends.lab.world import World
from store.estate import PowerState, SiteRole
from tests.backends.lab.vsphere.vs_estate import Estate, connected, running


def over_https(estate: Estate, method: str, url: str, body: bytes | None = None) -> tuple[int, bytes]:
    parts = urlsplit(url)
    assert parts.port is not None
    client = http.client.HTTPSConnection("127.0.0.1", parts.port, timeout=20, context=estate.context())
    client.request(method, parts.path, body)
    answer = client.getresponse()
    return answer.status, answer.read()


def ready(estate: Estate, lease: Any) -> Any:
    estate.until(lambda: lease.state == "ready")
    return lease.info


def vm_named(service: Any, name: str) -> Any:
    return service.content.searchIndex.FindByInventoryPath(f"DC/vm/{name}")


def exported(estate: Estate, service: Any, lease: Any, vm: Any) -> tuple[list[bytes], str]:
    """The bytes of all disks of a lease and the descriptor, as an export tool gets them."""
    info = ready(estate, lease)
    contents, files = [], []
    for device in info.deviceUrl:
        status, content = over_https(estate, "GET", device.url)
        assert (status, len(content)) == (200, device.fileSize)
        contents.append(content)
        files.append(vim.OvfManager.OvfFile(deviceId=device.key, path=device.targetId, size=len(content)))
        lease.HttpNfcLeaseProgress(50)
    manifest = lease.HttpNfcLeaseGetManifest()
    assert [one.sha1 for one in manifest] == [hashlib.sha1(content).hexdigest() for content in contents]
    params = vim.OvfManager.CreateDescriptorParams(name=vm.name, ovfFiles=files)
    text = service.content.ovfManager.CreateDescriptor(vm, params).ovfDescriptor
    lease.HttpNfcLeaseComplete()
    return contents, text


def import_of(estate: Estate, service: Any, text: str, name: str) -> tuple[Any, Any]:
    """The lease of an import and the file items that it asks for."""
    pool = vim.ResourcePool(estate.state.hosts[0].cluster.pool.moid, service._stub)  # type: ignore[union-attr]
    store = vim.Datastore(estate.datastore.moid)
    params = vim.OvfManager.CreateImportSpecParams(entityName=name)
    made = service.content.ovfManager.CreateImportSpec(text, pool, store, params)
    assert not made.error
    folder = service.content.rootFolder.childEntity[0].vmFolder
    return pool.ImportVApp(made.importSpec, folder, None), made.fileItem


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_replica_imported_from_a_snapshot_s_export_holds_the_generations_of_that_moment(
    estate: Estate, method: str
) -> None:
    with connected(estate) as service:
        estate.pass_time(40)
        vm = vm_named(service, "vm0")
        WaitForTask(vm.CreateSnapshot_Task("pass", "", False, True))
        frozen = estate.state.objects["snapshot-1001"].images[2000]  # type: ignore[attr-defined]
        estate.pass_time(25)
        lease = vm.snapshot.currentSnapshot.ExportSnapshot()
        (content,), text = exported(estate, service, lease, vm)
        upload, (item,) = import_of(estate, service, text, "vm0_replica")
        info = ready(estate, upload)
        assert info.deviceUrl[0].importKey == item.deviceId
        status, _ = over_https(estate, method, info.deviceUrl[0].url, content)
        assert status in (200, 201)
        upload.HttpNfcLeaseComplete()
        assert upload.state == "done"
        replica = vm_named(service, "vm0_replica")
        assert (replica.runtime.powerState, replica.config.hardware.numCPU) == ("poweredOff", 2)
        record = next(one for one in estate.state.vms.values() if one.name == "vm0_replica")
        assert record.home.disks[0].volume.stored == frozen
        assert record.home.disks[0].capacity == 40 * GIB
        assert frozen.generation >= 40
        assert estate.world.referee.violations == []


def test_a_running_machine_exports_only_from_a_snapshot(estate: Estate) -> None:
    with connected(estate) as service, pytest.raises(vim.fault.InvalidPowerState):
        vm_named(service, "vm0").ExportVm()


def test_a_lease_without_progress_ends_and_what_its_import_made_goes_away(identities: Path) -> None:
    with running(identities, speed=0) as estate, connected(estate) as service:
        vm = vm_named(service, "vm1")
        _, text = exported(estate, service, vm.ExportVm(), vm)
        upload, _ = import_of(estate, service, text, "half")
        url = ready(estate, upload).deviceUrl[0].url
        estate.pass_time(200)
        upload.HttpNfcLeaseProgress(10)
        estate.pass_time(200)
        assert upload.state == "ready"
        estate.pass_time(301)
        assert upload.state == "error"
        assert isinstance(upload.error, vim.fault.Timedout)
        assert vm_named(service, "half") is None
        assert over_https(estate, "PUT", url, b"late")[0] == 404
        with pytest.raises(vim.fault.Timedout):
            upload.HttpNfcLeaseComplete()


def test_an_aborted_import_leaves_nothing_and_an_aborted_export_frees_the_machine(estate: Estate) -> None:
    with connected(estate) as service:
        vm = vm_named(service, "vm1")
        _, text = exported(estate, service, vm.ExportVm(), vm)
        upload, _ = import_of(estate, service, text, "half")
        upload.HttpNfcLeaseAbort()
        assert vm_named(service, "half") is None
        lease = vm.ExportVm()
        with pytest.raises(vim.fault.InvalidState):
            vm.ExportVm()
        lease.HttpNfcLeaseAbort()
        WaitForTask(vm.PowerOnVM_Task())


def test_a_datastore_that_fills_up_while_a_disk_arrives_ends_the_import_with_that(identities: Path) -> None:
    with running(identities) as estate, connected(estate) as service:
        vm = vm_named(service, "vm1")
        (content,), text = exported(estate, service, vm.ExportVm(), vm)
        upload, _ = import_of(estate, service, text, "half")
        url = ready(estate, upload).deviceUrl[0].url
        estate.datastore.used = estate.datastore.capacity
        assert over_https(estate, "POST", url, content)[0] == 500
        assert upload.state == "error"
        assert isinstance(upload.error, vim.fault.NoDiskSpace)
        assert vm_named(service, "half") is None


def ranged(estate: Estate, url: str, asked: str) -> tuple[int, str | None, bytes]:
    parts = urlsplit(url)
    assert parts.port is not None
    client = http.client.HTTPSConnection("127.0.0.1", parts.port, timeout=20, context=estate.context())
    client.request("GET", parts.path, headers={"Range": asked})
    answer = client.getresponse()
    return answer.status, answer.headers.get("Content-Range"), answer.read()


def test_a_range_of_a_disk_is_given_as_it_is_asked_for(estate: Estate) -> None:
    with connected(estate) as service:
        lease = vm_named(service, "vm1").ExportVm()
        (device,) = ready(estate, lease).deviceUrl
        whole, size = over_https(estate, "GET", device.url)[1], device.fileSize
        assert ranged(estate, device.url, "bytes=70000-") == (206, f"bytes 70000-{size - 1}/{size}", whole[70000:])
        assert ranged(estate, device.url, "bytes=5-5") == (206, f"bytes 5-5/{size}", whole[5:6])
        assert ranged(estate, device.url, "bytes=-7") == (206, f"bytes {size - 7}-{size - 1}/{size}", whole[-7:])
        assert ranged(estate, device.url, f"bytes={size}-") == (416, f"bytes */{size}", b"")
        assert ranged(estate, device.url, "bytes=0-1,5-6") == (200, None, whole)
        lease.HttpNfcLeaseAbort()


def test_the_manifest_gives_the_checksum_that_was_asked_for(estate: Estate) -> None:
    with connected(estate) as service:
        lease = vm_named(service, "vm1").ExportVm()
        (device,) = ready(estate, lease).deviceUrl
        with pytest.raises(vmodl.fault.InvalidArgument):
            lease.HttpNfcLeaseSetManifestChecksumType([vim.KeyValue(key=device.key, value="md5")])
        lease.HttpNfcLeaseSetManifestChecksumType([vim.KeyValue(key=device.key, value="sha256")])
        ranged(estate, device.url, "bytes=0-999")
        whole = over_https(estate, "GET", device.url)[1]
        (entry,) = lease.HttpNfcLeaseGetManifest()
        assert (entry.checksumType, entry.checksum) == ("sha256", hashlib.sha256(whole).hexdigest())
        lease.HttpNfcLeaseAbort()


@pytest.mark.parametrize("changed", [0, 70_000, -1])
def test_a_byte_that_changed_on_its_way_makes_another_disk_and_is_given_back(estate: Estate, changed: int) -> None:
    with connected(estate) as service:
        vm = vm_named(service, "vm1")
        (content,), text = exported(estate, service, vm.ExportVm(), vm)
        other = bytearray(content)
        other[changed] ^= 1
        upload, _ = import_of(estate, service, text, "other")
        assert over_https(estate, "POST", ready(estate, upload).deviceUrl[0].url, bytes(other))[0] == 200
        upload.HttpNfcLeaseComplete()
        assert exported(estate, service, vm_named(service, "other").ExportVm(), vm)[0] == [bytes(other)]
        record = next(one for one in estate.state.vms.values() if one.name == "other")
        assert record.home.disks[0].volume.stored.origin == f"upload:{hashlib.sha256(other).hexdigest()}"


def test_a_full_datastore_refuses_the_import(estate: Estate) -> None:
    with connected(estate) as service:
        vm = vm_named(service, "vm1")
        _, text = exported(estate, service, vm.ExportVm(), vm)
        estate.datastore.used = estate.datastore.capacity
        with pytest.raises(vim.fault.InsufficientStorageSpace):
            import_of(estate, service, text, "big")


def test_a_descriptor_that_is_none_is_an_error_of_the_result(estate: Estate) -> None:
    with connected(estate) as service:
        pool = vim.ResourcePool(estate.state.hosts[0].cluster.pool.moid)  # type: ignore[union-attr]
        made = service.content.ovfManager.CreateImportSpec(
            "<Envelope/>", pool, vim.Datastore(estate.datastore.moid), vim.OvfManager.CreateImportSpecParams()
        )
        assert made.importSpec is None
        assert isinstance(made.error[0], vim.fault.OvfInvalidPackage)


IMAGES = st.builds(
    Image,
    st.text(min_size=1, max_size=20),
    st.text(max_size=20),
    st.lists(st.builds(Segment, st.text(max_size=10), st.integers(0, 10**9)), max_size=4).map(tuple),
    st.floats(0, 1e10),
)


@given(image=IMAGES, capacity=st.integers(1, 1 << 40), data=st.integers(0, 1 << 18), used=st.integers(0, 1 << 44))
def test_a_disk_s_file_carries_its_image(image: Image, capacity: int, data: int, used: int) -> None:
    content = Content(image, capacity, data, used)
    file = disks.file_of(content)
    head = file.read(0, 1 << 16)
    assert head[:4] == b"KDMV"
    assert disks.content_of(head) == content


@given(content=st.binary(max_size=200))
def test_any_other_file_is_of_unknown_content(content: bytes) -> None:
    assert disks.content_of(content) is None
    assert disks.content_of(b"KDMV" + content) is None


@given(text=st.text(max_size=200))
def test_a_text_that_is_no_descriptor_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        ovf.parse(text)


# ---------------------------------------------------------------------------------------------------- replicated LUNs


class Array:
    """An array for the SAN: shows the same volumes to every WWPN."""

    def __init__(self) -> None:
        self.shown: list[Volume] = []

    def volumes_seen_by(self, wwpns: Any) -> list[Volume]:
        return self.shown if wwpns else []


def test_a_copy_of_a_lun_is_resignatured_and_its_machine_registered_asks_where_it_comes_from(identities: Path) -> None:
    with running(identities) as estate:
        world, array = estate.world, Array()
        registry = estate.state.vmfs
        assert registry is not None
        world.add_fabric("paris", array)
        host = estate.state.hosts[0]
        host.wwpns = ("21000024ff000001",)
        lun = Volume("array", "lun1", 1024 * GIB, serial="624A93700001")
        with world.turn():
            other = VSphereState(world, "vc-elsewhere", "paris")
            other.add_datacenter("DC2")
            other.add_host("esx9.example", wwpns=("21000024ff000009",))
            store = registry.format(other, "lunstore", lun, 1024 * GIB)
            other.add_vm("onlun", store, running=True)
            copy = Volume("array2", "lun1copy", 1024 * GIB, serial="624A93700002", stored=lun.image(world.now))
            array.shown = [copy]
        with connected(estate) as service:
            _power_on_asks(estate, _resignatured(estate, service))


def _resignatured(estate: Estate, service: Any) -> Any:
    """The machine on the copy of the LUN, registered after the copy got a signature of its own."""
    host = vim.HostSystem(estate.state.hosts[0].moid, service._stub)
    storage = host.configManager.storageSystem
    assert storage.QueryUnresolvedVmfsVolume() == []
    storage.RescanAllHba()
    storage.RescanVmfs()
    (unresolved,) = storage.QueryUnresolvedVmfsVolume()
    assert (unresolved.vmfsLabel, unresolved.resolveStatus.resolvable) == ("lunstore", True)
    assert "naa.624a93700002" in {one.canonicalName for one in storage.storageDeviceInfo.scsiLun}
    spec = vim.host.UnresolvedVmfsResolutionSpec(
        extentDevicePath=[unresolved.extent[0].devicePath], uuidResolution="resignature"
    )
    (done,) = storage.ResolveMultipleUnresolvedVmfsVolumes([spec])
    assert done.fault is None
    assert done.vmfs.name.startswith("snap-")
    assert storage.QueryUnresolvedVmfsVolume() == []
    folder = service.content.rootFolder.childEntity[0].vmFolder
    pool = vim.ResourcePool(estate.state.hosts[0].cluster.pool.moid)  # type: ignore[union-attr]
    task = folder.RegisterVM_Task(f"[{done.vmfs.name}] onlun/onlun.vmx", None, False, pool, None)
    WaitForTask(task)
    return task.info.result


def _power_on_asks(estate: Estate, vm: Any) -> None:
    task = vm.PowerOnVM_Task()
    estate.until(lambda: vm.runtime.question is not None)
    question = vm.runtime.question
    assert {one.label for one in question.choice.choiceInfo} >= {"button.uuid.movedTheVM", "button.uuid.copiedTheVM"}
    estate.pass_time(30)
    assert task.info.state == "running"
    with pytest.raises(vmodl.fault.InvalidArgument):
        vm.AnswerVM(question.id, "7")
    vm.AnswerVM(question.id, "1")
    WaitForTask(task)
    assert vm.runtime.powerState == "poweredOn"
    record = estate.state.vms[vm._moId]
    assert [one.name for one in record.writer.volumes] == ["lun1copy"]
    assert "two live writers of one volume set" in {one.rule for one in estate.world.referee.violations}


def test_a_dark_site_takes_its_machines_down_and_nothing_starts_by_itself() -> None:
    world = World()
    world.add_site("paris", SiteRole.PROD)
    state = VSphereState(world, "vc", "paris")
    state.add_datacenter("DC")
    state.add_host("esx1")
    vm = state.add_vm("a", state.add_datastore("ds", 1000 * GIB), running=True)
    assert vm.writer.running
    with world.turn():
        world.set_dark("paris", True)
        world.set_dark("paris", False)
    assert (vm.power, vm.writer.running, vm.tools_running) == (PowerState.OFF, False, False)
