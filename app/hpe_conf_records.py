"""What a hpe.conf says, as frozen records. None of them holds a secret."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from store.estate import RcgMode


class Note(Struct, frozen=True, order=True):
    """What an operator should know about one key: that it was not imported and why, or what was assumed. ``line`` is 0
    for the file as a whole."""

    line: int
    key: str
    text: str


class Password(Struct, frozen=True):
    """Where a password stands. ``label`` is its key as messages show it; ``encrypted``: a password of its backend looks
    like what the plugin's encryption prints, and then all of them are encrypted."""

    line: int
    key: str
    label: str
    encrypted: bool

    @property
    def cli(self) -> bool:
        """Whether it is that of the command line."""
        return self.key == "san_password"


class Array(Struct, frozen=True):
    """One array as one section describes it, ``where`` and on which ``line``.

    ``called`` is the name that the other array knows it by, else that of its section, else "". ``one_password``: the
    command line takes that of the WSAPI; with a ``key_file`` it takes none. ``given`` are the keys that stand there
    and their lines, ``assumed`` those whose value comes from nowhere in the file.
    """

    where: str
    line: int
    called: str
    host: str
    port: int
    user: str
    cli_host: str
    cli_port: int
    cli_user: str
    key_file: Path | None
    one_password: bool
    connect_timeout_s: float | None
    passwords: tuple[Password, ...]
    given: tuple[tuple[str, int], ...]
    assumed: tuple[str, ...]

    @property
    def door(self) -> tuple[str, int]:
        """What tells two arrays apart: host and port of the WSAPI."""
        return self.host.lower(), self.port


class Replication(Struct, frozen=True):
    """A ``replication_device``: how volumes of a backend are replicated to the ``target``.

    The maps are pairs of CPGs, here and there; an empty ``snap_cpgs`` means those of ``cpgs``. ``period_s`` is None
    where none applies. With a ``witness`` the groups have Peer Persistence.
    """

    line: int
    target: Array
    mode: RcgMode
    period_s: int | None
    cpgs: tuple[tuple[str, str], ...]
    snap_cpgs: tuple[tuple[str, str], ...]
    witness: str | None


class Backend(Struct, frozen=True):
    """A section that describes an array. ``label`` is its name in brackets."""

    label: str
    array: Array
    replication: Replication | None


class HpeConf(Struct, frozen=True):
    """A whole file: its backends, and what is to be said of keys that no record holds."""

    backends: tuple[Backend, ...]
    notes: tuple[Note, ...]
