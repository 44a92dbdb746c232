"""Checks of readiness that rest on nothing but what both sites show."""

from __future__ import annotations

from datetime import datetime

import pytest
from msgspec.structs import replace

from app.recovery.pra import readiness
from app.recovery.pra.situation import wwpns
from store.estate import PgroupRetention
from store.readiness import Check, Severity, Verdict
from tests.app.recovery.pra_model import NOW, Sites
from tests.app.recovery.pra_sites import NAME, whole

DAY = 86_400


@pytest.fixture
def at() -> Sites:
    return whole()


def seen(at: Sites, check: str, drilled: datetime | None = NOW) -> Check:
    (found,) = readiness.check(at.now(), {NAME: drilled} if drilled is not None else {})
    return next(each for each in found.checks if each.id == check)


def retain(at: Sites, kept: PgroupRetention | None, lock: str | None = "ratcheted") -> None:
    at.home.groups = tuple(replace(each, target_retention=kept, retention_lock=lock) for each in at.home.groups)


def test_copies_that_outlive_the_longest_outage_are_kept_long_enough(at: Sites) -> None:
    retain(at, PgroupRetention(all_for_s=DAY, per_day=4, days=7))
    check = seen(at, "fa.retention")
    assert (check.severity, check.verdict) == (Severity.WARN, Verdict.HOLDS)
    assert check.evidence == f"{at.home.groups[0].name} for 24 h"


def test_copies_that_expire_during_an_outage_are_said_with_both_times(at: Sites) -> None:
    retain(at, PgroupRetention(all_for_s=DAY - 3600))
    check = seen(at, "fa.retention")
    group = at.home.groups[0].name
    assert check.verdict is Verdict.FAILS
    assert check.evidence == f"the target keeps every copy of {group} for 23 h, an outage may take 24 h"
    assert check.fix


@pytest.mark.parametrize("kept", [None, PgroupRetention(per_day=4, days=7)])
def test_a_retention_that_is_not_known_is_not_taken_for_long_enough(at: Sites, kept: PgroupRetention | None) -> None:
    retain(at, kept)
    assert "is not known" in seen(at, "fa.retention").evidence


def test_whether_safemode_locks_the_copies_has_to_be_known(at: Sites) -> None:
    retain(at, PgroupRetention(all_for_s=2 * DAY), lock=None)
    assert (
        seen(at, "fa.retention").evidence == f"whether SafeMode locks copies of {at.home.groups[0].name} is not known"
    )


def test_an_lpar_with_more_paths_than_firmware_keeps_is_warned_of(at: Sites) -> None:
    at.home.paths = dict.fromkeys(wwpns(at.home.lpars[NAME])[:2], 2)
    assert seen(at, "pwr.boot").verdict is Verdict.HOLDS
    at.home.paths = dict.fromkeys(wwpns(at.home.lpars[NAME])[:2], 4)
    check = seen(at, "pwr.boot")
    assert check.evidence == "its disks on fa-paris have 8 paths, and firmware's boot list holds 5"
    assert "zone fewer ports" in check.fix
    assert "drdeck lpar drill" in seen(at, "pwr.boot", drilled=None).fix
