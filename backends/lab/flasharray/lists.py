"""The machinery that every list of REST 2.x shares: names, ids, filter, sort, paging by token or offset, totals."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import translate
from typing import Any

from msgspec import Struct, field

from backends.lab.flasharray.filters import Row, compile_filter, value_at
from backends.lab.flasharray.objects import RefusedError
from backends.lab.https import Request

LIMIT = 1000

COMMON = frozenset({"filter", "limit", "offset", "sort", "total_item_count"})


class Query(Struct, frozen=True):
    """The query of a request, with the checks that all calls share."""

    values: Mapping[str, Sequence[str]]

    @staticmethod
    def of(request: Request, allowed: Iterable[str]) -> Query:
        known = set(allowed)
        for name in request.query:
            if name not in known:
                raise RefusedError(name, "Invalid query parameter.")
        return Query(request.query)

    def text(self, name: str) -> str | None:
        values = self.values.get(name)
        return values[0] if values and values[0] != "" else None

    def names(self, name: str) -> list[str] | None:
        """A list of names in comma-separated form; repeated parameters add up."""
        values = self.values.get(name)
        if not values:
            return None
        return [part for value in values for part in value.split(",") if part]

    def flag(self, name: str) -> bool | None:
        value = self.text(name)
        if value is None:
            return None
        if value.lower() not in ("true", "false"):
            raise RefusedError(name, "Invalid boolean value.")
        return value.lower() == "true"

    def number(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(r"\d{1,18}", value):
            raise RefusedError(name, "Invalid number.")
        return int(value)

    def one_of(self, first: str, second: str) -> tuple[list[str] | None, list[str] | None]:
        """Names or ids, never both."""
        names, ids = self.names(first), self.names(second)
        if names is not None and ids is not None:
            raise RefusedError(None, f"The `{first}` and `{second}` parameters cannot be provided together.")
        return names, ids


class Listing(Struct, frozen=True):
    """What a list of one kind takes.

    ``missing`` is the text for a name that does not exist (None: it gives nothing). ``token``: whether REST 2.26
    pages this list by token. ``total``: whether the answer has one. ``extra``: query parameters of its own.
    """

    missing: str | None = None
    token: bool = True
    total: bool = False
    names: bool = True
    ids: bool = True
    destroyed: bool = False
    extra: frozenset[str] = field(default_factory=frozenset)

    @property
    def parameters(self) -> frozenset[str]:
        own = {"continuation_token"} if self.token else set()
        own |= {"names"} if self.names else set()
        own |= {"ids"} if self.ids else set()
        own |= {"destroyed"} if self.destroyed else set()
        own |= {"total_only"} if self.total else set()
        return COMMON | own | self.extra


class Item(Struct):
    """One object of a list: what selects it without rendering, and how to render it."""

    name: str
    render: Callable[[], Row]
    id: str | None = None
    destroyed: bool = False


def answer(listing: Listing, query: Query, items: Sequence[Item]) -> Row:
    """The body of a list answer."""
    chosen = _selected(listing, query, items)
    rows: list[Row] | None = None
    if (condition := query.text("filter")) is not None:
        test = compile_filter(condition)
        pairs = [(item, row) for item in chosen if test(row := item.render())]
        chosen, rows = [item for item, _ in pairs], [row for _, row in pairs]
    if (order := query.text("sort")) is not None:
        rows = _sorted(rows if rows is not None else [item.render() for item in chosen], order)
    return _page(listing, query, chosen, rows)


def _selected(listing: Listing, query: Query, items: Sequence[Item]) -> list[Item]:
    names, ids = query.one_of("names", "ids") if listing.names or listing.ids else (None, None)
    chosen = list(items)
    if names is not None:
        chosen = _named(listing, chosen, names)
    elif ids is not None:
        wanted = set(ids)
        chosen = [item for item in chosen if item.id in wanted]
        for identity in wanted - {item.id for item in chosen}:
            if listing.missing is not None:
                raise RefusedError(identity, listing.missing)
    destroyed = query.flag("destroyed")
    if destroyed is not None:
        chosen = [item for item in chosen if item.destroyed is destroyed]
    return chosen


def _named(listing: Listing, items: list[Item], names: list[str]) -> list[Item]:
    """In the order asked for. A star stands for any text; a plain name that does not exist is refused."""
    by_name: dict[str, list[Item]] = {}
    for item in items:
        by_name.setdefault(item.name, []).append(item)
    chosen: list[Item] = []
    for name in names:
        if "*" in name:
            pattern = re.compile(translate(re.sub(r"([\[?])", r"[\1]", name)))
            chosen += [item for item in items if pattern.match(item.name)]
        elif name in by_name:
            chosen += by_name[name]
        elif listing.missing is not None:
            raise RefusedError(name, listing.missing)
    return chosen


def _sorted(rows: list[Row], order: str) -> list[Row]:
    for key in reversed(order.split(",")):
        down = key.endswith("-")
        path = key.rstrip("+-")
        known = [row for row in rows if value_at(row, path) is not None]
        nothing = [row for row in rows if value_at(row, path) is None]
        try:
            rows = sorted(known, key=lambda row: value_at(row, path), reverse=down) + nothing
        except TypeError:
            raise RefusedError("sort", f"Cannot sort by {path}.") from None
    return rows


def _page(listing: Listing, query: Query, chosen: list[Item], rows: list[Row] | None) -> Row:
    limit = query.number("limit")
    size = LIMIT if limit is None else min(limit, LIMIT)
    count_only = limit == 0
    total_only = query.flag("total_only") is True
    start = _start(listing, query, len(chosen))
    end = start if count_only or total_only else start + size
    items = [item.render() for item in chosen[start:end]] if rows is None else rows[start:end]
    more = not (count_only or total_only) and end < len(chosen)
    by_token = listing.token and query.text("sort") is None
    body: Row = {
        "continuation_token": _token(query, end) if more and by_token else None,
        "items": items,
        "more_items_remaining": more,
        "total_item_count": len(chosen) if count_only or query.flag("total_item_count") else None,
    }
    if listing.total:
        everything = rows if rows is not None else [item.render() for item in chosen] if start == 0 else []
        body["total"] = [_total(everything)] if start == 0 else []
    return body


def _start(listing: Listing, query: Query, count: int) -> int:
    token = query.text("continuation_token") if listing.token else None
    if token is None:
        return min(query.number("offset") or 0, count)
    if query.text("sort") is not None:
        raise RefusedError(None, "The `continuation_token` and `sort` parameters cannot be provided together.")
    try:
        told = json.loads(base64.b64decode(token, validate=True))
        start, mark = int(told["start"]), told["query"]
    except (ValueError, KeyError, TypeError):
        raise RefusedError(None, "Invalid continuation token.") from None
    if mark != _mark(query) or start < 0:
        raise RefusedError(None, "Invalid continuation token.")
    return start


def _token(query: Query, start: int) -> str:
    return base64.b64encode(json.dumps({"start": start, "query": _mark(query)}).encode()).decode()


def _mark(query: Query) -> str:
    """What a token belongs to: the same list with the same conditions."""
    kept = {
        name: list(values)
        for name, values in sorted(query.values.items())
        if name not in ("continuation_token", "offset", "limit")
    }
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()[:16]


def _total(rows: list[Row]) -> Row:
    """The sum of the space of all rows, as ``total_only`` shows it."""
    total: Row = {"name": None}
    if rows and "provisioned" in rows[0]:
        total["provisioned"] = sum(row.get("provisioned") or 0 for row in rows)
    spaces: list[dict[str, Any]] = [row["space"] for row in rows if isinstance(row.get("space"), dict)]
    if spaces:
        total["space"] = {
            key: sum(space.get(key) or 0 for space in spaces)
            for key, value in spaces[0].items()
            if isinstance(value, int)
        }
    return total
