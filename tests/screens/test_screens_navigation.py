"""Everything is reached by keys; Enter never does more than open; what cannot be done says why."""

from __future__ import annotations

import pytest

from screens.actions import ACTIONS, BY_ID, PANES, Action, Group, Place, Situation, at, bindings, refusal
from screens.cells import line_text
from screens.detail import Detail
from screens.help import HelpScreen, help_lines
from screens.overview import Overview
from screens.pane import Pane
from screens.widgets.table import Table
from store.view import EstateView
from tests.screens.estate import calm, large, troubled
from tests.screens.piloting import driven, piloted


@pytest.mark.parametrize("start", ["1", "2", "7"])
@piloted
async def test_number_keys_reach_every_pane_from_every_pane(start: str) -> None:
    async with driven(troubled().view()) as console:
        for number, pane in enumerate(PANES, start=1):
            await console.press(start, str(number))
            assert pane.id == console.screen.PANE
            assert f"[{number} {pane.tab}]" in console.text


@piloted
async def test_enter_opens_a_detail_and_escape_q_and_backspace_go_back_to_the_same_row() -> None:
    async with driven(troubled().view()) as console:
        for key in ("escape", "q", "backspace"):
            await console.press("2", "g", "j", "j", "enter")
            assert isinstance(console.screen, Detail)
            assert "LPAR erp-app" in console.text
            await console.press(key)
            assert isinstance(console.screen, Pane)
            assert console.screen.table.selected == "9105-22A*7801234/erp-app"


@piloted
async def test_a_number_key_leaves_a_detail_and_coming_back_shows_the_table() -> None:
    async with driven(troubled().view()) as console:
        await console.press("2", "enter", "question_mark", "4")
        assert console.screen.PANE == "rcgs"
        await console.press("2")
        assert isinstance(console.screen, Pane)


@piloted
async def test_the_number_of_the_pane_that_a_detail_belongs_to_shows_its_table() -> None:
    async with driven(troubled().view()) as console:
        await console.press("3", "enter", "3")
        assert isinstance(console.screen, Pane)


@piloted
async def test_escape_goes_from_a_pane_to_the_overview_and_there_says_how_to_quit() -> None:
    async with driven(calm().view()) as console:
        await console.press("5", "escape")
        assert isinstance(console.screen, Overview)
        await console.press("q")
        assert isinstance(console.screen, Overview)
        assert "Ctrl+q quits drdeck" in console.text


@piloted
async def test_ctrl_c_says_how_to_quit_and_ctrl_q_quits() -> None:
    async with driven(calm().view()) as console:
        await console.press("ctrl+c")
        assert "Ctrl+q quits drdeck" in console.text
        assert console.console.is_running
        await console.pilot.press("ctrl+q")
        await console.wait_for(lambda: console.console._exit, "it does not quit")
        assert console.console.return_code == 0


DEEPEST = 10
"""A pane, the detail of a device, its kinds, their LPARs, and from there on down to the transfers."""


@pytest.mark.parametrize("start", ["1", "2", "3", "4", "5", "6", "7"])
@piloted
async def test_enter_pressed_fifty_times_goes_down_to_the_end_and_asks_for_nothing(start: str) -> None:
    async with driven(troubled().view()) as console:
        await console.press(start, *["enter"] * 50)
        assert len(console.console.screen_stack) <= DEEPEST
        assert console.swept == []
        depth = len(console.console.screen_stack)
        for _ in range(depth - 1):
            await console.press("q")
        assert len(console.console.screen_stack) == 1


@piloted
async def test_an_event_opens_its_object_or_else_its_device() -> None:
    async with driven(troubled().view()) as console:
        await console.press("7", "enter")
        assert "VM mail01_replica_2" in console.text
        await console.press("escape", "j", "enter")
        assert "Device hmc-oslo" in console.text
        await console.press("escape", "j", "j", "enter")
        assert "Remote copy group paydb" in console.text


@piloted
async def test_r_reads_all_devices_and_in_the_detail_of_a_device_that_one() -> None:
    async with driven(calm().view()) as console:
        await console.press("2", "r")
        assert "Reading all devices now." in console.text
        await console.press("6", "j", "enter", "r")
        assert "Reading fa-oslo now." in console.text
        assert console.swept == [None, "fa-oslo"]


@piloted
async def test_what_cannot_be_done_is_bracketed_in_the_footer_and_says_why_when_pressed() -> None:
    async with driven(EstateView.of()) as console:
        await console.press("2")
        assert "(Enter Open)" in console.text
        await console.press("enter")
        assert "There is no row to open." in console.text
        await console.press("j")
        assert "(Enter Open)" in console.text


@piloted
async def test_help_lists_the_keys_of_the_screen_it_was_asked_from() -> None:
    async with driven(calm().view(), (80, 48)) as console:
        await console.press("2", "question_mark")
        assert isinstance(console.screen, HelpScreen)
        assert "Open the selected row" in console.text
        await console.press("q", "enter", "question_mark")
        assert "Keys of the detail" in console.text
        assert "Turn the order round" not in console.text


def test_help_says_why_an_action_is_not_possible() -> None:
    texts = [line_text(line) for line in help_lines(Situation(Place.PANE))]
    assert any("There is no row to open." in text for text in texts)
    assert any("the console is still starting" in text for text in texts)


@piloted
async def test_a_key_that_means_nothing_here_but_elsewhere_says_so() -> None:
    async with driven(calm().view(), (100, 30)) as console:
        await console.press("2", "enter", "slash")
        assert "Filter does nothing here." in console.text
        await console.press("s")
        assert "Sort does nothing here." in console.text
        await console.press("escape", "s")
        assert "does nothing here" not in console.text


@pytest.mark.parametrize("place", list(Place))
def test_no_key_has_two_meanings_in_one_place(place: Place) -> None:
    keys = [key for action in at(place) for key in action.keys]
    assert len(keys) == len(set(keys))


def test_every_binding_has_an_id_and_a_description_and_asks_the_gate() -> None:
    for place in Place:
        for binding in bindings(place):
            assert binding.id in BY_ID
            assert binding.tooltip
            assert binding.action == f"do({binding.id!r})"


def test_ids_are_unique_and_no_dangerous_verb_sits_on_a_single_key() -> None:
    """Those that have a key open a menu or a question, or only pause."""
    assert len(BY_ID) == len(ACTIONS)
    asking = {"act", "resume", "decide.retry", "decide.skip", "decide.done", "pause", "abort", "approve", "glass"}
    asking |= {"schedule.pause", "schedule.run", "schedule.edit", "schedule.delete", "new_schedule", "auto.veto"}
    asking |= {
        "alert.take",
        "alert.let_go",
        "alert.silence",
        "alert.declare",
        "rule_new",
        "rule_remove",
        "window_new",
        "window_end",
    }
    asking |= {f"incident.{word}" for word in ("declare", "note", "lead", "lesson", "mitigate", "close")}
    asking |= {"incident.work"}  # which changes nothing but what this console writes into its runs
    assert {action.id for action in ACTIONS if action.dangerous and action.keys} == asking


def test_every_dangerous_action_is_refused_in_a_read_only_console() -> None:
    for action in ACTIONS:
        for place in action.places if action.dangerous else ():
            situation = Situation(place, read_only=True, row_selected=True)
            assert refusal(action, situation) == f"{action.name} is refused: this console is read-only."


def test_a_dangerous_action_is_refused_in_a_read_only_console_with_the_reason() -> None:
    verb = Action("failover", "Failover", "…", ("X",), Group.ACT, dangerous=True)
    assert refusal(verb, Situation(Place.PANE, read_only=True)) == "Failover is refused: this console is read-only."
    assert refusal(verb, Situation(Place.PANE)) is None
    lacking = refusal(verb, Situation(Place.PANE, lacks={verb.id: "anna has no role operator: ask bert"}))
    assert lacking == "Failover is refused: anna has no role operator: ask bert."
    menu = {"act": "anna has no role operator: ask bert"}
    assert refusal(BY_ID["act"], Situation(Place.RCGS, row_selected=True, lacks=menu)) is not None
    assert refusal(BY_ID["act"], Situation(Place.AUTO, row_selected=True, lacks=menu)) is None


_MOVES = [
    ("j", 1),
    ("down", 1),
    ("ctrl+d", 9),
    ("pagedown", 19),
    ("G", 4999),
    ("end", 4999),
]


@piloted
async def test_keys_move_the_cursor_of_a_table() -> None:
    async with driven(large().view()) as console:
        await console.press("2")
        table = console.screen.query_one(Table)
        for key, place in _MOVES:
            assert table.selected == table.keys[0]
            await console.press(key)
            assert table.selected == table.keys[place], key
            assert f"lpar{place:05d}" in console.text, key
            await console.press("g")


@pytest.mark.parametrize(("key", "back"), [("k", "j"), ("up", "down"), ("ctrl+u", "ctrl+d"), ("pageup", "pagedown")])
@piloted
async def test_keys_move_back_and_stop_at_the_ends(key: str, back: str) -> None:
    async with driven(large(100).view()) as console:
        await console.press("2", back, key, key)
        table = console.screen.query_one(Table)
        assert table.selected == table.keys[0]
        await console.press("G", "j", "pagedown")
        assert table.selected == table.keys[-1]
        await console.press("home")
        assert table.selected == table.keys[0]


@piloted
async def test_keys_scroll_a_detail() -> None:
    async with driven(troubled().view()) as console:
        await console.press("2", "enter")
        top = console.text
        await console.press("ctrl+d")
        assert console.text != top
        await console.press("g")
        assert console.text == top
        await console.press("G")
        assert "MACs kept" in console.text


@piloted
async def test_a_click_selects_a_row_and_a_second_one_opens_it() -> None:
    async with driven(calm().view()) as console:
        await console.press("2")
        table = console.screen.query_one(Table)
        await console.pilot.click(table, offset=(3, 3))
        await console.settle()
        assert table.selected == table.keys[2]
        await console.pilot.click(table, offset=(3, 3))
        await console.settle()
        assert isinstance(console.screen, Detail)
