"""Objects survive JSON exactly, and nothing else is taken for one."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import codec
from store import estate as e
from tests.store.estates import NOON, any_record, lpar, records


@pytest.mark.parametrize("kind", e.KINDS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_record_class_survives_the_way_through_json(kind: str, data: st.DataObject) -> None:
    obj = data.draw(records(kind))
    again = codec.decode(kind, codec.encode(obj))
    assert again == obj
    assert type(again) is type(obj)
    assert codec.encode(again) == codec.encode(obj)


@settings(max_examples=60, deadline=None)
@given(obj=any_record(), data=st.data())
def test_a_text_with_a_field_too_many_too_few_or_of_another_type_is_refused(
    obj: e.EstateObject, data: st.DataObject
) -> None:
    kind = e.KIND_OF[type(obj)]
    facts = json.loads(codec.encode(obj))
    name = data.draw(st.sampled_from(sorted(facts)))
    spoiled = [{**facts, "no such field": 1}, {**facts, name: {"another": "type"}}]
    if name in ("name", "array", "vcenter", "system"):
        spoiled.append({key: value for key, value in facts.items() if key != name})
    for each in spoiled:
        with pytest.raises(codec.CodecError):
            codec.decode(kind, json.dumps(each))


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(sorted(e.KINDS)), text=st.one_of(st.text(), st.just("null"), st.just("[]")))
def test_a_text_that_is_no_object_is_refused_and_never_crashes(kind: str, text: str) -> None:
    with pytest.raises(codec.CodecError):
        codec.decode(kind, text)


@settings(max_examples=30, deadline=None)
@given(obj=records("lpar"), position=st.integers(0, 10_000), replacement=st.characters(codec="ascii"))
def test_a_text_with_one_wrong_character_is_refused_or_another_valid_object(
    obj: e.EstateObject, position: int, replacement: str
) -> None:
    text = codec.encode(obj)
    position %= len(text)
    spoiled = text[:position] + replacement + text[position + 1 :]
    try:
        again = codec.decode("lpar", spoiled)
    except codec.CodecError:
        return
    assert isinstance(again, e.Lpar)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(codec.CodecError, match="unknown kind"):
        codec.decode("lun", "{}")


def test_an_unknown_state_is_refused_and_the_message_names_the_field() -> None:
    text = codec.encode(lpar(1)).replace('"Running"', '"Runing"')
    with pytest.raises(codec.CodecError, match="state"):
        codec.decode("lpar", text)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [('"lpar_id":1', '"lpar_id":"1"'), ('"required":false', '"required":"no"'), ('"name":"lpar00001"', '"name":1')],
)
def test_a_value_that_could_be_turned_into_the_right_type_is_refused_all_the_same(right: str, wrong: str) -> None:
    text = codec.encode(lpar(1))
    assert right in text
    with pytest.raises(codec.CodecError):
        codec.decode("lpar", text.replace(right, wrong))


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=1))])
def test_a_time_that_is_not_utc_is_refused_both_ways(zone: timezone | None) -> None:
    moment = datetime(2026, 1, 1, tzinfo=zone)
    snapshot = e.PgroupSnapshot("pg.1", moment)
    group = e.ProtectionGroup("fa1", "a-1", None, "pg", False, True, snapshots=(snapshot,))
    with pytest.raises(codec.CodecError, match="UTC"):
        codec.encode(group)
    good = codec.encode(e.ProtectionGroup("fa1", "a-1", None, "pg", False, True, snapshots=(_at_noon(),)))
    assert codec.decode("pgroup", good)
    with pytest.raises(codec.CodecError, match="UTC"):
        codec.decode("pgroup", good.replace(NOON.isoformat().replace("+00:00", "Z"), moment.isoformat()))


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_json_cannot_hold_is_refused_and_the_message_names_the_field(number: float) -> None:
    server = e.ManagedSystem("p9-a", "9009-42A", "7812345", e.SystemState.OPERATING, installed_proc_units=number)
    with pytest.raises(codec.CodecError, match="installed_proc_units: expected a finite number"):
        codec.encode(server)


def test_a_text_that_is_no_unicode_is_an_error_and_not_a_crash() -> None:
    with pytest.raises(codec.CodecError):
        codec.encode(lpar(1, os_version="AIX \ud800"))


@settings(max_examples=30, deadline=None)
@given(problems=st.lists(st.builds(e.Problem)).map(tuple))
def test_problems_survive_the_way_through_json(problems: tuple[e.Problem, ...]) -> None:
    assert codec.decode_problems(codec.encode_problems(problems)) == problems


@pytest.mark.parametrize("text", ["", "{}", "null", '[{"where": 1}]', '[{"where": "a", "line": "b"}]'])
def test_problems_of_another_shape_are_refused(text: str) -> None:
    with pytest.raises(codec.CodecError):
        codec.decode_problems(text)


def _at_noon() -> e.PgroupSnapshot:
    return e.PgroupSnapshot("pg.1", NOON)
