"""Asking the witnesses of a site for real: its hypervisor, the replication link as the other site's array sees it, and
a TCP port over a network path of its own. Whatever answers is a sign of life; only silence is silence."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from app.auto_records import AutoGroup, Endpoint
from app.recovery.auto.rules import Finding
from app.recovery.looks import Devices
from app.recovery.step import UnseenError
from store.auto_records import Answer, Part, Says
from store.estate import EsxiHost, FlashArray, PowerState, Reading, StorageSystem, VirtualMachine
from store.readiness import Verdict

TCP_S = 5.0
"""A TCP connection that is not made within this time is silence."""

_LONGEST = 200


class Touched(Struct, frozen=True):
    """What became of a TCP connection. ``via`` is the local address that it went out by."""

    says: Says
    evidence: str
    accepted: bool = False
    via: str = ""


def touch(endpoint: Endpoint, source: str | None = None, timeout_s: float = TCP_S) -> Touched:
    """Connect and close. A refusal comes from something that is there; no route, no name or no such local address says
    something of this machine, not of the other."""
    where = f"{endpoint}" if source is None else f"{endpoint} from {source}"
    try:
        bound = None if source is None else (source, 0)
        with socket.create_connection((endpoint.host, endpoint.port), timeout_s, bound) as sock:
            return Touched(Says.UP, f"{where} answers", True, str(sock.getsockname()[0]))
    except TimeoutError:
        return Touched(Says.DOWN, f"{where} does not answer within {timeout_s:g} s")
    except ConnectionError as error:
        return Touched(Says.UP, f"{where} answers with a refusal ({error.strerror or type(error).__name__})")
    except OSError as error:
        return Touched(Says.UNKNOWN, f"{where} could not be tried: {error.strerror or error}"[:_LONGEST])


class Heard(Struct, frozen=True):
    """The hypervisor's answer, and the machines that it calls powered off on a healthy host; None: it said nothing."""

    answer: Answer
    off: tuple[str, ...] | None


def hypervisor(devices: Devices, group: AutoGroup, clock: Callable[[], datetime]) -> Heard:
    """Ask the device that has the machines."""
    at = clock()
    try:
        reading = devices.reading(group.source, time.monotonic())
    except UnseenError as unseen:
        says = Says.DOWN if unseen.silent else Says.UNKNOWN
        return Heard(Answer(Part.API, says, f"{group.source}: {unseen}"[:_LONGEST], at), None)
    return _of_machines(reading, group, at)


def _of_machines(reading: Reading, group: AutoGroup, at: datetime) -> Heard:
    """A server that answers is alive, and so is its site, whatever became of one host there."""
    hosts = {each.name: each for each in reading.objects if isinstance(each, EsxiHost)}
    machines = [each for each in reading.objects if isinstance(each, VirtualMachine) and each.replica is None]
    states, off = [], []
    whole = True
    for name in group.vms:
        found = [vm for vm in machines if vm.name == name]
        if len(found) != 1:
            states.append(f"{name} {'there several times' if found else 'not there'}")
            whole = False
            continue
        vm = found[0]
        host = None if vm.host is None else hosts.get(vm.host)
        if vm.connection_state != "connected" or (host is not None and host.connection_state != "connected"):
            states.append(f"{name} on a host that does not respond")
            whole = False
            continue
        states.append(f"{name} {vm.power_state}")
        if vm.power_state is not PowerState.ON:
            off.append(name)
    evidence = f"{group.source} answers: {', '.join(states)}"[:_LONGEST]
    return Heard(Answer(Part.API, Says.UP, evidence, at), tuple(off) if whole or off else None)


def link(devices: Devices, group: AutoGroup, clock: Callable[[], datetime]) -> Answer:
    """Ask the array at the other site whether its replication links are up."""
    at = clock()
    try:
        reading = devices.reading(group.link, time.monotonic())
    except UnseenError as unseen:
        return Answer(Part.LINK, Says.UNKNOWN, f"{group.link} could not be asked: {unseen}"[:_LONGEST], at)
    states = [state for each in reading.objects for state in _links(each)]
    words = ", ".join(f"{name} {state}" for name, state, _ in states) or "no replication link"
    up = [alive for _, _, alive in states]
    says = Says.UP if any(up) else Says.DOWN if up and all(alive is False for alive in up) else Says.UNKNOWN
    return Answer(Part.LINK, says, f"{group.link} says: {words}"[:_LONGEST], at)


_LINK_WORDS = {
    "up": True, "down": False,  # showrcopy links
    "connected": True, "partially_connected": True, "unbalanced": True, "connecting": False,  # GET /array-connections
}  # fmt: skip


def _links(each: object) -> list[tuple[str, str, bool | None]]:
    """Name, state and whether that is up, of every link of an array; None: a word that is not known."""
    if isinstance(each, StorageSystem):
        out = [link for link in each.links if link.target != "receive"]
        return [(f"link {o.node} to {o.target}", o.status, _LINK_WORDS.get(o.status.lower())) for o in out]
    if isinstance(each, FlashArray):
        return [(f"connection to {c.remote}", c.status, _LINK_WORDS.get(c.status.lower())) for c in each.connections]
    return []


def path(group: AutoGroup, uplink: str, clock: Callable[[], datetime], timeout_s: float = TCP_S) -> Answer:
    """Ask over the path of its own. One that goes out as the console's ``uplink`` does is no witness."""
    at = clock()
    if uplink == group.path_from:
        return Answer(Part.PATH, Says.UNKNOWN, f"{uplink} is the console's own uplink: this is no path of its own", at)
    touched = touch(group.path, group.path_from, timeout_s)
    return Answer(Part.PATH, touched.says, touched.evidence, at)


def gateway(endpoint: Endpoint | None, clock: Callable[[], datetime], timeout_s: float = TCP_S) -> tuple[Finding, str]:
    """Whether the console reaches its own gateway, and the local address that it goes out by. A refusal is not enough:
    this machine's own firewall can make one."""
    at = clock()
    if endpoint is None:
        return Finding(Verdict.UNKNOWN, "no gateway is configured"), ""
    touched = touch(endpoint, timeout_s=timeout_s)
    verdict = Verdict.HOLDS if touched.accepted else Verdict.FAILS
    return Finding(verdict, f"the console's gateway {touched.evidence}", at), touched.via
