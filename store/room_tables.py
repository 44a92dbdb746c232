"""The tables of the operations room: alerts with their rules, silences and escalation, and incidents."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from store.tables import METADATA, UtcTime

ALERT = Table(
    "alert",
    METADATA,
    Column("key", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("last_seen", UtcTime, nullable=False),
    Column("facts", String, nullable=False),
    Column("ack", String),
    Column("revision", Integer, nullable=False, index=True),
)
"""A trouble: ``facts`` is the JSON text of :class:`store.alert_records.Alert`, ``ack`` that of
:class:`store.alert_records.Ack`: whoever folds the facts never writes it. ``revision`` grows with each change."""

ALERT_EPISODE = Table(
    "alert_episode",
    METADATA,
    Column("name", String, primary_key=True),
    Column("facts", String, nullable=False),
)
"""How far the escalation of a group has come: the JSON text of :class:`store.alert_records.Episode`."""

ALERT_RULE = Table(
    "alert_rule",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("facts", String, nullable=False),
)
"""A rule of the operator: the JSON text of :class:`store.alert_records.Rule`."""

ALERT_SILENCE = Table(
    "alert_silence",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("ends", UtcTime, nullable=False),
    Column("facts", String, nullable=False),
)
"""A silence: the JSON text of :class:`store.alert_records.Silence`. ``ends`` is always set."""

INCIDENT = Table(
    "incident",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("state", String, nullable=False, index=True),
    Column("facts", String, nullable=False),
)
"""An incident: the JSON text of :class:`store.incident_records.Incident`."""
