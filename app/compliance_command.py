"""``drdeck compliance``: drills, gaps and lessons over all recovery plans, and lessons that were seen to."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from store.place import is_there

if TYPE_CHECKING:
    from app.settings import Settings
    from store.place import Place

OK, FAILED = 0, 1

EPILOG = """\
It says what the records show: drills that passed with what was reached against the targets, what is lacking and what to
do about it, lessons of runs and incidents that are open, and what there is to show for DORA 11 and 12, ISO 22301 8.5
and NIS2 21. Whether a requirement is met is for others to say. exit codes: 0 no gap, 1 some.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``compliance``."""
    form = argparse.RawDescriptionHelpFormatter
    top = commands.add_parser(
        "compliance", help="drills, gaps and lessons over all plans", epilog=EPILOG, formatter_class=form
    )
    verbs = top.add_subparsers(dest="compliance_command", metavar="COMMAND")
    show = verbs.add_parser("show", help="all of it (as without a command)")
    close = verbs.add_parser("close", help="write down what was done about a lesson")
    close.add_argument("number", type=int, metavar="NUMBER", help="of the lesson, as shown")
    close.add_argument("text", metavar="TEXT", help="what was done")
    for each in (top, show):
        each.add_argument("--days", type=_days, default=argparse.SUPPRESS, help="for how long a drill counts (365)")
        each.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
    for each in (top, show, close):
        for name in ("--config", "--store"):
            each.add_argument(name, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def _days(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= 3660:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected days, 1 to 3660, got {text!r}")


def run(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """Returns the exit code. Raises :class:`store.errors.StoreError` and :class:`app.permits.RefusedError`."""
    if not is_there(store_path):
        print(f"There is no store at {store_path} yet: begin drdeck first, which reads the devices.", file=sys.stderr)
        return FAILED
    if arguments.compliance_command == "close":
        return _close(settings, store_path, arguments.number, arguments.text)
    from app.compliance import gather, words
    from app.sweep import never_read
    from store.database import open_store
    from store.ledger import Ledger

    with closing(open_store(store_path)) as store, closing(Ledger(store_path)) as ledger:
        store.configure(never_read(device) for device in settings.devices)
        found = gather.look(settings, store.view, ledger, getattr(arguments, "days", gather.DAYS))
    if getattr(arguments, "json", False):
        print(json.dumps(words.as_json(found), indent=2))
    else:
        print("\n".join(words.lines(found)))
    return FAILED if found.gaps else OK


def _close(settings: Settings, store_path: Place, number: int, text: str) -> int:
    from app.permits import Act, Permits
    from app.recovery.operations import who
    from app.refusing import permitted
    from store import lessons

    permitted(Permits(settings), store_path, Act.REMARK)
    try:
        done = lessons.close(store_path, number, text, who())
    except lessons.LessonError as error:
        print(f"Nothing was written: {error}.", file=sys.stderr)
        return FAILED
    print(f"Lesson {done.number} of {done.about} is done.")
    return OK
