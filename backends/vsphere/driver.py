"""One vCenter Server or standalone ESXi host: a sweep of its machines, hosts and datastores."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from backends.endpoint import Limits, TlsAccess
from backends.outcome import DeviceError
from backends.vsphere import failures, records
from backends.vsphere.inventory import Inventory
from backends.vsphere.records import Facts
from backends.vsphere.session import Session
from store.estate import (
    Datastore,
    EstateObject,
    EsxiHost,
    Problem,
    Reading,
    Unread,
    VCenter,
    VirtualMachine,
)
from store.turns import computing, paced

Found = TypeVar("Found", EsxiHost, Datastore, VirtualMachine)


class Verb(Protocol):
    """A verb as data."""

    def send(self, session: Session) -> str: ...


class VSphereDriver:
    """A driver of one server; ``access.user`` with ``access.secret`` as password. Verbs: :mod:`backends.vsphere.verbs`
    on :attr:`session`."""

    def __init__(self, name: str, access: TlsAccess, limits: Limits) -> None:
        self.name = name
        self.session = Session(name, access, limits)
        self._inventory = Inventory(self.session)
        self._uuids: dict[str, str] = {}
        self._uuids_of = ""
        self._host_uuid: str | None = None

    def close(self) -> None:
        """Log out, waiting a few seconds at most; never raises."""
        self.session.close()

    def read(self) -> Reading:
        """Sweep the server. An object that cannot be read is a Problem and, where it was there before, Unread.

        Raises :class:`DeviceError` when the server as a whole could not be read.
        """
        try:
            return self._read()
        except DeviceError as error:
            if error.code != failures.SESSION_ENDED:
                raise
        return self._read()  # the session ended while it was read; CurrentTime logs in again

    def perform(self, verb: Verb) -> str:
        """Send one verb (:mod:`backends.vsphere.acts`), once, and wait for its task. Returns the id of what it made, if
        anything. Raises :class:`DeviceError`: ``sent`` says whether the same verb may be sent again."""
        return verb.send(self.session)

    def _read(self) -> Reading:
        began = datetime.now(UTC)
        server = self.session.current_time()
        skew = (server - (began + (datetime.now(UTC) - began) / 2)).total_seconds()
        self._inventory.refresh()
        vcenter = self._vcenter()
        with computing():
            return self._reading(vcenter, began, skew)

    def _reading(self, vcenter: VCenter, began: datetime, skew: float) -> Reading:
        """What the inventory knows now."""
        sweep = _Sweep(vcenter.key)
        hosts = sweep.each("esxi", self._inventory.facts("HostSystem"), lambda f: records.esxi_host(vcenter.key, f))
        names = {host.moid: host.name for host in hosts}
        stores = sweep.each(
            "datastore", self._inventory.facts("Datastore"), lambda f: records.datastore(vcenter.key, f)
        )
        machines = sweep.each(
            "vm", self._inventory.facts("VirtualMachine"), lambda f: self._machine(vcenter.key, f, names)
        )
        self._remember(vcenter.key, machines)
        objects: list[EstateObject] = [vcenter, *hosts, *stores, *machines]
        return Reading(
            self.name, began, tuple(objects), tuple(sweep.problems), tuple(sweep.unread), clock_skew_s=round(skew, 3)
        )

    def _remember(self, vcenter: str, machines: list[VirtualMachine]) -> None:
        """Keep the instance UUIDs, for when the server cannot read a machine's files and no longer gives it."""
        if vcenter != self._uuids_of:
            self._uuids, self._uuids_of = {}, vcenter
        present = {facts.moid for facts in self._inventory.facts("VirtualMachine")}
        self._uuids = {moid: uuid for moid, uuid in self._uuids.items() if moid in present}
        self._uuids.update((vm.moid, vm.instance_uuid) for vm in machines)

    def _machine(self, vcenter: str, facts: Facts, hosts: dict[str, str]) -> VirtualMachine | None:
        replica, problem = self._inventory.replica_of(facts.moid)
        if problem is not None:
            facts.problems.append(problem)
        uuid = self._uuids.get(facts.moid) if self._uuids_of == vcenter else None
        return records.virtual_machine(vcenter, facts, hosts, uuid, replica)

    def _vcenter(self) -> VCenter:
        about = self.session.about
        identity = about.instance_uuid or self._hardware_uuid()
        return VCenter(identity, about.name, about.version, about.build, about.api_type)

    def _hardware_uuid(self) -> str:
        """A standalone host says no instance UUID: the UUID of its hardware names it."""
        if self._host_uuid is None:
            self._host_uuid = self._inventory.hardware_uuid()
        return self._host_uuid


class _Sweep:
    """Gathers the problems of a sweep, and what could not be looked at."""

    def __init__(self, vcenter: str) -> None:
        self.problems: list[Problem] = []
        self.unread: list[Unread] = []
        self._vcenter = vcenter

    def each(self, kind: str, all_facts: Iterable[Facts], parse: Callable[[Facts], Found | None]) -> list[Found]:
        found: list[Found] = []
        for facts in paced(all_facts):
            made = parse(facts)
            self.problems += facts.problems
            if made is not None:
                found.append(made)
            else:
                why = facts.problems[0].where if facts.problems else ""
                self.unread.append(Unread(kind, f"{self._vcenter}:{facts.moid}", f"could not be read: {why}"))
        return found
