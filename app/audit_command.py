"""``drdeck audit``: the journal proven, and taken out of the store."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from app.output import of_twin, twin_line
from store.place import is_there

if TYPE_CHECKING:
    from app.audit_export import Wanted
    from app.settings import Settings
    from store.journal import Verdict
    from store.ledger import Ledger
    from store.place import Place
    from store.segment import Link

OK, FAILED, USAGE = 0, 1, 2
MANY = 2_000

EXPORT = """\
A line of JSON holds one entry: seq, at (UTC), run, kind, body (its very text) and hash. An export of all entries can be
proven without the store: drdeck audit verify --file FILE. --csv has the columns of the same names, and who it was.
A file is made for you alone, and never written over. PATTERN: * and ? stand for any characters and for one.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``audit``."""
    audit = commands.add_parser("audit", help="prove that the journal is whole, or take it out")
    audits = audit.add_subparsers(dest="audit_command", metavar="COMMAND", required=True)
    verify = audits.add_parser("verify", help="follow the journal's chain from its first entry; asks no device")
    verify.add_argument("--file", type=Path, metavar="FILE", help="that of an export, in place of the store's")
    verify.add_argument("--json", action="store_true", help="print JSON")
    form = argparse.RawDescriptionHelpFormatter
    export = audits.add_parser("export", help="write the journal out", epilog=EXPORT, formatter_class=form)
    export.add_argument("--to", type=Path, metavar="FILE", help="in place of standard output")
    export.add_argument("--csv", action="store_true", help="CSV in place of lines of JSON")
    export.add_argument("--run", metavar="RUN", help="only entries of this run")
    export.add_argument("--kind", default="*", metavar="PATTERN", help="only of such kinds")
    export.add_argument("--by", default="*", metavar="PATTERN", help="only by such people, as the journal names them")
    export.add_argument("--since", type=_moment, metavar="MOMENT", help="a day, or a time in UTC: 2026-01-31T03:00")
    export.add_argument("--until", type=_moment, metavar="MOMENT", help="only before that")
    for command in (verify, export):
        for name in ("--config", "--store"):
            command.add_argument(name, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a day or a time like 2026-01-31T03:00, got {text!r}") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def run(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """``drdeck audit``. Returns the exit code. Raises :class:`store.errors.StoreError`."""
    if arguments.audit_command == "export":
        return _export(store_path, arguments)
    if arguments.file is not None:
        return _verify_file(settings, arguments.file, as_json=arguments.json)
    return _verify(settings, store_path, as_json=arguments.json)


# ------------------------------------------------------------------------------------------------------------- proving


def _verify(settings: Settings, store_path: Place, *, as_json: bool) -> int:
    from store import journal
    from store.errors import StoreError

    try:
        found = journal.verify(store_path)
    except StoreError as error:
        print(f"The journal of {store_path} cannot be read: {error}", file=sys.stderr)
        return FAILED
    return _told(settings, found, as_json=as_json)


def _verify_file(settings: Settings, path: Path, *, as_json: bool) -> int:
    from app.audit_export import LineError, follow, parsed

    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            found = follow(parsed(number, line) for number, line in enumerate(file, 1))
    except (OSError, UnicodeDecodeError) as error:
        print(f"{path} cannot be read: {error.strerror if isinstance(error, OSError) else error}.", file=sys.stderr)
        return FAILED
    except LineError as error:
        print(f"{path} is no whole export of a journal: {error}.", file=sys.stderr)
        return FAILED
    return _told(settings, found, as_json=as_json)


def _told(settings: Settings, found: Verdict, *, as_json: bool) -> int:
    if as_json:
        content = {
            "schema_version": 1,
            "whole": found.broken is None,
            "entries": found.entries,
            **of_twin(settings.twin),
        }
        print(json.dumps({**content, "head": found.head, "broken": found.broken, "why": found.why}, indent=2))
    elif found.broken is None:
        print("".join(f"{line}\n" for line in twin_line(settings.twin)), end="")
        print(f"Whole: {found.entries} entries, the newest has the hash {found.head}")
    else:
        print(f"Broken at entry {found.broken}: {found.why}. {found.entries} entries before are good.", file=sys.stderr)
    return OK if found.broken is None else FAILED


# ----------------------------------------------------------------------------------------------------------- exporting


def _export(store_path: Place, arguments: argparse.Namespace) -> int:
    from app.audit_export import Wanted
    from store.ledger import Ledger

    if not is_there(store_path):
        print(f"There is no store at {store_path}.", file=sys.stderr)
        return FAILED
    given = arguments
    wanted = Wanted(given.run, given.kind, given.by, given.since, given.until)
    with closing(Ledger(store_path)) as ledger:
        if given.to is None:
            _write(ledger, wanted, sys.stdout, as_csv=given.csv)
            return OK
        try:
            descriptor = os.open(given.to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except OSError as error:
            print(f"Give another --to: {given.to} cannot be made: {error.strerror}.", file=sys.stderr)
            return FAILED
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            count = _write(ledger, wanted, file, as_csv=given.csv)
        proof = f"; drdeck audit verify --file {given.to} proves it" if wanted.all and not given.csv else ""
        print(f"{count} entries in {given.to}{proof}.")
    return OK


def _write(ledger: Ledger, wanted: Wanted, file: TextIO, *, as_csv: bool) -> int:
    """Says how many entries were written."""
    from app.audit_export import csv_lines, json_lines

    count = 0

    def chosen() -> Iterator[Link]:
        nonlocal count
        for link in _links(ledger):
            if wanted.holds(link):
                count += 1
                yield link

    file.writelines(csv_lines(chosen()) if as_csv else json_lines(chosen()))
    return count


def _links(ledger: Ledger) -> Iterator[Link]:
    after = 0
    while found := ledger.links(after, MANY):
        yield from found
        after = found[-1].seq
