"""where the estate stands: sites, racks, systems, feeds, links, VLANs and plain rows, by their source"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "infra_source",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_infra_source")),
    )
    op.create_table(
        "infra_item",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["infra_source.name"], name=op.f("fk_infra_item_source_infra_source")),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_infra_item")),
    )
    op.create_index(op.f("ix_infra_item_source"), "infra_item", ["source"])


def downgrade() -> None:
    op.drop_index(op.f("ix_infra_item_source"), table_name="infra_item")
    op.drop_table("infra_item")
    op.drop_table("infra_source")
