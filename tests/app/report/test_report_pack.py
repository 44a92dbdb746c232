"""The files of a report: what stands in them, and that one altered byte anywhere fails the verifier in the archive."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.report import pack, verify
from app.report.pack import ReportError, Written
from store import journal
from tests.app.report.reported import LATE, OTHER, RUN, filled, troubled

FILES = ["facts.json", "journal.jsonl", "manifest.json", "public-key.pem", "report.html", "report.md", "signature"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def written(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return pack.write(store, RUN, tmp_path_factory.mktemp("reports"), 300.0)


@pytest.fixture(scope="module")
def files(written: Written) -> dict[str, bytes]:
    return verify.read(written.folder)


def bundled(written: Written, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(written.folder / "verify.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_folder_and_archive_hold_the_same_files_for_the_owner_alone(written: Written) -> None:
    found = verify.read(written.folder)
    assert sorted(found) == sorted([*FILES, "verify.py"])
    assert verify.read(written.archive) == found
    assert stat.S_IMODE(written.folder.stat().st_mode) == 0o700
    for path in (written.archive, *written.folder.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_verifier_in_the_archive_accepts_both_and_says_what_the_key_proves(written: Written) -> None:
    alone = bundled(written)
    assert (alone.returncode, alone.stderr) == (0, "")
    assert "whole up to its head" in alone.stdout
    assert "does NOT prove" in alone.stdout
    known = bundled(written, str(written.archive), "--key", written.fingerprint)
    assert known.returncode == 0
    assert "ATTENTION" not in known.stdout
    stranger = bundled(written, "--key", "00" * 32)
    assert stranger.returncode == 1
    assert stranger.stderr.startswith("WRONG: public-key.pem: its fingerprint is")


@given(data=st.data())
def test_one_altered_byte_of_any_file_is_found(files: dict[str, bytes], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(files)))
    with pytest.raises(ValueError, match=r"."):
        verify.check({**files, name: altered(files[name], data)})


def altered(content: bytes, data: st.DataObject) -> bytes:
    place = data.draw(st.one_of(st.integers(0, len(content) - 1), st.sampled_from([0, len(content) - 1])))
    changed = bytearray(content)
    changed[place] ^= data.draw(st.one_of(st.integers(1, 255), st.just(0x20)))  # 0x20: another case of a letter
    return bytes(changed)


@given(data=st.data())
def test_one_altered_byte_of_the_archive_is_found(written: Written, data: st.DataObject) -> None:
    with_one = written.archive.with_name("altered.zip")
    with_one.write_bytes(altered(written.archive.read_bytes(), data))
    with pytest.raises(Exception, match=r"."):
        verify.check(verify.read(with_one))


def test_every_byte_of_the_small_files_counts(files: dict[str, bytes]) -> None:
    for name in ("signature", "public-key.pem", "manifest.json"):
        for place in range(len(files[name])):
            changed = bytearray(files[name])
            changed[place] ^= 0x20
            with pytest.raises(ValueError, match=r"."):
                verify.check({**files, name: bytes(changed)})


def test_every_byte_of_what_holds_the_archive_together_counts(written: Written) -> None:
    content, with_one = written.archive.read_bytes(), written.archive.with_name("altered.zip")
    for place in (*range(100), *range(len(content) - 800, len(content))):
        changed = bytearray(content)
        changed[place] ^= 1
        with_one.write_bytes(changed)
        with pytest.raises(Exception, match=r"."):
            verify.check(verify.read(with_one))


def test_a_byte_more_a_file_more_and_a_file_less_are_found(files: dict[str, bytes], written: Written) -> None:
    for name in files:
        with pytest.raises(ValueError, match=r"."):
            verify.check({**files, name: files[name] + b"\n"})
        with pytest.raises(ValueError, match=rf"{name}: it is missing"):
            verify.check({other: files[other] for other in files if other != name})
    with pytest.raises(ValueError, match=r"more\.txt: it is not in the manifest"):
        verify.check({**files, "more.txt": b""})
    longer = written.archive.with_name("longer.zip")
    longer.write_bytes(written.archive.read_bytes() + b"x")
    with pytest.raises(ValueError, match="not the archive that its files make"):
        verify.read(longer)


def test_an_entry_that_was_rewritten_and_signed_anew_breaks_the_chain(files: dict[str, bytes]) -> None:
    lines = files["journal.jsonl"].decode().replace("seen on the array", "seen on the arrow")
    where = json.loads(files["manifest.json"])["journal"]
    with pytest.raises(ValueError, match="does not follow from the one before"):
        verify.chain(lines.encode(), where)
    short = files["journal.jsonl"].decode().split("\n")
    with pytest.raises(ValueError, match="does not end with the entry"):
        verify.chain("\n".join([*short[:-2], ""]).encode(), where)


def test_the_journal_runs_from_the_first_entry_to_the_head_with_those_of_others(
    files: dict[str, bytes], store: Path
) -> None:
    entries = [json.loads(line) for line in files["journal.jsonl"].decode().splitlines()]
    assert {entry["run"] for entry in entries} == {RUN, OTHER, LATE}
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert entries[-1]["hash"] == journal.verify(store).head


def test_a_run_in_the_middle_of_the_journal_begins_with_the_hash_before_it(store: Path, tmp_path: Path) -> None:
    found = pack.write(store, LATE, tmp_path)
    where = json.loads((found.folder / "manifest.json").read_text())["journal"]
    assert where["first"] > 1
    assert verify.check(verify.read(found.archive), found.fingerprint).startswith("The journal's chain is whole")


def test_a_journal_that_went_on_for_long_is_not_copied_and_the_verifier_says_so(
    store: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    original = pack.segment
    monkeypatch.setattr(pack, "segment", lambda path, run: original(path, run, tail=0))
    found = pack.write(store, OTHER, tmp_path)
    assert "NOT IN HERE" in verify.check(verify.read(found.folder))
    assert "too far on" in (found.folder / "report.md").read_text()


def test_the_same_journal_and_key_make_the_same_bytes(store: Path, written: Written, tmp_path: Path) -> None:
    again = pack.write(store, RUN, tmp_path, 300.0)
    assert again.archive.read_bytes() == written.archive.read_bytes()
    assert not again.key_made


def test_nothing_is_written_over(store: Path, written: Written) -> None:
    before = written.archive.read_bytes()
    with pytest.raises(ReportError, match="it is there already"):
        pack.write(store, RUN, written.folder.parent, 300.0)
    assert written.archive.read_bytes() == before
    assert not [path for path in written.folder.parent.iterdir() if path.name.startswith(".")]


def test_a_run_that_does_not_exist_and_a_folder_that_does_not_are_said(store: Path, tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="no run nobody"):
        pack.write(store, "nobody", tmp_path)
    with pytest.raises(ReportError, match="No such file"):
        pack.write(store, RUN, tmp_path / "nowhere")


def test_nothing_is_signed_of_a_journal_that_is_broken(tmp_path: Path) -> None:
    path = filled(tmp_path, troubled)
    with closing(sqlite3.connect(path)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE journal SET body = replace(body, 'busy', 'idle') WHERE kind = 'result'")
        connection.commit()
    with pytest.raises(ReportError, match="broken at entry"):
        pack.write(path, RUN, tmp_path)
    assert not (tmp_path / "report-key.pem").exists()


def test_the_private_key_is_in_no_file(store: Path, files: dict[str, bytes]) -> None:
    secret = store.with_name("report-key.pem").read_bytes().splitlines()[1]
    assert not [name for name, content in files.items() if secret in content or b"PRIVATE" in content]
