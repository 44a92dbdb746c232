"""Rows of the operations room: where things stand, alerts, incidents, capacity and cost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime

from app.api.listing import Listing, Row
from app.api.rows import AlertRow, CapacityRow, CostRow, IncidentRow, PlaceRow, RackRow
from store.alerts import Kept as KeptAlert
from store.capacity_view import Capacity, Headroom
from store.cost_view import Cost, CostItem, over_budget
from store.incident_records import Incident
from store.infra.book import Kept
from store.infra.records import Link, Plain, Rack, Site, System
from store.recorded import to_text
from store.trends import Lacking


def racks(kept: Kept) -> Listing:
    standing: dict[str, list[System]] = {}
    for item in kept.items.values():
        if isinstance(item, System) and item.rack_key is not None:
            standing.setdefault(item.rack_key, []).append(item)
    rows = []
    for ref, item in kept.items.items():
        if isinstance(item, Rack):
            row = _rack(item, standing.get(item.key, []), kept.source_of[ref])
            rows.append(Row(row.id, {"site": row.site, "row": row.row or ""}, to_text(row).encode()))
    return Listing(rows)


def _rack(rack: Rack, systems: list[System], source: str) -> RackRow:
    taken = {unit for each in systems if each.u is not None for unit in _units(each.u, each.height)}
    return RackRow(
        id=rack.key,
        name=rack.name,
        site=rack.site,
        row=rack.row,
        units=rack.units,
        units_used=len(taken),
        watts=sum(each.watts or 0 for each in systems),
        feeds=rack.feeds,
        systems=tuple(sorted(each.name for each in systems)),
        source=source,
    )


def _units(lowest: float, height: float) -> range:
    """The whole units that something touches."""
    return range(math.floor(lowest), math.ceil(lowest + height))


def places(kept: Kept) -> Listing:
    rows = []
    for ref, item in kept.items.items():
        if isinstance(item, Rack):
            continue
        site = item.name if isinstance(item, Site) else "" if isinstance(item, Plain | Link) else item.site
        row = PlaceRow(id=f"{ref[0]}:{ref[1]}", kind=ref[0], site=site, source=kept.source_of[ref], facts=item)
        rows.append(Row(row.id, {"kind": row.kind, "site": site}, to_text(row).encode()))
    return Listing(rows)


def alerts(kept: Iterable[KeptAlert], now: datetime) -> Listing:
    rows = []
    for each in kept:
        alert, fact = each.alert, each.alert.fact
        ack = each.ack if each.ack is not None and each.ack.holds(alert, now) else None
        row = AlertRow(
            id=alert.key,
            kind=fact.kind,
            state=alert.state,
            severity=fact.severity,
            site=fact.site,
            target=fact.target,
            subject=fact.subject,
            what=fact.what,
            next=fact.next,
            count=alert.count,
            first_seen=alert.first_seen,
            last_seen=alert.last_seen,
            opened_at=alert.opened_at,
            resolved_at=alert.resolved_at,
            owner=None if ack is None else ack.owner,
            owned_until=None if ack is None else ack.until,
            reason=None if ack is None else ack.reason,
        )
        says = {name: getattr(row, name) for name in ("kind", "state", "severity", "site")}
        rows.append(Row(row.id, {**says, "owner": row.owner or ""}, to_text(row).encode()))
    return Listing(rows)


def incidents(found: Iterable[Incident], runs: Mapping[int, tuple[str, ...]]) -> Listing:
    rows = []
    for incident in found:
        row = IncidentRow(
            id=f"INC-{incident.id:06}",
            title=incident.title,
            severity=incident.severity,
            state=incident.state,
            component=incident.component,
            site=incident.site,
            by=incident.by,
            declared_at=incident.declared_at,
            commander=incident.commander,
            scribe=incident.scribe,
            resolved_at=incident.resolved_at,
            resolution=incident.resolution,
            runs=runs.get(incident.id, ()),
        )
        says = {name: getattr(row, name) for name in ("state", "severity", "site")}
        rows.append(Row(row.id, says, to_text(row).encode()))
    return Listing(rows)


def capacity(found: Capacity) -> Listing:
    rows = []
    for each in found.rows:
        row = _headroom(each, found)
        says = {"site": row.site, "resource": row.resource, "fits": str(row.fits).lower()}
        rows.append(Row(row.id, says, to_text(row).encode()))
    return Listing(rows)


def _headroom(each: Headroom, of: Capacity) -> CapacityRow:
    full = each.full
    days = (None, None, None) if full is None else (full.expected, full.earliest, full.latest)
    expected, earliest, latest = (None if day is None else day.isoformat() for day in days)
    return CapacityRow(
        id=each.key,
        system=each.measured.name,
        site=each.site,
        resource=each.resource,
        total=each.total,
        used=each.measured.used,
        needed=each.needed,
        left=each.left,
        fits=each.fits,
        measured_at=each.measured.at,
        full_expected=expected,
        full_earliest=earliest,
        full_latest=latest,
        until=of.until.isoformat(),
        lacking=str(each.line) if isinstance(each.line, Lacking) else None,
    )


def cost(found: Cost) -> Listing:
    rows = []
    for item in found.items:
        row = _cost(item, found.currency)
        rows.append(Row(row.id, {"of": row.of}, to_text(row).encode()))
    return Listing(rows)


def _cost(item: CostItem, currency: str | None) -> CostRow:
    return CostRow(
        id=item.key,
        of=item.of,
        name=item.name,
        about=item.about,
        amount=None if item.known is None else str(item.known),
        currency=currency,
        budget=None if item.budget is None else str(item.budget),
        over_budget=over_budget(item),
        at=item.at,
        inputs=tuple(f"{line.label}: {line.inputs}" for line in item.lines if line.amount is not None),
        lacking=tuple(f"{line.label}: {line.why}" for line in item.lacking),
    )
