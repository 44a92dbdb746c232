"""automatic failover: how groups stand, answers, events, shadow decisions, who armed, maintenance windows, the claim"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "auto_group",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_auto_group")),
    )
    op.create_table(
        "auto_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("says", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auto_answer")),
    )
    op.create_index("ix_auto_answer_group_at", "auto_answer", ["group", "at"], unique=False)
    op.create_table(
        "failover_event",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("first_down", sa.String(length=27), nullable=False),
        sa.Column("fired_at", sa.String(length=27), nullable=True),
        sa.Column("facts", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failover_event")),
    )
    op.create_index("ix_failover_event_group", "failover_event", ["group"], unique=False)
    op.create_table(
        "auto_shadow",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("would", sa.Boolean(), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auto_shadow")),
    )
    op.create_index("ix_auto_shadow_group", "auto_shadow", ["group"], unique=False)
    op.create_table(
        "auto_arming",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auto_arming")),
    )
    op.create_index("ix_auto_arming_group", "auto_arming", ["group"], unique=False)
    op.create_table(
        "maintenance_window",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("ends", sa.String(length=27), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_window")),
    )
    op.create_table(
        "auto_claim",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("until", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_auto_claim")),
    )


def downgrade() -> None:
    for table in (
        "auto_claim",
        "maintenance_window",
        "auto_arming",
        "auto_shadow",
        "failover_event",
        "auto_answer",
        "auto_group",
    ):
        op.drop_table(table)
