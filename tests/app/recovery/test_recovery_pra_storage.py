"""Copies of volumes, case by case: made, paired, connected, or reported."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from app.recovery.pra import alignment as to_do
from app.recovery.pra.align import align
from app.recovery.pra.alignment import Aligned
from app.recovery.pra.situation import PraNow, wwpns
from backends.flasharray.looks import VolumeSnapshot
from store.estate import PgroupSnapshot
from tests.app.recovery.pra_model import GIB, NOW, Site, Sites
from tests.app.recovery.pra_sites import NAME, hold, look, only, said, whole


@pytest.fixture
def at() -> Sites:
    return whole()


def copies(at: Sites) -> None:
    """The recovery site has hosts and definition, and no copy."""
    at.away.volumes, at.away.tags = {}, {}


def test_copies_are_made_tagged_and_connected_with_the_boot_lun_first(at: Sites) -> None:
    copies(at)
    acts = look(at).acts
    assert [type(act).__name__ for act in acts] == ["AddVolume", "PairVolume"] * 2 + ["Connect"] * 2
    assert [(act.volume, act.lun) for act in acts if isinstance(act, to_do.Connect)] == [
        (f"{NAME}_v0", 1),
        (f"{NAME}_v1", 2),
    ]
    assert next(act.value for act in acts if isinstance(act, to_do.PairVolume)) == f"replica-{NAME}_v0"


def test_a_copy_by_the_same_name_that_nobody_uses_is_tagged(at: Sites) -> None:
    del at.away.tags[f"{NAME}_v0"]
    assert only(at) == to_do.PairVolume("fa-lyon", f"{NAME}_v0", f"replica-{NAME}_v0")


def test_a_volume_by_the_same_name_that_another_host_uses_is_not_taken_for_a_copy(at: Sites) -> None:
    at.away.add_host("other", ())
    at.away.add_volume(f"{NAME}_v0", GIB, ("other", 1))
    del at.away.tags[f"{NAME}_v0"]
    assert look(at).acts == ()
    assert said(at) == [f"fa.paired: {NAME}_v0 on fa-lyon is connected to other: it is not taken for a copy"]


def test_a_tag_outweighs_the_name_and_may_say_production_s_own_id(at: Sites) -> None:
    at.away.volumes[f"{NAME}_v0-old"] = replace(at.away.volumes.pop(f"{NAME}_v0"), name=f"{NAME}_v0-old")
    del at.away.tags[f"{NAME}_v0"]
    at.away.tags[f"{NAME}_v0-old"] = at.home.volumes[f"{NAME}_v0"].id
    assert look(at) == Aligned(NAME, (), ())


def test_two_volumes_with_the_tag_of_one_source_are_reported_and_no_third_is_made(at: Sites) -> None:
    source = f"{NAME}_v0"
    for name in ("one", "two"):
        at.away.add_volume(name, GIB)
        at.away.tags[name] = at.away.tags[source]
    del at.away.volumes[source], at.away.tags[source]
    assert look(at).acts == ()
    assert said(at) == [f"fa.paired: one, two on fa-lyon are both paired with {source}: take the tag off all but one"]


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        ("tagged for another", "is paired with another volume"),
        ("smaller", "is smaller than its source"),
        ("smaller and tagged", "is smaller than its source"),
        ("gone", "is pending eradication: its name is taken"),
    ],
)
def test_what_stands_where_the_copy_is_to_be_is_reported(at: Sites, break_it: str, words: str) -> None:
    name = f"{NAME}_v1"
    at.away.add_volume(name, 2 * GIB)
    if break_it == "tagged for another":
        at.away.tags[name] = "another"
    if break_it.startswith("smaller"):
        at.away.add_volume(name, GIB)
    if break_it in ("smaller", "gone"):
        del at.away.tags[name]
    if break_it == "gone":
        at.away.gone.add(name)
    assert look(at).acts == ()
    assert said(at) == [f"fa.paired: {name} on fa-lyon {words}"]


def test_a_lun_that_differs_is_reported_and_not_changed(at: Sites) -> None:
    at.away.add_volume(f"{NAME}_v0", GIB, (NAME, 40))
    assert look(at).acts == ()
    assert said(at) == [f"fa.paired: {NAME}_v0 on fa-lyon has LUN 40 for {NAME}, at home 1: change it by hand"]


def test_a_lun_that_another_volume_has_is_reported(at: Sites) -> None:
    at.away.add_volume(f"{NAME}_v0", GIB)
    at.away.add_volume("scratch", GIB, (NAME, 1))
    assert look(at).acts == ()
    assert said(at) == [f"fa.paired: LUN 1 of {NAME} on fa-lyon is taken by scratch"]


def test_a_copy_that_another_host_sees_as_well_is_reported(at: Sites) -> None:
    at.away.add_volume(f"{NAME}_v0", GIB, (NAME, 1), ("backup", 3))
    assert look(at).acts == ()
    assert said(at) == [f"fa.paired: {NAME}_v0 on fa-lyon is connected to backup: it is left alone"]


def test_a_connection_to_the_host_group_of_its_host_is_a_connection(at: Sites) -> None:
    at.away.hosts[NAME] = replace(at.away.hosts[NAME], host_group="cluster")
    for name, volume in at.away.volumes.items():
        at.away.volumes[name] = replace(volume, hosts=(("cluster", volume.hosts[0][1]),))
    assert look(at) == Aligned(NAME, (), ())


def test_nothing_is_connected_to_a_host_that_cannot_be_made(at: Sites) -> None:
    at.away.volumes = {n: replace(v, hosts=()) for n, v in at.away.volumes.items()}
    host = at.away.hosts.pop(NAME)
    at.away.add_host("x", host.wwns[:1])
    at.away.add_host("y", host.wwns[1:2])
    assert look(at).acts == ()
    assert len(said(at)) == 2


def test_a_volume_in_no_group_or_in_two_is_reported(at: Sites) -> None:
    (group,) = at.home.groups
    at.home.groups = (replace(group, volumes=(f"{NAME}_v1",)),)
    assert said(at) == [f"fa.member: {NAME}_v0 is in no protection group"]
    at.home.groups = (group, replace(group, id="h", name="pg-b", volumes=(f"{NAME}_v0",)))
    assert said(at) == [f"fa.member: {NAME}_v0 is in several: pg-a, pg-b"]


def test_a_group_without_a_complete_snapshot_there_is_reported_and_no_copy_is_made(at: Sites) -> None:
    copies(at)
    (replica,) = at.away.groups
    at.away.groups = (replace(replica, snapshots=()),)
    at.away.parts = {}
    assert look(at).acts == ()
    assert f"fa.complete: fa-lyon has no complete snapshot of {at.home.groups[0].name}" in said(at)


def test_a_volume_that_joined_after_the_newest_snapshot_is_reported(at: Sites) -> None:
    copies(at)
    at.away.parts = {name: part for name, part in at.away.parts.items() if name.endswith("_v0")}
    assert [act.volume for act in look(at).acts if isinstance(act, to_do.AddVolume)] == [f"{NAME}_v0"]
    assert said(at) == [f"fa.complete: fa-paris:pg-a.7 on fa-lyon has no {NAME}_v1: it was not a member then"]


def test_a_group_that_replicates_nowhere_that_can_be_read_is_reported(at: Sites) -> None:
    at.home.groups = tuple(replace(group, targets=()) for group in at.home.groups)
    assert "fa.complete: pg-a replicates to no array that can be read" in said(at)


# ---------------------------------------------------------------------------------------------------- several arrays


def with_second_array(at: Sites, lun: int | None) -> PraNow:
    """The nominal site has another array, where the LPAR sees a volume under this LUN; None: it sees none there."""
    (group,) = at.home.groups
    other = Site("rome", at.home.system)
    if lun is not None:
        other.add_host(NAME, wwpns(at.home.lpars[NAME]))
        other.add_volume("archive", GIB, (NAME, lun))
        other.groups = (replace(group, id="o", name="pg-o", volumes=("archive",)),)
        (replica,) = at.away.groups
        newest = PgroupSnapshot("fa-rome:pg-o.3", NOW, completed=NOW, progress=1.0)
        at.away.groups = (replica, replace(replica, id="p", name="fa-rome:pg-o", snapshots=(newest,)))
        part = "fa-rome:pg-o.3.archive"
        at.away.parts[part] = VolumeSnapshot(part, "fa-rome:archive", "replica-archive", GIB, NOW, False)
    now = at.now()
    return replace(now, nominal=replace(now.nominal, arrays=(*now.nominal.arrays, *other.now().arrays)))


def test_a_host_belongs_on_the_arrays_where_its_volumes_are_and_on_no_other(at: Sites) -> None:
    (found,) = align(with_second_array(at, None))
    assert found == Aligned(NAME, (), ())
    (first, *_) = at.home.hosts[NAME].wwns
    hold(at.home, NAME, *at.home.hosts[NAME].wwns[1:])
    (found,) = align(with_second_array(at, None))
    assert found.acts == (to_do.AddWwns("fa-paris", NAME, (first,)),)


def test_no_host_is_made_on_an_array_while_the_one_with_its_volumes_cannot_be_read(at: Sites) -> None:
    now = with_second_array(at, None)
    mine, other = now.nominal.arrays
    dark = replace(now, nominal=replace(now.nominal, arrays=(replace(mine, reading=None), other)))
    (found,) = align(dark)
    assert found.acts == ()


def test_volumes_of_two_arrays_come_together_where_their_luns_do_not_collide(at: Sites) -> None:
    (found,) = align(with_second_array(at, 9))
    assert found.findings == ()
    assert [type(act).__name__ for act in found.acts] == ["AddVolume", "PairVolume", "Connect"]
    assert found.acts[-1] == to_do.Connect("fa-lyon", NAME, "archive", 9)


def test_a_lun_that_volumes_of_two_arrays_have_is_reported(at: Sites) -> None:
    (found,) = align(with_second_array(at, 1))
    assert [type(act).__name__ for act in found.acts] == ["AddVolume", "PairVolume"]
    assert [each.words for each in found.findings] == [f"LUN 1 of {NAME} on fa-lyon is taken by {NAME}_v0"]


def test_of_two_planned_connections_with_one_lun_only_the_first_is_made(at: Sites) -> None:
    copies(at)
    (found,) = align(with_second_array(at, 1))
    connections = [act for act in found.acts if isinstance(act, to_do.Connect)]
    assert [(act.volume, act.lun) for act in connections] == [(f"{NAME}_v0", 1), (f"{NAME}_v1", 2)]
    assert [each.words for each in found.findings] == [f"LUN 1 of {NAME} on fa-lyon is taken by {NAME}_v0"]


def test_a_lun_that_is_not_known_at_home_is_reported(at: Sites) -> None:
    copies(at)
    at.home.volumes[f"{NAME}_v0"] = replace(at.home.volumes[f"{NAME}_v0"], hosts=((NAME, None),))
    assert f"fa.paired: the LUN of {NAME}_v0 at home is not known" in said(at)
