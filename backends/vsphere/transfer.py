"""A machine carried from one server to another: exported from a snapshot, imported as a new one, powered off.

The disks go from door to door over HTTPS and are kept nowhere between. Both leases are kept alive meanwhile. What the
source says of each file (size, checksum) is compared with what crossed before the import counts. Where it fails, or is
not wanted any more, both leases are given back: what the import had begun to make goes away.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from backends.outcome import DeviceError, Failure, Sent
from backends.vsphere import acts, looks
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


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a lease: ``key`` is the device it is of."""

    key: str
    name: str
    url: str
    thumbprint: str
    size: int | None


@dataclass(slots=True)
class _Lease:
    session: Session
    lease: Any
    files: list[_File]
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

    def give_back(self) -> bool:
        """End it without its work; says whether the server took that."""
        try:
            self.session.guarded("HttpNfcLeaseAbort", self.lease.HttpNfcLeaseAbort)
        except DeviceError as error:
            return error.sent is Sent.REFUSED  # it had ended by itself
        return True


@dataclass(frozen=True, slots=True)
class Carry:
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
        self._clear(there, target)
        leases: list[_Lease] = []
        try:
            leases.append(_export(here, found.moid, watch))
            items = self._import(there, _descriptor(here, machine.moid, self.name, leases[0].files), marks, leases)
            crossed = _over(leases[0], leases[1], items, watch)
            _verified(leases[0], crossed)
            there.act("HttpNfcLeaseComplete", leases[1].lease.HttpNfcLeaseComplete)
        except (DeviceError, StoppedError) as error:
            raise _given_back(leases, there.device, error) from None
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

    def _clear(self, session: Session, target: Connected) -> None:
        """Destroy what an import of this very copy, which nobody finished, left behind."""
        left = looks.MachineOf(looks.BY_COPY + dict(self.marks)[looks.COPY]).take(target)
        if left is not None:
            acts.Destroy(left.moid).send(session)

    def _import(self, session: Session, descriptor: str, marks: Marks, leases: list[_Lease]) -> dict[str, str]:
        """Have the machine made, and add its lease. Returns how each file is to be sent, by its name."""
        from pyVmomi import vim

        pool = session.managed("ResourcePool", self.place.pool or "")
        store = session.managed("Datastore", self.place.datastore or "")
        host = session.managed("HostSystem", self.place.host) if self.place.host else None
        mapping = [
            vim.OvfManager.NetworkMapping(name=name, network=session.managed("Network", moid))
            for name, moid in self.networks
        ]
        params = vim.OvfManager.CreateImportSpecParams(
            entityName=self.name, diskProvisioning="thin", networkMapping=mapping, hostSystem=host
        )
        manager = session.content.ovfManager
        made = session.ask("CreateImportSpec", lambda: manager.CreateImportSpec(descriptor, pool, store, params))
        if made.error or made.importSpec is None:
            words = "; ".join(str(getattr(one, "msg", None) or type(one).__name__) for one in made.error or ())
            raise DeviceError(session.device, "CreateImportSpec", Failure.REFUSED, Sent.REFUSED, words or "no spec")
        config = made.importSpec.configSpec
        kept = [one for one in config.extraConfig or () if not str(one.key).startswith(looks.MARKS)]
        config.extraConfig = [*kept, *(vim.option.OptionValue(key=key, value=value) for key, value in marks)]
        folder = session.managed("Folder", self.place.folder)
        lease = session.act("ImportVApp", lambda: pool.ImportVApp(made.importSpec, folder, host))
        leases.append(_ready(session, lease, importing=True))
        return {f"{item.deviceId}": "PUT" if item.create else "POST" for item in made.fileItem or ()}


def _export(session: Session, snapshot: str, watch: Watch) -> _Lease:
    target = session.managed("VirtualMachineSnapshot", snapshot)
    lease = acts.unlocked(lambda: session.act("ExportSnapshot", target.ExportSnapshot), watch.wanted)
    return _ready(session, lease, importing=False)


def _ready(session: Session, lease: Any, *, importing: bool) -> _Lease:
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
    files = [
        _File(
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
    return _Lease(session, lease, files, float(info.leaseTimeout or 300), time.monotonic())


def _descriptor(session: Session, vm: str, name: str, files: Sequence[_File]) -> str:
    from pyVmomi import vim

    told = [vim.OvfManager.OvfFile(deviceId=f.key, path=f.name, size=f.size or 0) for f in files]
    params, manager = vim.OvfManager.CreateDescriptorParams(name=name, ovfFiles=told), session.content.ovfManager
    machine = session.managed("VirtualMachine", vm)
    made = session.ask("CreateDescriptor", lambda: manager.CreateDescriptor(machine, params))
    if made.error:
        words = "; ".join(str(getattr(one, "msg", None) or type(one).__name__) for one in made.error)
        raise DeviceError(session.device, "CreateDescriptor", Failure.REFUSED, Sent.REFUSED, words)
    return str(made.ovfDescriptor)


def _over(one: _Lease, other: _Lease, methods: dict[str, str], watch: Watch) -> list[Crossed]:
    """Carry every disk, in the order of both leases, and keep both alive. Raises :class:`StoppedError`."""
    if len(one.files) != len(other.files):
        text = f"{len(one.files)} disks are exported, {len(other.files)} are to be imported"
        raise DeviceError(other.session.device, "HttpNfcLease", Failure.BAD_ANSWER, Sent.REFUSED, text)
    count, total = Count(), sum(file.size or 0 for file in one.files)

    def all_of_them() -> list[Crossed]:
        return [
            cross(
                End(one.session, here.url, here.thumbprint),
                End(other.session, there.url, there.thumbprint),
                methods.get(there.key, "POST"),
                count,
            )
            for here, there in zip(one.files, other.files, strict=True)
        ]

    began, kept, work = time.monotonic(), time.monotonic(), Beside(all_of_them)
    every = min(KEEP_S, one.timeout_s / 4, other.timeout_s / 4)
    try:
        while not work.wait(POLL_S):
            if not watch.wanted():
                raise StoppedError
            if time.monotonic() - kept >= every:
                percent = min(99, 100 * count.done // total) if total else 0
                one.keep(percent)
                other.keep(percent)
                kept = time.monotonic()
                watch.progress(percent, _words(count, total, began))
    finally:
        count.stop.set()
        work.wait(READY_S)
    if work.error is not None:
        raise work.error
    watch.progress(100, _words(count, total or count.done, began))
    return work.made


def _words(count: Count, total: int, began: float) -> str:
    speed = count.done / max(0.001, time.monotonic() - began)
    cuts = f", {count.cuts} cuts made good" if count.cuts else ""
    return f"{count.done >> 20} of {total >> 20} MiB, {speed / 2**20:.0f} MiB/s{cuts}"


def _verified(lease: _Lease, crossed: Sequence[Crossed]) -> None:
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
            raise _differs(session, file, f"{found.size} bytes crossed of {size}")
        sums = {"sha1": found.sha1, "sha256": found.sha256}
        kind = str(getattr(entry, "checksumType", None) or "sha1").lower() if entry is not None else ""
        wanted = str(getattr(entry, "checksum", None) or getattr(entry, "sha1", "") or "") if entry is not None else ""
        if wanted and kind in sums and wanted.lower() != sums[kind]:
            raise _differs(session, file, f"{kind} is {sums[kind]}, the source says {wanted}")


def _differs(session: Session, file: _File, text: str) -> DeviceError:
    return DeviceError(
        session.device, "HttpNfcLeaseGetManifest", Failure.BAD_ANSWER, Sent.REFUSED, f"{file.name}: {text}"
    )


def _given_back(leases: Sequence[_Lease], device: str, error: DeviceError | StoppedError) -> DeviceError:
    """Give both leases back. What came of it is known where the target took that: nothing is left of the import."""
    known = [lease.give_back() for lease in reversed(leases)]
    if isinstance(error, StoppedError):
        return DeviceError(device, "ImportVApp", Failure.REFUSED, Sent.REFUSED, "stopped: it is not wanted any more")
    importing = len(leases) > 1
    sent = (Sent.REFUSED if known[0] else Sent.UNKNOWN) if importing else error.sent
    return DeviceError(error.device, error.call, error.failure, sent, error.text, error.code)
