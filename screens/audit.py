"""The journal: every change of anything, by whom and from where; and one entry with all that it holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from textual.binding import BindingType

from screens import sources as src
from screens.actions import Place, bindings
from screens.ages import age, moment, moment_short
from screens.audit_messages import AuditRequested, EntryRequested
from screens.cells import Cell, Line, Tone, wrap
from screens.columns import Column, Measure, Row
from screens.run_log import entry_words
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part
from screens.status import EMPTY, LOADING
from screens.surroundings import Surroundings
from screens.tables import TableScreen
from screens.text import TextScreen
from store.journal_view import MOST
from store.runs import Entry

COLUMNS = (
    Column("No.", right=True, measure=Measure.NUMBER, rank=3, source=src.JOURNAL),
    Column("When (UTC)", measure=Measure.MOMENT, field="when", source=src.JOURNAL),
    Column("Age", measure=Measure.MOMENT, rank=2, source=src.JOURNAL),
    Column("Run", rank=4, source=src.JOURNAL),
    Column("Kind", cut=8, source=src.JOURNAL),
    Column("Who", cut=10, source=src.JOURNAL),
    Column("What", cut=20, source=src.JOURNAL),
)
LOOK_S = 5


class AuditScreen(TableScreen):
    PLACE = Place.AUDIT
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.AUDIT)]
    PANE = "events"
    NOUN = "entries"
    SCOPE = None

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "audit", COLUMNS)

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        return [(str(entry.seq), entry.seq) for entry in self.around.journal.entries]

    def row(self, key: str, scene: Scene) -> Row:
        entry = self.around.journal.get(int(key))
        if entry is None:
            raise LookupError(f"entry {key} is not known")
        who, words = told(entry)
        return (
            Cell(key, value=entry.seq),
            Cell(moment_short(scene.now, entry.at), value=entry.at.timestamp()),
            Cell(age(scene.now, entry.at), value=entry.at.timestamp()),
            Cell(entry.run) if entry.run else EMPTY,
            Cell(entry.kind),
            Cell(who) if who else EMPTY,
            Cell(words),
        )

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        journal = self.around.journal
        text = f"The journal: {journal.total} entries, newest first"
        if journal.total > MOST:
            text = f"The journal: the newest {MOST} of {journal.total} entries; drdeck audit export has all"
        read = "" if journal.read_at is None else f"   read {age(scene.now, journal.read_at)} ago"
        return ((Cell(text, Tone.HEADING), Cell(read, Tone.DIM)), *self.view_lines(scene))

    def tick_body(self, scene: Scene) -> None:
        read = self.around.journal.read_at
        if read is None or (scene.now - read).total_seconds() >= LOOK_S:
            self.post_message(AuditRequested())
        self.draw(scene)

    def runs_changed(self) -> None:
        self.redraw()

    def opens(self, key: str) -> EntryRequested:
        return EntryRequested(int(key), self)

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        if self.around.journal.read_at is None:
            return ((LOADING,),)
        words = "The journal is empty: nobody has changed anything with this store."
        return tuple((Cell(text, Tone.DIM),) for text in wrap(words, max(10, self.width - 1)))


@lru_cache(maxsize=2 * MOST)
def told(entry: Entry) -> tuple[str, str]:
    """Who it was, and from where, where the entry says so; and what was done."""
    body = json.loads(entry.body)
    who = body.get("by") or body.get("holder") or ""
    return " and ".join(who) if isinstance(who, list) else str(who), entry_words(entry.kind, body)[0]


class EntryScreen(TextScreen):
    """One entry, with every field of its body: before and after, where it holds both."""

    PLACE = Place.ENTRY
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.ENTRY)]
    PANE = "events"

    def __init__(self, around: Surroundings, seq: int) -> None:
        super().__init__(around)
        self.seq = seq

    def title_text(self, scene: Scene) -> str:
        return f"Entry {self.seq} of the journal"

    def content(self, scene: Scene) -> Iterable[Part]:
        entry = self.around.journal.get(self.seq)
        if entry is None:
            words = "It is not among the newest entries any more: drdeck audit export has all."
            return (Note(words, Tone.UNKNOWN),)
        return entry_parts(entry, scene)


def entry_parts(entry: Entry, scene: Scene) -> list[Part]:
    who, words = told(entry)
    facts: list[Part] = [
        Fact("When", Cell(moment(entry.at)), source=src.JOURNAL),
        Fact("Who", Cell(who) if who else EMPTY, source=src.JOURNAL),
        Fact("Kind", Cell(entry.kind), source=src.JOURNAL),
        Fact("Run", Cell(entry.run) if entry.run else EMPTY, source=src.JOURNAL),
        Fact("What", Cell(words), source=src.JOURNAL),
        Heading("As it is kept"),
    ]
    return [*facts, *(Fact(name, Cell(text), source=src.JOURNAL) for name, text in _flat("", json.loads(entry.body)))]


def _flat(name: str, value: Any) -> Iterable[tuple[str, str]]:
    """Every value of a body with the path to it."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else key, inner)
    elif isinstance(value, list) and value and not all(isinstance(item, str | int | float) for item in value):
        for number, inner in enumerate(value, 1):
            yield from _flat(f"{name}[{number}]", inner)
    else:
        yield name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
