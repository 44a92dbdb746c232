"""``drdeck report``: the evidence of a run as a signed folder and archive, and the key that signs it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from store.place import Place

if TYPE_CHECKING:
    from app.settings import Settings

OK, FAILED = 0, 1
KEY = "key"

EPILOG = """\
RUN is the id of a run, as drdeck runs list shows it. A folder drdeck-report-RUN-ENTRY and an archive of the same name
are written: report.html, report.md, facts.json, the run's part of the journal, and a manifest of them with an Ed25519
signature. Whoever gets it checks it offline:

  python3 verify.py --key FINGERPRINT

"drdeck report key" shows the public key and its fingerprint, which belongs to whoever checks reports, by another way
than the report. The key is made where there is none, in report-key.pem beside the store; keep a copy of
it in a safe place.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``report``."""
    report = commands.add_parser(
        "report",
        help="write the signed evidence of a run",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    report.add_argument("run", metavar="RUN", help='the id of a run; or "key": show the public key')
    report.add_argument("--to", type=Path, metavar="DIR", default=Path(), help="where to (default: here)")
    report.add_argument("--json", action="store_true", help="print JSON")
    for name in ("--config", "--store"):
        report.add_argument(name, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def run(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """``drdeck report``. Returns the exit code."""
    from app.report.key import KeyFileError
    from app.report.pack import ReportError

    try:
        if arguments.run == KEY:
            return _key(store_path, as_json=arguments.json)
        return _report(settings, store_path, arguments)
    except (KeyFileError, ReportError) as error:
        print(f"{error}.", file=sys.stderr)
        return FAILED


def _key(store_path: Place, *, as_json: bool) -> int:
    from app.report.key import signer

    key = signer(store_path)
    if as_json:
        content = {"fingerprint": key.fingerprint, "public_key": key.public.decode(), "file": str(key.path)}
        print(json.dumps({"schema_version": 1, **content, "made": key.made}, indent=2))
        return OK
    print(f"Fingerprint: {key.fingerprint}\n{key.public.decode().rstrip()}")
    if key.made:
        print(f"A new key was made: {key.path}. Keep a copy of it in a safe place.", file=sys.stderr)
    return OK


def _report(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    from app.report.pack import write

    to = arguments.to.expanduser().absolute()
    found = write(store_path, arguments.run, to, settings.rto_s)
    if arguments.json:
        content = {"folder": str(found.folder), "archive": str(found.archive), "fingerprint": found.fingerprint}
        print(json.dumps({"schema_version": 1, **content}, indent=2))
        return OK
    print(f"Folder:  {found.folder}\nArchive: {found.archive}\nKey:     {found.fingerprint}")
    if found.key_made:
        print("That key is new: see drdeck report key.", file=sys.stderr)
    return OK
