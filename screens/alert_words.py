"""What is said of alerts: who has a group, who is told next, and the line on every screen. Pure."""

from __future__ import annotations

from datetime import datetime

from screens.ages import age, moment_short, until
from screens.cells import Cell, Line, Tone, fit, width_of
from screens.status import EMPTY, GLYPHS, status
from store.alert_groups import AlertGroup
from store.alert_view import AlertView, concerned, next_step
from store.incident_records import IncidentView
from store.notices import Severity

WHERE = "L"
"""The key that leads to them."""


def owner_cell(group: AlertGroup) -> Cell:
    """Who has it: *nobody* where some of it waits for somebody."""
    if group.waiting:
        some = "" if len(group.waiting) == len(group.alerts) else f" of {len(group.waiting)}"
        return Cell(f"{GLYPHS[Tone.BAD]} nobody{some}", Tone.BAD)
    if group.owners:
        return Cell(f"{GLYPHS[Tone.OK]} {', '.join(group.owners)}", Tone.OK)
    return Cell(f"{GLYPHS[Tone.OFF]} silenced", Tone.OFF)


def next_cell(group: AlertGroup, view: AlertView, now: datetime) -> Cell:
    """When it is told next, and by which channel. Its value is that moment."""
    found = next_step(group, view.seen.episodes.get(group.key), view.steps)
    if found is None:
        return Cell("all told", Tone.WARN) if concerned(group, view.steps) else EMPTY
    return Cell(f"{until(now, found[0])} {found[1].channel}", value=found[0].timestamp())


def next_text(group: AlertGroup, view: AlertView, now: datetime) -> str:
    """Who is told next, in full."""
    found = next_step(group, view.seen.episodes.get(group.key), view.steps)
    if found is not None:
        at = f"{until(now, found[0])}, {moment_short(now, found[0])} UTC"
        return f"{found[1].target} by {found[1].channel}, {at}"
    if not group.waiting:
        return "nobody: somebody has it" if group.owners else "nobody: it is silenced"
    if concerned(group, view.steps):
        return "every step was told"
    return f"nobody: no step of [[alerts.escalation]] is for {group.severity}"


def open_sentence(view: AlertView) -> tuple[str, Tone] | None:
    """How many groups are open, and of how many nobody has any; None: none is."""
    groups = view.seen.groups
    if not groups:
        return None
    first = groups[0]
    count = f"{len(groups)} group{'' if len(groups) == 1 else 's'} of alerts open"
    nobody = sum(bool(group.waiting) for group in groups)
    if nobody:
        return f"{count}, {nobody} of them nobody's; first {first.named}", status(first.severity).tone
    return f"{count}, each is somebody's", Tone.WARN


def banner_lines(view: AlertView, incidents: IncidentView, now: datetime, width: int) -> tuple[Line, ...]:
    """What every screen says: a critical group that nobody has, that alerts cannot be read, what is worked on."""
    lines: list[Line] = []
    if view.trouble is not None:
        lines.append((Cell(fit(view.trouble, min(width, width_of(view.trouble))), Tone.BAD),))
    critical = [group for group in view.seen.groups if group.gravest_waiting is Severity.CRITICAL]
    if critical:
        first, others = critical[0], len(critical) - 1
        more = f" (and {others} critical group{'' if others == 1 else 's'} more)" if others else ""
        since = age(now, first.first_seen)
        told = next_step(first, view.seen.episodes.get(first.key), view.steps)
        then = "" if told is None else f", {told[1].target} told {until(now, told[0])}"
        text = f"{GLYPHS[Tone.BAD]} ALERT: {first.named}{more}, nobody's for {since}{then}: {WHERE}"
        lines.append((Cell(fit(text, min(width, width_of(text))), Tone.BAD),))
    if incidents.working_on is not None:
        found = incidents.get(incidents.working_on)
        title = "" if found is None else f", {found.title}"
        text = f"{GLYPHS[Tone.BUSY]} WORKING ON INC-{incidents.working_on}{title}: what is run here carries its number"
        lines.append((Cell(fit(text, min(width, width_of(text))), Tone.BUSY),))
    return tuple(lines)
