"""The rows of the screens of automatic failover: the groups, and the history."""

from __future__ import annotations

from datetime import datetime

from screens import sources as src
from screens.ages import age, moment_short
from screens.auto_words import outage_cell
from screens.cells import Cell, Tone
from screens.columns import Column, Measure, Row
from screens.status import EMPTY, GLYPHS, status
from store.auto_records import EventKind, FailoverEvent, ShadowDecision
from store.auto_view import AutoView, Checked, Stand
from store.readiness import Verdict

COLUMNS = (
    Column("Group", cut=8, source=src.SETTINGS),
    Column("State", source=src.AUTO),
    Column("Outage", measure=Measure.SPAN, source=src.AUTO),
    Column("Witnesses", rank=2, source=src.AUTO),
    Column("Armed", rank=1, cut=12, source=src.AUTO),
    Column("Against", rank=3, measure=Measure.NUMBER, source=src.AUTO),
    Column("Maintenance", rank=4, source=src.AUTO),
    Column("Direction", rank=5, cut=13, field="site", source=src.SETTINGS),
    Column("VMs", rank=6, right=True, measure=Measure.NUMBER, source=src.SETTINGS),
    Column("Looked at", measure=Measure.MOMENT, source=src.AUTO),
)

HISTORY = (
    Column("When", measure=Measure.MOMENT, source=src.AUTO),
    Column("Type", source=src.AUTO),
    Column("Group", cut=8, source=src.AUTO),
    Column("State", source=src.AUTO),
    Column("By", rank=3, cut=8, source=src.AUTO),
    Column("Began", rank=5, source=src.AUTO),
    Column("Ended", rank=4, source=src.AUTO),
    Column("Power both", rank=2, source=src.AUTO),
    Column("Result", cut=16, source=src.AUTO),
)

SHADOW = "shadow"
"""The type of a decision in shadow, among failovers and tests."""


def row(stand: Stand, view: AutoView, now: datetime) -> Row:
    """A group among others."""
    group, standing = stand.group, stand.standing
    at = standing.at if standing is not None else None
    return (
        Cell(group.name, aka=" ".join(group.vms)),
        status(stand.state).cell(),
        outage_cell(stand, now),
        _witnesses(stand),
        armed_cell(stand, now),
        against_cell(view.checked.get(group.name)),
        _maintenance(stand, view, now),
        Cell(f"{group.source_site} → {group.replica_site}"),
        Cell(str(len(group.vms)), value=len(group.vms)),
        Cell("never", Tone.UNKNOWN) if at is None else Cell(f"{age(now, at)} ago", value=at.timestamp()),
    )


def _witnesses(stand: Stand) -> Cell:
    """What each of the three says, by its shape."""
    tallies = stand.standing.tallies if stand.standing is not None else ()
    said = [(str(tally.part), None if tally.last is None else status(tally.last.says)) for tally in tallies]
    if not said:
        return EMPTY
    text = " ".join(f"{part} {GLYPHS[Tone.UNKNOWN] if state is None else state.glyph}" for part, state in said)
    return Cell(text, aka=" ".join(state.word for _, state in said if state is not None))


def armed_cell(stand: Stand, now: datetime) -> Cell:
    """Who armed it, or what is missing for that, in few words."""
    arming = stand.arming
    if arming is None or arming.ended_at is not None:
        return Cell("no", Tone.DIM)
    first = arming.asked_by.partition("@")[0]
    if arming.approved_by is None or arming.until is None:
        return Cell(f"asked by {first}", Tone.WARN)
    if not arming.valid(now):
        return Cell("ended", Tone.WARN)
    people = f"{first}, {arming.approved_by.partition('@')[0]}"
    return Cell(f"until {moment_short(now, arming.until)} by {people}", Tone.OK)


def against_cell(checked: Checked | None) -> Cell:
    """How many of the conditions for being armed do not hold. People's word is one of them."""
    if checked is None:
        return EMPTY
    against = [check for check in checked.checks if check.verdict is not Verdict.HOLDS]
    tone = Tone.WARN if against else Tone.OK
    return Cell(f"{len(against)} of {len(checked.checks)}", tone, value=len(against))


def _maintenance(stand: Stand, view: AutoView, now: datetime) -> Cell:
    windows = view.windows_of(stand.group, now)
    opened = [window for window in windows if window.begins <= now]
    if opened:
        ends = max(window.ends for window in opened)
        return Cell(f"until {moment_short(now, ends)}", Tone.WARN)
    if windows:
        return Cell(f"from {moment_short(now, min(window.begins for window in windows))}")
    return EMPTY


def event_row(event: FailoverEvent, now: datetime) -> Row:
    """A failover or a drill, begun by itself or by people."""
    automatic = event.kind is EventKind.AUTOMATIC
    powers = (event.source_power, event.replica_power)
    return (
        Cell(f"{age(now, event.first_down)} ago", value=event.first_down.timestamp()),
        Cell(event.kind),
        Cell(event.group),
        status(event.state).cell(),
        Cell(event.trigger),
        _time(event.fired_at if automatic else event.first_down, now),
        _time(event.ended_at, now),
        Cell(" / ".join(_power(power) for power in powers)) if any(powers) else EMPTY,
        Cell(event.result or event.reason),
    )


def shadow_row(decision: ShadowDecision, now: datetime) -> Row:
    """What would have been done."""
    would = "would have failed over" if decision.would else "would not have failed over"
    judged = f"{would}, judged {decision.judgement}" if decision.judgement else would
    tone = Tone.WARN if decision.would and decision.judgement is None else Tone.OFF
    return (
        Cell(f"{age(now, decision.first_down)} ago", value=decision.first_down.timestamp()),
        Cell(SHADOW),
        Cell(decision.group),
        Cell(f"{GLYPHS[tone]} {'to be judged' if tone is Tone.WARN else 'decided'}", tone),
        Cell("the watch"),
        EMPTY,
        _time(decision.ended_at, now),
        EMPTY,
        Cell(f"{judged}, because {decision.words.partition('because ')[2]}"),
    )


def _time(then: datetime | None, now: datetime) -> Cell:
    return EMPTY if then is None else Cell(moment_short(now, then), value=then.timestamp())


def _power(power: str) -> str:
    return power.removeprefix("powered").lower() or "–"
