"""``drdeck runs note`` and ``drdeck runs lesson``: what people say of a run, kept in its journal."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.settings import Settings
    from store.ledger import Ledger

OK, USAGE = 0, 2


def add_arguments(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser],
) -> tuple[argparse.ArgumentParser, ...]:
    """Add both to the verbs of ``runs``."""
    note = verbs.add_parser("note", help="write down what you saw, in the journal of the run")
    lesson = verbs.add_parser("lesson", help="write down what is to become better, who sees to it, and until when")
    for verb in (note, lesson):
        verb.add_argument("run", metavar="RUN")
        verb.add_argument("text", metavar="TEXT")
    lesson.add_argument("--owner", required=True, metavar="NAME", help="who sees to it")
    lesson.add_argument("--due", required=True, type=day, metavar="YYYY-MM-DD", help="until when")
    return note, lesson


def day(text: str) -> date:
    """As argparse wants it."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a day like 2026-03-31, got {text!r}") from None


def run(settings: Settings, ledger: Ledger, arguments: argparse.Namespace) -> int:
    """Returns the exit code. Raises :class:`store.ledger.RunError` where there is no such run, and
    :class:`app.permits.RefusedError`."""
    from app.permits import Act, Permits
    from app.recovery.operations import who
    from store import remarks

    permits = Permits(settings)
    permits.check(Act.REMARK, permits.sites_of(ledger.run(arguments.run).plan))
    try:
        if arguments.runs_command == "note":
            remarks.note(ledger, arguments.run, arguments.text, who())
        else:
            remarks.lesson(ledger, arguments.run, arguments.text, arguments.owner, arguments.due, who())
    except ValueError as error:
        print(f"Nothing was written: {error}.", file=sys.stderr)
        return USAGE
    print(f"In the journal of run {arguments.run}.")
    return OK
