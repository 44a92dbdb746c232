"""One SSH connection to one HMC, many commands over it. What became of each says :mod:`backends.ssh_commands`."""

from __future__ import annotations

from backends.endpoint import Limits, SshAccess
from backends.hmc.records import code_of
from backends.outcome import Failure, Sent
from backends.ssh_commands import CommandSession


class HmcSession(CommandSession):
    """A connection to an HMC. Safe to use from several threads."""

    def __init__(self, device: str, access: SshAccess, limits: Limits) -> None:
        super().__init__(device, "the HMC", access, limits)

    def ask(self, command: str) -> str:
        """Run one command and return what it printed. Raises :class:`DeviceError`, also for an exit status not 0:
        the text is then the HMC's own, from stdout, and ``code`` the message code it begins with."""
        answer = self.run(command)
        if answer.exit_status == 0:
            return answer.stdout
        raise self.error(command, Failure.REFUSED, Sent.REFUSED, answer.said, code_of(answer.said))
