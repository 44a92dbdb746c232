"""``drdeck plan VERB``: recovery plans over all technologies, listed, checked, drafted and run."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.rcg_command import Draw, execution, planned
from app.runs_command import FAILED, OK, PARTLY, USAGE
from store.place import Place, is_there

if TYPE_CHECKING:
    from app.plans.catalogue import Listed
    from app.plans.records import RecoveryPlan
    from app.recovery.plan.standing import PlanStanding
    from app.settings import Settings
    from store.runs import Run

KINDS = ("planned", "disaster", "drill", "cleanup", "reprotect", "failback")

WORDS = """\
A plan is a TOML file in the directory that [plans] names (default: plans/ beside the configuration): applications in
priority groups, each with its LPARs, protection groups, remote copy groups and VMs, in what order they come back, with
steps before and after, and RTO and RPO targets.

  list                   the plans there are, and how each stands since it was last checked
  show NAME              what is in one, in the order in which it comes back; how it stands, how long a run should take
                         as a whole and for each application, how long each took in its runs and drills, when the last
                         drill passed, what is owed, and what the last run came to
  check NAME             whether it could be run now: every check of its members, room for the sum of them, RPO now and
                         RTO expected against the targets; what passes is verified until the file, or a fact that it
                         rests on, changes
  new NAME               draft one out of what is known of the estate; shown only, --execute writes the file
  import NAME FILE.csv   the same out of a table with the columns name, and any of kind (lpar, pgroup, pod, rcg,
                         vm), application, order, group, after, rto, rpo
  run NAME --kind planned    one run: stopped in reverse order, the last of the data carried over, started in order
  run NAME --kind disaster   the newest copies are used, and what came after them is lost
  run NAME --kind drill      all of it comes up on copies and in isolation, while production runs on; refused where a
                             member has no isolated network
  run NAME --kind cleanup    takes away what the last drill made; owed until it is done
  run NAME --kind reprotect  after a failover: replicates everything from where it runs to where it was
  run NAME --kind failback   then the planned run the other way, home again

Nothing is changed without --execute. A run asks for words to be typed; without a terminal give each as
--confirm "WORDS". --without leaves out what cannot come back, by the name of a member or an application.

exit codes: as with drdeck rcg; check: 0 verified, 1 not, 3 something could not be read; 2 also for an error in a plan,
with its line.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``plan``."""
    plan = commands.add_parser(
        "plan",
        help="recovery plans over all technologies: list, check, draft and run them",
        epilog=WORDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = plan.add_subparsers(dest="plan_command", metavar="VERB", required=True)
    for name, words in (("list", "the plans there are"), ("show", "what is in one"), ("check", "could it be run now")):
        verb = verbs.add_parser(name, help=words)
        if name != "list":
            verb.add_argument("name", metavar="NAME")
        _common(verb)
    for name, words in (("new", "draft one from what is known"), ("import", "draft one from a CSV")):
        verb = verbs.add_parser(name, help=words)
        verb.add_argument("name", metavar="NAME")
        if name == "import":
            verb.add_argument("file", type=Path, metavar="FILE.csv")
        verb.add_argument("--from", dest="source", metavar="SITE", help="the site that production is at")
        verb.add_argument("--to", dest="target", metavar="SITE", help="the site that it comes back at")
        verb.add_argument("--execute", action="store_true", help="write the file; without this it is shown")
        _common(verb)
    run = verbs.add_parser("run", help="fail everything in it over, drill it, and bring it home")
    run.add_argument("name", metavar="NAME")
    run.add_argument("--kind", choices=KINDS, required=True, help=f"{', '.join(KINDS[:-1])} or {KINDS[-1]}")
    run.add_argument("--without", action="append", default=[], metavar="NAME", help="leave this out")
    execution(run)


def _common(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--json", action="store_true", help="print JSON")
    for name in ("--config", "--store"):
        verb.add_argument(name, type=Path, metavar="FILE", default=argparse.SUPPRESS, help=f"the {name[2:]} to use")


def drawing(arguments: argparse.Namespace) -> Draw:
    """What draws up a run. Raises :class:`ValueError` with what was expected."""
    from app.plans.records import Kind
    from app.recovery.plan.operate import plan_run

    kind, name, without = Kind(arguments.kind), arguments.name, tuple(arguments.without)
    return lambda operations, run_id: plan_run(operations, name, kind, without, run_id)


def run(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """Returns the exit code. Raises :class:`app.config_table.SettingsError` with the errors of a file, and
    :class:`store.errors.StoreError`."""
    from app.plans.catalogue import NoPlanError

    try:
        match arguments.plan_command:
            case "list":
                return _list(settings, store_path, as_json=arguments.json)
            case "show":
                return _show(settings, store_path, arguments)
            case "check":
                return _check(settings, store_path, arguments)
            case "new" | "import":
                return _make(settings, store_path, arguments)
            case _:
                return planned(settings, store_path, arguments, drawing)
    except NoPlanError as error:
        print(error, file=sys.stderr)
        return FAILED


def asks_devices(arguments: argparse.Namespace) -> bool:
    """Whether devices are logged in to."""
    return arguments.plan_command in ("check", "run")


def _list(settings: Settings, store_path: Place, *, as_json: bool) -> int:
    from app.output import columns
    from app.plans.catalogue import listed, members_in_words
    from app.plans.past import drilled
    from app.recovery.plan.standing import standings
    from store.plan_history import history

    found = listed(settings.plan_folder)
    stand = standings(settings, store_path, [each.plan for each in found if each.plan is not None])
    if as_json:
        told = [_listed_json(each, stand.get(each.name)) for each in found]
        print(json.dumps({"schema_version": 1, "plans": told}, indent=2))
    elif not found:
        print(f"There is no plan in {settings.plan_folder}. drdeck plan new NAME drafts one.")
    else:
        rows, runs = [["PLAN", "STATE", "FROM", "TO", "MEMBERS", "RPO", "RTO", "DRILLED"]], _runs(store_path)
        for each in found:
            plan, at = each.plan, stand.get(each.name)
            if plan is None or at is None:
                rows.append([each.name, "cannot be used", "-", "-", "see below", "-", "-", "-"])
            else:
                worst = [at.rpo_words, at.rto_words, drilled(history(runs, plan.name))]
                rows.append([each.name, at.words, plan.source, plan.target, members_in_words(plan), *worst])
        print("\n".join(columns(rows)))
    wrong = [each.error for each in found if each.error is not None]
    for error in wrong:
        print(error, file=sys.stderr)
    return USAGE if wrong else OK


def _listed_json(each: Listed, at: PlanStanding | None) -> dict[str, Any]:
    plan = each.plan
    errors = [] if each.error is None else str(each.error).splitlines()
    told: dict[str, Any] = {"name": each.name, "file": str(each.path), "errors": errors}
    if plan is not None and at is not None:
        told |= {
            "from": plan.source,
            "to": plan.target,
            "digest": plan.digest,
            "state": at.state,
            "changed": at.changed,
        }
        told["applications"] = [application.name for application in plan.applications]
        from store.recorded import to_text

        told["check"] = None if at.check is None else json.loads(to_text(at.check))
    return told


def _check(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    from app.recovery.draft import CannotPlanError
    from app.recovery.operations import Operations, new_run_id
    from app.recovery.plan.operate import loaded
    from app.recovery.plan.readiness import check
    from app.recovery.plan.standing import check_lines
    from store import plan_checks
    from store.database import open_store
    from store.ledger import Ledger
    from store.recorded import to_text

    store, ledger = open_store(store_path), Ledger(store_path)
    try:
        operations = Operations(settings, store, ledger)
        found = check(operations, loaded(operations, arguments.name), new_run_id())
        store.flush()
    except CannotPlanError as error:
        print(error, file=sys.stderr)
        return FAILED
    finally:
        ledger.close()
        store.close()
    plan_checks.keep(store_path, found)
    if arguments.json:
        told = {**json.loads(to_text(found)), "verified": not found.stops}
        print(json.dumps({"schema_version": 1, "check": told}, indent=2))
    else:
        print("\n".join(check_lines(found)))
    return PARTLY if found.unknown else FAILED if found.stops else OK


def _make(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    from app.plans import making, writer
    from app.plans.words import plan_as_json

    try:
        way, name = making.sites(settings, arguments.source, arguments.target), arguments.name
        if arguments.plan_command == "new":
            content, plan = making.new(settings, store_path, way, name)
        else:
            content, plan = making.imported(settings, store_path, way, name, arguments.file)
        if arguments.execute:
            writer.write(plan.path, content)
    except making.MakingError as error:
        print(error, file=sys.stderr)
        return FAILED
    except OSError as error:  # FileExistsError is one
        print(f"{error.filename} cannot be written: {error.strerror}", file=sys.stderr)
        return FAILED
    if arguments.json:
        told = {"written": bool(arguments.execute), "text": content, "plan": plan_as_json(plan)}
        print(json.dumps({"schema_version": 1, **told}, indent=2))
        return OK
    if arguments.execute:
        print(f"Written: {plan.path}. Look at it, then: drdeck plan check {name}")
    else:
        print(content)
        print(f"# Nothing is written. With --execute it goes to {plan.path}", file=sys.stderr)
    return OK


def _show(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """What is in a plan, how it stands, what is foreseen of it, and what its runs came to. No device is asked."""
    from datetime import UTC, datetime

    from app.plans.catalogue import load
    from app.plans.past import as_json, lines
    from app.plans.words import plan_as_json, plan_lines
    from app.recovery.plan.standing import last_run, last_run_lines, standing_lines, standings
    from app.runs_words import outcomes_as_json
    from store.plan_history import history
    from store.recorded import to_text

    plan: RecoveryPlan = load(settings.plan_folder, arguments.name)
    at, runs = standings(settings, store_path, [plan])[plan.name], _runs(store_path)
    known, last = history(runs, plan.name), last_run(runs, plan.name)
    if arguments.json:
        told: dict[str, Any] = {"plan": plan_as_json(plan), "state": at.state, "changed": at.changed}
        told["check"] = None if at.check is None else json.loads(to_text(at.check))
        told["history"] = as_json(known)
        told["last_run"] = None if last is None else {"run": last.id, "state": last.state, **outcomes_as_json(last)}
        told["history"] = as_json(known)
        print(json.dumps({"schema_version": 1, **told}, indent=2))
    else:
        now = datetime.now(UTC)
        told_last = last_run_lines(last, now)
        print("\n".join([*plan_lines(plan), *standing_lines(at, now), *lines(plan, known), *told_last]))
    return OK


def _runs(store_path: Place) -> tuple[Run, ...]:
    """All runs of recovery plans; none where there is no store yet."""
    from store.ledger import Ledger
    from store.plan_runs import EVERY

    if not is_there(store_path):
        return ()
    ledger = Ledger(store_path)
    try:
        return tuple(run for verb in EVERY for run in ledger.runs_of(verb))
    finally:
        ledger.close()
