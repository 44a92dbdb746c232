"""Lessons of runs and incidents, out of their entries in the journal: what is to become better, who sees to it, until
when, and whether that was done.

Every call opens the store for itself. Raises :class:`store.errors.StoreError` where it cannot be read or written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

from store import engine, journal
from store.errors import StoreError, explain
from store.incident_records import LEARNT
from store.place import Place
from store.record import Record
from store.remarks import LESSON
from store.times import from_text
from store.times import to_text as stamp

DONE = "lesson done"
_KINDS = (LESSON, LEARNT, DONE)


class LessonError(Exception):
    """It cannot be closed. The text says why."""


class Lesson(Record, frozen=True):
    """``number`` is that of its entry in the journal, ``about`` the run or incident; times UTC. ``done_by``: who closed
    it, with what they said was done; None: it is open."""

    number: int
    about: str
    text: str
    owner: str
    due: date
    by: str
    at: datetime
    done_by: str | None = None
    done_at: datetime | None = None
    done: str = ""

    def late(self, today: date) -> bool:
        """Whether it is open beyond its day."""
        return self.done_by is None and self.due < today


def lessons(rows: Iterable[tuple[int, str, str, str, str]]) -> tuple[Lesson, ...]:
    """Out of entries of the journal (number, time, run, kind, body), the oldest first. Pure."""
    found: dict[int, Lesson] = {}
    for number, at, about, kind, text in rows:
        body: dict[str, Any] = json.loads(text)
        if kind != DONE:
            due = date.fromisoformat(body["due"])
            found[number] = Lesson(number, about, body["text"], body["owner"], due, body["by"], from_text(at))
        elif (known := found.get(body["lesson"])) is not None:
            values = (known.number, known.about, known.text, known.owner, known.due, known.by, known.at)
            found[known.number] = Lesson(*values, body["by"], from_text(at), body["text"])
    return tuple(found.values())


_ALL = f"SELECT seq, at, run, kind, body FROM journal WHERE kind IN ({', '.join('?' * len(_KINDS))}) ORDER BY seq"


def read(place: Place) -> tuple[Lesson, ...]:
    """All of them, the oldest first."""
    try:
        with engine.reading(place) as run:
            return lessons(run(_ALL, _KINDS).fetchall())
    except Exception as error:
        raise explain(error, place) from error


def close(place: Place, number: int, text: str, by: str) -> Lesson:
    """Keep that a lesson was seen to, and how. Raises :class:`LessonError` for one that is not there, or closed."""
    if not text.strip():
        raise LessonError("say what was done")
    try:
        with closing(engine.open_place(place)) as connection:
            engine.durable(connection)
            with engine.transaction(connection):
                kept = lessons(connection.exec_driver_sql(_ALL, _KINDS).fetchall())
                known = next((each for each in kept if each.number == number), None)
                if known is None:
                    raise LessonError(f"no lesson has the number {number}")
                if known.done_by is not None:
                    raise LessonError(f"{known.done_by} closed it already: {known.done}")
                body = json.dumps({"by": by, "lesson": number, "text": text.strip()}, separators=(",", ":"))
                now = stamp(datetime.now(UTC))
                head = journal.append(connection.exec_driver_sql, now, known.about, DONE, body)
            journal.note_head(place, *head)
    except (LessonError, StoreError):
        raise
    except Exception as error:
        raise explain(error, place) from error
    return next(each for each in read(place) if each.number == number)
