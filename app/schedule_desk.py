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
    EditAsked,
    Edited,
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
        from screens.dialogs.schedule_form import ScheduleForm

        found = around.schedules.get(schedule)
        if found is None:
            return

        def answered(edited: Edited | None) -> None:
            if edited is not None:
                self._with(around, schedule, lambda each, here: self._save(each, here, edited))

        await self._app.push_screen(ScheduleForm(found, around), answered)

    def _with(self, around: Surroundings, schedule: int, do: Callable[[Schedule, ConsoleSchedules], str]) -> None:
        """Do it on a thread, and say what came of it."""
        found, here = around.schedules.get(schedule), self._schedules
        if found is None or here is None:
            self._app.say_here("The schedules of the store are not read yet: try again.")
            return

        def guarded() -> None:
            from store.errors import StoreError
            from store.schedule_book import ScheduleError

            try:
                text = do(found, here)
            except (ScheduleError, StoreError) as error:
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
        found = here.edit(schedule, edited.timetable, edited.options)
        return f"{found.name} is saved: {found.timetable.words}."
