"""``drdeck capacity``, ``cost`` and ``metrics`` on the lab: what its devices say, with N_Port IDs out of each VIOS."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from app.capacity.lab_past import DAYS, past
from app.capacity.sampling import Sampler, sample_all
from app.capacity.service import SampleService
from app.capacity.supply import CPG, VIOS, measured
from app.cli import main
from app.headless import Headless
from app.metrics_settings import MetricsSettings
from app.recovery.operations import Operations
from app.settings import Settings, load
from backends.lab.faults import FaultKind
from store.capacity_book import CapacityBook
from store.capacity_records import Measured, Resource
from store.database import Store, open_store
from store.ledger import Ledger
from tests.app.lab_estate import LabEstate, lab_estate
from tests.terminal import drdeck

GIB = 1 << 30


@dataclass(frozen=True)
class Opened:
    """The lab with a store that was read once, and what acts on it."""

    lab: LabEstate
    settings: Settings
    store: Store
    operations: Operations


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    with lab_estate(tmp_path_factory.mktemp("capacity")) as lab:
        assert main(["inventory", "--config", str(lab.config)]) == 0
        settings = load(lab.config)
        store, ledger = open_store(settings.store), Ledger(settings.store)
        try:
            yield Opened(lab, settings, store, Operations(settings, store, ledger))
        finally:
            ledger.close()
            store.close()


Told = Callable[..., tuple[int, str]]


@pytest.fixture
def told(opened: Opened, capsys: pytest.CaptureFixture[str]) -> Told:
    def run(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main([*words, "--config", str(opened.lab.config)])
        return code, capsys.readouterr().out

    return run


def rows(told: Told, *words: str) -> list[dict[str, Any]]:
    _, out = told("capacity", "--json", *words)
    found: list[dict[str, Any]] = json.loads(out)["rows"]
    return found


def test_before_there_are_samples_it_tells_what_fits_now_and_what_a_forecast_lacks(told: Told) -> None:
    code, out = told("capacity")
    assert code == 0
    first = out.splitlines()[0]
    assert first.startswith("plan demo fits now; no data: 0 of 61 days of samples for 20")
    _, far = told("capacity", "--months", "12")
    assert "0 of 122 days" in far.splitlines()[0]
    (memory,) = [r for r in rows(told) if (r["system"], r["resource"]) == ("P10-LYO-01", "memory")]
    assert (memory["total"], memory["needed"]) == (512 * GIB, 104 * GIB)
    assert sorted(need["member"] for need in memory["needs"]) == ["erp_app1", "erp_db1", "mq1"]
    assert memory["left"] == memory["total"] - memory["used"] - memory["needed"]
    assert memory["forecast"]["samples"] == {"days": 0, "needed": 61}


def test_n_port_ids_and_cpgs_are_asked_for_and_a_hmc_that_is_silent_is_named(opened: Opened, told: Told) -> None:
    now = datetime.now(UTC)
    with closing(CapacityBook(opened.settings.store)) as book:
        kept, failures = sample_all(opened.operations, book, now)
        assert kept > 20 and failures == {}
        ports = {m.name: m for m in book.newest() if m.series.kind == VIOS}
        assert len(ports) == 8 and {m.total for m in ports.values()} == {128.0}, "two ports of 64 each"
        with opened.lab.fault("hmc-lyon", FaultKind.UNREACHABLE):
            _, failures = sample_all(opened.operations, book, now + timedelta(hours=1))
        assert set(failures) == {"hmc-lyon"}
        cpgs = {m.name: m for m in book.newest() if m.series.kind == CPG}
        assert "SSD_r6 of 3par-lyon" in cpgs and all(0 <= m.used <= (m.total or 0) for m in cpgs.values())
    shown = [row for row in rows(told) if row["resource"] == "N_Port IDs"]
    assert len(shown) == 4 and all(row["used"] + row["left"] == 128 for row in shown)
    assert SampleService(opened.operations, print).sample_if_due(now + timedelta(hours=1)) == 0, "somebody just did"


def test_a_console_keeps_what_its_sweeps_saw_once_and_of_a_silent_device_nothing(opened: Opened) -> None:
    clock = [datetime.now(UTC)]
    path = opened.settings.store.with_name("other.sqlite")
    sampler = Sampler(opened.store.view, path, past, clock=lambda: clock[0])
    kept = sampler.take()
    assert kept > 20
    with closing(CapacityBook(path)) as book:
        assert {len(days) for days in book.days(clock[0] - timedelta(days=400)).values()} == {DAYS + 1, 1}
    assert sampler.take() == 0, "nothing was read since"
    clock[0] += timedelta(hours=2)
    sampler._last.clear()
    assert sampler.take() == 0, "what was seen two hours ago is no sample of now"
    sampler.close()
    assert sampler.take() == 0


def test_the_past_of_a_lab_makes_a_forecast_with_its_method_interval_and_inputs(opened: Opened, told: Told) -> None:
    with closing(CapacityBook(opened.settings.store)) as book:
        book.keep([each for m in measured(opened.store.view) for each in past(m)])
    code, out = told("capacity")
    assert code == 0 and out.splitlines()[0].startswith("plan demo still fits on 20")
    (memory,) = [r for r in rows(told) if (r["system"], r["resource"]) == ("P10-LYO-01", "memory")]
    forecast = memory["forecast"]
    assert forecast["method"].startswith("Theil-Sen") and forecast["covers"] == 0.9
    low, high = forecast["slope_interval"]
    assert low <= forecast["slope_a_day"] <= high and forecast["samples"]["days"] == DAYS
    assert memory["full"] == {"expected": None, "earliest": None, "latest": None}


def test_the_past_of_a_lab_is_the_same_at_every_start_and_ends_at_what_is_measured(opened: Opened) -> None:
    (one,) = [m for m in measured(opened.store.view) if (m.name, m.series.resource) == ("fa-lyon", Resource.SPACE)]
    first: list[Measured] = list(past(one))
    assert first == list(past(one)) and len(first) == DAYS
    assert first[-1].used == pytest.approx(one.used, rel=0.05) and all(0 <= m.used <= (m.total or 0) for m in first)


def test_the_cost_of_the_demo_has_every_figure_with_its_inputs(told: Told) -> None:
    code, out = told("cost")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "the last drill: no data, none was run"
    assert any(line.startswith("site lyon: ") and "EUR; budget: within 9,500.00 EUR" in line for line in lines)
    _, text = told("cost", "--json")
    items = {f"{item['of']} {item['name']}": item for item in json.loads(text)["items"]}
    erp = items["application demo/erp"]
    assert erp["complete"] and {line["of"] for line in erp["lines"]} == {"Power processors", "memory", "storage"}
    assert float(erp["known"]) == pytest.approx(sum(float(line["amount"]) for line in erp["lines"]))
    assert items["application demo/monitoring"]["complete"] is False, "it has no copy yet"
    assert items["site lyon"]["over_budget"] is False


def test_metrics_are_printed_or_written_to_a_file(told: Told, tmp_path: Path) -> None:
    code, out = told("metrics")
    assert code == 0 and 'drdeck_rpo_seconds{kind="pgroup",name="pg-erp",site="paris"} ' in out
    assert 'drdeck_capacity_needed{site="lyon",system="P10-LYO-01",resource="memory",kind="system"} ' in out
    assert told("metrics", "--textfile", str(tmp_path / "x.prom"))[0] == 0
    written = (tmp_path / "x.prom").read_text()
    assert {line.split("{")[0] for line in written.splitlines()} == {line.split("{")[0] for line in out.splitlines()}
    assert told("metrics", "--textfile", str(tmp_path / "no" / "x.prom"))[0] == 1


def test_the_scheduler_writes_and_serves_its_figures_and_samples_by_itself(opened: Opened, tmp_path: Path) -> None:
    metrics = MetricsSettings(textfile=tmp_path / "drdeck.prom", port=free_port())
    said: list[str] = []
    running = Headless(replace(opened.settings, metrics=metrics), opened.settings.store, said.append)
    running.start()
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "drdeck.prom").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics.port}/metrics", timeout=30) as answer:
            served = answer.read().decode()
        assert "drdeck_sweep_age_seconds{" in served
        assert "drdeck_sweep_age_seconds{" in (tmp_path / "drdeck.prom").read_text()
    finally:
        running.stop(20.0)
        running.close()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{metrics.port}/metrics", timeout=5)


def test_metrics_are_served_until_sigterm(opened: Opened) -> None:
    command = drdeck("metrics", "--serve", "0", "--config", str(opened.lab.config))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        address = serving.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/metrics", address)
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert "drdeck_runs{" in answer.read().decode()
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(60) == 0


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
