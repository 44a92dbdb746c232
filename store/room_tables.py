"""The tables of the operations room: alerts with their rules, silences and escalation, and incidents."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Column, Field, SQLModel

from store.tables import UtcTime


class AlertRow(SQLModel, table=True):
    """A trouble: ``facts`` is the JSON text of :class:`store.alert_records.Alert`, ``ack`` that of
    :class:`store.alert_records.Ack`: whoever folds the facts never writes it. ``revision`` grows with each change."""

    __tablename__ = "alert"

    key: str = Field(primary_key=True)
    source: str
    state: str = Field(index=True)
    last_seen: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    facts: str
    ack: str | None = None
    revision: int = Field(index=True)


class AlertEpisodeRow(SQLModel, table=True):
    """How far the escalation of a group has come: the JSON text of :class:`store.alert_records.Episode`."""

    __tablename__ = "alert_episode"

    name: str = Field(primary_key=True)
    facts: str


class AlertRuleRow(SQLModel, table=True):
    """A rule of the operator: the JSON text of :class:`store.alert_records.Rule`."""

    __tablename__ = "alert_rule"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    facts: str


class AlertSilenceRow(SQLModel, table=True):
    """A silence: the JSON text of :class:`store.alert_records.Silence`. ``ends`` is always set."""

    __tablename__ = "alert_silence"

    id: int | None = Field(default=None, primary_key=True)
    ends: datetime = Field(sa_column=Column(UtcTime, nullable=False))
    facts: str


class IncidentRow(SQLModel, table=True):
    """An incident: the JSON text of :class:`store.incident_records.Incident`."""

    __tablename__ = "incident"

    id: int | None = Field(default=None, primary_key=True)
    state: str = Field(index=True)
    facts: str
