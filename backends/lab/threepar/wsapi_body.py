"""Reading request bodies of the WSAPI as the array does: known members only, each of its type."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from backends.lab.threepar.refusals import ArrayError, Why


class Body:
    """A JSON object. Every getter raises :class:`ArrayError` as the array would answer."""

    def __init__(self, members: dict[str, Any], known: Collection[str] | None = None) -> None:
        self.members = members
        for name in members:
            if known is not None and name not in known:
                raise ArrayError(Why.INV_INPUT, f"unknown member {name}")

    @classmethod
    def read(cls, raw: bytes) -> Body:
        try:
            value: Any = json.loads(raw.decode())
        except (ValueError, UnicodeDecodeError):
            raise ArrayError(Why.BAD_REQUEST) from None
        if not isinstance(value, dict):
            raise ArrayError(Why.BAD_REQUEST)
        return cls(value)

    def only(self, *known: str) -> Body:
        return Body(self.members, known)

    def text(self, name: str, default: str | None = None) -> str:
        value: Any = self._get(name, default)
        if not isinstance(value, str):
            raise ArrayError(Why.INV_INPUT_WRONG_TYPE, name)
        return value

    def text_or_none(self, name: str) -> str | None:
        return self.text(name) if self.members.get(name) is not None else None

    def number(self, name: str, default: int | None = None) -> int:
        value: Any = self._get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise ArrayError(Why.INV_INPUT_WRONG_TYPE, name)
        return value

    def flag(self, name: str) -> bool:
        value = self.members.get(name, False)
        if not isinstance(value, bool):
            raise ArrayError(Why.INV_INPUT_WRONG_TYPE, name)
        return value

    def texts(self, name: str) -> list[str]:
        value = self.members.get(name, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise ArrayError(Why.INV_INPUT_WRONG_TYPE, name)
        return value

    def objects(self, name: str) -> list[Body]:
        value = self.members.get(name, [])
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise ArrayError(Why.INV_INPUT_WRONG_TYPE, name)
        return [Body(v) for v in value]

    def inner(self, name: str) -> Body:
        value = self.members.get(name, {})
        if not isinstance(value, dict):
            raise ArrayError(Why.INV_INPUT_WRONG_TYPE, name)
        return Body(value)

    def has(self, name: str) -> bool:
        return name in self.members

    def _get(self, name: str, default: object) -> Any:
        value = self.members.get(name, default)
        if value is None:
            raise ArrayError(Why.INV_INPUT_MISSING_REQUIRED, name)
        return value
