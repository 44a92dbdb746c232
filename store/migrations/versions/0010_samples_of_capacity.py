"""samples of capacity, kept and thinned"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "capacity_series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capacity_series")),
        sa.UniqueConstraint("kind", "key", "resource", name=op.f("uq_capacity_series_kind_key_resource")),
    )
    op.create_table(
        "capacity_sample",
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("grain", sa.String(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("used", sa.Float(), nullable=False),
        sa.Column("total", sa.Float(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series"], ["capacity_series.id"], name=op.f("fk_capacity_sample_series_capacity_series")
        ),
        sa.PrimaryKeyConstraint("series", "grain", "at", name=op.f("pk_capacity_sample")),
    )
    op.create_index("ix_capacity_sample_grain_at", "capacity_sample", ["grain", "at"])


def downgrade() -> None:
    op.drop_index("ix_capacity_sample_grain_at", table_name="capacity_sample")
    op.drop_table("capacity_sample")
    op.drop_table("capacity_series")
