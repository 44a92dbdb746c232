"""What can be done to something, as the menu of acts offers it."""

from __future__ import annotations

from msgspec import Struct


class Offer(Struct, frozen=True):
    """A line of the menu. ``word`` names it in the registry of actions; ``why_not`` None: it is right as it stands.

    ``order`` is what it asks for, in the words of the command line; None: there is nothing that could be asked for.
    ``more``: that is not all yet, it is typed on before it is planned. ``hint`` is what speaks against it, and may be
    out of date.
    """

    word: str
    name: str
    description: str
    order: str | None
    why_not: str | None = None
    more: bool = False
    hint: str | None = None

    @property
    def right(self) -> bool:
        """Whether it can be planned as it stands."""
        return self.why_not is None and not self.more
