"""What the configuration says of VMs that are replicated: ``[[replications]]``."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from store.replications import Replicated

REPLICATION_KEYS = (
    "name",
    "vm",
    "source",
    "destination",
    "datastore",
    "host",
    "pool",
    "folder",
    "networks",
    "drill_network",
    "interval",
    "keep",
    "probe",
)
INTERVAL_S, LEAST_S, KEEP = 900.0, 300.0, 2
GIB = 1 << 30
_FLOORS = ((20, 15), (100, 30), (500, 60))
"""Below so many GiB an interval of so many minutes is advised, until this store knows how long passes take."""
_LARGEST_MIN = 120


class Probe(Struct, frozen=True):
    """A TCP port that answers once the application is up."""

    host: str
    port: int


class Replication(Struct, frozen=True):
    """One VM and where its replicas go. ``vm`` is its name or instance UUID on the device ``source``. ``networks``: the
    port group there for each one here; what is not in it keeps its name. ``keep`` is how many complete generations
    stay, ``interval_s`` how often one is made, in seconds."""

    name: str
    vm: str
    source: str
    destination: str
    datastore: str
    host: str | None = None
    pool: str | None = None
    folder: str | None = None
    networks: Mapping[str, str] = field(default_factory=dict)
    drill_network: str | None = None
    interval_s: float = INTERVAL_S
    keep: int = KEEP
    probe: Probe | None = None

    @property
    def shown(self) -> Replicated:
        """As screens know it."""
        drill = self.drill_network is not None
        return Replicated(self.name, self.vm, self.source, self.destination, self.interval_s, drill)

    def network(self, name: str) -> str:
        """What the port group is called at the destination."""
        return self.networks.get(name, name)


def advised_s(size: int, took: tuple[float, ...] = ()) -> float:
    """The shortest interval that is advised, in seconds: one and a half times as long as nearly every pass took, or,
    before there were any, by the bytes of the disks."""
    if took:
        ordered = sorted(took)
        return 1.5 * ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    minutes = next((floor for below, floor in _FLOORS if size < below * GIB), _LARGEST_MIN)
    return minutes * 60.0
