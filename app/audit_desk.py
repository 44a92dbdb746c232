"""What the console does with the journal: shows it, and has it read on. For the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.audit_messages import AboutAudit, AuditRead, AuditRequested, ComplianceRequested, EntryRequested

if TYPE_CHECKING:
    from app.console import Console
    from app.plan_desk import Aside
    from app.recovery.console_runs import ConsoleRuns
    from screens.surroundings import Surroundings


async def hear(app: Console, aside: Aside, around: Surroundings, message: AboutAudit) -> None:
    """Do what a screen asks for."""
    from screens.audit import AuditScreen, EntryScreen

    match message:
        case AuditRequested():
            if not any(isinstance(screen, AuditScreen) for screen in app.screen_stack):
                await app.push_screen(AuditScreen(around))

            def read(runs: ConsoleRuns) -> None:
                runs.read_journal(around.journal)
                app.post_message(AuditRead())

            if around.runs.read:  # else the screen asks once more
                aside(read)
        case ComplianceRequested():
            from screens.compliance import ComplianceScreen

            if not isinstance(app.shown, ComplianceScreen):
                await app.push_screen(ComplianceScreen(around))

            def judge(runs: ConsoleRuns) -> None:
                runs.read_compliance(around.compliance)
                app.post_message(AuditRead())

            if around.runs.read:
                aside(judge)
        case EntryRequested() if app.may_open(message.asked_by):
            await app.push_screen(EntryScreen(around, message.seq))
        case AuditRead() if app.shown is not None:
            app.shown.runs_changed()
