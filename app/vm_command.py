"""``drdeck vm VERB VM …``: what is done to VMs that are replicated or backed up, planned and run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app import backup_command
from app.rcg_command import Draw, execution
from app.runs_command import FAILED, OK, PARTLY
from store.place import Place

if TYPE_CHECKING:
    from app.recovery.vm.listing import Listed
    from app.settings import Settings

VERBS = (
    *("list", "ready", "replicate", "failover", "drill", "cleanup", "undo", "failback", "pause", "resume"),
    *backup_command.VERBS,
)
ONE = ("replicate", "undo", "failback")
"""What is done to one VM at a time."""

SHOWN = ("list", "ready", "backups")
"""What only looks."""

WORDS = f"""\
Nothing is changed without --execute: the plan is shown, with what it risks and how long it should take.
A destructive plan asks for words to be typed. Without a terminal give each as --confirm "WORDS".

  list [VM …]              how each stands: both powers, direction, newest copy and its age; changes nothing
  ready [VM …]             whether each could be failed over now: its copy, the host, networks and room there, licences,
                           clocks, what was left over; changes nothing
  replicate VM             a new copy now, from a snapshot, beside those that are there; the oldest beyond keep goes
  failover VM …            the source is stopped, a last copy made, and that one started: nothing is lost
  failover VM … --disaster the newest complete copy is started, and what came after it is lost; the source is stopped
                           where its server shows it; with its site silent, or its host alone down, two independent
                           witnesses and a second person must say so
  drill VM …               a copy comes up on the isolated port group, while the source runs on
  cleanup RUN              after a drill: what it started is stopped and destroyed, everything as it was before
  undo VM                  after a failover: the source is started again WITHOUT what was written since
  failback VM              after a failover: the data is copied home into a new machine, and that one is started
  pause VM …, resume VM …  whether passes may begin
{backup_command.WORDS}
VMs are named as [[replications]] names them, for backup as their servers do, or given as patterns ('web*'). Nothing
ever fails back by itself.

exit codes: as with drdeck rcg; list, ready: 0 all are in time or ready, 1 one is not, 3 of one it is not known;
backups: 1 one is damaged.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``vm``."""
    vm = commands.add_parser(
        "vm",
        help="plan and run what is done to replicated VMs, and back VMs up",
        epilog=WORDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    vm.add_argument("verb", choices=VERBS, metavar="VERB", help=", ".join(VERBS))
    vm.add_argument("vms", nargs="*", metavar="VM", help="a name or a pattern, as in [[replications]]")
    vm.add_argument("--disaster", action="store_true", help="failover: the source is lost, or given up")
    vm.add_argument("--immediate", action="store_true", help="failover: power the source off without asking its guest")
    vm.add_argument("--wave", type=int, default=10, metavar="N", help="VMs being started at a time (default: 10)")
    backup_command.add_arguments(vm)
    execution(vm)


def drawing(arguments: argparse.Namespace) -> Draw:
    """What draws up the plan. Raises :class:`ValueError` with what was expected."""
    from app.recovery.vm import operate
    from app.recovery.vm.failover_plan import Asked
    from store.replications import PAUSE, RESUME

    verb, names = arguments.verb, tuple(arguments.vms)
    _check(arguments)
    if verb in backup_command.PLANNED:
        return backup_command.drawing(arguments)
    match verb:
        case "replicate":
            return lambda operations, run_id: operate.plan_pass(operations, names, run_id)
        case "drill":
            return lambda operations, run_id: operate.plan_drill(operations, names, run_id)
        case "cleanup":
            return lambda operations, run_id: operate.plan_cleanup(operations, names[0], run_id)
        case "undo":
            return lambda operations, run_id: operate.plan_undo(operations, names, run_id)
        case "failback":
            return lambda operations, run_id: operate.plan_failback(operations, names, run_id)
        case "pause" | "resume":
            said = PAUSE if verb == "pause" else RESUME
            return lambda operations, run_id: operate.plan_said(operations, said, names)
    asked = Asked(arguments.disaster, arguments.immediate, arguments.wave)
    return lambda operations, run_id: operate.plan_failover(operations, names, asked, run_id)


def _check(arguments: argparse.Namespace) -> None:
    verb, names = arguments.verb, arguments.vms
    if verb in SHOWN:
        raise ValueError(f"{verb} makes no plan")
    backup_command.check(arguments)
    if not names or (verb in ONE and len(names) != 1):
        raise ValueError(f"{verb} VM{'' if verb in ONE else ' …'}: expected a name" + (" alone" if names else ""))
    if verb == "cleanup" and len(names) != 1:
        raise ValueError("cleanup RUN: expected the one run that was the drill")
    if (arguments.disaster or arguments.immediate) and verb != "failover":
        raise ValueError(f"--disaster and --immediate go with failover, not with {verb}")
    if not 1 <= arguments.wave <= 32:
        raise ValueError(f"--wave {arguments.wave}: expected 1 to 32")


def show(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """``drdeck vm list`` and ``vm ready``. Returns the exit code. Raises :class:`store.errors.StoreError`."""
    from app.readiness_words import show as show_checks
    from app.recovery.draft import CannotPlanError
    from app.recovery.operations import Operations
    from app.recovery.vm.listing import State, listed
    from app.recovery.vm.operate import look, ready
    from store.database import open_store
    from store.ledger import Ledger

    store, ledger = open_store(store_path), Ledger(store_path)
    try:
        operations, names = Operations(settings, store, ledger), arguments.vms or ["*"]
        if arguments.verb == "ready":
            return show_checks(ready(operations, names)[1], "vms", as_json=arguments.json)
        found = [listed(at) for at in look(operations, names)]
    except CannotPlanError as error:
        print(error, file=sys.stderr)
        return FAILED
    finally:
        ledger.close()
        store.close()
    _print(found, as_json=arguments.json)
    states = {each.state for each in found}
    bad = states - {State.OK, State.UNDER_WAY, State.UNKNOWN}
    return FAILED if bad else PARTLY if State.UNKNOWN in states else OK


def _print(found: Sequence[Listed], *, as_json: bool) -> None:
    from store.recorded import to_text

    if as_json:
        print(json.dumps({"schema_version": 1, "vms": [json.loads(to_text(each)) for each in found]}, indent=2))
        return
    rows = [["VM", "STATE", "SOURCE", "REPLICA", "DIRECTION", "COPY OF (UTC)", "AGE/RPO", "NEXT", "SIZE", "TOOK"]]
    for each in found:
        rows.append(
            [
                each.name,
                str(each.state),
                each.source_power or "?",
                each.replica_power or "?",
                each.direction,
                f"{each.newest_at:%m-%d %H:%M:%S}" if each.newest_at else "-",
                f"{_minutes(each.age_s)}/{_minutes(each.rpo_s)}",
                f"{each.next_at:%H:%M}" if each.next_at else "-",
                f"{each.size / (1 << 30):.0f} GiB" if each.size is not None else "-",
                _minutes(each.took_s),
            ]
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for each in found:
        for drill in each.owed:
            print(f"{each.name}: the drill {drill} is not cleaned up: drdeck vm cleanup {drill}")
        for note in (*((each.held,) if each.held else ()), *each.notes):
            print(note if note.startswith(each.name) else f"{each.name}: {note}")


def _minutes(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds:.0f}s" if seconds < 120 else f"{seconds / 60:.0f}m"
