"""A host that its vCenter does not hear: dead with its machines, or only cut off from the management network."""

from __future__ import annotations

from backends.lab.vsphere.records import EsxHost
from backends.lab.vsphere.state import VSphereState
from store.estate import PowerState


def lose_host(state: VSphereState, host: EsxHost, *, dead: bool, ha: bool = True) -> None:
    """The vCenter shows what it knew last: the host *notResponding*, its machines *disconnected* and as they ran.
    ``dead``: nothing on it runs any more. ``ha``: the cluster's HA tells the two apart by heartbeats on datastores."""
    host.connection = "notResponding"
    host.das = ("hostDown" if dead else "networkIsolated") if ha else ""
    state.touch(host)
    for vm in state.vms.values():
        if vm.host is host:
            vm.connection = "disconnected"
            if dead and vm.power is PowerState.ON:
                state.world.power_off(vm.writer)
            state.touch(vm)


def host_returns(state: VSphereState, host: EsxHost) -> None:
    """It is heard again; what did not outlive it is off."""
    host.connection, host.das = "connected", ""
    state.touch(host)
    for vm in state.vms.values():
        if vm.host is host:
            vm.connection = "connected"
            if vm.power is PowerState.ON and not vm.writer.running:
                state.stopped(vm)
            state.touch(vm)
