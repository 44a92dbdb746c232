"""The lab's own control line: faults, sites and the referee from a second terminal.

One JSON object a line over TCP on loopback; ``control.json`` in the lab's directory (owner only) holds port and token.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from backends.lab.faults import Fault, FaultKind
from backends.lab.listener import Listener
from backends.lab.world import World

Reply = dict[str, Any]


class ControlError(Exception):
    """The lab could not be asked, or refused. The text says what to do."""


class Control:
    """Serves the control line of ``world`` and writes ``control.json`` to ``directory``."""

    def __init__(self, world: World, directory: Path) -> None:
        self._world = world
        self._file = directory / "control.json"
        self._token = secrets.token_hex(16)
        self._listener = Listener(self._serve)
        self._commands: dict[str, Callable[[Reply], Reply]] = {
            "status": self._status,
            "fault-list": lambda _ask: {"faults": [_shown(f) for f in world.faults.in_force()]},
            "fault-add": self._add,
            "fault-remove": self._remove,
            "fault-clear": lambda _ask: {"faults": [_shown(f) for f in world.faults.clear()]},
            "site": self._site,
            "referee": self._referee,
            "speed": self._speed,
        }

    def start(self) -> None:
        self._listener.start()
        text = json.dumps({"port": self._listener.port, "token": self._token, "pid": os.getpid()})
        self._file.touch(mode=0o600)
        self._file.write_text(text)

    def stop(self) -> None:
        self._listener.close()
        self._file.unlink(missing_ok=True)

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(10)
        with contextlib.suppress(OSError, ValueError), sock.makefile("rwb") as stream:
            ask = json.loads(stream.readline())
            stream.write(json.dumps(self._answer(ask)).encode() + b"\n")

    def _answer(self, ask: Reply) -> Reply:
        if not hmac.compare_digest(str(ask.get("token")), self._token):
            return {"error": "wrong token"}
        command = self._commands.get(str(ask.get("do")))
        if command is None:
            return {"error": f"unknown command {ask.get('do')!r}"}
        try:
            return command(ask)
        except (KeyError, ValueError) as error:
            return {"error": str(error).strip("'\"")}

    def _status(self, _ask: Reply) -> Reply:
        with self._world.turn() as now:
            devices = [
                {
                    "name": d.name,
                    "kind": d.kind.value,
                    "site": d.site,
                    "ports": d.ports,
                    "requests": d.counters.requests.total(),
                    "sessions": d.counters.sessions,
                }
                for d in self._world.devices.values()
            ]
            sites = {s.name: "dark" if s.dark else "up" for s in self._world.sites.values()}
        return {"time": now, "seed": self._world.seed, "sites": sites, "devices": devices}

    def _add(self, ask: Reply) -> Reply:
        device = str(ask["device"])
        if not any(Fault(0, device, FaultKind.HANG).covers(name, "") for name in self._world.devices):
            raise KeyError(f"no device matches {device!r}; there are: {', '.join(self._world.devices)}")
        kind = FaultKind(ask["kind"])
        if kind in (FaultKind.RENAMED, FaultKind.PENDING) and not ask.get("subject"):
            raise ValueError(f"{kind} needs --subject, the object's name")
        fault = self._world.faults.add(
            device,
            kind,
            str(ask.get("verb") or "*"),
            ask.get("seconds"),
            ask.get("count"),
            ask.get("subject"),
            ask.get("new_name"),
        )
        return {"faults": [_shown(fault)]}

    def _remove(self, ask: Reply) -> Reply:
        fault = self._world.faults.remove(int(ask["id"]))
        if fault is None:
            raise KeyError(f"no fault {ask['id']} is in force")
        return {"faults": [_shown(fault)]}

    def _site(self, ask: Reply) -> Reply:
        name = str(ask["site"])
        if name not in self._world.sites:
            raise KeyError(f"no site {name!r}; there are: {', '.join(self._world.sites)}")
        with self._world.turn():
            self._world.set_dark(name, bool(ask["dark"]))
        return {"site": name, "dark": bool(ask["dark"])}

    def _speed(self, ask: Reply) -> Reply:
        speed = float(ask["speed"])
        if not 0 <= speed <= 100_000:
            raise ValueError(f"speed {speed}: expected 0 to 100000")
        self._world.clock.set_speed(speed)
        return {"speed": speed}

    def _referee(self, _ask: Reply) -> Reply:
        with self._world.turn():
            referee = self._world.referee
            return {
                "violations": [asdict(v) for v in referee.violations],
                "losses": [asdict(loss) for loss in referee.losses],
            }


def _shown(fault: Fault) -> Reply:
    return {**asdict(fault), "kind": fault.kind.value}


def ask(directory: Path, do: str, **details: object) -> Reply:
    """Ask the lab that runs in ``directory``. Raises :class:`ControlError` if none answers there or it refuses."""
    file = directory / "control.json"
    try:
        known = json.loads(file.read_text())
        with socket.create_connection(("127.0.0.1", known["port"]), timeout=10) as sock, sock.makefile("rwb") as stream:
            stream.write(json.dumps({**details, "do": do, "token": known["token"]}).encode() + b"\n")
            stream.flush()
            reply: Reply = json.loads(stream.readline())
    except (OSError, ValueError, KeyError) as error:
        raise ControlError(f"no lab runs in {directory}: start one with: drdeck lab, or drdeck demo") from error
    if "error" in reply:
        raise ControlError(str(reply["error"]))
    return reply
