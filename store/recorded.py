"""Plain records of the store as JSON text and back, exactly."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from msgspec import DecodeError
from msgspec.json import Decoder

from store.exact import encode_exactly
from store.record import Record

T = TypeVar("T")


class RecordError(ValueError):
    """A text is not that of a record of its class; the words say where and what was expected."""


def to_text(record: object) -> str:
    """A record, or a tuple of one class of them, as JSON text. Raises :class:`store.exact.InexactError`."""
    return encode_exactly(record)


def from_text(cls: type[T], text: str) -> T:
    """The record of ``cls`` that :func:`to_text` wrote. Raises :class:`RecordError` for anything else."""
    kind: Any = cls
    found: T = _decoded(cls, _one(kind), text)
    return found


def many_from_text(cls: type[T], text: str) -> tuple[T, ...]:
    """The records of ``cls`` that :func:`to_text` wrote as a tuple. Raises :class:`RecordError` for anything else."""
    kind: Any = cls
    found: tuple[T, ...] = _decoded(cls, _many(kind), text)
    return found


def _decoded(cls: type, decoder: Decoder[Any], text: str) -> Any:
    try:
        return decoder.decode(text)
    except (DecodeError, UnicodeEncodeError) as error:
        raise RecordError(f"{cls.__name__}: {error}") from None


@cache
def _one(cls: Any) -> Decoder[Any]:
    return Decoder(_strict(cls))


@cache
def _many(cls: Any) -> Decoder[Any]:
    each: Any = _strict(cls)
    return Decoder(tuple[each, ...])


def _strict(cls: Any) -> Any:
    if not issubclass(cls, Record):
        raise TypeError(f"{cls.__name__} is no store.record.Record: a field that it does not have would be lost")
    return cls
