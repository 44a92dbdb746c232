"""What JSON text can hold without loss: times are UTC, numbers are finite, texts are Unicode."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, get_type_hints

from msgspec import Struct
from msgspec.json import encode


class InexactError(ValueError):
    """A value cannot be kept exactly; the text says where it is and what was expected."""


def encode_exactly(value: object) -> str:
    """A record, or a tuple of them, as JSON text. Raises :class:`InexactError`."""
    require_exact(value)
    try:
        return encode(value).decode()
    except (UnicodeEncodeError, TypeError, OverflowError) as error:
        raise InexactError(str(error)) from None


def require_exact(value: object, where: str = "") -> None:
    """Raises :class:`InexactError` where a time is not in UTC or a number is not finite."""
    if isinstance(value, datetime):
        if value.utcoffset() != timedelta(0):
            raise InexactError(f"{where.removeprefix('.')}: expected a time in UTC, got {value.isoformat()}")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InexactError(f"{where.removeprefix('.')}: expected a finite number, got {value}")
    elif isinstance(value, tuple):
        for item in value:
            require_exact(item, where)
    elif isinstance(value, Struct):
        for name in _looked_at(type(value)):
            require_exact(getattr(value, name), f"{where}.{name}")


@cache
def _looked_at(cls: type[Struct]) -> tuple[str, ...]:
    """The fields that can hold a time or a float, however deep."""
    hints = get_type_hints(cls)
    return tuple(name for name in cls.__struct_fields__ if _holds(hints[name]))


def _holds(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, Struct):
        return bool(_looked_at(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return False
    return hint in (datetime, float) or any(_holds(part) for part in getattr(hint, "__args__", ()))
