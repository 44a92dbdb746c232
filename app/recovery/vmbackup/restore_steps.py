"""The step that brings a backup back as a new machine."""

from __future__ import annotations

from pathlib import Path

from app.recovery.step import Hands, Seen, Sight
from app.recovery.vm.copy_steps import arrived
from backends.vsphere.looks import COPY, UPLOADED
from backends.vsphere.package import Vouched
from backends.vsphere.upload import Upload
from backends.vsphere.verbs import ClonePlace
from store.record import Record


class RestoreVm(Record, frozen=True):
    """All files of the backup in ``folder`` read and compared, then ``ImportVApp`` and all disks over HTTPS. Done when
    the new machine, which carries the mark ``copy``, says that all of it came."""

    server: str
    folder: str
    descriptor: Vouched
    disks: tuple[Vouched, ...]
    name: str
    place: ClonePlace
    networks: tuple[tuple[str, str], ...]
    copy: str

    @property
    def device(self) -> str:
        return self.server

    def call(self) -> str:
        return f"verify {self.folder}, ImportVApp of {self.name}"

    def act(self, hands: Hands) -> str:
        marks = ((COPY, self.copy),)
        done = ((UPLOADED, "true"),)
        upload = Upload(
            Path(self.folder), self.descriptor, self.disks, self.name, self.place, self.networks, marks, done
        )
        return hands.between(self.server, self.server, upload)

    def observe(self, sight: Sight) -> Seen:
        return arrived(sight, self.server, self.copy, self.name)
