"""``drdeck alerts`` and ``drdeck incident``: what people do about what is wrong, who may, what the journal keeps."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.alerts.watch import Engine
from app.cli import main
from app.report.facts import facts
from store import journal
from store.alert_view import AlertView
from store.alerts import AlertStore
from store.ledger import Ledger
from store.outbox import Outbox
from store.runs import Plan
from store.segment import segment
from tests.app.alerts.facts import STEPS, Told, device, silence_of
from tests.app.test_access_settings import BASE
from tests.people import person

ROLES = """
[[roles]]
role = "operator"
users = ["root", "daemon"]
[[roles]]
role = "viewer"
users = ["nobody"]
"""


class Kept:
    """A configuration and a store, in which some things are wrong."""

    def __init__(self, folder: Path) -> None:
        self.config, self.store = folder / "config.toml", folder / "store.sqlite"
        self.config.write_text(f"{BASE}{ROLES}")

    @property
    def files(self) -> tuple[str, ...]:
        return ("--config", str(self.config), "--store", str(self.store))

    def run(self, *words: str) -> int:
        return main([*words, *self.files])

    def wrong(self, source: Told) -> None:
        """One look of a console at these facts."""
        with closing(AlertStore(self.store)) as store, closing(Outbox(self.store)) as outbox:
            engine = Engine(store, outbox, AlertView(), [source], STEPS, "a console", due=lambda: lambda: True)
            engine.round()
            engine.leave()

    def journal(self, kind: str) -> list[dict[str, object]]:
        with closing(Ledger(self.store)) as ledger:
            return [json.loads(entry.body) for entry in ledger.journal() if entry.kind == kind]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    found = Kept(tmp_path)
    source = Told()
    source.found = [device("fa"), device("hmc")]
    found.wrong(source)
    yield found
    assert journal.verify(found.store).broken is None


def shown(kept: Kept, capsys: pytest.CaptureFixture[str], *words: str) -> object:
    capsys.readouterr()
    assert kept.run(*words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_a_group_is_listed_taken_and_let_go_and_the_journal_says_who_before_and_after(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kept.run("alerts", "list") == 0
    assert "paris/device-failing" in capsys.readouterr().out
    assert kept.run("alerts", "ack", "paris/device-failing", "--owner", "bert", "--reason", "cable") == 0
    (group,) = shown(kept, capsys, "alerts", "list")["groups"]  # type: ignore[index]
    assert (group["owners"], group["waiting"]) == (["bert"], 0)
    assert kept.run("alerts", "unack", "paris/device-failing", "--reason", "his shift is over") == 0
    (taken,), (left,) = kept.journal("alert acknowledged"), kept.journal("alert unacknowledged")
    assert (taken["before"], taken["after"], taken["reason"]) == ([], "bert", "cable")
    assert str(taken["by"]).startswith("root@")
    assert (left["before"], left["after"]) == (["bert"], None)


def test_what_a_person_must_not_do_is_refused_and_stands_in_the_journal(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """DCM-03."""
    person("nobody", monkeypatch)
    tries = (
        ("alerts", "ack", "paris/device-failing", "--reason", "mine"),
        ("alerts", "silence", "--site", "paris", "--until", "+1h", "--reason", "quiet"),
        ("alerts", "rule", "add", "r", "rpo", ">", "1h"),
        ("incident", "declare", "fire", "--severity", "major", "--component", "paris"),
    )
    for words in tries:
        assert kept.run(*words) == 1
        assert "Refused: nobody has no role" in capsys.readouterr().err
    refused = kept.journal("refused")
    assert len(refused) == len(tries)
    assert all(str(each["by"]).startswith("nobody@") for each in refused)
    assert kept.run("alerts", "list") == 0


def test_what_is_critical_is_never_taken_by_a_program_and_by_a_person_who_types_its_name(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    """DCM-04."""
    source = Told()
    source.found = [silence_of()]
    kept.wrong(source)
    words = ("alerts", "ack", "paris/site-silent", "--reason", "power is off")
    assert kept.run(*words) == 1
    assert "a person takes it at a terminal" in capsys.readouterr().err
    assert kept.journal("alert acknowledged") == []
    assert _at_a_terminal(kept, words, "paris/site-silent") == 0
    (taken,) = kept.journal("alert acknowledged")
    assert taken["group"] == "paris/site-silent"


def _at_a_terminal(kept: Kept, words: tuple[str, ...], typed: str) -> int:
    master, slave = pty.openpty()
    os.write(master, f"{typed}\n".encode())
    with subprocess.Popen(
        [sys.executable, "-m", "app", *words, *kept.files], stdin=slave, stdout=slave, stderr=slave
    ) as running:
        code = running.wait(120)
    os.close(slave)
    os.close(master)
    return code


def test_a_silence_always_ends_and_only_maintenance_makes_it_long(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kept.run("alerts", "silence", "--site", "paris", "--reason", "works") == 2
    assert kept.run("alerts", "silence", "--site", "paris", "--until", "+3d", "--reason", "works") == 2
    assert "only within maintenance" in capsys.readouterr().err
    assert kept.run("alerts", "silence", "--until", "+1h", "--reason", "all") == 2
    assert kept.run("maintenance", "add", "--site", "paris", "--until", "+3d", "--reason", "move") == 0
    made = shown(kept, capsys, "alerts", "silence", "--maintenance", "1", "--until", "+9d", "--reason", "move")
    (window,) = shown(kept, capsys, "maintenance", "list")["windows"]  # type: ignore[index]
    assert str(window["ends"]).startswith(str(made["until"]).removesuffix("Z"))  # type: ignore[index]
    (group,) = shown(kept, capsys, "alerts", "list")["groups"]  # type: ignore[index]
    assert (group["silenced"], group["waiting"]) == (2, 0)
    assert kept.run("maintenance", "end", "1") == 0  # and with it what it bounds
    assert shown(kept, capsys, "alerts", "silences") == []
    assert [each["after"] is None for each in kept.journal("alert silence")] == [False, True]


def test_a_rule_is_kept_once_by_its_name(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    """DCM-09."""
    words = ("alerts", "rule", "add", "old", "rpo", ">", "30m", "--for", "10m", "--severity", "major")
    assert kept.run(*words) == 0
    assert kept.run(*words) == 1
    assert "a rule is called old" in capsys.readouterr().err
    assert kept.run("alerts", "rule", "add", "x", "warp", ">", "1") == 2
    assert "metric warp: expected one of rpo" in capsys.readouterr().err
    (rule,) = shown(kept, capsys, "alerts", "rule", "list")  # type: ignore[misc]
    assert (rule["metric"], rule["threshold"], rule["for_s"]) == ("rpo", 1800.0, 600.0)
    assert kept.run("alerts", "rule", "remove", "old") == 0
    assert shown(kept, capsys, "alerts", "rule", "list") == []


def test_an_incident_is_declared_from_alerts_led_written_down_and_closed(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kept.run("incident", "declare", "--alert", "paris/device-failing", "--commander", "anna") == 0
    assert kept.run("incident", "change", "1", "--scribe", "carl", "--severity", "critical") == 0
    assert kept.run("incident", "note", "1", "fire brigade is here") == 0
    assert kept.run("alerts", "ack", "paris/device-failing", "--owner", "bert", "--reason", "cable") == 0
    with closing(Ledger(kept.store)) as ledger:
        plan = Plan("failover", "failover of erp", ("rcg:erp",), ledger._clock())
        ledger.propose("r1", plan, "anna@jump", incident=1)
        ledger.propose("r2", plan, "anna@jump")
        assert ledger.run("r1").incident == 1
    assert kept.run("incident", "link", "1", "r2") == 0
    assert kept.run("incident", "lesson", "1", "second feed", "--owner", "bert", "--due", "2026-12-24") == 0
    assert kept.run("incident", "close", "1", "--resolution", "power is back") == 0
    assert kept.run("incident", "change", "1", "--title", "x") == 1
    each = shown(kept, capsys, "incident", "show", "1")
    assert isinstance(each, dict)
    assert (each["state"], each["commander"], each["scribe"], each["runs"]) == (
        "resolved",
        "anna",
        "carl",
        ["r1", "r2"],
    )
    assert each["lessons"] == [{"text": "second feed", "owner": "bert", "due": "2026-12-24"}]
    told = [one["words"] for one in each["timeline"]]
    assert told[0] == "declared: fa cannot be read, from the alerts paris/device-failing"
    assert "scribe is now carl" in told[1]
    assert told[2] == "fire brigade is here"
    assert told[3].startswith("bert has the alerts paris/device-failing until ")
    assert told[4] == "run r1: proposed: failover of erp"
    assert told[-1] == "state is now resolved; resolution is now power is back"
    evidence = [segment(kept.store, run) for run in ("r1", "r2")]
    assert [facts(part, "drdeck").incident for part in evidence if part is not None] == [1, 1]
    (_, closed) = kept.journal("incident changed")
    assert closed["before"] == {"state": "open", "resolution": ""}
