"""``drdeck report`` and the remarks of ``drdeck runs``, as they are typed."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from app.cli import main
from app.report import verify
from store import journal
from store.ledger import Ledger
from store.twin import note_twin
from tests.app.report.reported import RUN, filled

CONFIG = """
[[sites]]
name = "oslo"
role = "prod"

[[devices]]
name = "3par-oslo"
kind = "threepar"
site = "oslo"
host = "127.0.0.1"
user = "u"
password = "env:NONE"
"""


@pytest.fixture
def typed(tmp_path: Path) -> list[str]:
    (tmp_path / "config.toml").write_text(CONFIG)
    return ["--config", str(tmp_path / "config.toml"), "--store", str(filled(tmp_path))]


def test_a_report_is_written_where_it_is_wanted_and_its_places_are_printed(
    typed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", RUN, "--to", str(tmp_path), *typed]) == 0
    said = capsys.readouterr()
    folder, archive, key = (line.split()[1] for line in said.out.splitlines())
    assert "That key is new" in said.err
    assert verify.check(verify.read(Path(archive)), key)
    assert verify.read(Path(folder)) == verify.read(Path(archive))
    assert main(["report", RUN, "--to", str(tmp_path), *typed]) == 1
    assert "is there already" in capsys.readouterr().err


def test_evidence_of_a_twin_says_so(typed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note_twin(Path(typed[-1]), datetime(2026, 2, 27, 21, 40, tzinfo=UTC), "ana")
    assert main(["report", RUN, "--to", str(tmp_path), *typed]) == 0
    folder = Path(capsys.readouterr().out.split()[1])
    assert (folder / "report.md").read_text().startswith(f"# TWIN: Report of run {RUN}")
    for name in ("report.md", "report.html"):
        assert "as it was at 2026-02-27T21:40:00Z: no real device takes part" in (folder / name).read_text()
    assert json.loads((folder / "facts.json").read_text())["twin"].startswith("2026-02-27T21:40:00")


def test_the_public_key_is_shown_and_the_private_one_is_not(
    typed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "key", *typed]) == 0
    said = capsys.readouterr()
    assert "A new key was made" in said.err
    assert "BEGIN PUBLIC KEY" in said.out
    assert "PRIVATE" not in said.out + said.err
    assert main(["report", "key", "--json", *typed]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["made"] is False
    key = load_pem_public_key(shown["public_key"].encode())
    assert isinstance(key, Ed25519PublicKey)
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert shown["fingerprint"] == hashlib.sha256(raw).hexdigest()
    (tmp_path / "report-key.pem").chmod(0o644)
    assert main(["report", "key", *typed]) == 1
    assert "chmod 600" in capsys.readouterr().err


def test_a_run_that_there_is_not_is_said(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "nobody", *typed]) == 1
    assert "There is no run nobody" in capsys.readouterr().err
    assert main(["runs", "note", "nobody", "x", *typed]) == 1
    assert "There is no run nobody" in capsys.readouterr().err


def test_a_note_and_a_lesson_are_in_the_journal_whatever_the_run_is(
    typed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["runs", "note", RUN, "the lamps went out", *typed]) == 0
    assert main(["runs", "lesson", RUN, "buy lamps", "--owner", "Adam", "--due", "2026-05-01", *typed]) == 0
    assert main(["runs", "note", RUN, " ", *typed]) == 2
    assert "expected a text" in capsys.readouterr().err
    assert main(["runs", "lesson", RUN, "x", "--owner", "Adam", "--due", "2026-13-01", *typed]) == 2
    assert "expected a day like 2026-03-31" in capsys.readouterr().err
    path = tmp_path / "drdeck.sqlite"
    with closing(Ledger(path)) as ledger:
        note, lesson = (json.loads(entry.body) for entry in ledger.journal(RUN)[-2:])
    assert note["text"] == "the lamps went out"
    assert (lesson["owner"], lesson["due"]) == ("Adam", "2026-05-01")
    assert journal.verify(path).broken is None
