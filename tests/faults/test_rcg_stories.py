"""A slice of the stories of two consoles (``make long`` tells many more), and whether their judge can tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.recovery.rcg.role_steps import Failover
from app.recovery.step import Seen, Sight, Verdict
from backends.lab.faults import FaultKind
from store.ledger import Ledger
from store.rcg_verbs import RcgVerb
from store.runs import Lease
from tests.faults.rcg_estate import RcgEstate, rcg_estate
from tests.faults.stories import Asked, Breaks, Event, Owner, Passes, Plans, Power, Resumes, campaign, told
from tests.faults.tale import Tale


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcgEstate]:
    with rcg_estate(tmp_path_factory.mktemp("stories")) as running:
        yield running


def fails_over(*groups: int, disaster: bool = False, wait: bool = True) -> Plans:
    return Plans(0, groups, RcgVerb.FAILOVER, disaster, wait)


STOPPED_BEYOND_ITS_LEASE: list[Event] = [
    Breaks("3par-p", FaultKind.SLOW, "PUT /remotecopygroups", 1, 0.8),
    fails_over(0, wait=False),
    Asked("3par-p", "PUT /remotecopygroups"),
    Resumes(1, 0, late=True, wait=True),
]


def test_a_few_stories_drawn_from_one_seed_hold(tmp_path: Path) -> None:
    counts = campaign(1, 3, 10, tmp_path)
    assert counts["stories"] == 3


def test_over_and_home_again_with_a_disaster_in_between_holds(estate: RcgEstate, tmp_path: Path) -> None:
    counts = told(
        estate,
        [
            Power(True),
            fails_over(0, 1, disaster=True),
            Owner(0, True),
            Owner(1, True),
            Power(False),
            Plans(1, (0, 1), RcgVerb.RECOVER, False, True),
            Plans(1, (0, 1), RcgVerb.RESTORE, False, True),
        ],
        tmp_path,
    )
    assert all(counts[f"{verb}: succeeded"] == 1 for verb in ("failover", "recover", "restore")), counts


@pytest.mark.parametrize("place", ["file", "server"])
def test_a_console_that_comes_back_after_its_lease_was_taken_does_nothing_more(
    estate: RcgEstate, tmp_path: Path, place: str, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("postgres") if place == "server" else None
    counts = told(estate, STOPPED_BEYOND_ITS_LEASE, tmp_path, server)
    assert (counts["resumed late"], counts["failover: succeeded"]) == (1, 1)


# ------------------------------------------------------------------------------------------------ can the judge tell?


def test_a_failover_that_says_done_and_was_none_is_found_out(
    estate: RcgEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lie(self: Failover, both: Any, sight: Sight) -> Seen:
        return Seen(Verdict.DONE, (), "so it says")

    monkeypatch.setattr(Failover, "judge", lie)
    with pytest.raises(AssertionError, match=r"says it succeeded, but of .* roles is"):
        told(estate, [fails_over(0)], tmp_path)


def test_a_run_that_acts_under_a_lease_that_is_over_is_found_out(
    estate: RcgEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unchecked(self: Ledger, run: Any, lease: Lease) -> None:
        return

    monkeypatch.setattr(Ledger, "_check", unchecked)
    with pytest.raises(AssertionError, match="acts as epoch"):
        told(estate, STOPPED_BEYOND_ITS_LEASE, tmp_path)


def test_data_that_is_lost_and_was_not_given_up_is_found_out(
    estate: RcgEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tale, "_agreed_loss", lambda *_: 0.0)
    with pytest.raises(AssertionError, match="and 0 s were agreed to"):
        told(estate, [Passes(1.2), Power(True), fails_over(1, disaster=True), Owner(1, True)], tmp_path)
