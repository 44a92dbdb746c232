"""recovery plans: how each stood when it was last checked"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "plan_check",
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("plan", name=op.f("pk_plan_check")),
    )


def downgrade() -> None:
    op.drop_table("plan_check")
