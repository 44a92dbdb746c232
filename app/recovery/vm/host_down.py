"""Whether the host of a machine is down while its site lives: what independent witnesses say of it (procedures 1.2).

That its vCenter does not hear it, or that it is silent itself, is one witness: the management network alone may be cut
while its machines run on. HA's heartbeats on datastores are another, and what the machine itself answers on its own
network a third. Whatever answers is a sign of life, and refuses all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.auto_records import Endpoint
from app.recovery.auto.probes import Touched, touch
from app.recovery.vm.situation import VmNow
from app.recovery.witnesses import Witness
from backends.vsphere.looks import HostNow
from store.auto_records import Says

MANAGEMENT = 443
HA_ALIVE = ("connectedToMaster", "master", "election", "networkIsolated", "networkPartitionedFromMaster")
"""What HA says of a host whose agent it still sees, on the network or by the heartbeats on datastores; ``hostDown`` is
what it says of one that it sees in neither way. Source: ClusterDasFdmAvailabilityState."""

Touch = Callable[[Endpoint], Touched]


def host_of(at: VmNow) -> HostNow | None:
    """The host that the source is on, where its server shows it."""
    if at.vm is None or at.source.places is None:
        return None
    return next((host for host in at.source.places.hosts if host.moid == at.vm.host), None)


def name_of(at: VmNow) -> str:
    """What the host is called, so that people can say that it is down."""
    host = host_of(at)
    return host.name if host is not None else at.source.device


def asked(at: VmNow, *, lone: bool, touched: Touch = touch) -> tuple[Witness, ...]:
    """Everybody who may know. ``lone``: the source's server is a host itself, so that its silence is the host's; that
    of a vCenter says nothing of any host."""
    return tuple(_asked(at, lone, touched))


def _asked(at: VmNow, lone: bool, touched: Touch) -> Iterator[Witness]:
    host = host_of(at)
    if host is not None and not lone:
        heard = {"notResponding": True, "connected": False}.get(host.connection)
        yield Witness(at.source.device, heard, f"says that {host.name} is {host.connection}")
        known = True if host.das == "hostDown" else False if host.das in HA_ALIVE else None
        said = f"says {host.das}" if host.das else "says nothing: it is off for this host"
        yield Witness("vSphere HA", known, said)
        reached = touched(Endpoint(host.name, MANAGEMENT))
        if reached.says is Says.UP:  # its silence is the same witness as its vCenter
            yield Witness(host.name, False, reached.evidence)
    elif lone:
        yield Witness(at.source.device, False if at.source.read else at.source.silent or None, at.source.failure[:100])
    else:
        yield Witness(at.source.device, None, "does not say which host it is on")
    probe = at.replication.probe
    if probe is None:
        yield Witness(at.name, None, "has no probe in [[replications]] that could tell whether it still serves")
        return
    reached = touched(Endpoint(probe.host, probe.port))
    yield Witness(at.name, {Says.UP: False, Says.DOWN: True}.get(reached.says), reached.evidence)
