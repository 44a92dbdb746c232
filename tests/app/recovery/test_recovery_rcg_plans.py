"""What is planned for a remote copy group, and in which states nothing is."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.recovery import kinds, prediction, schedule
from app.recovery.operations import changed
from app.recovery.rcg import bounds
from app.recovery.rcg.options import Options
from app.recovery.rcg.planning import plan
from app.recovery.rcg.situation import Situation, way_back
from app.recovery.witnesses import Witness
from store.estate import RcgMode, RcgRole, RcgStatus, SyncStatus, Vlun
from store.rcg_verbs import RcgVerb, Standing
from store.runs import Plan, StepState
from tests.app.recovery.situations import NOW, PR, SR, TWO_WITNESSES, P, S, U, pair

STARTED, STOPPED = RcgStatus.STARTED, RcgStatus.STOPPED


def made(verb: RcgVerb, at: Situation, **options: object) -> Plan:
    return plan(verb, [at], Options(**options), "0301-0300-abcd")  # type: ignore[arg-type]


def calls(found: Plan) -> list[str]:
    return [f"{step.device}: {step.call}" for step in found.steps]


def offered(at: Situation) -> set[RcgVerb]:
    return {verb for verb in RcgVerb if not made(verb, at).refused}


def test_each_verb_is_offered_only_in_the_states_where_it_is_right() -> None:
    v = RcgVerb
    assert offered(pair(P, S)) == {v.STOP, v.SYNC, v.FAILOVER, v.REVERSE}
    assert offered(pair(P, S, STOPPED, sync=SyncStatus.STOPPED)) == {v.START}
    assert offered(pair(P, PR, STOPPED, exported="peer")) == {v.RECOVER, v.UNDO}
    assert offered(pair(SR, PR, exported="peer")) == {v.STOP, v.SYNC, v.RECOVER, v.RESTORE}
    assert offered(pair(S, P, exported="peer")) == {v.STOP, v.SYNC, v.REVERSE}
    assert offered(pair(P, None)) == set()
    assert offered(pair(None, PR, STOPPED)) == set()
    assert offered(pair(None, S, STOPPED)) == set()
    assert offered(pair(P, S, policies=("path_management",))) == {v.STOP, v.SYNC, v.FAILOVER, v.REVERSE, v.SWITCHOVER}


@pytest.mark.parametrize(("natural", "peer"), list(product((P, S, PR, SR, U), repeat=2)))
def test_rcg_03_no_verb_is_offered_on_a_pair_outside_the_table(natural: RcgRole, peer: RcgRole) -> None:
    at = pair(natural, peer)
    if at.standing is not Standing.UNKNOWN:
        return
    for disaster in (False, True):
        for verb in RcgVerb:
            found = made(verb, at, disaster=disaster)
            assert found.refused
            assert found.way_back


def test_rcg_10_a_group_that_one_array_does_not_have_is_unknown() -> None:
    at = pair(P, S)
    assert replace(at, peer=replace(at.peer, group=None)).standing is Standing.UNKNOWN


def test_a_planned_failover_fences_synchronizes_stops_saves_fails_over_and_exports_in_that_order() -> None:
    found = made(RcgVerb.FAILOVER, pair(P, S, mode=RcgMode.PERIODIC, last_sync=NOW))
    assert calls(found) == [
        "paris: removevlun -f v1 1 db1",
        "paris: removevlun -f v2 2 db1",
        "paris: syncrcopy -w oradb",
        "paris: stoprcopygroup -f oradb",
        "paris: createsv -ro drdeck-0301-0300-abcd.s1 v1",
        "paris: createsv -ro drdeck-0301-0300-abcd.s2 v2",
        "lyon: setrcopygroup failover -f -waittask oradb.r1001",
        "lyon: createvlun v1 1 db1",
        "lyon: createvlun v2 2 db1",
        "paris: ",
    ]
    order = {step.id: step for step in found.steps}
    assert order["s3"].needs == ("s1", "s2")
    assert order["s7"].needs == ("s5", "s6")
    assert (found.confirm, found.loss_s) == (("failover oradb",), 0.0)


def test_a_disaster_failover_needs_two_witnesses_a_bound_and_a_human_statement() -> None:
    at = pair(None, S, STOPPED, sync=SyncStatus.STOPPED, mode=RcgMode.PERIODIC, last_sync=NOW - timedelta(minutes=7))
    alone = made(RcgVerb.FAILOVER, at, disaster=True)
    assert [guard.id.split()[0] for guard in alone.refused] == ["rcg.witness"]
    found = made(RcgVerb.FAILOVER, replace(at, witnesses=TWO_WITNESSES), disaster=True)
    assert found.refused == ()
    assert found.confirm == ("failover oradb", "site paris is dark", "second person: NAME", "lose 12 min")
    assert calls(found) == [
        "lyon: setrcopygroup failover -f -waittask oradb.r1001",
        "lyon: createvlun v1 1 db1",
        "lyon: createvlun v2 2 db1",
        "paris: ",
    ]


@pytest.mark.parametrize("witness", [Witness("vc-paris", False, "answers")])
def test_one_device_of_the_site_that_answers_outweighs_all_that_do_not(witness: Witness) -> None:
    at = pair(None, S, STOPPED, sync=SyncStatus.STOPPED, witnesses=(*TWO_WITNESSES, witness))
    assert made(RcgVerb.FAILOVER, at, disaster=True).refused


def test_an_array_that_refuses_the_login_is_not_dark() -> None:
    at = pair(None, S, STOPPED, sync=SyncStatus.STOPPED, witnesses=TWO_WITNESSES)
    at = replace(at, natural=replace(at.natural, silent=False, failure="login refused"))
    assert any(guard.id.startswith("rcg.dark") for guard in made(RcgVerb.FAILOVER, at, disaster=True).refused)


@pytest.mark.parametrize("sync", [SyncStatus.NEW, SyncStatus.NOT_SYNCED, SyncStatus.SYNCING, SyncStatus.UNKNOWN])
def test_no_failover_to_an_image_that_was_never_whole(sync: SyncStatus) -> None:
    at = pair(None, S, STOPPED, sync=sync, last_sync=NOW, witnesses=TWO_WITNESSES)
    assert any(guard.id.startswith("rcg.image") for guard in made(RcgVerb.FAILOVER, at, disaster=True).refused)


def test_a_disaster_failover_is_refused_where_somebody_stopped_the_group_and_the_arrays_reach_each_other() -> None:
    at = pair(P, S, STOPPED, sync=SyncStatus.STOPPED, last_sync=NOW)
    assert any(guard.id.startswith("rcg.split") for guard in made(RcgVerb.FAILOVER, at, disaster=True).refused)


def test_without_a_last_sync_and_never_seen_in_sync_there_is_no_bound_and_no_plan() -> None:
    at = pair(None, S, STOPPED, sync=SyncStatus.STOPPED, witnesses=TWO_WITNESSES)
    assert bounds.of_disaster(at).seconds == 300.0  # last seen Started and Synced five minutes ago
    at = replace(at, natural=replace(at.natural, last=None))
    assert bounds.of_disaster(at).seconds is None


def test_a_bound_counts_from_the_oldest_volume_and_adds_period_and_clock_difference() -> None:
    at = pair(None, S, STOPPED, mode=RcgMode.PERIODIC, last_sync=NOW - timedelta(seconds=100))
    old = at.peer.group
    assert old is not None
    volumes = (old.volumes[0], replace(old.volumes[1], last_sync=NOW - timedelta(seconds=200)))
    at = replace(at, peer=replace(at.peer, group=replace(old, volumes=volumes), skew_s=-3.0))
    assert bounds.of_disaster(at).seconds == 200 + 300 + 3
    assert bounds.of_disaster(at).minutes == 9


def test_where_the_old_array_answers_its_hosts_may_still_write_and_the_bound_counts_for_a_while_only() -> None:
    at = pair(P, S, STOPPED, sync=SyncStatus.STOPPED, last_sync=NOW - timedelta(seconds=30), links="Down")
    assert bounds.of_disaster(at).seconds == 30 + bounds.FENCED_S
    found = made(RcgVerb.FAILOVER, at, disaster=True)
    assert not found.refused
    assert "lose 6 min" in found.confirm
    (step,) = [step for step in found.steps if step.kind == "rcg.failover"]
    assert json.loads(step.params)["until"] == (NOW + timedelta(seconds=bounds.FENCED_S)).timestamp()
    later = made(RcgVerb.FAILOVER, replace(at, now=NOW + timedelta(seconds=20)), disaster=True)
    assert changed(found, later, (*found.confirm[:1], "lose 9 min")) is None, "it is the same plan still"


def test_a_host_that_the_other_array_does_not_have_is_refused_unless_it_is_named_or_left_out() -> None:
    at = pair(P, S)
    objects = replace(at.peer.objects, hosts=frozenset({"db1-dr"}))  # type: ignore[type-var]
    at = replace(at, peer=replace(at.peer, objects=objects))
    assert any(guard.id.startswith("rcg.hosts") for guard in made(RcgVerb.FAILOVER, at).refused)
    assert "lyon: createvlun v1 1 db1-dr" in calls(made(RcgVerb.FAILOVER, at, hosts={"db1": "db1-dr"}))
    left_out = made(RcgVerb.FAILOVER, at, exports=False)
    assert not left_out.refused
    assert not any("createvlun" in call for call in calls(left_out))


def test_a_lun_that_is_taken_on_the_other_side_is_refused_before_anything_is_sent() -> None:
    at = pair(P, S)
    objects = replace(at.peer.objects, vluns={"other": (Vlun("db1", 2),)})  # type: ignore[type-var]
    found = made(RcgVerb.FAILOVER, replace(at, peer=replace(at.peer, objects=objects)))
    assert "LUN 2 of db1 is taken by other" in found.refused[0].evidence


def test_what_overwrites_or_discards_must_be_typed_in_words() -> None:
    failed_over = pair(P, PR, STOPPED, exported="peer")
    assert made(RcgVerb.RECOVER, failed_over).confirm == ("recover oradb", "overwrite 2 volumes")
    assert made(RcgVerb.UNDO, failed_over).confirm == ("undo oradb", "discard DR writes of oradb")
    assert made(RcgVerb.START, pair(P, S, STOPPED)).confirm == ()


def test_rcg_01_a_restore_waits_until_every_volume_is_synced() -> None:
    found = made(RcgVerb.RESTORE, pair(SR, PR, exported="peer"))
    names = [step.kind for step in found.steps]
    assert names.index("rcg.wait-synced") < names.index("rcg.restore")
    assert made(RcgVerb.RESTORE, pair(SR, PR, sync=SyncStatus.SYNCING)).refused


def test_rcg_12_the_stop_goes_to_the_primary_side_alone() -> None:
    assert calls(made(RcgVerb.STOP, pair(P, S))) == ["paris: stoprcopygroup -f oradb"]
    assert calls(made(RcgVerb.STOP, pair(S, P))) == ["lyon: stoprcopygroup -f oradb.r1001"]


def test_doors_that_contradict_each_other_refuse_everything() -> None:
    at = pair(P, S)
    at = replace(at, natural=replace(at.natural, unclear=("showrcopy groups and GET …: expected one role",)))
    assert offered(at) == set()


def test_several_groups_run_in_waves_under_one_name_with_the_largest_loss() -> None:
    ats = []
    for number in range(5):
        at = pair(None, S, STOPPED, last_sync=NOW - timedelta(minutes=number), witnesses=TWO_WITNESSES)
        ats.append(replace(at, name=f"g{number}", key=f"rcg:1001:g{number}"))
    found = plan(RcgVerb.FAILOVER, ats, Options(disaster=True, wave=2), "tag")
    assert found.confirm == ("failover 5 groups", "lose 4 min", "site paris is dark", "second person: NAME")
    assert all(step.needs == step.after == () for step in found.steps if step.kind == "rcg.failover")
    assert found.turns is not None and found.turns.most == 2
    assert found.notes[-1].startswith("At most 2 groups are acted on at a time")
    assert [{step.split(".")[0] for step in part} for part in found.turns.parts] == [{f"g{n}"} for n in range(1, 6)]
    assert sorted(step for part in found.turns.parts for step in part) == sorted(step.id for step in found.steps)


def test_the_next_group_begins_when_any_is_through_well_or_not() -> None:
    ats = [replace(pair(P, S), name=f"g{number}", key=f"rcg:1001:g{number}") for number in range(4)]
    found = plan(RcgVerb.FAILOVER, ats, Options(wave=2), "tag")
    states = dict.fromkeys((step.id for step in found.steps), StepState.PENDING)

    def able() -> set[str]:
        return {step.id.split(".")[0] for step in schedule.ready(found, states)}

    assert able() == {"g1", "g2"}
    states.update({step.id: StepState.DONE for step in found.steps if step.id.startswith("g2.")})
    assert able() == {"g1", "g3"}
    states["g1.1"] = StepState.FAILED  # it holds up the rest of its own group, and no other
    states.update({step.id: StepState.DONE for step in found.steps if step.id == "g1.2"})
    assert able() == {"g3", "g4"}
    states["g1.1"] = StepState.PENDING  # somebody has it tried again
    assert able() == {"g1", "g3"}


def test_groups_that_are_no_more_than_a_wave_take_no_turns() -> None:
    ats = [replace(pair(P, S), name=f"g{number}", key=f"rcg:1001:g{number}") for number in range(3)]
    assert plan(RcgVerb.FAILOVER, ats, Options(wave=3), "tag").turns is None


def test_groups_with_nothing_to_be_done_hold_up_no_turn() -> None:
    ats = [
        replace(pair(P, S if number > 1 else P), name=f"g{number}", key=f"rcg:1001:g{number}") for number in range(5)
    ]
    found = plan(RcgVerb.FAILOVER, ats, Options(wave=2), "tag")
    assert found.turns is not None and len(found.turns.parts) == 3 and all(found.turns.parts)


def test_never_are_more_groups_under_way_than_a_wave_holds_whichever_is_the_faster() -> None:
    ats = [replace(pair(P, S), name=f"g{number}", key=f"rcg:1001:g{number}") for number in range(9)]
    found = plan(RcgVerb.FAILOVER, ats, Options(wave=3), "tag")
    rng = random.Random(5)
    states = dict.fromkeys((step.id for step in found.steps), StepState.PENDING)
    most = 0
    while able := schedule.ready(found, states):
        begun = {step_id.split(".")[0] for step_id, state in states.items() if state is not StepState.PENDING}
        left = {step_id.split(".")[0] for step_id, state in states.items() if state is StepState.PENDING}
        most = max(most, len(begun & left | {step.id.split(".")[0] for step in able}))
        states[rng.choice(able).id] = StepState.DONE
    assert most == 3
    assert set(states.values()) == {StepState.DONE}


def test_what_must_be_settled_before_a_step_is_found_near_and_far() -> None:
    found = plan(RcgVerb.FAILOVER, [pair(P, S)], Options(), "tag")
    ids = [step.id for step in found.steps]
    assert schedule.before(found, found.steps[0]) == frozenset()
    assert schedule.before(found, found.steps[-1]) == frozenset(ids[:-1])


def test_every_step_is_made_again_from_what_is_stored_of_it() -> None:
    for at in (pair(P, S, mode=RcgMode.PERIODIC), pair(P, PR, STOPPED, exported="peer"), pair(SR, PR), pair(S, P)):
        for verb in RcgVerb:
            for step in made(verb, at).steps:
                again = kinds.made(step.kind, step.params)
                assert kinds.stored(again) == (step.kind, step.params)
                assert (again.device, again.call()) == (step.device, step.call)


def test_the_way_back_of_a_documented_pair_names_the_array_and_the_command() -> None:
    assert way_back(pair(P, PR, STOPPED))[1].startswith("On lyon: setrcopygroup recover -f oradb.r1001")
    assert way_back(pair(PR, S, STOPPED)) == ("On paris: setrcopygroup reverse -f -local -natural oradb",)
    assert "call HPE" in way_back(pair(P, P))[0]
    assert way_back(pair(P, S)) == ()


@given(st.lists(st.floats(0.1, 100), min_size=3, max_size=20), st.integers(1, 9))
def test_a_prediction_lies_between_the_fastest_and_the_slowest_way_and_is_the_same_for_the_same_seed(
    seen: list[float], seed: int
) -> None:
    found = made(RcgVerb.FAILOVER, pair(P, S))
    runs = [(took,) for took in seen]
    told = prediction.predicted(found, lambda kind: runs, seed)
    assert told == prediction.predicted(found, lambda kind: runs, seed)
    other_day, depth = 1.5, 6  # fence, stop, save, fail over, export, check
    assert told.p50_s is not None and told.p95_s is not None
    assert depth * min(seen) / other_day <= told.p50_s <= told.p95_s <= depth * max(seen) * other_day


def test_a_periodic_group_in_its_first_copy_is_not_failed_over_but_one_that_copies_again_is() -> None:
    first = pair(P, S, mode=RcgMode.PERIODIC, sync=SyncStatus.SYNCING)
    assert any(guard.id.startswith("rcg.synced") for guard in made(RcgVerb.FAILOVER, first).refused)
    again = pair(P, S, mode=RcgMode.PERIODIC, sync=SyncStatus.SYNCING, last_sync=NOW)
    assert not made(RcgVerb.FAILOVER, again).refused
    assert made(RcgVerb.FAILOVER, pair(P, S, sync=SyncStatus.SYNCING, last_sync=NOW)).refused


def test_only_what_is_lost_or_overwritten_is_said_to_be_beyond_undoing() -> None:
    assert made(RcgVerb.STOP, pair(P, S)).lasting == ()
    assert made(RcgVerb.FAILOVER, pair(P, S)).lasting == ()
    assert "overwritten" in made(RcgVerb.RECOVER, pair(P, PR, STOPPED, exported="peer")).lasting[0]


def test_the_order_of_steps_refuses_a_circle() -> None:
    found = made(RcgVerb.STOP, pair(P, S))
    step = replace(found.steps[0], needs=(found.steps[0].id,))
    with pytest.raises(ValueError, match="wait for one another"):
        schedule.order(replace(found, steps=(step,)))
