"""What makes a line of history, and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from store import estate as e
from store.events import Difference, differences, facts, label
from tests.store.estates import NOON, any_record, at, lpar, rcg, records, system

SYNCED, SYNCING, STOPPED, STALE = (
    e.SyncStatus.SYNCED,
    e.SyncStatus.SYNCING,
    e.SyncStatus.STOPPED,
    e.SyncStatus.STALE,
)


@settings(max_examples=80, deadline=None)
@given(obj=any_record())
def test_every_object_has_a_label_and_facts_and_does_not_differ_from_itself(obj: e.EstateObject) -> None:
    assert label(obj) == obj.name
    assert facts(obj)
    assert differences(obj, obj) == ()


@pytest.mark.parametrize("kind", e.KINDS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_differences_read_the_other_way_round_when_the_change_goes_back(kind: str, data: st.DataObject) -> None:
    one, other = data.draw(records(kind)), data.draw(records(kind))
    there, back = differences(one, other), differences(other, one)
    assert {found.field for found in there} == {found.field for found in back}
    assert {(found.before, found.after) for found in there if found.field == "name"} == {
        (found.after, found.before) for found in back if found.field == "name"
    }


def test_a_state_change_of_an_lpar_is_told_in_the_hmcs_words() -> None:
    told = differences(lpar(1), lpar(1, e.LparState.NOT_ACTIVATED))
    assert told == (Difference("state", "Running", "Not Activated"),)
    assert type(told[0].before) is str


def test_wwpns_and_macs_are_told_and_reference_codes_and_memory_are_not() -> None:
    quiet = lpar(1, refcode="CA00E175 2026-03-01 12:00", mem_mb=4096, rmc_ipaddr="10.0.0.2")
    assert differences(lpar(1), quiet) == ()
    told = differences(lpar(1), lpar(1, fc=lpar(2).fc, eth=()))
    assert told == (
        Difference("WWPNs", "c0507609a1b20002, c0507609a1b20003", "c0507609a1b20004, c0507609a1b20005"),
        Difference("MACs", "FE9F66D50001", "none"),
    )


def test_drift_of_a_profile_is_told_by_its_name() -> None:
    profile = e.LparProfile("dr", 1, 2, 4, "shared", 1, 0.5, 20, "norm", False, fc=lpar(1).fc)
    told = differences(lpar(1, profiles=(profile,)), lpar(1, profiles=(replace(profile, fc=()),)))
    assert [found.field for found in told] == ["WWPNs of profile dr"]


def test_wwpns_of_which_a_row_could_not_be_read_did_not_vanish() -> None:
    partial = lpar(1, fc=(), unread=("fc",))
    assert differences(lpar(1), partial) == (Difference("could not be read", None, "fc"),)
    assert differences(partial, lpar(1)) == (Difference("could not be read", "fc", None),)
    told = differences(lpar(1), lpar(1, fc=(), eth=(), unread=("fc",)))
    assert [found.field for found in told] == ["MACs", "could not be read"]


def test_profiles_of_which_a_row_could_not_be_read_did_not_drift() -> None:
    profile = e.LparProfile("dr", 1, 2, 4, "shared", 1, 0.5, 20, "norm", False, fc=lpar(1).fc)
    told = differences(lpar(1, profiles=(profile,)), lpar(1, unread=("profiles",)))
    assert [found.field for found in told] == ["could not be read"]


def test_a_login_of_an_npiv_port_is_told() -> None:
    mapping = e.NpivMapping("vfchost0", 5, "lpar5", "LOGGED_IN", "fcs0")
    told = differences(lpar(1, npiv=(mapping,)), lpar(1, npiv=(replace(mapping, status="NOT_LOGGED_IN"),)))
    assert told == (Difference("NPIV vfchost0", "LOGGED_IN", "NOT_LOGGED_IN"),)


def test_role_and_status_of_a_group_are_told_and_its_last_sync_is_not() -> None:
    before = rcg(e.RcgMode.PERIODIC, SYNCED, last_sync=NOON)
    volumes = tuple(replace(volume, last_sync=at(300), synced_percent=40) for volume in before.volumes)
    assert differences(before, replace(before, last_sync=at(300), volumes=volumes)) == ()
    told = differences(before, replace(before, role=e.RcgRole.PRIMARY_REV, status=e.RcgStatus.STOPPED))
    assert told == (Difference("role", "Primary", "Primary-Rev"), Difference("status", "Started", "Stopped"))


def test_fifty_volumes_that_stop_make_one_line() -> None:
    told = differences(rcg(e.RcgMode.SYNC, *[SYNCED] * 50), rcg(e.RcgMode.SYNC, *[STOPPED] * 49, STALE))
    assert told == (Difference("sync", "Synced", "49 Stopped, 1 Stale"),)


@pytest.mark.parametrize("mode", [e.RcgMode.PERIODIC, e.RcgMode.ASYNC])
def test_a_periodic_group_at_its_work_makes_no_history(mode: e.RcgMode) -> None:
    assert differences(rcg(mode, SYNCED, SYNCED), rcg(mode, SYNCING, SYNCED)) == ()
    assert differences(rcg(mode, SYNCING, SYNCED), rcg(mode, SYNCED, SYNCED)) == ()


def test_a_synchronous_group_that_falls_behind_does() -> None:
    told = differences(rcg(e.RcgMode.SYNC, SYNCED), rcg(e.RcgMode.SYNC, SYNCING))
    assert told == (Difference("sync", "Synced", "Syncing"),)


def test_a_periodic_group_that_goes_from_syncing_to_stopped_does() -> None:
    told = differences(rcg(e.RcgMode.PERIODIC, SYNCING), rcg(e.RcgMode.PERIODIC, STOPPED))
    assert told == (Difference("sync", "Syncing", "Stopped"),)


def test_members_of_a_small_set_are_named_and_of_a_large_one_only_those_that_moved() -> None:
    small = e.ProtectionGroup("fa1", "a", None, "pg", False, True, volumes=("db1", "db2"))
    assert differences(small, replace(small, volumes=("db1",))) == (Difference("volumes", "db1, db2", "db1"),)
    large = replace(small, volumes=tuple(f"v{n:03}" for n in range(200)))
    told = differences(large, replace(large, volumes=(*large.volumes[2:], "new")))
    assert told == (Difference("volumes", "200", "199: +new -v000 -v001"),)


def test_snapshots_that_come_and_transfers_that_move_make_no_history() -> None:
    group = e.ProtectionGroup("fa1", "a", None, "pg", False, True, snapshot_count=3)
    moved = e.PgroupSnapshot("pg.4", NOON, target="fa2", started=NOON, progress=0.4)
    assert differences(group, replace(group, snapshot_count=4, snapshots=(moved,), time_remaining_s=5)) == ()


def test_a_new_alert_and_a_closed_one_are_told() -> None:
    alert = e.ArrayAlert("7", "critical", "open", "hardware", "CT0.FC1 is down", created=NOON)
    quiet = e.FlashArray("a", "fa1", "Purity", "6.4")
    opened = Difference("alert 7", None, "critical: CT0.FC1 is down")
    assert differences(quiet, replace(quiet, alerts=(alert,))) == (opened,)
    closed = replace(quiet, alerts=(replace(alert, state="closed"),))
    assert differences(replace(quiet, alerts=(alert,)), closed) == (Difference("alert 7", opened.after, None),)


def test_power_and_replica_of_a_machine_are_told_and_the_progress_of_its_copy_is_not() -> None:
    replica = e.VmReplica("uuid-1", "erp01", 4, NOON, True)
    machine = e.VirtualMachine("vc", "vm-1", "erp01-r", "u", e.PowerState.OFF, "connected", replica=replica)
    busy = replace(machine, replica=replace(replica, generation=5, point_in_time=at(60), complete=False))
    assert differences(machine, busy) == ()
    told = differences(machine, replace(machine, power_state=e.PowerState.ON, replica=None))
    assert told == (Difference("power", "poweredOff", "poweredOn"), Difference("replica of", "erp01", None))


def test_the_state_of_a_system_is_told() -> None:
    told = differences(system(), system(e.SystemState.NO_CONNECTION))
    assert told == (Difference("state", "Operating", "No Connection"),)
