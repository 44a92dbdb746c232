"""The CLI over SSH: one connection, one exec channel per command, CSV asked for explicitly, errors told by their text.

The vendor's own SSH class is not used: it accepts any host key, types into an interactive shell and cuts the answer by
counting lines.
"""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from backends.endpoint import Limits, SshAccess
from backends.outcome import DeviceError, Failure, Sent
from backends.ssh import SshConnection, drain, words

if TYPE_CHECKING:
    import paramiko

_ERROR = re.compile(r"(?:Error|ERROR|error)\b ?:?|invalid command name |Invalid |Access denied", re.ASCII)
_BUSY = re.compile(r"currently being promoted|is busy|in progress", re.IGNORECASE)
_TOO_MANY = re.compile(r"too many (?:local )?CLI connections", re.IGNORECASE)


class CliSession:
    """A connection made at the first command. Raises :class:`DeviceError` for everything that goes wrong."""

    def __init__(self, device: str, access: SshAccess, limits: Limits) -> None:
        self.device = device
        self._limits = limits
        self._connection = SshConnection(device, "the array", access, limits)

    def close(self) -> None:
        """Close the connection; never raises."""
        self._connection.close()

    def csv(self, command: str, *, headers: bool = False) -> str:
        """What a ``show`` command prints in CSV. An error text, which comes with exit status 0, is raised."""
        setup = "setclienv csvtable 1 ; " + ("" if headers else "setclienv nohdtot 1 ; ")
        return self._checked(command, self._run(command, f"{setup}{command} ; exit", self._limits.call_s))

    def do(self, command: str, timeout_s: float) -> str:
        """Send a verb once and return what it printed. ``timeout_s`` bounds the wait, ``-waittask`` included."""
        return self._checked(command, self._run(command, command, timeout_s))

    def _checked(self, command: str, text: str) -> str:
        first = next((line.strip() for line in text.splitlines() if line.strip()), "")
        if _TOO_MANY.search(first):
            raise self._error(command, Failure.SESSION_LIMIT, Sent.REFUSED, text.strip())
        if _ERROR.match(first):
            failure = Failure.BUSY if _BUSY.search(first) else Failure.REFUSED
            raise self._error(command, failure, Sent.REFUSED, text.strip())
        return text

    # ------------------------------------------------------------------------------------------------- one command

    def _run(self, call: str, line: str, timeout_s: float) -> str:
        import paramiko

        channel = self._channel(call)
        deadline = time.monotonic() + timeout_s
        guard = threading.Timer(timeout_s + 1, channel.close)  # the reply to exec has no time limit of its own
        guard.daemon = True
        guard.start()
        try:
            channel.exec_command(line.encode())
            out = drain(channel, channel.recv, deadline)
            err = drain(channel, channel.recv_stderr, deadline)
            if not channel.status_event.wait(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
        except TimeoutError:
            text = f"no end of the answer within {timeout_s:g} s"
            raise self._error(call, Failure.TIMEOUT, Sent.UNKNOWN, text) from None
        except (paramiko.SSHException, EOFError, OSError) as error:
            late = time.monotonic() >= deadline
            failure = Failure.TIMEOUT if late else Failure.LOST
            raise self._error(call, failure, Sent.UNKNOWN, words(error)) from None
        finally:
            guard.cancel()
            with suppress(Exception):
                channel.close()
        if channel.exit_status < 0:
            text = "the connection ended before the end of the answer"
            raise self._error(call, Failure.LOST, Sent.UNKNOWN, text)
        text = self._decoded(call, out)
        if channel.exit_status != 0:
            said = text.strip() or self._decoded(call, err).strip() or f"exit status {channel.exit_status}"
            raise self._error(call, Failure.REFUSED, Sent.REFUSED, said, str(channel.exit_status))
        return text

    def _decoded(self, call: str, raw: bytes) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise self._error(call, Failure.BAD_ANSWER, Sent.UNKNOWN, "the answer is not UTF-8 text") from None

    def _channel(self, call: str) -> paramiko.Channel:
        import paramiko

        transport = self._connection.transport(call)
        try:
            return transport.open_session(timeout=self._limits.connect_s)
        except paramiko.ChannelException as error:
            text = f"the array refused another session: {error.text}"
            raise self._error(call, Failure.SESSION_LIMIT, Sent.NO, text) from None
        except (paramiko.SSHException, EOFError, OSError) as error:
            self.close()
            raise self._error(call, Failure.LOST, Sent.NO, words(error)) from None

    def _error(self, call: str, failure: Failure, sent: Sent, text: str, code: str | None = None) -> DeviceError:
        return DeviceError(self.device, call, failure, sent, text, code)
