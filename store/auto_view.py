"""Automatic failover in memory, as the screens show it: fed by whoever watches the tables.

Written by one thread and read by others: what is read is replaced, never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from store.auto_records import Arming, AutoState, Claim, FailoverEvent, ShadowDecision, Standing, Window
from store.readiness import Check
from store.record import Record


class WatchedGroup(Record, frozen=True):
    """Machines that fail over together, as the configuration has them and screens know them. ``source`` and ``replica``
    are devices; ``automatic``: it is watched, else only people fail it over. ``threshold_s``: silent for so long, in
    seconds, on ``probes`` probes in a row, is an outage; then
    ``veto_s`` seconds are there to say no."""

    name: str
    automatic: bool
    source: str
    replica: str
    source_site: str
    replica_site: str
    vms: tuple[str, ...]
    threshold_s: float
    probes: int
    veto_s: float

    @property
    def targets(self) -> tuple[str, ...]:
        """The names under which a maintenance window may be about it."""
        return (self.name, *self.vms)

    @property
    def held_by(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The sites and the names that maintenance is about where it holds the group: of both sides, with the devices
        that it rests on."""
        return (self.source_site, self.replica_site), (*self.targets, self.source, self.replica)


class Stand(Record, frozen=True):
    """How one group stands. ``standing`` None: it was never looked at. ``event`` is its outage that is under way, and
    ``decision`` what was judged of that last, with every condition."""

    group: WatchedGroup
    standing: Standing | None = None
    arming: Arming | None = None
    event: FailoverEvent | None = None
    decision: ShadowDecision | None = None

    @property
    def state(self) -> AutoState:
        if self.standing is not None:
            return self.standing.state
        return AutoState.SHADOW if self.group.automatic else AutoState.OFF

    def armed(self, now: datetime) -> bool:
        """Whether it may fail over by itself now: two people said so, and nothing that came since has ended that."""
        return self.group.automatic and self.arming is not None and self.arming.valid(now)


class AutoSeen(Record, frozen=True):
    """All of it as the tables had it. ``windows`` are those that are open or will be; ``fired``: so many groups began
    to fail over by themselves within the brake's time, of at most ``most``. ``events`` and ``shadows`` newest first."""

    stands: tuple[Stand, ...] = ()
    watcher: Claim | None = None
    windows: tuple[Window, ...] = ()
    events: tuple[FailoverEvent, ...] = ()
    shadows: tuple[ShadowDecision, ...] = ()
    fired: int = 0
    most: int = 0

    @property
    def braked(self) -> bool:
        """Whether the storm brake holds: no further group begins by itself."""
        return bool(self.stands) and self.fired >= self.most


class Checked(Record, frozen=True):
    """What was found of a group's conditions for being armed, at ``at`` (UTC)."""

    checks: tuple[Check, ...]
    at: datetime


class AutoView:
    """``version`` grows with each change; ``read`` says whether the tables were ever read, ``trouble`` why they could
    not be the last time; ``why_not`` why nothing can be changed from here, ``unchecked`` why conditions are not looked
    at here, both empty where they are; ``checking``: they are being looked at just now."""

    def __init__(self) -> None:
        self.version = 0
        self.read = False
        self.trouble: str | None = None
        self.why_not = ""
        self.unchecked = ""
        self.checking = False
        self.seen = AutoSeen()
        self.checked: Mapping[str, Checked] = {}

    def take(self, seen: AutoSeen) -> bool:
        """Take over the tables as they are now; says whether anything is another than before."""
        if self.read and seen == self.seen:
            return False
        self.seen, self.read = seen, True
        self.version += 1
        return True

    def take_checks(self, group: str, checked: Checked) -> None:
        self.checked = {**self.checked, group: checked}
        self.version += 1

    def get(self, group: str) -> Stand | None:
        return next((each for each in self.seen.stands if each.group.name == group), None)

    def windows_of(self, group: WatchedGroup, now: datetime) -> tuple[Window, ...]:
        """The maintenance windows that are about a group, open now or to come."""
        return tuple(w for w in self.seen.windows if w.touches(*group.held_by) and w.ends > now)
