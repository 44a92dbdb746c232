"""Incidents: those there are, and one with its people, runs, lessons and timeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from screens import sources as src
from screens.actions import Place, bindings
from screens.ages import age, moment_short
from screens.base import EstateScreen
from screens.cells import Cell, Line, Tone, line_text, wrap
from screens.columns import Column, Measure, Row
from screens.head import counts_lines
from screens.messages import CopyRequested
from screens.room_messages import IncidentActAsked, IncidentRequested
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part, lay_out
from screens.status import EMPTY, LOADING, status
from screens.surroundings import Surroundings
from screens.tables import TableScreen
from screens.widgets.lines import Lines
from store.incident_records import Incident, IncidentState, lessons
from store.incident_words import by, words

COLUMNS = (
    Column("Incident", source=src.INCIDENTS),
    Column("State", source=src.INCIDENTS),
    Column("Severity", source=src.INCIDENTS),
    Column("Title", cut=18, source=src.INCIDENTS),
    Column("Commander", cut=9, source=src.INCIDENTS),
    Column("Scribe", rank=2, cut=8, source=src.INCIDENTS),
    Column("Site", rank=3, cut=8, field="site", source=src.INCIDENTS),
    Column("Runs", rank=1, right=True, measure=Measure.NUMBER, source=src.INCIDENTS),
    Column("Declared", measure=Measure.MOMENT, source=src.INCIDENTS),
)
NONE = "No incident. N declares one; so does D on a group of alerts (L)."


class IncidentsScreen(TableScreen):
    PLACE = Place.INCIDENTS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.INCIDENTS)]
    PANE = "overview"
    NOUN = "incidents"
    SCOPE = "site"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "incidents", COLUMNS)

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        for each in self.around.incidents.incidents:
            yield str(each.id), (self.around.incidents.version, int(scene.now.timestamp()) // 10)

    def row(self, key: str, scene: Scene) -> Row:
        each = self.around.incidents.get(int(key))
        if each is None:
            raise LookupError(f"incident {key} is not known")
        runs = len(self.around.incidents.runs.get(each.id, ()))
        return (
            Cell(each.name),
            status(each.state).cell(),
            status(each.severity).cell() if each.state is not IncidentState.RESOLVED else Cell(each.severity, Tone.DIM),
            Cell(each.title, aka=each.component),
            _person(each.commander, each),
            _person(each.scribe, each),
            Cell(each.site) if each.site else EMPTY,
            Cell(str(runs), value=runs),
            Cell(f"{age(scene.now, each.declared_at)} ago", value=each.declared_at.timestamp()),
        )

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        counts = Counter(status(each.state) for each in self.around.incidents.incidents)
        lines = counts_lines(self.NOUN, sorted(counts.items(), key=lambda item: item[0].word), width)
        return (*lines, *self.view_lines(scene))

    def tick_body(self, scene: Scene) -> None:
        self.draw(scene)

    def room_changed(self) -> None:
        self.redraw()

    def opens(self, key: str) -> IncidentRequested:
        return IncidentRequested(int(key))

    def do_incident(self, act: str) -> None:
        number = None if self.table.selected is None else int(self.table.selected)
        if act == "declare" or number is not None:
            self.post_message(IncidentActAsked(act, number))

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        if not self.around.incidents.read:
            return ((LOADING,),)
        return tuple((Cell(text, Tone.DIM),) for text in wrap(NONE, max(10, self.width - 1)))


def _person(name: str, incident: Incident) -> Cell:
    if name:
        return Cell(name)
    return EMPTY if incident.state is IncidentState.RESOLVED else Cell("nobody", Tone.WARN)


class IncidentScreen(EstateScreen):
    """One incident: who leads, what belongs to it, and its timeline, the newest first."""

    PLACE = Place.INCIDENT
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.INCIDENT)]
    PANE = "overview"

    def __init__(self, around: Surroundings, number: int) -> None:
        super().__init__(around)
        self.number = number
        self.lines = Lines(id="lines", ascii_only=around.ascii_only)

    def body(self) -> Sequence[Widget]:
        return (self.lines,)

    def _title(self) -> str:
        found = self.around.incidents.get(self.number)
        return f"INC-{self.number}" + ("" if found is None else f": {found.title}")

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        return ((Cell(self._title(), Tone.HEADING),),)

    def draw(self, scene: Scene) -> None:
        found = self.around.incidents.get(self.number)
        old: Sequence[Part] = (Note(f"It is not among the newest: drdeck incident show {self.number}.", Tone.UNKNOWN),)
        self.lines.show(lay_out(old if found is None else tuple(self._parts(found, scene)), self.width - 1))

    def _parts(self, each: Incident, scene: Scene) -> Iterable[Part]:
        view = self.around.incidents
        yield Fact("State", status(each.state).cell())
        yield Fact("Severity", status(each.severity).cell())
        yield Fact("About", Cell(each.component + (f", at {each.site}" if each.site else "")))
        yield Fact("Commander", _person(each.commander, each))
        yield Fact("Scribe", _person(each.scribe, each))
        yield Fact("Declared", Cell(f"{scene.ago(each.declared_at)} by {each.by}"))
        if each.alert is not None:
            yield Fact("From the alerts", Cell(each.alert))
        if each.resolved_at is not None:
            yield Fact("Resolved", Cell(f"{scene.ago(each.resolved_at)}: {each.resolution}", Tone.OK))
        for run_id in view.runs.get(each.id, ()):
            run = self.around.runs.get(run_id)
            what = run_id if run is None else f"{run_id}, {run.plan.name}: {status(run.state).text}"
            yield Fact("Run", Cell(what))
        timeline = view.timelines.get(each.id)
        for one in lessons(timeline or ()):
            yield Fact("Lesson", Cell(f"{one.text} ({one.owner}, until {one.due})"))
        yield Heading("Timeline, newest first")
        if timeline is None:
            yield Note(f"It is long over: drdeck incident show {each.id}.", Tone.DIM)
        for moment in reversed(timeline or ()):
            who = by(moment).partition("@")[0]
            yield Fact(moment_short(scene.now, moment.at), Cell(words(moment) + (f" ({who})" if who else "")))

    def room_changed(self) -> None:
        self.redraw()

    def runs_changed(self) -> None:
        self.redraw()

    def move(self, how: str) -> None:
        self.lines.move(how, jump=self.around.jump_scroll)

    def do_incident(self, act: str) -> None:
        self.post_message(IncidentActAsked(act, self.number))

    def do_copy(self) -> None:
        lines = [self._title(), *(line_text(line).rstrip() for line in self.lines.lines)]
        self.post_message(CopyRequested("\n".join(lines), f"{lines[0]}, {len(lines)} lines"))
