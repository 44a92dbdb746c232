"""``drdeck compliance`` on a real store, and lessons that are closed in its journal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import main
from store import journal, lessons
from tests.app.report.reported import RUN, filled
from tests.app.test_report_command import CONFIG


@pytest.fixture
def typed(tmp_path: Path) -> list[str]:
    (tmp_path / "config.toml").write_text(CONFIG)
    return ["--config", str(tmp_path / "config.toml"), "--store", str(filled(tmp_path))]


def test_gaps_are_shown_and_make_the_exit_code(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compliance", *typed]) == 1
    said = capsys.readouterr().out
    assert "recovery plans: there is none" in said
    assert main(["compliance", "show", "--json", "--days", "30", *typed]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["schema_version"], found["days"]) == (1, 30)
    assert [each["about"] for each in found["lessons"]] == [RUN]


def test_a_lesson_is_closed_once_with_what_was_done(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    store = Path(typed[-1])
    (lesson,) = lessons.read(store)
    assert main(["compliance", "close", str(lesson.number), "A second console is there", *typed]) == 0
    assert f"Lesson {lesson.number} of {RUN} is done." in capsys.readouterr().out
    (done,) = lessons.read(store)
    assert (done.done, done.done_by is None) == ("A second console is there", False)
    assert journal.verify(store).broken is None
    assert main(["compliance", "close", str(lesson.number), "again", *typed]) == 1
    assert "closed it already: A second console is there" in capsys.readouterr().err
    assert main(["compliance", "close", "999", "what", *typed]) == 1
    assert "no lesson has the number 999" in capsys.readouterr().err


def test_without_a_store_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    paths = ["--config", str(tmp_path / "config.toml"), "--store", str(tmp_path / "none.sqlite")]
    assert main(["compliance", *paths]) == 1
    assert "There is no store at" in capsys.readouterr().err
