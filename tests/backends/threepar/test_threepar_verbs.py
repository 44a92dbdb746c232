"""Verbs as data, and each of them performed through both doors of a simulated array."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backends.lab.faults import FaultKind
from backends.outcome import DeviceError, Failure, ParseError, Sent
from backends.threepar.driver import ThreeParDriver
from backends.threepar.provision import (
    AdmitVolume,
    CreateGroup,
    CreateSnapshot,
    CreateSnapshotSet,
    CreateVlun,
    CreateVolume,
    DeleteVolume,
    DismissVolume,
    RemoveGroup,
    RemoveVlun,
    SetPeriod,
    SetPolicy,
)
from backends.threepar.verbs import ChangeRole, Door, RoleVerb, StartGroup, StopGroup, SyncGroup, Verb
from store.estate import RcgMode
from tests.backends.threepar.rcopy_pair import LIMITS, OSLO_ID, Pair, rcopy_pair

PEER = f"erp_prd.r{OSLO_ID}"


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("identities")


@pytest.fixture
def pair(identities: Path) -> Iterator[Pair]:
    with rcopy_pair(identities, speed=20.0) as pair:
        yield pair


def perform(pair: Pair, name: str, verb: Verb, door: Door) -> str:
    driver = ThreeParDriver(name, pair.tls(name), pair.ssh(name), LIMITS)
    return driver.perform(verb, door, timeout_s=20)


def roles(pair: Pair, group: str = "erp") -> list[str]:
    with pair.world.turn():
        return [f"{s.role}/{s.status}" for s in pair.groups[group].sides]


@pytest.mark.parametrize("door", list(Door))
def test_a_failover_and_the_way_back_through_either_door(pair: Pair, door: Door) -> None:
    def settled(name: str, verb: Verb, expected: list[str]) -> None:
        perform(pair, name, verb, door)
        if door is Door.WSAPI:
            pair.pass_time(5)
        assert roles(pair) == expected

    settled("oslo", StopGroup("erp_prd", "bergen"), ["Primary/Stopped", "Secondary/Stopped"])
    settled("bergen", ChangeRole(RoleVerb.FAILOVER, PEER, "oslo"), ["Primary/Stopped", "Primary-Rev/Stopped"])
    settled("bergen", ChangeRole(RoleVerb.RECOVER, PEER), ["Secondary-Rev/Started", "Primary-Rev/Started"])
    settled("bergen", ChangeRole(RoleVerb.RESTORE, PEER), ["Primary/Started", "Secondary/Started"])
    assert perform(pair, "oslo", SyncGroup("bill_prd"), door).count("\n") <= 1
    settled("oslo", StopGroup("erp_prd"), ["Primary/Stopped", "Secondary/Stopped"])
    settled("oslo", StartGroup("erp_prd"), ["Primary/Started", "Secondary/Started"])


@pytest.mark.parametrize("door", list(Door))
def test_a_replicated_volume_is_made_exported_and_unmade_through_either_door(pair: Pair, door: Door) -> None:
    def both(verb: Verb) -> None:
        perform(pair, "oslo", verb, door if verb.command() is not None else Door.WSAPI)

    both(CreateVolume("crm_v1", "SSD_r6", 1024))
    both(CreateGroup("crm_prd", "bergen", RcgMode.PERIODIC, "SSD_r6", "SSD_r6"))
    both(SetPeriod("crm_prd", "bergen", 600))
    both(SetPolicy("crm_prd", "bergen", "over_per_alert", True))
    both(SetPolicy("crm_prd", "bergen", "auto_recover", False))
    both(AdmitVolume("crm_prd", "crm_v1", "bergen", "crm_v1", create_secondary=True))
    both(StartGroup("crm_prd"))
    both(CreateVlun("crm_v1", 9, "erp-srv"))
    both(CreateSnapshot("crm_snap", "crm_v1"))
    with pair.world.turn():
        group, _ = pair.oslo.group("crm_prd")
        assert (group.period_s, group.policies, group.started) == (600, {"over_per_alert"}, True)
        assert pair.bergen.volume("crm_v1").size_mib == 1024
        assert [v.lun for v in pair.oslo.vluns if v.volume.name == "crm_v1"] == [9]
        assert pair.oslo.volume("crm_snap").read_only
    both(DeleteVolume("crm_snap"))
    both(RemoveVlun("crm_v1", 9, "erp-srv"))
    both(StopGroup("crm_prd"))
    both(DismissVolume("crm_prd", "crm_v1", remove_secondary=True))
    both(RemoveGroup("crm_prd"))
    both(DeleteVolume("crm_v1"))
    assert "crm_v1" not in pair.bergen.volumes
    assert "crm_prd" not in pair.oslo.groups


def test_a_set_of_snapshots_is_taken_whole_or_not_at_all_and_through_the_command_line_alone(pair: Pair) -> None:
    with pair.world.turn():
        volumes = [member.copies[1].volume.name for member in pair.groups["erp"].members]
    pairs = tuple((volume, f"d.{number}") for number, volume in enumerate(volumes))
    with pytest.raises(DeviceError) as refused:
        perform(pair, "bergen", CreateSnapshotSet((*pairs, (volumes[0], "d.0"))), Door.CLI)
    assert refused.value.sent is Sent.REFUSED
    with pair.world.turn():
        assert not [name for name in pair.bergen.volumes if name.startswith("d.")]
    perform(pair, "bergen", CreateSnapshotSet(pairs), Door.CLI)
    with pair.world.turn():
        made = {name: pair.bergen.volume(name) for _, name in pairs}
        assert [made[name].copy_of for _, name in pairs] == [pair.bergen.volume(volume) for volume in volumes]
        assert len({each.created for each in made.values()}) == 1 and not any(v.read_only for v in made.values())
    with pytest.raises(ValueError, match="CreateSnapshotSet is not sent through the wsapi"):
        perform(pair, "bergen", CreateSnapshotSet(pairs), Door.WSAPI)


@pytest.mark.parametrize("door", list(Door))
def test_a_refusal_is_told_in_the_array_s_words_through_either_door(pair: Pair, door: Door) -> None:
    with pytest.raises(DeviceError) as refused:
        perform(pair, "bergen", ChangeRole(RoleVerb.FAILOVER, PEER), door)
    assert (refused.value.failure, refused.value.sent) == (Failure.REFUSED, Sent.REFUSED)
    assert "not stopped" in refused.value.text


def test_a_cli_error_with_exit_status_0_is_a_refusal(pair: Pair) -> None:
    with pytest.raises(DeviceError) as refused:
        perform(pair, "oslo", StopGroup("nosuch"), Door.CLI)
    assert refused.value.text == "Error: group matching nosuch does not exist on the system"


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (FaultKind.DROP_BEFORE, Failure.LOST),
        (FaultKind.DROP_AFTER, Failure.LOST),
        (FaultKind.HANG, Failure.TIMEOUT),
    ],
)
def test_a_cli_command_without_an_end_is_unknown(pair: Pair, fault: FaultKind, failure: Failure) -> None:
    pair.world.faults.add("oslo", fault, "stoprcopygroup")
    driver = ThreeParDriver("oslo", pair.tls("oslo"), pair.ssh("oslo"), LIMITS)
    with pytest.raises(DeviceError) as lost:
        driver.perform(StopGroup("erp_prd"), Door.CLI, timeout_s=0.7)
    assert (lost.value.failure, lost.value.sent) == (failure, Sent.UNKNOWN)
    pair.world.faults.clear()


def test_a_cli_that_cannot_be_reached_was_not_sent_anything(pair: Pair) -> None:
    driver = ThreeParDriver("oslo", pair.tls("oslo"), pair.ssh("oslo", port=1), LIMITS)
    with pytest.raises(DeviceError) as dead:
        driver.perform(StopGroup("erp_prd"), Door.CLI)
    assert (dead.value.failure, dead.value.sent) == (Failure.UNREACHABLE, Sent.NO)


def test_a_wrong_password_on_the_cli_is_a_refused_login(pair: Pair) -> None:
    from backends.endpoint import Secret

    driver = ThreeParDriver("oslo", pair.tls("oslo"), pair.ssh("oslo", password=Secret("wrong")), LIMITS)
    with pytest.raises(DeviceError) as refused:
        driver.perform(StopGroup("erp_prd"), Door.CLI)
    assert (refused.value.failure, refused.value.sent) == (Failure.LOGIN_REFUSED, Sent.NO)


def test_a_key_logs_in_to_the_cli(pair: Pair, tmp_path: Path) -> None:
    import paramiko

    key = paramiko.ECDSAKey.generate()
    path = tmp_path / "id"
    key.write_private_key_file(str(path))
    pair.oslo.device.public_keys["3paradm"] = [f"{key.get_name()} {key.get_base64()}"]
    driver = ThreeParDriver("oslo", pair.tls("oslo"), pair.ssh("oslo", password=None, key_file=path), LIMITS)
    assert driver.perform(StopGroup("erp_prd"), Door.CLI) == ""
    assert driver.read().problems == ()


def test_p3c_09_a_volume_is_admitted_through_the_wsapi_only() -> None:
    verb = AdmitVolume("g", "v", "t", "v")
    assert verb.command() is None
    assert verb.request().path == "/remotecopygroups/g/volumes"


def test_a_door_that_does_not_have_the_verb_sends_nothing(pair: Pair) -> None:
    before = pair.oslo.device.counters.requests.total()
    with pytest.raises(ValueError, match="AdmitVolume"):
        perform(pair, "oslo", AdmitVolume("erp_prd", "v", "bergen", "v"), Door.CLI)
    with pytest.raises(ValueError, match="ChangeRole"):
        perform(pair, "oslo", ChangeRole(RoleVerb.REVERSE, "erp_prd"), Door.WSAPI)
    assert pair.oslo.device.counters.requests.total() == before


def test_p3c_12_keeping_snapshots_and_removing_the_secondary_are_never_asked_together() -> None:
    with pytest.raises(ParseError):
        DismissVolume("g", "v", keep_snapshots=True, remove_secondary=True)


BAD = "x; reboot"
MAKERS: list[Callable[[], Verb]] = [
    lambda: StartGroup(BAD),
    lambda: StopGroup("g", BAD),
    lambda: SyncGroup("g h"),
    lambda: ChangeRole(RoleVerb.FAILOVER, "$(g)"),
    lambda: CreateGroup("g", "t", RcgMode.SYNC, BAD, "c"),
    lambda: CreateGroup("g", "t", RcgMode.SYNC, "c"),
    lambda: RemoveGroup("../g"),
    lambda: SetPeriod("g", "t", 299),
    lambda: SetPolicy("g", "t", "no_such", True),
    lambda: AdmitVolume("g", BAD, "t", "v"),
    lambda: DismissVolume("g", BAD),
    lambda: CreateVlun("v", -1, "h"),
    lambda: CreateVlun("v", 20000, "h"),
    lambda: RemoveVlun("v", 1, BAD),
    lambda: CreateVolume("v", "c", 0),
    lambda: DeleteVolume("v?x=1"),
    lambda: CreateSnapshot("a,b", "v"),
    lambda: CreateSnapshotSet(()),
    lambda: CreateSnapshotSet((("v", "a b"),)),
    lambda: ChangeRole(RoleVerb.RECOVER, "g", None, frozenset({"discard_new_data"})),
    lambda: ChangeRole(RoleVerb.REVERSE, "g", None, frozenset({"natural", "current"})),
]


@pytest.mark.parametrize("make", MAKERS)
def test_p3c_08_a_verb_with_a_bad_name_or_option_is_refused_when_it_is_made(make: Callable[[], Verb]) -> None:
    with pytest.raises(ParseError):
        make()


def test_no_option_that_changes_what_is_kept_is_set_unless_told() -> None:
    for verb in RoleVerb:
        plain = ChangeRole(verb, "g")
        assert plain.command() == f"setrcopygroup {verb} -f -waittask g"
        request = plain.request()
        assert request is None or set(request.body or {}) == {"action"}


def test_options_become_the_documented_members_and_flags() -> None:
    told = ChangeRole(RoleVerb.FAILOVER, "g.r7", "t", frozenset({"discard_new_data", "skip_promote"}))
    assert told.request().body == {  # type: ignore[union-attr]
        "action": 7, "discardNewData": True, "skipPromote": True, "targetName": "t",
    }  # fmt: skip
    assert told.command() == "setrcopygroup failover -f -waittask -discard -nopromote -t t g.r7"
    back = ChangeRole(RoleVerb.REVERSE, "g.r7", None, frozenset({"stop_groups", "local", "current"}))
    assert back.command() == "setrcopygroup reverse -f -waittask -stopgroups -local -current g.r7"
    assert back.request().body == {"action": 6, "localGroupsDirection": True, "stopGroups": True}  # type: ignore[union-attr]


def test_a_command_is_one_plain_line_of_words() -> None:
    verbs: list[Verb] = [
        StartGroup("g", "t"),
        StopGroup("g"),
        SyncGroup("g"),
        ChangeRole(RoleVerb.OVERRIDE, "g"),
        RemoveGroup("g", True),
        CreateGroup("g", "t", RcgMode.ASYNC, "c", "d"),
        SetPeriod("g", "t", 900),
        CreateVlun("v", 1, "set:hosts"),
    ]
    for verb in verbs:
        command = verb.command()
        assert command is not None
        assert shlex.split(command) == command.split(" ")
