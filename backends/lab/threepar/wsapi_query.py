"""The ``?query=`` filters of the WSAPI: ``"hostname EQ web1"``, ``"FCPaths[wwn==… OR wwn==…] OR iSCSIPaths[…]"``."""

from __future__ import annotations

import re
from typing import Any

from backends.lab.threepar.refusals import ArrayError, Why

_TERM = re.compile(r"\s*(\w+)\s+(EQ|NE)\s+(\S+?)\s*")
_PATHS = re.compile(r"(\w+)\[([^\]]*)\]")
_PATH_TERM = re.compile(r"\s*(\w+)\s*==\s*(\S+)\s*")


def select(items: list[dict[str, Any]], query: str | None) -> list[dict[str, Any]]:
    """Those of ``items`` that fit. Raises :class:`ArrayError` for a query that does not parse."""
    if query is None:
        return items
    text = query.strip()
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        raise ArrayError(Why.INV_INPUT, "query must be quoted")
    text = text[1:-1].strip()
    if "[" in text:
        wanted = _paths(text)
        return [item for item in items if _has_path(item, wanted)]
    terms = [_term(part) for part in re.split(r"\s+(?:OR|AND)\s+", text)]
    every = " AND " in text
    return [item for item in items if (all if every else any)(_fits(item, *term) for term in terms)]


def _term(text: str) -> tuple[str, str, str]:
    match = _TERM.fullmatch(text)
    if match is None:
        raise ArrayError(Why.INV_INPUT, f"query {text}")
    return match[1], match[2], match[3]


def _fits(item: dict[str, Any], name: str, operator: str, value: str) -> bool:
    return (str(item.get(name)) == value) == (operator == "EQ")


def _paths(text: str) -> list[tuple[str, str, str]]:
    wanted = []
    for member, inner in _PATHS.findall(text):
        for part in inner.split(" OR "):
            match = _PATH_TERM.fullmatch(part)
            if match is None:
                raise ArrayError(Why.INV_INPUT, f"query {part}")
            wanted.append((member, match[1], match[2]))
    return wanted


def _has_path(item: dict[str, Any], wanted: list[tuple[str, str, str]]) -> bool:
    for member, name, value in wanted:
        if any(str(path.get(name, "")).upper() == value.upper() for path in item.get(member, [])):
            return True
    return False
