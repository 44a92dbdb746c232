"""``drdeck store copy``: a store in a file moves to a PostgreSQL server, which consoles of several machines share."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.settings import Settings
    from store.copying import Counted
    from store.place import Server

OK, FAILED, USAGE = 0, 1, 2

EPILOG = """\
Without --execute it is only looked whether it can be done, and counted; nothing changes. End every console first, then:

  drdeck store copy --from ~/.local/state/drdeck/drdeck.sqlite --execute

All rows are copied in one transaction, or none. The journal stays as it is, byte for byte; its chain is followed in the
copy before that counts, and goes on with an entry that says from where it came. --to is an address as in [store] of the
configuration, whose own it is by default; the password is that of [store], or what libpq finds. Keep the file as it is,
and its .journal-head, as evidence; no console may go on with it.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``store``."""
    store = commands.add_parser("store", help="move the store from a file to a PostgreSQL server")
    verbs = store.add_subparsers(dest="store_command", metavar="COMMAND", required=True)
    copy = verbs.add_parser(
        "copy",
        help="copy a store in a file into an empty database",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    copy.add_argument("--from", dest="source", type=Path, metavar="FILE", required=True, help="the store in a file")
    copy.add_argument("--to", metavar="URL", help="where to (default: url of [store])")
    copy.add_argument("--execute", action="store_true", help="do it; without this nothing changes")
    copy.add_argument("--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """``drdeck store copy``. Returns the exit code. Raises :class:`store.errors.StoreError`,
    :class:`app.permits.RefusedError`."""
    from app.permits import Act, Permits
    from app.recovery.operations import who

    target = _target(settings, arguments.to)
    if target is None:
        return USAGE
    source = arguments.source.expanduser().absolute()
    if arguments.execute:
        if settings.read_only:
            print("Refused: the configuration says read_only.", file=sys.stderr)
            return FAILED
        Permits(settings).check(Act.MOVE_STORE)
    try:
        from store.copying import CopyError, copy, counted
    except ImportError:
        print("Install what talks to PostgreSQL: pip install 'drdeck[postgres]'", file=sys.stderr)
        return FAILED
    try:
        found = copy(source, target, who()) if arguments.execute else counted(source, target)
    except CopyError as error:
        print(f"Nothing was copied: {error}.", file=sys.stderr)
        return FAILED
    print("\n".join(_lines(found, source, target, done=arguments.execute)))
    return OK


def _target(settings: Settings, url: str | None) -> Server | None:
    from app.store_settings import checked, server
    from app.values import UnexpectedError
    from store.place import Server

    if url is None and isinstance(settings.store, Server):
        return settings.store
    try:
        return server(checked(url), settings.store_password)
    except UnexpectedError as error:
        from app.store_settings import EXPECTED

        print(f"--to: expected {error.expected or EXPECTED}, or [store] in the configuration", file=sys.stderr)
        return None


def _lines(found: Counted, source: Path, target: Server, *, done: bool) -> list[str]:
    rows = sum(found.rows.values())
    what = f"{rows} rows of {sum(map(bool, found.rows.values()))} tables, {found.entries} journal entries"
    if not done:
        return [f"Would copy {what} from {source} to {target}.", "Nothing was changed. To do it: --execute"]
    return [
        f"Copied {what} from {source} to {target}.",
        f"The chain is whole there and goes on behind {found.head if found.entries else 'nothing'}.",
        f"Keep {source} as evidence, and let no console use it any more: name the server in [store].",
    ]
