"""What the configuration says of automatic failover: ``[auto]`` and ``[[auto.groups]]``."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

AUTO_KEYS = ("gateway", "most_per_hour")
AUTO_GROUP_KEYS = (
    "name",
    "mode",
    "source",
    "replica",
    "vms",
    "link",
    "path",
    "path_from",
    "threshold",
    "probes",
)
THRESHOLD_S, PROBES, MOST_PER_HOUR = 300.0, 3, 3


class AutoMode(StrEnum):
    """``AUTOMATIC``: watched, in shadow until armed. ``MANUAL``: people alone fail it over, nothing is watched."""

    MANUAL = "manual"
    AUTOMATIC = "automatic"


class Endpoint(Struct, frozen=True):
    """A TCP port that is connected to and closed again."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class AutoGroup(Struct, frozen=True):
    """Machines that fail over together. ``source`` and ``replica`` are the devices that have them, at two sites;
    ``vms`` their names at the source. ``link`` is an array at the replica's site, whose replication link to the
    source's site is a witness. ``path`` is something at the source's site, reached from the local address
    ``path_from``: a network path that is not the console's uplink. ``threshold_s``: silent for so long, on ``probes``
    probes in a row."""

    name: str
    source: str
    replica: str
    source_site: str
    replica_site: str
    vms: tuple[str, ...]
    link: str
    path: Endpoint
    path_from: str
    mode: AutoMode = AutoMode.MANUAL
    threshold_s: float = THRESHOLD_S
    probes: int = PROBES

    @property
    def targets(self) -> tuple[str, ...]:
        """The names under which a maintenance window or a run may be about it."""
        return (self.name, *self.vms)

    @property
    def held_by(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The sites and the names that maintenance is about where it holds the group: of both sides, with the devices
        that it rests on."""
        return (self.source_site, self.replica_site), (*self.targets, self.source, self.replica, self.link)


class Auto(Struct, frozen=True):
    """``gateway`` is that of the console's uplink. At most ``most_per_hour`` groups fail over by themselves."""

    groups: tuple[AutoGroup, ...] = ()
    gateway: Endpoint | None = None
    most_per_hour: int = MOST_PER_HOUR
