"""The pane of replicas: a row for each VM that is replicated, with a copy or without, and how that stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from screens.conditions import CopyHealth
from screens.replications import Known, Replications, Runs, health, sources, without_copy
from store.estate import PowerState, VirtualMachine, VmReplica
from store.replications import Pass, Replicated, Standing
from store.runs import Plan, Run, RunState
from tests.screens.estate import NOW, Estate, ago, calm, entry, troubled, vm
from tests.screens.piloting import Driven, driven, piloted
from tests.screens.test_screens_snapshots import PlainText

REPLICATED = tuple(
    Replicated(name, name, "vc-oslo", "vc-bergen", 3600.0, True)
    for name in ("crm01", "mail01", "new01", "ghost01", "shop01")
)


def run(number: int, verb: str, name: str, began_s: float, took_s: float, state: RunState = RunState.SUCCEEDED) -> Run:
    key = "replication said:" if verb in ("vm pause", "vm resume") else "replication:"
    plan = Plan(verb, f"{verb} {name}", (f"{key}{name}",), ago(began_s))
    return Run(f"r{number}", plan, state, "ana", ago(began_s), (), ago(began_s), ago(began_s - took_s), seq=number)


RUNS = (
    run(1, "vm replicate", "crm01", 1500, 240),
    run(2, "vm replicate", "shop01", 5400, 300, RunState.FAILED),
    run(3, "vm pause", "shop01", 5000, 1),
    run(4, "vm failover", "mail01", 1100, 60),
)


def estate() -> Estate:
    """One VM that has no copy yet, and one that ran over to its copy."""
    found = troubled()
    found.entries.append(entry(vm("vc-1", "new01", PowerState.ON, committed_bytes=7 << 30), "vc-oslo"))
    off = [replace(e, told=replace(e.obj, power_state=PowerState.OFF)) if _named(e.obj, "mail01") else e
           for e in found.entries]  # fmt: skip
    found.entries = off
    return found


def _named(obj: object, name: str) -> bool:
    return isinstance(obj, VirtualMachine) and obj.name == name


async def shown(console: Driven) -> None:
    console.console.around.runs.take(RUNS)
    await console.press("5")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("screen", ["replicas", "detail"])
@piloted
async def test_the_screen_reads_so(screen: str, size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    async with driven(estate().view(), size, replicated=REPLICATED) as console:
        await shown(console)
        if screen == "detail":
            await console.press("slash", *"new01", "enter", "enter")
        assert console.text == snapshot.use_extension(PlainText)
        assert max(len(line) for line in console.text.splitlines()) <= size[0]


@piloted
async def test_what_has_no_copy_is_there_is_found_and_can_be_acted_on() -> None:
    async with driven(estate().view(), (120, 40), replicated=REPLICATED) as console:
        await shown(console)
        assert "✗ no copy yet" in console.line("new01")
        assert "? not seen / –" in console.line("ghost01")
        await console.press("slash", *"rpo>1d", "enter")
        assert "2 of 7" in console.text, "an age that never was is beyond every bound"
        await console.press("escape", "slash", *'state:"failed over"', "enter")
        assert "bergen, not replicated" in console.line("mail01")
        await console.press("escape", "slash", *"ghost01", "enter", "a")
        assert "Act on ghost01" in console.text
        await console.press("escape", "enter")
        assert "a says what can be done" in console.text
        await console.press("escape", "slash", *"new01", "enter", "enter")
        assert "No copy of it is on vc-bergen yet" in console.text


@piloted
async def test_the_overview_names_what_has_no_copy_yet() -> None:
    async with driven(estate().view(), (120, 40), replicated=REPLICATED) as console:
        assert "✗ No copy yet of VMs that are to be replicated: ghost01 and new01 (5)" in console.text


@piloted
async def test_a_run_that_pauses_one_changes_its_row_at_once() -> None:
    async with driven(estate().view(), (120, 40), replicated=REPLICATED) as console:
        await shown(console)
        assert "● on time" in console.line("crm01")
        console.console.around.runs.take([run(5, "vm pause", "crm01", 10, 1)])
        console.screen.runs_changed()
        await console.settle()
        assert "▲ paused" in console.line("crm01")


def test_a_replication_is_found_by_name_or_uuid_and_not_where_two_could_be_it() -> None:
    scene = calm().scene()
    one = REPLICATED[0]
    by_uuid = replace(one, name="x", vm="uuid-crm01")
    for known in (one, by_uuid):
        found = Replications((known,), {})
        assert [each.obj.name for each in sources(scene, found.all).values()] == ["crm01"]  # type: ignore[attr-defined]
        assert without_copy(scene, found) == []
    both = Replications((one, by_uuid), {})
    assert both.of("uuid-crm01", "crm01", "vc-bergen") is None
    elsewhere = Replications((replace(one, destination="vc-other"),), {})
    assert [known.replicated.name for known in without_copy(scene, elsewhere)] == ["crm01"]


spans = st.floats(0, 40_000)


@given(
    spans,
    st.lists(spans, max_size=3),
    st.sampled_from(Runs),
    st.sampled_from([None, "r1"]),
    st.sampled_from([None, "r2"]),
)
def test_a_replication_that_nothing_holds_is_late_exactly_when_its_copy_is_older_than_its_rpo(
    age_s: float, took: list[float], runs: Runs, paused: str | None, over: str | None
) -> None:
    passes = tuple(Pass(f"p{number}", NOW, each, True) for number, each in enumerate(took))
    known = Known(REPLICATED[0], Standing(paused, over, passes=passes))
    copy = VmReplica("u", "crm01", 1, ago(age_s), True, 3600)
    found = health(known, copy, CopyHealth.ON_TIME, NOW, runs)
    if runs is Runs.BOTH:
        assert found is CopyHealth.SPLIT_BRAIN
    elif runs is Runs.COPY or over:
        assert found is CopyHealth.FAILED_OVER
    elif paused:
        assert found is CopyHealth.PAUSED
    else:
        late = bool(took) and (NOW - copy.point_in_time).total_seconds() > known.rpo_s
        assert found is (CopyHealth.LATE if late else CopyHealth.ON_TIME)
    assert health(known, None, CopyHealth.NO_COPY_YET, NOW) in (
        CopyHealth.NO_COPY_YET,
        CopyHealth.FAILED_OVER,
    )
