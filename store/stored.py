"""Facts as they lie in the file, read when somebody asks for them: a large estate opens before all of it is decoded."""

from __future__ import annotations

from store.estate import EstateObject


class UnreadableFactsError(LookupError):
    """Stored facts that are not those of an object of their kind; the text says where and what was expected."""


class StoredFacts:
    """The facts of one object as JSON text (:mod:`store.codec`). May be asked from any thread."""

    __slots__ = ("_obj", "kind", "text")

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.text = text
        self._obj: EstateObject | None = None

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
        except codec.CodecError:
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
