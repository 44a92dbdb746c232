"""A slice of the kill campaign on protection groups (``make long`` does the whole of it)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.kills import Shooting, shooting_range, trial
from tests.faults.pg_trials import CASES, Case

BY_TAG, AWAY, RESTORE = (
    next(case for case in CASES if case.name == name)
    for name in (
        "clone by tag of an old snapshot",
        "clone on the target anew of an old snapshot",
        "restore of an old snapshot",
    )
)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shooting]:
    with shooting_range(tmp_path_factory.mktemp("kills"), "pg") as ready:
        yield ready


class Chosen(random.Random):
    """Kills at one point of the first step that overwrites something, whatever is asked for."""

    point = ""

    def choice(self, found: Any) -> Any:
        if isinstance(found[0], str):
            return self.point if self.point in found else found[0]
        return next(step for step in found if step.kind in ("volume.overwrite", "pg.restore"))


@pytest.mark.parametrize(
    ("case", "point"), [(BY_TAG, "call left"), (RESTORE, "device did it"), (AWAY, "before intent")]
)
def test_an_overwrite_that_is_killed_and_resumed_is_sent_once_and_holds_the_snapshot(
    at: Shooting, case: Case, point: str
) -> None:
    chosen = Chosen()
    chosen.point = point
    assert trial(at, case, chosen) is None
    assert at.missed == 0


def test_a_request_too_many_would_be_noticed(at: Shooting) -> None:
    class Meddling(random.Random):
        def choice(self, found: Any) -> Any:
            at.estate.world.devices["fa-prd"].counters.requests["POST /volumes"] += 1
            return found[0]

    assert "sent" in (trial(at, BY_TAG, Meddling()) or "")
