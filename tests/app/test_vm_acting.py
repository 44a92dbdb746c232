"""Acting on replicated VMs from the screens: the console, its store and the lab's servers, as they are used."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

import pytest

from app.connect import Connector
from app.console import Console
from app.files import Files
from app.machinery import Machinery
from app.recovery.operations import Operations
from app.recovery.vm import operate
from app.recovery.vmbackup.folders import scan
from app.settings import load
from backends.vsphere import acts, tasks
from screens.base import EstateScreen
from store.database import open_store
from store.estate import PowerState
from store.ledger import Ledger
from tests.app.acting import Acting, runs
from tests.faults.vm_estate import VmEstate, vm_estate
from tests.screens.piloting import piloted


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_POLL_S", 0.02)
    monkeypatch.setattr(acts, "_POLL_S", 0.02)


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[VmEstate]:
    with vm_estate(tmp_path) as running:
        yield running
        assert running.world.referee.violations == []


@asynccontextmanager
async def console(estate: VmEstate, store: Path) -> AsyncIterator[Acting]:
    settings = load(estate.config)
    machinery = Machinery(settings, store)
    app = Console(
        machinery.open, machinery.sweep, machinery.sweep_now, partial(machinery.begin_runs, read_only=False),
        machinery.begin_checks, sites=settings.sites, lab=True, files=Files(store.parent),
        replicated=tuple(one.shown for one in settings.replications),
    )  # fmt: skip
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            running = Acting(app, pilot, None, [])  # type: ignore[arg-type]
            await running.wait_for(lambda: isinstance(app.screen, EstateScreen), "no pane is shown")
            await running.wait_for(lambda: app.around.runs.read, "the runs are not read")
            yield running
    finally:
        machinery.close()


@piloted
async def test_a_vm_is_backed_up_and_failed_over_from_its_menu(estate: VmEstate, tmp_path: Path) -> None:
    name = estate.fresh()
    store = tmp_path / "acting.sqlite"
    (tmp_path / "backups").mkdir()
    with estate.config.open("a") as file:
        file.write('\n[backups]\ndirectory = "backups"\n')
    with closing(open_store(store)) as opened, closing(Ledger(store)) as ledger:
        settings = load(estate.config)
        assert operate.run_pass(Operations(settings, opened, ledger, Connector(settings)), name).done
    async with console(estate, store) as at:
        await at.filtered("5", name, "1 of 1")
        await at.keys("a")
        await at.see(f"Act on {name}, poweredOn on vc-paris, off on vc-lyon", "Fail over", "right as it stands")
        await at.keys(*"jjjjjjj", "enter")
        await at.see(f"Proposed: vm backup {name}", f"Export {name} to vc-paris/{name}-")
        await at.keys("ctrl+y")
        await at.see("succeeded")
        assert len(scan(tmp_path / "backups")[0]) == 1
        await at.keys("5", "a")
        await at.see("Fail over", "right as it stands")
        await at.keys("j", "enter")
        await at.see(f"Proposed: vm failover {name}", "the last copy is made once it is stopped")
        await at.agree(f"vm failover {name}")
        await at.see("succeeded")
        assert estate.power(estate.paris, name) is PowerState.OFF
        assert estate.replicas(name)[-1].power is PowerState.ON
        await at.order(f"vm undo {name}")
        await at.see(f"Proposed: vm undo {name}", "everything that")
        await at.keys("escape")
    assert [run.plan.verb for run in runs(store)][-3:] == ["vm failover", "vm backup", "vm replicate"]
