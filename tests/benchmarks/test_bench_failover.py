"""The critical path of the failover bench, against what was worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from app.recovery.rcg.options import Options
from app.recovery.rcg.planning import plan
from backends.lab.timing import REALISTIC
from store.estate import RcgStatus, SyncStatus
from store.rcg_verbs import RcgVerb
from store.runs import Plan
from tests.app.recovery.situations import NOW, TWO_WITNESSES, P, S, pair
from tests.benchmarks.audit import fill, verify_s
from tests.benchmarks.failover import critical_path

TIMING = replace(REALISTIC, https_call=(0.1, 0.1), ssh_call=(0.5, 0.5), rcg_verb_s=4.0)


def planned(groups: int, disaster: bool = False) -> Plan:
    at = pair(P, S)
    if disaster:
        at = pair(None, S, RcgStatus.STOPPED, sync=SyncStatus.STOPPED, last_sync=NOW, witnesses=TWO_WITNESSES)
    ats = [replace(at, name=f"g{number}", key=f"rcg:1001:g{number}") for number in range(groups)]
    found = plan(RcgVerb.FAILOVER, ats, Options(disaster=disaster), "tag")
    assert not found.refused
    return found


def test_a_chain_is_its_verbs_the_arrays_work_and_one_look_each() -> None:
    steps = [step.kind for step in planned(2).steps if step.id.startswith("g1.")]
    found = critical_path(planned(2), TIMING, wave=16, sessions=4)
    small = {"vlun.remove", "sv.create", "vlun.create"} & set(steps)
    expected = 0.2 * len(small) + (0.1 + 0.5) + (0.1 + 4.0 + 0.5) + 0.1
    assert (found.chain_s, found.rounds) == (pytest.approx(expected), 1)


def test_of_calls_side_by_side_the_slowest_counts() -> None:
    spread = replace(TIMING, https_call=(0.0, 0.3))
    sure = critical_path(planned(2), replace(TIMING, https_call=(0.15, 0.15)), 16, 4).chain_s
    assert critical_path(planned(2), spread, 16, 4).chain_s > sure


def test_groups_beyond_a_wave_follow_one_another_and_sessions_may_hold_up_more_than_waves() -> None:
    chain = critical_path(planned(2), TIMING, 16, 4).chain_s
    assert critical_path(planned(40), TIMING, 16, 4).seconds == pytest.approx(3 * chain)
    assert critical_path(planned(40, disaster=True), TIMING, 40, 4).rounds == 1
    narrow = critical_path(planned(40), TIMING, 40, 1)
    assert narrow.busy_s == pytest.approx(0.1 * 40 * 5)  # two exports, the stop, two snapshots
    assert narrow.seconds == max(narrow.busy_s, narrow.chain_s)


def test_the_journal_of_the_bench_is_one_that_the_audit_finds_whole(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    fill(store, 300)
    assert verify_s(store, 300) > 0
    with pytest.raises(SystemExit):
        verify_s(store, 299)
