"""JSON bodies of requests, checked field by field before anything changes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from backends.lab.flasharray.objects import RefusedError


class Body(Struct, frozen=True):
    """A JSON object. Unknown fields and wrong types are refused."""

    values: dict[str, Any]

    @staticmethod
    def of(text: bytes, allowed: Iterable[str]) -> Body:
        if not text.strip():
            return Body({})
        try:
            values = json.loads(text)
        except ValueError:
            raise RefusedError(None, "The request body is not valid JSON.") from None
        if not isinstance(values, dict):
            raise RefusedError(None, "The request body must be a JSON object.")
        known = set(allowed)
        for name in values:
            if name not in known:
                raise RefusedError(name, "Invalid field in the request body.")
        return Body(values)

    def has(self, name: str) -> bool:
        return name in self.values

    def _typed(self, name: str, kind: type, what: str) -> Any:
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise RefusedError(name, f"Invalid value: {what} was expected.")
        return value

    def text(self, name: str) -> str | None:
        value: str | None = self._typed(name, str, "a string")
        return value

    def number(self, name: str) -> int | None:
        value: int | None = self._typed(name, int, "an integer")
        return value

    def flag(self, name: str) -> bool | None:
        value: bool | None = self._typed(name, bool, "a boolean")
        return value

    def texts(self, name: str) -> list[str] | None:
        values = self._typed(name, list, "a list of strings")
        if values is not None and not all(isinstance(value, str) for value in values):
            raise RefusedError(name, "Invalid value: a list of strings was expected.")
        return values if values is None else [str(value) for value in values]

    def child(self, name: str, allowed: Iterable[str]) -> Body | None:
        values = self._typed(name, dict, "an object")
        if values is None:
            return None
        known = set(allowed)
        for key in values:
            if key not in known:
                raise RefusedError(f"{name}.{key}", "Invalid field in the request body.")
        return Body(values)

    def reference(self, name: str) -> str | None:
        """The name (or the id, where no name is given) in a reference."""
        child = self.child(name, ("id", "name"))
        return None if child is None else child.text("name") or child.text("id")


def tags_of(text: bytes) -> list[dict[str, Any]]:
    """The body of a tag batch: 1 to 30 tags."""
    try:
        values = json.loads(text)
    except ValueError:
        raise RefusedError(None, "The request body is not valid JSON.") from None
    if not isinstance(values, list) or not 1 <= len(values) <= 30:
        raise RefusedError(None, "Between 1 and 30 tags must be provided.")
    for tag in values:
        key, value = (tag.get("key"), tag.get("value")) if isinstance(tag, dict) else (None, None)
        if not isinstance(key, str) or not 1 <= len(key) <= 64:
            raise RefusedError("key", "Tag key must be between 1 and 64 characters.")
        if not isinstance(value, str) or len(value) > 256:
            raise RefusedError(key, "Tag value must be at most 256 characters.")
        if str(tag.get("namespace") or "default").startswith("pure"):
            raise RefusedError(key, "Tag namespace is reserved.")
    return values
