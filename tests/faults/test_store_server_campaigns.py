"""A slice of what ``make long`` does to stores on PostgreSQL: cut wires, and consoles that are stopped."""

from __future__ import annotations

from tests.faults import store_cuts, store_leases
from tests.postgres import Postgres


def test_a_cut_wire_loses_no_acknowledged_entry(postgres: Postgres) -> None:
    counts = store_cuts.on(postgres, seed=3, cuts=15)
    assert counts["cuts"] == 15
    assert counts["acknowledged"] >= 15


def test_a_console_that_was_stopped_beyond_its_lease_is_refused_on_waking(postgres: Postgres) -> None:
    counts = store_leases.on(postgres, seed=3, stops=6)
    assert (counts["stopped beyond its lease"], counts["refused on waking"]) == (6, 6)
