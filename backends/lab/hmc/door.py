"""The SSH door of an HMC: a restricted shell whose commands read and change the Power side of the world.

Errors go to stdout with exit status 1; what the restricted shell itself refuses goes to stderr.
"""

from __future__ import annotations

import shlex
import time
from datetime import UTC, datetime

from backends.lab.hmc.commands import Session
from backends.lab.hmc.messages import RefusedError
from backends.lab.hmc.model import Hmc
from backends.lab.hmc.shell import first_words, run_line
from backends.lab.ssh import Answer, SshDoor, SshProtocol, Terminal
from backends.lab.tls import Identities
from backends.lab.world import Device, World

_NAMING = ("-r", "--rsubtype", "-o")


def open_doors(world: World, device: Device, identities: Identities) -> dict[str, SshDoor]:
    """The one door of an HMC, ``ssh``. ``device.state`` is its :class:`Hmc`."""
    if not isinstance(device.state, Hmc):
        raise TypeError(f"{device.name}: an HMC's state is an Hmc, not {type(device.state).__name__}")
    if device.rename is None:
        device.rename = device.state.rename
    shell = _Shell(world, device, device.state)
    protocol = SshProtocol(run=shell.run, verb_of=verb_of, shell=shell.interactive)
    return {"ssh": SshDoor(world, device, identities.of(device.name), protocol, device.ports.get("ssh", 0))}


def verb_of(command: str) -> str:
    """How faults and counters call a request: ``lssyscfg -r lpar``, ``lshwres -r virtualio --rsubtype fc``,
    ``chsysstate -r lpar -o on``, ``viosvrcmd lsmap``."""
    words = first_words(command)
    if not words:
        return "shell"
    found = [words[0]]
    if words[0] == "viosvrcmd" and "-c" in words[:-1]:
        inner = [w for w in words[words.index("-c") + 1].split() if w != "ioscli"]
        return " ".join([*found, *inner[:1]])
    for name in _NAMING:
        if name in words[:-1]:
            found += [name, words[words.index(name) + 1]]
    return " ".join(found)


class _Shell:
    """The restricted shell of one HMC."""

    def __init__(self, world: World, device: Device, hmc: Hmc) -> None:
        self._world = world
        self._device = device
        self._hmc = hmc

    def run(self, user: str, line: str) -> Answer:
        """Run one line as an exec channel does."""
        return run_line(line, self._device.language, self._command)

    def interactive(self, user: str, terminal: Terminal) -> None:
        """A prompt and one line after the other until ``exit``."""
        status = 0
        while (line := terminal.readline(f"{user}@{self._device.name}:~> ")) is not None:
            if line.strip() in ("exit", "logout"):
                return
            answer = self.run(user, line) if line.strip() else Answer(status=status)
            terminal.write(answer.stdout + answer.stderr)
            status = answer.status

    def _command(self, words: list[str], language: str) -> Answer:
        name, rest = words[0], words[1:]
        if name in ("exit", "logout", "true", "cd"):
            return Answer()
        if name == "echo":
            return Answer(" ".join(rest) + "\n")
        if name == "date":
            return self._date(rest)
        if "/" in name:
            return Answer("", 127, f"rbash: {name}: restricted: cannot specify `/' in command names\n")
        with self._world.turn() as now:
            session = Session(self._hmc, language, self._world.device_time(self._device) - now)
            try:
                text = session.run(name, rest)
            except RefusedError as refused:
                return Answer(refused.text(language) + "\n", 1)
        if text is None:
            return Answer("", 127, f"rbash: {name}: command not found\n")
        self._device.counters.done[verb_of(shlex.join(words))] += 1
        return Answer(text)

    def _date(self, words: list[str]) -> Answer:
        seconds = self._world.device_time(self._device)
        now = datetime.fromtimestamp(seconds, UTC)
        form = "%a %b %e %H:%M:%S UTC %Y"
        for word in words:
            if word.startswith("+"):
                form = word[1:]
            elif word not in ("-u", "--utc"):
                return Answer("", 1, f"date: invalid option or date '{word}'\n")
        try:
            return Answer(time.strftime(form.replace("%s", str(int(seconds))), now.timetuple()) + "\n")
        except ValueError:
            return Answer("", 1, f"date: invalid format '{form}'\n")
