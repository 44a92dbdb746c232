"""Alerts: the groups that are open, one of them, and the rules by which they are raised besides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from screens import sources as src
from screens.actions import Place, bindings
from screens.ages import age
from screens.alert_words import next_cell, next_text, owner_cell
from screens.base import EstateScreen
from screens.cells import Cell, Line, Tone, line_text, wrap
from screens.columns import Column, Measure, Row
from screens.head import counts_lines
from screens.messages import CopyRequested
from screens.room_messages import AlertActAsked, AlertRequested, RuleActAsked
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part, lay_out
from screens.status import LOADING, status
from screens.surroundings import Surroundings
from screens.tables import TableScreen
from screens.widgets.lines import Lines
from store.alert_groups import AlertGroup
from store.alert_records import METRICS, Ack
from store.alert_view import AlertView

COLUMNS = (
    Column("Severity", source=src.ALERTS),
    Column("What", cut=18, source=src.ALERTS),
    Column("Owner", cut=9, source=src.ALERTS),
    Column("Next told", cut=10, measure=Measure.MOMENT, source=src.ALERTS),
    Column("Alerts", rank=1, right=True, measure=Measure.NUMBER, source=src.ALERTS),
    Column("Under", rank=2, right=True, measure=Measure.NUMBER, field="explained", source=src.ALERTS),
    Column("Count", rank=3, right=True, measure=Measure.NUMBER, source=src.ALERTS),
    Column("Site", rank=4, cut=8, field="site", source=src.ALERTS),
    Column("Kind", rank=5, source=src.ALERTS),
    Column("Since", measure=Measure.MOMENT, source=src.ALERTS),
)
RULES = (
    Column("Rule", cut=10, source=src.ALERTS),
    Column("Severity", source=src.ALERTS),
    Column("When", cut=20, source=src.ALERTS),
    Column("By", rank=1, cut=8, source=src.ALERTS),
    Column("Since", rank=2, measure=Measure.MOMENT, source=src.ALERTS),
)
NO_RULES = "There is no rule. N makes one; what devices, checks, runs and schedules say raises alerts without one."
SHOWN = 200
"""So many alerts of a group are listed; the others are counted."""


class AlertsScreen(TableScreen):
    PLACE = Place.ALERTS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.ALERTS)]
    PANE = "overview"
    NOUN = "groups"
    SCOPE = "site"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "alerts", COLUMNS)

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        second = int(scene.now.timestamp())
        for group in self.around.alerts.seen.groups:
            yield group.key, (self.around.alerts.version, second)

    def row(self, key: str, scene: Scene) -> Row:
        group = self.around.alerts.get(key)
        if group is None:
            raise LookupError(f"group {key} is not open")
        since = group.first_seen
        return (
            status(group.severity).cell(),
            Cell(group.named, aka=" ".join(a.fact.target for a in group.alerts[:SHOWN])),
            owner_cell(group),
            next_cell(group, self.around.alerts, scene.now),
            Cell(str(len(group.alerts)), value=len(group.alerts)),
            Cell(str(len(group.children)), value=len(group.children)),
            Cell(str(group.count), value=group.count),
            Cell(group.site or "–"),
            Cell(group.kind),
            Cell(f"{age(scene.now, since)} ago", value=since.timestamp()),
        )

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        view = self.around.alerts
        counts = Counter(status(group.severity) for group in view.seen.groups)
        lines = counts_lines(self.NOUN, sorted(counts.items(), key=lambda item: item[0].word), width)
        return (*lines, *_unwatched(view, width), *self.view_lines(scene))

    def tick_body(self, scene: Scene) -> None:
        self.draw(scene)

    def room_changed(self) -> None:
        self.redraw()

    def opens(self, key: str) -> AlertRequested:
        return AlertRequested(key)

    def do_alert(self, act: str) -> None:
        if self.table.selected is not None:
            self.post_message(AlertActAsked(act, self.table.selected))

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        view = self.around.alerts
        if not view.read:
            return () if view.trouble else ((LOADING,),)
        return ((Cell("No alert is open: no fact that was looked at says that anything is wrong.", Tone.DIM),),)


def _unwatched(view: AlertView, width: int) -> tuple[Line, ...]:
    """That nobody looks at the facts, so that what is shown may be old."""
    if not view.read or not view.seen.unwatched:
        return ()
    what = " or at ".join(view.seen.unwatched)
    why = view.why_not or "this console begins with it in a moment, or asks no device"
    text = f"Nobody looks at {what} now, so this may be old: {why}."
    return tuple((Cell(line, Tone.WARN),) for line in wrap(text, max(10, width)))


class AlertScreen(EstateScreen):
    """One group: who has it, who is told next, and every alert of it."""

    PLACE = Place.ALERT
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.ALERT)]
    PANE = "overview"

    def __init__(self, around: Surroundings, key: str) -> None:
        super().__init__(around)
        self.key = key
        self.lines = Lines(id="lines", ascii_only=around.ascii_only)

    def body(self) -> Sequence[Widget]:
        return (self.lines,)

    def _title(self) -> str:
        group = self.around.alerts.get(self.key)
        return f"{self.key}: resolved" if group is None else f"{self.key}: {group.named}"

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        return ((Cell(self._title(), Tone.HEADING),), *_unwatched(self.around.alerts, width))

    def draw(self, scene: Scene) -> None:
        group = self.around.alerts.get(self.key)
        gone: Sequence[Part] = (Note("The facts say that it is over. drdeck alerts list --all shows it.", Tone.OK),)
        shown = gone if group is None else tuple(parts(group, self.around.alerts, scene))
        self.lines.show(lay_out(shown, self.width - 1))

    def room_changed(self) -> None:
        self.redraw()

    def move(self, how: str) -> None:
        self.lines.move(how, jump=self.around.jump_scroll)

    def do_alert(self, act: str) -> None:
        self.post_message(AlertActAsked(act, self.key))

    def do_copy(self) -> None:
        lines = [self._title(), *(line_text(line).rstrip() for line in self.lines.lines)]
        self.post_message(CopyRequested("\n".join(lines), f"{lines[0]}, {len(lines)} lines"))


def parts(group: AlertGroup, view: AlertView, scene: Scene) -> Iterable[Part]:
    """All that is known of a group."""
    yield Fact("Severity", status(group.severity).cell())
    yield Fact("Owner", owner_cell(group))
    yield Fact("Told next", Cell(next_text(group, view, scene.now)))
    episode = view.seen.episodes.get(group.key)
    if episode is not None and group.waiting:
        yield Fact("Nobody's since", Cell(scene.ago(episode.began)))
        for place in episode.told:
            if place < len(view.steps):
                yield Fact("Told", Cell(f"{view.steps[place].target} by {view.steps[place].channel}"))
    yield Fact("First seen", Cell(scene.ago(group.first_seen)))
    yield Fact("Last seen", Cell(f"{scene.ago(group.last_seen)}, {group.count} times"))
    if group.children:
        kinds = Counter(alert.fact.kind for alert in group.children)
        words = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        yield Fact("Explained by it", Cell(f"{words}: nobody is told of them"))
    for alert in group.alerts[:SHOWN]:
        yield Heading(f"{status(alert.fact.severity).text}: {alert.fact.subject}")
        yield Note(alert.fact.what)
        yield Note(alert.fact.next, Tone.DIM)
        times = f"{alert.count} times, first {scene.ago(alert.first_seen)}"
        yield Fact("Seen", Cell(times))
        if (ack := group.acks.get(alert.key)) is not None:
            yield Fact("Taken", _ack(ack, scene))
    if len(group.alerts) > SHOWN:
        yield Note(f"and {len(group.alerts) - SHOWN} more: drdeck alerts show {group.key} --json", Tone.DIM)


def _ack(ack: Ack, scene: Scene) -> Cell:
    left = scene.ago(ack.at)
    return Cell(f"{ack.owner} until {ack.until:%m-%d %H:%M} UTC, said {ack.by} {left}: {ack.reason}", Tone.OK)


class RulesScreen(TableScreen):
    PLACE = Place.RULES
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.RULES)]
    PANE = "overview"
    NOUN = "rules"
    SCOPE = None

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "rules", RULES)

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        for rule in self.around.alerts.seen.rules:
            yield rule.name, (self.around.alerts.version, int(scene.now.timestamp()) // 10)

    def row(self, key: str, scene: Scene) -> Row:
        rule = next((each for each in self.around.alerts.seen.rules if each.name == key), None)
        if rule is None:
            raise LookupError(f"rule {key} is not known")
        return (
            Cell(rule.name),
            status(rule.severity).cell(),
            Cell(rule.words.rpartition(":")[0], aka=METRICS[rule.metric][0]),
            Cell(rule.by),
            Cell(f"{age(scene.now, rule.at)} ago", value=rule.at.timestamp()),
        )

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        count = len(self.around.alerts.seen.rules)
        return ((Cell(f"{count} rule{'' if count == 1 else 's'} of alerts", Tone.HEADING),), *self.view_lines(scene))

    def room_changed(self) -> None:
        self.redraw()

    def tick_body(self, scene: Scene) -> None:
        self.draw(scene)

    def opens(self, key: str) -> None:
        return None

    def nothing_further(self, key: str) -> str:
        return "That is all of a rule. D removes it; what it raises is among the alerts."

    def do_rule_new(self) -> None:
        self.post_message(RuleActAsked(None))

    def do_rule_remove(self) -> None:
        if self.table.selected is not None:
            self.post_message(RuleActAsked(self.table.selected))

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        if not self.around.alerts.read:
            return ((LOADING,),)
        return tuple((Cell(text, Tone.DIM),) for text in wrap(NO_RULES, max(10, self.width - 1)))
