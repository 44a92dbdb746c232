"""How old the newest copy was over the last hours: what a failover would have lost at each moment. Pure.

The age of a copy counts from the creation of its snapshot on the source and grows until the next copy is complete:
a saw-tooth. It is told only for the time of which it is known: an array keeps few snapshots of the past, and a console
that just started has no samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from msgspec import Struct

from screens.copies import LATE_AT, blackout_s
from screens.pairing import PgroupPair
from screens.plots import Curve, Segment, minute
from screens.scene import Scene
from screens.sources import GET_SNAPSHOTS, GET_TRANSFERS
from store.estate import PgroupSnapshot, ProtectionGroup

WINDOW = timedelta(hours=24)
GAP = timedelta(minutes=15)
"""Samples further apart leave a gap: nobody looked in between."""


class Copy(Struct, frozen=True):
    """A copy: of which moment, and when it was complete."""

    created: datetime
    completed: datetime


class Sample(Struct, frozen=True):
    """What a console saw at a moment: how old the copy was, in seconds; None: there was none, or it was not read."""

    at: datetime
    age_s: float | None


def saw_tooth(copies: Iterable[Copy], begin: datetime, now: datetime) -> tuple[Segment, ...]:
    """The age of the newest complete copy from ``begin`` to ``now``; before the first copy was complete it is not
    known."""
    segments: list[Segment] = []
    held: Copy | None = None
    since = begin
    for copy in sorted(copies, key=lambda one: (one.completed, one.created)):
        if copy.completed > now:
            break
        if held is not None and copy.created <= held.created:
            continue
        if held is not None:
            segments += _tooth(held, since, copy.completed)
        held, since = copy, max(begin, copy.completed)
    if held is not None:
        segments += _tooth(held, since, now)
    return tuple(segments)


def _tooth(copy: Copy, begin: datetime, end: datetime) -> list[Segment]:
    if end <= begin:
        return []
    first, last = ((then - copy.created).total_seconds() for then in (begin, end))
    return [Segment(begin, end, max(0.0, first), max(0.0, last))]


def pgroup_curve(scene: Scene, pair: PgroupPair, target: str) -> Curve | None:
    """The saw-tooth of what one target holds of a group, from what the source and the target itself tell; None where
    no copy is known to be complete."""
    source = _group(pair)
    told = [] if source is None else [s for s in source.snapshots if s.target == target]
    for replica in pair.replicas:
        if isinstance(replica.obj, ProtectionGroup) and replica.obj.array == target:
            told += replica.obj.snapshots
    copies = tuple(dict.fromkeys(_copies(told)))
    if not copies:
        return None
    schedule = source.replication if source is not None else None
    interval_s = schedule.frequency_s if schedule is not None and schedule.enabled else None
    kept_s = source.target_retention.all_for_s if source is not None and source.target_retention is not None else None
    known = max(
        min(copy.completed for copy in copies),
        scene.now - WINDOW,
        # Older copies were thinned out by the retention: the ones that are left would overstate the age then.
        scene.now - timedelta(seconds=kept_s) if kept_s else scene.now - WINDOW,
    )
    words = (f"not known before {minute(scene.now, known)}: older snapshots are not read or not kept",)
    return Curve(
        f"RPO at {target}",
        known,
        scene.now,
        saw_tooth(copies, known, scene.now),
        LATE_AT * interval_s + blackout_s(schedule) if interval_s else None,
        "late at",
        () if known <= scene.now - WINDOW else words,
        f"{GET_SNAPSHOTS}: created; {GET_TRANSFERS}: completed",
    )


def _group(pair: PgroupPair) -> ProtectionGroup | None:
    return pair.source.obj if pair.source is not None and isinstance(pair.source.obj, ProtectionGroup) else None


def _copies(snapshots: Iterable[PgroupSnapshot]) -> Iterable[Copy]:
    for snapshot in snapshots:
        if snapshot.complete and snapshot.completed is not None:
            yield Copy(snapshot.created, snapshot.completed)


def sampled_curve(
    label: str,
    samples: Sequence[Sample],
    now: datetime,
    interval_s: float | None = None,
    source: str = "samples of this console",
) -> Curve | None:
    """What a console saw of an age, one sample a sweep; None where there is nothing to draw. ``interval_s`` is how
    often a copy should be made."""
    begin = now - WINDOW
    seen = sorted((sample for sample in samples if sample.at >= begin), key=lambda sample: sample.at)
    segments: list[Segment] = []
    for one, other in pairwise(seen):
        if one.age_s is not None and other.age_s is not None and other.at - one.at <= GAP:
            segments.append(Segment(one.at, other.at, one.age_s, other.age_s))
    if not segments:
        return None
    known = segments[0].begin
    words = (f"not known before {minute(now, known)}: this console had not started or not read it",)
    target = LATE_AT * interval_s if interval_s else None
    return Curve(label, known, now, tuple(segments), target, "late at", words, source)
