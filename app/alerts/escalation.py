"""Who is told of groups that nobody has, and when. Pure, on any clock.

An *episode* is the time in which a group is nobody's. Each step of the configuration is told once in it. It begins
anew where the group becomes graver, and where something joins it after its last step was told, or while nothing of it
waited. What only comes and goes is told once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from app.alerts.fold import FLAP
from app.output import stamp
from store.alert_groups import AlertGroup
from store.alert_records import Episode, EscalationStep
from store.notices import Event, EventKind, Severity
from store.times import to_text

NAMED = 5


class Due(Struct, frozen=True):
    """A step that is to be told now: ``place`` is its place in the configuration."""

    group: AlertGroup
    episode: Episode
    place: int
    step: EscalationStep


def turn(
    groups: Sequence[AlertGroup], episodes: Mapping[str, Episode], steps: Sequence[EscalationStep], now: datetime
) -> tuple[dict[str, Episode], tuple[Due, ...]]:
    """The episodes that go on, with what is due in them counted as told; and what is due. Of what is due it is told
    before these episodes are kept: the event's key is the same if it has to be told again."""
    left: dict[str, Episode] = {}
    due: list[Due] = []
    for group in groups:
        grave = group.gravest_waiting
        if grave is None:
            continue
        episode = _episode(group, grave, episodes.get(group.key), steps, now)
        found = [
            Due(group, episode, place, step)
            for place, step in enumerate(steps)
            if place not in episode.told and grave.reaches(step.severity) and now >= _at(episode, step)
        ]
        due += found
        left[group.key] = replace(episode, told=(*episode.told, *(each.place for each in found)), idle_since=None)
    return {**_idle(episodes, left, now), **left}, tuple(due)


def _idle(episodes: Mapping[str, Episode], left: Mapping[str, Episode], now: datetime) -> Mapping[str, Episode]:
    """Those of which nothing waits now, for as long as what comes again is the same."""
    idle = [each if each.idle_since else replace(each, idle_since=now) for each in episodes.values()]
    return {each.group: each for each in idle if each.group not in left and now - (each.idle_since or now) <= FLAP}


def _at(episode: Episode, step: EscalationStep) -> datetime:
    return episode.began + timedelta(seconds=step.wait_s)


def _episode(
    group: AlertGroup, grave: Severity, before: Episode | None, steps: Sequence[EscalationStep], now: datetime
) -> Episode:
    if before is None or not before.severity.reaches(grave):
        return Episode(group.key, now, grave)
    idle = before.idle_since
    if idle is not None and (now - idle > FLAP or _joined(group, idle)):
        return Episode(group.key, now, grave)
    mine = [(place, step) for place, step in enumerate(steps) if before.severity.reaches(step.severity)]
    if mine and all(place in before.told for place, _ in mine):
        last = max(_at(before, step) for _, step in mine)
        if _joined(group, last):
            return Episode(group.key, now, grave)
    return before


def _joined(group: AlertGroup, since: datetime | None) -> bool:
    """Whether something that waits was opened after that."""
    return since is not None and any(a.opened_at is not None and a.opened_at > since for a in group.waiting)


def event_of(due: Due) -> Event:
    """What is told, by one channel alone; its key names group, episode and step; a graver one is another episode."""
    group, step = due.group, due.step
    lead = group.lead.fact
    others = len(group.alerts) - 1
    more = f", and {others} more like it" if others else ""
    below = f" {len(group.children)} alerts are explained by it and not told." if group.children else ""
    named = "; ".join(alert.fact.subject for alert in group.alerts[1 : NAMED + 1])
    also = f" Also: {named}." if named else ""
    return Event(
        kind=EventKind.ALERT,
        severity=group.gravest_waiting or group.severity,
        site=group.site,
        target=f"{step.target}: {group.key}",
        subject=f"{lead.subject}{more}",
        what=f"{lead.what} First seen {stamp(group.first_seen)}, {group.count} times.{also}",
        means=f"Nobody has it since {stamp(due.episode.began)}. {step.target} is asked to take it.{below}",
        next=f"{lead.next} Take it: :alerts, a on it; or drdeck alerts ack {group.key}.",
        key=f"alert:{group.key}:{to_text(due.episode.began)}:{due.episode.severity}:{due.place}",
        channel=step.channel,
    )
