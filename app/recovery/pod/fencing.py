"""What a promotion in a disaster rests on: the old side cannot write any more, and the loss is bounded (procedures 1.2,
2.1). Pure."""

from __future__ import annotations

import math

from app.recovery import witnesses
from app.recovery.pod import seeing
from app.recovery.pod.situation import PodDraft
from store.runs import SECOND_PERSON


def bounded(draft: PodDraft) -> None:
    """The loss, by the recovery point of the link and the difference of the clocks, where there is one."""
    at = draft.at
    point = at.link.recovery_point if at.link is not None else None
    if point is None:
        return
    skew_s = abs(at.here.skew_s or 0.0)
    age_s = max(0.0, (at.now - point).total_seconds()) + skew_s
    draft.loss_s = age_s
    draft.loss = f"recovery point {point:%Y-%m-%d %H:%M:%S} UTC of its link"
    draft.loss += f", clock difference {skew_s:g} s" if skew_s else ""
    draft.confirm.append(f"lose {max(1, math.ceil(age_s / 60))} min")


def fenced(draft: PodDraft, source: str) -> None:
    """Its source answers and is demoted, or is silent, and witnesses and a second person say that its site is dark."""
    at, there = draft.at, draft.at.there
    words = "its source cannot write any more"
    if there is None:
        evidence = f"no device of the configuration is {source}: nobody can be asked"
        draft.guard("pod.source", words, False, evidence)
    elif there.pods is not None:
        writes = at.peer is not None and not at.peer.destroyed and at.peer.promotion_status != seeing.DEMOTED
        evidence = f"{there.device} answers, and {source} is {seeing.stands(at.peer)}"
        split = ": both sides would take writes; demote it first, or --drill"
        draft.guard("pod.split", words, not writes, evidence + (split if writes else ""), there)
        if not writes:
            draft.notes.append("A planned promotion loses nothing, where its source can be demoted with quiesce.")
    elif not there.silent:
        evidence = f"{there.device} gives a sign of life, and cannot be read: {there.failure}"
        draft.guard("pod.source", words, False, evidence)
    else:
        dark, evidence = witnesses.believed(at.witnesses)
        words = f"{witnesses.NEEDED} witnesses say that {there.site} is dark, and nobody that it is not"
        draft.guard("site.dark", words, dark, evidence)
        draft.confirm += [f"site {there.site} is dark", f"{SECOND_PERSON}NAME"]
