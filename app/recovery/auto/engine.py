"""The state machine of automatic failover: a standing and a look in, the next standing and what to tell out. Pure.

``off → shadow → armed → suspect → confirmed → firing → fired``. From here a group comes to ``firing`` at most once for
an outage, only out of ``confirmed`` after the time for a veto, and only on a look in which every condition holds.
Nothing here ever fails back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from app.recovery.auto.conditions import VETO, conditions, lost, would
from app.recovery.auto.rules import Look, Rules
from app.recovery.auto.tally import counted
from store.auto_records import AutoState, Condition, Standing
from store.readiness import Verdict


class Notice(Struct, frozen=True):
    """Something to tell people, once for each ``key`` of an outage. ``page``: somebody has to look at once."""

    key: str
    text: str
    page: bool = False


class Move(Struct, frozen=True):
    """What follows from a look. ``conditions`` are empty where nothing is silent; ``would``: in shadow it would have
    failed over now. ``over``: the event of this id ended by itself."""

    standing: Standing
    conditions: tuple[Condition, ...] = ()
    notices: tuple[Notice, ...] = ()
    would: bool = False
    over: str | None = None


def advance(before: Standing, look: Look, rules: Rules) -> Move:
    """One round. In ``firing`` and ``fired`` only the counting goes on, until a group is armed anew."""
    if before.state in (AutoState.OFF, AutoState.FIRING):
        return Move(before)
    armed = look.arming is not None and look.arming.valid(look.now)
    if before.state is AutoState.FIRED:
        if not armed:
            return Move(_watched(before, look, rules))
        before = Standing(before.group, AutoState.ARMED, note="armed anew", watched_since=before.watched_since)
    now = _watched(before, look, rules)
    first = [tally.first_down for tally in now.tallies if tally.first_down is not None]
    if not first:
        return _quiet(now, armed)
    if now.event is None:
        begun = min(first)
        now = replace(now, event=f"{now.group}-{begun:%Y%m%dT%H%M%S}", first_down=begun, told=())
    found = conditions(now, look, rules)
    move = _armed(now, found, look, rules) if armed else _shadow(now, found)
    return replace(_once(move), would=would(found, armed))


def _watched(before: Standing, look: Look, rules: Rules) -> Standing:
    paused = before.at is None or look.now - before.at > timedelta(hours=1)
    since = look.now if paused or before.watched_since is None else before.watched_since
    now = replace(before, tallies=counted(before.tallies, look.answers, look.now, rules), at=look.now)
    now = replace(now, watched_since=since)
    return now if look.off is None else replace(now, off=look.off, power_at=look.now)


def _quiet(now: Standing, armed: bool) -> Move:
    """Nobody is silent: an outage that was under way is over."""
    state = AutoState.ARMED if armed else AutoState.SHADOW
    note = now.note if state is now.state else "every witness answered or said nothing"
    clear = replace(now, state=state, event=None, first_down=None, decided_at=None, told=(), note=note)
    if now.event is None:
        return Move(clear)
    said = (Notice("over", f"{now.group}: the outage first seen at {_time(now.first_down)} is over by itself"),)
    return Move(clear, notices=said if now.told else (), over=now.event)


def _shadow(now: Standing, found: Sequence[Condition]) -> Move:
    notices = []
    if now.state in (AutoState.SUSPECT, AutoState.CONFIRMED, AutoState.ARMED):
        notices.append(Notice("disarmed", f"{now.group}: not armed any more, during an outage", page=True))
    shadow = replace(now, state=AutoState.SHADOW, decided_at=None, note="not armed: only watched")
    if would(found, armed=False):
        text = (
            f"{now.group}: would have failed over by itself; judge it with drdeck auto judge {now.event} right or wrong"
        )
        notices.append(Notice("would", text, page=True))
    return Move(shadow, tuple(found), tuple(notices))


def _armed(now: Standing, found: Sequence[Condition], look: Look, rules: Rules) -> Move:
    against = [condition for condition in found if not condition.holds]
    if against:
        return _held(now, found, against)
    if now.state is not AutoState.CONFIRMED or now.decided_at is None:
        text = (
            f"{now.group}: every condition of a failover holds; it begins in {rules.veto_s:g} s, unless somebody says "
            f"drdeck auto veto {now.group}"
        )
        confirmed = replace(now, state=AutoState.CONFIRMED, decided_at=look.now, note="every condition holds")
        return Move(confirmed, tuple(found), (Notice(f"confirmed {look.now:%H%M%S}", text, page=True),))
    if look.now - now.decided_at < timedelta(seconds=rules.veto_s):
        return Move(now, tuple(found))
    firing = replace(now, state=AutoState.FIRING, note=f"decided at {_time(now.decided_at)}, not vetoed")
    return Move(firing, tuple(found))


def _held(now: Standing, found: Sequence[Condition], against: Sequence[Condition]) -> Move:
    """Something stands against it. Until the silence has lasted that is just suspicion; after that people are told each
    reason once, and what is not known takes the group back to ``armed``."""
    reasons = "; ".join(f"{condition.id}: {condition.evidence}" for condition in against)
    if not lost(found) and now.state is not AutoState.CONFIRMED:
        suspect = replace(now, state=AutoState.SUSPECT, decided_at=None, note=reasons)
        text = f"{now.group}: first seen silent at {_time(now.first_down)}: {reasons}"
        return Move(suspect, tuple(found), (Notice("suspect", text),))
    unknown = any(condition.verdict is Verdict.UNKNOWN for condition in against)
    state = AutoState.ARMED if unknown else AutoState.SUSPECT
    held = replace(now, state=state, decided_at=None, note=reasons)
    ids = ",".join(condition.id for condition in against)
    what = "the veto stands" if ids == VETO else "no failover by itself"
    return Move(held, tuple(found), (Notice(f"held {ids}", f"{now.group}: {what}, because {reasons}", page=True),))


def _once(move: Move) -> Move:
    """Without what was told of this outage already."""
    told = move.standing.told
    new = tuple(notice for notice in move.notices if notice.key not in told)
    return replace(move, notices=new, standing=replace(move.standing, told=(*told, *(notice.key for notice in new))))


def _time(at: datetime | None) -> str:
    return "an unknown time" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"
