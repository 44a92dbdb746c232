"""The Audit screen: the journal as an auditor and an operator read it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from syrupy.assertion import SnapshotAssertion

from screens.audit import told
from store.journal_view import MOST, JournalView
from store.runs import Entry
from tests.screens.estate import NOW, troubled
from tests.screens.piloting import Driven, driven, piloted
from tests.screens.test_screens_snapshots import PlainText

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")

WINDOW = {"window": 3, "site": "paris", "target": None, "by": "ana@jump from 192.0.2.7", "reason": "PDU"}
CHANGED = {"by": "eve@jump", "before": {"name": "night", "paused": False}, "after": {"paused": True}}
BODIES: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("", "maintenance", WINDOW),
    ("0301-0300-a7f3c1", "approved", {"by": "ben@jump", "words": ["failover oradb"]}),
    ("0301-0300-a7f3c1", "intent", {"step": "s1", "call": "stoprcopygroup -f oradb", "facts": []}),
    ("", "auto armed", {"group": "shop", "bound_s": 900, "by": ["ana@jump", "ben@jump"]}),
    ("", "schedule changed", CHANGED),
)


def entries(first: int = 1, count: int = len(BODIES)) -> tuple[Entry, ...]:
    found = []
    for number in range(first, first + count):
        run, kind, body = BODIES[(number - 1) % len(BODIES)]
        found.append(Entry(number, NOW - timedelta(minutes=500 - number), run, kind, json.dumps(body)))
    return tuple(found)


async def opened(console: Driven, *more: Entry) -> None:
    console.console.around.journal.take((*entries(), *more), NOW)
    await console.press("J")


@SIZES
@pytest.mark.parametrize("keys", [(), ("enter",)], ids=["all", "one"])
@piloted
async def test_the_screen_reads_so(keys: tuple[str, ...], size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    async with driven(troubled().view(), size) as console:
        await opened(console)
        await console.press(*keys)
        assert console.text == snapshot.use_extension(PlainText)
        assert max(len(line) for line in console.text.splitlines()) <= size[0]


@piloted
async def test_a_filter_finds_who_it_was_and_escape_comes_back_to_the_row() -> None:
    async with driven(troubled().view(), (120, 40)) as console:
        await opened(console)
        await console.command("filter who:ana")
        assert "2 of 5" in console.text
        await console.press("j", "enter")
        assert "Entry 1 of the journal" in console.text and "PDU" in console.line("reason")
        await console.press("escape", "enter")
        assert "Entry 1 of the journal" in console.text


@piloted
async def test_before_it_was_read_it_does_not_say_that_it_is_empty() -> None:
    async with driven(troubled().view(), (80, 24)) as console:
        await console.press("J")
        assert "empty" not in console.text
        console.console.around.journal.take((), NOW)
        console.screen.runs_changed()
        await console.settle()
        assert "The journal is empty" in console.text


def test_the_newest_entries_are_kept_and_found_by_their_numbers() -> None:
    view = JournalView()
    view.take(entries(1, 3), NOW)
    view.take((), NOW)
    view.take(entries(4, MOST), NOW)
    assert view.total == MOST + 3
    assert [entry.seq for entry in view.entries] == list(range(MOST + 3, 3, -1))
    for seq in (4, 17, MOST + 3):
        found = view.get(seq)
        assert found is not None
        assert found.seq == seq
    assert view.get(3) is None
    assert view.get(MOST + 4) is None


def test_of_each_kind_it_is_told_who_and_what_in_words() -> None:
    who, what = told(entries()[3])
    assert who == "ana@jump and ben@jump"
    assert what == "auto armed; group shop; bound s 900"
    assert told(entries()[1]) == ("ben@jump", "agreed to by ben@jump, who typed: failover oradb")
