"""What the console does when the operator wants something done: the menu, the proposal, the decision, the run itself.

For the console; what takes its time is done on threads, and their results come back as messages.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app import plan_desk, run_screens
from app.approval_desk import ApprovalDesk, Looked
from screens.plan_messages import AboutPlans
from screens.run_messages import (
    AboutRuns,
    ActChosen,
    ActsAsked,
    ApprovalAsked,
    BoardRequested,
    CheckAsked,
    DecisionAsked,
    LogRequested,
    OrderGiven,
    ReportAsked,
    ResumeRequested,
    RunRequested,
    RunsChanged,
    StepRequested,
    StepsRequested,
)
from store.runs import ENDED, Choice, Plan, Run, RunState

if TYPE_CHECKING:
    from app.console import Console
    from app.rcg_command import Draw
    from app.recovery.console_runs import ConsoleRuns
    from app.recovery.pra.watch import ReadinessWatch
    from screens.cells import Line
    from screens.dialogs.acts import Chosen
    from screens.offers import Offer
    from screens.scene import Scene
    from screens.surroundings import Surroundings
    from store.readiness_view import ReadinessView
    from store.run_view import RunView

BeginRuns = Callable[["RunView", Callable[[], object], Callable[[str], object]], "ConsoleRuns"]
BeginChecks = Callable[
    ["ReadinessView", "ReadinessView", Callable[[], object], Callable[[], bool], str],
    tuple["ReadinessWatch", "ReadinessWatch"],
]

CANCELLED = "cancelled before it began"
CACHED = "this console was started with --cached, which asks no device"


@dataclass
class Proposed(AboutRuns):
    """A plan was drawn up: as a run that waits for agreement, or as a plan that its guards refuse. ``before`` says
    why it is shown again."""

    what: Run | Plan
    text: str
    before: str | None = None


@dataclass
class NotDone(AboutRuns):
    """Something that was asked for was not done; ``text`` says why. ``planning``: it was to be planned."""

    text: str
    planning: bool = False


@dataclass
class Begun(AboutRuns):
    """A run was agreed to and has begun."""

    run: str


@dataclass
class Checked(AboutRuns):
    """What the operator asked to be checked has been: the LPARs, or VMs, by name or pattern, none for all."""

    names: tuple[str, ...]
    vms: bool = False


class RunDesk:
    """``begin_runs`` begins to watch and act for the runs of the store, None: there are none. It is given the view to
    keep, what to call when that changed, and whom to tell what went wrong. ``begin_checks`` begins to check how LPARs
    and VMs stand, likewise; it is given what says whether a run acts, and why nothing is to be checked."""

    def __init__(self, app: Console, begin_runs: BeginRuns | None, begin_checks: BeginChecks | None) -> None:
        self._app = app
        self._begin_runs = begin_runs
        self._begin_checks = begin_checks
        self._runs: ConsoleRuns | None = None
        self._checks: tuple[ReadinessWatch, ReadinessWatch] | None = None
        self._ended: frozenset[str] | None = None
        self._leaving = False
        begun = lambda run: app.post_message(Begun(run))  # noqa: E731
        self._approvals = ApprovalDesk(app, self._aside, self._with_reason, begun)

    def begin(self, around: Surroundings) -> None:
        """Begin with it. Called on a thread; raises StoreError."""
        if self._begin_runs is not None:
            tell = self._app.post_message
            self._runs = self._begin_runs(
                around.runs, lambda: bool(tell(RunsChanged())), lambda text: bool(tell(NotDone(f"{text}.")))
            )
            tell(RunsChanged())  # what was asked for meanwhile can be done from now on
        if self._begin_checks is not None:
            why_not = CACHED if around.cached else ""
            self._checks = self._begin_checks(
                around.readiness, around.vm_readiness, self._app.estate_changed, partial(self._busy, around), why_not
            )

    def _busy(self, around: Surroundings) -> bool:
        """Whether this console acts for a run that goes on just now."""
        runs = [around.runs.get(run_id) for run_id in self.acting()]
        return any(run is None or run.state in (RunState.APPROVED, RunState.RUNNING) for run in runs)

    def acting(self) -> frozenset[str]:
        """The runs that this console acts for."""
        return frozenset() if self._runs is None else self._runs.acting

    async def hear(self, around: Surroundings, message: AboutRuns) -> None:
        """Do what a screen, or a thread of this desk, asks for."""
        match message:
            case RunsChanged():
                self._follow(around)
                if self._app.shown is not None:
                    self._app.shown.runs_changed()
            case ActsAsked():
                await self._acts(around, message)
            case ActChosen():
                self._act(around, message.offer)
            case OrderGiven():
                self._order(around, message.text)
            case CheckAsked():
                self._check(around, message.names, vms=message.vms)
            case Checked():
                self._say_checked(around, message.names, vms=message.vms)
            case Proposed():
                await self._proposed(around, message)
            case NotDone():
                around.looking = None if message.planning else around.looking
                self._app.notice(message.text)
            case AboutPlans():
                await plan_desk.hear(self._app, self._aside, around, message)
            case Begun():
                await run_screens.show(self._app, around, message.run)
            case RunRequested() if self._app.may_open(message.asked_by):
                await run_screens.show(self._app, around, message.run)
            case BoardRequested() | StepsRequested() if self._app.may_open(message.asked_by):
                await run_screens.hear(self._app, around, message)
            case StepRequested() if self._app.may_open(message.asked_by):
                await self._log(around, message.run, message.step)
            case LogRequested() if self._app.may_open(message.asked_by):
                await self._log(around, message.run, None)
            case DecisionAsked():
                await self._decide(around, message)
            case ResumeRequested():
                await self._resume(around, message.run)
            case ApprovalAsked() | Looked():
                await self._approvals.hear(around, message)
            case ReportAsked():
                self._aside(partial(self._report, message.run))

    def _follow(self, around: Surroundings) -> None:
        """Once a run has ended, here or elsewhere, both sites are looked at again."""
        ended = frozenset(run.id for run in around.runs.runs if run.state in ENDED and run.began_at is not None)
        if self._checks is not None and self._ended is not None and ended - self._ended:
            for watch in self._checks:
                watch.soon()
        self._ended = ended

    async def _log(self, around: Surroundings, run: str, step: str | None) -> None:
        if self._runs is not None:
            self._runs.show_log(run)
        await run_screens.show_log(self._app, around, run, step)

    def _aside(self, work: Callable[[ConsoleRuns], None], planning: bool = False) -> None:
        """Do it on a thread; what goes wrong is said."""
        runs = self._runs
        if runs is None:
            self._app.post_message(NotDone("The runs of the store are not read yet: try again.", planning))
            return

        def guarded() -> None:
            from app.config_table import SettingsError
            from app.orders import OrderError
            from app.permits import RefusedError
            from app.recovery.draft import CannotPlanError
            from app.recovery.step import UnseenError
            from backends.outcome import ParseError
            from store.errors import StoreError
            from store.ledger import LeaseError, RunError

            unplanned = (OrderError, CannotPlanError, UnseenError, ParseError, SettingsError)
            try:
                work(runs)
            except RefusedError as error:
                self._app.post_message(NotDone(f"Refused: {error}.", planning))
            except (*unplanned, StoreError, LeaseError, RunError) as error:
                self._app.post_message(NotDone(f"{str(error).rstrip('.')}.", planning))
            except Exception as error:  # its text may hold anything, a secret too
                self._app.post_message(NotDone(f"Not done: a defect, {type(error).__name__}.", planning))

        threading.Thread(target=guarded, name="run desk", daemon=True).start()

    def _report(self, run: str, runs: ConsoleRuns) -> None:
        """Write the evidence of a run into the present folder, and say where. Called on a thread."""
        from app.console_messages import NoticeGiven

        self._app.post_message(NoticeGiven(runs.report(run, Path.cwd())))

    # ---------------------------------------------------------------------------------------------------- the menu

    async def _acts(self, around: Surroundings, message: ActsAsked) -> None:
        """Show what can be done."""
        from screens.dialogs.acts import ActMenu

        def answered(chosen: Chosen | None) -> None:
            if chosen is not None:
                self._take_up(around, chosen.order, more=chosen.more)

        await self._app.push_screen(ActMenu(around, f"Act on {message.what}", message.offers), answered)

    def _act(self, around: Surroundings, offer: Offer) -> None:
        if offer.order is None:
            self._app.say_here(f"{offer.name} is not right: {offer.why_not}.")
        else:
            self._take_up(around, offer.order, more=offer.more)

    def _take_up(self, around: Surroundings, order: str, *, more: bool) -> None:
        """Have it planned, or let the operator type on what is not all yet."""
        if not more:
            self._order(around, order)
        elif self._app.shown is not None:
            self._app.shown.type_command(f"do {order}")

    def _check(self, around: Surroundings, names: tuple[str, ...], *, vms: bool) -> None:
        """Have it checked how LPARs, or VMs, stand."""
        view = around.vm_readiness if vms else around.readiness
        if view.why_not or self._checks is None:
            self._app.say_here(f"Not checked: {view.why_not or 'the console is still starting'}.")
            return
        watch = self._checks[1 if vms else 0]
        watch.ask(lambda: self._app.post_message(Checked(names, vms)))
        every = "all replicated VMs" if vms else "all protected LPARs"
        self._app.say_here(f"Checking {', '.join(names) or every} …")

    def _say_checked(self, around: Surroundings, names: tuple[str, ...], *, vms: bool) -> None:
        from screens.readiness import told

        view, noun = (around.vm_readiness, "replicated VM") if vms else (around.readiness, "protected LPAR")
        self._app.say_here(told(view, around.scene(), names, noun))

    def _order(self, around: Surroundings, text: str, before: str | None = None) -> None:
        """Have something planned; until the plan is there every screen says that the arrays are looked at."""
        from app.orders import checked

        asked = checked(text)
        if asked is not None:
            self._check(around, asked[1:], vms=asked[0] == "vm")
            return

        def plan(runs: ConsoleRuns) -> None:
            from app.orders import asked, understood

            draw: Draw = understood(text)
            self._app.post_message(Proposed(runs.propose(draw, asked(text)), text, before))

        around.looking = (text, around.clock())
        self._aside(plan, planning=True)

    # ------------------------------------------------------------------------------------------------ the proposal

    async def _proposed(self, around: Surroundings, message: Proposed) -> None:
        """Show a plan; what was typed for it begins it."""
        from screens.dialogs.typed import Typed, TypedDialog
        from screens.plan_parts import PlanText

        what = message.what
        plan = what.plan if isinstance(what, Run) else what
        text = PlanText(plan)
        around.looking = None

        def content(width: int) -> Sequence[Line]:
            return text.lines(width, around.clock())

        def answered(typed: Typed | None) -> None:
            if isinstance(what, Run):
                self._answered(around, what, message.text, typed)

        able = isinstance(what, Run)
        title = f"{'Proposed' if able else 'Refused' if plan.refused else 'Not begun: read-only'}: {plan.name}"
        if message.before is not None:
            title = f"Looked at once more, because {message.before}. {title}"
        dialog = TypedDialog(
            around.titled(title),
            content,
            wanted=plan.confirm if able else (),
            accept="Begin" if able else None,
            ascii_only=around.ascii_only,
        )
        await self._app.push_screen(dialog, answered)

    def _answered(self, around: Surroundings, run: Run, text: str, typed: Sequence[str] | None) -> None:
        if typed is None:
            self._aside(lambda runs: runs.drop(run.id, CANCELLED))
            self._app.say_here("Cancelled: nothing was done.")
            return

        def agree(runs: ConsoleRuns) -> None:
            reason = runs.agree(run, typed)
            if reason is None:
                self._app.post_message(Begun(run.id))
            else:
                self._order(around, text, before=reason)

        self._app.say_here("Beginning …")
        self._aside(agree)

    # ------------------------------------------------------------------------------------------------- the decision

    async def _decide(self, around: Surroundings, message: DecisionAsked) -> None:
        """Take a decision over, once it was agreed to or a reason was given; only to pause needs neither."""
        from screens import decision_words as words

        run, choice, step = around.runs.get(message.run), message.choice, message.step
        if run is None:
            return

        def decide(reason: str = "") -> None:
            self._aside(lambda runs: runs.decide(message.run, choice, step, reason))

        if choice is Choice.ABORT and run.state in (RunState.PROPOSED, RunState.APPROVED):
            self._aside(lambda runs: runs.drop(run.id, CANCELLED))
        elif choice is Choice.PAUSE:
            decide()
        elif choice in (Choice.RETRY, Choice.CONTINUE):
            await self._sure(around, *words.of_going_on(run, step), decide)
        else:
            await self._with_reason(around, words.of_reason(run, choice, step), decide)

    async def _resume(self, around: Surroundings, run_id: str) -> None:
        from screens import decision_words as words

        run = around.runs.get(run_id)
        if run is not None:
            sure = words.of_going_on(run, None)
            await self._sure(around, *sure, lambda: self._aside(lambda runs: runs.act(run_id)))

    async def _sure(
        self, around: Surroundings, title: str, told: Sequence[str], accept: str, do: Callable[[], object]
    ) -> None:
        """Ask once more."""
        from screens.dialogs.accept import AcceptDialog

        def answered(sure: bool | None) -> None:
            self._leaving = False
            if sure:
                do()

        dialog = AcceptDialog(around.titled(title), told, accept=accept, ascii_only=around.ascii_only)
        await self._app.push_screen(dialog, answered)

    async def _with_reason(self, around: Surroundings, told: Sequence[str], do: Callable[[str], object]) -> None:
        """Ask for a reason."""
        from screens.dialogs.typed import Typed, TypedDialog
        from screens.firstrun_base import paragraph

        title, *rest, accept = told

        def answered(typed: Typed | None) -> None:
            if typed is not None:
                do(typed[0])

        def content(width: int) -> Sequence[Line]:
            return [line for text in rest for line in paragraph(text, width)]

        dialog = TypedDialog(around.titled(title), content, reason=True, accept=accept, ascii_only=around.ascii_only)
        await self._app.push_screen(dialog, answered)

    async def leave(self, around: Surroundings, leave: Callable[[], object]) -> None:
        """Leave the console; where it acts for a run that has not ended, only after another question."""
        left = [
            run for run_id in self.acting() if (run := around.runs.get(run_id)) is not None and run.state not in ENDED
        ]
        if not left:
            leave()
        if not left or self._leaving:
            return
        names = ", ".join(run.plan.name for run in left)
        told = (
            "This console acts for it. Left now, it stops after the call that is under way; nothing is undone.",
            *(f"Tried for some seconds before: {step.title}." for run in left for step in run.open),
            "",
            "It can be gone on with at any time: Runs (8), then R, here or at another console.",
        )
        self._leaving = True
        await self._sure(around, f"Under way: {names}", told, "Leave", leave)

    @staticmethod
    def orders(around: Surroundings, typed: str, scene: Scene) -> list[str]:
        """How an order can go on, for the groups, pods, LPARs, VMs and runs that are known."""
        from app import lpar_words, pgroup_words, plan_words, vm_words
        from app.orders import candidates, pods

        fixed = candidates([pair.partition(":")[2] for pair in scene.index.groups("rcg", "pair")], pods(scene))
        lpars = lpar_words.completions(typed, scene, around.runs.owing)
        vms = vm_words.completions(typed, around.replicated, around.runs.owing)
        plans = plan_words.completions(typed, [plan.name for plan in around.plans.plans])
        return [*fixed, *pgroup_words.completions(typed, scene), *lpars, *vms, *plans]
