"""Below a volume the protection groups that hold it; below a group its snapshots; below a snapshot its transfers."""

from __future__ import annotations

from collections.abc import Sequence

from screens import sources as src
from screens.ages import age, moment, size
from screens.cells import Cell, Tone
from screens.columns import Column, Measure
from screens.levels.membership import holding
from screens.levels.model import Level, LevelRow, Ref, faded, why_none, with_cell, with_column
from screens.pairing import PgroupPair, pgroup_pair
from screens.rows_pgroups import COLUMNS as PGROUP_COLUMNS
from screens.rows_pgroups import percent
from screens.rows_pgroups import row as pgroup_row
from screens.scene import Scene
from screens.side_by_side import Note
from screens.status import DIFFERS, EMPTY, GLYPHS
from screens.valued import at, bytes_of, seen, span_of
from store.estate import FlashArray, PgroupSnapshot, ProtectionGroup, Volume
from store.records import Entry

SNAPSHOT_COLUMNS = (
    Column("Snapshot", cut=16, source=src.GET_SNAPSHOTS),
    Column("Created (UTC)", rank=1, measure=Measure.MOMENT, field="created", source=f"{src.GET_SNAPSHOTS}: created"),
    Column("RPO age", measure=Measure.MOMENT, field="rpo", source=f"{src.GET_SNAPSHOTS}: created"),
    Column("On the targets", field="targets", source=src.GET_TRANSFERS),
    Column("Moved", rank=2, right=True, measure=Measure.SIZE, source=f"{src.GET_TRANSFERS}: data_transferred"),
)

TRANSFER_COLUMNS = (
    Column("To", cut=10, source=src.GET_SNAPSHOTS),
    Column("Told by", rank=2, cut=10, field="told_by", source=src.GET_ARRAYS),
    Column("State", source=f"{src.GET_TRANSFERS}: progress, completed"),
    Column("Started", measure=Measure.MOMENT, source=f"{src.GET_TRANSFERS}: started"),
    Column("Completed", measure=Measure.MOMENT, source=f"{src.GET_TRANSFERS}: completed"),
    Column("Took", rank=1, measure=Measure.SPAN, source=src.derived("completed - started")),
    Column("Moved", right=True, measure=Measure.SIZE, source=f"{src.GET_TRANSFERS}: data_transferred"),
    Column("A second", rank=3, right=True, measure=Measure.SIZE, field="rate", source=src.derived("moved / took")),
    Column("Written", rank=5, right=True, measure=Measure.SIZE, source=f"{src.GET_TRANSFERS}: physical_bytes_written"),
    Column("Age", measure=Measure.MOMENT, source=src.SEEN),
)

CONNECTION_COLUMNS = (
    Column("What", source=f"{src.GET_ARRAY_CONNECTIONS}; {src.GET_ALERTS}"),
    Column("Name", cut=12, source=f"{src.GET_ARRAY_CONNECTIONS}; {src.GET_ALERTS}"),
    Column("Status", source=f"{src.GET_ARRAY_CONNECTIONS}; {src.GET_ALERTS}"),
    Column("Summary", cut=20, source=f"{src.GET_ARRAY_CONNECTIONS}: type, transport; {src.GET_ALERTS}: summary"),
    Column("Since", rank=1, measure=Measure.MOMENT, source=f"{src.GET_ALERTS}: created"),
)


def volume_pgroups(scene: Scene, ref: Ref) -> Level:
    """The protection groups of the volume's array that hold it, as their pane shows them, and by what they hold it."""
    entry = scene.entry("volume", ref.key)
    volume = entry.obj
    if not isinstance(volume, Volume):
        raise LookupError(f"{ref.key} is no volume")
    found = sorted(holding(scene, volume), key=lambda one: one[0].key)
    how = Column("Holds it by", rank=3, field="by", source=src.GET_PGROUP_MEMBERS)
    rows = tuple(
        LevelRow(
            group.key,
            with_cell(pgroup_row(group, scene), 1, Cell(by)),
            Ref("pgroup.snapshots", group.key),
            ("pgroup", group.key),
        )
        for group, _, by in found
    )
    none = f"No protection group of {volume.array} holds {volume.name}, its hosts or its host groups."
    notes = (Note(f"Volume {volume.name} is destroyed.", Tone.BAD),) if volume.destroyed else ()
    return Level(
        f"volume {volume.name}",
        "protection groups",
        with_column(PGROUP_COLUMNS, 1, how),
        rows,
        why_none(scene, "protection groups", entry, none),
        notes,
        (entry, *(group for group, _, _ in found)),
    )


# ------------------------------------------------------------------------------------------ snapshots and transfers


def pgroup_snapshots(scene: Scene, ref: Ref) -> Level:
    """The snapshots of a group that were read, newest first, each with how it stands on every target."""
    entry = scene.entry("pgroup", ref.key)
    group = _group(entry)
    pair = pgroup_pair(scene, entry)
    told = _told(pair, entry)
    suffixes: dict[str, PgroupSnapshot] = {}
    for _, snapshot, _ in told:
        known = suffixes.get(snapshot.suffix)
        if known is None or (known.destroyed and not snapshot.destroyed):
            suffixes[snapshot.suffix] = snapshot
    newest = sorted(suffixes.items(), key=lambda one: (one[1].created, one[0]), reverse=True)
    rows = tuple(_snapshot_row(scene, entry, suffix, snapshot, pair, told) for suffix, snapshot in newest)
    notes = []
    if group.snapshot_count > len(rows):
        notes.append(Note(f"{group.array} has {group.snapshot_count} snapshots; the newest few are read.", Tone.DIM))
    notes += _other_side(pair, entry)
    empty = why_none(scene, "snapshots", entry, f"{group.array} has no snapshots of {group.name}.")
    sources = tuple(dict.fromkeys((entry, *(one for one, _, _ in told))))
    return Level(
        f"group {group.name}", "snapshots", SNAPSHOT_COLUMNS, rows, empty, tuple(notes), sources, ("pgroup", ref.key)
    )


Told = tuple[Entry, PgroupSnapshot, str]
"""Who tells of a snapshot, the snapshot, and the array that it is on."""


def _told(pair: PgroupPair, entry: Entry) -> list[Told]:
    """Everything that is said of the group's snapshots: at home of every place, and by each target of itself."""
    told: list[Told] = []
    entries = [*((pair.source,) if pair.source is not None else ()), *pair.replicas]
    for teller in entries or [entry]:
        group = _group(teller)
        told += [(teller, snapshot, snapshot.target or group.array) for snapshot in group.snapshots]
    return told


def _group(entry: Entry) -> ProtectionGroup:
    if not isinstance(entry.obj, ProtectionGroup):
        raise LookupError(f"{entry.key} is no protection group")
    return entry.obj


def _other_side(pair: PgroupPair, entry: Entry) -> list[Note]:
    if pair.source is None:
        home = _group(entry).source or "its home array"
        return [Note(f"The group at home is not known: {home} was not read. Only this target is shown.", Tone.UNKNOWN)]
    shown = {_group(replica).array for replica in pair.replicas}
    missing = [target.name for target in _group(pair.source).targets if target.name not in shown]
    return [Note(f"What {name} itself holds is not known: no reading shows it.", Tone.UNKNOWN) for name in missing]


def _snapshot_row(
    scene: Scene, entry: Entry, suffix: str, snapshot: PgroupSnapshot, pair: PgroupPair, told: Sequence[Told]
) -> LevelRow:
    mine = [one for one in told if one[1].suffix == suffix]
    name = _group(pair.source).name if pair.source is not None else _group(entry).name
    home = _group(pair.source).array if pair.source is not None else None
    moved = [one[1].data_transferred for one in mine if one[1].data_transferred is not None]
    cells = (
        Cell(f"{name}.{suffix}", Tone.DIM if snapshot.destroyed else Tone.PLAIN),
        at(scene.now, snapshot.created),
        Cell(age(scene.now, snapshot.created), value=snapshot.created.timestamp()),
        _on_targets(mine, _places(pair, entry), home),
        bytes_of(max(moved, default=None)),
    )
    return LevelRow(suffix, faded(scene, cells, entry), Ref("snapshot.transfers", entry.key, suffix))


def _places(pair: PgroupPair, entry: Entry) -> list[str]:
    if pair.source is None:
        return [_group(entry).array]
    return [target.name for target in _group(pair.source).targets]


def _on_targets(told: Sequence[Told], targets: Sequence[str], home: str | None) -> Cell:
    """Target by target; what the target itself says counts before what the source says of it."""
    words, tones = [], []
    for target in targets:
        here = [one for one in told if one[2] == target]
        own = [one for one in here if _group(one[0]).array == target] or here
        word, tone = _state(own[0][1]) if own else ("not there", Tone.WARN)
        words.append(f"{GLYPHS[tone]} {target} {word}")
        tones.append(tone)
    if not targets:
        return Cell("local only", Tone.DIM)
    worst = next((tone for tone in (Tone.BAD, Tone.WARN, Tone.BUSY) if tone in tones), Tone.OK)
    return Cell(", ".join(words), worst)


def _state(snapshot: PgroupSnapshot) -> tuple[str, Tone]:
    if snapshot.destroyed:
        return "destroyed", Tone.BAD
    if snapshot.complete:
        return "complete", Tone.OK
    if snapshot.started is None:
        return "queued", Tone.BUSY
    done = "?" if snapshot.progress is None else percent(snapshot.progress)
    return f"transferring {done}", Tone.BUSY


def snapshot_transfers(scene: Scene, ref: Ref) -> Level:
    """The transfers of one snapshot, target by target: as the source tells them and as each target does."""
    entry = scene.entry("pgroup", ref.key)
    group = _group(entry)
    pair = pgroup_pair(scene, entry)
    mine = [one for one in _told(pair, entry) if one[1].suffix == ref.part]
    # Without a target at hand the source's own row is the snapshot itself, which went nowhere.
    home = _group(pair.source).array if pair.source is not None else None
    moved = [one for one in mine if one[2] != home]
    moved.sort(key=lambda one: (one[2], _group(one[0]).array != home))
    name = f"{_group(pair.source).name if pair.source is not None else group.name}.{ref.part}"
    created = min((snapshot.created for _, snapshot, _ in mine), default=None)
    notes = [Note(f"Created {moment(created)}, {age(scene.now, created)} ago.", Tone.DIM)] if created else []
    if not mine:
        notes.append(Note(f"{name} is not among the snapshots that were read last.", Tone.UNKNOWN))
    notes += _apart(moved)
    none = f"{name} is on {home or group.array} only: no target has it and nothing is on its way."
    return Level(
        f"snapshot {name}",
        "transfers",
        TRANSFER_COLUMNS,
        tuple(_transfer_row(scene, *one) for one in moved),
        why_none(scene, "transfers", entry, none),
        tuple(notes),
        tuple(dict.fromkeys((entry, *(one[0] for one in mine)))),
        ("pgroup", ref.key),
    )


def _apart(told: Sequence[Told]) -> list[Note]:
    """Where source and target contradict each other on whether a copy is complete."""
    notes = []
    for place in dict.fromkeys(one[2] for one in told):
        words = {snapshot.complete for _, snapshot, where in told if where == place}
        if len(words) > 1:
            text = f"{DIFFERS} The source and {place} do not agree whether the copy is complete."
            notes.append(Note(text, Tone.WARN))
    return notes


def _transfer_row(scene: Scene, teller: Entry, snapshot: PgroupSnapshot, place: str) -> LevelRow:
    word, tone = _state(snapshot)
    took = None
    if snapshot.started is not None and snapshot.completed is not None:
        took = (snapshot.completed - snapshot.started).total_seconds()
    cells = (
        Cell(place),
        Cell(_group(teller).array),
        Cell(f"{GLYPHS[tone]} {word}", tone),
        at(scene.now, snapshot.started),
        at(scene.now, snapshot.completed),
        span_of(took),
        bytes_of(snapshot.data_transferred),
        _rate(snapshot.data_transferred, took),
        bytes_of(snapshot.physical_bytes_written),
        seen(scene, teller),
    )
    return LevelRow(f"{place} by {_group(teller).array}", scene.faded(cells, teller), detail=("pgroup", teller.key))


def _rate(moved: int | None, took: float | None) -> Cell:
    if moved is None or not took or took <= 0:
        return EMPTY
    return Cell(f"{size(round(moved / took))}/s", value=moved / took)


# ---------------------------------------------------------------------------------------------------------- arrays


def array_connections(scene: Scene, ref: Ref) -> Level:
    """The replication connections of an array, and its open alerts."""
    entry = scene.entry("flasharray", ref.key)
    array = entry.obj
    if not isinstance(array, FlashArray):
        raise LookupError(f"{ref.key} is no FlashArray")
    rows = []
    for link in array.connections:
        tone = Tone.OK if link.status == "connected" else Tone.WARN
        words = f"{link.type}{f', {link.transport}' if link.transport else ''}"
        cells = (Cell("connection"), Cell(link.remote), Cell(f"{GLYPHS[tone]} {link.status}", tone), Cell(words), EMPTY)
        rows.append(LevelRow(f"connection {link.remote} {link.type}", faded(scene, cells, entry)))
    for alert in array.alerts:
        tone = {"critical": Tone.BAD, "warning": Tone.WARN}.get(alert.severity, Tone.PLAIN)
        glyph = f"{GLYPHS[tone]} " if tone in GLYPHS else ""
        cells = (
            Cell("alert"),
            Cell(alert.category),
            Cell(f"{glyph}{alert.severity}", tone),
            Cell(alert.summary),
            EMPTY if alert.created is None else Cell(age(scene.now, alert.created), value=alert.created.timestamp()),
        )
        rows.append(LevelRow(f"alert {alert.id}", faded(scene, cells, entry)))
    empty = why_none(scene, "connections and alerts", entry, f"{array.name} has no connections and no open alerts.")
    title, noun = f"array {array.name}", "connections and alerts"
    return Level(title, noun, CONNECTION_COLUMNS, tuple(rows), empty, (), (entry,))
