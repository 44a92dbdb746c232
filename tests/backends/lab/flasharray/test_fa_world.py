"""What simulated arrays do over time: transfers, schedules, retention, SafeMode, ActiveDR; and what is lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.lab.clock import Clock
from backends.lab.flasharray import pods, protection
from backends.lab.flasharray.objects import Group, RefusedError, Retention
from backends.lab.flasharray.state import GIB, ArrayState, add_array, link_arrays
from backends.lab.referee import Rule
from backends.lab.timing import INSTANT, REALISTIC, Timing
from backends.lab.volumes import Image, Segment, Writer, WriterKind
from backends.lab.world import World
from store.estate import SiteRole

WWPNS = ("c0507601a1b20010", "c0507601a1b20011")


class Bench:
    """Two arrays and their world, without doors."""

    def __init__(self, timing: Timing = INSTANT) -> None:
        self.world = World(seed=3, clock=Clock(1_760_000_000.0, speed=0.0), timing=timing)
        with self.world.turn():
            self.world.add_site("prd", SiteRole.PROD)
            self.world.add_site("dr", SiteRole.DR)
            self.prod = add_array(self.world, "fa-prd", "prd", "t")
            self.dr = add_array(self.world, "fa-dr", "dr", "t")
            link_arrays(self.prod, self.dr)

    def wait(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        with self.world.turn():
            pass

    def run(self, array: ArrayState, name: str = "db", wwpns: tuple[str, ...] = WWPNS) -> Writer:
        """A running writer on the array's site that sees what its WWPNs are connected to."""
        writer = self.world.add_writer(Writer(f"lpar:{name}-{array.site}", WriterKind.LPAR, array.site, wwpns=wwpns))
        with self.world.turn():
            self.world.power_on(writer)
        return writer

    def protected(self, size: int = 100 * GIB, every_s: float | None = None) -> Group:
        """A connected volume ``erp`` in group ``pg`` that replicates to the other array."""
        with self.world.turn():
            disk = self.prod.add_volume("erp", size)
            self.prod.add_host("db", WWPNS, "aix")
            self.prod.attach(disk, host="db", lun=1)
            return protection.add_group(self.prod, "pg", [disk], [self.dr], replicate_every_s=every_s)


@pytest.fixture
def bench() -> Bench:
    return Bench()


# --------------------------------------------------------------------------------------------------------------- fabric


def test_a_running_host_sees_what_its_wwns_are_connected_to_in_lun_order(bench: Bench) -> None:
    group = bench.protected()
    writer = bench.run(bench.prod)
    assert [v.name for v in writer.volumes] == ["erp"]
    with bench.world.turn():
        late = bench.prod.add_volume("late", GIB)
        made = bench.prod.attach(late, host="db", lun=9)
        assert [v.name for v in writer.volumes] == ["erp", "late"]
        bench.prod.detach(made)
        assert [v.name for v in writer.volumes] == ["erp"]
        bench.prod.set_wwns(bench.prod.host("db"), [])
        assert writer.volumes == [] and group.disks[0].core.writers == []


def test_a_host_group_shows_its_volumes_to_all_of_its_hosts(bench: Bench) -> None:
    with bench.world.turn():
        bench.prod.add_host_group("cluster")
        for number in range(2):
            bench.prod.add_host(f"n{number}", [f"c0507601a1b2003{number}"], group="cluster")
        bench.prod.attach(bench.prod.add_volume("shared", GIB), group="cluster")
    for number in range(2):
        writer = bench.run(bench.prod, f"n{number}", (f"c0507601a1b2003{number}",))
        assert [v.name for v in writer.volumes] == ["shared"]


# ------------------------------------------------------------------------------------------------------------ transfers


def test_a_snapshot_holds_one_moment_of_all_members(bench: Bench) -> None:
    group = bench.protected()
    writer = bench.run(bench.prod)
    bench.wait(10)
    with bench.world.turn():
        made = protection.take(bench.prod, group, "s1")
    bench.wait(50)
    assert [part.image.generation for part in made.members] == [10]
    assert group.disks[0].core.image(bench.world.now).generation == 60 and writer.running


def test_a_transfer_takes_time_by_size_and_bandwidth() -> None:
    bench = Bench(REALISTIC)
    group = bench.protected(4000 * GIB)
    with bench.world.turn() as now:
        made = protection.take(bench.prod, group, "s1", "now").sent["fa-dr"]
        assert made.progress(now) == 0 and made.started == now
    took = made.size / made.rate
    bench.wait(took * 0.5)
    assert made.progress(bench.world.now) == pytest.approx(0.5, abs=0.01)
    assert not bench.dr.snapshots["fa-prd:pg.s1.erp"].complete
    bench.wait(took * 0.6)
    assert made.completed == pytest.approx(1_760_000_000.0 + took, abs=0.01)
    assert bench.dr.snapshots["fa-prd:pg.s1.erp"].complete


def test_the_second_transfer_carries_what_changed(bench: Bench) -> None:
    group = bench.protected()
    bench.run(bench.prod)
    sizes = []
    for number in range(2):
        with bench.world.turn():
            sizes.append(protection.take(bench.prod, group, f"s{number}", "now").sent["fa-dr"].size)
        bench.wait(100)
    assert sizes[1] == (1 + 100 * 4) * 1024**2 < sizes[0]


def test_queued_waits_for_earlier_transfers_and_now_does_not() -> None:
    bench = Bench(REALISTIC)
    group = bench.protected(4000 * GIB)
    with bench.world.turn():
        first = protection.take(bench.prod, group, "s1", "now").sent["fa-dr"]
        queued = protection.take(bench.prod, group, "s2", "queued").sent["fa-dr"]
        at_once = protection.take(bench.prod, group, "s3", "now").sent["fa-dr"]
    assert (queued.started, at_once.started) == (None, first.started)
    assert "s2" not in bench.dr.groups["fa-prd:pg"].snapshots
    bench.wait(first.size / first.rate + 1)
    assert first.completed is not None and queued.started == first.completed


def test_a_dark_site_stops_a_transfer_where_it_is_and_power_resumes_it() -> None:
    bench = Bench(REALISTIC)
    group = bench.protected(4000 * GIB)
    with bench.world.turn():
        moved = protection.take(bench.prod, group, "s1", "now").sent["fa-dr"]
    half = moved.size / moved.rate / 2
    bench.wait(half)
    with bench.world.turn():
        bench.world.set_dark("prd", True)
    bench.wait(half * 10)
    assert moved.completed is None and moved.progress(bench.world.now) == pytest.approx(0.5, abs=0.01)
    with bench.world.turn():
        bench.world.set_dark("prd", False)
    bench.wait(half + 1)
    assert moved.completed is not None


def test_a_disallowed_target_gets_nothing_and_only_the_target_decides(bench: Bench) -> None:
    group = bench.protected()
    bench.dr.groups["fa-prd:pg"].targets["fa-dr"].allowed = False
    with bench.world.turn():
        assert protection.take(bench.prod, group, "s1", "now").sent == {}


def test_what_a_failover_to_the_newest_complete_snapshot_loses_is_counted(bench: Bench) -> None:
    group = bench.protected()
    writer = bench.run(bench.prod)
    bench.wait(100)
    with bench.world.turn():
        protection.take(bench.prod, group, "s1", "now")
    bench.wait(40)
    with bench.world.turn():
        bench.world.power_off(writer)
        disk = bench.dr.add_volume("erp-dr", 100 * GIB)
        bench.dr.add_host("db", WWPNS)
        bench.dr.overwrite(disk, bench.dr.snapshot("fa-prd:pg.s1.erp"), "failover")
        bench.dr.attach(disk, host="db", lun=1)
    bench.run(bench.dr)
    (loss,) = bench.world.referee.losses
    assert (loss.generations, loss.seconds) == (40, 40.0)
    assert bench.world.referee.violations == []


def test_two_sites_writing_at_once_are_seen(bench: Bench) -> None:
    group = bench.protected()
    bench.run(bench.prod)
    bench.wait(10)
    with bench.world.turn():
        protection.take(bench.prod, group, "s1", "now")
    bench.wait(10)
    with bench.world.turn():
        disk = bench.dr.add_volume("erp-dr", 100 * GIB)
        bench.dr.add_host("db", ["c0507601a1b20044"])
        bench.dr.overwrite(disk, bench.dr.snapshot("fa-prd:pg.s1.erp"), "failover")
        bench.dr.attach(disk, host="db", lun=1)
    bench.run(bench.dr, wwpns=("c0507601a1b20044",))
    assert Rule.TWO_WRITERS in [v.rule for v in bench.world.referee.violations]


# ------------------------------------------------------------------------------------------------- schedules, retention


def test_a_schedule_replicates_every_so_often(bench: Bench) -> None:
    group = bench.protected(every_s=900)
    bench.wait(3600 * 2)
    assert 7 <= len(group.snapshots) <= 8
    created = [s.created for s in group.snapshots.values()]
    assert {round(b - a) for a, b in pairwise(created)} == {900}
    assert len(bench.dr.groups["fa-prd:pg"].snapshots) == len(group.snapshots)


def test_a_schedule_rests_in_its_blackout_and_while_the_site_is_dark(bench: Bench) -> None:
    group = bench.protected()
    day = 86_400
    start = int(bench.world.now % day)
    with bench.world.turn():
        group.replication.enabled, group.replication.frequency_s = True, 900
        group.replication.blackout = (start, (start + 7200) % day)
        protection.arm(bench.prod, group)
    bench.wait(7000)
    assert len(group.snapshots) == 0
    bench.wait(4000)
    count = len(group.snapshots)
    assert count > 0
    with bench.world.turn():
        bench.world.set_dark("prd", True)
    bench.wait(7200)
    assert len(group.snapshots) == count


def test_a_daily_schedule_keeps_its_time_of_day(bench: Bench) -> None:
    group = bench.protected()
    with bench.world.turn():
        group.snapshot.enabled, group.snapshot.frequency_s, group.snapshot.at_s = True, 86_400, 7200
        protection.arm(bench.prod, group)
    bench.wait(86_400 * 4)
    assert {round(s.created % 86_400) for s in group.snapshots.values()} == {7200}


@settings(max_examples=30, deadline=None)
@given(
    all_for=st.integers(60, 7200), per_day=st.integers(0, 5), days=st.integers(0, 3), every=st.sampled_from([600, 1800])
)
def test_retention_keeps_all_for_a_time_and_then_so_many_a_day(
    all_for: int, per_day: int, days: int, every: int
) -> None:
    bench = Bench()
    group = bench.protected(every_s=every)
    group.source_retention = group.target_retention = Retention(all_for, per_day, days)
    bench.wait(86_400 * 2)
    for array, name in ((bench.prod, "pg"), (bench.dr, "fa-prd:pg")):
        kept = list(array.groups[name].snapshots.values())
        ages = sorted(bench.world.now - s.created for s in kept)
        newest_event = max(s.created for s in kept)
        assert len([a for a in ages if a <= all_for]) >= min(all_for, 86_400) // every
        older = [s for s in kept if newest_event - s.created > all_for]
        assert len(older) <= per_day * days + per_day + 1
        assert {part.name for s in kept for part in s.members} <= set(array.snapshots)


def test_a_snapshot_taken_by_hand_does_not_expire(bench: Bench) -> None:
    group = bench.protected(every_s=600)
    group.source_retention = Retention(600, 0, 0)
    with bench.world.turn():
        protection.take(bench.prod, group, "keep-me")
    bench.wait(86_400)
    assert "keep-me" in group.snapshots and len(group.snapshots) <= 4


def test_pending_eradication_lasts_a_day_and_can_be_undone(bench: Bench) -> None:
    group = bench.protected()
    with bench.world.turn():
        first, second = (protection.take(bench.prod, group, f"s{n}") for n in (1, 2))
        for made in (first, second):
            protection.destroy_snapshot(bench.prod, made)
    bench.wait(3600)
    assert first.time_remaining_ms(bench.world.now) == 23 * 3600 * 1000
    with bench.world.turn():
        bench.prod.recover(first)
    bench.wait(86_400)
    assert list(group.snapshots) == ["s1"]
    assert list(bench.prod.snapshots) == ["pg.s1.erp"]


def test_a_snapshot_for_replication_only_is_gone_after_an_hour(bench: Bench) -> None:
    group = bench.protected()
    with bench.world.turn():
        protection.short_lived(bench.prod, protection.take(bench.prod, group, "s1"))
    bench.wait(3601)
    assert group.snapshots == {}


def test_safemode_refuses_to_destroy_but_lets_retention_run(bench: Bench) -> None:
    group = bench.protected(every_s=600)
    group.locked = True
    group.source_retention = Retention(600, 0, 0)
    with bench.world.turn():
        made = protection.take(bench.prod, group, "s1", "now")
        for act in (
            lambda: protection.destroy_snapshot(bench.prod, made),
            lambda: protection.destroy_group(bench.prod, group),
            lambda: protection.destroy_snapshot(bench.dr, bench.dr.groups["fa-prd:pg"].snapshots["s1"]),
        ):
            with pytest.raises(RefusedError, match="retention locked"):
                act()
    bench.wait(86_400)
    assert len(group.snapshots) <= 4


def test_a_backfilled_past_is_complete_on_both_sides(bench: Bench) -> None:
    group = bench.protected()
    with bench.world.turn():
        protection.backfill(bench.prod, group, 4, 900)
    for array, name in ((bench.prod, "pg"), (bench.dr, "fa-prd:pg")):
        assert list(array.groups[name].snapshots) == ["1", "2", "3", "4"]
    assert all(s.received is not None and s.received.completed for s in bench.dr.groups["fa-prd:pg"].snapshots.values())


def test_the_same_seed_makes_the_same_estate() -> None:
    one, other = Bench(), Bench()
    for bench in (one, other):
        bench.protected(every_s=900)
        bench.wait(7200)
    assert one.prod.id == other.prod.id
    assert [s.id for s in one.prod.groups["pg"].snapshots.values()] == [
        s.id for s in other.prod.groups["pg"].snapshots.values()
    ]


# ------------------------------------------------------------------------------------------------------------- ActiveDR


class Dr(Bench):
    """A pod with a running writer, linked to a demoted pod with 8 s of lag."""

    def __init__(self) -> None:
        super().__init__()
        with self.world.turn():
            self.here, self.there = pods.add_pod(self.prod, "web"), pods.add_pod(self.dr, "web", promoted=False)
            disk = self.prod.add_volume("web::d1", GIB, pod=self.here)
            self.prod.add_host("db", WWPNS)
            self.prod.attach(disk, host="db", lun=1)
            self.link = pods.link((self.prod, self.here), (self.dr, self.there), lag_s=8)
            self.dr.add_host("db", WWPNS)
            self.dr.attach(self.dr.disk("web::d1"), host="db", lun=1)
        self.writer = self.run(self.prod)

    def generation(self, array: ArrayState) -> int:
        with self.world.turn() as now:
            return array.disk("web::d1").core.image(now).generation

    def promote(self, array: ArrayState) -> None:
        with self.world.turn():
            pods.promote(array, array.pods["web"])


def test_the_recovery_point_follows_with_the_lag_and_is_unknown_while_baselining() -> None:
    dr = Dr()
    with dr.world.turn() as now:
        dr.link.ready_at = now + 30
    assert dr.link.recovery_point(dr.world.now) is None and dr.link.status(dr.world.now) == "baselining"
    with dr.world.turn(), pytest.raises(RefusedError, match="baselining"):
        pods.promote(dr.dr, dr.there)
    dr.wait(60)
    assert dr.link.recovery_point(dr.world.now) == dr.world.now - 8
    assert dr.link.status(dr.world.now) == "replicating"


def test_a_planned_switch_loses_nothing() -> None:
    dr = Dr()
    dr.wait(100)
    with dr.world.turn():
        dr.world.power_off(dr.writer)
        pods.demote(dr.prod, dr.here, quiesce=True, skip_quiesce=False)
        assert dr.link.status(dr.world.now) == "quiescing"
    dr.wait(10)
    assert dr.link.status(dr.world.now) == "quiesced"
    dr.promote(dr.dr)
    assert dr.there.status(dr.world.now) == "promoting"
    dr.wait(1)
    assert dr.there.status(dr.world.now) == "promoted"
    assert dr.generation(dr.dr) == 100
    assert dr.link.source[0] is dr.dr, "the direction turned with the roles"
    dr.run(dr.dr)
    assert [loss.generations for loss in dr.world.referee.losses] == [0]
    assert dr.world.referee.violations == []


def test_a_disaster_loses_the_lag_and_no_more() -> None:
    dr = Dr()
    dr.wait(100)
    with dr.world.turn():
        dr.world.set_dark("prd", True)
    dr.wait(300)
    assert dr.link.status(dr.world.now) == "unhealthy"
    dr.promote(dr.dr)
    dr.wait(1)
    assert dr.generation(dr.dr) == 92
    dr.run(dr.dr)
    assert [loss.generations for loss in dr.world.referee.losses] == [8]


def test_the_returning_side_is_demoted_and_an_undo_pod_keeps_what_it_wrote() -> None:
    dr = Dr()
    dr.wait(100)
    with dr.world.turn():
        dr.world.set_dark("prd", True)
    dr.promote(dr.dr)
    with dr.world.turn():
        dr.world.set_dark("prd", False)
        assert dr.here.promoted, "the old side comes back promoted: a split"
        pods.demote(dr.prod, dr.here, quiesce=False, skip_quiesce=True)
    undo = dr.prod.pods["web.undo-demote"]
    assert undo.destroyed and undo.images["d1"].generation == 100
    assert dr.link.source[0] is dr.dr
    with dr.world.turn():
        pods.promote(dr.prod, dr.here, undo=undo)
    assert dr.generation(dr.prod) == 100 and "web.undo-demote" not in dr.prod.pods


def test_a_drill_promotes_beside_the_running_source_and_is_discarded() -> None:
    dr = Dr()
    dr.wait(100)
    dr.promote(dr.dr)
    dr.wait(50)
    assert dr.link.source[0] is dr.prod and dr.link.recovery_point(dr.world.now) == dr.world.now - 8
    with dr.world.turn():
        pods.demote(dr.dr, dr.there, quiesce=False, skip_quiesce=False)
    dr.wait(50)
    dr.promote(dr.dr)
    assert dr.generation(dr.dr) == 192


def test_a_demoted_pod_is_read_only_for_a_running_host() -> None:
    dr = Dr()
    dr.wait(10)
    with dr.world.turn():
        pods.demote(dr.prod, dr.here, quiesce=True, skip_quiesce=False)
    before = dr.generation(dr.prod)
    dr.wait(100)
    assert dr.generation(dr.prod) == before == 10


def test_a_paused_link_stands_still_and_resumes() -> None:
    dr = Dr()
    dr.wait(100)
    with dr.world.turn():
        pods.pause(dr.link, True)
    dr.wait(100)
    assert dr.link.status(dr.world.now) == "paused"
    assert dr.link.recovery_point(dr.world.now) == dr.world.now - 108
    with dr.world.turn():
        pods.pause(dr.link, False)
    dr.wait(10)
    assert dr.link.recovery_point(dr.world.now) == dr.world.now - 8


@given(written=st.integers(1, 500), back=st.floats(0, 600))
def test_an_image_of_an_earlier_moment_holds_no_later_generation(written: int, back: float) -> None:
    world = World(clock=Clock(0.0, speed=0.0))
    world.add_writer(Writer("w", WriterKind.LPAR, "prd", period_s=2.0))
    image = Image("w", "d", (Segment("w#1", written),), written_at=written * 2.0)
    moment = max(0.0, image.written_at - back)
    earlier = pods.as_of(world, image, moment)
    assert earlier.written_at <= max(moment, 0)
    assert earlier.generation <= moment / 2 + 1e-9
    assert moment / 2 - earlier.generation < 1 + 1e-9
