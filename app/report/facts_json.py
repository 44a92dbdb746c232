"""A report as JSON: every field by its name, times in UTC, spans in seconds, null for what is not recorded."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from app.report.records import Facts
from app.report.requirements import REQUIREMENTS
from store.times import to_text

SCHEMA_VERSION = 1


def as_json(facts: Facts) -> str:
    """The facts, whether each objective was kept, and which of them answers which requirement."""
    content = _plain(facts)
    for told, each in zip(content["objectives"], facts.objectives, strict=True):
        told["kept"] = each.kept
    content["requirements"] = [
        {"source": each.source, "asks": each.asks, "part": each.part, "answer": each.answer(facts)}
        for each in REQUIREMENTS
    ]
    return json.dumps({"schema_version": SCHEMA_VERSION, **content}, indent=2) + "\n"


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    return value
