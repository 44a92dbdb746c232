"""The overview: the sites side by side, counts that add up, the worst RPO, and what is dark."""

from __future__ import annotations

import re
from collections import Counter
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from screens.cells import line_text, line_width
from screens.columns import Widths, lay_out
from screens.losses import Loss, losses, worst_loss
from screens.rcg_sides import pairs
from screens.rows_rcgs import COLUMNS, row
from screens.rows_replicas import COLUMNS as REPLICA_COLUMNS
from screens.rows_replicas import row as replica_row
from screens.sites_summary import counted_lines, sites_lines
from store.estate import LparState, ProtectionGroup, RcgMode, RcgRole, RcgStatus, SyncStatus
from store.readiness_view import ReadinessView
from store.records import DeviceHealth
from tests.screens.estate import HMC_DOWN, Estate, ago, calm, devices, rcg_views, troubled
from tests.screens.readied import fill


def _text(estate: Estate, width: int = 120, height: int = 40) -> str:
    return "\n".join(line_text(line) for line in sites_lines(estate.scene(), width, height))


@given(
    st.dictionaries(st.sampled_from(list(LparState)), st.integers(1, 5000), min_size=1),
    st.integers(36, 120),
    st.integers(1, 4),
    st.booleans(),
)
def test_the_numbers_of_a_line_always_add_up_to_its_total(
    states: dict[StrEnum, int], width: int, most: int, stale: bool
) -> None:
    total = sum(states.values())
    lines = counted_lines("LPARs", Counter(states), width, most, total if stale else 0)
    text = "\n".join(line_text(line) for line in lines)
    numbers = [int(number) for number in re.findall(r"\S \+?(\d+)\b", text)]
    assert f" {total}" in text
    assert sum(numbers) == total
    assert all(line_width(line) <= width for line in lines)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_sites_stand_side_by_side_at_every_supported_width(width: int) -> None:
    first = _text(troubled(), width).splitlines()[0]
    assert "oslo prod" in first and "bergen dr" in first
    assert all(len(line) <= width for line in _text(troubled(), width).splitlines())


def test_where_height_is_short_every_kind_keeps_a_line() -> None:
    lines = _text(troubled(), 80, 8).splitlines()
    assert len(lines) == 8
    for number, label in enumerate(("Devices", "Systems", "LPARs", "Pgroups", "RCGs", "VMs", "Worst RPO"), start=1):
        assert lines[number].startswith(label)


def test_things_of_a_device_that_cannot_be_read_are_counted_as_stale() -> None:
    estate = calm()
    estate.set_device("hmc-oslo", **HMC_DOWN)
    line = next(line for line in _text(estate).splitlines() if line.startswith("LPARs"))
    assert line.startswith("LPARs       3 ▲ stale ● 3 Running")
    assert "▲ stale" not in line.partition("│")[2]


def test_no_complete_copy_is_worse_than_any_age() -> None:
    old, none, young = Loss("old", ago(90_000)), Loss("none", None), Loss("young", ago(10))
    assert worst_loss([old, young]) is old
    assert worst_loss([young, none, old]) is none
    assert worst_loss([]) is None


def test_a_synchronous_group_that_is_in_sync_loses_nothing_and_one_that_is_not_has_no_bound() -> None:
    def of(sync: SyncStatus) -> dict[str, Loss]:
        views = rcg_views("oradb", RcgRole.PRIMARY, RcgRole.SECONDARY, mode=RcgMode.SYNC, sync=sync)
        return {loss.name: loss for _, loss in losses(Estate(devices(), views).scene())}

    assert of(SyncStatus.SYNCED) == {}
    assert of(SyncStatus.SYNCING)["oradb"].since is None


def test_a_loss_belongs_to_the_site_where_the_data_is_made() -> None:
    found = list(losses(calm().scene()))
    assert {site for site, _ in found} == {"oslo"}
    assert {loss.name for _, loss in found} == {"pg-erp", "oradb", "crm01"}


def test_a_group_that_is_gone_is_not_counted_any_more() -> None:
    estate = calm()
    estate.entries = [
        replace(e, gone=True) if isinstance(e.obj, ProtectionGroup) and e.obj.is_local else e for e in estate.entries
    ]
    assert "pg-erp" not in {loss.name for _, loss in losses(estate.scene())}


def test_with_one_array_dark_every_status_and_age_of_the_rcg_pane_fits_80_columns() -> None:
    roles = [(natural, peer) for natural in RcgRole for peer in RcgRole]
    entries = [e for n, (a, b) in enumerate(roles) for e in rcg_views(f"a-long-group-{n:02d}", a, b)]
    entries += rcg_views("sync", RcgRole.PRIMARY, RcgRole.SECONDARY, mode=RcgMode.SYNC, sync=SyncStatus.NOT_SYNCED)
    for dark in ("3par-oslo", "3par-bergen"):
        estate = Estate(devices(), entries)
        estate.set_device(dark, health=DeviceHealth.FAILING, failure="unreachable")
        scene = estate.scene()
        rows = [row(pair, scene) for pair in pairs(scene)]
        widths = Widths.of(COLUMNS)
        for cells in rows:
            widths.take(cells)
        slots = lay_out(COLUMNS, widths, 79)
        assert slots[-1].column.title == "Age"
        assert slots[-1].x + slots[-1].width <= 79


def test_states_that_differ_on_the_two_arrays_are_both_told_or_said_to_differ() -> None:
    views = rcg_views("oradb", RcgRole.PRIMARY, RcgRole.SECONDARY)
    other = rcg_views("oradb", RcgRole.PRIMARY, RcgRole.SECONDARY, status=RcgStatus.FAILSAFE)
    scene = Estate(devices(), [views[0], other[1]]).scene()
    cell = row(pairs(scene)[0], scene)[3]
    assert cell.text == "✗ Started/Failsafe"
    assert cell.short == "✗ differ"


def test_a_replica_row_is_as_old_as_its_source_which_was_on_when_it_was_last_read() -> None:
    estate = calm()
    estate.set_device("vc-oslo", health=DeviceHealth.FAILING, failure="unreachable")
    scene = estate.scene()
    cells = replica_row(scene.entry("vm", "vc-2:vm-crm01_replica_8"), scene)
    found = dict(zip([c.title for c in REPLICA_COLUMNS], [c.text for c in cells], strict=True))
    assert found["Power both"] == "? was on / off"
    assert found["Age"].startswith("▲ stale")


def test_how_many_lpars_could_come_back_stands_below_those_of_the_site_that_they_are_of() -> None:
    scene = replace(troubled().scene(), readiness=fill(ReadinessView()))
    lines = [line_text(line) for line in sites_lines(scene, 120, 30)]
    (line,) = [line for line in lines if line.startswith("DR ")]
    assert "4 ? 1 not known ▲ 2 not ready ● 1 ready" in line
    assert not any(line.startswith("DR ") for line in map(line_text, sites_lines(troubled().scene(), 120, 30)))
