"""What Alembic runs: on the connection that the program hands over, or on the file named by ``-x store=FILE``."""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, create_engine

from store import room_tables as room_tables  # so that its tables are known too
from store.tables import METADATA, UtcTime


def _render(type_: str, obj: object, _context: AutogenContext) -> str | Literal[False]:
    # A revision is a record of the past: it names the type that the column has in the file, not today's class.
    return "sa.String(length=27)" if type_ == "type" and isinstance(obj, UtcTime) else False


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True, render_item=_render)
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    given = context.config.attributes.get("connection")
    if isinstance(given, Connection):
        _run(given)
        return
    path = context.get_x_argument(as_dictionary=True).get("store")
    if not path:
        raise SystemExit("Name the file: alembic -c store/migrations/alembic.ini -x store=FILE ...")
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        _run(connection)
    engine.dispose()


main()
