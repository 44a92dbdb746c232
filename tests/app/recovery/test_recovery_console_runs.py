"""The runs of a console: proposed, looked at once more, agreed to, acted for, left, and watched at another console."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.connect import Connector
from app.orders import understood
from app.recovery import operations as ops
from app.recovery.console_runs import ConsoleRuns
from app.recovery.operations import Operations
from app.settings import load
from backends.lab.faults import FaultKind
from store.database import open_store
from store.estate import RcgMode
from store.ledger import Ledger, RunError
from store.run_view import RunView
from store.runs import Choice, Plan, Run, RunState
from tests.faults.rcg_estate import RcgEstate, rcg_estate


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcgEstate]:
    with rcg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


class Seat:
    """A console without its screen."""

    def __init__(self, runs: ConsoleRuns, view: RunView, said: list[str]) -> None:
        self.runs, self.view, self.said = runs, view, said


Sit = Callable[..., Seat]


@pytest.fixture
def sit(estate: RcgEstate, tmp_path: Path) -> Iterator[Sit]:
    with ExitStack() as held:

        def seat(*, read_only: bool = False) -> Seat:
            path, settings = tmp_path / "store.sqlite", load(estate.config)
            store = held.enter_context(closing(open_store(path)))
            ledger = held.enter_context(closing(Ledger(path)))
            operations = Operations(settings, store, ledger, Connector(settings))
            view, said = RunView(), list[str]()
            runs = ConsoleRuns(operations, view, lambda: None, said.append, read_only=read_only)
            held.callback(runs.close, 5.0)
            runs.start()
            return Seat(runs, view, said)

        yield seat
    estate.world.faults.clear()
    assert estate.world.referee.violations == []


def until(holds: Callable[[], object], limit_s: float = 30.0) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.02)


def proposed(seat: Seat, text: str) -> Run:
    found = seat.runs.propose(understood(text))
    assert isinstance(found, Run), found
    return found


def state(seat: Seat, run: Run) -> RunState | None:
    found = seat.view.get(run.id)
    return found.state if found is not None else None


def test_a_run_that_is_agreed_to_is_acted_for_and_seen_at_another_console(estate: RcgEstate, sit: Sit) -> None:
    one, two, name = sit(), sit(), estate.group(RcgMode.SYNC)
    run = proposed(one, f"rcg stop {name}")
    until(lambda: state(two, run) is RunState.PROPOSED)
    assert one.runs.agree(run, run.plan.confirm) is None
    until(lambda: state(two, run) is RunState.SUCCEEDED)
    assert one.runs.acting == frozenset()
    two.runs.show_log(run.id)
    until(lambda: [entry.kind for entry in two.view.log(run.id)][-1:] == ["run"])


def test_words_that_are_missing_begin_nothing(estate: RcgEstate, sit: Sit) -> None:
    seat, name = sit(), estate.group(RcgMode.SYNC)
    run = proposed(seat, f"rcg stop {name}")
    assert seat.runs.agree(run, ()) == f"not typed: stop {name}"
    until(lambda: state(seat, run) is RunState.ABORTED)


def test_a_plan_that_grew_old_is_begun_only_if_it_would_still_be_the_same(
    estate: RcgEstate, sit: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat, same, other = sit(), estate.group(RcgMode.SYNC), estate.group(RcgMode.SYNC)
    still, gone = proposed(seat, f"rcg stop {same}"), proposed(seat, f"rcg stop {other}")
    with estate.world.turn() as now:
        group = estate.paris.group(other)[0]
        group.stop(group.sides[0], now)
    later = datetime.now(UTC) + timedelta(seconds=120)
    monkeypatch.setattr("app.recovery.console_runs.outdated", lambda plan: ops.outdated(plan, later))
    assert seat.runs.agree(still, still.plan.confirm) is None
    reason = seat.runs.agree(gone, gone.plan.confirm)
    assert reason is not None
    assert "the group is Started" in reason
    until(lambda: (state(seat, still), state(seat, gone)) == (RunState.SUCCEEDED, RunState.ABORTED))


def test_a_refused_plan_is_returned_and_not_kept(estate: RcgEstate, sit: Sit) -> None:
    seat, name = sit(), estate.group(RcgMode.SYNC)
    found = seat.runs.propose(understood(f"rcg recover {name}"))
    assert isinstance(found, Plan)
    assert found.refused
    until(lambda: seat.view.read)
    assert seat.view.runs == ()


def test_a_console_that_is_closed_leaves_its_run_to_be_resumed_at_once(estate: RcgEstate, sit: Sit) -> None:
    one, two, name = sit(), sit(), estate.group(RcgMode.SYNC)
    estate.world.faults.add("3par-p", FaultKind.HTTP_409, "PUT /remotecopygroups")
    run = proposed(one, f"rcg stop {name}")
    one.runs.agree(run, run.plan.confirm)
    until(lambda: state(two, run) is RunState.WAITING)
    one.runs.close(10)
    until(lambda: state(two, run) is RunState.INTERRUPTED)
    estate.world.faults.clear()
    two.runs.act(run.id)
    until(lambda: state(two, run) is RunState.SUCCEEDED)


def test_a_second_run_on_the_same_target_is_refused_and_does_not_stay(estate: RcgEstate, sit: Sit) -> None:
    one, two, name = sit(), sit(), estate.group(RcgMode.SYNC)
    estate.world.faults.add("3par-p", FaultKind.HTTP_409, "PUT /remotecopygroups")
    first, second = proposed(one, f"rcg stop {name}"), proposed(two, f"rcg stop {name}")
    one.runs.agree(first, first.plan.confirm)
    until(lambda: state(two, first) is RunState.WAITING)
    two.runs.agree(second, second.plan.confirm)
    until(lambda: state(one, second) is RunState.ABORTED)
    assert "is being acted on by run" in two.said[0]
    two.runs.decide(first.id, Choice.ABORT, None, "enough")
    until(lambda: state(two, first) is RunState.ABORTED)


def test_an_interrupted_run_that_is_aborted_is_ended_here(estate: RcgEstate, sit: Sit) -> None:
    one, two, name = sit(), sit(), estate.group(RcgMode.SYNC)
    estate.world.faults.add("3par-p", FaultKind.HTTP_409, "PUT /remotecopygroups")
    run = proposed(one, f"rcg stop {name}")
    one.runs.agree(run, run.plan.confirm)
    until(lambda: state(two, run) is RunState.WAITING)
    one.runs.close(10)
    until(lambda: state(two, run) is RunState.INTERRUPTED)
    two.runs.decide(run.id, Choice.ABORT, None, "not tonight")
    until(lambda: state(two, run) is RunState.ABORTED)


def test_where_the_runs_cannot_be_read_that_is_said_and_ends_with_its_cause(
    estate: RcgEstate, sit: Sit, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat, name = sit(), estate.group(RcgMode.SYNC)
    until(lambda: seat.view.read)

    def broken(self: Ledger, *_: object) -> None:
        raise KeyError("what it was about")

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "runs", broken)
        until(lambda: seat.view.trouble is not None)
        assert seat.view.trouble == "The runs cannot be read, what is shown of them is old: a defect, KeyError"
    until(lambda: seat.view.trouble is None)
    run = proposed(seat, f"rcg stop {name}")
    until(lambda: state(seat, run) is RunState.PROPOSED)


def test_a_read_only_console_keeps_no_proposal_begins_nothing_and_decides_nothing(estate: RcgEstate, sit: Sit) -> None:
    one, two, name = sit(), sit(read_only=True), estate.group(RcgMode.SYNC)
    assert isinstance(two.runs.propose(understood(f"rcg stop {name}")), Plan)
    run = proposed(one, f"rcg stop {name}")
    with pytest.raises(RunError, match="read-only"):
        two.runs.decide(run.id, Choice.ABORT, None, "")
    two.runs.act(run.id)
    assert two.said == ["this console is read-only"]
    assert two.runs.acting == frozenset()
    assert two.runs.agree(run, run.plan.confirm) == "this console is read-only"
    until(lambda: state(two, run) is RunState.PROPOSED)
