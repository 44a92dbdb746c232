"""``drdeck schedule`` and ``drdeck scheduler``: what is typed, what is kept, what is said, and a clean stop."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app import schedule_command
from app.cli import main
from app.schedule_words import local_zone
from app.timetable.kinds import KINDS
from backends.lab.vsphere.machines import walk
from backends.vsphere import tasks
from store.schedule_book import ScheduleBook
from store.schedules import JobOptions, Result, Trigger
from store.timetable import Frequency, Timetable
from tests.app.timetable.vm_lab import VmLab, config, vm_lab
from tests.backends.lab.vsphere.vs_estate import Estate, running
from tests.people import person

EMPTY = '[[sites]]\nname = "paris"\nrole = "prod"\n'


class Typed:
    """The command line on one store."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], text: str = EMPTY) -> None:
        self.config, self.store, self._capsys = folder / "config.toml", folder / "store.sqlite", capsys
        self.config.write_text(text)

    def __call__(self, *words: str) -> tuple[int, str, str]:
        more = ("--config", str(self.config), "--store", str(self.store))
        code = main(["schedule", *words, *more])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def json(self, *words: str) -> Any:
        code, out, err = self(*words, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)


DEVICE = EMPTY + (
    '[[devices]]\nname = "vc"\nkind = "vsphere"\nsite = "paris"\nhost = "127.0.0.1"\nuser = "u"\n'
    'password = "env:NOBODY"\n'
)


@pytest.fixture
def typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typed(tmp_path, capsys, DEVICE)


def test_the_words_of_the_command_line_are_those_of_the_registry() -> None:
    assert {*schedule_command.KINDS} == KINDS.keys()
    assert all(f"  {word} " in schedule_command.WORDS for word in KINDS)


def test_a_schedule_that_is_added_shows_its_next_five_dates_in_its_zone(typed: Typed) -> None:
    code, out, _ = typed(
        "add", "ends", "vm-snapshot", "erp", "--every", "month", "--day", "31", "--at", "23:30", "--zone",
        "Europe/Paris", "--keep", "3",
    )  # fmt: skip
    assert code == 0
    first, *dates = out.splitlines()
    assert first == "ends: vm-snapshot of erp, monthly on day 31 at 23:30, Europe/Paris"
    assert len(dates) == 5
    assert all(line.split()[2] == "23:30" and line.split()[3] in ("CET", "CEST") for line in dates)
    found = typed.json("list")["schedules"][0]
    assert (found["name"], found["options"]["keep"], len(found["next_runs"])) == ("ends", 3, 5)


def test_an_edit_changes_what_is_given_and_shows_the_dates(typed: Typed) -> None:
    typed("add", "nightly", "vm-snapshot", "erp", "--every", "day", "--memory")
    found = typed.json("edit", "nightly", "--at", "04:15", "--no-memory", "--quiesce")
    assert (found["timetable"]["hour"], found["timetable"]["minute"]) == (4, 15)
    assert (found["options"]["memory"], found["options"]["quiesce"], found["target"]) == (False, True, "erp")
    assert all(":15:00Z" in date for date in found["next_runs"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "x", "vm-snapshot", "--every", "day"], "TARGET of vm-snapshot (the machine's name or instance UUID)"),
        (["add", "x", "align", "erp", "--every", "day"], "expected no target, got erp"),
        (["add", "x", "vm-snapshot", "erp", "--every", "day", "--at", "2 o'clock"], "expected HH:MM"),
        (["add", "x", "vm-snapshot", "erp", "--every", "day", "--at", "24:00"], "hour 24: expected 0 to 23"),
        (["add", "x", "vm-snapshot", "erp", "--every", "hour", "--at", "02:00"], "expected :MM, such as :30"),
        (["add", "x", "vm-snapshot", "erp", "--every", "week", "--weekday", "T"], "expected one of Monday"),
        (["add", "x", "vm-snapshot", "erp", "--every", "day", "--zone", "Paris"], "expected an IANA name"),
        (["add", "x", "vm-snapshot", "erp", "--every", "day", "--keep", "0"], "--keep 0: expected 1 or more"),
        (["add", "x", "vm-snapshot", "erp", "--every", "day", "--memory", "--quiesce"], "expected one of them"),
        (["add", "x", "rcg-sync", "oradb", "--every", "day", "--keep", "3"], "--keep does not go with rcg-sync"),
        (["add", "x", "drill", "--every", "day"], "expected a target"),
        (
            ["add", "x", "drill", "w", "--every", "day", "--cleanup-after", "-1"],
            "--cleanup-after -1: expected 0 to 10080",
        ),
        (["add", "x", "health", "--every", "day", "--cleanup-after", "5"], "--cleanup-after does not go with health"),
        (["add", "-x", "health", "--every", "day"], "the following arguments are required"),
        (["add", "a b", "health", "--every", "day"], "expected a name of letters"),
        (["next", "x", "--count", "0"], "No schedule is called x"),
    ],
)
def test_what_means_nothing_is_refused_with_what_was_expected(typed: Typed, words: list[str], said: str) -> None:
    code, out, err = typed(*words)
    assert code in (1, 2)
    assert said in err
    assert out == ""
    assert typed.json("list")["schedules"] == []


def test_a_schedule_is_renamed_and_keeps_all_else_but_not_to_a_name_that_is_taken(typed: Typed) -> None:
    typed("add", "drill-web", "drill", "web", "--every", "week", "--cleanup-after", "30")
    typed("add", "health", "health", "--every", "6h")
    code, _, err = typed("edit", "drill-web", "--rename", "health")
    assert (code, err) == (1, "There is a schedule health already.\n")
    found = typed.json("edit", "drill-web", "--rename", "drill-shop")
    assert (found["name"], found["kind"], found["options"]["cleanup_min"]) == ("drill-shop", "drill", 30)
    assert typed("edit", "drill-web")[0] == 1


def test_pause_resume_remove_and_next(typed: Typed) -> None:
    typed("add", "nightly", "health", "--every", "day")
    assert "is paused: drdeck schedule resume nightly" in typed("pause", "nightly")[1]
    assert typed.json("list")["schedules"][0]["next_runs"] == []
    assert len(typed("resume", "nightly")[1].splitlines()) == 6
    assert len(typed("next", "nightly", "--count", "12")[1].splitlines()) == 13
    assert typed("remove", "nightly")[0] == 0
    assert typed("next", "nightly")[0] == 1


def test_a_schedule_is_changed_by_an_admin_and_run_by_an_operator_of_where_it_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sites = DEVICE + '[[sites]]\nname = "lyon"\nrole = "dr"\n'
    roles = [("admin", "*", "daemon"), ("admin", "paris", "bin"), ("operator", "*", "nobody")]
    given = "".join(f'[[roles]]\nrole = "{r}"\nsites = ["{site}"]\nusers = ["{u}"]\n' for r, site, u in roles)
    typed = Typed(tmp_path, capsys, sites + given)
    add = ("add", "night", "health", "--every", "day")
    for name, said in (("nobody", "nobody has no role admin at paris"), ("bin", "bin has no role admin at lyon")):
        person(name, monkeypatch)
        code, _, err = typed(*add)
        assert (code, err) == (1, f"Refused: {said}, which it takes to change a schedule: ask {_holders(name)}.\n")
    person("daemon", monkeypatch)
    assert typed(*add)[0] == 0
    person("nobody", monkeypatch)
    for order in (("pause", "night"), ("edit", "night", "--at", "03:00"), ("resume", "night"), ("remove", "night")):
        code, _, err = typed(*order)
        assert (code, err[:28]) == (1, "Refused: nobody has no role ")
    person("daemon", monkeypatch)
    code, _, err = typed("run", "night")
    assert (code, err[:37]) == (1, "Refused: daemon has no role operator ")
    assert typed("list")[0] == 0


def _holders(asking: str) -> str:
    return "daemon, bin" if asking == "nobody" else "daemon"


def test_a_read_only_configuration_changes_no_schedule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed = Typed(tmp_path, capsys, DEVICE.replace("[[sites]]", "[console]\nread_only = true\n\n[[sites]]", 1))
    code, _, err = typed("add", "nightly", "health", "--every", "day")
    assert (code, err) == (1, "Refused: the configuration says read_only.\n")
    assert typed("list")[0] == 0
    assert main(["scheduler", "--config", str(typed.config), "--store", str(typed.store)]) == 1


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VmLab]:
    monkeypatch.setattr(tasks, "_POLL_S", 0.02)
    with vm_lab(tmp_path / "identities", tmp_path) as found:
        yield found


def test_run_does_it_now_and_history_tells(lab: VmLab, capsys: pytest.CaptureFixture[str]) -> None:
    typed = Typed(lab.config.parent, capsys, lab.config.read_text())
    typed("add", "nightly", "vm-snapshot", "vm0", "--every", "day", "--keep", "1")
    code, out, _ = typed("run", "nightly")
    assert code == 0
    assert "succeeded" in out
    assert f"took {lab.names()[0]}" in out
    typed("run", "nightly")
    (newest, oldest) = typed.json("history", "nightly")["runs"]
    assert any(note.startswith("retention: deleted") for note in newest["notes"])
    assert (oldest["result"], oldest["trigger"]) == ("succeeded", "by hand")
    assert typed("history", "nightly")[1].count("took drdeck-") == 2
    assert typed.json("list")["schedules"][0]["last_run"]["run"] == newest["run"]


def test_run_of_what_fails_says_so(lab: VmLab, capsys: pytest.CaptureFixture[str]) -> None:
    typed = Typed(lab.config.parent, capsys, lab.config.read_text())
    typed("add", "nightly", "vm-snapshot", "nobody", "--every", "day")
    code, out, _ = typed("run", "nightly")
    assert code == 1
    assert "No server of the configuration has a machine nobody" in out


@pytest.mark.parametrize(
    ("text", "zone"),
    [("Europe/Paris", "Europe/Paris"), (":/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"), ("CET-1CEST", "UTC")],
)
def test_the_zone_of_a_new_schedule_is_the_machine_s_own(text: str, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", text)
    assert local_zone() == zone


# ------------------------------------------------------------------------------------------------------ the scheduler


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    with running(tmp_path / "identities") as found:
        yield found


def scheduler(estate: Estate, folder: Path) -> subprocess.Popen[str]:
    words = ["-m", "app", "scheduler", "--config", str(config(estate, folder)), "--store", str(folder / "s.sqlite")]
    return subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def overdue(book: ScheduleBook, name: str) -> None:
    """The schedule is due now."""
    with closing(sqlite3.connect(book.path, isolation_level=None)) as raw:
        raw.execute("UPDATE schedule SET next_run = '2026-01-01T00:00:00.000000Z' WHERE name = ?", (name,))


def until(wanted: object, limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not wanted():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.1)


def test_esx_19_the_scheduler_does_what_is_due_and_ends_cleanly_by_sigterm(estate: Estate, tmp_path: Path) -> None:
    book = ScheduleBook(tmp_path / "s.sqlite", "test")
    # Due but once in this test: monthly.
    made = book.add("snap", "vm-snapshot", "vm0", JobOptions(), Timetable(Frequency.MONTHLY))
    overdue(book, "snap")
    process = scheduler(estate, tmp_path)
    try:
        until(lambda: any(run.result is Result.SUCCEEDED for run in book.runs(made.id)))
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert out.splitlines()[-2:] == ["stopping", "stopped"]
    assert "done: snap, due " in out
    assert [each.name for each in book.schedules()] == ["clean-up", "health", "snap"]
    assert len(list(walk(estate.vms[0].roots))) == 1
    book.close()


def test_esx_19_a_scheduler_that_was_killed_is_gone_on_with_and_no_snapshot_is_taken_twice(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate.world.clock.set_speed(0)  # the server's task does not end
    book = ScheduleBook(tmp_path / "s.sqlite", "test")
    made = book.add("snap", "vm-snapshot", "vm0", JobOptions(), Timetable(Frequency.MONTHLY))
    overdue(book, "snap")
    process = scheduler(estate, tmp_path)
    try:
        until(lambda: estate.requests.get("CreateSnapshot_Task", 0) == 1)
    finally:
        process.kill()
        process.communicate(timeout=60)
    estate.world.clock.set_speed(1)
    with closing(sqlite3.connect(book.path, isolation_level=None)) as raw:  # half a minute later
        raw.execute("UPDATE schedule_run SET until = '2026-01-01T00:00:00.000000Z' WHERE result = 'running'")
        raw.execute("UPDATE lease SET until = '2026-01-01T00:00:00.000000Z'")
    process = scheduler(estate, tmp_path)
    try:
        until(lambda: book.runs(made.id)[0].result is Result.SUCCEEDED, 120)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate(timeout=60)
    triggers = [(run.trigger, run.result) for run in book.runs(made.id) if run.result is not Result.MISSED]
    assert triggers == [(Trigger.RESUMED, Result.SUCCEEDED), (Trigger.CATCH_UP, Result.INTERRUPTED)]
    assert estate.requests["CreateSnapshot_Task"] == 1
    assert len(list(walk(estate.vms[0].roots))) == 1
    book.close()
