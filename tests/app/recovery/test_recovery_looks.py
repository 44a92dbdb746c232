"""Looks and calls of a run over many groups: sessions kept, bounded, thrown away and closed; looks in parts."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from app.connect import Connector
from app.recovery import kinds
from app.recovery.attempt import _Sight, look_ahead
from app.recovery.looks import Devices
from app.recovery.rcg.object_steps import Snapshot
from app.recovery.rcg.role_steps import Failover
from app.recovery.step import Seen, UnseenError, Verdict
from app.settings import load
from backends.endpoint import Limits, Secret, SshAccess
from backends.hmc.driver import HmcDriver
from backends.hmc.looks import EthOf, FcOf, LparsOf
from backends.lab.faults import FaultKind
from backends.outcome import DeviceError, Failure, Sent
from backends.threepar.objects import ArrayObjects
from backends.threepar.provision import CreateSnapshot
from backends.threepar.verbs import ChangeRole, RoleVerb, StopGroup
from store.estate import RcgMode, RcgStatus, Reading, RemoteCopyGroup, StorageSystem
from store.runs import PlannedStep
from tests.app.recovery.backup_range import eventually
from tests.faults.rcg_estate import RcgEstate, rcg_estate


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcgEstate]:
    with rcg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_is_left(estate: RcgEstate) -> Iterator[None]:
    yield
    estate.world.faults.clear()
    for array in (estate.paris, estate.lyon):
        array.device.max_sessions = 64
        deadline = time.monotonic() + 5
        while array.device.counters.sessions and time.monotonic() < deadline:
            time.sleep(0.01)
        assert array.device.counters.sessions == 0


@dataclass
class Told:
    readings: list[Reading] = field(default_factory=list)


def devices(estate: RcgEstate, sessions: int = 4, told: Told | None = None) -> Devices:
    settings = load(estate.config)
    tell = (told or Told()).readings.append
    connect = Connector(settings)
    return Devices(connect, {device.name: sessions for device in settings.devices}, tell, connect.kept)


def logins(estate: RcgEstate) -> int:
    return estate.paris.device.counters.requests["POST /credentials"]


def group(reading: Reading, name: str) -> RemoteCopyGroup:
    return next(obj for obj in reading.objects if isinstance(obj, RemoteCopyGroup) and obj.name == name)


def groups(at: Devices, since: float) -> Reading:
    """The groups as a step of a run sees them."""
    found: Reading = at.groups("3par-p", lambda asked: at.look(asked, since)[0])
    return found


def parts(at: Devices, since: float) -> ArrayObjects:
    found: ArrayObjects = at.parts("3par-p", lambda asked: at.look(asked, since)[0])
    return found


def snapshot(number: int, name: str) -> CreateSnapshot:
    return CreateSnapshot(f"{name}.s{number}", f"{name}_v1")


def test_sessions_are_logged_in_once_while_they_are_kept_and_logged_out_at_the_end(estate: RcgEstate) -> None:
    name, at = estate.group(RcgMode.SYNC), devices(estate)
    before = logins(estate)
    with at.kept():
        for number in range(5):
            at.perform("3par-p", snapshot(number, name), "wsapi", 60.0)
        assert logins(estate) == before + 1
        assert estate.paris.device.counters.sessions == 1
    assert estate.paris.device.counters.sessions == 0
    at.perform("3par-p", snapshot(9, name), "wsapi", 60.0)
    assert logins(estate) == before + 2


def test_who_rests_holds_no_session_and_keeps_the_next_one(estate: RcgEstate) -> None:
    name, at = estate.group(RcgMode.SYNC), devices(estate)
    with at.kept():
        at.perform("3par-p", snapshot(1, name), "wsapi", 60.0)
        at.rest()
        assert estate.paris.device.counters.sessions == 0
        before = logins(estate)
        for number in (2, 3):
            at.perform("3par-p", snapshot(number, name), "wsapi", 60.0)
        assert logins(estate) == before + 1


def test_two_runs_may_keep_sessions_and_the_last_one_closes_them(estate: RcgEstate) -> None:
    name, at = estate.group(RcgMode.SYNC), devices(estate)
    with at.kept():
        with at.kept():
            at.perform("3par-p", snapshot(1, name), "wsapi", 60.0)
        assert estate.paris.device.counters.sessions == 1
        at.perform("3par-p", snapshot(2, name), "wsapi", 60.0)
    assert estate.paris.device.counters.sessions == 0


def test_the_first_steps_find_a_look_that_nobody_waited_for(estate: RcgEstate) -> None:
    name, at = estate.group(RcgMode.SYNC), devices(estate)
    with at.kept():
        since = time.monotonic()
        asked = estate.paris.device.counters.requests
        before = asked["GET /remotecopygroups"]
        at.look_ahead({"3par-p": 1})
        eventually(lambda: asked["GET /remotecopygroups"] == before + 1)
        assert group(groups(at, since), name).status is RcgStatus.STARTED
        assert asked["GET /remotecopygroups"] == before + 1


def test_a_run_logs_in_for_the_verbs_that_it_will_send_at_once_and_for_no_more(estate: RcgEstate) -> None:
    name, at = estate.group(RcgMode.SYNC), devices(estate, 12)
    estate.world.faults.add("3par-p", FaultKind.SLOW, "POST /credentials", seconds=0.3)
    with at.kept():
        before = logins(estate)
        at.look_ahead({"3par-p": 5})
        eventually(lambda: estate.paris.device.counters.sessions >= 5)
        groups(at, time.monotonic())
        made = logins(estate)
        assert before + 5 <= made <= before + 6  # the look may need one more
        with ThreadPoolExecutor(5) as pool:
            list(pool.map(lambda n: at.perform("3par-p", snapshot(n, name), "wsapi", 60.0), range(40, 45)))
        assert logins(estate) == made


def test_an_array_that_lets_nobody_in_is_not_asked_for_more_sessions(estate: RcgEstate) -> None:
    at = devices(estate, 12)
    estate.world.faults.add("3par-p", FaultKind.SESSION_LIMIT)
    with at.kept():
        before = logins(estate)
        at.look_ahead({"3par-p": 9})
        eventually(lambda: logins(estate) > before)
        time.sleep(0.2)
        assert logins(estate) <= before + 3  # one for the verbs, and the look


def test_where_no_sessions_are_kept_nothing_is_looked_at_ahead(estate: RcgEstate) -> None:
    at, before = devices(estate), logins(estate)
    at.look_ahead({"3par-p": 3})
    assert logins(estate) == before


def test_a_look_ahead_of_a_step_serves_the_step_and_never_says_what_went_wrong(estate: RcgEstate) -> None:
    name, at = estate.group(RcgMode.SYNC), devices(estate)
    step = Snapshot("3par-p", f"{name}_v1", f"{name}.ahead", "wsapi")
    kind, params = kinds.stored(step)
    planned = PlannedStep("s1", kind, params, "", "3par-p", step.call())
    with at.kept():
        since = time.monotonic()
        look_ahead(at, planned, 0.0)
        asked = estate.paris.device.counters.requests["GET /volumes"]
        assert f"{name}_v1" in parts(at, since).volumes
        assert estate.paris.device.counters.requests["GET /volumes"] == asked
        estate.world.faults.add("3par-p", FaultKind.HTTP_500, "GET /volumes")
        look_ahead(at, planned, 0.0)
        look_ahead(at, replace(planned, kind="sv.never"), 0.0)


def test_what_came_of_a_failover_is_seen_on_its_own_side_alone(estate: RcgEstate) -> None:
    name, at = estate.group(RcgMode.SYNC), devices(estate)
    step = Failover("3par-l", f"{name}.r1001", "3par-p", name, "wsapi")
    requests = estate.paris.device.counters.requests

    def seen(accepted: bool) -> Seen:
        since = time.monotonic()
        return step.observe(_Sight(at, lambda asked: since, None, accepted, False, 0.0, 0.0, 0.0))

    with at.kept():
        before = requests.copy()
        assert seen(accepted=True).verdict is not Verdict.DONE
        assert requests == before
        at.perform("3par-p", StopGroup(name), "wsapi", 60.0)
        assert seen(accepted=False).verdict is Verdict.REFUSED  # its hosts still see the other side
        before = requests.copy()
        at.perform("3par-l", ChangeRole(RoleVerb.FAILOVER, f"{name}.r1001"), "wsapi", 60.0)
        eventually(lambda: seen(accepted=True).verdict is Verdict.DONE)
        assert requests == before
    assert seen(accepted=False).verdict is Verdict.DONE
    assert requests != before


@pytest.mark.parametrize("sessions", [1, 2, 4])
def test_no_more_sessions_are_open_than_the_bound_allows(estate: RcgEstate, sessions: int) -> None:
    name, at = estate.group(RcgMode.SYNC), devices(estate, sessions)
    estate.paris.device.max_sessions = sessions  # the array refuses one too many

    def act(number: int) -> None:
        at.perform("3par-p", snapshot(number, name), "wsapi", 60.0)
        now = time.monotonic()
        assert group(groups(at, now), name).status is RcgStatus.STARTED
        assert f"{name}.s{number}" in parts(at, now).volumes

    with at.kept(), ThreadPoolExecutor(12) as pool:
        list(pool.map(act, range(24)))


@pytest.mark.parametrize("kind", ["DROP_AFTER", "HTTP_504_AFTER", "HTTP_409"])
def test_a_session_in_which_a_call_failed_is_not_used_again(estate: RcgEstate, kind: str) -> None:
    name, at = estate.group(RcgMode.SYNC), devices(estate)
    with at.kept():
        at.perform("3par-p", snapshot(1, name), "wsapi", 60.0)
        before = logins(estate)
        estate.world.faults.add("3par-p", FaultKind[kind], "POST /volumes", count=1)
        with pytest.raises(DeviceError):
            at.perform("3par-p", snapshot(2, name), "wsapi", 60.0)
        at.perform("3par-p", snapshot(3, name), "wsapi", 60.0)
        assert logins(estate) == before + 1


def test_a_verb_under_a_session_that_had_ended_was_not_sent(estate: RcgEstate) -> None:
    name, at = estate.group(RcgMode.SYNC), devices(estate)
    with at.kept():
        at.perform("3par-p", snapshot(1, name), "wsapi", 60.0)
        assert estate.paris.sessions is not None
        estate.paris.sessions.expire_all()
        with pytest.raises(DeviceError, match="the session had ended") as caught:
            at.perform("3par-p", StopGroup(name), "wsapi", 60.0)
        assert (caught.value.sent, caught.value.failure) == (Sent.NO, Failure.LOST)
        assert group(groups(at, time.monotonic()), name).status is RcgStatus.STARTED
        at.perform("3par-p", StopGroup(name), "wsapi", 60.0)
        assert group(groups(at, time.monotonic()), name).status is RcgStatus.STOPPED


def test_a_look_at_the_groups_alone_shows_them_as_a_whole_reading_does(estate: RcgEstate) -> None:
    names = [estate.group(mode) for mode in (RcgMode.SYNC, RcgMode.PERIODIC)]
    told = Told()
    at = devices(estate, told=told)
    whole = at.reading("3par-p", time.monotonic())
    with at.kept():
        quick = groups(at, time.monotonic())
        assert len(told.readings) == 1
    assert len(told.readings) == 2  # at the end the panes are told of all that was looked at
    assert {type(obj) for obj in quick.objects} == {RemoteCopyGroup}
    assert quick.problems == whole.problems == ()
    for name in names:
        found, expected = group(quick, name), group(whole, name)
        volumes = tuple(replace(volume, size_mib=None) for volume in expected.volumes)
        assert found == replace(expected, volumes=volumes)
    assert quick.clock_skew_s is not None and whole.clock_skew_s is not None
    assert abs(quick.clock_skew_s - whole.clock_skew_s) <= 1.5


@pytest.mark.parametrize(
    ("kind", "verb"),
    [
        ("HTTP_500", "GET /remotecopygroups"),
        ("TRUNCATED", "GET /remotecopygroups"),
        ("TRUNCATED", "showrcopy groups"),
        ("DROP_BEFORE", "showrcopy groups"),
    ],
)
def test_where_a_door_does_not_tell_all_the_whole_reading_says_it(estate: RcgEstate, kind: str, verb: str) -> None:
    name, told = estate.group(RcgMode.SYNC), Told()
    at = devices(estate, told=told)
    with at.kept():
        estate.world.faults.add("3par-p", FaultKind[kind], verb, count=3)
        found = groups(at, time.monotonic())
        estate.world.faults.clear()
        assert len(told.readings) == 1 and told.readings[0] is found
        assert group(groups(at, time.monotonic()), name).status is RcgStatus.STARTED


def test_a_plan_that_is_made_meanwhile_rests_on_whole_readings(estate: RcgEstate) -> None:
    estate.group(RcgMode.SYNC)
    at = devices(estate)
    with at.kept():
        now = time.monotonic()
        at.groups("3par-p", lambda asked: at.look(asked, now))
        assert any(isinstance(obj, StorageSystem) for obj in at.reading("3par-p", now).objects)
        assert isinstance(at.objects("3par-p", now), ArrayObjects)


def test_an_array_that_is_dark_is_silent_and_one_that_refuses_the_login_is_not(estate: RcgEstate) -> None:
    at = devices(estate)
    with at.kept():
        for kind, silent in ((FaultKind.UNREACHABLE, True), (FaultKind.REFUSES_LOGIN, False)):
            estate.world.faults.add("3par-p", kind, "*")
            with pytest.raises(UnseenError) as caught:
                groups(at, time.monotonic())
            assert caught.value.silent is silent
            with pytest.raises(UnseenError):
                _ = parts(at, time.monotonic()).vluns
            estate.world.faults.clear()


def test_only_the_list_that_is_needed_is_asked_for(estate: RcgEstate) -> None:
    name, at = estate.group(RcgMode.SYNC), devices(estate)
    with at.kept():
        asked = estate.paris.device.counters.requests
        before = asked.copy()
        found = parts(at, time.monotonic())
        assert len(found.vluns[f"{name}_v1"]) == 1
        assert {verb: asked[verb] - before[verb] for verb in asked if asked[verb] != before[verb]} == {
            "POST /credentials": 1,
            "GET /vluns": 1,
        }
        assert f"{name}-srv" in found.hosts and f"{name}_v2" in found.volumes and found.cpgs


def test_a_look_that_began_before_is_not_shared_and_one_that_began_late_enough_is(estate: RcgEstate) -> None:
    name, at = estate.group(RcgMode.SYNC), devices(estate)
    with at.kept():
        early = time.monotonic()
        _, began = at.look(("3par-p", "groups"), early)
        assert began >= early
        assert at.look(("3par-p", "groups"), early)[1] == began
        with estate.world.turn() as now:
            found, mine = estate.paris.group(name)
            found.stop(mine, now)
        reading, again = at.look(("3par-p", "groups"), time.monotonic())
        assert again > began
        assert group(reading, name).status is RcgStatus.STOPPED


@contextmanager
def swallowing() -> Iterator[int]:
    """A port that takes no connection and refuses none, as a site without power behind a firewall."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as port, ExitStack() as held:
        for _ in range(3):  # what the system still takes
            filling = held.enter_context(socket.socket())
            filling.setblocking(False)
            filling.connect_ex(port.getsockname())
        yield port.getsockname()[1]


def test_an_old_look_is_as_good_as_a_new_one_unless_it_failed(estate: RcgEstate) -> None:
    at, asked = devices(estate), ("3par-p", "reading")
    fault = estate.world.faults.add("3par-p", FaultKind.REFUSES_LOGIN)
    with pytest.raises(UnseenError):
        at.look(asked, time.monotonic(), 60.0)
    estate.world.faults.remove(fault.id)
    _, began = at.look(asked, time.monotonic(), 60.0)
    assert at.look(asked, time.monotonic(), 60.0)[1] == began
    assert at.look(asked, time.monotonic())[1] > began


def test_of_those_who_wait_for_a_device_that_cannot_be_reached_only_the_first_ones_try() -> None:
    tried: list[str] = []
    with swallowing() as port:
        access = SshAccess("127.0.0.1", port, "hscroot", Secret("x"), verify=False)

        def connect(name: str) -> HmcDriver:
            tried.append(name)
            return HmcDriver(name, access, Limits(connect_s=2.2))

        at = Devices(connect, {"hmc": 2})
        asked = [("hmc", query(f"p10-{number}")) for query in (LparsOf, EthOf, FcOf) for number in range(4)]

        def look(each: tuple[str, Any]) -> bool:
            with pytest.raises(UnseenError) as caught:
                at.look(each, time.monotonic())
            return caught.value.silent

        with ThreadPoolExecutor(len(asked)) as pool:
            assert all(pool.map(look, asked))
    assert len(tried) == 2


def test_what_looks_showed_is_not_kept_for_ever(estate: RcgEstate, monkeypatch: pytest.MonkeyPatch) -> None:
    at = devices(estate)
    since = time.monotonic()
    first = at.reading("3par-p", since)
    assert at.reading("3par-p", since) is first
    at.forget(60)
    assert at.reading("3par-p", since) is first
    monkeypatch.setattr("app.recovery.looks.KEPT_S", 0.0)
    at.reading("3par-l", since)
    assert {asked[0] for asked in at._views} == {"3par-l"}
    at.forget()
    assert not at._views
    assert at.reading("3par-p", since) is not first


def test_a_verb_between_two_devices_has_both_and_one_that_is_not_configured_is_refused_unsent() -> None:
    class Named:
        def __init__(self, name: str) -> None:
            self.name = name

        def close(self) -> None:
            return

    class Verb:
        def carry(self, source: Named, target: Named, watch: str) -> str:
            return f"{source.name} to {target.name}, {watch}"

    devices = Devices(Named, {"b": 1, "a": 1})
    assert devices.between("b", "a", Verb(), "watched") == "b to a, watched"
    assert devices.between("a", "b", Verb(), "watched") == "a to b, watched"
    with pytest.raises(DeviceError) as caught:
        devices.between("a", "c", Verb(), "watched")
    assert caught.value.sent is Sent.NO
