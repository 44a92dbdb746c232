"""Infrastructure out of files: what is taken, and that whatever is wrong is refused with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.config_table import SettingsError
from app.infra import files
from app.infra.building import FIELDS, Reading, build
from app.infra.files import COLUMNS
from backends.lab.estates import demo_infra
from store.estate import SiteRole
from store.infra.differences import by_ref
from store.infra.records import Face, Feed, Item, Kind, Link, Plain, Rack, Site, System, SystemType, Vlan

CSV = """\
kind,name,site,role,tier,row,units,feeds,rack,type,u,height,face,watts,capacity_w,vid,other_site,rtt_ms,bandwidth
site,oslo,,prod,III,,,,,,,,,,,,,,
feed,A,oslo,,,,,,,,,,,,9000,,,,
feed,B,oslo,,,,,,,,,,,,,,,,
rack,A7,oslo,,,1,47,A B,,,,,,,,,,,
system,p10,oslo,,,,,A B,A7,managed system,2,15,,5200,,,,,
system,patch,oslo,,,,,,A7,other,40.5,0.5,rear,,,,,,
vlan,PROD,oslo,,,,,,,,,,,,,120,,,
link,north,oslo,,,,,,,,,,,,,,bergen,5.5,10G
"""


def read(tmp_path: Path, text: str, name: str = "oslo.csv", table: str | None = None) -> tuple[Item, ...]:
    path = tmp_path / name
    path.write_text(text)
    return files.read(path, (), ["bergen"], table).items


def errors(tmp_path: Path, text: str, name: str = "oslo.csv", table: str | None = None) -> list[str]:
    with pytest.raises(SettingsError) as found:
        read(tmp_path, text, name, table)
    return str(found.value).replace(f"{tmp_path}/", "").splitlines()


def test_a_csv_file_gives_every_kind(tmp_path: Path) -> None:
    assert read(tmp_path, CSV) == (
        Site("oslo", SiteRole.PROD, "III"),
        Feed("oslo", "A", 9000),
        Feed("oslo", "B"),
        Rack("oslo", "A7", "1", 47, ("A", "B")),
        System("p10", "oslo", SystemType.MANAGED_SYSTEM, "A7", 2.0, 15.0, None, 5200, ("A", "B")),
        System("patch", "oslo", SystemType.OTHER, "A7", 40.5, 0.5, Face.REAR),
        Vlan("oslo", 120, "PROD"),
        Link("north", "oslo", "bergen", 5.5, 10**10),
    )


def test_the_demo_file_holds_what_the_readme_asks_about(tmp_path: Path) -> None:
    items = by_ref(read(tmp_path, demo_infra.TEXT, "infrastructure.json"))
    assert (Kind.RACK, "paris/A7") in items and (Kind.SYSTEM, "P10-PAR-01") in items
    warranty, text = demo_infra.TABLES[demo_infra.WARRANTY]
    assert read(tmp_path, text, demo_infra.WARRANTY, warranty)[0].key == "warranty/P10-PAR-01"


def test_a_plain_table_keeps_its_columns_as_they_are(tmp_path: Path) -> None:
    rows = read(tmp_path, "name,Until,Vendor\nfa,2027-01-01,Pure\n\nsw,,\n", table="warranty")
    assert rows == (
        Plain("warranty", "fa", (("until", "2027-01-01"), ("vendor", "Pure"))),
        Plain("warranty", "sw", (("until", ""), ("vendor", ""))),
    )


def test_a_duplicate_names_both_lines(tmp_path: Path) -> None:
    assert errors(tmp_path, CSV + "rack,A7,oslo,,,,,,,,,,,,,,,,\n") == [
        'oslo.csv:10: rack: expected a name of its own: line 5 has it too, found "oslo/A7"'
    ]
    assert errors(tmp_path, "name\nx\nx\n", table="zones") == [
        'oslo.csv:3: plain: expected a name of its own: line 2 has it too, found "zones/x"'
    ]


def test_two_systems_on_one_unit_are_refused_with_both_lines(tmp_path: Path) -> None:
    (line,) = errors(tmp_path, CSV + "system,late,oslo,,,,,,A7,server,16,2,,,,,,,\n")
    assert line.startswith(
        "oslo.csv:10: system late: expected that it can be so: U 16 to 17 of rack A7 is taken by p10"
    )
    assert line.endswith("(line 6)")


def test_room_that_is_not_there_and_power_that_is_not_there_are_refused(tmp_path: Path) -> None:
    text = CSV + "system,tall,oslo,,,,,,A7,server,46,3,,,,,,,\nsystem,oven,oslo,,,,,A,,other,,,,9000,,,,,\n"
    found = errors(tmp_path, text)
    assert "oslo.csv:3: feed oslo/A: expected that it can be so: 11600 W are drawn from it, beyond its 9000 W" in found
    assert any(line.startswith("oslo.csv:10: system tall:") and "beyond rack A7" in line for line in found)


def test_a_name_of_another_source_may_be_used_and_its_units_are_taken_too(tmp_path: Path) -> None:
    path = tmp_path / "more.csv"
    others = read(tmp_path, CSV)
    path.write_text("kind,name,site,type,rack,u,height\nsystem,new,oslo,server,A7,20,2\n")
    assert len(files.read(path, others, ["bergen"]).items) == 1
    path.write_text("kind,name,site,type,rack,u,height\nsystem,new,oslo,server,A7,10,2\n")
    with pytest.raises(SettingsError, match=r"more.csv:2: system new: .*taken by p10"):
        files.read(path, others, ["bergen"])


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("room,x", "kind: expected one of site, rack, feed, system, vlan, link"),
        ("rack,A8,oslo,,,,53", "units: expected a whole number of rack units, 1 to 52"),
        ("rack,A8,oslo,,,,4.5", "units: expected a whole number of rack units, 1 to 52"),
        ("rack,A8", "site: expected the name of a site"),
        ("rack,,oslo", "name: expected the name of a rack"),
        ("site,o/slo", "name: expected the name of a site, without /"),
        ("site,malmo,,main", "role: expected one of prod, dr"),
        ("rack,A8,oslo,,,,,A A", "feeds: expected each name once"),
        ("rack,A8,oslo,,,,,,A7", "rack: expected nothing: a rack has site, name, row, units, feeds, location"),
        ("system,s,oslo,,,,,,A7,server,40.3", "u: expected a rack unit, 1 to 52, in steps of a half"),
        ("system,s,oslo,,,,,,A9,server,4", "no rack is called A9 (there are: A7) at oslo"),
        ("vlan,x,oslo,,,,,,,,,,,,,4095", "vid: expected a VLAN id, 1 to 4094"),
        ("link,l,oslo,,,,,,,,,,,,,,bergen,,fast", "bandwidth: expected bit/s"),
        ("link,l,oslo,,,,,,,,,,,,,,malmo", "no site is called malmo"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, row: str, words: str) -> None:
    filled = row + "," * (18 - row.count(","))
    found = errors(tmp_path, CSV + filled + "\n")
    assert any(line.startswith("oslo.csv:10:") and words in line for line in found), found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "oslo.csv:1: expected a first line with the column kind"),
        ("kind,nam\n", "columns out of kind, name, role"),
        ("kind,name,name\n", "a name of its own for each column"),
        ("kind,name\nsite\n", "oslo.csv:2: expected 2 columns"),
        ('kind,name\nsite,"x\n', "CSV ("),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str, words: str) -> None:
    assert any(words in line for line in errors(tmp_path, text))


def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"kind,name\nsite,os\xe9lo\n")
    with pytest.raises(SettingsError, match=r"x.csv:2: expected UTF-8 text"):
        files.read(path, (), ())


JSON = """{
  "sites": [{"name": "oslo"}],
  "racks": [
    {"site": "oslo", "name": "A7"},
    {"site": "oslo", "name": "A8", "units": 99},
    {"site": "oslo",
     "name": "A7"}
  ]
}
"""


def test_each_object_of_a_json_file_has_its_line(tmp_path: Path) -> None:
    assert errors(tmp_path, JSON, "oslo.json") == [
        'oslo.json:5: units: expected a whole number of rack units, 1 to 52, found "99"',
        'oslo.json:6: rack: expected a name of its own: line 4 has it too, found "oslo/A7"',
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "1: expected JSON (expected {)"),
        ('{"rooms": []}', "1: expected the lists sites, racks"),
        ('{"sites": [\n3]}', '2: sites: expected an object, found "3"'),
        ('{"sites": [\n{"name": "a",\n "name": "b"}]}', "2: expected JSON (name stands twice in an object)"),
        ('{"sites": [{"name": "a"}\n', "expected JSON"),
        ('{"sites": [{"name": "a"},]}', "expected JSON"),
        ('{"sites": []} x', "expected the end of the file"),
        ("", "expected JSON (expected {)"),
        ('{"sites": [{"name": true}]}', "name: expected the name of a site"),
        ('{"sites": ' + "[" * 100_000, "expected JSON"),
    ],
)
def test_json_that_is_wrong_is_refused_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    assert any(words in line for line in errors(tmp_path, text, "oslo.json"))


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6), st.lists(st.text(max_size=3))
)


@settings(max_examples=60)
@given(st.sampled_from(list(FIELDS)), st.dictionaries(st.sampled_from(COLUMNS[1:]), VALUES))
def test_any_fields_make_an_item_or_a_complaint(kind: Kind, values: dict[str, object]) -> None:
    reading = Reading(Path("x"))
    build(reading, 7, kind, values)
    assert len(reading.items) == (0 if reading.problems else 1)
    assert all(problem.line == 7 for problem in reading.problems)


@given(st.text(max_size=80))
def test_any_text_is_items_or_an_error_with_a_line(text: str) -> None:
    for parse in (files._csv, files._json):
        reading = Reading(Path("x"))
        parse(reading, text)
        assert all(problem.line >= 0 for problem in reading.problems)


def test_json_and_csv_say_the_same(tmp_path: Path) -> None:
    told = {"sites": [{"name": "oslo", "role": "prod", "tier": "III"}], "feeds": [{"site": "oslo", "name": "B"}]}
    found = read(tmp_path, json.dumps(told), "oslo.json")
    assert found == (Site("oslo", SiteRole.PROD, "III"), Feed("oslo", "B"))
