"""``drdeck schedule`` and ``drdeck scheduler``: what runs by itself, when, and what became of it."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.runs_command import FAILED, OK, PARTLY, USAGE
from store.place import Place

if TYPE_CHECKING:
    from app.settings import Settings
    from app.timetable.keeper import Timekeeper
    from app.timetable.work import JobKind
    from store.schedule_book import ScheduleBook
    from store.schedules import Schedule, ScheduleRun

EVERY = ("5m", "10m", "15m", "20m", "30m", "hour", "2h", "3h", "4h", "6h", "8h", "12h", "day", "week", "month")
KINDS = (
    *("vm-snapshot", "vm-backup", "pg-snapshot", "rcg-sync", "replicate", "align", "readiness", "health", "clean-up"),
    *("drill", "drill-reminder"),
)
"""As in :mod:`app.timetable.kinds`, which cannot be imported for the sake of ``--help``."""

SCHEMA_VERSION = 1
STOP_S = 60.0
"""How long what is under way may take to end once the scheduler is to stop."""

KEEP_S = 10.0

WORDS = """\
KIND                TARGET
  vm-snapshot       a machine's name or instance UUID; --keep N (7), --memory or --quiesce
  vm-backup         machines, commas between: a full backup of each, in the directory of [backups]; --keep N (7)
  pg-snapshot       a protection group; --replicate
  rcg-sync          remote copy groups, commas between
  replicate         a replication of the configuration: one pass; each has such a schedule by itself
  align             none: as drdeck pra --apply
  readiness         none: how each protected LPAR and replicated VM stands
  health            none: read every device, and score what is not right
  clean-up          none: old history and events of the store
  drill             replications, or groups of [[auto.groups]], commas between; on their isolated networks alone;
                    --cleanup-after MIN (60; 0: you are told that it is owed). Nobody types anything then: whoever
                    makes the schedule agrees to its drills and to their clean-up
  drill-reminder    what was drilled, groups too, commas between, or none; --days N (90)

Times are on the clock of --zone, the machine's own where none is given. A day that a month has not is its last day; a
time that a clock change leaves out is the first minute after it, and one that comes twice counts once.

Schedules run in drdeck scheduler, and in every open console that may act: whoever takes a time first does it, once.
"""

SCHEDULER = """\
Runs what is due until it is ended by SIGTERM or Ctrl-C. What is under way then comes to its end, or is left so that the
next scheduler goes on with it. Any number may run on one store.

exit codes: 0 stopped; 1 refused; 2 an error in the configuration; 4 the store cannot be used.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``schedule`` and ``scheduler``."""
    raw = argparse.RawDescriptionHelpFormatter
    schedule = commands.add_parser(
        "schedule", help="what runs by itself: list, add, edit, run, history", epilog=WORDS, formatter_class=raw
    )
    verbs = schedule.add_subparsers(dest="schedule_command", metavar="COMMAND", required=True)
    listing = verbs.add_parser("list", help="all schedules: next and last runs, results, misfires")
    add = verbs.add_parser("add", help="a new schedule", epilog=WORDS, formatter_class=raw)
    add.add_argument("name", metavar="NAME")
    add.add_argument("kind", metavar="KIND", choices=KINDS, help=", ".join(KINDS))
    add.add_argument("target", metavar="TARGET", nargs="?", default="", help="what it is done to")
    add.add_argument("--every", choices=EVERY, required=True, help="how often")
    edit = verbs.add_parser("edit", help="change a schedule; what is not given stays")
    edit.add_argument("--rename", metavar="NAME", help="call it so from now on")
    edit.add_argument("--target", metavar="TARGET", help="what it is done to")
    edit.add_argument("--every", choices=EVERY, help="how often")
    for each in (add, edit):
        _when(each)
    others = {
        word: verbs.add_parser(word, help=text)
        for word, text in (
            ("pause", "nothing of it begins by itself any more"),
            ("resume", "due again from now on"),
            ("run", "do it now, here"),
            ("remove", "no such schedule any more; its history stays"),
            ("history", "what became of each time, newest first"),
            ("next", "the next dates"),
        )
    }
    for each in (edit, *others.values()):
        each.add_argument("name", metavar="NAME")
    others["history"].add_argument("--most", type=int, default=20, metavar="N", help="so many (default: 20)")
    others["next"].add_argument("--count", type=int, default=5, metavar="N", help="so many (default: 5)")
    scheduler = commands.add_parser(
        "scheduler", help="run the schedules without a console", epilog=SCHEDULER, formatter_class=raw
    )
    for each in (listing, add, edit, *others.values()):
        each.add_argument("--json", action="store_true", help="print JSON")
    for each in (listing, add, edit, *others.values(), scheduler):
        for option in ("--config", "--store"):
            each.add_argument(option, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def _when(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--at", metavar="HH:MM", help="with hours :MM, the minute (default: 02:00, with hours :00)")
    add("--weekday", metavar="DAY", help="with week (default: Monday)")
    add("--day", metavar="N", help="with month (default: 1)")
    add("--zone", metavar="ZONE", help="such as Europe/Paris")
    add("--keep", type=int, metavar="N", help="vm-snapshot, vm-backup: so many that this schedule made stay")
    add("--cleanup-after", type=int, dest="cleanup_min", metavar="MIN", help="drill: clean up after so many minutes")
    add("--days", type=int, metavar="N", help="drill-reminder: older than that")
    for option, text in (
        ("memory", "vm-snapshot: with the machine's memory"),
        ("quiesce", "vm-snapshot: with the guest's file systems at rest"),
        ("replicate", "pg-snapshot: sent to the group's target"),
    ):
        add(f"--{option}", action=argparse.BooleanOptionalAction, default=None, help=text)


def run(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """``drdeck schedule``. Returns the exit code. Raises :class:`store.errors.StoreError`."""
    from app.recovery.operations import who
    from store.schedule_book import ScheduleBook, ScheduleError

    changes = arguments.schedule_command not in ("list", "history", "next")
    if changes and settings.read_only:
        print("Refused: the configuration says read_only.", file=sys.stderr)
        return FAILED
    book = ScheduleBook(store_path, who())
    try:
        if changes:
            _check(settings, book, arguments)
        return _do(settings, book, arguments)
    except ScheduleError as error:
        print(f"{error}.", file=sys.stderr)
        return FAILED
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE
    finally:
        book.close()


def _check(settings: Settings, book: ScheduleBook, arguments: argparse.Namespace) -> None:
    """What is changed, as it is and as it is to be. Raises :class:`app.permits.RefusedError`, and ScheduleError."""
    from app.permits import Act, Permits
    from app.schedule_sites import sites
    from store.firstlook import first_look

    permits, command = Permits(settings), arguments.schedule_command
    if not permits.access.grants:
        return
    look = first_look(book.path)
    view = None if look is None else look.view()
    if command == "add":
        about = [(arguments.kind, arguments.target)]
    else:
        found = book.named(arguments.name)
        about = [(found.kind, target) for target in (found.target, getattr(arguments, "target", None)) if target]
    for kind, target in about or [("", "")]:
        at = sites(permits, view, settings.replications, kind, target)
        permits.check(Act.RUN_SCHEDULE if command == "run" else Act.SCHEDULE, at)


def _do(settings: Settings, book: ScheduleBook, arguments: argparse.Namespace) -> int:
    match arguments.schedule_command:
        case "list":
            return _list(book, as_json=arguments.json)
        case "add":
            return _add(book, arguments)
        case "edit":
            return _edit(book, arguments)
        case "pause":
            return _shown(book, book.pause(arguments.name), as_json=arguments.json)
        case "resume":
            found = book.named(arguments.name)
            return _shown(book, book.resume(found.name), as_json=arguments.json)
        case "remove":
            book.remove(arguments.name)
            return OK
        case "history":
            return _history(book, arguments)
        case "next":
            return _shown(book, book.named(arguments.name), as_json=arguments.json, count=arguments.count)
        case _:
            return _run_now(settings, book, book.named(arguments.name), as_json=arguments.json)


def _kind(schedule: Schedule) -> JobKind:
    """Raises :class:`ValueError` for a kind that this program does not know."""
    from app.timetable.kinds import kind_of

    found = kind_of(schedule)
    if found is None:
        raise ValueError(f"{schedule.name} is a schedule of kind {schedule.kind}: this program does not know it")
    return found


def _add(book: ScheduleBook, arguments: argparse.Namespace) -> int:
    from app import schedule_words as words
    from app.timetable.kinds import KINDS as BY_WORD
    from store.schedules import JobOptions
    from store.timetable import Frequency, Timetable

    kind = BY_WORD[arguments.kind]
    before = Timetable(Frequency.DAILY, zone=words.local_zone())
    when = words.timetable(arguments, before)
    how = words.options(arguments, JobOptions(), kind)
    _check_target(kind, arguments.target)
    made = book.add(words.name(arguments.name), kind.word, arguments.target, how, when)
    return _shown(book, made, as_json=arguments.json)


def _edit(book: ScheduleBook, arguments: argparse.Namespace) -> int:
    from app import schedule_words as words

    found = book.named(arguments.name)
    kind = _kind(found)
    when = words.timetable(arguments, found.timetable)
    how = words.options(arguments, found.options, kind)
    target = found.target if arguments.target is None else arguments.target
    _check_target(kind, target)
    called = None if arguments.rename is None else words.name(arguments.rename)
    return _shown(book, book.edit(found.name, target, how, when, called), as_json=arguments.json)


def _check_target(kind: JobKind, target: str) -> None:
    try:
        kind.check(target)
    except ValueError as error:
        raise ValueError(f"TARGET of {kind.word} ({kind.target or 'it has none'}): {error}") from None


def _shown(book: ScheduleBook, schedule: Schedule, *, as_json: bool, count: int | None = None) -> int:
    """Show a schedule with its next dates."""
    from app import schedule_words as words

    now = datetime.now(UTC)
    if count is not None and not 1 <= count <= 1000:
        raise ValueError(f"--count {count}: expected 1 to 1000")
    if as_json:
        content = words.as_json(schedule, next(iter(book.runs(schedule.id, 1)), None), now)
        print(json.dumps({"schema_version": SCHEMA_VERSION, **content}, indent=2))
        return OK
    about = f" of {schedule.target}" if schedule.target else ""
    print(f"{schedule.name}: {schedule.kind}{about}, {schedule.timetable.words}")
    print("\n".join(words.date_lines(schedule, now, count or words.DATES)))
    return OK


def _list(book: ScheduleBook, *, as_json: bool) -> int:
    from app import schedule_words as words
    from app.output import columns, stamp

    now, schedules = datetime.now(UTC), book.schedules()
    newest = {each.id: next(iter(book.runs(each.id, 1)), None) for each in schedules}
    if as_json:
        rows = [words.as_json(each, newest[each.id], now) for each in schedules]
        print(json.dumps({"schema_version": SCHEMA_VERSION, "schedules": rows}, indent=2))
        return OK
    if not schedules:
        print("There is no schedule. drdeck scheduler, and the console, begin with clean-up and health.")
        return OK
    lines = [["NAME", "KIND", "TARGET", "WHEN", "NEXT", "LAST", "RESULT", "TOOK", "MISFIRES"]]
    for each in schedules:
        last = newest[each.id]
        took = "" if last is None or last.took_s is None else f"{last.took_s:.0f} s"
        when = "paused" if each.next_run is None else stamp(each.next_run) or ""
        result = ("", "") if last is None else (stamp(last.began_at) or "", str(last.result))
        lines.append([each.name, each.kind, each.target, each.timetable.words, when, *result, took, str(each.misfires)])
    print("\n".join(columns(lines)))
    return OK


def _history(book: ScheduleBook, arguments: argparse.Namespace) -> int:
    from app import schedule_words as words

    if arguments.most < 1:
        raise ValueError(f"--most {arguments.most}: expected 1 or more")
    found = book.runs(book.named(arguments.name).id, arguments.most)
    if arguments.json:
        rows = [words.run_as_json(each) for each in found]
        print(json.dumps({"schema_version": SCHEMA_VERSION, "name": arguments.name, "runs": rows}, indent=2))
    else:
        print("\n".join(words.history_lines(found)) or f"{arguments.name} was never due.")
    return OK


def _run_now(settings: Settings, book: ScheduleBook, schedule: Schedule, *, as_json: bool) -> int:
    """Do it here and now, and show what became of it."""
    from app import schedule_words as words
    from app.recovery.operations import Operations
    from app.timetable.keeper import Timekeeper
    from app.timetable.kinds import KINDS as BY_WORD
    from store.database import open_store
    from store.ledger import Ledger
    from store.schedules import Result

    _kind(schedule)
    store, ledger = open_store(book.path), Ledger(book.path)
    try:
        keeper = Timekeeper(book, Operations(settings, store, ledger), BY_WORD)
        made = _kept(book, keeper, schedule)
    finally:
        ledger.close()
        store.close()
    print(json.dumps(words.run_as_json(made), indent=2) if as_json else "\n".join(words.history_lines([made])))
    if made.result in (Result.SUCCEEDED, Result.WARNED):
        return OK
    return PARTLY if made.result in (Result.UNKNOWN, Result.INTERRUPTED) else FAILED


def _kept(book: ScheduleBook, keeper: Timekeeper, schedule: Schedule) -> ScheduleRun:
    """Run it on a thread, and say meanwhile that it is being done. Ctrl-C leaves it to be resumed."""
    import threading

    made: list[ScheduleRun] = []
    failure: list[Exception] = []

    def work() -> None:
        try:
            made.append(keeper.run_now(schedule))
        except Exception as error:
            failure.append(error)

    thread = threading.Thread(target=work, name=f"schedule {schedule.name}", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(KEEP_S)
            book.keep(keeper.busy)
    except KeyboardInterrupt:
        print("Leaving it, to be gone on with by a scheduler.", file=sys.stderr)
        keeper.stop(STOP_S)
        thread.join(STOP_S)
    if failure:
        raise failure[0]
    return book.run(made[0].id) if made else book.runs(schedule.id, 1)[0]


def scheduler(settings: Settings, store_path: Place) -> int:
    """``drdeck scheduler``. Returns the exit code. Raises :class:`store.errors.StoreError`."""
    import signal
    import threading

    from app.headless import Headless
    from app.permits import Act, Permits

    if settings.read_only:
        print("Refused: the configuration says read_only.", file=sys.stderr)
        return FAILED
    Permits(settings).check(Act.SERVE)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with closing(Headless(settings, store_path, _say)) as running:
        _say(running.start())
        while not ended.wait(1.0):  # an event without a limit is not woken by a signal everywhere
            pass
        _say("stopping")
        running.stop(STOP_S)
        _say("stopped")
    return OK


def _say(text: str) -> None:
    print(text, flush=True)
