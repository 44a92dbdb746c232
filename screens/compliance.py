"""Drills, gaps and lessons over all recovery plans, and what there is to show for what auditors ask."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.audit_messages import ComplianceRequested
from screens.cells import Cell, Tone
from screens.rows_runs import clock_text
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part
from screens.sources import JOURNAL, PLANS
from screens.status import GLYPHS
from screens.text import TextScreen
from store.compliance import Compliance, Drilled
from store.lessons import Lesson

_SHOWN = {True: (Tone.OK, "shown"), False: (Tone.BAD, "not shown"), None: (Tone.OFF, "for others to say")}


class ComplianceScreen(TextScreen):
    PLACE = Place.COMPLIANCE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.COMPLIANCE)]
    PANE = "runs"

    def title_text(self, scene: Scene) -> str:
        found = self.around.compliance.now
        if found is None:
            return "Compliance: being looked at"
        gaps = "no gap" if not found.gaps else "1 gap" if len(found.gaps) == 1 else f"{len(found.gaps)} gaps"
        return f"Compliance: {gaps}, looked at {scene.ago(found.at)}"

    def content(self, scene: Scene) -> Iterable[Part]:
        found = self.around.compliance.now
        if found is None:
            return (Note("The plans, the runs and the whole journal are being read.", Tone.DIM),)
        return parts(found, scene)

    def runs_changed(self) -> None:
        if self.around.compliance.now is None:  # asked for before anybody could look
            self.post_message(ComplianceRequested())
        self.redraw()


def parts(found: Compliance, scene: Scene) -> Iterable[Part]:
    yield Heading(f"Gaps (a drill counts for {found.days} days)")
    if not found.gaps:
        yield Note("None.", Tone.DIM)
    for gap in found.gaps:
        yield Fact(gap.about, Cell(f"{GLYPHS[Tone.BAD]} {gap.why}", Tone.BAD), source=JOURNAL)
        yield Fact("", Cell(gap.next, Tone.DIM), source=JOURNAL)
    yield Heading("Last drills that passed")
    if not found.drills:
        yield Note("There is no recovery plan.", Tone.DIM)
    for drill in found.drills:
        yield Fact(drill.plan, _drill(drill, scene), source=PLANS)
        for name, seconds, target in drill.reached:
            yield Fact(f"  {name}", _against(seconds, target), source=JOURNAL)
    yield Heading("Open lessons")
    if not found.lessons:
        yield Note("None.", Tone.DIM)
    for lesson in found.lessons:
        yield Fact(f"{lesson.number} of {lesson.about}", _lesson(lesson, found), source=JOURNAL)
    yield Heading("What auditors ask, and what there is to show")
    for asked in found.asked:
        tone, word = _SHOWN[asked.held]
        lead = f"{GLYPHS[tone]} " if tone in GLYPHS else ""
        yield Fact(asked.source, Cell(f"{lead}{word}: {asked.shown}", tone), source=JOURNAL)
        yield Fact("", Cell(asked.asks, Tone.DIM), source=JOURNAL)


def _drill(drill: Drilled, scene: Scene) -> Cell:
    if drill.at is None:
        return Cell(f"{GLYPHS[Tone.WARN]} none ever passed; the plan is {drill.state}", Tone.WARN)
    return Cell(f"{scene.ago(drill.at)}, run {drill.run}; the plan is {drill.state}")


def _against(seconds: float, target: float | None) -> Cell:
    if target is None:
        return Cell(f"up after {clock_text(seconds)}, no RTO is set")
    tone = Tone.OK if seconds <= target else Tone.BAD
    return Cell(f"{GLYPHS[tone]} up after {clock_text(seconds)} of {clock_text(target)}", tone)


def _lesson(lesson: Lesson, found: Compliance) -> Cell:
    text = f"{lesson.text} ({lesson.owner}, due {lesson.due})"
    late = lesson.late(found.at.date())
    return Cell(f"{GLYPHS[Tone.BAD]} late: {text}", Tone.BAD) if late else Cell(text)
