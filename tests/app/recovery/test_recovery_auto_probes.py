"""Asking the witnesses: real TCP connections, and what hypervisor and array say on the lab's doors."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from msgspec.structs import fields, replace

from app.auto_records import Auto, AutoGroup, Endpoint
from app.recovery.auto import probes, replicas
from app.recovery.auto.gather import Eyes, others
from app.recovery.auto.port import NoPlanError
from app.recovery.auto.vms import VmRecovery
from app.recovery.looks import Devices
from app.recovery.operations import Operations
from app.recovery.step import UnseenError
from app.recovery.witnesses import Witness
from store.auto_records import Part, Says
from store.estate import (
    ArrayConnection,
    EsxiHost,
    FlashArray,
    PowerState,
    RcopyLink,
    Reading,
    StorageSystem,
    VirtualMachine,
    VmReplica,
)
from store.readiness import Verdict
from store.runs import Plan
from tests.faults.auto_doors import Silence

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GROUP = AutoGroup(
    "g", "vc-p", "vc-l", "paris", "lyon", ("web", "db"), "array-l", Endpoint("192.0.2.9", 22), "127.0.0.2"
)


@pytest.fixture
def port() -> Iterator[Silence]:
    found = Silence()
    yield found
    found.close()


def clock() -> datetime:
    return NOW


def shows(*objects: object, skew_s: float | None = 0.0, fails: UnseenError | None = None) -> Devices:
    """Devices of which each shows these objects, or fails."""

    def reading(device: str, since: float) -> Reading:
        if fails is not None:
            raise fails
        return Reading(device, NOW, objects, clock_skew_s=skew_s)  # type: ignore[arg-type]

    return SimpleNamespace(reading=reading)  # type: ignore[return-value]


def vm(name: str, power: PowerState = PowerState.ON, connection: str = "connected", moid: str = "") -> VirtualMachine:
    return VirtualMachine("vc", moid or f"vm-{name}", name, f"uuid-{name}", power, connection, host="esx1")


def host(state: str = "connected") -> EsxiHost:
    return EsxiHost("vc", "host-1", "esx1", state, "poweredOn")


# ------------------------------------------------------------------------------------------------------------------ TCP


def test_a_port_that_takes_the_connection_answers_and_tells_by_which_address(port: Silence) -> None:
    found = probes.touch(Endpoint("127.0.0.1", port.port), "127.0.0.2")
    assert (found.says, found.accepted, found.via) == (Says.UP, True, "127.0.0.2")


def test_a_port_behind_a_cut_is_silent(port: Silence) -> None:
    port.set(True)
    found = probes.touch(Endpoint("127.0.0.1", port.port), "127.0.0.2", 0.2)
    assert (found.says, found.accepted) == (Says.DOWN, False)
    assert "does not answer within 0.2 s" in found.evidence


def test_a_refusal_is_a_sign_of_life_of_the_other_site_but_does_not_reach_a_gateway() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = Endpoint("127.0.0.1", taken.getsockname()[1])
        assert probes.touch(endpoint).says is Says.UP
        finding, _ = probes.gateway(endpoint, clock)
    assert finding.verdict is Verdict.FAILS


@pytest.mark.parametrize(
    ("endpoint", "source"),
    [(Endpoint("no.such.host.invalid", 22), None), (Endpoint("127.0.0.1", 22), "192.0.2.55")],
    ids=["no such name", "no such address here"],
)
def test_what_this_machine_lacks_says_nothing_of_the_other_site(endpoint: Endpoint, source: str | None) -> None:
    assert probes.touch(endpoint, source, 2).says is Says.UNKNOWN


def test_a_path_that_goes_out_by_the_consoles_uplink_is_no_witness(port: Silence) -> None:
    _, via = probes.gateway(Endpoint("127.0.0.1", port.port), clock)
    answer = probes.path(GROUP, "127.0.0.2", clock)
    assert via == "127.0.0.1"
    assert (answer.says, "no path of its own" in answer.evidence) == (Says.UNKNOWN, True)


def test_without_a_gateway_nobody_knows_whether_the_console_is_cut_off() -> None:
    assert probes.gateway(None, clock)[0].verdict is Verdict.UNKNOWN


# ----------------------------------------------------------------------------------------------------------- hypervisor


@pytest.mark.parametrize(
    ("objects", "off"),
    [
        ((host(), vm("web"), vm("db")), ()),
        ((host(), vm("web"), vm("db", PowerState.OFF)), ("db",)),
        ((host(), vm("web"), vm("db", PowerState.SUSPENDED)), ("db",)),
        ((host(), vm("web")), None),
        ((host(), vm("web"), vm("db"), vm("db", moid="vm-9")), None),
        ((host("notResponding"), vm("web"), vm("db")), None),
        ((host(), vm("web"), vm("db", connection="inaccessible")), None),
    ],
)
def test_a_server_that_answers_is_alive_and_tells_which_machines_are_off_where_it_knows(
    objects: tuple[object, ...], off: tuple[str, ...] | None
) -> None:
    heard = probes.hypervisor(shows(*objects), GROUP, clock)
    assert (heard.answer.part, heard.answer.says, heard.off) == (Part.API, Says.UP, off)


@pytest.mark.parametrize(("silent", "says"), [(True, Says.DOWN), (False, Says.UNKNOWN)])
def test_only_a_server_without_a_sign_of_life_is_silent(silent: bool, says: Says) -> None:
    heard = probes.hypervisor(shows(fails=UnseenError("login refused", silent=silent)), GROUP, clock)
    assert (heard.answer.says, heard.off) == (says, None)


def test_a_witness_that_hangs_says_nothing_and_holds_up_nobody(port: Silence) -> None:
    hangs = threading.Event()

    def reading(device: str, since: float) -> Reading:
        if device == "vc-p":
            hangs.wait(30)
        return Reading(device, NOW, (threepar("Down"), copy("web", 3), copy("db", 1)), clock_skew_s=0.0)

    devices: Devices = SimpleNamespace(reading=reading)  # type: ignore[assignment]
    only: Operations = SimpleNamespace(devices=devices)  # type: ignore[assignment]
    recovery = VmRecovery(only, _none, lambda group: None, lambda group: None, lambda group: (), clock=clock)
    group = replace(GROUP, path=Endpoint("127.0.0.1", port.port))
    auto = Auto((group,), Endpoint("127.0.0.1", port.port))
    try:
        seen = Eyes(auto, (), devices, recovery, clock, (0.5, 0.5)).look([group], lambda group: False)["g"]
    finally:
        hangs.set()
    assert [answer.says for answer in seen.answers] == [Says.UNKNOWN, Says.DOWN, Says.UP]
    assert (seen.off, seen.site.verdict, seen.dr.verdict) == (None, Verdict.HOLDS, Verdict.HOLDS)
    assert (seen.digest, seen.gateway.verdict) == (None, Verdict.HOLDS)


def _none(group: AutoGroup, run_id: str) -> Plan:
    raise NoPlanError("none")


# ------------------------------------------------------------------------------------------------------------- the link


def threepar(*states: str, target: str = "3par-p") -> StorageSystem:
    links = tuple(RcopyLink(target, f"0:3:{n}", "192.0.2.1", state) for n, state in enumerate(states))
    return StorageSystem("3par-l", "CZ1", "8400", "3.3.1", 1, links=links)


def flash(*states: str) -> FlashArray:
    found = tuple(ArrayConnection(f"fa-{n}", state, "async-replication") for n, state in enumerate(states))
    return FlashArray(**{**_flash(), "connections": found})


def _flash() -> dict[str, object]:
    return {field.name: "" for field in fields(FlashArray) if field.required}


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (threepar("Up", "Down"), Says.UP),
        (threepar("Down", "Down"), Says.DOWN),
        (threepar("Down", "Starting"), Says.UNKNOWN),
        (threepar(), Says.UNKNOWN),
        (threepar("Up", target="receive"), Says.UNKNOWN),
        (flash("connected"), Says.UP),
        (flash("connecting"), Says.DOWN),
        (flash("partially_connected", "connecting"), Says.UP),
        (flash("renamed by a later release"), Says.UNKNOWN),
    ],
)
def test_a_link_is_silent_where_every_one_of_them_is_down_and_a_word_that_is_not_known_says_nothing(
    array: object, says: Says
) -> None:
    assert probes.link(shows(array), GROUP, clock).says is says


def test_an_array_that_cannot_be_asked_says_nothing_of_its_link() -> None:
    assert probes.link(shows(fails=UnseenError("no answer", silent=True)), GROUP, clock).says is Says.UNKNOWN


# ------------------------------------------------------------------------------------- the others, the replicas


@pytest.mark.parametrize(
    ("down", "verdict"),
    [
        ((True, True), Verdict.HOLDS),
        ((True, False), Verdict.FAILS),
        ((True, None), Verdict.UNKNOWN),
        ((), Verdict.HOLDS),
    ],
)
def test_one_device_that_answers_says_that_the_site_is_not_lost(
    down: tuple[bool | None, ...], verdict: Verdict
) -> None:
    found = others([Witness(f"d{n}", each, "so") for n, each in enumerate(down)], "paris", NOW)
    assert found.verdict is verdict


def copy(
    name: str, generation: int, complete: bool = True, power: PowerState = PowerState.OFF, source: str = "u"
) -> object:
    made = VmReplica(source, name, generation, NOW - timedelta(minutes=30 - generation), complete, 900)
    return VirtualMachine("vc-l", f"vm-{name}-{generation}", f"{name}_replica", "x", power, "connected", replica=made)


def test_the_newest_complete_generation_counts_and_half_a_copy_does_not() -> None:
    reading = shows(copy("web", 3), copy("web", 4), copy("web", 5, complete=False), copy("db", 1, False)).reading(
        "d", 0
    )
    web, db = replicas.of_reading(reading, GROUP, NOW).members
    assert (web.point_in_time, web.active) == (NOW - timedelta(minutes=26), False)
    assert (db.point_in_time, "incomplete" in db.evidence) == (None, True)


def test_a_replica_that_runs_or_is_suspended_is_the_active_side_whatever_its_generation() -> None:
    for power in (PowerState.ON, PowerState.SUSPENDED):
        reading = shows(copy("web", 3, power=power), copy("web", 4), copy("db", 1)).reading("d", 0)
        assert [member.active for member in replicas.of_reading(reading, GROUP, NOW).members] == [True, False]
        assert replicas.running(reading, GROUP)


def test_replicas_of_two_machines_of_one_name_are_nobodys() -> None:
    reading = shows(copy("web", 3), copy("web", 4, source="another"), copy("db", 1)).reading("d", 0)
    assert replicas.of_reading(reading, GROUP, NOW).members[0].point_in_time is None
