"""How each replicated VM stands, in one line: what ``drdeck vm list`` prints. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from app.recovery.vm.pass_plan import advice
from app.recovery.vm.situation import VmNow


class State(StrEnum):
    """The worst that is to be said of it."""

    SPLIT_BRAIN = "SPLIT BRAIN"
    UNKNOWN = "not known"
    FAILED_OVER = "failed over"
    NEVER = "no complete copy"
    PAUSED = "paused"
    LATE = "late"
    UNDER_WAY = "under way"
    OK = "in time"


class Listed(Struct, frozen=True):
    """Times UTC, ``age_s``, ``rpo_s`` and ``took_s`` in seconds, ``size`` in bytes of all disks as if they were full.
    ``rpo_s`` is the oldest that a copy gets where every pass is in time: the interval, and as long as one takes.
    ``direction`` reads from the side that serves to the one that is copied to."""

    name: str
    state: State
    direction: str
    source_power: str | None
    replica_power: str | None
    copies: int
    newest_at: datetime | None
    age_s: float | None
    rpo_s: float
    next_at: datetime | None
    size: int | None
    took_s: float | None
    held: str | None
    owed: tuple[str, ...]
    notes: tuple[str, ...]


def listed(at: VmNow) -> Listed:
    """How it stands now."""
    one, standing = at.replication, at.standing
    newest, active = (at.complete[0] if at.complete else None), at.active
    frozen = newest.replica.point_in_time if newest is not None else None
    age = at.age_s
    took = standing.took[0] if standing.took else None
    rpo = at.promised_s
    shown = active or newest
    size = at.vm.size if at.vm is not None else newest.machine.size if newest is not None else None
    over = active is not None or standing.failed_over is not None
    sides = (one.destination, one.source) if over else (one.source, one.destination)
    words = advice(one, at.vm.size if at.vm is not None else None, standing.took)
    due = frozen + timedelta(seconds=one.interval_s) if frozen is not None else at.now
    return Listed(
        one.name,
        _state(at, age, rpo),
        f"{sides[0]} → {sides[1]}" if not over else f"{sides[0]}, not replicated",
        str(at.vm.power) if at.vm is not None else None,
        str(shown.machine.power) if shown is not None else None,
        len(at.complete),
        frozen,
        age,
        rpo,
        None if standing.held or over else max(due, at.now),
        size,
        took,
        standing.held,
        (*standing.owed, *((f"auto-start off: drdeck vm failover {one.name}",) if at.owes_autostart else ())),
        (*((words,) if words else ()), *at.strange),
    )


def _state(at: VmNow, age: float | None, rpo: float) -> State:
    if at.split_brain:
        return State.SPLIT_BRAIN
    if not at.target.read:
        return State.UNKNOWN
    if at.active is not None or at.standing.failed_over is not None:
        return State.FAILED_OVER
    if age is None:
        return State.NEVER
    if at.standing.paused is not None:
        return State.PAUSED
    if age > rpo:
        return State.LATE
    return State.UNDER_WAY if at.standing.under_way is not None else State.OK
