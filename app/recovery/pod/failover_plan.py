"""A pod failed over as one thing, as a recovery plan needs it: demoted once everything is across, and promoted at the
other side; or promoted there alone, where its source gives no sign of life. Pure.

The hosts of a pod need not be off when this is planned, where the same run stops them first: the step that demotes it
looks once more, and refuses while one is logged in.
"""

from __future__ import annotations

from collections.abc import Collection

from app.recovery.pod import plans, seeing
from app.recovery.pod.request import WAIT_S, Asked, PodVerb
from app.recovery.pod.seeing import DEMOTED, OUTBOUND, PROMOTED, REPLICATING
from app.recovery.pod.situation import PodDraft
from app.recovery.pod.steps import PLANNED, Demote, Promote, WaitReplicating


def draw_failover(draft: PodDraft, *, disaster: bool, stopped: Collection[str]) -> None:
    """Fill in the plan. ``stopped`` are hosts that the run stops before it comes to the pod. The situation is that of
    the source where it can be read, else that of the other side."""
    link = draft.at.link
    if link is not None and link.direction == OUTBOUND:
        if plans.there(draft):
            _across(draft, stopped)
    elif disaster:
        plans.draw(draft, Asked(PodVerb.PROMOTE, draft.at.name, disaster=True))
    else:
        seen = f"{draft.at.name} on {draft.at.here.device} is {seeing.stands(draft.at.pod)}"
        draft.guard("pod.source", "its source can be read, so that nothing is lost", False, seen, draft.at.here)
    if draft.refused:
        draft.confirm, draft.lasting, draft.notes, draft.loss, draft.loss_s = [], [], [], "", None


def _across(draft: PodDraft, stopped: Collection[str]) -> None:
    """The source answers: nothing is lost, in a disaster too."""
    at, link, there = draft.at, draft.at.link, draft.at.there
    promoted = at.pod is not None and at.pod.promotion_status != DEMOTED
    held = link is not None and link.status == REPLICATING and not link.paused and promoted
    words = "it is the source, and everything can go across"
    draft.guard("pod.source", words, held, f"{at.name} is {seeing.stands(at.pod)}", at.here)
    peer = at.peer
    seen = f"{at.other_name} is {seeing.stands(peer)}"
    demoted = peer is not None and peer.promotion_status == DEMOTED
    draft.guard("pod.peer", "the other side is demoted", demoted, seen, there)
    point = peer_link.recovery_point if (peer_link := seeing.link_of(peer)) is not None else None
    shown = "none" if point is None else f"recovery point {point:%Y-%m-%d %H:%M:%S} UTC"
    draft.guard("pod.bound", "the other side holds a whole image", point is not None, shown, there)
    others = [why for host, why in at.users.items() if host not in stopped]
    words = "no host that sees its volumes is logged in, but for those that this run stops"
    draft.guard("pod.hosts", words, not others, "; ".join(others[:3]) or "none", at.here)
    if draft.refused or there is None:
        return
    here = (at.here.device, at.name, there.device, at.other_name)
    title = f"Demote {at.name} on {at.here.device} once everything is across"
    draft.add(Demote(*here), title, destructive=True, limit_s=WAIT_S)
    over = (there.device, at.other_name, at.here.device, at.name)
    draft.add(Promote(*over, PLANNED), f"Promote {at.other_name} on {there.device}", destructive=True, limit_s=WAIT_S)
    wait = WaitReplicating(there.device, at.other_name)
    draft.add(wait, f"Wait until {at.other_name} replicates to {at.name} on {at.here.device}", limit_s=WAIT_S)
    draft.loss, draft.loss_s = "nothing: its hosts are off, and everything goes across first", 0.0


def draw_reprotect(draft: PodDraft) -> None:
    """Fill in what has a pod protected that was failed over, as its old source shows it: wait until the other side
    replicates here; an old source that came back promoted gives up what it alone holds first."""
    at = draft.at
    if not plans.there(draft) or at.pod is None:
        return
    if at.there is None or at.there.pods is None:
        why = "no device of the configuration" if at.there is None else f"not read: {at.there.failure}"
        draft.guard("pod.peer", "how both sides stand is known", False, f"{at.other_name}: {why}", at.there)
    elif at.pod.promotion_status == DEMOTED:
        serves = at.peer is not None and at.peer.promotion_status == PROMOTED
        seen = f"{at.other_name} is {seeing.stands(at.peer)}"
        if draft.guard("pod.peer", "the other side serves", serves, seen, at.there):
            wait = WaitReplicating(at.there.device, at.other_name)
            title = f"Wait until {at.other_name} replicates to {at.name} on {at.here.device}"
            draft.add(wait, title, limit_s=WAIT_S)
        draft.loss, draft.loss_s = "nothing: it is replicated from where it runs", 0.0
    elif at.peer is not None and at.peer.promotion_status == PROMOTED:
        plans.draw(draft, Asked(PodVerb.DEMOTE, at.name, discard=True))
    else:
        seen = f"{at.name} on {at.here.device} is {seeing.stands(at.pod)}"
        draft.guard("pod.peer", "it was failed over, and the other side serves", False, seen, at.here)
