"""Machines that start and stop with their host, as a HostAutoStartManager keeps it (vSphere Web Services API).

Switched off as a whole until somebody enables it; a machine that is not entered takes no part.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from pyVmomi import vim

from backends.lab.vsphere import machines
from backends.lab.vsphere.records import AutoStartEntry, EsxHost, Refusal, Vm
from backends.lab.vsphere.soap import reference
from backends.lab.vsphere.state import VSphereState
from store.estate import PowerState

_START = {"none": "none", "poweron": "powerOn"}
_STOP = ("none", "systemDefault", "powerOff", "guestShutdown", "suspend")
_DEFAULTS = ("enabled", "startDelay", "stopDelay", "waitForHeartbeat", "stopAction")


def config(state: VSphereState, host: EsxHost) -> Any:
    """HostAutoStartManagerConfig."""
    entries = sorted(host.autostart.items(), key=lambda one: (one[1].start_order < 0, one[1].start_order))
    return vim.host.AutoStartManager.Config(
        defaults=vim.host.AutoStartManager.SystemDefaults(**host.autostart_defaults),
        powerInfo=[
            vim.host.AutoStartManager.AutoPowerInfo(
                key=reference(state.vms[moid]),
                startOrder=entry.start_order,
                startDelay=entry.start_delay,
                waitForHeartbeat=entry.wait_for_heartbeat,
                startAction=entry.start_action,
                stopDelay=entry.stop_delay,
                stopAction=entry.stop_action,
            )
            for moid, entry in entries
            if moid in state.vms and state.vms[moid].host is host
        ],
    )


def reconfigure(state: VSphereState, host: EsxHost, spec: Any) -> None:
    """ReconfigureAutostart: of the defaults what is given is set, of the machines those that are named."""
    wanted: dict[str, AutoStartEntry] = {}
    for info in spec.powerInfo or ():
        moid = str(info.key._moId)
        vm = state.vms.get(moid)
        if vm is None or vm.host is not host:
            raise Refusal("InvalidArgument", "A specified parameter was not correct: spec.powerInfo.key")
        wanted[moid] = _entry(info)
    for name in _DEFAULTS:
        given = getattr(spec.defaults, name, None) if spec.defaults is not None else None
        if given is not None:
            host.autostart_defaults[name] = given
    for moid, entry in wanted.items():
        if (entry.start_action, entry.stop_action) == ("none", "none"):
            host.autostart.pop(moid, None)
        else:
            host.autostart[moid] = entry
    state.touch(host)


def _entry(info: Any) -> AutoStartEntry:
    start = _START.get(str(info.startAction).lower())
    stop = next((one for one in _STOP if one.lower() == str(info.stopAction).lower()), None)
    order = int(info.startOrder)
    if start is None or stop is None or order < -1 or order == 0 or (start == "none" and order != -1):
        raise Refusal("InvalidArgument", "A specified parameter was not correct: spec.powerInfo")
    return AutoStartEntry(order, int(info.startDelay), str(info.waitForHeartbeat), start, int(info.stopDelay), stop)


def power_on(state: VSphereState, host: EsxHost) -> None:
    """AutoStartPowerOn, or the host came up: one after the other, each once the delay of the one before is over."""
    if not host.autostart_defaults["enabled"]:
        return
    starting = [(moid, entry) for moid, entry in host.autostart.items() if entry.start_action == "powerOn"]
    after = 0.0
    for moid, entry in sorted(starting, key=lambda one: (one[1].start_order < 0, one[1].start_order)):
        state.world.after(after, partial(_start, state, host, moid))
        delay = entry.start_delay if entry.start_delay >= 0 else host.autostart_defaults["startDelay"]
        after += float(delay)


def _start(state: VSphereState, host: EsxHost, moid: str, _now: float) -> None:
    vm = state.vms.get(moid)
    if vm is None or vm.host is not host or vm.power is not PowerState.OFF or state.world.sites[state.site].dark:
        return
    try:
        machines.must_be_startable(state, vm)
    except Refusal:
        return
    machines.start(state, vm)


def power_off(state: VSphereState, host: EsxHost) -> None:
    """AutoStartPowerOff: those that are entered stop as they are to."""
    if host.autostart_defaults["enabled"]:
        for moid, entry in list(host.autostart.items()):
            vm = state.vms.get(moid)
            if vm is not None and vm.power is PowerState.ON:
                _stop(state, vm, entry.stop_action, str(host.autostart_defaults["stopAction"]))


def _stop(state: VSphereState, vm: Vm, action: str, default: str) -> None:
    wanted = (default if action == "systemDefault" else action).lower()
    if wanted == "guestshutdown" and vm.tools_running:
        machines.guest_shutdown(state, vm)
    elif wanted == "suspend":
        machines.suspend(state, vm)
    elif wanted != "none":
        machines.power_off(state, vm)
