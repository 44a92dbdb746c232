"""One story of outages while it is told: the watch with its store and its consoles, what happens between its rounds,
and what the oracle needs to know of each."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from app.auto_records import Auto
from app.recovery.auto.watch import Told, Watch
from store.auto import AutoStore, ClaimError, HeldError
from store.auto_records import AutoState, EventState, Part, Says, Window
from store.estate import PowerState
from tests.faults.auto_oracle import Moment, due
from tests.faults.auto_world import AutoWorld, WorldEyes, WorldRecovery

WORDS = {Says.UP: "answers", Says.DOWN: "silent", Says.UNKNOWN: "nothing"}


@dataclass
class Tale:
    """One story while it is told."""

    world: AutoWorld
    store: AutoStore
    rng: random.Random
    counts: Counter[str]
    eyes: object = None
    recovery: WorldRecovery | None = None
    history: dict[str, list[Moment]] = field(default_factory=dict)
    vetoes: dict[str, list[float]] = field(default_factory=dict)
    fired: dict[str, int] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    violations: list[object] = field(default_factory=list)
    holders: int = 1
    watch: Watch | None = None
    left_out: frozenset[Callable[[Tale], None]] = frozenset()

    def __post_init__(self) -> None:
        self.recovery = self.recovery or WorldRecovery(self.world)
        self.eyes = self.eyes or WorldEyes(self.world)
        self.history = {group.name: [] for group in self.world.groups}
        self.vetoes = {group.name: [] for group in self.world.groups}
        self.console()

    def console(self) -> None:
        """Another console watches from now on."""
        world = self.world
        self.watch = Watch(
            Auto(tuple(world.groups), None, world.brake), self.store, self.eyes, self.recovery,
            f"console {self.holders}", self.told.append, world.now, self._run,
        )  # fmt: skip

    def _run(self, work: Callable[[], None]) -> None:
        if self.world.dies_when_firing:
            return
        before = len(self.world.world.referee.violations)
        work()
        new = self.world.world.referee.violations[before:]
        self.violations += new

    # -------------------------------------------------------------------------------------------------------- rounds

    def round(self) -> None:
        """One look of the watch; what it could see is written down for the oracle first."""
        world = self.world
        moments = {group.name: self._moment(group) for group in world.groups}
        try:
            self.watch.round()
        except ClaimError:
            self.counts["rounds held up by a dead console's claim"] += 1
            return
        assert not self.violations, f"a failover broke the rules of the referee: {self.violations}"
        assert "defect" not in [one.key for one in self.told], self.told[-1].text
        number = len(next(iter(self.history.values())))
        for group in world.groups:
            self.history[group.name].append(moments[group.name])
            standing = self.store.standing(group.name)
            latched = standing.state in (AutoState.FIRING, AutoState.FIRED)
            if latched and group.name not in self.fired:
                self.fired[group.name] = number
            assert latched or group.name not in self.fired, f"{group.name} came out of its latch"
        self.counts["rounds"] += 1
        self._split_brain_is_told()

    def _moment(self, group) -> Moment:
        world, t = self.world, self.world.now().timestamp()
        arming = self.store.arming(group.name)
        said = {part.value: "nothing" if part in world.cuts.late else WORDS[world.said(part)] for part in Part}
        pairs = [world.pairs[name] for name in group.vms]
        frozen = tuple(None if name in world.cuts.incomplete else world.pairs[name].frozen for name in group.vms)
        return Moment(
            t=t,
            said=said,
            off=world.off(group) if world.said(Part.API) is Says.UP else None,
            gateway=not world.cuts.uplink,
            dr=world.dr_answers(),
            others_silent=world.neighbour(),
            frozen=frozen if world.dr_answers() else None,
            replica_runs=any(pair.replica.power is not PowerState.OFF for pair in pairs),
            window=any(
                w.begins.timestamp() <= t < (w.ended_at or w.ends).timestamp() and w.target in (None, *group.targets)
                for w in self.windows
            ),
            armed=arming is not None and arming.ended_at is None and arming.until is not None
            and t < arming.until.timestamp(),
            bound_s=0.0 if arming is None else arming.bound_s,
            drilled=t - world.drills[group.name].timestamp() < 90 * 86400 and world.digests[group.name] == "as drilled",
        )  # fmt: skip

    def _split_brain_is_told(self) -> None:
        world = self.world
        for group in world.groups:
            both = any(
                world.pairs[name].source.power is PowerState.ON and world.pairs[name].replica.power is PowerState.ON
                for name in group.vms
            )
            said = [one for one in self.told if one.group == group.name and one.key == "split brain"]
            if both and world.said(Part.API) is Says.UP and world.dr_answers():
                assert len(said) == 1, f"{group.name}: split brain was told {len(said)} times"

    # -------------------------------------------------------------------------------------------------------- events

    def happens(self) -> None:
        """One thing, drawn at random."""
        events = [(event, weight) for event, weight in EVENTS if event not in self.left_out]
        draw = self.rng.choices([event for event, _ in events], [weight for _, weight in events])[0]
        self.counts[f"event: {draw.__name__.strip('_')}"] += 1
        draw(self)

    def end(self) -> None:
        """Compare with the oracle, and look at what is kept."""
        wanted = due(self.history, self.vetoes, self.world.brake).fires
        for name in self.history:
            got, want = self.fired.get(name), wanted.get(name)
            assert got == want, f"{name} failed over in round {got}, the oracle says {want}"
        self.counts["failovers"] += len(self.fired)
        self.counts["stories with a failover"] += bool(self.fired)
        for group in self.world.groups:
            self._kept(group.name)

    def _kept(self, name: str) -> None:
        events = self.store.events(name)
        assert len({event.id for event in events}) == len(events)
        assert len([event for event in events if event.fired_at]) == (name in self.fired)
        pages = [one for one in self.told if one.group == name and one.key == "fired"]
        assert len(pages) <= 1, f"{name}: told {len(pages)} times that it fired"
        begun = self._outages(name)
        assert len(events) <= begun, f"{name}: {len(events)} events of {begun} outages"
        self.counts["outages"] += begun
        self.counts["shadow decisions"] += len(self.store.shadows(name))
        self.counts["events vetoed"] += sum(event.state is EventState.VETOED for event in events)

    def _outages(self, name: str) -> int:
        count, before = 0, False
        for moment in self.history[name]:
            silent = "silent" in moment.said.values()
            count += silent and not before
            before = silent
        return count


# ---------------------------------------------------------------------------------------------------- what may happen


def _power_fails(tale: Tale) -> None:
    tale.world.dark(True)


def _power_is_back(tale: Tale) -> None:
    tale.world.dark(False, autostart=tale.rng.random() < 0.6)


def _uplink(tale: Tale) -> None:
    tale.world.cuts.uplink = not tale.world.cuts.uplink


def _wan(tale: Tale) -> None:
    tale.world.cuts.wan = not tale.world.cuts.wan


def _links(tale: Tale) -> None:
    tale.world.cuts.links = not tale.world.cuts.links


def _isolated(tale: Tale) -> None:
    if tale.world.cuts.isolated:
        tale.world.cuts.isolated = False
    else:
        tale.world.isolate()


def _center(tale: Tale) -> None:
    tale.world.cuts.center = not tale.world.cuts.center


def _flaps(tale: Tale) -> None:
    """On and off again each minute or two, for a while."""
    what = tale.rng.choice((_wan, _links, _flash))
    for _ in range(tale.rng.randint(2, 5)):
        what(tale)
        tale.world.pass_time(tale.rng.randint(40, 130))
        tale.round()


def _flash(tale: Tale) -> None:
    world = tale.world
    world.dark(not world.world.sites["paris"].dark, autostart=True)


def _lie(tale: Tale) -> None:
    cuts, part = tale.world.cuts, tale.rng.choice(list(Part))
    cuts.lies = {} if cuts.lies else {part: tale.rng.choice(list(Says))}


def late(tale: Tale) -> None:
    cuts = tale.world.cuts
    cuts.late = set() if cuts.late else {tale.rng.choice(list(Part))}


def _planned(tale: Tale) -> None:
    tale.world.shut_down(tale.rng.choice(sorted(tale.world.pairs)))


def _started(tale: Tale) -> None:
    tale.world.start(tale.rng.choice(sorted(tale.world.pairs)))


def _neighbour(tale: Tale) -> None:
    tale.world.cuts.neighbour = tale.rng.choice(("follows", "follows", "alive", "mute"))


def _dr(tale: Tale) -> None:
    tale.world.cuts.dr = not tale.world.cuts.dr


def _copies(tale: Tale) -> None:
    name = tale.rng.choice(sorted(tale.world.pairs))
    tale.world.cuts.incomplete ^= {name}


def _passing(tale: Tale) -> None:
    tale.world.passing = not tale.world.passing


def _window(tale: Tale) -> None:
    now = tale.world.now()
    target = tale.rng.choice((None, None, tale.rng.choice(tale.world.groups).name, "nobody"))
    begins = now + timedelta(minutes=tale.rng.randint(0, 10))
    made = tale.store.add_window(
        Window(0, "paris", target, begins, begins + timedelta(minutes=tale.rng.randint(2, 30)), "power works", "ops")
    )
    tale.windows.append(made)


def _window_ends(tale: Tale) -> None:
    for number, window in enumerate(tale.windows):
        try:
            tale.windows[number] = tale.store.end_window(window.id, "ops")
        except HeldError:
            continue


def _veto(tale: Tale) -> None:
    group = tale.rng.choice(tale.world.groups)
    try:
        tale.store.veto(group.name, "ops")
    except HeldError:
        return
    tale.vetoes[group.name].append(tale.world.now().timestamp())


def _disarm(tale: Tale) -> None:
    tale.store.disarm(tale.rng.choice(tale.world.groups).name, "ops", "for now")


def _arms(tale: Tale) -> None:
    group = tale.rng.choice(tale.world.groups)
    if not tale.fired:
        arm(tale, group.name)


def _plan_changes(tale: Tale) -> None:
    name = tale.rng.choice(tale.world.groups).name
    tale.world.digests[name] = "another"


def _console_restarts(tale: Tale) -> None:
    """The same console after a pause, or at once."""
    tale.console()
    tale.world.pass_time(tale.rng.choice((1, 20, 200, 900)))


def _console_dies(tale: Tale) -> None:
    """Another one goes on: first it waits for the claim to run out."""
    tale.holders += 1
    tale.console()


def _dies_when_firing(tale: Tale) -> None:
    tale.world.dies_when_firing = True


EVENTS: tuple[tuple[Callable[[Tale], None], float], ...] = (
    (_power_fails, 8),
    (_power_is_back, 4),
    (_uplink, 2),
    (_wan, 2),
    (_links, 2),
    (_isolated, 2),
    (_center, 1),
    (_flaps, 1.5),
    (_lie, 4),
    (late, 1.5),
    (_planned, 1.5),
    (_started, 1.5),
    (_neighbour, 2),
    (_dr, 1),
    (_copies, 0.7),
    (_passing, 1),
    (_window, 1),
    (_window_ends, 1),
    (_veto, 2),
    (_disarm, 0.5),
    (_arms, 1),
    (_plan_changes, 0.3),
    (_console_restarts, 2),
    (_console_dies, 1),
    (_dies_when_firing, 0.5),
)


def arm(tale: Tale, name: str) -> None:
    """Two people arm a group, for hours or for minutes."""
    bound_s = 60.0 * tale.rng.choice((5, 15, 30, 60, 240))
    asked = tale.store.ask_arming(name, bound_s, "anna")
    until = tale.world.now() + timedelta(minutes=tale.rng.choice((20, 600, 600, 43200)))
    tale.store.approve_arming(asked, "bert", until)


def calm(tale: Tale) -> None:
    """Everything but the power is well again."""
    cuts = tale.world.cuts
    cuts.uplink = cuts.wan = cuts.links = cuts.isolated = cuts.center = cuts.dr = False
    cuts.lies, cuts.late, cuts.neighbour = {}, set(), "follows"
    cuts.incomplete = set()


def step(tale: Tale) -> None:
    tale.world.pass_time(tale.rng.choice((55, 60, 60, 60, 65, 75)))
    tale.round()
