"""The sites side by side: what stands at each, by state, with its worst RPO. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from screens.ages import age
from screens.cells import EMPTY_LINE, Cell, Line, Tone, fit, line_width
from screens.conditions import Freshness
from screens.copies import pgroup_health
from screens.losses import Loss, losses, worst_loss
from screens.pairing import pgroup_source
from screens.scene import Scene
from screens.status import EMPTY, GLYPHS, Status, status
from store.estate import ProtectionGroup
from store.records import Entry

LABEL_WIDTH = 8
TOTAL_WIDTH = 5
MOST_LINES = 4
"""How many lines the states of one kind may take where there is room."""

RETURNS = "DR"
"""The label of how many LPARs could come back at the other site."""

KINDS = (("Systems", "system"), ("LPARs", "lpar"), ("Pgroups", "pgroup"), ("RCGs", "rcg"), ("VMs", "vm"))

AT_ONCE_S = 0.05
"""How long counting may take before it is shown; of a large estate the rest follows."""

COUNTING = Cell("being counted …", Tone.DIM)

SITE_LEAST = 36
"""The least width of a site's column, in terminal cells; sites that do not fit beside each other go below."""


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
    complete = scene.index.work(AT_ONCE_S)
    counted = _counted(scene)
    found: dict[str | None, list[Loss]] = {}
    for site, loss in losses(scene) if complete else ():
        found.setdefault(site, []).append(loss)
    lines: list[Line] = []
    for most in range(MOST_LINES, 0, -1):
        blocks = []
        for name, role in names:
            block: list[Line] = [(Cell(fit(f"{name} {role}".strip(), column), Tone.HEADING),)]
            for label, (counts, stale) in counted.get(name, {}).items():
                block += counted_lines(label, counts, column, most, stale)
            worst = _worst_lines(scene, found.get(name, []), column) if complete else [(COUNTING,)]
            blocks.append([*block, *worst])
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


Counts = dict[str, tuple[Counter[StrEnum], int]]
"""For each kind of thing, by its label: how many of each state, and how many of them are stale."""


def _counted(scene: Scene) -> dict[str | None, Counts]:
    """What stands at each site, of all that has been looked at."""
    sites = {device.name: device.site for device in scene.index.devices.values()}
    counted: dict[str | None, Counts] = {site: {} for site in {None, *sites.values(), *(s.name for s in scene.sites)}}
    for site, counts in counted.items():
        counts["Devices"] = Counter(d.health for d in scene.index.devices.values() if d.site == site), 0
    for label, kind in KINDS:
        states, stale = _states(scene, kind, sites), _stale(scene, kind, sites)
        for site, counts in counted.items():
            counts[label] = states.get(site, Counter()), stale[site]
        if kind == "lpar" and (at_home := _returns(scene)) is not None:
            for site, counts in counted.items():
                counts[RETURNS] = at_home.get(site, Counter()), 0
    return counted


def _returns(scene: Scene) -> dict[str | None, Counter[StrEnum]] | None:
    """How many LPARs of a site could come back at the other one; None where that was never checked."""
    view = scene.readiness
    if view.covered is None or view.now.at is None:
        return None
    counts: Counter[StrEnum] = Counter()
    counts.update(view.now.counts(scene.now))
    return {view.covered.nominal: counts}


def _states(scene: Scene, kind: str, sites: Mapping[str, str]) -> dict[str | None, Counter[StrEnum]]:
    glances = scene.index.glances(kind)
    found: dict[str | None, Counter[StrEnum]] = {}
    for entry in scene.view.entries(kind):
        seen = glances.get(entry.key)
        if seen is None or entry.gone:
            continue
        state = seen.state if kind != "pgroup" else _health(scene, entry)
        if state is not None:
            found.setdefault(sites.get(entry.device), Counter())[state] += 1
    return found


def _health(scene: Scene, entry: Entry) -> StrEnum | None:
    group = entry.obj
    if not isinstance(group, ProtectionGroup):
        return None
    return pgroup_health(group, scene.now, pgroup_source(scene, entry))


def _stale(scene: Scene, kind: str, sites: Mapping[str, str]) -> Counter[str | None]:
    found: Counter[str | None] = Counter()
    for entry, count in scene.view.alike(kind):
        if scene.freshness(entry) is Freshness.STALE:
            found[sites.get(entry.device)] += count
    return found


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
