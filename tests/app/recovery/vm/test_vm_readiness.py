"""Whether replicated VMs could be failed over: each check against the lab's servers, and where the checks are used."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from app import cli
from app.recovery.auto.arming import Prepared, arm_checks
from app.recovery.auto.rules import Finding
from app.recovery.auto.vm_plans import VmPlans
from app.recovery.pra.watch import Pace, ReadinessWatch
from app.recovery.vm import gather, operate
from app.recovery.vm.failover_plan import Asked
from app.recovery.vm.readiness import check
from app.recovery.vm.situation import VmNow
from app.recovery.vm.watched import Vms
from backends.lab.vsphere import machines
from backends.lab.vsphere.records import AutoStartEntry
from backends.vsphere import acts, stream, tasks, transfer
from backends.vsphere.ground import LicenceNow
from store.estate import PowerState
from store.readiness import Check, Severity, Verdict
from store.readiness import Standing as StandsReady
from store.readiness_view import ReadinessView
from store.replications import Pass, Standing
from tests.app.recovery.vm.test_vm_automatic import group
from tests.app.recovery.vm.test_vm_runs import PACE, operating
from tests.faults.vm_estate import VmEstate, vm_estate

FAILS, HOLDS, UNKNOWN = Verdict.FAILS, Verdict.HOLDS, Verdict.UNKNOWN


@pytest.fixture(scope="module", autouse=True)
def looked_at_often() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tasks, "_POLL_S", 0.02)
        patch.setattr(acts, "_POLL_S", 0.02)
        patch.setattr(transfer, "POLL_S", 0.02)
        patch.setattr(stream, "REST_S", 0.05)
        yield


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VmEstate]:
    """Two VMs, each with a complete copy."""
    with vm_estate(tmp_path_factory.mktemp("ready")) as running:
        names = [running.fresh(), running.fresh()]
        with operating(running, tmp_path_factory.mktemp("store") / "s.sqlite") as operations:
            for name in names:
                assert operate.run_pass(operations, name, PACE).done
        yield running


@pytest.fixture
def looked(estate: VmEstate, tmp_path: Path) -> Callable[[], tuple[VmNow, ...]]:
    def look() -> tuple[VmNow, ...]:
        with operating(estate, tmp_path / "s.sqlite") as operations:
            settings = operations.settings
            return gather.look(operations.devices, settings.devices, settings.replications, {})

    return look


def by_id(at: VmNow, *others: VmNow) -> dict[str, Check]:
    return {one.id: one for one in check((at, *others))[0].checks}


@contextmanager
def altered(estate: VmEstate, thing: object, name: str, value: object) -> Iterator[None]:
    before = getattr(thing, name)
    with estate.world.turn():
        setattr(thing, name, value)
        estate.lyon.state.touch(thing) if hasattr(thing, "rev") else None  # type: ignore[arg-type]
    try:
        yield
    finally:
        with estate.world.turn():
            setattr(thing, name, before)
            estate.lyon.state.touch(thing) if hasattr(thing, "rev") else None  # type: ignore[arg-type]


def test_a_vm_with_a_fresh_copy_and_a_sound_other_side_is_ready_and_says_who_saw_that_and_when(
    estate: VmEstate, looked: Callable[[], tuple[VmNow, ...]]
) -> None:
    found = check(looked())
    assert [each.ready for each in found] == [True, True], [each.because for each in found]
    wanted = {"target", "complete", "replica-off", "direction", "drill", "rpo", "pass", "config-hash", "host"}
    wanted |= {"hardware", "capacity", "overcommit", "mac-live", "space", "isolated", "portgroup-map", "source"}
    wanted |= {"disks", "consolidate", "orphan-snap", "tools", "auto-start", "licence", "clock"}
    assert {one.id for one in found[0].checks} == {f"vm.{name}" for name in wanted}
    for one in found[0].checks:
        assert one.words, one
        assert one.evidence, one
        assert one.source.endswith(("on vc-paris", "on vc-lyon")), one
        assert one.seen_at is not None, one


def test_each_thing_that_is_wrong_at_the_other_side_fails_its_own_check(
    estate: VmEstate, looked: Callable[[], tuple[VmNow, ...]]
) -> None:
    name = estate.made[0].name
    (replica,) = estate.replicas(name)
    assert replica.host is not None
    lyon = estate.lyon
    stories: list[tuple[object, str, object, str, str]] = [
        (replica.host, "maintenance", True, "vm.host", "is in maintenance"),
        (replica.host, "connection", "notResponding", "vm.host", "is notResponding"),
        (replica.host, "networks", [lyon.drill], "vm.portgroup-map", "no port group there is called PROD-L"),
        (replica.host, "memory", 512 << 20, "vm.capacity", "and those after it do not fit"),
        (lyon.state, "version", "6.7.0", "vm.hardware", "it is vmx-19, the newest there is vmx-15"),
        (lyon.datastore, "used", lyon.datastore.capacity - (3 << 30), "vm.space", "the next full pass wants 4 GiB"),
        (lyon.drill, "segment", lyon.network.segment, "vm.isolated", "has 1 physical adapter"),
        (replica.home, "memory_mb", 1234, "vm.config-hash", "its copy 1234"),
        (replica.home, "cpus", 140, "vm.capacity", "it has 140 processors, its host 64 threads"),
    ]
    for thing, field, value, wrong, words in stories:
        with altered(estate, thing, field, value), altered(estate, replica, "name", replica.name):
            found = by_id(*looked())
        assert (found[wrong].verdict, words in found[wrong].evidence) == (FAILS, True), found[wrong]
        assert found[wrong].fix
    assert by_id(*looked())["vm.host"].verdict is HOLDS


def test_each_thing_that_is_wrong_at_the_source_fails_its_own_check(
    estate: VmEstate, looked: Callable[[], tuple[VmNow, ...]]
) -> None:
    source = estate.paris.vm(estate.made[0].name)
    host = source.host
    assert host is not None
    starts = {source.moid: AutoStartEntry(1, -1, "systemDefault", "powerOn", -1, "systemDefault")}
    enabled = {**host.autostart_defaults, "enabled": True}
    with altered(estate, host, "autostart_defaults", enabled), altered(estate, host, "autostart", starts):
        found = by_id(*looked())
        assert (found["vm.auto-start"].verdict, found["vm.auto-start"].severity) == (FAILS, Severity.WARN)
    with altered(estate, source, "consolidate", True), altered(estate, source, "tools_running", False):
        found = by_id(*looked())
        assert (found["vm.consolidate"].verdict, found["vm.tools"].verdict) == (FAILS, FAILS)
    with altered(estate, source, "connection", "disconnected"):
        assert by_id(*looked())["vm.source"].verdict is FAILS
    with estate.world.turn():
        machines.create_snapshot(estate.paris.state, source, "drdeck-old", "", memory=False, quiesce=False)
    estate.until(lambda: bool(source.roots))
    (at, other) = looked()
    stale = tuple(replace(one, created=at.now - timedelta(days=4)) for one in at.vm.snapshots) if at.vm else ()
    assert at.vm is not None
    at = replace(at, vm=replace(at.vm, snapshots=stale))
    assert "older than 72 h" in by_id(at, other)["vm.orphan-snap"].evidence
    with estate.world.turn():
        machines.remove_snapshot(estate.paris.state, source.roots[0], children=False)


def test_what_could_not_be_read_is_unknown_and_never_ready(
    estate: VmEstate, looked: Callable[[], tuple[VmNow, ...]]
) -> None:
    at, other = looked()
    dark = replace(at, target=replace(at.target, machines=None, places=None, ground=None, failure="timed out"))
    (found, _) = check((dark, other))
    assert (found.ready, found.stops[0].id, found.stops[0].verdict) == (None, "vm.target", UNKNOWN)
    blind = by_id(replace(at, target=replace(at.target, ground=None)), other)
    assert {blind[f"vm.{name}"].verdict for name in ("hardware", "capacity")} == {UNKNOWN}
    lost = by_id(replace(at, vm=None, missing="timed out", source=replace(at.source, machines=None)), other)
    assert lost["vm.source"].verdict is UNKNOWN


def test_an_old_copy_a_pause_and_a_pass_that_outlasts_its_interval_break_the_rpo(
    estate: VmEstate, looked: Callable[[], tuple[VmNow, ...]]
) -> None:
    at, other = looked()
    assert by_id(replace(at, now=at.now + timedelta(minutes=19)), other)["vm.rpo"].verdict is FAILS
    assert by_id(replace(at, standing=Standing(paused="r1")), other)["vm.rpo"].verdict is FAILS
    for took_s, ids in ((100.0, set()), (800.0, {"vm.pass"}), (1000.0, {"vm.rpo"})):
        standing = Standing(passes=(Pass("r", at.now, took_s, True),))
        found = by_id(replace(at, standing=standing), other)
        assert {id for id in ("vm.rpo", "vm.pass") if found[id].verdict is FAILS} == ids


def test_a_licence_that_only_reads_or_has_ended_and_a_clock_that_is_off_are_told(
    estate: VmEstate, looked: Callable[[], tuple[VmNow, ...]]
) -> None:
    at, other = looked()
    ground, now = at.target.ground, at.now
    assert ground is not None
    cases = [
        (LicenceNow("esxBasic", "VMware vSphere Hypervisor", None), "vm.licence", "only reads"),
        (LicenceNow("eval", "Evaluation Mode", now - timedelta(days=1)), "vm.licence", "ended on"),
        (LicenceNow("eval", "Evaluation Mode", now + timedelta(days=3)), "vm.licence-ends", "ends on"),
    ]
    for licence, id, words in cases:
        one = replace(at, target=replace(at.target, ground=replace(ground, licences=(licence,))))
        found = [each for each in check((one, other))[0].checks if each.id == id and each.verdict is FAILS]
        assert words in found[0].evidence
    blind = replace(at, target=replace(at.target, ground=replace(ground, licences=())))
    assert UNKNOWN in {each.verdict for each in check((blind, other))[0].checks if each.id == "vm.licence"}
    for skew, severity in ((0.2, None), (9.0, Severity.WARN), (90.0, Severity.BLOCK)):
        one = replace(at, target=replace(at.target, ground=replace(ground, skew_s=skew)))
        bad = [each.severity for each in check((one, other))[0].because if each.id == "vm.clock"]
        assert bad == ([] if severity is None else [severity])


# ---------------------------------------------------------------------------------------------------- where it is used


def test_the_memory_of_a_host_counts_for_all_vms_of_a_plan_together(estate: VmEstate, tmp_path: Path) -> None:
    one, other = (made.name for made in estate.made[:2])
    (replica,), (second,) = estate.replicas(one), estate.replicas(other)
    assert replica.host is second.host
    assert replica.host is not None
    with (
        operating(estate, tmp_path / "s.sqlite") as operations,
        altered(estate, replica.host, "memory", (replica.home.memory_mb + 1) << 20),
    ):
        alone = operate.plan_failover(operations, [one], Asked(disaster=True), "r1")
        assert not alone.refused
        both = operate.plan_failover(operations, [one, other], Asked(disaster=True), "r2")
        assert {guard.id.partition(" ")[0] for guard in both.refused} == {"vm.capacity"}
        assert f"{other} and those after it do not fit" in both.refused[0].evidence
        assert not both.steps


def test_more_memory_than_is_free_is_said_and_refuses_nothing(estate: VmEstate, tmp_path: Path) -> None:
    one = estate.made[0].name
    (replica,) = estate.replicas(one)
    assert replica.host is not None
    with estate.world.turn():
        busy = estate.lyon.state.add_vm(
            "busy", estate.lyon.datastore, host=replica.host, memory_mb=8192, disks=(), images=(), running=True
        )
    with (
        operating(estate, tmp_path / "s.sqlite") as operations,
        altered(estate, replica.host, "memory", (8192 + 512) << 20),
    ):
        plan = operate.plan_failover(operations, [one], Asked(disaster=True), "r1")
    with estate.world.turn():
        estate.lyon.state.stopped(busy)
    assert not plan.refused
    assert any("share what there is" in note for note in plan.notes)


def test_a_drill_on_a_port_group_with_an_uplink_and_a_failover_onto_a_live_mac_are_refused(
    estate: VmEstate, tmp_path: Path
) -> None:
    one = estate.made[0].name
    mac = estate.paris.vm(one).home.nics[0].mac
    with operating(estate, tmp_path / "s.sqlite") as operations:
        with altered(estate, estate.lyon.drill, "segment", estate.lyon.network.segment):
            plan = operate.plan_drill(operations, [one], "r1")
        assert [guard.id for guard in plan.refused] == [f"drill.uplink {one}"]
        with estate.world.turn():
            thief = estate.lyon.state.add_vm(
                "thief", estate.lyon.datastore, host=estate.lyon.state.hosts[0], disks=(), images=(),
                networks=(estate.lyon.network,), running=False,
            )  # fmt: skip
            thief.home.nics[0].mac, thief.power = mac, PowerState.ON
            estate.lyon.state.touch(thief)
        plan = operate.plan_failover(operations, [one], Asked(disaster=True), "r2")
        assert [guard.id for guard in plan.refused] == [f"vm.mac-live {one}"]
        assert f"{mac} is live in thief" in plan.refused[0].evidence
        with estate.world.turn():
            thief.power = PowerState.OFF
            estate.lyon.state.touch(thief)


def test_a_group_is_armed_by_the_same_checks(estate: VmEstate, tmp_path: Path) -> None:
    one = estate.made[0].name
    window = Finding(HOLDS, "no window", datetime.now(UTC))
    with operating(estate, tmp_path / "s.sqlite") as operations:
        for memory, verdict in ((None, HOLDS), (512 << 20, FAILS)):
            (replica,) = estate.replicas(one)
            assert replica.host is not None
            with altered(estate, replica.host, "memory", memory or replica.host.memory):
                checks = VmPlans(operations).checks(group(one))
            seen = Prepared(None, None, checks, None, (), window, None, None, None)
            (ready,) = (each for each in arm_checks(seen, datetime.now(UTC)) if each.id == "auto.ready")
            assert ready.verdict is verdict
            (rpo,) = (each for each in arm_checks(seen, datetime.now(UTC)) if each.id == "auto.rpo")
            assert (rpo.verdict, one in rpo.evidence) == (HOLDS, True)


def test_the_command_says_what_stands_against_each(
    estate: VmEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = (made.name for made in estate.made[:2])
    line = ["--config", str(estate.config), "--store", str(tmp_path / "s.sqlite"), "vm", "ready"]
    assert cli.main([*line, one, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["vms"]
    assert (row["name"], row["ready"]) == (one, True)
    assert {"id", "words", "severity", "verdict", "evidence", "source", "seen_at", "fix"} == set(row["checks"][0])
    (replica,) = estate.replicas(one)
    assert replica.host is not None
    with altered(estate, replica.host, "maintenance", True):
        assert cli.main(line) == 1
    said = capsys.readouterr().out
    assert f"{one}: NOT READY, because" in said
    assert "[vm.host]" in said
    assert "seen by RetrievePropertiesEx of HostSystem on vc-lyon" in said
    assert other in said


def test_the_console_checks_them_by_itself_and_when_somebody_asks(estate: VmEstate, tmp_path: Path) -> None:
    one = estate.made[0].name
    (replica,) = estate.replicas(one)
    assert replica.host is not None
    view, checked = ReadinessView(), threading.Event()
    with operating(estate, tmp_path / "s.sqlite") as operations:
        watch = ReadinessWatch(operations, view, checked.set, pace=Pace(first=0.0), subject=Vms(operations))
        watch.start()
        try:
            estate.until(lambda: view.now.at is not None)
            assert view.why_not == ""
            assert view.now.standing(one, datetime.now(UTC)) is StandsReady.READY
            asked = threading.Event()
            with altered(estate, replica.host, "maintenance", True):
                watch.ask(asked.set)
                assert asked.wait(30)
            assert view.now.standing(one, datetime.now(UTC)) is StandsReady.NOT_READY
        finally:
            watch.close(5.0)
        operations.settings = replace(operations.settings, replications=())
        assert Vms(operations).begin(view, "") == frozenset()
        assert "[[replications]]" in view.why_not
