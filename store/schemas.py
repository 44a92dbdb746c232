"""The shape of the estate's records for pydantic's core: built from their type hints, without the rest of pydantic.

The core alone is loaded and ready in a tenth of the time, and the first screen waits for it.
"""

from __future__ import annotations

import types
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic_core import CoreConfig, CoreSchema, core_schema

_EXACT = CoreConfig(strict=True, extra_fields_behavior="forbid", ser_json_inf_nan="constants")

_PLAIN: dict[Any, CoreSchema] = {
    str: core_schema.str_schema(strict=True),
    int: core_schema.int_schema(strict=True),
    float: core_schema.float_schema(strict=True),
    bool: core_schema.bool_schema(strict=True),
    datetime: core_schema.datetime_schema(strict=True),
}


@cache
def record_schema(record: type) -> CoreSchema:
    """The schema of a dataclass: every field of its exact type, none more and none missing that has no default."""
    hints = get_type_hints(record)
    found = []
    for field in fields(record):
        schema = _schema(hints[field.name])
        if field.default is not MISSING:
            schema = core_schema.with_default_schema(schema, default=field.default)
        found.append(core_schema.dataclass_field(field.name, schema))
    names = [field.name for field in fields(record)]
    arguments = core_schema.dataclass_args_schema(record.__name__, found)
    return core_schema.dataclass_schema(record, arguments, names, slots=True, frozen=True, strict=True, config=_EXACT)


def tuple_schema(item: type) -> CoreSchema:
    """The schema of a tuple of records."""
    return core_schema.tuple_schema([record_schema(item)], variadic_item_index=0, strict=True)


def _schema(hint: Any) -> CoreSchema:
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        inner = [argument for argument in arguments if argument is not type(None)]
        whole = _schema(inner[0]) if len(inner) == 1 else core_schema.union_schema([_schema(each) for each in inner])
        return whole if len(inner) == len(arguments) else core_schema.nullable_schema(whole)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return core_schema.tuple_schema([_schema(arguments[0])], variadic_item_index=0, strict=True)
        return core_schema.tuple_schema([_schema(argument) for argument in arguments], strict=True)
    if isinstance(hint, type) and is_dataclass(hint):
        return record_schema(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return core_schema.enum_schema(hint, list(hint), sub_type="str", strict=True)
    raise TypeError(f"records of the estate hold no {hint}")
