"""Cells that carry, beside their text, the value that sorting, filters and exports go by. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from screens.ages import age, exact, moment_short, size
from screens.cells import Cell, Tone
from screens.conditions import Freshness
from screens.scene import Scene
from screens.status import EMPTY, status
from store.records import Entry

NEVER = float("-inf")
"""The moment of something that never was, where one should have been: its age is beyond every bound."""


def seen(scene: Scene, *entries: Entry) -> Cell:
    """The age of a row made of these entries, as ``scene.age_cell`` writes it; its value is the moment when the oldest
    of them was seen."""
    oldest = entries[0].seen_at if len(entries) == 1 else min(entry.seen_at for entry in entries)
    fresh, text = scene.worst_freshness(*entries), age(scene.now, oldest)
    if fresh is Freshness.FRESH:
        return Cell(text, value=oldest.timestamp())
    state = status(fresh)
    return Cell(f"{state.text} {text}", state.tone, value=oldest.timestamp())


def number(count: int | float | None) -> Cell:
    return (
        EMPTY if count is None else Cell(f"{count:g}" if isinstance(count, float) else str(count), value=float(count))
    )


def bytes_of(count: int | None, unit: int = 1) -> Cell:
    """``count`` times ``unit`` bytes."""
    return EMPTY if count is None else Cell(size(count, unit), value=float(count * unit))


def span_of(seconds: float | None) -> Cell:
    """A length of time that was configured or measured, in full."""
    return EMPTY if seconds is None else Cell(exact(seconds), value=float(seconds))


def at(now: datetime, then: datetime | None) -> Cell:
    """A moment in UTC."""
    return EMPTY if then is None else Cell(moment_short(now, then), value=then.timestamp())


def valued(cell: Cell, then: datetime | float | None) -> Cell:
    """``cell`` with the moment or number that it tells."""
    if then is None:
        return cell
    return replace(cell, value=then.timestamp() if isinstance(then, datetime) else float(then))


def named(text: str | None, tone: Tone = Tone.PLAIN) -> Cell:
    """A name; EMPTY where the device did not say."""
    return Cell(text, tone) if text else EMPTY
