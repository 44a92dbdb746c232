"""The rows of the API: plain records, exactly as they go out as JSON. Times are UTC, spans are seconds.

What a device said is in ``facts``, in the words and units of its vendor, as :mod:`store.estate` describes them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta, Struct

from store.estate.flasharray import FlashArray, ProtectionGroup
from store.estate.power import Lpar, ManagedSystem
from store.estate.remotecopy import RemoteCopyGroup, StorageSystem
from store.estate.vsphere import EsxiHost, VirtualMachine
from store.infra.records import Feed, Link, Plain, Rack, Site, System, Vlan
from store.plan_records import Expected

T = TypeVar("T")

REF = "#/components/schemas/{name}"
"""Where the description of the API has the schema of a record."""

SYSTEMS, ARRAYS = (ManagedSystem, EsxiHost), (FlashArray, StorageSystem)
PLACES = (Site, Rack, Feed, System, Vlan, Link, Plain)
"""What ``facts`` may be where it is one of several."""


def _one_of(records: tuple[type, ...]) -> Meta:
    return Meta(extra_json_schema={"anyOf": [{"$ref": REF.format(name=record.__name__)} for record in records]})


class Health(Struct, frozen=True, kw_only=True):
    """How this service and what it reads fare. ``status`` is ``ok``, or ``degraded`` with the ``reasons``.
    ``oldest_reading`` is when the device that was read least recently was read; null: one never was, or there is none.
    ``twin_of``: the devices are a copy of an estate as it was then. ``devices`` counts them by their health."""

    status: str
    reasons: tuple[str, ...]
    version: str
    lab: bool
    twin_of: datetime | None
    devices_ok: int
    devices_partly_read: int
    devices_failing: int
    devices_never_read: int
    oldest_reading: datetime | None
    runs_alive: int
    journal_entries: int


class SiteRow(Struct, frozen=True, kw_only=True):
    """A site of the configuration. ``devices`` are the names of those there."""

    id: str
    role: str
    l2_stretched: bool
    devices: tuple[str, ...]


class DeviceRow(Struct, frozen=True, kw_only=True):
    """A device of the configuration, and how its last reading went. ``since``: when ``health`` last changed;
    ``last_read``: when the last reading began that came back. ``clock_skew_s``: its clock minus ours."""

    id: str
    kind: str
    site: str
    health: str
    since: datetime | None
    last_read: datetime | None
    next_try: datetime | None
    reading_took_s: float | None
    failure: str | None
    clock_skew_s: float | None
    identity_verified: bool
    parts_not_read: int


class Seen(Struct, frozen=True, kw_only=True):
    """One object of the estate as last seen. ``seen_at``: when ``device`` last reported it; ``changed_at``: when a fact
    of it last changed; ``gone``: its device was read and no longer reported it."""

    id: str
    kind: str
    name: str
    device: str
    site: str
    first_seen: datetime
    seen_at: datetime
    changed_at: datetime
    gone: bool


class SystemRow(Seen, frozen=True, kw_only=True):
    """A managed system (IBM Power) or an ESXi host."""

    facts: Annotated[Any, _one_of(SYSTEMS)]


class ArrayRow(Seen, frozen=True, kw_only=True):
    """A FlashArray or a 3PAR, Primera or Alletra storage system."""

    facts: Annotated[Any, _one_of(ARRAYS)]


class LparRow(Seen, frozen=True, kw_only=True):
    """An LPAR."""

    facts: Lpar


class GroupRow(Seen, frozen=True, kw_only=True):
    """A protection group of a FlashArray."""

    facts: ProtectionGroup


class RcgRow(Seen, frozen=True, kw_only=True):
    """One side of a remote copy group."""

    facts: RemoteCopyGroup


class ReplicaRow(Seen, frozen=True, kw_only=True):
    """A virtual machine that is a replica of another one."""

    facts: VirtualMachine


class PlanRow(Struct, frozen=True, kw_only=True):
    """A recovery plan. ``state`` as the console says it; ``changed``: what is not as it was when it was verified;
    ``errors``: why its file cannot be used. ``applications`` as its last check reckoned them, at ``checked_at``."""

    id: str
    state: str
    source: str
    target: str
    members: str
    changed: tuple[str, ...]
    errors: tuple[str, ...]
    checked_at: datetime | None
    checked_by: str | None
    applications: tuple[Expected, ...]


class CheckRow(Struct, frozen=True, kw_only=True):
    """One check of a recovery plan, of its last verification. ``subject`` is ``plan:NAME``."""

    id: str
    subject: str
    check: str
    severity: str
    verdict: str
    words: str
    evidence: str
    fix: str
    source: str
    seen_at: datetime | None
    checked_at: datetime


class RunRow(Struct, frozen=True, kw_only=True):
    """A run in short; ``/runs/{id}`` has its steps. ``loss_s``: at most so much was agreed to be lost."""

    id: str
    verb: str
    name: str
    targets: tuple[str, ...]
    state: str
    note: str | None
    destructive: bool
    loss_s: float | None
    by: str
    holder: str | None
    created_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    steps: int
    steps_settled: int
    ready_to_activate_s: float | None
    application_up_s: float | None
    awaits_approval: bool
    break_glass: bool
    cleanup_owed: bool


class WindowRow(Struct, frozen=True, kw_only=True):
    """A maintenance window of a site, or of one ``target`` there. ``open``: it holds now."""

    id: str
    site: str
    target: str | None
    begins: datetime
    ends: datetime
    reason: str
    by: str
    open: bool
    ended_at: datetime | None
    ended_by: str | None


class AuditRow(Struct, frozen=True, kw_only=True):
    """An entry of the journal, ``id`` its number. ``hash`` chains it to the one before: ``drdeck audit verify``."""

    id: int
    at: datetime
    run: str
    kind: str
    body: str


class AuditPage(Struct, frozen=True, kw_only=True):
    """A page of the journal, the oldest entry first. ``next``: go on with ``after=`` this; null: there is no more."""

    items: tuple[AuditRow, ...]
    next: int | None


class PageOf(Struct, Generic[T], frozen=True, kw_only=True):
    """A page of a list. ``next``: go on with ``after=`` this; null: there is no more."""

    items: tuple[T, ...]
    next: str | None


class RackRow(Struct, frozen=True, kw_only=True):
    """A rack as it was imported. ``units_used`` counts units that something takes, on either face."""

    id: str
    name: str
    site: str
    row: str | None
    units: int
    units_used: int
    watts: int
    feeds: tuple[str, ...]
    systems: tuple[str, ...]
    source: str


class PlaceRow(Struct, frozen=True, kw_only=True):
    """An item of the infrastructure as it was imported: a site, feed, system, VLAN, link, or a row of a plain table."""

    id: str
    kind: str
    site: str
    source: str
    facts: Annotated[Any, _one_of(PLACES)]


class AlertRow(Struct, frozen=True, kw_only=True):
    """An alert. ``owner``: who has it, until ``owned_until``; null: nobody. ``count`` signs of it since
    ``first_seen``."""

    id: str
    kind: str
    state: str
    severity: str
    site: str
    target: str
    subject: str
    what: str
    next: str
    count: int
    first_seen: datetime
    last_seen: datetime
    opened_at: datetime | None
    resolved_at: datetime | None
    owner: str | None
    owned_until: datetime | None
    reason: str | None


class IncidentRow(Struct, frozen=True, kw_only=True):
    """An incident, with the ids of the runs that carry its number."""

    id: str
    title: str
    severity: str
    state: str
    component: str
    site: str
    by: str
    declared_at: datetime
    commander: str
    scribe: str
    resolved_at: datetime | None
    resolution: str
    runs: tuple[str, ...]


class CapacityRow(Struct, frozen=True, kw_only=True):
    """One resource of one system of a recovery site, in the unit of the resource. ``left`` is what stays once the
    recovery plans have what they all need together; ``full_*``: from which day that is used up, null: not before
    ``until``, or there are too few samples (``lacking``)."""

    id: str
    system: str
    site: str
    resource: str
    total: float
    used: float
    needed: float
    left: float
    fits: bool
    measured_at: datetime
    full_expected: str | None
    full_earliest: str | None
    full_latest: str | None
    until: str
    lacking: str | None


class CostRow(Struct, frozen=True, kw_only=True):
    """What a site or an application costs a month, or what one drill cost. Amounts are decimal texts in ``currency``;
    null: no data, and ``lacking`` says of what."""

    id: str
    of: str
    name: str
    about: str
    amount: str | None
    currency: str | None
    budget: str | None
    over_budget: bool | None
    at: datetime | None
    inputs: tuple[str, ...]
    lacking: tuple[str, ...]
