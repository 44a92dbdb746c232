"""Where facts come from, each looked at when it is due: the estate, the checks of LPARs, runs and schedules."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from app.alerts import facts_estate, facts_runs
from app.alerts.fold import Look
from app.alerts.rules import Sample, key, raised
from app.permits import Permits
from store.alert_records import Metric, Raised, Rule
from store.drills import DRILLING
from store.ledger import Ledger
from store.readiness_view import ReadinessView
from store.runs import ENDED, Run
from store.schedule_book import ScheduleBook
from store.view import EstateView

ESTATE, READINESS, RUNS = "estate", "readiness", "runs"
EVERY_S = 10.0
"""How often a source is looked at."""

NEWEST = 300
"""So many runs are looked at, besides those that go on and all drills."""


class Source(Protocol):
    """Facts that one program looks at for all. ``name`` is what it claims."""

    name: str

    def look(self, rules: Sequence[Rule], now: datetime) -> Look:
        """Raises StoreError."""
        ...


def _look(
    name: str, found: Sequence[Raised], unknown: set[str], samples: Sequence[Sample], rules: Sequence[Rule],
    mine: frozenset[Metric],
) -> Look:  # fmt: skip
    of_rules = raised([rule for rule in rules if rule.metric in mine], samples)
    unmeasured = {key(rule, each) for rule in rules for each in unknown}
    return Look(name, (*found, *of_rules), frozenset(unknown | unmeasured))


class EstateSource:
    """For a program that reads the devices."""

    name = ESTATE

    def __init__(self, view: EstateView) -> None:
        self._view = view

    def look(self, rules: Sequence[Rule], now: datetime) -> Look:
        found = facts_estate.look(self._view, now)
        mine = frozenset({Metric.RPO, Metric.SWEEP_AGE, Metric.DEVICES_FAILING})
        return _look(self.name, found.raised, found.unknown, found.samples, rules, mine)


class ReadinessSource:
    """For a program that checks LPARs."""

    name = READINESS

    def __init__(self, view: ReadinessView) -> None:
        self._view = view

    def look(self, rules: Sequence[Rule], now: datetime) -> Look:
        found, unknown, samples = facts_runs.of_readiness(self._view, now)
        if self._view.covered is not None and not samples:
            unknown.add(self._view.covered.nominal)
        return _look(self.name, found, unknown, samples, rules, frozenset({Metric.LPARS_NOT_READY}))


class RunsSource:
    """For every program: the journal and the schedules say it. Runs are read again only once something was written."""

    name = RUNS

    def __init__(self, ledger: Ledger, book: ScheduleBook, permits: Permits) -> None:
        self._ledger, self._book, self._permits = ledger, book, permits
        self._runs: dict[str, Run] = {}
        self._seq = 0

    def look(self, rules: Sequence[Rule], now: datetime) -> Look:
        self._renew()
        found, samples = facts_runs.of_runs(self._runs.values(), lambda r: self._permits.sites_of(r.plan), now)
        newest = {each: next(iter(self._book.runs(each.id, 1)), None) for each in self._book.schedules()}
        every = [*found, *facts_runs.of_schedules(newest)]
        return _look(self.name, every, set(), samples, rules, frozenset({Metric.RUN_WAITING}))

    def _renew(self) -> None:
        if not self._seq:
            drills = [run for verb in DRILLING for run in self._ledger.runs_of(verb, NEWEST)]
            new = [*drills, *self._ledger.runs(most=NEWEST)]
        else:
            new = list(self._ledger.runs(after=self._seq))
        going = [run for run in self._runs.values() if run.state not in ENDED]
        alive = self._ledger.alive() if going or new else ()  # that a lease ran out is written nowhere
        self._runs |= {run.id: run for run in (*new, *alive)}
        self._seq = max([self._seq, *(run.seq for run in new)])


class Due:
    """Whether a source is due, by a clock that nobody sets."""

    def __init__(self, every_s: float = EVERY_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s, self._clock = every_s, clock
        self._at = float("-inf")

    def __call__(self) -> bool:
        now = self._clock()
        if now - self._at < self._every_s:
            return False
        self._at = now
        return True
