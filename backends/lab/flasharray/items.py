"""Where the items of lists come from: what turns objects and plain rows into items that a list selects from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from backends.lab.flasharray.lists import Item, Query
from backends.lab.flasharray.objects import Thing
from backends.lab.flasharray.state import ArrayState
from backends.lab.flasharray.views import Row

Items = Callable[[ArrayState, Query], Iterable[Item]]


def of_thing(thing: Thing, render: Callable[[], Row]) -> Item:
    """An object with an identity, rendered only if it is on the page asked for."""
    return Item(thing.name, render, thing.id, thing.destroyed)


def of_rows(rows: Iterable[Row]) -> Iterator[Item]:
    """Rows that are made anyway."""
    for row in rows:
        yield Item(str(row.get("name") or ""), partial(_same, row), row.get("id"))


def _same(row: Row) -> Row:
    return row


def of_members(query: Query, rows: Iterable[Row]) -> Iterator[Row]:
    """Membership rows narrowed by group and member."""
    group_names, group_ids = query.one_of("group_names", "group_ids")
    members, member_ids = query.one_of("member_names", "member_ids")
    for row in rows:
        if group_names is not None and row["group"]["name"] not in group_names:
            continue
        if group_ids is not None and row["group"].get("id") not in group_ids:
            continue
        if members is not None and row["member"]["name"] not in members:
            continue
        if member_ids is not None and row["member"].get("id") not in member_ids:
            continue
        yield row
