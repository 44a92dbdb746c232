"""runs, their steps and leases, and the journal; exports keep their LUN"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

_ON_SERVER = """
CREATE FUNCTION journal_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the journal only grows'; END $$;
CREATE TRIGGER journal_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
FOR EACH STATEMENT EXECUTE FUNCTION journal_only_grows()
"""
_NEVER = "CREATE TRIGGER journal_no_{0} BEFORE {0} ON journal BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END"


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
    )
    op.create_index(op.f("ix_journal_run"), "journal", ["run"], unique=False)
    op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_head")),
    )
    op.create_table(
        "lease",
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("until", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_lease")),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("plan", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("began_at", sa.String(length=27), nullable=True),
        sa.Column("ended_at", sa.String(length=27), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_index(op.f("ix_run_seq"), "run", ["seq"], unique=False)
    op.create_table(
        "step",
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.String(length=27), nullable=True),
        sa.Column("ended_at", sa.String(length=27), nullable=True),
        sa.Column("facts", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("took_s", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("run", "id", name=op.f("pk_step")),
    )
    op.create_index("ix_step_kind_state", "step", ["kind", "state"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_ON_SERVER)
    else:
        for act in ("UPDATE", "DELETE"):
            op.execute(_NEVER.format(act))
    _convert(_with_vluns)


def downgrade() -> None:
    for table in ("step", "run", "lease", "journal_head", "journal"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION journal_only_grows()")
    _convert(_with_hosts)


def _convert(change: Any) -> None:
    """Change the volumes of every stored remote copy group."""
    connection = op.get_bind()
    sightings = sa.table(
        "sighting", sa.column("kind"), sa.column("key"), sa.column("device"), sa.column("facts", sa.String())
    )
    rows = connection.execute(sa.select(sightings).where(sightings.c.kind == "rcg")).all()
    for row in rows:
        facts = json.loads(row.facts)
        facts["volumes"] = [change(volume) for volume in facts.get("volumes", [])]
        same = (sightings.c.kind == row.kind, sightings.c.key == row.key, sightings.c.device == row.device)
        text = json.dumps(facts, separators=(",", ":"), ensure_ascii=False)
        connection.execute(sightings.update().where(*same).values(facts=text))


def _with_vluns(volume: dict[str, Any]) -> dict[str, Any]:
    """Until now only the hosts were kept: their LUNs are not known."""
    hosts = volume.pop("exported_to", [])
    return {**volume, "vluns": [{"host": host, "lun": None} for host in hosts]}


def _with_hosts(volume: dict[str, Any]) -> dict[str, Any]:
    vluns = volume.pop("vluns", [])
    return {**volume, "exported_to": sorted({vlun["host"] for vlun in vluns})}
