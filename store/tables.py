"""The tables of the store. Times are text in UTC, facts are JSON text (:mod:`store.codec`)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, MetaData, String, Table, UniqueConstraint
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Column, Field, SQLModel

from store.times import from_text, to_text

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMES


class UtcTime(TypeDecorator[datetime]):
    """A moment as ``2026-01-31T03:00:00.000000Z``: sorts as text, reads as UTC, and a time without zone is refused."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else to_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_text(value)


class SightingRow(SQLModel, table=True):
    """What one device last said of one object. ``seen_at`` NULL: it is in the device's latest reading, see ``last_ok``.

    ``revision`` is the store's count of writing transactions when the row was written: by it another console finds what
    is new to it.
    """

    __tablename__ = "sighting"

    kind: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    device: str = Field(primary_key=True)
    facts: str
    first_seen: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    changed_at: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    seen_at: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))
    gone: bool = False
    revision: int = Field(index=True)


class DeviceRow(SQLModel, table=True):
    """The state of one device. ``last_ok`` is when its latest reading began."""

    __tablename__ = "device"

    name: str = Field(primary_key=True)
    kind: str
    site: str
    address: str
    health: str
    since: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))
    last_ok: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))
    failure: str | None = None
    text: str | None = None
    problems: str
    clock_skew_s: float | None = None
    verified: bool = True
    revision: int


class EventRow(SQLModel, table=True):
    """One thing that changed."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_kind_key", "kind", "key"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_column=Column(UtcTime, nullable=False, index=True))
    kind: str
    key: str
    label: str
    device: str
    field: str
    before: str | None = None
    after: str | None = None


class StoreMeta(SQLModel, table=True):
    """Numbers of the store itself. ``revision`` counts the writing transactions."""

    __tablename__ = "store_meta"

    name: str = Field(primary_key=True)
    value: int


class JournalRow(SQLModel, table=True):
    """One entry of the journal. ``hash`` chains it to the one before (:mod:`store.journal`); triggers of the file let
    no program change or delete one. ``run`` is empty for what belongs to none."""

    __tablename__ = "journal"

    seq: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    run: str = Field(index=True)
    kind: str
    body: str
    hash: bytes


class JournalHead(SQLModel, table=True):
    """The newest entry, in one row: without it a journal that lost its last entries would look whole."""

    __tablename__ = "journal_head"

    id: int | None = Field(default=None, primary_key=True)
    seq: int
    hash: bytes


class LeaseRow(SQLModel, table=True):
    """Who may act on a target. ``epoch`` counts its holders: an older one is refused. The row stays when it is free."""

    __tablename__ = "lease"

    target: str = Field(primary_key=True)
    epoch: int
    holder: str
    run: str
    until: datetime = Field(sa_column=Column(UtcTime, nullable=False))


class RunRow(SQLModel, table=True):
    """A run. ``plan`` is the JSON text of :class:`store.runs.Plan`, ``approval`` that of :class:`store.runs.Approval`,
    NULL where one person was enough; ``seq`` the newest journal entry about it, ``incident`` the number of what it was
    begun for."""

    __tablename__ = "run"

    id: str = Field(primary_key=True)
    plan: str
    state: str
    by: str
    created_at: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    began_at: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))
    note: str | None = None
    seq: int = Field(index=True)
    approval: str | None = None
    incident: int | None = Field(default=None, index=True)


class StepRow(SQLModel, table=True):
    """A step of a run. ``facts`` is the JSON text of what was last observed; ``took_s`` how long its act
    lasted or, once it is done, all of it."""

    __tablename__ = "step"
    __table_args__ = (Index("ix_step_kind_state", "kind", "state"),)

    run: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    state: str
    attempts: int
    began_at: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))
    facts: str
    answer: str | None = None
    reason: str | None = None
    took_s: float | None = None


class NoticeRow(SQLModel, table=True):
    """An event that operators are told of (:class:`store.notices.Event`). ``routed``: its channels were decided;
    ``only_channel``: the one that it is for, empty: all that take it."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_target_kind", "target", "kind"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    at: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    last_at: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    count: int
    kind: str
    severity: str
    site: str
    target: str
    subject: str
    what: str
    means: str
    next: str
    only_channel: str = Field(default="", sa_column_kwargs={"server_default": ""})
    routed: bool = Field(index=True)


class DeliveryRow(SQLModel, table=True):
    """A notice on one channel (:class:`store.notices.Delivery`). ``claimed`` is the program that sends it now."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_channel_state", "channel", "state"),)

    notice: int = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    state: str
    attempts: int
    next_try: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))
    sent_at: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))
    reason: str | None = None
    batch: str | None = None
    claimed: str | None = None
    claimed_until: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))


class ScheduleRow(SQLModel, table=True):
    """A schedule. ``options`` and ``timetable`` are the JSON texts of their records; ``next_run`` NULL: paused. The row
    of one that was removed stays with its history, at ``removed_at``."""

    __tablename__ = "schedule"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True)
    kind: str
    target: str
    options: str
    timetable: str
    made_by: str
    made_at: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    next_run: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))
    misfires: int = 0
    removed_at: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))


class ScheduleRunRow(SQLModel, table=True):
    """One time at which a schedule was due: whoever inserts it does it, nobody else. ``until`` is how long its doer may
    be silent before it is taken for gone; ``count`` times, up to ``last_due``, where several were missed."""

    __tablename__ = "schedule_run"
    __table_args__ = (UniqueConstraint("schedule", "due"),)

    id: int | None = Field(default=None, primary_key=True)
    schedule: int = Field(foreign_key="schedule.id")
    due: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    trigger: str
    result: str = Field(index=True)
    by: str
    began_at: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    until: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))
    run: str | None = Field(default=None, index=True)
    notes: str = "[]"
    count: int = 1
    last_due: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))


class ScheduledSnapshotRow(SQLModel, table=True):
    """A completed snapshot that a schedule made of a machine; the row goes once the device says that it is gone."""

    __tablename__ = "schedule_snapshot"

    schedule: int = Field(primary_key=True, foreign_key="schedule.id")
    vm: str = Field(primary_key=True)
    snapshot: str = Field(primary_key=True)
    name: str
    taken_at: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    run: str


class AutoGroupRow(SQLModel, table=True):
    """How the automatic failover of a group stands: the JSON text of :class:`store.auto_records.Standing`."""

    __tablename__ = "auto_group"

    name: str = Field(primary_key=True)
    state: str
    standing: str


class AutoAnswerRow(SQLModel, table=True):
    """What a witness answered."""

    __tablename__ = "auto_answer"
    __table_args__ = (Index("ix_auto_answer_group_at", "group", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    group: str
    part: str
    says: str
    evidence: str
    at: datetime = Field(sa_column=Column(UtcTime, nullable=False))


class FailoverEventRow(SQLModel, table=True):
    """One outage or failover. ``facts`` is the JSON text of :class:`store.auto_records.FailoverEvent`."""

    __tablename__ = "failover_event"
    __table_args__ = (Index("ix_failover_event_group", "group"),)

    id: str = Field(primary_key=True)
    group: str
    kind: str
    state: str
    first_down: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    fired_at: datetime | None = Field(default=None, sa_column=Column(UtcTime, nullable=True))
    facts: str


class ShadowRow(SQLModel, table=True):
    """What would have been done. ``facts`` is the JSON text of :class:`store.auto_records.ShadowDecision`."""

    __tablename__ = "auto_shadow"
    __table_args__ = (Index("ix_auto_shadow_group", "group"),)

    id: str = Field(primary_key=True)
    group: str
    would: bool
    facts: str


class ArmingRow(SQLModel, table=True):
    """Who armed a group. ``facts`` is the JSON text of :class:`store.auto_records.Arming`."""

    __tablename__ = "auto_arming"
    __table_args__ = (Index("ix_auto_arming_group", "group"),)

    id: int | None = Field(default=None, primary_key=True)
    group: str
    facts: str


class WindowRow(SQLModel, table=True):
    """A maintenance window: the JSON text of :class:`store.auto_records.Window`. ``ends`` is always set."""

    __tablename__ = "maintenance_window"

    id: int | None = Field(default=None, primary_key=True)
    site: str
    ends: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    facts: str


class ClaimRow(SQLModel, table=True):
    """Who watches the groups: one for a store."""

    __tablename__ = "auto_claim"

    name: str = Field(primary_key=True)
    holder: str
    epoch: int
    until: datetime = Field(sa_column=Column(UtcTime, nullable=False))


class PlanCheckRow(SQLModel, table=True):
    """The last check of a recovery plan. ``facts`` is the JSON text of :class:`store.plan_records.PlanCheck`."""

    __tablename__ = "plan_check"

    plan: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    facts: str


class InfraSourceRow(SQLModel, table=True):
    """Where items of the infrastructure were imported from, and when that was done last."""

    __tablename__ = "infra_source"

    name: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    by: str


class InfraItemRow(SQLModel, table=True):
    """An item of the infrastructure, of one source. ``facts`` is the JSON text of a record of
    :mod:`store.infra.records`."""

    __tablename__ = "infra_item"

    kind: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    source: str = Field(foreign_key="infra_source.name", index=True)
    facts: str


class CapacitySeriesRow(SQLModel, table=True):
    """What samples of capacity are of. ``name`` and ``device`` are as they were last."""

    __tablename__ = "capacity_series"
    __table_args__ = (UniqueConstraint("kind", "key", "resource"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    key: str
    resource: str
    name: str
    device: str


class CapacitySampleRow(SQLModel, table=True):
    """The fullest that was measured in one stretch of time (:class:`store.capacity_records.Sample`)."""

    __tablename__ = "capacity_sample"
    __table_args__ = (Index("ix_capacity_sample_grain_at", "grain", "at"),)

    series: int = Field(primary_key=True, foreign_key="capacity_series.id")
    grain: str = Field(primary_key=True)
    at: datetime = Field(sa_column=Column(UtcTime, nullable=False, primary_key=True))
    used: float
    total: float | None = None
    count: int


METADATA: MetaData = SQLModel.metadata


def table(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table of a model."""
    return METADATA.tables[str(model.__tablename__)]
