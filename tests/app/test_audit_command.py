"""``drdeck audit export``, and the proof of what it wrote."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit_export import LineError, follow, json_lines, parsed
from app.cli import main
from store.journal import FIRST, chained
from store.segment import Link
from tests.app.report.reported import OPS, RUN, filled
from tests.app.test_report_command import CONFIG


@pytest.fixture
def typed(tmp_path: Path) -> list[str]:
    (tmp_path / "config.toml").write_text(CONFIG)
    return ["--config", str(tmp_path / "config.toml"), "--store", str(filled(tmp_path))]


def test_a_whole_export_is_proven_without_the_store(
    typed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "journal.jsonl"
    assert main(["audit", "export", "--to", str(out), *typed]) == 0
    assert f"drdeck audit verify --file {out} proves it" in capsys.readouterr().out
    assert out.stat().st_mode & 0o777 == 0o600
    assert main(["audit", "verify", "--json", *typed]) == 0
    of_store = json.loads(capsys.readouterr().out)
    Path(typed[-1]).unlink()
    assert main(["audit", "verify", "--json", "--file", str(out), *typed]) == 0
    assert json.loads(capsys.readouterr().out) == of_store
    assert main(["audit", "export", "--to", str(out), *typed[:2], "--store", str(filled(tmp_path))]) == 1
    assert "cannot be made: File exists" in capsys.readouterr().err


def test_a_changed_and_a_missing_line_are_found(
    typed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "export", *typed]) == 0
    lines = capsys.readouterr().out.splitlines(keepends=True)
    out = tmp_path / "broken.jsonl"
    for broken in ([*lines[:3], *lines[4:]], [*lines[:3], lines[3].replace('"kind": "', '"kind": "x'), *lines[4:]]):
        out.write_text("".join(broken))
        assert main(["audit", "verify", "--file", str(out), *typed]) == 1
        assert "Broken at entry" in capsys.readouterr().err


def test_only_what_is_wanted_is_written(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    def exported(*words: str) -> list[dict[str, str]]:
        assert main(["audit", "export", *words, *typed]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    every = exported()
    assert exported("--run", RUN) == [entry for entry in every if entry["run"] == RUN]
    assert exported("--kind", "lease*") == [entry for entry in every if entry["kind"].startswith("lease")]
    by_ops = exported("--by", "ops@*")
    assert by_ops
    who = [json.loads(entry["body"]) for entry in by_ops]
    assert all((body.get("by") or body["holder"]).startswith("ops@") for body in who)
    assert any(body.get("by") == OPS for body in who)
    middle = every[len(every) // 2]["at"]
    early, late = exported("--until", middle), exported("--since", middle)
    assert [*early, *late] == every
    assert all(entry["at"] >= middle for entry in late)


def test_csv_has_who_it_was_and_nothing_that_a_spreadsheet_obeys(
    typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "export", "--csv", *typed]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["by"] for row in rows} >= {OPS}
    assert not any(value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "{",
        '{"seq": 1}',
        '{"seq":"1","at":"","run":"","kind":"","body":"","hash":""}',
        '{"seq":1,"at":"","run":"\\ud800","kind":"","body":"","hash":""}',
    ],
)
def test_a_line_that_is_no_entry_is_named(
    typed: list[str], tmp_path: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "none.jsonl"
    out.write_text(f"{line}\n")
    assert main(["audit", "verify", "--file", str(out), *typed]) == 1
    assert f"{out} is no whole export of a journal: line 1: expected" in capsys.readouterr().err.replace(
        "seq: ", ""
    ).replace("run: ", "")


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x1f"), max_size=12)


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=6), st.data())
def test_whatever_stands_in_it_comes_back_and_one_changed_character_is_found(
    texts: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    links: list[Link] = []
    for number, (run, kind, body) in enumerate(texts, 1):
        at = "2026-01-31T03:00:00.000000Z"
        links.append(
            Link(number, at, run, kind, body, chained(links[-1].hash if links else FIRST, number, at, run, kind, body))
        )
    lines = list(json_lines(links))
    assert [parsed(number, line) for number, line in enumerate(lines, 1)] == links
    assert follow(links).broken is None
    if not lines:
        return
    which = data.draw(st.integers(0, len(lines) - 1))
    at = data.draw(st.integers(0, len(lines[which]) - 2))
    other = data.draw(st.characters(codec="ascii", exclude_characters=lines[which][at]))
    changed = lines[which][:at] + other + lines[which][at + 1 :]
    try:
        found = [parsed(number, line) for number, line in enumerate([*lines[:which], changed, *lines[which + 1 :]], 1)]
    except LineError:
        return
    assert found == links or follow(found).broken is not None
