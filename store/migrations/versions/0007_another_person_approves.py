"""runs that another person has to approve"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("run", sa.Column("approval", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("run", "approval")
