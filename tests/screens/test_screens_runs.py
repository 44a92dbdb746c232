"""The screens of runs: what is proposed, how it fares, what the operator is told and may decide."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from app.console import Console
from app.looks import Look
from app.run_desk import Proposed
from screens.base import EstateScreen
from screens.cells import Tone, line_text
from screens.dialogs.typed import TypedDialog
from screens.plan_parts import plan_parts
from screens.rcg_offers import offers, order_text
from screens.rcg_sides import pair_of
from screens.run_words import banner_lines, clock_line, refused_acts
from screens.side_by_side import lay_out
from store import plan_runs
from store.estate import RcgRole, RcgStatus
from store.ledger import LEASE_S, Ledger
from store.records import DeviceHealth
from store.run_view import RunView
from store.runs import Approval, Run, RunState, StepRecord, StepState
from tests.screens.estate import NOW, SITES, Clock, Estate, devices, rcg_views, troubled
from tests.screens.kept_runs import FAILOVER, REFUSED, clone_plan, fill, kept, propose
from tests.screens.piloting import Driven, driven, piloted, pressed, settled
from tests.screens.test_screens_snapshots import PlainText

P, S, PR, SR = RcgRole.PRIMARY, RcgRole.SECONDARY, RcgRole.PRIMARY_REV, RcgRole.SECONDARY_REV
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")


@asynccontextmanager
async def watching(
    folder: Path, size: tuple[int, int] = (80, 24), make: Callable[[Ledger, Clock], object] = fill
) -> AsyncIterator[tuple[Driven, Ledger]]:
    with kept(folder, make) as (begin, ledger):
        async with driven(troubled().view(), size, begin_runs=begin) as console:
            yield console, ledger


KEYS = {
    "runs": ["8"],
    "run": ["8", "enter"],
    "run_step": ["8", "enter", "enter"],
    "run_log": ["8", "enter", "l"],
    "run_retry": ["8", "enter", "t"],
    "run_skip": ["8", "enter", "x"],
    "run_abort": ["8", "enter", "A"],
    "acts": ["4", "a"],
    "banner": ["2"],
}


@SIZES
@pytest.mark.parametrize("screen", KEYS)
@piloted
async def test_the_screen_reads_so(
    screen: str, size: tuple[int, int], snapshot: SnapshotAssertion, tmp_path: Path
) -> None:
    async with watching(tmp_path, size) as (console, _):
        await console.press(*KEYS[screen])
        if screen in ("run_step", "run_log"):
            log = console.console.around.runs.log
            await console.wait_for(lambda: len(log("0301-0258-a7f3")) > 7, "the journal is not read")
            await console.settle()
        assert console.text == snapshot.use_extension(PlainText)
        assert max(len(line) for line in console.text.splitlines()) <= size[0]


@SIZES
@pytest.mark.parametrize("what", ["proposed", "refused", "clone", "clone_end"])
@piloted
async def test_the_dialog_of_a_plan_reads_so(
    what: str, size: tuple[int, int], snapshot: SnapshotAssertion, tmp_path: Path
) -> None:
    made: list[Run] = []
    plan = clone_plan() if what.startswith("clone") else FAILOVER

    def make(ledger: Ledger, clock: Clock) -> None:
        made.append(propose(ledger, clock, plan=plan))

    async with watching(tmp_path, size, make) as (console, _):
        console.console.post_message(Proposed(REFUSED if what == "refused" else made[0], ""))
        await console.wait_for(lambda: plan.name in console.text, "no dialog")
        await console.settle()
        await console.press(*["G"] * what.endswith("_end"))
        assert console.text == snapshot.use_extension(PlainText)


@piloted
async def test_the_dialog_takes_the_words_one_after_another_and_no_other_key_begins(tmp_path: Path) -> None:
    made: list[Run] = []
    async with watching(tmp_path, make=lambda ledger, clock: made.append(propose(ledger, clock))) as (console, ledger):
        console.console.post_message(Proposed(made[0], "rcg failover 100:oradb"))
        await console.wait_for(lambda: "› type" in console.text, "no dialog")
        await console.press("ctrl+y")
        assert "Not everything has been typed yet." in console.text
        await console.press("tab")
        await console.type("failover oradb")
        assert "typed  failover oradb" in console.text
        assert "a second person" in console.line("site oslo is dark")
        await console.press(*["enter"] * 5)
        assert "Enter does nothing here" in console.text
        await console.type("site oslo is dark")
        await console.type("second person: ")
        await console.press("enter")
        assert "typed  second" not in console.text
        await console.type("ana")
        await console.press("enter")
        assert "typed  second person: ana" in console.text
        await console.type("lose 5 min")
        assert "typed  lose" not in console.text, "fewer minutes than will be lost are not accepted"
        await console.press("escape")
        await console.wait_for(lambda: ledger.run(made[0].id).state is RunState.ABORTED, "it was not dropped")
    assert [entry.kind for entry in ledger_entries(tmp_path)] == ["proposed", "run"]


def ledger_entries(folder: Path) -> list[object]:
    ledger = Ledger(folder / "runs.sqlite")
    try:
        return list(ledger.journal())
    finally:
        ledger.close()


@piloted
async def test_pasted_words_are_not_taken(tmp_path: Path) -> None:
    from textual.events import Paste

    made: list[Run] = []
    async with watching(tmp_path, make=lambda ledger, clock: made.append(propose(ledger, clock))) as (console, _):
        console.console.post_message(Proposed(made[0], "rcg failover 100:oradb"))
        await console.wait_for(lambda: "› type" in console.text, "no dialog")
        await console.press("tab")
        console.console.screen.focused.post_message(Paste("failover oradb"))  # type: ignore[union-attr]
        await console.settle()
        assert "Pasting is not taken here" in console.text
        assert "typed  failover" not in console.text


@piloted
async def test_a_run_whose_console_is_gone_is_said_to_be_interrupted_on_every_screen(tmp_path: Path) -> None:
    def gone(ledger: Ledger, clock: Clock) -> None:
        fill(ledger, clock)
        clock.now = NOW + timedelta(seconds=LEASE_S + 1)

    async with watching(tmp_path, make=gone) as (console, _):
        for key in ("1", "2", "4", "6", "8"):
            await console.press(key)
            assert "RUN failover oradb interrupted, 1 of 5 steps" in console.text
        await console.press("enter")
        assert "R looks again at all that was under way" in console.text
        await console.press("j", "t")
        assert "Nobody acts for it: R goes on, and tries it again." in console.text
        await console.press("R")
        assert "Go on with failover oradb, which is interrupted?" in console.text


@piloted
async def test_what_is_decided_elsewhere_is_shown_as_it_happens(tmp_path: Path) -> None:
    async with watching(tmp_path) as (console, ledger):
        await console.press("8", "enter")
        assert "Another console acts for it: night@warroom" in console.text
        run = ledger.run("0301-0258-a7f3")
        lease = ledger.take(run.id, "night@warroom, process 812, c0ffee")
        ledger.settle(lease, "s2", StepState.DONE, (), "it is Stopped")
        await console.wait_for(lambda: "2 of 5 steps" in console.text, "it is not followed")


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="pictures are kept for one version of Python")
@pytest.mark.parametrize(("screen", "theme"), [("run", "dark"), ("run", "monochrome"), ("proposed", "dark")])
def test_the_screen_looks_so(
    screen: str, theme: str, snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    view, made = troubled().view(), []

    def make(ledger: Ledger, clock: Clock) -> None:
        made.append(propose(ledger, clock)) if screen == "proposed" else fill(ledger, clock)

    with kept(tmp_path, make) as (begin, _):
        app = Console(
            lambda: view, lambda say: None, lambda name: None, begin, sites=SITES, lab=True, clock=Clock(),
            look=Look(theme=theme), rto_s=300.0,
        )  # fmt: skip

        async def before(pilot: Pilot[int]) -> None:
            while not (app.screen_stack and isinstance(app.screen, EstateScreen) and app.around.runs.read):
                await pilot.pause(0.02)
            if screen == "proposed":
                app.post_message(Proposed(made[0], ""))
                while not isinstance(app.screen, TypedDialog):
                    await pilot.pause(0.02)
            for key in KEYS.get(screen, []):
                await pressed(pilot, key)
            await settled(pilot)

        assert snap_compare(app, terminal_size=(100, 30), run_before=before)


# ------------------------------------------------------------------------------------------------------------- words


def _offered(natural: RcgRole | None, peer: RcgRole | None, status: RcgStatus) -> set[str]:
    estate = Estate(devices(), rcg_views("oradb", natural or P, peer or S, status=status))
    if natural is None:
        estate.set_device("3par-oslo", health=DeviceHealth.FAILING, failure="unreachable")
    return {offer.word for offer in offers([pair_of(estate.scene(), "100:oradb")]) if offer.why_not is None}


@pytest.mark.parametrize(
    ("natural", "peer", "status", "right"),
    [
        (P, S, RcgStatus.STARTED, {"failover", "reverse-roles", "stop", "synchronise"}),
        (P, S, RcgStatus.STOPPED, {"start", "disaster"}),
        (P, PR, RcgStatus.STOPPED, {"recover", "undo"}),
        (SR, PR, RcgStatus.STARTED, {"recover", "restore", "stop", "synchronise"}),
        (S, P, RcgStatus.STARTED, {"reverse-roles", "stop", "synchronise"}),
        (None, S, RcgStatus.STARTED, {"disaster"}),
        (None, PR, RcgStatus.STOPPED, set()),
        (S, S, RcgStatus.STARTED, set()),
    ],
)
def test_a_verb_is_offered_only_where_it_is_right(
    natural: RcgRole | None, peer: RcgRole | None, status: RcgStatus, right: set[str]
) -> None:
    assert _offered(natural, peer, status) == right


def test_an_order_names_the_pairs_by_their_keys_as_the_command_line_takes_them() -> None:
    pair = pair_of(Estate(devices(), rcg_views("oradb", P, S)).scene(), "100:oradb")
    assert order_text("disaster", [pair]) == "rcg failover 100:oradb --disaster"
    assert order_text("reverse-roles", [pair, pair]) == "rcg reverse 100:oradb 100:oradb"


def _texts(plan_of: object) -> str:
    return "\n".join(line_text(line) for line in lay_out(plan_parts(plan_of, NOW), 100))  # type: ignore[arg-type]


def test_a_plan_says_what_it_risks_before_what_it_does() -> None:
    text = _texts(FAILOVER)
    places = [text.index(words) for words in ("Cannot be undone", "Data lost at most: 5m 30s", "5 steps on")]
    assert places == sorted(places)
    assert "(20s ago)" in text, "a guard has the age of its look"


def test_guards_of_several_groups_are_told_once_each_and_refusals_name_the_group() -> None:
    several = replace(
        FAILOVER,
        targets=("rcg:100:a", "rcg:100:b"),
        guards=tuple(replace(guard, id=f"rcg.role {name}") for name in "ab" for guard in FAILOVER.guards),
    )
    assert _texts(several).startswith("2 groups: g1 a, g2 b")
    assert "the pair is normal: of 2 groups (20s ago)" in _texts(several)
    refused = replace(several, guards=(replace(several.guards[0], holds=False), *several.guards[1:]))
    assert "Refused: a: the pair is normal" in _texts(refused)


def test_a_plan_about_two_groups_names_both_and_numbers_neither() -> None:
    """A clone overwrites one group from another: its steps and guards are those of one member."""
    clone = replace(FAILOVER, verb="clone", targets=("pg:1:pg-erp", "pg:1:pg-dev"), steps=FAILOVER.steps[:1])
    assert _texts(clone).startswith("Groups: pg-erp, pg-dev\n")
    assert "1 step on 3par-oslo" in _texts(clone)
    refused = replace(clone, guards=(replace(clone.guards[0], holds=False), *clone.guards[1:]))
    assert "Refused: the pair is normal" in _texts(refused)


def _run(state: RunState, *steps: StepState) -> Run:
    records = [StepRecord(step.id, state) for step, state in zip(FAILOVER.steps, steps, strict=False)]
    records += [StepRecord(step.id) for step in FAILOVER.steps[len(records) :]]
    return Run("r1", FAILOVER, state, "ops", NOW - timedelta(seconds=320), tuple(records), NOW - timedelta(seconds=50))


def test_the_clock_is_red_once_the_target_is_passed_and_counts_the_time_of_people_too() -> None:
    scene = troubled().scene()
    first, *rest = clock_line(_run(RunState.RUNNING), scene, 300.0)
    assert (first.text, first.tone) == ("RTO clock 5m 20s of 5m", Tone.BAD)
    assert [cell.tone for cell in rest if "running" in cell.text] == [Tone.WARN]
    assert clock_line(_run(RunState.RUNNING), scene, 600.0)[0].tone is Tone.HEADING


def test_the_target_of_the_configuration_is_not_that_of_a_recovery_plan_which_has_its_own() -> None:
    run, scene = _run(RunState.RUNNING), troubled().scene()
    planned = replace(run, plan=replace(run.plan, verb=plan_runs.PLANNED))
    clock = clock_line(planned, scene, 300.0)[0]
    assert (clock.text, clock.tone) == ("RTO clock 5m 20s", Tone.HEADING)


def test_the_banner_shows_the_run_that_needs_somebody_most_and_counts_the_others() -> None:
    scene = troubled().scene()
    runs = (_run(RunState.RUNNING), _run(RunState.WAITING), replace(_run(RunState.INTERRUPTED), id="r3"))
    (line,) = banner_lines(runs, None, scene, 200)
    assert "interrupted" in line_text(line)
    assert "and 2 more" in line_text(line)
    assert banner_lines((), None, scene, 80) == ()
    (line, _) = banner_lines(runs, None, scene, 200, "The runs cannot be read")
    assert line_text(line) == "✗ The runs cannot be read"
    (line,) = banner_lines((), ("rcg stop oradb", NOW - timedelta(seconds=12)), scene, 200)
    assert "Looking at the arrays, 12s, to plan: rcg stop oradb" in line_text(line)
    (line,) = banner_lines((), ("lpar drill erp-db", NOW - timedelta(seconds=12)), scene, 200)
    assert "Looking at both sites, 12s, to plan: lpar drill erp-db" in line_text(line)


def test_nothing_can_be_decided_of_a_run_that_has_ended_nor_of_a_step_that_does_not_wait() -> None:
    ended = refused_acts(_run(RunState.SUCCEEDED), StepState.DONE, mine=False)
    deciding = {"resume", "pause", "abort", "decide.retry", "decide.skip", "decide.done", "cleanup"}
    assert set(ended) == {*deciding, "approve", "glass"}
    waiting = refused_acts(_run(RunState.WAITING), StepState.FAILED, mine=True)
    assert set(waiting) == {"resume", "cleanup", "approve", "glass"}
    running = refused_acts(_run(RunState.RUNNING), StepState.RUNNING, mine=True)
    assert "decide.skip" in running
    assert "abort" not in running


def test_the_view_of_runs_keeps_them_newest_first_and_knows_which_are_alive() -> None:
    view = RunView()
    old = replace(_run(RunState.SUCCEEDED), id="old", created_at=NOW - timedelta(days=1))
    view.take([old, _run(RunState.RUNNING)])
    assert [run.id for run in view.runs] == ["r1", "old"]
    assert [run.id for run in view.alive] == ["r1"]
    view.take([_run(RunState.SUCCEEDED)])
    assert view.alive == ()


@pytest.mark.parametrize("keys", [["8", "E"], ["8", "enter", "E"]], ids=["runs", "run"])
@piloted
async def test_the_evidence_of_a_run_is_written_where_the_console_says(
    keys: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with watching(tmp_path, (120, 40)) as (console, _):
        await console.press(*keys)
        await console.wait_for(lambda: "The evidence is in" in console.text, "nothing is said")
        assert [path.name for path in tmp_path.glob("*.zip")] == ["drdeck-report-0301-0258-a7f3-19.zip"]
        await console.press("E")
        await console.wait_for(lambda: "is there already" in " ".join(console.text.split()), "it was written twice")


def _awaited(ledger: Ledger, clock: Clock) -> None:
    """A failover that anna proposed and another person has to approve, and one that bert ran alone."""
    propose(ledger, clock, "0301-0250-glas")
    asked = Approval("rcg failover oradb", "0c4d", clock() + timedelta(minutes=30), ("anna",))
    for run in ("0301-0250-glas", "0301-0259-a7f3"):
        if run != "0301-0250-glas":
            propose(ledger, clock, run)
        ledger.ask_approval(run, "anna@jump", FAILOVER.confirm, asked)
    ledger.approve("0301-0250-glas", "bert@jump", FAILOVER.confirm, ("bert",), "nobody answers, the site burns")
    ledger.turn(ledger.take("0301-0250-glas", "bert@jump, process 7"), RunState.FAILED)


@SIZES
@pytest.mark.parametrize("keys", [["8"], ["8", "enter"], ["8", "j", "enter"]], ids=["runs", "awaited", "glass"])
@piloted
async def test_what_waits_for_another_person_and_what_one_ran_alone_reads_so(
    keys: list[str], size: tuple[int, int], snapshot: SnapshotAssertion, tmp_path: Path
) -> None:
    async with watching(tmp_path, size, _awaited) as (console, _):
        console.console.around.approvers = lambda run: "at bergen: ask carl, or whoever is in group dr-leads"
        await console.press(*keys)
        assert console.text == snapshot.use_extension(PlainText)
        assert max(len(line) for line in console.text.splitlines()) <= size[0]
