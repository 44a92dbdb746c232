"""DCM-03: what somebody may not do is refused, and the journal says who tried what, from where."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from app.cli import main
from store.ledger import Ledger
from store.runs import Entry
from tests.app.report.reported import RUN, filled
from tests.app.test_report_command import CONFIG
from tests.people import person

ROLES = """
[[roles]]
role = "admin"
users = ["root"]

[[roles]]
role = "viewer"
users = ["nobody"]
"""

TRIES = (
    ["runs", "note", RUN, "I was here"],
    ["runs", "abort", RUN],
    ["schedule", "add", "nightly", "clean-up", "--every", "day"],
    ["maintenance", "add", "--site", "oslo", "--until", "+4h", "--reason", "none"],
    ["incident", "declare", "Something", "--severity", "major", "--component", "none"],
    ["compliance", "close", "7", "nothing"],
    ["scheduler"],
)


@pytest.mark.parametrize("words", TRIES, ids=lambda words: " ".join(words[:2]))
def test_a_viewer_is_refused_every_change_and_the_journal_says_so(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text(CONFIG + ROLES)
    store = filled(tmp_path)
    before = len(journal(store))
    person("nobody", monkeypatch)
    assert main([*words, "--config", str(tmp_path / "config.toml"), "--store", str(store)]) == 1
    assert "has no role" in capsys.readouterr().err
    (told,) = journal(store)[before:]
    body = json.loads(told.body)
    assert told.kind == "refused"
    assert body["by"].startswith("nobody@") and "has no role" in body["why"] and body["what"]


def journal(store: Path) -> list[Entry]:
    with closing(Ledger(store)) as ledger:
        return list(ledger.journal())
