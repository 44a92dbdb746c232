"""The watch of alerts of one program, out of what it has open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.alerts.sources import EstateSource, KnownRuns, ReadinessSource, RunsSource, Source, figures
from app.alerts.watch import AlertWatch, Engine
from app.recovery.operations import holder
from store.alert_view import AlertView
from store.alerts import AlertStore
from store.outbox import Outbox
from store.schedule_book import ScheduleBook

if TYPE_CHECKING:
    from app.recovery.operations import Operations
    from store.readiness_view import ReadinessView
    from store.view import EstateView


def watching(
    operations: Operations,
    view: AlertView,
    changed: Callable[[], object] = lambda: None,
    *,
    acts: bool,
    estate: EstateView | None = None,
    readiness: ReadinessView | None = None,
    beside: Callable[[], bool] = lambda: False,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AlertWatch:
    """Not begun yet. Unless it ``acts`` it only shows; ``estate`` is that of a program that reads the devices,
    ``readiness`` of one that checks LPARs; ``beside`` is looked at too. Raises StoreError."""
    path = operations.ledger.path
    store, outbox = AlertStore(path, clock), Outbox(path, clock, opened=True)
    sources: list[Source] = []
    opened: list[Callable[[], object]] = [store.close, outbox.close]
    if acts:
        book = ScheduleBook(path, holder())
        opened.append(book.close)
        runs, replicated = KnownRuns(operations.ledger), [one.shown for one in operations.settings.replications]
        sources.append(RunsSource(runs, book, operations.permits))
        if estate is not None:
            figured = figures(operations.settings, estate, operations.ledger)
            sources += [EstateSource(estate, runs, replicated), figured]
        sources += [] if readiness is None else [ReadinessSource(readiness)]
    engine = Engine(store, outbox, view, sources, operations.settings.escalation, holder(), clock)
    return AlertWatch(engine, view, changed, opened, beside)
