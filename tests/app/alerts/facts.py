"""Facts, made by hand, for tests of alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from app.alerts.fold import Look
from app.alerts.rules import Sample, raised
from store.alert_records import AlertKind, EscalationStep, Raised, Rule
from store.notices import Severity

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Time:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def goes_on(self, **span: float) -> None:
        self.now += timedelta(**span)


def device(name: str, site: str = "paris", token: str = "", severity: Severity = Severity.MAJOR) -> Raised:
    return Raised(
        f"device:{name}", AlertKind.DEVICE_FAILING, severity, site, name, f"{name} cannot be read",
        f"{name} cannot be read.", "drdeck check", token=token, under=(site,),
    )  # fmt: skip


def silence_of(site: str = "paris") -> Raised:
    return Raised(
        f"site:{site}", AlertKind.SITE_SILENT, Severity.CRITICAL, site, site, f"{site} is silent", f"{site} is silent.",
        "look", root=True,
    )  # fmt: skip


def late(name: str, *under: str, hold_s: float = 0.0) -> Raised:
    return Raised(
        f"rpo:{name}", AlertKind.RPO_LATE, Severity.MAJOR, under[0], name, f"{name} is beyond its RPO", "old.", "look",
        under=under, hold_s=hold_s,
    )  # fmt: skip


STEPS = (
    EscalationStep(0.0, "operator on duty", "chat", Severity.MAJOR),
    EscalationStep(900.0, "head of operations", "mail", Severity.CRITICAL),
)


class Told:
    """A source that says what a test puts into it: what is wrong, what is not known, what was measured."""

    def __init__(self, name: str = "runs") -> None:
        self.name = name
        self.found: list[Raised] = []
        self.unknown: set[str] = set()
        self.samples: list[Sample] = []

    def look(self, rules: Sequence[Rule], now: datetime) -> Look:
        return Look(self.name, (*self.found, *raised(rules, self.samples)), frozenset(self.unknown))
