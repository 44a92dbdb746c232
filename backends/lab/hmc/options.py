"""Reading a command's options as the HMC does: in any order, short ones with the value attached or after a blank."""

from __future__ import annotations

from msgspec import Struct, field

from backends.lab.hmc.listing import Form
from backends.lab.hmc.messages import RefusedError


class Options(Struct):
    """The options of one command line, by name with their dashes."""

    values: dict[str, str] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def need(self, name: str) -> str:
        """A value that must be there. Raises :class:`RefusedError` that names the parameter."""
        value = self.values.get(name)
        if not value:
            raise RefusedError("parameter", name)
        return value

    def one_of(self, name: str, *words: str) -> str:
        value = self.need(name)
        if value not in words:
            raise RefusedError("parameter", name)
        return value

    def number(self, name: str) -> int | None:
        value = self.values.get(name)
        if value is None:
            return None
        if not (value.isascii() and value.isdigit()):
            raise RefusedError("parameter", name)
        return int(value)

    @property
    def form(self) -> Form:
        """How a list is to be written. ``--header`` without ``-F`` is refused."""
        if "--header" in self.flags and "-F" not in self.values:
            raise RefusedError("parameter", "--header")
        return Form(self.values.get("-F"), "--header" in self.flags)


def parse(words: list[str], valued: tuple[str, ...], flags: tuple[str, ...] = ()) -> Options:
    """Read ``words``. ``valued`` options take a value (``-F`` may go without); ``flags`` take none.

    Raises :class:`RefusedError` for an unknown option, a value that is missing, or a stray word.
    """
    found = Options()
    left = list(words)
    while left:
        word = left.pop(0)
        name, attached = _name(word, valued)
        if name in flags and attached is None:
            found.flags.add(name)
        elif name in valued:
            if name in found.values:
                raise RefusedError("parameter", name)
            found.values[name] = _value(name, attached, left)
        else:
            raise RefusedError("parameter", word)
    return found


def _name(word: str, valued: tuple[str, ...]) -> tuple[str, str | None]:
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, value if equals else None
    if len(word) > 2 and word.startswith("-") and word[:2] in valued:
        return word[:2], word[2:]
    return word, None


def _value(name: str, attached: str | None, left: list[str]) -> str:
    if attached is not None:
        return attached
    if left and not (left[0].startswith("-") and len(left[0]) > 1):
        return left.pop(0)
    if name == "-F":
        return ""
    raise RefusedError("parameter", name)
