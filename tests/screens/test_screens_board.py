"""The board of a running recovery plan: what it shows of groups, applications and members, and what is done from it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from screens.board_items import Board, Item, board, items
from screens.board_words import now_words, path_lines, prompt_line, prompts
from screens.cells import Tone, line_text
from screens.columns import Widths, lay_out
from screens.conditions import BoardState
from screens.rows_board import COLUMNS, board_row
from screens.wall_board import plan_said
from store.ledger import Ledger
from store.runs import Run, RunState, StepRecord, StepState
from tests.screens.estate import Clock, troubled
from tests.screens.kept_plan_run import RUN, fill
from tests.screens.kept_runs import kept
from tests.screens.piloting import Driven, driven, piloted
from tests.screens.test_screens_snapshots import PlainText
from tests.store import recoveries
from tests.store.estates import at


@asynccontextmanager
async def watching(
    folder: Path, size: tuple[int, int] = (80, 24), make: Callable[[Ledger, Clock], object] = fill
) -> AsyncIterator[tuple[Driven, Ledger]]:
    with kept(folder, make) as (begin, ledger):
        async with driven(troubled().view(), size, begin_runs=begin) as console:
            await console.press("8", "enter")
            yield console, ledger


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")
@piloted
async def test_the_board_reads_so(size: tuple[int, int], snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    async with watching(tmp_path, size) as (console, _):
        assert console.text == snapshot.use_extension(PlainText)
        assert max(len(line) for line in console.text.splitlines()) <= size[0]


@piloted
async def test_from_the_board_to_the_steps_and_back_and_to_the_prompt_that_is_marked_done(tmp_path: Path) -> None:
    async with watching(tmp_path, (120, 40)) as (console, ledger):
        assert "its own steps" in console.text and "b All steps" in console.text
        assert console.screen.row_selected
        await console.press("g", "j", "j", "enter")
        assert "Only the 3 steps of wms: b goes back to the board" in console.text
        assert "Fail rcg_wms over" in console.text and "lic02" not in console.text
        await console.press("b")
        assert "Critical path" in console.text
        await console.press("b")
        assert "Power lic02 on" in console.text and "Only the" not in console.text
        await console.press("b", "g", "n", "m")
        assert "Mark step p3 done?" in console.text and "Compare both sums." in console.text
        await console.press("tab")
        await console.type("both sums agree")
        await console.press("ctrl+y")
        await console.wait_for(lambda: bool(ledger.decisions(RUN, 0)), "nothing was decided")
        await console.press("escape")
        assert "[8 Runs]" in console.text


@piloted
async def test_another_console_sees_a_run_move_on_as_it_does(tmp_path: Path) -> None:
    async with watching(tmp_path, (120, 40)) as (console, ledger):
        assert "◐ under way" in console.line("VM lic02")
        lease = ledger.take(RUN, "night@warroom, process 812, c0ffee")
        ledger.settle(lease, "v2.1", StepState.DONE, (), "it is on")
        ledger.settle(lease, "v2.2", StepState.DONE, (), "it answers")
        await console.wait_for(lambda: "● up" in console.line("VM lic02"), "it is not followed")
        ledger.settle(lease, "p5", StepState.DONE, (), "licences is up at lyon")
        await console.wait_for(lambda: "● up" in console.line("licences"), "it is not followed")


# ------------------------------------------------------------------------------------------------------------- words


def looked(run: Run, seconds: float = 100.0) -> tuple[Board, dict[str, Item]]:
    lines = items(run.plan)
    return board(run, at(seconds), lines), {item.name: item for item in lines}


def test_each_line_says_what_it_waits_for_in_words() -> None:
    found, by = looked(recoveries.run({"p1": 20, "l1": 60, "l2": 62, "l3": 65, "v1.1": 60}))
    assert now_words(found, by["hr"]) == "waits for wms to be up"
    assert now_words(found, by["LPAR hr_db1"]) == "waits for wms to be up"
    assert now_words(found, by["its own steps"]) == "waits for l5 Wait until hr_db1 answers"
    assert now_words(found, by["VM lic01"]) == "Wait until lic01 is up (vc-lyon) 40s of 40s"
    assert now_words(found, by["VM lic02"]) == "next: Power lic02 on (vc-lyon)"
    assert now_words(found, by["RCG rcg_wms"]) == "next: Stop rcg_wms on 3par-paris (3par-paris)"
    first, _ = looked(recoveries.run({"p1": 20}))
    assert now_words(first, by["VM lic02"]) == "waits for its wave: VM lic01 comes first"


def test_what_holds_others_up_is_named_where_a_person_has_to_decide() -> None:
    failed = StepRecord("r1.1", StepState.FAILED, 1, at(30), at(40), reason="busy")
    found, by = looked(recoveries.run({"p1": 20}, failed, state=RunState.WAITING))
    assert found.state(by["wms"]) is BoardState.DECIDE
    assert now_words(found, by["wms"]) == "r1.1 Stop rcg_wms on 3par-paris: busy"
    asked = StepRecord("p1", StepState.UNKNOWN, reason="Call them. Mark it done once it is.")
    found, by = looked(recoveries.run({}, asked, state=RunState.WAITING))
    assert found.state(by["steps of the plan"]) is BoardState.ASKS
    assert now_words(found, by["VM lic01"]) == "waits for you: Tell the bank"
    line = prompt_line(found, 200)
    assert line is not None and line_text(line).startswith("▲ Tell the bank: n goes to it")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RunState.PROPOSED, "waits until somebody agrees to the run"),
        (RunState.PAUSED, "waits until the run goes on: it is paused"),
        (RunState.INTERRUPTED, "waits until somebody goes on with the run"),
        (RunState.ABORTED, "the run was aborted before"),
    ],
)
def test_a_run_that_stands_still_says_why_on_every_line(state: RunState, words: str) -> None:
    found, by = looked(recoveries.run({"p1": 20}, state=state))
    assert now_words(found, by["VM lic02"]) == words


def test_prompts_come_in_the_order_in_which_they_are_to_be_answered() -> None:
    found, _ = looked(recoveries.run({}))
    assert prompts(found) == ["p1", "p3"]
    line = prompt_line(found, 200)
    assert (
        line is not None
        and line_text(line) == "Next prompt in about <10s: Tell the bank (n goes to it), 1 more to come"
    )
    over, _ = looked(recoveries.run({}, state=RunState.FAILED))
    assert prompt_line(over, 200) is None


def test_the_critical_path_is_marked_and_told_in_as_many_lines_as_there_is_room() -> None:
    found, by = looked(recoveries.run({"p1": 20}), 20)
    marked = {item.name for item in by.values() if board_row(found, item)[0].text.startswith("◆")}
    assert marked == {"Group databases", "hr", "LPAR hr_db1", "pgroup pg-hr", "its own steps"}
    (short,) = path_lines(found, 80, 1)
    assert line_text(short).startswith("◆ Critical path, 3m left: Stop hr_db1 on P10-PAR-01 › Take pg-hr")
    assert line_text(short).endswith("…") and len(line_text(short)) <= 80
    whole = " ".join(line_text(line) for line in path_lines(found, 80, 9))
    assert whole.endswith("Wait until hr_db1 answers › Check the ledger")


def test_an_application_beyond_its_target_is_red_before_it_is_up_and_after() -> None:
    going, by = looked(recoveries.run({"p1": 20}), 301)
    assert board_row(going, by["hr"])[4].tone is Tone.BAD
    assert board_row(going, by["wms"])[4].tone is Tone.BUSY
    every = {step.id: 290.0 for step in recoveries.plan().steps}
    over, by = looked(recoveries.run(every, state=RunState.SUCCEEDED))
    assert (board_row(over, by["hr"])[4].text, board_row(over, by["hr"])[4].tone) == ("● 4m 50s of 5m", Tone.OK)
    assert board_row(over, by["hr"])[6].text == "● 7m of 10m"


STATES = st.sampled_from(list(StepState))


@settings(max_examples=40)
@given(st.lists(STATES, min_size=16, max_size=16), st.sampled_from(list(RunState)), st.integers(0, 4000))
def test_any_run_has_a_state_and_clocks_on_every_line_at_every_width(
    states: list[StepState], state: RunState, now: int
) -> None:
    run = recoveries.run({}, state=state)
    records = []
    for step, found in zip(run.plan.steps, states, strict=True):
        began = None if found is StepState.PENDING else at(20)
        ended = None if found in (StepState.PENDING, StepState.RUNNING, StepState.UNKNOWN) else at(30)
        records.append(StepRecord(step.id, found, 1 if began else 0, began, ended, reason="so"))
    found_run = replace(run, steps=tuple(records))
    lines = items(run.plan)
    at_now = board(found_run, at(0) + timedelta(seconds=now), lines)
    widths = Widths.of(COLUMNS)
    for item in lines:
        row = board_row(at_now, item)
        widths.take(row)
        assert row[1].text
        if item.level == 1 and item.applications:
            assert row[3].text[0] in "●◐✗" and row[4].text[0] in "●◐✗"
    for width in (79, 119, 199):
        kept = {slot.column.title: slot for slot in lay_out(COLUMNS, widths, width)}
        assert {"Application", "State", "Ready", "Up", "Now"} <= kept.keys()
        assert all(slot.x + slot.width <= width for slot in kept.values())


def test_a_run_that_brings_nothing_up_has_lines_without_clocks() -> None:
    """As the reprotection of a plan, or the clean-up of a drill."""
    plan = recoveries.plan()
    assert plan.recovery is not None
    applications = tuple(replace(each, up=None) for each in plan.recovery.applications)
    plan = replace(plan, recovery=replace(plan.recovery, applications=applications))
    run = replace(recoveries.run({"p1": 20, "v1.1": 30, "v1.2": 40, "v2.1": 50, "v2.2": 60, "p5": 60}), plan=plan)
    found, by = looked(run)
    rows = {name: board_row(found, item) for name, item in by.items()}
    assert (rows["licences"][1].text, rows["licences"][4].text) == ("● done", "–")
    assert rows["Group storage"][1].text == "○ not begun"
    assert [str(found.state(by[name])) for name in ("wms", "steps of the plan")] == ["not begun", "done"]
    assert "licences: done" in [said.text for said in plan_said(run, at(60))]


def test_a_run_of_no_recovery_plan_has_no_lines() -> None:
    run = recoveries.run({})
    assert items(replace(run.plan, recovery=None)) == ()
