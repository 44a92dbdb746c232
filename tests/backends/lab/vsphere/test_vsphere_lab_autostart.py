"""What starts and stops with its host, as clients set it and as the host does it."""

from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import vim, vmodl

from backends.lab.vsphere import machines
from backends.lab.vsphere.records import Vm
from store.estate import PowerState
from tests.backends.lab.vsphere.vs_estate import Estate, connected

AutoStart = vim.host.AutoStartManager


def manager(estate: Estate, service: Any) -> Any:
    return vim.HostSystem(estate.state.hosts[1].moid, service._stub).configManager.autoStartManager


def info(vm: Vm, action: str, order: int, *, stop: str = "systemDefault", delay: int = -1) -> Any:
    return AutoStart.AutoPowerInfo(
        key=vim.VirtualMachine(vm.moid), startOrder=order, startDelay=delay, waitForHeartbeat="systemDefault",
        startAction=action, stopDelay=-1, stopAction=stop,
    )  # fmt: skip


def named(estate: Estate, name: str) -> Vm:
    return next(vm for vm in estate.state.vms.values() if vm.name == name)


def test_nothing_starts_with_its_host_until_somebody_says_so(estate: Estate) -> None:
    with connected(estate) as service:
        found = manager(estate, service).config
        assert (found.defaults.enabled, found.defaults.startDelay, list(found.powerInfo)) == (False, 120, [])


def test_one_entry_is_changed_and_the_rest_stays(estate: Estate) -> None:
    one, other = named(estate, "vm1"), named(estate, "vm3")
    with connected(estate) as service:
        starts = manager(estate, service)
        starts.ReconfigureAutostart(
            AutoStart.Config(
                defaults=AutoStart.SystemDefaults(enabled=True),
                powerInfo=[info(one, "powerOn", 1), info(other, "PowerOn", -1)],
            )
        )
        starts.ReconfigureAutostart(AutoStart.Config(powerInfo=[info(one, "none", -1)]))
        found = vim.HostSystem(estate.state.hosts[1].moid, service._stub).config.autoStart
        assert (found.defaults.enabled, found.defaults.stopDelay) == (True, 120)
        assert {each.key._moId: each.startAction for each in found.powerInfo} == {
            one.moid: "none",
            other.moid: "powerOn",
        }
        starts.ReconfigureAutostart(AutoStart.Config(powerInfo=[info(one, "none", -1, stop="none")]))
        assert [each.key._moId for each in starts.config.powerInfo] == [other.moid]


@pytest.mark.parametrize(("action", "order"), [("none", 1), ("powerOn", 0), ("powerOn", -2), ("suspend", -1)])
def test_an_entry_that_makes_no_sense_is_refused_and_changes_nothing(estate: Estate, action: str, order: int) -> None:
    with connected(estate) as service:
        starts = manager(estate, service)
        with pytest.raises(vmodl.fault.InvalidArgument):
            starts.ReconfigureAutostart(
                AutoStart.Config(
                    defaults=AutoStart.SystemDefaults(enabled=True),
                    powerInfo=[info(named(estate, "vm1"), action, order)],
                )
            )
        assert starts.config.defaults.enabled is False


def test_a_site_that_comes_back_starts_what_is_entered_in_its_order(estate: Estate) -> None:
    first, second = named(estate, "vm3"), named(estate, "vm1")
    with connected(estate) as service:
        manager(estate, service).ReconfigureAutostart(
            AutoStart.Config(
                defaults=AutoStart.SystemDefaults(enabled=True, startDelay=60),
                powerInfo=[info(second, "powerOn", 2), info(first, "powerOn", 1)],
            )
        )
    with estate.world.turn():
        estate.world.set_dark("paris", True)
        assert (first.power, second.power) == (PowerState.OFF, PowerState.OFF)
        estate.world.set_dark("paris", False)
    estate.pass_time(1)
    assert (first.power, second.power) == (PowerState.ON, PowerState.OFF)
    estate.pass_time(60)
    assert second.power is PowerState.ON


def test_a_host_can_be_told_to_start_and_to_stop_what_is_entered(estate: Estate) -> None:
    off, on = named(estate, "vm3"), named(estate, "vm1")
    with connected(estate) as service:
        starts = manager(estate, service)
        with estate.world.turn():
            machines.start(estate.state, on)
        estate.until(lambda: on.tools_running)
        entered = [info(off, "powerOn", 1), info(on, "none", -1, stop="guestShutdown")]
        starts.ReconfigureAutostart(
            AutoStart.Config(defaults=AutoStart.SystemDefaults(enabled=True), powerInfo=entered)
        )
        starts.AutoStartPowerOn()
        estate.until(lambda: off.power is PowerState.ON)
        starts.AutoStartPowerOff()
        estate.until(lambda: (off.power, on.power) == (PowerState.OFF, PowerState.OFF))
