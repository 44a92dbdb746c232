"""One lone ESXi host of the transfer bench, in a process of its own: ``python -m tests.benchmarks.transfer_lab
DIRECTORY NAME MIB SMALL_MIB``.

The machine *large* has two sparse disks that hold MIB of data together and have room for twice as much, 5 GiB each at
least; *small* holds SMALL_MIB. Both run, with a snapshot ``s``. Prints the port of its door, and ends with its standard
input.
"""

from __future__ import annotations

import sys
from pathlib import Path

from backends.lab.clock import Clock
from backends.lab.lab import Lab
from backends.lab.timing import INSTANT
from backends.lab.volumes import Image, Segment
from backends.lab.vsphere import machines
from backends.lab.vsphere.state import GIB, VSphereState
from backends.lab.world import Device, World
from store.estate import DeviceKind, SiteRole

USER, PASSWORD = "root", "lab-0nly-Passw0rd"
MIB = 1 << 20


def main(directory: str, name: str, mib: str, small_mib: str) -> None:
    world = World(clock=Clock())
    world.timing = INSTANT
    world.add_site("paris", SiteRole.PROD)
    state = VSphereState(world, name, "paris", api_type="HostAgent")
    state.add_host(f"{name}.example")
    store = state.add_datastore("ds", 64 << 40)
    network = state.add_network("PROD", world.add_segment("prod"))
    for vm_name, data in (("large", int(mib) * MIB), ("small", int(small_mib) * MIB)):
        capacity = max(5 * GIB, data)
        images = [Image(vm_name, f"{number}", (Segment("written-before", 1),)) for number in range(2)]
        vm = state.add_vm(vm_name, store, disks=(capacity, capacity), images=images, networks=(network,), running=True)
        for disk in vm.home.disks:
            disk.data = disk.bytes_used = data // 2
        with world.turn():
            machines.create_snapshot(state, vm, "s", "", memory=False, quiesce=False)
    world.add_device(Device(name, DeviceKind.VSPHERE, "paris", state, users={USER: PASSWORD}))
    lab = Lab(world, Path(directory))
    lab.start()
    print(world.devices[name].ports["https"], flush=True)
    sys.stdin.read()
    lab.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
