"""Runs about LPARs on the screens: two clocks, many steps at a glance, and drills that are not cleaned up."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from app.run_desk import Proposed
from screens.cells import Tone, line_text
from screens.dialogs.typed import TypedDialog
from screens.plan_parts import PlanText, plan_parts
from screens.run import RunScreen
from screens.run_words import clock_lines
from screens.side_by_side import lay_out
from screens.widgets.table import Table
from store.runs import Plan, Run, RunState, StepState
from tests.screens.estate import NOW, Clock, troubled
from tests.screens.kept_runs import kept, propose
from tests.screens.lpar_runs import DRILLED, acting, failover, fill_drilled, half_way, show
from tests.screens.piloting import Driven, driven, piloted
from tests.screens.test_screens_snapshots import PlainText

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=lambda size: f"{size[0]}x{size[1]}")


async def opened(console: Driven, run: Run) -> RunScreen:
    """The screen of a run that is in the view."""
    show(console.console.around.runs, run)
    screen = RunScreen(console.console.around, run.id)
    await console.console.push_screen(screen)
    await console.settle()
    return screen


# ------------------------------------------------------------------------------------------------------- two clocks


def said(run: Run, target_s: float | None = 300.0, more_s: float = 0.0) -> list[tuple[str, Tone]]:
    scene = replace(troubled().scene(), now=NOW + timedelta(seconds=more_s))
    ready, _gap, up = clock_lines(run, scene, target_s)[0]
    return [(cell.text, cell.tone) for cell in (ready, up)]


def test_both_clocks_run_against_the_target_until_they_are_reached() -> None:
    assert said(half_way(3)) == [
        ("◐ Ready to activate 1m 20s of 5m", Tone.BUSY),
        ("◐ Application up 1m 20s of 5m", Tone.BUSY),
    ]
    ready = acting(
        failover(3),
        lambda step, _: StepState.PENDING if "lpar." in step.kind[:5] and step.kind != "lpar.stop" else StepState.DONE,
    )
    assert said(ready)[0] == ("● Ready to activate after 11s of 5m", Tone.OK)
    assert said(ready)[1][1] is Tone.BUSY


def test_a_clock_that_passed_the_target_is_told_by_shape_and_colour_whether_it_goes_on_or_not() -> None:
    assert said(half_way(3), 60.0) == [
        ("✗ Ready to activate 1m 20s of 1m", Tone.BAD),
        ("✗ Application up 1m 20s of 1m", Tone.BAD),
    ]
    done = acting(failover(3), lambda step, _: StepState.DONE, RunState.SUCCEEDED)
    assert said(done, 5.0)[0] == ("✗ Ready to activate after 11s of 5s", Tone.BAD)


def test_once_reached_a_clock_stands_and_without_a_target_none_is_named() -> None:
    done = acting(failover(3), lambda step, _: StepState.DONE, RunState.SUCCEEDED)
    assert said(done, None, more_s=900) == said(done, None)
    assert said(done, None)[1][0] == "● Application up after 11s"


def test_a_run_that_was_aborted_says_what_it_never_reached() -> None:
    aborted = replace(half_way(3), state=RunState.ABORTED, ended_at=NOW)
    assert said(aborted) == [
        ("○ Ready to activate: not reached", Tone.OFF),
        ("○ Application up: not reached", Tone.OFF),
    ]


def test_below_the_clocks_stands_how_far_the_run_is() -> None:
    _, below = clock_lines(half_way(3), troubled().scene(), 300.0)
    assert line_text(below) == "10 of 18 steps   running 1m 15s, expected 5m 12s, P95 7m 11s"


# -------------------------------------------------------------------------------------------------------- many steps


@SIZES
@piloted
async def test_a_failover_of_a_hundred_lpars_reads_so_while_it_runs(
    size: tuple[int, int], snapshot: SnapshotAssertion
) -> None:
    async with driven(troubled().view(), size) as console:
        await opened(console, half_way())
        assert console.text == snapshot.use_extension(PlainText)
        assert max(len(line) for line in console.text.splitlines()) <= size[0]


@SIZES
@pytest.mark.parametrize("count", [1, 100])
@piloted
async def test_the_plan_of_a_failover_reads_so(
    count: int, size: tuple[int, int], snapshot: SnapshotAssertion, tmp_path: Path
) -> None:
    made: list[Run] = []
    plan = failover(count)
    with kept(tmp_path, lambda ledger, clock: made.append(propose(ledger, clock, plan=plan))) as (begin, _):
        async with driven(troubled().view(), size, begin_runs=begin) as console:
            console.console.post_message(Proposed(made[0], ""))
            await console.wait_for(lambda: plan.name in console.text, "no dialog")
            await console.settle()
            assert console.text == snapshot.use_extension(PlainText)


def texts(plan: Plan, width: int = 76) -> list[str]:
    return [line_text(line).rstrip() for line in lay_out(plan_parts(plan, NOW), width)]


def test_of_a_hundred_lpars_all_that_decides_stands_above_their_names_and_steps() -> None:
    found = texts(failover())
    order = [
        "100 LPARs, in 10 protection groups",
        "● Data lost at most: nothing: production is stopped first, then a last",
        "521 steps, in short",
        "Looked at first",
        "● each LPAR is defined at bergen as it is to be: of 100 LPARs (20s ago)",
        "To know",
        "The LPARs",
        "Protection groups: pg00, pg01, pg02, pg03, pg04, pg05, pg06, pg07, pg08,",
        "Every one of the 521 steps on hmc-oslo, fa-oslo, fa-bergen, hmc-bergen",
    ]
    places = [found.index(text) for text in order]
    assert places == sorted(places)
    names = " ".join(found[found.index("The LPARs") + 1 : found.index(order[-2])])
    assert all(f"lp{number:03}" in names for number in range(100))
    assert sum(re.match(r"[! ] s\d+ ", text) is not None for text in found) == 521


def test_many_steps_are_counted_by_kind_and_device_and_the_destructive_ones_marked() -> None:
    found = texts(failover())
    begin = found.index("521 steps, in short")
    assert [" ".join(text.split()) for text in found[begin + 1 : begin + 8]] == [
        "! hmc-oslo 100 x stop an LPAR",
        "fa-oslo 10 x take a snapshot of a protection group",
        "fa-bergen 10 x wait until a snapshot is there",
        "fa-bergen 1 x keep what is overwritten",
        "! fa-bergen 200 x overwrite a volume",
        "! hmc-bergen 100 x activate an LPAR",
        "hmc-bergen 100 x wait until an LPAR answers",
    ]


def test_of_a_few_lpars_their_names_come_first_and_no_step_is_numbered_by_them() -> None:
    found = texts(failover(3))
    assert found[:2] == ["LPARs: lp000, lp001, lp002", "Protection group: pg00"]
    assert not any("in short" in text for text in found)
    assert texts(failover(1))[0] == "Protection group: pg00"


def test_a_refused_plan_of_many_lpars_names_the_one_that_stands_in_the_way() -> None:
    plan = failover()
    wrong = replace(plan.guards[5], holds=False, evidence="desired_mem is 4096, to be 16384")
    found = " ".join(" ".join(texts(replace(plan, guards=(*plan.guards[:5], wrong, *plan.guards[6:])))).split())
    assert "Refused: lp002 is defined at bergen as it is to be: desired_mem is 4096, to be 16384" in found
    assert "in short" not in found


def test_a_plan_is_laid_out_anew_only_where_an_age_or_the_width_says_so() -> None:
    text = PlanText(failover(3))
    first = text.lines(76, NOW)
    assert text.lines(76, NOW + timedelta(seconds=3)) is first
    assert text.lines(60, NOW) is not first
    older = text.lines(76, NOW + timedelta(seconds=60))
    assert "(1m ago)" in "".join(line_text(line) for line in older)


@piloted
async def test_a_long_plan_can_be_read_on_while_its_words_are_typed(tmp_path: Path) -> None:
    made: list[Run] = []
    with kept(tmp_path, lambda ledger, clock: made.append(propose(ledger, clock, plan=failover()))) as (begin, _):
        async with driven(troubled().view(), begin_runs=begin) as console:
            console.console.post_message(Proposed(made[0], ""))
            await console.wait_for(lambda: "› type" in console.text, "no dialog")
            await console.press("tab")
            await console.type("failover 100")
            await console.press("pagedown")
            assert isinstance(console.console.screen, TypedDialog)
            assert "each LPAR does not run at bergen" in console.text
            await console.type(" LPARs")
            assert "typed  failover 100 LPARs" in console.text


@piloted
async def test_the_steps_that_are_under_way_come_into_sight_until_the_operator_goes_elsewhere() -> None:
    async with driven(troubled().view()) as console:
        run = half_way()
        screen = await opened(console, run)
        table = screen.query_one(Table)
        running = [record.id for record in run.steps if record.state is StepState.RUNNING]
        assert table.selected == running[0]
        assert table.in_sight.index(running[0]) <= 2, "with those that follow below it"
        later = [replace(s, state=StepState.DONE) if s.state is StepState.RUNNING else s for s in run.steps]
        later = [replace(s, state=StepState.RUNNING) if s.id in ("s500", "s501") else s for s in later]
        show(console.console.around.runs, replace(run, seq=8, steps=tuple(later)))
        screen.runs_changed()
        await console.settle()
        assert table.selected == "s500"
        await console.press("g")
        show(console.console.around.runs, replace(run, seq=9))
        screen.runs_changed()
        await console.settle()
        assert table.selected == "s1"


# --------------------------------------------------------------------------------------------------------- the drill

DRILL_KEYS = {"runs": ["8"], "run": ["8", "enter"]}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("screen", DRILL_KEYS)
@piloted
async def test_a_drill_that_is_not_cleaned_up_reads_so(
    screen: str, size: tuple[int, int], snapshot: SnapshotAssertion, tmp_path: Path
) -> None:
    with kept(tmp_path, fill_drilled) as (begin, _):
        async with driven(troubled().view(), size, begin_runs=begin) as console:
            await console.press(*DRILL_KEYS[screen])
            assert console.text == snapshot.use_extension(PlainText)


@piloted
async def test_a_drill_that_owes_its_clean_up_is_found_as_trouble_and_says_the_order(tmp_path: Path) -> None:
    with kept(tmp_path, fill_drilled) as (begin, _):
        async with driven(troubled().view(), begin_runs=begin) as console:
            await console.press("8")
            assert "▲ succeeded, clean-up owed" in console.line("drill erp-db")
            await console.command("filter state:owed is:trouble")
            assert "drill erp-db" in console.text
            await console.press("enter")
            assert ":cleanup here, elsewhere :do lpar cleanup 0301-0159-d1d1" in console.text.replace("\n  ", " ")
            await console.command("cleanup")
            await console.wait_for(lambda: "The configuration does not say which site" in console.text, "no order")


@piloted
async def test_once_it_is_cleaned_up_nothing_is_owed_and_nothing_to_be_cleaned_up(tmp_path: Path) -> None:
    def fill(ledger: object, clock: Clock) -> None:
        fill_drilled(ledger, clock, cleaned=True)  # type: ignore[arg-type]

    with kept(tmp_path, fill) as (begin, _):
        async with driven(troubled().view(), begin_runs=begin) as console:
            await console.press("8")
            assert "owed" not in console.text
            await console.press("j", "enter")
            assert f"Run {DRILLED}: drill erp-db  ● succeeded" in console.text
            await console.command("cleanup")
            assert "This run is no drill that owes its clean-up." in console.text


@piloted
async def test_a_read_only_console_says_that_it_is_owed_and_cleans_nothing_up(tmp_path: Path) -> None:
    with kept(tmp_path, fill_drilled) as (begin, _):
        async with driven(troubled().view(), read_only=True, begin_runs=begin) as console:
            await console.press("8", "enter")
            assert "clean-up owed" in console.text
            await console.command("cleanup")
            assert "Clean up is refused: this console is read-only." in console.text
