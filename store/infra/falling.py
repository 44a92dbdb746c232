"""What falls when something does: a graph of needs, and the least that follows from what is struck. Pure.

A node falls when one of its needs is not met any more; a need is met as long as one of its members stands. So a system
on the feeds A and B has one need with two members, and an LPAR on two arrays has two needs with one member each.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum

from store.record import Record

Node = tuple[str, str]
"""A kind and a key within it."""


class Level(IntEnum):
    """How far a node falls. ``MAY``: it is not known that it stands."""

    STANDS = 0
    MAY = 1
    FALLS = 2


class Need(Record, frozen=True):
    """``members`` of which one is enough; ``sure`` False: that it takes them is not certain. ``why`` says what it is
    that is lost, where that is more than their names."""

    members: frozenset[Node]
    sure: bool = True
    why: str = ""


class Fallen(Record, frozen=True):
    """How far, and by which need; None: it was struck itself."""

    level: Level
    by: Need | None = None


def fall(
    needs: Mapping[Node, Sequence[Need]], struck: Collection[Node], shaken: Mapping[Node, Need] | None = None
) -> dict[Node, Fallen]:
    """Every node that falls, or may. A need without members is met by nothing and asks for nothing. ``shaken`` are
    nodes that may fall for a reason of their own."""
    asking: dict[Node, list[tuple[Node, Need]]] = defaultdict(list)
    for node, wanted in needs.items():
        for need in wanted:
            for member in need.members:
                asking[member].append((node, need))
    found = {node: Fallen(Level.MAY, why) for node, why in (shaken or {}).items()}
    found |= {node: Fallen(Level.FALLS) for node in struck}
    work = deque(found)
    while work:
        for node, need in asking.get(work.popleft(), ()):
            level = level_of(need, found)
            known = found.get(node)
            if level > (known.level if known is not None else Level.STANDS):
                found[node] = Fallen(level, need)
                work.append(node)
    return found


def level_of(need: Need, fallen: Mapping[Node, Fallen]) -> Level:
    """How far a need is not met."""
    level = min((_at(member, fallen) for member in need.members), default=Level.STANDS)
    return level if need.sure else min(level, Level.MAY)


def _at(node: Node, fallen: Mapping[Node, Fallen]) -> Level:
    known = fallen.get(node)
    return known.level if known is not None else Level.STANDS
