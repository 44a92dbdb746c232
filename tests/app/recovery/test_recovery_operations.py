"""What must be typed, and when a plan that was agreed to is too old to be run."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from app.recovery.operations import changed, new_run_id, outdated, typed
from app.recovery.rcg.options import Options
from app.recovery.rcg.planning import plan
from store.estate import RcgStatus, SyncStatus
from store.rcg_verbs import RcgVerb
from store.runs import Plan
from tests.app.recovery.situations import NOW, TWO_WITNESSES, P, S, pair


def disaster(minutes: float = 3) -> Plan:
    seen = NOW - timedelta(minutes=minutes)
    at = pair(None, S, RcgStatus.STOPPED, sync=SyncStatus.STOPPED, last_sync=seen, witnesses=TWO_WITNESSES)
    return plan(RcgVerb.FAILOVER, [at], Options(disaster=True), "tag")


ASKED = ("failover oradb", "site paris is dark", "second person: NAME", "lose 3 min")
WORDS = ("failover oradb", "site paris is dark", "second person: ana", "lose 3 min")


@pytest.mark.parametrize(
    ("words", "missing", "wrong"),
    [
        (WORDS, (), ()),
        (WORDS[::-1], (), ()),
        ((*WORDS[:3], "lose 4 min"), (), ()),
        ((*WORDS[:3], "lose 2 min"), ("lose 3 min",), ("lose 2 min",)),
        (WORDS[:3], ("lose 3 min",), ()),
        ((*WORDS, "lose 9 min"), (), ("lose 9 min",)),
        (("y",), ASKED, ("y",)),
        (("Failover oradb", *WORDS[1:]), ("failover oradb",), ("Failover oradb",)),
        ((*WORDS[:2], "second person: Ops", WORDS[3]), ("second person: NAME",), ("second person: Ops",)),
        ((*WORDS[:2], "second person:  ", WORDS[3]), ("second person: NAME",), ("second person:  ",)),
        ((*WORDS[:2], "second person: NAME", WORDS[3]), ("second person: NAME",), ("second person: NAME",)),
    ],
)
def test_words_count_exactly_and_once_but_more_loss_may_be_accepted_than_is_bounded(
    words: tuple[str, ...], missing: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    found = typed(disaster(), words, "ops")
    assert (set(found.missing), found.wrong) == (set(missing), wrong)


def test_a_plan_is_outdated_after_a_minute() -> None:
    assert not outdated(disaster(), NOW + timedelta(seconds=60))
    assert outdated(disaster(), NOW + timedelta(seconds=61))


def test_an_outdated_plan_is_run_only_where_another_look_gives_the_same_and_the_words_still_do() -> None:
    assert changed(disaster(), disaster(), WORDS) is None
    assert changed(disaster(), disaster(5), WORDS) == "lose 5 min would have to be typed now"
    alone = plan(RcgVerb.FAILOVER, [pair(None, S, RcgStatus.STOPPED, last_sync=NOW)], Options(disaster=True), "tag")
    assert "two others say" in (changed(disaster(), alone, WORDS) or "")
    planned = plan(RcgVerb.FAILOVER, [pair(P, S)], Options(), "tag")
    shorter = replace(planned, steps=planned.steps[1:])
    assert changed(planned, shorter, planned.confirm) == "other steps would be needed now"


def test_run_ids_sort_by_time_and_differ_within_a_minute() -> None:
    ids = {new_run_id(NOW) for _ in range(50)}
    assert all(run_id.startswith("0301-0300-") for run_id in ids)
    assert len(ids) > 45
