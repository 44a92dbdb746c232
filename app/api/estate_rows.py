"""Rows of what the devices said: the estate as last seen, by the kinds of :mod:`store.estate`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.api.listing import Listing, Row
from app.api.rows import ArrayRow, DeviceRow, GroupRow, LparRow, RcgRow, ReplicaRow, Seen, SiteRow, SystemRow
from app.settings_records import Settings
from store.estate import VirtualMachine
from store.recorded import to_text
from store.records import DeviceStatus, Entry
from store.stored import UnreadableFactsError
from store.view import EstateView

KINDS: Mapping[str, tuple[type[Seen], tuple[str, ...]]] = {
    "systems": (SystemRow, ("system", "esxi")),
    "arrays": (ArrayRow, ("flasharray", "storage")),
    "lpars": (LparRow, ("lpar",)),
    "groups": (GroupRow, ("pgroup",)),
    "rcgs": (RcgRow, ("rcg",)),
    "replicas": (ReplicaRow, ("vm",)),
}
"""Each list of the estate: its rows, and the kinds of the store that they are made of."""


class EstateRows:
    """The lists of :data:`KINDS` of a view. A row is made anew only where its entry changed, a list only where one of
    its rows did. ``unreadable`` counts what the store holds and cannot be read."""

    def __init__(self, view: EstateView, sites: Mapping[str, str]) -> None:
        """``sites`` is where each device is, by name."""
        self._view = view
        self._sites = sites
        self._made: dict[tuple[str, str], tuple[Entry, Row | None]] = {}
        self._lists: dict[str, tuple[tuple[tuple[Entry, ...], ...], Listing]] = {}
        self.unreadable = 0

    def lists(self) -> dict[str, Listing]:
        """As the view is now."""
        found = {}
        for name, (row, kinds) in KINDS.items():
            entries = tuple(self._view.entries(kind) for kind in kinds)
            before = self._lists.get(name)
            if before is None or any(old is not new for old, new in zip(before[0], entries, strict=True)):
                before = entries, Listing(self._rows(row, [entry for each in entries for entry in each]))
                self._lists[name] = before
            found[name] = before[1]
        self.unreadable = sum(row is None and _wanted_or_lost(entry) for entry, row in self._made.values())
        return found

    def _rows(self, cls: type[Seen], entries: Iterable[Entry]) -> list[Row]:
        found = []
        for entry in entries:
            known = self._made.get((entry.kind, entry.key))
            if known is None or known[0] is not entry:
                known = entry, self._row(cls, entry)
                self._made[entry.kind, entry.key] = known
            if known[1] is not None:
                found.append(known[1])
        return found

    def _row(self, cls: type[Seen], entry: Entry) -> Row | None:
        """None for what does not belong here, or cannot be read."""
        try:
            facts: Any = entry.peek()
        except UnreadableFactsError:
            return None
        if isinstance(facts, VirtualMachine) and facts.replica is None:
            return None
        made: Any = cls
        row = made(
            id=f"{entry.kind}:{entry.key}",
            kind=entry.kind,
            name=facts.name,
            device=entry.device,
            site=self._sites.get(entry.device, ""),
            first_seen=entry.first_seen,
            seen_at=entry.seen_at,
            changed_at=entry.changed_at,
            gone=entry.gone,
            facts=facts,
        )
        says = {name: getattr(row, name) for name in ("kind", "name", "device", "site")}
        says |= {"gone": str(entry.gone).lower(), "state": _state(facts)}
        return Row(row.id, says, to_text(row).encode())


def _wanted_or_lost(entry: Entry) -> bool:
    """Whether a row that was not made is one that could not be read."""
    try:
        entry.peek()
    except UnreadableFactsError:
        return True
    return False


def _state(facts: Any) -> str:
    """The word for the state of an object, as its vendor has it; empty for what has none."""
    for field in ("state", "role", "power", "connection_state"):
        found = getattr(facts, field, None)
        if found is not None:
            return str(found)
    return ""


def sites(settings: Settings) -> Listing:
    rows = []
    for site in settings.sites:
        there = tuple(device.name for device in settings.devices if device.site == site.name)
        row = SiteRow(id=site.name, role=site.role, l2_stretched=site.l2_stretched, devices=there)
        rows.append(Row(row.id, {"role": row.role}, to_text(row).encode()))
    return Listing(rows)


def devices(statuses: Iterable[DeviceStatus]) -> Listing:
    rows = []
    for status in statuses:
        row = DeviceRow(
            id=status.name,
            kind=status.kind,
            site=status.site,
            health=status.health,
            since=status.since,
            last_read=status.last_ok,
            next_try=status.next_try,
            reading_took_s=status.sweep_s,
            failure=status.failure,
            clock_skew_s=status.clock_skew_s,
            identity_verified=status.verified,
            parts_not_read=len(status.problems),
        )
        says = {"kind": row.kind, "site": row.site, "health": row.health}
        rows.append(Row(row.id, says, to_text(row).encode()))
    return Listing(rows)
