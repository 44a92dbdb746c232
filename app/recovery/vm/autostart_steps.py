"""That the source of a failover does not start by itself once its host does (procedures 5.2, C7): the step, and what
plans need of it. Its setting is kept in a mark of the machine before it is switched off, and given back once it serves
again."""

from __future__ import annotations

from dataclasses import dataclass

from app.recovery.step import Seen, Sight, Verdict, facts
from app.recovery.vm.situation import VmDraft, VmNow
from app.recovery.vm.steps import Mark, OnVm, machine
from backends.vsphere.autostart import KEPT, AutoStart, AutoStartOf, SetAutoStart, of_text


@dataclass(frozen=True, slots=True)
class WithHost(OnVm):
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


def guard(draft: VmDraft, at: VmNow) -> None:
    """What is known of it; it stands in the way of nothing."""
    assert at.vm is not None
    words = f"{at.vm.name} does not start by itself with its host, or this run sees to it"
    seen = "not known" if at.autostart is None else at.autostart.words
    draft.guard("vm.auto-start", words, True, seen, at.source)


def stay_off(draft: VmDraft, at: VmNow, needs: tuple[str, ...]) -> None:
    """Keep how the source starts, and switch that off; or say who is to."""
    one, vm = at.replication, at.vm
    if vm is None or at.autostart is None:
        owed = (
            "" if vm is not None else f" once {one.source} answers; then drdeck vm failover {at.name} switches it off"
        )
        draft.notes.append(f"See to it that nothing starts {one.vm} by itself on {one.source}{owed}.")
    elif at.autostart.starts:
        kept = Mark(one.source, vm.moid, vm.uuid, ((KEPT, at.autostart.text),), "how it started with its host")
        first = draft.add(kept, f"Keep how {vm.name} starts with its host", needs=needs)
        off = WithHost(one.source, vm.moid, vm.uuid, at.autostart.off)
        draft.add(off, f"Switch the auto-start of {vm.name} off on {one.source}", needs=(first,))
        draft.notes.append(f"The auto-start of {vm.name} is given back by failback and by undo.")


def kept(at: VmNow) -> AutoStart | None:
    """How the source started with its host before a failover, or does still; None: it did not, or nobody knows."""
    if at.autostart is not None and at.autostart.starts:
        return at.autostart
    try:
        return of_text(at.vm.marks[KEPT]) if at.vm is not None and KEPT in at.vm.marks else None
    except ValueError:
        return None
