"""What a row may be believed: fresh, stale with its age, or gone; and what is said of a device in trouble."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from screens.conditions import Freshness
from screens.facts_device import parts as device_parts
from screens.rows_devices import trouble_text
from screens.scene import Scene, freshness
from screens.side_by_side import Fact, Heading
from store.estate import DeviceKind, LparState
from store.records import DeviceHealth, DeviceStatus
from tests.screens.estate import HMC_DOWN, NOW, Estate, ago, calm, device, entry, lpar, troubled

HMC = device("hmc-oslo", DeviceKind.HMC, "oslo")
ROW = entry(lpar("erp-db", "P10", "7801234", LparState.RUNNING), "hmc-oslo")


def test_a_row_that_its_device_just_reported_is_fresh() -> None:
    assert freshness(ROW, HMC, NOW) is Freshness.FRESH


@pytest.mark.parametrize("health", [DeviceHealth.FAILING, DeviceHealth.NEVER])
def test_a_row_of_a_device_that_cannot_be_read_is_stale_at_once(health: DeviceHealth) -> None:
    assert freshness(ROW, replace(HMC, health=health), NOW) is Freshness.STALE


def test_a_row_of_a_device_that_is_not_configured_any_more_is_stale() -> None:
    assert freshness(ROW, None, NOW) is Freshness.STALE


def test_a_row_grows_stale_after_three_missed_sweeps_and_not_before() -> None:
    slow = replace(HMC, last_ok=ago(200), next_try=ago(200) + timedelta(seconds=100))
    assert freshness(replace(ROW, seen_at=ago(299)), slow, NOW) is Freshness.FRESH
    assert freshness(replace(ROW, seen_at=ago(301)), slow, NOW) is Freshness.STALE


def test_short_intervals_give_a_row_at_least_a_minute() -> None:
    quick = replace(HMC, last_ok=ago(5), next_try=NOW)
    assert freshness(replace(ROW, seen_at=ago(59)), quick, NOW) is Freshness.FRESH
    assert freshness(replace(ROW, seen_at=ago(61)), quick, NOW) is Freshness.STALE


def test_a_gone_object_is_gone_whatever_its_device_does() -> None:
    for status in (HMC, replace(HMC, health=DeviceHealth.FAILING), None):
        assert freshness(replace(ROW, gone=True), status, NOW) is Freshness.GONE


def test_a_stale_age_has_shape_word_and_age() -> None:
    scene = troubled().scene()
    stale = scene.view.get("lpar", "9105-22A*7801234/erp-db")
    gone = scene.view.get("lpar", "9105-22A*7805678/old01")
    assert stale is not None and gone is not None
    assert scene.age_cell(stale).text == "▲ stale 4m"
    assert scene.age_cell(gone).text == "✗ gone 2h01m"


def _said(status: DeviceStatus, rows: int, scene: Scene) -> str | None:
    return trouble_text(status, rows, scene)


def test_a_failing_device_says_what_since_when_the_next_try_and_how_old_its_rows_are() -> None:
    scene = calm().scene()
    assert _said(replace(HMC, **HMC_DOWN), 8, scene) == (  # type: ignore[arg-type]
        "hmc-oslo could not be read since 4m: no answer in time; next try in 20s; its 8 rows are 4m old"
    )


def test_a_device_that_was_never_read_is_not_one_without_rows() -> None:
    never = DeviceStatus("hmc-oslo", DeviceKind.HMC, "oslo", "hmc-oslo:22", DeviceHealth.NEVER)
    said = _said(never, 0, calm().scene())
    assert said == "hmc-oslo was never read; no next try is planned; no rows of it are known"


def test_a_device_that_is_read_says_nothing() -> None:
    assert _said(HMC, 8, calm().scene()) is None


def test_a_device_that_was_well_but_is_not_read_any_more_says_so() -> None:
    old = replace(HMC, last_ok=ago(7200), next_try=ago(7170))
    assert _said(old, 1, calm().scene()) == "hmc-oslo has not been read lately; next try now; its 1 row is 2h00m old"


def test_the_detail_of_a_device_shows_each_problem_with_its_line_and_what_was_expected() -> None:
    scene = troubled().scene()
    status = scene.device("fa-oslo")
    assert status is not None
    parts = device_parts(scene, status)
    facts = {part.label.strip(): part.left.text for part in parts if isinstance(part, Fact)}
    assert facts["it says"] == "52:4A:93:71"
    assert facts["expected"] == "16 hex digits"
    assert any(isinstance(part, Heading) and part.text.startswith("1 not understood") for part in parts)


@pytest.mark.parametrize(
    ("skew", "words"),
    [
        (None, "not told"),
        (0.4, "as this machine's"),
        (-7.0, "7s behind this machine's"),
        (90.0, "1m 30s ahead of this machine's"),
    ],
)
def test_the_clock_of_a_device_is_told_against_ours(skew: float | None, words: str) -> None:
    scene = Estate([HMC]).scene()
    parts = device_parts(scene, replace(HMC, clock_skew_s=skew))
    assert next(p.left.text for p in parts if isinstance(p, Fact) and p.label == "Its clock") == words
