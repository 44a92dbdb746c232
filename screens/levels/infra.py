"""The infrastructure as levels: sites with links and plain tables, below a site its racks and what stands in none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby

from screens import sources as src
from screens.ages import age
from screens.cells import Cell, Tone
from screens.columns import Column, Measure
from screens.levels.model import Level, LevelRow, Ref
from screens.scene import Scene
from screens.side_by_side import Note
from screens.status import EMPTY, GLYPHS, LOADING
from store.infra.linking import Found
from store.infra.records import Feed, Item, Kind, Link, Plain, Rack, Site, System, Vlan, ref_of
from store.infra.records import Ref as ItemRef
from store.infra.rules import Conflict, loads

TITLE = "Infrastructure"

PLACES = (
    Column("Place", cut=12, source=src.INFRA),
    Column("What", source=src.INFRA),
    Column("About", cut=18, source=src.INFRA),
    Column("Racks", rank=2, right=True, measure=Measure.NUMBER, source=src.INFRA),
    Column("Systems", rank=1, right=True, measure=Measure.NUMBER, source=src.INFRA),
    Column("Draws W", rank=3, right=True, measure=Measure.NUMBER, field="draws", source=src.INFRA),
    Column("Conflicts", source=src.derived("the items, and what was discovered")),
)

SITE = (
    Column("Name", cut=10, source=src.INFRA),
    Column("What", source=src.INFRA),
    Column("Row", rank=3, source=src.INFRA),
    Column("Units", rank=2, right=True, source=src.INFRA),
    Column("Draws", rank=1, right=True, measure=Measure.NUMBER, source=src.INFRA),
    Column("Feeds", rank=4, source=src.INFRA),
    Column("About", cut=20, source=src.INFRA),
)

NOTHING = (
    "Nothing was imported yet. drdeck infra import FILE, or --netbox URL --token REF, shows what it would store. "
    "What the devices report is found below its site."
)


def places(scene: Scene, ref: Ref) -> Level:
    """Every site, link and plain table."""
    items = scene.infra.items.values()
    wrong = scene.infra.conflicts(scene.view) if scene.infra.kept is not None else ()
    names = dict.fromkeys((*(site.name for site in scene.sites), *(i.name for i in items if isinstance(i, Site))))
    rows = [_site_row(scene, name, wrong) for name in names]
    rows += [_link_row(item, wrong) for item in items if isinstance(item, Link)]
    tables = Counter(item.table for item in items if isinstance(item, Plain))
    rows += [
        LevelRow(
            f"table {name}",
            (Cell(name), Cell("table"), Cell(f"{count} rows"), *(EMPTY for _ in range(4))),
            Ref("infra.table", name),
        )
        for name, count in sorted(tables.items())
    ]
    return Level(TITLE, "places", PLACES, tuple(rows), notes=_notes(scene), seen=imported_words(scene))


def _notes(scene: Scene) -> tuple[Note, ...]:
    if scene.infra.kept is None:
        return (Note(LOADING.text, Tone.DIM),)
    return () if scene.infra.items else (Note(NOTHING, Tone.DIM),)


def imported_words(scene: Scene, *refs: ItemRef) -> str:
    """How long ago the items were imported, the oldest of them."""
    at = scene.infra.imported(*refs)
    return "" if at is None else f"imported {age(scene.now, at)} ago"


def _site_row(scene: Scene, name: str, wrong: Iterable[Conflict]) -> LevelRow:
    item = scene.infra.items.get((Kind.SITE, name))
    site = item if isinstance(item, Site) else Site(name)
    role = site.role or scene.role(name)
    stretched = site.l2_stretched
    parts = [role.value if role else "", f"tier {site.tier}" if site.tier else "", "L2 stretched" if stretched else ""]
    inside = list(at_site(scene, name))
    systems = [each for each in inside if isinstance(each, System)]
    racks = sum(isinstance(each, Rack) for each in inside)
    watts = sum(each.watts or 0 for each in systems)
    about = {ref_of(each) for each in inside} | {(Kind.SITE, name)}
    cells = (
        Cell(name, aka=role.value if role else ""),
        Cell("site"),
        Cell(", ".join(filter(None, parts))) if any(parts) else EMPTY,
        Cell(str(racks), value=racks),
        Cell(str(len(systems)), value=len(systems)),
        Cell(str(watts), value=watts) if watts else EMPTY,
        wrong_cell([one for one in wrong if one.about in about]),
    )
    return LevelRow(f"site {name}", cells, Ref("infra.site", name), strikes=("site", name))


def _link_row(link: Link, wrong: Iterable[Conflict]) -> LevelRow:
    parts = [f"{link.site} to {link.other_site}"]
    if link.rtt_ms is not None:
        parts.append(f"{link.rtt_ms:g} ms")
    if link.bandwidth is not None:
        parts.append(bits(link.bandwidth))
    mine = [one for one in wrong if one.about == ref_of(link)]
    cells = (Cell(link.name), Cell("link"), Cell(", ".join(parts)), EMPTY, EMPTY, EMPTY, wrong_cell(mine))
    return LevelRow(f"link {link.name}", cells, strikes=("link", link.key))


def bits(rate: int) -> str:
    """``10 Gbit/s``."""
    for factor, word in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if rate >= factor:
            return f"{rate / factor:g} {word}bit/s"
    return f"{rate} bit/s"


def wrong_cell(wrong: Iterable[Conflict]) -> Cell:
    """How much cannot be so; what only holds as long as nothing fails is a warning."""
    found = list(wrong)
    if not found:
        return Cell("none", Tone.DIM, value=0)
    tone = Tone.WARN if all(one.only_if for one in found) else Tone.BAD
    return Cell(f"{GLYPHS[tone]} {len(found)}", tone, value=len(found))


def at_site(scene: Scene, site: str) -> Iterator[Item]:
    """Everything that is told to be at a site."""
    for item in scene.infra.items.values():
        if isinstance(item, Rack | Feed | System | Vlan) and item.site == site:
            yield item


# ------------------------------------------------------------------------------------------------------------- a site


def site_level(scene: Scene, ref: Ref) -> Level:
    """The racks of a site, its feeds and VLANs, and what stands in no rack that is known."""
    inside = list(at_site(scene, ref.key))
    wrong = scene.infra.conflicts(scene.view)
    here = {ref_of(item) for item in inside} | {(Kind.SITE, ref.key)}
    drawn = loads(inside)
    racks = sorted((i for i in inside if isinstance(i, Rack)), key=lambda rack: (rack.row or "", rack.name))
    standing: dict[str | None, list[System]] = defaultdict(list)
    for system in (item for item in inside if isinstance(item, System)):
        standing[system.rack].append(system)
    rows = []
    for name, row in groupby(racks, key=lambda rack: rack.row):
        of_row = list(row)
        rows += [] if name is None else [_row_row(ref.key, name, of_row)]
        rows += [_rack_row(rack, standing[rack.name]) for rack in of_row]
    for item in inside:
        if isinstance(item, Feed):
            load = drawn.get(item.key)
            shared = 0 if load is None else round(load.shared)
            of = f" of {item.capacity_w} W" if item.capacity_w else " W"
            cells = (Cell(item.name), Cell("feed"), EMPTY, EMPTY, Cell(f"{shared}{of}", value=shared), EMPTY)
            about = Cell("" if load is None else f"{round(load.alone)} W if it is the last one")
            rows.append(LevelRow(f"feed {item.key}", (*cells, about), strikes=("feed", item.key)))
        elif isinstance(item, Vlan):
            cells = (Cell(str(item.vid)), Cell("VLAN"), EMPTY, EMPTY, EMPTY, EMPTY)
            rows.append(LevelRow(f"vlan {item.key}", (*cells, Cell(item.name or "")), strikes=("vlan", item.key)))
        elif isinstance(item, System) and item.rack is None:
            rows.append(system_row(scene, item))
    rows += [_loose_row(one) for one in scene.infra.linked(scene.view).loose if one.site == ref.key]
    notes = tuple(note for one in wrong if one.about in here for note in conflict_notes(one))
    empty = (Note("Nothing is known to stand here.", Tone.DIM),)
    seen = imported_words(scene, *here)
    return Level(f"site {ref.key}", "racks, feeds and VLANs", SITE, tuple(rows), empty, notes, seen=seen)


def conflict_notes(conflict: Conflict) -> Iterator[Note]:
    tone = Tone.WARN if conflict.only_if else Tone.BAD
    yield Note(f"{conflict.about[0]} {conflict.about[1]}: {conflict.text}.", tone)


def _row_row(site: str, name: str, racks: list[Rack]) -> LevelRow:
    names = ", ".join(rack.name for rack in racks)
    cells = (Cell(name), Cell("row"), EMPTY, EMPTY, EMPTY, EMPTY, Cell(f"racks {names}"))
    return LevelRow(f"row {site}/{name}", cells, strikes=("row", f"{site}/{name}"))


def _rack_row(rack: Rack, systems: list[System]) -> LevelRow:
    taken = sum(system.height for system in systems if system.u is not None)
    watts = sum(system.watts or 0 for system in systems)
    names = ", ".join(system.name for system in sorted(systems, key=lambda one: (-(one.u or 0), one.name)))
    cells = (
        Cell(rack.name),
        Cell("rack"),
        Cell(rack.row) if rack.row else EMPTY,
        Cell(f"{taken:g}/{rack.units}", value=taken),
        Cell(f"{watts} W", value=watts),
        Cell(" ".join(rack.feeds)) if rack.feeds else EMPTY,
        Cell(names or "empty", Tone.PLAIN if names else Tone.DIM),
    )
    return LevelRow(f"rack {rack.key}", cells, Ref("infra.rack", rack.key), strikes=("rack", rack.key))


def system_row(scene: Scene, system: System) -> LevelRow:
    """A system that stands in no rack that is told."""
    found = scene.infra.linked(scene.view).found.get(system.name)
    cells = (
        Cell(system.name),
        Cell(system.type),
        EMPTY,
        EMPTY,
        EMPTY if system.watts is None else Cell(f"{system.watts} W", value=system.watts),
        Cell(" ".join(system.feeds)) if system.feeds else EMPTY,
        Cell("in no rack that is told", Tone.WARN),
    )
    opens, detail = below(found)
    return LevelRow(f"system {system.name}", cells, opens, detail, ("system", system.name))


def below(found: Found | None) -> tuple[Ref | None, tuple[str, str] | None]:
    """What opening a system leads to, and its detail: those of what was discovered of it."""
    from screens.levels import first_level

    return (None, None) if found is None else (first_level(found.kind, found.key), ("device", found.device))


def _loose_row(found: Found) -> LevelRow:
    from store.infra.graph import NODE_KINDS

    words = {"system": "managed system", "flasharray": "array", "storage": "array", "esxi": "ESXi host"}
    about = Cell(f"{GLYPHS[Tone.UNKNOWN]} {found.device} reports it; in no rack", Tone.UNKNOWN)
    cells = (Cell(found.name), Cell(words[found.kind]), EMPTY, EMPTY, EMPTY, EMPTY, about)
    opens, detail = below(found)
    node = (NODE_KINDS[found.kind], found.key)
    return LevelRow(f"{found.kind} {found.key}", cells, opens, detail, node)


# ---------------------------------------------------------------------------------------------------------- plain rows


def table_level(scene: Scene, ref: Ref) -> Level:
    """A plain table, with the columns that its source gave."""
    mine = [item for item in scene.infra.items.values() if isinstance(item, Plain) and item.table == ref.key]
    names = list(dict.fromkeys(name for item in mine for name, _ in item.cells))
    columns = (
        Column("Name", cut=12, source=src.INFRA),
        *(Column(name.capitalize(), place, 8, source=src.INFRA) for place, name in enumerate(names)),
    )
    rows = []
    for item in mine:
        told = dict(item.cells)
        cells = (Cell(told[name]) if told.get(name) else EMPTY for name in names)
        rows.append(LevelRow(item.name, (Cell(item.name), *cells)))
    empty = (Note(f"No rows of {ref.key} are stored any more.", Tone.DIM),)
    seen = imported_words(scene, *(ref_of(item) for item in mine))
    return Level(ref.key, "rows", columns, tuple(rows), empty, seen=seen)
