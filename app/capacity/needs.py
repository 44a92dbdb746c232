"""What the recovery plans need at their other site, all of them at once, out of the store's view. Pure.

What a member needs is counted as the checks of the plans count it. What runs there already is used, and no need.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from msgspec import Struct

from app.capacity.supply import MIB, POOL, VIOS
from app.plans.records import Application, Member, MemberKind, RecoveryPlan
from app.recovery.pra.golden import UndefinableError, golden, next_profile
from app.recovery.vm.capacity import KEPT
from app.recovery.vm.situation import ROOM
from app.replication_records import Replication
from app.settings_records import Settings
from store.capacity_records import Resource, Series
from store.capacity_view import Need, Unplaced
from store.estate import (
    AdapterType,
    Datastore,
    EsxiHost,
    Host,
    Lpar,
    LparProfile,
    LparState,
    ManagedSystem,
    PowerState,
    VirtualMachine,
    Volume,
)
from store.view import EstateView

T = TypeVar("T")
Placed = tuple[Series, Need]
STORAGE_THERE = (MemberKind.RCG, MemberKind.POD, MemberKind.PGROUP)
"""Their copies are at the other site already, and counted in what is used there."""

_NEVER = datetime.min.replace(tzinfo=UTC)


class Needs(Struct, frozen=True):
    """By the series that is needed of; and what could not be counted."""

    by_series: dict[Series, tuple[Need, ...]]
    unplaced: tuple[Unplaced, ...]


def needs(plans: Iterable[RecoveryPlan], settings: Settings, view: EstateView, *, running: bool = False) -> Needs:
    """Of every member of every plan; of those that run at the other site only where ``running`` counts too."""
    known = _Known(settings, view, running)
    found: dict[Series, list[Need]] = defaultdict(list)
    unplaced: list[Unplaced] = []
    for plan in plans:
        for application, member in plan.members:
            if member.kind in STORAGE_THERE:
                continue
            about = _About(plan, application, member, unplaced)
            for series, need in known.lpar(about) if member.kind is MemberKind.LPAR else known.vm(about):
                found[series].append(need)
    return Needs({series: tuple(each) for series, each in found.items()}, tuple(unplaced))


class _About(Struct, frozen=True):
    """The member that is being counted."""

    plan: RecoveryPlan
    application: Application
    member: Member
    unplaced: list[Unplaced]

    def need(self, kind: str, key: str, resource: Resource, amount: float, words: str) -> Placed:
        need = Need(self.plan.name, self.application.name, self.member.name, amount, words)
        return Series(kind, key, resource), need

    def unknown(self, why: str) -> None:
        self.unplaced.append(Unplaced(self.plan.name, self.application.name, self.member.name, why))


class _Known:
    """The estate by the names that members have, and the site of each device."""

    def __init__(self, settings: Settings, view: EstateView, running: bool) -> None:
        self._settings = settings
        self._running = running
        self._view = view
        self._site = {device.name: device.site for device in settings.devices}
        self._lpars: dict[str, list[tuple[str, Lpar]]] = defaultdict(list)
        for site, lpar in self._all("lpar", Lpar):
            self._lpars[lpar.name].append((site, lpar))
        self._vios = {(lpar.system_key, lpar.name): lpar for each in self._lpars.values() for _, lpar in each}
        self._systems = {system.name: key for key, system in self._keyed("system", ManagedSystem)}
        self._hosts: dict[str, list[tuple[str, Host]]] = defaultdict(list)
        for site, host in self._all("host", Host):
            self._hosts[host.name].append((site, host))
        self._seen: dict[tuple[str, str], list[Volume]] = defaultdict(list)
        for _, volume in self._all("volume", Volume):
            for name, _lun in volume.hosts if not volume.destroyed else ():
                self._seen[volume.array_id, name].append(volume)

    def _all(self, kind: str, record: type[T]) -> Iterator[tuple[str, T]]:
        for entry in self._view.entries(kind):
            found = None if entry.gone else entry.peek()
            if isinstance(found, record) and entry.device in self._site:
                yield self._site[entry.device], found

    def _keyed(self, kind: str, record: type[T]) -> Iterator[tuple[str, T]]:
        for entry in self._view.entries(kind):
            found = None if entry.gone else entry.peek()
            if isinstance(found, record):
                yield entry.key, found

    # --------------------------------------------------------------------------------------------------------- LPARs

    def lpar(self, about: _About) -> Iterator[Placed]:
        name, plan = about.member.name, about.plan
        there = [lpar for site, lpar in self._lpars.get(name, ()) if site == plan.target]
        home = [lpar for site, lpar in self._lpars.get(name, ()) if site == plan.source]
        if len(there) > 1:
            about.unknown(f"several LPARs at {plan.target} are called so")
            return
        if there and there[0].state is not LparState.NOT_ACTIVATED and not self._running:
            return  # what it takes is in use
        if there:
            system_key, profile = there[0].system_key, next_profile(there[0])
            if profile is None:
                about.unknown(f"its definition at {plan.target} has no profile for its next activation")
                return
            words = f"its profile {profile.name} at {plan.target}"
        else:
            found = self._to_be(about, home)
            if found is None:
                return
            system_key, profile = found
            words = "not defined there yet: its profile at home, through [pra]"
        memory = profile.desired_mem_mb * MIB
        units = profile.desired_proc_units or float(profile.desired_procs)
        yield about.need("system", system_key, Resource.MEMORY, memory, words)
        yield about.need("system", system_key, Resource.CPU, units, words)
        yield from self._ports(about, system_key, profile, there[0] if there else None)
        yield from self._volumes(about, name)

    def _to_be(self, about: _About, home: Sequence[Lpar]) -> tuple[str, LparProfile] | None:
        """Where one goes that is not defined there yet, and its profile there."""
        pra, target = self._settings.pra, about.plan.target
        if len(home) != 1:
            about.unknown(f"neither {about.plan.source} nor {target} shows one LPAR of that name")
            return None
        where = pra.system(home[0].system) if pra is not None else None
        key = self._systems.get(where.recovery) if where is not None else None
        if pra is None or where is None or key is None:
            about.unknown(f"not defined at {target}, and [[pra.systems]] does not say where {home[0].system} goes")
            return None
        try:
            return key, golden(home[0], where, pra.policy(home[0].name))
        except UndefinableError as error:
            about.unknown(str(error))
            return None

    def _ports(self, about: _About, system_key: str, profile: LparProfile, there: Lpar | None) -> Iterator[Placed]:
        """One for each client adapter that is not mapped to a port of its VIOS yet: a mapped one is counted as used."""
        wanted: dict[str, int] = defaultdict(int)
        for adapter in profile.fc:
            vios = adapter.remote_lpar_name
            if adapter.adapter_type is not AdapterType.CLIENT or vios is None:
                continue
            server = self._vios.get((system_key, vios))
            mapped = server is not None and there is not None and any(
                each.fc_port is not None and each.slot is not None and each.slot == adapter.remote_slot
                for each in server.npiv
            )  # fmt: skip
            if not mapped:
                wanted[vios] += 1
        for vios, count in wanted.items():
            words = f"{count} client adapter{'s' * (count != 1)} that no port of {vios} carries yet"
            yield about.need(VIOS, f"{system_key}/{vios}", Resource.NPORTS, count, words)

    def _volumes(self, about: _About, name: str) -> Iterator[Placed]:
        """What is overwritten there, as drdeck plan check counts it: the safety snapshots keep as much at worst."""
        pra, target = self._settings.pra, about.plan.target
        hosts = [h for site, h in self._hosts.get(pra.host_of(name) if pra is not None else name, ()) if site == target]
        sizes: dict[str, int] = defaultdict(int)
        for host in hosts:
            for volume in (*self._seen[host.array_id, host.name], *self._seen[host.array_id, host.host_group or ""]):
                sizes[host.array_id] += volume.provisioned
        if not sizes:
            about.unknown(f"no volume at {target} is connected to its host: drdeck pra makes them")
        for array, size in sizes.items():
            yield about.need("flasharray", array, Resource.SPACE, size, "its volumes, overwritten, at worst once more")

    # ----------------------------------------------------------------------------------------------------------- VMs

    def vm(self, about: _About) -> Iterator[Placed]:
        one = next((each for each in self._settings.replications if each.name == about.member.name), None)
        if one is None:
            about.unknown("no [[replications]] has that name")
            return
        source, newest = self._machines(one)
        model = newest or source
        if model is None:
            about.unknown(f"neither {one.source} nor {one.destination} shows it")
            return
        if newest is not None and newest.power_state is PowerState.ON and not self._running:
            return  # what it takes is in use
        memory = (model.memory_mb or 0) * MIB
        yield from self._on_host(about, one, newest, model, memory)
        yield from self._on_store(about, one, source or model, memory)

    def _machines(self, one: Replication) -> tuple[VirtualMachine | None, VirtualMachine | None]:
        """The source, and its newest complete replica."""
        source = None
        replicas = []
        for entry in self._view.entries("vm"):
            vm = None if entry.gone or entry.device not in (one.source, one.destination) else entry.peek()
            if not isinstance(vm, VirtualMachine):
                continue
            if vm.replica is None and entry.device == one.source and one.vm in (vm.name, vm.instance_uuid):
                source = vm
            elif vm.replica is not None and entry.device == one.destination and vm.replica.complete:
                replicas.append(vm)
        mine = [
            vm
            for vm in replicas
            if vm.replica is not None
            and (
                vm.replica.source_instance_uuid == source.instance_uuid
                if source is not None
                else one.vm in (vm.replica.source_name, vm.replica.source_instance_uuid)
            )
        ]
        return source, max(mine, key=lambda vm: vm.replica.point_in_time if vm.replica else _NEVER, default=None)

    def _on_host(
        self, about: _About, one: Replication, newest: VirtualMachine | None, model: VirtualMachine, memory: int
    ) -> Iterator[Placed]:
        hosts = [
            (entry.key, found)
            for entry in self._view.entries("esxi")
            if not entry.gone and entry.device == one.destination and isinstance(found := entry.peek(), EsxiHost)
        ]
        wanted = newest.host if newest is not None else one.host
        fitting = [key for key, host in hosts if wanted in (None, host.name)]
        if not fitting:
            about.unknown(f"{one.destination} shows no host{f' {wanted}' if wanted else ''} that it could run on")
            return
        words = "as its newest copy" if newest is not None else "as its source: it has no complete copy yet"
        places = [("esxi", fitting[0])] if len(fitting) == 1 else []
        places += [(POOL, one.destination)] if len(hosts) > 1 else []
        for kind, key in places:
            yield about.need(kind, key, Resource.MEMORY, memory, words)
            yield about.need(kind, key, Resource.CPU, model.cpus or 0, words)

    def _on_store(self, about: _About, one: Replication, source: VirtualMachine, memory: int) -> Iterator[Placed]:
        key = next(
            (
                entry.key
                for entry in self._view.entries("datastore")
                if not entry.gone
                and entry.device == one.destination
                and isinstance(found := entry.peek(), Datastore)
                and found.name == one.datastore
            ),
            None,
        )
        if key is None or source.committed_bytes is None:
            lacking = (
                f"{one.destination} shows no datastore {one.datastore}" if key is None else "its size is not known"
            )
            about.unknown(lacking)
            return
        size = int(source.committed_bytes * (ROOM + KEPT)) + memory
        words = "a last copy, its swap file, and a snapshot that is kept while it runs"
        yield about.need("datastore", key, Resource.SPACE, size, words)
