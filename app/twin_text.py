"""Tables of a configuration as TOML again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from app.config_writer import quoted

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def pairs(table: Mapping[str, object]) -> Iterator[str]:
    """Each key with its value, a line each; tables inside are written inline."""
    return (f"{key if _BARE.fullmatch(key) else quoted(key)} = {_text(value)}" for key, value in table.items())


def _text(value: object) -> str:
    match value:
        case str():
            return quoted(value)
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(map(_text, value))}]"
        case dict():
            return f"{{ {', '.join(pairs(value))} }}"
        case _:
            return str(value)
