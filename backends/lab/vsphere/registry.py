"""The table of methods: which function answers which method of which type, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from backends.lab.vsphere.sessions import Session

if TYPE_CHECKING:
    from backends.lab.vsphere.service import Service


class Context(Struct):
    """A call being answered: by whom, at what virtual time, in which version of the interface.

    ``url`` is the door's own address (``https://127.0.0.1:port``) as the client sees it.
    """

    service: Service
    session: Session | None
    version: str
    now: float
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    cookie: str | None = None

    @property
    def user(self) -> str:
        return self.session.user if self.session else ""


class Raw(Struct, frozen=True):
    """A result that is already XML."""

    text: str


Handler = Callable[[Context, Any, dict[str, Any]], Any]
METHODS: dict[str, tuple[str, Handler]] = {}


def method(name: str, kind: str) -> Callable[[Handler], Handler]:
    """Register the function that answers ``name`` on objects of the type ``kind`` (its name on the wire)."""

    def keep(handler: Handler) -> Handler:
        METHODS[name] = (kind, handler)
        return handler

    return keep
