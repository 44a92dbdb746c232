"""What many steps are counted as: every kind has its words, and how far each has come adds up."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from app.recovery.step_classes import KINDS
from screens.cells import Tone, line_text, line_width
from screens.step_kinds import MANY, heaps, phase_lines, sentence, word
from store.runs import Plan, PlannedStep, Run, RunState, StepRecord, StepState
from tests.screens.estate import NOW


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_of_step_has_words(kind: str) -> None:
    assert word(kind) != kind
    assert sentence(kind) != kind


def test_a_kind_that_a_later_program_wrote_is_called_by_its_name() -> None:
    assert (word("new.kind"), sentence("new.kind")) == ("new.kind", "new.kind")


def run(*states: tuple[str, StepState, int], undo: int = 0) -> Run:
    """A run of so many steps of each kind, all of them in this state; and so many that only take back another one."""
    steps, records = [], []
    for kind, state, count in states:
        for _ in range(count):
            number = len(steps)
            steps.append(PlannedStep(f"s{number}", kind, "{}", "", f"on-{kind}", "", destructive=kind == "lpar.stop"))
            records.append(StepRecord(f"s{number}", state))
    for number in range(undo):
        steps[number] = replace(steps[number], undo=f"u{number}")
        steps.append(PlannedStep(f"u{number}", "host.make", "{}", "", "", ""))
        records.append(StepRecord(f"u{number}"))
    return Run("r1", Plan("v", "v", (), NOW, tuple(steps)), RunState.RUNNING, "", NOW, tuple(records))


DONE, ALREADY, RUNNING, PENDING, FAILED = (
    StepState.DONE,
    StepState.ALREADY,
    StepState.RUNNING,
    StepState.PENDING,
    StepState.FAILED,
)


def test_how_far_each_kind_has_come_is_told_in_the_order_of_the_plan() -> None:
    made = run(
        ("lpar.stop", DONE, 9),
        ("lpar.stop", ALREADY, 1),
        ("volume.overwrite", DONE, 12),
        ("volume.overwrite", RUNNING, 8),
        ("lpar.activate", RUNNING, 1),
        ("lpar.activate", PENDING, 9),
        ("lpar.up", PENDING, 10),
        ("pg.schedule", FAILED, 1),
        ("pg.schedule", DONE, 1),
    )
    (line,) = phase_lines(made, 200)
    assert line_text(line) == ("● stop 10/10  ◐ overwrite 12/20  ◐ activate 0/10  ○ up 0/10  ✗ schedule 1/2 1 stuck")
    assert [cell.tone for cell in line if cell.text.strip()] == [Tone.OK, Tone.BUSY, Tone.BUSY, Tone.OFF, Tone.BAD]
    narrow = phase_lines(made, 40)
    assert len(narrow) == 3
    assert all(line_width(one) <= 40 for one in narrow)


def test_of_few_steps_only_the_steps_themselves_are_shown() -> None:
    assert phase_lines(run(("lpar.stop", DONE, MANY)), 80) == ()


def test_steps_that_only_take_another_one_back_are_not_counted() -> None:
    (line,) = phase_lines(run(("lpar.stop", DONE, MANY + 1), undo=5), 80)
    assert line_text(line) == f"● stop {MANY + 1}/{MANY + 1}"


def test_the_steps_of_a_plan_are_heaped_by_kind_and_device() -> None:
    made = run(("lpar.stop", PENDING, 3), ("lpar.up", PENDING, 2))
    found = [(heap.kind, heap.device, heap.count, heap.destructive) for heap in heaps(made.plan.steps)]
    assert found == [("lpar.stop", "on-lpar.stop", 3, 3), ("lpar.up", "on-lpar.up", 2, 0)]
