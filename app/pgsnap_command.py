"""``drdeck pgsnap``: snapshot a protection group, replicate it, clone it to another group.

It takes the flags, the JSON file and the environment variables of the script that it replaces, so that a line of a
crontab moves over by changing the program's name.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from app.runs_command import FAILED, OK, PARTLY, USAGE
from store.place import Place

if TYPE_CHECKING:
    from app.pgsnap_file import Given
    from app.recovery.operations import Operations
    from app.recovery.pg.request import Request
    from app.settings import Settings
    from app.settings_records import DeviceSettings
    from store.runs import Plan, Run

UNKNOWN = 5

WORDS = """\
Nothing is changed without -x: the whole plan is shown, with its pairs, also for a name that does not exist yet.
-x is the agreement to it. All pairs or none: a volume without a target, or one that must not be overwritten, refuses
everything before anything is done. Of each overwritten volume a safety snapshot is taken first.

-b puts the database into backup mode that the configuration names for the group, and takes it out again whatever
becomes of the snapshot. Without -x none of its commands is run.

The arrays are those of the JSON file (-f), else of FA_HOST, API_TOKEN, FA_HOST_TGT and API_TOKEN_TGT, else of the
configuration. What is given on the command line outweighs the file.

exit codes: 0 done (or a plan that nothing refuses); 1 refused before anything was done, or failed; 2 wrong usage;
3 begun and only partly done; 5 a step of which nobody knows whether it was done: drdeck runs show RUN says what next.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``pgsnap``."""
    pgsnap = commands.add_parser(
        "pgsnap",
        help="snapshot a protection group, replicate it, clone it to another group",
        epilog=WORDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = pgsnap.add_argument
    add("-s", "--source_protection_group", metavar="GROUP", help="the group to take the snapshot of")
    add("-t", "--target_protection_group", metavar="GROUP", help="the group to clone it to; without: no clone")
    add("-n", "--snapshot_name", metavar="NAME", required=True, help="taken if there is none of that name, else used")
    add("-f", "--config_file", type=Path, metavar="FILE", help="JSON file with the arrays and their tokens")
    add("-r", "--replicate", action="store_true", help="replicate it at once, and clone it on the target's array")
    add("-i", "--ignore_match", action="store_true", help="pair anew, as if no target volume had a tag")
    add("-b", "--backup_mode", action="store_true", help="put the group's database into backup mode around it")
    add("-o", "--output_file", type=Path, metavar="FILE", help="write the names of the volume snapshots, one a line")
    add("-x", "--execute_lock", action="store_true", help="do it; without this nothing is changed")
    add("--queue", action="store_true", help="with -r: behind earlier transfers, not at once")
    add("--exclude", action="append", default=[], metavar="VOLUME", help="a source volume to leave out, by id or name")
    add("--free-tag", action="append", default=[], metavar="VOLUME", help="pair this target anew, whatever its tag")
    add("--overwrite-running", action="append", default=[], metavar="HOST", help="although this host may be running")
    add("--wait", type=float, default=30.0, metavar="MIN", help="how long a transfer is waited for (default: 30)")
    add("--on", metavar="DEVICE", help="the configured array that has the source group")
    add("--to", metavar="DEVICE", help="with -r: the configured array that it goes to")
    add("--no-verify-ssl", action="store_true", help="believe any certificate of arrays of the JSON file")
    add("--json", action="store_true", help="print JSON")
    for name in ("--config", "--store"):
        add(name, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=f"the {name[2:]} to use")


def run(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """Plan, show, and with ``-x`` do it. Returns the exit code. Raises :class:`store.errors.StoreError`."""
    from app.pgroup_command import placed
    from app.pgsnap_file import FileError, Given, device, read

    try:
        given = read(arguments.config_file) if arguments.config_file is not None else Given()
        verify = not arguments.no_verify_ssl
        source, target = (device(settings, given, which, verify=verify) for which in ("src", "tgt"))
        group, onto = _groups(given, arguments)
    except FileError as error:
        print(error, file=sys.stderr)
        return USAGE
    _warn(given, (source, target), arguments)
    guests = [each for each in (source, target) if each is not None and each not in settings.devices]
    settings = replace(settings, guests=tuple(dict.fromkeys(guests)))
    on = arguments.on or (source.name if source is not None else None)
    to = arguments.to or (target.name if target is not None else None)
    request = _request(arguments, given, group, onto)
    mode: bool = arguments.backup_mode
    return _act(settings, store_path, arguments, lambda operations: placed(operations, request, on, to, mode))


def _groups(given: Given, arguments: argparse.Namespace) -> tuple[str, str | None]:
    from app.pgsnap_file import FileError

    group = arguments.source_protection_group or given.text("source_protection_group")
    if group is None:
        raise FileError("Name the source protection group: -s GROUP, or source_protection_group in the JSON file")
    if arguments.queue and not (arguments.replicate or given.replicate):
        raise FileError("--queue goes with -r")
    if not 0 < arguments.wait <= 24 * 60:
        raise FileError(f"--wait {arguments.wait:g}: expected minutes, more than 0 and up to 1440")
    return group, arguments.target_protection_group or given.text("target_protection_group")


def _warn(given: Given, devices: tuple[DeviceSettings | None, ...], arguments: argparse.Namespace) -> None:
    if given.open:
        print(f"Warning: others may read {arguments.config_file}, which holds a token: chmod 600", file=sys.stderr)
    if given.unused:
        print(f"Not used of {arguments.config_file}: {', '.join(given.unused)}", file=sys.stderr)
    for device in devices:
        if device is not None and not device.verified:
            print(f"Warning: the certificate of {device.host} is not checked", file=sys.stderr)


def _request(arguments: argparse.Namespace, given: Given, group: str, onto: str | None) -> Request:
    """What is asked for, on an array that is not settled yet."""
    from app.recovery.pg.request import Request
    from backends.flasharray.verbs import Replicate

    how = Replicate.NO
    if arguments.replicate or given.replicate:
        how = Replicate.QUEUED if arguments.queue else Replicate.NOW
    return Request(
        array="",
        group=group,
        suffix=arguments.snapshot_name,
        onto=onto,
        replicate=how,
        excluded=(*given.excluded, *arguments.exclude),
        ignore_tags=arguments.ignore_match,
        freed=frozenset(arguments.free_tag),
        running=frozenset(arguments.overwrite_running),
        wait_s=arguments.wait * 60,
    )


def _act(
    settings: Settings, store_path: Place, arguments: argparse.Namespace, place: Callable[[Operations], Request]
) -> int:
    from app.recovery.draft import CannotPlanError
    from app.recovery.operations import Operations, new_run_id
    from app.recovery.pg.operate import plan_clone, volume_snapshots
    from app.recovery.step import UnseenError
    from backends.outcome import ParseError
    from store.database import open_store
    from store.ledger import Ledger

    store, ledger = open_store(store_path), Ledger(store_path)
    try:
        operations, run_id = Operations(settings, store, ledger), new_run_id()
        request = place(operations)
        code = _done(operations, plan_clone(operations, request, run_id), run_id, arguments)
        if code == OK and arguments.execute_lock and arguments.output_file is not None:
            return _listed(lambda: volume_snapshots(operations, request), arguments.output_file)
        return code
    except CannotPlanError as error:
        print(error, file=sys.stderr)
        return FAILED
    except UnseenError as error:
        print(f"An array cannot be read: {error}", file=sys.stderr)
        return FAILED
    except ParseError as error:
        print(f"{error.line}: expected {error.expected}", file=sys.stderr)
        return USAGE
    finally:
        ledger.close()
        store.close()


def _done(operations: Operations, plan: Plan, run_id: str, arguments: argparse.Namespace) -> int:
    import json

    from app.recovery.operations import Asked
    from app.runs_command import follow
    from app.runs_words import plan_as_json, plan_lines

    for guard in plan.refused:
        print(f"Refused: {guard.words}: {guard.evidence}.", file=sys.stderr)
    if arguments.json and not arguments.execute_lock:
        print(json.dumps(plan_as_json(plan), indent=2))
    elif not arguments.json:
        print("\n".join(plan_lines(plan)))
    if plan.refused:
        return FAILED
    if not arguments.execute_lock or not plan.steps:
        return OK
    if operations.settings.read_only:
        print("Refused: the configuration says read_only.", file=sys.stderr)
        return FAILED
    operations.agree(run_id, plan, plan.confirm, Asked(f"pgroup {plan.verb}"))
    follow(operations, run_id, as_json=arguments.json)
    code = _code(operations.ledger.run(run_id))
    if code in (PARTLY, UNKNOWN) and operations.settings.guests:
        names = ", ".join(guest.name for guest in operations.settings.guests)
        print(
            f"Not in the configuration, where drdeck runs resume looks for its devices: {names}. Configure it under "
            f"that name, or drdeck runs abort {run_id} and give this command again.",
            file=sys.stderr,
        )
    return code


def _code(run: Run) -> int:
    from store.runs import RunState, StepState

    if run.state is RunState.SUCCEEDED:
        return OK
    states = {step.state for step in run.steps}
    if StepState.UNKNOWN in states or StepState.RUNNING in states:
        return UNKNOWN
    return PARTLY if StepState.DONE in states else FAILED


def _listed(names: Callable[[], Sequence[str]], path: Path) -> int:
    """Write the list. What was done is done, also where this fails."""
    from app.recovery.step import UnseenError

    try:
        path.write_text("".join(f"{name}\n" for name in names()), "utf-8")
    except OSError as error:
        print(f"Done, but {path} cannot be written: {error.strerror}", file=sys.stderr)
        return PARTLY
    except UnseenError as error:
        print(f"Done, but what {path} is to list cannot be read: {error}", file=sys.stderr)
        return PARTLY
    return OK
