"""Counting silence: how often, and since when, each witness has not answered. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from app.recovery.auto.rules import Rules
from store.auto_records import Answer, Part, Says, Tally


def counted(tallies: Sequence[Tally], answers: Sequence[Answer], now: datetime, rules: Rules) -> tuple[Tally, ...]:
    """Each witness with its newest answer counted in. One that was not asked in this round says nothing."""
    known = {tally.part: tally for tally in tallies}
    said = {answer.part: answer for answer in answers}
    return tuple(_counted(known.get(part, Tally(part)), said.get(part), now, rules) for part in Part)


def _counted(tally: Tally, answer: Answer | None, now: datetime, rules: Rules) -> Tally:
    """Only an unbroken row of silence counts: one good answer clears it, and so does one that says nothing. The first
    time of a row outlasts a pause of the watch, but what was silent before the pause is then asked as often anew."""
    if answer is None or not fresh(answer.at, now, rules):
        return Tally(tally.part, last=answer or tally.last)
    if tally.last is not None and answer.at <= tally.last.at:
        return tally  # counted already
    if answer.says is not Says.DOWN:
        return Tally(tally.part, last=answer)
    if tally.first_down is None or tally.last is None:
        return Tally(tally.part, 1, answer.at, answer)
    paused = answer.at - tally.last.at > timedelta(seconds=rules.pause_s)
    return replace(tally, misses=1 if paused else tally.misses + 1, last=answer)


def fresh(at: datetime | None, now: datetime, rules: Rules) -> bool:
    """Whether something that was seen at ``at`` may be acted on."""
    return at is not None and timedelta(0) <= now - at < timedelta(seconds=rules.most_age_s)


def says(tally: Tally, now: datetime, rules: Rules) -> Says:
    """What the witness says now; an answer that is too old says nothing."""
    if tally.last is None or not fresh(tally.last.at, now, rules):
        return Says.UNKNOWN
    return tally.last.says


def confirmed(tally: Tally, now: datetime, rules: Rules) -> bool:
    """Whether the witness was silent often and long enough."""
    return (
        says(tally, now, rules) is Says.DOWN
        and tally.misses >= rules.probes
        and tally.first_down is not None
        and now - tally.first_down >= timedelta(seconds=rules.threshold_s)
    )
