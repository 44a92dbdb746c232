"""A slice of the kill campaign (``make long`` does the whole of it)."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from store.estate import RcgMode
from store.rcg_verbs import RcgVerb
from tests.faults.kill_child import POINTS
from tests.faults.kills import Shooting, shooting_range, trial
from tests.faults.trials import CASES, Case


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shooting]:
    with shooting_range(tmp_path_factory.mktemp("kills")) as ready:
        yield ready


class Chosen(random.Random):
    """Kills at one point of the step that changes the roles, whatever is asked for."""

    point = ""

    def choice(self, found):  # type: ignore[no-untyped-def]
        if found and isinstance(found[0], str):
            return self.point if self.point in found else found[0]
        return next((step for step in found if step.kind in ("rcg.failover", "rcg.recover")), found[0])


@pytest.mark.parametrize("point", POINTS)
def test_a_failover_that_is_killed_at_its_verb_and_resumed_takes_effect_once(at: Shooting, point: str) -> None:
    chosen = Chosen()
    chosen.point = point
    assert trial(at, Case(RcgVerb.FAILOVER, RcgMode.SYNC), chosen) is None


@pytest.mark.parametrize("case", CASES[5:11:3], ids=lambda case: case.name)
def test_a_run_that_is_killed_three_times_at_random_points_still_ends_right(at: Shooting, case: Case) -> None:
    assert trial(at, case, random.Random(7), kills=3) is None


def test_a_request_too_many_would_be_noticed(at: Shooting) -> None:
    assert "sent" in (trial_with_another(at, Case(RcgVerb.STOP, RcgMode.SYNC)) or "")


def trial_with_another(at: Shooting, case: Case) -> str | None:
    """A trial in whose course somebody else sends a verb of the same kind."""

    class Meddling(random.Random):
        def choice(self, found):  # type: ignore[no-untyped-def]
            at.estate.paris.device.counters.requests["PUT /remotecopygroups"] += 1
            return found[0]

    return trial(at, case, Meddling())
