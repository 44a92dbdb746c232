"""``[alerts]`` of the configuration: the steps of the escalation, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import SettingsError, load
from store.alert_records import EscalationStep
from store.notices import Severity
from tests.app.test_access_settings import BASE

BELL = '[[notifications]]\nname = "bell"\nkind = "bell"\n'


def loaded(folder: Path, text: str) -> tuple[EscalationStep, ...]:
    path = folder / "config.toml"
    path.write_text(f"{BASE}{BELL}{text}")
    return load(path).escalation


def test_steps_stand_in_the_order_of_the_file_and_are_for_what_is_major_and_graver(tmp_path: Path) -> None:
    text = """
[[alerts.escalation]]
wait = "15m"
target = "head of operations"
channel = "bell"
severity = "critical"
[[alerts.escalation]]
wait = 0
target = "operator on duty"
channel = "bell"
"""
    assert loaded(tmp_path, text) == (
        EscalationStep(900.0, "head of operations", "bell", Severity.CRITICAL),
        EscalationStep(0.0, "operator on duty", "bell", Severity.MAJOR),
    )
    assert loaded(tmp_path, "") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('wait = "1m"\ntarget = "x"\nchannel = "pager"', "a channel of [[notifications]]: bell"),
        ('wait = "8d"\ntarget = "x"\nchannel = "bell"', "from 0d to 7d"),
        ('wait = "1m"\nchannel = "bell"', "who is told"),
        ('wait = "1m"\ntarget = "x"\nchannel = "bell"\nafter = 3', "after"),
    ],
)
def test_a_step_that_is_not_understood_is_an_error_with_its_line(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, f"[[alerts.escalation]]\n{text}\n")
    (problem,) = caught.value.problems
    assert expected in str(caught.value)
    assert problem.line > BASE.count("\n")
