"""``drdeck lpar VERB LPAR …``: what is done to LPARs that come back at the recovery site, planned and run."""

from __future__ import annotations

import argparse

from app.rcg_command import Draw, execution

VERBS = ("failover",)

WORDS = """\
Nothing is changed without --execute: the plan is shown, with what it risks and how long it should take.
A destructive plan asks for words to be typed. Without a terminal give each as --confirm "WORDS".

  failover LPAR …            production is stopped, a last snapshot of its protection group carried over, the volumes
                             at the recovery site overwritten (a safety snapshot of each is kept), the LPARs activated
  failover LPAR … --disaster the newest complete snapshots are used, and what came after them is lost; production is
                             stopped at once where its HMC answers, or its volumes taken away where only its array
                             does; with the site silent, two witnesses and a second person must say that it is dark

LPARs are named or given as patterns ('erp_*'). They must have been aligned: drdeck pra.

exit codes: as with drdeck rcg.
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
    lpar.add_argument("lpars", nargs="+", metavar="LPAR", help="a name or a pattern, as at the recovery site")
    lpar.add_argument("--disaster", action="store_true", help="production is lost, or given up")
    lpar.add_argument("--immediate", action="store_true", help="stop production without asking its operating systems")
    lpar.add_argument("--wave", type=int, default=16, metavar="N", help="LPARs being activated at a time (default: 16)")
    execution(lpar)


def drawing(arguments: argparse.Namespace) -> Draw:
    """What draws up the plan. Raises :class:`ValueError` with what was expected."""
    from app.recovery.pra.failover_draft import Asked
    from app.recovery.pra.operate import plan_failover

    if not 1 <= arguments.wave <= 32:
        raise ValueError(f"--wave {arguments.wave}: expected 1 to 32")
    asked = Asked(arguments.disaster, arguments.immediate, arguments.wave)
    names = tuple(arguments.lpars)
    return lambda operations, run_id: plan_failover(operations, names, asked, run_id)
