"""How recovery plans stood when they were last checked: one record for each, which stays until the next check.

Every call opens the store for itself: plans are checked by people, now and then. All raise
:class:`store.errors.StoreError` where the file fails.
"""

from __future__ import annotations

from contextlib import closing

from store import engine
from store.errors import explain
from store.place import Place
from store.plan_records import PlanCheck
from store.recorded import from_text, to_text
from store.times import to_text as stamp


def keep(path: Place, check: PlanCheck) -> None:
    """Keep a check in place of the one before it."""
    sql = (
        "INSERT INTO plan_check (plan, at, facts) VALUES (?, ?, ?) ON CONFLICT (plan) "
        "DO UPDATE SET at = excluded.at, facts = excluded.facts"
    )
    try:
        with closing(engine.open_place(path)) as connection, engine.transaction(connection):
            connection.exec_driver_sql(sql, (check.plan, stamp(check.at), to_text(check)))
    except Exception as error:
        raise explain(error, path) from error


def kept(path: Place) -> dict[str, PlanCheck]:
    """The last check of each plan, by its name."""
    try:
        with closing(engine.open_place(path)) as connection:
            rows = engine.read(connection, "SELECT facts FROM plan_check ORDER BY plan")
    except Exception as error:
        raise explain(error, path) from error
    found = [from_text(PlanCheck, row[0]) for row in rows]
    return {check.plan: check for check in found}
