"""That the source of a failover does not start by itself once its host does (procedures 5.2, C7): what plans need.

Its setting is kept in a mark of the machine before it is switched off, and given back once it serves again. Pure.
"""

from __future__ import annotations

from app.recovery.vm.autostart_steps import WithHost
from app.recovery.vm.situation import VmDraft, VmNow
from app.recovery.vm.steps import Mark
from backends.vsphere.autostart import KEPT, AutoStart, of_text


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


def kept(draft: VmDraft, at: VmNow) -> AutoStart | None:
    """How the source started with its host before a failover, or does still; None: it did not, or nobody knows."""
    if at.autostart is not None and at.autostart.starts:
        return at.autostart
    said = at.vm.marks.get(KEPT) if at.vm is not None else None
    try:
        return of_text(said) if said is not None else None
    except ValueError as error:
        draft.notes.append(f"The auto-start of {at.replication.vm} is not given back: its mark {KEPT}: {error}.")
        return None
