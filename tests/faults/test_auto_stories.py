"""A slice of the stories of outages (``make long`` tells many more), those that the procedures name, and whether their
judges can tell."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.auto_records import AutoGroup
from app.recovery.auto import conditions, engine
from app.recovery.auto.rules import Finding, Rules
from app.recovery.auto.watch import Watch
from store.auto import AutoStore
from store.auto_records import AutoState, Condition, EventKind, EventState, FailoverEvent, Part, Says
from store.estate import PowerState
from store.readiness import Verdict
from tests.faults.auto_doors import closed, door_tale, running
from tests.faults.auto_stories import campaign, memory, template_in
from tests.faults.auto_tale import Tale, arm
from tests.faults.auto_world import AutoWorld, WorldRecovery


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where files are not written to a disk: a story waits for many of them."""
    with tempfile.TemporaryDirectory(dir=memory()) as found:
        yield Path(found)


@pytest.fixture
def tale(folder: Path) -> Iterator[Callable[..., Tale]]:
    """Makes a tale of armed groups, in the process."""
    stores = []

    def made(*groups: int, brake: int = 3) -> Tale:
        world = AutoWorld(groups or (1,), brake)
        store = AutoStore(template_in(folder), world.now)
        stores.append(store)
        found = Tale(world, store, random.Random(1), Counter())
        for group in world.groups:
            asked = store.ask_arming(group.name, 3600.0, "anna")
            store.approve_arming(asked, "bert", world.now().replace(year=world.now().year + 1))
        return found

    yield made
    for store in stores:
        store.close()


def rounds(tale: Tale, count: int, seconds: float = 60) -> Tale:
    for _ in range(count):
        tale.world.pass_time(seconds)
        tale.round()
    return tale


def state(tale: Tale, group: str = "g0") -> AutoState:
    return tale.store.standing(group).state


def test_stories_drawn_from_one_seed_hold(folder: Path) -> None:
    counts = campaign(11, 40, 0, folder)
    assert counts["stories"] == 40
    assert counts["failovers"] > 5
    assert counts["outages"] > 60


def test_a_story_at_the_doors_holds(folder: Path) -> None:
    counts = campaign(2, 0, 1, folder)
    assert counts["stories at the doors"] == 1


# --------------------------------------------------------------------------------------------- what the procedures name


def test_esx_03_a_dark_site_is_failed_over_at_the_doors_without_asking_it_for_anything(folder: Path) -> None:
    tale = door_tale(folder / "lab", [2], 1, Counter())
    try:
        rounds(tale, 2)
        tale.world.dark(True)
        before = tale.world.world.devices["vc-p"].counters.requests.total()
        rounds(tale, 8)
        tale.end()
        assert (state(tale), running(tale)) == (AutoState.FIRED, 2)
        (event,) = tale.store.events("g0")
        assert (event.kind, event.state, event.replica_power) == (
            EventKind.AUTOMATIC,
            EventState.COMPLETED,
            "poweredOn",
        )
        assert tale.world.world.devices["vc-p"].counters.requests.total() == before
        assert tale.world.world.referee.violations == []
    finally:
        closed(tale)


def test_esx_04_a_site_that_was_silent_for_one_probe_is_not_failed_over_however_old_its_copy(
    tale: Callable[..., Tale],
) -> None:
    one = tale()
    one.world.passing = False
    rounds(one, 40)
    one.world.dark(True)
    rounds(one, 1, 1)
    one.world.dark(False, autostart=True)
    rounds(one, 20)
    one.end()
    assert (state(one), one.fired) == (AutoState.ARMED, {})
    assert [event.state for event in one.store.events()] == [EventState.CLEARED]


def test_esx_05_machines_powered_off_on_a_healthy_host_are_no_outage_nor_is_darkness_after_it(
    tale: Callable[..., Tale],
) -> None:
    one = rounds(tale(), 2)
    one.world.shut_down("vm0a")
    rounds(one, 60)
    assert (state(one), one.store.events(), one.told) == (AutoState.ARMED, (), [])
    one.world.dark(True)
    rounds(one, 30)
    one.end()
    assert one.fired == {}
    assert any("powered off on a healthy host" in told.text for told in one.told)


def test_esx_06_a_group_that_failed_over_and_is_probed_a_hundred_times_has_one_event_and_one_notice(
    tale: Callable[..., Tale],
) -> None:
    one = rounds(tale(), 2)
    one.world.dark(True)
    rounds(one, 10)
    said = len(one.told)
    rounds(one, 100)
    one.end()
    assert [told.key for told in one.told].count("fired") == 1
    assert (len(one.store.events()), len(one.told), state(one)) == (1, said, AutoState.FIRED)


def test_esx_07_a_test_that_is_recorded_arms_nothing_and_changes_no_standing(tale: Callable[..., Tale]) -> None:
    one = tale()
    one.store.disarm("g0", "anna", "before the test")
    rounds(one, 2)
    before = one.store.standing("g0")
    now = one.world.now()
    test = FailoverEvent("t1", "g0", "paris", EventKind.TEST, EventState.COMPLETED, "anna", "quarterly", now, now, now)
    one.store.record(test)
    rounds(one, 20)
    assert state(one) is before.state is AutoState.SHADOW
    assert one.store.fired_since(now.replace(year=2000)) == 0
    assert one.world.started == []


def test_esx_08_an_old_source_that_starts_beside_its_live_replica_is_told_once_and_nothing_is_stopped(
    tale: Callable[..., Tale],
) -> None:
    one = rounds(tale(2), 2)
    one.world.dark(True)
    rounds(one, 10)
    one.world.dark(False, autostart=True)
    rounds(one, 30)
    said = [told for told in one.told if told.key == "split brain"]
    assert len(said) == 1
    assert said[0].page
    assert [pair.replica.power for pair in one.world.pairs.values()] == [PowerState.ON] * 2
    assert state(one) is AutoState.FIRED


def test_hosts_that_come_back_and_start_their_machines_within_the_veto_stop_the_failover(
    tale: Callable[..., Tale],
) -> None:
    one = rounds(tale(), 2)
    one.world.dark(True)
    while state(one) is not AutoState.CONFIRMED:
        rounds(one, 1)
    one.world.dark(False, autostart=True)
    rounds(one, 10)
    one.end()
    assert (one.fired, state(one)) == ({}, AutoState.ARMED)


def test_first_seen_down_outlasts_a_restart_but_three_probes_are_made_anew(tale: Callable[..., Tale]) -> None:
    one = rounds(tale(), 2)
    one.world.dark(True)
    rounds(one, 3)
    first = one.store.standing("g0").first_down
    one.console()
    one.world.pass_time(600)
    rounds(one, 1)
    assert (one.store.standing("g0").first_down, state(one)) == (first, AutoState.SUSPECT)
    rounds(one, 2)
    assert state(one) is AutoState.CONFIRMED


@pytest.mark.parametrize("liar", list(Part))
@pytest.mark.parametrize("lie", [Says.DOWN, Says.UNKNOWN])
def test_one_witness_that_lies_about_a_healthy_site_fails_nothing_over(
    tale: Callable[..., Tale], liar: Part, lie: Says
) -> None:
    one = rounds(tale(), 2)
    one.world.cuts.lies = {liar: lie}
    rounds(one, 30)
    one.end()
    assert one.fired == {}


@pytest.mark.parametrize("liar", list(Part))
def test_one_witness_that_answers_for_a_dark_site_keeps_the_failover_for_people(
    tale: Callable[..., Tale], liar: Part
) -> None:
    one = rounds(tale(), 2)
    one.world.cuts.lies = {liar: Says.UP}
    one.world.dark(True)
    rounds(one, 15)
    one.end()
    assert (one.fired, one.recovery.plans) == ({}, 1)
    assert any(told.page and "auto.witnesses" in told.text for told in one.told)
    (decision,) = one.store.shadows("g0")
    assert decision.words.startswith("would not have failed over, because")
    assert "auto.witnesses" in decision.words


def test_a_console_that_is_itself_cut_off_fails_nothing_over(tale: Callable[..., Tale]) -> None:
    one = rounds(tale(), 2)
    one.world.cuts.uplink = True
    rounds(one, 30)
    one.end()
    assert one.fired == {}


def test_two_sites_that_lost_each_other_fail_nothing_over_while_the_path_of_its_own_answers(
    tale: Callable[..., Tale],
) -> None:
    one = rounds(tale(), 2)
    one.world.cuts.wan = True
    rounds(one, 30)
    one.end()
    assert one.fired == {}


def test_what_else_answers_at_the_site_says_that_the_site_is_not_lost_and_the_plan_waits_for_a_person(
    tale: Callable[..., Tale],
) -> None:
    one = rounds(tale(), 2)
    one.world.cuts.neighbour = "alive"
    one.world.dark(True)
    rounds(one, 30)
    one.end()
    assert one.fired == {}
    (held,) = [told for told in one.told if told.key.startswith("held auto.site")]
    assert "one confirmation away: run prepared 1" in held.text


def test_the_storm_brake_leaves_the_rest_of_a_site_to_people(tale: Callable[..., Tale]) -> None:
    one = rounds(tale(1, 1, 1, 1), 2)
    one.world.dark(True)
    rounds(one, 90)
    one.end()
    assert sorted(one.fired) == ["g0", "g1", "g2"]
    left = one.store.arming("g3")
    assert (left.ended_by, "failed over by itself" in left.why) == ("drdeck", True)


def test_a_veto_holds_for_the_outage_and_not_for_the_next_one(tale: Callable[..., Tale]) -> None:
    one = rounds(tale(), 2)
    one.world.dark(True)
    while state(one) is not AutoState.CONFIRMED:
        rounds(one, 1)
    one.store.veto("g0", "carla")
    one.vetoes["g0"].append(one.world.now().timestamp())
    rounds(one, 30)
    assert one.fired == {}
    one.world.dark(False, autostart=True)
    rounds(one, 3)
    assert [event.state for event in one.store.events()] == [EventState.VETOED]
    one.world.dark(True)
    rounds(one, 12)
    one.end()
    assert state(one) is AutoState.FIRED


def test_a_console_that_dies_while_it_fails_over_leaves_a_latch_and_no_second_failover(
    tale: Callable[..., Tale],
) -> None:
    one = rounds(tale(), 2)
    one.world.dark(True)
    one.world.dies_when_firing = True
    while state(one) is not AutoState.FIRING:
        rounds(one, 1)
    one.world.dies_when_firing = False
    one.console()
    rounds(one, 10)
    one.end()
    (event,) = one.store.events()
    assert (event.state, state(one), one.world.started) == (EventState.UNKNOWN, AutoState.FIRED, [])


def test_a_source_that_answers_again_while_it_is_fenced_ends_the_failover_before_anything_is_started(
    tale: Callable[..., Tale], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = rounds(tale(), 2)
    finding = Finding(Verdict.FAILS, "vc-p answers again, and vm0a run")
    monkeypatch.setattr(WorldRecovery, "fence", lambda recovery, group: finding)
    one.world.dark(True)
    rounds(one, 12)
    one.end()
    (event,) = one.store.events()
    assert (event.state, state(one), one.world.started) == (EventState.FAILED, AutoState.FIRED, [])
    assert "vm0a run" in event.result


def test_a_defect_that_one_group_meets_does_not_keep_the_others_from_being_failed_over(
    tale: Callable[..., Tale], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = rounds(tale(1, 1), 2)
    plain = Watch._judge

    def judge(watch: Watch, claim: object, group: AutoGroup, seen: object) -> object:
        if group.name == "g0":
            raise ZeroDivisionError
        return plain(watch, claim, group, seen)  # type: ignore[arg-type]

    monkeypatch.setattr(Watch, "_judge", judge)
    one.world.dark(True)
    for _ in range(8):
        one.world.pass_time(60)
        one.watch.round()
    assert (state(one, "g1"), state(one, "g0")) == (AutoState.FIRED, AutoState.ARMED)
    assert "not judged, by a defect of the console: ZeroDivisionError" in one.told[0].text


def test_a_group_in_shadow_says_what_it_would_have_done_and_does_nothing(tale: Callable[..., Tale]) -> None:
    one = tale()
    one.store.disarm("g0", "anna", "to watch first")
    rounds(one, 2)
    one.world.dark(True)
    rounds(one, 20)
    one.world.dark(False)
    rounds(one, 2)
    one.end()
    (decision,) = one.store.shadows("g0")
    assert decision.would
    assert decision.words.startswith("would have failed over, because api silent on 6 probes, for 300 s since")
    assert (one.store.events(), one.world.started) == ((), [])
    assert decision.ended_at is not None


def test_a_latched_group_that_is_armed_anew_does_not_fire_while_its_replicas_serve(tale: Callable[..., Tale]) -> None:
    one = rounds(tale(), 2)
    one.world.dark(True)
    rounds(one, 10)
    arm(one, "g0")
    del one.fired["g0"]
    rounds(one, 20)
    assert state(one) is not AutoState.FIRED
    assert one.world.started == ["g0"]
    assert one.store.fired_since(one.world.now().replace(year=2000)) == 1


# ----------------------------------------------------------------------------------------------- can the judges tell?


def hold(*ids: str) -> Callable[..., tuple[Condition, ...]]:
    """Conditions of which some always hold."""
    real = conditions.conditions

    def found(*given: object) -> tuple[Condition, ...]:
        return tuple(replace(c, verdict=Verdict.HOLDS) if c.id in ids else c for c in real(*given))  # type: ignore[arg-type]

    return found


def _cut(one: Tale, **what: object) -> None:
    for name, value in what.items():
        setattr(one.world.cuts, name, value)


def _lossy(one: Tale) -> None:
    one.world.passing = False
    rounds(one, 70)
    one.world.dark(True)


def _switched_off(one: Tale) -> None:
    one.world.shut_down("vm0a")
    rounds(one, 2)
    one.world.dark(True)


def _without_path(one: Tale) -> None:
    one.world.cuts.lies = {Part.PATH: Says.UNKNOWN}
    one.world.dark(True)


def _answered(one: Tale) -> None:
    one.world.cuts.lies = {Part.API: Says.UP}
    one.world.dark(True)
    one.world.world.sites["paris"].dark = True


def _changed(one: Tale) -> None:
    one.world.digests["g0"] = "another"
    one.world.dark(True)


BLIND: dict[tuple[str, ...], Callable[[Tale], None]] = {
    (conditions.DOWN, conditions.FENCE): lambda one: one.world.dark(True),
    (conditions.FENCE,): _without_path,
    (conditions.WITNESSES, conditions.OUTAGE): _answered,
    (conditions.OUTAGE,): _switched_off,
    (conditions.GATEWAY, conditions.DR, conditions.REPLICA, conditions.BOUND, conditions.FENCE, conditions.WITNESSES,
     conditions.SITE, conditions.DOWN): lambda one: _cut(one, uplink=True),
    (conditions.SITE,): lambda one: (_cut(one, neighbour="alive"), one.world.dark(True)),  # type: ignore[dict-item]
    (conditions.BOUND,): _lossy,
    (conditions.REPLICA, conditions.BOUND): lambda one: (_cut(one, incomplete={"vm0a"}), one.world.dark(True)),  # type: ignore[dict-item]
    (conditions.VERIFIED,): _changed,
}  # fmt: skip


@pytest.mark.parametrize("ids", list(BLIND), ids=" and ".join)
def test_a_condition_that_is_not_looked_at_is_found_out(
    ids: tuple[str, ...], tale: Callable[..., Tale], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "conditions", hold(*ids))
    one = rounds(tale(), 3)
    BLIND[ids](one)
    with pytest.raises(AssertionError, match=r"failed over in round|referee"):
        rounds(one, 15)
        one.end()


@pytest.mark.parametrize("wrong", [{"probes": 15}, {"veto_s": 0}, {"threshold_s": 120}, {"threshold_s": 600}], ids=str)
def test_a_failover_in_another_round_than_it_was_due_is_found_out(
    wrong: dict[str, int], tale: Callable[..., Tale], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.recovery.auto.watch.rules_of", lambda auto, group: Rules(**wrong))
    one = rounds(tale(), 3)
    one.world.dark(True)
    rounds(one, 30, seconds=30)
    with pytest.raises(AssertionError, match="failed over in round"):
        one.end()


def test_a_failover_while_the_source_still_runs_is_found_out_by_the_referee(
    tale: Callable[..., Tale], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = rounds(tale(), 3)
    monkeypatch.setattr(AutoWorld, "said", lambda world, part: Says.DOWN)
    monkeypatch.setattr(AutoWorld, "neighbour", lambda world: True)
    with pytest.raises(AssertionError, match="broke the rules of the referee"):
        rounds(one, 15)
