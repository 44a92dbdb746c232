"""A sweep of an array through both doors, through one of them, and with trouble in the answers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from backends.lab.faults import FaultKind
from backends.lab.ssh import Answer, SshDoor
from backends.lab.threepar.rcg import Options
from backends.outcome import DeviceError, Failure
from backends.threepar import answers, merge, showrcopy
from backends.threepar.answers import Fields, System
from backends.threepar.driver import ThreeParDriver
from backends.threepar.showrcopy import CliGroup
from store.estate import (
    RcgMode,
    RcgRole,
    RcgStatus,
    Reading,
    RemoteCopyGroup,
    StorageSystem,
    SyncStatus,
)
from tests.backends.threepar.rcopy_pair import BERGEN_ID, LIMITS, OSLO_ID, Pair, rcopy_pair
from tests.faults.fuzz_threepar import GROUP, GROUPS_CSV_HEADERS

PEER = f"erp_prd.r{OSLO_ID}"


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("identities")


@pytest.fixture
def pair(identities: Path) -> Iterator[Pair]:
    with rcopy_pair(identities) as pair:
        yield pair


def read(pair: Pair, name: str = "oslo", **ports: int) -> Reading:
    tls, ssh = pair.tls(name), pair.ssh(name)
    if "https" in ports:
        tls = replace(tls, port=ports["https"])
    if "ssh" in ports:
        ssh = replace(ssh, port=ports["ssh"])
    return ThreeParDriver(name, tls, ssh, LIMITS).read()


def groups(reading: Reading) -> dict[str, RemoteCopyGroup]:
    return {g.name: g for g in reading.objects if isinstance(g, RemoteCopyGroup)}


def storage(reading: Reading) -> StorageSystem:
    return next(s for s in reading.objects if isinstance(s, StorageSystem))


def test_a_sweep_reads_the_array_its_targets_and_its_links(pair: Pair) -> None:
    reading = read(pair)
    found = storage(reading)
    assert (found.serial, found.system_id, found.time_zone, found.rcopy_status) == (
        "CZ52417", OSLO_ID, "Europe/Oslo", "Started, Normal",
    )  # fmt: skip
    assert [(t.name, t.status, t.policy) for t in found.targets] == [("bergen", "ready", "mirror_config")]
    assert [(x.target, x.status) for x in found.links] == [
        ("bergen", "Up"),
        ("bergen", "Up"),
        ("receive", "Up"),
        ("receive", "Up"),
    ]
    assert (reading.problems, reading.unread) == ((), ())


def test_a_sweep_reads_groups_of_every_mode_with_volumes_sizes_and_exports(pair: Pair) -> None:
    found = groups(read(pair))
    assert {name: (g.mode, g.role, g.status) for name, g in found.items()} == {
        "erp_prd": (RcgMode.SYNC, RcgRole.PRIMARY, RcgStatus.STARTED),
        "bill_prd": (RcgMode.PERIODIC, RcgRole.PRIMARY, RcgStatus.STARTED),
        "log_prd": (RcgMode.ASYNC, RcgRole.PRIMARY, RcgStatus.STARTED),
        f"hr_prd.r{BERGEN_ID}": (RcgMode.SYNC, RcgRole.SECONDARY, RcgStatus.STARTED),
    }
    erp = found["erp_prd"]
    assert [(v.local, v.size_mib, v.exported_to, v.sync_status) for v in erp.volumes] == [
        ("erp_data01", 10240, ("erp-srv",), SyncStatus.SYNCED),
        ("erp_data02", 20480, ("erp-srv",), SyncStatus.SYNCED),
    ]
    assert (found["bill_prd"].period_s, erp.local_cpg, erp.remote_cpg) == (300, "SSD_r6", "SSD_r6")


def test_the_two_views_of_a_pair_find_each_other(pair: Pair) -> None:
    here = {g.pair_key: g for g in groups(read(pair)).values()}
    there = {g.pair_key: g for g in groups(read(pair, "bergen")).values()}
    assert (
        here.keys()
        == there.keys()
        == {f"{OSLO_ID}:erp_prd", f"{OSLO_ID}:bill_prd", f"{OSLO_ID}:log_prd", f"{BERGEN_ID}:hr_prd"}
    )
    assert {g.role for g in there.values()} == {RcgRole.SECONDARY, RcgRole.PRIMARY}
    assert len({g.key for g in [*here.values(), *there.values()]}) == 8


def test_a_last_sync_is_the_moment_that_the_copy_holds_in_utc(pair: Pair) -> None:
    pair.pass_time(700)
    group = groups(read(pair, "bergen"))[f"bill_prd.r{OSLO_ID}"]
    held = pair.groups["bill"].members[0].copies[1].last_sync
    assert held is not None
    assert group.oldest_sync == datetime.fromtimestamp(int(held), UTC)


def test_rcg_02_a_failed_over_group_reads_as_primary_rev_and_a_recovered_one_as_secondary_rev(pair: Pair) -> None:
    group = pair.groups["erp"]
    with pair.world.turn() as now:
        group.stop(group.sides[0], now)
        group.failover(group.sides[1], now, Options())
    pair.pass_time(5)
    peer = groups(read(pair, "bergen"))[PEER]
    assert (peer.role, peer.role_reversed, peer.status) == (RcgRole.PRIMARY_REV, True, RcgStatus.STOPPED)
    assert groups(read(pair))["erp_prd"].role is RcgRole.PRIMARY
    with pair.world.turn() as now:
        group.recover(group.sides[1], now, Options())
    pair.pass_time(5)
    assert groups(read(pair))["erp_prd"].role is RcgRole.SECONDARY_REV


def test_a_running_copy_shows_its_percent(pair: Pair) -> None:
    group = pair.groups["bill"]
    with pair.world.turn() as now:
        task = group.sync(group.sides[0], now)
        for member in group.members:
            assert member.job is not None
            member.job.ends = now + 100
        assert task
    pair.world.clock.advance(0.0001)
    volume = groups(read(pair))["bill_prd"].volumes[0]
    assert (volume.sync_status, volume.synced_percent) == (SyncStatus.SYNCING, 0)


def test_a_volume_whose_host_is_off_still_counts_as_exported(pair: Pair) -> None:
    with pair.world.turn():
        pair.bergen.export("erp_data01", "erp-srv", 4)
    volume = groups(read(pair, "bergen"))[PEER].volumes[0]
    assert volume.exported_to == ("erp-srv",)


def test_p3c_10_a_sweep_logs_out(pair: Pair) -> None:
    for _ in range(5):
        read(pair)
    counters = pair.oslo.device.counters
    assert counters.sessions == 0
    assert counters.logins == counters.logouts


def test_a_sweep_takes_the_same_number_of_requests_however_many_groups_there_are(pair: Pair) -> None:
    from backends.lab.threepar.state import add_replicated_group

    read(pair)
    before = pair.oslo.device.counters.requests.total()
    with pair.world.turn():
        for number in range(60):
            name = f"grp{number:03}"
            add_replicated_group(pair.oslo, name, "bergen", RcgMode.PERIODIC, {f"{name}_v": 1024}, period_s=900)
    pair.pass_time(5)
    reading = read(pair)
    assert len(groups(reading)) == 64
    assert pair.oslo.device.counters.requests.total() == 2 * before


# ------------------------------------------------------------------------------------------------------- one door only


def test_rcg_10_with_the_wsapi_dead_the_cli_still_shows_every_group(pair: Pair) -> None:
    whole, half = groups(read(pair)), read(pair, https=1)
    assert [p.where for p in half.problems] == ["WSAPI"]
    assert storage(half).serial == "CZ52417"
    for name, group in groups(half).items():
        assert (group.key, group.role, group.status, group.pair_key) == (
            whole[name].key, whole[name].role, whole[name].status, whole[name].pair_key,
        )  # fmt: skip
        assert [v.exported_to for v in group.volumes] == [v.exported_to for v in whole[name].volumes]
        assert [v.last_sync for v in group.volumes] == [v.last_sync for v in whole[name].volumes]
    assert len(groups(half)) == len(whole)


def test_rcg_10_with_the_cli_dead_the_wsapi_still_shows_every_group(pair: Pair) -> None:
    whole, half = groups(read(pair)), read(pair, ssh=1)
    assert [p.where for p in half.problems] == ["CLI"]
    assert {n: (g.key, g.role, g.status) for n, g in groups(half).items()} == {
        n: (g.key, g.role, g.status) for n, g in whole.items()
    }
    assert storage(half).targets[0].status == "unknown (2)"


def test_with_both_doors_dead_the_array_could_not_be_read(pair: Pair) -> None:
    with pytest.raises(DeviceError) as dead:
        read(pair, https=1, ssh=1)
    assert dead.value.failure is Failure.UNREACHABLE


def test_a_site_gone_dark_is_unreachable_and_read_again_when_it_is_back(pair: Pair) -> None:
    with pair.world.turn():
        pair.world.set_dark("oslo-site", True)
    with pytest.raises(DeviceError):
        read(pair)
    peer = groups(read(pair, "bergen"))[PEER]
    assert (peer.role, peer.status) == (RcgRole.SECONDARY, RcgStatus.STOPPED)
    assert storage(read(pair, "bergen")).targets[0].status == "failed"
    with pair.world.turn():
        pair.world.set_dark("oslo-site", False)
    assert groups(read(pair))["erp_prd"].role is RcgRole.PRIMARY


@pytest.mark.parametrize(
    ("verb", "fault"),
    [
        ("GET /vluns", FaultKind.HTTP_500),
        ("GET /vluns", FaultKind.DROP_BEFORE),
        ("GET /remotecopygroups", FaultKind.DROP_BEFORE),
        ("GET /remotecopytargets", FaultKind.HTTP_401),
        ("POST /credentials", FaultKind.HTTP_503),
        ("GET /remotecopygroups", FaultKind.HTTP_500),
        ("GET /remotecopygroups", FaultKind.HTML),
        ("GET /system", FaultKind.HTML),
        ("GET /volumes", FaultKind.TRUNCATED),
        ("showrcopy groups", FaultKind.DROP_BEFORE),
        ("showrcopy groups", FaultKind.TRUNCATED),
        ("showrcopy links", FaultKind.DROP_AFTER),
    ],
)
def test_trouble_in_one_answer_is_a_problem_and_the_groups_still_show_the_truth(
    pair: Pair, verb: str, fault: FaultKind
) -> None:
    whole = groups(read(pair))
    pair.world.faults.add("oslo", fault, verb)
    reading = read(pair)
    assert reading.problems
    for name, group in groups(reading).items():
        assert (group.key, group.role, group.status) == (whole[name].key, whole[name].role, whole[name].status)
        assert [v.exported_to for v in group.volumes] == [v.exported_to for v in whole[name].volumes]
    assert groups(reading).keys() == whole.keys() or reading.unread


def test_when_neither_door_tells_the_exports_no_group_is_shown_as_not_exported(pair: Pair) -> None:
    pair.world.faults.add("oslo", FaultKind.HTTP_500, "GET /vluns")
    pair.world.faults.add("oslo", FaultKind.DROP_BEFORE, "showvlun")
    reading = read(pair)
    assert groups(reading) == {}
    assert [(u.kind, u.key_prefix) for u in reading.unread] == [("rcg", "CZ52417:")]
    assert storage(reading)


def test_the_array_s_clock_is_compared_with_ours(identities: Path) -> None:
    with rcopy_pair(identities, speed=1.0) as pair:
        one = read(pair).clock_skew_s
        pair.world.faults.add("oslo", FaultKind.CLOCK_SKEWED, seconds=600)
        other = read(pair).clock_skew_s
        assert one is not None
        assert other is not None
        assert other - one == pytest.approx(600, abs=5)


def test_a_group_renamed_behind_our_back_is_read_under_its_new_name_with_the_same_key(pair: Pair) -> None:
    before = groups(read(pair))["erp_prd"].key
    pair.world.faults.add("oslo", FaultKind.RENAMED, subject="erp_prd", new_name="erp_old")
    assert groups(read(pair))["erp_old"].key == before


# ------------------------------------------------------------------------------------------------------- contradictions

FJORD = System("fjord-a", "CZ90817263", "A630", "4.5.19.9", 70021)


def cli_group() -> CliGroup:
    return showrcopy.groups_csv(GROUPS_CSV_HEADERS, ZoneInfo("Europe/Oslo")).groups[0]


def merged(cli: CliGroup | None, **changes: object) -> tuple[RemoteCopyGroup | None, int]:
    """The group merged from the CLI's words and GROUP with changes to its target or itself, and the problems."""
    target = GROUP["targets"][0] | {k: v for k, v in changes.items() if k in GROUP["targets"][0]}  # type: ignore[index]
    body = GROUP | {"targets": [target]} | {k: v for k, v in changes.items() if k in GROUP}
    merger = merge.Merger(FJORD, {}, {})
    return merger.merge(cli, answers.group(Fields(body))), len(merger.problems)


def test_what_both_doors_agree_on_is_no_problem() -> None:
    group, problems = merged(cli_group())
    assert group is not None
    assert (group.id, group.role, group.status, problems) == (9, RcgRole.PRIMARY, RcgStatus.STARTED, 0)


@pytest.mark.parametrize("changes", [{"role": 2}, {"roleReversed": True}, {"role": 7}])
def test_rcg_03_roles_that_contradict_each_other_are_unknown_and_a_problem(changes: dict[str, object]) -> None:
    group, problems = merged(cli_group(), **changes)
    assert group is not None
    assert (group.role, problems) == (RcgRole.UNKNOWN, 1)


@pytest.mark.parametrize("state", [5, 7, 42])
def test_a_state_that_contradicts_the_cli_is_unknown_and_a_problem(state: int) -> None:
    group, problems = merged(cli_group(), state=state)
    assert group is not None
    assert (group.status, problems) == (RcgStatus.UNKNOWN, 1)


def test_a_word_beyond_the_evidenced_numbers_stands(pair: Pair) -> None:
    group, problems = merged(replace(cli_group(), status=RcgStatus.FAILSAFE), state=7)
    assert group is not None
    assert (group.status, problems) == (RcgStatus.FAILSAFE, 0)


def test_two_ids_for_one_group_show_no_group_at_all() -> None:
    group, problems = merged(cli_group(), id=10)
    assert group is None
    assert problems == 2


def test_volumes_that_only_one_door_lists_show_and_are_a_problem() -> None:
    group, problems = merged(replace(cli_group(), volumes=()))
    assert group is not None
    assert ([v.local for v in group.volumes], problems) == (["pay_data01"], 1)
    group, problems = merged(cli_group(), volumes=[])
    assert group is not None
    assert ([v.local for v in group.volumes], problems) == (["pay_data01"], 1)


def test_p3c_11_from_the_wsapi_alone_unknown_numbers_are_unknown() -> None:
    group, _ = merged(None, state=42)
    assert group is not None
    assert group.status is RcgStatus.UNKNOWN


# --------------------------------------------------------------------------------------------------------------- import


def test_importing_the_driver_imports_no_vendor_library_and_no_ssh() -> None:
    code = (
        "import sys; import backends.threepar.driver, backends.threepar.verbs, backends.threepar.provision; "
        "late = ('hpe3parclient', 'paramiko', 'requests', 'eventlet', 'textual', 'backends.lab'); "
        "print([m for m in late if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[3]
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert found.stdout.strip() == "[]"


def test_a_role_that_changes_between_the_answers_of_the_two_doors_is_no_contradiction(pair: Pair) -> None:
    group = pair.groups["erp"]
    with pair.world.turn() as now:
        group.stop(group.sides[0], now)
    door = pair.lab.door("bergen", "ssh")
    assert isinstance(door, SshDoor)
    honest = door.protocol.run

    def fail_over_first(user: str, command: str) -> Answer:
        if "showrcopy groups" in command and group.sides[1].role is RcgRole.SECONDARY:
            with pair.world.turn() as now:
                group.failover(group.sides[1], now, Options())
            pair.pass_time(60)
        return honest(user, command)

    door.protocol = replace(door.protocol, run=fail_over_first)
    reading = read(pair, "bergen")
    assert reading.problems == ()
    assert groups(reading)[PEER].role is RcgRole.PRIMARY_REV
