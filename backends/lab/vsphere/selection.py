"""Which objects a property filter selects, and which of their properties: filter specs walked over the inventory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pyVmomi import VmomiSupport

from backends.lab.vsphere.properties import Properties, all_paths, compile_path, is_kind
from backends.lab.vsphere.records import Cluster, Datacenter, EsxHost, Folder, Managed, Refusal, ResourcePool
from backends.lab.vsphere.sessions import ListView, View
from backends.lab.vsphere.soap import type_name
from backends.lab.vsphere.state import VSphereState

Find = Callable[[Any], Managed]  # a managed object reference to its record; refuses what is not there


def kind_of(spec_type: Any) -> str:
    """The name on the wire of a type given in a spec."""
    return str(VmomiSupport.GetWsdlName(spec_type))


def below(state: VSphereState, record: Managed) -> list[Managed]:
    """What stands directly below an object in the inventory."""
    if isinstance(record, Folder):
        return list(record.children)
    if isinstance(record, Datacenter):
        folders = (record.vm_folder, record.host_folder, record.datastore_folder, record.network_folder)
        return [folder for folder in folders if folder is not None]
    if isinstance(record, Cluster):
        return [*record.hosts, *([record.pool] if record.pool else [])]
    if isinstance(record, ResourcePool):
        return [*record.pools, *(vm for vm in state.vms.values() if vm.pool is record)]
    if isinstance(record, EsxHost):
        return [vm for vm in state.vms.values() if vm.host is record]
    return []


def members(state: VSphereState, view: View) -> list[Managed]:
    """The objects in a view now."""
    if isinstance(view, ListView):
        return [one for one in view.listed if one.moid in state.objects]
    if view.known[0] != state.rev:
        view.known = (state.rev, list(_contained(state, view)))
    return view.known[1]


def _contained(state: VSphereState, view: View) -> Iterator[Managed]:
    assert view.container is not None
    if view.container is state.root and view.types == ("VirtualMachine",) and view.recursive:
        yield from state.vms.values()
        return
    seen: set[int] = set()
    pending = below(state, view.container)
    while pending:
        record = pending.pop(0)
        if id(record) in seen:
            continue
        seen.add(id(record))
        if not view.types or any(is_kind(type_name(record), wanted) for wanted in view.types):
            yield record
        if view.recursive:
            pending += below(state, record)


class Selection:
    """One PropertyFilterSpec, checked: objects with the paths to read of each."""

    def __init__(self, state: VSphereState, properties: Properties, find: Find, spec: Any) -> None:
        self._state = state
        self._properties = properties
        self._find = find
        self._objects = list(spec.objectSet)
        self._report_errors = bool(spec.reportMissingObjectsInResults)
        self._paths: dict[str, tuple[str, ...]] = {}
        self._wanted: list[tuple[str, tuple[str, ...] | None]] = []
        self._named: dict[str, Any] = {}
        for prop in spec.propSet:
            paths = None if prop.all else tuple(prop.pathSet)
            self._wanted.append((kind_of(prop.type), paths))
            for path in paths or ():
                compile_path(kind_of(prop.type), path)
        for start in self._objects:
            self._remember(start.selectSet)

    def _remember(self, specs: Any) -> None:
        for spec in specs or ():
            if hasattr(spec, "path"):
                if spec.name:
                    self._named[spec.name] = spec
                compile_path(kind_of(spec.type), spec.path)
                self._remember(spec.selectSet)

    def paths_of(self, record: Managed) -> tuple[str, ...]:
        """The paths to read of a record; empty if its type was not asked for."""
        kind = type_name(record)
        known = self._paths.get(kind)
        if known is None:
            found: dict[str, None] = {}
            for wanted, paths in self._wanted:
                if is_kind(kind, wanted):
                    found.update(dict.fromkeys(all_paths(kind) if paths is None else paths))
            known = self._paths[kind] = tuple(found)
        return known

    def asked(self, record: Managed) -> bool:
        """Whether objects of this type are reported (also with no path, when only their existence is of interest)."""
        return any(is_kind(type_name(record), wanted) for wanted, _ in self._wanted)

    def objects(self) -> list[Managed]:
        """The selected objects, each once, in the order in which the walk meets them."""
        found: dict[int, Managed] = {}
        for start in self._objects:
            try:
                record = self._find(start.obj)
            except Refusal:
                if self._report_errors:
                    continue
                raise
            if not start.skip:
                found[id(record)] = record
            self._walk(record, start.selectSet, found, set())
        return [record for record in found.values() if self.asked(record)]

    def _walk(self, record: Managed, specs: Any, found: dict[int, Managed], done: set[tuple[int, int]]) -> None:
        for given in specs or ():
            spec = given if hasattr(given, "path") else self._named.get(given.name)
            if spec is None:
                raise Refusal("InvalidArgument", "A specified parameter was not correct: specSet.objectSet.selectSet",
                              invalidProperty="selectSet")  # fmt: skip
            if (id(record), id(spec)) in done or not is_kind(type_name(record), kind_of(spec.type)):
                continue
            done.add((id(record), id(spec)))
            for other in self._related(record, spec):
                if not spec.skip:
                    found[id(other)] = other
                if spec.selectSet:
                    self._walk(other, spec.selectSet, found, done)

    def _related(self, record: Managed, spec: Any) -> list[Managed]:
        if isinstance(record, View) and spec.path == "view":
            return members(self._state, record)
        value = self._properties.value(record, compile_path(type_name(record), spec.path))
        many = value if isinstance(value, list) else [value]
        found = []
        for one in many:
            if isinstance(one, VmomiSupport.ManagedObject):
                try:
                    found.append(self._find(one))
                except Refusal:
                    continue
        return found


def obj_xml(record: Managed) -> str:
    """The ``obj`` element that names a record."""
    return f'<obj type="{type_name(record)}">{record.moid}</obj>'
