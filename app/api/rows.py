"""The rows of the API: plain records, exactly as they go out as JSON. Times are UTC, spans are seconds.

What a device said is in ``facts``, in the words and units of its vendor, as :mod:`store.estate` describes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.estate.flasharray import FlashArray, ProtectionGroup
from store.estate.power import Lpar, ManagedSystem
from store.estate.remotecopy import RemoteCopyGroup, StorageSystem
from store.estate.vsphere import EsxiHost, VirtualMachine
from store.plan_records import Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRow:
    """A site of the configuration. ``devices`` are the names of those there."""

    id: str
    role: str
    l2_stretched: bool
    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRow(Seen):
    """A managed system (IBM Power) or an ESXi host."""

    facts: ManagedSystem | EsxiHost


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayRow(Seen):
    """A FlashArray or a 3PAR, Primera or Alletra storage system."""

    facts: FlashArray | StorageSystem


@dataclass(frozen=True, slots=True, kw_only=True)
class LparRow(Seen):
    """An LPAR."""

    facts: Lpar


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow(Seen):
    """A protection group of a FlashArray."""

    facts: ProtectionGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class RcgRow(Seen):
    """One side of a remote copy group."""

    facts: RemoteCopyGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaRow(Seen):
    """A virtual machine that is a replica of another one."""

    facts: VirtualMachine


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRow:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """An entry of the journal, ``id`` its number. ``hash`` chains it to the one before: ``drdeck audit verify``."""

    id: int
    at: datetime
    run: str
    kind: str
    body: str
