"""Passes of replicated VMs by schedule, against the lab's servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.recovery.vm import operate
from app.replication_records import Replication
from app.timetable.keeper import Timekeeper
from app.timetable.kinds import KINDS
from app.timetable.replications import REPLICATE, keep_up
from backends.vsphere import acts, stream, tasks, transfer
from store.database import open_store
from store.replications import PAUSE
from store.schedule_book import ScheduleBook
from store.schedules import JobOptions, Result, Schedule
from store.timetable import Frequency, Timetable
from tests.app.recovery.vm.test_vm_runs import done, operating
from tests.faults.vm_estate import vm_estate


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_POLL_S", 0.02)
    monkeypatch.setattr(acts, "_POLL_S", 0.02)
    monkeypatch.setattr(transfer, "POLL_S", 0.02)
    monkeypatch.setattr(stream, "REST_S", 0.05)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[ScheduleBook]:
    open_store(tmp_path / "s.sqlite").close()
    with closing(ScheduleBook(tmp_path / "s.sqlite", "jump")) as opened:
        yield opened


def every(minutes: int) -> Timetable:
    return Timetable(Frequency.MINUTES, every_min=minutes)


ERP, SHOP = (Replication(name, name, "vc-paris", "vc-lyon", "ds") for name in ("erp", "shop"))


def kept(book: ScheduleBook) -> dict[str, Schedule]:
    return {each.name: each for each in book.schedules()}


def test_every_replication_of_the_configuration_has_a_schedule_and_none_that_left_it(book: ScheduleBook) -> None:
    book.add("nightly", REPLICATE, "erp", JobOptions(), Timetable(Frequency.DAILY))
    keep_up(book, [ERP, replace(SHOP, interval_s=3600.0)])
    found = kept(book)
    assert {name: (each.kind, each.target, each.timetable) for name, each in found.items()} == {
        "replicate-erp": (REPLICATE, "erp", every(15)),
        "replicate-shop": (REPLICATE, "shop", every(60)),
        "nightly": (REPLICATE, "erp", Timetable(Frequency.DAILY)),
    }
    before = found["replicate-erp"].id
    book.pause("replicate-erp")
    keep_up(book, [replace(ERP, interval_s=300.0)])
    found = kept(book)
    assert set(found) == {"replicate-erp", "nightly"}, "what a person made is left alone"
    assert (found["replicate-erp"].id, found["replicate-erp"].timetable) == (before, every(5))
    assert found["replicate-erp"].paused


def test_a_pass_that_is_due_makes_a_generation_and_one_that_is_paused_says_so(
    book: ScheduleBook, tmp_path: Path
) -> None:
    with vm_estate(tmp_path) as estate:
        name = estate.fresh()
        with operating(estate, tmp_path / "s.sqlite") as operations:
            keep_up(book, operations.settings.replications)
            schedule = kept(book)[f"replicate-{name}"]
            keeper = Timekeeper(book, operations, KINDS)
            first = book.run(keeper.run_now(schedule).id)
            assert (first.result, len(estate.replicas(name))) == (Result.SUCCEEDED, 1)
            assert first.run is not None
            done(operations, lambda ops, run_id: operate.plan_said(ops, PAUSE, [name]))
            paused = book.run(keeper.run_now(schedule).id)
            assert (paused.result, len(estate.replicas(name))) == (Result.REFUSED, 1)
            assert "paused" in " ".join(paused.notes)
        assert estate.world.referee.violations == []
