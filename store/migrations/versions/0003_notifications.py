"""notices and their deliveries; what runs did until now is no news"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("last_at", sa.String(length=27), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("means", sa.String(), nullable=False),
        sa.Column("next", sa.String(), nullable=False),
        sa.Column("routed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("key", name=op.f("uq_notice_key")),
    )
    op.create_index(op.f("ix_notice_routed"), "notice", ["routed"], unique=False)
    op.create_index("ix_notice_target_kind", "notice", ["target", "kind"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("notice", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try", sa.String(length=27), nullable=True),
        sa.Column("sent_at", sa.String(length=27), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("batch", sa.String(), nullable=True),
        sa.Column("claimed", sa.String(), nullable=True),
        sa.Column("claimed_until", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("notice", "channel", name=op.f("pk_delivery")),
    )
    op.create_index("ix_delivery_channel_state", "delivery", ["channel", "state"], unique=False)
    op.execute("INSERT INTO store_meta (name, value) SELECT 'journal_told', coalesce(max(seq), 0) FROM journal")


def downgrade() -> None:
    op.execute("DELETE FROM store_meta WHERE name = 'journal_told'")
    op.drop_table("delivery")
    op.drop_table("notice")
