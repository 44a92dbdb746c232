"""Where facts come from, each looked at when it is due: the estate, the checks of LPARs, runs and schedules."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from typing import Protocol

from app.alerts import facts_estate, facts_figures, facts_runs
from app.alerts.fold import Look
from app.alerts.rules import Sample, key, raised
from app.permits import Permits
from app.settings_records import Settings
from store.alert_records import Metric, Raised, Rule
from store.drills import DRILLING, VM_DRILL
from store.ledger import Ledger
from store.readiness_view import ReadinessView
from store.replications import Replicated, standings
from store.runs import ENDED, Run
from store.schedule_book import ScheduleBook
from store.view import EstateView

ESTATE, READINESS, RUNS, FIGURES = "estate", "readiness", "runs", "figures"
EVERY_S = 10.0
"""How often a source is looked at."""

NEWEST = 300
"""So many runs are looked at, besides those that go on and all drills."""

AHEAD_DAYS = 183


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


class KnownRuns:
    """The runs that facts are told of, read again only once something was written."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._runs: dict[str, Run] = {}
        self._seq = 0

    def now(self) -> tuple[Run, ...]:
        """Raises StoreError."""
        if not self._seq:
            drills = [run for verb in DRILLING for run in self._ledger.runs_of(verb, NEWEST)]
            new = [*drills, *self._ledger.runs(most=NEWEST)]
        else:
            new = list(self._ledger.runs(after=self._seq))
        going = [run for run in self._runs.values() if run.state not in ENDED]
        alive = self._ledger.alive() if going or new else ()  # that a lease ran out is written nowhere
        self._runs |= {run.id: run for run in (*new, *alive)}
        self._seq = max([self._seq, *(run.seq for run in new)])
        return tuple(self._runs.values())


class EstateSource:
    """For a program that reads the devices. ``runs`` say which machines a drill runs, of those ``replicated``."""

    name = ESTATE

    def __init__(self, view: EstateView, runs: KnownRuns, replicated: Sequence[Replicated] = ()) -> None:
        self._view, self._runs, self._replicated = view, runs, tuple(replicated)

    def look(self, rules: Sequence[Rule], now: datetime) -> Look:
        found = facts_estate.look(self._view, now, self._drilled())
        mine = frozenset({Metric.RPO, Metric.SWEEP_AGE, Metric.DEVICES_FAILING})
        return _look(self.name, found.raised, found.unknown, found.samples, rules, mine)

    def _drilled(self) -> frozenset[str]:
        """The machines whose copies a drill runs: that is no split brain."""
        if not self._replicated:
            return frozenset()
        known = standings(self._runs.now())
        drilling = {
            name
            for name, each in known.items()
            if each.owed or (each.under_way is not None and each.under_way.plan.verb == VM_DRILL)
        }
        return frozenset(one.vm for one in self._replicated if one.name in drilling)


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
    """For every program: the journal and the schedules say it."""

    name = RUNS

    def __init__(self, runs: KnownRuns, book: ScheduleBook, permits: Permits) -> None:
        self._runs, self._book, self._permits = runs, book, permits

    def look(self, rules: Sequence[Rule], now: datetime) -> Look:
        found, samples = facts_runs.of_runs(self._runs.now(), lambda r: self._permits.sites_of(r.plan), now)
        newest = {each: next(iter(self._book.runs(each.id, 1)), None) for each in self._book.schedules()}
        every = [*found, *facts_runs.of_schedules(newest)]
        return _look(self.name, every, set(), samples, rules, frozenset({Metric.RUN_WAITING}))


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


FIGURES_S = 300.0
"""How often capacity and cost are reckoned anew: they change by the hour."""


class FiguresSource:
    """For a program that has the estate: whether the recovery plans fit, and what they cost. ``look_at`` reckons
    both."""

    name = FIGURES

    def __init__(self, look_at: Callable[[datetime], Sequence[Raised]]) -> None:
        self._look_at = look_at
        self._found: tuple[float, Sequence[Raised]] | None = None

    def look(self, rules: Sequence[Rule], now: datetime) -> Look:
        at = time.monotonic()
        if self._found is None or at - self._found[0] >= FIGURES_S:
            self._found = at, self._look_at(now)
        return _look(self.name, self._found[1], set(), (), rules, frozenset())


def figures(settings: Settings, view: EstateView, ledger: Ledger) -> FiguresSource:
    """Of what is stored. No device is asked."""

    def look_at(now: datetime) -> Sequence[Raised]:
        from app.capacity.gather import look as room
        from app.cost.gather import look as cost
        from app.plans import catalogue
        from store.capacity_book import CapacityBook

        listed = catalogue.listed(settings.plan_folder)
        target = {each.name: each.plan.target for each in listed if each.plan is not None}
        with closing(CapacityBook(ledger.path)) as book:
            found = room(settings, view, book, AHEAD_DAYS, now)
        return (*facts_figures.of_capacity(found, target), *facts_figures.of_cost(cost(settings, view, ledger, now)))

    return FiguresSource(look_at)
