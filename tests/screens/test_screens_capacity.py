"""The screens of capacity and cost: does everything still fit in six months, and what did the last drill cost."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from app.capacity.forecast import crossing, trend
from screens import chart
from screens.capacity import CapacityScreen
from screens.capacity_item import drawn
from screens.capacity_messages import CapacityRequested, CostRequested
from screens.cells import line_text, line_width
from screens.cost import CostScreen
from screens.status import ASCII
from store.capacity_records import Measured, Resource, Series
from store.capacity_view import Capacity, Headroom, Need, PlanOutlook, Unplaced
from store.cost_view import Cost, CostItem, CostLine, CostOf
from store.trends import Lacking, Point, Trend
from tests.screens.estate import NOW, troubled
from tests.screens.piloting import Driven, driven, piloted
from tests.screens.test_screens_snapshots import PlainText

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
GIB, TODAY = 1 << 30, NOW.date()
UNTIL = TODAY + timedelta(days=183)


def history(first: float, slope: float, days: int = 200, unit: float = GIB) -> tuple[Point, ...]:
    chance = random.Random(5)
    return tuple(
        Point(TODAY - timedelta(days=days - n), (first + slope * n + chance.gauss(0, 1)) * unit) for n in range(days)
    )


def headroom(
    series: Series, name: str, used: float, total: float, needs: Sequence[Need], points: tuple[Point, ...]
) -> Headroom:
    line = trend(points, 183)
    limit = total - sum(need.amount for need in needs)
    full = None if isinstance(line, Lacking) else crossing(line, limit, TODAY, UNTIL)
    measured = Measured(series, name, "hmc-bergen", NOW - timedelta(seconds=40), used, total)
    return Headroom(measured, "bergen", tuple(needs), points, line, full)


def rows() -> tuple[Headroom, ...]:
    memory = Series("system", "9105-22A*B1", Resource.MEMORY)
    ports = Series("vios", "9105-22A*B1/vios1", Resource.NPORTS)
    cpu = Series("system", "9105-22A*B1", Resource.CPU)
    erp = Need("erp", "erp", "erp_db1", 64.0 * GIB, "its profile normal at bergen")
    crm = Need("crm", "crm", "crm1", 32.0 * GIB, "not defined there yet: its profile at home, through [pra]")
    return (
        headroom(cpu, "P10-BER-01", 4, 16, [replace(erp, amount=13.5)], history(4, 0, 20, 1)),
        headroom(memory, "P10-BER-01", 120 * GIB, 256 * GIB, [erp, crm], history(60, 0.3)),
        headroom(ports, "vios1 on P10-BER-01", 12, 128, [], ()),
    )


PLANS = (
    PlanOutlook("crm", True, rows()[1].full, "memory of P10-BER-01"),
    PlanOutlook("erp", False, None, "processors of P10-BER-01"),
    PlanOutlook("shop", None, None, "", ("web01: neither vc-oslo nor vc-bergen shows it",)),
)
CAPACITY = Capacity(
    NOW - timedelta(seconds=20), UNTIL, rows(), PLANS, (Unplaced("shop", "shop", "web01", "nobody shows it"),), ("old",)
)
LINES = (
    CostLine("people", "2 for 0.400 h x 95.00", Decimal("76.00")),
    CostLine("memory", "64.00 GiB for 1.000 h x 2.40 / 730.5 h", Decimal("0.2103")),
)
COST = Cost(
    NOW - timedelta(seconds=20),
    "EUR",
    (
        CostItem(CostOf.DRILL, "0301-0100-ab12cd", "drill erp_db1; succeeded", LINES, at=NOW - timedelta(hours=2)),
        CostItem(
            CostOf.SITE,
            "bergen",
            "a month; reserved for crm, erp, and all space that is used there",
            (CostLine("the site itself", "as configured", Decimal(12000)),),
            Decimal(11000),
        ),
        CostItem(
            CostOf.APPLICATION,
            "erp/erp",
            "a month, at bergen",
            (*LINES, CostLine("storage", "100 GiB", None, "[cost] storage_gib_month is not set")),
        ),
    ),
)


async def opened(console: Driven, key: str) -> None:
    around = console.console.around
    around.capacity.take(CAPACITY)
    around.cost.take(COST)
    await console.press({"%": "percent_sign", "$": "dollar_sign"}[key])


@SIZES
@pytest.mark.parametrize(
    "keys",
    [("%",), ("%", "j", "enter"), ("$",), ("$", "G", "enter")],
    ids=["capacity", "headroom", "cost", "cost_item"],
)
@piloted
async def test_the_screen_reads_so(keys: tuple[str, ...], size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    async with driven(troubled().view(), size) as console:
        await opened(console, keys[0])
        await console.press(*keys[1:])
        assert console.text == snapshot.use_extension(PlainText)
        assert max(len(line) for line in console.text.splitlines()) <= size[0]


@piloted
async def test_dcm_07_enter_shows_method_inputs_and_interval_of_a_forecast_and_escape_leads_back() -> None:
    async with driven(troubled().view(), (80, 24)) as console:
        await opened(console, "%")
        assert "plan crm no longer fits from 2026-0" in console.text and "(between 2026-" in console.text
        assert "plan erp does not fit: processors of P10-BER-01 lacks 1.5 units" in console.text
        await console.press("j", "enter", "pagedown", "pagedown")
        for told in ("Theil-Sen", "meant to hold 90 of 100 times", "200 days", "a day ("):
            assert told in console.text
        await console.press("escape")
        assert isinstance(console.screen, CapacityScreen)
        assert console.screen.table.selected == CAPACITY.rows[1].key


@piloted
async def test_dcm_05_with_nothing_known_there_is_no_data_and_it_asks_once_somebody_can_look() -> None:
    async with driven(troubled().view(), (80, 24)) as console:
        for command, kind, asked in (
            ("capacity", CapacityScreen, CapacityRequested),
            ("cost", CostScreen, CostRequested),
        ):
            await console.command(command)
            assert isinstance(console.screen, kind) and "being read" in console.text
            heard: list[object] = []
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(console.screen, "post_message", lambda message, to=heard: bool(to.append(message)))
                console.screen.runs_changed()
            assert [type(each) for each in heard] == [asked]
        around = console.console.around
        around.capacity.take(replace(CAPACITY, rows=(), plans=(), unread=()))
        around.cost.take(Cost(NOW, None, ()))
        console.screen.runs_changed()
        await console.settle()
        assert "The last drill: no data, none was run" in console.text
        await console.press("escape")
        console.screen.runs_changed()
        await console.settle()
        assert "there is no recovery plan: nothing is needed" in console.text and "No data:" in console.text


@piloted
async def test_dcm_13_what_is_shown_says_how_old_it_is_and_is_looked_at_anew_after_a_minute() -> None:
    async with driven(troubled().view(), (80, 24)) as console:
        await opened(console, "%")
        assert "looked at 20s ago" in console.text
        console.clock.forward(3600)
        heard: list[object] = []
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(console.screen, "post_message", lambda message: bool(heard.append(message)))
            console.screen.tick()
        await console.settle()
        assert "looked at 1h00m ago" in console.text
        assert [type(each) for each in heard] == [CapacityRequested]
        console.console.around.capacity.fail("Capacity could not be read: the store is locked")
        console.screen.runs_changed()
        await console.settle()
        assert "could not be read: the store is locked" in console.text
        assert "looked at 1h00m ago" in console.text, "the last that is known stays, with its age"


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=90),
    st.floats(1, 2e6),
    st.integers(30, 200),
    st.integers(4, 12),
)
def test_a_chart_fits_its_width_and_shows_the_limit_the_past_and_what_is_to_come(
    values: list[float], limit: float, width: int, height: int
) -> None:
    points = tuple(Point(TODAY - timedelta(days=len(values) - n), value) for n, value in enumerate(values))
    line = trend(points, 90)
    made = chart.Chart(
        points, line if isinstance(line, Trend) else None, limit, "", TODAY, TODAY + timedelta(days=90), "{:.0f}".format
    )
    lines = chart.draw(made, width, height)
    assert len(lines) == height + 1
    assert all(line_width(each) <= width for each in lines)
    text = "\n".join(line_text(each) for each in lines)
    assert text.translate(ASCII).isascii()
    assert any(block in text for block in "▁▂▃▄▅▆▇█")
    assert chart.SHADE in text or made.line is None


def test_a_chart_of_no_day_is_none() -> None:
    assert chart.draw(drawn(rows()[2], CAPACITY), 80) == []


@piloted
async def test_rows_that_come_after_the_screen_was_opened_are_never_cut_to_the_width_of_the_titles() -> None:
    async with driven(troubled().view(), (80, 24)) as console:
        await console.command("capacity")
        assert "being read" in console.text
        console.console.around.capacity.take(CAPACITY)
        assert isinstance(console.screen, CapacityScreen)
        console.screen.runs_changed()
        assert "Site" not in console.screen.table.shown_columns, "before anything is painted there is room for the rest"
        await console.settle()
        assert "▲ full 2026-07-14" in console.line("memory      256")
