"""``drdeck vm backup``, ``vm backups`` and ``vm restore`` from the shell, against the lab's servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from app.recovery.vmbackup.folders import scan
from backends.vsphere import acts, tasks, transfer
from tests.faults.vm_estate import VmEstate, vm_estate


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_POLL_S", 0.02)
    monkeypatch.setattr(acts, "_POLL_S", 0.02)
    monkeypatch.setattr(transfer, "POLL_S", 0.02)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VmEstate]:
    with vm_estate(tmp_path_factory.mktemp("vms")) as ready:
        (ready.directory / "backups").mkdir()
        with ready.config.open("a") as file:
            file.write('\n[backups]\ndirectory = "backups"\n')
        yield ready


def vm(estate: VmEstate, *words: str) -> int:
    return main(["vm", *words, "--config", str(estate.config), "--store", str(estate.directory / "store.sqlite")])


def path_of(estate: VmEstate, name: str) -> Path:
    found, _ = scan(estate.directory / "backups")
    return next(one.folder.final for one in found if one.facts is not None and one.facts.vm == name)


def test_a_backup_is_made_listed_verified_and_restored(estate: VmEstate, capsys: pytest.CaptureFixture[str]) -> None:
    name = estate.fresh()
    before = estate.writes()
    assert vm(estate, "backup", name) == 0
    assert estate.writes() == before
    assert vm(estate, "backup", name, "--execute") == 0
    path = path_of(estate, name)
    capsys.readouterr()
    assert vm(estate, "backups", name) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["VM", "AGE", "SIZE", "STATE", "SCHEDULE", "BACKUP"]
    assert row.startswith(f"{name}  <10s  0.1 MiB  verified 20")
    assert row.endswith(str(path.relative_to(estate.directory / "backups")))
    assert vm(estate, "backups", name, "--verify", "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)["backups"]
    assert (found["vm"], found["server"], found["wrong"], found["verified_now"]) == (name, "vc-paris", None, True)
    assert [file["name"] for file in found["files"]] == [f"{name}.ovf", f"{name}-disk1.vmdk"]
    words = ("restore", found["backup"], "--to", "vc-lyon", "--name", f"{name}-b", "--network", "PROD=PROD-L")
    assert vm(estate, *words, "--execute") == 1
    assert "not typed: 'vm restore" in capsys.readouterr().err
    assert vm(estate, *words, "--execute", "--confirm", f"vm restore {name}-b") == 0
    assert vm(estate, *words) == 1
    assert f"the name {name}-b is free on vc-lyon" in capsys.readouterr().err


def test_the_first_file_that_is_not_as_it_was_written_is_named(
    estate: VmEstate, capsys: pytest.CaptureFixture[str]
) -> None:
    name = estate.fresh()
    assert vm(estate, "backup", name, "--execute") == 0
    disk = path_of(estate, name) / f"{name}-disk1.vmdk"
    content = bytearray(disk.read_bytes())
    content[-1] ^= 1
    disk.write_bytes(content)
    capsys.readouterr()
    assert vm(estate, "backups", name) == 0  # nobody read it
    assert vm(estate, "backups", name, "--verify") == 1
    said = capsys.readouterr().out
    assert "DAMAGED" in said
    assert f"{disk.name} is damaged: its SHA256 is" in said
    disk.write_bytes(content[:-1])
    assert vm(estate, "backups", name) == 1
    assert f"{disk.name} is damaged: {len(content) - 1} bytes, {len(content)} were written" in capsys.readouterr().out
    (disk.parent / "drdeck-backup.json").unlink()
    assert vm(estate, "backups", f"{name}-*") == 1
    assert "NOT READABLE" in capsys.readouterr().out


def test_what_is_not_whole_is_told_with_who_deletes_it(estate: VmEstate, capsys: pytest.CaptureFixture[str]) -> None:
    above = estate.directory / "backups" / "vc-paris" / "old-vm-1"
    (above / "20270101T000000Z.r-1.partial").mkdir(parents=True)
    (above / "20260101T000000Z.deleting").mkdir()
    assert vm(estate, "backups", "old*") == 0
    said = capsys.readouterr().out
    assert "r-1.partial: not whole, and nobody writes it: drdeck runs resume r-1 goes on with it" in said
    assert "20260101T000000Z.deleting: half deleted" in said
    assert vm(estate, "backups", "--json") in (0, 1)
    assert {one["run"] for one in json.loads(capsys.readouterr().out)["not_whole"]} == {"r-1", None}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("backup",), "expected a name"),
        (("backup", "a", "--to", "vc-lyon"), "go with restore, not with backup"),
        (("replicate", "a", "--verify"), "--verify goes with backups"),
        (("restore", "a"), "expected one backup, a server and a name"),
        (("restore", "a", "--to", "vc-lyon", "--name", "b", "--network", "PROD"), "expected SRC=DST"),
        (("restore", "a", "--to", "vc-lyon", "--name", "b" * 81), "expected 1 to 80 printable characters"),
        (("backups", "--keep-mac"), "go with restore, not with backups"),
    ],
)
def test_wrong_usage_says_what_was_expected(
    estate: VmEstate, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    assert vm(estate, *words) == 2
    assert told in capsys.readouterr().err


def test_without_a_directory_that_is_said(estate: VmEstate, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.toml"
    text = estate.config.read_text().partition("\n[backups]")[0]
    config.write_text(text)
    for name in estate.directory.glob("*"):
        if not (tmp_path / name.name).exists():
            (tmp_path / name.name).symlink_to(name)
    assert main(["vm", "backups", "--config", str(config)]) == 1
    assert "[backups] directory" in capsys.readouterr().err
    config.write_text(f'{text}\n[backups]\ndirectory = "nowhere"\n')
    assert main(["vm", "backups", "--config", str(config)]) == 1
    assert "nowhere: No such file or directory" in capsys.readouterr().err
    config.write_text(f"{text}\n[backups]\ndirectory = 7\n")
    assert main(["vm", "backups", "--config", str(config)]) == 2
    assert "backups.directory: expected a path to a directory, found 7" in capsys.readouterr().err
