"""Incidents in the file. Whatever is done to one is one transaction with its journal entry, and the timeline is read
out of the journal alone: of the incident, of the runs that carry its number, and of its group of alerts.

Every method may be called from any thread; all raise :class:`store.errors.StoreError` where the file fails.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from sqlalchemy import and_, func, insert, or_, select, update

from store import engine, journal
from store.approvals import ASKED, GLASS
from store.errors import StoreError, explain
from store.incident_records import LEARNT, LINKED, Incident, IncidentState, Moment, subject
from store.place import Place
from store.recorded import from_text, to_text
from store.remarks import LESSON, NOTE
from store.room_tables import INCIDENT
from store.tables import JOURNAL, RUN
from store.times import to_text as stamp

if TYPE_CHECKING:
    from sqlalchemy import Connection

DECLARED, CHANGED, NOTED = "incident declared", "incident changed", "incident note"
_OF_RUNS = ("proposed", ASKED, GLASS, "approved", "lease taken", "decision", "run", NOTE, LESSON)
_OF_ALERTS = ("alert acknowledged", "alert unacknowledged")
MOST = 1_000
"""So many entries of a timeline are read, the newest."""

CHANGES = ("title", "severity", "component", "commander", "scribe", "state")
"""What of an incident may be changed."""


class IncidentError(Exception):
    """What was asked for cannot be done. The text says why."""


class IncidentStore:
    """The incidents of one store. ``clock`` gives the time in UTC."""

    def __init__(self, path: Place, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """The store at ``path``, made and upgraded as by :func:`store.database.open_store`."""
        self.path = path
        self._lock = threading.RLock()
        self._connection: Connection = engine.open_place(path)
        engine.durable(self._connection)  # what people wrote down must survive a power loss, as with runs
        self._clock = engine.clock(self._connection, clock)

    def close(self) -> None:
        """Never raises."""
        with self._lock, suppress(Exception):
            engine.close(self._connection)

    # ---------------------------------------------------------------------------------------------------- changing

    def declare(self, incident: Incident) -> Incident:
        """Keep an incident under a number of its own."""
        with self._transaction() as (run, append):
            values = {"state": incident.state.value, "facts": to_text(incident)}
            number = int(run(insert(INCIDENT).values(**values)).inserted_primary_key[0])
            made = replace(incident, id=number)
            run(update(INCIDENT).where(INCIDENT.c.id == number).values(facts=to_text(made)))
            append(
                subject(number), DECLARED, {"by": made.by, "before": None, "after": _shown(made), "alert": made.alert}
            )
        return made

    def change(self, number: int, by: str, **wanted: object) -> Incident:
        """Change some of :data:`CHANGES`, and ``resolution`` with the end. Raises :class:`IncidentError` for one that
        is resolved, or where nothing would be another."""
        with self._transaction() as (run, append):
            before = self._open(run, number)
            given: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
            after = replace(before, **given)
            if after == before:
                raise IncidentError(f"{before.name} is so already")
            if after.state is IncidentState.RESOLVED:
                after = replace(after, resolved_at=self._clock())
            self._put(run, after)
            old, new = _shown(before), _shown(after)
            other = [name for name in new if new[name] != old[name]]
            body = {"by": by, "before": {n: old[n] for n in other}, "after": {n: new[n] for n in other}}
            append(subject(number), CHANGED, body)
        return after

    def note(self, number: int, text: str, by: str) -> None:
        """Keep what somebody saw or did, also after the end."""
        with self._transaction() as (run, append):
            self._there(run, number)
            append(subject(number), NOTED, {"by": by, "text": text})

    def lesson(self, number: int, text: str, owner: str, due: date, by: str) -> None:
        """Keep what is to become better; ``owner`` sees to it until ``due``."""
        with self._transaction() as (run, append):
            self._there(run, number)
            append(subject(number), LEARNT, {"by": by, "text": text, "owner": owner, "due": due.isoformat()})

    def link(self, number: int, run_id: str, by: str) -> None:
        """Have a run carry its number that was begun without. Raises :class:`IncidentError` where there is no such run,
        or it carries another number."""
        with self._transaction() as (run, append):
            self._open(run, number)
            found = run(select(RUN.c.incident).where(RUN.c.id == run_id)).first()
            if found is None:
                raise IncidentError(f"there is no run {run_id}")
            if found[0] is not None:
                raise IncidentError(f"run {run_id} carries the number of INC-{found[0]}")
            run(update(RUN).where(RUN.c.id == run_id).values(incident=number))
            told = {"by": by, "run": run_id, "incident": number}
            append(subject(number), LINKED, told)
            append(run_id, LINKED, told)

    # ---------------------------------------------------------------------------------------------------- looking

    def incident(self, number: int) -> Incident:
        """Raises :class:`IncidentError` where there is none."""
        found = self._read(select(INCIDENT.c.facts).where(INCIDENT.c.id == number))
        if not found:
            raise IncidentError(f"there is no incident {number}")
        return from_text(Incident, found[0][0])

    def incidents(self, *, resolved: bool = True, most: int = 200) -> tuple[Incident, ...]:
        """The newest first."""
        wanted = select(INCIDENT.c.facts).order_by(INCIDENT.c.id.desc()).limit(most)
        if not resolved:
            wanted = wanted.where(INCIDENT.c.state != IncidentState.RESOLVED.value)
        return tuple(from_text(Incident, row[0]) for row in self._read(wanted))

    @property
    def head(self) -> int:
        """The newest entry of the journal: another one where anything may have changed."""
        return int(self._read(select(func.coalesce(func.max(JOURNAL.c.seq), 0)))[0][0])

    def runs(self, number: int) -> tuple[str, ...]:
        """The runs that carry its number, the oldest first."""
        wanted = select(RUN.c.id).where(RUN.c.incident == number).order_by(RUN.c.created_at, RUN.c.id)
        return tuple(row[0] for row in self._read(wanted))

    def timeline(self, incident: Incident) -> tuple[Moment, ...]:
        """What the journal tells of it, the oldest first."""
        of_runs = and_(JOURNAL.c.run.in_(self.runs(incident.id)), JOURNAL.c.kind.in_(_OF_RUNS))
        mine = or_(JOURNAL.c.run == subject(incident.id), of_runs)
        columns = (JOURNAL.c.seq, JOURNAL.c.at, JOURNAL.c.run, JOURNAL.c.kind, JOURNAL.c.body)
        rows = list(self._read(select(*columns).where(mine).order_by(JOURNAL.c.seq.desc()).limit(MOST)))
        rows += self._of_alerts(incident, columns, [row for row in rows if row[3] == DECLARED])
        return tuple(
            Moment(seq, at, None if run in ("", subject(incident.id)) else run, kind, json.loads(body))
            for seq, at, run, kind, body in sorted(rows)
        )

    def _of_alerts(self, incident: Incident, columns: Any, declared: Sequence[Any]) -> list[Any]:
        """What was said of its group of alerts while it lasted."""
        if incident.alert is None or not declared:
            return []
        wanted = and_(JOURNAL.c.seq > declared[0][0], JOURNAL.c.run == "", JOURNAL.c.kind.in_(_OF_ALERTS))
        if incident.resolved_at is not None:
            wanted = and_(wanted, JOURNAL.c.at <= incident.resolved_at)
        found = self._read(select(*columns).where(wanted).order_by(JOURNAL.c.seq).limit(MOST))
        return [row for row in found if json.loads(row[4]).get("group") == incident.alert]

    # ---------------------------------------------------------------------------------------------------- underneath

    @staticmethod
    def _there(run: _Run, number: int) -> Incident:
        text = run(select(INCIDENT.c.facts).where(INCIDENT.c.id == number)).scalar()
        if text is None:
            raise IncidentError(f"there is no incident {number}")
        return from_text(Incident, text)

    def _open(self, run: _Run, number: int) -> Incident:
        found = self._there(run, number)
        if found.state is IncidentState.RESOLVED:
            raise IncidentError(f"{found.name} is resolved: notes and lessons can be added, nothing else")
        return found

    @staticmethod
    def _put(run: _Run, incident: Incident) -> None:
        values = {"state": incident.state.value, "facts": to_text(incident)}
        run(update(INCIDENT).where(INCIDENT.c.id == incident.id).values(**values))

    def _read(self, statement: Any) -> Sequence[Any]:
        with self._lock:
            try:
                return list(engine.execute(self._connection, statement))
            except Exception as error:
                raise explain(error, self.path) from error

    @contextmanager
    def _transaction(self) -> Iterator[tuple[_Run, Callable[[str, str, Mapping[str, object]], None]]]:
        written: list[tuple[int, bytes]] = []
        connection = self._connection

        def append(about: str, kind: str, body: Mapping[str, object]) -> None:
            text = json.dumps(body, separators=(",", ":"))
            at = stamp(self._clock())
            written.append(journal.append(connection.exec_driver_sql, at, about, kind, text))

        with self._lock:
            try:
                with engine.transaction(connection):
                    yield connection.execute, append
            except (IncidentError, StoreError):
                raise
            except Exception as error:
                raise explain(error, self.path) from error
            if written:
                journal.note_head(self.path, *written[-1])


_Run = Callable[..., Any]


def _shown(incident: Incident) -> dict[str, object]:
    return {name: getattr(incident, name) for name in (*CHANGES, "site", "resolution")}
