"""Programs on the very machine that the console runs on.

Nothing is read to them, and of the environment they get only what every program needs: what a secret's reference names
(``env:NAME``) is not for them.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from contextlib import ExitStack, suppress
from typing import Protocol

from backends.outcome import DeviceError, Failure, Sent

_KEPT = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "XDG_CONFIG_HOME")
_LONGEST = 2000
"""Of what a program prints, so much of the end is kept: it goes into the journal."""


class Program(Protocol):
    """What is run; ``timeout_s`` in seconds."""

    @property
    def argv(self) -> tuple[str, ...]: ...
    @property
    def timeout_s(self) -> float: ...


class LocalDriver:
    """This machine. ``name`` is how it is called in messages."""

    def __init__(self, name: str) -> None:
        self.name = name

    def perform(self, verb: Program) -> str:
        """Run a program, once. Returns how it ended. Raises :class:`DeviceError`: refused for one that cannot be begun
        or ends with another exit status than 0, unknown for one that was ended because it took too long."""
        call = shlex.join(verb.argv)
        kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("LC_")}
        with ExitStack() as held:
            try:
                # A pipe would be waited for as long as what the program leaves running.
                out = held.enter_context(tempfile.TemporaryFile())
                process = subprocess.Popen(
                    verb.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=kept, start_new_session=True
                )
            except (OSError, ValueError) as error:
                text = f"it cannot be begun: {getattr(error, 'strerror', None) or error}"
                raise DeviceError(self.name, call, Failure.REFUSED, Sent.REFUSED, text) from None
            try:
                status = process.wait(verb.timeout_s)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                text = f"it did not end within {verb.timeout_s:g} s, and was killed: what it did until then stands"
                raise DeviceError(self.name, call, Failure.TIMEOUT, Sent.UNKNOWN, text) from None
            out.seek(max(0, out.seek(0, os.SEEK_END) - _LONGEST))
            said = out.read().decode("utf-8", "backslashreplace").strip()
        if status != 0:
            how = f"signal {-status}" if status < 0 else f"exit status {status}"
            raise DeviceError(self.name, call, Failure.REFUSED, Sent.REFUSED, f"{how}: {said}")
        return f"exit status 0: {said}" if said else "exit status 0"

    def close(self) -> None:
        """Nothing stays open."""
