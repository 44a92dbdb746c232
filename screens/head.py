"""The lines above and below every screen: the band, the tabs, the trouble, the footer. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from screens.actions import PANES, Situation, footer_actions, key_word
from screens.ages import age, clock
from screens.cells import Cell, Line, Tone, line_width, wrap
from screens.conditions import Freshness
from screens.modes import modes
from screens.rows_devices import trouble_text
from screens.scene import Scene, sample_is_stale
from screens.status import GLYPHS, Status, status
from screens.surroundings import Notice, Surroundings
from store.estate import DeviceKind
from store.records import DeviceHealth, DeviceStatus

READ_ONLY = "READ-ONLY"
NOT_READING = "NOT READING"
"""This console asks no device: what it shows is the last known state."""

NOTICE_SHOWN = timedelta(minutes=10)

TROUBLE_SHOWN = 2
"""How many devices in trouble get a sentence; the others are counted."""


def band(scene: Scene, width: int, around: Surroundings) -> Line:
    """One line: LAB, TWIN, DRILL or LIVE, READ-ONLY, the sites, the devices by health, the oldest sample, the clock.

    At a narrow width the sites go first, then the clock, then the year of a twin; never the mode, a device in trouble
    or the oldest sample, and never the one site that is looked at."""
    full, short = (modes(lab=around.lab, drill=around.drill, twin=around.twin, short=each) for each in (False, True))
    must: list[tuple[Cell, ...]] = []
    if around.read_only:
        must.append((Cell(READ_ONLY, Tone.HEADING),))
    if around.cached:
        must.append((Cell(NOT_READING, Tone.HEADING),))
    sites: Line = (Cell(" ".join(site.name for site in scene.sites), Tone.PLAIN),)
    if around.site is not None:
        must.append((Cell(f"site {around.site} only", Tone.HEADING),))
        sites = ()
    rest: list[tuple[Cell, ...]] = [_devices(scene), (_oldest(scene),)]
    last = (Cell(clock(scene.now)),)
    for mode, parts in (
        (full, [*must, sites, *rest, last]),
        (full, [*must, *rest, last]),
        (full, [*must, *rest]),
        (short, [*must, *rest]),
    ):
        line = _joined([part for part in (*((cell,) for cell in mode), *parts) if line_width(part)])
        if line_width(line) <= width:
            break
    return line


def _joined(parts: Sequence[Line], gap: str = "   ") -> Line:
    line: list[Cell] = []
    for part in parts:
        if line:
            line.append(Cell(gap))
        line.extend(part)
    return tuple(line)


def _devices(scene: Scene) -> Line:
    counts = Counter(device.health for device in scene.index.devices.values())
    if not counts:
        return (Cell("no devices", Tone.UNKNOWN),)
    short = {
        DeviceHealth.OK: "ok",
        DeviceHealth.PARTIAL: "partly",
        DeviceHealth.FAILING: "failing",
        DeviceHealth.NEVER: "never read",
    }
    cells = [
        Cell(f"{status(health).glyph} {counts[health]} {word}", status(health).tone)
        for health, word in short.items()
        if counts[health]
    ]
    return (Cell("devices "), *_joined([(cell,) for cell in cells], " "))


def _oldest(scene: Scene) -> Cell:
    """The age of the oldest last good reading of the devices that ever gave one."""
    read = [device for device in scene.index.devices.values() if device.last_ok is not None]
    if not read:
        return Cell(f"{GLYPHS[Tone.UNKNOWN]} nothing read yet", Tone.UNKNOWN)
    oldest = max((scene.now - device.last_ok, device.name) for device in read if device.last_ok is not None)
    device = scene.index.devices[oldest[1]]
    text = f"oldest {age(scene.now, scene.now - oldest[0])}"
    return Cell(f"{GLYPHS[Tone.WARN]} {text}", Tone.WARN) if sample_is_stale(device, scene.now) else Cell(text)


def tabs(current: str | None, width: int) -> Line:
    """The panes with their number keys; the present one in brackets. They move together where it is narrow; too narrow
    for the words: the present one only."""
    for tight in (False, True):
        line = tuple(_tabs(current, tight))
        if line_width(line) <= width:
            return line
    return tuple(cell for cell in line if cell.tone is Tone.CURRENT) or (Cell(f"1-{len(PANES)} panes", Tone.DIM),)


def _tabs(current: str | None, tight: bool) -> Iterator[Cell]:
    for number, pane in enumerate(PANES, start=1):
        word = f"{number} {pane.tab}"
        if pane.id == current:
            yield Cell(f"[{word}]", Tone.CURRENT)
        else:
            yield Cell(f"{word} " if tight else f" {word} ", Tone.DIM)


def notice_lines(scene: Scene, notice: Notice | None, width: int) -> tuple[Line, ...]:
    """What the console itself has to say, with its age, for a while."""
    if notice is None or scene.now - notice.at > NOTICE_SHOWN:
        return ()
    return tuple(_sentence(f"{age(scene.now, notice.at)} ago: {notice.text}", Tone.WARN, width))


def trouble(scene: Scene, devices: Sequence[tuple[DeviceStatus, int]], width: int) -> tuple[Line, ...]:
    """A sentence for each device that a pane cannot believe, with the number of its rows there; the rest counted."""
    lines: list[Line] = []
    if scene.view.trouble is not None:
        lines += _sentence(scene.view.trouble, Tone.BAD, width)
    found = [(device, text) for device, rows in devices if (text := trouble_text(device, rows, scene)) is not None]
    found.sort(key=lambda pair: list(_URGENCY).index(pair[0].health))
    for device, text in found[:TROUBLE_SHOWN]:
        lines += _sentence(text, _URGENCY[device.health], width)
    hidden = len(found) - TROUBLE_SHOWN
    if hidden > 0:
        noun = "device is" if hidden == 1 else "devices are"
        lines += _sentence(f"{hidden} more {noun} in trouble: open Devices (6)", Tone.WARN, width)
    return tuple(lines)


_URGENCY = {
    DeviceHealth.FAILING: Tone.BAD,
    DeviceHealth.NEVER: Tone.UNKNOWN,
    DeviceHealth.PARTIAL: Tone.WARN,
    DeviceHealth.OK: Tone.WARN,
}


def _sentence(text: str, tone: Tone, width: int) -> list[Line]:
    """A sentence behind the glyph of its tone, wrapped under itself."""
    first, *rest = wrap(text, max(10, width - 2))
    return [(Cell(f"{GLYPHS[tone]} {first}", tone),), *((Cell(f"  {more}", tone),) for more in rest)]


def devices_of(scene: Scene, kinds: Sequence[DeviceKind], rows: Counter[str]) -> list[tuple[DeviceStatus, int]]:
    """The devices that report to a pane, with how many of its rows each has."""
    return [(device, rows[device.name]) for device in scene.index.devices.values() if device.kind in kinds]


def footer(situation: Situation, width: int, said: str | None = None) -> Line:
    """The next useful keys, dimmed in brackets where they do nothing now; or what there is to say instead."""
    if said is not None:
        return (Cell(said, Tone.HEADING),)
    line: list[Cell] = []
    for action, name, why_not in footer_actions(situation):
        word = f"{key_word(action.keys[0])} {name}"
        cell = Cell(word) if why_not is None else Cell(f"({word})", Tone.DIM)
        if line_width(tuple(line)) + cell.width + 2 > width:
            break
        line += [cell, Cell("  ")]
    return tuple(line)


def counts_lines(
    noun: str, counts: Sequence[tuple[Status, int]], width: int, gone: int = 0, stale: int = 0, uncounted: int = 0
) -> tuple[Line, ...]:
    """``30 LPARs  ● 24 Running  ○ 6 Not Activated``: how many of each state; how many are gone besides, and how many
    of those counted are stale. Goes on below where it does not fit. While some are ``uncounted`` only the total is
    told."""
    lines: list[Line] = []
    total = sum(count for _, count in counts) + uncounted
    line: list[Cell] = [Cell(f"{total} {noun if total != 1 else noun.removesuffix('s')}", Tone.HEADING)]
    if uncounted:
        return ((*line, Cell("  being counted …", Tone.DIM)),)
    for state, count in (*counts, (status(Freshness.GONE), gone), (status(Freshness.STALE), stale)):
        cell = Cell(f"{state.glyph} {count} {state.word}", state.tone)
        if not count:
            continue
        if line_width(tuple(line)) + 2 + cell.width > width:
            lines.append(tuple(line))
            line = []
        line += [Cell("  "), cell]
    return (*lines, tuple(line))
