"""A small vSphere estate for tests, its door open, and ways to talk to it."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.endpoint import Limits, Secret, TlsAccess
from backends.lab.clock import Clock
from backends.lab.lab import Lab
from backends.lab.vsphere.records import Datastore, Network, Vm
from backends.lab.vsphere.state import GIB, VSphereState
from backends.lab.vsphere.vmfs import VmfsRegistry
from backends.lab.world import Device, World
from store.estate import DeviceKind, SiteRole

USER, PASSWORD = "administrator@vsphere.local", "s3cret-Passw0rd"
NAME = "vc-paris"


@dataclass
class Estate:
    """One running server: ``vms`` are vm0, vm1 … of which the even ones run."""

    lab: Lab
    world: World
    device: Device
    state: VSphereState
    datastore: Datastore
    network: Network
    drill: Network
    vms: list[Vm]

    @property
    def port(self) -> int:
        return self.device.ports["https"]

    @property
    def requests(self) -> dict[str, int]:
        return self.device.counters.requests

    def access(self, **changes: Any) -> TlsAccess:
        given = {"host": "127.0.0.1", "port": self.port, "user": USER, "secret": Secret(PASSWORD)}
        return TlsAccess(**{**given, "ca_file": self.lab.identities.ca_file, **changes})

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.lab.identities.ca_file))

    def pass_time(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        with self.world.turn():
            pass

    def until(self, done: Callable[[], bool], limit_s: float = 20.0) -> None:
        """Let the lab's time pass until ``done``."""
        deadline = time.monotonic() + limit_s
        while not done():
            assert time.monotonic() < deadline, "it did not come to that in time"
            self.pass_time(0.1)


def populate(world: World, *, api_type: str = "VirtualCenter", machines: int = 6) -> tuple[Device, Any]:
    """The state of one server at site paris."""
    state = VSphereState(world, NAME, "paris", api_type=api_type, vmfs=VmfsRegistry())
    device = Device(NAME, DeviceKind.VSPHERE, "paris", state, users={USER: PASSWORD}, rename=state.rename)
    world.add_device(device)
    if api_type == "VirtualCenter":
        state.add_datacenter("DC")
        cluster = state.add_cluster("cluster")
        hosts = [state.add_host(f"esx{n}.example", cluster) for n in (1, 2)]
    else:
        hosts = [state.add_host("esx1.example")]
    datastore = state.add_datastore("ds01", 4096 * GIB)
    network = state.add_network("PROD", world.segments["prod"])
    drill = state.add_network("DRILL", world.segments["drill"])
    vms = [
        state.add_vm(
            f"vm{n}", datastore, host=hosts[n % len(hosts)], networks=(network,), ip=f"192.0.2.{n + 1}",
            running=n % 2 == 0,
        )
        for n in range(machines)
    ]  # fmt: skip
    return device, (state, datastore, network, drill, vms)


@contextmanager
def running(
    directory: Path, *, api_type: str = "VirtualCenter", machines: int = 6, speed: float = 1.0
) -> Iterator[Estate]:
    """A server on loopback; ``speed`` 0 lets time pass only by :meth:`Estate.pass_time`."""
    world = World(clock=Clock(speed=speed))
    world.add_site("paris", SiteRole.PROD)
    world.add_segment("prod")
    world.add_segment("drill", isolated=True)
    device, (state, datastore, network, drill, vms) = populate(world, api_type=api_type, machines=machines)
    lab = Lab(world, directory)
    lab.start()
    try:
        yield Estate(lab, world, device, state, datastore, network, drill, vms)
    finally:
        lab.stop()


@contextmanager
def connected(estate: Estate) -> Iterator[Any]:
    """The vendor library's ServiceInstance, logged in by its own SmartConnect."""
    from pyVim.connect import Disconnect, SmartConnect

    service = SmartConnect(
        host="127.0.0.1", port=estate.port, user=USER, pwd=PASSWORD, sslContext=estate.context(),
        httpConnectionTimeout=20,
    )  # fmt: skip
    try:
        yield service
    finally:
        Disconnect(service)


ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
    "<soapenv:Body>%s</soapenv:Body></soapenv:Envelope>"
)


class Wire:
    """A client that knows nothing but HTTP: it sends envelopes and keeps the cookie."""

    def __init__(self, estate: Estate) -> None:
        self.http = http.client.HTTPSConnection("127.0.0.1", estate.port, timeout=20, context=estate.context())
        self.cookie = ""
        self.status = 0

    def post(self, body: str, *, chunked: bool = False, action: str = '"urn:vim25/8.0.3.0"') -> str:
        """Send what stands in the Body; the text of the answer."""
        text = (ENVELOPE % body).encode()
        headers = {"SOAPAction": action, "Content-Type": "text/xml; charset=utf-8", "Cookie": self.cookie}
        if chunked:
            pieces = (text[i : i + 97] for i in range(0, len(text), 97))
            self.http.request("POST", "/sdk", pieces, headers, encode_chunked=True)
        else:
            self.http.request("POST", "/sdk", text, headers)
        answer = self.http.getresponse()
        self.status = answer.status
        found = answer.getheader("Set-Cookie")
        if found:
            self.cookie = found.split(";")[0]
        return answer.read().decode()

    def get(self, path: str) -> tuple[int, str]:
        self.http.request("GET", path)
        answer = self.http.getresponse()
        return answer.status, answer.read().decode()

    def login(self, user: str = USER, password: str = PASSWORD) -> str:
        return self.post(
            '<Login xmlns="urn:vim25"><_this type="SessionManager">SessionManager</_this>'
            f"<userName>{user}</userName><password>{password}</password></Login>"
        )


def limits() -> Limits:
    return Limits(connect_s=5.0, call_s=10.0)
