"""``[pra]`` and ``[[pra.systems]]``: what is accepted, and what each kind of mistake is told with its line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.pra_records import Pra, SystemMap, WwpnPolicy
from app.settings import SettingsError, load

HEAD = """\
[[sites]]
name = "paris"
role = "prod"
[[sites]]
name = "lyon"
role = "dr"
[[devices]]
name = "hmc"
kind = "hmc"
site = "paris"
host = "hmc.example.com"
user = "hscroot"
password = "env:HMC"
"""
FIRST = HEAD.count("\n") + 1
"""The line on which what a test adds begins."""
HOST = 'pra.host: expected a name with {lpar} in it, such as "aix-{lpar}", found'


def pra(folder: Path, *lines: str, head: str = HEAD) -> Pra | None:
    path = folder / "config.toml"
    path.write_text(head + "\n".join([*lines, ""]))
    return load(path).pra


def complaints(folder: Path, *lines: str, head: str = HEAD) -> list[str]:
    """The lines of the error, without the file's name."""
    with pytest.raises(SettingsError) as caught:
        pra(folder, *lines, head=head)
    return str(caught.value).replace(f"{folder}/config.toml:", "").splitlines()


# ------------------------------------------------------------------------------------------------------- accepted


def test_two_sites_say_by_their_roles_which_is_which(tmp_path: Path) -> None:
    assert pra(tmp_path) == Pra("paris", "lyon")
    assert pra(tmp_path, "[pra]") == Pra("paris", "lyon")


def test_sites_that_do_not_say_it_and_nothing_else_that_does_leave_it_open(tmp_path: Path) -> None:
    for role in ("prod", "dr"):
        assert pra(tmp_path, head=HEAD.replace('"dr"', f'"{role}"').replace('"prod"', f'"{role}"')) is None


def test_a_list_of_no_lpars_protects_none(tmp_path: Path) -> None:
    found = pra(tmp_path, "[pra]", "lpars = []")
    assert found is not None
    assert not found.protects("erp_db1")


def test_the_sites_may_be_named_against_their_roles(tmp_path: Path) -> None:
    assert pra(tmp_path, "[pra]", 'nominal = "lyon"', 'recovery = "paris"') == Pra("lyon", "paris")


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    found = pra(
        tmp_path,
        "[pra]",
        'lpars = ["erp*", "crm?"]',
        'exclude = ["*_test"]',
        'host = "aix-{lpar}"',
        'wwpn = "same"',
        'same_wwpn = ["erp_db1"]',
        'drill_vswitch = "DRILL"',
        "drill_vlan = 999",
        "[[pra.systems]]",
        'nominal = "P10-A"',
        'recovery = "9080-HEX*78B0002"',
        "memory = 0.5",
        "processors = 2",
        'vios = { "a1" = "b1" }',
        'vswitch = { "ETHERNET0" = "VSW" }',
        'vlan = { "110" = 210 }',
    )
    where = SystemMap("P10-A", "9080-HEX*78B0002", 0.5, 2.0, {"a1": "b1"}, {"ETHERNET0": "VSW"}, {110: 210})
    assert found == Pra(
        nominal="paris",
        recovery="lyon",
        lpars=("erp*", "crm?"),
        exclude=("*_test",),
        host="aix-{lpar}",
        wwpn=WwpnPolicy.SAME,
        same_wwpn=("erp_db1",),
        drill_vswitch="DRILL",
        drill_vlan=999,
        systems=(where,),
    )


def test_what_is_protected_is_named_by_patterns_and_excluding_outweighs_it() -> None:
    found = Pra("a", "b", lpars=("erp*", "crm_db[12]"), exclude=("*_test", "erp_old"))
    names = ("erp_db1", "erp_test", "erp_old", "crm_db2", "crm_db3", "nim")
    assert [name for name in names if found.protects(name)] == ["erp_db1", "crm_db2"]
    assert (found.excludes("erp_test"), found.excludes("nim")) == (True, False)


@pytest.mark.parametrize(
    ("policy", "name", "same"), [("own", "erp1", True), ("own", "crm", False), ("same", "x", True)]
)
def test_the_wwpn_policy_is_chosen_for_each_lpar(policy: str, name: str, same: bool) -> None:
    found = Pra("a", "b", wwpn=WwpnPolicy(policy), same_wwpn=("erp*",)).policy(name)
    assert (found is WwpnPolicy.SAME) is same


def test_a_host_is_called_by_the_pattern() -> None:
    assert Pra("a", "b", host="aix-{lpar}-x").host_of("erp_db1") == "aix-erp_db1-x"


# -------------------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('nominal = "rome"', 'pra.nominal: expected one of the sites lyon, paris, found "rome"'),
        ("nominal = 3", "pra.nominal: expected one of the sites lyon, paris, found 3"),
        ('recovery = "paris"', 'pra.recovery: expected another site than nominal, found "paris"'),
        ('host = "aix"', f'{HOST} "aix"'),
        ('host = "a b {lpar}"', f'{HOST} "a b {{lpar}}"'),
        ('wwpn = "both"', 'pra.wwpn: expected "own" or "same", found "both"'),
        ("drill_vlan = 4095", "pra.drill_vlan: expected a whole number from 1 to 4094, found 4095"),
        ('drill_vlan = "9"', 'pra.drill_vlan: expected a whole number from 1 to 4094, found "9"'),
        ('lpar = ["x"]', "pra.lpar: expected the key lpars, found a key that is not known here"),
    ],
)
def test_a_mistake_in_pra_is_told_with_its_line_and_key(tmp_path: Path, line: str, told: str) -> None:
    assert complaints(tmp_path, "[pra]", line) == [f"{FIRST + 1}: {told}"]


@pytest.mark.parametrize("key", ["lpars", "exclude", "same_wwpn"])
def test_a_list_of_patterns_is_a_list_of_texts(tmp_path: Path, key: str) -> None:
    for value in ('"erp*"', "[3]", '[""]'):
        (told,) = complaints(tmp_path, "[pra]", f"{key} = {value}")
        assert told.startswith((f"{FIRST + 1}: pra.{key}: expected ", f"{FIRST + 1}: pra.{key}[1]: expected "))


@pytest.mark.parametrize(
    ("line", "key", "expected"),
    [
        ("memory = 0", "memory", "a factor from 0.05 to 10"),
        ("memory = 11", "memory", "a factor from 0.05 to 10"),
        ("memory = nan", "memory", "a factor from 0.05 to 10"),
        ("processors = true", "processors", "a factor from 0.05 to 10"),
        ('processors = "1"', "processors", "a factor from 0.05 to 10"),
        ('vlan = { "110" = 4095 }', "vlan", "a table: a VLAN id from 1 to 4094"),
        ('vlan = { "x" = 1 }', "vlan", "a table: a VLAN id from 1 to 4094"),
        ('vios = { "a" = 3 }', "vios", "a table: the name of a VIOS"),
        ("vswitch = 3", "vswitch", "a table: the name of a virtual switch"),
        ('vscsi = "x"', "vscsi", ""),
    ],
)
def test_a_mistake_in_a_system_is_told_with_its_line_and_key(
    tmp_path: Path, line: str, key: str, expected: str
) -> None:
    lines = ("[[pra.systems]]", 'nominal = "P10-A"', 'recovery = "P10-B"', line)
    (told,) = complaints(tmp_path, *lines)
    assert told.startswith(f"{FIRST + 3}: pra.systems[")
    assert f"].{key}: expected {expected}" in told


def test_a_system_needs_both_ends_and_is_said_once(tmp_path: Path) -> None:
    (lacking,) = complaints(tmp_path, "[[pra.systems]]", 'nominal = "P10-A"')
    assert "].recovery: expected the name of a managed system, or type-model*serial" in lacking
    twice = ("[[pra.systems]]", 'nominal = "P10-A"', 'recovery = "P10-B"')
    (again,) = complaints(tmp_path, *twice, *twice)
    assert again.startswith(f"{FIRST + 4}: ")
    assert 'nominal: expected each managed system once, found "P10-A"' in again


def test_what_is_said_of_a_pra_needs_sites_that_say_which_is_which(tmp_path: Path) -> None:
    head = HEAD.replace('"dr"', '"prod"')
    assert complaints(tmp_path, "[pra]", 'lpars = ["erp*"]', head=head) == [
        f"{FIRST}: pra.nominal: expected the name of a site: there is not exactly one of that role"
    ]
    assert pra(tmp_path, "[pra]", 'nominal = "paris"', 'recovery = "lyon"', head=head) == Pra("paris", "lyon")


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    where = ("[[pra.systems]]", 'nominal = "A"', 'recovery = "B"', "memory = 0")
    told = complaints(tmp_path, "[pra]", "drill_vlan = 0", 'wwpn = "x"', *where)
    assert [line.split(":")[0] for line in told] == [str(FIRST + n) for n in (1, 2, 6)]
