"""``[pra]`` and ``[[pra.systems]]`` of the configuration, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from app import values
from app.config_table import Document, Table
from app.pra_records import OUTAGE_S, PRA_KEYS, PRA_SYSTEM_KEYS, Pra, SystemMap, WwpnPolicy
from app.values import Check, UnexpectedError
from store.estate import Site, SiteRole

K = TypeVar("K")
V = TypeVar("V")

_SYSTEM = values.text("the name of a managed system, or type-model*serial", 47)
_PATTERN = values.text("the name of an LPAR, or a pattern with * and ?", 64)
_VSWITCH = values.text("the name of a virtual switch", 64)
_VIOS = values.text("the name of a VIOS", 47)
_VLAN = values.whole(1, 4094)


def pra(document: Document, content: Mapping[str, object], sites: tuple[Site, ...]) -> Pra | None:
    """What the file says; None where it says nothing and the sites do not tell which is which."""
    table = document.table(content.get("pra", {}), ("pra",), "pra")
    table.only((*PRA_KEYS, "systems"))
    nominal = _site(table, "nominal", sites, SiteRole.PROD)
    recovery = _site(table, "recovery", sites, SiteRole.DR)
    if nominal is None or recovery is None:
        if table.values and not document.problems:
            lacking = "nominal" if nominal is None else "recovery"
            document.complain(("pra",), f"pra.{lacking}", "the name of a site: there is not exactly one of that role")
        return None
    if nominal == recovery:
        table.complain("recovery", "another site than nominal", f'"{recovery}"')
    return Pra(
        nominal=nominal,
        recovery=recovery,
        lpars=table.each("lpars", _PATTERN) if table.has("lpars") else ("*",),
        exclude=table.each("exclude", _PATTERN),
        host=table.get("host", _HOST, "{lpar}"),
        wwpn=table.get("wwpn", values.one_of(WwpnPolicy), WwpnPolicy.OWN),
        same_wwpn=table.each("same_wwpn", _PATTERN),
        drill_vswitch=table.maybe("drill_vswitch", _VSWITCH),
        drill_vlan=table.maybe("drill_vlan", _VLAN),
        outage_s=table.get("outage", values.duration(3600, 31_622_400), OUTAGE_S),
        systems=_systems(document.tables(table.values.get("systems", []), ("pra", "systems"), "pra.systems")),
    )


def _site(table: Table, key: str, sites: tuple[Site, ...], role: SiteRole) -> str | None:
    """The site that is named, or the only one of the role."""
    known = {site.name for site in sites}

    def convert(value: object) -> str:
        if not isinstance(value, str) or value not in known:
            raise UnexpectedError
        return value

    if table.has(key):
        return table.maybe(key, Check(f"one of the sites {', '.join(sorted(known)) or '(there are none)'}", convert))
    fitting = [site.name for site in sites if site.role is role]
    return fitting[0] if len(fitting) == 1 else None


def _systems(tables: list[Table]) -> tuple[SystemMap, ...]:
    found: dict[str, SystemMap] = {}
    for table in tables:
        table.only(PRA_SYSTEM_KEYS)
        made = SystemMap(
            nominal=table.need("nominal", _SYSTEM, ""),
            recovery=table.need("recovery", _SYSTEM, ""),
            memory=table.get("memory", _FACTOR, 1.0),
            processors=table.get("processors", _FACTOR, 1.0),
            vios=table.get("vios", _map(_VIOS, _VIOS), {}),
            vswitch=table.get("vswitch", _map(_VSWITCH, _VSWITCH), {}),
            vlan=table.get("vlan", _map(_VLAN_KEY, _VLAN), {}),
        )
        if made.nominal in found:
            table.complain("nominal", "each managed system once", f'"{made.nominal}"')
        elif made.nominal:
            found[made.nominal] = made
    return tuple(found.values())


def _host(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_-]*\{lpar\}[A-Za-z0-9_-]*", value):
        raise UnexpectedError
    return value


def _factor(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.05 <= value <= 10:
        raise UnexpectedError
    return float(value)


def _vlan_key(value: object) -> int:
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 4094:
        raise UnexpectedError
    return int(value)


def _map(key: Check[K], value: Check[V]) -> Check[Mapping[K, V]]:
    """A table whose keys and values are checked one by one."""

    def convert(found: object) -> Mapping[K, V]:
        if not isinstance(found, dict):
            raise UnexpectedError
        return {key.convert(left): value.convert(right) for left, right in found.items()}

    return Check(f"a table: {key.expected} = {value.expected}", convert)


_HOST = Check('a name with {lpar} in it, such as "aix-{lpar}"', _host)
_FACTOR = Check("a factor from 0.05 to 10", _factor)
_VLAN_KEY = Check("a VLAN id from 1 to 4094", _vlan_key)
