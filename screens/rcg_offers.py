"""Which verbs are right for a remote copy group as it is now, and why the others are not. Pure.

It is said from what the store last saw; the plan looks at the arrays anew and refuses by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from screens.actions_acts import RCG_WORDS
from screens.offers import Offer
from screens.rcg_sides import RcgPair, decide, standing_of
from screens.run_messages import ActsAsked
from store.estate import RcgMode, RcgStatus
from store.rcg_verbs import DISASTER, RIGHT, RcgVerb, Standing

_VOLUMES = (
    ("create-volume", "New volume", "Make a volume and replicate it", "create {} NAME --size 100G --cpg HERE:THERE"),
    ("add-volume", "Add volume", "Replicate a volume that exists", "add {} NAME"),
    ("remove-volume", "Remove volume", "Replicate a volume no longer; both stay", "remove {} NAME"),
    ("delete-volume", "Delete volume", "Delete it on both arrays; with the last one the group", "delete {} NAME"),
)
"""What is done to one volume of a group: more must be said, so it is typed on."""


def asked(pairs: Sequence[RcgPair]) -> ActsAsked:
    """The menu of what can be done to these groups."""
    names = ", ".join(pair.name for pair in pairs)
    return ActsAsked(names if len(pairs) == 1 else f"{len(pairs)} groups: {names}", (*offers(pairs), *_volumes(pairs)))


def offers(pairs: Sequence[RcgPair]) -> tuple[Offer, ...]:
    """Every verb, with why it is not right for these groups."""
    return tuple(
        Offer(word, name, words, order_text(word, pairs), _of_all(word, verb, pairs))
        for word, verb, name, words in RCG_WORDS
    )


def _volumes(pairs: Sequence[RcgPair]) -> Iterator[Offer]:
    for word, name, description, template in _VOLUMES if len(pairs) == 1 else ():
        yield Offer(word, name, description, f"volume {template.format(pairs[0].pair_key)}", more=True)


def _of_all(word: str, verb: RcgVerb, pairs: Sequence[RcgPair]) -> str | None:
    reasons = [(pair.name, reason) for pair in pairs if (reason := why_not(word, verb, pair)) is not None]
    if not reasons:
        return None
    name, reason = reasons[0]
    if len(pairs) == 1:
        return reason
    more = f", and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    return f"{name}: {reason}{more}"


def why_not(word: str, verb: RcgVerb, pair: RcgPair) -> str | None:
    """Why a verb is not right for a group; None: it is."""
    right = DISASTER if word == "disaster" else RIGHT[verb]
    found = standing_of(pair)
    if found not in right.standings:
        return decide(pair).meaning if found is Standing.UNKNOWN else f"it is {found}"
    told = [side.told for side in pair.sides if side.told is not None]
    if word == "disaster" and found is Standing.NORMAL and any(group.status is RcgStatus.STARTED for group in told):
        return "both arrays answer and it is Started"
    for group in told:
        stopped = group.status in (RcgStatus.STOPPED, RcgStatus.NEW)
        if right.started is not None and right.started is stopped:
            return f"it is {group.status} on {group.array}"
    if verb is RcgVerb.SWITCHOVER and not any(
        group.mode is RcgMode.SYNC and "path_management" in group.policies for group in told
    ):
        return "it is no Peer Persistence group"
    return None


def order_text(word: str, pairs: Sequence[RcgPair]) -> str:
    """What the command line would be told: ``rcg failover 1001:oradb --disaster``."""
    verb = {known: verb for known, verb, _, _ in RCG_WORDS}[word]
    names = [pair.pair_key for pair in pairs]
    return " ".join(("rcg", verb, *names, *(("--disaster",) if word == "disaster" else ())))
