"""Plans for ActiveDR pods (procedures 3.8). Pure: how both sides stand in, guards and steps out.

Two promoted sides look the same to the arrays whether they are a drill or a split after a disaster. So which side gives
its writes up is always said by a person, and never while hosts of that side are logged in.
"""

from __future__ import annotations

from collections.abc import Callable

from app.recovery.pod import seeing
from app.recovery.pod.fencing import bounded, fenced
from app.recovery.pod.request import Asked, PodVerb
from app.recovery.pod.seeing import DEMOTED, INBOUND, OUTBOUND, PROMOTED, QUIESCED, QUIESCING, REPLICATING
from app.recovery.pod.situation import PodDraft, PodNow
from app.recovery.pod.steps import DISASTER, DRILL, PLANNED, Demote, Discard, Promote, Undo, WaitReplicating


def draw(draft: PodDraft, asked: Asked) -> None:
    """Fill in the plan for what is asked. One that is refused asks for no words and promises nothing."""
    if there(draft):
        _VERBS[asked.verb](draft, asked)
    if draft.refused:
        draft.confirm, draft.lasting, draft.notes, draft.loss, draft.loss_s = [], [], [], "", None


def there(draft: PodDraft) -> bool:
    """Whether the pod is there on one array, with one replica link: guarded."""
    at, array = draft.at, draft.at.here
    pod = array.pod(at.name)
    stretched = pod is not None and len(pod.arrays) > 1
    evidence = f"{at.name} on {array.device} is {seeing.stands(pod)}"
    if stretched and pod is not None:
        evidence = f"it is stretched over {' and '.join(name for name, _ in pod.arrays)}: it has no other side to go to"
    held = at.pod is not None and not stretched
    if not draft.guard("pod.there", "the pod is there, on one array", held, evidence, array):
        return False
    links = pod.links if pod is not None else ()
    shown = ", ".join(f"{link.direction}, {_far(at)}, {link.status}" for link in links[:1])
    evidence = shown if len(links) == 1 else f"it has {len(links)}"
    return draft.guard("pod.link", "it has one replica link", len(links) == 1, evidence, array)


def _far(at: PodNow) -> str:
    """The other side in words."""
    remote = at.there.device if at.there is not None else (at.link.remote if at.link is not None else None) or "?"
    return f"{at.other_name} on {remote}"


def _other(draft: PodDraft, wanted: str, words: str, otherwise: str, unread: str = "") -> bool:
    """The other side is read, and is ``wanted``; ``otherwise`` says what would come of it, ``unread`` what can be done
    where nobody knows."""
    at, there = draft.at, draft.at.there
    if there is None or there.pods is None:
        failure = "no device of the configuration" if there is None else f"not read: {there.failure}"
        return draft.guard("pod.peer", words, False, f"{_far(at)}: {failure}{unread}", there)
    held = at.peer is not None and not at.peer.destroyed and at.peer.promotion_status == wanted
    evidence = f"{_far(at)} is {seeing.stands(at.peer)}"
    return draft.guard("pod.peer", words, held, evidence if held else f"{evidence}: {otherwise}", there)


def _hosts_off(draft: PodDraft) -> None:
    users = list(draft.at.users.values())
    more = f"; and {len(users) - 3} more" if len(users) > 3 else ""
    evidence = "; ".join(users[:3]) + more if users else "none is logged in"
    words = "no host that sees its volumes is logged in"
    draft.guard("pod.hosts", words, not users, evidence, draft.at.here)


def _sides(draft: PodDraft) -> tuple[str, str, str, str]:
    """Array, pod, and both of the other side, for a step."""
    at = draft.at
    return at.here.device, at.name, at.there.device if at.there is not None else "", at.other_name


def _protected(draft: PodDraft, device: str, pod: str, other: str, asked: Asked) -> None:
    draft.add(WaitReplicating(device, pod), f"Wait until {pod} replicates to {other}", limit_s=asked.wait_s)


# ------------------------------------------------------------------------------------------------------------- demoting


def _demote(draft: PodDraft, asked: Asked) -> None:
    if asked.discard:
        _discard(draft, asked)
        return
    at, link = draft.at, draft.at.link
    demoted = at.pod is not None and at.pod.promotion_status == DEMOTED
    good = (QUIESCING, QUIESCED) if demoted else (REPLICATING,)
    held = link is not None and link.direction == OUTBOUND and link.status in good and not link.paused
    words = "it is the source, and everything can go across"
    draft.guard("pod.source", words, held, f"{at.name} is {seeing.stands(at.pod)}", at.here)
    _other(draft, DEMOTED, "the other side is demoted", "its own writes would overwrite this side")
    if not demoted:
        _hosts_off(draft)
    if draft.refused:
        return
    title = f"Demote {at.name} on {at.here.device} once everything is across"
    draft.add(Demote(*_sides(draft)), title, destructive=True, limit_s=asked.wait_s)
    draft.confirm.append(f"demote {at.name}")
    draft.loss, draft.loss_s = "nothing: its hosts are off, and everything goes across first", 0.0
    draft.notes.append(f"Neither side takes writes from then on, until one is promoted: drdeck pod promote {_on(at)}.")


def _discard(draft: PodDraft, asked: Asked) -> None:
    """The end of a drill, or of an old side that came back: what it wrote alone is given up. A source whose link is
    broken is demoted so too, before the other side is promoted with what it has."""
    at, link, device = draft.at, draft.at.link, draft.at.here.device
    target = link is not None and link.direction == INBOUND
    alone = not target and at.peer is not None and at.peer.promotion_status == DEMOTED
    dark = target and asked.disaster and at.there is not None and at.there.silent
    if dark:
        _no_failover(draft)
    else:
        hint = "; of a drill that the disaster met: --disaster" if target else ""
        words = "how the other side stands is known"
        _other(draft, DEMOTED if alone else PROMOTED, words, "no side would serve", hint)
    _hosts_off(draft)
    draft.confirm.append(f"demote {at.name}")
    if target:
        draft.confirm.append(f"discard DR writes of {at.name}")
        draft.loss = f"what was written to {_near(at)} since it was promoted there"
        draft.loss += f". {at.failed_over}: these are no writes of a drill" if at.failed_over is not None else ""
    else:
        draft.confirm.append(f"discard writes of {at.name} on {device}")
        draft.loss = f"what {_near(at)} holds and {_far(at)} does not"
        draft.notes.append(f"{_far(at)} is what counts from then on: {_near(at)} follows it.")
    if alone and link is not None and link.status == REPLICATING and not link.paused:
        draft.notes.append("Its link replicates: demoted without --discard nothing is lost.")
    if draft.refused:
        return
    step = Discard(*_sides(draft), DEMOTED if alone else PROMOTED, dark)
    draft.add(step, f"Demote {at.name} on {device} at once", destructive=True, limit_s=asked.wait_s)
    if alone:
        draft.notes.append(f"Neither side takes writes until one is promoted: drdeck pod promote {_on(at)} --disaster.")
    elif dark:
        draft.notes.append(f"Then promote it with what its source sent last: drdeck pod promote {at.name} --disaster.")
    elif not target and at.there is not None:
        _protected(draft, at.there.device, at.other_name, _near(at), asked)
    draft.notes.append(
        f"It is kept in {at.name}.undo-demote on {device} until the array eradicates that, after a day by default; "
        f"drdeck pod undo {at.name} --on {device} brings it back."
    )


def _no_failover(draft: PodDraft) -> None:
    """A disaster during a drill: the drill's writes go, but nobody's who was served since a failover."""
    said = draft.at.failed_over
    words = "it was not promoted in a disaster"
    draft.guard("pod.drill", words, said is None, said or "by no run that this store knows", draft.at.here)


def _near(at: PodNow) -> str:
    return f"{at.name} on {at.here.device}"


def _on(at: PodNow) -> str:
    """The other side as the command line names it."""
    return at.other_name + (f" --on {at.there.device}" if at.there is not None else "")


# ------------------------------------------------------------------------------------------------------------ promoting


def _promote(draft: PodDraft, asked: Asked) -> None:
    at, link, array = draft.at, draft.at.link, draft.at.here
    held = link is not None and link.direction == INBOUND and at.pod is not None and at.pod.promotion_status == DEMOTED
    draft.guard(
        "pod.target", "it is demoted, and the target of its link", held, f"it is {seeing.stands(at.pod)}", array
    )
    point = link.recovery_point if link is not None else None
    status = link.status if link is not None else "not there"
    evidence = f"its link is {status}" if point is None else f"recovery point {point:%Y-%m-%d %H:%M:%S} UTC"
    draft.guard("pod.bound", "it holds a whole image, of a moment that is known", point is not None, evidence, array)
    how = DISASTER if asked.disaster else DRILL if asked.drill else PLANNED
    {DISASTER: _of_disaster, DRILL: _of_drill, PLANNED: _of_plan}[how](draft)
    if draft.refused:
        return
    title = f"Promote {at.name} on {array.device}"
    draft.add(Promote(*_sides(draft), how), title, destructive=True, limit_s=asked.wait_s)
    if how == PLANNED:
        _protected(draft, array.device, at.name, _far(at), asked)


def _of_plan(draft: PodDraft) -> None:
    at = draft.at
    split = "both sides would take writes; demote it first, or --drill"
    if _other(draft, DEMOTED, "its source is demoted", split, "; --disaster promotes without it"):
        link = seeing.link_of(at.peer)
        status = link.status if link is not None else "not there"
        words = "everything is across: the link of its source is quiesced"
        more = "" if status == QUIESCED else "; --disaster promotes with what is across"
        draft.guard("pod.quiesced", words, status == QUIESCED, f"it is {status}{more}", at.there)
    draft.confirm.append(f"promote {at.name}")
    draft.loss, draft.loss_s = "nothing: its source is demoted, and everything is across", 0.0
    draft.notes.append(f"Its hosts are started by people. It replicates to {_far(at)} from then on.")


def _of_disaster(draft: PodDraft) -> None:
    at = draft.at
    draft.confirm.append(f"promote {at.name}")
    bounded(draft)
    fenced(draft, _far(at))
    draft.lasting.append(f"What its source took since the recovery point is not in {_near(at)}.")
    draft.notes.append(
        "Nothing is protected until the old side is back, which comes back promoted: fence its hosts, then demote it, "
        f"drdeck pod demote {_on(at)} --discard."
    )


def _of_drill(draft: PodDraft) -> None:
    at = draft.at
    _other(draft, PROMOTED, "its source stays promoted", "this would be no drill")
    _isolated(draft)
    draft.confirm += [f"drill {at.name}", f"hosts of {at.name} on {at.here.device} are isolated"]
    draft.loss, draft.loss_s = f"nothing: {_far(at)} serves on, and goes on replicating", 0.0
    draft.notes.append(
        f"Demoting it again discards what the drill wrote: drdeck pod demote {at.name} --discard --on {at.here.device}."
    )


def _isolated(draft: PodDraft) -> None:
    shared = sorted(draft.at.shared)
    evidence = f"{', '.join(shared[:3])} of a host sees both" if shared else "no WWPN sees both"
    draft.guard("pod.isolated", "no host sees the volumes of both sides", not shared, evidence, draft.at.here)


# ------------------------------------------------------------------------------------------------------------- undoing


def _undo(draft: PodDraft, asked: Asked) -> None:
    at, array = draft.at, draft.at.here
    kept = [each for each in seeing.undo_pods(array.pods or {}, at.name) if asked.undo in (None, each)]
    held = at.pod is not None and at.pod.promotion_status == DEMOTED
    draft.guard("pod.demoted", "it is demoted", held, f"it is {seeing.stands(at.pod)}", array)
    found = f"{len(kept)} of them: {', '.join(kept)}; say which: --from" if len(kept) > 1 else "there is none"
    words = "what its demotion left behind is there"
    draft.guard("pod.undo", words, len(kept) == 1, kept[0] if len(kept) == 1 else found, array)
    if asked.drill:
        _other(draft, PROMOTED, "the other side stays promoted", "without --drill")
        _isolated(draft)
    else:
        _other(draft, DEMOTED, "the other side is demoted", "both would take writes; with its hosts isolated: --drill")
    if draft.refused:
        return
    title = f"Promote {at.name} on {array.device} with what {kept[0]} kept"
    device, pod, peer, peer_pod = _sides(draft)
    step = Undo(device, pod, kept[0], peer, peer_pod, asked.drill)
    draft.add(step, title, destructive=True, limit_s=asked.wait_s)
    draft.confirm += [f"undo {at.name}", f"discard DR writes of {at.name}"]
    if asked.drill:
        draft.confirm.append(f"hosts of {at.name} on {array.device} are isolated")
    else:
        _protected(draft, array.device, at.name, _far(at), asked)
    draft.loss = f"what {at.name} on {array.device} got from {_far(at)} since it was demoted"
    draft.lasting.append(f"{kept[0]} is used up by it.")


_VERBS: dict[PodVerb, Callable[[PodDraft, Asked], None]] = {
    PodVerb.DEMOTE: _demote,
    PodVerb.PROMOTE: _promote,
    PodVerb.UNDO: _undo,
}
