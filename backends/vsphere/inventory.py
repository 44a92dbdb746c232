"""The inventory of one server, kept current by asking only what changed since the sweep before.

A property filter over one view of machines, hosts and datastores: the first sweep gets everything, in pages, a later
one the changes. Extra config, which is large, is read only of machines whose change version is new. Only leaf paths
are asked for. When anything goes wrong half way, all is dropped and the next sweep begins anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from msgspec import Struct, field

from backends.outcome import DeviceError, Failure, ParseError, Sent
from backends.vsphere import answers, records
from backends.vsphere.answers import ObjectRow
from backends.vsphere.records import Facts
from backends.vsphere.session import Session
from store.estate import Problem, VmReplica
from store.turns import computing, paced

PAGE = 1000
EXTRA_PAGE = 500
_EXTRA = "config.extraConfig"
_KINDS = {
    "VirtualMachine": records.VM_PATHS,
    "HostSystem": records.HOST_PATHS,
    "Datastore": records.DATASTORE_PATHS,
}


class _Known(Struct):
    """What is known of one object."""

    type: str
    values: dict[str, Element | None] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


class _Replica(Struct, frozen=True):
    """What the extra config of a machine said at one change version."""

    version: str
    replica: VmReplica | None
    problem: Problem | None


class Inventory:
    """Reads through ``session``. :meth:`refresh`, then :meth:`facts` and :meth:`replica_of`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, _Known] = {}
        self._replicas: dict[str, _Replica] = {}
        self._view: Any = None
        self._collector: Any = None
        self._login = -1
        self._version = ""

    def refresh(self) -> None:
        """Bring what is known up to date. Raises :class:`DeviceError`; what was known is then forgotten."""
        try:
            self._begin()
            self._update()
            self._read_extra()
        except BaseException as error:
            self._version, self._known = "", {}  # the empty version asks for everything again
            if isinstance(error, DeviceError) and error.failure is Failure.REFUSED:
                self._view = self._collector = None  # the server may no longer know them
            raise

    def facts(self, kind: str) -> Iterator[Facts]:
        """What is known of each object of a type, in order of id."""
        for moid in sorted((m for m, known in self._known.items() if known.type == kind), key=_numeric):
            known = self._known[moid]
            yield Facts(kind, moid, known.values, known.missing)

    def replica_of(self, moid: str) -> tuple[VmReplica | None, Problem | None]:
        """What the extra config of a machine says of it as a replica, or why that cannot be read."""
        found, known = self._replicas.get(moid), self._known.get(moid)
        if known is not None and records.CHANGE_VERSION in known.missing:
            # Without its configuration a replica would pass for a machine that is none.
            where, why = f"VirtualMachine {moid} {_EXTRA}", known.missing[records.CHANGE_VERSION]
            return (found.replica if found else None), Problem(where, why, "a readable property")
        return (found.replica, found.problem) if found else (None, None)

    def hardware_uuid(self) -> str:
        """The UUID of the one host of a standalone server (summary.hardware.uuid)."""
        from pyVmomi import vim, vmodl

        kind, path = vmodl.query.PropertyCollector, "summary.hardware.uuid"
        hosts = [vim.HostSystem(moid) for moid, known in self._known.items() if known.type == "HostSystem"]
        if len(hosts) == 1:
            spec = kind.FilterSpec(
                propSet=[kind.PropertySpec(type=vim.HostSystem, pathSet=[path])],
                objectSet=[kind.ObjectSpec(obj=hosts[0])],
            )
            collector = self._session.content.propertyCollector
            text = self._session.post("RetrievePropertiesEx", collector, [spec], kind.RetrieveOptions())
            for row in self._decoded("RetrievePropertiesEx", answers.page, text).rows:
                value = row.values.get(path)
                if value is not None and value.text:
                    return str(value.text)
        raise DeviceError(
            self._session.device, "RetrievePropertiesEx", Failure.BAD_ANSWER, Sent.UNKNOWN,
            "the server says neither its instance UUID nor the hardware UUID of its one host",
        )  # fmt: skip

    # --------------------------------------------------------------------------------------------------- first reading

    def _begin(self) -> None:
        """Make a view, a collector and a filter of our own; those of an earlier login ended with it."""
        from pyVmomi import vim

        session = self._session
        content = session.content
        if self._login != session.logins:
            self._view = self._collector = None
        if self._collector is not None:
            return
        self._version, self._known, self._replicas, self._login = "", {}, {}, session.logins
        if self._view is None:
            types = [vim.VirtualMachine, vim.HostSystem, vim.Datastore]
            views, root = content.viewManager, content.rootFolder
            self._view = session.guarded("CreateContainerView", lambda: views.CreateContainerView(root, types, True))
        collector = session.guarded("CreatePropertyCollector", content.propertyCollector.CreatePropertyCollector)
        session.guarded("CreateFilter", lambda: collector.CreateFilter(_filter(self._view), False))
        self._collector = collector

    def _update(self) -> None:
        from pyVmomi import vmodl

        options = vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=0, maxObjectUpdates=PAGE)
        while True:
            text = self._session.post("WaitForUpdatesEx", self._collector, self._version, options)
            with computing():
                found = self._decoded("WaitForUpdatesEx", answers.updates, text)
                if found is None:
                    return
                for row in paced(found.rows):
                    self._apply(row)
            self._version = found.version
            if not found.truncated:
                return

    def _decoded(self, call: str, decode: Any, text: bytes) -> Any:
        try:
            return decode(text)
        except ParseError as error:
            said = f"expected {error.expected}, got {error.line!r}"
            raise DeviceError(self._session.device, call, Failure.BAD_ANSWER, Sent.UNKNOWN, said) from None

    def _apply(self, row: ObjectRow) -> None:
        if row.kind_of_change == "leave":
            self._known.pop(row.moid, None)
            self._replicas.pop(row.moid, None)
            return
        paths = _KINDS.get(row.type)
        if paths is None:
            raise self._surprise(f"an object of type {row.type}")
        known = self._known.get(row.moid)
        if known is None or row.kind_of_change == "enter":
            known = self._known[row.moid] = _Known(row.type)
        for path, value in row.values.items():
            if path not in paths:
                if value is not None or not any(one.startswith(f"{path}.") for one in paths):
                    raise self._surprise(f"{row.type} {row.moid} {path}")
                for below in (one for one in paths if one.startswith(f"{path}.")):
                    known.values[below] = None
                    known.missing.pop(below, None)
                continue
            known.values[path] = value
            known.missing.pop(path, None)
        known.missing.update(row.missing)

    def _surprise(self, what: str) -> DeviceError:
        text = f"not asked for: {what}"
        return DeviceError(self._session.device, "WaitForUpdatesEx", Failure.BAD_ANSWER, Sent.UNKNOWN, text)

    # ----------------------------------------------------------------------------------------------------- extra config

    def _read_extra(self) -> None:
        """The extra config of the machines whose change version is not the one that was read before."""
        wanted: dict[str, str] = {}
        for moid, known in self._known.items():
            value = known.values.get(records.CHANGE_VERSION)
            if known.type != "VirtualMachine" or value is None:
                continue
            kept = self._replicas.get(moid)
            if kept is None or kept.version != (value.text or ""):
                wanted[moid] = value.text or ""
        moids = list(wanted)
        for start in range(0, len(moids), PAGE):
            self._read_extra_of({moid: wanted[moid] for moid in moids[start : start + PAGE]})

    def _read_extra_of(self, versions: dict[str, str]) -> None:
        from pyVmomi import vim, vmodl

        kind = vmodl.query.PropertyCollector
        spec = kind.FilterSpec(
            propSet=[kind.PropertySpec(type=vim.VirtualMachine, pathSet=[_EXTRA])],
            objectSet=[kind.ObjectSpec(obj=vim.VirtualMachine(moid)) for moid in versions],
            reportMissingObjectsInResults=True,
        )
        options = kind.RetrieveOptions(maxObjects=EXTRA_PAGE)
        session, collector = self._session, self._session.content.propertyCollector
        call = "RetrievePropertiesEx"
        text = session.post(call, collector, [spec], options)
        while True:
            with computing():
                page = self._decoded(call, answers.page, text)
                for row in paced(page.rows):
                    if row.moid in versions:
                        self._replicas[row.moid] = _read_replica(row, versions[row.moid])
            if page.token is None:
                return
            call = "ContinueRetrievePropertiesEx"
            text = session.post(call, collector, page.token)


def _read_replica(row: ObjectRow, version: str) -> _Replica:
    where = f"VirtualMachine {row.moid} {_EXTRA}"
    if _EXTRA in row.missing:
        return _Replica(version, None, Problem(where, row.missing[_EXTRA], "a readable property"))
    value = row.values.get(_EXTRA)
    if value is None:
        return _Replica(version, None, None)
    try:
        return _Replica(version, records.replica(answers.options_of(value, records.REPLICA_PREFIX)), None)
    except ParseError as error:
        return _Replica(version, None, Problem(where, error.line, error.expected))


def _filter(view: Any) -> Any:
    from pyVmomi import vim, vmodl

    kind = vmodl.query.PropertyCollector
    types = {"VirtualMachine": vim.VirtualMachine, "HostSystem": vim.HostSystem, "Datastore": vim.Datastore}
    walk = kind.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
    return kind.FilterSpec(
        propSet=[kind.PropertySpec(type=types[name], pathSet=list(paths)) for name, paths in _KINDS.items()],
        objectSet=[kind.ObjectSpec(obj=view, skip=True, selectSet=[walk])],
    )


def _numeric(moid: str) -> tuple[int, str]:
    """``vm-99`` before ``vm-100``."""
    return (len(moid), moid)
