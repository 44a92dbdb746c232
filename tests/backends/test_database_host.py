"""The host of a database: what its commands say, what became of them, and the lab's own one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.endpoint import Limits, Secret, SshAccess
from backends.host import BackupMode, BackupStatus, HostDriver, RunCommand
from backends.lab.database.state import PASSWORD, USER, Database, add_database
from backends.lab.faults import FaultKind
from backends.lab.lab import Lab
from backends.lab.referee import Rule
from backends.lab.world import World
from backends.outcome import DeviceError, Failure, Sent
from backends.ssh import fingerprint
from store.estate import SiteRole

BEGIN, END, STATUS = RunCommand("backup-mode begin"), RunCommand("backup-mode end"), BackupStatus("backup-mode status")


@dataclass
class Host:
    """A running lab with one database."""

    lab: Lab
    database: Database

    @property
    def world(self) -> World:
        return self.lab.world

    def driver(self, **changes: object) -> HostDriver:
        known: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.world.devices["erp"].ports["ssh"],
            "user": USER,
            "password": Secret(PASSWORD),
            "host_keys": (self.lab.identities.of("erp").ssh_public,),
        }
        return HostDriver("erp", SshAccess(**(known | changes)), Limits(3.0, 5.0, 2))  # type: ignore[arg-type]

    def failed(self, verb: RunCommand, **changes: object) -> DeviceError:
        with closing(self.driver(**changes)) as driver, pytest.raises(DeviceError) as caught:
            driver.perform(verb)
        return caught.value


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    world = World()
    with world.turn():
        world.add_site("paris", SiteRole.PROD)
        database = add_database(world, "erp", "paris", "pg-erp")
    lab = Lab(world, tmp_path / "identities")
    lab.start()
    try:
        yield Host(lab, database)
    finally:
        lab.stop()


def test_a_database_goes_into_backup_mode_and_out_of_it_and_says_how_it_is(host: Host) -> None:
    with closing(host.driver()) as driver:
        assert STATUS.take(driver) is BackupMode.NOT_ACTIVE
        assert driver.perform(BEGIN) == "exit status 0: Database altered."
        assert STATUS.take(driver) is BackupMode.ACTIVE
        driver.perform(END)
        assert STATUS.take(driver) is BackupMode.NOT_ACTIVE
    assert [what for what, _ in host.database.log] == ["begin", "end"]
    assert host.world.referee.violations == []


def test_a_command_that_fails_was_sent_and_refused_in_its_own_words(host: Host) -> None:
    host.database.refusing.add("begin")
    error = host.failed(BEGIN)
    assert (error.failure, error.sent) == (Failure.REFUSED, Sent.REFUSED)
    assert error.text == "erp: exit status 1: ORA-01034: ORACLE not available"
    assert host.failed(RunCommand("backup-mod begin")).text.startswith("erp: exit status 127: bash: backup-mod begin")


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
def test_of_a_lost_answer_nobody_knows_whether_the_command_ran(host: Host, kind: FaultKind) -> None:
    host.world.faults.add("erp", kind, "begin")
    assert host.failed(BEGIN).sent is Sent.UNKNOWN
    assert host.database.active is (kind is FaultKind.DROP_AFTER)


@pytest.mark.parametrize("kind", [FaultKind.UNREACHABLE, FaultKind.REFUSES_LOGIN, FaultKind.SESSION_LIMIT])
def test_what_never_got_as_far_as_a_command_was_not_sent(host: Host, kind: FaultKind) -> None:
    host.world.faults.add("erp", kind)
    assert host.failed(BEGIN).sent is Sent.NO
    assert host.database.heard == []


def test_a_host_whose_key_is_not_pinned_is_not_logged_in_to(host: Host) -> None:
    error = host.failed(BEGIN, host_keys=())
    shown = fingerprint(host.lab.identities.of("erp").ssh.asbytes())
    assert (error.failure, error.sent) == (Failure.UNTRUSTED, Sent.NO)
    assert error.text == f"no host key is pinned; the host of erp showed ssh-ed25519 {shown}"
    host.world.faults.add("erp", FaultKind.CHANGED_KEY)
    assert host.failed(BEGIN).failure is Failure.UNTRUSTED
    assert host.world.devices["erp"].counters.logins == 0


@pytest.mark.parametrize("said", ["", "INACTIVE", "not active", "ACTIVE\nERROR: 2 files", "STATUS: ACTIVE", "1"])
def test_other_words_than_the_two_are_an_error_that_names_the_database_and_what_was_expected(
    host: Host, said: str
) -> None:
    host.database.says = said
    with closing(host.driver()) as driver, pytest.raises(DeviceError) as caught:
        STATUS.take(driver)
    assert caught.value.failure is Failure.BAD_ANSWER
    assert caught.value.text.startswith(
        "erp: expected ACTIVE or NOT ACTIVE as the last line of its status command, got"
    )


class Said:
    """A driver whose command prints this."""

    name = "erp"

    def __init__(self, text: str) -> None:
        self._text = text

    def ask(self, command: str) -> str:
        return self._text


@pytest.mark.parametrize("before", ["", "SQL> connected\n", "\n\nSTATUS\n----------\n"])
@pytest.mark.parametrize("behind", ["", "\n", " \r\n\n"])
@pytest.mark.parametrize("mode", BackupMode)
def test_the_last_line_that_is_not_blank_counts(before: str, mode: BackupMode, behind: str) -> None:
    assert STATUS.take(Said(f"{before}{mode}{behind}")) is mode


@given(st.text())
def test_no_text_but_the_words_themselves_is_taken_for_one_of_them(text: str) -> None:
    try:
        found = STATUS.take(Said(text))
    except DeviceError:
        return
    assert text.rstrip().endswith(found.value)


def test_of_a_long_answer_the_end_is_kept(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Database, "run", lambda *_: "é" * 3000 + "the end")
    with closing(host.driver()) as driver:
        said = driver.perform(BEGIN)
    assert said.endswith("the end")
    assert len(said) < 2100


def test_the_referee_sees_a_backup_begun_twice_and_one_ended_that_never_began(host: Host) -> None:
    assert "ORA-01142" in host.failed(END).text
    with closing(host.driver()) as driver:
        driver.perform(BEGIN)
    assert "ORA-01146" in host.failed(BEGIN).text
    assert [violation.rule for violation in host.world.referee.violations] == [Rule.BACKUP_NONE, Rule.BACKUP_TWICE]
