"""The host of a database: the commands that are configured for it, over SSH, and what the one that tells of backup mode
says.

Nothing is put into a command and nothing is read to it: what is sent is the text of the configuration, so that no
secret of this side can be in it. A password that a command itself needs is the business of the command, on its host.
"""

from __future__ import annotations

import shlex
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from backends.endpoint import Limits, SshAccess
from backends.outcome import DeviceError, Failure, Sent
from backends.ssh_commands import CommandSession

_LONGEST = 2000
"""Of what a command prints, so much of the end is kept: it goes into the journal."""


class BackupMode(StrEnum):
    """What the status command prints as its last line, in the words of V$BACKUP.STATUS."""

    ACTIVE = "ACTIVE"
    NOT_ACTIVE = "NOT ACTIVE"


class RunCommand(Struct, frozen=True):
    """A command that changes something."""

    text: str

    def command(self) -> str:
        return self.text


class RunProgram(Struct, frozen=True):
    """A program with its arguments, each as it is: no shell sees one of them as anything else. ``timeout_s`` bounds it,
    in seconds."""

    argv: tuple[str, ...]
    timeout_s: float

    def command(self) -> str:
        return shlex.join(self.argv)


class Asking(Protocol):
    """A driver of such a host."""

    @property
    def name(self) -> str: ...

    def ask(self, command: str) -> str:
        """What a command prints. Raises :class:`DeviceError`."""


class BackupStatus(Struct, frozen=True):
    """Whether the database is in backup mode, as ``command`` says. Anything but the two words is an error, because a
    step goes by it."""

    command: str

    def take(self, driver: Asking) -> BackupMode:
        lines = [line.strip() for line in driver.ask(self.command).splitlines() if line.strip()]
        found = lines[-1] if lines else ""
        for mode in BackupMode:
            if found == mode.value:
                return mode
        got = f"{found[:200]!r}" if lines else "nothing"
        text = f"{driver.name}: expected ACTIVE or NOT ACTIVE as the last line of its status command, got {got}"
        raise DeviceError(driver.name, self.command, Failure.BAD_ANSWER, Sent.REFUSED, text)


class HostDriver:
    """One host. ``name`` is that of the database in the settings; nothing is sent before the first call."""

    def __init__(self, name: str, access: SshAccess, limits: Limits) -> None:
        self.name = name
        self._session = CommandSession(name, f"the host of {name}", access, limits)

    def ask(self, command: str, timeout_s: float | None = None) -> str:
        """Run one command and return what it printed. Raises :class:`DeviceError`, also for an exit status not 0: the
        text is then the command's own."""
        answer = self._session.run(command, timeout_s)
        if answer.exit_status == 0:
            return answer.stdout
        text = f"{self.name}: exit status {answer.exit_status}: {answer.said[-_LONGEST:]}"
        raise self._session.error(command, Failure.REFUSED, Sent.REFUSED, text)

    def perform(self, verb: RunCommand | RunProgram) -> str:
        """Run one command that changes something, once. Returns how it ended. Raises as :meth:`ask`."""
        said = self.ask(verb.command(), verb.timeout_s if isinstance(verb, RunProgram) else None).strip()
        return f"exit status 0: {said[-_LONGEST:]}" if said else "exit status 0"

    def close(self) -> None:
        """Close the connection; never raises."""
        self._session.close()
