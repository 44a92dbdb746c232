"""``drdeck pgroup VERB GROUP NAME``: snapshots of protection groups, their clones and restores, planned and run."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from msgspec.structs import replace

from app.rcg_command import Draw, execution

if TYPE_CHECKING:
    from app.recovery.operations import Operations
    from app.recovery.pg.request import Request, Restore

VERBS = ("snapshot", "clone", "restore")

WORDS = """\
Nothing is changed without --execute: the plan is shown, with its pairs of volumes and what it risks.
A destructive plan asks for words to be typed. Without a terminal give each as --confirm "WORDS".

  snapshot GROUP NAME               take the snapshot GROUP.NAME; with --replicate send it to the group's target
  clone GROUP NAME --onto OTHER     overwrite the volumes of OTHER with the snapshot, which is taken if there is none;
                                    with --replicate on the array that GROUP replicates to
  restore GROUP NAME                all volumes of GROUP back to what they held in its snapshot

--backup-mode puts the database of GROUP into backup mode before a snapshot and out of it afterwards, in any case.

Pairs are made by the tag of an earlier clone, else by equal size, else by the smallest that is larger, in name order;
all or none. Of each overwritten volume a safety snapshot is taken first. drdeck pgsnap takes the flags of the script.

exit codes: as with drdeck rcg.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``pgroup``."""
    pgroup = commands.add_parser(
        "pgroup",
        help="plan and run snapshots, clones and restores of protection groups",
        epilog=WORDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = pgroup.add_argument
    add("verb", choices=VERBS, metavar="VERB", help=", ".join(VERBS))
    add("group", metavar="GROUP", help="the protection group, on the array that it was made on")
    add("name", metavar="NAME", help="the part of the snapshot's name behind the dot")
    add("--onto", metavar="GROUP", help="clone: the group whose volumes are overwritten")
    add("--replicate", action="store_true", help="snapshot, clone: send it to the group's target, at once")
    add("--queue", action="store_true", help="with --replicate: behind earlier transfers")
    add(
        "--backup-mode",
        action="store_true",
        help="snapshot, clone: put the group's database into backup mode around it",
    )
    add("--exclude", action="append", default=[], metavar="VOLUME", help="clone: leave it out, by id or name")
    add("--ignore-tags", action="store_true", help="clone: pair anew, as if no target had a tag")
    add("--free-tag", action="append", default=[], metavar="VOLUME", help="clone: pair this target anew")
    add("--overwrite-running", action="append", default=[], metavar="HOST", help="although this host may be running")
    add("--wait", type=float, default=30.0, metavar="MIN", help="how long a transfer is waited for (default: 30)")
    add("--on", metavar="DEVICE", help="the array that has the group")
    add("--to", metavar="DEVICE", help="with --replicate: the array that it goes to")
    execution(pgroup)


def drawing(arguments: argparse.Namespace) -> Draw:
    """What draws up the plan. Raises :class:`ValueError` with what was expected."""
    from app.recovery.pg.operate import plan_clone, plan_restore
    from app.recovery.pg.request import Restore
    from backends.flasharray import names

    names.group_snapshot(f"{arguments.group}.{arguments.name}")
    _fitting(arguments)
    if arguments.verb == "restore":
        restore = Restore("", arguments.group, arguments.name, frozenset(arguments.overwrite_running))
        return lambda operations, run_id: plan_restore(operations, _at(operations, restore, arguments.on), run_id)
    request = _request(arguments)
    on, to, mode = arguments.on, arguments.to, arguments.backup_mode
    return lambda operations, run_id: plan_clone(operations, placed(operations, request, on, to, mode), run_id)


def _fitting(arguments: argparse.Namespace) -> None:
    clones = arguments.verb == "clone"
    if clones is (arguments.onto is None):
        raise ValueError("--onto GROUP goes with clone, and clone with --onto GROUP")
    if not clones and (arguments.exclude or arguments.ignore_tags or arguments.free_tag):
        raise ValueError(f"--exclude, --ignore-tags and --free-tag go with clone, not with {arguments.verb}")
    if arguments.verb == "restore" and (arguments.replicate or arguments.to):
        raise ValueError("--replicate and --to do not go with restore")
    if arguments.verb == "restore" and arguments.backup_mode:
        raise ValueError("--backup-mode goes with snapshot and clone, not with restore")
    if (arguments.queue or arguments.to) and not arguments.replicate:
        raise ValueError("--queue and --to go with --replicate")
    if not 0 < arguments.wait <= 24 * 60:
        raise ValueError(f"--wait {arguments.wait:g}: expected minutes, more than 0 and up to 1440")


def _request(arguments: argparse.Namespace) -> Request:
    from app.recovery.pg.request import Request
    from backends.flasharray.verbs import Replicate

    how = Replicate.NO
    if arguments.replicate:
        how = Replicate.QUEUED if arguments.queue else Replicate.NOW
    return Request(
        array="",
        group=arguments.group,
        suffix=arguments.name,
        onto=arguments.onto,
        replicate=how,
        excluded=tuple(arguments.exclude),
        ignore_tags=arguments.ignore_tags,
        freed=frozenset(arguments.free_tag),
        running=frozenset(arguments.overwrite_running),
        wait_s=arguments.wait * 60,
    )


def placed(
    operations: Operations, request: Request, on: str | None, to: str | None, backup_mode: bool = False
) -> Request:
    """The request with its devices, looked for where none is named, and with the database of its group."""
    from app.recovery.pg.operate import array_of, database_of, target_of
    from backends.flasharray.verbs import Replicate

    if backup_mode:
        request = replace(request, database=database_of(operations.settings, request.group))
    array = on or array_of(operations, request.group)
    if request.replicate is Replicate.NO:
        return replace(request, array=array)
    return replace(request, array=array, to=to or target_of(operations, array, request.group))


def _at(operations: Operations, restore: Restore, on: str | None) -> Restore:
    from app.recovery.pg.operate import array_of

    return replace(restore, array=on or array_of(operations, restore.group))
