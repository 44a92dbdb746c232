"""What the console does when the operator approves a run that another person proposed, or breaks the glass. For the run
desk, which does what takes its time on threads."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from screens.run_messages import AboutRuns, ApprovalAsked

if TYPE_CHECKING:
    from app.console import Console
    from app.recovery.approval import Waiting
    from app.recovery.console_runs import ConsoleRuns
    from screens.cells import Line
    from screens.surroundings import Surroundings


@dataclass
class Looked(AboutRuns):
    """What waits for approval was looked at anew, and is as it was proposed."""

    waiting: Waiting


class Aside(Protocol):
    """Does something on a thread, and says what goes wrong."""

    def __call__(self, work: Callable[[ConsoleRuns], None], planning: bool = False) -> None: ...


Reasoned = Callable[["Surroundings", Sequence[str], Callable[[str], object]], Coroutine[Any, Any, None]]


class ApprovalDesk:
    """``begun`` is told of a run that was approved, on a thread."""

    def __init__(self, app: Console, aside: Aside, with_reason: Reasoned, begun: Callable[[str], object]) -> None:
        self._app = app
        self._aside = aside
        self._with_reason = with_reason
        self._begun = begun

    async def hear(self, around: Surroundings, message: ApprovalAsked | Looked) -> None:
        """Do what a screen, or a thread, asks for."""
        if isinstance(message, Looked):
            await self._show(around, message.waiting)
            return
        run = around.runs.get(message.run)
        if run is None:
            return
        if not message.alone:
            self._look(around, run.id, run.plan.name, None)
            return
        told = (
            f"Break the glass: {run.plan.name}?",
            "Another person has to approve it. Begun alone it is told to everybody at once, and stays in the journal.",
            f"Its proposer is {run.by}.",
            "Look anew",
        )
        await self._with_reason(around, told, lambda reason: self._look(around, run.id, run.plan.name, reason))

    def _look(self, around: Surroundings, run_id: str, name: str, glass: str | None) -> None:
        def look(runs: ConsoleRuns) -> None:
            from app.orders import understood

            self._app.post_message(Looked(runs.waiting(run_id, understood, glass)))

        around.looking = (name, around.clock())
        self._aside(look, planning=True)

    async def _show(self, around: Surroundings, waiting: Waiting) -> None:
        """Show what it does as it would be now; what was typed for it begins it."""
        from screens.dialogs.typed import Typed, TypedDialog
        from screens.plan_parts import PlanText

        text, run = PlanText(waiting.plan), waiting.run
        around.looking = None

        def content(width: int) -> Sequence[Line]:
            return text.lines(width, around.clock())

        def answered(typed: Typed | None) -> None:
            if typed is None:
                self._app.say_here("Not approved: nothing was done.")
                return
            self._app.say_here("Beginning …")
            self._aside(lambda runs: self._approve(runs, waiting, typed))

        how = "BREAK-GLASS" if waiting.glass is not None else "To approve"
        same = f"Looked at anew it does the same: {waiting.digest[:16]}"
        dialog = TypedDialog(
            around.titled(f"{how}: {run.plan.name}, proposed by {run.by}. {same}"),
            content,
            wanted=waiting.plan.confirm,
            accept="Begin alone" if waiting.glass is not None else "Approve",
            ascii_only=around.ascii_only,
        )
        await self._app.push_screen(dialog, answered)

    def _approve(self, runs: ConsoleRuns, waiting: Waiting, typed: Sequence[str]) -> None:
        runs.approve(waiting, typed)
        self._begun(waiting.run.id)
