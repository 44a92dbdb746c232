"""``drdeck import``: configurations of other programs, as drdeck's own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.hpe_conf_devices import Imported

SITE, REMOTE_SITE = "prod", "dr"
_ABOUT = """\
Prints the configuration on standard output, and on standard error one line for each key that is not imported, with the
reason, and for what was assumed. No password is imported: each becomes a variable of the environment to set.
"""


def add_arguments(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``import`` command."""
    command = subparsers.add_parser("import", help="turn the configuration of another program into drdeck's")
    kinds = command.add_subparsers(dest="import_kind", metavar="KIND", required=True)
    hpe_conf = kinds.add_parser(
        "hpe-conf",
        help="hpe.conf of the HPE 3PAR volume plugin for Docker",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    hpe_conf.add_argument("file", type=Path, metavar="FILE", help="the hpe.conf to read")
    help_site = f"the site of the backends (default: {SITE})"
    hpe_conf.add_argument("--site", type=_site, default=SITE, metavar="NAME", help=help_site)
    help_remote = f"the site of the replication targets (default: {REMOTE_SITE})"
    hpe_conf.add_argument("--remote-site", type=_site, default=REMOTE_SITE, metavar="NAME", help=help_remote)
    help_write = "add to this configuration, or make it; never writes over what is there"
    hpe_conf.add_argument("--write", type=Path, metavar="CONFIG", help=help_write)


def _site(text: str) -> str:
    from app.values import UnexpectedError, name

    check = name("a site's name")
    try:
        return check.convert(text)
    except UnexpectedError:
        raise argparse.ArgumentTypeError(f"expected {check.expected}") from None


def run(arguments: argparse.Namespace) -> int:
    """``drdeck import``: returns the exit code. Raises :class:`app.config_table.SettingsError` for a file that is
    wrong."""
    from app.config_append import add, full_text
    from app.config_writer import ConfigWriteError
    from app.hpe_conf import parse
    from app.hpe_conf_devices import convert

    if arguments.site == arguments.remote_site:
        print(f"Name two sites: --site and --remote-site are both {arguments.site}", file=sys.stderr)
        return 2
    imported = convert(parse(_read(arguments.file), arguments.file), arguments.site, arguments.remote_site)
    if arguments.write is None:
        print(full_text(imported.sites, imported.devices, imported.comments), end="")
    else:
        path = arguments.write.expanduser()
        try:
            made = add(path, imported.sites, imported.devices, imported.comments)
        except ConfigWriteError as error:
            print(error, file=sys.stderr)
            return 1
        print(_next(path, imported, made))
    sys.stdout.flush()  # the notes stand below it, also where both go to one place
    for note in imported.notes:
        print(f"{arguments.file}:{note.line}: {note.key}: {note.text}", file=sys.stderr)
    return 0


def _read(path: Path) -> str:
    """The text of a file. Raises :class:`app.config_table.SettingsError`."""
    from app.config_table import SettingProblem, SettingsError
    from app.operator_text import SpoiltTextError, decoded

    line, expected = 0, ""
    try:
        found = decoded(path.read_bytes())
        for number in found.repaired:
            print(f"{path}:{number}: was read as another encoding once: taken back", file=sys.stderr)
        return found.text
    except SpoiltTextError as error:
        line, expected = error.line, error.expected
    except OSError as error:
        expected = f"a readable hpe.conf: {error.strerror}"
    # Outside of the handler: what was decoded holds secrets, and an exception keeps the one it was raised beside.
    raise SettingsError(path, [SettingProblem(line, 0, "", expected, "")])


def _next(path: Path, imported: Imported, made: bool) -> str:
    devices = " and ".join(device.name for device in imported.devices)
    lines = [f"{'Made' if made else 'Added to'} {path}: {devices}. Set these variables:"]
    lines += [f"  {variable.name}    {variable.takes}" for variable in imported.variables]
    return "\n".join([*lines, f"Then: drdeck trust --config {path}, and drdeck check --config {path}"])
