"""alerts with their rules, silences and escalation; incidents, and the runs that are begun for one"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("last_seen", sa.String(length=27), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.Column("ack", sa.String(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_alert")),
    )
    op.create_index(op.f("ix_alert_state"), "alert", ["state"], unique=False)
    op.create_index(op.f("ix_alert_revision"), "alert", ["revision"], unique=False)
    op.create_table(
        "alert_episode",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_alert_episode")),
    )
    op.create_table(
        "alert_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_rule")),
        sa.UniqueConstraint("name", name=op.f("uq_alert_rule_name")),
    )
    op.create_table(
        "alert_silence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ends", sa.String(length=27), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_silence")),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index(op.f("ix_incident_state"), "incident", ["state"], unique=False)
    op.add_column("run", sa.Column("incident", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_run_incident"), "run", ["incident"], unique=False)
    op.add_column("notice", sa.Column("only_channel", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("notice", "only_channel")
    op.drop_index(op.f("ix_run_incident"), table_name="run")
    op.drop_column("run", "incident")
    for table in ("incident", "alert_silence", "alert_rule", "alert_episode", "alert"):
        op.drop_table(table)
