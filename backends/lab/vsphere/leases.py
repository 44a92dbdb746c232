"""Exports and imports: a lease gives a URL per disk and lives only while its holder reports progress."""

from __future__ import annotations

from backends.lab.volumes import Image
from backends.lab.vsphere import disks, machines, tasks
from backends.lab.vsphere.disks import Content
from backends.lab.vsphere.records import Lease, LeaseFile, Refusal, Snapshot, Vm
from backends.lab.vsphere.state import VSphereState
from backends.lab.vsphere.sums import KINDS, Sums
from backends.lab.vsphere.uploads import Upload
from store.estate import PowerState


def export_vm(state: VSphereState, vm: Vm) -> Lease:
    """ExportVm: of a machine that is off."""
    machines.must_be(vm, PowerState.OFF)
    now = state.world.now
    return _export(state, vm, {disk.key: disk.volume.image(now) for disk in vm.home.disks})


def export_snapshot(state: VSphereState, snapshot: Snapshot) -> Lease:
    """ExportSnapshot: of what a snapshot holds; the machine may run."""
    assert snapshot.vm is not None
    return _export(state, snapshot.vm, snapshot.images)


def _export(state: VSphereState, vm: Vm, images: dict[int, Image]) -> Lease:
    tasks.must_be_idle(state, vm)
    lease = Lease(_new_id(state), vm.name, vm=vm, timeout_s=state.lease_s)
    for number, disk in enumerate(d for d in vm.home.disks if d.key in images):
        image = images[disk.key]
        content = state.uploads.get(image.origin) if not image.history else None
        if content is None:
            data = 0 if image.blank else disk.data
            content = disks.file_of(Content(image, disk.capacity, data, disk.bytes_used))
        key = f"/{vm.moid}/VirtualLsiLogicController0:{number}"
        lease.files.append(LeaseFile(key, "", disk, image, content, f"disk-{number}.vmdk"))
    vm.busy = lease.moid
    return _open(state, lease)


def import_vm(state: VSphereState, vm: Vm, keys: list[str]) -> Lease:
    """ImportVApp: ``vm`` was made for it and fills up from what is uploaded; ``keys`` are its disks' device ids."""
    lease = Lease(_new_id(state), vm.name, vm=vm, upload=True, timeout_s=state.lease_s)
    for number, (disk, key) in enumerate(zip(vm.home.disks, keys, strict=True)):
        own = f"/{vm.moid}/VirtualLsiLogicController0:{number}"
        lease.files.append(LeaseFile(own, key, disk, Image(), None, f"disk-{number}.vmdk"))
    vm.busy = lease.moid
    return _open(state, lease)


def _new_id(state: VSphereState) -> str:
    identity = state.new_uuid(f"lease/{len(state.leases)}")
    return f"session[{state.new_uuid('nfc')}]{identity}"


def _open(state: VSphereState, lease: Lease) -> Lease:
    state.leases.append(state.keep(lease))

    def ready(_now: float) -> None:
        if lease.state == "initializing":
            lease.state = "ready"
            keep_alive(state, lease)
            state.touch(lease)

    state.world.after(state.world.timing.vm_task_s, ready)
    return lease


def keep_alive(state: VSphereState, lease: Lease) -> None:
    """The holder is alive: the lease runs for its full time again."""
    lease.expires = expires = state.world.now + lease.timeout_s

    def expire(_now: float) -> None:
        if lease.state == "ready" and lease.expires == expires:
            abort(state, lease, Refusal("Timedout", "The lease timed out before it was completed."))

    state.world.at(expires, expire)


def progress(state: VSphereState, lease: Lease, percent: int) -> None:
    """HttpNfcLeaseProgress."""
    _must_be_ready(lease)
    lease.percent = percent
    keep_alive(state, lease)
    state.touch(lease)


def asked_sums(lease: Lease, wanted: dict[str, str]) -> None:
    """HttpNfcLeaseSetManifestChecksumType: which checksum the manifest gives of each file, by its key; before it is
    sent."""
    _must_be_ready(lease)
    for file in lease.files:
        kind = wanted.get(file.key, file.sums.kind)
        if kind not in KINDS:
            raise Refusal("InvalidArgument", "A specified parameter was not correct: deviceUrlsToChecksumTypes")
        if kind != file.sums.kind:
            file.sums = Sums(kind)


def _must_be_ready(lease: Lease) -> None:
    if lease.state == "error" and lease.fault is not None:
        raise lease.fault
    if lease.state != "ready":
        raise Refusal("InvalidState", "The operation is not allowed in the current state.")


def arriving(state: VSphereState, lease: Lease, file: LeaseFile, upload: Upload) -> None:
    """A part of a disk arrived: it takes room, as a thin disk does. Where none is left the lease ends with that."""
    _must_be_ready(lease)
    disk, content = file.disk, upload.content
    disk.bytes_used = disk.data = upload.size
    if content is not None:
        disk.data, disk.bytes_used = content.data, content.used * upload.size // max(1, upload.expected)
    if state.overfull(disk.datastore):
        text = f"There is no more space for virtual disk '{disk.path.rsplit('/', 1)[-1]}'."
        path = f"[{disk.datastore.name}] {disk.path}"
        abort(state, lease, Refusal("NoDiskSpace", text, datastore=disk.datastore.name, file=path))


def arrived(state: VSphereState, lease: Lease, file: LeaseFile, upload: Upload) -> None:
    """A disk's bytes arrived whole."""
    _must_be_ready(lease)
    file.content = upload
    file.image = upload.image(file.disk.volume.name)
    if upload.content is None or not upload.whole:
        state.uploads[file.image.origin] = upload
    state.touch(lease)


def complete(state: VSphereState, lease: Lease) -> None:
    """HttpNfcLeaseComplete: an import's disks hold now what was uploaded; one without content stays blank."""
    _must_be_ready(lease)
    lease.state, lease.percent = "done", 100
    if lease.vm is not None:
        lease.vm.busy = None
        for file in lease.files if lease.upload else ():
            if file.content is not None:
                state.world.replace_image(file.disk.volume, file.image, f"import of {lease.vm.name}")
                state.touch(file.disk.datastore)
        state.changed(lease.vm)
    _drop_contents(lease)
    state.touch(lease)


def _drop_contents(lease: Lease) -> None:
    """A lease that ended serves nothing more: its bytes need not be kept."""
    for file in lease.files:
        file.content = None


def abort(state: VSphereState, lease: Lease, fault: Refusal | None = None) -> None:
    """HttpNfcLeaseAbort, or the lease's end without its holder: what an import made goes away."""
    if lease.state in ("done", "error"):
        raise Refusal("InvalidState", "The operation is not allowed in the current state.")
    lease.state = "error"
    lease.fault = fault or Refusal("RequestCanceled", "The task was canceled by a user.")
    vm = lease.vm
    if vm is not None:
        vm.busy = None
        if lease.upload and vm.moid in state.vms:
            vm.datastore.homes.pop(vm.home.path, None)
            state.leave(vm)
    _drop_contents(lease)
    state.touch(lease)
