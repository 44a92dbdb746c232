"""Samples of capacity in the file: of every minute for two days, of every hour for three months, of every day for three
years. Each hour and day is kept beside the minutes from the first one on, so that thinning only deletes.

Every method may be called from any thread. All raise :class:`store.errors.StoreError` where the file fails.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace
from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from store import engine
from store.capacity_records import Grain, Measured, Resource, Sample, Series, worse
from store.errors import explain
from store.place import Place
from store.tables import CAPACITY_SAMPLE, CAPACITY_SERIES

if TYPE_CHECKING:
    from sqlalchemy import BindParameter, Connection

KEEP: Mapping[Grain, timedelta] = {
    Grain.MINUTE: timedelta(days=2),
    Grain.HOUR: timedelta(days=90),
    Grain.DAY: timedelta(days=3 * 366),
}

_Key = tuple[int, Grain, datetime]
_AT_ONCE = 500
"""So many moments in one question: a database bounds how many parameters one may have."""
_FEW = 50
"""Of so many series the question names them; of more the samples of all others are left out afterwards."""


def stretch(grain: Grain, at: datetime) -> datetime:
    """When the stretch began that ``at`` is in; UTC."""
    at = at.astimezone(UTC)
    match grain:
        case Grain.MINUTE:
            return at.replace(second=0, microsecond=0)
        case Grain.HOUR:
            return at.replace(minute=0, second=0, microsecond=0)
        case Grain.DAY:
            return at.replace(hour=0, minute=0, second=0, microsecond=0)


class CapacityBook:
    """The samples of one store."""

    def __init__(self, path: Place) -> None:
        """The store at ``path``, made and upgraded as by :func:`store.database.open_store`."""
        self.path = path
        self._lock = threading.Lock()
        self._connection: Connection = engine.open_place(path, estate=True)

    def close(self) -> None:
        """Never raises."""
        with self._lock, suppress(Exception):
            engine.close(self._connection)

    # ------------------------------------------------------------------------------------------------------ writing

    def keep(self, measured: Sequence[Measured]) -> int:
        """Keep measurements, in one transaction; of a minute that has one already nothing more is kept. Returns how
        many were new."""
        if not measured:
            return 0
        with self._failing(), engine.transaction(self._connection):
            ids = self._ids(measured)
            kept = self._stretches(measured, ids)
            new = [m for m in measured if (ids[m.series], Grain.MINUTE, stretch(Grain.MINUTE, m.at)) not in kept]
            self._write(new, ids, kept)
        return len(new)

    def thin(self, now: datetime) -> int:
        """Delete what is older than :data:`KEEP`, and series of which nothing is left. Returns how many samples."""
        old = or_(
            *(
                and_(CAPACITY_SAMPLE.c.grain == grain.value, CAPACITY_SAMPLE.c.at < now - age)
                for grain, age in KEEP.items()
            )
        )
        with self._failing():
            if engine.execute(self._connection, select(CAPACITY_SAMPLE.c.series).where(old).limit(1)).first() is None:
                return 0
            with engine.transaction(self._connection):
                gone = self._connection.execute(delete(CAPACITY_SAMPLE).where(old)).rowcount
                left = select(CAPACITY_SAMPLE.c.series)
                self._connection.execute(delete(CAPACITY_SERIES).where(CAPACITY_SERIES.c.id.not_in(left)))
        return int(gone)

    def _ids(self, measured: Iterable[Measured]) -> dict[Series, int]:
        """The ids of their series; those that are new are made, and a name that changed is renewed."""
        known = self._known()
        latest = {m.series: m for m in measured}
        new = [m for series, m in latest.items() if series not in known]
        renamed = [m for series, m in latest.items() if series in known and known[series][1:] != (m.name, m.device)]
        if new:
            self._connection.execute(insert(CAPACITY_SERIES), [_series_row(m) for m in new])
        for m in renamed:
            where = CAPACITY_SERIES.c.id == known[m.series][0]
            self._connection.execute(update(CAPACITY_SERIES).where(where).values(name=m.name, device=m.device))
        if new:
            known = self._known()
        return {series: known[series][0] for series in latest}

    def _known(self) -> dict[Series, tuple[int, str, str]]:
        c = CAPACITY_SERIES.c
        rows = self._connection.execute(select(c.id, c.kind, c.key, c.resource, c.name, c.device))
        return {
            Series(kind, key, Resource(res)): (number, name, device) for number, kind, key, res, name, device in rows
        }

    def _stretches(self, measured: Iterable[Measured], ids: Mapping[Series, int]) -> dict[_Key, Sample]:
        """What is kept of the stretches that the measurements are in."""
        c = CAPACITY_SAMPLE.c
        columns = select(c.series, c.at, c.used, c.total, c.count)
        numbers = set(ids.values())
        if len(numbers) <= _FEW:
            columns = columns.where(c.series.in_(numbers))
        found: dict[_Key, Sample] = {}
        for grain in Grain:
            moments = sorted({stretch(grain, m.at) for m in measured})
            for first in range(0, len(moments), _AT_ONCE):
                query = columns.where(c.grain == grain.value, c.at.in_(moments[first : first + _AT_ONCE]))
                for number, at, used, total, count in self._connection.execute(query):
                    if number in numbers:
                        found[number, grain, at] = Sample(at, used, total, count)
        return found

    def _write(self, new: Iterable[Measured], ids: Mapping[Series, int], kept: Mapping[_Key, Sample]) -> None:
        made: dict[_Key, Sample] = {}
        for m in new:
            for grain in Grain:
                key = ids[m.series], grain, stretch(grain, m.at)
                made[key] = _with(made.get(key) or kept.get(key), m, key[2])
        c = CAPACITY_SAMPLE.c
        fresh = [_sample_row(key, sample) for key, sample in made.items() if key not in kept]
        changed = [_sample_row(key, sample, "its_") for key, sample in made.items() if key in kept]
        if fresh:
            self._connection.execute(insert(CAPACITY_SAMPLE), fresh)
        if changed:
            where = and_(
                c.series == bindparam("its_series"), c.grain == bindparam("its_grain"), c.at == bindparam("its_at")
            )
            values: dict[str, BindParameter[object]] = {
                name: bindparam(f"its_{name}") for name in ("used", "total", "count")
            }
            self._connection.execute(update(CAPACITY_SAMPLE).where(where).values(values), changed)

    # ------------------------------------------------------------------------------------------------------ reading

    def days(self, since: datetime) -> dict[Series, tuple[Sample, ...]]:
        """The samples of each day from that moment on, the oldest first."""
        return self._samples(Grain.DAY, since)

    def hours(self, since: datetime) -> dict[Series, tuple[Sample, ...]]:
        """The samples of each hour, likewise."""
        return self._samples(Grain.HOUR, since)

    def newest(self) -> tuple[Measured, ...]:
        """The newest that was kept of each series; its moment is that of a minute, or of an hour or day where the
        minutes are gone."""
        found: dict[int, Sample] = {}
        c = CAPACITY_SAMPLE.c
        with self._failing():
            for grain in Grain:  # the finest first: what it has needs no other
                last = (
                    select(c.series, func.max(c.at).label("last"))
                    .where(c.grain == grain.value)
                    .group_by(c.series)
                    .subquery()
                )
                same = and_(c.series == last.c.series, c.at == last.c.last)
                query = select(c.series, c.at, c.used, c.total, c.count).join(last, same).where(c.grain == grain.value)
                for number, at, used, total, count in engine.execute(self._connection, query):
                    found.setdefault(number, Sample(at, used, total, count))
            known = self._known()
        return tuple(
            Measured(series, name, device, found[number].at, found[number].used, found[number].total)
            for series, (number, name, device) in known.items()
            if number in found
        )

    def _samples(self, grain: Grain, since: datetime) -> dict[Series, tuple[Sample, ...]]:
        c = CAPACITY_SAMPLE.c
        query = select(c.series, c.at, c.used, c.total, c.count).where(c.grain == grain.value, c.at >= since)
        by_id: dict[int, list[Sample]] = {}
        with self._failing():
            for number, at, used, total, count in engine.execute(self._connection, query.order_by(c.series, c.at)):
                by_id.setdefault(number, []).append(Sample(at, used, total, count))
            known = self._known()
        return {series: tuple(by_id[number]) for series, (number, _, _) in known.items() if number in by_id}

    @contextmanager
    def _failing(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except Exception as error:
                raise explain(error, self.path) from error


def _with(before: Sample | None, measured: Measured, at: datetime) -> Sample:
    if before is None:
        return Sample(at, measured.used, measured.total)
    if worse(measured.series.resource, measured.used, before.used):
        return Sample(at, measured.used, measured.total, before.count + 1)
    return replace(before, count=before.count + 1)


def _series_row(m: Measured) -> dict[str, str]:
    series = m.series
    return {
        "kind": series.kind,
        "key": series.key,
        "resource": series.resource.value,
        "name": m.name,
        "device": m.device,
    }


def _sample_row(key: _Key, sample: Sample, lead: str = "") -> dict[str, object]:
    number, grain, at = key
    values: dict[str, object] = {"series": number, "grain": grain.value, "at": at}
    values |= {"used": sample.used, "total": sample.total, "count": sample.count}
    return {f"{lead}{name}": value for name, value in values.items()}
