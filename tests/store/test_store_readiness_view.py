"""How protected LPARs stand in memory: what is believed for how long, and what is kept of those that nobody can see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from store.readiness import Check, Covered, Readiness, Severity, Standing, Verdict, sorted_checks
from store.readiness_view import ReadinessView
from tests.store.estates import at

GOOD = Check("fa.member", Severity.HARD, Verdict.HOLDS, "2 volumes")
BAD = Check("pwr.golden", Severity.BLOCK, Verdict.FAILS, "desired_mem is 8192, to be 16384", "drdeck pra --apply")
UNREAD = Check("dev.read", Severity.BLOCK, Verdict.UNKNOWN, "fa-oslo: no answer in time")
WARNS = Check("pwr.boot", Severity.WARN, Verdict.FAILS, "it never answered in a drill")


def readiness(name: str, *checks: Check, seen: float = 100) -> Readiness:
    return Readiness(name, at(seen), sorted_checks(list(checks)))


def view(*found: Readiness, seen: float = 100) -> ReadinessView:
    made = ReadinessView()
    made.cover(Covered("oslo", "bergen"))
    made.take(found, at(seen))
    return made


@pytest.mark.parametrize(
    ("checks", "standing"),
    [
        ((GOOD,), Standing.READY),
        ((GOOD, WARNS), Standing.READY),
        ((GOOD, UNREAD), Standing.NOT_KNOWN),
        ((GOOD, UNREAD, BAD), Standing.NOT_READY),
    ],
)
def test_a_warning_stops_nothing_and_what_fails_outweighs_what_is_not_known(
    checks: tuple[Check, ...], standing: Standing
) -> None:
    assert view(readiness("erp", *checks)).now.standing("erp", at(110)) is standing


def test_the_reasons_come_the_worst_first_and_leave_warnings_out() -> None:
    found = readiness("erp", WARNS, UNREAD, GOOD, BAD)
    assert found.stops == (BAD, UNREAD)
    assert found.because == (BAD, WARNS, UNREAD)


def test_before_the_first_look_nothing_is_checked_and_an_lpar_that_a_look_left_out_is_not_known() -> None:
    assert ReadinessView().now.standing("erp", at(0)) is Standing.UNCHECKED
    assert view(readiness("erp", GOOD)).now.standing("new", at(110)) is Standing.NOT_KNOWN


def test_a_verdict_is_not_believed_for_ever() -> None:
    checked = replace(view(readiness("erp", GOOD)).now, believed=timedelta(seconds=60))
    assert checked.standing("erp", at(160)) is Standing.READY
    assert checked.standing("erp", at(161)) is Standing.NOT_KNOWN
    assert checked.old(at(161))


def test_what_was_known_stays_while_its_site_cannot_be_read_and_is_not_taken_for_true() -> None:
    seen = view(readiness("erp", BAD), readiness("crm", GOOD))
    seen.take([readiness("crm", GOOD, seen=200)], at(200), {"hmc-oslo": "no answer in time"}, whole=False)
    assert seen.now.standing("erp", at(210)) is Standing.NOT_KNOWN
    assert seen.now.found["erp"].checked_at == at(100)
    assert seen.now.standing("crm", at(210)) is Standing.READY
    seen.take([readiness("crm", GOOD, seen=300)], at(300))
    assert "erp" not in seen.now.found, "the site was read, and has no such LPAR any more"


def test_since_when_a_device_could_not_be_read_is_kept_until_it_can_be() -> None:
    seen = view()
    for moment in (200, 300):
        seen.take([], at(moment), {"hmc-oslo": f"failure at {moment}"}, whole=False)
    assert (seen.now.unread["hmc-oslo"].why, seen.now.unread["hmc-oslo"].since) == ("failure at 300", at(200))
    seen.take([], at(400))
    assert not seen.now.unread


def test_since_when_nothing_can_be_checked_is_kept_with_what_was_known() -> None:
    seen = view(readiness("erp", GOOD))
    seen.fail("the store is full", at(200))
    seen.fail("the store is locked", at(300))
    assert seen.now.trouble is not None
    assert (seen.now.trouble.why, seen.now.trouble.since) == ("the store is locked", at(200))
    assert seen.now.standing("erp", at(310)) is Standing.READY
    seen.take([readiness("erp", GOOD, seen=400)], at(400))
    assert seen.now.trouble is None


def test_of_two_lpars_of_one_name_the_one_that_stands_worse_counts() -> None:
    for pair in ((GOOD, BAD), (BAD, GOOD)):
        assert view(*(readiness("erp", check) for check in pair)).now.standing("erp", at(110)) is Standing.NOT_READY


def test_a_look_that_finds_all_as_before_changes_no_row() -> None:
    seen = view(readiness("erp", BAD))
    facts, version = seen.facts, seen.version
    seen.begin(at(150))
    assert seen.checking == at(150)
    seen.take([readiness("erp", BAD, GOOD, seen=200)], at(200))
    assert seen.checking is None
    assert (seen.facts, seen.version > version) == (facts, True)
    for worse in (readiness("erp", UNREAD, seen=300), readiness("erp", replace(BAD, evidence="other"), seen=300)):
        seen.take([worse], at(300))
        assert seen.facts > facts
        facts = seen.facts


def test_they_are_counted_as_they_are_believed() -> None:
    seen = view(readiness("a", GOOD), readiness("b", BAD), readiness("c", GOOD))
    assert seen.now.counts(at(110)) == {Standing.READY: 2, Standing.NOT_READY: 1}
    assert seen.now.counts(at(100_000)) == {Standing.NOT_KNOWN: 3}


def test_which_lpars_are_covered_is_said_by_patterns() -> None:
    covered = Covered("oslo", "bergen", ("erp*", "crm?"), ("*test",))
    assert [covered.protects(name) for name in ("erp-db", "crm1", "crm10", "erp-test")] == [True, True, False, False]
    assert [covered.excludes(name) for name in ("erp-db", "erp-test")] == [False, True]
