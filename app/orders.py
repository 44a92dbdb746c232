"""What the operator types in the console to have something planned, in the words of the command line."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import Any, NoReturn

from app import lpar_command, pgroup_command, plan_command, pod_command, rcg_command, vm_command, volume_command
from app.rcg_command import Draw
from app.recovery.operations import Asked
from screens.scene import Scene
from store.estate import Pod

_DRAWING = {
    "rcg": rcg_command.drawing,
    "volume": volume_command.drawing,
    "pgroup": pgroup_command.drawing,
    "lpar": lpar_command.drawing,
    "pod": pod_command.drawing,
    "vm": vm_command.drawing,
    "plan": plan_command.drawing,
}


def checked(text: str) -> tuple[str, ...] | None:
    """``lpar`` or ``vm``, and what ``lpar check`` or ``vm ready`` names, by name or pattern; None for another order:
    these plan nothing."""
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    return (words[0], *words[2:]) if words[:2] in (["lpar", "check"], ["vm", "ready"]) else None


class OrderError(ValueError):
    """It cannot be understood; the text says what was expected."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong to whoever called it, not to the terminal."""

    def error(self, message: str) -> NoReturn:
        raise OrderError(message)

    def print_help(self, file: object = None) -> None:
        raise OrderError(self.format_usage().removeprefix("usage: ").strip())


def understood(text: str) -> Draw:
    """What draws up the plan that a text asks for: ``rcg failover oradb --no-export``. Raises :class:`OrderError`."""
    arguments = _parsed(text)
    try:
        return _DRAWING[arguments.command](arguments)
    except (ValueError, argparse.ArgumentError) as error:
        raise OrderError(" ".join(str(error).split())) from error


def asked(text: str) -> Asked:
    """What a text asks for, as it is told from others. Raises :class:`OrderError`."""
    return asked_by(_parsed(text), text)


def asked_by(arguments: argparse.Namespace, order: str) -> Asked:
    """As :func:`asked`, of what was understood already."""
    if arguments.command == "plan":
        lost = arguments.kind == "disaster"
        return Asked(f"plan {arguments.kind}", order, lost, arguments.name, incident=arguments.incident)
    lost = bool(getattr(arguments, "disaster", False))
    return Asked(f"{arguments.command} {arguments.verb}", order, lost, incident=getattr(arguments, "incident", None))


_OWN = {"--confirm": 1, "--break-glass": 1, "--config": 1, "--store": 1, "--execute": 0, "--json": 0}
"""Options of the shell's command line that say nothing of what is planned, and how many words follow each."""


def of_shell(words: Sequence[str], command: str) -> str:
    """The words of the shell's command line without what only that takes: as the console would be told."""
    found: list[str] = []
    left = iter(words)
    for word in left:
        name, equals, _ = word.partition("=")
        known = [own for own in _OWN if len(name) > 2 and own.startswith(name)]  # argparse takes the beginning too
        if not known:
            found.append(word)
        elif _OWN[known[0]] and not equals:
            next(left, None)
    return shlex.join(found[found.index(command) :] if command in found else found)


def _parsed(text: str) -> argparse.Namespace:
    parser = _Parser(prog="", add_help=False, exit_on_error=False)
    commands: Any = parser.add_subparsers(dest="command", required=True)
    rcg_command.add_arguments(commands)
    volume_command.add_arguments(commands)
    pgroup_command.add_arguments(commands)
    lpar_command.add_arguments(commands)
    pod_command.add_arguments(commands)
    vm_command.add_arguments(commands)
    plan_command.add_arguments(commands)
    try:
        words = shlex.split(text)
        arguments = parser.parse_args(words)
        if arguments.command == "plan" and arguments.plan_command != "run":
            raise OrderError(f"plan {arguments.plan_command} belongs to the shell: here a plan is run")
        if arguments.execute or arguments.confirm or arguments.json or arguments.break_glass is not None:
            raise OrderError(
                "--execute, --confirm, --break-glass and --json belong to the shell: here the plan is shown first"
            )
        return arguments
    except (ValueError, argparse.ArgumentError) as error:
        raise OrderError(" ".join(str(error).split())) from error


def candidates(groups: Sequence[str], pods: Sequence[str] = ()) -> list[str]:
    """How such a text about remote copy groups or pods can begin, for completion."""
    found = [f"rcg {verb} {group}" for verb in rcg_command.VERBS for group in groups]
    found += [f"volume {verb} {group}" for verb in volume_command.VERBS for group in groups]
    return found + [f"pod {verb} {pod}" for verb in pod_command.VERBS for pod in pods]


def pods(scene: Scene) -> list[str]:
    """The names of the pods that are there; what a demotion left behind is none."""
    found = [entry.obj for entry in scene.view.entries("pod") if isinstance(entry.obj, Pod) and not entry.gone]
    return sorted({pod.name for pod in found if not pod.destroyed})
