"""What can be decided about a group that may fail over by itself, and why the rest is not right. Pure."""

from __future__ import annotations

from datetime import datetime

from screens.offers import Offer
from store.auto_records import AutoState, ShadowDecision, Window
from store.auto_view import AutoView, Stand

ARM, APPROVE, DISARM, VETO = "arm", "approve", "disarm", "veto"
RIGHT, WRONG, WINDOW, END = "right", "wrong", "maintenance", "end"
_VETOED = (AutoState.ARMED, AutoState.SUSPECT, AutoState.CONFIRMED)


def offers(stand: Stand, view: AutoView, now: datetime) -> tuple[Offer, ...]:
    """Every act on the group, with why it is not right."""
    latched = stand.state is AutoState.FIRED
    release = "Release the latch: arm anew" if latched else "Ask to arm"
    judged, window = to_judge(stand, view), open_window(stand, view, now)
    shadow = f"The decision {judged.id}: {judged.words}" if judged is not None else "A decision in shadow"
    about = f"Maintenance {window.id} is over before its time" if window is not None else "Maintenance is over"
    return (
        _offer(VETO, "Veto", "Nothing is done by itself about the outage that is under way", _no_veto(stand)),
        _offer(ARM, release, "It may fail over by itself, once a second person approves", _no_arming(stand, now)),
        _offer(APPROVE, "Approve the arming", "The second person agrees: armed for 30 days", _no_approval(stand)),
        _offer(DISARM, "Disarm", "At once: it fails over by itself no more", _no_disarming(stand)),
        _offer(WINDOW, "Begin maintenance", "Nothing fails over by itself in the window; it always ends", None),
        _offer(END, "End maintenance", about, None if window is not None else "no window is open or planned for it"),
        _offer(RIGHT, "Judge: right", f"{shadow}. It would have been right", _no_judging(judged)),
        _offer(WRONG, "Judge: wrong", f"{shadow}. It would have been wrong", _no_judging(judged)),
    )


def _offer(word: str, name: str, description: str, why_not: str | None) -> Offer:
    return Offer(word, name, description, None if why_not is not None else word, why_not)


def to_judge(stand: Stand, view: AutoView) -> ShadowDecision | None:
    """The oldest decision that would have failed it over and that nobody judged."""
    open_ = [s for s in view.seen.shadows if s.group == stand.group.name and s.would and s.judgement is None]
    return open_[-1] if open_ else None


def open_window(stand: Stand, view: AutoView, now: datetime) -> Window | None:
    """The first maintenance window of it that can be ended."""
    return next(iter(view.windows_of(stand.group, now)), None)


def _no_veto(stand: Stand) -> str | None:
    if stand.state not in _VETOED:
        return f"it is {stand.state}: nothing begins by itself"
    if stand.event is None:
        return "no outage of it is under way"
    return f"{stand.event.vetoed_by} vetoed it" if stand.event.vetoed_by is not None else None


def _no_arming(stand: Stand, now: datetime) -> str | None:
    if not stand.group.automatic:
        return 'the configuration says mode = "manual"'
    return "it is armed" if stand.armed(now) else None


def _no_approval(stand: Stand) -> str | None:
    arming = stand.arming
    if arming is None or arming.ended_at is not None or arming.approved_at is not None:
        return "nobody asked to arm it"
    return None


def _no_disarming(stand: Stand) -> str | None:
    return None if stand.arming is not None and stand.arming.ended_at is None else "it is not armed"


def _no_judging(decision: ShadowDecision | None) -> str | None:
    return None if decision is not None else "no decision in shadow waits to be judged"
