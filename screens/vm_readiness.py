"""How replicated VMs stand for a failover: the cell of a row, a line above the table, the part of a detail. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from screens import sources as src
from screens.ages import age
from screens.cells import Cell, Line, Tone, line_width
from screens.pairing import replica_of
from screens.readiness import verdict, when
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part
from screens.status import EMPTY, status
from store.estate import VirtualMachine
from store.readiness import Check, Standing, Verdict
from store.readiness_view import Word
from store.records import Entry
from store.replications import Replicated

SOURCE = src.derived("what drdeck vm ready looks at: machines, hosts, datastores, networks and clocks of both servers")


def replicated_of(scene: Scene, entry: Entry) -> Replicated | None:
    """The one that the configuration names for a source or a copy; None: none, or more than one."""
    vm, replica = entry.obj, replica_of(entry)
    if not isinstance(vm, VirtualMachine):
        return None
    if replica is not None:
        known = (replica.source_instance_uuid, replica.source_name)
        found = [one for one in scene.replicated if one.destination == entry.device and one.vm in known]
    else:
        known = (vm.instance_uuid, vm.name)
        found = [one for one in scene.replicated if one.source == entry.device and one.vm in known]
    return found[0] if len(found) == 1 else None


def word_of(scene: Scene, entry: Entry) -> Word | None:
    """What was found of it, in short; a row depends on it."""
    one = replicated_of(scene, entry)
    return scene.vm_readiness.now.words.get(one.name) if one is not None else None


def names_of(scene: Scene, keys: Iterable[str]) -> tuple[str, ...]:
    """What the configuration calls the replications of the VMs with these keys."""
    entries = [entry for key in keys if (entry := scene.view.get("vm", key)) is not None]
    found = [one.name for entry in entries if (one := replicated_of(scene, entry)) is not None]
    return tuple(dict.fromkeys(found))


def ready_cell(scene: Scene, entry: Entry) -> Cell:
    """How it stands, in the row of a copy; a filter finds it by the first of the reasons too."""
    one = replicated_of(scene, entry)
    return EMPTY if one is None or entry.gone else cell_of(scene, one)


def cell_of(scene: Scene, one: Replicated) -> Cell:
    """The same of a replication, whether it has a copy or not."""
    if scene.vm_readiness.why_not:
        return EMPTY
    found = scene.vm_readiness.now.standing(one.name, scene.now)
    cell, word = status(found).cell(), scene.vm_readiness.now.words.get(one.name)
    if word is None or word.first is None or found not in (Standing.NOT_READY, Standing.NOT_KNOWN):
        return cell
    return Cell(cell.text, cell.tone, aka=f"{word.first.id}: {word.first.evidence}")


def summary_lines(scene: Scene, width: int) -> tuple[Line, ...]:
    """How many replicated VMs stand how, and how old that is; nothing where nothing is checked here."""
    view = scene.vm_readiness
    if view.why_not:
        return ()
    line: list[Cell] = [Cell("Failover of VMs", Tone.HEADING)]
    counts = view.now.counts(scene.now)
    for found in Standing:
        if counts[found]:
            state = status(found)
            line += [Cell("  "), Cell(f"{state.glyph} {counts[found]} {state.word}", state.tone)]
    told = Cell(f"  {when(scene, view)}", Tone.DIM)
    first = (tuple(line),) if line_width((*line, told)) > width else ((*line, told),)
    if view.now.trouble is not None:
        since = age(scene.now, view.now.trouble.since)
        text = f"VMs could not be checked since {since}: {view.now.trouble.why}"
        return (*first, (Cell(text[:width], Tone.BAD),))
    return first


def parts(scene: Scene, entry: Entry) -> Iterator[Part]:
    """All checks of a replicated VM, the worst first, each with who saw it and how old that is."""
    view, one = scene.vm_readiness, replicated_of(scene, entry)
    if entry.gone or one is None:
        return
    yield Heading(f"Failover to {one.destination}")
    if view.why_not:
        yield Note(f"Not checked: {view.why_not}.", Tone.DIM)
        return
    known, found = view.now.found.get(one.name), view.now.standing(one.name, scene.now)
    stops = known.stops if known is not None else ()
    more = f", and {len(stops) - 1} more" if len(stops) > 1 else ""
    because = f"because {stops[0].evidence}{more}" if stops and found is not Standing.READY else ""
    yield Fact("Standing", status(found).cell(because), source=SOURCE)
    checked = when(scene, view) if known is None else scene.ago(known.checked_at)
    yield Fact("Checked", Cell(checked, Tone.DIM if known is None else Tone.PLAIN), source=SOURCE)
    if view.now.trouble is not None:
        yield Note(f"Not checked since {scene.ago(view.now.trouble.since)}: {view.now.trouble.why}.", Tone.BAD)
    for device, unread in sorted(view.now.unread.items()):
        yield Note(f"{device} could not be read since {scene.ago(unread.since)}: {unread.why}.", Tone.UNKNOWN)
    for check in known.checks if known is not None else ():
        yield from _check(scene, check)


def _check(scene: Scene, check: Check) -> Iterator[Part]:
    seen = "" if check.seen_at is None else f", {age(scene.now, check.seen_at)} ago"
    source, text = check.source or SOURCE, f"({check.severity}) {check.evidence}{seen}"
    yield Fact(check.id, verdict(check).cell(text), source=source)
    if check.verdict is not Verdict.HOLDS:
        yield Fact("", Cell(f"to hold: {check.words}", Tone.DIM), source=source)
        if check.fix:
            yield Fact("", Cell(f"→ {check.fix}", Tone.DIM), source=source)
