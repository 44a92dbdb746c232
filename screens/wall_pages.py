"""What the wall shows, page by page: the runs that go on, the sites, what is wrong, and what is due next. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from screens.ages import age, span, until
from screens.alert_words import next_cell
from screens.briefing import briefing, owed_words
from screens.cells import Cell, Line, Tone, line_width
from screens.losses import Loss, losses, worst_loss
from screens.rows_schedules import what
from screens.run_words import clock_line
from screens.scene import Scene, sample_is_stale
from screens.sites_summary import COUNTING, site_names, sites_lines
from screens.status import EMPTY, GLYPHS, status
from screens.surroundings import Surroundings
from screens.wall_letters import Said, afar, beside, label, sentences, word
from screens.wall_run import run_lines
from store.drills import DRILLS, order
from store.records import DeviceHealth, DeviceStatus
from store.runs import ENDED, Run

SITES, ALERTS, DUE, RUN = "sites", "alerts", "due", "run "
RUNS_SHOWN = 4
"""So many runs have a page of their own; the page of alerts counts the others."""

GAP = 4
"""Cells between the columns of two sites."""


def pages(around: Surroundings) -> tuple[str, ...]:
    """The pages that there are now, by their keys: the runs that go on or wait first."""
    runs = tuple(f"{RUN}{run.id}" for run in around.runs.alive[:RUNS_SHOWN])
    return (*runs, SITES, ALERTS, DUE)


def title(page: str, around: Surroundings) -> str:
    """What a page is called in the line at the bottom."""
    run = around.runs.get(page.removeprefix(RUN)) if page.startswith(RUN) else None
    return run.plan.name.upper() if run is not None else page.upper()


def page_lines(page: str, around: Surroundings, scene: Scene, width: int, height: int) -> list[Line]:
    """A page in at most so many lines."""
    if page.startswith(RUN):
        run = around.runs.get(page.removeprefix(RUN))
        if run is None:
            return [(Cell("This run is not known any more.", Tone.DIM),)]
        return run_lines(run, scene, around.rto_s, width, height, ascii_only=around.ascii_only)
    if not scene.index.work(0):
        return [(COUNTING,)]
    make = {SITES: _sites, ALERTS: _alerts, DUE: _due}[page]
    return make(around, scene, width, height)[:height]


def not_read(scene: Scene, late_s: float) -> str | None:
    """That nobody keeps the store, in words; None: somebody does. ``late_s`` is how old the newest reading may be."""
    read = [device.last_ok for device in scene.index.devices.values() if device.last_ok is not None]
    if not scene.index.devices:
        return "No device is configured."
    if not read:
        return "Nobody is reading the devices: none was ever read."
    newest = max(read)
    if (scene.now - newest).total_seconds() <= late_s:
        return None
    old = age(scene.now, newest)
    return f"Nobody is reading the devices, or none of them answers: what is shown is {old} old."


# ----------------------------------------------------------------------------------------------------------- sites


def _sites(around: Surroundings, scene: Scene, width: int, height: int) -> list[Line]:
    """The sites side by side: how they are read and what would be lost with them, large; below that what they hold."""
    names = site_names(scene)
    if not names:
        return [(Cell("No site is configured.", Tone.UNKNOWN),)]
    found: dict[str | None, list[Loss]] = {}
    for site, loss in losses(scene):
        found.setdefault(site, []).append(loss)
    column = (width - GAP * (len(names) - 1)) // len(names)
    blocks = [_site(scene, name, role, found.get(name, ()), column, height, around.ascii_only) for name, role in names]
    large = beside(blocks, column, GAP)
    below = sites_lines(scene, width, max(1, height - len(large) - 1))
    return [*large, (), *below] if len(large) + len(below) < height else large


def _site(
    scene: Scene, name: str, role: str, lost: Sequence[Loss], width: int, height: int, ascii_only: bool
) -> list[Line]:
    high, large = max(1, (height - 4) // 5), afar(2 * width, height)
    state, tone = standing([d for d in scene.index.devices.values() if d.site == name], scene.now)
    worst = worst_loss(lost)
    if worst is None:
        text, of, ink = "--", "nothing is replicated from here", Tone.DIM
    elif worst.since is None:
        text, of, ink = "NO BOUND", f"no complete copy: {worst.name}", Tone.BAD
    else:
        text, of, ink = span(max(0.0, (scene.now - worst.since).total_seconds())), worst.name, Tone.HEADING
    lead = f"{GLYPHS[tone]} {role}" if role else GLYPHS[tone]
    return [
        *word(name, Tone.HEADING, width, min(5, high), ascii_only=ascii_only),
        (Cell(lead[:width], tone),),
        *word(state, tone, width, min(5, high), ascii_only=ascii_only),
        (),
        *label("WORST RPO", Tone.DIM, width, large=large, ascii_only=ascii_only),
        *([()] if large else []),
        *word(text, ink, width, min(5, high), ascii_only=ascii_only),
        (Cell(of[:width], ink),),
        *(label(worst.name, ink, width, large=True, ascii_only=ascii_only) if large and worst is not None else []),
    ]


def standing(devices: Sequence[DeviceStatus], now: datetime) -> tuple[str, Tone]:
    """How a site is read. Silence is not darkness: that is for people to say."""
    counts = Counter(device.health for device in devices)
    if not devices:
        return "NO DEVICES", Tone.OFF
    if counts[DeviceHealth.FAILING] == len(devices):
        return "SILENT", Tone.BAD
    if counts[DeviceHealth.FAILING]:
        return f"{counts[DeviceHealth.FAILING]}/{len(devices)} SILENT", Tone.BAD
    if counts[DeviceHealth.NEVER]:
        return f"{counts[DeviceHealth.NEVER]} NEVER READ", Tone.UNKNOWN
    if old := sum(sample_is_stale(device, now) for device in devices):
        return f"{old} NOT READ", Tone.WARN
    if counts[DeviceHealth.PARTIAL]:
        return f"{counts[DeviceHealth.PARTIAL]} PARTLY READ", Tone.WARN
    return "READ", Tone.OK


# ---------------------------------------------------------------------------------------------------------- alerts


def _alerts(around: Surroundings, scene: Scene, width: int, height: int) -> list[Line]:
    """How many there are, large, and each in a sentence, the worst first."""
    found = sorted(_wrong(around, scene), key=lambda said: _URGENCY.index(said.tone))
    bad = [said for said in found if said.tone is not Tone.OK]
    tone = bad[0].tone if bad else Tone.OK
    head = f"{len(bad)} ALERT{'' if len(bad) == 1 else 'S'}" if bad else "NO ALERTS"
    lines = [*word(head, tone, width, 5 if height >= 30 else 3, ascii_only=around.ascii_only), ()]
    return [*lines, *sentences(found, width, height - len(lines), ascii_only=around.ascii_only)]


_URGENCY = (Tone.BAD, Tone.UNKNOWN, Tone.WARN, Tone.BUSY, Tone.OK)


def _wrong(around: Surroundings, scene: Scene) -> Iterator[Said]:
    yield from _groups(around, scene)
    for trouble in (scene.view.trouble, around.runs.trouble, around.schedules.trouble):
        if trouble is not None:
            yield Said(trouble, Tone.BAD)
    yield from (Said(sentence.text, sentence.tone) for sentence in briefing(scene))
    for run in around.runs.alive[RUNS_SHOWN:]:
        yield Said(f"{run.plan.name} is {run.state}", status(run.state).tone)
    for drill in around.runs.owing.values():
        yield Said(owed_words(drill, scene), Tone.WARN)


def _groups(around: Surroundings, scene: Scene) -> Iterator[Said]:
    """The groups of alerts that are open, with who has each and who is told next."""
    for group in around.alerts.seen.groups:
        if not group.waiting:
            whose = f"{', '.join(group.owners)} has it" if group.owners else "silenced"
            yield Said(f"{group.named}: {whose}", Tone.BUSY)
            continue
        told = next_cell(group, around.alerts, scene.now)
        then = "" if told is EMPTY else f", next told {told.text}"
        yield Said(f"{group.named}: nobody has it{then}", status(group.severity).tone)


# ------------------------------------------------------------------------------------------------------------- due


def _due(around: Surroundings, scene: Scene, width: int, height: int) -> list[Line]:
    """What is due next, large, the drills, and what ended last."""
    due = sorted(
        (each for each in around.schedules.schedules if each.next_run is not None),
        key=lambda each: (each.next_run, each.id),
    )
    lines: list[Line] = [(Cell("NEXT DUE", Tone.DIM),)]
    large = 5 if height >= 30 else 3
    first = due[0] if due else None
    if first is not None and first.next_run is not None:
        lines += word(until(scene.now, first.next_run), Tone.HEADING, width, large, ascii_only=around.ascii_only)
    else:
        words = "NOTHING" if around.schedules.read else "BEING READ"
        lines += word(words, Tone.DIM, width, large, ascii_only=around.ascii_only)
    said = [Said(f"{each.name}: {what(each)}, {_until(scene.now, each.next_run)}") for each in due[:6]]
    said += [*_drills(around, scene), *_ended(around, scene)]
    return [*lines, (), *sentences(said, width, height - len(lines) - 1, ascii_only=around.ascii_only)]


def _until(now: datetime, then: datetime | None) -> str:
    return "paused" if then is None else until(now, then)


def _drills(around: Surroundings, scene: Scene) -> Iterator[Said]:
    """The last drill, and how it ended."""
    drills = [run for run in around.runs.runs if run.plan.verb in DRILLS and run.began_at is not None]
    if not drills:
        yield Said("No drill is on record", Tone.WARN)
        return
    last = drills[0]
    owed = f", clean-up owed: drdeck {order(last)}" if last.id in around.runs.owing else ""
    ago = age(scene.now, last.created_at)
    yield Said(f"Last drill {ago} ago: {last.plan.name}, {last.state}{owed}", status(last.state).tone)


def _ended(around: Surroundings, scene: Scene) -> Iterator[Said]:
    """The run that ended last."""
    ended = [run for run in around.runs.runs if run.state in ENDED and run.ended_at is not None]
    if ended:
        last = max(ended, key=_end)
        yield Said(
            f"Last run {age(scene.now, _end(last))} ago: {last.plan.name}, {last.state}", status(last.state).tone
        )


def _end(run: Run) -> datetime:
    return run.ended_at or run.created_at


# ------------------------------------------------------------------------------------------------- on every page


def running_line(around: Surroundings, scene: Scene, width: int) -> tuple[Line, ...]:
    """The clock of the run that is most urgent, for the pages that are not about it."""
    alive = around.runs.alive
    if not alive:
        return ()
    line = clock_line(alive[0], scene, around.rto_s)
    lead = Cell(f"{status(alive[0].state).text}: {alive[0].plan.name}   ", status(alive[0].state).tone)
    whole = (lead, *line)
    return (whole if line_width(whole) <= width else (lead,),)
