"""The identities that were accepted in this first run, in ``known_devices.toml``; they go where nothing needs them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from app import known_devices
from app.identities import doors
from app.known_devices import Known, Pin, Protocol
from app.settings_records import DeviceSettings
from app.trust import Finding


class Pins:
    """Pins made in this run. Pins from before are read and never touched. Called from one thread at a time; every
    method may raise :class:`app.known_devices.KnownDevicesError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._accepted: dict[tuple[str, Protocol, str], Pin] = {}

    def known(self) -> Known:
        """All pins that the file holds now."""
        return known_devices.read(self._path)

    def accept(self, findings: Iterable[Finding]) -> None:
        """Pin what these doors presented."""
        pins = dict(self.known())
        for finding in findings:
            door, identity = finding.door, finding.presented.identity
            if identity is not None:
                pin = Pin(identity, door.address, datetime.now(UTC).replace(microsecond=0))  # as the file keeps it
                pins[door.device, door.protocol] = self._accepted[door.device, door.protocol, door.address] = pin
        known_devices.write(self._path, pins)

    def keep_only(self, devices: Iterable[DeviceSettings]) -> None:
        """Of the pins of this run leave those in the file that belong to a door of these devices. What was accepted
        for one address says nothing about another; an address that is taken back has its pin again."""
        wanted = {(door.device, door.protocol, door.address) for door in doors(devices)}
        known = self.known()
        mine = list(self._accepted.values())
        pins = {key: pin for key, pin in known.items() if pin not in mine}
        pins |= {(name, door): pin for (name, door, at), pin in self._accepted.items() if (name, door, at) in wanted}
        if pins != known:
            known_devices.write(self._path, pins)
