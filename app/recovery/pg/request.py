"""What an operator asks of a protection group."""

from __future__ import annotations

from msgspec import Struct

from backends.flasharray.verbs import Replicate

WAIT_S = 1800.0
"""How long a transfer is waited for where nothing else is said (procedures 3.9)."""


class Request(Struct, frozen=True):
    """A snapshot of ``group`` on the device ``array`` under ``suffix``: taken if there is none of that name, used if
    there is. With ``onto`` it is cloned to that group, on the same array or, where ``to`` names one, on the device that
    it is replicated to.

    ``excluded`` are source volumes by id or name. ``ignore_tags`` pairs all targets anew, ``freed`` those volumes.
    ``running`` are hosts whose volumes may be overwritten although they are not proven stopped. ``wait_s`` bounds the
    wait for the transfer. ``database`` names the one that is put into backup mode around the snapshot.
    """

    array: str
    group: str
    suffix: str
    onto: str | None = None
    to: str | None = None
    replicate: Replicate = Replicate.NO
    excluded: tuple[str, ...] = ()
    ignore_tags: bool = False
    freed: frozenset[str] = frozenset()
    running: frozenset[str] = frozenset()
    wait_s: float = WAIT_S
    database: str | None = None

    @property
    def snapshot(self) -> str:
        return f"{self.group}.{self.suffix}"


class Restore(Struct, frozen=True):
    """All volumes of ``group`` on the device ``array`` from its own snapshot under ``suffix``."""

    array: str
    group: str
    suffix: str
    running: frozenset[str] = frozenset()

    @property
    def snapshot(self) -> str:
        return f"{self.group}.{self.suffix}"
