"""LPARs and profiles made, changed and removed; addresses are issued once."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.lab.clock import Clock
from backends.lab.hmc import power
from backends.lab.hmc.messages import RefusedError
from backends.lab.hmc.state import add_lpar, add_managed_system
from backends.lab.referee import Rule
from backends.lab.world import World
from store.estate import LparState, SiteRole
from tests.backends.hmc.hmc_estate import MACS, PAIRS, Estate, disk

BASE = "name=new1,profile_name=normal,lpar_env=aixlinux,min_mem=1024,desired_mem=2048,max_mem=4096"
PROFILE = "lssyscfg -r prof -m p10-a --filter lpar_names=new1 -F {}"


def make(hmc: Estate, text: str, system: str = "p10-a") -> tuple[int, str]:
    status, out, _ = hmc.ask(f"mksyscfg -r lpar -m {system} -i {shlex.quote(text)}")
    return status, out


def change(hmc: Estate, text: str, kind: str = "prof") -> tuple[int, str]:
    status, out, _ = hmc.ask(f"chsyscfg -r {kind} -m p10-a -i {shlex.quote(text)}")
    return status, out


def fc(slot: int, pair: tuple[str, str] | None) -> str:
    return f"{slot}/client/1/vios1/200/{','.join(pair) if pair else ''}/1"


def test_an_lpar_is_made_with_its_first_profile(hmc: Estate) -> None:
    text = f'{BASE},"virtual_eth_adapters=2/0/10//0/1/ETHERNET0/{MACS[0]}/all/none,3/0/20//0/1",max_virtual_slots=50'
    assert make(hmc, text) == (0, "")
    assert hmc.out("lssyscfg -r lpar -m p10-a --filter lpar_names=new1 -F state,default_profile,lpar_id") == (
        "Not Activated,normal,5\n"
    )
    assert hmc.out(PROFILE.format("virtual_eth_adapters")) == (
        f'"2/0/10//0/1/ETHERNET0/{MACS[0]}/all/none,3/0/20//0/1/ETHERNET0//all/none"\n'
    )


def test_given_wwpns_are_kept_and_missing_ones_are_issued_from_the_prefix(hmc: Estate) -> None:
    prefix = hmc.system().wwpn_prefix
    pair = ("c0507609a1b200f0", "c0507609a1b200f1")
    given = f'"virtual_fc_adapters=""{fc(31, pair)}"",{fc(32, None)}"'
    assert make(hmc, f"{BASE},{given}") == (0, "")
    text = hmc.out(PROFILE.format("virtual_fc_adapters"))
    assert ",".join(pair) in text
    assert f"32/client/1/vios1/200/{prefix}" in text


def test_a_deleted_pair_is_never_issued_again(hmc: Estate) -> None:
    given = f'{BASE},"virtual_fc_adapters={fc(31, None)}"'
    issued = []
    for _ in range(3):
        assert make(hmc, given)[0] == 0
        issued.append(hmc.out(PROFILE.format("virtual_fc_adapters")))
        hmc.out("rmsyscfg -r lpar -m p10-a -n new1")
    assert len(set(issued)) == 3


def test_a_prefix_has_32000_pairs_and_then_no_more() -> None:
    world = World(clock=Clock(0, speed=0))
    with world.turn():
        world.add_site("prd", SiteRole.PROD)
        system = add_managed_system(world, "prd", "s", "9105-22A", "7800A11", mem_mb=1, procs=1)
        pairs = {system.new_pair() for _ in range(32_000)}
        assert len({wwpn for pair in pairs for wwpn in pair}) == 64_000
        with pytest.raises(RefusedError):
            system.new_pair()


def test_macs_are_unique_on_a_system_and_locally_administered(hmc: Estate) -> None:
    macs = [hmc.system().new_mac() for _ in range(1000)]
    assert len(set(macs)) == 1000
    assert all(int(mac[:2], 16) & 0x03 == 0x02 for mac in macs)


def test_the_mac_that_the_hmc_chose_stays_with_the_slot(hmc: Estate) -> None:
    assert make(hmc, f"{BASE},virtual_eth_adapters=2/0/10//0/0")[0] == 0
    seen = set()
    for _ in range(2):
        hmc.out("chsysstate -r lpar -m p10-a -o on -n new1 -f normal")
        running = "lshwres -r virtualio --rsubtype eth --level lpar -m p10-a --filter lpar_names=new1 -F mac_addr"
        seen.add(hmc.out(running))
        hmc.out("chsysstate -r lpar -m p10-a -o shutdown --immed -n new1")
        hmc.pass_time(60)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "text",
    [
        BASE.replace("name=new1,", ""),
        BASE.replace("new1", "erp_db1"),
        BASE.replace("new1", "a|b"),
        BASE.replace("aixlinux", "vms"),
        BASE.replace("desired_mem=2048", "desired_mem=8192"),
        BASE.replace("desired_mem=2048", "desired_mem=2 GB"),
        BASE.replace(",max_mem=4096", ""),
        f"{BASE},lpar_id=12",
        f"{BASE},no_such_attribute=1",
        f"{BASE},proc_mode=fast",
        f"{BASE},virtual_eth_adapters=2/0/10//0",
        f"{BASE},virtual_eth_adapters=2/0/10//0/0/ETHERNET0/010C11D2E301/all/none",
        f"{BASE},virtual_eth_adapters=2/0/10//0/0/ETHERNET0/FA0C11D2E30/all/none",
        f"{BASE},virtual_eth_adapters=2/0/5000//0/0",
        f'{BASE},"virtual_fc_adapters=31/client/1/vios1/200/c0507609a1b20010/1"',
        f'{BASE},"virtual_eth_adapters=2/0/10//0/0,2/0/20//0/0"',
        f'{BASE},virtual_scsi_adapters=500/client/1/vios1/12/0"',
        f"{BASE},auto_start=maybe",
        f"{BASE},min_proc_units=abc",
        "nonsense",
        '"open',
    ],
)
def test_what_cannot_be_an_lpar_is_refused_and_leaves_nothing_behind(hmc: Estate, text: str) -> None:
    before = hmc.out("lssyscfg -r lpar -m p10-a -F name")
    status, out = make(hmc, text)
    assert status == 1
    assert out
    assert hmc.out("lssyscfg -r lpar -m p10-a -F name") == before


def test_attributes_of_a_profile_are_set_added_to_and_taken_from(hmc: Estate) -> None:
    assert make(hmc, f'{BASE},"virtual_fc_adapters=""{fc(31, PAIRS[0])}"""')[0] == 0
    start = "name=normal,lpar_name=new1"
    assert change(hmc, f'{start},desired_mem=4096,"virtual_fc_adapters+=""{fc(32, PAIRS[1])}"""') == (0, "")
    assert hmc.out(PROFILE.format("desired_mem")) == "4096\n"
    assert hmc.out(PROFILE.format("virtual_fc_adapters")) == f'"""{fc(31, PAIRS[0])}"",""{fc(32, PAIRS[1])}"""\n'
    assert change(hmc, f'{start},"virtual_fc_adapters-=""{fc(31, PAIRS[0])}"""') == (0, "")
    assert hmc.out(PROFILE.format("virtual_fc_adapters")) == f'"""{fc(32, PAIRS[1])}"""\n'


@pytest.mark.parametrize(
    "text",
    [
        "name=nosuch,lpar_name=web1,desired_mem=1",
        "name=default_profile,lpar_name=nobody,desired_mem=1",
        "name=default_profile,lpar_name=web1,desired_mem=99999999",
        "name=default_profile,lpar_name=web1,desired_mem+=1",
        "name=default_profile,lpar_name=web1,colour=red",
        "lpar_name=web1,desired_mem=1",
    ],
)
def test_a_change_that_is_refused_changes_nothing(hmc: Estate, text: str) -> None:
    before = hmc.out("lssyscfg -r prof -m p10-a")
    assert change(hmc, text)[0] == 1
    assert hmc.out("lssyscfg -r prof -m p10-a") == before


def test_an_lpar_is_renamed_and_its_server_adapters_follow(hmc: Estate) -> None:
    assert change(hmc, "name=web1,new_name=web2", "lpar") == (0, "")
    text = hmc.out("lshwres -r virtualio --rsubtype fc --level lpar -m p10-a -F remote_lpar_name")
    assert "web2" in text
    assert "web1" not in text
    assert change(hmc, "name=web2,new_name=erp_db1", "lpar")[0] == 1


def test_an_lpar_is_removed_only_when_it_is_not_activated(hmc: Estate) -> None:
    status, text, _ = hmc.ask("rmsyscfg -r lpar -m p10-a -n erp_db1")
    assert (status, text[:5]) == (1, "HSCL0")
    hmc.out("rmsyscfg -r lpar -m p10-a -n web1")
    assert hmc.ask("lssyscfg -r lpar -m p10-a --filter lpar_names=web1")[1].startswith("HSCL8012")


def test_the_running_configuration_is_saved_as_a_profile(hmc: Estate) -> None:
    save = "mksyscfg -r prof -m p10-a -o save -p erp_db1 -n saved"
    hmc.out(save)
    names = "lssyscfg -r prof -m p10-a --filter lpar_names=erp_db1 -F name"
    assert hmc.out(names) == "default_profile\nsaved\n"
    assert hmc.ask(save)[0] == 1
    hmc.out(f"{save} --force")
    hmc.out("rmsyscfg -r prof -m p10-a -p erp_db1 -n saved")
    assert hmc.out(names) == "default_profile\n"
    assert hmc.ask("rmsyscfg -r prof -m p10-a -p erp_db1 -n default_profile")[0] == 1


def test_an_lpar_made_with_the_addresses_of_a_running_one_is_caught_when_it_starts(hmc: Estate) -> None:
    vios9 = hmc.lpar("vios9", "p10-b").lpar_id
    eth = f"2/0/10//0/1/ETHERNET0/{MACS[0]}/all/none"
    server = (
        'chsyscfg -r prof -m p10-b -i "name=default_profile,lpar_name=vios9,virtual_fc_adapters=200/server/3//31//1"'
    )
    hmc.out(server)
    hmc.out("chsysstate -r lpar -m p10-b -o shutdown --immed -n vios9")
    hmc.pass_time(60)
    hmc.out("chsysstate -r lpar -m p10-b -o on -n vios9 -f default_profile")
    hmc.pass_time(60)
    hmc.out('viosvrcmd -m p10-b -p vios9 -c "vfcmap -vadapter vfchost0 -fcp fcs0"')
    adapter = f"31/client/{vios9}/vios9/200/{','.join(PAIRS[0])}/1"
    text = f'{BASE},lpar_id=3,virtual_eth_adapters={eth},"virtual_fc_adapters=""{adapter}"""'
    assert make(hmc, text, "p10-b") == (0, "")
    with hmc.world.turn():
        hmc.lpar("new1", "p10-b").disks = list(hmc.lpar("erp_db1", "p10-b").disks)
    hmc.out("chsysstate -r lpar -m p10-b -o on -n new1 -f normal")
    hmc.pass_time(60)
    assert {violation.rule for violation in hmc.world.referee.violations} == {Rule.MAC_TWICE, Rule.WWPN_TWICE}


DYNAMIC = "chhwres -r virtualio -m p10-a -p {} -o {} --rsubtype {} -s {}"


def test_an_fc_adapter_added_to_a_running_lpar_has_a_pair_that_its_profile_does_not_know(hmc: Estate) -> None:
    add = DYNAMIC.format("erp_db1", "a", "fc", 50)
    hmc.out(f"{add} -a adapter_type=client,remote_lpar_id=1,remote_slot_num=150")
    listed = "lshwres -r virtualio --rsubtype fc --level lpar -m p10-a --filter lpar_names=erp_db1,slots=50 -F wwpns"
    pair = hmc.out(listed).strip().strip('"')
    assert pair.startswith(hmc.system().wwpn_prefix)
    assert pair not in hmc.out("lssyscfg -r prof -m p10-a --filter lpar_names=erp_db1")
    hmc.out(DYNAMIC.format("erp_db1", "r", "fc", 50))
    assert hmc.out(listed) == "No results were found.\n"


def test_a_server_adapter_added_to_a_vios_can_be_mapped_at_once(hmc: Estate) -> None:
    add = DYNAMIC.format("vios1", "a", "fc", 300)
    hmc.out(f"{add} -a adapter_type=server,remote_lpar_name=web1,remote_slot_num=40")
    hmc.out('viosvrcmd -m p10-a -p vios1 -c "vfcmap -vadapter vfchost3 -fcp fcs1"')
    assert "vfchost3,fcs1" in hmc.out('viosvrcmd -m p10-a -p vios1 -c "lsmap -all -npiv -field name fc -fmt ,"')


def test_an_adapter_that_names_the_lpar_at_its_other_end_is_listed_with_its_id(hmc: Estate) -> None:
    add = DYNAMIC.format("vios1", "a", "fc", 300)
    hmc.out(f"{add} -a adapter_type=server,remote_lpar_name=web1,remote_slot_num=40")
    listed = "lshwres -r virtualio --rsubtype fc --level lpar -m p10-a --filter lpar_names=vios1,slots=300"
    assert hmc.out(f"{listed} -F remote_lpar_id,remote_slot_num") == f"{hmc.lpar('web1').lpar_id},40\n"
    add = DYNAMIC.format("vios1", "a", "fc", 301)
    status, text, _ = hmc.ask(f"{add} -a adapter_type=server,remote_lpar_name=nobody,remote_slot_num=40")
    assert (status, text.split(" ")[0]) == (1, "HSCL8012")


def test_a_network_adapter_added_to_a_running_lpar_is_live_at_once(hmc: Estate) -> None:
    add = DYNAMIC.format("ded1", "a", "eth", 60)
    hmc.out(f"{add} -a port_vlan_id=20,mac_addr={MACS[1]}")
    assert [violation.rule for violation in hmc.world.referee.violations] == [Rule.MAC_TWICE]


@pytest.mark.parametrize(
    "command",
    [
        DYNAMIC.format("erp_db1", "a", "fc", 31) + " -a adapter_type=client,remote_lpar_id=1,remote_slot_num=150",
        DYNAMIC.format("erp_db1", "a", "fc", 50) + " -a adapter_type=both",
        DYNAMIC.format("erp_db1", "a", "eth", 50) + " -a port_vlan_id=none",
        DYNAMIC.format("erp_db1", "a", "eth", 50) + " -a colour=red",
        DYNAMIC.format("erp_db1", "r", "scsi", 50),
        DYNAMIC.format("web1", "r", "eth", 2),
    ],
)
def test_a_dynamic_change_that_cannot_be_is_refused(hmc: Estate, command: str) -> None:
    assert hmc.ask(command)[0] == 1


VERBS = st.sampled_from(
    [
        "-o on -n web1 -f default_profile",
        "-o osshutdown -n web1",
        "-o shutdown -n web1",
        "-o shutdown --immed -n web1",
        "-o shutdown --immed --restart -n web1",
        "wait 0.1",
        "wait 1",
        "wait 30",
    ]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(VERBS, max_size=12))
def test_whatever_the_order_of_verbs_an_lpar_writes_exactly_while_it_runs(orders: list[str]) -> None:
    world = World(clock=Clock(0, speed=0))
    with world.turn():
        world.add_site("prd", SiteRole.PROD)
        system = add_managed_system(world, "prd", "s", "9105-22A", "7800A11", mem_mb=65536, procs=8)
        lpar = add_lpar(system, "web1", disks=(disk("web1"),), on=False)
    for order in orders:
        if order.startswith("wait"):
            world.clock.advance(float(order.split()[1]))
            with world.turn():
                pass
        else:
            with world.turn():
                try:
                    if "-o on" in order:
                        power.activate(lpar, "default_profile", None)
                    else:
                        how = order.split()[1]
                        power.shut_down(lpar, how, immediately="--immed" in order, restart="--restart" in order)
                except RefusedError:
                    pass
        assert lpar.writer.running or lpar.state is not LparState.RUNNING
        assert not (lpar.writer.running and lpar.state in (LparState.NOT_ACTIVATED, LparState.STARTING))
        assert lpar.timer is None or lpar.state is not LparState.NOT_ACTIVATED
    world.clock.advance(3600)
    with world.turn():
        pass
    assert lpar.state in (LparState.RUNNING, LparState.NOT_ACTIVATED)
    assert world.referee.violations == []
