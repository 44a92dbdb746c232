"""The first look at a store: all that is in it, without the database libraries, and never a wrong word."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from store import codec
from store.database import Looked, name_devices, open_store
from store.estate import LparState
from store.firstlook import first_look
from store.records import DeviceHealth
from store.stored import UnreadableFactsError
from tests.store.estates import at, bytes_of, lpar, lpars, reading, status


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with three LPARs and a change of one, closed."""
    found = tmp_path / "store.sqlite"
    store = open_store(found)
    store.configure([status()])
    store.apply(reading(0, *lpars(3)))
    store.apply(reading(60, lpar(0), lpar(1, LparState.ERROR), lpar(2)))
    store.close()
    return found


def run(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement, values)


def looked(path: Path) -> Looked:
    look = first_look(path)
    assert look is not None
    return Looked(look, look.view())


def test_it_shows_exactly_what_opening_the_store_shows(path: Path) -> None:
    found = looked(path).view
    store = open_store(path)
    assert {(e.key, e.obj, e.device, e.seen_at, e.changed_at) for e in found.entries("lpar")} == {
        (e.key, e.obj, e.device, e.seen_at, e.changed_at) for e in store.view.entries("lpar")
    }
    assert found.devices() == store.view.devices()
    assert found.events() == store.view.events()
    store.close()


def test_it_writes_nothing(path: Path) -> None:
    before = bytes_of(path)
    looked(path)
    assert bytes_of(path) == before


def test_there_is_no_look_at_what_is_missing_older_newer_or_no_store(tmp_path: Path, path: Path) -> None:
    assert first_look(tmp_path / "nothing.sqlite") is None
    assert not (tmp_path / "nothing.sqlite").exists()
    (tmp_path / "text").write_text("no database at all " * 99)
    assert first_look(tmp_path / "text") is None
    run(path, "UPDATE alembic_version SET version_num = '9999'")
    assert first_look(path) is None


def test_the_store_goes_on_with_the_view_and_takes_over_what_was_written_since(path: Path) -> None:
    found = looked(path)
    name_devices(found.view, [status()])
    other = open_store(path)
    other.configure([status()])
    other.apply(reading(120, lpar(0), lpar(1), lpar(2), lpar(3)))
    other.close()
    store = open_store(path, looked=found)
    assert store.view is found.view
    assert [e.obj for e in store.view.entries("lpar")] == [lpar(0), lpar(1), lpar(2), lpar(3)]
    assert store.view.events()[0].id == max(event.id for event in store.view.events())
    store.close()


def test_a_sweep_in_which_nothing_changed_writes_nothing_after_a_first_look(path: Path) -> None:
    found = looked(path)
    name_devices(found.view, [status()])
    store = open_store(path, looked=found)
    store.configure([status()])
    written = store.total_changes
    store.apply(reading(120, lpar(0), lpar(1, LparState.ERROR), lpar(2)))
    assert store.total_changes == written
    store.close()


def test_a_row_that_cannot_be_read_is_dropped_and_that_is_said_as_ever(path: Path) -> None:
    run(path, "UPDATE sighting SET facts = '{\"name\": 7}' WHERE key = ?", lpar(1).key)
    found = looked(path)
    name_devices(found.view, [status()])
    assert len(found.view.entries("lpar")) == 3, "nobody has asked for its facts yet"
    store = open_store(path, looked=found)
    assert [e.key for e in store.view.entries("lpar")] == [lpar(0).key, lpar(2).key]
    assert store.view.trouble is not None and "1 stored rows cannot be read" in store.view.trouble
    store.close()


def test_facts_are_read_from_the_file_when_somebody_asks_for_them(path: Path) -> None:
    found = looked(path).view.get("lpar", lpar(2).key)
    assert found is not None
    run(path, "UPDATE sighting SET facts = ? WHERE key = ?", codec.encode(lpar(2, LparState.SUSPENDED)), lpar(2).key)
    assert found.obj == lpar(2, LparState.SUSPENDED)
    run(path, "DELETE FROM sighting")
    assert found.obj == lpar(2, LparState.SUSPENDED), "what was asked for is kept"


def test_what_is_not_in_the_file_any_more_says_so_and_is_dropped_without_a_word(path: Path) -> None:
    found = looked(path)
    name_devices(found.view, [status()])
    entry = found.view.get("lpar", lpar(1).key)
    assert entry is not None
    run(path, "DELETE FROM sighting WHERE key = ?", lpar(1).key)  # as it is pruned long after it was gone
    with pytest.raises(UnreadableFactsError, match=r"does not hold the lpar .* any more"):
        _ = entry.obj
    store = open_store(path, looked=found)
    assert [e.key for e in store.view.entries("lpar")] == [lpar(0).key, lpar(2).key]
    assert store.view.trouble is None
    store.close()


def test_a_file_that_fails_is_an_error_of_that_object_and_no_crash(path: Path) -> None:
    entry = looked(path).view.get("lpar", lpar(1).key)
    assert entry is not None
    path.write_bytes(b"no database at all " * 999)
    with pytest.raises(UnreadableFactsError, match=re.escape(lpar(1).key)):
        _ = entry.obj


def test_what_the_file_could_not_be_asked_for_just_now_is_not_dropped(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = looked(path)
    name_devices(found.view, [status()])
    assert found.look.file is not None
    with monkeypatch.context() as locked:
        locked.setattr(found.look.file, "_uri", f"file:{path}.nowhere?mode=rw")
        store = open_store(path, looked=found)
    assert [e.obj for e in store.view.entries("lpar")] == [lpar(0), lpar(1, LparState.ERROR), lpar(2)]
    assert store.view.trouble is None
    store.close()


def test_a_reading_of_what_the_file_lost_is_stored_anew(path: Path) -> None:
    found = looked(path)
    name_devices(found.view, [status()])
    store = open_store(path, looked=found)
    store.configure([status()])
    run(path, "DELETE FROM sighting")
    change = store.apply(reading(120, lpar(0), lpar(1, LparState.ERROR)))
    assert {key for _, key in change.keys} == {lpar(0).key, lpar(1).key}
    assert [e.obj for e in store.view.entries("lpar") if not e.gone and e.key != lpar(2).key] == [
        lpar(0),
        lpar(1, LparState.ERROR),
    ]
    store.close()
    again = open_store(path)
    assert {e.obj for e in again.view.entries("lpar")} == {lpar(0), lpar(1, LparState.ERROR)}
    again.close()


def test_a_device_is_as_the_store_has_it(path: Path) -> None:
    found = looked(path).view.device("hmc1")
    assert found is not None
    assert (found.health, found.last_ok) == (DeviceHealth.OK, at(60))


def test_it_loads_no_database_library_and_decodes_nothing(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from store.firstlook import first_look;"
        f"look = first_look(Path({str(path)!r})); view = look.view(); assert len(view.entries('lpar')) == 3;"
        "print([m for m in ('sqlalchemy', 'pydantic', 'pydantic_core', 'alembic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
