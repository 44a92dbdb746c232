"""What only a store on a PostgreSQL server has: sessions that break, other defaults, being told, a clock of its own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from store import engine, journal
from store.database import open_store
from store.errors import StoreAwayError, StoreError
from store.ledger import Ledger
from store.migrations import HEAD
from store.place import Server
from store.postgres import _Desk
from store.postgres_link import parameters, timeline
from store.runs import Plan
from tests.faults.cutting_proxy import proxy
from tests.postgres import Postgres
from tests.store.places import administrator

PLAN = Plan("stop", "stop oradb", ("rcg:1:oradb",), datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture
def server(postgres: Postgres) -> Iterator[Server]:
    with postgres.store() as store:
        yield store


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.01)


def end_sessions(server: Server) -> None:
    """As the server does when it is restarted."""
    with administrator(server) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def notes(ledger: Ledger) -> list[str]:
    return [json.loads(entry.body)["text"] for entry in ledger.journal("r") if entry.kind == "note"]


def test_a_session_that_was_ended_between_two_entries_is_made_anew_and_nobody_notices(server: Server) -> None:
    with closing(Ledger(server)) as ledger:
        ledger.propose("r", PLAN, "ops")
        for number in range(3):
            end_sessions(server)
            ledger.remark("r", "note", {"text": f"{number}"})
            end_sessions(server)
            assert notes(ledger) == [f"{each}" for each in range(number + 1)]
    assert journal.verify(server).broken is None


def test_a_session_that_is_ended_within_a_transaction_takes_it_along_and_is_told_as_not_written(server: Server) -> None:
    ends = threading.Event()

    def clock() -> datetime:  # the ledger asks for the time within its transactions too
        if ends.is_set():
            ends.clear()
            end_sessions(server)
        return datetime.now(UTC)

    with closing(Ledger(server, clock)) as ledger:
        ledger.propose("r", PLAN, "ops")
        ends.set()
        with pytest.raises(StoreAwayError) as caught:
            ledger.remark("r", "note", {"text": "lost"})
        assert caught.value.transaction is None
        ledger.remark("r", "note", {"text": "kept"})
        assert notes(ledger) == ["kept"]
    assert journal.verify(server).broken is None


def test_the_chain_is_one_line_whatever_isolation_the_database_has_by_default(postgres: Postgres) -> None:
    server = postgres.server(name := postgres.database())
    with postgres.connect("postgres") as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    with closing(Ledger(server)) as one, closing(Ledger(server)) as two:
        one.propose("r", PLAN, "ops")

        def writes(ledger: Ledger) -> None:
            for _ in range(25):
                ledger.remark("r", "note", {"text": "x"})

        threads = [threading.Thread(target=writes, args=(ledger,)) for ledger in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(notes(one)) == 50
    assert (journal.verify(server).entries, journal.verify(server).broken) == (51, None)


def test_whoever_listens_is_told_of_each_transaction_and_after_a_loss(server: Server, postgres: Postgres) -> None:
    rung = threading.Event()
    with proxy(postgres.port) as wire, closing(Ledger(server)) as ledger:
        near = Server(server.url.replace(f":{postgres.port}/", f":{wire.port}/"), server.password)
        hang_up = engine.listen(near, rung.set)
        assert hang_up is not None
        try:
            assert rung.wait(60)  # it listens from here on
            rung.clear()
            ledger.propose("r", PLAN, "ops")
            assert rung.wait(60)
            wire.dark(True)
            wire.dark(False)

            def told() -> bool:
                rung.clear()
                ledger.remark("r", "note", {"text": "x"})
                return rung.wait(0.2)

            until(told)
        finally:
            hang_up()


def test_a_file_tells_nobody(tmp_path: Path) -> None:
    assert engine.listen(tmp_path / "store.sqlite", lambda: None) is None


def test_a_database_of_somebody_else_an_encoding_that_loses_letters_and_a_newer_store_are_refused(
    postgres: Postgres, server: Server
) -> None:
    other = postgres.server(postgres.database())
    with administrator(other) as connection:
        connection.execute("CREATE TABLE invoices (id int)")
    with pytest.raises(StoreError, match="holds tables that are none of drdeck"):
        open_store(other)
    with postgres.connect("postgres") as admin:
        admin.execute("CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'")
    with pytest.raises(StoreError, match="is in SQL_ASCII"):
        open_store(postgres.server("ascii"))
    with administrator(server) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    try:
        with pytest.raises(StoreError, match="written by a newer drdeck"):
            open_store(server)
    finally:
        with administrator(server) as connection:
            connection.execute("UPDATE alembic_version SET version_num = %s", (HEAD,))


def test_the_certificate_is_verified_unless_the_address_says_otherwise() -> None:
    assert parameters(Server("postgresql://drdeck@db.example/drdeck"))["sslmode"] == "verify-full"
    assert parameters(Server("postgresql://drdeck@db.example/drdeck?sslmode=require"))["sslmode"] == "require"
    assert "sslmode" not in parameters(Server("postgresql:///drdeck?host=/run/postgresql"))
    assert parameters(Server("postgresql://db/drdeck?connect_timeout=9"))["connect_timeout"] == "9"


def test_the_server_clock_is_taken_for_ours_for_as_long_as_what_is_heard_of_it_allows() -> None:
    desk = _Desk(Server("postgresql://db/drdeck"), ())
    for least, most, ahead in ((-0.2, 0.1, 0.0), (4.9, 5.1, 4.9), (4.0, 9.0, 4.9), (5.0, 5.2, 5.0), (-3.0, -2.9, -2.9)):
        desk.heard(least, most)
        assert desk.ahead == ahead


def test_a_transaction_of_another_timeline_is_none_of_this_server(server: Server) -> None:
    connection = engine.open_place(server)
    try:
        engine.begin(connection)
        xid = connection.exec_driver_sql("SELECT CAST(pg_current_xact_id() AS text)").scalar()
        engine.commit(connection)
        line = timeline(connection.connection.driver_connection)  # type: ignore[arg-type]
        assert engine.landed(connection, f"{xid}@{line}")
        assert not engine.landed(connection, f"{xid}@00000009")
        engine.begin(connection)
        undone = connection.exec_driver_sql("SELECT CAST(pg_current_xact_id() AS text)").scalar()
        engine.rollback(connection)
        assert not engine.landed(connection, f"{undone}@{line}")
    finally:
        engine.close(connection)
