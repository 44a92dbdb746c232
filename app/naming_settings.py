"""``[naming]`` of the configuration, checked."""

from __future__ import annotations

from collections.abc import Mapping

from app.config_table import Document
from app.naming import NAMING_KEYS, Naming, PatternError, compiled
from app.values import Check, UnexpectedError

_LONGEST = 500


def naming(document: Document, content: Mapping[str, object]) -> Naming:
    """What the file says of names; where it says nothing every name is right."""
    table = document.table(content.get("naming", {}), ("naming",), "naming")
    table.only(NAMING_KEYS)
    return Naming(
        volume=table.maybe("volume", _PATTERN),
        snapshot=table.maybe("snapshot", _PATTERN),
        host=table.maybe("host", _PATTERN),
        pgroup=table.maybe("pgroup", _PATTERN),
    )


def _pattern(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise UnexpectedError
    try:
        compiled(value, ("site",))
    except PatternError as error:
        raise UnexpectedError(str(error)) from None
    return value


_PATTERN = Check(
    f"a regular expression of 1 to {_LONGEST} characters, with {{lpar}} and {{site}} in it or not", _pattern
)
