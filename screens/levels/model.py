"""What one step of the way down is: a table of one kind of thing that belongs to the object above it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from screens.cells import Cell, Tone
from screens.columns import Column, Row
from screens.scene import Scene, sample_is_stale
from screens.side_by_side import Note
from screens.status import EMPTY
from store.records import DeviceHealth, DeviceStatus, Entry


class Ref(Struct, frozen=True):
    """Names a level: ``lpar.adapters`` of the LPAR with this key. ``part`` narrows it: a slot, a snapshot, a kind."""

    kind: str
    key: str
    part: str = ""


Detail = tuple[str, str]
"""Kind and key of a detail: lpar, pgroup, rcg_pair, vm or device."""


class LevelRow(Struct, frozen=True):
    """A row. ``key`` stays the same over sweeps; ``opens`` is the next level down, ``detail`` what is known in full;
    ``strikes`` the node whose blast radius is that of the row."""

    key: str
    cells: Row
    opens: Ref | None = None
    detail: Detail | None = None
    strikes: tuple[str, str] | None = None


class Level(Struct, frozen=True):
    """``title`` is its crumb, the object above; ``noun`` what the rows are. ``notes`` stand above the table, ``empty``
    in its place: none there, not read, or could not be read. ``sources`` are the entries whose devices are named above
    when they are in trouble; ``seen`` tells their ages. ``shows`` is the object above, where it has a detail."""

    title: str
    noun: str
    columns: tuple[Column, ...]
    rows: tuple[LevelRow, ...] = ()
    empty: tuple[Note, ...] = ()
    notes: tuple[Note, ...] = ()
    sources: tuple[Entry, ...] = ()
    shows: Detail | None = None
    seen: str = ""


def seen_words(scene: Scene, entries: Sequence[Entry]) -> str:
    """How old what the entries say is, device by device: ``12s ago by hmc-paris, 15s ago by fa-paris``."""
    oldest: dict[str, Entry] = {}
    for entry in entries:
        known = oldest.get(entry.device)
        if known is None or entry.seen_at < known.seen_at:
            oldest[entry.device] = entry
    return ", ".join(scene.seen_cell(entry).text for entry in oldest.values())


FORGOTTEN = Note("The store does not know this object any more.", Tone.UNKNOWN)


def forgotten(ref: Ref) -> Level:
    """The level of an object that is not known (any more)."""
    return Level(ref.part or ref.key, "objects", (Column("Name"),), empty=(FORGOTTEN,))


def why_none(scene: Scene, noun: str, entry: Entry, none_there: str) -> tuple[Note, ...]:
    """Why there are no rows below ``entry``: its device was read and says that there are none (``none_there``, a
    sentence), was never read, or could not be read, so that nobody knows."""
    device = scene.device(entry.device)
    if device is None:
        return (Note(f"No {noun} are known, and {entry.device} is not configured any more.", Tone.UNKNOWN),)
    if entry.gone:
        seen = scene.seen_cell(entry).text
        return (Note(f"No {noun} are known: {entry.device} does not report this object any more ({seen}).", Tone.WARN),)
    return (unread_note(scene, noun, device) or Note(none_there, Tone.DIM),)


def unread_note(scene: Scene, noun: str, device: DeviceStatus) -> Note | None:
    """What keeps an empty table of a device from meaning *none*; None where it does mean that."""
    if device.health is DeviceHealth.NEVER:
        return Note(f"No {noun} are known yet: {device.name} has not been read so far.", Tone.UNKNOWN)
    if device.health is DeviceHealth.FAILING:
        why = device.failure or "no reason told"
        return Note(
            f"{noun[0].upper()}{noun[1:]} could not be read, and none are known from before: {device.name}: {why}.",
            Tone.BAD,
        )
    if sample_is_stale(device, scene.now):
        return Note(f"No {noun} at the last reading of {device.name}, which is old.", Tone.UNKNOWN)
    if device.health is DeviceHealth.PARTIAL:
        return Note(f"No {noun} were read; {device.name} was partly read, so there may be some.", Tone.UNKNOWN)
    return None


def faded(scene: Scene, cells: Row, *entries: Entry) -> Row:
    """The cells of a row without an age of its own, dimmed where they cannot be believed to be so now."""
    return scene.faded((*cells, EMPTY), *entries)[:-1]


def with_column(columns: Sequence[Column], place: int, column: Column) -> tuple[Column, ...]:
    """The columns of a pane with one more at ``place``."""
    return (*columns[:place], column, *columns[place:])


def with_cell(row: Row, place: int, cell: Cell) -> Row:
    """The cells of a pane's row with one more at ``place``."""
    return (*row[:place], cell, *row[place:])
