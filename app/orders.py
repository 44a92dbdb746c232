"""What the operator types in the console to have something planned, in the words of the command line."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import Any, NoReturn

from app import lpar_command, pgroup_command, plan_command, pod_command, rcg_command, vm_command, volume_command
from app.rcg_command import Draw
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
        if arguments.execute or arguments.confirm or arguments.json:
            raise OrderError("--execute, --confirm and --json belong to the shell: here the plan is shown first")
        return _DRAWING[arguments.command](arguments)
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
