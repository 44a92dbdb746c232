"""The output grammar of the HMC: what is a record, what is a list, what is nothing found, what is refused."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.hmc import records
from backends.outcome import ParseError

NAMES = ("lpar_name", "slot_num", "wwpns")
HEADER = "lpar_name,slot_num,wwpns"
PAIR = "c0507609a1b20010,c0507609a1b20011"
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cs", "Cc")), max_size=20)


def test_a_table_is_read_by_its_header() -> None:
    found = records.table("fc", f'{HEADER}\nerp,31,"{PAIR}"\nweb,32,null\n', NAMES)
    assert [row.fields["lpar_name"] for row in found.rows] == ["erp", "web"]
    assert found.rows[0].list_of("wwpns") == tuple(PAIR.split(","))
    assert found.rows[1].list_of("wwpns") == ()
    assert found.problems == ()


def test_a_row_with_too_few_fields_is_a_problem_with_its_line_and_the_others_still_show() -> None:
    found = records.table("fc", f"{HEADER}\nerp,31\nweb,32,null\n", NAMES)
    assert [row.fields["lpar_name"] for row in found.rows] == ["web"]
    (problem,) = found.problems
    assert (problem.where, problem.line) == ("fc, line 2", "erp,31")
    assert problem.expected.startswith("3 fields")


@pytest.mark.parametrize(
    "row", ['erp,31,"open', 'e"rp,31,x', 'erp,31,"a"b', "erp,31,a\tb", "erp,31,a\x00b", "erp,31,a\r"]
)
def test_a_row_with_odd_quotes_or_control_characters_is_a_problem(row: str) -> None:
    found = records.table("fc", f"{HEADER}\n{row}\nweb,32,null\n", NAMES)
    assert len(found.problems) == 1
    assert [r.fields["lpar_name"] for r in found.rows] == ["web"]


def test_bytes_that_are_not_text_are_a_problem_that_can_be_shown() -> None:
    line = b"erp\xe9,31,null".decode("utf-8", "surrogateescape")
    found = records.table("fc", f"{HEADER}\n{line}\n", NAMES)
    assert found.problems[0].line.encode() == b"erp\\udce9,31,null"


@pytest.mark.parametrize(
    "sentence",
    [
        "No results were found.",
        "Aucun résultat n'a été trouvé.",
        "Es wurden keine Ergebnisse gefunden.",
        "結果が見つかりませんでした。",
        "Nichts gefunden, leider.",
    ],
)
def test_nothing_found_is_told_by_its_form_in_any_language(sentence: str) -> None:
    assert records.table("fc", f"{sentence}\n", NAMES) == records.Table()
    assert records.attributes("fc", f"{sentence}\n") == records.Table()
    assert records.rows_without_header("fc", f"{sentence}\n", 3) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lpar_na",
        "lpar_name,slot_num",
        "lpar_name,slot",
        "erp db,31,null\n",
        "HSCL8012 The partition was not found.\n",
        "erp\n",
        "some words\nsome more words\n",
    ],
)
def test_what_is_neither_a_table_nor_a_sentence_is_an_error_and_never_nothing_found(text: str) -> None:
    with pytest.raises(ParseError):
        records.table("fc", text, NAMES)


def test_the_default_form_is_split_at_the_first_equals_sign_and_read_with_its_quotes() -> None:
    text = (
        'name=erp,power_on_type=power on,"modes=a,b",sriov=config_id=0:adapter_id=1,state_detail=,detailed_state=None\n'
    )
    (row,) = records.attributes("sys", text).rows
    assert row.text("power_on_type") == "power on"
    assert row.list_of("modes") == ("a", "b")
    assert row.raw("sriov") == "config_id=0:adapter_id=1"
    assert row.optional("state_detail") is None
    assert row.optional("detailed_state") is None


def test_list_members_that_hold_commas_are_quoted_twice() -> None:
    text = 'name=p,"virtual_fc_adapters=""504/client/2/v/8/c1,c2/1"",""604/client/3/w/5/c3,c4/1"""\n'
    (row,) = records.attributes("prof", text).rows
    assert row.list_of("virtual_fc_adapters") == ("504/client/2/v/8/c1,c2/1", "604/client/3/w/5/c3,c4/1")
    bare = 'name,virtual_fc_adapters\np,"""504/client/2/v/8/c1,c2/1"",""604/client/3/w/5/c3,c4/1"""\n'
    (again,) = records.table("prof", bare, ("name", "virtual_fc_adapters")).rows
    assert again.list_of("virtual_fc_adapters") == row.list_of("virtual_fc_adapters")


@pytest.mark.parametrize("value", ['"addl_vlan_ids=54"', "addl_vlan_ids=54"])
def test_a_list_of_one_is_read_quoted_and_unquoted(value: str) -> None:
    (row,) = records.attributes("eth", f"lpar_name=v,{value}\n").rows
    assert row.list_of("addl_vlan_ids") == ("54",)


@pytest.mark.parametrize("spelling", ["none", "None", "null", ""])
def test_empty_is_read_in_its_four_spellings(spelling: str) -> None:
    (row,) = records.attributes("lpar", f"name=x,rmc_ipaddr={spelling}\n").rows
    assert row.optional("rmc_ipaddr") is None
    assert row.list_of("rmc_ipaddr") == ()
    assert row.optional_number("rmc_ipaddr") is None


@pytest.mark.parametrize("separator", [",", ":", ";"])
def test_another_separator_between_the_names_also_separates_the_values(separator: str) -> None:
    names = ("lpar_name", "wwpns")
    quoted = f'lpar_name{separator}wwpns\nerp{separator}"{PAIR}"\n'
    assert records.table("fc", quoted, names, separator).rows[0].list_of("wwpns") == tuple(PAIR.split(","))
    if separator != ",":
        plain = quoted.replace('"', "")
        assert records.table("fc", plain, names, separator).rows[0].list_of("wwpns") == tuple(PAIR.split(","))


def test_an_attribute_twice_or_without_a_name_is_a_problem() -> None:
    found = records.attributes("sys", "name=a,name=b\nname=c\nName=d\n=e\nf\n")
    assert [row.text("name") for row in found.rows] == ["c"]
    assert len(found.problems) == 4


def test_quoted_values_may_hold_line_breaks_where_the_version_is_read() -> None:
    text = '"version= Version: 11\n Release: 2\n","base_version=V11R2\n"\n'
    assert records.multiline_attributes(text) == {"version": " Version: 11\n Release: 2\n", "base_version": "V11R2\n"}


@pytest.mark.parametrize("bad", ["1.5", "-1", "١٢", "0x10", " 1", "1e3"])
def test_a_number_is_ascii_digits_only(bad: str) -> None:
    (row,) = records.attributes("mem", f"lpar_id={bad}\n").rows
    with pytest.raises(ParseError) as caught:
        row.number("lpar_id")
    assert caught.value.line == f"lpar_id={bad}"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("HSCL8012 The partition named x was not found.", "HSCL8012"),
        ("HSCLA4C0 no vFC", "HSCLA4C0"),
        ("HSCL8012", "HSCL8012"),
        ("A sentence without a code names the parameter -m.", None),
        (" HSCL8012 not at the start", None),
    ],
)
def test_a_code_is_read_only_at_the_start_of_a_message(text: str, code: str | None) -> None:
    assert records.code_of(text) == code


@given(st.lists(PRINTABLE, min_size=1, max_size=6), st.sampled_from(",:;"))
def test_what_a_csv_writer_writes_is_read_back(values: list[str], separator: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="").writerow(values)
    if out.getvalue() != '""':
        assert records.split_fields(out.getvalue(), separator) == tuple(values)


@given(st.lists(PRINTABLE.filter(bool), min_size=1, max_size=5).filter(lambda v: v[0] not in records.EMPTY))
def test_members_are_the_inverse_of_joining_them(values: list[str]) -> None:
    joined = records.join_members(values)
    if joined not in records.EMPTY:
        assert records.members(joined) == tuple(values)
    (row,) = records.attributes("x", f"{records.quote_field('list=' + joined)}\n").rows
    assert row.raw("list") == joined
