"""Steps that bring a machine up, and wait until it is. Sources: procedures 5.2 (C6).

Before it is powered on its source must be off wherever its server answers, and none of its MACs may be live in another
machine of either server.
"""

from __future__ import annotations

import socket
from typing import Any

from app.recovery.step import Hands, Query, Seen, Sight, UnseenError, Verdict, facts
from app.recovery.vm.steps import ON, OnVm, machine
from backends.vsphere import acts
from backends.vsphere.looks import MachineNow, MachineOf, Machines
from store.record import Record

PROBE_S = 3.0


class StartVm(OnVm, Record, frozen=True):
    """``PowerOnVM_Task``; a question where its files come from is answered *moved*.

    ``home``: server, id and instance UUID of the machine that it takes the place of, if of one; ``dark``: its server
    need not answer. ``macs`` must be live in no other machine on ``watched``, of which ``server`` must answer.
    ``isolated``: on a network of its own, where the same address elsewhere harms nobody. ``mark``: the mark that it
    must carry, none where the key is empty.
    """

    server: str
    vm: str
    uuid: str
    home: tuple[str, str, str] | None
    dark: bool
    macs: tuple[str, ...]
    watched: tuple[str, ...]
    isolated: bool
    mark: tuple[str, str]

    def call(self) -> str:
        return "PowerOnVM_Task"

    def verb(self) -> acts.PowerOn:
        return acts.PowerOn(self.vm)

    def observe(self, sight: Sight) -> Seen:
        found = machine(sight, self.server, self.vm)
        if (unfit := self.unfit(found)) is not None:
            return unfit
        if found is None:
            return self.gone()
        told = facts({f"{found.name} on {self.server}": found.power, "MACs": ", ".join(self.macs)})
        if found.power is ON:
            return Seen(Verdict.DONE, told, "it is poweredOn")
        key, value = self.mark
        if key and found.marks.get(key) != value:
            return Seen(Verdict.REFUSED, told, f"it does not carry the mark {key} = {value}")
        if self.isolated:
            return Seen(Verdict.READY, told, "it is off, and its network is isolated")
        if (why := self._elsewhere(sight, found)) is not None:
            return Seen(Verdict.REFUSED, told, why)
        return Seen(Verdict.READY, told, "it is off, and its addresses are live nowhere")

    def _elsewhere(self, sight: Sight, mine: MachineNow) -> str | None:
        """Why what is live elsewhere stands in the way; None: nothing does."""
        asked: list[tuple[str, Query, float]] = [(server, Machines(), 0.0) for server in self.watched]
        home: list[tuple[str, Query, float]] = (
            [(self.home[0], MachineOf(self.home[1]), 0.0)] if self.home is not None else []
        )
        found = sight.looks([*asked, *home])
        if home and (why := self._at_home(found.pop())) is not None:
            return why
        for server, seen in zip(self.watched, found, strict=True):
            if isinstance(seen, UnseenError):
                if server == self.server or not self.dark:
                    return f"{server} does not say which addresses are live: {seen}"
                continue
            for other in seen:
                itself = (server == self.server and other.moid == mine.moid) or self._out_of_sight(server, other)
                live = [mac for mac in other.live_macs if mac in self.macs]
                if live and not itself:
                    return f"{live[0]} is live in {other.name} on {server}"
        return None

    def _out_of_sight(self, server: str, other: MachineNow) -> bool:
        """Whether it is the machine at home as it was before its server lost sight of it: whether that one may be left
        out was decided with its host, and what it is now is looked at by itself."""
        if self.home is None or not self.dark or (server, other.moid) != self.home[:2]:
            return False
        return other.connection != "connected"

    def _at_home(self, found: Any) -> str | None:
        """Why the machine at home stands in the way; None: it does not."""
        assert self.home is not None
        server, _, uuid = self.home
        if isinstance(found, UnseenError):
            return None if self.dark else f"{server} does not say how it is there: {found}"
        if found is None or (uuid and found.uuid != uuid):
            return None if self.dark else f"{server} does not show it any more"
        if found.connection != "connected":
            return None if self.dark else f"{found.name} on {server} is {found.connection}: it may still run"
        return f"{found.name} on {server} is {found.power}: stop it first" if found.power is ON else None


class WaitVm(OnVm, Record, frozen=True):
    """Wait until its Tools run or, with ``probe`` (host and port), until that TCP port answers. Sends nothing."""

    server: str
    vm: str
    uuid: str
    probe: tuple[str, int] | None = None

    def call(self) -> str:
        return ""

    def act(self, hands: Hands) -> str:
        return ""

    def seen(self, found: MachineNow) -> Seen:
        told = facts({f"{found.name} on {self.server}": found.power, "Tools": "run" if found.tools else "do not run"})
        if found.power is not ON:
            return Seen(Verdict.REFUSED, told, f"it is {found.power}")
        if self.probe is None:
            return Seen(Verdict.DONE if found.tools else Verdict.CHANGING, told, "its Tools are waited for")
        where = f"{self.probe[0]}:{self.probe[1]}"
        failed = _tried(*self.probe)
        told = (*told, *facts({where: failed or "answers"}))
        if failed is None:
            return Seen(Verdict.DONE, told, f"{where} answers")
        return Seen(Verdict.CHANGING, told, f"{where} does not answer: {failed}")


def _tried(host: str, port: int) -> str | None:
    """Why a TCP port does not answer; None: it does."""
    try:
        socket.create_connection((host, port), PROBE_S).close()
    except OSError as error:
        return error.strerror or str(error) or type(error).__name__
    return None
