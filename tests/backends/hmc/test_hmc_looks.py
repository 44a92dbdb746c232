"""Looks at a part of an HMC: one command each, as the lab's door answers it and as a spoiled answer is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from backends.hmc.looks import Asking, EthOf, FcOf, LparsOf, MapsOf, ProfilesOf, RefcodesOf
from backends.lab.faults import FaultKind
from backends.outcome import DeviceError, Failure, Sent
from store.estate import AdapterType, LparState
from tests.backends.hmc.hmc_estate import MACS, PAIRS, Estate

Look = Any
SYSTEM = "p10-a"
EVERY = (LparsOf, ProfilesOf, FcOf, EthOf, RefcodesOf)


def seen(hmc: Estate, look: Look) -> Any:
    with hmc.driver() as driver:
        return look.take(driver)


def failed(take: Callable[[], object]) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        take()
    return caught.value


@dataclass
class Told:
    """A driver that is told what every command prints."""

    text: str
    asked: list[str] = field(default_factory=list)
    name: str = "hmc-a"

    def ask(self, command: str) -> str:
        self.asked.append(command)
        return self.text


# ------------------------------------------------------------------------------------------------- what they show


def test_lpars_are_shown_by_name_with_their_state_and_profiles(hmc: Estate) -> None:
    found = seen(hmc, LparsOf(SYSTEM))
    assert sorted(found) == ["ded1", "erp_db1", "vios1", "vios2", "web1"]
    erp, web = found["erp_db1"], found["web1"]
    assert (erp.lpar_id, erp.state, erp.rmc_state) == (12, LparState.RUNNING, "active")
    assert (web.state, web.default_profile, web.curr_profile) == (LparState.NOT_ACTIVATED, "default_profile", None)
    assert found["vios1"].env == "vioserver"


def test_lpars_are_shown_by_an_hmc_that_knows_no_uuids(hmc: Estate) -> None:
    hmc.hmc.version = 8
    assert seen(hmc, LparsOf(SYSTEM))["erp_db1"].lpar_id == 12


def test_profiles_are_shown_by_lpar_with_their_adapters(hmc: Estate) -> None:
    found = seen(hmc, ProfilesOf(SYSTEM))
    (profile,) = found["erp_db1"]
    assert (profile.name, profile.desired_mem_mb) == ("default_profile", 8192)
    assert [adapter.wwpns for adapter in profile.fc] == list(PAIRS)
    assert [adapter.mac for adapter in profile.eth] == list(MACS)
    assert {len(profiles) for profiles in found.values()} == {1}


def test_pra_02_all_adapters_of_an_lpar_are_shown(hmc: Estate) -> None:
    found = seen(hmc, FcOf(SYSTEM))
    assert [adapter.wwpns for adapter in found["erp_db1"]] == list(PAIRS)
    assert [adapter.mac for adapter in seen(hmc, EthOf(SYSTEM))["erp_db1"]] == list(MACS)


def test_pra_03_server_adapters_have_no_wwpns(hmc: Estate) -> None:
    found = seen(hmc, FcOf(SYSTEM))["vios1"]
    assert {(adapter.adapter_type, adapter.wwpns) for adapter in found} == {(AdapterType.SERVER, ())}


def test_an_lpar_that_was_never_activated_has_no_adapters_yet(hmc: Estate) -> None:
    assert "web1" not in seen(hmc, FcOf(SYSTEM))


def test_a_system_without_virtual_fibre_channel_has_no_such_adapters(hmc: Estate) -> None:
    hmc.system("p10-b").virtual_fc = False
    assert seen(hmc, FcOf("p10-b")) == {}


def test_the_newest_reference_code_of_each_lpar_is_shown(hmc: Estate) -> None:
    hmc.out("chsysstate -r lpar -m p10-a -o on -n web1 -f default_profile")
    hmc.pass_time(0.01)
    assert seen(hmc, RefcodesOf(SYSTEM))["web1"] == "C2001010"
    assert seen(hmc, RefcodesOf(SYSTEM)).get("erp_db1", "") == ""


def test_the_maps_of_a_vios_are_shown_with_the_slots_of_their_adapters(hmc: Estate) -> None:
    found = seen(hmc, MapsOf(SYSTEM, "vios1"))
    vios = hmc.lpar("vios1")
    assert {(m.vfchost, m.slot, m.fc_port) for m in found} == {(m.vfchost, m.slot, m.port) for m in vios.maps.values()}


def test_a_vios_that_maps_nothing_has_no_maps(hmc: Estate) -> None:
    assert seen(hmc, MapsOf("p10-b", "vios9")) == ()


def test_a_system_may_be_named_by_type_model_and_serial(hmc: Estate) -> None:
    assert seen(hmc, LparsOf("9105-22A*7800A11")) == seen(hmc, LparsOf(SYSTEM))


def test_each_is_one_command_for_all_of_a_system(hmc: Estate) -> None:
    for look in (*(each(SYSTEM) for each in EVERY), MapsOf(SYSTEM, "vios1")):
        before = hmc.device.counters.requests.total()
        seen(hmc, look)
        assert hmc.device.counters.requests.total() == before + 1


def test_names_are_quoted_once_for_the_shell_of_the_hmc() -> None:
    told = Told("No results were found.\n")
    for look in EVERY:
        assert look("my system*1").take(told) == {}
    assert MapsOf("my system*1", "vios 1").take(told) == ()
    assert all(" -m 'my system*1'" in command for command in told.asked)
    assert told.asked[-1].endswith(" -p 'vios 1' -c 'lsmap -all -npiv'")


# -------------------------------------------------------------------------------------------------- what they do not


@pytest.mark.parametrize("look", EVERY)
def test_pra_09_a_system_that_there_is_not_is_refused_with_the_hmc_s_code(hmc: Estate, look: Look) -> None:
    error = failed(lambda: seen(hmc, look("p10-z")))
    assert (error.failure, error.sent) == (Failure.REFUSED, Sent.REFUSED)
    assert (error.code or "").startswith("HSC")


def test_the_maps_of_a_vios_that_does_not_run_cannot_be_seen(hmc: Estate) -> None:
    hmc.out("chsysstate -r lpar -m p10-a -o shutdown -n vios2 --immed")
    assert failed(lambda: seen(hmc, MapsOf(SYSTEM, "vios2"))).failure is Failure.REFUSED


@pytest.mark.parametrize("look", [LparsOf(SYSTEM), ProfilesOf(SYSTEM), FcOf(SYSTEM), MapsOf(SYSTEM, "vios1")])
def test_an_answer_that_was_cut_off_is_no_answer(hmc: Estate, look: Look) -> None:
    hmc.world.faults.add("hmc-a", FaultKind.TRUNCATED, "*", count=4)
    assert failed(lambda: seen(hmc, look)).failure in (Failure.LOST, Failure.BAD_ANSWER, Failure.TIMEOUT)


SPOILED = {
    FcOf: "lpar_name,lpar_id,slot_num,adapter_type,is_required,remote_lpar_id,remote_lpar_name,remote_slot_num,wwpns\n"
    'erp,12,31,client,1,1,vios1,100,"c0507609a1b2001,c0507609a1b20011"\n',
    EthOf: "lpar_name,lpar_id,slot_num,is_required,is_trunk,trunk_priority,ieee_virtual_eth,port_vlan_id,vswitch,"
    "addl_vlan_ids,mac_addr\nerp,12,2,0,0,null,0,110,ETHERNET0,none,FA0C11D2E30\n",
}


@pytest.mark.parametrize("look", SPOILED)
def test_pra_04_a_row_that_cannot_be_read_fails_the_whole_look_with_its_line(look: type[FcOf | EthOf]) -> None:
    text = SPOILED[look]
    error = failed(lambda: look(SYSTEM).take(Told(text)))
    assert error.failure is Failure.BAD_ANSWER
    assert "expected " in error.text
    assert "got '" in error.text


def test_a_state_that_nobody_knows_fails_the_look(hmc: Estate) -> None:
    with hmc.driver() as driver:
        text = driver.ask(
            "lssyscfg -r lpar -m p10-a -F name,lpar_id,lpar_env,state,os_version,default_profile,curr_profile,"
            "rmc_state,rmc_ipaddr,auto_start --header"
        )
    told: Asking = Told(text.replace("Not Activated", "Levitating"))
    assert "a state of an LPAR" in failed(lambda: LparsOf(SYSTEM).take(told)).text


def test_a_map_that_cannot_be_read_fails_the_look() -> None:
    text = "Name Physloc\nvfchost0 somewhere\nnonsense\n"
    assert failed(lambda: MapsOf(SYSTEM, "vios1").take(Told(text))).failure is Failure.BAD_ANSWER
