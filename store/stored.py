"""Facts as they lie in the store, read when somebody asks for them: a large estate opens before it is all decoded."""

from __future__ import annotations

from sqlite3 import Error

from msgspec import Struct

from store.estate import EstateObject
from store.factsfile import FactsFile, VanishedError


class UnreadableFactsError(LookupError):
    """Stored facts that are not those of an object of their kind, or cannot be read; the text says where and what was
    expected. ``vanished``: the store does not hold them any more; ``passing``: it could not be asked just now."""

    def __init__(self, text: str, *, vanished: bool = False, passing: bool = False) -> None:
        super().__init__(text)
        self.vanished, self.passing = vanished, passing


class StoredFacts(Struct, eq=False):
    """What ``device`` said of one object, as JSON text (:mod:`store.codec`): the text, or the file that has it. May be
    asked from any thread."""

    kind: str
    key: str
    device: str
    facts: str | FactsFile
    _obj: EstateObject | None = None

    @property
    def text(self) -> str:
        """The JSON text. Raises :class:`UnreadableFactsError`."""
        if isinstance(self.facts, str):
            return self.facts
        try:
            return self.facts.text(self.kind, self.key, self.device)
        except VanishedError as error:
            raise UnreadableFactsError(str(error), vanished=True) from None
        except Error as error:
            text = f"the {self.kind} {self.key} of {self.device}: {error}"
            raise UnreadableFactsError(text, passing=True) from None

    @property
    def obj(self) -> EstateObject:
        """The object, kept once it was asked for. Raises :class:`UnreadableFactsError`."""
        if self._obj is None:
            self._obj = self.peek()
        return self._obj

    def peek(self) -> EstateObject:
        """The object, not kept: for whoever looks at every one of many. Raises :class:`UnreadableFactsError`."""
        if self._obj is not None:
            return self._obj
        from store import codec

        try:
            return codec.decode(self.kind, self.text)
        except codec.CodecError as error:
            raise UnreadableFactsError(str(error)) from None

    def same_as(self, obj: EstateObject) -> bool:
        """Whether ``obj`` has these very facts. If so it is kept: to compare with it again takes no writing."""
        if self._obj is not None:
            return self._obj == obj
        from store import codec

        try:
            same = codec.encode(obj) == self.text
        except (codec.CodecError, UnreadableFactsError):
            return False
        if same:
            self._obj = obj
        return same


Told = EstateObject | StoredFacts


def told_object(told: Told) -> EstateObject:
    """The object behind either form. Raises :class:`UnreadableFactsError`."""
    return told.obj if isinstance(told, StoredFacts) else told


def peeked_object(told: Told) -> EstateObject:
    """As :func:`told_object`, but what had to be decoded for it is not kept."""
    return told.peek() if isinstance(told, StoredFacts) else told


def same_facts(told: Told, obj: EstateObject) -> bool:
    """Whether what was told is exactly ``obj``, without decoding where that can be avoided."""
    return told.same_as(obj) if isinstance(told, StoredFacts) else told == obj
