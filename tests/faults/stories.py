"""Stories of two consoles on one estate, drawn by Hypothesis: ``make long`` tells how many, and how the runs ended.

A story is a list of events: runs of any verb on any groups by either console, at once or one after the other; words of
the operators; faults, a dark site, links that are cut; consoles that leave, or are stopped beyond their lease and come
back; owners who start a server where a run said that it serves. What must hold after each of them is in
:mod:`tests.faults.tale`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from msgspec.structs import replace

from backends.lab.faults import FaultKind
from store.place import Place
from store.rcg_verbs import RcgVerb
from store.runs import Choice
from tests.faults.rcg_estate import RcgEstate, rcg_estate
from tests.faults.tale import GROUPS, Tale
from tests.postgres import Postgres, running

CONSOLES = st.integers(0, 1)
VERBS = tuple(verb for verb in RcgVerb if verb is not RcgVerb.SWITCHOVER)  # it needs Peer Persistence


@dataclass(frozen=True)
class Plans:
    """A console plans a verb, and acts for it where no guard refuses; ``wait``: until it is through. ``verb`` None:
    what is usually done next."""

    console: int
    groups: tuple[int, ...]
    verb: RcgVerb | None
    disaster: bool
    wait: bool

    def happens(self, tale: Tale) -> None:
        tale.plans(self.console, self.groups, self.verb, self.disaster)
        if self.wait:
            tale.wait(self.console)


@dataclass(frozen=True)
class Resumes:
    """A console acts for a run that has not ended. ``late``: whoever held it was stopped beyond its lease."""

    console: int
    which: int
    late: bool
    wait: bool

    def happens(self, tale: Tale) -> None:
        tale.resumes(self.console, self.which, self.late)
        if self.wait:
            tale.wait(self.console)


@dataclass(frozen=True)
class Decides:
    which: int
    choice: Choice

    def happens(self, tale: Tale) -> None:
        tale.decides(self.which, self.choice)


@dataclass(frozen=True)
class Leaves:
    console: int

    def happens(self, tale: Tale) -> None:
        tale.leaves(self.console)


@dataclass(frozen=True)
class Breaks:
    """A fault of a device; ``count`` None: until all are mended."""

    device: str
    kind: FaultKind
    verb: str
    count: int | None
    seconds: float

    def happens(self, tale: Tale) -> None:
        countable = self.kind not in (FaultKind.UNREACHABLE, FaultKind.SESSION_LIMIT, FaultKind.HANG)
        verb = self.verb if countable or self.kind is FaultKind.HANG else "*"
        tale.estate.world.faults.add(
            self.device, self.kind, verb, seconds=self.seconds, count=self.count if countable else None
        )


@dataclass(frozen=True)
class Mends:
    def happens(self, tale: Tale) -> None:
        tale.mends()


@dataclass(frozen=True)
class Power:
    """The site where groups are made goes dark, or has power again."""

    dark: bool

    def happens(self, tale: Tale) -> None:
        tale.power(self.dark)


@dataclass(frozen=True)
class Links:
    up: bool

    def happens(self, tale: Tale) -> None:
        tale.links(self.up)


@dataclass(frozen=True)
class Owner:
    """Starts the server of a group where it serves, or stops it."""

    group: int
    on: bool

    def happens(self, tale: Tale) -> None:
        tale.owner(self.group, self.on)


@dataclass(frozen=True)
class Passes:
    """Time in which nothing else happens."""

    seconds: float

    def happens(self, tale: Tale) -> None:
        time.sleep(self.seconds)


@dataclass(frozen=True)
class Asked:
    """Waits until a device was asked something for the first time in the story."""

    device: str
    verb: str

    def happens(self, tale: Tale) -> None:
        tale.asked(self.device, self.verb)


Event = Plans | Resumes | Decides | Leaves | Breaks | Mends | Power | Links | Owner | Passes | Asked

_KINDS = (
    FaultKind.UNREACHABLE,
    FaultKind.HANG,
    FaultKind.SLOW,
    FaultKind.DROP_BEFORE,
    FaultKind.DROP_AFTER,
    FaultKind.TRUNCATED,
    FaultKind.HTTP_403,
    FaultKind.HTTP_503,
    FaultKind.HTTP_504_AFTER,
    FaultKind.SESSION_LIMIT,
)
_SOME = st.sampled_from([(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)])
_PLANS = st.builds(Plans, CONSOLES, _SOME, st.none() | st.sampled_from(VERBS), st.booleans(), st.booleans())
_NEXT = st.builds(Plans, CONSOLES, _SOME, st.none(), st.just(False), st.booleans())
_DISASTER = st.builds(Plans, CONSOLES, _SOME, st.just(RcgVerb.FAILOVER), st.just(True), st.booleans())
_RESUMES = st.builds(Resumes, CONSOLES, st.integers(0, 3), st.booleans(), st.booleans())
_BREAKS = st.builds(
    Breaks,
    st.sampled_from(["3par-p", "3par-l", "3par-?"]),
    st.sampled_from(_KINDS),
    st.sampled_from(["*", "GET *", "show*", "P* /remotecopygroups", "*vlun*", "setrcopygroup *"]),
    st.sampled_from([1, 2, None]),
    st.sampled_from([0.3, 1.4]),
)
_TAKEN_OVER = st.builds(
    lambda breaks, plans, passes, late: [breaks, plans, passes, Resumes(1 - plans.console, 0, late, True)],
    _BREAKS,
    st.one_of(_NEXT, _DISASTER).map(lambda plans: replace(plans, wait=False)),
    st.builds(Passes, st.sampled_from([0.3, 1.2])),
    st.booleans(),
)
"""What one console is in the middle of is taken over by the other."""

EVENTS: st.SearchStrategy[Event] = st.one_of(
    _NEXT,
    _NEXT,
    _PLANS,
    _DISASTER,
    _RESUMES,
    _RESUMES,
    st.builds(Decides, st.integers(0, 3), st.sampled_from([Choice.PAUSE, Choice.CONTINUE, Choice.ABORT])),
    st.builds(Leaves, CONSOLES),
    _BREAKS,
    _BREAKS,
    st.just(Mends()),
    st.builds(Power, st.booleans()),
    st.builds(Links, st.booleans()),
    st.builds(Owner, st.integers(0, len(GROUPS) - 1), st.booleans()),
    st.builds(Owner, st.integers(0, len(GROUPS) - 1), st.just(True)),
    st.builds(Passes, st.sampled_from([0.3, 1.2])),
)


_CHUNKS = st.one_of(*[EVENTS.map(lambda event: [event])] * 4, _TAKEN_OVER)


def told(estate: RcgEstate, events: list[Event], directory: Path, server: Postgres | None = None) -> Counter[str]:
    """Let a story happen, its store in a file or on a ``server``. Raises AssertionError where something did that must
    not."""
    with _store(directory) if server is None else server.store() as place, Tale.begun(estate, place) as tale:
        for event in events:
            event.happens(tale)
            tale.check()
        tale.ends()
        return tale.counts


@contextmanager
def _store(directory: Path) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(dir=directory) as folder:
        yield Path(folder) / "runs.sqlite"


def campaign(number: int, stories: int, longest: int, directory: Path, server: Postgres | None = None) -> Counter[str]:
    """So many stories from a seed; returns how often what happened. Raises what the shortest bad one raised."""
    counts: Counter[str] = Counter()
    with rcg_estate(directory) as estate:

        @seed(number)
        @settings(
            max_examples=stories,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
        @given(st.lists(_CHUNKS, min_size=min(6, longest), max_size=longest))
        def story(chunks: list[list[Event]]) -> None:
            events = [event for chunk in chunks for event in chunk]
            found = told(estate, events, directory, server)
            counts.update(found)
            counts.update(f"event: {type(event).__name__}" for event in events)
            counts["stories"] += 1

        story()
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stories", type=int, default=200)
    parser.add_argument("--longest", type=int, default=20)
    parser.add_argument("--postgres", action="store_true", help="both consoles on one PostgreSQL")
    arguments = parser.parse_args()
    with running() if arguments.postgres else nullcontext() as server:
        return _told(arguments, server)


def _told(arguments: argparse.Namespace, server: Postgres | None) -> int:
    began, counts, wrong = time.monotonic(), Counter[str](), 0
    at_once = 20  # an estate with too many groups is slow to read
    for first in range(0, arguments.stories, at_once):
        with tempfile.TemporaryDirectory() as folder:
            number = arguments.seed * 100_000 + first
            try:
                counts += campaign(
                    number, min(at_once, arguments.stories - first), arguments.longest, Path(folder), server
                )
                print(f"{counts['stories']} told", flush=True)
            except (AssertionError, HypothesisException, ExceptionGroup) as error:
                wrong += 1
                print(f"from seed {number}: {error}", *getattr(error, "__notes__", ()), sep="\n", flush=True)
    for name, count in sorted(counts.items()):
        print(f"{count:>6} {name}")
    took = time.monotonic() - began
    print(f"seed {arguments.seed}: {counts['stories']} stories in {took:.0f} s, {wrong} bad ones")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
