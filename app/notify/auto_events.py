"""What the watch of automatic failover tells operators, in words. Pure."""

from __future__ import annotations

from app.recovery.auto.watch import Told
from store.notices import Event, EventKind, Severity

_KINDS = (
    ("suspect", EventKind.AUTO_SUSPECT, "Nothing is done yet; the witnesses are asked again every minute."),
    (
        "confirmed",
        EventKind.AUTO_SUSPECT,
        "All conditions hold: it is failed over by itself soon, unless it is vetoed.",
    ),
    ("held", EventKind.AUTO_SUSPECT, "Nothing is done by itself: a person decides."),
    ("over", EventKind.AUTO_SUSPECT, "Nothing was done."),
    (
        "would",
        EventKind.AUTO_WOULD_FIRE,
        "It is watched in shadow: nothing was done. Judge whether that had been right.",
    ),
    ("disarmed", EventKind.AUTO_VETOED, "It does not fail over by itself until it is armed anew."),
    ("firing", EventKind.AUTO_FIRED, "Production moves to the recovery site."),
    ("fired", EventKind.AUTO_FIRED, "It never fires again before it is armed anew, and never comes home by itself."),
    ("split brain", EventKind.SPLIT_BRAIN, "Both sides write: their data drift apart. drdeck stops neither of them."),
)
_NEXT = {
    EventKind.AUTO_WOULD_FIRE: "Judge it: drdeck auto history {group}, then drdeck auto judge.",
    EventKind.SPLIT_BRAIN: "Stop one side by hand: drdeck vm list shows both.",
}


def event_of(told: Told, site: str) -> Event:
    """The event that something told makes; ``site`` is that of the group's source."""
    word, kind, means = next(known for known in _KINDS if told.key.startswith(known[0]))
    return Event(
        kind=kind,
        severity=Severity.CRITICAL if told.page else Severity.NOTICE,
        site=site,
        target=f"auto:{told.group}",
        subject=f"{told.group}: {word}",
        what=told.text,
        means=means,
        next=_NEXT.get(kind, "See why: drdeck auto status {group}; stop it: drdeck auto veto {group}.").format(
            group=told.group
        ),
        key=f"auto:{told.group}:{told.key}:{told.at:%Y%m%d%H%M%S}",
    )
