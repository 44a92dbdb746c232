"""ESX-12: whatever the store's age, opening it makes its tables complete, and keeps a copy of what was."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from store import check_migrations, engine, migrations, sqlite
from store.database import Store, StoreError, open_store
from store.estate import (
    DeviceKind,
    RcgMode,
    RcgRole,
    RcgStatus,
    RemoteCopyGroup,
    RemoteCopyVolume,
    SyncStatus,
    Vlun,
)
from store.tables import METADATA
from tests.postgres import Postgres
from tests.store.estates import bytes_of, lpars, mode, reading, status

NOW = migrations.HEAD
AHEAD = f"{int(NOW) + 1:04d}"
NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "{ahead}"
down_revision = "{head}"


def upgrade() -> None:
    with op.batch_alter_table("device") as batch:
        batch.add_column(sa.Column("rack", sa.String(), nullable=True))
    {more}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "store.sqlite"
    store = open_store(found)
    store.configure([status()])
    store.apply(reading(0, *lpars(3)))
    store.close()
    return found


def columns(path: Path, table: str) -> set[str]:
    with closing(connect(path)) as raw:
        return {name for _, name, *_ in raw.execute(f"PRAGMA table_info({table})")}


def with_next_revision(folder: Path, monkeypatch: pytest.MonkeyPatch, more: str = "") -> None:
    """A program that is one revision ahead of the store."""
    (folder / "versions").mkdir()
    text = NEXT.replace("{more}", more).replace("{ahead}", AHEAD).replace("{head}", NOW)
    (folder / "versions" / f"{AHEAD}_rack.py").write_text(text)
    config_of = sqlite.alembic_config

    def config(connection: Connection) -> Config:
        found = config_of(connection)
        own = Path(migrations.__file__).parent / "versions"
        found.set_main_option("version_locations", f"{own}:{folder / 'versions'}")
        return found

    monkeypatch.setattr(sqlite, "alembic_config", config)
    monkeypatch.setattr(migrations, "HEAD", AHEAD)


def test_esx_12_a_fresh_store_has_every_table_of_the_code(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    open_store(path).close()
    for name, table in METADATA.tables.items():
        assert columns(path, name) == {column.name for column in table.columns}


def test_esx_12_migrations_and_tables_agree_and_head_is_the_newest(tmp_path: Path, postgres: Postgres) -> None:
    assert check_migrations.differences(tmp_path / "empty.sqlite") == []
    assert check_migrations.differences(postgres.server(postgres.database())) == []


def test_esx_12_revisions_are_numbers_in_one_line() -> None:
    connection = sqlite.create_connection(Path(":memory:"))
    script = ScriptDirectory.from_config(sqlite.alembic_config(connection))
    found = [each.revision for each in reversed(list(script.walk_revisions()))]
    assert found == [f"{number:04d}" for number in range(1, len(found) + 1)]
    assert script.get_heads() == [migrations.HEAD]
    sqlite.close(connection)


def test_the_check_fails_where_a_table_lacks_its_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "HEAD", "0000")
    assert any("HEAD is 0000" in line for line in check_migrations.differences(tmp_path / "empty.sqlite"))
    assert check_migrations.main([]) == 1


def test_an_older_store_is_upgraded_and_a_copy_of_it_kept(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_next_revision(tmp_path, monkeypatch)
    store = open_store(path)
    assert len(store.view.entries("lpar")) == 3
    store.close()
    assert "rack" in columns(path, "device")
    copy = tmp_path / f"store.sqlite.before-{NOW}"
    assert mode(copy) == 0o600
    assert "rack" not in columns(copy, "device")
    monkeypatch.undo()
    old = open_store(copy)
    assert len(old.view.entries("lpar")) == 3
    old.close()
    with pytest.raises(StoreError, match="newer"):
        open_store(path)


def test_the_copy_holds_what_was_only_in_the_write_ahead_log(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(connect(path, isolation_level=None)) as other:
        other.execute("UPDATE device SET site = 'only in the log'")
        assert (tmp_path / "store.sqlite-wal").stat().st_size > 0
        with_next_revision(tmp_path, monkeypatch)
        open_store(path).close()
    with closing(connect(tmp_path / f"store.sqlite.before-{NOW}")) as copy:
        assert copy.execute("SELECT site FROM device").fetchone() == ("only in the log",)


def test_an_upgrade_that_fails_half_way_leaves_the_store_as_it_was(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bytes_of(path)
    with monkeypatch.context() as broken:
        with_next_revision(tmp_path, broken, more='op.execute("NO SUCH STATEMENT")')
        with pytest.raises(StoreError, match="cannot be used"):
            open_store(path)
    assert bytes_of(path) == before
    assert not (tmp_path / f"store.sqlite.before-{NOW}.part").exists()
    store = open_store(path)
    assert len(store.view.entries("lpar")) == 3
    store.close()


def test_an_upgrade_without_room_for_the_copy_leaves_the_store_as_it_was(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = bytes_of(path)
    (tmp_path / f"store.sqlite.before-{NOW}.part").mkdir()  # stands in the way of the copy
    with_next_revision(tmp_path, monkeypatch)
    with pytest.raises(StoreError):
        open_store(path)
    assert bytes_of(path) == before


def test_several_consoles_that_open_a_fresh_store_at_once_make_one_store(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    opened: list[Store] = []
    failures: list[BaseException] = []
    gate = threading.Barrier(4)

    def start() -> None:
        try:
            gate.wait()
            opened.append(open_store(path))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for store in opened:
        store.close()
    with closing(connect(path)) as raw:
        assert raw.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    assert [each.name for each in tmp_path.glob("*before*")] == []


def test_the_command_that_the_tests_run_says_nothing_when_all_is_well() -> None:
    found = subprocess.run([sys.executable, "-m", "store.check_migrations"], capture_output=True, text=True)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_exports_of_a_store_from_before_they_had_luns_keep_their_hosts(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    group = RemoteCopyGroup(
        "3par",
        "CZ1",
        7,
        "oradb",
        "oradb",
        1001,
        "there",
        RcgStatus.STARTED,
        RcgRole.PRIMARY,
        RcgMode.SYNC,
        volumes=(RemoteCopyVolume("v1", 1, "v1", 2, SyncStatus.SYNCED, vluns=(Vlun("h2", 4), Vlun("h1", 3))),),
    )
    store = open_store(path)
    store.configure([status("3par", kind=DeviceKind.THREEPAR)])
    store.apply(reading(0, group, device="3par"))
    store.close()
    connection = sqlite.create_connection(path)
    config = sqlite.alembic_config(connection)
    with engine.transaction(connection):
        command.downgrade(config, "0001")
    sqlite.close(connection)
    with closing(connect(path)) as raw:
        assert '"exported_to":["h1","h2"]' in raw.execute("SELECT facts FROM sighting").fetchone()[0]
    store = open_store(path)
    (entry,) = store.view.entries("rcg")
    store.close()
    assert isinstance(entry.obj, RemoteCopyGroup)
    assert entry.obj.volumes[0].vluns == (Vlun("h1", None), Vlun("h2", None))
