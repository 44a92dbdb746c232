"""What is said of one group that may fail over by itself, and of one event of the history."""

from __future__ import annotations

from collections.abc import Iterator

from screens import sources as src
from screens.ages import exact
from screens.auto_words import armed_text, brake_text, left_text, window_text
from screens.cells import Cell, Tone
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part, text_cell
from screens.status import status
from store.auto_records import AutoState, Condition, FailoverEvent, ShadowDecision, Tally
from store.auto_view import AutoView, Checked, Stand
from store.readiness import Verdict

SHADOWS_SHOWN = 3
_WORST_FIRST = (Verdict.FAILS, Verdict.UNKNOWN, Verdict.HOLDS)


def parts(stand: Stand, view: AutoView, scene: Scene) -> Iterator[Part]:
    """Everything known of a group, what is urgent first."""
    yield from _standing(stand, view, scene)
    yield from _outage(stand, scene)
    yield Heading("Witnesses")
    tallies = stand.standing.tallies if stand.standing is not None else ()
    for tally in tallies:
        yield _witness(tally, scene)
    if not tallies:
        yield Note("None was asked yet.", Tone.UNKNOWN)
    yield from _conditions(stand, scene)
    yield from _arming(view.checked.get(stand.group.name), view, scene)
    yield from _maintenance(stand, view, scene)
    shadows = [each for each in view.seen.shadows if each.group == stand.group.name][:SHADOWS_SHOWN]
    if shadows:
        yield Heading("In shadow, the newest first: h shows all")
        for decision in shadows:
            yield Fact(decision.id, Cell(f"{_judged(decision)}{decision.words}"), source=src.AUTO)
    yield from _group(stand, scene)


def _standing(stand: Stand, view: AutoView, scene: Scene) -> Iterator[Part]:
    group, standing, watcher = stand.group, stand.standing, view.seen.watcher
    state = status(stand.state)
    yield Fact("State", Cell(f"{state.text}{_meaning(stand)}", state.tone), source=src.AUTO)
    if standing is not None and standing.note:
        yield Fact("Because", Cell(standing.note), source=src.AUTO)
    text, tone = armed_text(stand, scene.now)
    yield Fact("Armed", Cell(text, tone), source=src.AUTO)
    text, tone = brake_text(view.seen)
    yield Fact("Storm brake", Cell(text, tone), source=src.AUTO)
    if watcher is not None:
        yield Fact("Watched by", Cell(watcher.holder), source=src.AUTO)
    elif group.automatic:
        yield Fact("Watched by", Cell("nobody: let a console or drdeck auto watch run", Tone.BAD), source=src.AUTO)
    at = standing.at if standing is not None else None
    yield Fact("Looked at", Cell("never", Tone.UNKNOWN) if at is None else Cell(scene.ago(at)), source=src.AUTO)


def _group(stand: Stand, scene: Scene) -> Iterator[Part]:
    """What the configuration says of it."""
    group, standing = stand.group, stand.standing
    yield Heading("The group")
    rule = f"silent for {exact(group.threshold_s)} on {group.probes} probes in a row"
    yield Fact("Rule", Cell(f"{rule}, then {exact(group.veto_s)} to say no"), source=src.SETTINGS)
    yield Fact("From", Cell(f"{group.source} at {group.source_site}"), source=src.SETTINGS)
    yield Fact("To", Cell(f"{group.replica} at {group.replica_site}"), source=src.SETTINGS)
    yield Fact("Machines", Cell(", ".join(group.vms)), source=src.SETTINGS)
    if standing is not None and standing.watched_since is not None:
        yield Fact("Without a gap", Cell(f"since {scene.ago(standing.watched_since)}"), source=src.AUTO)


def _meaning(stand: Stand) -> str:
    match stand.state:
        case AutoState.OFF:
            return ": only people fail it over"
        case AutoState.SHADOW:
            return ": it is watched, and nothing is done by itself"
        case AutoState.FIRED:
            return ": it failed over by itself and is latched until two people arm it anew"
        case AutoState.FIRING:
            return ": it is failing over by itself now"
    return ""


def _outage(stand: Stand, scene: Scene) -> Iterator[Part]:
    standing, event = stand.standing, stand.event
    if standing is None or standing.first_down is None:
        return
    yield Heading("Outage that is counted")
    yield Fact("First seen down", Cell(scene.ago(standing.first_down), Tone.WARN), source=src.AUTO)
    if stand.state not in (AutoState.FIRING, AutoState.FIRED):
        yield Fact("Time left", Cell(left_text(stand.group, standing, scene.now), Tone.WARN), source=src.AUTO)
    yield Fact("Event", text_cell(standing.event), source=src.AUTO)
    if event is not None and event.vetoed_by is not None:
        when = f" {scene.ago(event.vetoed_at)}" if event.vetoed_at is not None else ""
        yield Fact("Vetoed", Cell(f"by {event.vetoed_by}{when}", Tone.OFF), source=src.AUTO)
    if event is not None and event.run is not None:
        yield Fact("Run", Cell(event.run), source=src.AUTO)


def _witness(tally: Tally, scene: Scene) -> Fact:
    if tally.last is None:
        return Fact(str(tally.part), Cell("? not asked yet", Tone.UNKNOWN), source=src.AUTO)
    state = status(tally.last.says)
    row = f", on {tally.misses} probes since {scene.ago(tally.first_down)}" if tally.first_down is not None else ""
    words = f"{state.text}{row}: {tally.last.evidence} ({scene.ago(tally.last.at)})"
    return Fact(str(tally.part), Cell(words, state.tone), source=src.AUTO)


def _conditions(stand: Stand, scene: Scene) -> Iterator[Part]:
    """Of the outage that is counted, as it was judged last, what does not hold first."""
    if stand.decision is None or not stand.decision.conditions:
        return
    yield Heading(f"Conditions of this failover, judged {scene.ago(stand.decision.decided_at)}")
    yield from condition_parts(stand.decision.conditions, scene)


def condition_parts(conditions: tuple[Condition, ...], scene: Scene) -> Iterator[Part]:
    """Conditions of a failover with what was seen, and how long ago."""
    for condition in sorted(conditions, key=lambda each: _WORST_FIRST.index(each.verdict)):
        state = status(condition.verdict)
        seen = "" if condition.at is None else f" (seen {scene.ago(condition.at)})"
        yield Fact(condition.id, Cell(f"{state.text}: {condition.evidence}{seen}", state.tone), source=src.AUTO)


def _arming(checked: Checked | None, view: AutoView, scene: Scene) -> Iterator[Part]:
    """The conditions for being armed, what does not hold first, with what to do about it."""
    if checked is None:
        yield Heading("Conditions for being armed")
        waiting = "They are being looked at …" if view.checking else "Not looked at yet: C does."
        yield Note(f"Not looked at: {view.unchecked}." if view.unchecked else waiting, Tone.UNKNOWN)
        return
    again = ", and being looked at again" if view.checking else ": C looks again"
    yield Heading(f"Conditions for being armed, looked at {scene.ago(checked.at)}{again}")
    for check in sorted(checked.checks, key=lambda each: _WORST_FIRST.index(each.verdict)):
        state = status(check.verdict)
        yield Fact(check.id, Cell(f"{state.text}: {check.evidence}", state.tone), source=src.AUTO)
        if check.fix:
            yield Fact("", Cell(f"→ {check.fix}"), source=src.AUTO)


def _maintenance(stand: Stand, view: AutoView, scene: Scene) -> Iterator[Part]:
    yield Heading("Maintenance: nothing fails over by itself in a window")
    windows = view.windows_of(stand.group, scene.now)
    for window in windows:
        text, tone = window_text(window, scene.now)
        yield Note(text, tone)
    if not windows:
        yield Note("No window is open or planned.", Tone.DIM)


def _judged(decision: ShadowDecision) -> str:
    if decision.judgement is not None:
        return f"(judged {decision.judgement} by {decision.judged_by}) "
    return "(to be judged) " if decision.would else ""


def event_parts(event: FailoverEvent, judged: ShadowDecision | None, scene: Scene) -> Iterator[Part]:
    """Everything known of one failover, test or outage; ``judged`` is what was judged of it last."""
    state = status(event.state)
    yield Fact("Type", Cell(event.kind), source=src.AUTO)
    yield Fact("Group", Cell(event.group), source=src.AUTO)
    yield Fact("Site", text_cell(event.site), source=src.AUTO)
    yield Fact("State", state.cell(), source=src.AUTO)
    yield Fact("Trigger", Cell(event.trigger), source=src.AUTO)
    yield Fact("Reason", text_cell(event.reason), source=src.AUTO)
    yield Fact("First down" if event.kind == "automatic" else "Begun", Cell(scene.ago(event.first_down)))
    for label, at in (("Fired", event.fired_at), ("Ended", event.ended_at), ("Vetoed", event.vetoed_at)):
        if at is not None:
            by = f" by {event.vetoed_by}" if label == "Vetoed" else ""
            yield Fact(label, Cell(f"{scene.ago(at)}{by}"), source=src.AUTO)
    yield Fact("Source power", text_cell(event.source_power), source=src.AUTO)
    yield Fact("Replica power", text_cell(event.replica_power), source=src.AUTO)
    yield Fact("Run", text_cell(event.run), source=src.AUTO)
    yield Fact("Result", Cell(event.result or "–", state.tone), source=src.AUTO)
    if judged is not None and judged.conditions:
        yield Heading(f"Its conditions, judged {scene.ago(judged.decided_at)}")
        yield from condition_parts(judged.conditions, scene)


def shadow_parts(decision: ShadowDecision, scene: Scene) -> Iterator[Part]:
    """A decision in shadow with every condition it rested on."""
    yield Fact("Group", Cell(decision.group), source=src.AUTO)
    yield Fact("First down", Cell(scene.ago(decision.first_down)), source=src.AUTO)
    yield Fact("Decided", Cell(scene.ago(decision.decided_at)), source=src.AUTO)
    ended = text_cell(scene.ago(decision.ended_at) if decision.ended_at is not None else "it goes on")
    yield Fact("Ended", ended, source=src.AUTO)
    yield Fact("Verdict", Cell(f"{_judged(decision)}{decision.words}"), source=src.AUTO)
    if decision.judged_at is not None:
        note = f": {decision.note}" if decision.note else ""
        words = f"{decision.judgement} by {decision.judged_by}, {scene.ago(decision.judged_at)}{note}"
        yield Fact("Judged", Cell(words), source=src.AUTO)
    yield Heading("The conditions it rested on")
    yield from condition_parts(decision.conditions, scene)
