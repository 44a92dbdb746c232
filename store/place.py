"""Where a store is: in a file of this machine, or in a database of a PostgreSQL server that several machines share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Server:
    """A store on PostgreSQL. ``url`` is as libpq takes it, without a password; ``password`` gives that anew each time
    it is wanted, None: libpq finds one by itself, or needs none. ``beside`` names a file of this machine, which need
    not exist: what a console keeps beside its store is named after it."""

    url: str
    password: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    beside: Path = field(default=Path("drdeck.store"), compare=False)

    def __str__(self) -> str:
        """Without the parameters behind it."""
        return self.url.partition("?")[0]


Place = Path | Server
"""A store's file, or its server."""


def is_there(place: Place) -> bool:
    """Whether there may be a store: of a server only opening it can tell."""
    return isinstance(place, Server) or place.exists()


def beside(place: Place) -> Path:
    """The file after which is named what lies beside the store on this machine."""
    return place.beside if isinstance(place, Server) else place
