"""A store in which things are wrong at two sites, some of them somebody's, and an incident; and what a console begins
to show it with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from app.alerts import rules
from app.alerts.watch import Engine
from app.recovery.operations import Operations
from app.room import Room
from app.room_desk import BeginRoom
from app.settings import nothing
from store.alert_records import AlertKind, EscalationStep
from store.alert_view import AlertView
from store.alerts import AlertStore
from store.database import open_store
from store.estate import Site, SiteRole
from store.incident_records import Incident, IncidentView
from store.incidents import IncidentStore
from store.ledger import Ledger
from store.notices import Severity
from store.outbox import Outbox
from store.readiness_view import ReadinessView
from tests.app.alerts.facts import Told, device, late, silence_of
from tests.screens.estate import NOW, Clock, ago

STEPS = (
    EscalationStep(0.0, "operator on duty", "chat", Severity.MAJOR),
    EscalationStep(900.0, "head of operations", "mail", Severity.CRITICAL),
)
ANNA = "anna@jump"


def fill(path: Path, clock: Clock) -> None:
    """Oslo is silent for ten minutes and explains three alerts; two of bergen are somebody's, one is not."""
    source = Told()
    missed = replace(late("nightly", "bergen"), kind=AlertKind.SCHEDULE_MISSED, severity=Severity.WARNING, site="")
    with closing(AlertStore(path, clock)) as store, closing(Outbox(path, clock)) as outbox:
        engine = Engine(store, outbox, AlertView(), [source], STEPS, "console b", clock, due=lambda: lambda: True)
        clock.now = ago(3600)
        source.found = [late("crm", "bergen"), late("erp", "bergen"), replace(missed, under=())]
        engine.round()
        clock.now = ago(3000)
        found = [each.alert for each in store.alerts() if each.alert.fact.kind is AlertKind.RPO_LATE]
        store.acknowledge("bergen/rpo-late", found, "bert", NOW + timedelta(hours=2), "line is being mended", ANNA)
        store.add_rule(rules.made("old-copies", "rpo", ">", "30m", "10m", "major", ANNA, clock.now))
        clock.now = ago(600)
        dark = [
            silence_of("oslo"),
            device("fa-oslo", "oslo"),
            device("hmc-oslo", "oslo"),
            late("web", "oslo", "bergen"),
        ]
        source.found += dark
        engine.round()
    with closing(IncidentStore(path, clock)) as incidents:
        made = incidents.declare(
            Incident(0, "Oslo is dark", Severity.CRITICAL, "power of oslo", "oslo", ANNA, ago(500), commander="anna",
                     alert="oslo/site-silent")
        )  # fmt: skip
        clock.now = ago(300)
        incidents.note(made.id, "the fire brigade is on its way", "carl@jump")
    clock.now = NOW


@contextmanager
def kept_room(folder: Path, *, filled: bool = True) -> Iterator[tuple[BeginRoom, Path]]:
    """What a console begins its operations room with. Its clock stands at :data:`NOW`."""
    path, clock = folder / "room.sqlite", Clock()
    store, ledger = open_store(path), Ledger(path, clock)
    if filled:
        fill(path, clock)
    sites = (Site("oslo", SiteRole.PROD), Site("bergen", SiteRole.DR))
    settings = replace(nothing(folder / "config.toml"), escalation=STEPS, sites=sites)
    operations = Operations(settings, store, ledger)
    begun: list[Room] = []

    def begin(
        views: tuple[AlertView, IncidentView], readiness: ReadinessView, changed: Callable[[], object], why_not: str,
        cached: bool,
    ) -> Room:  # fmt: skip
        views[0].why_not = why_not
        begun.append(Room(operations, views, changed, acts=False, clock=clock))
        begun[-1].start()
        return begun[-1]

    try:
        yield begin, path
    finally:
        for each in begun:
            each.close(1.0)
        ledger.close()
        store.close()
