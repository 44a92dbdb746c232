"""The drill of a remote copy group: on snapshots of one moment, isolated or refused, and taken away again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.recovery.rcg import drill_plan
from app.recovery.rcg.drill_steps import DropSnapshot, TakeSet
from app.recovery.rcg.situation import RcgDraft, Situation
from app.recovery.step import Query, Verdict
from backends.threepar.objects import ArrayObjects, ArrayVolume
from store.estate import RcgMode, RcgStatus, Reading, RemoteCopyGroup, SyncStatus, Vlun
from store.runs import Plan, Run, RunState
from tests.app.recovery.situations import NOW, P, S, group, pair

HOSTS = {"db1": "drill1"}
SET = TakeSet("lyon", "oradb.r1001", (("v1", "d.1"), ("v2", "d.2")), "cli")


def with_host(at: Situation, *hosts: str, vluns: dict[str, tuple[Vlun, ...]] | None = None) -> Situation:
    """The peer has these hosts besides, and shows these volumes to them."""
    found = at.peer.objects
    assert found is not None
    objects = replace(found, hosts=found.hosts | set(hosts), vluns={**found.vluns, **(vluns or {})})
    return replace(at, peer=replace(at.peer, objects=objects))


def drawn(at: Situation, hosts: dict[str, str] | None = None, serving: Sequence[str] = ("db1",)) -> RcgDraft:
    draft = RcgDraft(at, "r1.", "run")
    drill_plan.draw(draft, HOSTS if hosts is None else hosts, serving)
    return draft


def refusals(draft: RcgDraft) -> str:
    return "; ".join(f"{guard.id.split()[0]} {guard.evidence}" for guard in draft.guards if not guard.holds)


def test_it_takes_one_set_and_shows_it_to_the_host_of_the_drill_alone() -> None:
    draft = drawn(with_host(pair(P, S), "drill1"))
    assert not draft.refused and draft.loss_s == 0.0
    assert [step.call for step in draft.steps] == [
        "creategroupsv v1:drill-run.r1.1 v2:drill-run.r1.2",
        "createvlun drill-run.r1.1 1 drill1",
        "createvlun drill-run.r1.2 2 drill1",
    ]
    assert all(step.needs == ("r1.1",) for step in draft.steps[1:])


@pytest.mark.parametrize(
    ("at", "hosts", "why"),
    [
        (with_host(pair(P, S), "drill1"), {}, "[drill_hosts] names none for db1, which sees v1"),
        (pair(P, S), HOSTS, "lyon has no host drill1"),
        (pair(P, S), {"db1": "db1"}, "db1 is a host that a failover would show the volumes to"),
        (with_host(pair(P, S), "drill1", vluns={"x": (Vlun("drill1", 9),)}), HOSTS, "drill1 sees x"),
        (with_host(pair(P, S, mode=RcgMode.ASYNC, last_sync=NOW), "drill1"), HOSTS, "rcg.policy"),
        (with_host(pair(P, S, RcgStatus.STOPPED), "drill1"), HOSTS, "rcg.started"),
        (with_host(pair(P, S, sync=SyncStatus.STALE), "drill1"), HOSTS, "rcg.synced"),
        (with_host(pair(P, S, exported="none"), "drill1"), HOSTS, "no host of paris sees it"),
    ],
)
def test_what_is_not_isolated_or_not_of_one_moment_is_refused(at: Situation, hosts: dict[str, str], why: str) -> None:
    draft = drawn(at, hosts)
    assert draft.steps == [] and why in refusals(draft)


@dataclass
class Seen:
    """What a step may look at: one group, the volumes of its array, and when the step began."""

    found: RemoteCopyGroup | None
    snapshots: dict[str, str]
    began_at: datetime | None = None
    accepted: bool = False
    unanswered: bool = False
    waited_s: float = 0.0
    margin_s: float = 0.0
    vluns: dict[str, tuple[Vlun, ...]] | None = None

    def reading(self, device: str) -> Reading:
        objects = (self.found,) if self.found is not None else ()
        return Reading(device, NOW, objects, clock_skew_s=0.0)

    def objects(self, device: str) -> ArrayObjects:
        volumes = {name: ArrayVolume(name, 1, of) for name, of in self.snapshots.items()}
        plain = {name: ArrayVolume(name, 1) for name in ("v1", "v2")}
        return ArrayObjects(plain | volumes, self.vluns or {}, frozenset(), frozenset())

    def look(self, device: str, query: Query, old_s: float = 0.0) -> Any:
        raise NotImplementedError

    def looks(self, asked: Sequence[tuple[str, Query, float]]) -> list[Any]:
        raise NotImplementedError


MADE = {"d.1": "v1", "d.2": "v2"}


def there(sync: SyncStatus = SyncStatus.SYNCED, **more: Any) -> RemoteCopyGroup:
    return group("lyon", "oradb.r1001", S, RcgStatus.STARTED, sync=sync, **more)


def test_the_set_waits_for_the_end_of_a_synchronization() -> None:
    assert SET.observe(Seen(there(SyncStatus.SYNCING), {})).verdict is Verdict.CHANGING
    assert SET.observe(Seen(there(), {})).verdict is Verdict.READY
    assert SET.observe(Seen(there(SyncStatus.NOT_SYNCED), {})).verdict is Verdict.REFUSED
    assert SET.observe(Seen(None, {})).verdict is Verdict.REFUSED
    just_now = there(mode=RcgMode.PERIODIC, last_sync=datetime.now(UTC))
    assert SET.observe(Seen(just_now, {})).verdict is Verdict.CHANGING


@given(st.floats(-3600, 3600))
def test_a_set_during_which_a_periodic_synchronization_ended_is_never_taken_for_one(after_s: float) -> None:
    began = NOW
    found = there(mode=RcgMode.PERIODIC, last_sync=began + timedelta(seconds=after_s))
    verdict = SET.observe(Seen(found, MADE, began)).verdict
    if after_s > 0:
        assert verdict is Verdict.REFUSED
    if after_s < -1:
        assert verdict is Verdict.DONE
    assert SET.observe(Seen(replace(found, mode=RcgMode.SYNC), MADE, began)).verdict is Verdict.DONE


def test_half_a_set_or_one_of_somebody_else_is_refused() -> None:
    assert SET.observe(Seen(there(), {"d.1": "v1"}, NOW)).verdict is Verdict.REFUSED
    assert SET.observe(Seen(there(), {"d.1": "v1", "d.2": "v1"}, NOW)).verdict is Verdict.REFUSED
    assert SET.observe(Seen(there(), MADE)).verdict is Verdict.REFUSED, "this run did not make it"
    assert SET.observe(Seen(there(SyncStatus.SYNCING), MADE, NOW)).verdict is Verdict.REFUSED, "it may be torn"


def test_only_a_snapshot_of_the_drill_that_nobody_sees_is_removed() -> None:
    drop = DropSnapshot("lyon", "v1", "d.1", "wsapi")
    assert drop.observe(Seen(there(), {})).verdict is Verdict.DONE
    assert drop.observe(Seen(there(), MADE)).verdict is Verdict.READY
    assert drop.observe(Seen(there(), {"d.1": "v2"})).verdict is Verdict.REFUSED
    shown = Seen(there(), MADE, vluns={"d.1": (Vlun("drill1", 1),)})
    assert drop.observe(shown).verdict is Verdict.REFUSED


def test_the_clean_up_takes_away_what_the_drill_made_and_nothing_else() -> None:
    draft = drawn(with_host(pair(P, S), "drill1"))
    plan = Plan("plan drill", "drill erp", ("plan:erp", "rcg:1001:oradb"), NOW, tuple(draft.steps))
    drill = Run("run", plan, RunState.SUCCEEDED, "ana", NOW, (), NOW, NOW)
    cleaned = drill_plan.cleaned(drill, NOW, "next", "r")
    assert cleaned.at.keys == ("rcg:1001:oradb",)
    assert [step.call for step in cleaned.steps] == [
        "removevlun -f drill-run.r1.1 1 drill1",
        "removevlun -f drill-run.r1.2 2 drill1",
        "removevv -f drill-run.r1.1",
        "removevv -f drill-run.r1.2",
    ]
    assert [step.needs for step in cleaned.steps] == [(), (), ("r1",), ("r2",)]
