"""What is planned for a protection group, and what is refused before anything is done."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from app.recovery.pg.pairing import Source, Target
from app.recovery.pg.request import Restore
from app.recovery.pg.situation import Away, GroupNow
from app.recovery.pg.steps import DropTag, KeepVolumes, Overwrite, WriteTag
from backends.flasharray.verbs import Replicate
from backends.outcome import ParseError
from store.estate import PgroupTarget
from tests.app.recovery.pg.pg_situations import (
    ASKED,
    DR,
    GIB,
    HOME,
    NOW,
    PRD,
    SENT,
    at_home,
    away,
    drawn,
    drawn_back,
    kinds,
    onto,
    refusals,
    restoring,
    side,
    snapshot,
    sources,
    steps,
)

# --------------------------------------------------------------------------------------------------- what is to happen


def test_pgs_18_every_overwrite_waits_for_the_safety_snapshots_of_all_targets() -> None:
    draft = drawn(at_home())
    assert kinds(draft) == ["volume.keep", *["volume.overwrite", "volume.tag"] * 3]
    kept = draft.steps[0]
    for step in draft.steps[1:]:
        if step.kind == "volume.overwrite":
            assert (step.needs, step.destructive) == ((kept.id,), True)
    assert steps(draft, KeepVolumes) == [KeepVolumes("fa-prd", ("x", "y", "z"), "drdeck-run-1")]
    assert draft.confirm == ["clone prd.s1", "overwrite 3 volumes"]


def test_a_tag_is_written_only_where_it_does_not_say_so_yet_and_after_its_overwrite() -> None:
    draft = drawn(at_home(onto=onto(Target("x", GIB, "id-a"), Target("y", GIB), Target("z", GIB))))
    assert steps(draft, WriteTag) == [WriteTag("fa-prd", "y", "id-b"), WriteTag("fa-prd", "z", "id-c")]
    overwrites = {step.id for step in draft.steps if step.kind == "volume.overwrite"}
    assert all(set(step.needs) <= overwrites for step in draft.steps if step.kind == "volume.tag")


def test_a_tag_that_names_a_volume_that_goes_elsewhere_now_is_taken_off() -> None:
    found = onto(Target("w", GIB), Target("x", GIB), Target("y", GIB), Target("z", GIB, "id-a"))
    draft = drawn(at_home(onto=found), replace(ASKED, ignore_tags=True))
    assert steps(draft, DropTag) == [DropTag("fa-prd", "z", "id-a")]
    assert "z loses its tag (id-a): nothing goes to it." in draft.notes


def test_safety_snapshots_of_many_volumes_are_taken_fifty_at_a_time() -> None:
    names = [f"v{number:03}" for number in range(120)]
    found = onto(*(Target(name, GIB) for name in names))
    of = tuple(Source(f"s{name}", f"id-{name}", GIB, f"prd.s1.s{name}") for name in names)
    draft = drawn(at_home(onto=found, sources=of))
    kept = steps(draft, KeepVolumes)
    assert [len(step.volumes) for step in kept if isinstance(step, KeepVolumes)] == [50, 50, 20]
    ids = {step.id for step in draft.steps if step.kind == "volume.keep"}
    assert all(set(step.needs) == ids for step in draft.steps if step.kind == "volume.overwrite")


def test_a_snapshot_that_is_not_there_is_taken_first_and_its_arrival_waited_for_as_long_as_was_asked() -> None:
    draft = drawn(away(), replace(SENT, wait_s=7200.0))
    assert kinds(draft)[:3] == ["pg.snapshot", "pg.arrived", "volume.keep"]
    taken, arrived, kept = draft.steps[:3]
    assert (arrived.needs, arrived.limit_s, kept.needs) == ((taken.id,), 7200.0, (arrived.id,))
    assert "replicate_now=true" in taken.call and "for_replication" not in taken.call


def test_one_that_is_complete_on_the_target_is_used_at_once() -> None:
    there = Away("fa-dr", snapshot("fa-prd:prd.s1"), True, ())
    draft = drawn(away(snapshot=snapshot(), away=there), SENT)
    assert kinds(draft)[0] == "volume.keep"
    assert {step.snapshot for step in steps(draft, Overwrite) if isinstance(step, Overwrite)} == {
        "fa-prd:prd.s1.a",
        "fa-prd:prd.s1.b",
        "fa-prd:prd.s1.c",
    }


def test_without_a_target_group_there_is_only_the_snapshot() -> None:
    draft = drawn(at_home(snapshot=None, onto=None), replace(ASKED, onto=None))
    assert (kinds(draft), draft.confirm, draft.loss) == (["pg.snapshot"], [], "")


def test_a_suffix_that_the_array_would_number_itself_is_not_planned() -> None:
    with pytest.raises(ParseError):
        drawn(at_home(snapshot=None), replace(ASKED, suffix="17"))


# ------------------------------------------------------------------------------------------------------ what is refused


def test_pgs_05_one_source_without_a_target_stops_everything() -> None:
    draft = drawn(at_home(onto=onto(Target("x", GIB), Target("y", GIB))))
    assert refusals(draft) == [f"fa.paired: c ({GIB} bytes) has no target: no volume is left for it"]
    assert "volume.overwrite" not in kinds(draft)


def test_pgs_01_an_exclusion_is_known_by_the_id_of_the_volume_or_by_its_name_and_may_be_said_twice() -> None:
    draft = drawn(at_home(), replace(ASKED, excluded=("id-a", "b", "id-b")))
    assert refusals(draft) == []
    assert [step.snapshot for step in steps(draft, Overwrite) if isinstance(step, Overwrite)] == ["prd.s1.c"]


def test_pgs_01_an_exclusion_that_is_not_in_the_snapshot_stops_everything() -> None:
    draft = drawn(at_home(), replace(ASKED, excluded=("id-a", "id-typo")))
    assert refusals(draft) == ["fa.excluded: not in it: id-typo"]
    assert kinds(draft) == []


def test_pgs_12_a_group_is_not_cloned_to_itself() -> None:
    same = replace(onto(), side=HOME)
    draft = drawn(at_home(onto=same))
    assert "fa.same: prd on fa-prd" in refusals(draft)


def test_pgs_12_a_target_that_is_in_the_source_group_is_refused() -> None:
    found = onto(Target("b", GIB), Target("y", GIB), Target("z", GIB))
    assert refusals(drawn(at_home(onto=found))) == ["fa.overlap: b"]


def test_pgs_12_a_target_that_is_in_the_snapshot_is_refused_though_it_has_left_the_source_group() -> None:
    left = replace(HOME, volumes={name: each for name, each in HOME.volumes.items() if name != "b"})
    found = onto(Target("b", GIB), Target("y", GIB), Target("z", GIB))
    assert refusals(drawn(at_home(home=left, onto=found))) == ["fa.overlap: b"]


def test_the_same_names_on_another_array_are_other_volumes() -> None:
    there = Away("fa-dr", snapshot("fa-prd:prd.s1"), True, ())
    found = onto(Target("a", GIB), Target("b", GIB), Target("c", GIB), owner=DR)
    assert refusals(drawn(away(snapshot=snapshot(), away=there, onto=found), SENT)) == []


def test_pgs_13_a_target_under_a_running_host_is_refused_unless_that_host_is_named() -> None:
    used = onto(users={"y": {"db1": "it is logged in to the array"}})
    assert refusals(drawn(at_home(onto=used))) == ["fa.in-use: y is connected to db1, and it is logged in to the array"]
    allowed = drawn(at_home(onto=used), replace(ASKED, running=frozenset({"db1"})))
    assert refusals(allowed) == []
    assert "overwrite volumes of running host db1" in allowed.confirm
    assert allowed.lasting == ["db1 may be writing to volumes that are overwritten under it."]
    assert refusals(drawn(at_home(onto=used), replace(ASKED, running=frozenset({"db2"})))) != []


def test_pgs_07_a_snapshot_of_which_a_volume_is_pending_eradication_is_not_cloned_in_part() -> None:
    draft = drawn(at_home(sources=sources(names="ab"), gone=("prd.s1.c",)))
    assert refusals(draft) == ["fa.complete: pending eradication: prd.s1.c"]
    assert kinds(draft) == []


def test_pgs_11_what_has_not_arrived_as_a_whole_is_not_cloned() -> None:
    home = side("fa-prd:prd", {}, DR)
    draft = drawn(at_home(name="fa-prd:prd.s1", home=home, arrived=False), replace(ASKED, group="fa-prd:prd"))
    assert refusals(draft) == ["fa.complete: fa-prd:prd.s1 has not arrived on fa-prd as a whole"]


def test_volumes_that_a_complete_snapshot_lacks_on_the_target_are_named() -> None:
    there = Away("fa-dr", snapshot("fa-prd:prd.s1"), True, ("fa-prd:prd.s1.b",))
    assert refusals(drawn(away(snapshot=snapshot(), away=there), SENT)) == ["fa.complete: not there: fa-prd:prd.s1.b"]


def test_a_snapshot_that_was_never_sent_is_sent_and_then_waited_for() -> None:
    draft = drawn(away(snapshot=snapshot()), SENT)
    assert refusals(draft) == []
    assert kinds(draft)[:3] == ["pg.send", "pg.arrived", "volume.keep"]
    sent, arrived, kept = draft.steps[:3]
    assert sent.call == "POST /protection-group-snapshots/replica?names=prd.s1&on=fa-dr"
    assert (sent.needs, arrived.needs, kept.needs) == ((), (sent.id,), (arrived.id,))


def test_one_that_is_on_its_way_already_is_not_sent_again() -> None:
    there = Away("fa-dr", snapshot("fa-prd:prd.s1"), False, ())
    assert kinds(drawn(away(snapshot=snapshot(), away=there), SENT))[:2] == ["pg.arrived", "volume.keep"]


def test_one_is_not_sent_to_a_target_that_does_not_allow_it() -> None:
    refusing = replace(HOME, group=replace(HOME.group, targets=(PgroupTarget("fa-dr", allowed=False),)))
    assert "fa.target: fa-dr not allowed" in refusals(drawn(away(snapshot=snapshot(), home=refusing), SENT))


def test_a_name_that_only_the_target_still_has_is_not_taken_for_a_new_snapshot() -> None:
    """Its content is that of another day: what is cloned must be what is taken."""
    there = Away("fa-dr", snapshot("fa-prd:prd.s1"), True, ())
    draft = drawn(away(away=there), SENT)
    assert refusals(draft) == ["fa.sent: fa-prd:prd.s1 is on fa-dr already, prd.s1 not on fa-prd: take another name"]


@pytest.mark.parametrize(
    ("target", "evidence"), [(PgroupTarget("fa-dr", False), "fa-dr not allowed"), (None, "it has no target")]
)
def test_a_group_that_does_not_replicate_to_the_target_is_refused(target: PgroupTarget | None, evidence: str) -> None:
    home = side("prd", dict.fromkeys("abc", GIB), target=target)
    assert refusals(drawn(away(home=home), SENT)) == [f"fa.target: {evidence}"]
    alone = drawn(at_home(home=home, snapshot=None, onto=None), replace(ASKED, onto=None, replicate=Replicate.QUEUED))
    assert refusals(alone) == [f"fa.target: {evidence}"]


def test_a_group_that_is_not_there_or_on_its_way_out_is_refused_on_either_side() -> None:
    gone = GroupNow("fa-prd", PRD, NOW, "prd", None)
    assert refusals(drawn(at_home(home=gone))) == ["fa.pgroup: fa-prd has no protection group prd"]
    assert HOME.group is not None
    dying = replace(HOME, group=replace(HOME.group, destroyed=True))
    assert refusals(drawn(at_home(onto=replace(onto(), side=dying)))) == ["fa.pgroup: prd is pending eradication"]
    assert refusals(drawn(at_home(snapshot=None, sources=()))) == ["fa.member: 0 volumes"]
    assert refusals(drawn(at_home(snapshot=snapshot(destroyed=True)))) == ["fa.complete: prd.s1 is pending eradication"]


# ------------------------------------------------------------------------------------------------------------- restores


def test_a_restore_keeps_all_volumes_then_restores_them_in_one_act_and_says_what_is_lost() -> None:
    draft = drawn_back(restoring())
    assert kinds(draft) == ["volume.keep", "pg.restore"]
    assert draft.steps[1].needs == (draft.steps[0].id,) and draft.steps[1].destructive
    assert draft.confirm == ["restore prd.s1", "overwrite 3 volumes"]
    assert draft.loss_s == 600.0


@pytest.mark.parametrize("skew", [-120.0, 120.0])
def test_the_bound_of_a_restore_counts_that_the_clock_of_the_array_differs(skew: float) -> None:
    assert drawn_back(restoring(home=replace(HOME, skew_s=skew))).loss_s == 720.0


def test_a_snapshot_of_the_future_still_loses_the_difference_of_the_clocks() -> None:
    ahead = replace(snapshot(), created=NOW + timedelta(seconds=30))
    assert drawn_back(restoring(snapshot=ahead, home=replace(HOME, skew_s=60.0))).loss_s == 60.0


def test_a_group_that_has_other_volumes_than_its_snapshot_is_not_restored() -> None:
    draft = drawn_back(restoring(parts=dict.fromkeys(("prd.s1.a", "prd.s1.b", "prd.s1.d"), GIB)))
    assert refusals(draft) == ["fa.member: c is not in the snapshot; d is not in the group any more"]


def test_pgs_13_a_restore_under_a_running_host_is_refused_unless_that_host_is_named() -> None:
    used = restoring(users={"a": {"db1": "it is logged in to the array"}})
    assert refusals(drawn_back(used)) == ["fa.in-use: a is connected to db1, and it is logged in to the array"]
    named = Restore("fa-prd", "prd", "s1", frozenset({"db1"}))
    assert refusals(drawn_back(used, named)) == []


def test_a_restore_from_a_snapshot_that_is_not_there_or_destroyed_is_refused() -> None:
    assert refusals(drawn_back(restoring(snapshot=None))) == ["fa.complete: prd.s1: there is none of that name"]
    gone = restoring(snapshot=snapshot(destroyed=True))
    assert refusals(drawn_back(gone)) == ["fa.complete: prd.s1: it is pending eradication"]
    missing = restoring(home=GroupNow("fa-prd", PRD, NOW, "prd", None))
    assert refusals(drawn_back(missing)) == ["fa.pgroup: fa-prd has no protection group prd"]
