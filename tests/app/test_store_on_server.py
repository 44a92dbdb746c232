"""The command line on a store that is on a PostgreSQL server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.cli import main
from app.machinery import Machinery
from app.runs_command import _Teller
from app.settings import load
from app.store_check import told
from store.database import open_store
from store.firstlook import first_look
from store.ledger import Ledger
from store.place import Server
from store.runs import RunState
from tests.app.report.reported import OPS, PLAN
from tests.app.test_report_command import CONFIG
from tests.faults.cutting_proxy import CuttingProxy, proxy
from tests.postgres import Postgres
from tests.store.estates import lpars, reading, status


@pytest.fixture
def server(postgres: Postgres) -> Iterator[Server]:
    with postgres.store() as store:
        yield store


@pytest.fixture
def wire(postgres: Postgres) -> Iterator[CuttingProxy]:
    with proxy(postgres.port) as made:
        yield made


@pytest.fixture
def config(
    server: Server, postgres: Postgres, wire: CuttingProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    monkeypatch.setenv("STORE_PASSWORD", postgres.password)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    url = server.url.replace(f":{postgres.port}/", f":{wire.port}/")
    path = tmp_path / "config.toml"
    path.write_text(f'[store]\nurl = "{url}"\npassword = "env:STORE_PASSWORD"\n{CONFIG}')
    return str(path)


@pytest.fixture
def run(server: Server) -> str:
    """A run that went through."""
    with closing(Ledger(server)) as ledger:
        ledger.propose("r1", PLAN, OPS)
        ledger.approve("r1", OPS, PLAN.confirm)
        lease = ledger.take("r1", "one")
        ledger.turn(lease, RunState.SUCCEEDED)
    return "r1"


def test_what_was_run_is_listed_shown_proved_and_reported_from_a_server(
    config: str, run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", config, "runs", "list", "--json"]) == 0
    assert [each["id"] for each in json.loads(capsys.readouterr().out)["runs"]] == [run]
    assert main(["--config", config, "runs", "show", run]) == 0
    assert main(["--config", config, "runs", "note", run, "seen"]) == 0
    capsys.readouterr()
    assert main(["--config", config, "audit", "verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["entries"] == 5
    assert main(["--config", config, "report", run, "--to", str(tmp_path)]) == 0
    (archive,) = tmp_path.glob("drdeck-report-*.zip")
    assert archive.stat().st_size > 0
    assert main(["--config", config, "schedule", "list"]) == 0
    assert main(["--config", config, "plan", "list"]) == 0


def test_a_server_that_does_not_answer_is_named_without_its_password_and_ends_with_the_code_of_the_store(
    config: str, wire: CuttingProxy, postgres: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    wire.dark(True)
    for words in (["runs", "list"], ["schedule", "list"], ["inventory", "lpars", "--cached"]):
        assert main(["--config", config, *words]) == 4
        said = capsys.readouterr().err
        assert said.startswith("The store postgresql://drdeck@127.0.0.1:")
        assert "cannot be reached" in said
        assert postgres.password not in said
    assert main(["--config", config, "audit", "verify"]) == 1
    assert "cannot be reached" in capsys.readouterr().err


def test_a_wrong_password_is_told_as_the_server_says_it(
    config: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STORE_PASSWORD", "geheim")
    assert main(["--config", config, "runs", "list"]) == 4
    said = capsys.readouterr().err
    assert 'password authentication failed for user "drdeck"' in said
    assert "geheim" not in said
    monkeypatch.delenv("STORE_PASSWORD")
    assert main(["--config", config, "runs", "list"]) == 4
    assert "env:STORE_PASSWORD: the environment variable is not set" in capsys.readouterr().err


def test_a_store_in_a_file_is_copied_over_once_it_is_said_so(
    config: str, postgres: Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, url = tmp_path / "old.sqlite", postgres.url(postgres.database())
    with closing(Ledger(source)) as ledger:
        ledger.propose("r7", PLAN, OPS)
    words = ["--config", config, "store", "copy", "--from", str(source), "--to", url]
    assert main(words) == 0
    assert "Would copy" in capsys.readouterr().out
    assert main([*words, "--execute"]) == 0
    assert "The chain is whole there and goes on" in capsys.readouterr().out
    assert main([*words, "--execute"]) == 1
    assert "Nothing was copied" in capsys.readouterr().err
    assert main([*words[:-1], "postgresql://drdeck:geheim@127.0.0.1/x"]) == 2
    assert "geheim" not in capsys.readouterr().err


def test_the_console_looks_at_a_server_first_as_at_a_file(server: Server) -> None:
    with closing(open_store(server)) as store:
        store.configure([status()])
        store.apply(reading(0, *lpars(3)))
    look = first_look(server)
    assert look is not None
    assert len(look.view().entries("lpar")) == 3
    assert first_look(Server(server.url.replace("store_", "nothing_"), server.password)) is None


def test_the_check_says_whether_the_store_answers_and_that_its_certificate_is_not_verified(
    server: Server, postgres: Postgres, wire: CuttingProxy, tmp_path: Path
) -> None:
    assert told(tmp_path / "store.sqlite") == []
    assert told(server) == [
        f"Store: {server} answers",
        "    -> Its certificate is not verified (sslmode=disable): anybody may answer in its place",
    ]
    wire.dark(True)
    (first, second) = told(postgres.server("postgres", wire.port))
    assert first.endswith("cannot be reached: server closed the connection unexpectedly")
    assert second.startswith("    -> Look at the server")


def test_whoever_follows_a_run_on_the_command_line_is_told_once_that_it_is_frozen_and_that_it_goes_on(
    server: Server, postgres: Postgres, wire: CuttingProxy, run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    near = Server(server.url.replace(f":{postgres.port}/", f":{wire.port}/"), server.password)
    with closing(Ledger(near)) as ledger:
        teller = _Teller(ledger, run)
        teller.look()
        wire.dark(True)
        teller.look()
        teller.look()
        wire.dark(False)
        teller.look()
    (frozen, back) = capsys.readouterr().err.splitlines()
    assert frozen.startswith("FROZEN: The store")
    assert "Nothing more is sent until it answers again" in frozen
    assert back == "The store is back."


def test_what_one_console_reads_shows_on_a_wall_that_follows_the_server(config: str, server: Server) -> None:
    wall, over = Machinery(load(Path(config)), load(Path(config)).store), threading.Event()
    with closing(open_store(server)) as console:
        console.configure([status("3par-oslo")])
        console.apply(reading(0, *lpars(1), device="3par-oslo"))
        view = wall.open()
        follower = threading.Thread(target=wall.follow, args=(over, 3600.0), daemon=True)
        follower.start()
        try:
            console.apply(reading(30, *lpars(3), device="3par-oslo"))
            deadline = time.monotonic() + 60
            while len(view.entries("lpar")) != 3:
                assert time.monotonic() < deadline, "it is never told"
                time.sleep(0.02)
        finally:
            over.set()
            follower.join()
            wall.close()
