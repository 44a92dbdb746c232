"""The file of the store: private, checked before it is touched, and left as it was when it cannot be used."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from store import keeper
from store.database import StoreError, open_store
from store.records import DeviceHealth
from tests.store.estates import NOON, at, bytes_of, lpar, lpars, mode, reading, running_as_root, status

PATIENCE_MS = 50


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with three LPARs in it, closed."""
    found = tmp_path / "state" / "store.sqlite"
    store = open_store(found)
    store.configure([status()])
    store.apply(reading(0, *lpars(3)))
    store.close()
    return found


@contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


@pytest.fixture
def public(path: Path) -> Iterator[Path]:
    """The store in a folder that everybody can reach: pytest's own folders are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        found = Path(folder) / "store.sqlite"
        shutil.copyfile(path, found)
        yield found


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write everywhere: the test goes on as somebody who may not."""
    if not running_as_root():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def refused(path: Path, words: str) -> StoreError:
    with pytest.raises(StoreError, match=words) as caught:
        open_store(path, PATIENCE_MS)
    assert str(path) in caught.value.message
    assert caught.value.hint
    return caught.value


def test_folder_and_files_are_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "drdeck" / "store.sqlite"
    before = os.umask(0)
    try:
        store = open_store(path)
        store.configure([status()])
        store.apply(reading(0, lpar(1)))
        assert mode(path.parent) == 0o700
        side_files = sorted(path.parent.iterdir())
        assert [each.name for each in side_files] == ["store.sqlite", "store.sqlite-shm", "store.sqlite-wal"]
        assert {mode(each) for each in side_files} == {0o600}
        store.close()
    finally:
        os.umask(before)


def test_a_store_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.chmod(0o644)
    open_store(path).close()
    assert mode(path) == 0o600


def test_what_was_last_seen_is_there_after_a_restart_with_its_age(path: Path) -> None:
    store = open_store(path)
    assert [found.obj for found in store.view.entries("lpar")] == list(lpars(3))
    assert {found.seen_at for found in store.view.entries("lpar")} == {at(0)}
    found = store.view.device("hmc1")
    assert found is not None
    assert (found.health, found.last_ok, found.sweeping) == (DeviceHealth.OK, at(0), False)
    store.close()


def test_opening_and_closing_writes_nothing(path: Path) -> None:
    before = path.read_bytes()
    open_store(path).close()
    assert path.read_bytes() == before


def test_devices_of_the_settings_take_what_is_stored_and_dropped_ones_are_not_shown(path: Path) -> None:
    store = open_store(path)
    store.configure([status("hmc2"), status("hmc1", address="10.1.1.1:22", verified=False)])
    assert [found.name for found in store.view.devices()] == ["hmc2", "hmc1"]
    found = store.view.device("hmc1")
    assert found is not None
    assert (found.address, found.verified, found.last_ok) == ("10.1.1.1:22", False, at(0))
    store.configure([status("hmc2")])
    assert store.view.entries("lpar") == ()
    store.close()
    again = open_store(path)
    assert len(again.view.entries("lpar")) == 3
    again.close()


def test_closing_twice_and_using_a_closed_store_harms_nothing(path: Path) -> None:
    store = open_store(path)
    store.close()
    store.close()
    store.flush()
    store.apply(reading(30, lpar(1)))
    assert [found.gone for found in store.view.entries("lpar")] == [True, False, True]


# --------------------------------------------------------------------------------------- files that cannot be used


def test_a_store_of_a_newer_version_is_refused_and_left_as_it_was(path: Path) -> None:
    with raw(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = bytes_of(path)
    refused(path, "newer drdeck .revision 9999")
    assert bytes_of(path) == before


def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    for name, content in (("tiny", b"x"), ("short", b"interval = 30\n"), ("long", b"interval = 30\n" * 500)):
        path = tmp_path / name
        path.write_bytes(content)
        path.chmod(0o644)
        refused(path, "not a store of drdeck")
        assert path.read_bytes() == content
        assert mode(path) == 0o644
        assert not (tmp_path / f"{name}-wal").exists()


def test_a_database_of_another_program_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with raw(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    before = path.read_bytes()
    refused(path, "not a store of drdeck")
    assert path.read_bytes() == before


def test_a_store_damaged_in_any_one_page_is_refused_and_left_as_it_was(path: Path) -> None:
    content = path.read_bytes()
    page = int.from_bytes(content[16:18], "big")  # https://www.sqlite.org/fileformat.html#page_size
    assert len(content) // page > 8
    for begin in range(page, len(content), page):
        spoiled = content[:begin] + b"\xff" * 200 + content[begin + 200 :]
        path.write_bytes(spoiled)
        refused(path, "damaged")
        assert path.read_bytes() == spoiled


def test_a_store_cut_short_is_refused_and_left_as_it_was(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refused(path, "damaged")
    assert path.read_bytes() == content[: len(content) // 2]


def test_a_store_locked_by_another_program_is_refused_with_a_word_on_who(path: Path) -> None:
    with raw(path) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE store_meta SET value = value")
        refused(path, "locked by another program")
        other.execute("ROLLBACK")
    open_store(path, PATIENCE_MS).close()


def test_a_folder_that_cannot_be_written_is_refused(public: Path) -> None:
    folder = public.parent
    public.chmod(0o666)
    folder.chmod(0o555)
    with as_nobody():
        refused(public, "cannot be written")
        refused(folder / "other.sqlite", "cannot be written")
        refused(folder / "new" / "store.sqlite", "cannot be written")
    folder.chmod(0o777)


def test_a_store_that_may_only_be_read_is_refused_and_left_as_it_was(public: Path) -> None:
    public.chmod(0o444)
    before = public.read_bytes()
    with as_nobody():
        refused(public, "cannot be written")
    assert public.read_bytes() == before
    assert mode(public) == 0o444


def test_a_path_below_a_file_or_of_a_folder_is_refused(path: Path) -> None:
    refused(path / "store.sqlite", "cannot be opened")
    refused(path.parent, "not a store")


def test_no_room_for_a_new_store_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from store import sqlite

    def narrow(file: Path, busy_ms: int = 0) -> object:
        connection = create(file, busy_ms)
        connection.exec_driver_sql("PRAGMA max_page_count = 3")
        return connection

    create = sqlite.create_connection
    monkeypatch.setattr(sqlite, "create_connection", narrow)
    fresh = path.parent / "fresh.sqlite"
    refused(fresh, "is full")
    monkeypatch.undo()
    open_store(fresh).close()


# ------------------------------------------------------------------------------------------- trouble while it is open


def test_a_full_disk_loses_nothing_shows_all_and_is_made_up_for(path: Path) -> None:
    store = open_store(path, PATIENCE_MS)
    store.configure([status(), status("hmc2")])
    pages = store._keeper._connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    store._keeper._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    before = path.read_bytes()
    store.apply(reading(30, *lpars(500)))
    store.apply(reading(31, *lpars(500), device="hmc2"))
    assert "is full" in (store.view.trouble or "")
    assert len(store.view.entries("lpar")) == 500
    assert len(store.view.events()) == 497
    assert path.read_bytes() == before

    store._keeper._connection.exec_driver_sql("PRAGMA max_page_count = 100000")
    store.flush()
    assert store.view.trouble is None
    shown = store.view.entries("lpar"), store.view.events(1000)
    store.close()
    again = open_store(path)
    again.configure([status(), status("hmc2")])
    assert (again.view.entries("lpar"), again.view.events(1000)) == shown
    again.close()


def test_while_another_program_writes_the_view_goes_on_and_all_is_saved_afterwards(path: Path) -> None:
    store = open_store(path, PATIENCE_MS)
    store.configure([status()])
    with raw(path) as other:
        other.execute("BEGIN IMMEDIATE")
        store.apply(reading(30, lpar(0), lpar(1)))
        assert "locked" in (store.view.trouble or "")
        assert [found.gone for found in store.view.entries("lpar")] == [False, False, True]
        other.execute("ROLLBACK")
    store.apply(reading(60, lpar(0), lpar(1)))
    assert store.view.trouble is None
    store.close()
    again = open_store(path)
    assert [found.gone for found in again.view.entries("lpar")] == [False, False, True]
    assert [found.after for found in again.view.events()] == ["gone"]
    again.close()


def test_stored_facts_that_cannot_be_read_are_left_out_and_said(path: Path) -> None:
    with raw(path) as connection:
        connection.execute("UPDATE sighting SET facts = '{}' WHERE key LIKE '%00001'")
    store = open_store(path)
    store.configure([status()])
    assert len(store.view.entries("lpar")) == 2
    assert "1 stored" in (store.view.trouble or "")
    store.apply(reading(30, *lpars(3)))
    assert len(store.view.entries("lpar")) == 3
    store.close()
    again = open_store(path)
    assert again.view.trouble is None
    again.close()


# ---------------------------------------------------------------------------------------------------- bounded history


def test_old_events_and_objects_long_gone_are_forgotten_but_the_newest_events_are_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "KEEP_LEAST", 2)
    long_ago = (NOON - timedelta(days=100)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    with raw(path) as connection:
        for number in range(1, 6):
            connection.execute(
                "INSERT INTO event VALUES (?, ?, 'lpar', 'k', 'l', 'hmc1', 'state', 'a', 'b')", (number, long_ago)
            )
        connection.execute("UPDATE sighting SET gone = 1, changed_at = ? WHERE key LIKE '%00001'", (long_ago,))
        connection.execute("UPDATE sighting SET changed_at = ? WHERE key LIKE '%00002'", (long_ago,))
    store = open_store(path)
    assert [found.id for found in store.view.events()] == [5, 4]
    assert [found.key[-1] for found in store.view.entries("lpar")] == ["0", "2"]
    store.close()


def test_there_are_never_more_events_than_the_bound(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "KEEP_EVENTS", 10)
    store = open_store(path)
    store.configure([status()])
    store.apply(reading(30, *lpars(30)))
    store.close()
    again = open_store(path)
    assert [found.id for found in again.view.events()] == list(range(27, 17, -1))
    again.close()


def test_a_copy_of_the_file_while_it_is_open_elsewhere_is_a_store_too(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    shutil.copyfile(path, copy)
    store = open_store(copy)
    assert len(store.view.entries("lpar")) == 3
    assert stat.S_ISREG(copy.stat().st_mode)
    store.close()
