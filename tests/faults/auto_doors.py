"""The same stories on the lab's doors: the hypervisors are asked over SOAP and their machines started over it, the link
is what an array at Lyon says over SSH and WSAPI, path and gateway are TCP connections, and one that is cut is met with
silence."""

from __future__ import annotations

import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

from msgspec.structs import replace

from app.auto_records import Auto, AutoGroup, AutoMode, Endpoint
from app.connect import Connector
from app.recovery.auto.gather import Eyes
from app.recovery.auto.port import Drawn, Drill, Outcome, Result
from app.recovery.auto.rules import Replicas
from app.recovery.auto.vms import VmRecovery
from app.recovery.looks import Devices
from app.settings import load
from backends.lab.configuration import write_config
from backends.lab.estates.demo_vms import _mark
from backends.lab.faults import FaultKind
from backends.lab.lab import Lab
from backends.lab.threepar.state import add_threepar, connect
from backends.lab.world import Device
from backends.vsphere import tasks, verbs
from store.auto import AutoStore
from store.auto_records import Part, Says
from store.estate import DeviceKind, PowerState
from store.runs import Plan
from tests.faults.auto_tale import Tale, arm
from tests.faults.auto_world import AutoWorld

TCP_S = 0.3
UPLINK, OTHER = "127.0.0.1", "127.0.0.2"


class Silence:
    """A TCP port that answers, or whose connections come to nothing, as behind a cut: its backlog is full."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.bind((UPLINK, 0))
        self.port = int(self._socket.getsockname()[1])
        self._waiting: list[socket.socket] = []
        self._silent = False
        self._socket.listen(16)

    def set(self, silent: bool) -> None:
        if silent == self._silent:
            return
        self._silent = silent
        self._drain()
        self._socket.listen(0 if silent else 16)
        if not silent:
            return
        for _ in range(3):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex((UPLINK, self.port))
            self._waiting.append(one)
        time.sleep(0.01)

    def _drain(self) -> None:
        for one in self._waiting:
            one.close()
        self._waiting.clear()
        self._socket.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self._socket.accept()[0].close()

    def answer(self) -> None:
        """Take the connections that were made, so that there is room for the next."""
        if not self._silent:
            self._drain()

    def close(self) -> None:
        self._drain()
        self._socket.close()


class DoorWorld(AutoWorld):
    """The two sites with their doors open, and an array at each. What is broken is made so at the doors."""

    def __init__(self, groups: Sequence[int], brake: int, folder: Path) -> None:
        super().__init__(groups, brake)
        for state in (self.paris, self.lyon):
            users = {"administrator@vsphere.local": "not-a-secret"}
            self.world.add_device(Device(state.name, DeviceKind.VSPHERE, state.site, state, users=users))
        user = {"3paradm": "not-a-secret"}
        arrays = [
            add_threepar(self.world, f"3par-{site[0]}", site, serial=f"CZ{n}", system_id=1000 + n, users=user)
            for n, site in enumerate(("paris", "lyon"), 1)
        ]
        self.wires = connect(*arrays)
        self.path, self.gateway = Silence(), Silence()
        endpoint = Endpoint(UPLINK, self.path.port)
        self.groups = [replace(each, link="3par-l", path=endpoint, path_from=OTHER) for each in self.groups]
        self.auto = Auto(tuple(self.groups), Endpoint(UPLINK, self.gateway.port), brake)
        for name, pair in self.pairs.items():
            self._marked(name, pair.frozen)
        self.lab = Lab(self.world, folder / "identities")
        self.lab.start()
        self.settings = load(write_config(self.lab, folder, interval_s=60))

    def close(self) -> None:
        self.lab.stop()
        self.path.close()
        self.gateway.close()

    def _replicate(self, now: float) -> None:
        super()._replicate(now)
        for name, pair in self.pairs.items():
            self._marked(name, pair.frozen)

    def _marked(self, name: str, frozen: float) -> None:
        pair = self.pairs[name]
        generation = int(pair.replica.home.extra.get("drdeck.replica.generation", "0")) + 1
        complete = name not in self.cuts.incomplete if hasattr(self, "cuts") else True
        _mark(pair.replica, pair.source, 300, generation, frozen, complete=complete)
        pair.frozen = float(int(frozen))
        self.lyon.changed(pair.replica)

    # ------------------------------------------------------------------------------------ only what a door can show

    def said(self, part: Part) -> Says:
        truth, lie = self.truly(part), self.cuts.lies.get(part)
        possible = {
            Part.API: (Says.DOWN, Says.UNKNOWN) if truth is Says.UP else (),
            Part.LINK: (Says.DOWN, Says.UNKNOWN) if truth is Says.UP else (Says.UNKNOWN,),
            Part.PATH: (Says.UP, Says.DOWN),
        }[part]
        if lie is None or lie not in possible or (part is Part.PATH and lie is Says.DOWN and self.cuts.wan):
            return truth
        return lie

    def neighbour(self) -> bool | None:
        dark, cut = self.world.sites["paris"].dark, self.cuts.uplink or self.cuts.isolated
        if dark or cut or (self.cuts.wan and self.cuts.neighbour != "alive"):
            return True
        return None if self.cuts.neighbour == "mute" else False

    def realise(self) -> None:
        """Make doors, wires and ports show what the story says."""
        faults, cuts = self.world.faults, self.cuts
        faults.clear()
        api, silent = self.said(Part.API), self.neighbour()
        if api is not Says.UP:
            faults.add("vc-p", FaultKind.UNREACHABLE if api is Says.DOWN else FaultKind.REFUSES_LOGIN)
        if silent is not False:
            faults.add("3par-p", FaultKind.UNREACHABLE if silent else FaultKind.REFUSES_LOGIN)
        if self.said(Part.LINK) is Says.UNKNOWN:
            faults.add("3par-l", FaultKind.UNREACHABLE)
        if not self.dr_answers():
            faults.add("vc-l", FaultKind.UNREACHABLE)
        with self.world.turn() as now:
            self.wires.set_wires(self.said(Part.LINK) is not Says.DOWN, now)
            for name, pair in self.pairs.items():
                self._marked(name, pair.frozen)
        self.path.set(self.said(Part.PATH) is not Says.UP)
        self.gateway.set(cuts.uplink)


class DoorRecovery(VmRecovery):
    """The real looks at the replicas, and a failover that powers them on over SOAP."""

    def __init__(self, at: DoorWorld, connector: Connector, devices: Devices) -> None:
        devices_only = SimpleNamespace(devices=devices)
        super().__init__(devices_only, self._drawn, self._digest_of, self._drilled, lambda group: (), clock=at.now)
        self.at = at
        self._connector = connector
        self.plans = 0

    def _drawn(self, group: AutoGroup, run_id: str) -> Plan:
        return Plan(f"vm failover {self.at.digests[group.name]}", group.name, (), self.at.now())

    def _drilled(self, group: AutoGroup) -> Drill:
        return Drill(self.at.drills[group.name], "as drilled")

    def _digest_of(self, group: AutoGroup) -> str:
        return self.at.digests[group.name]

    def replicas(self, group: AutoGroup) -> Replicas | None:
        """The lab's clock went ahead of this machine's, which is no skew of the device."""
        found = super().replicas(group)
        ahead = self.at.clock_s.now() - time.time()
        return None if found is None else replace(found, skew_s=round((found.skew_s or 0.0) - ahead))

    def propose(self, drawn: Drawn) -> str:
        self.plans += 1
        return f"prepared {self.plans}"

    def run(self, group: AutoGroup, drawn: Drawn, armed: object, began: Callable[[str], None]) -> Outcome:
        began(f"run of {group.name}")
        driver = self._connector(group.replica)
        try:
            for name in group.vms:
                task = verbs.power_on(driver.session, self.at.pairs[name].replica.moid)
                self.at.clock_s.advance(1)  # a task takes its time, and nobody else moves this clock
                tasks.wait(driver.session, task, 20)
        finally:
            driver.close()
        self.at.started.append(group.name)
        return Outcome(Result.DONE, f"{len(group.vms)} machines run at Lyon")


class DoorEyes(Eyes):
    """The real eyes. The doors are brought in line with the story just before they are asked."""

    def __init__(self, at: DoorWorld, devices: Devices, recovery: DoorRecovery) -> None:
        super().__init__(at.auto, at.settings.devices, devices, recovery, at.now, (20.0, TCP_S))
        self._at = at

    def look(self, groups: Sequence[AutoGroup], suspected: Callable[[AutoGroup], bool]) -> dict[str, object]:
        self._at.realise()
        try:
            return super().look(groups, suspected)
        finally:
            self._at.path.answer()
            self._at.gateway.answer()


def door_tale(folder: Path, groups: Sequence[int], seed: int, counts: Counter[str], brake: int = 3) -> Tale:
    """A tale on the doors, its groups armed by two people for an hour of loss. End it with :func:`closed`."""
    folder.mkdir(parents=True, exist_ok=True)
    world = DoorWorld(groups, brake, folder)
    connector = Connector(world.settings)
    devices = Devices(connector, {device.name: device.sessions for device in world.settings.devices})
    recovery = DoorRecovery(world, connector, devices)
    store = AutoStore(folder / "story.sqlite", world.now)
    tale = Tale(world, store, random.Random(seed), counts, DoorEyes(world, devices, recovery), recovery)
    for group in world.groups:
        assert group.mode is AutoMode.AUTOMATIC
        arm(tale, group.name)
    return tale


def closed(tale: Tale) -> None:
    tale.store.close()
    tale.world.close()


def requests(tale: Tale) -> int:
    """How many requests the SOAP doors were sent."""
    return sum(tale.world.world.devices[name].counters.requests.total() for name in ("vc-p", "vc-l"))


def running(tale: Tale) -> int:
    """How many replicas run."""
    return sum(pair.replica.power is PowerState.ON for pair in tale.world.pairs.values())
