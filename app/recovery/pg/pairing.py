"""Which volume of a snapshot goes to which volume of the target group (procedures 3.9). Pure, and the same each time.

By the pairing tag first, then to a volume of equal size, then to the smallest that is larger, always in name order. The
tag of a pair is written when it was cloned, so that each later run pairs the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

TAG = "snapshot_mapping"
"""Key of the pairing tag on a target volume, in the default namespace; its value is the id of the source volume as the
array of the target says it."""


class How(StrEnum):
    """What a pair rests on."""

    TAG = "its tag"
    EQUAL = "equal size"
    LARGER = "the smallest that is larger"


class Source(Struct, frozen=True):
    """One volume of the snapshot. ``id`` is what its tag is to say, ``known_as`` other ids of the same volume: a target
    array gives it one of its own. ``size`` in bytes. ``snapshot`` is the volume snapshot to copy from."""

    name: str
    id: str
    size: int
    snapshot: str
    known_as: tuple[str, ...] = ()


class Target(Struct, frozen=True):
    """One volume of the target group. ``size`` in bytes; ``tag`` the value of its pairing tag."""

    name: str
    size: int
    tag: str | None = None


class Pair(Struct, frozen=True):
    """``to_tag``: its tag does not say so yet."""

    source: Source
    target: Target
    how: How

    @property
    def to_tag(self) -> bool:
        return self.target.tag not in (self.source.id, *self.source.known_as)


class Pairing(Struct, frozen=True):
    """All or nothing: ``wrong`` are the reasons, in words, for which nothing may be copied. ``stale`` are targets whose
    tag names a volume that is not in the snapshot; ``spare`` those that nothing goes to. ``cleared`` are spare ones
    that must lose their tag: it was freed, or names a volume that goes elsewhere now, which the next run would take for
    two targets of one volume."""

    pairs: tuple[Pair, ...]
    wrong: tuple[str, ...]
    stale: tuple[Target, ...]
    spare: tuple[Target, ...]
    cleared: tuple[Target, ...] = ()


def pairing(
    sources: Iterable[Source],
    targets: Iterable[Target],
    *,
    ignore_tags: bool = False,
    freed: frozenset[str] = frozenset(),
) -> Pairing:
    """Pair them. ``ignore_tags`` treats every target as if it had no tag, ``freed`` those volumes alone."""
    left = sorted(sources, key=lambda source: source.name)
    all_targets = sorted(targets, key=lambda target: target.name)
    unknown = sorted(freed - {target.name for target in all_targets})
    wrong = [f"{name} is not a volume of the target group: its tag cannot be freed" for name in unknown]
    tagged: dict[str, list[Target]] = defaultdict(list)
    free: list[Target] = []
    for target in all_targets:
        if target.tag is None or ignore_tags or target.name in freed:
            free.append(target)
        else:
            tagged[target.tag].append(target)
    pairs = []
    for source in list(left):
        mine = [target for key in dict.fromkeys((source.id, *source.known_as)) for target in tagged.pop(key, ())]
        if not mine:
            continue
        left.remove(source)
        if len(mine) > 1:
            names = " and ".join(target.name for target in mine)
            wrong.append(f"{names} both carry the tag of {source.name}: free one of them")
        elif mine[0].size < source.size:
            wrong.append(f"{mine[0].name} carries the tag of {source.name} and is smaller than it")
        else:
            pairs.append(Pair(source, mine[0], How.TAG))
    pairs += _by_size(left, free, How.EQUAL)
    pairs += _by_size(left, free, How.LARGER)
    wrong += [_unmatched(source, free) for source in left]
    stale = tuple(target for found in tagged.values() for target in found)
    known = {identity for pair in pairs for identity in (pair.source.id, *pair.source.known_as)}
    return Pairing(
        tuple(sorted(pairs, key=lambda pair: pair.source.name)),
        tuple(wrong),
        tuple(sorted(stale, key=lambda target: target.name)),
        tuple(free),
        tuple(t for t in free if t.tag is not None and (t.name in freed or t.tag in known)),
    )


def _by_size(left: list[Source], free: list[Target], how: How) -> list[Pair]:
    """Pair what fits, taking it out of both lists, which are in name order."""
    pairs = []
    for source in list(left):
        fitting = [t for t in free if (t.size == source.size if how is How.EQUAL else t.size > source.size)]
        if fitting:
            target = min(fitting, key=lambda fit: (fit.size, fit.name))
            left.remove(source)
            free.remove(target)
            pairs.append(Pair(source, target, how))
    return pairs


def _unmatched(source: Source, free: Sequence[Target]) -> str:
    why = "every volume that is left is smaller" if free else "no volume is left for it"
    return f"{source.name} ({source.size} bytes) has no target: {why}"
