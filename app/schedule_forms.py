"""What the forms of schedules are given: the kinds there are, what each takes, and which names are free."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from app import schedule_words
from app.timetable.kinds import KINDS, kind_of
from app.timetable.replications import configured
from screens.dialogs.schedule_form import FormKind
from screens.offers import Offer
from store.schedule_view import ScheduleView
from store.schedules import JobOptions, Schedule
from store.timetable import Frequency, Timetable


def form_kind(schedule: Schedule) -> FormKind | None:
    """What the form of a schedule asks for; None: this program does not know its kind."""
    kind = kind_of(schedule)
    if kind is None:
        return None
    return FormKind(kind.word, kind.about, kind.target, kind.options, kind.check, fixed=configured(schedule))


def kinds_offered() -> tuple[Offer, ...]:
    """Every kind, to choose from."""
    return tuple(
        Offer(kind.word, kind.word, f"{kind.about[0].upper()}{kind.about[1:]}", kind.word) for kind in KINDS.values()
    )


def blank(kind: str, now: datetime) -> Schedule:
    """What the form of a new schedule begins with: every day at two, on the clock of this machine."""
    timetable = Timetable(Frequency.DAILY, hour=2, zone=schedule_words.local_zone())
    return Schedule(0, "", kind, "", JobOptions(), timetable, "", now, now)


def editing(view: ScheduleView, schedule: Schedule | None) -> Callable[[str], str]:
    """Whether a name can be given to a schedule, None for a new one. Raises ValueError with what was expected."""

    def checked(text: str) -> str:
        name = schedule_words.name(text)
        if any(each.name == name and (schedule is None or each.id != schedule.id) for each in view.schedules):
            raise ValueError(f"{name}: there is a schedule of that name already")
        return name

    return checked
