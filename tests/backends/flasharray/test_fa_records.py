"""Parsers of list rows: the vendor's documented forms and nothing else; one bad row hides no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.flasharray import failures, names, records
from backends.flasharray.fields import Fields, each
from backends.flasharray.records import Owner
from backends.outcome import Failure, ParseError, Sent
from store.estate import Problem
from tests.faults.fuzz_flasharray import ROWS

CAPTURES = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "flasharray"
OWNER = Owner("fa-prd", "a1")


def row_of(name: str, **changes: object) -> Fields:
    return Fields(ROWS[name][0] | changes)


# ------------------------------------------------------------------------------------------------------------- captures


@pytest.mark.parametrize(
    ("file", "count", "parse"),
    [
        ("arrays", 1, records.array),
        ("alerts", 20, records.alert),
        ("volumes", 81, lambda row: records.volume(row, OWNER)),
        ("hosts", 31, lambda row: records.host(row, OWNER)),
        ("connections", 171, records.attachment),
        ("pods", 6, lambda row: records.pod(row, OWNER)),
    ],
)
def test_every_captured_answer_parses(file: str, count: int, parse: Callable[[Fields], object]) -> None:
    path = CAPTURES / f"{file}.json"
    if not path.exists():
        pytest.skip(f"{path.name}: the captures are not beside this checkout")
    problems: list[Problem] = []
    found = each(f"GET /{file}", json.loads(path.read_text())["items"], parse, problems)
    assert problems == [] and len(found) == count


def test_both_captured_forms_of_a_wwn_are_read() -> None:
    path = CAPTURES / "ports.json"
    if not path.exists():
        pytest.skip("the captures are not beside this checkout")
    rows = [{"initiator": row} for row in json.loads(path.read_text())["items"]]
    found = [records.initiator(Fields(row)) for row in rows]
    assert any(wwn is not None and len(wwn) == 16 for wwn in found)


# ----------------------------------------------------------------------------------------------------------------- rows


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_documented_row_parses(name: str) -> None:
    row, parse = ROWS[name]
    parse(Fields(row))


def test_wwns_of_both_forms_come_out_sorted_in_one() -> None:
    host = records.host(row_of("host"), OWNER)
    assert host.wwns == ("c0507601a1b20010", "c0507601a1b20011")


@pytest.mark.parametrize(
    "bad", ["C0507601A1B2001", "C0507601A1B200100", "C0:5076:01A1B20010", "", "null", "C0507601A1B2001G"]
)
def test_pra_04_a_wwn_that_is_not_16_hex_digits_is_an_error_and_nothing_is_padded(bad: str) -> None:
    with pytest.raises(ParseError) as caught:
        records.host(row_of("host", wwns=["C0507601A1B20010", bad]), OWNER)
    assert "wwns" in caught.value.expected and "erp_db1" in caught.value.line


def test_a_row_with_a_bad_wwn_is_a_problem_and_the_others_still_show() -> None:
    good, bad = ROWS["host"][0], ROWS["host"][0] | {"name": "erp_db2", "wwns": ["C05"]}
    problems: list[Problem] = []
    found = each("GET /hosts", [bad, good, 7], lambda row: records.host(row, OWNER), problems)
    assert [host.name for host in found] == ["erp_db1"]
    assert [problem.where for problem in problems] == ["GET /hosts", "GET /hosts"]
    assert "erp_db2" in problems[0].line and problems[1].line == "7"


def test_a_problem_of_a_host_never_shows_its_chap_secret() -> None:
    row = ROWS["host"][0] | {"wwns": ["x"], "chap": {"host_password": "hunter2", "target_password": "hunter3"}}
    problems: list[Problem] = []
    each("GET /hosts", [row], lambda r: records.host(r, OWNER), problems)
    assert "hunter" not in repr(problems)


def test_times_are_utc_and_progress_is_a_fraction() -> None:
    moved = records.transfer(row_of("transfer", completed=1678287765779, progress=1))
    assert moved.completed == datetime(2023, 3, 8, 15, 2, 45, 779000, tzinfo=UTC)
    assert moved.progress == 1.0 and moved.done


@pytest.mark.parametrize(
    "changes", [{"completed": None, "progress": 1}, {"completed": 1, "progress": 0.999}, {"completed": 1}]
)
def test_a_transfer_is_done_only_when_both_its_progress_and_its_end_say_so(changes: dict[str, object]) -> None:
    row = dict(ROWS["transfer"][0]) | {"progress": None} | changes
    assert not records.transfer(Fields(row)).done


def test_a_schedule_keeps_the_unit_of_each_of_its_fields() -> None:
    group = records.group(row_of("protection group"), OWNER)
    assert group.replication is not None
    assert (group.replication.frequency_s, group.replication.at_s) == (900, 7200)
    assert group.replication.blackout == (0, 3600)
    assert group.time_remaining_s == 86400 and group.retention_lock == "ratcheted"


def test_null_references_are_none() -> None:
    volume = records.volume(row_of("volume", source={"id": None, "name": None}, pod=None), OWNER)
    assert (volume.source, volume.pod) == (None, None)


@pytest.mark.parametrize(
    ("name", "changes", "field"),
    [
        ("array", {"id": None}, "id"),
        ("array", {"capacity": "9"}, "capacity"),
        ("array", {"capacity": True}, "capacity"),
        ("array connection", {"status": "linked"}, "status"),
        ("alert", {"severity": "fatal"}, "severity"),
        ("alert", {"created": 10**20}, "created"),
        ("protection group", {"is_local": "yes"}, "is_local"),
        ("protection group", {"retention_lock": "locked"}, "retention_lock"),
        ("protection group", {"source_retention": {"days": -1}}, "source_retention"),
        ("protection group", {"replication_schedule": {"enabled": True, "frequency": 900001}}, "replication_schedule"),
        ("target", {"allowed": None}, "allowed"),
        ("target", {"status": "going"}, "status"),
        ("group snapshot", {"name": "pg"}, "name"),
        ("group snapshot", {"created": None}, "created"),
        ("transfer", {"progress": 1.5}, "progress"),
        ("transfer", {"progress": float("nan")}, "progress"),
        ("transfer", {"progress": "1"}, "progress"),
        ("volume", {"provisioned": None}, "provisioned"),
        ("volume", {"provisioned": 1e11}, "provisioned"),
        ("volume", {"pod": 5}, "pod"),
        ("connection", {"lun": -1}, "lun"),
        ("connection", {"volume": {"name": None}}, "volume"),
        ("host", {"wwns": "C0507601A1B20010"}, "wwns"),
        ("host", {"personality": "linux"}, "personality"),
        ("pod", {"promotion_status": "promotd"}, "promotion_status"),
        ("pod", {"arrays": [{"name": "x", "status": "up"}]}, "arrays"),
        ("pod link", {"direction": "sideways"}, "direction"),
        ("pod link", {"status": "ok"}, "status"),
    ],
)
def test_a_value_out_of_its_documented_form_is_an_error_that_names_the_field(
    name: str, changes: dict[str, object], field: str
) -> None:
    row, parse = ROWS[name]
    with pytest.raises(ParseError) as caught:
        parse(Fields(row | changes))
    assert field in caught.value.expected


def test_where_a_snapshot_was_made_is_read_from_its_groups_name() -> None:
    assert records.origin("fa-prd:pg-erp") == ("fa-prd", "pg-erp")
    assert records.origin("pg-erp") == (None, "pg-erp")
    assert records.origin("pod-web::pg") == (None, "pod-web::pg")


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(ROWS)),
    data=st.data(),
)
def test_any_json_in_any_field_is_a_record_or_a_parse_error(name: str, data: st.DataObject) -> None:
    row, parse = ROWS[name]
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*row, "x"]), inner, max_size=3),
        max_leaves=6,
    )
    field = data.draw(st.sampled_from(sorted(row)))
    try:
        parse(Fields(row | {field: data.draw(anything)}))
    except ParseError as error:
        assert error.expected and len(error.line) < 400


# ---------------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize("text", ["erp-0", "pod-web::web-1", "vg/erp-0", "a", "A_b-1"])
def test_names_as_the_array_allows_them_pass(text: str) -> None:
    assert names.name(text) == text


@pytest.mark.parametrize(
    "text", ["", "a,b", "erp*", "-a", "a-", "a b", "a" * 64, "a.b", "a::b::c", "a\n", "ä", "a&x=1"]
)
def test_a_name_that_would_address_something_else_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        names.name(text)


@pytest.mark.parametrize("text", ["12", "", "a.b", "a,b", "x" * 64])
def test_a_suffix_the_array_could_mistake_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        names.suffix(text)


def test_snapshot_names_of_both_sides_pass_and_a_group_is_no_source() -> None:
    assert names.snapshot("pg.s.vol") and names.snapshot("fa-prd:pg.s.vol") and names.snapshot("vol.s")
    assert names.group_snapshot("fa-prd:pg.s") and names.group("fa-prd:pg") and names.group("pod::pg")
    for text in ("pg", "fa-prd:pg", "pg.s.vol.x", "pg.s,pg.t"):
        with pytest.raises(ParseError):
            names.snapshot(text)


# ---------------------------------------------------------------------------------------------------------------- words


def test_error_bodies_of_all_documented_forms_are_read() -> None:
    assert failures.words('{"errors": [{"context": "pg", "message": "gone"}, {"message": "x"}]}') == "pg: gone; x"
    assert failures.words('{"message": "API rate limit exceeded"}') == "API rate limit exceeded"
    assert failures.words('[{"ctx": "u", "msg": "invalid credentials"}]') == "u: invalid credentials"
    for body in (None, b"", b"<html>", b"[]", b"{}", b'{"errors": [{"message": null}]}', b"\xff"):
        assert failures.words(body) is None


@pytest.mark.parametrize(
    ("status", "failure", "sent"),
    [
        (400, Failure.REFUSED, Sent.REFUSED),
        (401, Failure.LOGIN_REFUSED, Sent.REFUSED),
        (403, Failure.REFUSED, Sent.REFUSED),
        (404, Failure.REFUSED, Sent.REFUSED),
        (409, Failure.REFUSED, Sent.REFUSED),
        (429, Failure.BUSY, Sent.REFUSED),
        (500, Failure.BAD_ANSWER, Sent.UNKNOWN),
        (502, Failure.LOST, Sent.UNKNOWN),
        (503, Failure.BUSY, Sent.UNKNOWN),
        (504, Failure.TIMEOUT, Sent.UNKNOWN),
    ],
)
def test_what_a_status_tells_about_the_work(status: int, failure: Failure, sent: Sent) -> None:
    error = failures.of_status("fa", "POST /x", status, None)
    assert (error.failure, error.sent, error.code) == (failure, sent, f"HTTP {status}")
    assert f"HTTP {status}" in error.text and "None" not in error.text
