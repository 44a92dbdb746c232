"""Steps that make a backup of a machine, and delete one. Each looks at the folder itself before it looks at the server:
what is there is done, whatever the server says."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from app.recovery.step import Hands, Seen, Sight, Verdict, Watch, facts
from app.recovery.vm.steps import OnVm
from app.recovery.vmbackup import facts as about
from app.recovery.vmbackup import folders
from app.recovery.vmbackup.facts import Facts, FactsError
from app.recovery.vmbackup.folders import BackupFolder
from backends.outcome import DeviceError, Failure, Sent
from backends.vsphere import package, transfer
from backends.vsphere.export import Export, Exported
from backends.vsphere.looks import MachineNow
from backends.vsphere.package import Vouched
from backends.vsphere.stream import HERE, Count, Crossed, StoppedError
from store.estate import PowerState
from store.record import Record


class ExportVm(OnVm, Record, frozen=True):
    """``ExportSnapshot``, or ``ExportVm`` of a machine that is off (``snapshot`` None), into a partial folder: disks,
    descriptor, manifest, facts. Done when all of them are there. What an earlier try of this run left goes first."""

    server: str
    vm: str
    uuid: str
    snapshot: str | None
    folder: BackupFolder
    base: str
    schedule: str

    def call(self) -> str:
        what = "ExportVm" if self.snapshot is None else f"ExportSnapshot({self.snapshot})"
        return f"{what}, CreateDescriptor, to {self.folder.relative}"

    def act(self, hands: Hands) -> str:
        with folders.writing(self.folder) as path:

            def done(found: Exported) -> None:
                about.write(path, self._facts(found))

            try:
                verb = Export(self.vm, self.snapshot, path, self.base, done)
                return hands.between(self.server, self.server, verb)
            except BaseException:
                with suppress(DeviceError):  # what is left of it is found by the name of its run
                    folders.discard(path)
                raise

    def _facts(self, found: Exported) -> Facts:
        vm = found.machine
        return Facts(
            format=about.FORMAT,
            drdeck=about.program(),
            server=self.server,
            vm=vm.name,
            instance_uuid=vm.uuid,
            moref=vm.moid,
            run=self.folder.run,
            schedule=self.schedule,
            from_snapshot=self.snapshot is not None,
            frozen_at=found.frozen_at,
            exported_at=datetime.now(UTC),
            cpus=vm.cpus,
            memory_mb=vm.memory_mb,
            capacities=tuple(disk.capacity for disk in vm.disks),
            cards=vm.cards,
            descriptor=found.descriptor,
            disks=found.disks,
            manifest=found.manifest,
        )

    def observe(self, sight: Sight) -> Seen:
        for path in (self.folder.final, self.folder.partial):
            found = folders.facts_in(path)
            if found is not None and found.run == self.folder.run:
                return Seen(Verdict.DONE, facts({path.name: f"{found.size} bytes"}), "all of it came")
        if folders.there(self.folder.final):
            why = f"{self.folder.relative} is there, and not of this run"
            return Seen(Verdict.REFUSED, facts({self.folder.stamp: "there"}), why)
        if folders.busy(self.folder.partial):
            return Seen(Verdict.CHANGING, facts({self.folder.partial.name: "there"}), "another process writes it")
        return OnVm.observe(self, sight)

    def seen(self, found: MachineNow) -> Seen:
        told = facts({f"{found.name} on {self.server}": found.power, self.folder.stamp: "not there"})
        if self.snapshot is not None and found.snapshot(self.snapshot) is None:
            return Seen(Verdict.REFUSED, told, f"it has no snapshot {self.snapshot}")
        if self.snapshot is None and found.power is not PowerState.OFF:
            return Seen(
                Verdict.REFUSED, told, f"it is {found.power} now: without a snapshot only one that is off is read"
            )
        return Seen(Verdict.READY, told, "there is no such backup yet")


class SealBackup(Record, frozen=True):
    """Read all of a partial folder again, compare it with its manifest, and only then give it its name."""

    server: str
    folder: BackupFolder

    @property
    def device(self) -> str:
        return self.server

    def call(self) -> str:
        return f"read {self.folder.relative} again, compare it with its manifest, rename it"

    def act(self, hands: Hands) -> str:
        return hands.here(self._seal)

    def _seal(self, watch: Watch) -> str:
        path = self.folder.partial
        with folders.locked(path):
            try:
                found = about.read(path)
                about.agreed(path, found)
                verify(path, found, watch)
            except FactsError as error:
                raise DeviceError(HERE, "verify", Failure.BAD_ANSWER, Sent.REFUSED, str(error)) from None
            about.write(path, replace(found, verified_at=datetime.now(UTC)))
            folders.settle(self.folder)
        return f"{found.size} bytes are as they were written"

    def observe(self, sight: Sight) -> Seen:
        final, partial = folders.facts_in(self.folder.final), folders.facts_in(self.folder.partial)
        if final is not None and final.run == self.folder.run:
            return Seen(Verdict.DONE, facts({"backup": self.folder.relative}), "it is complete and verified")
        told = facts({"backup": "not there", "partial": "there" if partial is not None else "not there"})
        if folders.there(self.folder.final):
            return Seen(Verdict.REFUSED, told, f"{self.folder.relative} is there, and not of this run")
        if folders.busy(self.folder.partial):
            return Seen(Verdict.CHANGING, told, "another process writes it")
        if partial is None or partial.run != self.folder.run:
            return Seen(Verdict.REFUSED, told, "what was exported is not there")
        return Seen(Verdict.READY, told, "it is not verified yet")


def verify(path: Path, found: Facts, watch: Watch) -> None:
    """Read every file of a backup again and compare it. Raises :class:`DeviceError` that names the first bad one."""
    files: tuple[Vouched, ...] = (found.descriptor, *found.disks)
    count = Count()

    def work() -> list[Crossed]:
        package.check(path, files, count)
        return []

    try:
        transfer.kept_alive((), work, sum(file.size or 0 for file in files), count, watch)
    except StoppedError:
        text = "stopped: it is not wanted any more"
        raise DeviceError(HERE, "verify", Failure.REFUSED, Sent.REFUSED, text) from None


class ClearPartial(Record, frozen=True):
    """Delete a partial folder of a run that is to be taken back, or that has ended."""

    server: str
    folder: BackupFolder

    @property
    def device(self) -> str:
        return self.server

    def call(self) -> str:
        return f"delete {self.folder.partial.name}"

    def act(self, hands: Hands) -> str:
        folders.clear(self.folder.partial)
        return "it is deleted"

    def observe(self, sight: Sight) -> Seen:
        path = self.folder.partial
        told = facts({path.name: "there" if folders.there(path) else "not there"})
        if not folders.there(path):
            return Seen(Verdict.DONE, told, "it is not there")
        if not folders.is_folder(path):
            return Seen(Verdict.REFUSED, told, f"{path} is no directory")
        if folders.busy(path):
            return Seen(Verdict.CHANGING, told, "another process writes it")
        if strange := folders.foreign(path):
            return Seen(Verdict.REFUSED, told, f"it holds what no backup does: {', '.join(strange[:5])}")
        return Seen(Verdict.READY, told, "it is there, and nobody writes it")


class DropBackup(Record, frozen=True):
    """Delete a complete backup: only one whose facts say that ``folder.run`` made it of the machine ``uuid``, and that
    holds nothing but its files ``names``."""

    server: str
    uuid: str
    folder: BackupFolder
    names: tuple[str, ...]

    @property
    def device(self) -> str:
        return self.server

    def call(self) -> str:
        return f"delete {self.folder.relative}"

    def act(self, hands: Hands) -> str:
        folders.delete(self.folder, self.names)
        return f"{self.folder.relative} is deleted"

    def observe(self, sight: Sight) -> Seen:
        path = next((p for p in (self.folder.final, self.folder.deleting) if folders.there(p)), None)
        if path is None:
            return Seen(Verdict.DONE, facts({self.folder.relative: "not there"}), "it is not there")
        told = facts({self.folder.relative: "there" if path == self.folder.final else "half deleted"})
        if not folders.is_folder(path):
            return Seen(Verdict.REFUSED, told, f"{path} is no directory")
        found = folders.facts_in(path)
        if found is None and path == self.folder.deleting and not any(path.iterdir()):
            return Seen(Verdict.READY, told, "it is empty")
        if found is None or (found.run, found.instance_uuid) != (self.folder.run, self.uuid):
            return Seen(Verdict.REFUSED, told, "its facts do not say that this schedule made it: it stays")
        if strange := folders.foreign(path, self.names):
            return Seen(Verdict.REFUSED, told, f"it holds what is not of this backup: {', '.join(strange[:5])}")
        return Seen(Verdict.READY, told, "this schedule made it")
