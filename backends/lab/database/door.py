"""The SSH door of a database host: a login shell that knows one program, ``backup-mode begin|end|status``.

What fails is said on stdout with exit status 1, as by a script around the database's own client.
"""

from __future__ import annotations

from backends.lab.database.state import Database, RefusedError
from backends.lab.ssh import Answer, SshDoor, SshProtocol, Terminal
from backends.lab.tls import Identities
from backends.lab.world import Device, World

PROGRAM, COMMANDS = "backup-mode", ("begin", "end", "status")


def open_doors(world: World, device: Device, identities: Identities) -> dict[str, SshDoor]:
    """The one door of such a host, ``ssh``. ``device.state`` is its :class:`Database`."""
    state = device.state
    if not isinstance(state, Database):
        raise TypeError(f"{device.name}: a database host's state is a Database, not {type(state).__name__}")

    def run(user: str, line: str) -> Answer:
        state.heard.append(line)
        words = line.split()
        if words[:1] != [PROGRAM] or len(words) != 2 or words[1] not in COMMANDS:
            return Answer("", 127, f"bash: {line}: command not found\n")
        with world.turn() as now:
            try:
                return Answer(state.run(world, words[1], now) + "\n")
            except RefusedError as refused:
                return Answer(f"{refused}\n", 1)

    def shell(user: str, terminal: Terminal) -> None:
        while (line := terminal.readline(f"[{user}@{device.name} ~]$ ")) is not None and line.strip() != "exit":
            answer = run(user, line)
            terminal.write(answer.stdout + answer.stderr)

    protocol = SshProtocol(run=run, verb_of=verb_of, shell=shell)
    return {"ssh": SshDoor(world, device, identities.of(device.name), protocol, device.ports.get("ssh", 0))}


def verb_of(command: str) -> str:
    """How faults and counters call a request: ``begin``, ``end``, ``status``."""
    words = command.split()
    return words[1] if words[:1] == [PROGRAM] and len(words) > 1 else "other"
