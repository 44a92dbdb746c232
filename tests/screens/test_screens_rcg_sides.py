"""Which array of a remote copy group serves its hosts: the decision table complete, and nothing outside it decided."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from screens.conditions import SideState
from screens.facts_rcg import parts
from screens.rcg_sides import decide, in_sync, pair_of, point_in_time, sync_summary
from screens.rows_rcgs import COLUMNS, row
from screens.side_by_side import Fact, Note
from store.estate import RcgMode, RcgRole, RcgStatus, RemoteCopyGroup, SyncStatus
from store.rcg_roles import Activity, RoleCode, Which, role_code
from store.records import DeviceHealth, Entry
from tests.screens.estate import Estate, ago, devices, entry, rcg, rcg_views

P, S, PR, SR = RcgRole.PRIMARY, RcgRole.SECONDARY, RcgRole.PRIMARY_REV, RcgRole.SECONDARY_REV

TABLE = {
    (P, S): (Activity.KNOWN, Which.NATURAL),
    (P, PR): (Activity.KNOWN, Which.PEER),
    (SR, PR): (Activity.KNOWN, Which.PEER),
    (S, P): (Activity.KNOWN, Which.PEER),
    (P, None): (Activity.PRESUMED, Which.NATURAL),
    (None, PR): (Activity.KNOWN, Which.PEER),
    (None, S): (Activity.UNKNOWN, None),
}


def _estate(natural: RcgRole | None, peer: RcgRole | None) -> Estate:
    """Two arrays; a side without a role is there in the store and cannot be read now."""
    estate = Estate(devices(), rcg_views("oradb", natural or P, peer or S))
    if natural is None:
        estate.set_device("3par-oslo", health=DeviceHealth.FAILING, failure="unreachable")
    if peer is None:
        estate.set_device("3par-bergen", health=DeviceHealth.FAILING, failure="unreachable")
    return estate


def _decided(natural: RcgRole | None, peer: RcgRole | None) -> tuple[Activity, Which | None]:
    verdict = decide(pair_of(_estate(natural, peer).scene(), "100:oradb"))
    return verdict.activity, verdict.active


@pytest.mark.parametrize(("natural", "peer"), TABLE, ids=lambda role: role.value if role else "unread")
def test_rcg_02_a_pair_of_the_table_names_the_side_that_serves(natural: RcgRole | None, peer: RcgRole | None) -> None:
    assert _decided(natural, peer) == TABLE[natural, peer]


@given(st.sampled_from([*RcgRole, None]), st.sampled_from([*RcgRole, None]))
def test_rcg_03_every_pair_outside_the_table_is_unknown(natural: RcgRole | None, peer: RcgRole | None) -> None:
    assert _decided(natural, peer) == TABLE.get((natural, peer), (Activity.UNKNOWN, None))


@given(st.sampled_from(list(RcgRole)), st.sampled_from([True, False, None]))
def test_a_role_that_contradicts_its_reversal_has_no_code(role: RcgRole, role_reversed: bool | None) -> None:
    code = role_code(role, role_reversed)
    says_rev = role in (PR, SR)
    if role is RcgRole.UNKNOWN or (role_reversed is not None and role_reversed is not says_rev):
        assert code is None
    else:
        assert code is not None and code.value.endswith("T" if says_rev else "F")


def test_a_contradicting_view_makes_the_active_side_unknown() -> None:
    estate = Estate(devices(), rcg_views("oradb", P, S, role_reversed=True))
    assert decide(pair_of(estate.scene(), "100:oradb")).activity is Activity.UNKNOWN
    assert role_code(P, None) is RoleCode.PRIMARY


def test_rcg_02_a_failed_over_group_reads_primary_rev_and_names_the_array_that_serves() -> None:
    scene = _estate(P, PR).scene()
    cells = dict(zip([c.title for c in COLUMNS], row(pair_of(scene, "100:oradb"), scene), strict=True))
    assert cells["Roles natural/peer"].text == "▲ Primary / Primary-Rev"
    assert cells["Roles natural/peer"].short == "▲ Pri/Pri-Rev"
    assert cells["Active"].text == "● 3par-bergen"


def test_rcg_10_with_one_array_unreachable_its_half_is_unknown_and_the_other_is_shown() -> None:
    scene = _estate(None, PR).scene()
    pair = pair_of(scene, "100:oradb")
    cells = dict(zip([c.title for c in COLUMNS], row(pair, scene), strict=True))
    assert cells["Roles natural/peer"].text == "? not read / Primary-Rev"
    assert cells["Age"].text.startswith("▲ stale")
    assert pair.natural.state is SideState.UNREAD
    assert pair.natural.group is not None, "its last known state stays"


def test_a_group_missing_on_an_array_that_is_read_is_damage_and_not_unreachable() -> None:
    one_sided = Estate(devices(), rcg_views("oradb", P, S)[:1])
    pair = pair_of(one_sided.scene(), "100:oradb")
    assert pair.peer.state is SideState.MISSING
    assert decide(pair).activity is Activity.UNKNOWN
    one_sided.set_device("3par-bergen", health=DeviceHealth.NEVER, last_ok=None)
    pair = pair_of(one_sided.scene(), "100:oradb")
    assert pair.peer.state is SideState.UNREAD
    assert decide(pair).activity is Activity.PRESUMED


def test_a_view_that_is_gone_is_missing_while_its_array_is_read() -> None:
    views = rcg_views("oradb", P, S)
    estate = Estate(devices(), [views[0], replace(views[1], gone=True)])
    assert pair_of(estate.scene(), "100:oradb").peer.state is SideState.MISSING


def test_a_cached_view_that_grew_old_is_not_read() -> None:
    views = rcg_views("oradb", P, S)
    estate = Estate(devices(), [views[0], replace(views[1], seen_at=ago(1000))])
    assert pair_of(estate.scene(), "100:oradb").peer.state is SideState.UNREAD


def test_two_views_of_one_side_leave_everything_unknown() -> None:
    third = rcg("3par-oslo", "oradb", P)
    copy = replace(third, array="3par-third", array_serial="SN-third")
    views = [*rcg_views("oradb", P, S), entry(copy, "3par-oslo")]
    pair = pair_of(Estate(devices(), views).scene(), "100:oradb")
    assert pair.spare
    assert decide(pair).activity is Activity.UNKNOWN


def test_the_two_views_are_told_apart_by_the_name_and_not_by_the_target() -> None:
    views = rcg_views("oradb", S, P, target="the-same-name")
    pair = pair_of(Estate(devices(), views).scene(), "100:oradb")
    assert pair.natural.group is not None and pair.natural.group.array == "3par-oslo"


def _pair_with(sync: SyncStatus, mode: RcgMode = RcgMode.SYNC, status: RcgStatus = RcgStatus.STARTED) -> list[Entry]:
    return rcg_views("oradb", P, S, sync=sync, mode=mode, status=status)


def test_a_synchronous_group_is_in_sync_only_while_both_sides_say_started_and_synced() -> None:
    def lossless(entries: list[Entry], **trouble: object) -> bool:
        estate = Estate(devices(), entries)
        if trouble:
            estate.set_device("3par-bergen", **trouble)
        return in_sync(pair_of(estate.scene(), "100:oradb"))

    assert lossless(_pair_with(SyncStatus.SYNCED))
    assert not lossless(_pair_with(SyncStatus.SYNCING))
    assert not lossless(_pair_with(SyncStatus.SYNCED, status=RcgStatus.STOPPED))
    assert not lossless(_pair_with(SyncStatus.SYNCED, mode=RcgMode.PERIODIC))
    assert not lossless(_pair_with(SyncStatus.SYNCED), health=DeviceHealth.FAILING)


def test_the_point_in_time_is_the_oldest_volume_of_either_side() -> None:
    views = rcg_views("oradb", P, S)
    group = views[0].obj
    assert isinstance(group, RemoteCopyGroup)
    older = replace(group, volumes=(replace(group.volumes[0], last_sync=ago(4000)), group.volumes[1]))
    estate = Estate(devices(), [replace(views[0], told=older), views[1]])
    assert point_in_time(pair_of(estate.scene(), "100:oradb")) == ago(4000)


def test_the_worst_volume_is_what_the_group_shows() -> None:
    views = rcg_views("oradb", P, S)
    group = views[0].obj
    assert isinstance(group, RemoteCopyGroup)
    half = replace(group, volumes=(replace(group.volumes[0], sync_status=SyncStatus.NOT_SYNCED), group.volumes[1]))
    summary = sync_summary(pair_of(Estate(devices(), [replace(views[0], told=half), views[1]]).scene(), "100:oradb"))
    assert summary is not None
    assert (summary.worst, summary.count, summary.total) == (SyncStatus.NOT_SYNCED, 1, 2)


def test_a_periodic_group_that_is_older_than_two_periods_is_late() -> None:
    def synced(seconds: float) -> str:
        scene = Estate(devices(), rcg_views("oradb", P, S, last_s=seconds)).scene()
        return row(pair_of(scene, "100:oradb"), scene)[5].text

    assert synced(290) == "4m"
    assert synced(550) == "▲ 9m"
    assert synced(600) == "✗ 10m"


def test_the_detail_marks_the_row_of_the_table_that_applies() -> None:
    for natural, peer in TABLE:
        scene = _estate(natural, peer).scene()
        notes = [p.text for p in parts(scene, pair_of(scene, "100:oradb")) if isinstance(p, Note) and "← now" in p.text]
        assert len(notes) == 1
        words = [role.value if role else "not read" for role in (natural, peer)]
        assert notes[0].startswith(" / ".join(words))


def test_the_detail_sets_both_arrays_views_of_each_volume_next_to_each_other() -> None:
    views = rcg_views("oradb", P, S)
    other = views[1].obj
    assert isinstance(other, RemoteCopyGroup)
    torn = replace(other, volumes=(replace(other.volumes[0], sync_status=SyncStatus.STALE), other.volumes[1]))
    scene = Estate(devices(), [views[0], replace(views[1], told=torn)]).scene()
    facts = {p.label: p for p in parts(scene, pair_of(scene, "100:oradb")) if isinstance(p, Fact)}
    assert facts["oradb-1"].differs
    assert facts["oradb-1"].right is not None and "Stale" in facts["oradb-1"].right.text
    assert not facts["oradb-2"].differs
