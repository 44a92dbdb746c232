"""What each step makes of what it sees: done, to be sent, on its way, not to be sent, or unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from app.recovery import kinds
from app.recovery.pg.pairing import TAG
from app.recovery.pg.steps import (
    DropTag,
    KeepVolumes,
    Overwrite,
    RestoreAll,
    SendTaken,
    TakeSnapshot,
    WaitArrived,
    WriteTag,
)
from app.recovery.step import Query, Step, UnseenError, Verdict
from backends.flasharray.looks import (
    Connections,
    Hosts,
    Initiators,
    SafetySnapshots,
    Same,
    SentTo,
    SnapshotAsked,
    SnapshotMembers,
    Tags,
    TransferOf,
    Volumes,
    VolumeSnapshot,
)
from backends.flasharray.records import Attachment, GroupSnapshot, Transfer
from store.estate import Host, Volume

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
GIB = 1024**3
WWN = "c0507601a1b20010"


@dataclass
class Scene:
    """An array as a step looks at it; what it was asked about besides is an error of the test. ``began_at`` is the
    first intent, ``accepted``: the array took the call."""

    seen: Mapping[Any, Any]
    began_at: datetime | None = None
    accepted: bool = False
    waited_s: float = 0.0
    margin_s: float = 0.0
    asked: list[Query] = field(default_factory=list)

    def look(self, device: str, query: Query) -> Any:
        assert device == "fa-prd"
        self.asked.append(query)
        return self.seen[query]

    def reading(self, device: str) -> Any:
        raise AssertionError

    def objects(self, device: str) -> Any:
        raise AssertionError


def volume(name: str, size: int = GIB, *, destroyed: bool = False) -> Volume:
    return Volume("fa-prd", "id-prd", f"id-{name}", name, size, destroyed=destroyed)


def part(name: str, *, destroyed: bool = False) -> VolumeSnapshot:
    return VolumeSnapshot(name, name.rpartition(".")[2], "id", GIB, NOW, destroyed)


def group_snapshot(name: str = "prd.s1", *, destroyed: bool = False) -> GroupSnapshot:
    return GroupSnapshot(name, name.rpartition(".")[0], NOW, destroyed)


def moved(progress: float | None, name: str = "fa-far:prd.s1") -> Transfer:
    return Transfer(name, NOW, NOW if progress == 1 else None, progress, 7, 7)


def verdict(step: Step, scene: Scene) -> Verdict:
    return step.observe(scene).verdict


def why(step: Step, scene: Scene) -> str:
    return step.observe(scene).why


# ------------------------------------------------------------------------------------------------------- the snapshot

TAKE = TakeSnapshot("fa-prd", "prd", "s1", "replicate_now", ("prd.s1.a", "prd.s1.b"))


def test_a_snapshot_is_to_be_taken_while_none_has_its_name() -> None:
    assert verdict(TAKE, Scene({SnapshotAsked("prd.s1"): None})) is Verdict.READY


def test_a_snapshot_is_taken_once_it_is_there_with_the_volumes_that_were_planned_for() -> None:
    seen = {SnapshotAsked("prd.s1"): group_snapshot(), SnapshotMembers("prd.s1"): (part("prd.s1.b"), part("prd.s1.a"))}
    assert verdict(TAKE, Scene(seen)) is Verdict.DONE


@pytest.mark.parametrize(
    "members",
    [
        (part("prd.s1.a"),),
        (part("prd.s1.a"), part("prd.s1.b"), part("prd.s1.c")),
        (part("prd.s1.a"), part("prd.s1.b", destroyed=True)),
    ],
)
def test_a_snapshot_of_other_volumes_than_were_planned_for_stops_the_run(members: tuple[VolumeSnapshot, ...]) -> None:
    seen = {SnapshotAsked("prd.s1"): group_snapshot(), SnapshotMembers("prd.s1"): members}
    assert verdict(TAKE, Scene(seen)) is Verdict.REFUSED
    assert "plan it anew" in why(TAKE, Scene(seen))


def test_a_name_that_is_pending_eradication_is_taken() -> None:
    scene = Scene({SnapshotAsked("prd.s1"): group_snapshot(destroyed=True)})
    assert (verdict(TAKE, scene), why(TAKE, scene)) == (
        Verdict.REFUSED,
        "prd.s1 is pending eradication: its name is taken",
    )


# --------------------------------------------------------------------------------------------------------- the transfer

ARRIVED = WaitArrived("fa-prd", "fa-far:prd.s1")
ASKED, MOVED = SnapshotAsked(ARRIVED.snapshot), TransferOf(ARRIVED.snapshot)


def test_pgs_11_an_empty_list_of_transfers_is_not_yet_there() -> None:
    scene = Scene({ASKED: None, MOVED: None})
    assert (verdict(ARRIVED, scene), why(ARRIVED, scene)) == (
        Verdict.CHANGING,
        "the transfer has not begun on the target yet",
    )
    assert verdict(ARRIVED, Scene({ASKED: group_snapshot(ARRIVED.snapshot), MOVED: None})) is Verdict.CHANGING
    assert verdict(ARRIVED, Scene({ASKED: None, MOVED: moved(1)})) is Verdict.CHANGING


@pytest.mark.parametrize(("progress", "words"), [(None, "0 %"), (0.0, "0 %"), (0.42, "42 %"), (0.999, "99 %")])
def test_pgs_11_a_transfer_is_waited_for_until_the_array_calls_it_complete(progress: float | None, words: str) -> None:
    seen = Scene({ASKED: group_snapshot(ARRIVED.snapshot), MOVED: moved(progress)})
    assert (verdict(ARRIVED, seen), why(ARRIVED, seen)) == (Verdict.CHANGING, f"{words} of the transfer")
    done = Scene({ASKED: group_snapshot(ARRIVED.snapshot), MOVED: moved(1)})
    assert verdict(ARRIVED, done) is Verdict.DONE


def test_a_snapshot_that_is_destroyed_on_its_way_is_not_waited_for() -> None:
    assert verdict(ARRIVED, Scene({ASKED: group_snapshot(ARRIVED.snapshot, destroyed=True)})) is Verdict.REFUSED


# ------------------------------------------------------------------------------------ the snapshot that is there, sent

SEND = SendTaken("fa-prd", "prd.s1", "fa-far", "fa-prd")
SENT = SentTo("prd.s1", "fa-far", "fa-prd")
AWAY = "fa-prd:prd.s1"


def test_a_snapshot_is_to_be_sent_while_the_target_does_not_show_it() -> None:
    scene = Scene({SENT: None, SnapshotAsked("prd.s1"): group_snapshot()})
    assert (verdict(SEND, scene), why(SEND, scene)) == (Verdict.READY, "fa-far does not have it")


def test_a_snapshot_is_sent_once_the_target_shows_it() -> None:
    assert verdict(SEND, Scene({SENT: group_snapshot(AWAY)})) is Verdict.DONE


def test_one_that_the_array_took_and_that_waits_behind_another_transfer_is_not_sent_again() -> None:
    assert verdict(SEND, Scene({SENT: None}, began_at=NOW, accepted=True)) is Verdict.DONE


def test_one_whose_name_is_pending_eradication_on_the_target_is_not_sent() -> None:
    scene = Scene({SENT: group_snapshot(AWAY, destroyed=True)})
    assert (verdict(SEND, scene), why(SEND, scene)) == (
        Verdict.REFUSED,
        "it is pending eradication on fa-far: its name is taken",
    )


@pytest.mark.parametrize("found", [None, group_snapshot(destroyed=True)])
def test_one_that_is_gone_at_home_is_not_sent(found: GroupSnapshot | None) -> None:
    assert verdict(SEND, Scene({SENT: None, SnapshotAsked("prd.s1"): found})) is Verdict.REFUSED


# ------------------------------------------------------------------------------------------------- the safety snapshots

KEEP = KeepVolumes("fa-prd", ("x", "y"), "drdeck-1")


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ({}, Verdict.READY),
        ({"x": part("x.drdeck-1"), "y": part("y.drdeck-1")}, Verdict.DONE),
        ({"x": part("x.drdeck-1")}, Verdict.REFUSED),
        ({"x": part("x.drdeck-1"), "y": part("y.drdeck-1", destroyed=True)}, Verdict.REFUSED),
        ({"y": part("y.drdeck-1", destroyed=True)}, Verdict.REFUSED),
        ({"other": part("other.drdeck-1")}, Verdict.READY),
    ],
)
def test_pgs_18_safety_snapshots_are_all_there_or_none_or_something_is_wrong(
    there: dict[str, VolumeSnapshot], expected: Verdict
) -> None:
    assert verdict(KEEP, Scene({SafetySnapshots("drdeck-1"): there})) is expected


# -------------------------------------------------------------------------------------------------------- the overwrite

OVER = Overwrite("fa-prd", "x", "prd.s1.a", GIB, "drdeck-1")
SAME = Same("x", "prd.s1.a", GIB)
KEPT = "x.drdeck-1"


def array(**changes: Any) -> dict[Query, Any]:
    """An array on which ``x`` may be overwritten: its host is off, and its safety snapshot is there."""
    found: dict[str, Any] = {
        "volumes": {"x": volume("x", 2 * GIB)},
        "snapshot": group_snapshot(),
        "members": (part("prd.s1.a"),),
        "saved": {"x": replace(part(KEPT), size=2 * GIB)},
        "connections": {"x": (Attachment("x", "db1", None, 1),)},
        "hosts": {"db1": Host("fa-prd", "id-prd", "db1", (WWN,))},
        "initiators": frozenset(),
        "same": False,
        "kept": True,
    } | changes
    return {
        Same("x", KEPT, GIB): found["kept"],
        Same("x", KEPT, 2 * GIB): found["kept"],
        Volumes(): found["volumes"],
        SnapshotAsked("prd.s1"): found["snapshot"],
        SnapshotMembers("prd.s1"): found["members"],
        SafetySnapshots("drdeck-1"): found["saved"],
        Connections(): found["connections"],
        Hosts(): found["hosts"],
        Initiators(): found["initiators"],
        SAME: found["same"],
    }


TAKEN: dict[str, Any] = {"volumes": {"x": volume("x")}, "saved": {"x": part(KEPT)}}
"""The volume with the size of the snapshot, which it had before too."""


def test_a_volume_is_overwritten_only_from_what_is_there_with_its_safety_snapshot_and_its_host_off() -> None:
    assert verdict(OVER, Scene(array())) is Verdict.READY


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"volumes": {}}, "fa-prd has no volume x"),
        ({"volumes": {"x": volume("x", destroyed=True)}}, "fa-prd has no volume x"),
        ({"snapshot": None}, "there is no snapshot prd.s1"),
        ({"snapshot": group_snapshot(destroyed=True)}, "prd.s1 is pending eradication"),
        ({"members": ()}, "prd.s1.a is not there, or pending eradication"),
        ({"members": (part("prd.s1.a", destroyed=True),)}, "prd.s1.a is not there, or pending eradication"),
        ({"saved": {}}, "its safety snapshot x.drdeck-1 is not there"),
        ({"saved": {"x": part("x.drdeck-1", destroyed=True)}}, "its safety snapshot x.drdeck-1 is not there"),
        ({"initiators": frozenset({WWN})}, "x is connected to db1, and it is logged in to the array"),
        ({"hosts": {}}, "x is connected to db1, and it has no WWN by which it could be told whether it runs"),
        (
            {"connections": {"x": (Attachment("x", None, "cluster", 1),)}},
            "x is connected to cluster, and it has no WWN by which it could be told whether it runs",
        ),
    ],
)
def test_what_must_not_be_overwritten_is_not(changes: Mapping[str, Any], words: str) -> None:
    scene = Scene(array(**changes))
    assert (verdict(OVER, scene), why(OVER, scene)) == (Verdict.REFUSED, words)


def test_a_host_that_was_named_may_run_on() -> None:
    running = array(initiators=frozenset({WWN}))
    assert verdict(replace(OVER, allowed=("db1",)), Scene(running)) is Verdict.READY
    assert verdict(replace(OVER, allowed=("db2",)), Scene(running)) is Verdict.REFUSED


def test_a_volume_without_connections_needs_no_proof_of_any_host() -> None:
    scene = Scene(array(connections={}))
    assert verdict(OVER, scene) is Verdict.READY
    assert Hosts() not in scene.asked and Initiators() not in scene.asked


def test_a_volume_that_holds_the_same_already_is_overwritten_all_the_same() -> None:
    """Before anything was sent nothing is compared: that it is equal says nothing about this run."""
    scene = Scene(array(**TAKEN, same=True))
    assert verdict(OVER, scene) is Verdict.READY
    assert SAME not in scene.asked


def test_what_the_array_says_it_did_is_done_once_the_size_shows_it_and_is_not_compared() -> None:
    scene = Scene(array(**TAKEN), began_at=NOW, accepted=True)
    assert verdict(OVER, scene) is Verdict.DONE
    assert SAME not in scene.asked
    assert verdict(OVER, Scene(array(), began_at=NOW, accepted=True)) is not Verdict.DONE


@pytest.mark.parametrize(("same", "expected"), [(True, Verdict.DONE), (False, Verdict.READY), (None, Verdict.UNKNOWN)])
def test_where_the_answer_was_lost_the_blocks_tell(same: bool | None, expected: Verdict) -> None:
    assert verdict(OVER, Scene(array(**TAKEN, same=same), began_at=NOW)) is expected


def test_a_volume_of_another_size_was_not_overwritten_whatever_its_blocks_say() -> None:
    scene = Scene(array(same=True), began_at=NOW)
    assert verdict(OVER, scene) is Verdict.READY
    assert SAME not in scene.asked


@pytest.mark.parametrize("began_at", [None, NOW])
def test_what_was_written_after_the_safety_snapshot_is_not_overwritten(began_at: datetime | None) -> None:
    """A run may be resumed a day after it stopped, and its volumes may have been used meanwhile."""
    for changes in ({"kept": False}, TAKEN | {"kept": False}, {"volumes": {"x": volume("x", 3 * GIB)}}):
        scene = Scene(array(**changes), began_at=began_at)
        assert (verdict(OVER, scene), why(OVER, scene)) == (
            Verdict.REFUSED,
            "x was changed after its safety snapshot x.drdeck-1: abort this run, and plan it anew",
        )


def test_where_the_array_does_not_compare_or_a_named_host_writes_on_the_safety_snapshot_is_believed() -> None:
    assert verdict(OVER, Scene(array(kept=None))) is Verdict.READY
    running = array(initiators=frozenset({WWN}), kept=False)
    assert verdict(replace(OVER, allowed=("db1",)), Scene(running)) is Verdict.READY


def test_a_snapshot_from_another_array_is_copied_only_once_it_is_complete() -> None:
    far = Overwrite("fa-prd", "x", "fa-far:prd.s1.a", GIB, "drdeck-1")
    seen = array() | {ASKED: group_snapshot(ARRIVED.snapshot)}
    seen[SnapshotMembers(ARRIVED.snapshot)] = (part("fa-far:prd.s1.a"),)
    for transfer, expected in ((None, Verdict.REFUSED), (moved(0.5), Verdict.REFUSED), (moved(1), Verdict.READY)):
        assert verdict(far, Scene(seen | {MOVED: transfer})) is expected


# ---------------------------------------------------------------------------------------------------------- the restore

BACK = RestoreAll("fa-prd", "prd", "prd.s1", (("a", "prd.s1.a", GIB), ("b", "prd.s1.b", GIB)), "drdeck-1")
BOTH = Same("a", "prd.s1.a", GIB), Same("b", "prd.s1.b", GIB)


def group(**changes: Any) -> dict[Query, Any]:
    """A group that may be restored: nobody is connected."""
    found: dict[str, Any] = {
        "volumes": {name: volume(name) for name in "ab"},
        "snapshot": group_snapshot(),
        "saved": {name: part(f"{name}.drdeck-1") for name in "ab"},
        "connections": {},
        "same": (False, False),
        "kept": (True, True),
    } | changes
    kept = dict(zip((Same(name, f"{name}.drdeck-1", GIB) for name in "ab"), found["kept"], strict=True))
    seen = kept | array(snapshot=found["snapshot"], saved=found["saved"], connections=found["connections"])
    seen[Volumes()] = found["volumes"]
    return seen | dict(zip(BOTH, found["same"], strict=True))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"volumes": {"a": volume("a")}}, "fa-prd has no volume b"),
        ({"snapshot": None}, "there is no snapshot prd.s1"),
        ({"saved": {"a": part("a.drdeck-1")}}, "the safety snapshot b.drdeck-1 is not there"),
        (
            {"connections": {"b": (Attachment("b", "gone", None, 1),)}},
            "b is connected to gone, and it has no WWN by which it could be told whether it runs",
        ),
    ],
)
def test_what_must_not_be_restored_is_not(changes: Mapping[str, Any], words: str) -> None:
    scene = Scene(group(**changes))
    assert (verdict(BACK, scene), why(BACK, scene)) == (Verdict.REFUSED, words)
    assert verdict(BACK, Scene(group())) is Verdict.READY


def test_no_group_is_restored_of_which_a_volume_was_used_after_its_safety_snapshot() -> None:
    scene = Scene(group(kept=(True, False)), began_at=NOW)
    assert (verdict(BACK, scene), why(BACK, scene)) == (
        Verdict.REFUSED,
        "b was changed after its safety snapshot b.drdeck-1: abort this run, and plan it anew",
    )
    half = group(kept=(False, True), same=(True, False))  # the array came so far
    assert verdict(BACK, Scene(half, began_at=NOW)) is Verdict.READY


@pytest.mark.parametrize(
    ("same", "expected"),
    [
        ((True, True), Verdict.DONE),
        ((True, False), Verdict.READY),
        ((False, False), Verdict.READY),
        ((True, None), Verdict.UNKNOWN),
        ((None, False), Verdict.UNKNOWN),
    ],
)
def test_a_restore_whose_answer_was_lost_is_done_once_no_block_of_any_volume_differs(
    same: tuple[bool | None, bool | None], expected: Verdict
) -> None:
    assert verdict(BACK, Scene(group(same=same), began_at=NOW)) is expected


def test_a_volume_that_has_grown_since_the_snapshot_is_not_restored_yet_though_its_blocks_are_the_same() -> None:
    grown = {"a": volume("a"), "b": volume("b", 2 * GIB)}
    saved = {"a": part("a.drdeck-1"), "b": replace(part("b.drdeck-1"), size=2 * GIB)}
    seen = group(volumes=grown, saved=saved, same=(True, True)) | {Same("b", "b.drdeck-1", 2 * GIB): True}
    for accepted in (False, True):
        assert verdict(BACK, Scene(seen, began_at=NOW, accepted=accepted)) is Verdict.READY
    assert verdict(BACK, Scene(group(), began_at=NOW, accepted=True)) is Verdict.DONE


# ------------------------------------------------------------------------------------------------------------- the tags


@pytest.mark.parametrize(
    ("tag", "written", "dropped"),
    [
        (None, Verdict.READY, Verdict.DONE),
        ("id-a", Verdict.DONE, Verdict.READY),
        ("id-other", Verdict.READY, Verdict.REFUSED),
        ("", Verdict.READY, Verdict.REFUSED),
    ],
)
def test_a_tag_is_written_until_it_says_so_and_taken_off_only_while_it_says_what_was_planned_for(
    tag: str | None, written: Verdict, dropped: Verdict
) -> None:
    scene = Scene({Tags(TAG): {} if tag is None else {"x": tag}, Volumes(): {"x": volume("x")}})
    assert verdict(WriteTag("fa-prd", "x", "id-a"), scene) is written
    assert verdict(DropTag("fa-prd", "x", "id-a"), scene) is dropped


def test_a_volume_that_is_not_there_has_not_lost_its_tag() -> None:
    scene = Scene({Tags(TAG): {}, Volumes(): {"x-renamed": volume("x-renamed")}})
    assert verdict(DropTag("fa-prd", "x", "id-a"), scene) is Verdict.REFUSED


# -------------------------------------------------------------------------------------------------------- in the store

STEPS: tuple[Step, ...] = (TAKE, SEND, ARRIVED, KEEP, OVER, BACK, WriteTag("fa", "x", "id"), DropTag("fa", "x", "id"))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_every_step_is_made_again_from_what_the_store_keeps_and_says_what_it_sends(step: Step) -> None:
    kind, params = kinds.stored(step)
    assert kinds.made(kind, params) == step
    assert bool(step.call()) is not isinstance(step, WaitArrived)


def test_an_array_that_cannot_be_read_is_not_taken_for_one_that_holds_nothing() -> None:
    class Dark(Scene):
        def look(self, device: str, query: Query) -> Any:
            raise UnseenError("unreachable: refused", silent=True)

    for step in STEPS:
        with pytest.raises(UnseenError):
            step.observe(Dark({}))
