"""The step that has a machine start with its host, or no more. Source: procedures 5.2, C7."""

from __future__ import annotations

from app.recovery.step import Seen, Sight, Verdict, facts
from app.recovery.vm.steps import OnVm, machine
from backends.vsphere.autostart import AutoStart, AutoStartOf, SetAutoStart
from store.record import Record


class WithHost(OnVm, Record, frozen=True):
    """``ReconfigureAutostart`` of one machine. It is done where it starts, or does not, as is ``wanted``; whether its
    host starts anything at all is not for a run to change."""

    server: str
    vm: str
    uuid: str
    wanted: AutoStart

    def call(self) -> str:
        return f"ReconfigureAutostart(startAction={self.wanted.action}, startOrder={self.wanted.order})"

    def verb(self) -> SetAutoStart:
        return SetAutoStart(self.vm, self.wanted)

    def observe(self, sight: Sight) -> Seen:
        found = machine(sight, self.server, self.vm)
        unfit = self.unfit(found)
        if unfit is not None or found is None:
            return unfit or self.gone()
        now: AutoStart | None = sight.look(self.server, AutoStartOf(self.vm))
        if now is None:
            return Seen(Verdict.UNKNOWN, (), f"{self.server} does not say what starts with its hosts")
        told = facts({"auto-start": now.action, "order": now.order})
        if (now.action.lower(), now.order) == (self.wanted.action.lower(), self.wanted.order):
            return Seen(Verdict.DONE, told, now.words)
        return Seen(Verdict.READY, told, now.words)
