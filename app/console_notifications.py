"""How a console's notifications reach its screen: what cannot be sent is said there, and the bell rings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.console_messages import NoticeGiven

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.console import Console
    from app.machinery import Machinery
    from app.recovery.pra.watch import ReadinessWatch
    from app.run_desk import BeginChecks
    from store.readiness_view import ReadinessView


def with_notifications(machinery: Machinery, console: Callable[[], Console]) -> BeginChecks:
    """Begin the checks, and then to tell operators of what they and all else find."""

    def begin(view: ReadinessView, *others: Any) -> tuple[ReadinessWatch, ReadinessWatch]:
        watches = machinery.begin_checks(view, *others)
        app = console()

        def trouble(text: str) -> None:
            app.post_message(NoticeGiven(text))

        machinery.begin_notifications(view, trouble, lambda: app.call_later(app.bell))
        return watches

    return begin
