"""``drdeck volume VERB GROUP VOLUME``: volumes into and out of remote copy groups, made and deleted with them."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.rcg_command import Draw, execution

if TYPE_CHECKING:
    from app.recovery.rcg.provision_plans import NewGroup, NewVolume
    from app.recovery.rcg.situation import RcgDraft

VERBS = ("create", "add", "remove", "delete")
_SIZE = re.compile(r"(\d{1,9})([MGT])", re.ASCII)
_FACTOR = {"M": 1, "G": 1024, "T": 1024 * 1024}

WORDS = """\
  create    make a volume and replicate it (--size, --cpg); the group is made where it does not exist (--on)
  add       replicate a volume that exists
  remove    replicate it no longer; both volumes stay
  delete    delete it on both arrays, and the group with its last volume

A group that is Started is stopped for it and started again. Where a step fails, what the run made is taken back, and a
group that it stopped is started again. Nothing is changed without --execute.
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``volume``."""
    volume = commands.add_parser(
        "volume",
        help="make, add, remove and delete replicated volumes",
        epilog=WORDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    volume.add_argument("verb", choices=VERBS, metavar="VERB", help=", ".join(VERBS))
    volume.add_argument("group", metavar="GROUP")
    volume.add_argument("volume", metavar="VOLUME", help="its name on the natural primary")
    volume.add_argument("--secondary", metavar="NAME", help="its name on the other array (default: the same)")
    volume.add_argument("--size", metavar="N[MGT]", help="create: its size, such as 100G (GiB)")
    volume.add_argument("--cpg", metavar="HERE:THERE", help="create: the CPGs of the volume and of its copy")
    volume.add_argument("--snap-cpg", metavar="HERE:THERE", help="create: the CPGs of their snapshots")
    volume.add_argument("--provisioning", choices=("thin", "dedup", "full"), default="thin")
    volume.add_argument("--compression", action="store_true")
    volume.add_argument("--mode", choices=("synchronous", "periodic", "streaming"), default="synchronous")
    volume.add_argument("--period", metavar="S", help="periodic: seconds between copies, 300 to 31622400 (900)")
    volume.add_argument("--on", metavar="DEVICE", help="the array to make a new group on")
    volume.add_argument("--to", metavar="DEVICE", help="the other array, where there is more than one")
    execution(volume)


def drawing(arguments: argparse.Namespace) -> Draw:
    """What draws up the plan. Raises :class:`ValueError` with the option and what was expected."""
    from app.recovery.operations import Sides

    draw, sides = _draw(arguments), Sides(arguments.on, arguments.to)
    verb, group = arguments.verb, arguments.group
    return lambda operations, run_id: operations.plan_volume(verb, group, draw, run_id, sides)


def _draw(arguments: argparse.Namespace) -> Callable[[RcgDraft], None]:
    from app.recovery.rcg.provision_plans import add_volume, remove_volume

    if arguments.verb in ("remove", "delete"):
        return lambda draft: remove_volume(draft, arguments.volume, delete=arguments.verb == "delete")
    new, group = _new_volume(arguments), _new_group(arguments)
    return lambda draft: add_volume(draft, new, group)


def _new_volume(arguments: argparse.Namespace) -> NewVolume:
    from app.recovery.rcg.provision_plans import NewVolume
    from backends.threepar.provision import Provisioning

    size = None
    if arguments.verb == "create":
        match = _SIZE.fullmatch(arguments.size or "")
        if match is None or int(match[1]) == 0:
            raise ValueError(f"--size {arguments.size}: expected a size such as 512M, 100G or 2T")
        if arguments.cpg is None:
            raise ValueError("--cpg: expected HERE:THERE, a CPG on each array")
        size = int(match[1]) * _FACTOR[match[2]]
    return NewVolume(
        volume=arguments.volume,
        secondary=arguments.secondary or arguments.volume,
        size_mib=size,
        cpg=_pair("--cpg", arguments.cpg),
        snap_cpg=_pair("--snap-cpg", arguments.snap_cpg),
        provisioning=Provisioning(arguments.provisioning),
        compression=arguments.compression,
    )


def _pair(option: str, text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    here, colon, there = text.partition(":")
    if not (here and colon and there):
        raise ValueError(f"{option} {text}: expected HERE:THERE, a CPG on each array")
    return here, there


def _new_group(arguments: argparse.Namespace) -> NewGroup:
    from app.recovery.rcg.provision_plans import NewGroup
    from backends.threepar.words import sync_period
    from store.estate import RcgMode

    modes = {"synchronous": RcgMode.SYNC, "periodic": RcgMode.PERIODIC, "streaming": RcgMode.ASYNC}
    mode = modes[arguments.mode]
    if arguments.period is not None and mode is not RcgMode.PERIODIC:
        raise ValueError(f"--period goes with --mode periodic, not with {arguments.mode}")
    return NewGroup(mode, None if arguments.period is None else sync_period(arguments.period))
