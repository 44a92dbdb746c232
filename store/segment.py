"""A part of the journal with its hashes, from which the chain can be followed without the store."""

from __future__ import annotations

from store import engine
from store.errors import explain
from store.journal import FIRST
from store.place import Place
from store.record import Record

TAIL = 20_000
"""So many entries behind the last one of a run are taken along, to show that it leads to the head. A journal that went
on for longer is not copied with every run: its head is named, and ``drdeck audit verify`` follows it in the store."""

_ENTRIES = "SELECT seq, at, run, kind, body, hash FROM journal WHERE seq BETWEEN ? AND ? ORDER BY seq"


class Link(Record, frozen=True):
    """An entry of the journal as it is chained: ``at`` as :mod:`store.times` writes it, ``body`` JSON text, ``hash``
    32 bytes."""

    seq: int
    at: str
    run: str
    kind: str
    body: str
    hash: bytes


class Segment(Record, frozen=True):
    """All entries from the first to the last one about ``run``, those of others between them too, as the chain needs
    them; and behind them those up to the head, or none where they are too many. ``before`` is the hash that the first
    one follows; ``head_seq``, ``head_at`` and ``head`` are of the newest entry of the whole journal."""

    run: str
    before: bytes
    links: tuple[Link, ...]
    head_seq: int
    head_at: str
    head: bytes

    @property
    def own(self) -> tuple[Link, ...]:
        """The entries about the run itself."""
        return tuple(link for link in self.links if link.run == self.run)

    @property
    def whole(self) -> bool:
        """Whether it reaches the head."""
        return self.links[-1].seq == self.head_seq


def segment(store: Place, run_id: str, tail: int = TAIL) -> Segment | None:
    """Read it from the store at ``store``, which is not changed; None: the journal knows of no such run.

    Raises :class:`store.errors.StoreError` where it cannot be read.
    """
    try:
        with engine.reading(store) as run:
            return _read(run, run_id, tail)
    except Exception as error:
        raise explain(error, store) from error


def _read(run: engine.Read, run_id: str, tail: int) -> Segment | None:
    first, last = run("SELECT min(seq), max(seq) FROM journal WHERE run = ?", (run_id,)).fetchone()
    if first is None or not run_id:
        return None
    head_seq, head_at, head = run("SELECT seq, at, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    until = head_seq if head_seq - last <= tail else last
    found = run("SELECT hash FROM journal WHERE seq = ?", (first - 1,)).fetchone()
    links = tuple(
        Link(seq, at, run_of, kind, body, bytes(digest))
        for seq, at, run_of, kind, body, digest in run(_ENTRIES, (first, until))
    )
    return Segment(run_id, FIRST if found is None else bytes(found[0]), links, head_seq, head_at, bytes(head))
