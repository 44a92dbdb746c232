"""An LPAR over time: boot, stop, loss of power, and what it does to the world."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import asdict

from backends.lab.hmc.state import add_lpar
from backends.lab.timing import REALISTIC, Timing
from backends.lab.volumes import BLANK
from store.estate import LparState, SystemState
from tests.backends.hmc.hmc_estate import Estate, disk, estate

ON = "chsysstate -r lpar -m p10-a -o on -n web1 -f default_profile -b norm"
STATE = "lssyscfg -r lpar -m p10-a --filter lpar_names={} -F state,rmc_state"
REFCODES = "lsrefcode -r lpar -m p10-a --filter lpar_names=web1 -n 30 -F refcode"


@pytest.fixture
def slow(hmc_identities: Path) -> Iterator[Estate]:
    """Boots and shutdowns take their real time; calls do not."""
    timing = asdict(REALISTIC) | {"ssh_call": (0.0, 0.0)}
    with estate(hmc_identities, Timing(**timing)) as running:
        yield running


def state(hmc: Estate, lpar: str = "web1") -> str:
    return hmc.out(STATE.format(lpar)).strip()


def refused(hmc: Estate, command: str) -> str:
    status, text, errors = hmc.ask(command)
    assert (status, errors) == (1, "")
    return text.split(" ")[0]


def test_an_activated_lpar_passes_through_its_states_with_advancing_codes(slow: Estate) -> None:
    assert slow.out(ON) == ""
    lpar = slow.lpar("web1")
    assert state(slow) == "Starting,inactive"
    seen = []
    for _ in range(60):
        seen.append((lpar.state, lpar.rmc, lpar.writer.running))
        slow.pass_time(2)
    assert list(dict.fromkeys(seen)) == [
        (LparState.STARTING, "inactive", False),
        (LparState.OPEN_FIRMWARE, "inactive", False),
        (LparState.RUNNING, "inactive", True),
        (LparState.RUNNING, "active", True),
    ]
    codes = slow.out(REFCODES).splitlines()
    assert len(codes) >= 8
    assert (codes[0], codes[-1][:4]) == ("", "C200")


def test_an_lpar_runs_with_the_profile_it_was_activated_with(hmc: Estate) -> None:
    hmc.out('chsyscfg -r prof -m p10-a -i "name=default_profile,lpar_name=web1,desired_mem=6144"')
    assert hmc.out("lshwres -r mem --level lpar -m p10-a --filter lpar_names=web1 -F curr_mem") == "0\n"
    hmc.out(ON)
    hmc.pass_time(60)
    hmc.out('chsyscfg -r prof -m p10-a -i "name=default_profile,lpar_name=web1,desired_mem=4096"')
    assert hmc.out("lshwres -r mem --level lpar -m p10-a --filter lpar_names=web1 -F curr_mem") == "6144\n"


def test_without_a_disk_that_holds_data_it_stays_in_open_firmware_until_one_appears(hmc: Estate) -> None:
    volume = hmc.lpar("web1").disks[0]
    image, volume.stored = volume.stored, BLANK
    hmc.out(ON)
    hmc.pass_time(600)
    assert state(hmc) == "Open Firmware,inactive"
    assert hmc.out(REFCODES).splitlines()[0] == "AA060011"
    assert not hmc.lpar("web1").writer.running
    volume.stored = image
    hmc.pass_time(60)
    hmc.pass_time(60)
    assert state(hmc) == "Running,active"


def test_without_a_mapped_port_on_a_running_vios_its_wwpns_are_not_logged_in(hmc: Estate) -> None:
    hmc.out(ON)
    hmc.pass_time(60)
    assert len(hmc.lpar("web1").writer.wwpns) == 4
    hmc.out("chsysstate -r lpar -m p10-a -o shutdown --immed -n web1")
    hmc.pass_time(60)
    hmc.out('viosvrcmd -m p10-a -p vios1 -c "vfcmap -vadapter vfchost2 -fcp"')
    hmc.out("chsysstate -r lpar -m p10-a -o shutdown --immed -n vios2")
    hmc.pass_time(60)
    hmc.out(ON)
    hmc.pass_time(60)
    assert hmc.lpar("web1").writer.wwpns == ()


def test_a_boot_to_the_menu_stays_there(hmc: Estate) -> None:
    hmc.out(ON.replace("norm", "sms"))
    hmc.pass_time(600)
    assert state(hmc) == "Open Firmware,inactive"


def test_an_os_shutdown_needs_rmc_and_takes_its_time(slow: Estate) -> None:
    stop = "chsysstate -r lpar -m p10-a -o osshutdown -n erp_db1"
    slow.lpar("erp_db1").rmc = "inactive"
    assert refused(slow, stop) == "HSCL0DB4"
    slow.lpar("erp_db1").rmc = "active"
    slow.out(stop)
    assert state(slow, "erp_db1") == "Shutting Down,inactive"
    assert slow.lpar("erp_db1").writer.running
    slow.pass_time(200)
    assert state(slow, "erp_db1") == "Not Activated,inactive"
    assert not slow.lpar("erp_db1").writer.running


def test_an_immediate_shutdown_stops_the_writes_at_once(slow: Estate) -> None:
    slow.out("chsysstate -r lpar -m p10-a -o shutdown --immed -n erp_db1")
    assert not slow.lpar("erp_db1").writer.running
    assert state(slow, "erp_db1") == "Shutting Down,inactive"
    slow.pass_time(60)
    assert state(slow, "erp_db1") == "Not Activated,inactive"


def test_a_restart_comes_back_by_itself(hmc: Estate) -> None:
    hmc.out("chsysstate -r lpar -m p10-a -o shutdown --immed --restart -n erp_db1")
    for _ in range(4):
        hmc.pass_time(60)
    assert state(hmc, "erp_db1") == "Running,active"
    assert hmc.lpar("erp_db1").writer.boots == 2


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("chsysstate -r lpar -m p10-a -o on -n erp_db1 -f default_profile", "HSCL3681"),
        ("chsysstate -r lpar -m p10-a -o osshutdown -n web1", "HSCL1558"),
        ("chsysstate -r lpar -m p10-a -o shutdown --immed -n web1", "HSCL1558"),
        ("chsysstate -r lpar -m p10-a -o on -n nobody -f default_profile", "HSCL8012"),
        ("chsysstate -r lpar -m p10-a -o on -n web1 -f nosuch", "HSCL8014"),
        ("chsysstate -r lpar -m p10-a -o dance -n web1", "The"),
        ("chsysstate -r lpar -m p10-a -o on -f default_profile", "The"),
        ("chsysstate -r lpar -m p10-a -o on -n web1", "The"),
    ],
)
def test_a_verb_in_the_wrong_state_or_on_the_wrong_thing_is_refused(hmc: Estate, command: str, code: str) -> None:
    assert refused(hmc, command) == code
    assert hmc.world.referee.violations == []


def test_capacity_is_checked_against_what_runs(hmc: Estate) -> None:
    change = 'chsyscfg -r prof -m p10-a -i "name=default_profile,lpar_name=web1,{}"'
    hmc.out(change.format("min_mem=250000,desired_mem=250000,max_mem=300000"))
    assert refused(hmc, ON) == "HSCL03EC"
    hmc.out(change.format("min_mem=1024,desired_mem=250000,max_mem=300000"))
    hmc.out(change.format("min_proc_units=20,desired_proc_units=22,max_proc_units=24"))
    assert refused(hmc, ON) == "HSCL03F4"
    hmc.out(change.format("min_proc_units=0.5,desired_proc_units=22,max_proc_units=24"))
    hmc.out(ON)
    used = "lshwres -r {} --level lpar -m p10-a --filter lpar_names=web1 -F {}"
    assert hmc.out(used.format("mem", "curr_mem")) == "225280\n"
    assert hmc.out(used.format("proc", "curr_proc_units")) == "19.5\n"


def test_a_system_that_is_not_operating_activates_nothing(hmc: Estate) -> None:
    hmc.system().state = SystemState.STANDBY
    assert refused(hmc, ON) == "HSCL0238"


def test_power_off_of_a_system_needs_immed_and_stops_all(hmc: Estate) -> None:
    assert refused(hmc, "chsysstate -r sys -m p10-a -o off") == "The"
    hmc.out("chsysstate -r sys -m p10-a -o off --immed")
    assert {lpar.state for lpar in hmc.system().lpars} == {LparState.NOT_ACTIVATED}
    hmc.out("chsysstate -r sys -m p10-a -o on")
    assert hmc.system().state is SystemState.OPERATING


def test_a_dark_site_stops_everything_and_auto_start_brings_it_back_by_itself(hmc: Estate) -> None:
    with hmc.world.turn():
        lpar = add_lpar(hmc.system(), "auto1", vlans=(10,), disks=(disk("auto1"),), auto_start=True)
        hmc.world.set_dark("prd", True)
    assert (hmc.system().state, lpar.state) == (SystemState.POWER_OFF, LparState.NOT_ACTIVATED)
    with hmc.world.turn():
        hmc.world.set_dark("prd", False)
    for _ in range(3):
        hmc.pass_time(60)
    assert (lpar.state, lpar.writer.running) == (LparState.RUNNING, True)
    assert hmc.lpar("vios1").state is LparState.RUNNING
    assert hmc.lpar("erp_db1").state is LparState.NOT_ACTIVATED


def test_the_refcodes_of_lpars_and_systems_are_listed_newest_first(hmc: Estate) -> None:
    hmc.out(ON)
    hmc.pass_time(60)
    hmc.out("chsysstate -r lpar -m p10-a -o shutdown --immed -n web1")
    hmc.pass_time(60)
    rows = hmc.out(
        "lsrefcode -r lpar -m p10-a --filter lpar_names=web1 -n 3 -F lpar_name,time_stamp,refcode --header"
    ).splitlines()
    assert rows[0] == "lpar_name,time_stamp,refcode"
    assert rows[1].endswith(",00000000")
    assert len(rows) == 4
    assert hmc.out("lsrefcode -r sys -m p10-a").startswith("refcode_num=0,time_stamp=")
