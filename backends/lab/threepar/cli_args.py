"""Options and names of one CLI command, as the array's parser takes them apart."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct, field


class UsageError(Exception):
    """The command line does not fit; the text is what the CLI prints."""


class Arguments(Struct, frozen=True):
    """``flags`` without values, ``options`` with one, ``names`` in order."""

    flags: frozenset[str]
    options: dict[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def need(self, count: int, usage: str) -> tuple[str, ...]:
        """The names, at least ``count`` of them."""
        if len(self.names) < count:
            raise UsageError(f"Error: incorrect number of arguments, usage: {usage}")
        return self.names


def parse(args: list[str], flags: Collection[str], options: Collection[str] = ()) -> Arguments:
    """Take ``args`` apart. Raises :class:`UsageError` for an option that the command does not have."""
    found: set[str] = set()
    values: dict[str, str] = {}
    names: list[str] = []
    rest = iter(args)
    for arg in rest:
        if arg in options:
            value = next(rest, None)
            if value is None:
                raise UsageError(f"Error: option {arg} requires a value")
            values[arg] = value
        elif arg in flags:
            found.add(arg)
        elif arg.startswith("-") and len(arg) > 1:
            raise UsageError(f"Error: invalid option {arg}")
        else:
            names.append(arg)
    return Arguments(frozenset(found), values, tuple(names))
