"""What is said of automatic failover: outages that are counted, who armed it, and the line on every screen. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from screens.ages import age, exact, moment_short, until
from screens.cells import Cell, Line, Tone, wrap
from screens.rows_runs import clock_text
from screens.status import GLYPHS, status
from store.auto_records import AutoState, Standing, Window
from store.auto_view import AutoSeen, AutoView, Stand, WatchedGroup

BRAKE_WORDS = "in the last hour"
WHERE = "5, then A"
"""The keys that lead to it."""


def silent_parts(standing: Standing) -> str:
    """The witnesses that are silent, by their names."""
    return ", ".join(str(tally.part) for tally in standing.tallies if tally.first_down is not None)


def outage_cell(stand: Stand, now: datetime) -> Cell:
    """How long an outage has been counted, of how long it takes; nothing where none is. Its value is seconds."""
    since = stand.standing.first_down if stand.standing is not None else None
    if since is None or stand.state in (AutoState.FIRING, AutoState.FIRED):
        return Cell("–", Tone.DIM)
    seconds = max(0.0, (now - since).total_seconds())
    tone = Tone.BAD if seconds >= stand.group.threshold_s else Tone.WARN
    text = f"{clock_text(seconds)} of {exact(stand.group.threshold_s)}"
    return Cell(f"{GLYPHS[tone]} {text}", tone, value=seconds)


def left_text(group: WatchedGroup, standing: Standing, now: datetime) -> str:
    """How long until it would begin, at the earliest."""
    if standing.first_down is None:
        return ""
    if standing.decided_at is not None:
        begins = standing.decided_at + timedelta(seconds=group.veto_s)
        return f"begins in {clock_text(max(0.0, (begins - now).total_seconds()))}, unless somebody says no: v"
    left = (standing.first_down + timedelta(seconds=group.threshold_s) - now).total_seconds()
    if left > 0:
        return f"{clock_text(left)} left until it counts as an outage"
    return "it has lasted long enough to count as an outage"


def armed_text(stand: Stand, now: datetime) -> tuple[str, Tone]:
    """Who armed it and until when, or who asked for that, or who ended it."""
    arming = stand.arming
    if arming is None:
        return "nobody armed it", Tone.OFF
    asked = f"asked by {arming.asked_by} {age(now, arming.asked_at)} ago"
    loss = f"for a loss of up to {arming.bound_s / 60:g} min"
    if arming.ended_at is not None:
        return f"ended {age(now, arming.ended_at)} ago by {arming.ended_by}: {arming.why}", Tone.OFF
    if arming.approved_at is None or arming.until is None:
        return f"{asked}, {loss}; a second person has to approve", Tone.WARN
    people = f"{asked}, approved by {arming.approved_by} {age(now, arming.approved_at)} ago, {loss}"
    if not arming.valid(now):
        return f"{people}; it ended {age(now, arming.until)} ago", Tone.WARN
    return f"{people}; until {moment_short(now, arming.until)} UTC ({until(now, arming.until)})", Tone.OK


def brake_text(seen: AutoSeen) -> tuple[str, Tone]:
    """How many groups began by themselves, of how many at most."""
    words = f"{seen.fired} of at most {seen.most} groups failed over by themselves {BRAKE_WORDS}"
    return (f"holds: {words}", Tone.BAD) if seen.braked else (words, Tone.OK)


def window_text(window: Window, now: datetime) -> tuple[str, Tone]:
    """A maintenance window: whether it is open, until when, about what, by whom and why."""
    about = window.target or f"all of {window.site}"
    said = f"{about}, by {window.by}: {window.reason}"
    if window.begins > now:
        times = f"from {moment_short(now, window.begins)} until {moment_short(now, window.ends)} UTC"
        return f"{window.id}: {times}, {said}", Tone.PLAIN
    return f"{window.id}: open until {moment_short(now, window.ends)} UTC, {said}", Tone.WARN


def banner_lines(view: AutoView, now: datetime, width: int) -> tuple[Line, ...]:
    """What every screen says of it: an outage that is counted, groups that are armed, the storm brake. Nothing where
    there is none of these."""
    lines: list[Line] = []
    if view.trouble is not None:
        lines += _sentence(view.trouble, Tone.BAD, width)
    for stand in view.seen.stands:
        lines += _outage_lines(stand, now, width)
    armed = [stand.group.name for stand in view.seen.stands if stand.armed(now)]
    parts = [f"AUTOMATIC FAILOVER ARMED: {', '.join(armed)}"] if armed else []
    if view.seen.braked:
        parts.append(f"STORM BRAKE holds: {view.seen.fired} of {view.seen.most} groups {BRAKE_WORDS}")
    if parts:
        lines += _sentence(f"{'; '.join(parts)}: {WHERE}", Tone.WARN if view.seen.braked else Tone.OK, width)
    return tuple(lines)


def _outage_lines(stand: Stand, now: datetime, width: int) -> Iterator[Line]:
    standing = stand.standing
    if standing is None or standing.first_down is None:
        return
    if stand.state is AutoState.FIRING:
        text = f"{stand.group.name} IS FAILING OVER BY ITSELF: Runs (8)"
        yield from _sentence(text, Tone.BAD, width)
    elif stand.state is not AutoState.FIRED:
        seconds = max(0.0, (now - standing.first_down).total_seconds())
        counted = f"{clock_text(seconds)} of {exact(stand.group.threshold_s)}"
        state = "armed" if stand.armed(now) else str(status(stand.state).word)
        text = f"OUTAGE COUNTED: {stand.group.name} ({state}), {silent_parts(standing)} silent for {counted}"
        confirmed = f"; {left_text(stand.group, standing, now)}" if standing.decided_at is not None else ""
        tone = Tone.BAD if seconds >= stand.group.threshold_s else Tone.WARN
        yield from _sentence(f"{text}{confirmed}: {WHERE}", tone, width)


def _sentence(text: str, tone: Tone, width: int) -> Iterator[Line]:
    lead = f"{GLYPHS[tone]} "
    for number, line in enumerate(wrap(text, max(10, width - len(lead)))):
        yield (Cell((lead if number == 0 else " " * len(lead)) + line, tone),)
