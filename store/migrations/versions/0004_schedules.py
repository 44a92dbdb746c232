"""schedules, what became of each time at which they were due, and the snapshots that they made"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "schedule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("options", sa.String(), nullable=False),
        sa.Column("timetable", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.String(length=27), nullable=False),
        sa.Column("next_run", sa.String(length=27), nullable=True),
        sa.Column("misfires", sa.Integer(), nullable=False),
        sa.Column("removed_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule")),
    )
    op.create_index(op.f("ix_schedule_name"), "schedule", ["name"], unique=False)
    op.create_table(
        "schedule_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("schedule", sa.Integer(), nullable=False),
        sa.Column("due", sa.String(length=27), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("began_at", sa.String(length=27), nullable=False),
        sa.Column("until", sa.String(length=27), nullable=True),
        sa.Column("ended_at", sa.String(length=27), nullable=True),
        sa.Column("run", sa.String(), nullable=True),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_due", sa.String(length=27), nullable=True),
        sa.ForeignKeyConstraint(["schedule"], ["schedule.id"], name=op.f("fk_schedule_run_schedule_schedule")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_run")),
        sa.UniqueConstraint("schedule", "due", name=op.f("uq_schedule_run_schedule_due")),
    )
    op.create_index(op.f("ix_schedule_run_result"), "schedule_run", ["result"], unique=False)
    op.create_index(op.f("ix_schedule_run_run"), "schedule_run", ["run"], unique=False)
    op.create_table(
        "schedule_snapshot",
        sa.Column("schedule", sa.Integer(), nullable=False),
        sa.Column("vm", sa.String(), nullable=False),
        sa.Column("snapshot", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("taken_at", sa.String(length=27), nullable=False),
        sa.Column("run", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["schedule"], ["schedule.id"], name=op.f("fk_schedule_snapshot_schedule_schedule")),
        sa.PrimaryKeyConstraint("schedule", "vm", "snapshot", name=op.f("pk_schedule_snapshot")),
    )


def downgrade() -> None:
    for table in ("schedule_snapshot", "schedule_run", "schedule"):
        op.drop_table(table)
