"""What all steps have in common that send one verb to one array, whatever they look at."""

from __future__ import annotations

from app.recovery.step import Hands
from backends.threepar.verbs import Verb


class SendsVerb:
    """For records with an ``array``, the device that the verb goes to, and a ``door``."""

    __slots__ = ()
    array: str
    door: str

    def verb(self) -> Verb:
        raise NotImplementedError

    @property
    def device(self) -> str:
        return self.array

    def call(self) -> str:
        """The command line of the verb: it is what an operator knows, whichever door it goes through."""
        return self.verb().command() or ""

    def act(self, hands: Hands) -> str:
        return hands.perform(self.array, self.verb(), self.door)
