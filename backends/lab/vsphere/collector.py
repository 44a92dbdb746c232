"""The property collector: reading with pages, and filters that tell what changed since a client last asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from msgspec import Struct
from pyVmomi import vmodl

from backends.lab.vsphere.properties import Properties
from backends.lab.vsphere.records import Managed, Refusal
from backends.lab.vsphere.selection import Selection, obj_xml
from backends.lab.vsphere.soap import refusal_fault, value_xml

_DEFAULT_PAGE = 1000
Values = tuple[Mapping[str, str | None], Mapping[str, Refusal]]


class Page(Struct):
    """What is left of a paged answer."""

    rest: list[tuple[Managed, Selection]]
    size: int


@dataclass(slots=True, eq=False)
class Filter(Managed):
    """A property filter. ``reported`` is what the client knows: record and values by object id."""

    KIND: ClassVar[str] = "PropertyFilter"
    selection: Selection = field(kw_only=True)
    spec: Any = field(kw_only=True)
    partial: bool = False
    reported: dict[str, tuple[Managed, Mapping[str, str | None], Mapping[str, Refusal]]] = field(default_factory=dict)
    seen_rev: int = -1


@dataclass(slots=True, eq=False)
class Collector(Managed):
    """A property collector of one session: its filters, its version, its unfinished pages."""

    KIND: ClassVar[str] = "PropertyCollector"
    filters: dict[str, Filter] = field(default_factory=dict)
    version: int = 0
    last: tuple[str, str] = ("", "")
    pages: dict[str, Page] = field(default_factory=dict)
    page_tokens: int = 0
    cancelled: bool = False


def _missing_xml(missing: Mapping[str, Refusal], version: str) -> str:
    text = ""
    for path, refusal in missing.items():
        fault = value_xml("fault", refusal_fault(refusal), vmodl.LocalizedMethodFault, version)
        text += f"<missingSet><path>{path}</path>{fault}</missingSet>"
    return text


# ----------------------------------------------------------------------------------------------------------- reading


def content_xml(record: Managed, values: Values, tag: str, version: str) -> str:
    """An ObjectContent as element ``tag``: the properties that are set, and those that may not be read."""
    props = "".join(f"<propSet><name>{path}</name>{val}</propSet>" for path, val in values[0].items() if val)
    missing = _missing_xml(values[1], version) if values[1] else ""
    return f"<{tag}>{obj_xml(record)}{props}{missing}</{tag}>"


def select(selections: list[Selection]) -> list[tuple[Managed, Selection]]:
    """All objects of several specs."""
    return [(record, selection) for selection in selections for record in selection.objects()]


def first_page(
    collector: Collector, properties: Properties, selections: list[Selection], size: int | None, version: str
) -> str:
    """The ``returnval`` of RetrievePropertiesEx; empty if nothing is selected."""
    if size is not None and size <= 0:
        raise Refusal("InvalidArgument", "A specified parameter was not correct: options.maxObjects",
                      invalidProperty="options.maxObjects")  # fmt: skip
    chosen = select(selections)
    return _page(collector, properties, Page(chosen, size or _DEFAULT_PAGE), version) if chosen else ""


def next_page(collector: Collector, properties: Properties, token: str, version: str) -> str:
    """The ``returnval`` of ContinueRetrievePropertiesEx."""
    page = collector.pages.pop(token, None)
    if page is None:
        raise Refusal("InvalidArgument", "A specified parameter was not correct: token", invalidProperty="token")
    return _page(collector, properties, page, version)


def _page(collector: Collector, properties: Properties, page: Page, version: str) -> str:
    now, rest = page.rest[: page.size], page.rest[page.size :]
    token = ""
    if rest:
        collector.page_tokens += 1
        name = str(collector.page_tokens - 1)
        collector.pages[name] = Page(rest, page.size)
        token = f"<token>{name}</token>"
    objects = [
        content_xml(record, properties.values(record, selection.paths_of(record), version), "objects", version)
        for record, selection in now
    ]
    return f"<returnval>{token}{''.join(objects)}</returnval>"


def all_at_once(properties: Properties, selections: list[Selection], version: str) -> str:
    """The ``returnval`` elements of the older RetrieveProperties, which has no pages."""
    return "".join(
        content_xml(record, properties.values(record, selection.paths_of(record), version), "returnval", version)
        for record, selection in select(selections)
    )


# ----------------------------------------------------------------------------------------------------------- changes


def updates(
    collector: Collector, properties: Properties, rev: int, asked: str, limit: int | None, version: str
) -> str | None:
    """The ``returnval`` of WaitForUpdatesEx for a client that knows version ``asked``; None if nothing changed.

    An empty version starts over. A version already answered is answered again, as after a lost answer.
    """
    if asked == "":
        for one in collector.filters.values():
            one.reported, one.seen_rev = {}, -1
    elif asked == collector.last[0] and asked != str(collector.version):
        return collector.last[1]
    elif asked != str(collector.version):
        raise Refusal("InvalidCollectorVersion", "The collector version is invalid.")
    left = limit if limit is not None and limit > 0 else _DEFAULT_PAGE
    sets, truncated = "", False
    for one in collector.filters.values():
        changes, more = _changes(one, properties, rev, left, version)
        left -= len(changes)
        truncated = truncated or more
        if changes:
            sets += f'<filterSet><filter type="PropertyFilter">{one.moid}</filter>{"".join(changes)}</filterSet>'
    if not sets:
        return None
    collector.version += 1
    more_xml = "<truncated>true</truncated>" if truncated else ""
    text = f"<returnval><version>{collector.version}</version>{sets}{more_xml}</returnval>"
    collector.last = (asked, text)
    return text


def _changes(one: Filter, properties: Properties, rev: int, limit: int, version: str) -> tuple[list[str], bool]:
    """The ``objectSet`` elements of a filter's changes, at most ``limit``, and whether there are more."""
    if one.seen_rev == rev:
        return [], False
    found: list[str] = []
    selected = {record.moid: record for record in one.selection.objects()}
    for moid in [moid for moid in one.reported if moid not in selected]:
        if len(found) >= limit:
            return found, True
        gone = one.reported.pop(moid)[0]
        found.append(f"<objectSet><kind>leave</kind>{obj_xml(gone)}</objectSet>")
    for moid, record in selected.items():
        values, missing = properties.values(record, one.selection.paths_of(record), version)
        known = one.reported.get(moid)
        if known is not None and known[1] is values and not missing:
            continue
        change = _object_change(record, known, values, missing, version)
        if change:
            if len(found) >= limit:
                return found, True
            found.append(change)
        one.reported[moid] = (record, values, missing)
    one.seen_rev = rev
    return found, False


def _object_change(
    record: Managed,
    known: tuple[Managed, Mapping[str, str | None], Mapping[str, Refusal]] | None,
    values: Mapping[str, str | None],
    missing: Mapping[str, Refusal],
    version: str,
) -> str:
    if known is None:
        changed = [(path, val or "") for path, val in values.items() if val is not None]
        kind, newly = "enter", dict(missing)
    else:
        changed = [(path, val or "") for path, val in values.items() if known[1].get(path) != val or path in known[2]]
        kind, newly = "modify", {path: why for path, why in missing.items() if path not in known[2]}
        if not changed and not newly:
            return ""
    body = "".join(f"<changeSet><name>{path}</name><op>assign</op>{val}</changeSet>" for path, val in changed)
    lost = _missing_xml(newly, version) if newly else ""
    return f"<objectSet><kind>{kind}</kind>{obj_xml(record)}{body}{lost}</objectSet>"
