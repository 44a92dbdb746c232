"""An OVF package in a folder imported as a new machine, powered off.

Every file is read and compared before anything is sent, and again while it is sent, before the import counts. Where it
fails, or is not wanted any more, the lease is given back: what the import had begun to make goes away.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from backends.outcome import DeviceError, Failure, Sent
from backends.vsphere import acts, looks, package, transfer
from backends.vsphere.acts import Marks
from backends.vsphere.package import Vouched
from backends.vsphere.stream import HERE, Count, Crossed, End, StoppedError, sent
from backends.vsphere.transfer import Connected, Item, Lease, Watch
from backends.vsphere.verbs import ClonePlace


class Upload(Struct, frozen=True):
    """The package ``descriptor`` and ``disks`` in ``folder`` becomes the machine ``name``. ``networks``: the id of the
    port group for each name in the descriptor. ``marks`` stand in its extra config from its first moment; ``done`` is
    set once all of it came."""

    folder: Path
    descriptor: Vouched
    disks: tuple[Vouched, ...]
    name: str
    place: ClonePlace
    networks: tuple[tuple[str, str], ...]
    marks: Marks
    done: Marks

    def carry(self, source: Connected, target: Connected, watch: Watch) -> str:
        """Do it; both ends are the same server. Returns what was sent, in words. Raises :class:`DeviceError`."""
        session = target.session
        self._check(session.device, watch)
        text = package.read_text(self.folder / self.descriptor.name)
        transfer.clear(target, dict(self.marks)[looks.COPY])
        leases: list[Lease] = []
        try:
            items = transfer.import_lease(session, text, self.name, self.place, self.networks, self.marks, leases)
            self._send(leases[0], items, watch)
            session.act("HttpNfcLeaseComplete", leases[0].lease.HttpNfcLeaseComplete)
        except (DeviceError, StoppedError) as error:
            raise transfer.given_back(leases, session.device, error, importing=bool(leases)) from None
        except BaseException:  # another console acts for the run now, or this one has a defect
            for lease in leases:
                lease.give_back()
            raise
        acts.SetMarks(looks.BY_COPY + dict(self.marks)[looks.COPY], self.done).send(session)
        size = sum(disk.size or 0 for disk in self.disks)
        return f"{size} bytes of {len(self.disks)} disks, SHA-256 {', '.join(d.digest[:16] for d in self.disks)}"

    def _check(self, device: str, watch: Watch) -> None:
        """Read all of it, before the server hears of it."""
        files, count = (self.descriptor, *self.disks), Count()

        def all_of_them() -> list[Crossed]:
            package.check(self.folder, files, count)
            return []

        try:
            transfer.kept_alive((), all_of_them, sum(file.size or 0 for file in files), count, watch)
        except StoppedError:
            text = "stopped: it is not wanted any more"
            raise DeviceError(device, "verify", Failure.REFUSED, Sent.REFUSED, text) from None

    def _send(self, lease: Lease, items: Mapping[str, Item], watch: Watch) -> None:
        known = {disk.name: disk for disk in self.disks}
        pairs = []
        for file in lease.files:
            item = items.get(file.key)
            disk = known.pop(item.path, None) if item is not None else None
            if item is None or disk is None:
                text = f"the server asks for {item.path if item else file.key}, which is no disk of the backup"
                raise DeviceError(lease.session.device, "HttpNfcLease", Failure.BAD_ANSWER, Sent.REFUSED, text)
            pairs.append((file, item, disk))
        if known:
            text = f"the server does not ask for {', '.join(known)}"
            raise DeviceError(lease.session.device, "HttpNfcLease", Failure.BAD_ANSWER, Sent.REFUSED, text)
        count = Count()

        def one(url: str, thumbprint: str, method: str, disk: Vouched) -> Crossed:
            crossed = sent(self.folder / disk.name, End(lease.session, url, thumbprint), method, count)
            if crossed.sha256 != disk.digest:
                text = f"{disk.name} changed while it was sent: its SHA256 is {crossed.sha256}, not {disk.digest}"
                raise DeviceError(HERE, "verify", Failure.BAD_ANSWER, Sent.REFUSED, text)
            return crossed

        def all_of_them() -> list[Crossed]:
            return [one(file.url, file.thumbprint, item.method, disk) for file, item, disk in pairs]

        transfer.kept_alive((lease,), all_of_them, sum(disk.size or 0 for disk in self.disks), count, watch)
