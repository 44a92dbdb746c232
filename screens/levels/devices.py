"""Below a device the kinds of object that it reports; below a kind the objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from screens import sources as src
from screens.ages import size
from screens.cells import Cell, Tone
from screens.columns import Column, Measure
from screens.conditions import Freshness
from screens.levels.hosts import VOLUME_COLUMNS, volume_cells, volumes_of
from screens.levels.model import Level, LevelRow, Ref, unread_note
from screens.levels.pods import POD_COLUMNS, pod_row
from screens.levels.vsphere import VM_COLUMNS, vm_level_row
from screens.rows_devices import KINDS_OF_DEVICE, last_read_cell, trouble_text
from screens.rows_events import KIND_WORDS
from screens.rows_lpars import COLUMNS as LPAR_COLUMNS
from screens.rows_lpars import order as lpar_order
from screens.rows_lpars import row as lpar_row
from screens.rows_pgroups import COLUMNS as PGROUP_COLUMNS
from screens.rows_pgroups import order as pgroup_order
from screens.rows_pgroups import row as pgroup_row
from screens.scene import Scene
from screens.side_by_side import Note
from screens.status import EMPTY, GLYPHS, status
from screens.valued import number, seen
from store import estate as e
from store.records import DeviceStatus, Entry

KIND_COLUMNS = (
    Column("Kind", source=src.SWEEP),
    Column("There", right=True, measure=Measure.NUMBER, source=src.SWEEP),
    Column("Stale", right=True, measure=Measure.NUMBER, source=src.SEEN),
    Column("Gone", right=True, measure=Measure.NUMBER, source=src.SEEN),
)

OBJECT_COLUMNS = (
    Column("Name", cut=16, source=src.SWEEP),
    Column("State", source=src.SWEEP),
    Column("More", rank=1, cut=20, source=src.SWEEP),
    Column("Age", measure=Measure.MOMENT, source=src.SEEN),
)

NOUNS = {
    "system": "managed systems",
    "lpar": "LPARs",
    "flasharray": "arrays",
    "pgroup": "protection groups",
    "volume": "volumes",
    "host": "hosts",
    "pod": "pods",
    "storage": "arrays",
    "rcg": "remote copy groups",
    "vcenter": "vCenters",
    "esxi": "ESXi hosts",
    "datastore": "datastores",
    "vm": "VMs",
}


def device_kinds(scene: Scene, ref: Ref) -> Level:
    """How many objects of each kind a device reports."""
    device = _device(scene, ref.key)
    rows = []
    for kind in KINDS_OF_DEVICE[device.kind]:
        found = [scene.freshness(entry) for entry in scene.index.of_device(kind, device.name)]
        gone, stale = found.count(Freshness.GONE), found.count(Freshness.STALE)
        cells = (
            Cell(KIND_WORDS[kind], aka=kind),
            number(len(found) - gone),
            Cell(str(stale), Tone.WARN if stale else Tone.DIM, value=stale),
            Cell(str(gone), Tone.WARN if gone else Tone.DIM, value=gone),
        )
        rows.append(LevelRow(kind, cells, Ref("device.objects", device.name, kind)))
    return Level(
        f"device {device.name}",
        "kinds",
        KIND_COLUMNS,
        tuple(rows),
        notes=_notes(scene, device, sum(len(scene.index.of_device(row.key, device.name)) for row in rows)),
        shows=("device", device.name),
        seen=f"last read {last_read_cell(device, scene).text}",
    )


def device_objects(scene: Scene, ref: Ref) -> Level:
    """The objects of one kind (``part``) that a device reports, each opening its own first level."""
    device = _device(scene, ref.key)
    if ref.part not in KINDS_OF_DEVICE[device.kind]:
        raise LookupError(f"{device.name} reports no {ref.part}")
    entries = scene.index.of_device(ref.part, device.name)
    listing = _LISTINGS[ref.part]
    rows = tuple(listing.row(scene, entry) for entry in sorted(entries, key=listing.order))
    noun = NOUNS[ref.part]
    empty = unread_note(scene, noun, device) or Note(f"{device.name} was read and reports no {noun}.", Tone.DIM)
    notes = _notes(scene, device, len(entries))
    return Level(
        f"{KIND_WORDS[ref.part]} of {device.name}",
        noun,
        listing.columns,
        rows,
        (empty,),
        notes,
        entries,
        ("device", ref.key),
    )


def _device(scene: Scene, name: str) -> DeviceStatus:
    device = scene.device(name)
    if device is None:
        raise LookupError(f"{name} is not configured")
    return device


def _notes(scene: Scene, device: DeviceStatus, rows: int) -> tuple[Note, ...]:
    """What is the matter with the device, for a level whose rows do not name it."""
    text = trouble_text(device, rows, scene)
    return () if text is None else (Note(f"{text}.", status(device.health).tone),)


# ----------------------------------------------------------------------------------------------- one row of a kind


class Listing(Struct, frozen=True):
    """How the objects of a kind are listed."""

    columns: tuple[Column, ...]
    row: Callable[[Scene, Entry], LevelRow]
    order: Callable[[Entry], tuple[str, ...]]


def _by_name(entry: Entry) -> tuple[str, ...]:
    return (entry.obj.name, entry.key)


def _plain(opens: str | None, tell: Callable[[Scene, Entry], tuple[Cell, str]]) -> Listing:
    """A kind without a pane of its own: name, state and a few words."""

    def row(scene: Scene, entry: Entry) -> LevelRow:
        state, more = tell(scene, entry)
        if entry.gone:
            state = Cell(f"was {state.text}", Tone.DIM)
        cells = (Cell(entry.obj.name), state, Cell(more) if more else EMPTY, seen(scene, entry))
        detail = None
        target = Ref(opens, entry.key) if opens is not None else None
        if isinstance(entry.obj, e.RemoteCopyGroup):
            target, detail = Ref("rcg.volumes", entry.obj.pair_key), ("rcg_pair", entry.obj.pair_key)
        elif isinstance(entry.obj, e.VCenter):
            target = Ref("device.objects", entry.device, "esxi")
        return LevelRow(entry.key, scene.faded(cells, entry), target, detail)

    return Listing(OBJECT_COLUMNS, row, _by_name)


def _lpar(scene: Scene, entry: Entry) -> LevelRow:
    return LevelRow(entry.key, lpar_row(entry, scene), Ref("lpar.adapters", entry.key), ("lpar", entry.key))


def _pgroup(scene: Scene, entry: Entry) -> LevelRow:
    return LevelRow(entry.key, pgroup_row(entry, scene), Ref("pgroup.snapshots", entry.key), ("pgroup", entry.key))


def _volume(scene: Scene, entry: Entry) -> LevelRow:
    users = ", ".join(dict.fromkeys(user for user, _ in entry.obj.hosts)) if isinstance(entry.obj, e.Volume) else ""
    return LevelRow(entry.key, volume_cells(scene, entry, EMPTY, users), Ref("volume.pgroups", entry.key))


def _tell(scene: Scene, entry: Entry) -> tuple[Cell, str]:
    """State and a few words of an object that has no pane of its own."""
    match entry.obj:
        case e.ManagedSystem() as system:
            lpars = "" if system.max_lpars is None else f", at most {system.max_lpars} LPARs"
            return status(system.state).cell(), f"{system.key}{lpars}"
        case e.FlashArray() as array:
            return _alerts(array), f"{array.os} {array.version}, {_count(len(array.connections), 'connection')}"
        case e.Host() as host:
            volumes = len({volume.key for volume, _ in volumes_of(scene, host)})
            words = [_count(len(host.wwns), "WWPN"), _count(volumes, "volume")]
            words += [f"host group {host.host_group}"] if host.host_group else []
            return _word(host.connectivity or "not told", ("healthy",), ("critical",)), ", ".join(words)
        case e.StorageSystem() as storage:
            return Cell(storage.rcopy_status or "not told"), f"{storage.model} {storage.os_version}, {storage.serial}"
        case e.RemoteCopyGroup() as group:
            return status(group.role).cell(), f"{group.status}, {group.mode}, {_count(len(group.volumes), 'volume')}"
        case e.VCenter() as vcenter:
            return Cell(vcenter.api_type), f"{vcenter.version} build {vcenter.build}"
        case e.EsxiHost() as esxi:
            state = _word(esxi.connection_state, ("connected",), ())
            words = [esxi.power_state, *(["in maintenance"] if esxi.in_maintenance else [])]
            return state, ", ".join(words)
        case e.Datastore() as store:
            state = _word("accessible" if store.accessible else "not accessible", ("accessible",), ("not accessible",))
            return state, f"{store.type}, {size(store.free)} free of {size(store.capacity)}"
    raise TypeError(f"nothing tells of {entry.kind} {entry.key}")


def _alerts(array: e.FlashArray) -> Cell:
    if not array.alerts:
        return Cell(f"{GLYPHS[Tone.OK]} no open alert", Tone.OK)
    tone = Tone.BAD if any(alert.severity == "critical" for alert in array.alerts) else Tone.WARN
    return Cell(f"{GLYPHS[tone]} {_count(len(array.alerts), 'open alert')}", tone)


def _word(word: str, good: Iterable[str], bad: Iterable[str]) -> Cell:
    tone = Tone.OK if word in good else Tone.BAD if word in bad else Tone.WARN
    return Cell(f"{GLYPHS[tone]} {word}", tone)


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


_LISTINGS: dict[str, Listing] = {
    "system": _plain("system.lpars", _tell),
    "lpar": Listing(LPAR_COLUMNS, _lpar, lambda entry: lpar_order(entry.key)),
    "flasharray": _plain("flasharray.connections", _tell),
    "pgroup": Listing(PGROUP_COLUMNS, _pgroup, pgroup_order),
    "volume": Listing(VOLUME_COLUMNS, _volume, _by_name),
    "host": _plain("host.volumes", _tell),
    "pod": Listing(POD_COLUMNS, pod_row, _by_name),
    "storage": _plain("storage.links", _tell),
    "rcg": _plain(None, _tell),
    "vcenter": _plain(None, _tell),
    "esxi": _plain("esxi.vms", _tell),
    "datastore": _plain(None, _tell),
    "vm": Listing(VM_COLUMNS, vm_level_row, _by_name),
}
