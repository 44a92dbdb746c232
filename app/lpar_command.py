"""``drdeck lpar VERB LPAR …``: what is done to LPARs that come back at the recovery site, planned and run."""

from __future__ import annotations

import argparse
import sys
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from app.rcg_command import Draw, execution
from app.runs_command import FAILED
from store.place import Place

if TYPE_CHECKING:
    from app.settings import Settings

VERBS = ("check", "align", "failover", "reprotect", "failback", "drill", "cleanup")

WORDS = """\
Nothing is changed without --execute: the plan is shown, with what it risks and how long it should take.
A destructive plan asks for words to be typed. Without a terminal give each as --confirm "WORDS".

  check [LPAR …]             whether each could come back now, and why not; changes nothing
  align LPAR …               what the recovery site lacks for them is added, as drdeck pra does for all; what rests on
                             WWPNs that are not issued yet is added by aligning once more
  failover LPAR …            production is stopped, a last snapshot of its protection group carried over, the volumes
                             at the recovery site overwritten (a safety snapshot of each is kept), the LPARs activated
  failover LPAR … --disaster the newest complete snapshots are used, and what came after them is lost; production is
                             stopped at once where its HMC answers, or its volumes taken away where only its array
                             does; with the site silent, two witnesses and a second person must say that it is dark
  reprotect LPAR …           after a failover: replicate them from where they run to where they were
  failback LPAR …            the planned failover the other way; nothing is powered back on without its data
  drill LPAR …               on copies of their own and on the isolated network of [pra], while production runs on
  cleanup RUN                after a drill: its LPARs stopped, its volumes destroyed, everything as it was before

LPARs are named or given as patterns ('erp_*'). They must have been aligned: drdeck pra.

exit codes: as with drdeck rcg; check: 0 all ready, 1 one is not ready, 3 of one it is not known.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``lpar``."""
    lpar = commands.add_parser(
        "lpar",
        help="plan and run failovers of LPARs",
        epilog=WORDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    lpar.add_argument("verb", choices=VERBS, metavar="VERB", help=", ".join(VERBS))
    lpar.add_argument("lpars", nargs="*", metavar="LPAR", help="a name or a pattern, as at the recovery site")
    lpar.add_argument("--disaster", action="store_true", help="production is lost, or given up")
    lpar.add_argument("--immediate", action="store_true", help="stop production without asking its operating systems")
    lpar.add_argument("--wave", type=int, default=32, metavar="N", help="LPARs being activated at a time (default: 32)")
    execution(lpar)


def drawing(arguments: argparse.Namespace) -> Draw:
    """What draws up the plan. Raises :class:`ValueError` with what was expected."""
    from app.recovery.pra.failover_draft import Asked
    from app.recovery.pra.operate import plan_align_of, plan_cleanup, plan_drill, plan_failover, plan_reprotect

    if not 1 <= arguments.wave <= 32:
        raise ValueError(f"--wave {arguments.wave}: expected 1 to 32")
    verb, names = arguments.verb, tuple(arguments.lpars)
    if not names or verb == "check":
        raise ValueError(f"{verb} LPAR …: expected a name or a pattern" if verb != "check" else "check makes no plan")
    if arguments.disaster and verb != "failover":
        raise ValueError(f"--disaster goes with failover, not with {verb}")
    if arguments.immediate and verb not in ("failover", "failback"):
        raise ValueError(f"--immediate goes with failover and failback, not with {verb}")
    if verb == "align":
        return lambda operations, run_id: plan_align_of(operations, names, run_id)
    if verb == "reprotect":
        return lambda operations, run_id: plan_reprotect(operations, names, run_id)
    if verb == "cleanup":
        if len(names) != 1:
            raise ValueError("cleanup RUN: expected the one run that was the drill")
        return lambda operations, run_id: plan_cleanup(operations, names[0], run_id)
    if verb == "drill":
        return lambda operations, run_id: plan_drill(operations, names, arguments.wave, run_id)
    asked = Asked(arguments.disaster, arguments.immediate, arguments.wave)
    back = verb == "failback"
    return lambda operations, run_id: plan_failover(operations, names, asked, run_id, back=back)


def check(settings: Settings, store_path: Place, arguments: argparse.Namespace) -> int:
    """``drdeck lpar check``. Returns the exit code. Raises :class:`store.errors.StoreError`."""
    from app.readiness_words import show
    from app.recovery.draft import CannotPlanError
    from app.recovery.operations import Operations
    from app.recovery.pra.operate import checked
    from store.database import open_store
    from store.ledger import Ledger

    store, ledger = open_store(store_path), Ledger(store_path)
    try:
        _, every = checked(Operations(settings, store, ledger))
    except CannotPlanError as error:
        print(error, file=sys.stderr)
        return FAILED
    finally:
        ledger.close()
        store.close()
    names = arguments.lpars or ["*"]
    found = [each for each in every if any(fnmatchcase(each.name, name) for name in names)]
    if not found:
        print(f"No protected LPAR is called {' or '.join(names)}", file=sys.stderr)
        return FAILED
    return show(found, "lpars", as_json=arguments.json)
