"""``drdeck vm backup``, ``vm backups`` and ``vm restore``: backups of VMs in a directory, listed, verified, brought
back."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from app.rcg_command import Draw
from app.runs_command import FAILED, OK, USAGE

if TYPE_CHECKING:
    from app.recovery.vmbackup.folders import Kept, Left
    from app.settings import Settings

PLANNED = ("backup", "restore")
VERBS = ("backup", "backups", "restore")
SCHEMA_VERSION = 1

WORDS = """\
  backup VM …              a full export into the directory of [backups], from a snapshot while it runs; verified before
                           it counts. By schedule: drdeck schedule add NAME vm-backup VM,… --every day --keep N
  backups [--verify]       list them: age, size, when verified; --verify reads every file again and compares it
  restore BACKUP --to SERVER --name NAME
                           verified, then imported as a new machine, powered off, with new MACs (--keep-mac: those of
                           the original); --datastore, --network SRC=DST for each port group that is called otherwise
"""


def add_arguments(vm: argparse.ArgumentParser) -> None:
    """Add what these verbs take to ``vm``."""
    vm.add_argument("--verify", action="store_true", help="backups: read every file again, and compare it")
    vm.add_argument("--to", metavar="SERVER", help="restore: the server that it goes to")
    vm.add_argument("--name", metavar="NAME", help="restore: what the new machine is called")
    vm.add_argument("--datastore", metavar="NAME", help="restore: where its disks go (default: the only one there is)")
    vm.add_argument(
        "--network",
        action="append",
        default=[],
        metavar="SRC=DST",
        help="restore: a port group that is called otherwise",
    )
    vm.add_argument("--keep-mac", action="store_true", help="restore: with the MACs of the original")


def check(arguments: argparse.Namespace) -> None:
    """Raises :class:`ValueError` with what was expected."""
    verb, names = arguments.verb, arguments.vms
    told = [arguments.to, arguments.name, arguments.datastore, *arguments.network]
    if verb != "restore" and (any(one is not None for one in told) or arguments.keep_mac):
        raise ValueError(f"--to, --name, --datastore, --network and --keep-mac go with restore, not with {verb}")
    if verb != "backups" and arguments.verify:
        raise ValueError(f"--verify goes with backups, not with {verb}")
    if verb == "restore" and (len(names) != 1 or arguments.to is None or arguments.name is None):
        raise ValueError("restore BACKUP --to SERVER --name NAME: expected one backup, a server and a name")
    if verb == "restore" and not (0 < len(arguments.name) <= 80 and arguments.name.isprintable()):
        raise ValueError(f"--name {arguments.name!r}: expected 1 to 80 printable characters")
    if verb == "backup" and not names:
        raise ValueError("backup VM …: expected a name")


def drawing(arguments: argparse.Namespace) -> Draw:
    """What draws up the plan of a backup or a restore. Raises :class:`ValueError` with what was expected."""
    from app.recovery.vmbackup import operate
    from app.recovery.vmbackup.restore_plan import Asked

    names = tuple(arguments.vms)
    if arguments.verb == "backup":
        moment = datetime.now(UTC)
        return lambda operations, run_id: operate.plan_backup(operations, names, run_id, moment)
    networks = {}
    for pair in arguments.network:
        here, equals, there = pair.partition("=")
        if not (here and equals and there):
            raise ValueError(f"--network {pair}: expected SRC=DST, two names of port groups")
        networks[here] = there
    asked = Asked(arguments.to, arguments.name, arguments.datastore, networks, arguments.keep_mac)
    return lambda operations, run_id: operate.plan_restore(operations, names[0], asked, run_id)


# -------------------------------------------------------------------------------------------------------------- listing


class Shown(Struct, frozen=True):
    """A backup in the list; ``wrong`` is empty for one that is as it should be, as far as that was looked at."""

    kept: Kept
    wrong: str


def show(settings: Settings, arguments: argparse.Namespace) -> int:
    """``drdeck vm backups``. Returns the exit code: 1 where one is damaged or is none."""
    from app.recovery.vmbackup import folders

    try:
        check(arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE
    root = settings.backups
    if root is None:
        print("The configuration names no directory for backups: [backups] directory", file=sys.stderr)
        return FAILED
    try:
        kept, left = folders.scan(root)
    except OSError as error:
        print(f"{error.filename or root}: {error.strerror}", file=sys.stderr)
        return FAILED
    chosen = [one for one in kept if _asked(one, arguments.vms)]
    shown = [Shown(one, _wrong(root / one.folder.relative, one, verify=arguments.verify)) for one in chosen]
    _print(root, shown, left, verified=arguments.verify, as_json=arguments.json)
    return FAILED if any(one.wrong for one in shown) else OK


def _asked(one: Kept, names: Sequence[str]) -> bool:
    from fnmatch import fnmatchcase

    known = (one.folder.vm, one.folder.relative, *((one.facts.vm, one.facts.instance_uuid) if one.facts else ()))
    return not names or any(fnmatchcase(each, name) for name in names for each in known)


class _Told:
    """Says how far it is on a terminal, on one line that is written over."""

    def __init__(self, what: str) -> None:
        self._what, self._on = what, sys.stderr.isatty()

    def wanted(self) -> bool:
        return True

    def progress(self, percent: int, words: str) -> None:
        if self._on:
            end = "\n" if percent == 100 else ""
            print(f"\r{self._what}: {percent} %: {words}\x1b[K", end=end, file=sys.stderr, flush=True)


def _wrong(path: Path, one: Kept, *, verify: bool) -> str:
    from app.recovery.vmbackup import facts as about
    from app.recovery.vmbackup import steps
    from backends.outcome import DeviceError

    if one.facts is None:
        return one.trouble
    try:
        about.agreed(path, one.facts)
        if verify:
            steps.verify(path, one.facts, _Told(one.folder.relative))
    except about.FactsError as error:
        return str(error)
    except DeviceError as error:
        return error.text
    return ""


def _print(root: Path, shown: Sequence[Shown], left: Sequence[Left], *, verified: bool, as_json: bool) -> None:
    from app.output import columns

    now = datetime.now(UTC)
    if as_json:
        rows = [_as_json(one, now, verified=verified) for one in shown]
        partial = [{"backup": one.path, "run": one.folder.run or None, "being_written": one.busy} for one in left]
        content = {"schema_version": SCHEMA_VERSION, "directory": str(root), "backups": rows, "not_whole": partial}
        print(json.dumps(content, indent=2))
        return
    if not shown and not left:
        print(f"There is no backup in {root}.")
        return
    lines = [["VM", "AGE", "SIZE", "STATE", "SCHEDULE", "BACKUP"]]
    lines += [_line(one, now, verified=verified) for one in shown]
    print("\n".join(columns(lines)))
    for one in shown:
        if one.wrong:
            print(f"{one.kept.folder.relative}: {one.wrong}")
    for rest in left:
        print(_rest(rest))


def _line(one: Shown, now: datetime, *, verified: bool) -> list[str]:
    from screens.ages import age

    facts = one.kept.facts
    if facts is None:
        return ["?", "?", "?", "NOT READABLE", "", one.kept.folder.relative]
    seen = now if verified else facts.verified_at
    state = "DAMAGED" if one.wrong else "not verified" if seen is None else f"verified {seen:%Y-%m-%d %H:%M}"
    size = f"{facts.size / (1 << 30):.1f} GiB" if facts.size >= 1 << 30 else f"{facts.size / (1 << 20):.1f} MiB"
    return [facts.vm, age(now, facts.frozen_at), size, state, facts.schedule or "-", one.kept.folder.relative]


def _rest(one: Left) -> str:
    """A folder that is not whole, and who deletes it."""
    if one.busy:
        return f"{one.path}: run {one.folder.run} writes it now"
    if one.deleted:
        return f"{one.path}: half deleted; the next run of its schedule goes on with that"
    return (
        f"{one.path}: not whole, and nobody writes it: drdeck runs resume {one.folder.run} goes on with it; once that "
        "run has ended the next backup of the machine deletes it"
    )


def _as_json(one: Shown, now: datetime, *, verified: bool) -> dict[str, object]:
    from app.output import stamp

    facts, folder = one.kept.facts, one.kept.folder
    found: dict[str, object] = {"backup": folder.relative, "server": folder.server, "wrong": one.wrong or None}
    if facts is None:
        return found
    seen = now if verified and not one.wrong else facts.verified_at
    return {
        **found,
        "vm": facts.vm,
        "instance_uuid": facts.instance_uuid,
        "frozen_at": stamp(facts.frozen_at),
        "age_s": round(max(0.0, (now - facts.frozen_at).total_seconds())),
        "size": facts.size,
        "verified_at": stamp(seen),
        "verified_now": verified,
        "schedule": facts.schedule or None,
        "run": facts.run,
        "drdeck": facts.drdeck,
        "files": [{"name": f.name, "size": f.size, "sha256": f.digest} for f in (facts.descriptor, *facts.disks)],
    }
