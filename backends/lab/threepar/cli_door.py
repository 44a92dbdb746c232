"""The CLI over SSH: commands separated by ``;``, tables or CSV, errors as text with exit status 0, and a shell."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable

from backends.lab.ssh import Answer, SshDoor, SshProtocol, Terminal
from backends.lab.threepar import cli_rcopy, cli_show, cli_verbs
from backends.lab.threepar.array import ThreePar
from backends.lab.threepar.cli_args import UsageError
from backends.lab.threepar.objects import Task, TaskStatus
from backends.lab.threepar.refusals import ArrayError, Why
from backends.lab.threepar.tables import Style
from backends.lab.tls import HostIdentity
from backends.lab.world import Device, World

_TYPED_AHEAD_S = 0.4
_SETTINGS = ("pol", "period")


def open_door(world: World, device: Device, array: ThreePar, identity: HostIdentity) -> SshDoor:
    """The SSH door of an array, not yet started."""
    cli = Cli(array)
    protocol = SshProtocol(cli.run, verb_of, cli.shell)
    return SshDoor(world, device, identity, protocol, device.ports.get("ssh", 0))


def verb_of(line: str) -> str:
    """What faults and counters call a line: its first command besides ``setclienv``, with its subcommand."""
    for command in line.split(";"):
        words = command.split()
        if words and words[0] not in ("setclienv", "exit"):
            return _verb(words)
    return "exit"


def _verb(words: list[str]) -> str:
    plain = [w for w in words[1:] if not w.startswith("-")]
    if words[0] in ("showrcopy", "setrcopygroup") and plain:
        return f"{words[0]} {plain[0]}"
    return words[0]


class Cli:
    """The commands of one array. Each login has its own ``setclienv``."""

    def __init__(self, array: ThreePar) -> None:
        self.array = array

    # ------------------------------------------------------------------------------------------------- exec and shell

    def run(self, user: str, line: str) -> Answer:
        """An exec request: every command in turn until ``exit``; nobody is there to answer a question."""
        style = Style()
        out: list[str] = []
        for command in _split(line):
            if command.strip() in ("exit", "quit"):
                break
            out += self.command(command, style, _nobody(out))
        return Answer("".join(f"{text}\n" for text in out))

    def shell(self, user: str, terminal: Terminal) -> None:
        """An interactive session: prompt, echo, and what was typed before the prompt came is echoed twice."""
        style = Style()
        terminal.collect(_TYPED_AHEAD_S)
        prompt = f"{self.array.name} cli% "
        while True:
            ahead = terminal.has_line
            line = terminal.readline(prompt)
            if line is None:
                return
            if ahead and terminal.pty:
                terminal.write(f"{line}\n")
            for command in _split(line):
                if command.strip() in ("exit", "quit"):
                    return
                self.array.device.counters.requests[verb_of(command)] += 1
                lines = self.command(command, style, lambda question: _ask(terminal, question))
                terminal.write("".join(f"{text}\n" for text in lines))

    # ------------------------------------------------------------------------------------------------------- commands

    def command(self, line: str, style: Style, ask: Callable[[str], bool]) -> list[str]:
        """One command; what it prints. ``ask`` puts a question to the user."""
        try:
            words = shlex.split(line)
        except ValueError:
            return ["Error: unmatched quote"]
        if not words:
            return []
        name, args = words[0], words[1:]
        if name == "setclienv":
            return _setclienv(args, style)
        if name in ("help", "clihelp"):
            return sorted([*cli_show.COMMANDS, *cli_verbs.COMMANDS, "showrcopy", "setclienv"])
        asks = name in cli_verbs.ASKING and "-f" not in args and args[:1] not in ([p] for p in _SETTINGS)
        if asks and not ask(f"Are you sure you want to run {line.strip()}?"):
            return []
        try:
            return self._run(name, args, style)
        except UsageError as error:
            return [str(error)]
        except ArrayError as error:
            return [f"Error: {_text(error, args)}"]

    def _run(self, name: str, args: list[str], style: Style) -> list[str]:
        world = self.array.world
        if name in cli_verbs.COMMANDS:
            with world.turn() as now:
                effect = cli_verbs.COMMANDS[name](self.array, args, now)
                self.array.device.counters.done[_verb([name, *args])] += 1
            return effect.lines + self._wait(effect.tasks)
        with world.turn():
            if name == "showrcopy":
                return cli_rcopy.show(self.array, args, style)
            if name in cli_show.COMMANDS:
                return cli_show.COMMANDS[name](self.array, args, style)
        return [f'invalid command name "{name}"']

    def _wait(self, tasks: list[Task]) -> list[str]:
        """Block until the tasks are over. Returns a line for each that failed."""
        while any(t.status is TaskStatus.ACTIVE for t in tasks) and not self.array.world.is_dark(self.array.device):
            time.sleep(0.02)
            with self.array.world.turn():
                pass
        return [f"Error: task {t.id} {t.status.name.lower()}" for t in tasks if t.status is not TaskStatus.DONE]


def _split(line: str) -> list[str]:
    return [part for part in line.replace("\n", ";").split(";") if part.strip()]


def _nobody(out: list[str]) -> Callable[[str], bool]:
    def answer(question: str) -> bool:
        out.append(question)
        out.append("select q=quit y=yes n=no: ")
        return False

    return answer


def _ask(terminal: Terminal, question: str) -> bool:
    terminal.write(f"{question}\n")
    return (terminal.readline("select q=quit y=yes n=no: ") or "q").strip().lower() in ("y", "yes")


def _setclienv(args: list[str], style: Style) -> list[str]:
    if len(args) != 2 or args[0] not in ("csvtable", "nohdtot", "hafter", "listdom", "editor"):
        return ["Error: invalid environment variable"]
    on = args[1] not in ("0", "-1")
    if args[0] == "csvtable":
        style.csv = on
    elif args[0] == "nohdtot":
        style.bare = on
    return []


def _text(error: ArrayError, args: list[str]) -> str:
    names = [a for a in args if not a.startswith("-")]
    if error.why is Why.NON_EXISTENT_RCOPY_GROUP:
        return f"group matching {error.subject} does not exist on the system"
    if error.why in (Why.NON_EXISTENT_VOL, Why.NON_EXISTENT_HOST, Why.NON_EXISTENT_CPG, Why.NON_EXISTENT_VLUN):
        return f"{error.sentence}: {' '.join(names)}"
    if error.why is Why.EXISTENT_PATH:
        return f"host WWN/iSCSI name already used by host {error.subject}"
    return error.sentence
