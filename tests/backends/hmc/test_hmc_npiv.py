"""NPIV maps as a VIOS prints them."""

from __future__ import annotations

import pytest

from backends.hmc import npiv
from backends.hmc.looks import NpivPortsOf
from backends.hmc.npiv import NpivPort
from backends.outcome import ParseError
from store.estate import NpivMapping
from tests.backends.hmc.hmc_estate import Estate

HEADING = (
    "Name          Physloc                            ClntID ClntName       ClntOS\n"
    "------------- ---------------------------------- ------ -------------- -------\n"
)


def block(first: str, status: str = "LOGGED_IN", port: str = "fcs0", client: str = "fcs1") -> str:
    return (
        f"{HEADING}{first}\n\nStatus:{status}\nFC name:{port:<24}FC loc code:U78D4.001.7800A11-P1-C2-T1\n"
        f"Ports logged in:3\nFlags:a<LOGGED_IN,STRIP_MERGE>\n"
        f"VFC client name:{client:<16}VFC client DRC:U9105.22A.7800A11-V12-C31\n\n"
    )


MAPPED = "vfchost0      U9105.22A.7800A11-V1-C112              12 erp_db1        AIX    "
UNUSED = "vfchost1      U9105.22A.7800A11-V1-C113              13                       "


def test_each_block_is_a_mapping() -> None:
    found, problems = npiv.mappings("lsmap", block(MAPPED) + block(UNUSED, "NOT_LOGGED_IN", "", ""))
    assert problems == ()
    assert found == (
        NpivMapping("vfchost0", 12, "erp_db1", "LOGGED_IN", "fcs0", "fcs1", 112),
        NpivMapping("vfchost1", 13, None, "NOT_LOGGED_IN", None, None, slot=113),
    )


@pytest.mark.parametrize("name", ["a_name_longer_than_its_column", "exactly_14_chr"])
def test_a_client_name_that_runs_over_its_column_is_read_whole(name: str) -> None:
    first = f"vfchost0      U9105.22A.7800A11-V1-C112              12 {name:<14} AIX"
    found, _ = npiv.mappings("lsmap", block(first))
    assert found[0].client_lpar_name == name


@pytest.mark.parametrize("text", ["", "\n", "There are no virtual Fibre Channel adapters.\n", "Aucun adaptateur.\n"])
def test_a_vios_without_virtual_fc_has_no_mappings(text: str) -> None:
    assert npiv.mappings("lsmap", text) == ((), ())


@pytest.mark.parametrize(
    "bad",
    [
        block("vfcnone U9105-V1-C1 12 erp AIX"),
        block(UNUSED, status="logged?"),
        block(UNUSED).replace("FC name:", "FC nam:"),
        block(UNUSED).replace("------", "---- --", 1),
        f"{UNUSED}\nStatus:LOGGED_IN\nFC name:fcs0\n",
    ],
)
def test_a_block_of_another_form_is_a_problem_and_the_others_still_show(bad: str) -> None:
    found, problems = npiv.mappings("lsmap", block(MAPPED) + bad)
    assert [mapping.vfchost for mapping in found] == ["vfchost0"]
    assert len(problems) == 1


def test_two_blocks_run_into_each_other_are_a_problem_and_never_one_mapping() -> None:
    second = block(UNUSED).removeprefix(HEADING).replace("vfchost1", "host1")
    found, problems = npiv.mappings("lsmap", block(MAPPED) + second)
    assert found == ()
    assert "once" in problems[0].expected


# -------------------------------------------------------------------------------------------------------------- ports

PORTS = "name             physloc                        fabric tports aports swwpns awwpns"


def test_the_ports_of_a_vios_are_read_with_what_is_free_on_them() -> None:
    rows = (
        "fcs0             U78AA.001.WZSKM6U-P1-C2-T1          1     64     60   2048   2012",
        "fcs1             U78AA.001.WZSKM6U-P1-C2-T2          0     64     64   2048   2048",
    )
    assert npiv.ports("\n".join((PORTS, *rows, ""))) == (
        NpivPort("fcs0", True, 60, 64),
        NpivPort("fcs1", False, 64, 64),
    )


@pytest.mark.parametrize("text", ["", "There are no NPIV capable ports on the Virtual I/O Server.\n"])
def test_a_vios_without_such_ports_has_none(text: str) -> None:
    assert npiv.ports(text) == ()


@pytest.mark.parametrize("row", ["fcs0 U78 1 64", "fcs0 U78 2 64 60 2048 2012", "fcs0 U78 1 64 many 2048 2012"])
def test_a_port_of_another_form_is_refused_with_its_line(row: str) -> None:
    with pytest.raises(ParseError) as caught:
        npiv.ports(f"{PORTS}\n{row}\n")
    assert caught.value.line == row


def test_a_look_tells_the_ports_of_the_lab(hmc: Estate) -> None:
    with hmc.driver() as driver:
        found = NpivPortsOf("p10-a", "vios1").take(driver)
    assert [(port.name, port.fabric) for port in found] == [("fcs0", True), ("fcs1", True)]
    assert found[0].free < 64
