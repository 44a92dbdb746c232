"""Estate objects as JSON text and back, exactly: nothing is added, coerced or left out on the way."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, get_type_hints

from pydantic_core import PydanticSerializationError, SchemaSerializer, SchemaValidator, ValidationError

from store.estate import KIND_OF, KINDS, EstateObject, Problem
from store.schemas import record_schema, tuple_schema


class CodecError(ValueError):
    """An object cannot be written as JSON, or a text is not that of an object of its kind."""


def encode(obj: EstateObject) -> str:
    """The facts of an object as JSON text. Times must be UTC. Raises :class:`CodecError`."""
    kind = KIND_OF[type(obj)]
    _require_utc(kind, obj)
    try:
        return _serializer(kind).to_json(obj, warnings="error").decode()
    except PydanticSerializationError as error:
        raise CodecError(f"{kind}: {error}") from None


def decode(kind: str, text: str) -> EstateObject:
    """The object that :func:`encode` wrote. Raises :class:`CodecError` for anything else."""
    validator = _validator(kind)
    try:
        obj: EstateObject = validator.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise CodecError(f"{kind}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    _require_utc(kind, obj)
    return obj


def encode_problems(problems: tuple[Problem, ...]) -> str:
    return SchemaSerializer(tuple_schema(Problem)).to_json(problems, warnings="error").decode()


def decode_problems(text: str) -> tuple[Problem, ...]:
    """The problems that :func:`encode_problems` wrote. Raises :class:`CodecError` for anything else."""
    try:
        found: tuple[Problem, ...] = SchemaValidator(tuple_schema(Problem)).validate_json(text)
    except ValidationError as error:
        raise CodecError(f"problems: {error.errors(include_url=False)[0]['msg']}") from None
    return found


def _record(kind: str) -> type:
    if kind not in KINDS:
        raise CodecError(f"unknown kind {kind!r}")
    return KINDS[kind]


@cache
def _validator(kind: str) -> SchemaValidator:
    return SchemaValidator(record_schema(_record(kind)))


@cache
def _serializer(kind: str) -> SchemaSerializer:
    return SchemaSerializer(record_schema(_record(kind)))


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
