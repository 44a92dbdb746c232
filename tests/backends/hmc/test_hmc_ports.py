"""vNICs and SR-IOV logical ports: running ones, those of profiles, and HMCs that know neither."""

from __future__ import annotations

import pytest

from backends.hmc import ports
from backends.hmc.looks import NicPortsOf, ProfilesOf
from backends.lab.hmc import power
from backends.lab.ssh import Answer
from backends.outcome import ParseError
from store.estate import Lpar, NicPort, PortKind, Reading
from tests.backends.hmc.hmc_estate import Estate
from tests.backends.hmc.test_hmc_driver import answering
from tests.backends.hmc.test_hmc_reading import assembled
from tests.backends.lab.hmc.test_lab_hmc_ports import MAC, PORT, VNIC, activate, give
from tests.faults import fuzz_hmc as seeds

OTHER = "FA0C11D2E30B"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5:ded:1:120:0:all:fa0102030405:all:0:sriov/v1/2/1/0/2.0/50/100.0", ("5", "FA0102030405", 120)),
        ("5:ded:1:0:0:all::all:0:sriov/v1/2/1/0/2.0/50/100.0,sriov/v2/3/1/0/2.0/50/100.0", ("5", None, 0)),
        ("5:ded:1:0:0:all:000000000000:all:1:sriov/v1/2/1/0///", ("5", None, 0)),
    ],
)
def test_a_vnic_of_a_profile_is_read_by_position(text: str, expected: tuple[str, str | None, int]) -> None:
    place, mac, vlan = expected
    assert ports.profile_vnic(text) == NicPort(PortKind.VNIC, place, mac, vlan)


def test_a_logical_port_of_a_profile_is_read_by_name() -> None:
    text = "config_id=0:adapter_id=1:phys_port_id=1:logical_port_id=2700400A:mac_addr={}:port_vlan_id=0"
    assert ports.profile_logical_port(text.format("000000000000")) == NicPort(PortKind.SRIOV, "1/2700400a", None, 0)
    assert ports.profile_logical_port(text.format(MAC)).mac == MAC
    assert ports.profile_logical_port("config_id=0:adapter_id=2:phys_port_id=1:logical_port_id=").place == "2"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5:ded:1:120:0:all",
        "x:ded:1:0:0:all::all:0:sriov/v",
        "5:ded:1:4095:0:all::all:0:s",
        "5:ded:1:0:0:all:FA01:a:0:s",
    ],
)
def test_a_vnic_of_another_form_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        ports.profile_vnic(text)
    assert caught.value.line == text


@pytest.mark.parametrize(
    "text", ["", "config_id=0", "adapter_id=x:logical_port_id=1", "adapter_id=1:logical_port_id=zz"]
)
def test_a_logical_port_of_another_form_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        ports.profile_logical_port(text)
    assert caught.value.line == text


def test_running_ports_are_gathered_by_lpar_and_a_port_for_another_s_vnic_has_no_mac() -> None:
    into = assembled(vnics=seeds.VNICS, logical_ports=seeds.LOGICAL_PORTS)
    vios, erp, *_ = into.lpars
    assert erp.macs == ("FA0C11D2E303", "FA0C11D2E304")
    assert [(port.label, port.mac) for port in vios.ports] == [("SR-IOV port 1/27005060", None)]
    assert into.problems == []


def test_a_row_that_cannot_be_read_is_a_problem_and_marks_its_lpar() -> None:
    into = assembled(vnics=seeds.VNICS.replace("FA0C11D2E303", "FA0C11D2E3"))
    assert [lpar.name for lpar in into.lpars if "ports" in lpar.unread] == ["erp_db1"]
    assert len(into.problems) == 1


def lpars(reading: Reading) -> dict[str, Lpar]:
    return {each.name: each for each in reading.objects if isinstance(each, Lpar) and each.system == "p10-a"}


def prepared(hmc: Estate) -> None:
    """web1 runs with a vNIC and a logical port."""
    assert give(hmc, "vnic_adapters", f'""{VNIC.format(MAC)}""') == (0, "")
    assert give(hmc, "sriov_eth_logical_ports", PORT.format(OTHER)) == (0, "")
    activate(hmc)


def test_a_reading_and_a_look_tell_the_ports_with_their_macs(hmc: Estate) -> None:
    prepared(hmc)
    with hmc.driver() as driver:
        web1 = lpars(driver.read())["web1"]
        looked = NicPortsOf("p10-a").take(driver)["web1"]
    assert {MAC, OTHER} <= set(web1.macs)
    assert web1.ports == looked == web1.profiles[0].ports


def test_an_hmc_that_knows_neither_is_read_without_them_and_without_a_problem(hmc: Estate) -> None:
    hmc.hmc.version = 7
    with hmc.driver() as driver:
        reading = driver.read()
        profiles = ProfilesOf("p10-a").take(driver)
    assert (reading.problems, reading.unread) == ((), ())
    assert lpars(reading)["erp_db1"].profiles == profiles["erp_db1"]


def test_a_refusal_of_another_kind_is_a_problem_and_the_lpars_still_show(hmc: Estate) -> None:
    answering(hmc, "lshwres -r sriov", Answer("HSCL350B The user does not have the appropriate authority.\n", 1))
    with hmc.driver() as driver:
        reading = driver.read()
    assert "erp_db1" in lpars(reading)
    assert any("sriov" in problem.where for problem in reading.problems)


def test_an_lpar_that_never_ran_has_the_ports_of_its_profile_only(hmc: Estate) -> None:
    give(hmc, "vnic_adapters", f'""{VNIC.format(MAC)}""')
    with hmc.world.turn():
        power.power_lost(hmc.lpar("web1"))
    with hmc.driver() as driver:
        web1 = lpars(driver.read())["web1"]
    assert web1.ports == ()
    assert [port.mac for port in web1.profiles[0].ports] == [MAC]
