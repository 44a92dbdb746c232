"""From tables to managed systems and LPARs."""

from __future__ import annotations

import pytest

from backends.hmc import ports, reading, records
from backends.hmc.reading import Answers, Gathered
from backends.outcome import ParseError
from store.estate import AdapterType, LparState, ManagedSystem, SystemState
from tests.faults import fuzz_hmc as seeds

SYSTEM = ManagedSystem("p10-a", "9105-22A", "7800A11", SystemState.OPERATING)


def table(names: tuple[str, ...], text: str) -> records.Table:
    return records.table("x", text, names)


def assembled(**texts: str) -> Gathered:
    """One system with ``vios1`` and ``erp_db1``, and the given tables."""
    names = {"vnics": ports.VNIC_FIELDS, "logical_ports": ports.LOGICAL_PORT_FIELDS}
    names |= {"fc": reading.FC_FIELDS, "eth": reading.ETH_FIELDS, "scsi": reading.SCSI_FIELDS}
    names |= {"profiles": reading.PROFILE_FIELDS, "refcodes": reading.REFCODE_FIELDS}
    names |= {"lpar_mem": reading.LPAR_MEM_FIELDS, "lpar_proc": reading.LPAR_PROC_FIELDS}
    names |= {"system_mem": reading.SYSTEM_MEM_FIELDS, "system_proc": reading.SYSTEM_PROC_FIELDS}
    into = Gathered()
    bare = reading.read_lpars(SYSTEM, table(reading.LPAR_FIELDS, seeds.LPARS), "lpars", into)
    answers = Answers(**{name: table(names[name], text) for name, text in texts.items()})
    reading.assemble(SYSTEM, bare, answers, into)
    return into


def test_pra_02_every_vfc_and_ethernet_row_of_an_lpar_is_kept() -> None:
    pairs = [f"c0507609a1b2001{2 * n},c0507609a1b2001{2 * n + 1}" for n in range(4)]
    rows = "".join(f'erp_db1,12,{31 + n},client,1,1,vios1,{112 + n},"{pair}"\n' for n, pair in enumerate(pairs))
    fc = ",".join(reading.FC_FIELDS) + "\n" + rows
    lpar = assembled(fc=fc, eth=seeds.ETH).lpars[1]
    assert lpar.wwpns == tuple(f"c0507609a1b2001{digit}" for digit in range(8))
    assert lpar.macs == ("FA0C11D2E301", "FA0C11D2E302")


def test_pra_03_a_server_row_brings_no_address() -> None:
    rows = "vios1,1,112,server,1,12,erp_db1,31,null\nvios1,1,113,server,1,13,web1,31,0000000000000000\n"
    into = assembled(fc=",".join(reading.FC_FIELDS) + "\n" + rows)
    vios = into.lpars[0]
    assert [a.adapter_type for a in vios.fc] == [AdapterType.SERVER, AdapterType.SERVER]
    assert vios.wwpns == ()
    assert into.problems == []


@pytest.mark.parametrize(
    "wwpns", ["c0507609a1b2001,c0507609a1b20011", "c0507609a1b200100,c0507609a1b20011", "null", "c0507609a1b20010"]
)
def test_pra_04_a_row_with_a_bad_wwpn_is_a_problem_and_the_others_still_show(wwpns: str) -> None:
    bad = f'erp_db1,12,33,client,1,1,vios1,114,"{wwpns}"'
    into = assembled(fc=f"{seeds.FC}{bad}\n", eth=seeds.ETH)
    assert len(into.lpars[1].fc) == 2
    (problem,) = into.problems
    assert problem.line == bad
    assert "WWPN" in problem.expected


def test_pra_04_a_row_with_a_mac_of_eleven_digits_is_a_problem() -> None:
    bad = seeds.ETH.replace("FA0C11D2E301", "FA0C11D2E30")
    into = assembled(eth=bad)
    assert into.lpars[1].macs == ("FA0C11D2E302",)
    assert "MAC" in into.problems[0].expected
    assert "FA0C11D2E30" in into.problems[0].line


def test_a_trunk_without_a_priority_is_a_problem() -> None:
    into = assembled(eth=seeds.ETH.replace("1,1,1,1,ETHERNET0", "1,null,1,1,ETHERNET0"))
    assert into.lpars[0].eth == ()
    assert "trunk priority" in into.problems[0].expected


def test_a_state_that_nobody_documented_makes_the_lpar_unread_and_not_down() -> None:
    into = Gathered()
    text = seeds.LPARS.replace("Not Activated", "Hibernated")
    found = reading.read_lpars(SYSTEM, table(reading.LPAR_FIELDS, text), "lpars", into)
    assert [lpar.name for lpar in found] == ["vios1"]
    assert into.problems[0].expected == "a state of an LPAR"
    assert [(u.kind, u.key_prefix) for u in into.unread] == [("lpar", "9105-22A*7800A11/erp_db1")]


def test_every_documented_state_is_read() -> None:
    for state in LparState:
        text = seeds.LPARS.replace("Not Activated", state.value)
        assert reading.read_lpars(SYSTEM, table(reading.LPAR_FIELDS, text), "l", Gathered())[1].state is state


def test_an_lpar_row_that_cannot_even_be_split_makes_the_whole_system_unread() -> None:
    into = Gathered()
    reading.read_lpars(SYSTEM, table(reading.LPAR_FIELDS, seeds.LPARS + "torn,1\n"), "lpars", into)
    assert [u.key_prefix for u in into.unread] == ["9105-22A*7800A11/"]


def test_a_system_in_an_unknown_state_is_unread_with_its_lpars() -> None:
    into = Gathered()
    text = seeds.SYSTEMS.replace("Power Off", "Asleep")
    found = reading.read_systems(table(reading.SYSTEM_FIELDS, text), "systems", into)
    assert [system.name for system in found] == ["p10-a"]
    assert [(u.kind, u.key_prefix) for u in into.unread] == [
        ("system", "9009-42A*7800A12"),
        ("lpar", "9009-42A*7800A12/"),
    ]


def test_an_lpar_listed_twice_shows_once_and_is_a_problem() -> None:
    into = Gathered()
    row = seeds.LPARS.splitlines()[1]
    found = reading.read_lpars(SYSTEM, table(reading.LPAR_FIELDS, f"{seeds.LPARS}{row}\n"), "lpars", into)
    assert [lpar.name for lpar in found] == ["vios1", "erp_db1"]
    assert into.problems[0].expected == "each LPAR name and id once"


def test_the_newest_refcode_is_kept_with_its_time_and_an_empty_one_is_none() -> None:
    older = "erp_db1,12,09/30/2026 20:41:29,D200C301\n"
    into = assembled(refcodes=seeds.REFCODES + older)
    assert into.lpars[1].refcode == "B2001230 LP=00012 09/30/2026 20:41:31"
    assert into.lpars[0].refcode is None


def test_memory_and_processors_of_lpars_and_systems_are_read() -> None:
    into = assembled(
        lpar_mem=seeds.MEM, lpar_proc=seeds.PROC, system_mem=seeds.SYSTEM_MEM, system_proc=seeds.SYSTEM_PROC
    )
    erp = into.lpars[1]
    assert (erp.mem_mb, erp.proc_units, erp.procs) == (8192, 0.5, 2)
    system = into.systems[0]
    assert (system.installed_mem_mb, system.available_mem_mb) == (1048576, 524288)
    assert (system.installed_proc_units, system.available_proc_units) == (24.0, 12.75)


def test_a_profile_is_read_with_its_adapters_and_a_bad_one_is_a_problem() -> None:
    text = (
        seeds.PROFILES
        + "broken,erp_db1,12,1,1,1,ded,1,null,1,2,null,null,keep_idle_procs,null,10,norm,0,"
        + "31/client/2,none,none,none,none\n"
    )
    into = assembled(profiles=text)
    (profile,) = into.lpars[1].profiles
    assert (profile.name, len(profile.fc), len(profile.eth), len(profile.scsi)) == ("normal", 2, 2, 1)
    assert profile.eth[1].addl_vlan_ids == (21, 22)
    assert [port.label for port in profile.ports] == ["vNIC 12", "SR-IOV port 1/27004001"]
    assert profile.macs == ("FA0C11D2E301", "FA0C11D2E302", "FA0C11D2E303", "FA0C11D2E304")
    assert into.problems[0].expected == "a virtual FC adapter of 7 fields in virtual_fc_adapters"


def test_the_default_form_of_a_row_reads_like_the_asked_one() -> None:
    client, server = records.attributes("fc", seeds.DEFAULT_FORM).rows
    asked = table(reading.FC_FIELDS, seeds.FC).rows
    assert reading.fc(client) == reading.fc(asked[0])
    assert reading.fc(server) == reading.fc(asked[2])


def test_a_field_that_is_missing_is_named() -> None:
    (row,) = records.attributes("fc", "lpar_id=1,adapter_type=client\n").rows
    with pytest.raises(ParseError, match="wwpns"):
        reading.fc(row)
