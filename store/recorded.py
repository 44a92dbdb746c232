"""Plain records of the store as JSON text and back, exactly."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from pydantic_core import SchemaSerializer, SchemaValidator, ValidationError

from store.schemas import record_schema, tuple_schema

T = TypeVar("T")


class RecordError(ValueError):
    """A text is not that of a record of its class; the words say where and what was expected."""


def to_text(record: object) -> str:
    """A frozen dataclass, or a tuple of one class of them, as JSON text."""
    if not isinstance(record, tuple):
        kind: Any = type(record)
        return _one(kind)[0].to_json(record).decode()
    if not record:
        return "[]"
    kind = type(record[0])
    return _many(kind)[0].to_json(record).decode()


def from_text(cls: type[T], text: str) -> T:
    """The record of ``cls`` that :func:`to_text` wrote. Raises :class:`RecordError` for anything else."""
    try:
        kind: Any = cls
        found: T = _one(kind)[1].validate_json(text)
    except ValidationError as error:
        raise _explained(cls, error) from None
    return found


def many_from_text(cls: type[T], text: str) -> tuple[T, ...]:
    """The records of ``cls`` that :func:`to_text` wrote as a tuple. Raises :class:`RecordError` for anything else."""
    try:
        kind: Any = cls
        found: tuple[T, ...] = _many(kind)[1].validate_json(text)
    except ValidationError as error:
        raise _explained(cls, error) from None
    return found


def _explained(cls: type, error: ValidationError) -> RecordError:
    first = error.errors(include_url=False, include_context=False)[0]
    return RecordError(f"{cls.__name__}: {'.'.join(map(str, first['loc']))}: {first['msg']}")


@cache
def _one(cls: Any) -> tuple[SchemaSerializer, SchemaValidator]:
    schema = record_schema(cls)
    return SchemaSerializer(schema), SchemaValidator(schema)


@cache
def _many(cls: Any) -> tuple[SchemaSerializer, SchemaValidator]:
    schema = tuple_schema(cls)
    return SchemaSerializer(schema), SchemaValidator(schema)
