"""The recovery plans: how each stands, and one in the order in which it comes back. They are read, and run by :do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType

from screens.actions import Place, bindings
from screens.actions_acts import PLAN_WORDS
from screens.ages import age
from screens.auto_words import window_text
from screens.cells import Cell, Line, Tone, wrap
from screens.columns import Column, Measure, Row
from screens.head import counts_lines
from screens.plan_messages import PlanRequested, PlansRequested
from screens.plan_offers import asked
from screens.plan_past import measured_cell, standing_parts
from screens.rows_runs import clock_text
from screens.run_messages import ActsAsked
from screens.scene import Scene
from screens.side_by_side import Fact, Heading, Note, Part
from screens.sources import JOURNAL, PLANS
from screens.status import EMPTY, GLYPHS, LOADING, standing, status
from screens.surroundings import Surroundings
from screens.tables import TableScreen
from screens.text import TextScreen
from store.outcomes import outcomes
from store.plan_history import PlanHistory, history
from store.plan_records import Expected, Foreseen, PlanCheck
from store.plan_view import ApplicationShown, PlanShown
from store.readiness import Check, Severity, Verdict
from store.runs import Run

COLUMNS = (
    Column("Plan", cut=10, source=PLANS),
    Column("State", source=PLANS),
    Column("From", rank=2, source=PLANS),
    Column("To", rank=2, source=PLANS),
    Column("RPO", right=True, measure=Measure.SPAN, source=PLANS),
    Column("RTO P95", right=True, measure=Measure.SPAN, source=PLANS),
    Column("Members", rank=3, cut=12, source=PLANS),
    Column("Checked", rank=1, measure=Measure.MOMENT, source=PLANS),
    Column("Drilled", rank=1, measure=Measure.MOMENT, source=JOURNAL),
)


class PlansScreen(TableScreen):
    PLACE = Place.PLANS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.PLANS)]
    PANE = "runs"
    NOUN = "plans"
    SCOPE = None

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, "plans", COLUMNS)

    def rows(self, scene: Scene) -> Iterable[tuple[str, object]]:
        minute = int(scene.now.timestamp()) // 60
        for plan in self.around.plans.plans:
            yield plan.name, (self.around.plans.version, self.around.runs.version, minute)

    def row(self, key: str, scene: Scene) -> Row:
        plan = self.around.plans.get(key)
        if plan is None:
            raise LookupError(f"plan {key} is not known")
        expected = plan.check.applications if plan.check is not None else ()
        return (
            Cell(plan.name),
            status(plan.state).cell(),
            Cell(plan.source) if plan.source else EMPTY,
            Cell(plan.target) if plan.target else EMPTY,
            _worst([(each.rpo_s, each.rpo_target_s) for each in expected]),
            _worst([(each.p95_s, each.rto_target_s) for each in expected]),
            Cell(plan.counts) if plan.counts else EMPTY,
            EMPTY
            if plan.check is None
            else Cell(f"{age(scene.now, plan.check.at)} ago", value=plan.check.at.timestamp()),
            _drilled(history(self.around.runs.runs, plan.name), scene),
        )

    def do_act(self) -> None:
        chosen = self._acts()
        if chosen is not None:
            self.post_message(chosen)

    def do_plan(self, word: str) -> None:
        chosen = self._acts()
        if chosen is not None:
            self.post_message(chosen.chosen(word))

    def _acts(self) -> ActsAsked | None:
        plan = self.around.plans.get(self.table.selected or "")
        return None if plan is None else asked(plan, history(self.around.runs.runs, plan.name))

    def head_lines(self, scene: Scene, width: int) -> Sequence[Line]:
        counts = Counter(status(plan.state) for plan in self.around.plans.plans)
        return (
            *counts_lines(self.NOUN, sorted(counts.items(), key=lambda item: item[0].word), width),
            *self.view_lines(scene),
        )

    def tick_body(self, scene: Scene) -> None:
        self.draw(scene)

    def runs_changed(self) -> None:
        if self.around.plans.read_at is None:  # asked for before anybody could read them
            self.post_message(PlansRequested())
        self.redraw()

    def opens(self, key: str) -> PlanRequested:
        return PlanRequested(key, self)

    def empty_lines(self, scene: Scene) -> tuple[Line, ...]:
        if self.around.plans.read_at is None:
            return ((LOADING,),)
        words = f"There is no plan in {self.around.plans.folder}. drdeck plan new NAME drafts one."
        return tuple((Cell(text, Tone.DIM),) for text in wrap(words, max(10, self.width - 1)))


def _drilled(known: PlanHistory, scene: Scene) -> Cell:
    """When a drill last passed, or that one is not cleaned up."""
    if known.owed is not None:
        return Cell(f"{GLYPHS[Tone.WARN]} clean-up owed", Tone.WARN, value=known.owed.created_at.timestamp())
    if known.drilled is None or known.drilled.ended_at is None:
        return EMPTY
    return Cell(f"{age(scene.now, known.drilled.ended_at)} ago", value=known.drilled.ended_at.timestamp())


def _worst(pairs: Sequence[tuple[float | None, float | None]]) -> Cell:
    """The largest of the values; red where one is beyond its own target. Nothing where one is not known."""
    known = [value for value, _ in pairs if value is not None]
    if not known or len(known) < len(pairs):
        return EMPTY
    late = any(value is not None and target is not None and value > target for value, target in pairs)
    text = f"{GLYPHS[Tone.BAD]} {clock_text(max(known))}" if late else clock_text(max(known))
    return Cell(text, Tone.BAD if late else Tone.PLAIN, value=max(known))


class PlanScreen(TextScreen):
    """One plan in the order in which it comes back, with what its last check found."""

    PLACE = Place.PLAN
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Place.PLAN)]
    PANE = "runs"

    def __init__(self, around: Surroundings, plan: str) -> None:
        super().__init__(around)
        self.plan = plan

    def title_text(self, scene: Scene) -> str:
        plan = self.around.plans.get(self.plan)
        return f"Plan {self.plan}" + (
            f": from {plan.source} to {plan.target}" if plan is not None and plan.source else ""
        )

    def content(self, scene: Scene) -> Iterable[Part]:
        plan = self.around.plans.get(self.plan)
        if plan is None:
            return (Note("This plan is not there any more.", Tone.UNKNOWN),)
        runs = self.around.runs.runs
        told = parts(plan, scene, history(runs, self.plan), _last_run(runs, plan.name))
        return (*self._maintenance(plan, scene), *told)

    def _maintenance(self, plan: PlanShown, scene: Scene) -> Iterable[Part]:
        """That of its two sites, and of what is named in it."""
        members = [name for each in plan.applications for _, names in each.members for name in names.split(", ")]
        for window in self.around.auto.seen.windows:
            if window.touches((plan.source, plan.target), members) and window.over_at > scene.now:
                text, tone = window_text(window, scene.now)
                yield Fact("Maintenance", Cell(text, tone))

    def auto_changed(self) -> None:
        self.redraw()

    def runs_changed(self) -> None:
        self.redraw()

    def do_act(self) -> None:
        plan = self.around.plans.get(self.plan)
        if plan is not None:
            self.post_message(asked(plan, history(self.around.runs.runs, self.plan)))

    def do_plan(self, word: str) -> None:
        plan = self.around.plans.get(self.plan)
        if plan is not None:
            self.post_message(asked(plan, history(self.around.runs.runs, self.plan)).chosen(word))


def _last_run(newest_first: Iterable[Run], plan: str) -> Run | None:
    """The newest run of a plan that was begun."""
    for run in newest_first:
        if run.began_at is not None and run.plan.recovery is not None and run.plan.recovery.plan == plan:
            return run
    return None


def parts(plan: PlanShown, scene: Scene, known: PlanHistory | None = None, last: Run | None = None) -> Iterable[Part]:
    """Everything that is ``known`` of a plan. ``last``: its newest run."""
    known = PlanHistory() if known is None else known
    yield Fact("State", status(plan.state).cell())
    yield Fact("File", Cell(plan.path))
    yield from (Note(error, Tone.BAD) for error in plan.errors)
    yield from (Fact("Changed", Cell(text, Tone.WARN)) for text in plan.changed)
    if plan.check is not None:
        yield Fact("Checked", Cell(f"{scene.ago(plan.check.at)} by {plan.check.by}"))
        for each in plan.check.of():
            yield Fact(f"Run, {each.kind}", _against(each.p95_s, None, each.p50_s))
    elif not plan.errors:
        yield Note(f"It was never checked: drdeck plan check {plan.name}", Tone.DIM)
    yield from standing_parts(plan, known, scene)
    expected = {each.application: each for each in plan.check.applications} if plan.check is not None else {}
    group = None
    for application in plan.applications:
        if application.group and application.group != group:
            group = application.group
            yield Heading(f"Group {group}")
        foreseen = plan.check.of(application.name) if plan.check is not None else ()
        took = known.measured.get(application.name, ())
        measured = measured_cell(took, application.rto_s, scene) if took else None
        yield from _application(application, expected.get(application.name), foreseen, measured)
    yield from _checks(plan.check)
    yield from _last(last, scene)
    if plan.applications:
        yield Heading("To run it")
        yield Note("a shows every kind of run, and why one is not right; each shows its plan first.", Tone.DIM)
        yield Note(f"Or :do plan run {plan.name} --kind {' | '.join(word for word, _, _ in PLAN_WORDS)}", Tone.DIM)


def _last(run: Run | None, scene: Scene) -> Iterable[Part]:
    """What its newest run came to."""
    if run is None:
        return
    yield Heading("Its last run")
    yield Fact(run.id, standing(run).cell(f"{run.plan.name}, {scene.ago(run.created_at)}"))
    for each in outcomes(run):
        up = "not up" if each.up.at is None else f"up after {clock_text(each.up.seconds or 0.0)}"
        of = "" if each.application.rto_s is None else f" of {clock_text(each.application.rto_s)}"
        tone = {None: Tone.PLAIN, True: Tone.OK, False: Tone.BAD}[each.rto_kept]
        lost = f", lost at most {clock_text(each.lost_s)}" if each.lost_s is not None else ""
        lead = f"{GLYPHS[tone]} " if tone in GLYPHS else ""
        yield Fact(f"  {each.application.name}", Cell(f"{lead}{up}{of}{lost}", tone))


def _application(
    application: ApplicationShown, expected: Expected | None, foreseen: Sequence[Foreseen], measured: Cell | None
) -> Iterable[Part]:
    after = f"after {', '.join(application.after)}" if application.after else ""
    yield Fact(application.name, Cell(after, Tone.DIM))
    rpo, rto = (None, None) if expected is None else (expected.rpo_s, expected.p95_s)
    yield Fact("  RPO now", _against(rpo, application.rpo_s))
    for each in foreseen:
        yield Fact(f"  Up, {each.kind}", _against(each.p95_s, application.rto_s, each.p50_s))
    if not foreseen:
        yield Fact("  RTO P95", _against(rto, application.rto_s))
    if measured is not None:
        yield Fact("  Measured", measured)
    for kind, names in application.members:
        yield Fact(f"  {kind}", Cell(names))
    for text in application.inside:
        yield Fact("", Cell(text, Tone.DIM))
    for text in application.steps:
        yield Fact("  Step", Cell(text))


def _against(value: float | None, target: float | None, p50_s: float | None = None) -> Cell:
    """A value against its target; of one that is the P95 of something also the P50."""
    of = "" if target is None else f" of {clock_text(target)}"
    lead, more = ("", "") if p50_s is None else ("P95 ", f", P50 {clock_text(p50_s)}")
    if value is None:
        return Cell(f"not known{of}", Tone.UNKNOWN if of else Tone.DIM)
    late = target is not None and value > target
    tone = Tone.BAD if late else Tone.OK if of else Tone.PLAIN
    text = f"{lead}{clock_text(value)}{of}{more}"
    return Cell(f"{GLYPHS[tone]} {text}" if of else text, tone)


def _checks(check: PlanCheck | None) -> Iterable[Part]:
    """What did not hold, the worst first."""
    found = [] if check is None else [each for each in check.checks if each.verdict is not Verdict.HOLDS]
    if found:
        yield Heading("What the check found")
    for each in found:
        yield Fact(each.id, Cell(each.evidence, _tone(each)))
        if each.fix:
            yield Fact("", Cell(each.fix, Tone.DIM))


def _tone(check: Check) -> Tone:
    if check.severity is Severity.WARN:
        return Tone.WARN
    return Tone.UNKNOWN if check.verdict is Verdict.UNKNOWN else Tone.BAD
