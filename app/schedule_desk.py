"""What the console does with schedules: shows one, and has it paused, run or edited. For the console; what takes its
time is done on threads, and comes back as messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from screens.schedule_messages import (
    AboutSchedules,
    DeleteAsked,
    EditAsked,
    Edited,
    NewAsked,
    PauseAsked,
    RunAsked,
    ScheduleRequested,
    SchedulesChanged,
)

if TYPE_CHECKING:
    from app.console import Console
    from app.timetable.console_schedules import ConsoleSchedules
    from screens.surroundings import Surroundings
    from store.schedule_view import ScheduleView
    from store.schedules import Schedule

BeginSchedules = Callable[["ScheduleView", Callable[[], object], Callable[[str], object], str], "ConsoleSchedules"]

TRIES, AGAIN_S = 60, 5.0
"""So often is it tried to begin, and so long lies between two tries."""

READ_ONLY = "it is read-only"
NEW_KEYS = "Enter Go on   Esc Cancel"
CACHED = "it was started with --cached, which asks no device"


@dataclass
class Told(AboutSchedules):
    """Something that was asked for was done, or was not; ``text`` says which."""

    text: str


@dataclass
class Noticed(AboutSchedules):
    """A schedule has something to say to whoever looks."""

    text: str


class ScheduleDesk:
    """``begin`` begins to watch and run the schedules of the store, None: there are none. It is given the view to keep,
    what to call when that changed, whom to tell what the operator should know, and why nothing is run here."""

    def __init__(self, app: Console, begin: BeginSchedules | None) -> None:
        self._app = app
        self._begin = begin
        self._schedules: ConsoleSchedules | None = None

    def begin(self, around: Surroundings) -> None:
        """Begin with it, once the runs have begun. Called on a thread. A store that is busy is tried again, and the
        pane says so: the console is of use without schedules too."""
        if self._begin is None:
            return
        from app.machinery import EndedError
        from store.errors import StoreError

        tell = self._app.post_message
        why_not = READ_ONLY if around.read_only else CACHED if around.cached else ""
        for _ in range(TRIES):
            try:
                self._schedules = self._begin(
                    around.schedules,
                    lambda: bool(tell(SchedulesChanged())),
                    lambda text: bool(tell(Noticed(text))),
                    why_not,
                )
                return
            except EndedError:
                return
            except StoreError as error:
                around.schedules.trouble = f"The schedules cannot be read: {error}"
                tell(SchedulesChanged())
                time.sleep(AGAIN_S)

    async def hear(self, around: Surroundings, message: AboutSchedules) -> None:
        """Do what a screen, or a thread of this desk, asks for."""
        match message:
            case SchedulesChanged():
                if self._app.shown is not None:
                    self._app.shown.schedules_changed()
            case Noticed():
                self._app.notice(message.text)
            case Told():
                self._app.say_here(message.text)
            case ScheduleRequested() if self._app.may_open(message.asked_by):
                from screens.schedules import ScheduleScreen

                await self._app.push_screen(ScheduleScreen(around, message.schedule))
            case PauseAsked():
                self._with(around, message.schedule, self._pause)
            case RunAsked():
                await self._sure(around, message.schedule)
            case EditAsked():
                await self._edit(around, message.schedule)
            case NewAsked():
                await self._new(around)
            case DeleteAsked():
                await self._delete(around, message.schedule)

    async def _sure(self, around: Surroundings, schedule: int) -> None:
        """Ask before anything is begun."""
        from screens.dialogs.accept import AcceptDialog
        from screens.rows_schedules import options_text, what

        found = around.schedules.get(schedule)
        if found is None:
            return

        def answered(sure: bool | None) -> None:
            if sure:
                self._with(around, schedule, self._run)

        how = options_text(found.kind, found.options)
        told = (
            f"{what(found)}{f', {how}' if how else ''}.",
            "It is done now, beside its timetable, which stays as it is.",
        )
        dialog = AcceptDialog(around.titled(f"Run {found.name} now"), told, accept="Run", ascii_only=around.ascii_only)
        await self._app.push_screen(dialog, answered)

    async def _edit(self, around: Surroundings, schedule: int) -> None:
        from app.schedule_forms import editing, form_kind
        from screens.dialogs.schedule_form import schedule_form

        found = around.schedules.get(schedule)
        if found is None:
            return
        kind = form_kind(found)
        if kind is None:
            self._app.say_here(f"{found.name} is of kind {found.kind}: this program does not know it.")
            return

        def answered(edited: Edited | None) -> None:
            if edited is not None:
                self._with(around, schedule, lambda each, here: self._save(each, here, edited))

        names = editing(around.schedules, found)
        await self._app.push_screen(schedule_form(kind, found, names, around), answered)

    async def _new(self, around: Surroundings) -> None:
        """Ask first what is to be done, then the rest."""
        from app.schedule_forms import kinds_offered
        from screens.dialogs.acts import ActMenu, Chosen

        if around.schedules.why_not or self._schedules is None:
            self._app.say_here(f"Not now: {around.schedules.why_not or 'the schedules are not read yet'}.")
            return

        def answered(chosen: Chosen | None) -> None:
            if chosen is not None:
                self._app.call_later(self._fill_in, around, chosen.order.strip())

        menu = ActMenu(around, "New schedule: what is to be done", kinds_offered(), NEW_KEYS, "Enter opens its form")
        await self._app.push_screen(menu, answered)

    async def _fill_in(self, around: Surroundings, word: str) -> None:
        from app.schedule_forms import blank, editing, form_kind
        from screens.dialogs.schedule_form import schedule_form

        begun = blank(word, around.clock())
        kind = form_kind(begun)
        if kind is None:
            return

        def answered(edited: Edited | None) -> None:
            if edited is not None:
                self._aside(lambda here: self._made(here, word, edited))

        form = schedule_form(kind, begun, editing(around.schedules, None), around)
        await self._app.push_screen(form, answered)

    async def _delete(self, around: Surroundings, schedule: int) -> None:
        from app.timetable.replications import configured
        from screens.dialogs.accept import AcceptDialog
        from screens.rows_schedules import what

        found = around.schedules.get(schedule)
        if found is None:
            return
        if configured(found):
            text = "the configuration makes it: pause it, or take it out of [[replications]]"
            self._app.say_here(f"{found.name} is not deleted: {text}.")
            return

        def answered(sure: bool | None) -> None:
            if sure:
                self._with(around, schedule, self._removed)

        told = [f"{what(found)}, {found.timetable.words}.", "Its history, and the snapshots that it made, stay."]
        if found.kind == "drill":
            told.append("A drill of it that is not cleaned up yet is then cleaned up by nobody but you.")
        dialog = AcceptDialog(
            around.titled(f"Delete {found.name}"), told, accept="Delete", ascii_only=around.ascii_only
        )
        await self._app.push_screen(dialog, answered)

    def _with(self, around: Surroundings, schedule: int, do: Callable[[Schedule, ConsoleSchedules], str]) -> None:
        """Do it on a thread, and say what came of it."""
        found = around.schedules.get(schedule)
        if found is None:
            self._app.say_here("There is no such schedule any more.")
            return
        self._aside(lambda here: do(found, here))

    def _aside(self, do: Callable[[ConsoleSchedules], str]) -> None:
        """Do it on a thread, and say what came of it."""
        here = self._schedules
        if here is None:
            self._app.say_here("The schedules of the store are not read yet: try again.")
            return

        def guarded() -> None:
            from app.permits import RefusedError
            from store.errors import StoreError
            from store.schedule_book import ScheduleError

            try:
                text = do(here)
            except (ScheduleError, StoreError, RefusedError) as error:
                text = f"Not done: {str(error).rstrip('.')}."
            except Exception as error:  # its text may hold anything, a secret too
                text = f"Not done: a defect, {type(error).__name__}."
            self._app.post_message(Told(text))

        threading.Thread(target=guarded, name="schedule desk", daemon=True).start()

    @staticmethod
    def _pause(schedule: Schedule, here: ConsoleSchedules) -> str:
        found = here.pause(schedule)
        return f"{found.name} is {'paused' if found.paused else 'due again from now on'}."

    @staticmethod
    def _run(schedule: Schedule, here: ConsoleSchedules) -> str:
        here.run_now(schedule)
        return f"{schedule.name} was begun: Enter shows what becomes of it."

    @staticmethod
    def _save(schedule: Schedule, here: ConsoleSchedules, edited: Edited) -> str:
        found = here.edit(schedule, edited)
        return f"{found.name} is saved: {found.timetable.words}{', paused' if found.paused else ''}."

    @staticmethod
    def _made(here: ConsoleSchedules, kind: str, edited: Edited) -> str:
        found = here.add(kind, edited)
        return f"{found.name} is made: {found.timetable.words}{', paused' if found.paused else ''}."

    @staticmethod
    def _removed(schedule: Schedule, here: ConsoleSchedules) -> str:
        here.remove(schedule)
        return f"{schedule.name} is deleted; its history stays."
