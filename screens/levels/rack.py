"""A rack drawn as an elevation: its units from the top down, each system as the box that it takes. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from screens import sources as src
from screens.cells import Cell, Tone, fit
from screens.columns import Column, Measure
from screens.levels.infra import below, conflict_notes, imported_words
from screens.levels.model import Level, LevelRow, Ref
from screens.scene import Scene
from screens.side_by_side import Note
from screens.status import EMPTY, GLYPHS, status
from store.infra.linking import Linked
from store.infra.records import Kind, Rack, System, ref_of

INSIDE = 24
"""Terminal cells between the posts of the drawing."""

COLUMNS = (
    Column("U", right=True, measure=Measure.NUMBER, source=src.INFRA),
    Column("Front", field="system", source=src.INFRA),
    Column("Type", rank=3, source=src.INFRA),
    Column("Draws", rank=1, right=True, measure=Measure.NUMBER, source=src.INFRA),
    Column("Feeds", rank=2, source=src.INFRA),
    Column("Reported by", cut=12, field="device", source=src.derived("serial or name, as a device reports it")),
)


def rack_level(scene: Scene, ref: Ref) -> Level:
    """The elevation of a rack. A unit that several systems take shows them all, marked."""
    rack = scene.infra.items.get((Kind.RACK, ref.key))
    if not isinstance(rack, Rack):
        raise LookupError(f"no rack {ref.key} is stored")
    systems = [s for s in scene.infra.items.values() if isinstance(s, System) and s.rack_key == rack.key]
    linked = scene.infra.linked(scene.view)
    rows = (*_units(scene, rack, systems, linked), *_beside(scene, systems, linked))
    here = {ref_of(rack), *(ref_of(system) for system in systems)}
    wrong = [note for one in scene.infra.conflicts(scene.view) if one.about in here for note in conflict_notes(one)]
    taken = sum(system.height for system in systems if system.u is not None)
    watts = sum(system.watts or 0 for system in systems)
    untold = sum(system.watts is None for system in systems)
    more = f", and nobody says of {untold} systems" if untold else ""
    feeds = f"feeds {', '.join(rack.feeds)}" if rack.feeds else "no feed is told"
    place = "" if rack.location is None else f" {rack.location}."
    note = Note(f"{taken:g} of {rack.units} units taken, {watts} W drawn{more}, {feeds}.{place}", Tone.DIM)
    seen = imported_words(scene, *here)
    return Level(f"rack {rack.name}", "units", COLUMNS, rows, notes=(note, *wrong), seen=seen)


def _units(scene: Scene, rack: Rack, systems: Sequence[System], linked: Linked) -> Iterator[LevelRow]:
    standing = [system for system in systems if system.u is not None and system.height > 0]
    tops = [math.ceil(bottom(system) + system.height) - 1 for system in standing]
    for unit in range(max([rack.units, *tops]), 0, -1):
        here = [system for system in standing if bottom(system) < unit + 1 and bottom(system) + system.height > unit]
        if len(here) == 1:
            yield _row(scene, str(unit), Cell(_box(here[0], unit), aka=here[0].name), here[0], linked, unit)
        elif here:
            names = " + ".join(system.name for system in here)
            shared = len({system.face for system in here}) == len(here) and all(system.face for system in here)
            text = f"│{fit(names if shared else f'{GLYPHS[Tone.BAD]} {names}', INSIDE)}│"
            drawn = Cell(text, Tone.PLAIN if shared else Tone.BAD, aka=names)
            yield _row(scene, str(unit), drawn, here[0], linked, unit)
        else:
            tone = Tone.BAD if unit > rack.units else Tone.DIM
            cells = (Cell(str(unit), Tone.DIM, value=unit), Cell(f"│{' ' * INSIDE}│", tone))
            yield LevelRow(f"{unit}", (*cells, *(Cell("") for _ in range(4))), strikes=("rack", rack.key))


def bottom(system: System) -> float:
    return system.u or 0.0


def _box(system: System, unit: int) -> str:
    """One line of the box of a system."""
    lowest = math.floor(bottom(system))
    highest = math.ceil(bottom(system) + system.height) - 1
    side = {None: "", "front": " (front)", "rear": " (rear)"}[system.face]
    if lowest == highest:
        return f"│[{fit(f' {system.name}{side}', INSIDE - 2)}]│"
    if unit == highest:
        name = fit(f" {system.name}{side} ", min(INSIDE - 4, len(system.name) + len(side) + 2))
        return f"│┌{name}{'─' * (INSIDE - 2 - len(name))}┐│"
    return f"│└{'─' * (INSIDE - 2)}┘│" if unit == lowest else f"││{' ' * (INSIDE - 2)}││"


def _row(scene: Scene, key: str, drawn: Cell, system: System, linked: Linked, unit: int | None) -> LevelRow:
    found = linked.found.get(system.name)
    top = unit is None or unit == math.ceil(bottom(system) + system.height) - 1
    opens, detail = below(found)
    cells = (
        EMPTY if unit is None else Cell(str(unit), value=unit),
        drawn,
        Cell(system.type) if top else Cell(""),
        Cell("") if not top else EMPTY if system.watts is None else Cell(f"{system.watts} W", value=system.watts),
        Cell("") if not top else Cell(" ".join(system.feeds)) if system.feeds else EMPTY,
        Cell("") if not top else _reported(scene, found.device if found is not None else None),
    )
    return LevelRow(key, cells, opens, detail, ("system", system.name))


def _reported(scene: Scene, device: str | None) -> Cell:
    """The device by which it is known, with how that is read."""
    if device is None:
        return Cell("no device", Tone.DIM)
    known = scene.device(device)
    return Cell(device) if known is None else Cell(f"{status(known.health).glyph} {device}", status(known.health).tone)


def _beside(scene: Scene, systems: Sequence[System], linked: Linked) -> Iterator[LevelRow]:
    """What stands in the rack on no unit of its own."""
    for system in systems:
        if system.u is None or system.height <= 0:
            yield _row(scene, f"beside {system.name}", Cell(f" {system.name}", aka=system.name), system, linked, None)
