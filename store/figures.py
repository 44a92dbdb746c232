"""Counts of what the store holds, for monitoring: leases, runs, and how far the journal's note lags.

Each call opens the file for itself. Raises :class:`store.errors.StoreError` where the file fails.
"""

from __future__ import annotations

from contextlib import closing

from sqlalchemy import func, select

from store import engine, journal
from store.errors import explain
from store.place import Place
from store.record import Record
from store.tables import JOURNAL_HEAD, LEASE, RUN


class Figures(Record, frozen=True):
    """``epochs`` by target; ``runs`` how many are in each state, by its word; ``journal_lag`` how many of the newest
    entries are not noted beside the store, None: nothing is noted there, or it cannot be read."""

    epochs: dict[str, int]
    runs: dict[str, int]
    journal_entries: int
    journal_lag: int | None


def read(path: Place) -> Figures:
    """The figures of the store at ``path``."""
    lease, run, head = LEASE, RUN, JOURNAL_HEAD
    noted = journal.noted(path)  # before the entries, which only grow
    try:
        with closing(engine.open_place(path)) as connection:
            epochs = connection.execute(select(lease.c.target, lease.c.epoch).order_by(lease.c.target)).all()
            runs = connection.execute(select(run.c.state, func.count()).group_by(run.c.state)).all()
            entries = connection.execute(select(func.max(head.c.seq))).scalar() or 0
    except Exception as error:
        raise explain(error, path) from error
    lag = None if noted is None and entries else max(0, entries - (noted or 0))
    return Figures({t: int(e) for t, e in epochs}, {s: int(n) for s, n in runs}, int(entries), lag)
