"""A running lab: the doors of every device of a world, opened and closed with the faults and the power of its site."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import Protocol, cast

from backends.lab.faults import Fault, FaultKind
from backends.lab.https import HttpsDoor
from backends.lab.ssh import SshDoor, public_key_line
from backends.lab.tls import Identities
from backends.lab.world import Device, HostKind, World
from store.estate import DeviceKind

AnyDoor = HttpsDoor | SshDoor


class DoorModule(Protocol):
    """What each ``backends.lab.<technology>.door`` module offers."""

    def open_doors(self, world: World, device: Device, identities: Identities) -> dict[str, AnyDoor]:
        """The doors of a device by name (``https``, ``ssh``), not yet started; ports from ``device.ports`` if given."""


class Lab:
    """``start()`` opens every door and lets time pass; ``stop()`` closes all. Ports are then in ``device.ports``."""

    def __init__(self, world: World, directory: Path) -> None:
        self.world = world
        self.identities = Identities(directory)
        self._doors: dict[str, dict[str, AnyDoor]] = {}
        self._stopped = threading.Event()
        self._applied: dict[int, Fault] = {}

    def start(self) -> None:
        client = public_key_line(self.identities.client_key())
        for device in self.world.devices.values():
            for user in device.users:
                device.public_keys.setdefault(user, []).append(client)
            self._doors[device.name] = _module(device.kind).open_doors(self.world, device, self.identities)
            for name, door in self._doors[device.name].items():
                door.start()
                device.ports[name] = door.port
        self.world.watch_sites(lambda _site, _now: self._switch())
        self.world.faults.watch(self._switch)
        self._switch()
        threading.Thread(target=self._tick, daemon=True, name="lab-clock").start()

    def stop(self) -> None:
        self._stopped.set()
        for doors in self._doors.values():
            for door in doors.values():
                door.close()

    def door(self, device: str, name: str) -> AnyDoor:
        return self._doors[device][name]

    def _tick(self) -> None:
        while not self._stopped.wait(0.2):
            with self.world.turn():
                pass

    def _switch(self) -> None:
        """Bring doors and objects in line with the faults in force."""
        with self.world.turn():
            for name, doors in self._doors.items():
                device = self.world.devices[name]
                away = self.world.is_dark(device) or self.world.faults.active(name, FaultKind.UNREACHABLE) is not None
                for door in doors.values():
                    if away:
                        door.stop()
                    elif not self._stopped.is_set():
                        door.start()
            self._switch_objects()

    def _switch_objects(self) -> None:
        """Rename objects and put them into pending eradication, and undo it when the fault goes away."""
        in_force = {f.id: f for f in self.world.faults.in_force()}
        for fault in [f for i, f in self._applied.items() if i not in in_force]:
            del self._applied[fault.id]
            self._apply(fault, on=False)
        for fault in [f for i, f in in_force.items() if i not in self._applied]:
            if fault.kind in (FaultKind.RENAMED, FaultKind.PENDING):
                self._applied[fault.id] = fault
                self._apply(fault, on=True)

    def _apply(self, fault: Fault, *, on: bool) -> None:
        for device in self.world.devices.values():
            if not fault.covers(device.name, fault.verb) or fault.subject is None:
                continue
            if fault.kind is FaultKind.RENAMED and device.rename is not None:
                other = fault.new_name or f"{fault.subject}-renamed"
                device.rename(*((fault.subject, other) if on else (other, fault.subject)))
            elif fault.kind is FaultKind.PENDING and device.set_pending is not None:
                device.set_pending(fault.subject, on)


def _module(kind: DeviceKind | HostKind) -> DoorModule:
    return cast(DoorModule, importlib.import_module(f"backends.lab.{kind.value}.door"))
