"""Commands over one SSH connection to a device: each on a channel of its own, bounded in number and in time.

What became of a command is told apart as the table *Was it sent?* asks: no channel yet means not sent; an exit status
other than 0 with a text means refused; a time-out or a lost connection before the exit status means unknown.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from backends.endpoint import Limits, SshAccess
from backends.outcome import DeviceError, Failure, Sent
from backends.ssh import SshConnection, drain, words

if TYPE_CHECKING:
    import paramiko


_REFUSED = "Unable to open channel."
"""The library's words for a refused channel when another thread, refused at the same time, took the reason."""


class Answer(Struct, frozen=True):
    """What a command printed and how it ended. Text that was not UTF-8 holds lone surrogates."""

    exit_status: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        """What it gives as the reason of its failure."""
        text = self.stdout.strip() or self.stderr.strip()
        return text or f"exit status {self.exit_status} without a text"


class CommandSession:
    """A connection that is made at the first command and again after it was lost. Safe to use from several threads.

    ``who`` is what messages call the device (``the HMC``).
    """

    def __init__(self, device: str, who: str, access: SshAccess, limits: Limits) -> None:
        self.device = device
        self._who = who
        self._limits = limits
        self._connection = SshConnection(device, who, access, limits)
        self._channels = threading.BoundedSemaphore(max(1, limits.sessions))

    def run(self, command: str, timeout_s: float | None = None) -> Answer:
        """Run one command and return its answer, whatever its exit status.

        ``timeout_s`` (default: the limit for calls) bounds the whole command from the request to its exit status.
        Raises :class:`DeviceError` when there is no answer.
        """
        limit = self._limits.call_s if timeout_s is None else timeout_s
        with self._channels:
            channel = self._open(command, time.monotonic() + limit)
            try:
                return self._converse(channel, command, limit)
            finally:
                with suppress(Exception):
                    channel.close()

    def close(self) -> None:
        """Close the connection; never raises."""
        self._connection.close()

    def error(self, call: str, failure: Failure, sent: Sent, text: str, code: str | None = None) -> DeviceError:
        """What to raise where ``call`` came to nothing."""
        return DeviceError(self.device, call, failure, sent, text, code)

    # ------------------------------------------------------------------------------------------------- one command

    def _open(self, command: str, deadline: float) -> paramiko.Channel:
        import paramiko

        for fresh in (False, True):
            transport = self._connection.transport(command)
            try:
                return transport.open_session(timeout=max(0.1, deadline - time.monotonic()))
            except paramiko.ChannelException as error:
                text = f"{self._who} refused another session: {error.text}"
                raise self.error(command, Failure.SESSION_LIMIT, Sent.NO, text) from None
            except (paramiko.SSHException, EOFError, OSError) as error:
                if isinstance(error, EOFError):
                    transport.close()  # the connection has ended, though its own thread may not have noticed yet
                if transport.is_active() and str(error) == _REFUSED:
                    text = f"{self._who} refused another session"
                    raise self.error(command, Failure.SESSION_LIMIT, Sent.NO, text) from None
                if transport.is_active():
                    raise self.error(command, Failure.LOST, Sent.NO, words(error)) from None
                if fresh:
                    text = f"{self._who} closed the connection right after the login: it may hold too many sessions"
                    raise self.error(command, Failure.SESSION_LIMIT, Sent.NO, text) from None
        raise AssertionError("not reached")

    def _converse(self, channel: paramiko.Channel, command: str, limit: float) -> Answer:
        import paramiko

        deadline = time.monotonic() + limit
        try:
            self._exec(channel, command, limit)
            out = drain(channel, channel.recv, deadline)
            err = drain(channel, channel.recv_stderr, deadline)
            self._wait(channel.status_event, deadline)
        except TimeoutError:
            text = f"no end of the answer within {limit:g} s"
            raise self.error(command, Failure.TIMEOUT, Sent.UNKNOWN, text) from None
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self.error(command, Failure.LOST, Sent.UNKNOWN, words(error)) from None
        status = channel.recv_exit_status()
        if status < 0:
            text = "the connection ended before the exit status"
            raise self.error(command, Failure.LOST, Sent.UNKNOWN, text)
        return Answer(status, out.decode("utf-8", "surrogateescape"), err.decode("utf-8", "surrogateescape"))

    def _exec(self, channel: paramiko.Channel, command: str, limit: float) -> None:
        """Send the request. Its reply has no time limit of its own in the library, so the channel is closed for it."""
        late = threading.Event()

        def give_up() -> None:
            late.set()
            with suppress(Exception):
                channel.close()

        timer = threading.Timer(limit, give_up)
        timer.daemon = True
        timer.start()
        try:
            channel.exec_command(command.encode())
        except Exception:
            if late.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()

    def _wait(self, event: threading.Event, deadline: float) -> None:
        if not event.wait(max(0.0, deadline - time.monotonic())):
            raise TimeoutError
