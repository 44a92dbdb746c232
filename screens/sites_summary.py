"""The sites side by side: what stands at each, by state, with its worst RPO. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from screens.ages import age
from screens.cells import EMPTY_LINE, Cell, Line, Tone, fit, line_width
from screens.conditions import Freshness
from screens.copies import pgroup_health, worst_copy
from screens.pairing import newest_complete, pgroup_source, replica_of, vm_pair
from screens.rcg_sides import in_sync, pairs, point_in_time
from screens.scene import Scene
from screens.status import EMPTY, GLYPHS, Status, status
from store.estate import Lpar, ManagedSystem, ProtectionGroup, RcgMode, RemoteCopyGroup, VirtualMachine
from store.records import Entry

LABEL_WIDTH = 8
TOTAL_WIDTH = 5
MOST_LINES = 4
"""How many lines the states of one kind may take where there is room."""

KINDS = (("Systems", "system"), ("LPARs", "lpar"), ("Pgroups", "pgroup"), ("RCGs", "rcg"), ("VMs", "vm"))

SITE_LEAST = 36
"""The least width of a site's column, in terminal cells; sites that do not fit beside each other go below."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What would be lost with an object now: everything since ``since``; None: no complete copy, no bound at all."""

    name: str
    since: datetime | None


def worst_loss(losses: Iterable[Loss]) -> Loss | None:
    """The loss that hurts most: one without any bound, else the oldest."""
    worst: Loss | None = None
    for loss in losses:
        if worst is None or _hurts(loss) > _hurts(worst):
            worst = loss
    return worst


def _hurts(loss: Loss) -> tuple[bool, float]:
    return (loss.since is None, -loss.since.timestamp() if loss.since is not None else 0.0)


def losses(scene: Scene) -> Iterator[tuple[str | None, Loss]]:
    """For each protected object the site where its data is made, and its loss now."""
    for entry in scene.view.entries("pgroup"):
        group = entry.obj
        if isinstance(group, ProtectionGroup) and group.is_local and group.targets and not entry.gone:
            copy = worst_copy(group)
            yield scene.site(entry), Loss(group.name, copy.newest.created if copy and copy.newest else None)
    for pair in pairs(scene):
        home = pair.natural.entry
        group_now = pair.any_group
        if home is None or group_now is None or in_sync(pair):
            continue
        yield scene.site(home), Loss(pair.name, point_in_time(pair) if group_now.mode is not RcgMode.SYNC else None)
    for entry in scene.view.entries("vm"):
        vm = entry.obj
        if isinstance(vm, VirtualMachine) and vm.replica is None and not entry.gone:
            replicas = vm_pair(scene, entry).replicas
            newest = newest_complete(replicas)
            replica = replica_of(newest) if newest is not None else None
            if replicas:
                yield scene.site(entry), Loss(vm.name, replica.point_in_time if replica is not None else None)


def site_names(scene: Scene) -> tuple[tuple[str, str], ...]:
    """Name and role of each site: those of the settings, then those that only devices name."""
    named = [(site.name, site.role.value) for site in scene.sites]
    known = {name for name, _ in named}
    others = sorted({device.site for device in scene.index.devices.values()} - known)
    return (*named, *((name, "") for name in others))


def sites_lines(scene: Scene, width: int, height: int) -> list[Line]:
    """The sites next to each other, as many as fit; the others below. As detailed as ``height`` lines allow; never
    less than a line for each kind of thing."""
    names = site_names(scene)
    across = max(1, min(len(names), (width + 3) // (SITE_LEAST + 3)))
    column = (width - 3 * (across - 1)) // across
    counted = {name: list(_counted(scene, name)) for name, _ in names}
    found: dict[str | None, list[Loss]] = {}
    for site, loss in losses(scene):
        found.setdefault(site, []).append(loss)
    lines: list[Line] = []
    for most in range(MOST_LINES, 0, -1):
        blocks = []
        for name, role in names:
            block: list[Line] = [(Cell(fit(f"{name} {role}".strip(), column), Tone.HEADING),)]
            for label, counts, stale in counted[name]:
                block += counted_lines(label, counts, column, most, stale)
            blocks.append([*block, *_worst_lines(scene, found.get(name, []), column)])
        lines = _stacked(blocks, across, column)
        if len(lines) <= height:
            break
    return lines


def _stacked(blocks: Sequence[Sequence[Line]], across: int, column: int) -> list[Line]:
    lines: list[Line] = []
    for start in range(0, len(blocks), across):
        if lines:
            lines.append(EMPTY_LINE)
        lines += _beside(blocks[start : start + across], column)
    return lines


def _beside(blocks: Sequence[Sequence[Line]], column: int) -> list[Line]:
    height = max(len(block) for block in blocks)
    lines: list[Line] = []
    for number in range(height):
        line: list[Cell] = []
        for place, block in enumerate(blocks):
            if place:
                line.append(Cell(" │ ", Tone.DIM))
            part = block[number] if number < len(block) else EMPTY_LINE
            line += [*part, Cell(" " * (column - line_width(part)))]
        lines.append(tuple(line))
    return lines


def _counted(scene: Scene, site: str) -> Iterator[tuple[str, Counter[StrEnum], int]]:
    """For each kind of thing its label, how many of each state stand at the site, and how many of them are stale."""
    healths: Counter[StrEnum] = Counter(d.health for d in scene.index.devices.values() if d.site == site)
    yield "Devices", healths, 0
    for label, kind in KINDS:
        here = [entry for entry in scene.view.entries(kind) if not entry.gone and scene.site(entry) == site]
        states = Counter(state for entry in here if (state := _state(entry, scene)) is not None)
        yield label, states, sum(scene.freshness(entry) is Freshness.STALE for entry in here)


def _state(entry: Entry, scene: Scene) -> StrEnum | None:
    match entry.obj:
        case ManagedSystem(state=state) | Lpar(state=state):
            return state
        case ProtectionGroup() as group:
            return pgroup_health(group, scene.now, pgroup_source(scene, entry))
        case RemoteCopyGroup(role=role):
            return role
        case VirtualMachine(power_state=power):
            return power
    return None


def counted_lines(label: str, counts: Counter[StrEnum], width: int, most: int, stale: int = 0) -> list[Line]:
    """A label, the total, and how many of each state, the worst first, in at most ``most`` lines. States that do not
    fit are counted by their shape, so that the numbers always add up to the total."""
    order = (Tone.BAD, Tone.UNKNOWN, Tone.WARN, Tone.BUSY, Tone.OK, Tone.OFF)
    states = [(status(state), counts[state]) for state in counts]
    states.sort(key=lambda item: (order.index(item[0].tone), item[0].word))
    total = str(sum(counts.values())) if counts else EMPTY.text
    head = (Cell(fit(label, LABEL_WIDTH), Tone.DIM), Cell(fit(total, TOTAL_WIDTH, right=True)))
    marks = []
    if stale:
        mark = status(Freshness.STALE)
        words = mark.word if stale == sum(counts.values()) else f"{stale} {mark.word}"
        marks.append(Cell(f" {mark.glyph} {words}", mark.tone))
    lines: list[Line] = []
    for named in range(len(states), -1, -1):
        cells = [Cell(f" {state.glyph} {count} {state.word}", state.tone) for state, count in states[:named]]
        lines = _flowed(head, [*marks, *cells, *_others(states[named:])], width)
        if len(lines) <= most and all(line_width(line) <= width for line in lines):
            break
    return lines


def _others(states: Sequence[tuple[Status, int]]) -> list[Cell]:
    """States that are not named: how many things of each tone."""
    tones = dict.fromkeys(state.tone for state, _ in states)
    totals = {tone: sum(count for state, count in states if state.tone is tone) for tone in tones}
    return [Cell(f" {GLYPHS[tone]} +{total}", tone) for tone, total in totals.items()]


def _flowed(head: Line, cells: Sequence[Cell], width: int) -> list[Line]:
    """The cells behind the head, going on below it where the width ends."""
    lines: list[list[Cell]] = [list(head)]
    for cell in cells:
        if line_width(tuple(lines[-1])) + cell.width > width and len(lines[-1]) > 1:
            lines.append([Cell(" " * (LABEL_WIDTH + TOTAL_WIDTH))])
        lines[-1].append(cell)
    return [tuple(line) for line in lines]


def _worst_lines(scene: Scene, found: Sequence[Loss], width: int) -> list[Line]:
    label = Cell("Worst RPO ", Tone.DIM)
    worst = worst_loss(found)
    if worst is None:
        return [(label, EMPTY)]
    cell = Cell(f"{GLYPHS[Tone.BAD]} {worst.name}: no bound", Tone.BAD)
    if worst.since is not None:
        cell = Cell(f"{age(scene.now, worst.since)} {worst.name}")
    return [(label, replace(cell, text=fit(cell.text, min(cell.width, width - label.width))))]
