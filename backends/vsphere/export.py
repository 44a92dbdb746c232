"""A machine exported into a folder, as an OVF package: from a snapshot while it runs, by itself when it is off.

What the server says of each file (size, checksum) is compared with what came before the manifest is written, so a
folder with a manifest holds all of it. Nothing is changed on the server but for its lease.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from backends.outcome import DeviceError, Failure, Sent
from backends.vsphere import looks, package, transfer
from backends.vsphere.acts import frozen_at
from backends.vsphere.package import Vouched
from backends.vsphere.session import Session
from backends.vsphere.stream import Count, Crossed, End, StoppedError, saved
from backends.vsphere.transfer import Connected, Lease, Watch


class Exported(Struct, frozen=True):
    """What is in the folder now. ``frozen_at``: what moment the disks are of (UTC, by the clock here); ``disks`` and
    ``descriptor`` are the files that ``manifest`` vouches for."""

    machine: looks.MachineNow
    frozen_at: datetime
    descriptor: Vouched
    disks: tuple[Vouched, ...]
    manifest: Vouched


class Export(Struct, frozen=True):
    """``vm`` with its snapshot ``snapshot``, None: as it is, which must be off. Its files go to ``folder``, which is
    there and empty of them, and are called after ``base``. ``done`` is told once all of them are there."""

    vm: str
    snapshot: str | None
    folder: Path
    base: str
    done: Callable[[Exported], None]

    def carry(self, source: Connected, target: Connected, watch: Watch) -> str:
        """Do it; both ends are the same server. Returns what came, in words. Raises :class:`DeviceError`: what is in
        the folder then is of no use."""
        session = source.session
        machine = looks.resolved(session, self.vm)
        moid, moment = self._snapshot(session, machine)
        leases: list[Lease] = []
        try:
            leases.append(transfer.export_lease(session, machine.moid, moid, watch))
            crossed = self._save(leases[0], machine, watch)
            transfer.verified(leases[0], crossed)
            descriptor, disks = self._describe(session, leases[0], machine, crossed)
        except (DeviceError, StoppedError) as error:
            raise _given_back(leases, session.device, error) from None
        except BaseException:  # another console acts for the run now, or this one has a defect
            for lease in leases:
                lease.give_back()
            raise
        with suppress(DeviceError):  # all is here: a lease that is not ended ends by itself
            session.guarded("HttpNfcLeaseComplete", leases[0].lease.HttpNfcLeaseComplete)
        manifest = package.write_text(self.folder / f"{self.base}.mf", package.manifest_text((descriptor, *disks)))
        self.done(Exported(machine, datetime.fromisoformat(moment), descriptor, disks, manifest))
        size = sum(disk.size or 0 for disk in disks)
        return f"{size} bytes of {len(disks)} disks, SHA-256 {', '.join(disk.digest[:16] for disk in disks)}"

    def _snapshot(self, session: Session, machine: looks.MachineNow) -> tuple[str | None, str]:
        """Its id, and what moment it is of."""
        if self.snapshot is None:
            return None, frozen_at(session, session.current_time())
        found = machine.snapshot(self.snapshot)
        if found is None:
            text = f"{machine.name} has no snapshot {self.snapshot}"
            raise DeviceError(session.device, "ExportSnapshot", Failure.REFUSED, Sent.NO, text)
        return found.moid, frozen_at(session, found.created)

    def _save(self, lease: Lease, machine: looks.MachineNow, watch: Watch) -> list[Crossed]:
        count = Count()
        told = [file.size for file in lease.files]
        total = machine.size if None in told else sum(size or 0 for size in told)

        def all_of_them() -> list[Crossed]:
            return [
                saved(End(lease.session, file.url, file.thumbprint), self.folder / self._disk(number), count)
                for number, file in enumerate(lease.files, 1)
            ]

        return transfer.kept_alive((lease,), all_of_them, total, count, watch)

    def _disk(self, number: int) -> str:
        return f"{self.base}-disk{number}.vmdk"

    def _describe(
        self, session: Session, lease: Lease, machine: looks.MachineNow, crossed: list[Crossed]
    ) -> tuple[Vouched, tuple[Vouched, ...]]:
        """Write the descriptor, which names the files as they are called here, with their true sizes."""
        files = [
            replace(file, name=self._disk(number), size=found.size)
            for number, (file, found) in enumerate(zip(lease.files, crossed, strict=True), 1)
        ]
        text = transfer.descriptor_of(session, machine.moid, machine.name, files)
        made = package.write_text(self.folder / f"{self.base}.ovf", text)
        pairs = zip(files, crossed, strict=True)
        return made, tuple(Vouched(file.name, "SHA256", found.sha256, found.size) for file, found in pairs)


def _given_back(leases: list[Lease], device: str, error: DeviceError | StoppedError) -> DeviceError:
    """Give the lease back. An export that failed has done nothing, whatever was not answered."""
    for lease in leases:
        lease.give_back()
    if isinstance(error, StoppedError):
        return DeviceError(
            device, "ExportSnapshot", Failure.REFUSED, Sent.REFUSED, "stopped: it is not wanted any more"
        )
    return DeviceError(error.device, error.call, error.failure, Sent.REFUSED, error.text, error.code)
