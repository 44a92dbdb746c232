"""Fencing in a failover of LPARs: the old side provably cannot write before anything becomes writable at the other.

What counts as proof is in procedures 1.2: *Not Activated* from the HMC, or no connection left on the array, or, with
the whole site silent, witnesses and the word of a second person.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.recovery import witnesses
from app.recovery.pra.array_steps import Disconnect
from app.recovery.pra.failover_checks import OFF, Guards
from app.recovery.pra.failover_draft import Drawing
from app.recovery.pra.members import Member
from app.recovery.pra.power_steps import StopLpar
from app.recovery.pra.situation import ArrayNow
from app.recovery.witnesses import Witness
from backends.hmc.verbs import Stop
from store.runs import SECOND_PERSON

STOP_S = 600.0
FENCED_S = 300.0
"""Where production may still write until it is fenced, the loss is bounded for so long after it was looked at."""


def fence(drawing: Drawing, guards: Guards, seen: Sequence[Witness]) -> None:
    """The guards and steps of it. ``seen`` are the witnesses of the nominal site where that is said to be dark."""
    now, draft = drawing.now, drawing.draft
    answering = [hmc for hmc in now.nominal.hmcs if hmc.reading is not None]
    taken = answering[0].taken_at if answering else None
    if not drawing.asked.disaster:
        silent = [f"{hmc.device} is not read: {hmc.failure}" for hmc in now.nominal.hmcs if hmc.reading is None]
        lost = [f"{m.name} is not found at {now.nominal.site}" for m in drawing.members if m.home is None]
        words = f"{now.nominal.site} shows every LPAR, so that it can be stopped"
        guards.add("pwr.fenced", "", words, [*silent, *lost], f"{len(drawing.members)} LPARs", taken)
    elif any(m.home is None for m in drawing.members) and not _cut_off(drawing):
        dark, evidence = witnesses.believed(seen)
        words = f"{witnesses.NEEDED} witnesses say that {now.nominal.site} is dark, and nobody that it is not"
        guards.add("site.dark", "", words, [] if dark else [evidence], evidence, now.now)
        draft.confirm += [f"site {now.nominal.site} is dark", f"{SECOND_PERSON}NAME"]
    for member in drawing.members:
        _stop(drawing, member)


def _stop(drawing: Drawing, member: Member) -> None:
    home, draft = member.home, drawing.draft
    if home is None or home.state is OFF:
        return
    hard = drawing.asked.immediately or drawing.asked.disaster or home.rmc_state != "active"
    hmc = drawing.now.nominal.hmc_of[home.system_key]
    until = drawing.now.now.timestamp() + FENCED_S if drawing.asked.disaster else None
    step = StopLpar(hmc, home.system, home.name, Stop.HYPERVISOR if hard else Stop.OS, until)
    title = f"Stop {home.name} on {home.system}" + (" at once" if hard else "")
    done = draft.add(step, title, needs=(), destructive=True, limit_s=STOP_S)
    drawing.fenced[member.name] = (done,)


def _cut_off(drawing: Drawing) -> bool:
    """Where the HMC at home is silent and its arrays are not, these take the volumes away: that is proof too."""
    arrays = [array for array in drawing.now.nominal.arrays if array.whole]
    if not arrays or len(arrays) < len(drawing.now.nominal.arrays):
        return False
    for member in drawing.members:
        if member.home is None:
            steps = [step for array in arrays for step in _disconnects(drawing, member, array)]
            drawing.fenced[member.name] = tuple(steps)
    return True


def _disconnects(drawing: Drawing, member: Member, array: ArrayNow) -> list[str]:
    host = drawing.now.pra.host_of(member.name)
    found = []
    for volume, lun in array.seen_by.get(host, ()):
        step = Disconnect(array.device, host, volume.name, lun)
        title = f"Take {volume.name} (LUN {lun}) away from {host}"
        found.append(drawing.draft.add(step, title, needs=(), destructive=True, limit_s=60.0))
    return found
