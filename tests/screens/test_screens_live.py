"""Values change by themselves: what changed is drawn, nothing else is; ages grow; trouble comes and goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len
from textual.geometry import Region

from screens.cells import Cell
from screens.index import Index
from screens.widgets.table import Table
from store.estate import Lpar, LparState
from store.records import Change, DeviceHealth, DeviceStatus, Entry
from store.view import EstateView, Sighting
from tests.screens.estate import HMC_DOWN, Clock, Estate, ago, calm, devices, entry, large, lpar, troubled
from tests.screens.piloting import driven, piloted

DB = "9105-22A*7801234/erp-db"


def told(view: EstateView, *entries: Entry) -> None:
    """What the store does when a sweep has changed something."""
    for changed in entries:
        sighting = Sighting(changed.obj, changed.first_seen, changed.changed_at, changed.seen_at, changed.gone)
        view.record(changed.device, put={(changed.kind, changed.key): sighting})
    view.tell(Change("", tuple((changed.kind, changed.key) for changed in entries)))


def now_in(view: EstateView, key: str, state: LparState) -> Entry:
    before = view.get("lpar", key)
    assert before is not None and isinstance(before.obj, Lpar)
    return replace(before, told=replace(before.obj, state=state))


def reported(view: EstateView, status: DeviceStatus) -> None:
    view.record(status.name, status=status)
    view.tell(Change(status.name))


class Repaints:
    """The regions of a table that were asked to be drawn again; a whole redraw is ``None``."""

    def __init__(self, table: Table) -> None:
        self.regions: list[Region | None] = []
        original = table.refresh

        def refresh(*regions: Region, **more: bool) -> Table:
            self.regions += regions or (None,)
            return original(*regions, **more)

        table.refresh = refresh  # type: ignore[method-assign,assignment]


@piloted
async def test_a_change_of_the_view_appears_on_the_shown_pane_by_itself() -> None:
    view = calm().view()
    async with driven(view) as console:
        await console.press("2")
        told(view, now_in(view, DB, LparState.ERROR))
        await console.wait_for(lambda: "✗ Error" in console.text, "the new state is not shown")
        assert "✗ 1 Error" in console.text, "the summary counts it"


@piloted
async def test_one_changed_cell_repaints_that_cell_and_nothing_else() -> None:
    view = calm().view()
    async with driven(view) as console:
        await console.press("2")
        table = console.screen.query_one(Table)
        seen = Repaints(table)
        told(view, now_in(view, DB, LparState.SUSPENDED))
        await console.wait_for(lambda: "▲ Suspended" in console.text, "the new state is not shown")
        place = table.keys.index(DB)
        assert [region and (region.y, region.height) for region in seen.regions] == [(place + 1, 1)]
        (region,) = seen.regions
        assert region is not None and region.width == cell_len("○ Not Activated")


@piloted
async def test_a_changed_row_off_screen_repaints_nothing() -> None:
    view = large(500).view()
    async with driven(view) as console:
        await console.press("2")
        seen = Repaints(console.screen.query_one(Table))
        told(view, now_in(view, "9105-22A*7801234/lpar00400", LparState.ERROR))
        await console.wait_for(lambda: "✗ 1 Error" in console.text, "the summary does not count it")
        assert seen.regions == []


@piloted
async def test_when_nothing_changes_a_tick_repaints_nothing() -> None:
    async with driven(troubled().view()) as console:
        for key in "1234567":
            await console.press(key)
            seen = Repaints(console.screen.query_one(Table))
            head, foot = console.screen.head.lines, console.screen.foot.lines
            console.screen.tick()
            console.screen.redraw()
            await console.settle()
            assert seen.regions == []
            assert (console.screen.head.lines, console.screen.foot.lines) == (head, foot)


@piloted
async def test_ages_grow_with_the_clock_and_only_their_cells_are_repainted() -> None:
    clock = Clock()
    async with driven(calm().view(), clock=clock) as console:
        await console.press("2")
        table = console.screen.query_one(Table)
        seen = Repaints(table)
        clock.forward(5)
        console.screen.tick()
        await console.settle()
        assert seen.regions == [], "17 seconds are still told as 10s"
        clock.forward(5)
        console.screen.tick()
        await console.settle()
        assert len(seen.regions) == len(table.keys)
        assert all(region is not None and region.width <= 4 for region in seen.regions)
        assert console.line("erp-db").endswith("20s")


@piloted
async def test_rows_that_are_not_refreshed_any_more_turn_stale_by_themselves() -> None:
    clock = Clock()
    async with driven(calm().view(), clock=clock) as console:
        await console.press("2")
        assert "stale" not in console.text
        clock.forward(120)
        console.screen.tick()
        await console.settle()
        assert console.line("erp-db").endswith("▲ stale 2m")
        assert "hmc-oslo has not been read lately" in console.text


@piloted
async def test_a_device_that_fails_is_said_above_the_rows_and_its_rows_go_stale_and_both_go_away_again() -> None:
    estate = calm()
    view = estate.view()
    well = next(d for d in estate.devices if d.name == "hmc-oslo")
    async with driven(view) as console:
        await console.press("2")
        reported(view, replace(well, **HMC_DOWN))  # type: ignore[arg-type]
        await console.wait_for(lambda: "could not be read since 4m" in console.text, "the trouble is not shown")
        assert "no answer in time; next try in 20s" in " ".join(console.text.split())
        stale = [line for line in console.text.splitlines() if "▲ stale" in line and "P10-OSLO" in line]
        assert len(stale) == 3
        assert not [line for line in console.text.splitlines() if "stale" in line and "P10-BERGEN" in line]
        await console.press("3")
        assert "hmc-oslo" not in console.text, "the protection groups do not come from an HMC"
        await console.press("2")
        reported(view, well)
        await console.wait_for(lambda: "could not be read" not in console.text, "the trouble does not go away")
        assert "▲ stale" not in console.text


@piloted
async def test_no_rows_not_read_yet_and_could_not_be_read_are_three_different_texts() -> None:
    texts = []
    for trouble in ({}, {"health": DeviceHealth.NEVER, "last_ok": None}, HMC_DOWN):
        estate = Estate(devices())
        for name in ("hmc-oslo", "hmc-bergen"):
            estate.set_device(name, **trouble)
        async with driven(estate.view()) as console:
            await console.press("2")
            texts.append(console.text)
    assert "every device was read and reports none" in texts[0]
    assert "not read so far: hmc-oslo, hmc-bergen" in texts[1]
    assert "LPARs could not be read" in texts[2]


@piloted
async def test_the_selected_row_stays_selected_while_rows_come_and_go_around_it() -> None:
    view = calm().view()
    async with driven(view) as console:
        await console.press("2", "j", "j")
        table = console.screen.query_one(Table)
        chosen = table.selected
        new = [entry(lpar(name, "P10-OSLO-01", "7801234", LparState.RUNNING), "hmc-oslo") for name in ("aaa", "zzz")]
        told(view, *new)
        await console.wait_for(lambda: "aaa" in console.text, "the new row is not shown")
        assert table.selected == chosen
        assert table.keys[0].endswith("aaa")


@piloted
async def test_an_object_that_is_gone_stays_with_its_last_facts_and_is_marked() -> None:
    view = calm().view()
    async with driven(view) as console:
        await console.press("2")
        before = view.get("lpar", DB)
        assert before is not None
        told(view, replace(before, gone=True, seen_at=ago(240)))
        await console.wait_for(lambda: "gone 4m" in console.text, "it is not marked")
        line = next(line for line in console.text.splitlines() if "gone 4m" in line)
        assert "was Running" in line and "● Running" not in line


@piloted
async def test_an_open_detail_follows_the_estate_and_survives_that_its_object_goes() -> None:
    view = calm().view()
    async with driven(view) as console:
        await console.press("2", "j", "j", "j", "enter")
        assert "LPAR erp-db" in console.text
        told(view, now_in(view, DB, LparState.SHUTTING_DOWN))
        await console.wait_for(lambda: "◐ Shutting Down" in console.text, "the new state is not shown")
        view.keep_only([d.name for d in view.devices() if d.name != "hmc-oslo"])
        view.tell(Change("hmc-oslo"))
        await console.wait_for(lambda: "hmc-oslo" not in console.text, "what is shown is of a device that is not there")


@piloted
async def test_what_cannot_be_saved_is_said_on_every_pane() -> None:
    view = calm().view()
    async with driven(view) as console:
        said = "What is seen cannot be saved: the disk is full"
        view.set_trouble(said)
        view.tell(Change(""))
        await console.wait_for(lambda: said in console.text, "it is not said")
        for key in "234567":
            await console.press(key)
            assert said in console.text


@piloted
async def test_the_band_says_lab_or_live_and_read_only() -> None:
    async def band(**more: bool) -> str:
        async with driven(calm().view(), (100, 24), **more) as console:
            return console.text.splitlines()[0]

    assert (await band(lab=True)).startswith("□ LAB   oslo bergen   devices ● 8 ok   oldest 10s")
    live = await band(lab=False, read_only=True)
    assert live.startswith("■ LIVE   READ-ONLY")
    assert live.endswith("03:00 UTC")


@piloted
async def test_in_a_terminal_without_utf_8_every_screen_is_ascii() -> None:
    async with driven(troubled().view(), ascii_only=True) as console:
        for keys in ("1", "2", "3", "4", "5", "6", "7"):
            await console.press(keys)
            assert console.text.isascii(), console.text
            await console.press("enter")
            assert console.text.isascii(), console.text
        for keys in (["2", "ctrl+p"], ["2", "e"], ["2", "slash", "x"], ["2", "i"], ["2", "enter", "enter"]):
            await console.press(*keys)
            assert console.text.isascii(), console.text
            await console.press("escape", "escape")


@piloted
async def test_control_characters_of_a_device_never_reach_the_terminal() -> None:
    estate = calm()
    hostile = lpar("evil\x1b[2J\x07", "P10-OSLO-01", "7801234", LparState.RUNNING)
    estate.entries.append(entry(hostile, "hmc-oslo"))
    async with driven(estate.view()) as console:
        await console.press("2")
        assert "evil?[2J?" in console.text
        assert "\x1b" not in console.text
        assert len({line.index("P10-") for line in console.text.splitlines() if "P10-" in line}) == 1


@given(st.text(max_size=30))
def test_whatever_a_device_writes_a_cell_holds_printable_characters_only(text: str) -> None:
    assert Cell(text).text.isprintable()
    assert len(Cell(text).text) == len(text)


@piloted
async def test_wide_names_keep_the_columns_in_line() -> None:
    estate = calm()
    estate.entries.append(entry(lpar("東京データ", "P10-OSLO-01", "7801234", LparState.RUNNING), "hmc-oslo"))
    async with driven(estate.view(), (120, 30)) as console:
        await console.press("2")
        lines = [line for line in console.text.splitlines() if "P10-" in line]
        starts = {cell_len(line[: line.index("P10-")]) for line in lines}
        assert len(starts) == 1


@piloted
async def test_the_screen_follows_a_new_size() -> None:
    async with driven(troubled().view(), (120, 40)) as console:
        await console.press("2")
        assert "Refcode" in console.text
        await console.pilot.resize_terminal(80, 24)
        await console.wait_for(lambda: "Refcode" not in console.text, "the columns do not give way")
        assert console.line("erp-db").endswith(("10s", "▲ stale 4m"))
        assert max(cell_len(line) for line in console.text.splitlines()) <= 80


@piloted
async def test_the_overview_shows_what_was_counted_as_soon_as_all_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    clock.forward(3)  # once in ten seconds everything is drawn anew in any case: not here
    with monkeypatch.context() as unfinished:
        unfinished.setattr(Index, "work", lambda index, seconds: False)
        async with driven(calm().view(), (120, 40), clock) as console:
            assert "being counted" in console.text
            unfinished.undo()
            await console.wait_for(lambda: "being counted" not in console.text, "it is never counted")
            assert "devices are read" in console.text
