"""The blast radius on an estate of two sites: what falls, with what, how much is lost, and which plan answers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from store.estate import LparState, PgroupTarget, Pod, PodReplicaLink, RcgMode, RcgRole, SyncStatus
from store.infra.blast import Planned, PlannedMember, StrikeError, radius, struck
from store.infra.falling import fall
from store.infra.radius import BoundKind, Effect, Hit, Radius
from store.infra.records import Feed, Item, Link, System, SystemType, Vlan
from store.replications import Replicated
from tests.screens.estate import (
    NOW,
    Estate,
    ago,
    calm,
    client,
    drillable,
    entry,
    fa_host,
    lpar,
    rcg_views,
    volume,
    wwpns_of,
)
from tests.store.infra.standing import OSLO, drawn

PLAN = Planned(
    "main",
    "oslo",
    "bergen",
    (
        ("erp", (PlannedMember("lpar", "erp-db"), PlannedMember("pgroup", "pg-erp"))),
        ("ora", (PlannedMember("rcg", "oradb"),)),
        ("crm", (PlannedMember("vm", "crm01"),)),
    ),
)


def hit_by(
    estate: Estate, kind: str, name: str, items: tuple[Item, ...] = OSLO, plans: Sequence[Planned] = (PLAN,)
) -> Radius:
    made = drawn(estate, items)
    return radius(made, struck(made, kind, name), NOW, plans, [Replicated("crm01", "crm01", "v", "w", 60, False)])


def names(found: Radius, effect: Effect) -> set[str]:
    return {hit.name for hit in found.of(effect)}


def one(found: Radius, kind: str, name: str) -> Hit:
    (hit,) = [each for each in found.hits if each.node[0] == kind and each.name == name]
    return hit


def test_a_rack_takes_the_lpars_of_its_managed_system_with_bound_and_plan() -> None:
    found = hit_by(drillable(), "rack", "A7")
    assert names(found, Effect.FALLS) == {"erp-db", "erp-app", "web01"}
    erp = one(found, "lpar", "erp-db")
    assert erp.because == "managed system P10-OSLO-01, rack A7" and (erp.plan, erp.application) == ("main", "erp")
    # erp-shared is in no protection group: part of the LPAR is copied nowhere
    assert erp.bound is not None and erp.bound.kind is BoundKind.NONE
    assert found.summary == "rack A7 fails → 3 LPARs, plan main; bound no copy"


def test_the_loss_of_an_lpar_is_the_age_of_the_newest_copy_that_stays() -> None:
    estate = drillable()
    estate.entries = [each for each in estate.entries if getattr(each.obj, "name", "") != "erp-shared"]
    bound = one(hit_by(estate, "rack", "A7"), "lpar", "erp-db").bound
    assert bound is not None and bound.seconds == 300 and bound.words == "5 min"


def test_an_lpar_whose_volumes_are_not_known_has_an_unknown_bound() -> None:
    bound = one(hit_by(drillable(), "rack", "A7"), "lpar", "web01").bound
    assert bound is not None and bound.kind is BoundKind.UNKNOWN


def test_an_array_takes_its_groups_and_the_lpars_on_it_and_no_others() -> None:
    found = hit_by(drillable(), "array", "fa-oslo")
    assert names(found, Effect.FALLS) == {"erp-db", "pg-erp"}
    group = one(found, "pgroup", "pg-erp")
    assert group.bound is not None and group.bound.words == "5 min"


def test_storage_that_stays_is_told_from_storage_that_falls() -> None:
    assert one(hit_by(drillable(), "rack", "A7"), "lpar", "erp-db").storage is True
    assert one(hit_by(drillable(), "array", "fa-oslo"), "lpar", "erp-db").storage is False
    assert one(hit_by(drillable(), "rack", "A7"), "lpar", "web01").storage is None, "nobody knows its volumes"
    assert one(hit_by(drillable(), "site", "oslo"), "vm", "crm01").storage is None


def test_a_copy_is_told_once_with_its_source() -> None:
    found = hit_by(calm(), "site", "bergen")
    assert {hit.node[0] for hit in found.of(Effect.STANDBY)} == {"lpar"}


def test_of_several_reasons_where_it_stands_comes_first() -> None:
    found = hit_by(calm(), "site", "oslo")
    assert one(found, "lpar", "web01").because == "managed system P10-OSLO-01, rack A7, row 1"


def test_a_whole_site_takes_everything_and_every_plan_from_it() -> None:
    found = hit_by(calm(), "site", "oslo")
    assert {"erp-db", "erp-app", "web01", "pg-erp", "oradb", "sapdb", "crm01"} == names(found, Effect.FALLS)
    (plan,) = found.plans
    assert [name for name, _ in plan.applications] == ["erp", "crm", "ora"] and plan.against == ()
    assert one(found, "vm", "crm01").bound is not None
    synced = one(found, "rcg", "sapdb").bound
    assert synced is not None and synced.seconds == 0, "in Sync mode and in sync, nothing is lost"


def test_the_recovery_site_takes_copies_and_stand_bys_and_nothing_that_runs() -> None:
    found = hit_by(calm(), "site", "bergen")
    assert not found.of(Effect.FALLS, Effect.MAY)
    assert {"pg-erp", "oradb", "sapdb", "crm01"} == names(found, Effect.BARE)
    assert {"erp-db", "erp-app", "web01"} <= names(found, Effect.STANDBY)
    assert found.bound is None and found.plans == ()


def test_a_copy_that_falls_too_bounds_nothing() -> None:
    estate = calm()
    at_home = [replace(each, told=replace(each.obj, targets=(PgroupTarget("fa-oslo", True),), snapshots=tuple(
        replace(s, target="fa-oslo") for s in each.obj.snapshots))) if each.kind == "pgroup" and each.obj.is_local
        else each for each in estate.entries]  # fmt: skip
    estate.entries = at_home
    bound = one(hit_by(estate, "site", "oslo"), "pgroup", "pg-erp").bound
    assert bound is not None and bound.kind is BoundKind.NONE


def test_a_group_in_sync_mode_that_is_not_in_sync_has_an_unknown_bound() -> None:
    estate = calm()
    estate.entries += rcg_views("late", RcgRole.PRIMARY, RcgRole.SECONDARY, mode=RcgMode.SYNC, sync=SyncStatus.SYNCING)
    bound = one(hit_by(estate, "array", "3par-oslo"), "rcg", "late").bound
    assert bound is not None and bound.kind is BoundKind.UNKNOWN


def test_a_failed_over_group_falls_with_the_array_that_serves_it_now() -> None:
    estate = calm()
    estate.entries += rcg_views("moved", RcgRole.SECONDARY_REV, RcgRole.PRIMARY_REV)
    assert "moved" not in names(hit_by(estate, "array", "3par-oslo"), Effect.FALLS)
    assert "moved" in names(hit_by(estate, "array", "3par-bergen"), Effect.FALLS)
    plan = Planned("main", "oslo", "bergen", (("a", (PlannedMember("rcg", "moved"),)),))
    (hit,) = hit_by(estate, "array", "3par-bergen", plans=[plan]).plans
    assert hit.against == ("it goes from oslo to bergen: moved runs elsewhere",)


def test_a_group_of_which_nobody_knows_the_active_side_may_fall_with_either() -> None:
    estate = calm()
    estate.entries += rcg_views("torn", RcgRole.PRIMARY_REV, RcgRole.SECONDARY)
    for array in ("3par-oslo", "3par-bergen"):
        torn = one(hit_by(estate, "array", array), "rcg", "torn")
        assert torn.effect is Effect.MAY and "nobody knows which array serves it" in torn.because
        assert torn.bound is not None and torn.bound.kind is BoundKind.UNKNOWN


def test_a_pod_over_two_arrays_outlives_either_and_so_does_the_lpar_on_it() -> None:
    estate = calm()
    both = (("fa-oslo", "online"), ("fa-bergen", "online"))
    wwpns = wwpns_of(9)
    estate.entries += [
        entry(Pod("fa-oslo", "id-fa-oslo", "p1", "pod-a", False, "promoted", both), "fa-oslo"),
        entry(client("pod-lpar", wwpns), "hmc-oslo"),
        entry(fa_host("pod-lpar", wwpns), "fa-oslo"),
        entry(volume("pod-a::data", ("pod-lpar", 1), pod="pod-a"), "fa-oslo"),
    ]
    assert not {"pod-a", "pod-lpar"} & names(hit_by(estate, "array", "fa-oslo"), Effect.FALLS)
    made = drawn(estate)
    assert made.served["pod", "id-fa-oslo:p1"].serving
    found = fall(made.needs, [("array", "id-fa-oslo"), ("array", "id-fa-bergen")])
    assert ("pod", "id-fa-oslo:p1") in found and ("lpar", "9105-22A*7801234/pod-lpar") in found


def test_a_pod_that_is_replicated_bounds_the_loss_of_what_is_on_it() -> None:
    estate = calm()
    link = PodReplicaLink("outbound", "fa-bergen", "pod-b", "replicating", False, 3.0, ago(240))
    wwpns = wwpns_of(9)
    estate.entries += [
        entry(Pod("fa-oslo", "id-fa-oslo", "p1", "pod-a", False, "promoted", (), (link,)), "fa-oslo"),
        entry(client("pod-lpar", wwpns), "hmc-oslo"),
        entry(fa_host("pod-lpar", wwpns), "fa-oslo"),
        entry(volume("pod-a::data", ("pod-lpar", 1), pod="pod-a"), "fa-oslo"),
    ]
    for kind, name in (("pod", "pod-a"), ("lpar", "pod-lpar")):
        bound = one(hit_by(estate, "array", "fa-oslo"), kind, name).bound
        assert bound is not None and bound.words == "4 min", name


def test_one_feed_takes_what_hangs_on_it_alone() -> None:
    found = hit_by(calm(), "feed", "A")
    assert names(found, Effect.FALLS) == {"oradb", "sapdb"}, "3par-oslo hangs on feed A alone"
    assert not found.of(Effect.MAY), "without it feed B carries 6900 W of 9000"


def test_a_feed_that_has_less_than_is_drawn_once_the_other_fails_may_take_all_on_it() -> None:
    found = hit_by(calm(), "feed", "B")
    assert not found.of(Effect.FALLS)
    assert {"web01", "pg-erp", "oradb"} <= names(found, Effect.MAY)
    assert "9300 W are drawn from it then, beyond its 9000 W" in one(found, "lpar", "web01").because
    enough = tuple(replace(each, capacity_w=9300) if isinstance(each, Feed) else each for each in OSLO)
    assert not hit_by(calm(), "feed", "B", enough).hits


def test_the_only_link_leaves_everything_running_and_nothing_current() -> None:
    found = hit_by(calm(), "link", "north")
    assert not found.of(Effect.FALLS, Effect.MAY, Effect.STANDBY)
    assert names(found, Effect.BARE) == {"pg-erp", "oradb", "sapdb", "crm01"}
    two = (*OSLO, Link("south", "bergen", "oslo"))
    assert not hit_by(calm(), "link", "north", two).hits, "the other link carries it"


def test_a_vlan_takes_lpars_that_are_in_no_other() -> None:
    assert names(hit_by(calm(), "vlan", "120"), Effect.FALLS) == {"erp-db", "erp-app", "web01"}
    estate = calm()
    known = lpar("two", "P10-OSLO-01", "7801234", LparState.RUNNING)
    adapters = (*known.eth, replace(known.eth[0], slot=5, port_vlan_id=130))
    estate.entries.append(entry(replace(known, eth=adapters), "hmc-oslo"))
    found = hit_by(estate, "vlan", "oslo/120", (*OSLO, Vlan("oslo", 130)))
    assert names(found, Effect.MAY) == {"two"}
    assert "keeps another network" in one(found, "lpar", "two").because


def test_switches_cut_off_what_hangs_on_them_alone() -> None:
    switch = System("sw1", "oslo", SystemType.SWITCH, "A6", 40.0)
    cut = tuple(replace(each, switches=("sw1",)) if isinstance(each, System) and each.name == "P10-OSLO-01" else each
                for each in OSLO)  # fmt: skip
    found = hit_by(calm(), "system", "sw1", (*cut, switch))
    assert names(found, Effect.FALLS) == {"erp-db", "erp-app", "web01"}
    assert "cut off from the network" in one(found, "lpar", "web01").because


def test_what_stands_in_no_rack_is_said_not_guessed() -> None:
    loose = tuple(each for each in OSLO if getattr(each, "name", "") != "3par-oslo")
    found = hit_by(calm(), "rack", "A6", loose)
    assert any("3par-oslo" in note and "may stand here too" in note for note in found.notes)
    assert "oradb" not in names(found, Effect.FALLS)


def test_without_any_import_a_site_still_takes_what_its_devices_report() -> None:
    found = hit_by(calm(), "site", "oslo", ())
    assert {"erp-db", "pg-erp", "oradb", "crm01"} <= names(found, Effect.FALLS)


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("rack", "Z9", "No rack is called Z9. There are: bergen/B1, oslo/A6, oslo/A7"),
        ("link", "west", "No link is called west. There are: north"),
        ("array", "P10-OSLO-01", "No array is called P10-OSLO-01"),
    ],
)
def test_what_there_is_not_is_told_with_what_there_is(kind: str, name: str, words: str) -> None:
    with pytest.raises(StrikeError, match=words):
        struck(drawn(calm()), kind, name)


def test_a_name_that_two_sites_have_needs_its_site() -> None:
    twice = (*OSLO, Vlan("bergen", 120))
    made = drawn(calm(), twice)
    with pytest.raises(StrikeError, match="120 could be bergen/120, oslo/120: name one"):
        struck(made, "vlan", "120")
    assert struck(made, "vlan", "bergen/120") == ("vlan", "bergen/120")


def test_a_discovered_array_and_its_system_are_one_thing() -> None:
    made = drawn(calm())
    assert struck(made, "array", "fa-oslo") == struck(made, "system", "fa-oslo") == ("system", "fa-oslo")
