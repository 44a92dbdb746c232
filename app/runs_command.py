"""``drdeck runs``: what was run, what waits, and going on with it."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from app import approve_command, remarks_command
from app.output import of_twin, twin_line
from store.place import Place

if TYPE_CHECKING:
    from datetime import datetime

    from app.recovery.operations import Operations
    from app.recovery.runner import Runner
    from app.settings import Settings
    from store.errors import StoreAwayError
    from store.ledger import Ledger

OK, FAILED, USAGE, PARTLY = 0, 1, 2, 3


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``runs``."""
    runs = commands.add_parser("runs", help="list, show, approve, resume, abort or annotate runs")
    verbs = runs.add_subparsers(dest="runs_command", metavar="COMMAND", required=True)
    listing = verbs.add_parser("list", help="all runs, newest first")
    show = verbs.add_parser("show", help="one run: its steps, and what can be done next")
    resume = verbs.add_parser("resume", help="look again at each step that was under way, and go on")
    resume.add_argument("--skip", action="append", default=[], metavar="STEP", help="go on without this step")
    resume.add_argument("--mark-done", action="append", default=[], metavar="STEP", help="you saw that it is done")
    abort = verbs.add_parser("abort", help="begin nothing more")
    approve = approve_command.add_arguments(verbs)
    for command in (resume, abort):
        command.add_argument("--reason", default="", help="why; kept in the journal")
    for command in (show, resume, abort, approve):
        command.add_argument("run", metavar="RUN")
    remarks = remarks_command.add_arguments(verbs)
    for command in (listing, show, resume, abort, approve):
        command.add_argument("--json", action="store_true", help="print JSON")
    for command in (listing, show, resume, abort, approve, *remarks):
        for name in ("--config", "--store"):
            command.add_argument(name, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def run(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """``drdeck runs``. Returns the exit code. Raises :class:`store.errors.StoreError`."""
    from store.ledger import LeaseError, Ledger, RunError

    ledger = Ledger(store_path)
    try:
        match arguments.runs_command:
            case "list":
                return _list(ledger, settings.twin, arguments.json)
            case "show":
                return _show(ledger, settings, arguments.run, as_json=arguments.json)
            case "note" | "lesson":
                return remarks_command.run(settings, ledger, arguments)
            case "approve":
                return approve_command.run(settings, store_path, ledger, arguments)
            case "abort":
                return _abort(settings, store_path, ledger, arguments)
            case _:
                return _resume(settings, store_path, ledger, arguments)
    except (RunError, LeaseError) as error:
        print(f"{error}.", file=sys.stderr)
        return FAILED
    finally:
        ledger.close()


def _list(ledger: Ledger, twin: datetime | None, as_json: bool) -> int:
    from app.output import columns, stamp
    from app.runs_words import SCHEMA_VERSION, run_as_json
    from store.drills import owing

    found = ledger.runs()
    if as_json:
        print(
            json.dumps(
                {"schema_version": SCHEMA_VERSION, **of_twin(twin), "runs": [run_as_json(run) for run in found]},
                indent=2,
            )
        )
        return OK
    print("".join(f"{line}\n\n" for line in twin_line(twin)), end="")
    if not found:
        print("No run was ever proposed.")
        return OK
    rows, owed = [["RUN", "STATE", "PLAN", "PROPOSED", "BY"]], owing(found)
    for run in found:
        state = f"{run.state}{', clean-up owed' if run.id in owed else ''}"
        state += ", waits for approval" if run.awaited is not None else ", BREAK-GLASS" if run.glass else ""
        rows.append([run.id, state, run.plan.name, stamp(run.created_at) or "", run.by])
    print("\n".join(columns(rows)))
    return OK


def _show(ledger: Ledger, settings: Settings, run_id: str, *, as_json: bool) -> int:
    from app.runs_words import owed_lines, run_as_json, run_lines, ways_back

    run = ledger.run(run_id)
    if as_json:
        print(json.dumps({**run_as_json(run), **of_twin(settings.twin)}, indent=2))
        return OK
    lines = [*run_lines(run, settings.rto_s), *owed_lines(run, ledger), *ways_back(run, ledger.path)]
    print("\n".join([*twin_line(settings.twin), *lines]))
    return OK


def _resume(settings: Settings, store_path: Place, ledger: Ledger, arguments: argparse.Namespace) -> int:
    from app.recovery.operations import Operations
    from store.database import open_store
    from store.runs import Choice

    if (arguments.skip or arguments.mark_done) and not arguments.reason:
        print("Say why, with --reason: it is kept in the journal.", file=sys.stderr)
        return USAGE
    if settings.read_only:
        print("Refused: the configuration says read_only.", file=sys.stderr)
        return FAILED
    store = open_store(store_path)
    try:
        operations = Operations(settings, store, ledger)
        operations.may_go_on(arguments.run)
        for choice, named in ((Choice.SKIP, arguments.skip), (Choice.MARK_DONE, arguments.mark_done)):
            for step in named:
                operations.decide(arguments.run, choice, step, arguments.reason)
        return follow(operations, arguments.run, as_json=arguments.json)
    finally:
        store.close()


def _abort(settings: Settings, store_path: Place, ledger: Ledger, arguments: argparse.Namespace) -> int:
    """Abort here where nobody holds the run, or tell its holder to."""
    from app.recovery.operations import Operations
    from store.database import open_store
    from store.runs import Choice, RunState

    if settings.read_only:  # what a run made may have to be taken back
        print("Refused: the configuration says read_only.", file=sys.stderr)
        return FAILED
    found = ledger.run(arguments.run)
    store = open_store(store_path)
    try:
        operations = Operations(settings, store, ledger)
        if found.state in (RunState.PROPOSED, RunState.APPROVED):
            operations.drop(arguments.run, arguments.reason or "aborted before it began")
            return _show(ledger, settings, arguments.run, as_json=arguments.json)
        operations.decide(arguments.run, Choice.ABORT, None, arguments.reason)
        if found.holder is not None:
            print(f"{found.holder} was told to begin nothing more.", file=sys.stderr)
            return OK
        follow(operations, arguments.run, as_json=arguments.json)
    finally:
        store.close()
    return OK if ledger.run(arguments.run).state is RunState.ABORTED else FAILED


def follow(operations: Operations, run_id: str, *, as_json: bool) -> int:
    """As :func:`attend`; the run as it stands is printed at the end. Returns the exit code."""
    attend(operations, run_id)
    return _ended(operations, run_id, as_json=as_json)


def attend(operations: Operations, run_id: str) -> None:
    """Act for a run and say on standard error what happens.

    Ctrl-C leaves the run to be resumed, but not before what must not outlast it has been ended; a second one does.
    """
    from app.notify.beside import telling
    from app.recovery.operations import holder
    from app.recovery.runner import Runner
    from store.ledger import LeaseError

    teller = _Teller(operations.ledger, run_id)
    runner = Runner(operations.ledger, operations.devices, holder())
    failure: list[Exception] = []

    def act() -> None:
        try:
            runner.run(run_id, wait_for_operator=False)
        except Exception as error:
            failure.append(error)

    thread = threading.Thread(target=act, name=f"run {run_id}", daemon=True)
    with telling(operations):
        thread.start()
        try:
            while thread.is_alive():
                thread.join(0.2)
                teller.look()
        except KeyboardInterrupt:
            _leave(operations.ledger, run_id, runner, thread)
    teller.look()
    if failure and not isinstance(failure[0], LeaseError):
        raise failure[0]
    if failure:
        print(f"{failure[0]}.", file=sys.stderr)


def _leave(ledger: Ledger, run_id: str, runner: Runner, thread: threading.Thread) -> None:
    from store.errors import StoreAwayError

    with suppress(KeyboardInterrupt, StoreAwayError):
        if still := ledger.run(run_id).open:
            titles = ", ".join(step.title for step in still)
            print(f"Leaving as soon as this is done: {titles}. Ctrl-C once more leaves at once.", file=sys.stderr)
            runner.wind_up()
            while thread.is_alive():
                thread.join(0.2)
    runner.leave()
    thread.join(30)


def _ended(operations: Operations, run_id: str, *, as_json: bool) -> int:
    from store.runs import RunState

    run = operations.ledger.run(run_id)
    _show(operations.ledger, operations.settings, run_id, as_json=as_json)
    if run.state is RunState.SUCCEEDED:
        return OK
    return FAILED if run.state in (RunState.FAILED, RunState.ABORTED) else PARTLY


class _Teller:
    """Says on standard error what became of each step since it last looked."""

    def __init__(self, ledger: Ledger, run_id: str) -> None:
        self._ledger = ledger
        self._run = run_id
        self._said: dict[str, str] = {}
        self._away = False

    def _say_away(self, error: StoreAwayError | None) -> None:
        if (error is not None) != self._away:
            self._away = error is not None
            from app.recovery.patience import frozen

            words = "The store is back." if error is None else frozen(error)
            print(words, file=sys.stderr)

    def look(self) -> None:
        from store.errors import StoreAwayError

        try:
            run = self._ledger.run(self._run)
        except StoreAwayError as error:
            self._say_away(error)
            return
        self._say_away(None)
        for planned, step in zip(run.plan.steps, run.steps, strict=True):
            if step.state != self._said.get(step.id, "pending"):
                self._said[step.id] = step.state
                why = f": {step.reason}" if step.reason else ""
                print(f"{step.id}  {planned.title}: {step.state}{why}", file=sys.stderr)
