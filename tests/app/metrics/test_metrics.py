"""Metrics: what Prometheus' own parser reads, ages that nobody invents, a file replaced at once, loopback alone."""

from __future__ import annotations

import http.client
import json
import re
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from app.capacity.headroom import capacity
from app.capacity.needs import Needs
from app.metrics.exposition import CONTENT_TYPE, Gauge, Value, text
from app.metrics.gauges import Known, gauges
from app.metrics.outlets import HOST, MetricsServer, Outlets, write
from screens.index import Index
from screens.scene import Scene
from store import figures
from store.database import open_store
from store.errors import StoreError
from store.figures import Figures
from store.ledger import Ledger
from store.plan_view import PlanShown
from store.records import DeviceHealth
from store.runs import Plan, RunState
from store.view import EstateView
from tests.screens.estate import NOW, SITES, troubled
from tests.screens.test_screens_plans import PLANS

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
NOTHING = Figures({}, {}, 0, 0)


def known(view: EstateView, after_s: float = 0, plans: tuple[PlanShown, ...] = PLANS) -> Known:
    now = NOW + timedelta(seconds=after_s)
    index = Index(view)
    index.renew()
    room = capacity(now, 183, (), Needs({}, ()), (), {}, {}, ())
    drilled = {"web01": NOW - timedelta(days=3)}
    found = Figures({"rcg:1:oradb": 7}, {"succeeded": 4, "running": 1}, 42, 0)
    return Known(Scene(view, index, now, SITES), plans, drilled, found, room, lab=True)


def samples(view: EstateView, after_s: float = 0) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """By metric and labels, as Prometheus' parser reads it."""
    found: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    for family in text_string_to_metric_families(text(gauges(known(view, after_s)))):
        assert family.type == "gauge" and family.documentation
        for sample in family.samples:
            key = frozenset(sample.labels.items())
            assert key not in found.setdefault(sample.name, {}), "each sample once"
            found[sample.name][key] = sample.value
    return found


def of(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


def test_everything_that_is_known_is_told() -> None:
    found = samples(troubled().view())
    assert found["drdeck_lab"] == {of(): 1.0}
    assert found["drdeck_plan_ready"][of(plan="erp")] == 0.0
    assert found["drdeck_plan_check_age_seconds"][of(plan="erp")] == 3 * 3600
    assert found["drdeck_last_drill_age_seconds"] == {of(name="web01"): 3 * 86400}
    assert found["drdeck_lease_epoch"] == {of(target="rcg:1:oradb"): 7}
    assert found["drdeck_runs"][of(state="succeeded")] == 4 and found["drdeck_runs"][of(state="failed")] == 0
    assert found["drdeck_journal_entries"] == {of(): 42} and found["drdeck_journal_lag"] == {of(): 0}
    assert {dict(key)["kind"] for key in found["drdeck_rpo_seconds"]} >= {"pgroup", "rcg"}
    assert "drdeck_alerts_open" not in found, "nothing here counts alerts"


def test_dcm_13_while_no_device_answers_ages_grow_by_the_time_and_nothing_else_moves() -> None:
    view = troubled().view()
    silent = EstateView.of(
        [entry for kind in ("lpar", "pgroup", "rcg", "vm", "system") for entry in view.entries(kind)],
        [replace(device, health=DeviceHealth.FAILING) for device in view.devices()],
    )
    now, later = samples(silent), samples(silent, after_s=3600)
    for name, found in now.items():
        for labels, value in found.items():
            grown = 3600 if name in ("drdeck_rpo_seconds", "drdeck_sweep_age_seconds") or "_age_" in name else 0
            assert later[name][labels] == pytest.approx(value + grown), (name, labels)
    assert set(now["drdeck_device_up"].values()) == {0.0}


def test_dcm_05_a_store_that_knows_nothing_has_no_ages() -> None:
    found = {gauge.name: gauge.values for gauge in gauges(replace(known(EstateView(), plans=()), drilled={}))}
    assert not any(found[name] for name in found if "rpo" in name or "age" in name or "plan" in name)


def test_of_a_copy_that_nothing_bounds_it_is_said_and_no_age_is_given() -> None:
    found = samples(troubled().view())
    unknown = {key for key, value in found["drdeck_rpo_known"].items() if value == 0}
    assert unknown and not unknown & found["drdeck_rpo_seconds"].keys()


@given(st.dictionaries(st.sampled_from("abc"), st.text(st.characters(exclude_categories=("Cs",)), max_size=12)),
       st.floats(allow_nan=False, allow_infinity=False))  # fmt: skip
def test_any_label_comes_back_as_it_was(labels: dict[str, str], value: float) -> None:
    written = text([Gauge("drdeck_x", "a \\ b\nc", (Value(labels, value),))])
    (family,) = text_string_to_metric_families(written)
    assert family.documentation == "a \\ b\nc"
    assert (family.samples[0].labels, family.samples[0].value) == (labels, value)


# --------------------------------------------------------------------------------------------------------- the store


def test_the_store_counts_runs_leases_and_how_far_the_note_of_the_journal_lags(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    open_store(path).close()
    assert figures.read(path) == NOTHING
    with closing(Ledger(path)) as ledger:
        ledger.propose("r1", Plan("rcg sync", "rcg sync x", ("rcg:x",), NOW), "ana")
        ledger.approve("r1", "ana", ())
        ledger.take("r1", "console 1")
    found = figures.read(path)
    assert found.epochs == {"rcg:x": 1} and sum(found.runs.values()) == 1 and set(found.runs) <= set(RunState)
    assert found.journal_entries > 0 and found.journal_lag == 0
    head = path.with_name(path.name + ".journal-head")
    number, _, digest = head.read_text().partition(" ")
    head.write_text(f"{int(number) - 1} {digest}")
    assert figures.read(path).journal_lag == 1
    head.write_text("nonsense")
    assert figures.read(path).journal_lag is None


# ----------------------------------------------------------------------------------------------------------- outlets


def test_a_file_is_replaced_as_a_whole_and_may_be_read_by_the_collector(tmp_path: Path) -> None:
    path = tmp_path / "drdeck.prom"
    write(path, "a 1\n")
    write(path, "a 2\n")
    assert path.read_text() == "a 2\n" and stat.S_IMODE(path.stat().st_mode) & 0o444 == 0o444
    assert [each.name for each in tmp_path.iterdir()] == ["drdeck.prom"], "nothing half written is left"
    with pytest.raises(OSError, match="No such file"):
        write(tmp_path / "nowhere" / "x.prom", "a 1\n")


@contextmanager
def serving(answer: str = "a 1\n", broken: bool = False) -> Iterator[MetricsServer]:
    def told() -> str:
        if broken:
            raise StoreError("The store is locked", "wait")
        return answer

    server = MetricsServer(0, told)
    server.begin()
    try:
        yield server
    finally:
        server.end()


def asked(server: MetricsServer, path: str = "/metrics", method: str = "GET", host: str = "") -> tuple[int, str, str]:
    with closing(http.client.HTTPConnection(HOST, server.server_port, timeout=30)) as connection:
        connection.request(method, path, headers={"Host": host or f"{HOST}:{server.server_port}"})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type") or "", answer.read().decode()


def test_esx_20_it_is_served_on_loopback_to_get_alone_and_under_its_own_name() -> None:
    with serving() as server:
        assert server.server_address[0] == "127.0.0.1"
        assert asked(server) == (200, CONTENT_TYPE, "a 1\n")
        assert asked(server, "/")[0] == 404 and asked(server, "/metrics/x")[0] == 404
        assert asked(server, host="evil.example")[0] == 403, "a page in a browser may know the port"
        assert {asked(server, method=method)[0] for method in ("POST", "PUT", "DELETE")} == {501}
    with serving(broken=True) as server:
        assert asked(server)[0] == 503


def test_a_port_that_is_taken_and_a_file_that_cannot_be_written_are_told_once(tmp_path: Path) -> None:
    said: list[str] = []
    with serving() as server:
        outlets = Outlets(lambda: "a 1\n", tmp_path / "no" / "x.prom", server.server_port, said.append)
        outlets.start()
        deadline = time.monotonic() + 60
        while len(said) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        outlets.stop()
    assert sorted(text.partition(":")[0] for text in said) == [
        f"no metrics are written to {tmp_path / 'no' / 'x.prom'}", f"no metrics on port {server.server_port}",
    ]  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- examples

NAMES = {gauge.name for gauge in gauges(known(EstateView()))}


def test_every_metric_that_the_examples_name_exists() -> None:
    board = json.loads((EXAMPLES / "grafana-dashboard.json").read_text())
    rules = yaml.safe_load((EXAMPLES / "prometheus-rules.yml").read_text())
    shown = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    alerts = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    assert shown and alerts
    for expression in (*shown, *alerts):
        named = set(re.findall(r"drdeck_\w+", expression))
        assert named and named <= NAMES, expression
