"""A slice of the kill campaign on LPARs (``make long`` does the whole of it)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.kills import Shooting, shooting_range, trial
from tests.faults.lpar_trials import CASES

BY_NAME = {case.name: case for case in CASES}


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shooting]:
    with shooting_range(tmp_path_factory.mktemp("kills"), "lpar") as ready:
        yield ready


class Chosen(random.Random):
    """Kills at one point of the first step of a kind, whatever is asked for."""

    def __init__(self, kind: str, point: str) -> None:
        super().__init__(1)
        self._kind = kind
        self._point = point

    def choice(self, found: Any) -> Any:
        if isinstance(found[0], str):
            return self._point if self._point in found else found[0]
        return next(step for step in found if step.kind == self._kind)


@pytest.mark.parametrize(
    ("case", "kind", "point"),
    [
        ("failover", "lpar.stop", "call left"),
        ("disaster of a dark site", "lpar.activate", "device did it"),
        ("drill", "host.disconnect", "after intent"),
    ],
)
def test_a_run_on_an_lpar_that_is_killed_and_resumed_sends_everything_once(
    at: Shooting, case: str, kind: str, point: str
) -> None:
    assert trial(at, BY_NAME[case], Chosen(kind, point)) is None
    assert at.missed == 0
