"""References to secrets: what the configuration may hold instead of a password, and how each becomes one.

==========================  =======================================================================================
``env:NAME``                the environment variable
``file:/path``              the file's text without its last line end; a regular file that only its owner may read
``keyring:service/user``    the key ring of the desktop or server (Secret Service, KWallet, …)
``command:pass show hmc``   what the command prints, without its last line end; no shell, 30 s at most
``prompt``                  typed once, before the console opens, and kept in memory
==========================  =======================================================================================

An error names the reference and never the value: not in its text, and not in an exception behind it.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from backends.endpoint import Secret

COMMAND_LIMIT_S = 30.0
_LONGEST = 64 * 1024
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
FORMS = "env:NAME, file:/path, keyring:service/user, command:PROGRAM ARGUMENTS or prompt"


class Source(StrEnum):
    """Where a secret comes from."""

    ENV = "env"
    FILE = "file"
    KEYRING = "keyring"
    COMMAND = "command"
    PROMPT = "prompt"


class SecretError(Exception):
    """A secret cannot be had. The text names the reference and says what to do; it never holds a value."""


class NotAReferenceError(ValueError):
    """The text is no reference. ``expected`` says what to write instead; the text itself is never repeated: it may be
    the secret."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


class Reference(Struct, frozen=True):
    """A checked reference. ``target`` is the variable, absolute path, ``service/user``, command line or, for a prompt,
    what is asked for."""

    source: Source
    target: str

    def __str__(self) -> str:
        """Its short name for messages: of a command only the program, since arguments may be private."""
        if self.source is Source.PROMPT:
            return "prompt"
        if self.source is Source.COMMAND:
            program, *arguments = _split(self.target)
            return f"command:{program}{' …' if arguments else ''}"
        return f"{self.source}:{self.target}"

    __repr__ = __str__


def parse(text: str, asked_for: str, base: Path) -> Reference:
    """Check the form of a reference; nothing is looked up.

    ``asked_for`` is what a prompt asks for; a relative ``file:`` path counts from ``base``. Raises
    :class:`NotAReferenceError`.
    """
    if text == Source.PROMPT:
        return Reference(Source.PROMPT, asked_for)
    scheme, colon, target = text.partition(":")
    if not colon or scheme not in set(Source) or scheme == Source.PROMPT:
        raise NotAReferenceError(f"a reference and never the secret itself: {FORMS}")
    source = Source(scheme)
    match source:
        case Source.ENV if not _VARIABLE.fullmatch(target):
            raise NotAReferenceError("env:NAME with the name of an environment variable")
        case Source.FILE:
            target = _absolute(target, base)
        case Source.KEYRING if not all(target.rpartition("/")[::2]):
            raise NotAReferenceError("keyring:service/user")
        case Source.COMMAND if not _split(target):
            raise NotAReferenceError("command:PROGRAM ARGUMENTS, quoted as in a shell (no shell is started)")
    return Reference(source, target)


def resolve(reference: Reference) -> Secret:
    """Look the secret up, anew each time so that a renewed one is found. Raises :class:`SecretError`."""
    value = _LOOKUPS[reference.source](reference)
    if not value:
        raise SecretError(f"{reference}: it is empty")
    return Secret(value)


_typed: dict[str, Secret] = {}


def keep(name: str, value: Secret) -> Reference:
    """A secret that was read from somewhere else, under a name of its own, for as long as this process lives."""
    _typed[name] = value
    return Reference(Source.PROMPT, name)


def ask(references: Iterable[Reference], read: Callable[[str], str] | None = None) -> None:
    """Ask for every ``prompt`` among ``references`` that was not asked for yet. Call it before the console opens.

    ``read`` shows its argument and returns the line typed, without echo (default: ``getpass``). Raises
    :class:`SecretError` when there is no terminal to ask on.
    """
    for reference in references:
        if reference.source is not Source.PROMPT or reference.target in _typed:
            continue
        if read is None:
            from getpass import getpass

            if not os.isatty(0):
                raise SecretError(f"prompt: no terminal to ask for the {reference.target} on: use another reference")
            read = getpass
        try:
            _typed[reference.target] = Secret(read(f"{reference.target}: "))
        except EOFError:
            raise SecretError(f"prompt: nothing was typed for the {reference.target}") from None


def forget(references: Iterable[Reference]) -> None:
    """Forget what was typed for these: :func:`ask` asks for it anew, as after a slip of the fingers."""
    for reference in references:
        if reference.source is Source.PROMPT:
            _typed.pop(reference.target, None)


def _split(command: str) -> list[str]:
    import shlex

    try:
        return shlex.split(command)
    except ValueError:
        return []


def _absolute(target: str, base: Path) -> str:
    try:
        path = base / Path(target).expanduser()
    except RuntimeError:
        raise NotAReferenceError("file:/path whose ~ is a known home folder") from None
    if not target.strip() or not target.isprintable():
        raise NotAReferenceError("file:/path")
    return str(path)


# -------------------------------------------------------------------------------------------------------- the lookups


def _from_environment(reference: Reference) -> str:
    value = os.environ.get(reference.target)
    if value is None:
        raise SecretError(f"{reference}: the environment variable is not set")
    return value


def _from_file(reference: Reference) -> str:
    try:
        # Opened without waiting, so that a FIFO in its place is an error and not a hang.
        with os.fdopen(os.open(reference.target, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise SecretError(f"{reference}: not a regular file")
            if status.st_mode & 0o077:
                mode = stat.S_IMODE(status.st_mode)
                raise SecretError(f"{reference}: others may read it (mode {mode:04o}): chmod 600 {reference.target}")
            data = file.read(_LONGEST + 1)
    except OSError as error:
        raise SecretError(f"{reference}: {error.strerror or type(error).__name__}") from None
    return _decoded(reference, data)


def _from_keyring(reference: Reference) -> str:
    service, _, user = reference.target.rpartition("/")
    value = failed = None
    try:
        import keyring

        value = keyring.get_password(service, user)
    except Exception as error:  # each key ring raises its own kinds, and what they hold is not known
        failed = type(error).__name__
    if failed is not None:
        hint = "on a machine without one use file:, env: or command:"
        raise SecretError(f"{reference}: the key ring failed ({failed}); {hint}")
    if value is None:
        raise SecretError(f"{reference}: no such entry: keyring set {service} {user}")
    return str(value)


def _from_command(reference: Reference) -> str:
    done = None
    problem = f"no end within {COMMAND_LIMIT_S:g} s"
    with suppress(subprocess.TimeoutExpired):  # it holds what was printed so far: nothing is raised out of it
        try:
            done = subprocess.run(
                _split(reference.target),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=COMMAND_LIMIT_S,
                start_new_session=True,
            )
        except OSError as error:
            problem = error.strerror or type(error).__name__
    if done is None:
        raise SecretError(f"{reference}: {problem}")
    if done.returncode != 0:
        raise SecretError(f"{reference}: exit status {done.returncode}: run it by hand to see why")
    return _decoded(reference, done.stdout)


def _from_prompt(reference: Reference) -> str:
    typed = _typed.get(reference.target)
    if typed is None:
        raise SecretError(f"prompt: the {reference.target} was not asked for before the console opened")
    return typed.reveal()


def _decoded(reference: Reference, data: bytes) -> str:
    """The one line of UTF-8 text that ``data`` is, without its line end."""
    if len(data) > _LONGEST:
        raise SecretError(f"{reference}: more than {_LONGEST} bytes is no secret")
    text = data.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
    if text.encode() != data.removesuffix(b"\n").removesuffix(b"\r") or "\0" in text:
        raise SecretError(f"{reference}: not UTF-8 text")
    if len(text.splitlines()) > 1:
        raise SecretError(f"{reference}: more than one line: the secret must stand alone")
    return text


_LOOKUPS: dict[Source, Callable[[Reference], str]] = {
    Source.ENV: _from_environment,
    Source.FILE: _from_file,
    Source.KEYRING: _from_keyring,
    Source.COMMAND: _from_command,
    Source.PROMPT: _from_prompt,
}
