"""What an import would change: added, changed field by field, gone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from store.infra.records import Item, Kind, Ref, ref_of, words
from store.record import Record


class Change(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    GONE = "gone"


class Difference(Record, frozen=True):
    """One item. ``fields`` are those that are not the same: name, before, after; None: not told."""

    kind: Kind
    key: str
    change: Change
    fields: tuple[tuple[str, str | None, str | None], ...] = ()


def by_ref(items: Iterable[Item]) -> dict[Ref, Item]:
    return {ref_of(item): item for item in items}


def differences(before: Mapping[Ref, Item], after: Mapping[Ref, Item]) -> tuple[Difference, ...]:
    """The way from ``before`` to ``after``, by kind and key."""
    found = []
    order = list(Kind)
    for ref in sorted({*before, *after}, key=lambda ref: (order.index(ref[0]), ref[1])):
        old, new = before.get(ref), after.get(ref)
        if old == new:
            continue
        change = Change.ADDED if old is None else Change.GONE if new is None else Change.CHANGED
        found.append(Difference(*ref, change, _fields(old, new)))
    return tuple(found)


def _fields(old: Item | None, new: Item | None) -> tuple[tuple[str, str | None, str | None], ...]:
    was, now = words(old) if old is not None else {}, words(new) if new is not None else {}
    names = dict.fromkeys((*was, *now))
    return tuple((name, was.get(name), now.get(name)) for name in names if was.get(name) != now.get(name))
