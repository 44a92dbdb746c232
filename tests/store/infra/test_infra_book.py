"""The infrastructure in the store: what a source gives replaces what it gave, and the journal tells every change."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from msgspec.structs import replace

from store import journal
from store.infra import book
from store.infra.book import IMPORTED, InfraError
from store.infra.differences import Change, by_ref, differences
from store.infra.records import Face, Item, Kind, Plain, Rack, Source, System, SystemType
from store.ledger import Ledger
from store.recorded import from_text, to_text
from tests.screens.estate import NOW
from tests.store.infra.standing import OSLO, racks_of_systems

BY = "anna@jump from 10.0.0.7"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


def source(name: str = "file:oslo.csv", minutes: int = 0) -> Source:
    return Source(name, NOW + timedelta(minutes=minutes), BY)


def entries(path: Path) -> list[tuple[str, dict[str, object]]]:
    ledger = Ledger(path)
    try:
        return [(entry.kind, json.loads(entry.body)) for entry in ledger.journal()]
    finally:
        ledger.close()


def test_what_was_put_is_read_again_exactly_with_its_source(path: Path) -> None:
    rare = System("odd", "oslo", SystemType.OTHER, "A6", 30.5, 0.5, Face.REAR, 0, ("A",), ("sw",), "S1", "M 1")
    items = (*OSLO, rare, Plain("warranty", "odd", (("until", "2027-01-01"),)))
    book.put(path, source(), items)
    kept = book.read(path)
    assert kept.items == by_ref(items)
    assert set(kept.source_of.values()) == {"file:oslo.csv"} and kept.sources == {"file:oslo.csv": source()}


def test_each_change_stands_in_the_journal_with_who_before_and_after(path: Path) -> None:
    book.put(path, source(), OSLO)
    changed = tuple(
        replace(each, watts=1800) if isinstance(each, System) and each.name == "fa-oslo" else each
        for each in OSLO
        if not (isinstance(each, Rack) and each.name == "B1")
    )
    found = book.put(path, source(minutes=5), changed)
    assert [(one.change, one.kind, one.key) for one in found] == [
        (Change.GONE, Kind.RACK, "bergen/B1"),
        (Change.CHANGED, Kind.SYSTEM, "fa-oslo"),
    ]
    kind, told = entries(path)[-1]
    assert kind == IMPORTED and told["by"] == BY and told["source"] == "file:oslo.csv"
    assert ["changed", "system", "fa-oslo", [["watts", "1700", "1800"]]] in told["changes"]  # type: ignore[operator]
    assert journal.verify(path).broken is None


def test_many_changes_are_told_in_several_entries_of_one_chain(path: Path) -> None:
    rows = tuple(Plain("containers", f"c{number}") for number in range(book.A_BATCH + 3))
    book.put(path, source(), rows)
    told = [len(body["changes"]) for _, body in entries(path)]  # type: ignore[arg-type]
    assert told == [book.A_BATCH, 3] and journal.verify(path).entries == 2


def test_the_same_again_changes_only_when_it_was_imported(path: Path) -> None:
    book.put(path, source(), OSLO)
    assert book.put(path, source(minutes=9), OSLO) == ()
    assert book.read(path).sources["file:oslo.csv"].at == NOW + timedelta(minutes=9)
    assert entries(path)[-1][1]["changes"] == []


def test_an_item_of_another_source_is_refused_and_nothing_is_stored(path: Path) -> None:
    book.put(path, source(), OSLO)
    with pytest.raises(InfraError, match=r"oslo/A6 was imported from file:oslo.csv already: drdeck infra forget"):
        book.put(path, source("netbox:nb"), (Rack("oslo", "NEW"), Rack("oslo", "A6")))
    assert set(book.read(path).sources) == {"file:oslo.csv"} and len(entries(path)) == 1


def test_forgetting_a_source_takes_all_of_it_and_leaves_the_others(path: Path) -> None:
    book.put(path, source(), OSLO)
    book.put(path, source("warranty:w.csv"), (Plain("warranty", "x"),))
    gone = book.forget(path, source())
    assert len(gone) == len(OSLO) and {one.change for one in gone} == {Change.GONE}
    kept = book.read(path)
    assert set(kept.sources) == {"warranty:w.csv"} and len(kept.items) == 1


@given(racks_of_systems(), racks_of_systems())
def test_differences_lead_from_one_to_the_other_and_back(before: tuple[Item, ...], after: tuple[Item, ...]) -> None:
    old, new = by_ref(before), by_ref(after)
    found = differences(old, new)
    made = dict(old)
    for one in found:
        ref = one.kind, one.key
        assert (one.change is Change.ADDED) is (ref not in old) and (one.change is Change.GONE) is (ref not in new)
        assert one.fields
        made.pop(ref, None)
        if ref in new:
            made[ref] = new[ref]
    assert made == new
    assert len(differences(new, old)) == len(found)


@given(racks_of_systems())
def test_every_item_comes_back_from_its_text(items: tuple[Item, ...]) -> None:
    for item in items:
        assert from_text(type(item), to_text(item)) == item
