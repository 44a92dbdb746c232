"""Below a remote copy group its volumes, both arrays aligned; below a volume the hosts that have a VLUN for it."""

from __future__ import annotations

from collections.abc import Iterator

from screens import sources as src
from screens.ages import age
from screens.cells import Cell, Tone
from screens.columns import Column, Measure
from screens.conditions import SideState
from screens.levels.model import Level, LevelRow, Ref, faded, why_none
from screens.rcg_sides import RcgPair, Side, decide, pair_of
from screens.rows_rcgs import side_entries, sync_word
from screens.scene import Scene
from screens.side_by_side import Note
from screens.status import DIFFERS, EMPTY, GLYPHS, status
from screens.valued import bytes_of, named, seen
from store.estate import RcgMode, RemoteCopyVolume, StorageSystem
from store.rcg_roles import Which

MIB = 1024 * 1024

VOLUME_COLUMNS = (
    Column("Volume", cut=14, source=src.RCOPY_GROUPS),
    Column("Its peer", rank=3, cut=12, field="peer", source=src.RCOPY_GROUPS),
    Column(
        "Natural primary",
        cut=10,
        field="natural_sync",
        source=f"{src.RCOPY_GROUPS}: sync status on the natural primary",
    ),
    Column("Peer", cut=10, field="peer_sync", source=f"{src.RCOPY_GROUPS}: sync status on the peer"),
    Column("Synced", measure=Measure.MOMENT, field="rpo", source=f"{src.RCOPY_GROUPS}: LastSyncTime"),
    Column("Size", rank=4, right=True, measure=Measure.SIZE, source=src.THREEPAR_VOLUMES),
    Column("VLUNs nat/peer", rank=1, field="vluns", source=src.THREEPAR_VLUNS),
    Column("Age", measure=Measure.MOMENT, source=src.SEEN),
)

HOST_COLUMNS = (
    Column("Host or host set", cut=16, field="host", source=src.THREEPAR_VLUNS),
    Column("Array", cut=10, source=src.THREEPAR_SYSTEM),
    Column("Side", source=src.RCOPY_GROUPS),
    Column("Role", source=src.RCOPY_GROUPS),
    Column("Volume", rank=1, cut=14, source=src.THREEPAR_VLUNS),
    Column("Age", measure=Measure.MOMENT, source=src.SEEN),
)

LINK_COLUMNS = (
    Column("What", source=f"{src.RCOPY_TARGETS}; {src.RCOPY_LINKS}"),
    Column("Name", cut=12, source=f"{src.RCOPY_TARGETS}; {src.RCOPY_LINKS}"),
    Column("Status", source=f"{src.RCOPY_TARGETS}; {src.RCOPY_LINKS}"),
    Column("Node", rank=2, source=src.RCOPY_LINKS),
    Column("Address", rank=1, source=src.RCOPY_LINKS),
    Column("Type", rank=3, source=src.RCOPY_TARGETS),
)


def rcg_volumes(scene: Scene, ref: Ref) -> Level:
    """The volumes of a group; a row holds what both arrays say of one, marked where they do not agree."""
    pair = pair_of(scene, ref.key)
    entries = side_entries(pair)
    if not entries:
        raise LookupError(f"no array reports {ref.key}")
    rows = tuple(_volume_row(scene, ref.key, pair, name) for name in _names(pair))
    return Level(
        f"RCG {pair.name}",
        "volumes",
        VOLUME_COLUMNS,
        rows,
        why_none(scene, "volumes", entries[0], f"{pair.name} has no volumes."),
        tuple(_side_notes(scene, pair)),
        entries,
        ("rcg_pair", ref.key),
    )


def _names(pair: RcgPair) -> list[str]:
    """The volumes by their name on the natural primary."""
    left, right = pair.natural.group, pair.peer.group
    mine = {volume.local for volume in left.volumes} if left is not None else set()
    theirs = {volume.remote for volume in right.volumes} if right is not None else set()
    return sorted(mine | theirs)


def _at_natural(pair: RcgPair, name: str) -> RemoteCopyVolume | None:
    group = pair.natural.group
    return next((v for v in group.volumes if v.local == name), None) if group is not None else None


def _at_peer(pair: RcgPair, name: str) -> RemoteCopyVolume | None:
    group = pair.peer.group
    return next((v for v in group.volumes if v.remote == name), None) if group is not None else None


def _side_notes(scene: Scene, pair: RcgPair) -> Iterator[Note]:
    verdict = decide(pair)
    for which, side in ((Which.NATURAL, pair.natural), (Which.PEER, pair.peer)):
        if side.state is SideState.UNREAD:
            known = "nothing is known of it" if side.entry is None else "its column is the last known"
            yield Note(f"The {which} is not read now: {known}.", Tone.UNKNOWN)
        elif side.state is SideState.MISSING:
            yield Note(f"The {which} was read and does not have this group.", Tone.BAD)
    where = f"The {verdict.active} serves the hosts" if verdict.active is not None else "Which side serves is not known"
    yield Note(f"{where}: {verdict.meaning}.", Tone.DIM if verdict.active is not None else Tone.UNKNOWN)


def _volume_row(scene: Scene, key: str, pair: RcgPair, name: str) -> LevelRow:
    left, right = _at_natural(pair, name), _at_peer(pair, name)
    known = pair.natural.group is not None and pair.peer.group is not None
    differ = known and (left is None or right is None or left.sync_status is not right.sync_status)
    entries = side_entries(pair)
    peer = right.local if right is not None else left.remote if left is not None else None
    cells = (
        Cell(name),
        named(peer),
        _sync(left, pair.natural),
        _marked(_sync(right, pair.peer), differ),
        _last_sync(scene, pair, left, right),
        bytes_of(_size(left, right), MIB),
        Cell(f"{_vluns(left)}/{_vluns(right)}"),
        seen(scene, *entries),
    )
    return LevelRow(name, scene.faded(cells, *entries), Ref("rcg.hosts", key, name))


def _sync(volume: RemoteCopyVolume | None, side: Side) -> Cell:
    if side.group is None:
        return status(side.state).cell()
    if volume is None:
        return Cell(f"{GLYPHS[Tone.BAD]} not in the group", Tone.BAD)
    cell = sync_word(volume.sync_status, volume.synced_percent)
    if side.told is None:
        return Cell(f"{GLYPHS[Tone.UNKNOWN]} was {volume.sync_status.value}", Tone.UNKNOWN)
    return cell


def _marked(cell: Cell, differ: bool) -> Cell:
    return Cell(f"{DIFFERS} {cell.text}", Tone.WARN if cell.tone is Tone.OK else cell.tone) if differ else cell


def _last_sync(scene: Scene, pair: RcgPair, left: RemoteCopyVolume | None, right: RemoteCopyVolume | None) -> Cell:
    """The older of the two arrays' LastSyncTime: what is certainly on the secondary."""
    group = pair.any_group
    if group is not None and group.mode is RcgMode.SYNC:
        return Cell("Sync mode", Tone.DIM)
    times = [volume.last_sync for volume in (left, right) if volume is not None and volume.last_sync is not None]
    if not times:
        return Cell("never", Tone.BAD)
    return Cell(age(scene.now, min(times)), value=min(times).timestamp())


def _size(left: RemoteCopyVolume | None, right: RemoteCopyVolume | None) -> int | None:
    sizes = [volume.size_mib for volume in (left, right) if volume is not None and volume.size_mib is not None]
    return sizes[0] if sizes else None


def _vluns(volume: RemoteCopyVolume | None) -> str:
    return "?" if volume is None else str(len(volume.exported_to))


def rcg_hosts(scene: Scene, ref: Ref) -> Level:
    """The hosts with a VLUN for a volume (``part``: its name on the natural primary), of both arrays."""
    pair = pair_of(scene, ref.key)
    entries = side_entries(pair)
    if not entries:
        raise LookupError(f"no array reports {ref.key}")
    sides = (
        (Which.NATURAL, pair.natural, _at_natural(pair, ref.part)),
        (Which.PEER, pair.peer, _at_peer(pair, ref.part)),
    )
    rows: list[LevelRow] = []
    silent = []
    for which, side, volume in sides:
        if side.entry is None or volume is None:
            silent.append(f"the {which}")
            continue
        group = side.group
        for host in volume.exported_to:
            cells = (
                Cell(host),
                Cell(group.array if group is not None else "?"),
                Cell(str(which)),
                status(group.role).cell() if group is not None else EMPTY,
                Cell(volume.local),
                seen(scene, side.entry),
            )
            rows.append(LevelRow(f"{which} {host}", scene.faded(cells, side.entry)))
    notes = []
    if silent:
        notes.append(Note(f"Not known of {' and '.join(silent)}: hosts there are not shown.", Tone.UNKNOWN))
    if rows:
        notes.append(Note("A host with a VLUN can reach the volume; that it is off does not fence it.", Tone.DIM))
    none = f"Neither array exports {ref.part} to a host."
    if silent:
        none = f"No host has a VLUN for {ref.part} where it was read."
    empty = why_none(scene, "hosts", entries[0], none)
    return Level(
        f"volume {ref.part}", "hosts", HOST_COLUMNS, tuple(rows), empty, tuple(notes), entries, ("rcg_pair", ref.key)
    )


def storage_links(scene: Scene, ref: Ref) -> Level:
    """The remote copy targets and links of an array."""
    entry = scene.entry("storage", ref.key)
    storage = entry.obj
    if not isinstance(storage, StorageSystem):
        raise LookupError(f"{ref.key} is no array")
    rows = []
    for target in storage.targets:
        tone = {"ready": Tone.OK, "new": Tone.BUSY}.get(target.status, Tone.BAD)
        cells = (
            Cell("target"),
            Cell(target.name),
            Cell(f"{GLYPHS[tone]} {target.status}", tone),
            EMPTY,
            EMPTY,
            Cell(target.type),
        )
        rows.append(LevelRow(f"target {target.name}", faded(scene, cells, entry)))
    for link in storage.links:
        tone = Tone.OK if link.status == "Up" else Tone.BAD
        cells = (
            Cell("link"),
            Cell(link.target),
            Cell(f"{GLYPHS[tone]} {link.status}", tone),
            Cell(link.node),
            Cell(link.address),
            EMPTY,
        )
        rows.append(LevelRow(f"link {link.target} {link.node} {link.address}", faded(scene, cells, entry)))
    notes = (Note(f"Remote copy: {storage.rcopy_status or 'not told'}.", Tone.PLAIN),)
    empty = why_none(scene, "targets and links", entry, f"{storage.name} has no remote copy targets.")
    return Level(f"array {storage.name}", "targets and links", LINK_COLUMNS, tuple(rows), empty, notes, (entry,))
