"""The wall: what each page says, that it turns by itself, and that it draws nothing where nothing changed."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from app.looks import Look
from app.terminal_app import TerminalApp
from screens import big_letters
from screens.big_letters import big, pixels, small, small_width
from screens.cells import Tone, line_width
from screens.surroundings import Surroundings
from screens.wall import TURN, WallScreen
from screens.wall_letters import Said, sentences
from screens.wall_pages import ALERTS, DUE, SITES, not_read, standing
from screens.wall_run import watch_text
from screens.widgets.block import Block
from store.records import DeviceHealth
from store.run_view import RunView
from store.runs import Run, RunState, StepState
from store.schedules import JobOptions, Schedule
from store.timetable import Frequency, Timetable
from tests.screens import kept_plan_run
from tests.screens.estate import NOW, Clock, ago, troubled
from tests.screens.estate import SITES as NAMED_SITES
from tests.screens.kept_runs import FAILOVER
from tests.screens.lpar_runs import DRILL, acting, half_way
from tests.screens.piloting import piloted, settled
from tests.screens.test_screens_snapshots import PlainText

LATE_S = 180.0
SIZES = pytest.mark.parametrize("size", [(200, 60), (80, 24)], ids=lambda size: f"{size[0]}x{size[1]}")


def waiting() -> Run:
    """The failover of a group whose second step failed."""
    run = acting(
        FAILOVER, lambda step, number: [StepState.DONE, StepState.FAILED, *[StepState.PENDING] * 3][number],
        RunState.WAITING,
    )  # fmt: skip
    steps = tuple(replace(s, reason="busy: remote copy group object is busy") if s.id == "s2" else s for s in run.steps)
    return replace(run, steps=steps)


def drilled() -> Run:
    return replace(acting(DRILL, lambda step, number: StepState.DONE, RunState.SUCCEEDED), id="0301-0159-d1d1")


class Showing(TerminalApp[None]):
    """An App that shows nothing but the wall; its seconds are those of the test."""

    def __init__(self, around: Surroundings, look: Look | None = None) -> None:
        super().__init__(look)
        self.wall = WallScreen(around, LATE_S)

    async def on_mount(self) -> None:
        await self.push_screen(self.wall)


@dataclass
class Driven:
    """The wall and its clock."""

    app: Showing
    pilot: Pilot[None]
    clock: Clock

    @property
    def wall(self) -> WallScreen:
        return self.app.wall

    async def forward(self, seconds: float) -> None:
        """Let time go by, as if it were one tick."""
        self.clock.forward(seconds)
        self.wall.tick()
        await settled(self.pilot)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await settled(self.pilot)

    @property
    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(part.text for part in strip).rstrip() for strip in strips).rstrip() + "\n"


def schedules() -> tuple[Schedule, ...]:
    daily = Timetable(Frequency.DAILY, hour=5, zone="UTC")
    made = [
        Schedule(n, name, kind, target, JobOptions(), daily, "ops", ago(9999), next_run=NOW + timedelta(minutes=after))
        for n, (name, kind, target, after) in enumerate(
            [("drills", "drill-reminder", "", 2900), ("erp-nightly", "vm-snapshot", "erp-gw", 120)]
        )
    ]
    return (*made, replace(made[0], id=9, name="web-weekly", next_run=None))


def surroundings(clock: Clock, *runs: Run, ascii_only: bool = False) -> Surroundings:
    view = RunView()
    view.take(runs)
    around = Surroundings(
        troubled().view(), clock, NAMED_SITES, read_only=True, ascii_only=ascii_only, runs=view, rto_s=300.0
    )
    around.schedules.take(schedules(), {})
    return around


@asynccontextmanager
async def shown(*runs: Run, size: tuple[int, int] = (200, 60), ascii_only: bool = False) -> AsyncIterator[Driven]:
    clock = Clock()
    app = Showing(surroundings(clock, *runs, ascii_only=ascii_only))
    async with app.run_test(size=size) as pilot:
        driven = Driven(app, pilot, clock)
        while not app.wall.around.index.work(1):
            pass
        await driven.forward(0)
        yield driven


PAGES: dict[str, tuple[tuple[Run, ...], int]] = {
    "sites": ((), 0),
    "alerts": ((drilled(),), 1),
    "due": ((drilled(),), 2),
    "run": ((half_way(),), 0),
    "waits": ((waiting(),), 0),
    "plan": ((kept_plan_run.half_way(),), 0),
    "sites_while_running": ((half_way(),), 1),
}
"""The runs that there are, and how many pages further it is."""


@SIZES
@pytest.mark.parametrize("page", PAGES)
@piloted
async def test_the_page_reads_so(page: str, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    runs, further = PAGES[page]
    async with shown(*runs, size=size) as driven:
        await driven.press(*["right"] * further)
        assert driven.text == snapshot.use_extension(PlainText)
        assert max(len(line) for line in driven.text.splitlines()) <= size[0]
        assert len(driven.text.splitlines()) <= size[1]


@piloted
async def test_in_ascii_there_is_nothing_else(snapshot: SnapshotAssertion) -> None:
    async with shown(waiting(), ascii_only=True) as driven:
        assert driven.text.isascii()
        assert driven.text == snapshot.use_extension(PlainText)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="pictures are kept for one version of Python")
@pytest.mark.parametrize("theme", ["high-contrast", "monochrome"])
def test_the_wall_looks_so(theme: str, snap_compare: object) -> None:
    app = Showing(surroundings(Clock(), half_way()), Look(theme=theme))
    assert snap_compare(app, terminal_size=(200, 60))  # type: ignore[operator]


# ----------------------------------------------------------------------------------------------------------- pages


@piloted
async def test_pages_turn_by_themselves_one_after_another_and_begin_anew() -> None:
    async with shown() as driven:
        seen = [driven.wall.page]
        for _ in range(3):
            await driven.forward(TURN.total_seconds() - 1)
            seen.append(driven.wall.page)
            await driven.forward(1)
            seen.append(driven.wall.page)
        assert seen == [SITES, SITES, ALERTS, ALERTS, DUE, DUE, SITES]


@piloted
async def test_space_holds_a_page_and_lets_it_go_again() -> None:
    async with shown() as driven:
        await driven.press("right", "space")
        assert "held" in driven.text
        await driven.forward(10 * TURN.total_seconds())
        assert driven.wall.page == ALERTS
        await driven.press("space")
        await driven.forward(TURN.total_seconds())
        assert driven.wall.page == DUE


@piloted
async def test_a_run_that_begins_comes_to_the_front_and_goes_once_it_has_ended() -> None:
    async with shown() as driven:
        await driven.press("right")
        run = half_way()
        driven.wall.around.runs.take([run])
        await driven.forward(1)
        assert driven.wall.page == f"run {run.id}"
        assert "failover 100 LPARs".upper() in driven.text
        driven.wall.around.runs.take([replace(run, state=RunState.SUCCEEDED, ended_at=NOW)])
        await driven.forward(1)
        assert driven.wall.page == SITES


@piloted
async def test_a_held_page_stays_where_a_run_begins_but_its_clock_is_on_it() -> None:
    async with shown() as driven:
        await driven.press("right", "space")
        driven.wall.around.runs.take([half_way()])
        await driven.forward(1)
        assert driven.wall.page == ALERTS
        assert "failover 100 LPARs" in driven.text


@piloted
async def test_where_nothing_changed_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    async with shown() as driven:
        drawn: list[object] = []
        monkeypatch.setattr(Block, "refresh", lambda self, *regions, **options: drawn.append((self, regions)))
        for _ in range(5):
            driven.clock.forward(0.2)
            driven.wall.tick()
        assert drawn == []


@piloted
async def test_of_a_running_clock_only_what_changed_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    async with shown(waiting()) as driven:
        drawn: list[int] = []

        def refresh(self: Block, *regions: object, **options: object) -> None:
            drawn.extend(region.area for region in regions)  # type: ignore[attr-defined]

        monkeypatch.setattr(Block, "refresh", refresh)
        driven.clock.forward(1)
        driven.wall.tick()
        assert 0 < sum(drawn) < 1200, "two digits, and the clock below the band"


@piloted
async def test_other_sizes_are_drawn_anew() -> None:
    async with shown(size=(80, 24)) as driven:
        await driven.pilot.resize_terminal(120, 40)
        await settled(driven.pilot)
        assert len(driven.text.splitlines()) == 40


def test_nobody_reads_is_said_by_the_newest_reading() -> None:
    clock = Clock()
    scene = surroundings(clock).scene()
    newest = max(d.last_ok for d in scene.index.devices.values() if d.last_ok is not None)
    assert not_read(replace(scene, now=newest + timedelta(seconds=LATE_S)), LATE_S) is None
    words = not_read(replace(scene, now=newest + timedelta(seconds=LATE_S + 1)), LATE_S)
    assert words == "Nobody is reading the devices, or none of them answers: what is shown is 3m old."


def test_a_site_of_which_nothing_is_read_is_silent_and_never_down() -> None:
    devices = list(surroundings(Clock()).scene().index.devices.values())
    failing = [replace(device, health=DeviceHealth.FAILING) for device in devices]
    assert standing(failing, NOW) == ("SILENT", Tone.BAD)
    assert standing([*failing[1:], replace(devices[0], health=DeviceHealth.OK)], NOW)[0].endswith("SILENT")
    assert standing([], NOW) == ("NO DEVICES", Tone.OFF)


# --------------------------------------------------------------------------------------------------------- letters


@given(text=st.text(max_size=12), width=st.integers(1, 220), height=st.integers(1, 60), ascii_only=st.booleans())
def test_letters_fit_or_there_are_none(text: str, width: int, height: int, ascii_only: bool) -> None:
    rows = big(text, width, height, ascii_only=ascii_only)
    assert len(rows) <= height
    assert len({len(row) for row in rows}) <= 1
    assert all(len(row) <= width for row in rows)
    assert set("".join(rows)) <= (set("█ ") if ascii_only else set("█▀▄ "))


def test_every_letter_has_five_rows_of_one_width_and_looks_like_no_other() -> None:
    glyphs = big_letters._GLYPHS
    assert all(len(rows) == 5 and len({len(row) for row in rows}) == 1 for rows in glyphs.values())
    alike = [(a, b) for a in glyphs for b in glyphs if a < b and glyphs[a] == glyphs[b]]
    assert alike == [("0", "O"), ("5", "S")] or alike == [("0", "O")]


def test_small_letters_and_accents_are_drawn_as_capitals_and_what_cannot_be_is_not() -> None:
    assert pixels("Évry") == pixels("EVRY")
    assert pixels("東京") is None
    assert small("東京") == []
    assert small_width("") == 0


@given(words=st.lists(st.sampled_from(["failover", "oradb", "3par-oslo", "x" * 60, "東京"]), min_size=1, max_size=30))
def test_sentences_never_leave_their_room_and_never_lose_count(words: list[str]) -> None:
    said = [Said(" ".join(words), Tone.BAD)] * 4
    for width, height in ((198, 55), (78, 20)):
        lines = sentences(said, width, height)
        assert len(lines) <= height
        assert all(line_width(line) <= width for line in lines)


@pytest.mark.parametrize(("seconds", "text"), [(0, "00:00"), (309.9, "05:09"), (3909, "1:05:09"), (-3, "00:00")])
def test_a_clock_reads_as_a_stop_watch(seconds: float, text: str) -> None:
    assert watch_text(seconds) == text
