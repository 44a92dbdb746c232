"""The form of a schedule: all of it but its kind. The next five dates are shown while it is typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from screens.cells import Cell, Line, Tone
from screens.dialogs.form import Asked, Form, Judged, Texts
from screens.firstrun_base import paragraph
from screens.rows_schedules import date_texts, what
from screens.schedule_messages import Edited
from screens.status import GLYPHS
from screens.surroundings import Surroundings
from store.schedules import MOST_CLEANUP_MIN, JobOptions, Schedule
from store.timetable import Frequency
from store.timetable_texts import BY_CLOCK, EVERY, changed, number, texts_of

_DAYS = [word for word, (frequency, _) in EVERY.items() if frequency in BY_CLOCK]
_HOURS = [word for word, (frequency, _) in EVERY.items() if frequency is Frequency.HOURLY]
_WHEN = (
    ("every", "Every", " ".join((*_DAYS, *_HOURS, "15m"))),
    ("at", "At", "HH:MM; of hours :MM, the minute"),
    ("weekday", "Weekday", "of weeks: Monday to Sunday"),
    ("day", "Day", "of months: 1 to 31, or the month's end"),
    ("zone", "Zone", "such as Europe/Paris"),
)
DRILLS = "Nobody types anything when it is due: you agree to its drills now."
_YES = {"yes": True, "y": True, "no": False, "n": False}
_HOW = ("plain", "memory", "quiesced")


class FormKind(Struct, frozen=True):
    """A kind of schedule as its form knows it: ``target`` says what its target is, empty: it has none; ``options`` are
    the fields of :class:`store.schedules.JobOptions` that it takes; ``check`` raises ValueError for a target that
    cannot be. ``fixed``: the configuration says all of it, but for whether it is paused."""

    word: str
    about: str
    target: str
    options: frozenset[str]
    check: Callable[[str], None]
    fixed: bool = False


def schedule_form(kind: FormKind, schedule: Schedule, name: Callable[[str], str], around: Surroundings) -> Form[Edited]:
    """Of a schedule that is there, or of a new one, which has the id 0. ``name`` raises ValueError for one that cannot
    be given."""

    def judge(texts: Texts) -> Judged[Edited]:
        found = _edited(kind, schedule, name, texts)
        told = DRILLS if "cleanup_min" in kind.options else ""
        return Judged(
            found, lambda width: [*_outcome(found, around.clock(), width), *paragraph(told, width, Tone.WARN)]
        )

    new = schedule.id == 0
    title = f"New schedule of kind {kind.word}" if new else f"Schedule {schedule.name}: {what(schedule)}"
    if kind.fixed:
        title += ". The configuration says all of it, but for whether it is paused"
    accept = "Make" if new else "Save"
    asked = tuple(_asked(kind, schedule))
    shown = None if kind.fixed else _shown
    return Form(around.titled(title), asked, judge, accept=accept, shown=shown, ascii_only=around.ascii_only)


def _asked(kind: FormKind, schedule: Schedule) -> Iterator[Asked]:
    options, when = schedule.options, texts_of(schedule.timetable)
    if not kind.fixed:
        yield Asked("name", "Name", schedule.name, "letters, digits, . _ -")
        if kind.target:
            yield Asked("target", "Target", schedule.target, kind.target)
        for word, label, hint in _WHEN:
            yield Asked(word, label, when[word], hint)
        if "keep" in kind.options:
            yield Asked("keep", "Keep", str(options.keep), "so many that it made stay")
        if "memory" in kind.options:
            how = "memory" if options.memory else "quiesced" if options.quiesce else "plain"
            yield Asked("how", "How", how, f"{', '.join(_HOW[:-1])} or {_HOW[-1]}")
        if "replicate" in kind.options:
            yield Asked("replicate", "Replicate", _word(options.replicate), "yes or no: sent to the target at once")
        if "days" in kind.options:
            yield Asked("days", "Days", str(options.days), "a drill older than that is due")
        if "cleanup_min" in kind.options:
            yield Asked("cleanup_min", "Clean up", str(options.cleanup_min), "after so many minutes; 0: you are told")
    yield Asked("paused", "Paused", _word(schedule.paused), "yes or no: nothing of it begins by itself")


def _word(yes: bool) -> str:
    return "yes" if yes else "no"


def _shown(texts: Texts) -> frozenset[str]:
    """The lines that mean something with how often it is due."""
    frequency = EVERY.get(texts["every"], (Frequency.MINUTES, 0))[0]
    hidden = {"weekday"} if frequency is not Frequency.WEEKLY else set()
    hidden |= {"day"} if frequency is not Frequency.MONTHLY else set()
    hidden |= {"at"} if frequency is Frequency.MINUTES else set()
    return frozenset(texts.keys() - hidden)


def _edited(kind: FormKind, schedule: Schedule, name: Callable[[str], str], texts: Texts) -> Edited:
    """What is typed. Raises ValueError with what was expected."""
    paused = _yes("paused", texts)
    if kind.fixed:
        return Edited(schedule.name, schedule.target, schedule.timetable, schedule.options, paused)
    target = texts.get("target", "")
    try:
        called = name(texts["name"])
    except ValueError as error:
        raise ValueError(f"name {error}") from None
    try:
        kind.check(target)
    except ValueError as error:
        raise ValueError(f"target {target}: {error}") from None
    shown = _shown(texts)
    when = {word: texts[word] for word, _, _ in _WHEN if word in shown}
    return Edited(called, target, changed(schedule.timetable, when), _options(schedule.options, texts), paused)


def _options(options: JobOptions, texts: Texts) -> JobOptions:
    for field in ("keep", "days"):
        if field in texts:
            count = number(field, texts[field])
            if count < 1:
                raise ValueError(f"{field} {texts[field]}: expected 1 or more")
            options = replace(options, keep=count) if field == "keep" else replace(options, days=count)
    if "cleanup_min" in texts:
        minutes = number("clean up", texts["cleanup_min"])
        if minutes > MOST_CLEANUP_MIN:
            raise ValueError(f"clean up {minutes}: expected 0 to {MOST_CLEANUP_MIN} minutes")
        options = replace(options, cleanup_min=minutes)
    if "replicate" in texts:
        options = replace(options, replicate=_yes("replicate", texts))
    if (how := texts.get("how")) is not None:
        if how not in _HOW:
            raise ValueError(f"how {how}: expected {', '.join(_HOW[:-1])} or {_HOW[-1]}")
        options = replace(options, memory=how == "memory", quiesce=how == "quiesced")
    return options


def _yes(field: str, texts: Texts) -> bool:
    found = _YES.get(texts[field].lower())
    if found is None:
        raise ValueError(f"{field} {texts[field]}: expected yes or no")
    return found


def _outcome(edited: Edited, now: datetime, width: int) -> Iterator[Line]:
    """The next five dates of what is typed."""
    yield from paragraph(edited.timetable.words, width)
    told = f"{GLYPHS[Tone.OFF]} paused; it would be due:" if edited.paused else "Next five dates:"
    yield (Cell(told, Tone.HEADING),)
    for text in date_texts(edited.timetable, now):
        yield (Cell(f"  {text}"),)
