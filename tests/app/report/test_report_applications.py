"""The evidence of a run of a recovery plan: each application against its targets, with what deviated of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.report import pack, verify
from app.report.document import sections
from app.report.facts import facts
from app.report.facts_json import as_json
from app.report.markdown import report
from app.report.page import page
from app.report.records import ApplicationTold, Facts
from app.report.timeline import bars
from store.ledger import Ledger
from store.runs import Choice, RunState, StepState
from store.segment import segment
from tests.app.report.reported import AT, OPS, Time, filled
from tests.store import recoveries

RUN = "0301-0300-beef01"


def ran(ledger: Ledger, clock: Time) -> None:
    """wms up after 100 s, hr late at 500 s of 300 s because somebody looked for long, and licences never: aborted."""
    plan = recoveries.plan()
    clock.now = AT
    ledger.propose(RUN, plan, OPS)
    ledger.approve(RUN, OPS, plan.confirm)
    lease = ledger.take(RUN, OPS)
    for step_id, seconds in (("p1", 40), ("r1.1", 20), ("r1.2", 39), ("p2", 1), ("l1", 60), ("l2", 5)):
        if (call := plan.step(step_id).call) != "":
            ledger.intend(lease, step_id, call, ())
        clock.pass_(seconds)
        ledger.settle(lease, step_id, StepState.DONE, (), "seen")
    ledger.intend(lease, "l3", plan.step("l3").call, ())
    ledger.settle(lease, "l3", StepState.UNKNOWN, (), "fa-lyon gives no answer")
    ledger.turn(lease, RunState.WAITING)
    clock.pass_(235)
    ledger.decide(RUN, Choice.RETRY, "l3", "", "ana")
    ledger.settle(lease, "l3", StepState.PENDING, ())
    for step_id, seconds in (("l3", 5), ("l4", 45), ("l5", 49), ("p3", 0), ("p4", 1)):
        clock.pass_(seconds)
        ledger.settle(lease, step_id, StepState.DONE, (), "seen")
    ledger.settle(lease, "v1.1", StepState.FAILED, (), "no such host")
    ledger.turn(lease, RunState.ABORTED)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("applications"), ran)


@pytest.fixture(scope="module")
def told(store: Path) -> Facts:
    found = segment(store, RUN)
    assert found is not None
    return facts(found, "drdeck 0", 1.0)


def by_name(told: Facts) -> dict[str, ApplicationTold]:
    return {each.name: each for each in told.applications}


def test_each_application_stands_against_its_own_targets(told: Facts) -> None:
    found = by_name(told)
    assert list(found) == ["wms", "hr", "licences"]
    assert (found["wms"].up_s, found["wms"].rto_kept, found["wms"].rpo_kept) == (100.0, True, True)
    assert (found["hr"].up_s, found["hr"].rto_s, found["hr"].rto_kept) == (500.0, 300.0, False)
    assert (found["hr"].lost_s, found["hr"].rpo_s, found["hr"].rpo_kept) == (420.0, 600.0, True)
    assert (found["licences"].up_s, found["licences"].lost_words) == (None, "it did not come up")


def test_deviations_belong_to_the_application_whose_step_deviated(told: Facts) -> None:
    assert {(each.what, each.application) for each in told.deviations if each.step is not None} == {
        ("unknown", "hr"), ("decided: tried again", "hr"), ("no longer unknown", "hr"), ("failed", "licences"),
    }  # fmt: skip
    assert {name: each.deviations for name, each in by_name(told).items()} == {"wms": 0, "hr": 3, "licences": 1}


def test_the_plan_file_and_its_version_are_named(told: Facts) -> None:
    assert told.plan.file == "/plans/night.toml"
    assert told.plan.version == f"SHA-256 {'ab' * 32}"


def test_objectives_of_applications_are_those_of_their_file_and_not_of_the_configuration(told: Facts) -> None:
    found = {each.of: each for each in told.objectives if each.what == "RTO"}
    assert found["application hr: up"].kept is False
    assert found["application wms: up"].kept is True
    assert found["application licences: up"].kept is None, "it has no target"
    assert found["application up"].target_s is None


def test_every_form_says_so(told: Facts) -> None:
    table = next(each.table for each in sections(told) if each.title == "Applications")
    assert table is not None
    rows = {row[0]: row for row in table.rows}
    assert rows["hr"][2:6] == ("5 min", "6 min 45 s", "8 min 20 s", "NO")
    assert rows["hr"][7:10] == ("10 min", "7 min", "yes")
    assert rows["licences"][5] == "no target"
    short = dict(sections(told)[0].table.rows)["Applications"]  # type: ignore[union-attr,arg-type]
    assert short == "2 of 3 up, RTO kept by 1 of 2, RPO kept by 2 of 2"
    for form in (report(told), page(told)):
        assert "8 min 20 s" in form and "it did not come up" in form
    content = json.loads(as_json(told))
    assert [each["rto_kept"] for each in content["applications"]] == [True, False, None]
    answers = {each["asks"]: each["answer"] for each in content["requirements"]}
    assert "application hr: up): NOT KEPT" in answers["a recovery time objective, and what was reached"]


def test_the_timeline_has_a_bar_for_each_application_with_its_target(told: Facts) -> None:
    found = {bar.label: bar for bar in bars(told)}
    late = found["Application hr"]
    assert (late.look, late.words) == ("ill", "up after 8 min 20 s, RTO NOT KEPT")
    assert late.target is not None and (late.target - AT).total_seconds() == 300.0
    assert found["Application wms"].look == "well"
    assert found["Application licences"].look == "ill"


@pytest.fixture(scope="module")
def files(store: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    written = pack.write(store, RUN, tmp_path_factory.mktemp("reports"))
    assert verify.read(written.archive) == verify.read(written.folder)
    return verify.read(written.folder)


@settings(max_examples=60)
@given(data=st.data())
def test_one_altered_byte_anywhere_fails_the_verifier(files: dict[str, bytes], data: st.DataObject) -> None:
    assert verify.check(files).startswith("The journal's chain is whole")
    name = data.draw(st.sampled_from(sorted(files)))
    place, bits = data.draw(st.integers(0, len(files[name]) - 1)), data.draw(st.integers(1, 255))
    changed = bytearray(files[name])
    changed[place] ^= bits
    with pytest.raises(ValueError, match=r"."):
        verify.check({**files, name: bytes(changed)})
