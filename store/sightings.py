"""Compare what a device says now with what it said last. Pure: in goes a reading, out comes what to remember."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime

from msgspec import field
from msgspec.structs import replace

from store import codec
from store.estate import KIND_OF, EstateObject, Problem, Reading
from store.events import Difference, differences, facts, label
from store.record import Record
from store.records import DeviceHealth, Event
from store.stored import UnreadableFactsError, same_facts
from store.turns import paced
from store.view import EstateView, Ref, Sighting

PRESENCE = "presence"
"""The field of an event that tells that an object appeared, is gone, or is back."""


class Update(Record, frozen=True):
    """What one reading changes: sightings with their facts as JSON text, events (their ids still 0), and the problems
    that only the comparison could find."""

    put: dict[Ref, Sighting] = field(default_factory=dict)
    facts: dict[Ref, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def compare(view: EstateView, reading: Reading) -> Update:
    """What ``reading`` changes in ``view``.

    An object is *gone* only when a reading without problems no longer reports it. Where something could not be read,
    what is missing may be exactly that: it keeps its last facts and the time they were last seen.
    """
    update = Update()
    known = view.known(reading.device)
    status = view.device(reading.device)
    read_before = None if status is None else status.last_ok
    # After an incomplete reading an unknown object may have been there all along: it is no news.
    news = bool(known) and status is not None and status.health not in (DeviceHealth.NEVER, DeviceHealth.PARTIAL)
    present = _present(reading, update)
    for ref, obj in paced(present.items()):
        if obj is not None and not _seen(update, view, reading, ref, obj, known.get(ref), news):
            present[ref] = None
    for ref, old in known.items():
        if old.gone or present.get(ref) is not None:
            continue
        seen_at = old.seen_at or read_before or old.changed_at
        if ref not in present and not reading.problems and not _unread(reading, ref):
            gone = replace(old, gone=True, seen_at=seen_at, changed_at=reading.taken_at)
            if _write(update, ref, gone) and not view.told_by_others(reading.device, ref):
                _tell(update, reading, ref, old.obj, Difference(PRESENCE, "present", "gone"))
        elif old.seen_at is None:
            _write(update, ref, replace(old, seen_at=seen_at))
    return update


def _present(reading: Reading, update: Update) -> dict[Ref, EstateObject | None]:
    """The objects of a reading; None for one that it tells twice with different facts, or that cannot be stored."""
    found: dict[Ref, EstateObject | None] = {}
    for obj in reading.objects:
        ref = KIND_OF[type(obj)], obj.key
        if ref in found and found[ref] != obj:
            if found[ref] is not None:
                expected = "each object once; the answer tells it twice with different facts"
                update.problems.append(Problem(f"{ref[0]} {label(obj)}", ref[1], expected))
            found[ref] = None
        else:
            found[ref] = obj
    return found


def _seen(
    update: Update, view: EstateView, reading: Reading, ref: Ref, obj: EstateObject, old: Sighting | None, news: bool
) -> bool:
    """Note an object that the reading reports. False: it cannot be stored, so what is known of it stays."""
    at = reading.taken_at
    told: list[Difference] = []
    if old is None:
        sighting = Sighting(obj, at, at)
        told = [Difference(PRESENCE, None, "appeared")] if news else []
    elif old.gone:
        sighting = Sighting(obj, old.first_seen, at)
        told = [Difference(PRESENCE, "gone", "back"), *_changes(old, obj)]
    elif not same_facts(old.told, obj):
        sighting = Sighting(obj, old.first_seen, at)
        told = list(_changes(old, obj))
    elif old.seen_at is not None:
        sighting = Sighting(obj, old.first_seen, old.changed_at)
    else:
        return True
    if not _write(update, ref, sighting):
        return False
    for difference in _untold(view, reading.device, ref, obj, told):
        _tell(update, reading, ref, obj, difference)
    return True


def _changes(old: Sighting, obj: EstateObject) -> Iterable[Difference]:
    """What differs; nothing where the file cannot say any more how it was."""
    with suppress(UnreadableFactsError):
        return differences(old.obj, obj)
    return ()


def _untold(view: EstateView, device: str, ref: Ref, obj: EstateObject, told: list[Difference]) -> Iterator[Difference]:
    """Leave out what another device has said already: two HMCs of one server make one line of history, not two."""
    if not told:
        return
    others = view.told_by_others(device, ref)
    now = facts(obj)
    known = [facts(other) for other in others]
    for difference in told:
        if difference.field == PRESENCE:
            if not others:
                yield difference
        elif not any(other.get(difference.field) == now.get(difference.field) for other in known):
            yield difference


def _write(update: Update, ref: Ref, sighting: Sighting) -> bool:
    try:
        update.facts[ref] = codec.encode(sighting.obj)
    except (codec.CodecError, UnreadableFactsError) as error:
        update.problems.append(Problem(f"{ref[0]} {ref[1]!a}", ascii(str(error)), "facts that can be stored"))
        return False
    update.put[ref] = sighting
    return True


def _tell(update: Update, reading: Reading, ref: Ref, obj: EstateObject, said: Difference) -> None:
    at: datetime = reading.taken_at
    kind, key = ref
    update.events.append(Event(0, at, kind, key, label(obj), reading.device, said.field, said.before, said.after))


def _unread(reading: Reading, ref: Ref) -> bool:
    kind, key = ref
    return any(scope.covers(kind, key) for scope in reading.unread)
