"""Two people at their consoles: one proposes, the other approves, and what an act takes is said before it is tried."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from store.estate import RcgMode
from store.runs import RunState
from tests.app.acting import acting, runs
from tests.app.test_acting import OnRcgs
from tests.app.test_approve_command import ROLES
from tests.faults.rcg_estate import RcgEstate, rcg_estate
from tests.people import person
from tests.screens.piloting import piloted


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcgEstate]:
    with rcg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


def console(estate: RcgEstate, path: Path) -> AbstractAsyncContextManager[OnRcgs]:
    config = estate.config.with_name("roles.toml")
    config.write_text(estate.config.read_text() + ROLES)
    config.chmod(0o600)
    return acting(OnRcgs, config, path)


async def propose(at: OnRcgs, name: str) -> None:
    await at.select(name)
    await at.order(f"rcg failover {name}")
    await at.see("Proposed: failover")
    await at.agree(f"failover {name}")


@piloted
async def test_one_proposes_and_another_one_approves(
    estate: RcgEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, name = tmp_path / "store.sqlite", estate.group(RcgMode.SYNC)
    person("daemon", monkeypatch)
    async with console(estate, store) as at:
        await propose(at, name)
        await at.see("waits for approval", "Another person than daemon has to approve it", "ask nobody")
        assert runs(store)[0].began_at is None
        await at.keys("V")
        await at.see("daemon proposed it, and another person")
        await at.keys("R")
        await at.see("nothing of it has begun")
    person("nobody", monkeypatch)
    async with console(estate, store) as at:
        await at.keys("4", "a")
        await at.see("Act is refused: nobody has no role operator")
        await at.keys("8", "enter", "B")
        await at.see("Break glass is refused: nobody has no role operator")
        await at.keys("V")
        await at.see("To approve: failover", "Looked at anew it does the same")
        await at.agree(f"failover {name}")
        await at.see("succeeded", "Approved by nobody@")
    (run,) = runs(store)
    assert (run.state, run.by.partition("@")[0]) == (RunState.SUCCEEDED, "daemon")


@piloted
async def test_the_glass_is_broken_with_a_reason_and_words_that_say_so(
    estate: RcgEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, name = tmp_path / "store.sqlite", estate.group(RcgMode.SYNC)
    person("daemon", monkeypatch)
    async with console(estate, store) as at:
        await propose(at, name)
        await at.see("waits for approval")
        await at.keys("B")
        await at.see("Break the glass", "a reason")
        await at.keys("tab")
        await at.words("nobody answers")
        await at.keys("ctrl+y")
        await at.see("BREAK-GLASS: failover")
        await at.agree(f"failover {name}", f"break glass failover {name}")
        await at.see("succeeded", "approved it alone: nobody answers")
        await at.keys("escape")
        await at.see("succeeded, BREAK-GLASS")
    assert runs(store)[0].glass == "nobody answers"
