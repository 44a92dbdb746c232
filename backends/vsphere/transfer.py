"""A machine carried from one server to another: exported from a snapshot, imported as a new one, powered off.

The disks go from door to door over HTTPS and are kept nowhere between. Both leases are kept alive meanwhile. What the
source says of each file (size, checksum) is compared with what crossed before the import counts. Where it fails, or is
not wanted any more, both leases are given back: what the import had begun to make goes away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from msgspec import Struct

from backends.outcome import DeviceError, Failure, Sent
from backends.vsphere import acts, failures, looks
from backends.vsphere.acts import Marks, frozen_at
from backends.vsphere.session import Session
from backends.vsphere.stream import Beside, Count, Crossed, End, StoppedError, cross
from backends.vsphere.verbs import ClonePlace

READY_S = 120.0
KEEP_S, POLL_S = 20.0, 0.25
"""Each lease is told of progress so often: well inside its time, which is five minutes on servers of today."""


class Watch(Protocol):
    """Whoever has it done: whether it is still wanted, and who is told how far it is, in percent and words."""

    def wanted(self) -> bool: ...
    def progress(self, percent: int, words: str) -> None: ...


class Connected(Protocol):
    session: Session


class LeaseFile(Struct, frozen=True):
    """A disk's file of a lease: ``key`` is the device it is of."""

    key: str
    name: str
    url: str
    thumbprint: str
    size: int | None


class Lease(Struct):
    session: Session
    lease: Any
    files: list[LeaseFile]
    timeout_s: float
    heard: float

    def keep(self, percent: int) -> None:
        """Tell it of progress. Misses count only once the lease may have ended of them."""
        try:
            self.session.ask("HttpNfcLeaseProgress", lambda: self.lease.HttpNfcLeaseProgress(percent))
            self.heard = time.monotonic()
        except DeviceError as error:
            if error.sent is Sent.REFUSED or time.monotonic() - self.heard > self.timeout_s:
                raise

    def fault(self) -> Any:
        """What it ended with; None: it has not, or does not say. Raises :class:`DeviceError`."""
        ended = str(self.session.guarded("Fetch state", lambda: self.lease.state)) == "error"
        return self.session.guarded("Fetch error", lambda: self.lease.error) if ended else None

    def give_back(self) -> bool:
        """End it without its work; says whether the server took that."""
        try:
            self.session.guarded("HttpNfcLeaseAbort", self.lease.HttpNfcLeaseAbort)
        except DeviceError as error:
            return error.sent is Sent.REFUSED  # it had ended by itself
        return True


class Carry(Struct, frozen=True):
    """``vm`` with its snapshot ``snapshot`` at the source becomes the machine ``name`` at the target. ``networks``: the
    id of the port group there for each name here. ``marks`` stand in its extra config from its first moment, and with
    them the time of the snapshot under ``frozen``; ``done`` is set once all of it came."""

    vm: str
    snapshot: str
    name: str
    place: ClonePlace
    networks: tuple[tuple[str, str], ...]
    marks: Marks
    frozen: str
    done: Marks

    def carry(self, source: Connected, target: Connected, watch: Watch) -> str:
        """Do it; returns what crossed, in words. Raises :class:`DeviceError`."""
        here, there = source.session, target.session
        machine = looks.resolved(here, self.vm)
        found = machine.snapshot(self.snapshot)
        if found is None:
            text = f"{machine.name} has no snapshot {self.snapshot}"
            raise DeviceError(here.device, "ExportSnapshot", Failure.REFUSED, Sent.NO, text)
        marks = (*self.marks, (self.frozen, frozen_at(here, found.created)))
        clear(target, dict(self.marks)[looks.COPY])
        leases: list[Lease] = []
        try:
            leases.append(export_lease(here, machine.moid, found.moid, watch))
            text = descriptor_of(here, machine.moid, self.name, leases[0].files)
            items = import_lease(there, text, self.name, self.place, self.networks, marks, leases)
            crossed = _over(leases[0], leases[1], items, watch)
            verified(leases[0], crossed)
            there.act("HttpNfcLeaseComplete", leases[1].lease.HttpNfcLeaseComplete)
        except (DeviceError, StoppedError) as error:
            raise given_back(leases, there.device, error, importing=len(leases) > 1) from None
        except BaseException:  # another console acts for the run now, or this one has a defect
            for lease in reversed(leases):
                lease.give_back()
            raise
        with suppress(DeviceError):  # all is there: a lease that is not ended ends by itself
            here.guarded("HttpNfcLeaseComplete", leases[0].lease.HttpNfcLeaseComplete)
        copy = dict(self.marks)[looks.COPY]
        acts.SetMarks(looks.BY_COPY + copy, self.done).send(there)
        size = sum(each.size for each in crossed)
        return f"{size} bytes of {len(crossed)} disks, SHA-256 {', '.join(each.sha256[:16] for each in crossed)}"


def clear(target: Connected, copy: str) -> None:
    """Destroy what an import of this very copy, which nobody finished, left behind."""
    left = looks.MachineOf(looks.BY_COPY + copy).take(target)
    if left is not None:
        acts.Destroy(left.moid).send(target.session)


class Item(Struct, frozen=True):
    """How a disk of an import is to be sent: the file that the descriptor names for it, and the HTTP method."""

    path: str
    method: str


def import_lease(
    session: Session,
    descriptor: str,
    name: str,
    place: ClonePlace,
    networks: Sequence[tuple[str, str]],
    marks: Marks,
    leases: list[Lease],
) -> dict[str, Item]:
    """Have the machine made, with ``marks`` and no others of ours, and add its lease. Returns how each disk is to be
    sent, by the key of its file in the lease."""
    from pyVmomi import vim

    pool = session.managed("ResourcePool", place.pool or "")
    store = session.managed("Datastore", place.datastore or "")
    host = session.managed("HostSystem", place.host) if place.host else None
    mapping = [
        vim.OvfManager.NetworkMapping(name=name, network=session.managed("Network", moid)) for name, moid in networks
    ]
    params = vim.OvfManager.CreateImportSpecParams(
        entityName=name, diskProvisioning="thin", networkMapping=mapping, hostSystem=host
    )
    manager = session.content.ovfManager
    made = session.ask("CreateImportSpec", lambda: manager.CreateImportSpec(descriptor, pool, store, params))
    if made.error or made.importSpec is None:
        words = "; ".join(str(getattr(one, "msg", None) or type(one).__name__) for one in made.error or ())
        raise DeviceError(session.device, "CreateImportSpec", Failure.REFUSED, Sent.REFUSED, words or "no spec")
    config = made.importSpec.configSpec
    kept = [one for one in config.extraConfig or () if not str(one.key).startswith(looks.MARKS)]
    config.extraConfig = [*kept, *(vim.option.OptionValue(key=key, value=value) for key, value in marks)]
    folder = session.managed("Folder", place.folder)
    lease = session.act("ImportVApp", lambda: pool.ImportVApp(made.importSpec, folder, host))
    leases.append(ready(session, lease, importing=True))
    items = made.fileItem or ()
    return {f"{item.deviceId}": Item(str(item.path or ""), "PUT" if item.create else "POST") for item in items}


def export_lease(session: Session, vm: str, snapshot: str | None, watch: Watch) -> Lease:
    """Have a snapshot exported, of a machine that may run; None: the machine itself, which must be off."""
    if snapshot is None:
        call, start = "ExportVm", session.managed("VirtualMachine", vm).ExportVm
    else:
        call, start = "ExportSnapshot", session.managed("VirtualMachineSnapshot", snapshot).ExportSnapshot
    made = ready(session, acts.unlocked(lambda: session.act(call, start), watch.wanted), importing=False)
    _ask_for_sha256(made)
    return made


def _ask_for_sha256(lease: Lease) -> None:
    """Have the manifest give SHA-256. A server older than 6.7 knows SHA-1 only, which is as good as the manifest is."""
    from pyVmomi import vim

    asked = [vim.KeyValue(key=file.key, value="sha256") for file in lease.files]
    try:
        set_type = lease.lease.HttpNfcLeaseSetManifestChecksumType
        lease.session.ask("HttpNfcLeaseSetManifestChecksumType", lambda: set_type(asked))
    except DeviceError as error:
        if error.failure is not Failure.REFUSED:
            raise


def ready(session: Session, lease: Any, *, importing: bool) -> Lease:
    until = time.monotonic() + READY_S
    while (state := str(session.ask("Fetch state", lambda: lease.state))) == "initializing":
        if time.monotonic() > until:
            text = f"the lease is still initializing after {READY_S:g} s"
            raise DeviceError(session.device, "HttpNfcLease", Failure.TIMEOUT, Sent.UNKNOWN, text)
        time.sleep(POLL_S)
    if state != "ready":
        fault = session.ask("Fetch error", lambda: lease.error)
        words = str(getattr(fault, "msg", None) or f"the lease is {state}")
        raise DeviceError(session.device, "HttpNfcLease", Failure.REFUSED, Sent.REFUSED, words)
    info = session.ask("Fetch info", lambda: lease.info)
    if info is None:
        text = "the lease ended before its disks could be asked for"
        raise DeviceError(session.device, "HttpNfcLease", Failure.REFUSED, Sent.REFUSED, text)
    files = [
        LeaseFile(
            str((one.importKey if importing else one.key) or one.key),
            str(one.targetId or ""),
            str(one.url),
            str(one.sslThumbprint or ""),
            int(one.fileSize) if one.fileSize else None,
        )
        for one in info.deviceUrl or ()
        if one.disk
    ]
    if not files:
        raise DeviceError(session.device, "HttpNfcLease", Failure.BAD_ANSWER, Sent.REFUSED, "a lease without a disk")
    return Lease(session, lease, files, float(info.leaseTimeout or 300), time.monotonic())


def descriptor_of(session: Session, vm: str, name: str, files: Sequence[LeaseFile]) -> str:
    from pyVmomi import vim

    told = [vim.OvfManager.OvfFile(deviceId=f.key, path=f.name, size=f.size or 0) for f in files]
    params, manager = vim.OvfManager.CreateDescriptorParams(name=name, ovfFiles=told), session.content.ovfManager
    machine = session.managed("VirtualMachine", vm)
    made = session.ask("CreateDescriptor", lambda: manager.CreateDescriptor(machine, params))
    if made.error:
        words = "; ".join(str(getattr(one, "msg", None) or type(one).__name__) for one in made.error)
        raise DeviceError(session.device, "CreateDescriptor", Failure.REFUSED, Sent.REFUSED, words)
    return str(made.ovfDescriptor)


def _over(one: Lease, other: Lease, items: dict[str, Item], watch: Watch) -> list[Crossed]:
    """Carry every disk, in the order of both leases."""
    if len(one.files) != len(other.files):
        text = f"{len(one.files)} disks are exported, {len(other.files)} are to be imported"
        raise DeviceError(other.session.device, "HttpNfcLease", Failure.BAD_ANSWER, Sent.REFUSED, text)
    count, total = Count(), sum(file.size or 0 for file in one.files)

    def all_of_them() -> list[Crossed]:
        return [
            cross(
                End(one.session, here.url, here.thumbprint),
                End(other.session, there.url, there.thumbprint),
                items[there.key].method if there.key in items else "POST",
                count,
            )
            for here, there in zip(one.files, other.files, strict=True)
        ]

    return kept_alive((one, other), all_of_them, total, count, watch)


def kept_alive(
    leases: Sequence[Lease], work: Callable[[], list[Crossed]], total: int, count: Count, watch: Watch
) -> list[Crossed]:
    """Have the work done on a thread, and keep the leases alive meanwhile. ``total`` in bytes, 0: not known. Raises
    :class:`StoppedError` once it is not wanted any more."""
    began, kept, beside = time.monotonic(), time.monotonic(), Beside(work)
    every = min((KEEP_S, *(lease.timeout_s / 4 for lease in leases)))
    try:
        while not beside.wait(POLL_S):
            if not watch.wanted():
                raise StoppedError
            if time.monotonic() - kept >= every:
                percent = min(99, 100 * count.done // total) if total else 0
                for lease in leases:
                    lease.keep(percent)
                kept = time.monotonic()
                watch.progress(percent, _words(count, total, began))
    finally:
        count.stop.set()
        beside.wait(READY_S)
    if beside.error is not None:
        raise beside.error
    watch.progress(100, _words(count, total or count.done, began))
    return beside.made


def _words(count: Count, total: int, began: float) -> str:
    speed = count.done / max(0.001, time.monotonic() - began)
    cuts = f", {count.cuts} cuts made good" if count.cuts else ""
    cuts += f", {count.again >> 20} MiB sent again" if count.again else ""
    return f"{count.done >> 20} of {total >> 20} MiB, {speed / 2**20:.0f} MiB/s{cuts}"


def verified(lease: Lease, crossed: Sequence[Crossed]) -> None:
    """Compare with the manifest of the source. A server too old to have one is taken at its sizes."""
    session = lease.session
    try:
        told = session.ask("HttpNfcLeaseGetManifest", lease.lease.HttpNfcLeaseGetManifest)
    except DeviceError as error:
        if error.code != "NotSupported":
            raise
        told = []
    said = {str(one.key): one for one in told or ()}
    for file, found in zip(lease.files, crossed, strict=True):
        entry = said.get(file.key)
        size = int(entry.size) if entry is not None else file.size
        if size is not None and size != found.size:
            raise differs(session, file, f"{found.size} bytes crossed of {size}")
        sums = {"sha1": found.sha1, "sha256": found.sha256}
        kind = str(getattr(entry, "checksumType", None) or "sha1").lower() if entry is not None else ""
        wanted = str(getattr(entry, "checksum", None) or getattr(entry, "sha1", "") or "") if entry is not None else ""
        if wanted and kind in sums and wanted.lower() != sums[kind]:
            raise differs(session, file, f"{kind} is {sums[kind]}, the source says {wanted}")


def differs(session: Session, file: LeaseFile, text: str) -> DeviceError:
    return DeviceError(
        session.device, "HttpNfcLeaseGetManifest", Failure.BAD_ANSWER, Sent.REFUSED, f"{file.name}: {text}"
    )


def _said(leases: Sequence[Lease], error: DeviceError | StoppedError) -> DeviceError | StoppedError:
    """The failure in the words of the lease that ended of it, as where the datastore is full; else as it was seen."""
    for lease in reversed(leases if isinstance(error, DeviceError) else ()):
        with suppress(DeviceError):
            fault = lease.fault()
            if fault is not None:
                name = type(fault).__name__.rpartition(".")[2]
                return failures.of_fault(lease.session.device, "HttpNfcLease", name, str(fault.msg or ""))
    return error


def given_back(
    leases: Sequence[Lease], device: str, error: DeviceError | StoppedError, *, importing: bool
) -> DeviceError:
    """Give the leases back, of which the last is the import's. What came of it is known where its server took that:
    nothing is left of the import."""
    told = _said(leases, error)
    known = [lease.give_back() for lease in reversed(leases)]
    if isinstance(told, StoppedError):
        return DeviceError(device, "ImportVApp", Failure.REFUSED, Sent.REFUSED, "stopped: it is not wanted any more")
    sent = (Sent.REFUSED if known[0] else Sent.UNKNOWN) if importing else told.sent
    return DeviceError(told.device, told.call, told.failure, sent, told.text, told.code)
