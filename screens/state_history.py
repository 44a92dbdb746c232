"""Which state an object had when, over the last day, from the events that the store keeps. Pure.

An event is dated by the sweep that noticed it; a console that was not running noticed nothing. What is not known stays
blank and is said: before the object was first seen, before the oldest event that is kept, and while its device could
not be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec.structs import replace

from screens.ages import age, moment_short
from screens.cells import Tone
from screens.conditions import Freshness
from screens.plots import Span, Strip, Track, minute
from screens.rows_devices import KINDS_OF_DEVICE
from screens.scene import Scene
from screens.sources import EVENTS
from screens.status import EMPTY, GLYPHS, status
from store.records import DeviceHealth, DeviceStatus, Entry, Event
from store.sightings import PRESENCE
from store.view import EVENTS_IN_MEMORY

WINDOW = timedelta(hours=24)
CHANGES_TOLD = 3

Tones = Callable[[str], Tone]


def tones_of(kind: type[StrEnum]) -> Tones:
    """The tone of a state by its word; a word that the vocabulary does not have is unknown."""

    def tone(word: str) -> Tone:
        try:
            return status(kind(word)).tone
        except ValueError:
            return Tone.UNKNOWN

    return tone


def device_tone(word: str) -> Tone:
    """The tone of a health as an event writes it: ``could not be read: no answer in time``."""
    return tones_of(DeviceHealth)(word.partition(":")[0])


def strip(scene: Scene, tracks: Iterable[Track]) -> Strip:
    """The tracks over the last day."""
    return Strip(scene.now - WINDOW, scene.now, tuple(tracks), EVENTS)


def state_track(scene: Scene, entry: Entry, field: str, current: str, tones: Tones, label: str) -> Track:
    """The states of an object by the events of one of its facts. ``current`` is its state as last seen."""
    begin = scene.now - WINDOW
    events, kept_since = _kept(scene)
    mine = _of(events, entry.kind, entry.key, field)
    known = max(begin, entry.first_seen, kept_since or begin)
    until = scene.now if scene.freshness(entry) is Freshness.FRESH else min(scene.now, entry.seen_at)
    unread = _phases(_of(events, "device", entry.device, "health"), DeviceHealth.FAILING, scene.now)
    away = _phases(_of(events, entry.kind, entry.key, PRESENCE), "gone", scene.now)
    spans = _without(_spans(mine, known, until, current, tones), unread, "not read", Tone.UNKNOWN, known)
    spans = _without(spans, away, "gone", Tone.BAD, known)
    words = _changes(scene, mine, begin)
    if known > begin:
        words.append(f"not known before {minute(scene.now, known)}")
    if any(end > known for _, end in unread):
        words.append(f"{GLYPHS[Tone.UNKNOWN]} while {entry.device} could not be read")
    elif until < scene.now:
        words.append(f"not known since {minute(scene.now, until)}, when {entry.device} last reported it")
    return Track(label, tuple(spans), tuple(words))


def device_track(scene: Scene, device: DeviceStatus) -> Track:
    """The health of a device over the last day, known since it first reported anything."""
    begin = scene.now - WINDOW
    events, kept_since = _kept(scene)
    mine = _of(events, "device", device.name, "health")
    firsts = [
        one.first_seen for kind in KINDS_OF_DEVICE[device.kind] for one in scene.index.of_device(kind, device.name)
    ]
    firsts += [event.at for event in mine[:1]] + ([device.since] if device.since is not None else [])
    known = max(begin, kept_since or begin, min(firsts, default=scene.now))
    spans = _spans(mine, known, scene.now, device.health.value, device_tone)
    words = _changes(scene, mine, begin)
    if known > begin:
        words.append(f"not known before {minute(scene.now, known)}")
    return Track("Health", tuple(spans), tuple(words))


def _kept(scene: Scene) -> tuple[tuple[Event, ...], datetime | None]:
    """The events in memory, oldest first, and since when all of them are there (None: since ever)."""
    events = tuple(reversed(scene.view.events(limit=EVENTS_IN_MEMORY)))
    return events, events[0].at if len(events) >= EVENTS_IN_MEMORY else None


def _of(events: Iterable[Event], kind: str, key: str, field: str) -> list[Event]:
    return [event for event in events if (event.kind, event.key, event.field) == (kind, key, field)]


def _spans(events: Sequence[Event], begin: datetime, end: datetime, current: str, tones: Tones) -> list[Span]:
    """The states from ``begin`` to ``end``: each event ends one and begins another; after the last one it is the
    current state that holds."""
    spans: list[Span] = []
    since = begin
    for event in events:
        if event.at > since and event.before is not None:
            spans.append(Span(since, min(event.at, end), event.before, tones(event.before)))
        since = max(since, event.at)
    if end > since:
        spans.append(Span(since, end, current, tones(current)))
    return [one for one in spans if one.end > one.begin]


Phase = tuple[datetime, datetime]


def _phases(events: Sequence[Event], word: str, end: datetime) -> list[Phase]:
    """From each event after which the fact begins with ``word`` to the next after which it does not."""
    phases: list[Phase] = []
    since: datetime | None = None
    for event in events:
        holds = (event.after or "").startswith(word)
        if holds and since is None:
            since = event.at
        elif not holds and since is not None:
            phases.append((since, event.at))
            since = None
    if since is not None:
        phases.append((since, end))
    return phases


def _without(spans: Sequence[Span], phases: Sequence[Phase], word: str, tone: Tone, known: datetime) -> list[Span]:
    """The spans, and in their place during the phases another word."""
    left = list(spans)
    for begin, end in phases:
        outside: list[Span] = []
        for one in left:
            if one.begin < begin:
                outside.append(replace(one, end=min(one.end, begin)))
            if one.end > end:
                outside.append(replace(one, begin=max(one.begin, end)))
        left = outside
        if end > known:
            left.append(Span(max(known, begin), end, word, tone))
    return sorted(left, key=lambda one: one.begin)


def _changes(scene: Scene, events: Sequence[Event], begin: datetime) -> list[str]:
    """The newest changes in words, the newest first."""
    recent = [event for event in events if event.at >= begin]
    words = [_change(scene, event) for event in reversed(recent[-CHANGES_TOLD:])]
    more = len(recent) - len(words)
    if more:
        words.append(f"and {more} change{'' if more == 1 else 's'} before: Events (7)")
    return words or ["no change seen"]


def _change(scene: Scene, event: Event) -> str:
    before, after = event.before or EMPTY.text, event.after or EMPTY.text
    return f"{moment_short(scene.now, event.at)} {before} → {after} ({age(scene.now, event.at)} ago)"
