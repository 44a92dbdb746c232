"""The world behind the doors: sites, networks, devices, running writers, volumes and time. One lock, one event queue.

Every door and every technology's state changes the world inside ``with world.turn() as now:``; what became due in the
meantime has then happened, in order of time, so that a run is the same for the same seed and the same calls at the same
virtual times.
"""

from __future__ import annotations

import heapq
import random
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from backends.lab.clock import Clock
from backends.lab.faults import FaultKind, Faults
from backends.lab.referee import Referee, Rule
from backends.lab.timing import INSTANT, Timing
from backends.lab.volumes import Image, L2Segment, Nic, Volume, Writer
from store.estate import DeviceKind, SiteRole


@dataclass(slots=True)
class LabSite:
    """A site. ``dark``: nothing at it runs or answers. ``l2_stretched``: its networks reach the other site too."""

    name: str
    role: SiteRole
    l2_stretched: bool = False
    dark: bool = False


@dataclass(slots=True)
class Door:
    """Counters of one door, for tests: requests by verb, logins, logouts, sessions now open. ``done``: the requests
    that the device carried out, whatever became of its answer. ``moved``: bytes of disks, by verb."""

    requests: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)
    logins: int = 0
    logouts: int = 0
    sessions: int = 0


class HostKind(StrEnum):
    """What stands beside the devices and has a door too: no pane shows it."""

    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class CopiedVm:
    """A VM that the console of this estate is to replicate: names, as a configuration gives them."""

    vm: str
    source: str
    destination: str
    datastore: str
    drill_network: str


@dataclass(frozen=True, slots=True)
class WatchedVms:
    """VMs that the console of this estate is to watch for automatic failover, in shadow. Names, as a configuration
    gives them; ``path`` and ``gateway`` are devices whose first port stands for what is asked there."""

    name: str
    source: str
    replica: str
    vms: tuple[str, ...]
    link: str
    path: str
    gateway: str


@dataclass(slots=True)
class Device:
    """A simulated device. ``state`` is its technology's own part of the world.

    ``users`` are user names with passwords (or API tokens) that may log in; ``public_keys`` (``type base64``) by user.
    ``rename(old, new)`` and ``set_pending(name, pending)`` serve the faults of those names: an object gets another
    name, or goes pending eradication, behind the console's back. ``language`` is that of an HMC's messages.
    """

    name: str
    kind: DeviceKind | HostKind
    site: str
    state: object
    users: dict[str, str] = field(default_factory=dict)
    public_keys: dict[str, list[str]] = field(default_factory=dict)
    max_sessions: int = 64
    language: str = "en"
    counters: Door = field(default_factory=Door)
    rename: Callable[[str, str], None] | None = None
    set_pending: Callable[[str, bool], None] | None = None
    ports: dict[str, int] = field(default_factory=dict)


class Fabric(Protocol):
    """What an array offers to the SAN of its site."""

    def volumes_seen_by(self, wwpns: Collection[str]) -> list[Volume]:
        """The volumes connected to hosts that hold any of ``wwpns`` (16 lower-case hex digits), in LUN order."""


@dataclass(order=True, slots=True)
class Timer:
    """Something due at ``when``. ``cancelled`` may be set."""

    when: float
    seq: int
    do: Callable[[float], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)


class World:
    """One simulated estate. Its methods below :meth:`turn` are called inside a turn only. ``drill`` is the virtual
    switch and VLAN of its isolated network, where LPARs have one; ``copied`` the VMs that the console replicates,
    ``watched`` those that it watches; ``plans`` the recovery plans by name, as the text of their files;
    ``infrastructure`` the files of where it stands: the plain table that one is, if it is one, and its text;
    ``rates`` the tables of the configuration that say what it costs."""

    def __init__(self, seed: int = 1, clock: Clock | None = None, timing: Timing = INSTANT) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.clock = clock or Clock()
        self.timing = timing
        self.faults = Faults()
        self.referee = Referee()
        self.sites: dict[str, LabSite] = {}
        self.drill: tuple[str, int] | None = None
        self.copied: list[CopiedVm] = []
        self.plans: dict[str, str] = {}
        self.infrastructure: dict[str, tuple[str | None, str]] = {}
        self.rates = ""
        self.watched: WatchedVms | None = None
        self.segments: dict[str, L2Segment] = {}
        self.devices: dict[str, Device] = {}
        self.writers: dict[str, Writer] = {}
        self._fabrics: dict[str, list[Fabric]] = {}
        self._by_wwpn: dict[str, list[Writer]] = {}
        self._site_watchers: list[Callable[[LabSite, float], None]] = []
        self._queue: list[Timer] = []
        self._seq = 0
        self._lock = threading.RLock()
        self._now = self.clock.now()

    # ------------------------------------------------------------------------------------------------------- time

    @contextmanager
    def turn(self) -> Iterator[float]:
        """Take the world's lock, let everything due happen, and yield the virtual time."""
        with self._lock:
            self._run_due()
            yield self._now

    @property
    def now(self) -> float:
        """The virtual time of this turn (or of the event being run)."""
        return self._now

    def at(self, when: float, do: Callable[[float], None]) -> Timer:
        """Have ``do(when)`` happen at virtual time ``when``."""
        self._seq += 1
        timer = Timer(when, self._seq, do)
        heapq.heappush(self._queue, timer)
        return timer

    def after(self, seconds: float, do: Callable[[float], None]) -> Timer:
        """Have ``do`` happen ``seconds`` from now."""
        return self.at(self._now + seconds, do)

    def _run_due(self) -> None:
        now = self.clock.now()
        while self._queue and self._queue[0].when <= now:
            timer = heapq.heappop(self._queue)
            if not timer.cancelled:
                self._now = max(self._now, timer.when)
                timer.do(self._now)
        self._now = max(self._now, now)

    # ------------------------------------------------------------------------------------------- sites and devices

    def add_site(self, name: str, role: SiteRole, *, l2_stretched: bool = False) -> LabSite:
        site = self.sites[name] = LabSite(name, role, l2_stretched)
        return site

    def add_segment(self, name: str, isolated: bool = False) -> L2Segment:
        segment = self.segments[name] = L2Segment(name, isolated)
        return segment

    def add_device(self, device: Device) -> Device:
        self.devices[device.name] = device
        return device

    def add_fabric(self, site: str, fabric: Fabric) -> None:
        """Connect an array to the SAN of ``site``."""
        self._fabrics.setdefault(site, []).append(fabric)

    def watch_sites(self, watcher: Callable[[LabSite, float], None]) -> None:
        """``watcher(site, now)`` is called after a site went dark or came back; its writers are then already off."""
        self._site_watchers.append(watcher)

    def set_dark(self, site_name: str, dark: bool) -> None:
        """Take a whole site away (power, links, devices), or bring its power back: what starts by itself then, the
        devices know."""
        site = self.sites[site_name]
        if site.dark == dark:
            return
        site.dark = dark
        if dark:
            for writer in [w for w in self.writers.values() if w.site == site_name and w.running]:
                self.power_off(writer)
        for watcher in self._site_watchers:
            watcher(site, self._now)

    def is_dark(self, device: Device) -> bool:
        return self.sites[device.site].dark

    def linked(self, one: str, other: str) -> bool:
        """Whether replication between two sites can flow."""
        return not self.sites[one].dark and not self.sites[other].dark

    def device_time(self, device: Device) -> float:
        """The device's own clock: virtual seconds since 1970, with the skew of a *clock-skewed* fault."""
        return self.clock.now() + self.clock_error(device)

    def clock_error(self, device: Device) -> float:
        """The seconds by which the device's clock is ahead."""
        fault = self.faults.active(device.name, FaultKind.CLOCK_SKEWED)
        return fault.seconds if fault else 0.0

    # ----------------------------------------------------------------------------------------------------- writers

    def add_writer(self, writer: Writer) -> Writer:
        self.writers[writer.key] = writer
        return writer

    def visible_volumes(self, site: str, wwpns: Collection[str]) -> list[Volume]:
        """The volumes that the arrays of ``site`` show to these WWPNs, in LUN order array by array."""
        return [v for fabric in self._fabrics.get(site, ()) for v in fabric.volumes_seen_by(wwpns)]

    def running_with(self, wwpns: Collection[str]) -> list[Writer]:
        """The running writers that hold any of these WWPNs: who is logged in to an array."""
        found: dict[str, Writer] = {}
        for wwpn in wwpns:
            for writer in self._by_wwpn.get(wwpn, ()):
                found[writer.key] = writer
        return list(found.values())

    def power_on(self, writer: Writer, volumes: Collection[Volume] = ()) -> None:
        """Start ``writer``. With no ``volumes`` given it sees what the fabric of its site shows to its WWPNs."""
        if writer.running:
            return
        writer.boots += 1
        writer.running = True
        writer.since = self._now
        seen = list(volumes) or self.visible_volumes(writer.site, writer.wwpns)
        writer.base = max((v.image(self._now).generation for v in seen), default=0)
        for wwpn in writer.wwpns:
            self._by_wwpn.setdefault(wwpn, []).append(writer)
        self.referee.addresses_on(writer, self._now)
        for volume in seen:
            self.attach(writer, volume)

    def power_off(self, writer: Writer) -> None:
        """Stop ``writer`` at once; its volumes keep their last generation."""
        if not writer.running:
            return
        for volume in list(writer.volumes):
            self.detach(writer, volume)
        self.referee.addresses_off(writer)
        for wwpn in writer.wwpns:
            self._by_wwpn[wwpn].remove(writer)
        writer.running = False

    def attach(self, writer: Writer, volume: Volume) -> None:
        """A running ``writer`` sees ``volume`` from now on, and writes to it if it is writable."""
        if volume in writer.volumes:
            return
        writer.volumes.append(volume)
        volume.seen_by.append(writer)
        if volume.writable:
            self._begin(writer, volume)

    def detach(self, writer: Writer, volume: Volume) -> None:
        """``writer`` no longer sees ``volume``."""
        if volume in writer.volumes:
            writer.volumes.remove(volume)
            volume.seen_by.remove(writer)
            if writer in volume.writers:
                self._end(writer, volume)

    def rescan(self, wwpns: Collection[str]) -> None:
        """Connections on an array changed: the running writers with these WWPNs see the new set of volumes."""
        for writer in self.running_with(wwpns):
            seen = self.visible_volumes(writer.site, writer.wwpns)
            for volume in [v for v in writer.volumes if v not in seen]:
                self.detach(writer, volume)
            for volume in seen:
                self.attach(writer, volume)

    def set_nics(self, writer: Writer, nics: tuple[Nic, ...]) -> None:
        """Give ``writer`` other network adapters, running or not."""
        if writer.running:
            self.referee.nics_off(writer, writer.nics)
            self.referee.nics_on(writer, nics, self._now)
        writer.nics = nics

    # ----------------------------------------------------------------------------------------------------- volumes

    def set_writable(self, volume: Volume, writable: bool) -> None:
        """Make a replication secondary writable, or a primary read-only: those who see it begin or cease to write."""
        if volume.writable == writable:
            return
        if writable:
            volume.settle(self._now)
            volume.writable = True
            for writer in list(volume.seen_by):
                self._begin(writer, volume)
            return
        for writer in list(volume.writers):
            self._end(writer, volume)
        volume.writable = False

    def replace_image(self, volume: Volume, image: Image, why: str) -> None:
        """Overwrite ``volume`` with ``image``. ``why`` names the act for the referee (``overwrite from pg.s.v``)."""
        users = [writer.key for writer in volume.seen_by]
        if users:
            detail = f"{why}, while {', '.join(users)} runs on it"
            self.referee.note(self._now, Rule.LIVE_OVERWRITE, f"{volume.array}:{volume.name}", detail)
        writers = list(volume.writers)
        for writer in writers:
            self._end(writer, volume)
        volume.follows = None
        volume.stored = image
        for writer in writers:
            self._begin(writer, volume)

    def _begin(self, writer: Writer, volume: Volume) -> None:
        volume.settle(self._now)
        self.referee.writing_begins(writer, volume, self._now)
        volume.attached_at = writer.generation(self._now)
        volume.writers.append(writer)

    def _end(self, writer: Writer, volume: Volume) -> None:
        volume.settle(self._now)
        volume.writers.remove(writer)
        self.referee.writing_ends(writer, volume, self._now)
