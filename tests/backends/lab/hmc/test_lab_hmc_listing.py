"""What a plain SSH client sees when it lists: forms, quoting, filters, refusals."""

from __future__ import annotations

import csv
import re

import pytest

from backends.lab.hmc.adapters import VirtualEth
from tests.backends.hmc.hmc_estate import MACS, PAIRS, Estate

FC = "lshwres -r virtualio --rsubtype fc --level lpar -m p10-a"
ETH = "lshwres -r virtualio --rsubtype eth --level lpar -m p10-a"
NOTHING = "No results were found.\n"


def test_systems_are_listed_by_name_and_by_type_model_and_serial(hmc: Estate) -> None:
    assert hmc.out("lssyscfg -r sys -F name,type_model,serial_num,state") == (
        "p10-a,9105-22A,7800A11,Operating\np10-b,9009-42A,7800B22,Operating\n"
    )
    assert hmc.out("lssyscfg -r sys -m '9009-42A*7800B22' -F name") == "p10-b\n"


def test_the_default_form_has_one_record_a_line_and_quotes_whole_fields(hmc: Estate) -> None:
    text = hmc.out("lssyscfg -r sys -m p10-a")
    (record,) = csv.reader([text.strip()])
    fields = dict(field.split("=", 1) for field in record)
    assert list(fields)[:3] == ["name", "type_model", "serial_num"]
    assert fields["lpar_proc_compat_modes"].startswith("default,POWER8")
    assert '"lpar_proc_compat_modes=default,' in text
    assert fields["power_on_type"] == "power on"
    assert (fields["state_detail"], fields["detailed_state"]) == ("", "None")
    assert re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", fields["sys_time"])


def test_virtual_fc_has_one_row_for_each_adapter_and_wwpns_only_on_clients(hmc: Estate) -> None:
    lines = hmc.out(f"{FC} --filter lpar_names=erp_db1").splitlines()
    assert lines[0] == (
        "lpar_name=erp_db1,lpar_id=12,slot_num=31,adapter_type=client,state=1,is_required=1,remote_lpar_id=1,"
        f'remote_lpar_name=vios1,remote_slot_num=100,"wwpns={",".join(PAIRS[0])}"'
    )
    assert len(lines) == 4
    servers = hmc.out(f"{FC} --filter lpar_names=vios1").splitlines()
    assert all("adapter_type=server" in line and "wwpns" not in line for line in servers)
    assert hmc.out(f"{FC} --filter lpar_names=vios1,slots=100 -F lpar_name,wwpns") == "vios1,null\n"


@pytest.mark.parametrize("separator", [",", ":", ";"])
def test_the_separator_between_the_names_separates_the_values(hmc: Estate, separator: str) -> None:
    command = f"{FC} --filter 'lpar_names=erp_db1,slots=31' -F 'lpar_name{separator}wwpns' --header"
    assert hmc.out(command) == f'lpar_name{separator}wwpns\nerp_db1{separator}"{",".join(PAIRS[0])}"\n'
    hmc.hmc.quotes_lists_always = False
    quoted = f'"{",".join(PAIRS[0])}"' if separator == "," else ",".join(PAIRS[0])
    assert hmc.out(command).splitlines()[1] == f"erp_db1{separator}{quoted}"


def test_a_list_of_one_is_written_quoted_or_not_as_the_hmc_is_set(hmc: Estate) -> None:
    with hmc.world.turn():
        adapter = hmc.lpar("vios1").running.eth
        adapter[2] = VirtualEth(2, 1, adapter[2].mac, ieee=True, vlans=(54,), trunk=1)
    assert ",addl_vlan_ids=54," in hmc.out(f"{ETH} --filter lpar_names=vios1")
    hmc.hmc.quotes_single_lists = True
    assert ',"addl_vlan_ids=54",' in hmc.out(f"{ETH} --filter lpar_names=vios1")


def test_nested_lists_are_quoted_twice_in_both_forms(hmc: Estate) -> None:
    base = "lssyscfg -r prof -m p10-a --filter lpar_names=erp_db1,profile_names=default_profile"
    record = f'""31/client/1/vios1/100/{",".join(PAIRS[0])}/1""'
    assert f'"virtual_fc_adapters={record},' in hmc.out(base)
    assert hmc.out(f"{base} -F lpar_name,virtual_fc_adapters").startswith(f'erp_db1,"{record},')


def test_options_come_in_any_order_and_attached(hmc: Estate) -> None:
    expected = hmc.out("lssyscfg -r lpar -m p10-a -F name,state")
    assert hmc.out("lssyscfg -F name,state -m p10-a -r lpar") == expected
    assert hmc.out("lssyscfg -rlpar -mp10-a -Fname,state") == expected


def test_f_without_names_lists_every_value_with_or_without_a_header(hmc: Estate) -> None:
    rows = list(csv.reader(hmc.out("lssyscfg -r lpar -m p10-a -F --header").splitlines()))
    assert rows[0][:3] == ["name", "lpar_id", "lpar_env"]
    assert {len(row) for row in rows} == {len(rows[0])}
    assert list(csv.reader(hmc.out("lssyscfg -r lpar -m p10-a -F").splitlines())) == rows[1:]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("lpar_names=web1", ["web1"]),
        ("'\"lpar_names=web1,erp_db1\"'", ["web1", "erp_db1"]),
        ("lpar_names=web1,erp_db1", ["web1", "erp_db1"]),
        ("'\"lpar_ids=12\"'", ["erp_db1"]),
    ],
)
def test_filters_choose_lpars_by_name_or_id(hmc: Estate, given: str, names: list[str]) -> None:
    assert hmc.out(f"lssyscfg -r lpar -m p10-a --filter {given} -F name").split() == names


def test_adapters_are_filtered_by_slot_vlan_and_switch(hmc: Estate) -> None:
    assert hmc.out(f"{ETH} --filter lpar_names=erp_db1,slots=3 -F mac_addr") == f"{MACS[1]}\n"
    assert hmc.out(f"{ETH} --filter 'lpar_names=erp_db1,vlans=10' -F mac_addr") == f"{MACS[0]}\n"
    assert hmc.out(f"{ETH} --filter vswitches=NOSUCH") == NOTHING


def test_what_has_no_rows_is_a_sentence_with_exit_status_0(hmc: Estate) -> None:
    assert hmc.out("lshwres -r virtualio --rsubtype scsi --level lpar -m p10-b") == NOTHING
    assert (
        hmc.out("lshwres -r virtualio --rsubtype vnic --level lpar -m p10-a -F lpar_name,mac_addr --header") == NOTHING
    )
    hmc.device.language = "fr"
    assert hmc.out("lshwres -r virtualio --rsubtype scsi --level lpar -m p10-b") == "Aucun résultat n'a été trouvé.\n"
    assert hmc.out("LC_ALL=C lshwres -r virtualio --rsubtype scsi --level lpar -m p10-b") == NOTHING
    assert hmc.out("export LANG=en_US; lshwres -r virtualio --rsubtype scsi --level lpar -m p10-b") == NOTHING


MISSING = "The command entered is either missing a required parameter or a parameter value is invalid. "


@pytest.mark.parametrize(
    ("command", "start"),
    [
        (
            "lssyscfg -r lpar -m p10-a --filter lpar_names=nobody -F name",
            "HSCL8012 The partition named nobody was not found.  Please check your entry and retry the command.",
        ),
        ("lssyscfg -r lpar -m nowhere", "HSCL8018 "),
        ("lssyscfg -r lpar -F uuid,name", MISSING + "The parameters that are missing or have an invalid value are -m."),
        ("lssyscfg -m p10-a", MISSING + "The parameters that are missing or have an invalid value are -r."),
        ("lssyscfg -r lparx -m p10-a", MISSING),
        ("lssyscfg -r lpar -m p10-a --frobnicate", MISSING + "The parameters that are missing or have an invalid"),
        ("lssyscfg -r lpar -m p10-a --header", MISSING),
        ("lssyscfg -r lpar -m", MISSING),
        (
            "lssyscfg -r prof -m p10-a -F bogus_attr_xyz --header",
            "An invalid attribute was entered.  The invalid attribute is bogus_attr_xyz.",
        ),
        ("lssyscfg -r lpar -m p10-a -F UUID,name", "An invalid attribute was entered."),
        ("lssyscfg -r lpar -m p10-a --filter colour=red", "An invalid filter was entered."),
        ("lsrefcode -r lpar -m p10-a -n many", MISSING),
    ],
)
def test_a_refusal_is_a_text_on_stdout_with_exit_status_1(hmc: Estate, command: str, start: str) -> None:
    status, text, errors = hmc.ask(command)
    assert (status, errors) == (1, "")
    assert text.startswith(start)


def test_a_system_without_virtual_fc_refuses_with_its_code(hmc: Estate) -> None:
    hmc.system("p10-b").virtual_fc = False
    status, text, _ = hmc.ask(FC.replace("p10-a", "p10-b"))
    assert (status, text[:9]) == (1, "HSCLA4C0 ")


def test_the_codes_are_the_same_in_another_language(hmc: Estate) -> None:
    hmc.device.language = "fr"
    _, text, _ = hmc.ask("lssyscfg -r lpar -m p10-a --filter lpar_names=nobody")
    assert text == (
        "HSCL8012 La partition nommée nobody est introuvable.  Vérifiez votre entrée et relancez la commande.\n"
    )


def test_memory_and_processors_are_listed_for_systems_and_lpars(hmc: Estate) -> None:
    assert hmc.out("lshwres -r mem --level sys -m p10-a -F installed_sys_mem,curr_avail_sys_mem") == "262144,225280\n"
    assert hmc.out("lshwres -r proc --level sys -m p10-a -F installed_sys_proc_units,curr_avail_sys_proc_units") == (
        "24,19.5\n"
    )
    only = "--filter lpar_names=ded1 -F lpar_name"
    assert hmc.out(f"lshwres -r proc --level lpar -m p10-a {only},curr_proc_mode,curr_proc_units,curr_procs") == (
        "ded1,ded,null,2\n"
    )
    assert hmc.out(f"lshwres -r mem --level lpar -m p10-a {only},curr_min_mem,curr_mem,curr_max_mem") == (
        "ded1,2048,4096,8192\n"
    )


def test_the_version_of_the_hmc_is_quoted_over_its_line_breaks(hmc: Estate) -> None:
    text = hmc.out("lshmc -V")
    assert text.startswith('"version= Version: 10\n Release: 3\n Service Pack: ')
    assert text.endswith('\n","base_version=V10R3\n"\n')
    assert hmc.out("lshmc -n").startswith("hostname=hmc-a,")
    assert hmc.out("lshmc -v").startswith('"vpd=')


def test_the_vios_tells_its_npiv_maps_and_ports(hmc: Estate) -> None:
    vios = "viosvrcmd -m p10-a -p vios1 -c"
    text = hmc.out(f'{vios} "lsmap -all -npiv"')
    assert text.count("Status:LOGGED_IN") == 2
    assert text.count("Status:NOT_LOGGED_IN") == 1
    assert "vfchost0      U9105.22A.7800A11-V1-C100              12 erp_db1        AIX" in text
    assert hmc.out(f'{vios} "ioscli lsmap -all -npiv"') == text
    assert hmc.out(f'{vios} "lsmap -all -npiv -field name clntid fc -fmt :"').splitlines()[0] == "vfchost0:12:fcs0"
    assert hmc.out(f'{vios} "lsnports"').splitlines()[0].split()[:3] == ["name", "physloc", "fabric"]
    status, text, _ = hmc.ask(f'{vios} "rm -rf /"')
    assert (status, text[:8]) == (1, "HSCL2970")


def test_mobility_is_listed(hmc: Estate) -> None:
    assert "name=erp_db1,lpar_id=12,migration_state=Not Migrating\n" in hmc.out("lslparmigr -r lpar -m p10-a")
    assert "num_active_migrations_supported=32" in hmc.out("lslparmigr -r sys -m p10-a")
