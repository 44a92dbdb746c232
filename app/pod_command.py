"""``drdeck pod VERB POD``: ActiveDR pods demoted, promoted, drilled and brought back, planned and run."""

from __future__ import annotations

import argparse

from app.rcg_command import Draw, execution

VERBS = ("demote", "promote", "undo")

WORDS = """\
Nothing is changed without --execute: the plan is shown, with what it risks and how long it should take.
A destructive plan asks for words to be typed. Without a terminal give each as --confirm "WORDS".

  demote POD                the source, with its hosts off: read-only once everything is across
  promote POD               the other side then: it takes writes, and replicates back
  promote POD --disaster    the source is silent, and two witnesses and a second person say that its site is dark; or it
                            is demoted already. What is not across is lost: minutes that are typed
  promote POD --drill       the source stays promoted and goes on replicating; the hosts of this side are isolated
  demote POD --discard      at once: the end of a drill, or an old side that came back; what only this side holds is
                            discarded, and kept in POD.undo-demote until the array eradicates that. With --disaster: a
                            drill during which the source was lost; then promote POD --disaster
  undo POD                  promoted with what POD.undo-demote kept, which is used up by it; --drill: although the other
                            side stays promoted

The array is the one that has a pod of this name on the side that the verb is for; --on says which where several could
be meant. A host counts as off when it has WWNs and none is logged in to the array: from one that stays logged in for
other volumes disconnect those of the pod first.

exit codes: as with drdeck rcg.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``pod``."""
    pod = commands.add_parser(
        "pod",
        help="plan and run what is done to ActiveDR pods",
        epilog=WORDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = pod.add_argument
    add("verb", choices=VERBS, metavar="VERB", help=", ".join(VERBS))
    add("pod", metavar="POD", help="its name on the array that is acted on")
    add("--disaster", action="store_true", help="promote, demote --discard: the source is lost")
    add("--drill", action="store_true", help="promote, undo: beside the other side, which stays promoted")
    add("--discard", action="store_true", help="demote: at once, without what is pending")
    add("--from", dest="undo", metavar="POD", help="undo: the undo-demote pod, where there are several")
    add("--wait", type=float, default=15.0, metavar="MIN", help="how long each step is waited for (default: 15)")
    add("--on", metavar="DEVICE", help="the array that has the pod")
    execution(pod)


def drawing(arguments: argparse.Namespace) -> Draw:
    """What draws up the plan. Raises :class:`ValueError` with what was expected."""
    from app.recovery.pod.operate import plan_pod
    from app.recovery.pod.request import Asked, PodVerb
    from backends.flasharray import names

    verb = PodVerb(arguments.verb)
    _fitting(verb, arguments)
    asked = Asked(
        verb=verb,
        pod=names.name(arguments.pod),
        on=arguments.on,
        disaster=arguments.disaster,
        drill=arguments.drill,
        discard=arguments.discard,
        undo=names.undo_pod(arguments.undo) if arguments.undo is not None else None,
        wait_s=arguments.wait * 60,
    )
    return lambda operations, run_id: plan_pod(operations, asked, run_id)


def _fitting(verb: str, arguments: argparse.Namespace) -> None:
    fits = {"disaster": ("promote", "demote"), "drill": ("promote", "undo"), "discard": ("demote",), "undo": ("undo",)}
    for name, verbs in fits.items():
        if getattr(arguments, name) and verb not in verbs:
            option = "from" if name == "undo" else name
            raise ValueError(f"--{option} goes with {' and '.join(verbs)}, not with {verb}")
    if arguments.disaster and verb == "demote" and not arguments.discard:
        raise ValueError("--disaster goes with demote --discard: a drill that the disaster met")
    if arguments.disaster and arguments.drill:
        raise ValueError("--disaster and --drill exclude each other: in a drill the source serves on")
    if not 0 < arguments.wait <= 24 * 60:
        raise ValueError(f"--wait {arguments.wait:g}: expected minutes, more than 0 and up to 1440")
