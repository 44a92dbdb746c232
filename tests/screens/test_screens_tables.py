"""What fingers expect of every table: filter, sort, marks, taking rows away, and the way back."""

from __future__ import annotations

import csv
import json
import tomllib
from pathlib import Path

import pytest

from screens.tables import TableScreen
from screens.widgets.table import Table
from store.records import Change, Event
from tests.screens.estate import ago, calm, large, troubled
from tests.screens.piloting import Driven, driven, piloted


def names(console: Driven) -> list[str]:
    """The names of the rows that the table holds, in order."""
    screen = console.screen
    assert isinstance(screen, TableScreen)
    return [screen._row(key)[0].text for key in screen.table.keys]


def table(console: Driven) -> Table:
    return console.screen.query_one(Table)


@piloted
async def test_a_filter_narrows_the_rows_as_it_is_typed_and_stays_with_enter() -> None:
    async with driven(troubled().view()) as console:
        await console.press("2", "slash")
        everything = len(names(console))
        await console.type("state:err")
        assert names(console) == ["batch01"]
        assert f"1 of {everything}" in console.text
        await console.press("enter")
        assert "/state:err" in console.text
        await console.press("4", "2")
        assert names(console) == ["batch01"], "it stays with its table"


@piloted
async def test_escape_in_the_prompt_drops_what_was_typed_and_escape_on_the_table_clears_the_filter_first() -> None:
    async with driven(troubled().view()) as console:
        await console.press("2", "slash")
        await console.type("erp")
        await console.press("enter", "slash")
        await console.type("-db")
        assert set(names(console)) == {"erp-db"}
        await console.press("escape")
        assert set(names(console)) == {"erp-app", "erp-db"}
        assert "Esc Clear" in console.text
        await console.press("escape")
        assert "The filter is cleared." in console.text
        assert len(names(console)) > 4
        assert console.screen.PANE == "lpars"
        await console.press("escape")
        assert console.screen.PANE == "overview"


@piloted
async def test_a_filter_that_cannot_be_understood_keeps_the_rows_and_says_what_is_wrong() -> None:
    async with driven(troubled().view(), (120, 30)) as console:
        await console.press("3", "slash")
        await console.type("pg-w rpo>")
        assert names(console) == ["pg-web"]
        await console.type("x")
        assert "expected an age such as" in console.text
        assert names(console) == ["pg-web"]


@piloted
async def test_where_nothing_matches_that_is_said_and_not_that_nothing_is_there() -> None:
    async with driven(troubled().view()) as console:
        await console.press("2", "slash")
        await console.type("nosuch")
        assert "matches. Esc clears the filter." in console.text
        assert "No LPARs" not in console.text


@piloted
async def test_a_row_that_changes_enters_and_leaves_the_filtered_table_by_itself() -> None:
    from store.estate import LparState
    from tests.screens.test_screens_live import DB, now_in, told

    view = calm().view()
    async with driven(view) as console:
        await console.press("2", "slash")
        await console.type("state:error")
        await console.press("enter")
        assert names(console) == []
        told(view, now_in(view, DB, LparState.ERROR))
        await console.wait_for(lambda: names(console) == ["erp-db"], "the row does not appear")
        told(view, now_in(view, DB, LparState.RUNNING))
        await console.wait_for(lambda: names(console) == [], "the row does not go")


@piloted
async def test_the_next_column_sorts_the_heading_says_which_way_and_the_row_stays_selected() -> None:
    async with driven(troubled().view(), (120, 30)) as console:
        await console.press("2", "j")
        selected = table(console).selected
        await console.command("sort state")
        assert names(console)[0] == "batch01", "the worst first"
        assert "State↑" in console.text and "by State" in console.text
        assert table(console).selected == selected
        await console.press("S")
        assert "State↓" in console.text and "by State, reversed" in console.text
        assert names(console)[0] != "batch01"
        await console.command("sort lpar")
        await console.press("s")
        assert "by System" in console.text


@piloted
async def test_the_oldest_copy_comes_first_and_a_group_without_any_before_it() -> None:
    async with driven(troubled().view(), (120, 30)) as console:
        await console.press("3")
        await console.command("sort rpo")
        assert set(names(console)[:2]) == {"pg-new", "pg-refused"}
        assert names(console)[2] == "pg-late"


@piloted
async def test_w_goes_from_trouble_to_trouble_and_says_where_there_is_none() -> None:
    async with driven(troubled().view(), (120, 30)) as console:
        await console.press("3", "g", "w")
        first = table(console).selected
        await console.press("w")
        assert table(console).selected != first
        await console.press("W")
        assert table(console).selected == first
    async with driven(calm().view(), (120, 30)) as console:
        await console.press("3", "w")
        assert "No row below needs a look." in console.text


@piloted
async def test_w_looks_first_at_the_rows_that_are_painted_but_not_counted_yet() -> None:
    async with driven(troubled().view(), (120, 30)) as console:
        await console.press("3", "g", "w")
        first = table(console).selected
        await console.press("g")
        assert table(console).selected != first
        screen = console.screen
        assert isinstance(screen, TableScreen)
        screen.listing.take(())
        screen.listing.take(screen.rows(screen._scene))
        assert not screen.listing.complete
        screen.do_next_trouble()
        assert table(console).selected == first


@piloted
async def test_space_marks_rows_they_can_be_filtered_by_and_u_takes_the_marks_away() -> None:
    async with driven(calm().view()) as console:
        await console.press("2", "space", "space")
        assert "2 marked" in console.text
        assert sum(line.startswith("* ") for line in console.text.splitlines()) == 2
        await console.press("slash")
        await console.type("is:marked")
        await console.press("enter")
        assert len(names(console)) == 2
        await console.press("u")
        assert names(console) == [] and "marked " not in console.text.replace("is:marked", "")


@piloted
async def test_a_site_narrows_every_table_by_name_or_role_and_the_band_says_so() -> None:
    async with driven(troubled().view(), (120, 30)) as console:
        await console.press("2")
        await console.command("site dr")
        assert "site dr only" in console.text.splitlines()[0]
        lines = [line for line in console.text.splitlines() if "P10-" in line]
        assert lines and all("P10-BERGEN" in line for line in lines)
        await console.press("7")
        assert "bergen" in console.text and "hmc-oslo" not in console.text
        await console.command("site all")
        assert "only" not in console.text.splitlines()[0]


@piloted
async def test_a_command_that_is_not_understood_says_what_there_is() -> None:
    async with driven(calm().view(), (160, 30)) as console:
        await console.command("failover")
        assert ":failover is no command here: there are" in console.text
        await console.command("theme")
        assert ":theme expects THEME" in console.text


@piloted
async def test_tab_completes_a_command_and_what_it_takes() -> None:
    async with driven(calm().view(), (120, 30)) as console:
        await console.press("2", "colon")
        await console.type("sor")
        await console.press("tab")
        await console.type(" sy")
        await console.press("tab", "enter")
        assert "by System" in console.text


@piloted
async def test_up_in_the_prompt_brings_back_what_was_typed_before() -> None:
    async with driven(calm().view(), (120, 30)) as console:
        await console.press("2")
        await console.command("sort state")
        await console.press("colon", "up", "enter")
        assert "by State" in console.text


@piloted
async def test_a_filter_is_saved_by_name_kept_in_a_file_and_forgotten_again(tmp_path: Path) -> None:
    async with driven(troubled().view(), (120, 30), folder=tmp_path) as console:
        await console.press("2")
        await console.command("save")
        assert ":save expects NAME" in console.text
        await console.press("slash")
        await console.type("site:dr state:running")
        await console.press("enter")
        await console.command("save dr up")
        assert "The filter dr up is saved" in console.text
        await console.press("escape")
        await console.command("filter dr up")
        assert "/site:dr state:running" in console.text
    kept = tomllib.loads((tmp_path / "filters.toml").read_text())
    assert kept == {"lpars": {"dr up": "site:dr state:running"}}
    assert (tmp_path / "filters.toml").stat().st_mode & 0o077 == 0
    async with driven(troubled().view(), (120, 30), folder=tmp_path) as console:
        await console.press("2")
        await console.command("filter dr up")
        assert "/site:dr state:running" in console.text
        await console.command("forget dr up")
        assert "forgotten" in console.text
    assert tomllib.loads((tmp_path / "filters.toml").read_text()) == {"lpars": {}}


@pytest.mark.parametrize("text", ["lpars = 7\n", "[lpars]\nx = 1\n", "no TOML at all ["])
@piloted
async def test_a_file_of_filters_that_is_not_understood_is_said_and_never_written_over(
    text: str, tmp_path: Path
) -> None:
    (tmp_path / "filters.toml").write_text(text)
    async with driven(calm().view(), (160, 30), folder=tmp_path) as console:
        assert "The saved filters cannot be read" in console.text
        await console.press("2", "slash", "x", "enter")
        await console.command("save mine")
        assert "Not saved." in console.text
    assert (tmp_path / "filters.toml").read_text() == text


@pytest.mark.parametrize("form", ["csv", "json"])
@piloted
async def test_rows_that_are_shown_are_exported_with_their_values(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with driven(troubled().view(), (160, 30)) as console:
        await console.press("3", "slash")
        await console.type("state:late")
        await console.press("enter", "e")
        assert "Export pgroups: 1 of" in console.text
        await console.press("enter")
        assert not list(tmp_path.iterdir()), "Enter alone writes nothing"
        await console.press("c" if form == "csv" else "j")
        path = tmp_path / f"pgroups-20260301T030000Z.{form}"
        await console.wait_for(lambda: f"to {path}" in console.text.replace("\n", ""), "it is not said where")
    assert path.stat().st_mode & 0o077 == 0
    if form == "csv":
        rows = list(csv.DictReader(path.read_text().splitlines()))
    else:
        told = json.loads(path.read_text())
        assert told["rows_are"].endswith("filter state:late")
        rows = told["rows"]
    assert len(rows) == 1
    assert rows[0]["pgroup"] == "pg-late"
    assert rows[0]["rpo_at"] == ago(7300).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert str(rows[0]["every_s"]) == "900"


@piloted
async def test_a_group_without_a_copy_is_exported_without_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with driven(troubled().view(), (160, 30)) as console:
        await console.press("3")
        await console.command("export json")
        await console.wait_for(lambda: bool(list(tmp_path.glob("*.json"))), "nothing is written")
        await console.wait_for(lambda: "Exported" in console.text, "it is not said")
    (path,) = tmp_path.glob("*.json")
    rows = {row["pgroup"]: row for row in json.loads(path.read_text())["rows"]}
    assert rows["pg-new"]["rpo_at"] is None and rows["pg-new"]["rpo"] == "none"


@piloted
async def test_an_export_that_cannot_be_written_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lpars-20260301T030000Z.csv").write_text("here already")
    async with driven(calm().view(), (160, 30)) as console:
        await console.press("2")
        await console.command("export csv")
        await console.wait_for(lambda: "Not exported" in console.text, "it is not said")
        assert "File exists" in console.text
    assert (tmp_path / "lpars-20260301T030000Z.csv").read_text() == "here already"


@piloted
async def test_the_values_of_a_row_are_shown_whole_with_source_device_and_age() -> None:
    async with driven(troubled().view(), (100, 50)) as console:
        await console.press("2", "i")
        assert "lssyscfg -r lpar" in console.text
        assert "ago by hmc-" in console.text and "last changed" in console.text
        await console.press("q")
        assert console.screen.PANE == "lpars" and console.screen.row_selected


@piloted
async def test_follow_keeps_the_newest_event_selected_and_moving_away_ends_it() -> None:
    view = troubled().view()
    async with driven(view) as console:
        await console.press("7", "f")
        assert "following the newest" in console.text
        event = Event(99, ago(1), "vm", "vc-1:vm-shop01", "shop01", "vc-oslo", "power", "on", "off")
        view.record("", events=[event])
        view.tell(Change("vc-oslo"))
        await console.wait_for(lambda: table(console).selected == "99", "the new event is not selected")
        await console.press("j")
        assert "following" not in console.text


@piloted
async def test_a_console_that_asks_no_device_says_so_and_refuses_to_read() -> None:
    async with driven(calm().view(), (120, 30), cached=True) as console:
        assert "NOT READING" in console.text.splitlines()[0]
        await console.press("r")
        assert "started with --cached" in console.text
        assert console.swept == []


@piloted
async def test_enter_goes_down_level_by_level_and_escape_climbs_back_to_the_same_rows() -> None:
    from tests.screens.estate import drillable

    async with driven(drillable().view(), (120, 40)) as console:
        await console.press("2", "slash")
        await console.type("erp-db site:oslo")
        await console.press("enter", "enter", "enter")
        trail = []
        while True:
            level = console.screen
            trail.append((level, table(console).selected))
            await console.press("enter")
            if console.screen is level:
                break
        assert len(trail) >= 5, console.text
        assert "Nothing stands below this row" in console.text
        for level, selected in reversed(trail):
            assert console.screen is level and table(console).selected == selected
            await console.press("escape")


@piloted
async def test_a_table_of_ten_thousand_rows_is_filtered_before_all_rows_have_been_looked_at_and_says_so() -> None:
    async with driven(large(3000).view()) as console:
        await console.press("2", "slash")
        await console.type("lpar00007")
        screen = console.screen
        assert isinstance(screen, TableScreen)
        await console.wait_for(lambda: screen.listing.complete, "the rows are not looked at")
        await console.press("enter")
        assert names(console) == ["lpar00007"]
        assert "1 of 3000" in console.text
