"""Runs of consoles whose store is on a server that goes away: frozen, said so, and gone on with or given up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.connect import Connector
from app.orders import understood
from app.recovery.console_runs import ConsoleRuns
from app.recovery.operations import Operations
from app.settings import load
from backends.lab.faults import FaultKind
from store import journal
from store.database import open_store
from store.estate import RcgMode
from store.ledger import Ledger
from store.place import Server
from store.run_view import RunView
from store.runs import Run, RunState
from tests.faults.cutting_proxy import CuttingProxy, proxy
from tests.faults.rcg_estate import RcgEstate, rcg_estate
from tests.postgres import Postgres

SLOW_S = 3.0


@dataclass
class Console:
    """A console without its screen, whose store is reached over a wire that can be cut."""

    runs: ConsoleRuns
    view: RunView
    said: list[str]


@dataclass
class Scene:
    """That console, the wire, and the store as a console sees it that did not lose it."""

    console: Console
    wire: CuttingProxy
    store: Server
    other: Ledger


def seat(held: ExitStack, estate: RcgEstate, place: Server) -> Console:
    store = held.enter_context(closing(open_store(place)))
    ledger = held.enter_context(closing(Ledger(place)))
    operations = Operations(settings := load(estate.config), store, ledger, Connector(settings))
    view, said = RunView(), list[str]()
    runs = ConsoleRuns(operations, view, lambda: None, said.append)
    held.callback(runs.close, 5.0)
    runs.start()
    return Console(runs, view, said)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcgEstate]:
    with rcg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def scene(estate: RcgEstate, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr("app.recovery.patience.AGAIN_S", 0.1)
    monkeypatch.setattr("store.postgres.LANDED_S", 0.1)
    with ExitStack() as held:
        store = held.enter_context(postgres.store())
        wire = held.enter_context(proxy(postgres.port))
        near = postgres.server(Path(store.url.partition("?")[0]).name, wire.port)
        other = held.enter_context(closing(Ledger(store)))
        yield Scene(seat(held, estate, near), wire, store, other)
        wire.dark(False)
    estate.world.faults.clear()
    assert estate.world.referee.violations == []


def until(holds: Callable[[], object], limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.02)


def begun(scene: Scene, estate: RcgEstate) -> Run:
    """A failover whose first call takes its time, and is under way when the store goes away."""
    name = estate.group(RcgMode.SYNC)
    estate.switch_off("paris", name)
    estate.world.faults.add("3par-p", FaultKind.SLOW, "PUT /remotecopygroups", count=1, seconds=SLOW_S)
    run = scene.console.runs.propose(understood(f"rcg failover {name}"))
    assert isinstance(run, Run), run
    assert scene.console.runs.agree(run, run.plan.confirm) is None
    until(lambda: not estate.world.faults.in_force())
    scene.wire.dark(True)
    return run


def kinds(scene: Scene, run: Run) -> list[str]:
    return [entry.kind for entry in scene.other.journal(run.id)]


def test_a_run_is_frozen_while_its_store_is_away_and_goes_on_with_the_answer_that_came_meanwhile(
    scene: Scene, estate: RcgEstate
) -> None:
    run = begun(scene, estate)
    until(lambda: (scene.console.view.trouble or "").startswith("FROZEN: "))
    assert "Nothing more is sent until it answers again" in (scene.console.view.trouble or "")
    frozen = kinds(scene, run)
    assert frozen.count("intent") > frozen.count("answer")
    time.sleep(SLOW_S)  # the device answers meanwhile
    assert kinds(scene, run) == frozen
    scene.wire.dark(False)
    until(lambda: scene.other.run(run.id).state is RunState.SUCCEEDED)
    until(lambda: scene.console.view.trouble is None)
    until(lambda: not scene.console.runs.acting)
    assert kinds(scene, run).count("answer") == sum(step.attempts > 0 for step in scene.other.run(run.id).steps)
    assert journal.verify(scene.store).broken is None
    assert scene.console.said == []


def test_a_console_that_comes_back_to_a_run_of_another_one_gives_it_up_and_writes_nothing(
    scene: Scene, estate: RcgEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.ledger.LEASE_S", 2.0)
    run = begun(scene, estate)
    until(lambda: scene.other.run(run.id).state is RunState.INTERRUPTED)
    lease = scene.other.take(run.id, "two")
    entries = len(scene.other.journal(run.id))
    scene.wire.dark(False)
    until(lambda: scene.console.said)
    assert "another console acts for it now" in scene.console.said[0]
    assert len(scene.other.journal(run.id)) == entries
    scene.other.turn(lease, RunState.ABORTED, "enough seen")
