"""The world and its referee: what running writers leave on disks, and what is a violation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.lab.clock import Clock
from backends.lab.referee import Rule
from backends.lab.volumes import Image, L2Segment, Nic, Segment, Volume, Writer, WriterKind
from backends.lab.world import World
from store.estate import SiteRole

PROD = L2Segment("vlan110")
BUBBLE = L2Segment("drill", isolated=True)


def seeded(origin: str = "erp", generation: int = 100) -> Image:
    return Image(origin, "data", (Segment("seed", generation),), 0.0)


@pytest.fixture
def world() -> World:
    world = World(seed=7, clock=Clock(1_000_000.0, speed=0))
    world.add_site("paris", SiteRole.PROD)
    world.add_site("lyon", SiteRole.DR)
    return world


def writer(world: World, key: str, site: str = "paris", **more: object) -> Writer:
    made = Writer(key, WriterKind.LPAR, site, **more)  # type: ignore[arg-type]
    return world.add_writer(made)


def rules(world: World) -> list[Rule]:
    return [v.rule for v in world.referee.violations]


def test_a_running_writer_puts_a_generation_a_period_on_its_volume_and_stops_with_it(world: World) -> None:
    erp = writer(world, "erp", period_s=2.0)
    disk = Volume("arr", "d1", 1, stored=seeded())
    with world.turn():
        world.power_on(erp, [disk])
    world.clock.advance(11)
    with world.turn() as now:
        assert disk.image(now).generation == 105
        world.power_off(erp)
    world.clock.advance(100)
    with world.turn() as now:
        assert disk.image(now).generation == 105
        assert disk.image(now).history == (Segment("seed", 100), Segment("erp#1", 105))


def test_events_happen_in_order_of_time_and_see_their_own_time(world: World) -> None:
    seen: list[float] = []
    with world.turn() as now:
        world.at(now + 5, seen.append)
        world.at(now + 3, seen.append)
        world.at(now + 4, seen.append).cancelled = True
    world.clock.advance(10)
    with world.turn() as now:
        assert seen == [now - 7, now - 5]


def test_two_live_writers_of_one_volume_set_are_a_violation(world: World) -> None:
    with world.turn():
        world.power_on(writer(world, "erp"), [Volume("arr1", "d1", 1, stored=seeded())])
        world.power_on(writer(world, "erp-dr", "lyon"), [Volume("arr2", "d1", 1, stored=seeded())])
    assert rules(world) == [Rule.TWO_WRITERS]


def test_a_drill_copy_in_isolation_is_no_second_live_writer(world: World) -> None:
    with world.turn():
        world.power_on(writer(world, "erp", nics=(Nic("0A0000000001", PROD),)), [Volume("a", "d", 1, stored=seeded())])
        drill = writer(world, "erp-drill", "lyon", nics=(Nic("0A0000000001", BUBBLE),))
        world.power_on(drill, [Volume("b", "d-drill", 1, stored=seeded())])
    assert rules(world) == []
    assert [loss.drill for loss in world.referee.losses] == [True]


def test_the_same_disk_under_two_running_hosts_is_a_violation_even_in_isolation(world: World) -> None:
    disk = Volume("arr1", "d1", 1, stored=seeded())
    with world.turn():
        world.power_on(writer(world, "erp"), [disk])
        world.power_on(writer(world, "other", nics=(Nic("0A0000000001", BUBBLE),)), [disk])
    assert rules(world) == [Rule.TWO_WRITERS]


def test_members_of_a_cluster_share_a_disk(world: World) -> None:
    disk = Volume("arr1", "d1", 1, stored=seeded())
    with world.turn():
        world.power_on(writer(world, "n1", cluster="rac"), [disk])
        world.power_on(writer(world, "n2", cluster="rac"), [disk])
    assert rules(world) == []


def test_one_mac_live_twice_on_one_segment_is_a_violation_and_on_two_segments_is_not(world: World) -> None:
    with world.turn():
        world.power_on(writer(world, "a", nics=(Nic("0A0000000001", PROD),)))
        world.power_on(writer(world, "b", nics=(Nic("0A0000000001", BUBBLE),)))
        assert rules(world) == []
        world.set_nics(world.writers["b"], (Nic("0A0000000001", PROD),))
    assert rules(world) == [Rule.MAC_TWICE]


def test_one_wwpn_in_two_running_lpars_is_a_violation_until_one_stops(world: World) -> None:
    pair = ("c050760000000010", "c050760000000011")
    one, two = writer(world, "a", wwpns=pair), writer(world, "b", "lyon", wwpns=pair)
    with world.turn():
        world.power_on(one)
        world.power_off(one)
        world.power_on(two)
        assert rules(world) == []
        world.power_on(one)
    assert rules(world) == [Rule.WWPN_TWICE, Rule.WWPN_TWICE]


def test_overwriting_a_disk_under_a_running_host_is_a_violation(world: World) -> None:
    disk = Volume("arr1", "d1", 1, stored=seeded())
    with world.turn():
        world.replace_image(disk, seeded(generation=90), "overwrite from s1")
        world.power_on(writer(world, "erp"), [disk])
        assert rules(world) == []
        world.replace_image(disk, seeded(generation=95), "overwrite from s2")
    assert rules(world) == [Rule.LIVE_OVERWRITE]


def test_a_failover_to_an_older_copy_loses_the_generations_in_between(world: World) -> None:
    prod, dr = writer(world, "erp", period_s=2.0), writer(world, "erp-dr", "lyon")
    disk, copy = Volume("a", "d", 1, stored=seeded()), Volume("b", "d", 1)
    with world.turn():
        world.power_on(prod, [disk])
    world.clock.advance(20)
    with world.turn() as now:
        world.replace_image(copy, disk.image(now), "replication")
    world.clock.advance(14)
    with world.turn():
        world.power_off(prod)
        world.power_on(dr, [copy])
    (loss,) = world.referee.losses
    assert (loss.generations, loss.seconds, loss.drill) == (7, 14.0, False)


def test_a_failback_with_all_data_loses_nothing_and_one_without_loses_what_the_other_side_wrote(world: World) -> None:
    prod, dr = writer(world, "erp"), writer(world, "erp-dr", "lyon")
    disk, copy = Volume("a", "d", 1, stored=seeded()), Volume("b", "d", 1, stored=seeded())
    with world.turn():
        world.power_on(dr, [copy])
    world.clock.advance(30)
    with world.turn() as now:
        world.power_off(dr)
        stale = disk.stored
        world.replace_image(disk, copy.image(now), "copy back")
        world.power_on(prod, [disk])
        world.power_off(prod)
        assert [loss.generations for loss in world.referee.losses] == [0]
        world.replace_image(disk, stale, "restore of an old copy")
        world.power_on(prod, [disk])
    assert [loss.generations for loss in world.referee.losses] == [0, 30]


def test_a_mirror_holds_what_its_source_holds_until_it_is_settled(world: World) -> None:
    disk = Volume("a", "d", 1, stored=seeded())
    mirror = Volume("b", "d", 1, writable=False, follows=disk)
    with world.turn():
        world.power_on(writer(world, "erp"), [disk])
    world.clock.advance(5)
    with world.turn() as now:
        assert mirror.image(now).generation == 105
        world.set_writable(mirror, True)
    world.clock.advance(5)
    with world.turn() as now:
        assert (mirror.image(now).generation, disk.image(now).generation) == (105, 110)


def test_a_dark_site_stops_its_writers_and_starts_nothing_when_it_comes_back(world: World) -> None:
    seen: list[bool] = []
    world.watch_sites(lambda site, now: seen.append(site.dark))
    erp = writer(world, "erp")
    with world.turn():
        world.power_on(erp, [Volume("a", "d", 1, stored=seeded())])
        world.set_dark("paris", True)
        assert not erp.running
        assert not world.linked("paris", "lyon")
        world.set_dark("paris", False)
        assert not erp.running
    assert seen == [True, False]


histories = st.lists(st.integers(1, 50), max_size=4)


@given(histories, histories)
def test_the_last_common_generation_is_symmetric_and_within_both(one: list[int], two: list[int]) -> None:
    def image(steps: list[int]) -> Image:
        total, segments = 0, []
        for index, step in enumerate(steps):
            total += step
            segments.append(Segment(f"s{index}", total))
        return Image("o", "m", tuple(segments))

    a, b = image(one), image(two)
    assert a.last_common(b) == b.last_common(a) <= min(a.generation, b.generation)
    assert a.last_common(a) == a.generation
