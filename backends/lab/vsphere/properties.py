"""Properties by path, as text of XML: what the property collector answers, quick for the leaves of many machines.

A path is ``summary.config.numCpu`` or, into an array whose elements have a key, ``config.hardware.device[4000]``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from msgspec import Struct
from pyVmomi import SoapAdapter, VmomiSupport

from backends.lab.vsphere.records import Managed, Refusal, Vm
from backends.lab.vsphere.soap import NS, type_name, value_xml
from backends.lab.vsphere.state import VSphereState
from backends.lab.vsphere.views_inventory import entity, views_of
from backends.lab.vsphere.views_vm import VM, VM_LEAVES, extra_config_xml

_STEP = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)(?:\["([^"]*)"\]|\[([^\]"]*)\])?(?:\.|$)')
_PRIMITIVE = {
    bool: "xsd:boolean", int: "xsd:int", VmomiSupport.long: "xsd:long", VmomiSupport.short: "xsd:short",
    VmomiSupport.byte: "xsd:byte", float: "xsd:float", VmomiSupport.double: "xsd:double",
    str: "xsd:string",
}  # fmt: skip
_CACHED = 60_000


class Extra(Protocol):
    """What shows the properties of objects that are not of the inventory: the service's managers, views, leases."""

    def property_of(self, record: Managed, name: str) -> Any: ...


class Path(Struct, frozen=True):
    """A path taken apart: steps of (attribute, key or None), and the declared type of its value where it is sure."""

    text: str
    steps: tuple[tuple[str, str | None], ...]
    declared: Any


def invalid(name: str) -> Refusal:
    return Refusal("InvalidProperty", f"The property {name} is invalid.", name=name)


def wsdl_type(name: str) -> Any:
    return VmomiSupport.GetWsdlType(NS, name)


@lru_cache(maxsize=4096)
def compile_path(kind: str, text: str) -> Path:
    """Check a path against the type it starts from. Raises the InvalidProperty refusal.

    Behind a key, where the element's own type decides what it has, only the value itself can tell.
    """
    steps: list[tuple[str, str | None]] = []
    place, declared, sure = 0, wsdl_type(kind), True
    while place < len(text):
        found = _STEP.match(text, place)
        if found is None:
            raise invalid(text)
        name, quoted, bare = found.groups()
        key = quoted if quoted is not None else bare
        place = found.end()
        if sure:
            try:
                declared = declared._GetPropertyInfo(name).type
            except (AttributeError, KeyError):
                raise invalid(text) from None
        if key is not None:
            if sure and not issubclass(declared, list):
                raise invalid(text)
            declared, sure = object, False
        steps.append((name, key))
    if not steps or text.endswith("."):
        raise invalid(text)
    return Path(text, tuple(steps), declared if sure else object)


@lru_cache(maxsize=512)
def all_paths(kind: str) -> tuple[str, ...]:
    """Every property of a type: what a client gets that asks for ``all``."""
    return tuple(info.name for info in wsdl_type(kind)._GetPropertyList())


@lru_cache(maxsize=8192)
def is_kind(kind: str, wanted: str) -> bool:
    """Whether type ``kind`` is ``wanted`` or derived from it."""
    try:
        return issubclass(wsdl_type(kind), wsdl_type(wanted))
    except KeyError:
        return False


class Properties:
    """Reads properties of records. ``extra`` serves what stands outside the inventory."""

    def __init__(self, state: VSphereState, extra: Extra) -> None:
        self._state = state
        self._extra = extra
        self._cache: dict[tuple[str, tuple[str, ...], str], tuple[int, dict[str, str | None]]] = {}

    def top(self, record: Managed, name: str) -> Any:
        """A property of a record by its plain name; None if it is unset."""
        if isinstance(record, Vm):
            view = VM.get(name)
            return view(self._state, record) if view else entity(self._state, record, name)
        views = views_of(record)
        if name in views:
            return views[name](self._state, record)
        if is_kind(type_name(record), "ManagedEntity"):
            return entity(self._state, record, name)
        return self._extra.property_of(record, name)

    def value(self, record: Managed, path: Path) -> Any:
        """The value at a path; None if it, or anything on the way, is unset."""
        if isinstance(record, Vm) and path.text in VM_LEAVES:
            return VM_LEAVES[path.text](record)
        return self.long_way(record, path)

    def long_way(self, record: Managed, path: Path) -> Any:
        """The value at a path, through the data objects."""
        found: Any = None
        for number, (name, key) in enumerate(path.steps):
            found = self.top(record, name) if number == 0 else getattr(found, name, None)
            if key is not None and found is not None:
                found = next((one for one in found if str(getattr(one, "key", None)) == key), None)
            if found is None:
                return None
        return found

    def values(
        self, record: Managed, paths: tuple[str, ...], version: str
    ) -> tuple[Mapping[str, str | None], Mapping[str, Refusal]]:
        """The ``val`` elements of these paths (None: unset), and those that this account may not read.

        For a machine the same mapping comes back until the machine changes.
        """
        hidden = record.unreadable if isinstance(record, Vm) else frozenset()
        if not isinstance(record, Vm) or hidden:
            return self._fresh(record, paths, version, hidden)
        key = (record.moid, paths, version)
        kept = self._cache.get(key)
        if kept is None or kept[0] != record.rev:
            if len(self._cache) > _CACHED:
                self._cache.clear()
            kept = self._cache[key] = (record.rev, self._fresh(record, paths, version, hidden)[0])
        return kept[1], {}

    def _fresh(
        self, record: Managed, paths: tuple[str, ...], version: str, hidden: frozenset[str]
    ) -> tuple[dict[str, str | None], dict[str, Refusal]]:
        found: dict[str, str | None] = {}
        missing: dict[str, Refusal] = {}
        kind = type_name(record)
        for text in paths:
            path = compile_path(kind, text)
            if path.steps[0][0] in hidden:
                missing[text] = Refusal(
                    "NoPermission", "Permission to perform this operation was denied.",
                    object=record, privilegeId="System.Read",
                )  # fmt: skip
            elif text == "config.extraConfig" and isinstance(record, Vm):
                found[text] = extra_config_xml(record)
            else:
                found[text] = val_xml(self.value(record, path), path.declared, version)
        return found, missing


def val_xml(value: Any, declared: Any, version: str) -> str | None:
    """The ``val`` element of a property; None for an unset one. Equal to what the vendor's serializer writes."""
    if value is None:
        return None
    name = _PRIMITIVE.get(declared)
    if name is not None:
        text = ("true" if value else "false") if declared is bool else SoapAdapter.XmlEscape(str(value))
        return f'<val xsi:type="{name}">{text}</val>'
    if isinstance(value, VmomiSupport.ManagedObject):
        kind = VmomiSupport.GetWsdlName(type(value))
        return f'<val xsi:type="ManagedObjectReference" type="{kind}">{value._moId}</val>'
    if declared is not object and issubclass(declared, list):
        return value_xml("val", declared(value), object, version)
    if isinstance(value, str) and declared is not object and issubclass(declared, VmomiSupport.Enum):
        return f'<val xsi:type="{VmomiSupport.GetWsdlName(declared)}">{value}</val>'
    return value_xml("val", value, object, version)
