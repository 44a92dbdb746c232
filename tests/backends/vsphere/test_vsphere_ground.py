"""What a server stands on, as its own interface says it: a lone ESXi host and a vCenter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.connect import Connector
from app.settings import load
from backends.lab.vsphere.records import AutoStartEntry
from backends.outcome import DeviceError
from backends.vsphere import acts
from backends.vsphere.finding import Called
from backends.vsphere.ground import Ground
from tests.faults.vm_estate import VmEstate, vm_estate


@pytest.fixture(scope="module", params=[False, True], ids=["vCenter", "lone host"])
def estate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VmEstate]:
    with vm_estate(tmp_path_factory.mktemp("ground"), hosts=request.param) as running:
        yield running


def test_hosts_uplinks_versions_auto_start_licence_and_clock_are_read(estate: VmEstate) -> None:
    state, name = estate.paris.state, estate.fresh()
    host, vm = state.hosts[0], estate.paris.vm(name)
    driver = Connector(load(estate.config)).reach("vc-paris")
    try:
        ground = Ground().take(driver)
        assert [one.moid for one in ground.hosts] == [each.moid for each in state.hosts]
        found = ground.host(host.moid)
        assert found is not None
        assert (found.memory_mb, found.cores, found.threads) == (host.memory >> 20, host.cores, 2 * host.cores)
        assert found.uplinks == {"PROD": 1, "DRILL": 0}
        assert found.versions is not None
        assert {"vmx-19", "vmx-21"} <= found.versions
        assert found.starts == frozenset()
        assert abs(ground.skew_s) < 5
        assert (ground.licences is None) is not state.is_host
        with estate.world.turn():
            host.autostart_defaults["enabled"] = True
            host.autostart[vm.moid] = AutoStartEntry(1, -1, "systemDefault", "powerOn", -1, "systemDefault")
            state.version = "7.0.3"
        ground = Ground().take(driver)
        found = ground.host(host.moid)
        assert found is not None
        assert found.starts == {vm.moid}
        assert found.versions is not None
        assert "vmx-20" not in found.versions
        (called,) = Called(vm.home.instance_uuid).take(driver)
        assert (called.moid, called.name) == (vm.moid, name)
    finally:
        driver.close()


def test_a_free_host_says_so_keeps_its_key_to_itself_and_takes_no_order(estate: VmEstate) -> None:
    state = estate.paris.state
    if not state.is_host:
        return
    vm = estate.paris.vm(estate.fresh())
    state.edition = "esxBasic"
    driver = Connector(load(estate.config)).reach("vc-paris")
    try:
        (licence,) = Ground().take(driver).licences or ()
        assert licence.free
        assert "00000" not in repr(licence)
        with pytest.raises(DeviceError) as refused:
            acts.TakeSnapshot(vm.moid, "s", "", quiesce=False).send(driver.session)
        assert refused.value.code == "RestrictedVersion"
        assert not vm.roots
    finally:
        driver.close()
        state.edition = "esx.enterprisePlus.cpuPackage"
