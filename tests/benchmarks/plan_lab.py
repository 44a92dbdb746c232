"""The estate of the plan bench, in a process of its own: ``python -m tests.benchmarks.plan_lab DIRECTORY COUNT``.

One recovery plan, ``big``, of COUNT applications in three priority groups; each has five LPARs in a protection group,
two remote copy groups and ten VMs. What a disaster comes back from is there: complete snapshots, replicas of the VMs.
It sets the latencies to realistic and prints a line: ``config.toml`` and ``plans/`` are then in DIRECTORY. ``dark`` on
its standard input takes paris away, and is answered by a line; at the end of its input it prints what the referee holds
against the console as JSON, and ends.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from backends.lab.configuration import write_config
from backends.lab.lab import Lab
from backends.lab.threepar.state import ThreePar, add_replicated_group, add_server, add_threepar, connect
from backends.lab.timing import INSTANT, REALISTIC
from backends.lab.volumes import Image, Segment
from backends.lab.vsphere.records import Datastore, Network, Vm
from backends.lab.vsphere.state import GIB, VSphereState
from backends.lab.world import CopiedVm, Device, World
from store.estate import DeviceKind, RcgMode
from tests.benchmarks.lpar_lab import PRA_SYSTEMS, Builder

LPARS, RCGS, VMS = 5, 2, 10
"""Members of an application, of a kind each."""
GROUPS = ("infrastructure", "databases", "front-ends")


class Vms:
    """Two vCenters; VMs run at paris, each with a replica at lyon. Used inside a turn."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._states: list[VSphereState] = []
        self._places: list[tuple[Datastore, Network]] = []
        for site in ("paris", "lyon"):
            name = f"vc-{site}"
            state = VSphereState(world, name, site)
            users = {"administrator@vsphere.local": f"{name}-pw"}
            world.add_device(Device(name, DeviceKind.VSPHERE, site, state, users=users, rename=state.rename))
            state.add_datacenter(f"DC-{site}")
            cluster = state.add_cluster(f"{site}-cluster")
            for number in range(8):
                state.add_host(f"esx{number}.{site}.example", cluster)
            store = state.add_datastore(f"ds-{site}", 100 * 1024 * GIB)
            self._places.append((store, state.add_network("PROD", world.segments["vlan110"])))
            self._states.append(state)

    def add(self, name: str, number: int) -> None:
        paris, lyon = self._states
        image = Image(name, "disk0", (Segment("installed", 1000),))
        vm = _vm(paris, name, number, self._places[0], image, running=True)
        replica = _vm(lyon, f"{name}_replica", number, self._places[1], image, running=False)
        frozen = datetime.fromtimestamp(int(self._world.now) - 120, UTC).isoformat().replace("+00:00", "Z")
        told = {
            "source": vm.home.instance_uuid, "source-name": name, "generation": "1", "point-in-time": frozen,
            "complete": "true", "interval": "900",
        }  # fmt: skip
        replica.home.extra.update({f"drdeck.replica.{key}": text for key, text in told.items()})
        replica.home.disks[0].volume.stored = vm.home.disks[0].volume.image(self._world.now - 120)
        self._world.copied.append(CopiedVm(name, "vc-paris", "vc-lyon", "ds-lyon", "PROD"))


def _vm(
    state: VSphereState, name: str, number: int, place: tuple[Datastore, Network], image: Image, *, running: bool
) -> Vm:
    host, (store, network) = state.hosts[number % len(state.hosts)], place
    return state.add_vm(name, store, host=host, images=(image,), networks=(network,), running=running, disks=(2 * GIB,))


def _rcg(paris: ThreePar, lyon: ThreePar, name: str, number: int) -> None:
    volumes = {f"{name}_v{n}": 10_240 for n in (1, 2)}
    add_replicated_group(paris, name, lyon.name, RcgMode.SYNC, volumes)
    add_server(paris, f"{name}-srv", (f"21000000{number:06X}A0",), tuple(volumes))
    add_server(lyon, f"{name}-srv", (f"21000000{number:06X}B0",), (), running=False)


def build(world: World, applications: int) -> str:
    """So many applications, inside a turn. Returns the text of their plan."""
    builder = Builder(world)
    user = {"3paradm": "not-a-secret"}
    paris = add_threepar(world, "3par-p", "paris", serial="CZ1", system_id=1001, users=user)
    lyon = add_threepar(world, "3par-l", "lyon", serial="CZ2", system_id=1002, users=user)
    connect(paris, lyon)
    vms = Vms(world)
    lines = ['from = "paris"', 'to = "lyon"', "[waves]", "lpars = 32", "rcgs = 64", "vms = 32"]
    lines += [line for name in GROUPS for line in ("[[groups]]", f'name = "{name}"')]
    for number in range(applications):
        lpars = [f"lp{number:02}{n}" for n in range(LPARS)]
        rcgs = [f"rcg{number:02}{n}" for n in range(RCGS)]
        names = [f"vm{number:02}{n}" for n in range(VMS)]
        builder.group(f"pg{number:02}", lpars)
        for n, name in enumerate(rcgs):
            _rcg(paris, lyon, name, number * RCGS + n)
        for n, name in enumerate(names):
            vms.add(name, number * VMS + n)
        lines += ["[[applications]]", f'name = "app{number:02}"', f'group = "{GROUPS[number * 3 // applications]}"']
        lines += [f"lpars = {json.dumps(lpars)}", f'pgroups = ["pg{number:02}"]']
        lines += [f"rcgs = {json.dumps(rcgs)}", f"vms = {json.dumps(names)}"]
    return "\n".join([*lines, ""])


def main() -> None:
    directory = Path(sys.argv[1])
    world = World(1, None, INSTANT)
    with world.turn():
        world.plans["big"] = build(world, int(sys.argv[2]))
    lab = Lab(world, directory / "identities")
    lab.start()
    try:
        path = write_config(lab, directory, interval_s=3600)
        path.write_text(path.read_text() + PRA_SYSTEMS)
        world.timing = REALISTIC
        print("ready", flush=True)
        for line in sys.stdin:
            with world.turn():
                world.set_dark("paris", line.strip() == "dark")
            print("done", flush=True)
        with world.turn():
            violations = [str(violation) for violation in world.referee.violations]
            lost = sum(loss.generations for loss in world.referee.losses)
        print(json.dumps({"violations": violations, "lost": lost}), flush=True)
    finally:
        lab.stop()


if __name__ == "__main__":
    main()
