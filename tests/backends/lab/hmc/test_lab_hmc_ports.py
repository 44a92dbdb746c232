"""vNICs and SR-IOV logical ports of the lab: written into profiles, got by activation, listed, live on the network."""

from __future__ import annotations

import shlex

import pytest

from backends.lab.hmc import power
from backends.lab.referee import Rule
from tests.backends.hmc.hmc_estate import Estate

MAC = "FA0C11D2E30A"
VNIC = "slot_num=12:port_vlan_id=10:mac_addr={}:backing_devices=sriov/vios1/1/1/0/2.0/50,sriov/vios1/1/1/1/2.0/60"
PORT = "config_id=0:adapter_id=1:phys_port_id=0:port_vlan_id=10:mac_addr={}"
LISTED = "lshwres -r virtualio --rsubtype vnic --level lpar -m p10-a -F lpar_name,slot_num,port_vlan_id,mac_addr"
PORTS = "lshwres -r sriov --rsubtype logport --level eth -m p10-a"


def give(hmc: Estate, attribute: str, text: str, lpar: str = "web1") -> tuple[int, str]:
    record = f'name=default_profile,lpar_name={lpar},"{attribute}={text}"'
    status, out, _ = hmc.ask(f"chsyscfg -r prof -m p10-a -i {shlex.quote(record)}")
    return status, out


def written(hmc: Estate, attribute: str, lpar: str = "web1") -> str:
    return hmc.out(f"lssyscfg -r prof -m p10-a --filter lpar_names={lpar} -F {attribute}").strip()


def activate(hmc: Estate, lpar: str = "web1") -> None:
    found = hmc.lpar(lpar)
    with hmc.world.turn():
        power.power_lost(found)
        power.configure(found, found.profiles[0])
        power.run(found, rmc=True)


@pytest.mark.parametrize(
    "given",
    [
        VNIC.format(MAC),
        f"12:ded:1:10:0:all:{MAC}:all:0:sriov/vios1/1/1/0/2.0/50/100.0,sriov/vios1/1/1/1/2.0/60/100.0",
    ],
    ids=["by name", "by position"],
)
def test_a_vnic_is_written_either_way_and_listed_by_position(hmc: Estate, given: str) -> None:
    assert give(hmc, "vnic_adapters", f'""{given}""') == (0, "")
    backing = "sriov/vios1/1/1/0/2.0/50/100.0,sriov/vios1/1/1/1/2.0/60/100.0"
    assert written(hmc, "vnic_adapters") == f'"""12:ded:1:10:0:all:{MAC}:all:0:{backing}"""'


def test_a_vnic_is_there_from_the_next_activation_on_with_a_mac_that_is_kept(hmc: Estate) -> None:
    give(hmc, "vnic_adapters", "slot_num=12:port_vlan_id=10:backing_devices=sriov/vios1/1/1/0")
    assert "FA" not in hmc.out(LISTED)
    activate(hmc)
    chosen = hmc.out(LISTED)
    assert chosen.startswith("web1,12,10,FA")
    activate(hmc)
    assert hmc.out(LISTED) == chosen
    states = hmc.out(LISTED.replace("lpar_name,slot_num,port_vlan_id,mac_addr", "backing_device_states")).strip()
    assert states == "sriov/27005060/1/Operational"


def test_a_logical_port_gets_an_id_of_its_adapter_and_is_listed_with_its_lpar(hmc: Estate) -> None:
    assert give(hmc, "sriov_eth_logical_ports", PORT.format(MAC)) == (0, "")
    assert "logical_port_id=27004001:diag_mode=0:huge_dma_window_mode=0:promisc_mode=0:allowed_vlan_ids=all" in written(
        hmc, "sriov_eth_logical_ports"
    )
    activate(hmc)
    row = hmc.out(f"{PORTS} -F config_id,lpar_name,lpar_state,adapter_id,logical_port_id,mac_addr --header")
    assert row.splitlines()[1:] == [f"0,web1,Running,1,27004001,{MAC}"]
    assert hmc.out(f"{PORTS} --filter adapter_ids=2") == hmc.out(f"{PORTS} --filter lpar_names=erp_db1")  # none


def test_a_vios_shows_the_ports_that_it_holds_for_vnics(hmc: Estate) -> None:
    give(hmc, "vnic_adapters", "slot_num=12:mac_addr=" + MAC + ":backing_devices=sriov/vios1/1/1/0")
    activate(hmc)
    rows = hmc.out(f"{PORTS} -F config_id,lpar_name,mac_addr").splitlines()
    assert rows == ["16384,vios1,000000000000"]


@pytest.mark.parametrize(
    ("attribute", "text"),
    [
        ("vnic_adapters", VNIC.format("010203040506")),
        ("vnic_adapters", "slot_num=12:mac_addr=FA0102030405"),
        ("vnic_adapters", "slot_num=2:backing_devices=sriov/vios1/1/1/0"),
        ("vnic_adapters", "12:ded:1"),
        ("vnic_adapters", "slot_num=12:colour=red:backing_devices=sriov/vios1/1/1/0"),
        ("vnic_adapters", "slot_num=12:port_vlan_id=5000:backing_devices=sriov/vios1/1/1/0"),
        ("sriov_eth_logical_ports", "adapter_id=1"),
        ("sriov_eth_logical_ports", "adapter_id=1:phys_port_id=0:logical_port_id=27008001"),
    ],
    ids=["MAC", "no backing device", "slot in use", "too few fields", "unknown", "VLAN", "no port", "another adapter"],
)
def test_what_no_hmc_takes_is_refused_and_changes_nothing(hmc: Estate, attribute: str, text: str) -> None:
    before = written(hmc, attribute)
    status, out = give(hmc, attribute, f'""{text}""' if "," in text else text)
    assert status == 1
    assert out
    assert written(hmc, attribute) == before


def test_ports_are_added_and_removed_while_an_lpar_runs_and_its_profile_stays(hmc: Estate) -> None:
    activate(hmc)
    do = "chhwres -m p10-a -p web1"
    record = shlex.quote(f"port_vlan_id=10,mac_addr={MAC},backing_devices=sriov/vios1/1/1/0")
    hmc.out(f"{do} -r virtualio --rsubtype vnic -o a -s 12 -a {record}")
    hmc.out(f"{do} -r sriov --rsubtype logport -o a -a adapter_id=1,phys_port_id=0,logical_port_type=eth")
    assert f"web1,12,10,{MAC}" in hmc.out(LISTED)
    assert "27004001" in hmc.out(PORTS)
    assert written(hmc, "vnic_adapters") == "none"
    hmc.out(f"{do} -r virtualio --rsubtype vnic -o r -s 12")
    hmc.out(f"{do} -r sriov --rsubtype logport -o r -a adapter_id=1,logical_port_id=27004001")
    assert MAC not in hmc.out(LISTED)
    assert "27004001" not in hmc.out(PORTS)


def test_one_mac_in_a_vnic_and_in_a_virtual_adapter_of_one_network_is_seen_by_the_referee(hmc: Estate) -> None:
    live = next(iter(hmc.lpar("erp_db1").running.eth.values()))
    give(
        hmc, "vnic_adapters", f"slot_num=12:port_vlan_id={live.vlan}:mac_addr={live.mac}:backing_devices=sriov/v/1/1/0"
    )
    activate(hmc)
    assert [event.rule for event in hmc.world.referee.violations] == [Rule.MAC_TWICE]


def test_an_old_hmc_knows_neither(hmc: Estate) -> None:
    hmc.hmc.version = 7
    for command in (LISTED, PORTS, "lssyscfg -r prof -m p10-a -F vnic_adapters"):
        status, out, _ = hmc.ask(command)
        assert (status, bool(out)) == (1, True)
