"""``drdeck runs approve``: another person agrees to a run that waits for it, or one alone breaks the glass."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from store.place import Place

if TYPE_CHECKING:
    from app.settings import Settings
    from store.ledger import Ledger

OK, FAILED, USAGE = 0, 1, 2


def add_arguments(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add it to the verbs of ``runs``."""
    approve = verbs.add_parser("approve", help="agree to what another person proposed, and begin it")
    approve.add_argument("--confirm", action="append", default=[], metavar="WORDS", help="words that must be typed")
    approve.add_argument("--break-glass", metavar="REASON", help="alone, though another person has to: told to all")
    return approve


def run(settings: Settings, store_path: Place, ledger: Ledger, arguments: argparse.Namespace) -> int:
    """Look anew, show, and begin once the words are typed. Returns the exit code. Raises
    :class:`store.ledger.RunError`, :class:`app.permits.RefusedError`, :class:`store.errors.StoreError`."""
    from app.orders import OrderError, understood
    from app.rcg_command import typed_words
    from app.recovery import approval
    from app.recovery.draft import CannotPlanError
    from app.recovery.operations import Operations
    from app.recovery.step import UnseenError
    from app.runs_command import follow
    from app.runs_words import plan_lines
    from backends.outcome import ParseError
    from store.database import open_store

    if settings.read_only:
        print("Refused: the configuration says read_only.", file=sys.stderr)
        return FAILED
    store = open_store(store_path)
    try:
        operations = Operations(settings, store, ledger)
        waiting = approval.look(operations, arguments.run, understood, arguments.break_glass)
        if not arguments.json:
            print(f"Run {waiting.run.id}, proposed by {waiting.run.by}")
            print("\n".join([*plan_lines(waiting.plan), "", f"Digest of what it does: {waiting.digest}"]))
        approval.approve(operations, waiting, typed_words(waiting.plan, arguments.confirm))
        return follow(operations, arguments.run, as_json=arguments.json)
    except (OrderError, CannotPlanError, UnseenError, ParseError) as error:
        print(f"Not approved: {str(error).rstrip('.')}.", file=sys.stderr)
        return FAILED
    finally:
        store.close()
