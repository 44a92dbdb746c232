"""The infrastructure in the store: what each source gave, and every change of it with its entries of the journal.

Every call opens the store for itself: infrastructure is imported by people, now and then. All raise
:class:`store.errors.StoreError` where the store fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from msgspec import field

from store import engine, journal
from store.errors import StoreError, explain
from store.infra.differences import Difference, by_ref, differences
from store.infra.records import CLASSES, KIND_OF, Item, Kind, Ref, Source, ref_of
from store.place import Place
from store.record import Record
from store.recorded import from_text, to_text
from store.times import to_text as stamp

if TYPE_CHECKING:
    from sqlalchemy import Connection

A_BATCH = 200
"""So many changes stand in one entry of the journal; more of them make more entries."""

IMPORTED, FORGOTTEN = "infrastructure imported", "infrastructure forgotten"


class InfraError(Exception):
    """It cannot be stored like this. The text says what is in the way."""


class Kept(Record, frozen=True):
    """Everything stored: each item, the name of its source, and the sources by name."""

    items: dict[Ref, Item] = field(default_factory=dict)
    source_of: dict[Ref, str] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)

    def of(self, source: str) -> dict[Ref, Item]:
        """What one source gave."""
        return {ref: item for ref, item in self.items.items() if self.source_of[ref] == source}


def read(path: Place) -> Kept:
    """Everything that is stored."""
    try:
        with closing(engine.open_place(path)) as connection:
            return _read(connection)
    except Exception as error:
        raise explain(error, path) from error


def taken(kept: Kept, source: str, items: Iterable[Item]) -> list[tuple[Ref, str]]:
    """The items that another source gave already, each with that one's name."""
    refs = (ref_of(item) for item in items)
    return [(ref, kept.source_of[ref]) for ref in refs if kept.source_of.get(ref, source) != source]


def put(path: Place, source: Source, items: Sequence[Item]) -> tuple[Difference, ...]:
    """Store what a source gives in place of what it gave before; the same again changes only when it was imported.
    Returns what changed. Raises :class:`InfraError` for an item that another source gave."""
    return _store(path, source, items, IMPORTED)


def forget(path: Place, source: Source) -> tuple[Difference, ...]:
    """Take out all that a source gave, and the source. Returns what is gone."""
    return _store(path, source, (), FORGOTTEN)


def _store(path: Place, source: Source, items: Sequence[Item], kind: str) -> tuple[Difference, ...]:
    try:
        with closing(engine.open_place(path)) as connection:
            engine.durable(connection)
            with engine.transaction(connection):
                kept = _read(connection)
                others = taken(kept, source.name, items)
                if others:
                    (_, key), other = others[0]
                    raise InfraError(f"{key} was imported from {other} already: drdeck infra forget {other}")
                found = differences(kept.of(source.name), by_ref(items))
                _write(connection, source, by_ref(items), found, gone=kind == FORGOTTEN)
                head = _journal(connection, source, kind, found)
            journal.note_head(path, *head)
    except (InfraError, StoreError):
        raise
    except Exception as error:
        raise explain(error, path) from error
    return found


def _read(connection: Connection) -> Kept:
    from sqlalchemy import select

    from store.tables import INFRA_ITEM, INFRA_SOURCE

    kept, items, sources = Kept(), INFRA_ITEM, INFRA_SOURCE
    for name, at, by in connection.execute(select(sources.c.name, sources.c.at, sources.c.by).order_by(sources.c.name)):
        kept.sources[name] = Source(name, at, by)
    wanted = select(items.c.kind, items.c.key, items.c.source, items.c.facts).order_by(items.c.kind, items.c.key)
    for kind, key, source, facts in connection.execute(wanted):
        ref = Kind(kind), key
        kept.items[ref] = from_text(CLASSES[ref[0]], facts)
        kept.source_of[ref] = source
    return kept


def _write(
    connection: Connection, source: Source, items: dict[Ref, Item], found: Sequence[Difference], *, gone: bool
) -> None:
    from sqlalchemy import delete, insert, select, update

    from store.tables import INFRA_ITEM, INFRA_SOURCE

    rows, sources = INFRA_ITEM, INFRA_SOURCE
    here = sources.c.name == source.name
    if connection.execute(select(sources.c.name).where(here)).first() is None:
        connection.execute(insert(sources).values(name=source.name, at=source.at, by=source.by))
    else:
        connection.execute(update(sources).where(here).values(at=source.at, by=source.by))
    for one in found:
        at = (rows.c.kind == one.kind.value) & (rows.c.key == one.key)
        connection.execute(delete(rows).where(at))
        item = items.get((one.kind, one.key))
        if item is not None:
            values = {"kind": KIND_OF[type(item)].value, "key": item.key, "source": source.name, "facts": to_text(item)}
            connection.execute(insert(rows).values(**values))
    if gone:
        connection.execute(delete(sources).where(here))


def _journal(connection: Connection, source: Source, kind: str, found: Sequence[Difference]) -> tuple[int, bytes]:
    """One entry for every :data:`A_BATCH` changes; one at least, as it was imported. Returns the newest."""
    told = [[one.change, one.kind, one.key, [list(values) for values in one.fields]] for one in found]
    head = 0, b""
    for first in range(0, max(1, len(told)), A_BATCH):
        body = {"source": source.name, "by": source.by, "changes": told[first : first + A_BATCH]}
        text = json.dumps(body, separators=(",", ":"))
        head = journal.append(connection.exec_driver_sql, stamp(source.at), "", kind, text)
    return head
