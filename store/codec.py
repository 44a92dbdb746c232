"""Estate objects as JSON text and back, exactly: nothing is added, coerced or left out on the way."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from store.estate import KIND_OF, KINDS, EstateObject, Problem


class CodecError(ValueError):
    """An object cannot be written as JSON, or a text is not that of an object of its kind."""


_EXACT = ConfigDict(extra="forbid", strict=True, ser_json_inf_nan="constants")


def encode(obj: EstateObject) -> str:
    """The facts of an object as JSON text. Times must be UTC. Raises :class:`CodecError`."""
    kind = KIND_OF[type(obj)]
    _require_utc(kind, obj)
    try:
        return _adapter(kind).dump_json(obj, warnings="error").decode()
    except PydanticSerializationError as error:
        raise CodecError(f"{kind}: {error}") from None


def decode(kind: str, text: str) -> EstateObject:
    """The object that :func:`encode` wrote. Raises :class:`CodecError` for anything else."""
    adapter = _adapter(kind)
    try:
        obj = adapter.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise CodecError(f"{kind}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if obj is None:
        raise CodecError(f"{kind}: expected an object, got null")
    _require_utc(kind, obj)
    return obj


def encode_problems(problems: tuple[Problem, ...]) -> str:
    return _problems().dump_json(problems, warnings="error").decode()


def decode_problems(text: str) -> tuple[Problem, ...]:
    """The problems that :func:`encode_problems` wrote. Raises :class:`CodecError` for anything else."""
    try:
        return _problems().validate_json(text)
    except ValidationError as error:
        raise CodecError(f"problems: {error.errors(include_url=False)[0]['msg']}") from None


@cache
def _adapter(kind: str) -> TypeAdapter[EstateObject | None]:
    if kind not in KINDS:
        raise CodecError(f"unknown kind {kind!r}")
    # The strictness is handed down from here to every nested record. A bare dataclass takes no configuration in this
    # place, "or None" does; decode refuses the None.
    optional: Any = KINDS[kind] | None
    return TypeAdapter(optional, config=_EXACT)


@cache
def _problems() -> TypeAdapter[tuple[Problem, ...]]:
    return TypeAdapter(tuple[Problem, ...], config=_EXACT)


def _require_utc(kind: str, obj: EstateObject) -> None:
    record: Any = KINDS[kind]
    if _holds_times(record):
        _check_times(kind, obj)


def _check_times(where: str, value: object) -> None:
    if isinstance(value, datetime):
        if value.utcoffset() != timedelta(0):
            raise CodecError(f"{where}: expected a time in UTC, got {value.isoformat()}")
    elif isinstance(value, tuple):
        for item in value:
            _check_times(where, item)
    elif is_dataclass(value):
        record: Any = type(value)
        for name in _timed_fields(record):
            _check_times(f"{where}.{name}", getattr(value, name))


@cache
def _timed_fields(cls: type) -> tuple[str, ...]:
    hints = get_type_hints(cls)
    return tuple(field.name for field in fields(cls) if _holds_times(hints[field.name]))


@cache
def _holds_times(hint: Any) -> bool:
    if isinstance(hint, type) and is_dataclass(hint):
        return bool(_timed_fields(hint))
    return hint is datetime or any(_holds_times(part) for part in getattr(hint, "__args__", ()))
