"""How the HMC writes a list: default form, ``-F`` with any separator, ``--header``, quoting, and *nothing found*.

A listing is a table of columns over some objects: attribute name → what an object says there. None is an attribute that
does not apply: left out of the default form, ``null`` under ``-F``. A tuple is a list.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from backends.lab.hmc.messages import RefusedError, message
from backends.lab.hmc.model import Hmc

Value = str | int | tuple[str, ...] | None
Getter = Callable[[Any], Value]

_NAMES = re.compile(r"[a-z0-9_]+(?:([^a-z0-9_])[a-z0-9_]+(?:\1[a-z0-9_]+)*)?")


class Columns(Struct, frozen=True):
    """A table: the columns of the default form in their order, and those that only ``-F`` can ask for."""

    default: Mapping[str, Getter]
    extra: Mapping[str, Getter] = field(default_factory=dict)


class Form(Struct, frozen=True):
    """How a list was asked for. ``names`` is the text after ``-F``: None without it, empty for *all attributes*."""

    names: str | None = None
    header: bool = False


def render(hmc: Hmc, columns: Columns, objects: Iterable[object], form: Form, language: str) -> str:
    """The whole answer. Raises :class:`RefusedError` for an attribute that does not exist."""
    if form.names is None:
        lines = [_record(hmc, columns, one) for one in objects]
        return _text(lines, language)
    names, separator = _wanted(form.names, columns)
    getters = [columns.default.get(name) or columns.extra[name] for name in names]
    lines = [separator.join(_bare(hmc, get(one), separator) for get in getters) for one in objects]
    if form.header and lines:
        lines.insert(0, separator.join(names))
    return _text(lines, language)


def filters(text: str, allowed: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """``lpar_names=a,profile_names=b`` or ``"lpar_names=a,b","slots=3"`` → values by filter name.

    A bare value belongs to the filter before it. Raises :class:`RefusedError` for a name that is not ``allowed``.
    """
    known = set(allowed)
    found: dict[str, tuple[str, ...]] = {}
    last = ""
    for part in split_list(text, "--filter"):
        name, equals, value = part.partition("=")
        if equals and name in known:
            last = name
            found[name] = (*found.get(name, ()), *(value.split(",") if value else ()))
        elif not equals and last:
            found[last] = (*found[last], part)
        else:
            raise RefusedError("filter", name)
    return found


def split_list(text: str, parameter: str) -> list[str]:
    """Comma separated fields, quoted whole where they hold a comma. Raises :class:`RefusedError`."""
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        raise RefusedError("parameter", parameter) from None
    return rows[0] if rows else []


def join_list(values: Iterable[str]) -> str:
    """A list value: members that hold a comma are quoted."""
    return ",".join(_quoted(value, ",") for value in values)


def _text(lines: list[str], language: str) -> str:
    return "\n".join([*lines, ""]) if lines else message("no-results", language) + "\n"


def _record(hmc: Hmc, columns: Columns, one: object) -> str:
    fields = []
    for name, get in columns.default.items():
        value = get(one)
        if value is None:
            continue
        if isinstance(value, tuple):
            text = f"{name}={join_list(value)}"
            always = hmc.quotes_single_lists and len(value) == 1
            fields.append(_quoted(text, ",", always=always))
        else:
            fields.append(_quoted(f"{name}={value}", ","))
    return ",".join(fields)


def _wanted(names: str, columns: Columns) -> tuple[list[str], str]:
    if not names:
        return list(columns.default), ","
    found = _NAMES.fullmatch(names)
    separator = (found.group(1) or ",") if found else ","
    wanted = names.split(separator)
    for name in wanted:
        if name not in columns.default and name not in columns.extra:
            raise RefusedError("attribute", name)
    return wanted, separator


def _bare(hmc: Hmc, value: Value, separator: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, tuple):
        text = join_list(value)
        always = (hmc.quotes_single_lists and len(value) == 1) or (hmc.quotes_lists_always and len(value) > 1)
        return _quoted(text, separator, always=always)
    return _quoted(str(value), separator)


def _quoted(text: str, separator: str, *, always: bool = False) -> str:
    if always or separator in text or '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return text
