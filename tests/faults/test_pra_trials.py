"""A slice of the trials of aligning (``make long`` does more of them), and whether their judge can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.recovery.pra.alignment import Aligned
from tests.faults.pra_estate import Guest, Staged
from tests.faults.pra_trials import Console, still, trial


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("identities")


@pytest.mark.parametrize("seed", range(3))
def test_a_broken_estate_is_aligned_as_far_as_nothing_is_reported(tmp_path: Path, identities: Path, seed: int) -> None:
    assert trial(tmp_path, seed, 3, identities) == []


def test_two_hundred_lpars_that_are_right_are_sent_nothing(tmp_path: Path) -> None:
    _, sent, right = still(tmp_path, 200)
    assert (sent, right) == ({}, 200)


def test_an_lpar_that_is_called_right_and_is_not_is_noticed(
    tmp_path: Path, identities: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tests.faults.pra_trials.guests", lambda rng, count: [Guest("one", Staged.NOT), Guest("two", Staged.DEFINED)]
    )
    monkeypatch.setattr("tests.faults.pra_trials.broken", lambda at, rng: ["nothing"])
    monkeypatch.setattr(Console, "aligned", lambda self: tuple(Aligned(g.name, (), ()) for g in self.at.guests))
    wrong = trial(tmp_path, 1, 2, identities)
    assert [text.split(": ")[-1] for text in wrong[:2]] == ["one is not right", "two is not right"]
    assert "a second look would do" in wrong[2]
