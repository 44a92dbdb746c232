"""Copying says what happened, and a text that no clipboard takes is kept in a file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from app.copying import copy
from screens.clipboard import LONGEST, Way

NOW = datetime(2026, 1, 31, 3, 4, 5, tzinfo=UTC)


def test_what_was_copied_is_said_with_its_size(tmp_path: Path) -> None:
    written: list[str] = []
    said = copy("erp-db\nérp-app\nbatch01", "3 names", Way.OSC52, written.append, tmp_path, NOW)
    assert said == "Copied 3 names (23 bytes)"
    assert len(written) == 1 and written[0].startswith("\x1b]52;c;")
    assert not list(tmp_path.iterdir())


def test_what_it_went_through_is_named_as_it_may_have_kept_it(tmp_path: Path) -> None:
    said = copy("erp-db", "1 name", Way.TMUX, lambda data: None, tmp_path, NOW)
    assert said == "Copied 1 name (6 bytes) through tmux"


def test_a_text_that_is_too_long_is_saved_whole_for_its_owner_alone(tmp_path: Path) -> None:
    written: list[str] = []
    text = "0123456789\r\n" * LONGEST
    said = copy(text, "9,000 names", Way.OSC52, written.append, tmp_path / "state", NOW)
    path = tmp_path / "state" / "copied-20260131T030405Z.txt"
    assert said == f"Too long for the clipboard: saved to {path}"
    assert not written
    assert path.read_bytes() == text.encode()
    assert path.stat().st_mode & 0o777 == 0o600


def test_where_the_clipboard_is_off_each_copy_gets_a_file_of_its_own(tmp_path: Path) -> None:
    said = [copy(text, "1 name", Way.OFF, lambda data: None, tmp_path, NOW) for text in ("one", "two")]
    assert said[0] == f"The clipboard is off: saved to {tmp_path / 'copied-20260131T030405Z.txt'}"
    assert [Path(each.partition("saved to ")[2]).read_text() for each in said] == ["one", "two"]


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    said = copy("x", "1 name", Way.OFF, lambda data: None, tmp_path / "state", NOW)
    assert said.startswith(f"Not copied. The clipboard is off, and no file can be written to {tmp_path / 'state'}: ")
