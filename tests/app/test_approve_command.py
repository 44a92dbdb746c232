"""Roles and four eyes on the command line, against the lab: two people of this machine on one store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cli import main
from app.recovery import approval
from store.estate import RcgMode
from store.ledger import Ledger, RunError
from store.runs import Run, RunState
from tests.faults.rcg_estate import RcgEstate, rcg_estate
from tests.people import person

ROLES = """
[[roles]]
role = "operator"
users = ["daemon", "root"]
[[roles]]
role = "approver"
sites = ["paris", "lyon"]
users = ["nobody", "daemon"]
[[roles]]
role = "approver"
sites = ["paris"]
users = ["bin"]
[access]
four_eyes = ["destructive"]
expires = "30m"
"""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RcgEstate]:
    with rcg_estate(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def files(estate: RcgEstate, tmp_path: Path) -> list[str]:
    config = estate.config.with_name("roles.toml")
    config.write_text(estate.config.read_text() + ROLES)
    config.chmod(0o600)
    return ["--config", str(config), "--store", str(tmp_path / "store.sqlite")]


def kept(files: list[str]) -> tuple[Run, list[tuple[str, dict[str, object]]]]:
    """The newest run and its journal."""
    with closing(Ledger(Path(files[-1]))) as ledger:
        run = ledger.runs()[0]
        return run, [(entry.kind, json.loads(entry.body)) for entry in ledger.journal(run.id)]


def proposed(estate: RcgEstate, files: list[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A failover that daemon proposed and that waits for another person."""
    name = estate.group(RcgMode.SYNC)
    person("daemon", monkeypatch)
    assert main(["rcg", "failover", name, "--execute", "--confirm", f"failover {name}", *files]) == 3
    return kept(files)[0]


def agree(run: Run) -> list[str]:
    return [part for word in run.plan.confirm for part in ("--confirm", word)]


def test_what_two_people_have_to_agree_to_begins_once_the_other_one_did(
    estate: RcgEstate, files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = proposed(estate, files, monkeypatch)
    said = capsys.readouterr()
    assert f"drdeck runs approve {run.id}" in said.err
    assert run.state is RunState.PROPOSED and run.began_at is None and run.awaited is not None
    assert main(["runs", "resume", run.id, *files]) == 1  # it cannot be gone round
    capsys.readouterr()
    assert main(["runs", "approve", run.id, *agree(run), *files]) == 1
    assert "daemon proposed it, and another person has to approve it" in capsys.readouterr().err
    person("bin", monkeypatch)
    assert main(["runs", "approve", run.id, *agree(run), *files]) == 1
    refused = capsys.readouterr().err
    assert "bin has no role approver at lyon" in refused and "ask nobody, daemon" in refused
    person("nobody", monkeypatch)
    assert main(["runs", "approve", run.id, *files]) == 1
    assert f"not typed: '{run.plan.name}'" in capsys.readouterr().err
    assert main(["runs", "approve", run.id, *agree(run), *files]) == 0
    assert run.awaited.digest in capsys.readouterr().out
    done, journal = kept(files)
    assert done.state is RunState.SUCCEEDED
    assert done.approval is not None and done.approval.by is not None and done.approval.by.startswith("nobody@")
    by = {kind: body["by"] for kind, body in journal if kind in ("proposed", "approval asked", "approved")}
    assert {kind: str(who).partition("@")[0] for kind, who in by.items()} == {
        "proposed": "daemon",
        "approval asked": "daemon",
        "approved": "nobody",
    }
    assert main(["audit", "verify", *files]) == 0


def test_a_proposal_that_changed_or_expired_is_ended_and_never_begun(
    estate: RcgEstate, files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = proposed(estate, files, monkeypatch)
    name = run.plan.name.removeprefix("failover ")
    with estate.world.turn() as now:
        group, side = estate.paris.groups[name]
        group.stop(side, now)
    person("nobody", monkeypatch)
    assert main(["runs", "approve", run.id, *agree(run), *files]) == 1
    assert "has to be proposed anew" in capsys.readouterr().err
    assert kept(files)[0].state is RunState.ABORTED
    run = proposed(estate, files, monkeypatch)
    person("nobody", monkeypatch)
    later = datetime.now(UTC) + timedelta(minutes=31)
    with (
        closing(Ledger(Path(files[-1]), clock=lambda: later)) as ledger,
        pytest.raises(RunError, match="until"),
    ):
        ledger.approve(run.id, "nobody@here", (), ("nobody",))
    with monkeypatch.context() as patched:

        class Later(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:
                return later

        patched.setattr(approval, "datetime", Later)
        assert main(["runs", "approve", run.id, *agree(run), *files]) == 1
    assert "propose it anew" in capsys.readouterr().err
    assert kept(files)[0].state is RunState.ABORTED


def test_one_alone_breaks_the_glass_loudly(
    estate: RcgEstate, files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = proposed(estate, files, monkeypatch)
    person("nobody", monkeypatch)  # approves, but may run nothing
    assert main(["runs", "approve", run.id, "--break-glass", "alone", *agree(run), *files]) == 1
    assert "nobody has no role operator" in capsys.readouterr().err
    person("daemon", monkeypatch)
    alone = ["runs", "approve", run.id, "--break-glass", "nobody can be reached", *agree(run)]
    assert main([*alone, *files]) == 1
    assert f"not typed: 'break glass {run.plan.name}'" in capsys.readouterr().err
    assert main([*alone, "--confirm", f"break glass {run.plan.name}", *files]) == 0
    assert "BREAK-GLASS" in capsys.readouterr().out
    done, journal = kept(files)
    assert done.glass == "nobody can be reached"
    assert next(body for kind, body in journal if kind == "break-glass")["reason"] == "nobody can be reached"
    assert main(["runs", "list", *files]) == 0
    assert "succeeded, BREAK-GLASS" in capsys.readouterr().out


def test_a_plan_is_run_alone_at_once_with_a_reason_and_its_words(
    estate: RcgEstate, files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.group(RcgMode.SYNC)
    person("daemon", monkeypatch)
    order = ["rcg", "failover", name, "--execute", "--confirm", f"failover {name}", "--break-glass", "fire"]
    assert main([*order, *files]) == 1
    assert main([*order, "--confirm", f"break glass failover {name}", *files]) == 0
    assert kept(files)[0].glass == "fire"
    assert main(["rcg", "failover", estate.group(RcgMode.SYNC), "--break-glass", "  ", "--execute", *files]) == 2
    assert "it takes a reason" in capsys.readouterr().err


def test_who_has_no_role_may_look_and_nothing_else(
    estate: RcgEstate, files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = proposed(estate, files, monkeypatch)
    person("games", monkeypatch)
    capsys.readouterr()
    assert main(["runs", "show", run.id, *files]) == 0
    for order in (
        ["runs", "abort", run.id],
        ["runs", "resume", run.id],
        ["runs", "note", run.id, "hello"],
        ["runs", "approve", run.id],
        ["rcg", "sync", run.plan.name.removeprefix("failover "), "--execute"],
        ["maintenance", "add", "--site", "paris", "--until", "+1h", "--reason", "works"],
        ["maintenance", "end", "1"],
        ["schedule", "add", "s", "health", "--every", "day"],
        ["scheduler"],
    ):
        capsys.readouterr()
        code = main([*order, *files])
        assert (code, capsys.readouterr().err[:23]) == (1, "Refused: games has no r"), order
    config = Path(files[1])
    config.write_text(config.read_text().replace('expires = "30m"', 'expires = "30m"\nothers = "refused"'))
    assert main(["runs", "list", *files]) == 1
    assert "games has no role any, which it takes to look" in capsys.readouterr().err
