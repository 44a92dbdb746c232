"""The tables of the store. Times are text in UTC, facts are JSON text (:mod:`store.codec`)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator

from store.times import from_text, to_text

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA = MetaData(naming_convention=NAMES)


class UtcTime(TypeDecorator[datetime]):
    """A moment as ``2026-01-31T03:00:00.000000Z``: sorts as text, reads as UTC, and a time without zone is refused."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else to_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_text(value)


SIGHTING = Table(
    "sighting",
    METADATA,
    Column("kind", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("device", String, primary_key=True),
    Column("facts", String, nullable=False),
    Column("first_seen", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime),
    Column("gone", Boolean, nullable=False),
    Column("revision", Integer, nullable=False, index=True),
)
"""What one device last said of one object. ``seen_at`` NULL: it is in the device's latest reading, see ``last_ok``.

``revision`` is the store's count of writing transactions when the row was written: by it another console finds what
is new to it."""

DEVICE = Table(
    "device",
    METADATA,
    Column("name", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("site", String, nullable=False),
    Column("address", String, nullable=False),
    Column("health", String, nullable=False),
    Column("since", UtcTime),
    Column("last_ok", UtcTime),
    Column("failure", String),
    Column("text", String),
    Column("problems", String, nullable=False),
    Column("clock_skew_s", Float),
    Column("verified", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
)
"""The state of one device. ``last_ok`` is when its latest reading began."""

EVENT = Table(
    "event",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False),
    Column("label", String, nullable=False),
    Column("device", String, nullable=False),
    Column("field", String, nullable=False),
    Column("before", String),
    Column("after", String),
    Index("ix_event_kind_key", "kind", "key"),
)
"""One thing that changed."""

STORE_META = Table(
    "store_meta",
    METADATA,
    Column("name", String, primary_key=True),
    Column("value", Integer, nullable=False),
)
"""Numbers of the store itself. ``revision`` counts the writing transactions."""

JOURNAL = Table(
    "journal",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("run", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("body", String, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
"""One entry of the journal. ``hash`` chains it to the one before (:mod:`store.journal`); triggers of the file let
no program change or delete one. ``run`` is empty for what belongs to none."""

JOURNAL_HEAD = Table(
    "journal_head",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
"""The newest entry, in one row: without it a journal that lost its last entries would look whole."""

LEASE = Table(
    "lease",
    METADATA,
    Column("target", String, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("holder", String, nullable=False),
    Column("run", String, nullable=False),
    Column("until", UtcTime, nullable=False),
)
"""Who may act on a target. ``epoch`` counts its holders: an older one is refused. The row stays when it is free."""

RUN = Table(
    "run",
    METADATA,
    Column("id", String, primary_key=True),
    Column("plan", String, nullable=False),
    Column("state", String, nullable=False),
    Column("by", String, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("began_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("note", String),
    Column("seq", Integer, nullable=False, index=True),
    Column("approval", String),
    Column("incident", Integer, index=True),
)
"""A run. ``plan`` is the JSON text of :class:`store.runs.Plan`, ``approval`` that of :class:`store.runs.Approval`,
NULL where one person was enough; ``seq`` the newest journal entry about it, ``incident`` the number of what it was
begun for."""

STEP = Table(
    "step",
    METADATA,
    Column("run", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("began_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("facts", String, nullable=False),
    Column("answer", String),
    Column("reason", String),
    Column("took_s", Float),
    Index("ix_step_kind_state", "kind", "state"),
)
"""A step of a run. ``facts`` is the JSON text of what was last observed; ``took_s`` how long its act
lasted or, once it is done, all of it."""

NOTICE = Table(
    "notice",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("at", UtcTime, nullable=False),
    Column("last_at", UtcTime, nullable=False),
    Column("count", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("site", String, nullable=False),
    Column("target", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("what", String, nullable=False),
    Column("means", String, nullable=False),
    Column("next", String, nullable=False),
    Column("only_channel", String, nullable=False),
    Column("routed", Boolean, nullable=False, index=True),
    Index("ix_notice_target_kind", "target", "kind"),
)
"""An event that operators are told of (:class:`store.notices.Event`). ``routed``: its channels were decided;
``only_channel``: the one that it is for, empty: all that take it."""

DELIVERY = Table(
    "delivery",
    METADATA,
    Column("notice", Integer, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try", UtcTime),
    Column("sent_at", UtcTime),
    Column("reason", String),
    Column("batch", String),
    Column("claimed", String),
    Column("claimed_until", UtcTime),
    Index("ix_delivery_channel_state", "channel", "state"),
)
"""A notice on one channel (:class:`store.notices.Delivery`). ``claimed`` is the program that sends it now."""

SCHEDULE = Table(
    "schedule",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("target", String, nullable=False),
    Column("options", String, nullable=False),
    Column("timetable", String, nullable=False),
    Column("made_by", String, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("next_run", UtcTime),
    Column("misfires", Integer, nullable=False),
    Column("removed_at", UtcTime),
)
"""A schedule. ``options`` and ``timetable`` are the JSON texts of their records; ``next_run`` NULL: paused. The row
of one that was removed stays with its history, at ``removed_at``."""

SCHEDULE_RUN = Table(
    "schedule_run",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("schedule", Integer, ForeignKey("schedule.id"), nullable=False),
    Column("due", UtcTime, nullable=False),
    Column("trigger", String, nullable=False),
    Column("result", String, nullable=False, index=True),
    Column("by", String, nullable=False),
    Column("began_at", UtcTime, nullable=False),
    Column("until", UtcTime),
    Column("ended_at", UtcTime),
    Column("run", String, index=True),
    Column("notes", String, nullable=False),
    Column("count", Integer, nullable=False),
    Column("last_due", UtcTime),
    UniqueConstraint("schedule", "due"),
)
"""One time at which a schedule was due: whoever inserts it does it, nobody else. ``until`` is how long its doer may
be silent before it is taken for gone; ``count`` times, up to ``last_due``, where several were missed."""

SCHEDULED_SNAPSHOT = Table(
    "schedule_snapshot",
    METADATA,
    Column("schedule", Integer, ForeignKey("schedule.id"), primary_key=True),
    Column("vm", String, primary_key=True),
    Column("snapshot", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("taken_at", UtcTime, nullable=False),
    Column("run", String, nullable=False),
)
"""A completed snapshot that a schedule made of a machine; the row goes once the device says that it is gone."""

AUTO_GROUP = Table(
    "auto_group",
    METADATA,
    Column("name", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("standing", String, nullable=False),
)
"""How the automatic failover of a group stands: the JSON text of :class:`store.auto_records.Standing`."""

AUTO_ANSWER = Table(
    "auto_answer",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("group", String, nullable=False),
    Column("part", String, nullable=False),
    Column("says", String, nullable=False),
    Column("evidence", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("ix_auto_answer_group_at", "group", "at"),
)
"""What a witness answered."""

FAILOVER_EVENT = Table(
    "failover_event",
    METADATA,
    Column("id", String, primary_key=True),
    Column("group", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("first_down", UtcTime, nullable=False),
    Column("fired_at", UtcTime),
    Column("facts", String, nullable=False),
    Index("ix_failover_event_group", "group"),
)
"""One outage or failover. ``facts`` is the JSON text of :class:`store.auto_records.FailoverEvent`."""

SHADOW = Table(
    "auto_shadow",
    METADATA,
    Column("id", String, primary_key=True),
    Column("group", String, nullable=False),
    Column("would", Boolean, nullable=False),
    Column("facts", String, nullable=False),
    Index("ix_auto_shadow_group", "group"),
)
"""What would have been done. ``facts`` is the JSON text of :class:`store.auto_records.ShadowDecision`."""

ARMING = Table(
    "auto_arming",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("group", String, nullable=False),
    Column("facts", String, nullable=False),
    Index("ix_auto_arming_group", "group"),
)
"""Who armed a group. ``facts`` is the JSON text of :class:`store.auto_records.Arming`."""

WINDOW = Table(
    "maintenance_window",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("site", String, nullable=False),
    Column("ends", UtcTime, nullable=False),
    Column("facts", String, nullable=False),
)
"""A maintenance window: the JSON text of :class:`store.auto_records.Window`. ``ends`` is always set."""

CLAIM = Table(
    "auto_claim",
    METADATA,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("until", UtcTime, nullable=False),
)
"""Who watches the groups: one for a store."""

PLAN_CHECK = Table(
    "plan_check",
    METADATA,
    Column("plan", String, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("facts", String, nullable=False),
)
"""The last check of a recovery plan. ``facts`` is the JSON text of :class:`store.plan_records.PlanCheck`."""

INFRA_SOURCE = Table(
    "infra_source",
    METADATA,
    Column("name", String, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("by", String, nullable=False),
)
"""Where items of the infrastructure were imported from, and when that was done last."""

INFRA_ITEM = Table(
    "infra_item",
    METADATA,
    Column("kind", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("source", String, ForeignKey("infra_source.name"), nullable=False, index=True),
    Column("facts", String, nullable=False),
)
"""An item of the infrastructure, of one source. ``facts`` is the JSON text of a record of
:mod:`store.infra.records`."""

CAPACITY_SERIES = Table(
    "capacity_series",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False),
    Column("resource", String, nullable=False),
    Column("name", String, nullable=False),
    Column("device", String, nullable=False),
    UniqueConstraint("kind", "key", "resource"),
)
"""What samples of capacity are of. ``name`` and ``device`` are as they were last."""

CAPACITY_SAMPLE = Table(
    "capacity_sample",
    METADATA,
    Column("series", Integer, ForeignKey("capacity_series.id"), primary_key=True),
    Column("grain", String, primary_key=True),
    Column("at", UtcTime, primary_key=True),
    Column("used", Float, nullable=False),
    Column("total", Float),
    Column("count", Integer, nullable=False),
    Index("ix_capacity_sample_grain_at", "grain", "at"),
)
"""The fullest that was measured in one stretch of time (:class:`store.capacity_records.Sample`)."""
