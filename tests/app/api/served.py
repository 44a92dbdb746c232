"""The API as it runs: a process of its own, on the demo estate as one sweep saw it, and what was run."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import Any

from app.connect import Connector
from app.settings import load
from app.sweep import Sweeper
from store.alert_records import Alert, AlertKind, AlertState, Raised
from store.alerts import AlertStore
from store.database import open_store
from store.incident_records import Incident
from store.incidents import IncidentStore
from store.infra import book
from store.infra.records import Rack, Source, System, SystemType
from store.notices import Severity
from tests.app.lab_estate import lab_estate
from tests.app.report.reported import OPS, RUN, filled

TOKEN = "a-token-of-a-test-only"
READERS = """
[[api.readers]]
name = "board"
token = "env:DRDECK_TEST_READER"
"""


@dataclass
class Answer:
    """What came back; ``body`` is as it was sent."""

    status: int
    body: bytes
    headers: Message

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """``url`` of the API, which runs on ``store``."""

    url: str
    store: Path

    def get(self, path: str, token: str | None = TOKEN, method: str = "GET", **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(self.url + path, headers=sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as found:
                return Answer(found.status, found.read(), found.headers)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), error.headers)

    def pages(self, path: str, most: int = 3) -> Iterator[list[dict[str, Any]]]:
        """Page after page, as whoever follows ``next`` gets them."""
        after = ""
        while True:
            page = self.get(f"{path}?most={most}{after}").json
            yield page["items"]
            if page["next"] is None:
                return
            after = f"&after={urllib.parse.quote(page['next'])}"


def prepared(directory: Path) -> tuple[Path, Path]:
    """Configuration and store in an empty directory."""
    store = filled(directory)
    with lab_estate(directory) as estate, closing(open_store(store)) as opened:
        settings = load(estate.config)
        sweeper = Sweeper(settings.devices, Connector(settings), opened)
        try:
            for device in settings.devices:
                sweeper.sweep(device.name)
        finally:
            sweeper.stop()
        with estate.config.open("a") as file:
            file.write(READERS)
        furnish(store)
        return estate.config, store


def furnish(store: Path) -> None:
    """A rack with two systems, an incident that a run carries, and an alert that somebody has."""
    now = datetime.now(UTC)
    rack = Rack("paris", "A7", "A", feeds=("f1",))
    hosts = [System(f"host{n}", "paris", SystemType.SERVER, "A7", u=n, height=1.5, watts=300) for n in (3, 10)]
    book.put(store, Source("rooms.csv", now, OPS), [rack, *hosts])
    with closing(IncidentStore(store)) as incidents:
        made = incidents.declare(Incident(0, "Paris is dark", Severity.CRITICAL, "site paris", "paris", OPS, now))
        incidents.link(made.id, RUN, OPS)
    fact = Raised("device:x", AlertKind.DEVICE_FAILING, Severity.WARNING, "paris", "x", "x fails", "no answer", "see 6")
    alert = Alert(fact, "estate", AlertState.OPEN, 2, now, now, opened_at=now)
    with closing(AlertStore(store)) as alerts:
        claim = alerts.claim("estate", OPS)
        assert claim is not None
        alerts.save("estate", claim, [alert])
        alerts.acknowledge("g", [alert], "ana", now + timedelta(hours=1), "looking", OPS)


@contextmanager
def served(config: Path, store: Path) -> Iterator[Served]:
    """Start it, and end it as an operator does."""
    command = [sys.executable, "-m", "app", "--config", str(config), "--store", str(store), "api", "--port", "0"]
    environment = {**os.environ, "DRDECK_TEST_READER": TOKEN}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            found = re.fullmatch(r"At (http://127\.0\.0\.1:\d+)/\n", process.stdout.readline())
            assert found is not None
            yield Served(found[1], store)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    assert process.returncode == 0
