"""Columns give way by rank; a status or an age is never cut, whatever the width."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from screens import rows_devices, rows_events, rows_lpars, rows_pgroups, rows_rcgs, rows_replicas
from screens.cells import Cell, fit, wrap
from screens.columns import Column, Widths, lay_out
from screens.pairing import replica_of
from screens.rcg_sides import pairs
from tests.screens.estate import troubled

COLUMNS = (
    Column("Name", cut=4),
    Column("Kind", rank=2),
    Column("State"),
    Column("Note", rank=1, cut=3),
    Column("Age"),
)
ROW = (Cell("a-long-name"), Cell("kind"), Cell("● Running"), Cell("some note"), Cell("10s"))


def _titles(width: int) -> list[str]:
    widths = Widths.of(COLUMNS)
    widths.take(ROW)
    return [slot.column.title for slot in lay_out(COLUMNS, widths, width)]


def test_the_highest_rank_goes_first_and_rank_nought_stays() -> None:
    assert _titles(80) == ["Name", "Kind", "State", "Note", "Age"]
    assert _titles(26) == ["Name", "State", "Note", "Age"]
    assert _titles(21) == ["Name", "State", "Age"]
    assert _titles(1) == ["Name", "State", "Age"]


def test_short_forms_are_used_before_anything_overflows() -> None:
    columns = (Column("Roles"), Column("Age"))
    widths = Widths.of(columns)
    widths.take((Cell("▲ Primary-Rev / Secondary", short="▲ Pri-Rev/Sec"), Cell("4m")))
    wide, narrow = lay_out(columns, widths, 40), lay_out(columns, widths, 18)
    assert [slot.short for slot in wide] == [False, False]
    assert [slot.short for slot in narrow] == [True, False]
    assert narrow[-1].x + narrow[-1].width <= 18


@given(st.integers(min_value=1, max_value=200), st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_columns_never_overlap_and_what_may_not_be_cut_is_not(width: int, names: list[str]) -> None:
    widths = Widths.of(COLUMNS)
    for name in names:
        widths.take((Cell(name), *ROW[1:]))
    slots = lay_out(COLUMNS, widths, width)
    for before, after in pairwise(slots):
        assert before.x + before.width < after.x
    for slot in slots:
        if slot.column.cut is None:
            assert slot.width == widths.full[slot.index]


_PANES = {
    "lpars": (rows_lpars.COLUMNS, ["State", "Age"]),
    "pgroups": (rows_pgroups.COLUMNS, ["RPO age", "State", "Age"]),
    "rcgs": (rows_rcgs.COLUMNS, ["Roles natural/peer", "State", "Sync", "Synced", "Active", "Age"]),
    "replicas": (rows_replicas.COLUMNS, ["Power both", "Copy / RPO", "State", "Age"]),
    "devices": (rows_devices.COLUMNS, ["Health", "Last read"]),
    "events": (rows_events.COLUMNS, ["When (UTC)", "Age"]),
}


@pytest.mark.parametrize("pane", _PANES)
def test_at_80_columns_every_pane_keeps_its_statuses_and_ages_whole(pane: str) -> None:
    columns, must = _PANES[pane]
    scene = troubled().scene()
    rows = {
        "lpars": [rows_lpars.row(e, scene) for e in scene.view.entries("lpar")],
        "pgroups": [rows_pgroups.row(e, scene) for e in scene.view.entries("pgroup")],
        "rcgs": [rows_rcgs.row(pair, scene) for pair in pairs(scene)],
        "replicas": [rows_replicas.row(e, scene) for e in scene.view.entries("vm") if replica_of(e) is not None],
        "devices": [rows_devices.row(d, scene) for d in scene.view.devices()],
        "events": [rows_events.row(e, scene) for e in scene.view.events()],
    }[pane]
    assert rows
    widths = Widths.of(columns)
    for row in rows:
        widths.take(row)
    slots = {slot.column.title: slot for slot in lay_out(columns, widths, 79)}
    assert set(must) <= set(slots)
    assert max(slot.x + slot.width for slot in slots.values()) <= 79
    for title in must:
        slot = slots[title]
        for row in rows:
            cell = row[slot.index].shortened() if slot.short else row[slot.index]
            if slot.column.cut is None:
                assert cell_len(cell.text) <= slot.width


@given(st.text(), st.integers(min_value=0, max_value=40))
def test_a_fitted_text_has_exactly_its_width(text: str, width: int) -> None:
    printable = "".join(char for char in text if char.isprintable())
    assert cell_len(fit(printable, width)) == width


@given(st.text(alphabet=st.characters(categories=["L", "N", "Zs", "P"])), st.integers(min_value=2, max_value=40))
def test_wrapping_loses_nothing_and_keeps_the_width(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line) <= width for line in lines)
