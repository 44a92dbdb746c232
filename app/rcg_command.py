"""``drdeck rcg VERB GROUP …``: a dry run unless ``--execute``; a destructive one asks for words to be typed."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from store.place import Place

if TYPE_CHECKING:
    from app.recovery.operations import Asked, Operations
    from app.recovery.rcg.options import Options
    from app.settings import Settings
    from store.runs import Plan, Run

VERBS = ("start", "stop", "sync", "failover", "recover", "restore", "reverse", "undo", "switchover")
OK, FAILED, USAGE, PARTLY = 0, 1, 2, 3

WORDS = """\
Nothing is changed without --execute: the plan is shown, with what it risks and how long it should take.
A destructive plan asks for words to be typed. Without a terminal give each as --confirm "WORDS".

  start, stop, sync      replication of the group
  failover               hosts off the primary, last writes carried over, then the other side takes over;
                         with --disaster: the primary site is dark, and what was not yet copied is lost
  recover                after a failover: copy back from the side that serves to the natural primary
  restore                after recover: back to the natural roles
  reverse                swap the roles for good, both arrays alive
  undo                   take a failover back WITHOUT what was written since
  switchover             Peer Persistence groups: swap the roles under running hosts

exit codes: 0 done (or a dry run that nothing refuses); 1 refused or failed; 2 wrong usage;
3 begun and not finished, or it waits for another person: drdeck runs show RUN says what to do next.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``rcg``."""
    rcg = commands.add_parser(
        "rcg",
        help="plan and run what is done to remote copy groups",
        epilog=WORDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    rcg.add_argument("verb", choices=VERBS, metavar="VERB", help=", ".join(VERBS))
    rcg.add_argument("groups", nargs="+", metavar="GROUP", help="name on the natural primary, or SYSTEMID:NAME")
    rcg.add_argument("--disaster", action="store_true", help="failover: the primary site is dark")
    rcg.add_argument("--no-export", action="store_true", help="make no VLUN on the side that takes over")
    rcg.add_argument(
        "--host", action="append", default=[], metavar="OLD=NEW", help="a host that is called otherwise there"
    )
    rcg.add_argument("--conflict-delay", type=float, default=0.0, metavar="S", help="seconds hosts have to let go")
    rcg.add_argument("--wave", type=int, default=16, metavar="N", help="groups acted on at a time (default: 16)")
    execution(rcg)


def execution(command: argparse.ArgumentParser) -> None:
    """The options of every command that makes a run."""
    command.add_argument("--execute", action="store_true", help="do it; without this nothing is changed")
    command.add_argument("--confirm", action="append", default=[], metavar="WORDS", help="words that must be typed")
    command.add_argument(
        "--break-glass", metavar="REASON", help="alone where another person has to approve: told to all, and kept"
    )
    command.add_argument("--incident", type=int, metavar="NUMBER", help="the run carries the number of this incident")
    command.add_argument("--json", action="store_true", help="print JSON")
    for name in ("--config", "--store"):
        command.add_argument(name, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=f"the {name[2:]} to use")


Draw = Callable[["Operations", str], "Plan"]
"""Looks, and draws up the plan of a run with this id."""


def drawing(arguments: argparse.Namespace) -> Draw:
    """What draws up the plan. Raises :class:`ValueError` with what was expected."""
    from store.rcg_verbs import RcgVerb

    options, verb, groups = _options(arguments), RcgVerb(arguments.verb), tuple(arguments.groups)
    return lambda operations, run_id: operations.plan_rcg(verb, groups, options, run_id)


def planned(
    settings: Settings,
    store_path: Place,
    arguments: argparse.Namespace,
    make: Callable[[argparse.Namespace], Draw],
) -> int:
    """What every command does that makes a run: understand, plan, show, do."""
    from app.config_table import SettingsError
    from app.recovery.draft import CannotPlanError
    from app.recovery.operations import Operations, new_run_id
    from app.recovery.step import UnseenError
    from backends.outcome import ParseError
    from store.database import open_store
    from store.ledger import Ledger, RunError

    try:
        draw = make(arguments)
    except ValueError as error:  # ParseError is one
        print(error, file=sys.stderr)
        return USAGE
    store, ledger = open_store(store_path), Ledger(store_path)
    try:
        operations, run_id = Operations(settings, store, ledger), new_run_id()
        return act(operations, lambda: draw(operations, run_id), run_id, arguments)
    except (CannotPlanError, ParseError, RunError) as error:
        print(error, file=sys.stderr)
        return FAILED
    except UnseenError as error:
        print(f"A device cannot be read: {error}", file=sys.stderr)
        return FAILED
    except SettingsError as error:  # a recovery plan's file
        print(error, file=sys.stderr)
        return USAGE
    finally:
        ledger.close()
        store.close()


def _options(arguments: argparse.Namespace) -> Options:
    """Raises :class:`ValueError` with what was expected."""
    from app.recovery.rcg.options import Options

    hosts = {}
    for pair in arguments.host:
        old, equals, new = pair.partition("=")
        if not (old and equals and new):
            raise ValueError(f"--host {pair}: expected OLD=NEW, two names of hosts")
        hosts[old] = new
    if arguments.disaster and arguments.verb != "failover":
        raise ValueError(f"--disaster goes with failover, not with {arguments.verb}")
    if arguments.wave < 1 or not 0 <= arguments.conflict_delay <= 3600:
        raise ValueError("expected --wave of 1 or more, --conflict-delay of 0 to 3600 seconds")
    return Options(
        disaster=arguments.disaster,
        exports=not arguments.no_export,
        hosts=hosts,
        conflict_delay_s=arguments.conflict_delay,
        wave=arguments.wave,
    )


def act(operations: Operations, draw: Callable[[], Plan], run_id: str, arguments: argparse.Namespace) -> int:
    """Show the plan that ``draw`` draws up and, with ``--execute``, run it. Returns the exit code."""
    from app.output import of_twin, twin_line
    from app.recovery.approval import aloud
    from app.recovery.maintenance import noted
    from app.runs_words import plan_as_json, plan_lines

    plan, asked = noted(draw(), operations.permits, operations.store), _asked(arguments)
    second = operations.needs_second(plan, asked)
    if arguments.break_glass is not None and second:
        plan, looked = aloud(plan), draw
        draw = lambda: aloud(looked())  # noqa: E731
    if plan.refused:
        first = plan.refused[0]
        print(f"Refused: {first.words}: {first.evidence}.", file=sys.stderr)
    if arguments.json and not arguments.execute:
        print(json.dumps({**plan_as_json(plan), **of_twin(operations.settings.twin)}, indent=2))
    elif not arguments.json:
        print("\n".join([*twin_line(operations.settings.twin), *plan_lines(plan)]))
        if second:
            print(f"\nAnother person has to approve it: {operations.permits.who_approves(plan)}")
    if plan.refused:
        return FAILED
    if not arguments.execute:
        return OK
    if operations.settings.read_only:
        print("Refused: the configuration says read_only.", file=sys.stderr)
        return FAILED
    if arguments.break_glass is not None and not (second and arguments.break_glass.strip()):
        needed = "it takes a reason" if second else "nobody else has to approve this"
        print(f"--break-glass: {needed}.", file=sys.stderr)
        return USAGE
    operations.may_propose(plan, alone=arguments.break_glass is not None)
    words = typed_words(plan, arguments.confirm)
    reason = _refusal(plan, draw, words)
    if reason is not None:
        print(f"Refused: {reason}.", file=sys.stderr)
        return FAILED
    run = operations.agree(run_id, plan, words, asked)
    if run.awaited is not None and arguments.break_glass is None:
        return _left(operations, run, as_json=arguments.json)
    if run.awaited is not None:
        operations.approve(run, words, arguments.break_glass)
    from app.runs_command import follow

    return follow(operations, run_id, as_json=arguments.json)


def _asked(arguments: argparse.Namespace) -> Asked:
    from app.orders import asked_by, of_shell

    return asked_by(arguments, of_shell(arguments.words, arguments.command))


def _left(operations: Operations, run: Run, *, as_json: bool) -> int:
    """Say that another person has to approve it. Nothing is sent before."""
    from app.runs_words import approval_lines, run_as_json

    lines = [json.dumps(run_as_json(run), indent=2)] if as_json else ["", *approval_lines(run)]
    print("\n".join(lines))
    print(f"Not begun. {operations.permits.who_approves(run.plan)}: drdeck runs approve {run.id}", file=sys.stderr)
    return PARTLY


def _refusal(plan: Plan, draw: Callable[[], Plan], words: Sequence[str]) -> str | None:
    """Why the words that were typed do not do, or, where typing them took its time, the plan any more."""
    from app.recovery.operations import changed, outdated, typed

    if (reason := typed(plan, words).words) is not None:
        return reason
    return changed(plan, draw(), words) if outdated(plan) else None


def typed_words(plan: Plan, given: Sequence[str]) -> list[str]:
    """The words of ``--confirm``, and on a terminal what is typed for those that are lacking."""
    from app.recovery.operations import typed

    words = list(given)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return words
    for wanted in typed(plan, words).missing:
        try:
            words.append(input(f"Type  {wanted}  to go on: ").strip())
        except EOFError:
            print()
            return words
        if wanted in typed(plan, words).missing:
            return words
    return words
