"""The screens of schedules: how they stand, what one did and will do, and what the operator has done to them."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from syrupy.assertion import SnapshotAssertion

from app import schedule_desk
from app.timetable.console_schedules import ConsoleSchedules
from screens.dialogs.form import Form
from store.errors import StoreError
from store.schedule_book import ScheduleBook
from store.schedules import JobOptions
from store.timetable import Frequency, Timetable
from store.timetable_texts import changed, texts_of
from tests.screens.estate import troubled
from tests.screens.kept_schedules import kept_schedules
from tests.screens.piloting import Driven, driven, piloted
from tests.screens.test_screens_snapshots import PlainText
from tests.store.test_store_timetable import timetables

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture(autouse=True)
def in_paris(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Paris")


@asynccontextmanager
async def scheduled(
    folder: Path, size: tuple[int, int] = (80, 24), *, read_only: bool = False
) -> AsyncIterator[tuple[Driven, ScheduleBook]]:
    with kept_schedules(folder) as (begin, book):
        async with driven(troubled().view(), size, read_only=read_only, begin_schedules=begin) as console:
            yield console, book


KEYS = {
    "schedules": ["9"],
    "schedule": ["9", "j", "j", "enter"],
    "schedule_run": ["9", "j", "j", "n"],
    "schedule_form": ["9", "j", "j", "E"],
    "schedule_form_wrong": ["9", "j", "j", "E", "tab", "tab", "tab", "backspace"],
    "schedule_kinds": ["9", "N"],
    "schedule_new": ["9", "N", "enter"],
    "schedule_delete": ["9", "j", "j", "D"],
}


@SIZES
@pytest.mark.parametrize("screen", KEYS)
@piloted
async def test_the_screen_reads_so(
    screen: str, size: tuple[int, int], snapshot: SnapshotAssertion, tmp_path: Path
) -> None:
    async with scheduled(tmp_path, size) as (console, _):
        await console.press(*KEYS[screen])
        assert console.text == snapshot.use_extension(PlainText)
        assert max(len(line) for line in console.text.splitlines()) <= size[0]


@piloted
async def test_p_pauses_and_resumes_what_is_selected(tmp_path: Path) -> None:
    async with scheduled(tmp_path) as (console, book):
        await console.press("9", *"jj")
        assert "erp-nightly" in console.line("erp-nightly")
        await console.press("p")
        await console.wait_for(lambda: "erp-nightly is paused." in console.text, "it is not said")
        assert book.named("erp-nightly").paused
        await console.wait_for(lambda: "○ paused" in console.line("erp-nightly"), "it is not shown")
        await console.press("p")
        await console.wait_for(lambda: "due again from now on" in console.text, "it is not said")
        assert not book.named("erp-nightly").paused


@piloted
async def test_n_asks_then_runs_it_and_its_history_tells(tmp_path: Path) -> None:
    async with scheduled(tmp_path) as (console, book):
        schedule = book.named("erp-nightly")
        await console.press("9", "j", "j", "n")
        assert "Run erp-nightly now" in console.text
        await console.press("ctrl+y")
        await console.wait_for(lambda: "erp-nightly was begun" in console.text, "it is not said")
        await console.wait_for(lambda: str(book.runs(schedule.id)[0].result) == "failed", "it did not end")
        assert book.runs(schedule.id)[0].trigger == "by hand"
        await console.press("enter")
        told = "No server of the configuration has a machine"
        await console.wait_for(lambda: told in console.text, "the history does not tell")


@piloted
async def test_the_form_shows_the_dates_of_what_is_typed_and_saves_them(tmp_path: Path) -> None:
    async with scheduled(tmp_path, (120, 40)) as (console, book):
        await console.press("9", "j", "j", "E")
        assert isinstance(console.console.screen, Form)
        assert "Mon 2026-03-02 01:00 CET" in console.text
        await console.press("tab", "tab", "ctrl+u", *"week", "tab", "ctrl+u")
        await console.type("23:30")
        await console.press("tab", "ctrl+u", *"sun")
        assert "weekly on Sunday at 23:30, Europe/Paris" in console.text
        assert "Sun 2026-03-29 23:30 CEST" in console.text
        await console.press("ctrl+y")
        await console.wait_for(lambda: "erp-nightly is saved" in console.text, "it is not said")
        assert book.named("erp-nightly").timetable.words == "weekly on Sunday at 23:30, Europe/Paris"


@piloted
async def test_a_backup_says_how_many_it_keeps_and_that_can_be_edited(tmp_path: Path) -> None:
    async with scheduled(tmp_path) as (console, book):
        await console.press("9")
        book.add("a-backup", "vm-backup", "web01,db01", JobOptions(keep=5), Timetable(Frequency.DAILY))
        await console.wait_for(lambda: "vm-backup" in console.text, "it is not shown")
        await console.press("slash", *"a-backup", "enter", "enter")
        await console.wait_for(lambda: "keep 5" in console.text, "its detail does not say it")
        await console.press("escape", "E")
        form = console.console.screen
        assert isinstance(form, Form)
        assert form.fields["keep"].value == "5"


@piloted
async def test_what_means_nothing_is_not_saved_and_escape_changes_nothing(tmp_path: Path) -> None:
    async with scheduled(tmp_path) as (console, book):
        before = book.named("erp-nightly")
        await console.press("9", "j", "j", "E", "tab", "tab", "tab", "backspace", "ctrl+y")
        assert isinstance(console.console.screen, Form)
        assert "expected HH:MM" in console.text
        await console.press("escape")
        assert book.named("erp-nightly") == before


@piloted
async def test_the_form_edits_all_of_a_schedule_but_its_kind(tmp_path: Path) -> None:
    async with scheduled(tmp_path, (120, 40)) as (console, book):
        before = book.named("erp-nightly")
        await console.press("9", "j", "j", "E", "ctrl+u")
        await console.type("pg-oracle")
        assert "name pg-oracle: there is a schedule of that name already" in console.text
        await console.press("ctrl+u")
        await console.type("gw-nightly")
        await console.press("tab", "ctrl+u")
        assert "target: expected a target" in console.text
        await console.type("erp-gw2")
        await console.press("tab", "tab", "tab", "tab", "ctrl+u")
        await console.type("0")
        assert "keep 0: expected 1 or more" in console.text
        await console.press("backspace", *"9", "tab", "ctrl+u")
        await console.type("quiesced")
        await console.press("tab", "ctrl+u")
        await console.type("yes")
        assert "○ paused; it would be due:" in console.text
        await console.press("ctrl+y")
        await console.wait_for(lambda: "gw-nightly is saved" in console.text, "it is not said")
        found = book.named("gw-nightly")
        assert (found.id, found.kind, found.target, found.paused) == (before.id, before.kind, "erp-gw2", True)
        assert found.options == JobOptions(keep=9, quiesce=True)
        assert found.timetable == before.timetable


@piloted
async def test_a_new_schedule_is_made_by_its_kind_and_a_form_and_deleted_after_a_question(tmp_path: Path) -> None:
    async with scheduled(tmp_path, (120, 40)) as (console, book):
        await console.press("9", "N", *"jjj", "enter")
        assert "New schedule of kind rcg-sync" in console.text
        assert "Keep" not in console.text, "this kind keeps nothing"
        await console.press("ctrl+y")
        assert "name: expected a name of letters" in console.text
        await console.type("sync-web")
        await console.press("tab")
        await console.type("web")
        await console.press("tab", "ctrl+u")
        await console.type("month")
        assert "Day " in console.line("of months")
        assert "Weekday" not in console.text
        await console.press("ctrl+y")
        await console.wait_for(lambda: "sync-web is made: monthly on day 1" in console.text, "it is not said")
        made = book.named("sync-web")
        assert (made.kind, made.target, made.paused) == ("rcg-sync", "web", False)
        await console.wait_for(lambda: "rcg-sync web" in console.text, "it is not shown")
        await console.press("g", "slash", *"sync-web", "enter", "D")
        assert "Its history, and the snapshots that it made, stay." in console.text
        await console.press("enter")
        assert book.named("sync-web")
        await console.press("D", "ctrl+y")
        await console.wait_for(lambda: "sync-web is deleted" in console.text, "it is not said")
        assert "sync-web" not in {each.name for each in book.schedules()}


@piloted
async def test_of_a_schedule_that_the_configuration_makes_only_the_pause_is_edited(tmp_path: Path) -> None:
    async with scheduled(tmp_path, (120, 40)) as (console, book):
        book.add("replicate-erp", "replicate", "erp", JobOptions(), Timetable(Frequency.MINUTES, every_min=15))
        await console.press("9")
        await console.wait_for(lambda: "replicate-erp" in console.text, "it is not shown")
        await console.press("slash", *"replicate-erp", "enter", "D")
        assert "take it out of [[replications]]" in console.text
        await console.press("E", "ctrl+u", *"yes", "ctrl+y")
        await console.wait_for(lambda: "replicate-erp is saved" in console.text, "it is not said")
        assert book.named("replicate-erp").paused


@piloted
async def test_a_read_only_console_shows_them_and_says_that_it_runs_none(tmp_path: Path) -> None:
    async with scheduled(tmp_path, read_only=True) as (console, book):
        await console.press("9")
        assert "This console runs no schedule: it is read-only." in console.text
        await console.press("p")
        assert "Pause is refused: this console is read-only." in console.text
        assert not book.named("drills").paused


@piloted
async def test_what_others_change_is_shown(tmp_path: Path) -> None:
    async with scheduled(tmp_path) as (console, book):
        await console.press("9")
        book.pause("drills")
        await console.wait_for(lambda: "○ paused" in console.line("drills"), "it is not shown")


@piloted
async def test_a_store_that_is_busy_is_tried_again_and_the_pane_says_so_meanwhile(tmp_path: Path) -> None:
    tries: list[int] = []
    free = threading.Event()
    with kept_schedules(tmp_path) as (begin, _), pytest.MonkeyPatch.context() as patched:
        patched.setattr(schedule_desk, "AGAIN_S", 0.05)

        def busy(*given_: Any) -> ConsoleSchedules:
            tries.append(1)
            if not free.is_set():
                raise StoreError("The store is busy", "Try again")
            return begin(*given_)

        async with driven(troubled().view()) as console:
            desk = schedule_desk.ScheduleDesk(console.console, busy)
            console.console._schedules = desk
            threading.Thread(target=desk.begin, args=(console.console.around,), daemon=True).start()
            await console.press("9")
            await console.wait_for(lambda: "The store is busy" in console.text, "it is not said")
            free.set()
            await console.wait_for(lambda: "erp-nightly" in console.text, "they are not shown")
            assert "busy" not in console.text
            assert len(tries) > 1


@given(timetables)
def test_the_texts_of_a_timetable_make_the_same_one(timetable: Timetable) -> None:
    assert changed(timetable, texts_of(timetable)) == timetable or not _hourly_equal(timetable)


def _hourly_equal(timetable: Timetable) -> bool:
    """Whether the texts hold every field: those of a day do not say how many hours lie between."""
    return timetable.every_h == 1 or str(timetable.frequency) == "hourly"
