"""Maintenance: what it holds, on which plans it stands, and which plans ask for it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.auto_records import AutoGroup, Endpoint
from app.permits import Permits
from app.recovery.auto.watch import window_of
from app.recovery.auto.windows import moment, window, zoned
from app.recovery.maintenance import asked_for, noted
from app.settings import load
from store.auto import AutoStore
from store.auto_records import Window
from store.database import open_store
from store.readiness import Verdict
from store.runs import Plan, PlannedStep
from tests.app.test_access_settings import BASE

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GROUP = AutoGroup(
    "shop", "vc-paris", "vc-lyon", "paris", "lyon", ("web01",), "3par-lyon", Endpoint("h", 22), "10.0.0.1"
)  # fmt: skip


def works(site: str, target: str | None = None, begins: datetime = NOW, hours: float = 4) -> Window:
    return Window(0, site, target, begins, begins + timedelta(hours=hours), "new controller", "anna@jump")


@pytest.mark.parametrize(
    ("made", "holds"),
    [
        (works("paris"), True),
        (works("lyon"), True),
        (works("paris", "web01"), True),
        (works("paris", "vc-paris"), True),
        (works("lyon", "3par-lyon"), True),
        (works("paris", "fa-paris"), False),
        (works("nice"), False),
        (works("paris", begins=NOW + timedelta(hours=1)), False),
        (works("paris", begins=NOW - timedelta(hours=5)), False),
    ],
)
def test_maintenance_of_either_side_or_of_what_a_group_rests_on_holds_it(made: Window, holds: bool) -> None:
    assert (window_of((made,), GROUP, NOW).verdict is Verdict.FAILS) is holds


def plan(*targets: str, device: str = "hmc") -> Plan:
    step = PlannedStep("s1", "power", '{"system": "P10-PAR-01", "lpar": "erp"}', "Stop erp", device, "chsysstate")
    return Plan("failover", "failover of erp", targets, NOW, (step,))


def test_maintenance_stands_on_every_plan_that_it_touches_and_on_no_other(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(BASE)
    permits = Permits(load(config))
    with closing(open_store(tmp_path / "store.sqlite")) as store, closing(AutoStore(store.path, lambda: NOW)) as auto:
        auto.add_window(works("paris", "P10-PAR-01"))
        auto.add_window(works("paris", "crm"))
        later = auto.add_window(works("paris", begins=NOW + timedelta(days=2)))
        auto.end_window(auto.add_window(works("paris")).id, "anna@jump")
        found = noted(plan("lpar:erp"), permits, store, NOW)
        assert [note.partition(",")[0] for note in found.notes] == [
            "Maintenance 1 of P10-PAR-01 at paris", f"Maintenance {later.id} of all of paris",
        ]  # fmt: skip
        assert noted(plan("lpar:erp", device=""), permits, store, NOW + timedelta(days=9)).notes == ()


def test_a_plan_that_asks_for_maintenance_is_refused_without_it() -> None:
    erp = plan("lpar:erp")
    assert not asked_for((), "paris", erp, NOW).holds
    assert not asked_for((works("lyon"), works("paris", "crm")), "paris", erp, NOW).holds
    assert not asked_for((works("paris", begins=NOW + timedelta(minutes=1)),), "paris", erp, NOW).holds
    guard = asked_for((works("paris"),), "paris", erp, NOW)
    assert guard.holds
    assert "new controller" in guard.evidence


def test_a_window_is_given_on_the_clock_of_its_zone_and_a_time_that_is_not_one_is_refused() -> None:
    paris = zoned("Europe/Paris", "zone")
    assert moment("2026-07-01T08:00", NOW, "from", paris) == datetime(2026, 7, 1, 6, 0, tzinfo=UTC)
    with pytest.raises(ValueError, match="leave it out"):
        moment("2026-03-29T02:30", NOW, "from", paris)
    with pytest.raises(ValueError, match="it comes twice"):
        moment("2026-10-25T02:30", NOW, "from", paris)
    with pytest.raises(ValueError, match="a time with its zone"):
        moment("2026-07-01T08:00", NOW, "from")
    known = (["paris"], [("paris", ("shop",))])
    made = window("paris", "shop", (None, "+4h"), "works", "anna", known, NOW, zone="Europe/Paris")
    assert (made.zone, made.ends) == ("Europe/Paris", NOW + timedelta(hours=4))
    with pytest.raises(ValueError, match="zone Mars/Base: expected"):
        window("paris", None, (None, "+4h"), "works", "anna", known, NOW, zone="Mars/Base")
    with pytest.raises(ValueError, match="target fa: expected"):
        window("paris", "fa", (None, "+4h"), "works", "anna", known, NOW)
    assert window("paris", "fa", (None, "+4h"), "w", "anna", known, NOW, named=lambda *at: at == ("paris", "fa")).target
