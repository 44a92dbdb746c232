"""The state machine of a pair of arrays: roles, data, links, loss. Asked directly, in virtual time."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from backends.lab.clock import Clock
from backends.lab.referee import Rule
from backends.lab.threepar.objects import Connection
from backends.lab.threepar.rcg import ROLE_PAIRS, Group, Options
from backends.lab.threepar.refusals import ArrayError, Why
from backends.lab.threepar.state import ThreePar, add_replicated_group, add_server, add_threepar, connect
from backends.lab.timing import INSTANT, REALISTIC, Timing
from backends.lab.volumes import Writer
from backends.lab.world import World
from store.estate import RcgMode, RcgRole, RcgStatus, SiteRole, SyncStatus

NONE = Options()


@dataclass
class Site:
    """One group ``g`` of two volumes from ``p`` to ``s``, a server at either end; the one in p runs."""

    world: World
    p: ThreePar
    s: ThreePar
    connection: Connection
    group: Group
    servers: dict[str, Writer]

    def wait(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        with self.world.turn():
            pass

    def do(self, verb: str, end: int, *args: object, **more: object) -> None:
        with self.world.turn() as now:
            getattr(self.group, verb)(self.group.sides[end], now, *args, **more)

    @property
    def roles(self) -> tuple[str, str]:
        one, two = self.group.sides
        return f"{one.role}/{one.status}", f"{two.role}/{two.status}"

    @property
    def generations(self) -> list[int]:
        with self.world.turn() as now:
            self.group.carry(now)
            return [copy.volume.disk.image(now).generation for copy in self.group.members[0].copies]

    def links(self, up: bool) -> None:
        with self.world.turn() as now:
            self.connection.set_wires(up, now)

    def dark(self, site: str, dark: bool) -> None:
        with self.world.turn():
            self.world.set_dark(site, dark)


def site(
    mode: RcgMode = RcgMode.SYNC,
    *,
    policies: tuple[str, ...] = ("auto_recover",),
    timing: Timing = INSTANT,
    mirrors: bool = False,
    in_sync: bool = True,
) -> Site:
    world = World(clock=Clock(1_000_000.0, 0.0), timing=timing)
    with world.turn():
        world.add_site("here", SiteRole.PROD)
        world.add_site("there", SiteRole.DR)
        p = add_threepar(world, "p", "here", serial="S1", system_id=101)
        s = add_threepar(world, "s", "there", serial="S2", system_id=102)
        connection = connect(p, s)
        period = 300 if mode is RcgMode.PERIODIC else None
        volumes = {"v1": 10_240, "v2": 20_480}
        group = add_replicated_group(p, "g", "s", mode, volumes, period_s=period, policies=policies, in_sync=in_sync)
        group.mirrors = mirrors
        servers = {"p": add_server(p, "host", ["10000000C9000001"], list(volumes))}
        servers["s"] = add_server(s, "host", ["10000000C9000002"], list(volumes), running=False)
    made = Site(world, p, s, connection, group, servers)
    made.wait(550 if timing is REALISTIC else 10)
    return made


def refused(made: Site, verb: str, end: int, *args: object) -> Why:
    with pytest.raises(ArrayError) as error:
        made.do(verb, end, *args)
    return error.value.why


# ---------------------------------------------------------------------------------------------------------------- data


def test_a_synchronous_secondary_holds_what_the_primary_holds() -> None:
    made = site()
    assert made.generations[0] == made.generations[1] > 0


def test_a_periodic_secondary_holds_what_was_there_when_its_last_period_began() -> None:
    made = site(RcgMode.PERIODIC)
    made.wait(700)
    ahead, behind = made.generations
    assert 0 < ahead - behind <= 310
    held = made.group.members[0].copies[1].last_sync
    assert held is not None
    assert made.world.now - held == pytest.approx(ahead - behind, abs=2)


def test_a_streaming_secondary_is_seconds_behind() -> None:
    made = site(RcgMode.ASYNC)
    made.wait(100)
    ahead, behind = made.generations
    assert 1 <= ahead - behind <= 4


def test_a_stop_freezes_the_secondary_and_a_start_carries_only_then() -> None:
    made = site()
    made.do("stop", 0)
    frozen = made.generations[1]
    made.wait(100)
    assert made.generations == [frozen + 100, frozen]
    made.do("start", 0)
    made.wait(5)
    assert made.generations[0] == made.generations[1]


def test_an_initial_copy_takes_time_and_shows_its_progress() -> None:
    made = site(timing=REALISTIC, in_sync=False)
    with made.world.turn() as now:
        made.group.stop(made.group.sides[0], now)
        made.group.members[0].complete = False
        made.group.start(made.group.sides[0], now)
    made.wait(20)
    member = made.group.members[0]
    assert [c.status for c in member.copies] == [SyncStatus.SYNCING] * 2
    assert 0 < (member.percent(made.world.now) or 0) < 100
    made.wait(60)
    assert [c.status for c in member.copies] == [SyncStatus.SYNCED] * 2


def test_a_planned_failover_with_production_stopped_loses_nothing_and_breaks_no_rule() -> None:
    made = site(RcgMode.PERIODIC)
    with made.world.turn():
        made.world.power_off(made.servers["p"])
    made.do("sync", 0)
    made.wait(5)
    made.do("stop", 0)
    made.do("failover", 1, NONE)
    made.wait(5)
    with made.world.turn():
        made.world.power_on(made.servers["s"])
    assert made.world.referee.violations == []
    assert made.world.referee.losses[-1].generations == 0


def test_a_disaster_failover_of_a_periodic_group_loses_what_came_after_the_last_period() -> None:
    made = site(RcgMode.PERIODIC)
    made.wait(500)
    ahead, behind = made.generations
    made.dark("here", True)
    made.do("failover", 1, NONE)
    made.wait(5)
    with made.world.turn():
        made.world.power_on(made.servers["s"])
    assert made.world.referee.losses[-1].generations == ahead - behind > 0
    assert made.world.referee.violations == []


def test_two_writers_are_seen_only_when_both_ends_are_exported_to_running_hosts() -> None:
    made = site()
    made.do("stop", 0)
    made.do("failover", 1, NONE)
    made.wait(5)
    assert made.world.referee.violations == []
    with made.world.turn():
        made.world.power_on(made.servers["s"])
    assert {v.rule for v in made.world.referee.violations} == {Rule.TWO_WRITERS}


def test_a_copy_back_over_a_volume_that_a_running_host_sees_is_seen_by_the_referee() -> None:
    made = site()
    made.do("stop", 0)
    made.do("failover", 1, NONE)
    made.wait(5)
    made.do("recover", 1, NONE)
    made.wait(5)
    assert Rule.LIVE_OVERWRITE in {v.rule for v in made.world.referee.violations}


def test_a_failover_to_a_copy_that_was_never_complete_is_seen_by_the_referee() -> None:
    made = site(timing=REALISTIC)
    with made.world.turn() as now:
        made.group.stop(made.group.sides[0], now)
        made.group.members[0].complete = False
        made.group.start(made.group.sides[0], now)
    made.wait(5)
    made.do("stop", 0)
    assert [c.status for c in made.group.members[0].copies] == [SyncStatus.NOT_SYNCED] * 2
    made.do("failover", 1, NONE)
    made.wait(60)
    assert [v.rule for v in made.world.referee.violations] == [Rule.INCOMPLETE_COPY]


def test_a_snapshot_of_a_secondary_in_mid_copy_is_seen_by_the_referee() -> None:
    made = site(RcgMode.PERIODIC, timing=REALISTIC)
    made.do("sync", 0)
    with made.world.turn():
        made.s.snapshot("drill", "v2")
    assert [v.rule for v in made.world.referee.violations] == [Rule.INCOMPLETE_COPY]


def test_a_snapshot_of_a_synced_secondary_holds_its_image_and_can_be_written() -> None:
    made = site()
    with made.world.turn() as now:
        snapshot = made.s.snapshot("drill", "v1")
        assert snapshot.disk.writable
        assert snapshot.disk.stored.generation == made.s.volume("v1").disk.image(now).generation
    assert made.world.referee.violations == []


# ------------------------------------------------------------------------------------------------- roles and refusals


def test_the_documented_way_there_and_back() -> None:
    made = site()
    assert made.roles == ("Primary/Started", "Secondary/Started")
    made.do("stop", 0)
    assert made.roles == ("Primary/Stopped", "Secondary/Stopped")
    made.do("failover", 1, NONE)
    made.wait(5)
    assert made.roles == ("Primary/Stopped", "Primary-Rev/Stopped")
    made.do("recover", 1, NONE)
    made.wait(5)
    assert made.roles == ("Secondary-Rev/Started", "Primary-Rev/Started")
    made.do("restore", 1, NONE)
    made.wait(5)
    assert made.roles == ("Primary/Started", "Secondary/Started")


def test_a_restore_without_recover_copies_back_first_and_keeps_what_was_written_there() -> None:
    made = site()
    with made.world.turn():
        made.world.power_off(made.servers["p"])
    made.do("stop", 0)
    made.do("failover", 1, NONE)
    made.wait(5)
    with made.world.turn():
        made.world.power_on(made.servers["s"])
    made.wait(50)
    written = made.generations[1]
    with made.world.turn():
        made.world.power_off(made.servers["s"])
    made.do("restore", 1, NONE)
    made.wait(5)
    assert made.roles == ("Primary/Started", "Secondary/Started")
    assert made.generations == [written, written]


def test_a_restore_that_skips_the_copy_loses_what_was_written_there() -> None:
    made = site()
    with made.world.turn():
        made.world.power_off(made.servers["p"])
    made.do("stop", 0)
    old = made.generations[0]
    made.do("failover", 1, NONE)
    made.wait(5)
    with made.world.turn():
        made.world.power_on(made.servers["s"])
    made.wait(50)
    with made.world.turn():
        made.world.power_off(made.servers["s"])
    made.do("restore", 1, Options(skip_sync=True))
    made.wait(5)
    assert made.generations == [old, old]


def test_the_way_back_of_a_drill_discards_and_returns_to_normal() -> None:
    made = site()
    made.do("stop", 0)
    made.do("failover", 1, NONE)
    made.wait(5)
    made.do("reverse", 1, Options(stop_groups=True, local=True, current=True))
    made.wait(5)
    assert made.roles == ("Primary/Stopped", "Secondary/Stopped")
    made.do("start", 0)
    made.wait(5)
    assert made.roles == ("Primary/Started", "Secondary/Started")


def test_a_planned_swap_is_for_good_and_swaps_back() -> None:
    made = site()
    made.do("stop", 0)
    made.do("reverse", 1, NONE)
    made.wait(5)
    assert made.roles == ("Secondary/Stopped", "Primary/Stopped")
    made.do("start", 1)
    made.wait(5)
    assert made.roles == ("Secondary/Started", "Primary/Started")


def test_reversing_the_natural_direction_makes_a_reversed_pair_plain() -> None:
    made = site()
    made.do("stop", 0)
    made.do("failover", 1, NONE)
    made.wait(5)
    made.do("recover", 1, Options(skip_start=True))
    made.wait(5)
    assert made.roles == ("Secondary-Rev/Stopped", "Primary-Rev/Stopped")
    made.do("reverse", 1, Options(natural=True))
    made.wait(5)
    assert made.roles == ("Secondary/Stopped", "Primary/Stopped")


def test_what_the_arrays_refuse() -> None:
    made = site()
    assert refused(made, "start", 0) is Why.RCOPY_GROUP_STARTED
    assert refused(made, "stop", 1) is Why.RCOPY_GROUP_OPERATION_ONLY_ON_PRIMARY_SIDE
    assert refused(made, "failover", 1, NONE) is Why.RCOPY_GROUP_NOT_STOPPED
    assert refused(made, "restore", 1, NONE) is Why.NOT_SWITCHED
    assert refused(made, "switchover", 0) is Why.UNLICENSED_FEATURE
    made.do("stop", 0)
    assert refused(made, "stop", 0) is Why.RCOPY_GROUP_NOT_STARTED
    assert refused(made, "sync", 0) is Why.RCOPY_GROUP_NOT_STARTED
    assert refused(made, "start", 1) is Why.RCOPY_GROUP_OPERATION_ONLY_ON_PRIMARY_SIDE
    assert refused(made, "failover", 0, NONE) is Why.RCOPY_GROUP_OPERATION_ONLY_ON_SECONDARY_SIDE
    assert refused(made, "recover", 1, NONE) is Why.NOT_SWITCHED
    made.do("failover", 1, NONE)
    assert refused(made, "recover", 1, NONE) is Why.RCOPY_GROUP_IS_BUSY
    made.wait(5)
    assert refused(made, "start", 0) is Why.INV_OPERATION_RCOPY_GROUP_ROLE_CONFLICT
    made.do("recover", 1, NONE)
    made.wait(5)
    assert refused(made, "recover", 1, NONE) is Why.RCOPY_GROUP_NOT_STOPPED
    made.links(False)
    assert refused(made, "restore", 1, NONE) is Why.RCOPY_TARGET_IS_NOT_READY


def test_a_target_that_takes_one_mode_only_refuses_the_start_of_a_group_in_another() -> None:
    made = site()
    made.p.strict_modes = True
    with made.world.turn() as now:
        other = add_replicated_group(made.p, "other", "s", RcgMode.PERIODIC, {"o1": 1024}, period_s=300, start=False)
        with pytest.raises(ArrayError) as error:
            other.start(other.sides[0], now)
    assert error.value.why is Why.RCOPY_MIXED_MODES
    assert (error.value.why.value.status, error.value.why.value.code) == (400, 236)


def test_a_failover_after_a_copy_was_cut_short_promotes_first_and_is_busy_with_it() -> None:
    made = site(RcgMode.PERIODIC, timing=REALISTIC)
    made.do("sync", 0)
    made.dark("here", True)
    assert SyncStatus.STALE in {m.copies[1].status for m in made.group.members}
    made.do("failover", 1, NONE)
    made.wait(5)
    assert refused(made, "failover", 1, NONE) is Why.INV_OPERATION_VV_PROMOTE_IN_PROGRESS
    made.wait(15)
    assert made.group.sides[1].role is RcgRole.PRIMARY_REV


def test_peer_persistence_switches_over_while_it_runs() -> None:
    made = site(policies=("auto_failover", "path_management", "auto_recover"))
    made.do("switchover", 0)
    made.wait(5)
    assert made.roles == ("Secondary/Started", "Primary/Started")


def test_peer_persistence_takes_over_by_itself_and_the_old_primary_comes_back_in_failsafe() -> None:
    made = site(policies=("auto_failover", "path_management"))
    made.dark("here", True)
    made.wait(5)
    assert made.roles[1] == "Primary-Rev/Stopped"
    made.dark("here", False)
    made.wait(5)
    assert made.roles[0] == "Primary/Failsafe"
    assert not made.p.volume("v1").disk.writable
    with made.world.turn():
        made.group.override(made.group.sides[0])
    assert made.roles[0] == "Primary/Stopped"


# ---------------------------------------------------------------------------------------------------------------- links


def test_lost_links_stop_the_group_on_both_sides_and_auto_recover_starts_it_again() -> None:
    made = site()
    made.links(False)
    assert made.roles == ("Primary/Stopped", "Secondary/Stopped")
    made.links(True)
    made.wait(5)
    assert made.roles == ("Primary/Started", "Secondary/Started")


def test_without_auto_recover_a_group_stays_stopped_after_lost_links() -> None:
    made = site(policies=())
    made.links(False)
    made.links(True)
    made.wait(60)
    assert made.roles == ("Primary/Stopped", "Secondary/Stopped")


def test_a_group_stopped_by_a_command_is_not_started_by_returning_links() -> None:
    made = site()
    made.do("stop", 0)
    made.links(False)
    made.links(True)
    made.wait(60)
    assert made.roles[0] == "Primary/Stopped"


def test_an_old_primary_that_returns_does_not_know_of_the_failover() -> None:
    made = site()
    made.dark("here", True)
    made.do("failover", 1, NONE)
    made.wait(5)
    made.dark("here", False)
    made.wait(60)
    assert made.roles == ("Primary/Stopped", "Primary-Rev/Stopped")


def test_on_a_mirroring_pair_the_array_copies_back_by_itself_when_the_old_primary_returns() -> None:
    made = site(mirrors=True)
    made.dark("here", True)
    made.do("failover", 1, NONE)
    made.wait(5)
    made.dark("here", False)
    made.wait(60)
    assert made.roles == ("Secondary-Rev/Started", "Primary-Rev/Started")


def test_on_a_mirroring_pair_a_failover_with_both_up_ends_in_swapped_roles_and_refuses_the_way_back() -> None:
    made = site(mirrors=True)
    made.do("stop", 0)
    made.do("failover", 1, NONE)
    made.wait(0.2)
    assert made.roles == ("Secondary-Rev/Stopped", "Primary-Rev/Stopped")
    made.wait(1)
    assert refused(made, "recover", 1, NONE) is Why.RCOPY_GROUP_NOT_STOPPED
    made.wait(10)
    assert made.roles == ("Secondary/Started", "Primary/Started")
    assert refused(made, "restore", 1, NONE) is Why.NOT_SWITCHED


# ------------------------------------------------------------------------------------------------- anything, any order


class AnyOrder(RuleBasedStateMachine):
    """Random commands on both arrays, failing links and sites, servers going on and off."""

    def __init__(self) -> None:
        super().__init__()
        self.made: Site | None = None

    @property
    def pair(self) -> Site:
        if self.made is None:
            self.made = site()
        return self.made

    @precondition(lambda self: self.made is None)
    @rule(
        mode=st.sampled_from(list(RcgMode)),
        policies=st.sampled_from([(), ("auto_recover",), ("auto_failover", "path_management")]),
        mirrors=st.booleans(),
    )
    def make(self, mode: RcgMode, policies: tuple[str, ...], mirrors: bool) -> None:
        self.made = site(mode, policies=policies, mirrors=mirrors)

    def attempt(self, verb: str, end: int, *args: object) -> None:
        array = self.pair.group.sides[end].array
        if self.pair.world.sites[array.site].dark:
            return
        try:
            self.pair.do(verb, end, *args)
        except ArrayError:
            return

    @rule(verb=st.sampled_from(["start", "stop", "sync"]), end=st.integers(0, 1))
    def plain(self, verb: str, end: int) -> None:
        self.attempt(verb, end)

    @rule(
        verb=st.sampled_from(["failover", "recover", "restore"]),
        end=st.integers(0, 1),
        skip_start=st.booleans(),
        skip_sync=st.booleans(),
    )
    def roles(self, verb: str, end: int, skip_start: bool, skip_sync: bool) -> None:
        self.attempt(verb, end, Options(skip_start=skip_start, skip_sync=skip_sync))

    @rule(
        end=st.integers(0, 1), stop=st.booleans(), local=st.booleans(), only=st.sampled_from(["", "natural", "current"])
    )
    def reverse(self, end: int, stop: bool, local: bool, only: str) -> None:
        options = Options(stop_groups=stop, local=local, natural=only == "natural", current=only == "current")
        self.attempt("reverse", end, options)

    @rule(end=st.integers(0, 1))
    def switchover(self, end: int) -> None:
        self.attempt("switchover", end)

    @rule(up=st.booleans())
    def links(self, up: bool) -> None:
        self.pair.links(up)

    @rule(which=st.sampled_from(["here", "there"]), dark=st.booleans())
    def power(self, which: str, dark: bool) -> None:
        self.pair.dark(which, dark)

    @rule(which=st.sampled_from(["p", "s"]), on=st.booleans())
    def server(self, which: str, on: bool) -> None:
        writer = self.pair.servers[which]
        with self.pair.world.turn():
            if on and not self.pair.world.sites[writer.site].dark:
                self.pair.world.power_on(writer)
            elif not on:
                self.pair.world.power_off(writer)

    @rule(seconds=st.sampled_from([0.01, 0.05, 0.3, 2.0, 400.0]))
    def wait(self, seconds: float) -> None:
        self.pair.wait(seconds)

    @invariant()
    def the_roles_are_a_documented_pair(self) -> None:
        if self.made is not None:
            one, two = self.made.group.sides
            assert (one.role, two.role) in ROLE_PAIRS

    @invariant()
    def both_sides_are_started_or_none_and_only_while_they_reach_each_other(self) -> None:
        if self.made is None:
            return
        started = [s.status is RcgStatus.STARTED for s in self.made.group.sides]
        assert started[0] == started[1] == self.made.group.replicator.running
        if started[0]:
            assert self.made.connection.up
            assert [s.primary for s in self.made.group.sides].count(True) == 1

    @invariant()
    def only_primaries_accept_writes(self) -> None:
        if self.made is None:
            return
        for member in self.made.group.members:
            for side in self.made.group.sides:
                writable = side.primary and side.status is not RcgStatus.FAILSAFE
                assert member.copies[side.end].volume.disk.writable == writable

    @invariant()
    def two_writers_are_seen_only_when_both_sides_accept_writes_or_did(self) -> None:
        if self.made is None:
            return
        both = [s.primary for s in self.made.group.sides].count(True) == 2
        running = all(w.running for w in self.made.servers.values())
        live = [c.volume.disk.writers for c in self.made.group.members[0].copies]
        assert bool(live[0] and live[1]) == (both and running and self._unblocked())

    def _unblocked(self) -> bool:
        assert self.made is not None
        return all(s.status is not RcgStatus.FAILSAFE for s in self.made.group.sides)

    @invariant()
    def a_synced_synchronous_copy_is_equal(self) -> None:
        if self.made is None or self.made.group.mode is not RcgMode.SYNC or not self.made.group.replicator.all_synced:
            return
        ahead, behind = self.made.generations
        assert ahead == behind


AnyOrder.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnyOrder = AnyOrder.TestCase
