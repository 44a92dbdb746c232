"""GET /volumes/diff: the blocks in which a volume differs from another one, or from a snapshot."""

from __future__ import annotations

from collections.abc import Iterator

from backends.lab.flasharray.items import of_rows
from backends.lab.flasharray.lists import Item, Query
from backends.lab.flasharray.objects import Disk, DiskSnapshot, RefusedError
from backends.lab.flasharray.state import ArrayState
from backends.lab.flasharray.views import Row
from backends.lab.volumes import BLANK, Image

_SHOWN = 64


def volume_diff(array: ArrayState, query: Query) -> Iterator[Item]:
    """The chunks of a segment that differ; without a base those that hold data."""
    names, ids = query.one_of("names", "ids")
    wanted = names or ids
    if not wanted or len(wanted) != 1:
        raise RefusedError(None, "One volume or volume snapshot is required.")
    block, length = _needed(query, "block_size"), _needed(query, "segment_length")
    start = query.number("segment_offset") or 0
    if block % 512 or start % block:
        raise RefusedError("block_size", "Invalid block size or segment offset.")
    base = _base(array, query)
    found = _thing(array, wanted[0])
    size = found.core.size if isinstance(found, Disk) else found.size
    end = min(start + length, size)
    yield from of_rows(_chunks(_image(array, found), BLANK if base is None else _image(array, base), start, end, block))


def _needed(query: Query, name: str) -> int:
    number = query.number(name)
    if not number:
        raise RefusedError(name, "A number of bytes is required.")
    return number


def _base(array: ArrayState, query: Query) -> Disk | DiskSnapshot | None:
    name, identity = query.text("base_name"), query.text("base_id")
    if name is not None and identity is not None:
        raise RefusedError(None, "The `base_name` and `base_id` parameters cannot be provided together.")
    told = name or identity
    return None if told is None else _thing(array, told)


def _thing(array: ArrayState, told: str) -> Disk | DiskSnapshot:
    every: list[Disk | DiskSnapshot] = [*array.disks.values(), *array.snapshots.values()]
    for thing in every:
        if told in (thing.name, thing.id):
            return thing
    raise RefusedError(told, "No such volume or snapshot.")


def _image(array: ArrayState, thing: Disk | DiskSnapshot) -> Image:
    return thing.core.image(array.now) if isinstance(thing, Disk) else thing.image


def _chunks(mine: Image, base: Image, start: int, end: int, block: int) -> Iterator[Row]:
    """A chunk for each generation that only one of the two holds, where it was written; the first few of them."""
    if (mine.origin, mine.member, mine.history) == (base.origin, base.member, base.history) or end <= start:
        return
    same = (mine.origin, mine.member) == (base.origin, base.member)
    common = mine.last_common(base) if same else 0
    newest = max(mine.generation, base.generation, common + 1)
    blocks = (end - start + block - 1) // block
    places = sorted({number * 7919 % blocks for number in range(common + 1, min(newest, common + _SHOWN) + 1)})
    for place in places:
        offset = start + place * block
        yield {"offset": offset, "length": min(block, end - offset)}
