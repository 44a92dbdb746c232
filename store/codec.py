"""Estate objects as JSON text and back, exactly: nothing is added, coerced or left out on the way."""

from __future__ import annotations

from functools import cache

from msgspec import DecodeError
from msgspec.json import Decoder

from store.estate import KIND_OF, KINDS, EstateObject, Problem
from store.exact import InexactError, encode_exactly, require_exact


class CodecError(ValueError):
    """An object cannot be written as JSON, or a text is not that of an object of its kind."""


def encode(obj: EstateObject) -> str:
    """The facts of an object as JSON text. Times must be UTC, numbers finite. Raises :class:`CodecError`."""
    try:
        return encode_exactly(obj)
    except InexactError as error:
        raise CodecError(f"{KIND_OF[type(obj)]}: {error}") from None


def decode(kind: str, text: str) -> EstateObject:
    """The object that :func:`encode` wrote. Raises :class:`CodecError` for anything else."""
    try:
        obj = _decoder(kind).decode(text)
        require_exact(obj)
    except (DecodeError, InexactError, UnicodeEncodeError) as error:
        raise CodecError(f"{kind}: {error}") from None
    return obj


def encode_problems(problems: tuple[Problem, ...]) -> str:
    return encode_exactly(problems)


def decode_problems(text: str) -> tuple[Problem, ...]:
    """The problems that :func:`encode_problems` wrote. Raises :class:`CodecError` for anything else."""
    try:
        return _problems().decode(text)
    except (DecodeError, UnicodeEncodeError) as error:
        raise CodecError(f"problems: {error}") from None


@cache
def _decoder(kind: str) -> Decoder[EstateObject]:
    if kind not in KINDS:
        raise CodecError(f"unknown kind {kind!r}")
    return Decoder(KINDS[kind])


@cache
def _problems() -> Decoder[tuple[Problem, ...]]:
    return Decoder(tuple[Problem, ...])
