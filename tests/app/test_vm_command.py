"""``drdeck vm``: listed, planned and run from the shell, against the lab's servers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from app.cli import main
from backends.vsphere import acts, tasks, transfer
from store.estate import PowerState
from tests.faults.vm_estate import VmEstate, vm_estate


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_POLL_S", 0.02)
    monkeypatch.setattr(acts, "_POLL_S", 0.02)
    monkeypatch.setattr(transfer, "POLL_S", 0.02)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VmEstate]:
    with vm_estate(tmp_path_factory.mktemp("vms")) as ready:
        yield ready
        assert ready.world.referee.violations == []


def vm(estate: VmEstate, *words: str, confirm: tuple[str, ...] | None = None) -> int:
    given = [option for word in confirm or () for option in ("--confirm", word)]
    executed = ["--execute", *given] if confirm is not None else []
    files = ["--config", str(estate.config), "--store", str(estate.directory / "store.sqlite")]
    return main(["vm", *words, *executed, *files])


def test_a_vm_is_listed_replicated_failed_over_and_brought_home(
    estate: VmEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.fresh()
    assert vm(estate, "list", name) == 1
    assert "no complete copy" in capsys.readouterr().out
    before = estate.writes()
    assert vm(estate, "replicate", name) == 0
    assert estate.writes() == before
    assert vm(estate, "replicate", name, confirm=()) == 0
    capsys.readouterr()
    assert vm(estate, "list", name, "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["vms"]
    assert (row["state"], row["direction"], row["source_power"], row["replica_power"], row["copies"]) == (
        "in time", "vc-paris → vc-lyon", "poweredOn", "poweredOff", 1,
    )  # fmt: skip
    assert row["size"] == 4 << 30
    assert row["took_s"] > 0
    assert vm(estate, "failover", name, confirm=("something else",)) == 1
    assert vm(estate, "failover", name, confirm=(f"vm failover {name}",)) == 0
    assert vm(estate, "list", name) == 1
    assert "failed over" in capsys.readouterr().out
    assert vm(estate, "failback", name, confirm=(f"vm failback {name}",)) == 0
    assert estate.power(estate.paris, name) is PowerState.ON
    assert vm(estate, "replicate", name, confirm=()) == 0
    assert vm(estate, "list", name) == 0


def test_a_drill_says_how_it_is_cleaned_up(estate: VmEstate, capsys: pytest.CaptureFixture[str]) -> None:
    name = estate.fresh()
    assert vm(estate, "replicate", name, confirm=()) == 0
    assert vm(estate, "drill", name, confirm=(f"vm drill {name}",)) == 0
    capsys.readouterr()
    vm(estate, "list", name)
    told = capsys.readouterr().out
    run = told.split("drdeck vm cleanup ")[1].split()[0]
    assert vm(estate, "cleanup", run, confirm=(f"discard DR writes of {run}",)) == 0
    capsys.readouterr()
    vm(estate, "list", name)
    assert "cleanup" not in capsys.readouterr().out


def test_what_is_paused_is_not_replicated_until_it_is_resumed(
    estate: VmEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.fresh()
    assert vm(estate, "pause", name, confirm=()) == 0
    assert vm(estate, "replicate", name) == 1
    assert "paused by run" in capsys.readouterr().err
    assert vm(estate, "resume", name, confirm=()) == 0
    assert vm(estate, "replicate", name) == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("replicate",), "expected a name"),
        (("undo", "a", "b"), "expected a name alone"),
        (("drill", "a", "--disaster"), "go with failover"),
        (("failover", "a", "--wave", "99"), "expected 1 to 32"),
    ],
)
def test_wrong_usage_says_what_was_expected(
    estate: VmEstate, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    estate.fresh()
    assert vm(estate, *words) == 2
    assert told in capsys.readouterr().err


def test_a_name_that_is_none_is_told_with_those_there_are(estate: VmEstate, capsys: pytest.CaptureFixture[str]) -> None:
    name = estate.fresh()
    assert vm(estate, "list", "nobody") == 1
    said = capsys.readouterr().err
    assert "No replication is called nobody" in said
    assert name in said or "vm" in said
